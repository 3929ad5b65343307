// A figure opens larger on a click, a tap, Enter or the space bar; Escape or another click closes it.
document.addEventListener("DOMContentLoaded", () => {
  const pictures = "article figure img, article .cell_output img";
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", "Enlarged figure");
  dialog.innerHTML = '<button type="button" class="close" aria-label="Close">×</button><img alt="">';
  const large = dialog.querySelector("img");

  for (const picture of document.querySelectorAll(pictures)) {
    if (picture.closest("a, button, .animation")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.title = "Enlarge";
    picture.replaceWith(button);
    button.append(picture);
    button.addEventListener("click", () => {
      large.src = picture.src;
      large.alt = picture.alt;
      // never smaller than drawn, and as large as the window otherwise
      const shape = picture.naturalWidth / picture.naturalHeight;
      large.style.width = `max(${picture.naturalWidth}px, min(92vw, ${shape} * 86vh))`;
      document.body.append(dialog);
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
});
