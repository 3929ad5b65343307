"""What `make execute` stores: the same on every run, and text only."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
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
import matplotlib.pyplot as plt

plt.plot([1, 2])
plt.show()
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
def tool():
    spec = importlib.util.spec_from_file_location("execute", ROOT / "tools" / "execute.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tool, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one chapter that has run, and one page of text."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "page.md").write_text("# Page\n")
    (folder / "chapter.md").write_text(CHAPTER)
    tool.execute("chapter", folder)
    return folder


@pytest.fixture(scope="module")
def cells(folder):
    nb = nbformat.read(folder / "chapter.ipynb", as_version=4)
    nbformat.validate(nb)
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def test_chapters_are_told_from_pages(tool, folder):
    """Only files whose header names a kernel run."""
    assert tool.chapters(folder) == ["chapter"]


def test_pictures_are_left_out(cells):
    """Pictures go, alone or inside HTML; that something was shown stays."""
    figure, html = cells[0].outputs[-1].data, [output.data for output in cells[1].outputs]
    assert figure == {"text/plain": "<Figure size 640x480 with 1 Axes>"}
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


def test_page_of_text_is_no_chapter(tool, folder):
    """A page without a kernel is refused, and stays the only file of its name."""
    with pytest.raises(ValueError, match="page of text"):
        tool.execute("page", folder)
    assert (folder / "page.md").read_text() == "# Page\n"
    assert not (folder / "page.ipynb").exists()


def test_mark_of_the_byte_order_doubles_no_header(tool, folder):
    """A chapter that an editor saved with such a mark becomes the same pair of files."""
    text, notebook = folder / "chapter.md", folder / "chapter.ipynb"
    before = text.read_bytes(), notebook.read_bytes()
    text.write_bytes("\ufeff".encode() + before[0])
    assert tool.chapters(folder) == ["chapter"]
    tool.execute("chapter", folder)
    assert (text.read_bytes(), notebook.read_bytes()) == before


def test_second_run_changes_nothing(tool, folder):
    """Running again gives the same bytes, so that a diff shows only what has changed."""
    pair = [folder / "chapter.ipynb", folder / "chapter.md"]
    before = [path.read_bytes() for path in pair]
    tool.execute("chapter", folder)
    assert [path.read_bytes() for path in pair] == before
