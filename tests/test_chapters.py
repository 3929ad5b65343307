"""Executed chapters: kept as long as what their outputs rest on stays the same, and no longer."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import chapters
import keeper
import nbformat
import pytest
from jupyter_cache.base import CacheBundleIn
from small_book import GLUE, ROOT, chapter, plant, python

from tptools import provenance


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """Return a small book, the sources of whose package are read for that of this one."""
    monkeypatch.setattr(provenance, "_folder", lambda package: tmp_path / "tptools")
    return plant(tmp_path)


@pytest.fixture
def path(tree) -> Path:
    """Return the chapter of the small book, which is kept as if it had run."""
    path = tree / "book" / "chapter.ipynb"
    notebook = nbformat.read(path, as_version=4)
    data = {"rests_on": chapters.foundation(tree, notebook)}
    bundle = CacheBundleIn(notebook, str(path), data=data)
    chapters.open_cache(tree).cache_notebook_bundle(bundle, check_validity=False)
    return path


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("tptools/__init__.py", "VALUE", "TABLE as VALUE"),
        ("tptools/numbers.py", "41", "42"),
        ("tptools/data/table.csv", "id", "ID"),
        ("data/decay.csv", "time", "time_ns"),
        ("data_registry.txt", "0", "1"),
        ("requirements.txt", "2", "3"),
        ("book/chapter.ipynb", "VALUE)", "VALUE + 1)"),
    ],
)
def test_a_change_of_what_it_rests_on_makes_it_stale(tree, path, name, old, new):
    """Its code, the package and tables behind it, data and libraries count by their content."""
    assert chapters.stale(tree) == []
    text = (tree / name).read_text()
    assert old in text
    (tree / name).write_text(text.replace(old, new))
    assert chapters.stale(tree) == [path]


def test_renamed_and_removed_data_make_it_stale(tree, path):
    """A renamed and a removed file count as changes too."""
    (tree / "data" / "decay.csv").rename(tree / "data" / "other.csv")
    assert chapters.stale(tree) == [path]
    (tree / "data" / "other.csv").rename(tree / "data" / "decay.csv")
    assert chapters.stale(tree) == []
    (tree / "data" / "decay.csv").unlink()
    assert chapters.stale(tree) == [path]


def test_nothing_else_makes_it_stale(tree, path):
    """Times, caches of Python, comments, its prose, and what it does not reach do not count."""
    os.utime(tree / "tptools" / "numbers.py", (0, 0))
    (tree / "tptools" / "__pycache__").mkdir()
    (tree / "tptools" / "__pycache__" / "x.pyc").write_bytes(b"x")
    for name in ("numbers.py", "beside.py", "data/beside.csv"):
        with (tree / "tptools" / name).open("a") as changed:
            changed.write("# more\n")
    edited = nbformat.read(path, as_version=4)
    edited.cells[0].source = "# Another title"
    nbformat.write(edited, path)
    assert chapters.stale(tree) == []


def test_what_was_cut_short_is_not_kept(tree, path):
    """A cache with half a file, or with none for its record, has no chapter."""
    (stored,) = (tree / "_build" / ".jupyter_cache").glob("executed/*/base.ipynb")
    stored.write_text(stored.read_text()[:50])
    assert chapters.stale(tree) == [path]
    shutil.rmtree(stored.parent)
    assert chapters.stale(tree) == [path]


def test_faultless_runs_are_kept(tree):
    """Comparison may fail a chapter; an error and sources that change meanwhile always do.

    Whatever its name and however few its cells, a chapter known as long runs before others.
    """
    wrong, raising = keeper.LONGEST_FIRST[:2]
    change = "with open('../tptools/numbers.py', 'a') as f: f.write('VALUE = 42')"
    codes = {"chapter": [GLUE], "a-change": [change, GLUE], raising: ["1 / 0"], wrong: ["1 + 1"]}
    paths = {name: tree / "book" / f"{name}.ipynb" for name in codes}
    for name, code in codes.items():
        notebook = chapter(*code)
        # nbval compares nothing with a cell that has not run
        notebook.cells[1].execution_count = 1 if name == wrong else None
        nbformat.write(notebook, paths[name])
    (tree / "test_beside.py").write_text("def test_is_no_chapter():\n    pass\n", encoding="utf-8")
    arguments = ["-m", "pytest", "-q", "--nbval", "--nbval-current-env", "book", "test_beside.py"]
    run = python(tree, *arguments)
    assert run.returncode == 1
    said = re.findall(r"chapter (\d) of 4: (.+), \d+ s\n", run.stdout)
    assert said == [*zip("1234", [wrong, raising, "a-change", "chapter"], strict=True)]
    assert {one.stem for one in chapters.stale(tree)} == {"a-change", raising, wrong}

    assert chapters.run(tree, [paths[wrong]]) == 0
    assert {one.stem for one in chapters.stale(tree)} == {"a-change", raising}
    (result,) = chapters.kept(tree, paths[wrong]).cells[1].outputs
    assert result.data == {"text/plain": "2"}


def test_chapters_known_as_long_are_there():
    """What runs first has its name from the book."""
    assert {path.stem for path in ROOT.glob("book/*.ipynb")} >= {*keeper.LONGEST_FIRST}


def foundations() -> dict[str, str]:
    """Return what some chapters rest on."""
    paths = [ROOT / "book" / f"{name}.ipynb" for name in ("controls", "heating", "claims")]
    notebooks = {path.stem: nbformat.read(path, as_version=4) for path in paths}
    return {name: chapters.foundation(ROOT, one) for name, one in notebooks.items()}


@pytest.fixture(scope="module")
def foundations_before() -> dict[str, str]:
    """Return what they rest on in this tree."""
    return foundations()


@pytest.mark.parametrize(
    ("file", "old", "new", "reaching"),
    [
        ("companion/figures/controls.py", "share: bool", "shared: bool", {"controls"}),
        ("companion/claims/heat.py", "_RATE_MHZ = ", "_RATE_MHZ = 2 * ", {"heating", "claims"}),
        (
            "companion/claims/diffusion.py",
            "_RISE = Bounds(",
            "_RISE = Bounds(low=1) or Bounds(",
            {"controls", "claims"},
        ),
        (
            "kmc/engine.py",
            "ACCEPTANCE_BITS = ",
            "ACCEPTANCE_BITS = 1 + ",
            {"controls", "claims"},
        ),
        ("companion/make.py", "N_TRAINS = ", "N_TRAINS = 1 + ", set()),
    ],
)
def test_a_change_of_the_package_concerns_those_who_reach_it(
    tmp_path, monkeypatch, foundations_before, file, old, new, reaching
):
    """Who draws a figure rests on it, who gives verdicts on what judges them, none on recipes."""
    package = shutil.copytree(ROOT / "tptools", tmp_path / "tptools")
    monkeypatch.setattr(provenance, "_folder", lambda name: package)
    text = (package / file).read_text()
    assert text.count(old) == 1
    (package / file).write_text(text.replace(old, new))
    after = foundations()
    assert {name for name in after if foundations_before[name] != after[name]} == reaching
