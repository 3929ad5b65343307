"""Run chapters and store their text outputs: book/NAME.md -> book/NAME.ipynb.

The text file is what people edit, so it is what runs, side by side with others and into the cache
from which the book is built. The notebook keeps the text outputs, which ``make test`` compares with
fresh ones; pictures live in the built book only.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import chapters
import jupytext
import nbformat
from commands import choose
from lock import alone

from tptools.files import whole

ROOT = Path(__file__).resolve().parent.parent
FORMAT = "md:myst"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
PICTURE = re.compile(r"<(img|svg|video|canvas)\b|data:(image|video)/|jsAnimation", re.IGNORECASE)


def names(root: Path = ROOT) -> list[str]:
    """Names of the text files of the book that are chapters: their header names a kernel."""
    pages = {path.stem: read(path) for path in root.glob("book/*.md")}
    return sorted(name for name, page in pages.items() if "kernelspec" in page.metadata)


def read(path: Path) -> nbformat.NotebookNode:
    """Read a text file, with or without the mark of the byte order that some editors put first."""
    return jupytext.reads(path.read_text(encoding="utf-8-sig"), fmt=FORMAT)


def is_text(mime: str, content: object) -> bool:
    """Tell whether one form of an output is text without a picture inside."""
    return "text/" in mime and not PICTURE.search(str(content))


def strip(nb: nbformat.NotebookNode) -> None:
    """Leave in `nb` what is the same on every run: sources, tags, text outputs, counts."""
    nb.metadata = {"kernelspec": KERNELSPEC}
    seen: dict[str, int] = {}
    for cell in nb.cells:
        # The id follows from the source, so that a new cell does not rename its neighbours.
        key = hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[key] = seen.get(key, 0) + 1
        cell.id = f"{key}-{seen[key]}"
        cell.metadata = {k: v for k, v in cell.metadata.items() if k in ("tags", "mystnb")}
        for output in cell.get("outputs", ()):
            if "data" in output:
                output.data = {k: v for k, v in output.data.items() if is_text(k, v)}
                output.metadata = {k: v for k, v in output.metadata.items() if k == "scrapbook"}


def execute(wanted: list[str], root: Path = ROOT) -> int:
    """Run chapters from their text files and write both files of each pair; return 0 if all ran.

    A chapter that the cache has as it would come out now does not run again. Until all have run,
    also if that is interrupted, a notebook keeps the outputs of all cells that are not edited.

    Raises
    ------
    ValueError
        If one is a page of text: nothing in it runs.
    """
    before = {}
    for notebook in [root / "book" / f"{name}.ipynb" for name in wanted]:
        before[notebook] = notebook.read_bytes() if notebook.exists() else b""
        chapter = prepare(notebook.with_suffix(".md"))
        keep_outputs(chapter, notebook)
        write(chapter, notebook)
    status = chapters.run(root, [path for path in before if not chapters.kept(root, path)])
    for notebook, content in before.items():
        if nb := chapters.kept(root, notebook):
            strip(nb)
            write(nb, notebook)
            write(nb, notebook.with_suffix(".md"))
        elif content:
            notebook.write_bytes(content)
    return status


def write(nb: nbformat.NotebookNode, path: Path) -> None:
    """Write a chapter as text or as a notebook, whole or not at all."""
    with whole(path) as beside, beside.open("w", encoding="utf-8") as file:
        if path.suffix == ".md":
            jupytext.write(nb, file, fmt=FORMAT)
        else:
            nbformat.write(nb, file)


def prepare(text: Path) -> nbformat.NotebookNode:
    """Read a chapter, to be run; a page of text is refused."""
    nb = read(text)
    if "kernelspec" not in nb.metadata:
        raise ValueError(f"{text} is a page of text, whose header names no kernel; leave it out")
    strip(nb)
    return nb


def keep_outputs(nb: nbformat.NotebookNode, stored: Path) -> None:
    """Take over what the same cells gave in a stored notebook, if there is one."""
    if not stored.exists():
        return
    known = {cell.id: cell for cell in nbformat.read(stored, as_version=4).cells}
    for cell in nb.cells:
        if cell.cell_type == "code" and cell.id in known:
            cell.outputs = known[cell.id].outputs
            cell.execution_count = known[cell.id].execution_count


def main() -> None:
    """Run the chapters named on the command line, or all."""
    wanted = choose(__doc__, "chapter", names())
    with alone(ROOT):
        sys.exit(execute(wanted))


if __name__ == "__main__":
    main()
