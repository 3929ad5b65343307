"""The built book is never stale, never hides a fault, and needs no network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import build_book
import nbformat
import pytest
from lock import alone
from small_book import GLUE, TOC, chapter, plant, python


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
def test_foreign_loads_are_found(html, loads):
    """What a browser would fetch from another host is found; a link to click is no load."""
    assert build_book.foreign_loads(html) == loads


def build(tree: Path) -> str | None:
    """Build `tree` as `make book` does; return what it says, or None if it fails."""
    run = python(tree, "tools/build_book.py")
    return None if run.returncode else run.stdout + run.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small book that has been built."""
    tree = plant(tmp_path_factory.mktemp("small") / "book")
    said = build(tree)
    assert "chapter 1 of 1: chapter, " in said
    assert "\x1b" not in said
    return tree


@pytest.fixture
def tree(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the built book."""
    return shutil.copytree(built, tmp_path / "book")


def shown(tree: Path) -> str:
    """Return the number of the chapter that another page shows."""
    html = (tree / "_build" / "html" / "book" / "summary.html").read_text()
    return re.search(r"The value is (?:<[^>]+>)*(\d+)", html).group(1)


def test_pages_need_no_network(built):
    """Mathematics and styles come with the book."""
    html = (built / "_build" / "html" / "book" / "front.html").read_text()
    assert "mathjax/startup.js" in html
    assert "companion.css" in html
    mathjax = built / "_build" / "html" / "_static" / "mathjax"
    for part in ("startup", "core", "input/tex", "output/chtml", "output/chtml/fonts/tex"):
        assert (mathjax / f"{part}.js").is_file()


FAULTS = {"stderr was found": "chapter.ipynb", "undefined label": "front.md"}


def test_faults_fail_every_time_and_mended_pages_follow(tree):
    """A warning of a cell, also when it does not run again, or of a page fails each build alone.

    Mended pages show the number of the changed package, without a page that has left the book, and
    only chapters run that would come out otherwise.
    """
    book, numbers = tree / "book", tree / "tptools" / "numbers.py"
    sound = {name: (book / name).read_text() for name in FAULTS.values()}
    numbers.write_text(numbers.read_text().replace("41", "42"))
    (book / "front.md").write_text(f"{sound['front.md']}\n{{ref}}`nowhere`\n")
    warning = 'import sys; print("careful", file=sys.stderr)'
    nbformat.write(chapter(GLUE, warning), book / "chapter.ipynb")
    assert found(tree) == (1, {"stderr was found", "undefined label"})
    faulty = (book / "front.md").read_text()
    (book / "front.md").write_text(sound["front.md"])
    assert found(tree) == (0, {"stderr was found"})
    (book / "front.md").write_text(faulty)
    (book / "chapter.ipynb").write_text(sound["chapter.ipynb"])
    assert found(tree) == (1, {"undefined label"})

    without_front = TOC.replace("- file: book/summary\n", "").replace("book/front", "book/summary")
    (tree / "_toc.yml").write_text(without_front)
    (book / "front.md").unlink()
    assert "chapter 1 of 1" not in build(tree)
    assert shown(tree) == "42"
    assert not (tree / "_build" / "html" / "book" / "front.html").exists()


def test_pages_without_an_address_have_nothing_of_it(built):
    """Where no repository is known, no page links to one, or to where chapters run."""
    for name in ("front", "chapter", "summary"):
        html = (built / "_build" / "html" / "book" / f"{name}.html").read_text()
        assert not re.search(r"mybinder|colab|github\.com/|launch-buttons|Get it", html)


def found(tree: Path) -> tuple[int, set[str]]:
    """Build `tree`, which fails; count the chapters that run, and name what is found at fault."""
    failed = python(tree, "tools/build_book.py")
    assert failed.returncode != 0
    lines = failed.stderr.splitlines()
    faults = {one for one, name in FAULTS.items() for line in lines if one in line and name in line}
    assert len(faults) == len([line for line in lines if "WARNING" in line or "ERROR" in line])
    return failed.stdout.count("chapter 1 of 1: "), faults


@pytest.mark.parametrize(
    ("chapters_end", "pages_end", "script", "end"),
    [(0, 0, "x.js", 0), (0, 0, "https://a.org/x.js", 1), (0, 2, "x.js", 2), (3, 0, "x.js", 3)],
)
def test_no_fault_is_passed_over(tmp_path, monkeypatch, chapters_end, pages_end, script, end):
    """A chapter that fails, a warning and a foreign script each fail the build."""
    page = tmp_path / "_build" / "html" / "page.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<script src="{script}"></script>')
    monkeypatch.setattr(build_book.chapters, "stale", lambda root: [])
    monkeypatch.setattr(build_book.chapters, "run", lambda root, paths: chapters_end)
    monkeypatch.setattr(build_book, "write_pages", lambda root, html: pages_end)
    assert build_book.build(tmp_path) == end


def start(tree: Path) -> subprocess.Popen[str]:
    """Start a build beside this process."""
    env = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "tools/build_book.py"]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=tree, env=env, stdout=pipe, stderr=pipe, text=True)


def test_killed_build_and_two_at_once(tree):
    """A build waits for its turn, and touches nothing before.

    After a kill while a chapter runs, two that start together run it once, and show it.
    """
    there = tree / "running"
    slowly = f"import time\nfrom pathlib import Path\nPath({str(there)!r}).touch()\ntime.sleep(0.5)"
    code = [slowly, GLUE.replace("VALUE)", "VALUE + 1)")]
    nbformat.write(chapter(*code), tree / "book" / "chapter.ipynb")
    with alone(tree):
        killed = start(tree)
        assert killed.stderr.readline() == f"waiting for process {os.getpid()} in {tree}\n"
        assert shown(tree) == "41"
    with killed:
        while not there.exists():
            assert killed.poll() is None
            time.sleep(0.01)
        killed.kill()
    with start(tree) as one, start(tree) as other:
        said = [build.communicate(timeout=300) for build in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert sum("waiting for process" in err for _, err in said) == 1
    assert sum("chapter 1 of 1" in out for out, _ in said) <= 1  # none if the orphan finished it
    assert shown(tree) == "42"
