"""Run a copy of a chapter with parameters of one's own, and make a page of it that says so.

A chapter that can be tried opens with one code cell tagged ``parameters``, which holds nothing but
plain values. A copy of the chapter with other values runs under ``_build/try``; the book, its
notebooks and its cache are left alone.
"""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import execute
import nbformat
import yaml
from jupyter_book.sphinx import build_sphinx
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from sphinx.util.console import nocolor

ROOT = Path(__file__).resolve().parent.parent
TAG = "parameters"
LONGEST_CELL_S = 1800
OF_ANOTHER_CHAPTER = re.compile(r"\{glue:text\}`(\w+)\.ipynb::([^:`]+)(?::([^`]*))?`")
A_PAGE = re.compile(r"\{doc\}`([\w/]+)`")
TOC = "format: jb-book\nroot: book/{name}.ipynb\nchapters:\n- file: book/references\n"
REFERENCES = "# References\n\n```{bibliography}\n```\n"
STAMP = """

:::{{admonition}} A trial, and not the book
:class: warning

Changed on this page: {changes}.

All that is computed here follows these values, and so do the numbers in the text. The words do not:
they were written for the book's own values. What is read from files, and the verdicts of the
ledger, are those of the book, unless the chapter says otherwise.
:::
"""


def parameters(nb: NotebookNode) -> dict[str, Any]:
    """Names and values of a chapter's parameters, none if it has no such cell."""
    found = {}
    for cell in nb.cells:
        if TAG in cell.metadata.get("tags", ()):
            for line in ast.parse(cell.source).body:
                match line:
                    case ast.Assign([ast.Name(name)], value):
                        found[name] = ast.literal_eval(value)
    return found


def trials(root: Path = ROOT) -> dict[str, NotebookNode]:
    """Chapters with parameters, by name."""
    texts = sorted((root / "book").glob("*.md"))
    tagged = [path for path in texts if f"[{TAG}]" in path.read_text(encoding="utf-8-sig")]
    pages = {path.stem: execute.prepare(path) for path in tagged}
    return {name: nb for name, nb in pages.items() if parameters(nb)}


