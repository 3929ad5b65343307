"""Tables of counts, as text with any header: what stands over the columns says axes and units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.io.reading import Reading, Told, bins, labelled, unreadable, whole_numbers
from tptools.io.text import split_text

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
LENGTHS, TIMES = (
    ("pm", "nm", "um", "µm", "μm", "mm"),
    ("fs", "ps", "ns", "us", "µs", "μs", "ms", "s"),
)
UNIT = rf"(?P<unit>{'|'.join((*LENGTHS, *TIMES))})"
AXIS = re.compile(
    r"(?i:^\W*(?P<kind>time|delay|t|position|pos|x|distance)\b|^(?P<stem>time|delay|position|x)_)"
)
IN_UNIT = re.compile(rf"(?:[\s_/(\[]|^){UNIT}(?:[\s)\]]|$)")
PLACE = re.compile(rf"(?P<value>{NUMBER})\s*_?{UNIT}\b")
BIN_WIDTH = re.compile(
    rf"(?i:bin\s*width|bin\s*size|channel\s*width|time\s*per\s*(?:bin|channel)|resolution|"
    rf"time\s*calibration)\D*?(?P<value>{NUMBER})\s*(?P<unit>fs|ps|ns|us|[µμ]s|ms|s)\b"
)
PER_CHANNEL = re.compile(
    rf"\b(?P<unit>ps|ns)\s*/\s*(?:channel|bin|ch)\b\W*(?P<value>{NUMBER})?", re.I
)
RATE = re.compile(
    rf"(?i:rep\w*\s*rate|sync\s*rate|laser\s*frequency)\D*?(?P<value>{NUMBER})\s*(?P<unit>[MmKk]?Hz)"
)
PER_NS = {
    "fs": 1e6,
    "ps": 1e3,
    "ns": 1.0,
    "us": 1e-3,
    "µs": 1e-3,
    "μs": 1e-3,
    "ms": 1e-6,
    "s": 1e-9,
}
HZ = {"hz": 1.0, "khz": 1e3, "mhz": 1e6}


class Axis(NamedTuple):
    """What a column, or the row over the columns, holds: "time" or "position", and its unit."""

    kind: str
    unit: str

    @property
    def name(self) -> str:
        """The dimension that `tptools.records` understands."""
        return f"{self.kind}_{self.unit}"


def read_table(path: Path, told: Told) -> Reading:
    """A text file of numbers: curves in columns, or a map with one axis in its first column.

    The first column is an axis if its header names time or position with a unit, or `first_column`
    says so. The other axis is in the headers of the other columns ("-150 nm"), in their numbers if
    `first_row` says what these are, or the width of the bins.
    """
    header, labels, table = split_text(path)
    bin_ns = told.bin_ns or bin_width_ns(header)
    given, first_row = (
        axis_told("first_column", told.first_column),
        axis_told("first_row", told.first_row),
    )
    if first_row and labels is None:
        labels, table = [f"{one:.17g}" for one in table[0]], table[1:]
    first = given or (axis_of(labels[0]) if labels else None)
    second = axis_of(labels[1]) if labels and len(labels) == 3 else None
    if first and second and {first.kind, second.kind} == {"time", "position"}:
        counts = _long_form(path, table, first, second)
    elif first is None:
        counts = _curves(path, table, bin_ns, labels)
    else:
        counts = _map(path, table, first, first_row, labels, bin_ns)
    if not (counts > 0).any():
        raise unreadable(path, "it has no counts")
    return Reading(counts, "tptools.io", period_told(header), {})


def axis_of(label: str) -> Axis | None:
    """What the header of a column says that it holds; none if it names no axis and unit.

    Examples
    --------
    >>> axis_of("Time [ps]"), axis_of("position_um"), axis_of("counts"), axis_of("x / nm").name
    (Axis(kind='time', unit='ps'), Axis(kind='position', unit='um'), None, 'position_nm')
    """
    kind, unit = AXIS.search(label.strip()), IN_UNIT.search(label.strip())
    if not kind or not unit:
        return None
    word = (kind["kind"] or kind["stem"]).lower()
    is_time = word in ("time", "delay", "t")
    if (unit["unit"] in TIMES) != is_time:
        return None
    return Axis("time" if is_time else "position", unit["unit"])


def axis_told(name: str, text: str | None) -> Axis | None:
    """The axis that a caller names as "time_ps" or "position_um".

    Examples
    --------
    >>> axis_told("first_column", "position")
    Traceback (most recent call last):
    ValueError: first_column = 'position' must name an axis and its unit, such as 'time_ps' or \
