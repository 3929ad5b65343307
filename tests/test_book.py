"""The book as a whole: pairs, stored outputs, figures, and what chapters may do."""

from __future__ import annotations

import ast
import re
from collections import Counter
from contextlib import redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml
from jupytext.cli import jupytext as jupytext_command
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
CHAPTERS = sorted(BOOK.glob("*.ipynb"))

LONGEST_CELL = 25
ALLOWED_IMPORTS = {
    "tptools", "numpy", "xarray", "pandas", "matplotlib", "IPython", "dataclasses", "functools"
}  # fmt: skip
PICTURE = re.compile(r"<(img|svg|video|canvas)\b|data:(image|video)/", re.IGNORECASE)
FIGURE_NAME = re.compile(r"fig-[a-z0-9-]+")
FOREIGN_GLUE = re.compile(r"\{glue:text\}`(\w+)\.ipynb::([^:`]+)(:\w+)?`")


# Checkers: each takes a notebook and lists what is wrong with it, one line per fault.


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """Return the code cells of `nb`."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def first_line(cell: NotebookNode) -> str:
    """Return what identifies `cell` to a person."""
    return cell.source.partition("\n")[0]


def unexecuted(nb: NotebookNode) -> list[str]:
    """List cells without an execution count, or not run from top to bottom."""
    return [
        f"not run, or out of order: {first_line(cell)}"
        for number, cell in enumerate(code_cells(nb), start=1)
        if cell.execution_count != number
    ]


def bad_outputs(nb: NotebookNode) -> list[str]:
    """List stored pictures, tracebacks and warnings."""
    faults = []
    for cell in code_cells(nb):
        for output in cell.outputs:
            if output.output_type == "error" or output.get("name") == "stderr":
                faults.append(f"error or warning stored: {first_line(cell)}")
            for mime, content in output.get("data", {}).items():
                if "text/" not in mime or PICTURE.search(str(content)):
                    faults.append(f"{mime} stored: {first_line(cell)}")
    return faults


def figure_cells(nb: NotebookNode) -> list[NotebookNode]:
    """Return the cells that show a figure."""
    return [
        cell
        for cell in code_cells(nb)
        if "plt.show()" in cell.source or "figure" in cell.metadata.get("mystnb", {})
    ]


def wordless_figures(nb: NotebookNode) -> list[str]:
    """List figures without caption, alt text or a name of the form ``fig-...``."""
    faults = []
    for cell in figure_cells(nb):
        mystnb = cell.metadata.get("mystnb", {})
        figure, alt = mystnb.get("figure", {}), mystnb.get("image", {}).get("alt", "")
        if not figure.get("caption", "").strip():
            faults.append(f"no caption: {first_line(cell)}")
        if not alt.strip():
            faults.append(f"no alt text: {first_line(cell)}")
        if not FIGURE_NAME.fullmatch(figure.get("name", "")):
            faults.append(f"no name like fig-4e: {first_line(cell)}")
    return faults


def merely_shows(statement: ast.stmt) -> bool:
    """Tell whether a statement imports, sets options, names constants or draws."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        function = ast.unparse(statement.value.func)
        return function.startswith(("figures.", "plotting.", "plt."))
    if isinstance(statement, ast.Assign):
        option = ast.unparse(statement.targets[0]).startswith("pd.options.")
        calls = any(isinstance(one, ast.Name) for one in ast.walk(statement.value))
        return option or not calls
    return isinstance(statement, ast.Import | ast.ImportFrom)


def unfolded(nb: NotebookNode) -> list[str]:
    """List cells that only import or draw and stand open, which keeps readers from the story."""
    faults = []
    for cell in code_cells(nb):
        body = ast.parse(cell.source).body
        shows = any(not isinstance(one, ast.Assign) for one in body)
        tags = {"hide-input", "remove-cell", "remove-input", "parameters"}
        if (
            shows
            and all(map(merely_shows, body))
            and tags.isdisjoint(cell.metadata.get("tags", ()))
        ):
            faults.append(f"open, and only shows: {first_line(cell)}")
    return faults


def compared_figures(nb: NotebookNode) -> list[str]:
    """List figures whose drawing nbval would compare with the one that is not stored."""
    cells = [c for c in figure_cells(nb) if "nbval-ignore-output" not in c.metadata.get("tags", ())]
    return [f"would be compared: {first_line(cell)}" for cell in cells]


def repeated_names(notebooks: list[NotebookNode]) -> list[str]:
    """List figure names that occur more than once in the whole book."""
    names = Counter(
        cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        for nb in notebooks
        for cell in figure_cells(nb)
    )
    return [f"{count} figures are named {name}" for name, count in names.items() if count > 1]


def long_cells(nb: NotebookNode) -> list[str]:
    """List code cells that are too long to read in a chapter."""
    return [
        f"{len(cell.source.splitlines())} lines, at most {LONGEST_CELL}: {first_line(cell)}"
        for cell in code_cells(nb)
        if len(cell.source.splitlines()) > LONGEST_CELL
    ]


