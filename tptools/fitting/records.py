"""What a record has to be before anything is fitted to it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray

EDGE_FRACTION = 0.05
"""Share of the positions, at either end, where a record shows its background only."""


def check_axes(record: xr.DataArray, *axes: str, name: str = "counts") -> None:
    """Raise ValueError unless the record has these axes, and they increase.

    Examples
    --------
    >>> check_axes(xr.DataArray([3, 1, 2], {"time_ns": [0.0, 0.1, 0.1]}), "time_ns")
    Traceback (most recent call last):
    ValueError: time_ns must increase from one value to the next, and does not after \
time_ns = 0.1; sort counts, and merge what is recorded twice
    """
    for axis in axes:
        if axis not in record.dims or axis not in record.coords:
            raise ValueError(
                f"{name} has dimensions {record.dims} and must have {axis!r}, with its coordinate"
            )
        values = record[axis].to_numpy()
        wrong = np.flatnonzero(~(np.diff(values) > 0))
        if wrong.size or not np.isfinite(values).all():
            first = int(wrong[0]) if wrong.size else 0
            raise ValueError(
                f"{axis} must increase from one value to the next, and does not after "
                f"{axis} = {values[first]:g}; sort {name}, and merge what is recorded twice"
            )


def check_record(counts: xr.DataArray, *axes: str) -> None:
    """Raise ValueError unless counts are finite, not negative, and on increasing axes.

    Examples
    --------
    >>> check_record(xr.DataArray([3, -1], {"time_ns": [0.0, 0.1]}), "time_ns")
    Traceback (most recent call last):
    ValueError: counts must be at least 0, and 1 of 2 are negative, the lowest -1; \
fit the counts as recorded, with the background in the fit
    """
    check_axes(counts, *axes)
    values = counts.to_numpy()
    missing = np.count_nonzero(~np.isfinite(values))
    if missing:
        raise ValueError(
            f"counts must be finite, and {missing} of {values.size} are not; drop or fill them"
        )
    negative = np.count_nonzero(values < 0)
    if negative:
        raise ValueError(
            f"counts must be at least 0, and {negative} of {values.size} are negative, the lowest "
            f"{values.min():g}; fit the counts as recorded, with the background in the fit"
        )


def check_window(window_ns: tuple[float, float]) -> None:
    """Raise ValueError unless the window ends after it starts.

    Examples
    --------
    >>> check_window((3, 0))
    Traceback (most recent call last):
    ValueError: window_ns = (3, 0) must be two times, the first before the second
    """
    if len(window_ns) != 2 or not window_ns[0] < window_ns[1]:
        raise ValueError(
            f"window_ns = {window_ns!r} must be two times, the first before the second"
        )


def select_window(counts: xr.DataArray, window_ns: tuple[float, float]) -> xr.DataArray:
    """Slices of a window, (time_ns, position_nm), at times since the first of them; checked.

    Examples
    --------
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> select_window(counts, (1, 3)).time_ns.values
    array([0, 1, 2])
    """
    check_record(counts, "time_ns", "position_nm")
    check_window(window_ns)
    if counts.ndim != 2:
        raise ValueError(
            f"counts has dimensions {counts.dims} and must have 'time_ns' and 'position_nm' only; "
            "select one map"
        )
    if counts.sizes["position_nm"] < 5:
        raise ValueError(
            f"counts has {counts.sizes['position_nm']} positions and must have at least 5"
        )
    record = counts.transpose("time_ns", "position_nm").sel(time_ns=slice(*window_ns))
    if record.sizes["time_ns"] < 3:
        raise ValueError(
            f"window_ns = {window_ns!r} holds {record.sizes['time_ns']} slices and must hold at "
            "least 3; take a longer window"
        )
    record = record.astype(float)
    return record.assign_coords(time_ns=record["time_ns"] - record["time_ns"][0])


def check_columns(at_least: int, /, **columns: ArrayLike) -> list[FloatArray]:
    """Columns as arrays of one length; ValueError where something is missing.

    Examples
    --------
    >>> check_columns(2, x=[1, 2], y=[1.0, float("nan")])
    Traceback (most recent call last):
    ValueError: y must be finite, and point 1 is nan; leave out what is missing
    """
    arrays = {name: np.ravel(np.asarray(one, float)) for name, one in columns.items()}
    sizes = {name: one.size for name, one in arrays.items()}
    if len(set(sizes.values())) > 1 or min(sizes.values()) < at_least:
        raise ValueError(
            f"columns have {sizes} points and must have the same number, at least {at_least}"
        )
    for name, one in arrays.items():
        wrong = np.flatnonzero(~np.isfinite(one))
        if wrong.size:
            raise ValueError(
                f"{name} must be finite, and point {wrong[0]} is {one[wrong[0]]}; leave out what "
                "is missing"
            )
    return list(arrays.values())


def check_errors(name: str, errors: FloatArray) -> None:
    """Raise ValueError unless every point has an error that can weigh it.

    Examples
    --------
    >>> check_errors("std_err", np.array([0.1, 0.0]))
    Traceback (most recent call last):
    ValueError: std_err must be positive and finite, and that of point 1 is 0.0; leave the point out
    """
    wrong = np.flatnonzero(~(np.isfinite(errors) & (errors > 0)))
    if wrong.size:
        raise ValueError(
            f"{name} must be positive and finite, and that of point {wrong[0]} is "
            f"{errors[wrong[0]]}; leave the point out"
        )


def check_varied(**columns: FloatArray) -> None:
    """Raise ValueError for a column that holds one value only.

    Examples
    --------
    >>> check_varied(x=np.array([2.0, 2.0]))
    Traceback (most recent call last):
    ValueError: x holds one value only, 2; vary it
    """
    for name, column in columns.items():
        if np.ptp(column) == 0:
            raise ValueError(f"{name} holds one value only, {column[0]:g}; vary it")
