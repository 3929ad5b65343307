// A table in a cell with the tag "filterable" gets a field to search it and a choice of verdicts.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".tag_filterable table")) {
    const rows = [...table.tBodies[0].rows];
    const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    const verdictOf = (row) => row.cells[heads.indexOf("verdict")].textContent;
    // where rows become cards, each cell says what it is
    for (const row of rows)
      [...row.cells].forEach((cell, place) => (cell.dataset.head = heads[place]));

    const form = document.createElement("form");
    form.className = "table-filter";
    form.innerHTML = `
      <label>Contains <input type="search" name="words"></label>
      <label>Verdict <select name="verdict"><option value="">all</option></select></label>
      <output></output>`;
    const verdicts = [...new Set(rows.map(verdictOf))].sort();
    form.elements.verdict.append(...verdicts.map((verdict) => new Option(verdict)));

    const show = () => {
      const words = form.elements.words.value.toLowerCase().split(/\s+/);
      const verdict = form.elements.verdict.value;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden =
          !words.every((word) => text.includes(word)) || (verdict && verdict !== verdictOf(row));
      }
      const left = rows.filter((row) => !row.hidden).length;
      form.querySelector("output").textContent = `${left} of ${rows.length} claims`;
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    const box = table.closest(".cell");
    box.parentNode.insertBefore(form, box);
    show();
    // a link to a row that is filtered out shows it again
    window.addEventListener("hashchange", () => {
      const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
      if (row?.hidden) {
        form.reset();
        show();
        row.scrollIntoView();
      }
    });
    // the head of the table sticks below the filter, which is as high as it needs to be
    const measure = () => table.style.setProperty("--filter-height", `${form.offsetHeight}px`);
    new ResizeObserver(measure).observe(form);
  }
});
