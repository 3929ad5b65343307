"""Run chapters and store their text outputs: book/NAME.md -> book/NAME.ipynb.

The text file is what people edit, so it is what runs. The notebook keeps the text outputs, which
``make test`` compares with fresh ones; pictures live in the built book only.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import jupytext
import nbformat
from commands import choose
from lock import alone
from nbclient import NotebookClient

BOOK = Path(__file__).resolve().parent.parent / "book"
FORMAT = "md:myst"
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
PICTURE = re.compile(r"<(img|svg|video|canvas)\b|data:(image|video)/|jsAnimation", re.IGNORECASE)


def chapters(folder: Path = BOOK) -> list[str]:
    """Names of the text files in `folder` that are chapters: their header names a kernel."""
    pages = {path.stem: read(path) for path in folder.glob("*.md")}
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


def execute(name: str, folder: Path = BOOK) -> None:
    """Run the chapter `name` of `folder` from its text file and write both files of the pair.

    Raises
    ------
    ValueError
        If it is a page of text: nothing in it runs.
    """
    text, notebook = folder / f"{name}.md", folder / f"{name}.ipynb"
    nb = read(text)
    if "kernelspec" not in nb.metadata:
        raise ValueError(f"{text} is a page of text, whose header names no kernel; leave it out")
    nb.metadata.kernelspec = KERNELSPEC
    client = NotebookClient(
        nb,
        timeout=None,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    strip(nb)
    nbformat.write(nb, notebook)
    jupytext.write(nb, text, fmt=FORMAT)


def main() -> None:
    """Run the chapters named on the command line, or all."""
    for name in choose(__doc__, "chapter", chapters()):
        print(f"running book/{name}.md", flush=True)
        with alone(BOOK.parent):
            execute(name)


if __name__ == "__main__":
    main()
