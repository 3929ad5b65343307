"""A book of three pages with a package, a dataset and a lock of its own, to build and to break."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
GLUE = 'from myst_nb import glue\nfrom tptools import VALUE\n\nglue("value", VALUE)'
TOC = """\
format: jb-book
root: book/front
chapters:
- file: book/chapter.ipynb
- file: book/summary
"""
FILES = {
    "_toc.yml": TOC,
    "book/front.md": "# Front\n\nA formula: $D = l^2 p / 4$.\n\n:::{published}\nGet it.\n:::\n",
    "book/summary.md": "# Summary\n\nThe value is {glue:text}`chapter.ipynb::value:d`.\n",
    "tptools/__init__.py": "from tptools.numbers import VALUE\n",
    "tptools/numbers.py": 'VALUE, TABLE = 41, "table.csv"\n',
    "tptools/beside.py": "VALUE = 43\n",
    "tptools/data/table.csv": "id,printed\n",
    "tptools/data/beside.csv": "id,printed\n",
    "data/decay.csv": "time,count\n",
    "data_registry.txt": "decay.csv sha256:0\n",
    "requirements.txt": "numpy==2\n",
}


def chapter(*code: str) -> nbformat.NotebookNode:
    """Return a chapter of some code cells."""
    cells = [new_markdown_cell("# Chapter"), *map(new_code_cell, code)]
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL})


def plant(tree: Path) -> Path:
    """Write the small book into a folder."""
    for name, content in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)
    nbformat.write(chapter(GLUE), tree / "book" / "chapter.ipynb")
    for name in ("_config.yml", "pyproject.toml", "conftest.py", "book/references.bib"):
        shutil.copy(ROOT / name, tree / name)
    for name in ("files.py", "provenance.py"):
        shutil.copy(ROOT / "tptools" / name, tree / "tptools")
    for name in ("book/_assets", "book/_templates", "tools"):
        shutil.copytree(ROOT / name, tree / name)
    return tree


def python(tree: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a small book, with the package that it has."""
    env = {name: one for name, one in os.environ.items() if not name.startswith("BOOK_")}
    env |= {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True)
