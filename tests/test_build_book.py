"""The built book is never stale, never hides a fault, and needs no network."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lock import alone

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / "tools" / "build_book.py"

CHAPTER = """\
---
file_format: mystnb
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# Chapter

```{code-cell}
from myst_nb import glue
from tptools import VALUE

glue("value", VALUE)
```
"""
TOC = """\
format: jb-book
root: book/front
chapters:
- file: book/chapter.md
- file: book/summary
"""


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("build_book", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a small book with a package, a dataset and a lock of its own."""
    for name, content in {
        "_toc.yml": TOC,
        "book/front.md": "# Front\n\nA formula: $D = l^2 p / 4$.\n",
        "book/summary.md": "# Summary\n\nThe value is {glue:text}`chapter.md::value:d`.\n",
        "book/chapter.md": CHAPTER,
        "tptools/__init__.py": "VALUE = 41\n",
        "tptools/companion/claims.csv": "id,printed\n",
        "tptools/films.toml": "[film]\n",
        "data/decay.csv": "time,count\n",
        "data_registry.txt": "decay.csv sha256:0\n",
        "requirements.txt": "numpy==2\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    for name in ("book/_assets", "book/_templates", "tools"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "book" / "references.bib", tmp_path / "book")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "tptools/__init__.py",
        "tptools/companion/claims.csv",
        "tptools/films.toml",
        "data/decay.csv",
        "data_registry.txt",
        "requirements.txt",
    ],
)
def test_changed_input_drops_the_build(tool, tree, name):
    """What was built goes when the content of any input changes."""
    assert tool.drop_stale(tree)
    assert not tool.drop_stale(tree)
    result = tree / "_build" / "result"
    result.touch()
    (tree / name).write_text("# new\n")
    assert tool.drop_stale(tree)
    assert not result.exists()


def test_renamed_and_removed_inputs_drop_the_build(tool, tree):
    """A renamed and a removed file count as changes too."""
    tool.drop_stale(tree)
    (tree / "data" / "decay.csv").rename(tree / "data" / "other.csv")
    assert tool.drop_stale(tree)
    (tree / "data" / "other.csv").unlink()
    assert tool.drop_stale(tree)


def test_only_content_counts(tool, tree):
    """New times, caches of Python and edited chapters leave the results in place."""
    tool.drop_stale(tree)
    os.utime(tree / "tptools" / "__init__.py", (0, 0))
    (tree / "tptools" / "__pycache__").mkdir()
    (tree / "tptools" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (tree / "book" / "chapter.md").write_text("# Edited\n")
    assert not tool.drop_stale(tree)


@pytest.mark.parametrize(
    ("html", "loads"),
    [
        ('<script src="https://a.org/x.js"></script>', ["https://a.org/x.js"]),
        ('<link rel="stylesheet" href="//a.org/x.css">', ["//a.org/x.css"]),
        ('<img alt="x" src="http://a.org/x.png">', ["http://a.org/x.png"]),
        ('<a href="https://a.org">a</a><script src="../x.js"></script><script>1</script>', []),
        ('<img src="data:image/png;base64,iVBO"><link rel="next" href="https://a.org">', []),
    ],
)
def test_foreign_loads_are_found(tool, html, loads):
    """What a browser would fetch from another host is found; a link to click is no load."""
    assert tool.foreign_loads(html) == loads


def test_a_build_waits_for_its_turn(tree):
    """While another process writes into the checkout, nothing of what was built is touched."""
    result = tree / "_build" / "html" / "result.html"
    result.parent.mkdir(parents=True)
    result.touch()
    with (
        alone(tree),
        subprocess.Popen(
            [sys.executable, SCRIPT], cwd=tree, stderr=subprocess.PIPE, text=True
        ) as waiting,
    ):
        assert waiting.stderr.readline() == f"waiting for process {os.getpid()} in {tree}\n"
        waiting.kill()
    assert result.exists()


def build(tree: Path) -> subprocess.CompletedProcess:
    """Build `tree` as `make book` does."""
    env = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, SCRIPT], cwd=tree, env=env, capture_output=True, text=True
    )


def shown(tree: Path) -> str:
    """Return the number of the chapter that another page shows."""
    html = (tree / "_build" / "html" / "book" / "summary.html").read_text()
    return re.search(r"The value is (?:<[^>]+>)*(\d+)", html).group(1)


def test_pages_follow_package_and_chapters(tree):
    """A page shows the new number when the package or another chapter changes; else it is kept."""
    first = build(tree)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "every chapter runs" in first.stdout
    assert shown(tree) == "41"

    html = (tree / "_build" / "html" / "book" / "front.html").read_text()
    assert "mathjax/tex-chtml.js" in html
    assert "companion.css" in html
    assert (tree / "_build" / "html" / "_static" / "mathjax" / "tex-chtml.js").is_file()

    again = build(tree)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Executing notebook" not in again.stdout + again.stderr

    (tree / "tptools" / "__init__.py").write_text("VALUE = 42\n")
    assert build(tree).returncode == 0
    assert shown(tree) == "42"

    chapter = tree / "book" / "chapter.md"
    chapter.write_text(chapter.read_text().replace('"value", VALUE', '"value", VALUE + 1'))
    assert build(tree).returncode == 0
    assert shown(tree) == "43"

    (tree / "_toc.yml").write_text(TOC.replace("- file: book/summary\n", ""))
    assert build(tree).returncode == 0
    assert not (tree / "_build" / "html" / "book" / "summary.html").exists()


def test_failures_stay_failures(tree):
    """A warning, a cell that raises or warns, and a foreign script fail the build every time."""
    front, chapter = tree / "book" / "front.md", tree / "book" / "chapter.md"
    for page, addition in [
        (front, "\n{ref}`nowhere`\n"),
        (chapter, "\n```{code-cell}\n1 / 0\n```\n"),
        (chapter, '\n```{code-cell}\nimport sys; print("careful", file=sys.stderr)\n```\n'),
        (front, '\n<script src="https://example.org/x.js"></script>\n'),
    ]:
        sound = page.read_text()
        page.write_text(sound + addition)
        assert build(tree).returncode != 0
        assert build(tree).returncode != 0
        page.write_text(sound)
    mended = build(tree)
    assert mended.returncode == 0, mended.stdout + mended.stderr
