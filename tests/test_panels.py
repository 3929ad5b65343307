"""The index of figures: all panels of the paper, and what it says of them is what chapters do."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from test_book import notebook, wordless_figures

import tptools
from tptools.companion import datasets

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"

LETTERS = {
    "1": "abcdef", "2": "abcdefgh", "3": "abcde", "4": "abcde", "S5": "abcd", "S6": "abcde",
    "S7": "ab", "S8": "ab", "S10": "ab", "S11": "abcdefg",
}  # fmt: skip
PANELS = [figure + letter for figure, letters in LETTERS.items() for letter in letters]
PANELS += ["S1", "S2", "S3", "S4", "S9", "S12"]

spec = importlib.util.spec_from_file_location("panels", ROOT / "tools" / "panels.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

ROWS = tool.read_table()
KEYS = ("panel", "shows", "figure", "chapter", "function", "data")


def panels_in(caption: str) -> set[str]:
    """Return the panels that a caption names after Fig. or Figs., with those of a range."""
    found: set[str] = set()
    for text in re.findall(r"Figs?\. (S?\d+\w?(?:(?:-| to | and |, )S?\d*[a-h]\b)*)", caption):
        figure = re.match(r"S?\d+", text).group()
        letters = re.findall(r"(?<=[\d -])[a-h]\b", text)
        if "-" in text or " to " in text:
            letters = [chr(one) for one in range(ord(letters[0]), ord(letters[-1]) + 1)]
        found |= {figure + letter for letter in letters} or {figure}
    return found


def called(source: str) -> set[str]:
    """Return the last parts of what a cell calls or names as an attribute or by its name."""
    nodes = list(ast.walk(ast.parse(source)))
    names = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name)}


def constants(source: str) -> set[str]:
    """Return the strings of a cell."""
    nodes = ast.walk(ast.parse(source))
    return {n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def faults(row: dict[str, str], nb: NotebookNode) -> list[str]:
    """List where a row of the table and its chapter disagree."""
    (name,), (function,) = tool.targets(row["figure"]), tool.targets(row["function"])
    places, cells = tool.figures(nb), tool.code_cells(nb)
    if name not in places:
        return [f"{name} is not in the chapter"]
    cell = cells[places[name]]
    wrong = wordless_figures(nbformat.v4.new_notebook(cells=[cell]))
    if row["panel"] not in panels_in(cell.metadata["mystnb"]["figure"].get("caption", "")):
        wrong.append(f"the caption of {name} does not name panel {row['panel']}")
    if function.rpartition(".")[2] not in called(cell.source):
        wrong.append(f"{name} is not drawn by {function}")
    needed = tool.needed([one.source for one in cells], places[name])
    source = "\n".join(cells[place].source for place in needed)
    for one in tool.targets(row["data"]):
        known = called(source) if one.startswith("tptools.") else constants(source)
        if one.rpartition(".")[2] not in known:
            wrong.append(f"{name} does not need {one}")
    if row["data"] == "drawing" and constants(source) & set(datasets.names()):
        wrong.append(f"{name} reads data")
    return wrong


def test_every_panel_is_there_once():
    """The table has the 52 panels of the paper, each in one row."""
    assert len(PANELS) == 52
    assert sorted(row["panel"] for row in ROWS) == sorted(PANELS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["panel"])
def test_row_says_what_the_chapter_does(row):
    """The figure is there with words, names the panel, and is drawn and fed as the table says."""
    (chapter,) = tool.targets(row["chapter"])
    nb = nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)
    assert faults(row, nb) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["panel"])
def test_row_is_complete(row):
    """Nothing is left out, datasets exist, and links lead to what the package offers."""
    assert tuple(row) == KEYS
    assert all(value.strip() for value in row.values())
    module, _, function = tool.targets(row["function"])[0].rpartition(".")
    assert function in importlib.import_module(module).__all__
    data = tool.targets(row["data"])
    assert data or row["data"] == "drawing"
    for one in data:
        module, _, name = one.rpartition(".")
        assert hasattr(importlib.import_module(module), name) if module else one in datasets.names()


def test_panels_of_one_figure_agree():
    """Panels that share a figure share what stands behind it, but for the data they need."""
    shared = {}
    for row in ROWS:
        same = row["chapter"], row["function"]
        assert shared.setdefault(row["figure"], same) == same


@pytest.mark.parametrize(
    ("caption", "panels"),
    [
        ("Redrawn after Fig. 1a.", {"1a"}),
        ("Recomputed Figs. 2a and 2b.", {"2a", "2b"}),
        ("Recomputed Figs. S5a to S5d.", {"S5a", "S5b", "S5c", "S5d"}),
        ("Recomputed Fig. S11a-c.", {"S11a", "S11b", "S11c"}),
        ("Recomputed Fig. 1d, which is also Fig. S6a.", {"1d", "S6a"}),
        ("Recomputed Fig. S12.", {"S12"}),
        ("Left, a line.", set()),
    ],
)
def test_captions_are_understood(caption, panels):
    """One panel, several, a range, and a figure without letters are read from a caption."""
    assert panels_in(caption) == panels


SOURCES = ["import a", "b = a.load('x')", "c = 1", "b['k'] = c", "def f(d):\n    return b", "f(2)"]


@pytest.mark.parametrize(
    ("target", "cells"),
    [(0, [0]), (1, [0, 1]), (2, [2]), (3, [0, 1, 2, 3]), (5, [0, 1, 2, 3, 4, 5])],
)
def test_needed_cells_are_found(target, cells):
    """Imports, variables, changed items and what a function reads are followed back."""
    assert tool.needed(SOURCES, target) == cells


def test_cells_that_are_not_needed_are_left_out():
    """A value that is set anew hides the earlier one, and names inside a comprehension are own."""
    assert tool.needed(["x = 1", "x = 2", "y = [x for x in (1, 2)]", "x + y[0]"], 3) == [1, 2, 3]
    assert tool.needed(["x = 1", "y = [x for x in (1, 2)]", "y"], 2) == [1, 2]


ROW = {
    "panel": "1a", "figure": "{numref}`fig-1a`",
    "function": "{py:func}`~tptools.companion.figures.plot_it`",
    "data": "`tplm_10nW`, {py:obj}`~tptools.kmc.sweep`",
}  # fmt: skip
GOOD = "figures.plot_it(kmc.sweep(load('tplm_10nW')))\nplt.show()"


def chapter(source=GOOD, caption="Recomputed Fig. 1a.", name="fig-1a", alt="A line."):
    """Return a chapter of one figure."""
    figure = {"caption": caption, "name": name}
    return notebook(source, figure=figure, image={"alt": alt})


@pytest.mark.parametrize(
    ("nb", "fault"),
    [
        (chapter(name="fig-1b"), "not in the chapter"),
        (chapter(caption="A line."), "does not name panel"),
        (chapter(caption=""), "no caption"),
        (chapter(alt=""), "no alt text"),
        (chapter(GOOD.replace("plot_it", "plot_other")), "is not drawn by"),
        (chapter(GOOD.replace("sweep", "simulate")), "does not need tptools.kmc.sweep"),
        (chapter(GOOD.replace("10nW", "25nW")), "does not need tplm_10nW"),
    ],
)
def test_faults_are_found(nb, fault):
    """A figure without words, or made otherwise than the table says, is reported."""
    assert faults(ROW, chapter()) == []
    assert any(fault in one for one in faults(ROW, nb))


def test_drawing_has_no_data():
    """A row that claims to be a mere drawing must not read a dataset."""
    row = ROW | {"data": "drawing"}
    assert faults(row, chapter("figures.plot_it()\nplt.show()")) == []
    assert "tplm_10nW" in tptools.companion.datasets.names()
    assert faults(row, chapter()) == ["fig-1a reads data"]
