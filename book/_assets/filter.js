// A table in a cell with the tag "filterable" gets a field to search it and a choice of verdicts.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll(".tag_filterable table")) {
    const rows = [...table.tBodies[0].rows];
    const verdicts = [...new Set(rows.map((row) => row.cells[row.cells.length - 1].textContent))];

    const form = document.createElement("form");
    form.className = "table-filter";
    form.innerHTML = `
      <label>Contains <input type="search" name="words"></label>
      <label>Verdict <select name="verdict"><option value="">all</option></select></label>
      <output></output>`;
    form.elements.verdict.append(...verdicts.sort().map((verdict) => new Option(verdict)));

    const show = () => {
      const words = form.elements.words.value.toLowerCase().split(/\s+/);
      const verdict = form.elements.verdict.value;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        const last = row.cells[row.cells.length - 1].textContent;
        row.hidden = !words.every((word) => text.includes(word)) || (verdict && verdict !== last);
      }
      const left = rows.filter((row) => !row.hidden).length;
      form.querySelector("output").textContent = `${left} of ${rows.length} claims`;
    };
    form.addEventListener("input", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    // The table scrolls in its own box: the filter stays outside, in view.
    const box = table.closest(".cell");
    box.parentNode.insertBefore(form, box);
    show();
  }
});
