"""The part of a map that is fitted."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import numpy as np
import xarray as xr

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import as_number, plain_number
from tptools.records import EVEN, as_record, bin_edges, even_step

Options = ParamSpec("Options")
Found = TypeVar("Found")

EDGE_FRACTION = 0.05
"""Share of the positions, at either end, where a record shows its background only."""


def check_window(window_ns: tuple[float, float]) -> tuple[float, float]:
    """Return a window as plain floats; raise ValueError unless it ends after it starts.

    Examples
    --------
    >>> check_window((3, 0))
    Traceback (most recent call last):
    ValueError: window_ns = (3, 0) must be two times, the first before the second
    """
    ends = [plain_number(one) for one in np.ravel(np.asarray(window_ns, dtype=object)).tolist()]
    known = [as_number("window_ns", one) for one in ends if one is not None]
    if len(ends) != 2 or len(known) != 2 or not known[0] < known[1]:
        raise ValueError(
            f"window_ns = {window_ns!r} must be two times, the first before the second"
        )
    return known[0], known[1]


class Slices(NamedTuple):
    """The readings that are fitted, as plain arrays: xarray takes longer for a step than a fit.

    Attributes
    ----------
    time_ns : ndarray, (n_times,)
        Since the first slice.
    position_nm : ndarray, (n_positions,)
        Increasing.
    counts : ndarray, (n_times, n_positions)
        NaN where a reading is masked; no row is throughout.
    exposure : ndarray, (n_times,)
        Widths of the time bins over their mean (`relative_exposures`), where they were asked for.
    """

    time_ns: FloatArray
    position_nm: FloatArray
    counts: FloatArray
    exposure: FloatArray

    def at(self, positions: BoolArray) -> Slices:
        """The same at some of the positions."""
        if positions.all():
            return self
        # sums run along memory, and should not hang on what is left out
        counts = np.ascontiguousarray(self.counts[:, positions])
        return self._replace(position_nm=self.position_nm[positions], counts=counts)

    def without_masked_positions(self) -> Slices:
        """The same without the positions that are masked in all slices."""
        seen: BoolArray = np.any(~np.isnan(self.counts), axis=0)
        return self.at(seen)


_LAST: dict[Callable[..., Any], tuple[object, Any]] = {}
"""What functions found last, with what they were asked."""


def found_once(
    function: Callable[Concatenate[Slices, Options], Found],
    record: Slices,
    /,
    *options: Options.args,
    **named: Options.kwargs,
) -> Found:
    """What a function finds in a record, for methods that read the same one after the other.

    What it found last is found again for the same numbers and options. It is shared, and not to be
    written to. No decorator: a change of what is decorated would count with all that imports it
    (`tptools.provenance`), stored simulations among them.

    Examples
    --------
    >>> def size(record):
    ...     print("works")
    ...     return record.counts.size
    >>> record = Slices(np.arange(2.0), np.arange(2.0), np.ones((2, 2)), np.ones(2))
    >>> found_once(size, record) + found_once(size, record)
    works
    8
    """
    numbers = hashlib.sha256()
    for part in record:
        numbers.update(part.tobytes())
    asked = numbers.digest(), record.counts.shape, options, named
    before = _LAST.get(function)
    if before is None or before[0] != asked:
        _LAST[function] = before = asked, function(record, *options, **named)
    found: Found = before[1]
    return found


def rows_of_window(
    counts: xr.DataArray, window_ns: tuple[float, float]
) -> tuple[xr.DataArray, BoolArray]:
    """A checked record, (time_ns, position_nm), and which of its slices are fitted.

    Slices that are masked throughout are left out.

    Examples
    --------
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> rows_of_window(counts, (1, 3))[1]
    array([False,  True,  True,  True])
    """
    counts = as_record(counts, "time_ns", "position_nm", only=True, masked=True)
    first, last = check_window(window_ns)
    time, seen = _axis(counts, "time_ns"), ~np.isnan(counts.to_numpy())
    kept = (time >= first) & (time <= last) & seen.any(1)
    n_positions = int(seen[kept].any(0).sum())
    if kept.sum() < 3:
        raise ValueError(
            f"window_ns = {(first, last)!r} holds {kept.sum()} slices and must hold at "
            "least 3; take a longer window"
        )
    if n_positions < 5:
        raise ValueError(f"counts has {n_positions} positions and must have at least 5")
    return counts, kept


def select_window(counts: xr.DataArray, window_ns: tuple[float, float]) -> xr.DataArray:
    """Slices of a window, (time_ns, position_nm), at times since the first of them; checked.

    Examples
    --------
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> select_window(counts, (1, 3)).time_ns.values
    array([0., 1., 2.])
    """
    counts, kept = rows_of_window(counts, window_ns)
    # xarray takes as long for each step as a fit, also where it changes nothing
    record = counts if kept.all() else counts.isel(time_ns=kept)
    start = record["time_ns"].to_numpy()[0]
    return record if start == 0 else record.assign_coords(time_ns=record["time_ns"] - start)


def slices_of_window(
    counts: xr.DataArray, window_ns: tuple[float, float], *, exposures: bool = False
) -> Slices:
    """As `select_window`, in plain arrays; all exposures are 1 where they are not asked for.

    Examples
    --------
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> slices_of_window(counts, (1, 3)).time_ns
    array([0., 1., 2.])
    """
    record, kept = rows_of_window(counts, window_ns)
    time, position = (_axis(record, axis) for axis in ("time_ns", "position_nm"))
    exposure = relative_exposures(record) if exposures else np.ones(time.size)
    return Slices(time[kept] - time[kept][0], position, record.to_numpy()[kept], exposure[kept])


def _axis(record: xr.DataArray, axis: str) -> FloatArray:
    """Values of an axis, without the coordinates that xarray gathers for it."""
    values: FloatArray = record.coords.variables[axis].values
    return values


def relative_exposures(counts: xr.DataArray) -> FloatArray:
    """Widths of the time bins of a record over their mean, by which a background scales.

    Steps that are a multiple of the common one are gaps between equal bins.

    Examples
    --------
    >>> relative_exposures(xr.DataArray(np.ones(5), {"time_ns": [0, 1, 2, 5, 6]}))
    array([1., 1., 1., 1., 1.])
    >>> relative_exposures(xr.DataArray(np.ones(4), {"time_ns": [1, 2, 4, 8]}))
    Traceback (most recent call last):
    ValueError: time_ns has steps of 1 to 4 and must be equally spaced, to 0.001 of a step; \
rebin, or give the width of every bin as the coordinate 'time_width_ns' where widths are understood
    """
    time = _axis(counts, "time_ns")
    if {"time_start_ns", "time_end_ns", "time_width_ns"} & {*counts.coords}:
        lower, upper = bin_edges(counts, "time_ns")
        widths = upper - lower
        if not np.isfinite(widths).all():
            raise ValueError("the last bin of time_ns has no end and no background; leave it out")
        return widths / widths.mean()
    if steps_in_common(time) is None:
        even_step(counts, "time_ns")
    return np.ones(time.size)


def steps_in_common(values: FloatArray) -> IntArray | None:
    """Steps of an even axis with gaps, in steps without one; none if the axis is not such.

    Examples
    --------
    >>> steps_in_common(np.array([0.0, 0.5, 1.0, 2.5]))
    array([1, 1, 3])
    """
    steps = np.diff(values)
    common = float(np.median(steps))
    multiples = np.round(steps / common)
    gaps = multiples > 1
    if (np.abs(steps - common * multiples) > EVEN * common * (1 + gaps * multiples)).any():
        return None
    return multiples.astype(int)
