"""The part of a map that is fitted."""

from __future__ import annotations

from numbers import Real

import numpy as np
import xarray as xr

from tptools.records import as_record

EDGE_FRACTION = 0.05
"""Share of the positions, at either end, where a record shows its background only."""


def check_window(window_ns: tuple[float, float]) -> None:
    """Raise ValueError unless the window ends after it starts.

    Examples
    --------
    >>> check_window((3, 0))
    Traceback (most recent call last):
    ValueError: window_ns = (3, 0) must be two times, the first before the second
    """
    ends = np.ravel(np.asarray(window_ns, dtype=object)).tolist()
    if not (len(ends) == 2 and all(isinstance(one, Real) for one in ends) and ends[0] < ends[1]):
        raise ValueError(
            f"window_ns = {window_ns!r} must be two times, the first before the second"
        )


def select_window(counts: xr.DataArray, window_ns: tuple[float, float]) -> xr.DataArray:
    """Slices of a window, (time_ns, position_nm), at times since the first of them; checked.

    Examples
    --------
    >>> import numpy as np
    >>> counts = xr.DataArray(np.ones((4, 5)), {"time_ns": range(4), "position_nm": range(5)})
    >>> select_window(counts, (1, 3)).time_ns.values
    array([0., 1., 2.])
    """
    counts = as_record(counts, "time_ns", "position_nm", only=True)
    check_window(window_ns)
    if counts.sizes["position_nm"] < 5:
        raise ValueError(
            f"counts has {counts.sizes['position_nm']} positions and must have at least 5"
        )
    record = counts.sel(time_ns=slice(*window_ns))
    if record.sizes["time_ns"] < 3:
        raise ValueError(
            f"window_ns = {window_ns!r} holds {record.sizes['time_ns']} slices and must hold at "
            "least 3; take a longer window"
        )
    return record.assign_coords(time_ns=record["time_ns"] - record["time_ns"][0])
