"""The part of a map that is fitted."""

from __future__ import annotations

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray, IntArray
from tptools.checks import as_number, plain_number
from tptools.records import EVEN, as_record, bin_edges, even_step

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


def select_window(
    counts: xr.DataArray, window_ns: tuple[float, float], *, exposures: bool = False
) -> xr.DataArray:
    """Slices of a window, (time_ns, position_nm), at times since the first of them; checked.

    Slices that are masked throughout are left out. With `exposures`, the coordinate ``exposure``
    has the widths of the time bins over their mean (`relative_exposures`).

    Examples
    --------
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> select_window(counts, (1, 3)).time_ns.values
    array([0., 1., 2.])
    """
    counts = as_record(counts, "time_ns", "position_nm", only=True, masked=True)
    first, last = check_window(window_ns)
    if exposures:
        counts = counts.assign_coords(exposure=("time_ns", relative_exposures(counts)))
    time, seen = counts["time_ns"].to_numpy(), ~np.isnan(counts.to_numpy())
    kept = (time >= first) & (time <= last) & seen.any(1)
    n_positions = int(seen[kept].any(0).sum())
    if kept.sum() < 3:
        raise ValueError(
            f"window_ns = {(first, last)!r} holds {kept.sum()} slices and must hold at "
            "least 3; take a longer window"
        )
    if n_positions < 5:
        raise ValueError(f"counts has {n_positions} positions and must have at least 5")
    # xarray takes as long for each step as a fit, also where it changes nothing
    record = counts if kept.all() else counts.isel(time_ns=kept)
    if time[kept][0] == 0:
        return record
    return record.assign_coords(time_ns=record["time_ns"] - time[kept][0])


def drop_masked_positions(record: xr.DataArray) -> xr.DataArray:
    """The record without the positions that are masked in all slices."""
    seen = ~np.isnan(record.to_numpy()).all(0)
    return record if seen.all() else record.isel(position_nm=seen)


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
    time = counts["time_ns"].to_numpy()
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
