"""Where the detector stood: from the names of files, a table, or a step."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.records import as_columns

IN_NAME = re.compile(
    r"(?<![\d.,])(?<!\dp)([+-]?\d+(?:[.,]\d+)?) ?_?(pm|nm|um|µm|μm|mm)(?![A-Za-z])"
)
INTEGER = re.compile(r"\d+")
PER_NM = {"pm": 1e3, "nm": 1.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "mm": 1e-6}
REMEDY = (
    "give position_nm (one number per file, or a table of names and positions), pattern with "
    "step_nm, or step_nm for files that are numbered"
)


def natural(path: Path) -> list[Any]:
    """Key that sorts scan_2 before scan_10.

    Examples
    --------
    >>> sorted(map(Path, ["scan_10", "scan_2"]), key=natural)[0].name
    'scan_2'
    """
    parts = re.split(r"(\d+)", path.name)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)]


def positions_of(
    paths: Sequence[Path], position_nm: Any, pattern: str | None, step_nm: float | None
) -> FloatArray:
    """Position of every file in nm; ValueError where nothing says it.

    Examples
    --------
    >>> names = map(Path, ["405nm_-50nm.ptu", "405nm_0nm.ptu", "405nm_+50nm.ptu"])
    >>> positions_of([*names], None, None, None)
    array([-50.,   0.,  50.])
    """
    if position_nm is not None:
        return _given(paths, position_nm)
    if pattern is not None:
        return _by_pattern(paths, pattern, step_nm)
    if step_nm is None:
        return _by_units(paths)
    step_nm = check_number("step_nm", step_nm, above=0)
    columns = _varying([INTEGER.findall(one.stem) for one in paths])
    if len(columns) != 1:
        raise ValueError(
            f"step_nm = {step_nm!r} needs names that hold one number that differs, as scan_01 and "
            f"scan_02 do, and those of {paths[0].name} hold {len(columns)}; {REMEDY}"
        )
    return step_nm * np.array([float(one) for one in columns[0]])


def _varying(found: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """What differs between files, of what their names have at the same place."""
    if len({len(one) for one in found}) != 1:
        return []
    return [[*column] for column in zip(*found, strict=True) if len({*column}) > 1]


def _by_units(paths: Sequence[Path]) -> FloatArray:
    """Positions from names such as ``x_-150nm``, of which only one number with a unit differs."""
    columns = _varying([IN_NAME.findall(one.stem) for one in paths])
    if len(columns) != 1:
        raise ValueError(
            f"position_nm is not given, and the names ({paths[0].name}, ...) hold {len(columns)} "
            f"numbers with a unit that differ and must hold one; {REMEDY}"
        )
    return np.array([float(n.replace(",", ".")) / PER_NM[unit] for n, unit in columns[0]])


def _by_pattern(paths: Sequence[Path], pattern: str, step_nm: float | None) -> FloatArray:
    """Positions from the first group of a pattern, in steps."""
    if step_nm is None:
        raise ValueError(
            f"pattern = {pattern!r} finds a number without its unit; give step_nm, the nm that it "
            "counts (1 for nm)"
        )
    step_nm = check_number("step_nm", step_nm)
    try:
        found = [re.search(pattern, one.name) for one in paths]
        numbers = [float(one[1].replace(",", ".")) for one in found if one]
    except (TypeError, ValueError, IndexError, AttributeError, re.error) as error:
        raise ValueError(
            f"pattern = {pattern!r} must be a regular expression with the number as its first "
            f"group ({error}), such as r'pos_(-?[0-9]+)'"
        ) from None
    if len(numbers) < len(paths):
        lost = next(path.name for path, one in zip(paths, found, strict=True) if not one)
        raise ValueError(f"pattern = {pattern!r} finds nothing in {lost}; mend it")
    return step_nm * np.array(numbers)


def _given(paths: Sequence[Path], position_nm: Any) -> FloatArray:
    """Positions in the order of the files, or by their names."""
    if isinstance(position_nm, str | os.PathLike | pd.DataFrame):
        position_nm = _table(position_nm)
    if isinstance(position_nm, Mapping):
        by_name = {Path(str(name)).name: at for name, at in position_nm.items()}
        stems = {Path(name).stem: at for name, at in by_name.items()}
        lacking = [one.name for one in paths if one.name not in by_name and one.stem not in stems]
        if lacking:
            raise ValueError(f"position_nm has no position of {lacking[0]}; add it to the table")
        position_nm = [by_name.get(one.name, stems.get(one.stem)) for one in paths]
    (at,) = as_columns(1, position_nm=position_nm)
    if at.size != len(paths):
        raise ValueError(
            f"position_nm has {at.size} positions and must have one for each of {len(paths)} files"
        )
    return at


def _table(given: Any) -> dict[str, float]:
    """Positions by name of a table with a column of names and one called position and its unit."""
    table = given
    if not isinstance(given, pd.DataFrame):
        try:
            table = pd.read_csv(given, sep=None, engine="python")
        except (ValueError, csv.Error) as error:
            raise ValueError(f"position_nm = {given!r} is no table: {error}; save a CSV") from None
    named = {str(one).strip(): one for one in table.columns}
    units = {one.rpartition("_")[2]: one for one in named if one.startswith("position_")}
    unit = next((one for one in units if one in PER_NM), None)
    texts = [one for one in table.columns if not pd.api.types.is_numeric_dtype(table[one])]
    if unit is None or not texts:
        raise ValueError(
            f"position_nm has columns {[*named]} and must have one of file names and one called "
            "position_nm or position_um"
        )
    values = table[named[units[unit]]]
    return {
        str(name): float(at) / PER_NM[unit]
        for name, at in zip(table[texts[0]], values, strict=True)
    }
