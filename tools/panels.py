"""Which figure of the book shows a panel of the paper, and which cells that figure needs.

``book/panels.csv`` says for every panel of the paper which figure shows it, and what stands behind
it; the tests hold it against what the chapters do.
"""

from __future__ import annotations

import ast
import csv
import dis
import re
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

import nbformat

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