def parse(given: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Read settings of the form NAME=VALUE.

    Raises
    ------
    ValueError
        If a name is unknown, or a value is of another kind than the one it replaces.
    """
    found = {}
    for one in given:
        name, sign, text = one.partition("=")
        if not sign or name not in known:
            there = ", ".join(f"{key}={value!r}" for key, value in known.items())
            raise ValueError(f"no parameter is set by {one!r}; there are: {there}")
        found[name] = _value(name, text, known[name])
    return found


def _value(name: str, text: str, default: object) -> object:
    """What a text stands for, of the kind of the value that it replaces."""
    try:
        value: object = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = text
    if isinstance(default, str):
        return value if isinstance(value, str) else text
    wanted: tuple[type, ...] = (int,) if isinstance(default, int) else (int, float)
    if value is None and default is None:
        return None
    if not isinstance(value, wanted) or isinstance(value, bool):
        kind = "an integer" if wanted == (int,) else "a number"
        raise ValueError(f"{name}={text} must be {kind}; in the book it is {default!r}")
    return value


def changed(nb: NotebookNode, settings: Mapping[str, Any]) -> NotebookNode:
    """The chapter with other parameters, and a stamp under its title that names them."""
    before = parameters(nb)
    (cell,) = [one for one in nb.cells if TAG in one.metadata.get("tags", ())]
    lines = [f"{name} = {value!r}  # changed" for name, value in settings.items()]
    cell.source = "\n".join([cell.source, "", *lines])
    title, _, rest = nb.cells[0].source.partition("\n")
    own = {name: "not set" if before[name] is None else f"`{before[name]!r}`" for name in settings}
    listed = [f"`{name} = {value!r}` (in the book {own[name]})" for name, value in settings.items()]
    nb.cells[0].source = title + STAMP.format(changes=", ".join(listed)) + rest
    return nb


def run(nb: NotebookNode, folder: Path) -> None:
    """Run a chapter in a folder, in place."""
    resources = {"metadata": {"path": str(folder)}}
    quietly = ["--log-level=ERROR"]  # without a word on how the kernel is connected
    client = NotebookClient(
        nb, timeout=LONGEST_CELL_S, resources=resources, extra_arguments=quietly
    )
    client.execute()


def quote(nb: NotebookNode, book: Path) -> None:
    """Put the book's own numbers where the text quotes another chapter, and titles for links."""

    def number(found: re.Match[str]) -> str:
        name, key, spec = found.groups()
        return format(_glued(book / f"{name}.ipynb").get(key, "?"), spec or "")

    def title(found: re.Match[str]) -> str:
        text = (book / f"{found[1]}.md").read_text(encoding="utf-8-sig")
        return f"*{re.findall('^# (.*)', text, re.MULTILINE)[0]}*"

    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = A_PAGE.sub(title, OF_ANOTHER_CHAPTER.sub(number, cell.source))


def _glued(path: Path) -> dict[str, Any]:
    """What a stored chapter makes available to text."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", ()):
            if book := output.get("metadata", {}).get("scrapbook"):
                (text,) = (one for mime, one in output.data.items() if mime.endswith("text/plain"))
                found[book["name"]] = ast.literal_eval(text)
    return found


def write_page(nb: NotebookNode, name: str, folder: Path, root: Path) -> Path:
    """Write the page of a chapter that has run, alone, as the book would show it."""
    (folder / "book").mkdir(parents=True)
    for part in ("_assets", "_templates"):
        shutil.copytree(root / "book" / part, folder / "book" / part)
    shutil.copy(root / "book" / "references.bib", folder / "book")
    (folder / "book" / "references.md").write_text(REFERENCES, encoding="utf-8")
    (folder / "_toc.yml").write_text(TOC.format(name=name), encoding="utf-8")
    execute.write(nb, folder / "book" / f"{name}.ipynb")
    config = root / "_config.yml"
    settings = yaml.safe_load(config.read_text(encoding="utf-8"))["sphinx"]["config"]
    # the ledger's links lead to pages that are not here
    extensions = [one for one in settings["extensions"] if one not in ("ledger", "slim")]
    own: dict[str, Any] = {"nb_execution_mode": "off", "latex_individualpages": False}
    own |= {"external_toc_path": str(folder / "_toc.yml"), "extensions": extensions}
    nocolor()
    html = folder / "html"
    build_sphinx(
        folder, html, noconfig=True, path_config=config, confoverrides=own, really_quiet=True
    )
    return html / "book" / f"{name}.html"


def attempt(name: str, settings: Mapping[str, Any], nb: NotebookNode, root: Path = ROOT) -> Path:
    """Run a copy of a chapter with other parameters; return its page."""
    folder = root / "_build" / "try" / name
    shutil.rmtree(folder, ignore_errors=True)
    changed(nb, settings)
    run(nb, root / "book")
    quote(nb, root / "book")
    return write_page(nb, name, folder, root)


def main(arguments: Sequence[str] | None = None) -> None:
    """Try the chapter named on the command line, or list what can be tried."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("chapter", nargs="?", default="", help="which; none lists them")
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="none lists them")
    options = parser.parse_args(arguments)
    known = trials()
    if not options.chapter:
        print(*known, sep="\n")
        return
    if options.chapter not in known:
        there = ", ".join(known)
        parser.exit(2, f"no chapter to try is named {options.chapter!r}; there are: {there}\n")
    nb = known[options.chapter]
    if not options.settings:
        print(*(f"{name}={value!r}" for name, value in parameters(nb).items()), sep="\n")
        return
    try:
        settings = parse(options.settings, parameters(nb))
    except ValueError as error:
        parser.exit(2, f"{error}\n")
    try:
        page = attempt(options.chapter, settings, nb)
    except CellExecutionError as error:
        parser.exit(1, f"{options.chapter} stopped: {error.ename}: {error.evalue}\n")
    print(f"tried with {', '.join(options.settings)}: {page}")


if __name__ == "__main__":
    main(sys.argv[1:])
