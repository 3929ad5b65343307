"""Trials of chapters: a copy runs with other parameters, says so, and leaves the book alone."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import nbformat
import pytest
import try_chapter
from bs4 import BeautifulSoup
from small_book import plant, python
from try_chapter import parameters, parse

ROOT = Path(__file__).resolve().parent.parent
TRIALS = try_chapter.trials(ROOT)
MAIN = {"heating", "inference", "memory_model", "microscopy", "power_dependence", "relaxation"}

CHAPTER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A walk

It has {glue:text}`sites` sites, and another chapter {glue:text}`chapter.ipynb::value:d`
(see {doc}`front`, and {cite:p}`paper`).

```{code-cell} ipython3
:tags: [parameters]

hops = 3  # of one exciton
film = "OLA/OA"
length_nm = None
```

```{code-cell} ipython3
from myst_nb import glue

glue("sites", f"{hops + 1} in {film}, {length_nm}")
```
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A small book under version control, with a chapter that can be tried."""
    tree = plant(tmp_path_factory.mktemp("small") / "book")
    (tree / "book" / "walk.md").write_text(CHAPTER)
    chapter = nbformat.read(tree / "book" / "chapter.ipynb", as_version=4)
    code = chapter.cells[-1]
    mime = "application/papermill.record/"
    number = nbformat.v4.new_output("display_data", {f"{mime}text/plain": "41"})
    number.metadata = {"scrapbook": {"mime_prefix": mime, "name": "value"}}
    code.outputs, code.execution_count = [number], 1
    nbformat.write(chapter, tree / "book" / "chapter.ipynb")
    (tree / ".gitignore").write_text("_build/\n")
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    git(tree, *who, "commit", "-qm", "all")
    return tree


def git(tree, *arguments):
    """What git says of the small book."""
    done = subprocess.run(["git", *arguments], cwd=tree, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_trial_computes_with_the_new_values_and_says_so(tree):
    """In its own process: the page has the new numbers and its stamp; the book is as before."""
    done = python(tree, "tools/try_chapter.py", "walk", "hops=7", "film=c-ALD 4")
    assert done.returncode == 0, done.stderr
    page = tree / "_build" / "try" / "walk" / "html" / "book" / "walk.html"
    assert done.stdout.strip().endswith(str(page))
    article = BeautifulSoup(page.read_text(), "html.parser").article
    words = " ".join(article.get_text().split())
    assert "It has 8 in c-ALD 4, None sites, and another chapter 41 (see Front, and [" in words
    assert "[]" not in words
    stamp = " ".join(article.find(class_="admonition").get_text().split())
    assert stamp.startswith("A trial, and not the book Changed on this page: hops = 7")
    assert "(in the book 3), film = 'c-ALD 4' (in the book 'OLA/OA')" in stamp
    assert git(tree, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["wlk"], "no chapter to try is named 'wlk'; there are: walk\n"),
        (["chapter"], "no chapter to try is named 'chapter'; there are: walk\n"),
        (["walk", "hop=7"], "no parameter is set by 'hop=7'; there are: hops=3, film='OLA/OA', "),
        (["walk", "hops"], "no parameter is set by 'hops'; there are: hops=3, "),
        (["walk", "hops=many"], "hops=many must be an integer; in the book it is 3\n"),
        (["walk", "length_nm=far"], "length_nm=far must be a number; in the book it is None\n"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(arguments, said, tree, monkeypatch, capsys):
    """One line names what there is, the exit code is 2, and nothing runs."""
    known = try_chapter.trials(tree)
    monkeypatch.setattr(try_chapter, "trials", lambda: known)
    monkeypatch.setattr(try_chapter, "run", None)
    with pytest.raises(SystemExit) as stopped:
        try_chapter.main(arguments)
    report = capsys.readouterr()
    assert (stopped.value.code, report.out) == (2, "")
    assert report.err.startswith(said)
    assert report.err.count("\n") == 1


def test_chapters_and_parameters_are_listed(tree, monkeypatch, capsys):
    """Nothing lists the chapters, and a chapter alone what can be changed in it."""
    known = try_chapter.trials(tree)
    monkeypatch.setattr(try_chapter, "trials", lambda: known)
    try_chapter.main([])
    assert capsys.readouterr().out == "walk\n"
    try_chapter.main(["walk"])
    assert capsys.readouterr().out.splitlines() == ["hops=3", "film='OLA/OA'", "length_nm=None"]


def test_values_are_of_the_kind_that_they_replace():
    """Numbers, texts with and without quotes, and what is not set are read as meant."""
    known = {"power_nW": 5.0, "film": "OLA/OA", "lifetime_ns": None, "seed": 1}
    given = ["power_nW=2", "film='c-ALD 4'", "lifetime_ns=1e-1", "seed=3"]
    wanted = {"power_nW": 2, "film": "c-ALD 4", "lifetime_ns": 0.1, "seed": 3}
    assert parse(given, known) == wanted
    assert parse(["film=Note 2", "lifetime_ns=None"], known) == {
        "film": "Note 2",
        "lifetime_ns": None,
    }


def test_main_chapters_can_be_tried():
    """Each has a cell of parameters, and it is the first that runs."""
    assert set(TRIALS) >= MAIN
    for nb in TRIALS.values():
        first = next(cell for cell in nb.cells if cell.cell_type == "code")
        assert first.metadata.tags == ["parameters"]


@pytest.mark.parametrize("name", TRIALS)
def test_no_parameter_does_nothing(name):
    """Every parameter is read by a later cell, and none is set anew before."""
    cells = [cell.source for cell in TRIALS[name].cells if cell.cell_type == "code"]
    nodes = [node for source in cells[1:] for node in ast.walk(ast.parse(source))]
    names = [node for node in nodes if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    assert set(parameters(TRIALS[name])) <= read
    assert not set(parameters(TRIALS[name])) & stored
