"""The table in a text, and what stands above it, whatever separates its fields."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from tptools.arrays import FloatArray
from tptools.io.reading import unreadable


def split_text(path: Path) -> tuple[list[str], list[str] | None, FloatArray]:
    """Header, labels of the columns and numbers: the longest run of rows of equal length."""
    lines = [line.strip() for line in _decoded(path).splitlines()]
    filled = [line for line in lines if line]
    rows = [_numbers(line) for line in filled]
    ends = [i for i in range(1, len(rows)) if len(rows[i]) != len(rows[i - 1])]
    runs = [range(*one) for one in pairwise([0, *ends, len(rows)]) if any(rows[slice(*one)])]
    best = max(runs, key=len, default=range(0))
    if len(best) < 2:
        raise unreadable(
            path, "it holds no table of numbers", "export counts as columns of numbers"
        )
    _check_alone(path, rows, runs, best)
    table = np.array([rows[i] for i in best])
    header = filled[: best.start]
    if not np.isfinite(table).all():
        raise unreadable(path, "its table has gaps", "leave no field empty")
    return header, _labels(header, table.shape[1]), table


def _check_alone(path: Path, rows: list[list[float]], runs: list[range], best: range) -> None:
    """Raise ValueError where other rows of numbers may belong to a table, or are a second one."""
    n = len(rows[best.start])
    for run in runs:
        other = len(rows[run.start])
        if (run.stop == best.start or run.start == best.stop) and 2 * other >= n:
            reason = f"a row beside its table has {other} numbers, and those of it {n}"
            raise unreadable(path, reason, "give all rows as many")
        if run != best and len(run) > max(len(best) // 2, 2):
            raise unreadable(path, "it holds several tables", "save each in a file of its own")


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if b"\0" in data[:4096] and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        raise unreadable(path, "it is no text", "give it the ending of its format")
    encodings = ("utf-16",) if b"\0" in data[:4096] else ("utf-8-sig", "cp1252", "latin-1")
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise unreadable(path, "its characters are unknown", "save it as UTF-8")


def _fields(line: str) -> list[str]:
    """Fields between tabs, semicolons, commas or spaces, whichever comes first in this order."""
    separator = next((one for one in ("\t", ";") if one in line), None)
    if separator is None and "," in line and not re.fullmatch(r"\S+,\d+(\s+\S+,\d+)+", line):
        separator = ","
    fields = [one.strip().strip("\"'") for one in line.split(separator)]
    return fields[:-1] if fields and not fields[-1] else fields


def _numbers(line: str) -> list[float]:
    """Numbers of a row, with points or commas; empty if it has anything else."""
    fields = _fields(line)
    if not any("." in one for one in fields):
        fields = [one.replace(",", ".") for one in fields]
    try:
        return [float(one) if one else np.nan for one in fields]
    except ValueError:
        return []


def _labels(header: list[str], n: int) -> list[str] | None:
    """Labels of the columns: the last line of the header that has as many, not all numbers."""
    for line in reversed(header):
        fields = [re.sub(r"(?<=\d),(?=\d)", ".", one) for one in _fields(line.lstrip("#% "))]
        if len(fields) == n and not _numbers(line):
            return fields
    return None
