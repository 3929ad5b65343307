"""Which cells a figure of the book needs, and how long they take.

``book/panels.csv`` says for every panel of the paper which figure shows it, and what stands behind
it. The seconds in it are measured here::

    python tools/panels.py            # all figures of the table
    python tools/panels.py heating    # those of some chapters

For each figure a new kernel imports what the chapter imports, and then runs the cells that the
figure needs and no others. The clock counts these cells, without the imports.
"""

from __future__ import annotations

import ast
import csv
import dis
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import CodeType

import nbformat
from commands import choose
from nbclient import NotebookClient

from tptools.files import whole

BOOK = Path(__file__).resolve().parent.parent / "book"
TABLE = BOOK / "panels.csv"
ROLE = re.compile(r"\{[a-z:]+\}`~?([^`]+)`|`([^`]+)`")


def targets(cell: str) -> list[str]:
    """Return what a cell of the table points to: the texts of its roles and of its code."""
    return [role or code for role, code in ROLE.findall(cell)]


def read_table(path: Path = TABLE) -> list[dict[str, str]]:
    """Read the table as one dictionary for each panel."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def write_table(rows: Sequence[dict[str, str]], path: Path = TABLE) -> None:
    """Write the table back."""
    with whole(path) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def code_cells(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def figures(nb: nbformat.NotebookNode) -> dict[str, int]:
    """Return the places of named figures among the code cells of a notebook."""
    names = (c.metadata.get("mystnb", {}).get("figure", {}).get("name") for c in code_cells(nb))
    return {name: place for place, name in enumerate(names) if name}


def names(source: str) -> tuple[set[str], set[str]]:
    """Return the names that a cell takes from before, and those that it sets or changes."""
    taken: set[str] = set()
    given: set[str] = set()

    def follow(code: CodeType) -> None:
        for step in dis.get_instructions(code):
            if step.opname in ("LOAD_NAME", "LOAD_GLOBAL") and step.argval not in given:
                taken.add(step.argval)
            elif step.opname == "STORE_NAME":
                given.add(step.argval)
            elif isinstance(step.argval, CodeType):
                follow(step.argval)

    follow(compile(source, "cell", "exec"))
    for node in ast.walk(ast.parse(source)):
        # an item or attribute that is set changes what its owner's name stands for
        if isinstance(getattr(node, "ctx", None), ast.Store) and not isinstance(node, ast.Name):
            owner = node
            while isinstance(owner, ast.Subscript | ast.Attribute):
                owner = owner.value
            given |= {owner.id} if isinstance(owner, ast.Name) else set()
    return taken, given


def needed(sources: Sequence[str], target: int) -> list[int]:
    """Return the places of the cells that `target` needs, itself included, in order."""
    wanted: set[str] = set()
    chosen = []
    for place in range(target, -1, -1):
        taken, given = names(sources[place])
        if place == target or given & wanted:
            wanted = (wanted - given) | taken
            chosen.append(place)
    return chosen[::-1]


def seconds(chapter: nbformat.NotebookNode, figure: str, folder: Path = BOOK) -> float:
    """Run what a figure needs in a new kernel; return the time without the imports."""
    cells = code_cells(chapter)
    chosen = needed([cell.source for cell in cells], figures(chapter)[figure])
    nb = nbformat.v4.new_notebook(cells=[cells[place].copy() for place in chosen])
    NotebookClient(nb, timeout=None, resources={"metadata": {"path": str(folder)}}).execute()
    stamps = [cell.metadata.execution for cell in nb.cells if cell.source != cells[0].source]
    spans = [
        datetime.fromisoformat(stamp["shell.execute_reply"])
        - datetime.fromisoformat(stamp["iopub.execute_input"])
        for stamp in stamps
    ]
    return sum(span.total_seconds() for span in spans)


def main() -> None:
    """Measure the figures of some chapters, or of all, and store what was found."""
    rows = read_table()
    pairs = {(targets(row["chapter"])[0], targets(row["figure"])[0]) for row in rows}
    chosen = choose(__doc__, "chapter", sorted({name for name, _ in pairs}))
    for name, figure in sorted(pairs):
        if name not in chosen:
            continue
        spent = seconds(nbformat.read(BOOK / f"{name}.ipynb", as_version=4), figure)
        print(f"{spent:7.1f} s  {name}: {figure}", flush=True)
        for row in rows:
            if targets(row["figure"]) == [figure]:
                row["seconds"] = f"{spent:.1f}"
        write_table(rows)


if __name__ == "__main__":
    main()