'position_um'
    """
    if text is None:
        return None
    axis = axis_of(text) if isinstance(text, str) else None
    if axis is None:
        raise ValueError(
            f"{name} = {text!r} must name an axis and its unit, such as 'time_ps' or 'position_um'"
        )
    return axis


def bin_width_ns(header: Sequence[str]) -> float | None:
    """Width of the time bins that the header of a table says, with its unit.

    Examples
    --------
    >>> bin_width_ns(["Bin width: 32 ps"]), bin_width_ns(["#ns/channel", "0.004 0.004"])
    (0.032, 0.004)
    """
    text = "\n".join(header)
    for pattern in (BIN_WIDTH, PER_CHANNEL):
        found = pattern.search(text)
        if found and found["value"] and float(found["value"]) > 0:
            return float(found["value"]) / PER_NS[found["unit"].lower()]
    return None


def period_told(header: Sequence[str]) -> float | None:
    """Period of the laser from the repetition rate in the header of a table.

    Examples
    --------
    >>> period_told(["Repetition rate (MHz): 2.5 MHz"])
    400.0
    """
    found = RATE.search("\n".join(header))
    rate_Hz = float(found["value"]) * HZ[found["unit"].lower()] if found else 0.0
    return 1e9 / rate_Hz if rate_Hz > 0 else None


def _curves(path: Path, table: FloatArray, bin_ns: float | None, labels: Any) -> xr.DataArray:
    """Columns of counts in bins of a known width, each a channel; bare numbers of bins left out."""
    numbers = table[:, 0]
    counted = table.shape[1] > 1 and (np.diff(numbers) == 1).all() and numbers[0] in (0, 1)
    if bin_ns is None:
        what = f" (its columns are {', '.join(labels)})" if labels else ""
        raise unreadable(
            path,
            f"it does not say what its columns are{what}",
            "give bin_ns for curves of counts, or first_column, such as 'time_ps' or 'position_um'",
        )
    counts = table[:, 1:] if counted else table
    _check_counts(path, counts)
    return bins(whole_numbers(counts.T), bin_ns)


def _check_counts(path: Path, counts: FloatArray) -> None:
    if (counts < 0).any():
        raise unreadable(path, "it has negative counts", "export counts as recorded")


def _map(
    path: Path,
    table: FloatArray,
    first: Axis,
    first_row: Axis | None,
    labels: list[str] | None,
    bin_ns: float | None,
) -> xr.DataArray:
    """Counts with one axis in the first column."""
    at, counts = table[:, 0], table[:, 1:]
    second = _columns(path, first, first_row, labels)
    if second is not None:
        axis, values = second
        given = xr.DataArray(counts, {first.name: at, axis.name: values}, (first.name, axis.name))
        order = ("time_ns", "position_nm")
        record = labelled(path, given, *order).transpose(*reversed(order))
        return record.expand_dims(channel=[0])
    if first.kind == "time":
        given = xr.DataArray(
            counts.T,
            {"channel": np.arange(counts.shape[1]), first.name: at},
            ("channel", first.name),
        )
        return labelled(path, given, "time_ns")
    if bin_ns is None:
        raise unreadable(
            path, "it does not say the times of its columns", "give bin_ns or first_row='time_ns'"
        )
    time = (np.arange(counts.shape[1]) + 0.5) * bin_ns
    given = xr.DataArray(counts, {first.name: at, "time_ns": time}, (first.name, "time_ns"))
    return labelled(path, given, "time_ns", "position_nm").expand_dims(channel=[0])


def _columns(
    path: Path, first: Axis, first_row: Axis | None, labels: list[str] | None
) -> tuple[Axis, FloatArray] | None:
    """The other axis, from the labels of the columns after the first; none if they have none."""
    if not labels or len(labels) < 3:
        return None
    if first_row is not None:
        numbers = [re.search(NUMBER, one) for one in labels[1:]]
        if first_row.kind == first.kind or not all(numbers):
            raise unreadable(path, f"its first row holds no {first_row.name}", "mend first_row")
        return first_row, np.array([float(one[0]) for one in numbers if one])
    found = [PLACE.search(one) for one in labels[1:]]
    units = {one["unit"] for one in found if one}
    kinds = {"position" if unit in LENGTHS else "time" for unit in units}
    if not all(found) or len(units) != 1 or kinds == {first.kind}:
        return None
    return Axis(kinds.pop(), units.pop()), np.array([float(one["value"]) for one in found if one])


def _long_form(path: Path, table: FloatArray, first: Axis, second: Axis) -> xr.DataArray:
    """Counts of a table with one row for each time and position."""
    a, rows = np.unique(table[:, 0], return_inverse=True)
    b, columns = np.unique(table[:, 1], return_inverse=True)
    if a.size * b.size != len(table) or len({*zip(rows, columns, strict=True)}) != len(table):
        raise unreadable(
            path,
            f"its {len(table)} rows are not {a.size} by {b.size} points",
            "give every time and position once",
        )
    counts = np.zeros((a.size, b.size))
    counts[rows, columns] = table[:, 2]
    given = xr.DataArray(counts, {first.name: a, second.name: b}, (first.name, second.name))
    record = labelled(path, given, "time_ns", "position_nm")
    return record.transpose("position_nm", "time_ns").expand_dims(channel=[0])
