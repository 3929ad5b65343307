"""What a record has to be before anything is fitted to it."""

from __future__ import annotations

import numpy as np
import xarray as xr


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
