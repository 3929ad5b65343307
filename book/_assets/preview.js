// What a link leads to, in a few words: for the mouse, and for the keyboard. Escape closes it.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (!article) return;
  const box = document.createElement("div");
  box.id = "preview";
  box.setAttribute("role", "tooltip");
  let link, timer;

  // A figure, a term or a claim of this page is looked up in it.
  const nearby = (address) => {
    const target = address.startsWith("#") && document.getElementById(address.slice(1));
    if (!target) return "";
    if (target.matches("tr")) {
      const cells = [...target.cells].map((cell) => cell.textContent);
      return `${cells[2]}: ${cells[4]}. ${cells[1][0].toUpperCase()}${cells[1].slice(1)}: ${cells[5]}`;
    }
    const figure = target.closest("figure");
    if (figure) return figure.querySelector("figcaption p")?.cloneNode(true) ?? "";
    if (!target.matches("dt[id^=term]")) return "";
    let text = target;
    while (text.matches("dt")) text = text.nextElementSibling;
    return text.querySelector("p").cloneNode(true);
  };

  const hide = () => {
    clearTimeout(timer);
    link?.removeAttribute("aria-describedby");
    box.remove();
    link = undefined;
  };

  const place = () => {
    if (!link) return;
    const at = link.getClientRects()[0];
    const frame = document.documentElement;
    const left = Math.min(at.left, frame.clientWidth - box.offsetWidth - 8);
    const above = at.bottom + box.offsetHeight + 8 > frame.clientHeight && at.top > box.offsetHeight;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${above ? at.top - box.offsetHeight - 6 : at.bottom + 6}px`;
  };

  const show = (one) => {
    hide();
    if (one.title) {
      // one preview is enough
      one.dataset.preview = one.title;
      one.removeAttribute("title");
    }
    const content = one.dataset.preview || nearby(one.getAttribute("href"));
    if (!content) return;
    link = one;
    box.replaceChildren(content);
    box.querySelectorAll("a").forEach((inner) => inner.replaceWith(...inner.childNodes));
    article.append(box);
    link.setAttribute("aria-describedby", box.id);
    place();
  };

  for (const one of article.querySelectorAll("a.internal[href*='#'], a.claim")) {
    one.addEventListener("pointerenter", (event) => {
      if (event.pointerType === "touch") return;
      clearTimeout(timer);
      timer = setTimeout(() => show(one), 150);
    });
    one.addEventListener("focus", () => one.matches(":focus-visible") && show(one));
    // the pointer may go into the preview
    one.addEventListener("pointerleave", () => {
      clearTimeout(timer);
      timer = setTimeout(hide, 200);
    });
    one.addEventListener("blur", hide);
  }
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", place, { passive: true });
});