def foreign_imports(nb: NotebookNode) -> list[str]:
    """List imports of anything but the package and what shows its results."""
    faults = []
    for cell in code_cells(nb):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "."]
            else:
                continue
            faults += [f"imports {m}" for m in modules if m.split(".")[0] not in ALLOWED_IMPORTS]
    return faults


def own_functions(nb: NotebookNode) -> list[str]:
    """List functions and classes that a chapter defines: what recurs belongs to the package."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = (node for cell in code_cells(nb) for node in ast.walk(ast.parse(cell.source)))
    return [f"defines {node.name}" for node in nodes if isinstance(node, kinds)]


def comments(nb: NotebookNode) -> list[str]:
    """List lines of prose that start with %, which Markdown takes for a comment and drops."""
    prose = (cell.source for cell in nb.cells if cell.cell_type == "markdown")
    return [line for text in prose for line in text.splitlines() if line.startswith("%")]


def glued(nb: NotebookNode) -> set[str]:
    """Return the keys of all numbers that `nb` makes available to text."""
    outputs = [output for cell in code_cells(nb) for output in cell.outputs]
    return {
        o.metadata["scrapbook"]["name"] for o in outputs if "scrapbook" in o.get("metadata", {})
    }


def missing_glue(nb: NotebookNode, available: dict[str, set[str]]) -> list[str]:
    """List numbers that `nb` takes from other chapters, and which are not there.

    Without a format at its end the role takes the second colon for the start of one.
    """
    prose = (cell.source for cell in nb.cells if cell.cell_type == "markdown")
    wanted = [found for text in prose for found in FOREIGN_GLUE.findall(text)]
    return [
        f"{name}::{key}{spec}"
        for name, key, spec in wanted
        if key not in available.get(name, ()) or not spec
    ]


def text_of(notebook: Path) -> str:
    """Return the text file that `notebook` should be paired with."""
    with redirect_stdout(TextIOWrapper(BytesIO(), encoding="utf-8", newline="\n")) as text:
        jupytext_command(["--quiet", "--to", "md:myst", "--output", "-", str(notebook)])
    text.seek(0)
    return text.read()


def listed_files(toc: dict) -> list[str]:
    """Return the files of the table of contents, in order."""
    chapters = [chapter for part in toc.get("parts", []) for chapter in part["chapters"]]
    pages = [page for chapter in chapters for page in (chapter, *chapter.get("sections", ()))]
    return [toc["root"], *(page["file"] for page in pages)]


# The book passes every checker.


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def chapter(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def test_chapter_is_valid(chapter):
    """Every stored notebook follows the notebook format."""
    nbformat.validate(chapter)


def test_pair_is_in_sync(path):
    """The text that people edit and the notebook that runs say the same."""
    hint = f"make execute CHAPTERS={path.stem}"
    assert path.with_suffix(".md").read_text() == text_of(path), hint


def test_every_cell_has_run(chapter):
    """No code cell is stored without having run, since nbval would pass it silently."""
    assert unexecuted(chapter) == []


def test_outputs_are_text(chapter):
    """No picture, traceback or warning is stored."""
    assert bad_outputs(chapter) == []


def test_figures_have_words(chapter):
    """Every figure has a caption, a name to refer to, and a text for those who cannot see it."""
    assert wordless_figures(chapter) == []


def test_cells_that_only_show_are_folded(path):
    """Code that only imports or draws is folded; what teaches stands open."""
    assert unfolded(jupytext.read(path.with_suffix(".md"), fmt="md:myst")) == []


def test_drawings_are_not_compared(path):
    """Figures are stored without their drawings, which are in vectors and would be compared."""
    assert compared_figures(jupytext.read(path.with_suffix(".md"), fmt="md:myst")) == []


def test_figure_names_are_unique():
    """A figure name means one figure in the whole book."""
    assert repeated_names([nbformat.read(path, as_version=4) for path in CHAPTERS]) == []


def test_cells_are_short(chapter):
    """Code in chapters is short enough to be read."""
    assert long_cells(chapter) == []


def test_chapter_holds_no_tools_of_its_own(chapter):
    """Chapters import only the package and what shows its results."""
    assert foreign_imports(chapter) == []


def test_chapter_defines_no_function(chapter):
    """Chapters use what the package has, and tests of the package see it."""
    assert own_functions(chapter) == []


def test_no_prose_is_dropped(chapter):
    """No line of prose is lost as a comment."""
    assert comments(chapter) == []


def test_numbers_of_other_chapters_exist():
    """A number that is quoted from another chapter has been glued there."""
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in CHAPTERS}
    available = {name: glued(nb) for name, nb in notebooks.items()}
    assert [lost for nb in notebooks.values() for lost in missing_glue(nb, available)] == []


def test_table_of_contents_is_complete():
    """The table of contents lists every page there is, each chapter as its notebook."""
    listed = listed_files(yaml.safe_load((ROOT / "_toc.yml").read_text()))
    notebooks = {f"book/{path.name}" for path in CHAPTERS}
    pages = (p.with_suffix("") for p in BOOK.rglob("*.md") if not p.with_suffix(".ipynb").exists())
    texts = {page.relative_to(ROOT).as_posix() for page in pages}
    assert sorted(listed) == sorted(notebooks | texts)


# Every checker flags a notebook that has its fault, and passes one that has none.

FIGURE = {"figure": {"caption": "A line.", "name": "fig-1a"}, "image": {"alt": "A line."}}


def notebook(source="1 + 1", outputs=(), count=1, **metadata) -> NotebookNode:
    """Return a notebook of one text cell and one code cell."""
    cell = new_code_cell(
        source, execution_count=count, outputs=list(outputs), metadata={"mystnb": metadata}
    )
    return new_notebook(cells=[new_markdown_cell("# Title"), cell])


def tagged(source: str, tag: str) -> NotebookNode:
    """Return a chapter of one cell with a tag."""
    nb = notebook(source)
    nb.cells[1].metadata["tags"] = [tag]
    return nb


def shown(mime: str, content: str) -> list[NotebookNode]:
    """Return outputs that show `content` as `mime`."""
    return [new_output("display_data", data={mime: content})]


@pytest.mark.parametrize(
    ("checker", "good", "bad"),
    [
        (unexecuted, notebook(), notebook(count=None)),
        (unexecuted, notebook(), notebook(count=2)),
        (bad_outputs, notebook(outputs=shown("text/html", "<b>1</b>")),
         notebook(outputs=shown("image/png", "iVBO"))),
        (bad_outputs, notebook(outputs=shown("text/plain", "2")),
         notebook(outputs=shown("text/html", '<img src="data:image/png;base64,iVBO">'))),
        (bad_outputs, notebook(outputs=[new_output("stream", name="stdout", text="2")]),
         notebook(outputs=[new_output("stream", name="stderr", text="careful")])),
        (bad_outputs, notebook(),
         notebook(outputs=[new_output("error", ename="E", evalue="", traceback=[])])),
        (wordless_figures, notebook("plt.show()", **FIGURE), notebook("plt.show()")),
        (wordless_figures, notebook("plt.show()", **FIGURE),
         notebook("draw()", **FIGURE | {"image": {}})),
        (wordless_figures, notebook("plt.show()", **FIGURE),
         notebook("draw()", **FIGURE | {"figure": {"caption": " ", "name": "fig-1a"}})),
        (wordless_figures, notebook("plt.show()", **FIGURE),
         notebook("draw()", **FIGURE | {"figure": {"caption": "A.", "name": "panel"}})),
        (comments, notebook(), new_notebook(cells=[new_markdown_cell("ten\n% of it")])),
        (long_cells, notebook("1\n" * 25), notebook("1\n" * 26)),
        (foreign_imports, notebook("from tptools.kmc import simulate\nimport numpy as np"),
         notebook("import scipy.optimize")),
        (unfolded, tagged("import a\nplt.show()", "hide-input"),
         notebook("import a\nx = 3\nplt.show()")),
        (unfolded, notebook("x = a(3)\nplt.show()"), notebook("x = [3]\nfigures.plot(x)")),
        (compared_figures, tagged("plt.show()", "nbval-ignore-output"),
         notebook("plt.show()")),
        (own_functions, notebook("half = lambda x: x / 2"),
         notebook("def half(x):\n    return x / 2")),
        (foreign_imports, notebook("import matplotlib.pyplot as plt"),
         notebook("from tests import helper")),
    ],
)  # fmt: skip
def test_checkers_can_fail(checker, good, bad):
    """Each checker finds its fault, and only where it is."""
    assert checker(good) == []
    assert len(checker(bad)) >= 1


def test_repeated_name_is_found():
    """Two figures of one name are found even in different chapters."""
    figure = notebook("plt.show()", **FIGURE)
    assert repeated_names([figure]) == []
    assert repeated_names([figure, figure]) == ["2 figures are named fig-1a"]


def test_missing_number_is_found():
    """A number that another chapter does not glue is found, and one that it glues is not."""
    number = new_output("display_data", metadata={"scrapbook": {"name": "tau"}})
    available = {"one": glued(notebook(outputs=[number]))}
    quoting = new_notebook(cells=[new_markdown_cell("{glue:text}`one.ipynb::tau:s` µs")])
    assert missing_glue(quoting, available) == []
    assert missing_glue(quoting, {"one": glued(notebook())}) == ["one::tau:s"]
    formless = new_notebook(cells=[new_markdown_cell("{glue:text}`one.ipynb::tau` µs")])
    assert missing_glue(formless, available) == ["one::tau"]


def test_edited_text_is_found(tmp_path):
    """A notebook whose source differs from its text file is not taken for its pair."""
    before, after = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    nbformat.write(notebook("1 + 1"), before)
    nbformat.write(notebook("1 + 2"), after)
    assert text_of(before) == text_of(before)
    assert text_of(before) != text_of(after)
