"""What `make execute` stores: the same on every run, and text only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import chapters
import nbformat
import pytest
from execute import execute, names, prepare, write
from nbformat.v4 import new_output
from small_book import plant

HEADER = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
CHAPTER = HEADER + """\
# Chapter

```{code-cell} ipython3
---
mystnb:
  figure:
    caption: A line.
    name: fig-1a
  image:
    alt: A rising line.
tags: [nbval-ignore-output]
---
line = {"image/png": "iVBO", "image/svg+xml": "<svg/>", "text/plain": "<Figure with 1 Axes>"}
display(line, raw=True)
```

```{code-cell} ipython3
from IPython.display import HTML

display(HTML("<b>bold</b>"), HTML('<img src="data:image/png;base64,iVBO">'))
```

```{code-cell} ipython3
print("text")
1 + 1
```

```{code-cell} ipython3
1 + 1
```
"""  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small book with one chapter that has run from its text, and pages of text."""
    tree = plant(tmp_path_factory.mktemp("small") / "book")
    (tree / "book" / "chapter.md").write_text(CHAPTER)
    assert execute(["chapter"], tree) == 0
    return tree


@pytest.fixture
def pair(tree) -> list[Path]:
    """Return the two files of the chapter."""
    return [tree / "book" / "chapter.ipynb", tree / "book" / "chapter.md"]


@pytest.fixture(scope="module")
def cells(tree):
    nb = nbformat.read(tree / "book" / "chapter.ipynb", as_version=4)
    nbformat.validate(nb)
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def test_chapters_are_told_from_pages(tree):
    """Only files whose header names a kernel run."""
    assert names(tree) == ["chapter"]


def test_pictures_are_left_out(cells):
    """Pictures go, alone or inside HTML; that something was shown stays."""
    figure, html = cells[0].outputs[-1].data, [output.data for output in cells[1].outputs]
    assert figure == {"text/plain": "<Figure with 1 Axes>"}
    assert html[0]["text/html"] == "<b>bold</b>"
    assert list(html[1]) == ["text/plain"]


def test_text_and_counts_are_stored(cells):
    """Every cell shows that it has run, and what it printed."""
    assert [cell.execution_count for cell in cells] == [1, 2, 3, 4]
    assert cells[2].outputs[0].text == "text\n"
    assert cells[2].outputs[1].data["text/plain"] == "2"


def test_cell_metadata_stay(cells):
    """Tags and figure texts reach the notebook, and nothing else does."""
    assert cells[0].metadata.mystnb.figure.name == "fig-1a"
    assert cells[0].metadata.tags == ["nbval-ignore-output"]
    assert all(set(cell.metadata) <= {"tags", "mystnb"} for cell in cells)


def test_page_of_text_is_no_chapter(tree):
    """A page without a kernel is refused, and stays the only file of its name."""
    before = (tree / "book" / "front.md").read_text()
    with pytest.raises(ValueError, match="page of text"):
        execute(["front"], tree)
    assert (tree / "book" / "front.md").read_text() == before
    assert not (tree / "book" / "front.ipynb").exists()


def test_mark_of_the_byte_order_doubles_no_header(tree, pair):
    """A chapter that an editor saved with such a mark becomes the same pair of files."""
    before = [path.read_bytes() for path in pair]
    pair[1].write_bytes("\ufeff".encode() + before[1])
    assert names(tree) == ["chapter"]
    assert execute(["chapter"], tree) == 0
    assert [path.read_bytes() for path in pair] == before


def test_second_run_changes_nothing(tree, pair):
    """Running again gives the same bytes, so that a diff shows only what has changed."""
    before = [path.read_bytes() for path in pair]
    shutil.rmtree(tree / "_build")
    assert execute(["chapter"], tree) == 0
    assert [path.read_bytes() for path in pair] == before


def test_failure_leaves_both_files(tree, pair):
    """A chapter with an error keeps its stored outputs and the text with the error."""
    before = [path.read_bytes() for path in pair]
    pair[1].write_text(CHAPTER.replace("print(", "raise RuntimeError("))
    assert execute(["chapter"], tree) != 0
    assert pair[0].read_bytes() == before[0]
    assert "raise RuntimeError" in pair[1].read_text()
    pair[1].write_bytes(before[1])


SLOW = HEADER + """\
```{code-cell} ipython3
import time
from pathlib import Path

with open("../runs", "a") as runs:
    runs.write("slow\\n")
time.sleep(float(Path("../pause").read_text()))
```

```{code-cell} ipython3
"slow"
```
"""  # fmt: skip
QUICK = SLOW.replace("slow", "quick").replace('float(Path("../pause").read_text())', "0")


def outputs(path: Path) -> list[str]:
    """Return what the cells of a chapter show."""
    cells = nbformat.read(path, as_version=4).cells
    return [one.data["text/plain"] for cell in cells for one in cell.get("outputs", ())]


def test_a_killed_run_loses_nothing(tmp_path):
    """Stored outputs stay, what had run does not run again, and nothing old is taken for new."""
    tree, running = plant(tmp_path / "book"), tmp_path / "book" / "runs"
    book = tree / "book"
    (book / "chapter.ipynb").unlink()
    (tree / "pause").write_text("600")
    for name, text in {"quick": QUICK, "slow": SLOW}.items():
        (book / f"{name}.md").write_text(text)
        write(as_if_run(book / f"{name}.md"), book / f"{name}.ipynb")
    before = (book / "slow.ipynb").read_bytes()

    (book / "quick.md").write_text(QUICK.replace('"quick"\n```', '"edited"\n```'))
    env = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "tools/execute.py"]
    with subprocess.Popen(command, cwd=tree, env=env, start_new_session=True) as killed:
        while not (running.exists() and "slow" in running.read_text() and kept_of(tree, "quick")):
            assert killed.poll() is None
            time.sleep(0.2)
        os.killpg(killed.pid, signal.SIGKILL)
    assert (book / "slow.ipynb").read_bytes() == before
    assert outputs(book / "quick.ipynb") == []

    (tree / "pause").write_text("0")
    assert execute(names(tree), tree) == 0
    assert running.read_text().split().count("quick") == 1
    assert (book / "slow.ipynb").read_bytes() == before
    assert outputs(book / "quick.ipynb") == ["'edited'"]
    assert not list(tree.glob("book/*.part"))


def as_if_run(text: Path) -> nbformat.NotebookNode:
    """Return a chapter of two cells with what they give, the second the name of its file."""
    nb = prepare(text)
    for count, cell in enumerate([cell for cell in nb.cells if cell.cell_type == "code"], start=1):
        cell.execution_count = count
    shown = {"text/plain": repr(text.stem)}
    cell.outputs = [new_output("execute_result", shown, execution_count=count)]
    return nb


def kept_of(tree: Path, name: str) -> bool:
    """Tell whether the cache has a chapter of a small book as it would come out now."""
    return bool(chapters.kept(tree, tree / "book" / f"{name}.ipynb"))
