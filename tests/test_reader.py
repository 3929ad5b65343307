"""Launch links, downloads and the repository's address: there when known, absent when not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sphinx.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"
sys.path.append(str(ROOT / "tools"))
import reader  # noqa: E402

ADDRESS, COMMIT = "https://github.com/someone/companion", "1a2b3c4"
FRONT = "# Front\n\n:::{published}\nGet it: `git clone REPOSITORY`, then REVISION.\n:::\n"
CHAPTER = """\
---
file_format: mystnb
kernelspec: {display_name: Python 3, language: python, name: python3}
---

# Chapter

```{code-cell}
1 + 1
```
"""
NOTEBOOK = """\
{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Chapter"}],
 "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
 "nbformat": 4, "nbformat_minor": 5}
"""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ("", "")),
        ({"BOOK_REPOSITORY": "", "BOOK_REF": COMMIT}, ("", "")),
        ({"BOOK_REPOSITORY": ADDRESS}, (ADDRESS, "main")),
        ({"BOOK_REPOSITORY": f"{ADDRESS}.git/", "BOOK_REF": COMMIT}, (ADDRESS, COMMIT)),
    ],
)
def test_repository_comes_from_the_environment(environment, expected):
    """Address and revision are what the environment says, or not known."""
    assert reader.repository(environment) == expected


@pytest.mark.parametrize(
    "address", ["github.com/a/b", "https://example.org/a/b", "https://github.com/a"]
)
def test_odd_addresses_are_refused(address):
    """An address that the services cannot open stops the build and is named."""
    with pytest.raises(ConfigError, match=re.escape(address)):
        reader.repository({"BOOK_REPOSITORY": address})


def build(folder: Path, **environment: str) -> dict[str, str]:
    """Build a book of two pages with the settings of this one; return the pages."""
    files = {
        "_config.yml": (ROOT / "_config.yml").read_text(),
        "book/references.bib": "",
        "_toc.yml": "format: jb-book\nroot: book/front\nchapters: [{file: book/one.ipynb}]\n",
        "book/front.md": FRONT,
        "book/one.md": CHAPTER,
        "book/one.ipynb": NOTEBOOK,
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
    for name in ("book/_assets", "book/_templates", "tools"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BOOK_")}
    command = [Path(sys.executable).with_name("jupyter-book"), "build", folder, "-W"]
    run = subprocess.run(command, env=clean | environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    html = folder / "_build" / "html"
    assert (html / "_sources" / "book" / "one.md").read_text() == CHAPTER
    assert (html / "_sources" / "book" / "one.ipynb").read_text() == NOTEBOOK
    return {name: (html / "book" / f"{name}.html").read_text() for name in ("front", "one")}


def test_pages_link_to_where_they_run(tmp_path):
    """A build that is told the repository links to it; for one that is not see the small book."""
    pages = build(tmp_path, BOOK_REPOSITORY=ADDRESS, BOOK_REF=COMMIT)
    binder = f"https://mybinder.org/v2/gh/someone/companion/{COMMIT}"
    assert f'href="{binder}?urlpath=lab/tree/book/one.ipynb"' in pages["one"]
    colab = "https://colab.research.google.com/github/someone/companion/blob"
    assert f'href="{colab}/{COMMIT}/book/one.ipynb"' in pages["one"]
    assert reader.COLAB_TOOLTIP in pages["one"]
    assert f'href="{ADDRESS}"' in pages["front"]
    assert re.search(rf"git\s*(<[^>]*>\s*)*clone\s*(<[^>]*>\s*)*{ADDRESS}", pages["front"])
    assert f"then {COMMIT}" in pages["front"]
    # what the small book must not have is found here
    pattern = r"mybinder|colab|github\.com/|launch-buttons"
    assert {*re.findall(pattern, pages["one"])} == {*pattern.replace("\\", "").split("|")}


def test_pages_can_be_heard():
    """Corners of tables are no headers, and a bibliography claims no list; headers stay."""
    context = {
        "body": '<th></th><th class="a"></th><th>x</th><div role="list" class="citation-list">'
        '<div class="citation" id="b" role="doc-biblioentry"><div role="note">'
    }
    reader.mend(None, "", "", context, None)
    assert context["body"] == (
        '<td></td><td class="a"></td><th>x</th><div class="citation-list">'
        '<div class="citation" id="b"><div role="note">'
    )


def test_formulas_can_be_reached():
    """A displayed formula takes the focus, so that keys can scroll it."""
    context = {"body": '<div class="math notranslate">'}
    reader.mend(None, "", "", context, None)
    assert context["body"] == '<div tabindex="0" class="math notranslate">'


def test_binder_installs_the_lock_and_the_package():
    """Binder takes a tested Python, the lock, and the package as it lies in the repository."""
    version = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "book.yml").read_text())
    assert version in workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    included = [line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    assert [(BINDER / name).resolve() for name in included] == [ROOT / "requirements.txt"]
    script = (BINDER / "postBuild").read_text()
    assert "--editable ." in script
    assert os.access(BINDER / "postBuild", os.X_OK)
