"""All the light of a spot, from a scan through its centre."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.records import check_record

__all__ = ["whole_spot_light"]


def whole_spot_light(counts: xr.DataArray, *, background_until_ns: float = -0.3) -> Estimate:
    r"""Integrate a scan along a line through the centre over the plane.

    .. math:: L = \pi \, \Delta x \sum_x |x| \sum_t \left[n(t, x) - b(x)\right]

    for a spot that is round. The plain sum over a scan misses what spreads sideways: it falls
    where excitons move faster.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts over ``time_ns`` and ``position_nm``, the latter equally spaced about the centre.
    background_until_ns : float, optional
        Last time whose counts are background, b.

    Returns
    -------
    Estimate
        In counts nm²; the error is that of photon noise, of the background as well.

    Raises
    ------
    ValueError
        If counts are negative or not finite, positions are not equally spaced, or no bin lies
        before `background_until_ns`.

    Examples
    --------
    >>> x = np.arange(-1000.0, 1001.0, 50.0)
    >>> spot = np.round(1e5 * np.exp(-(x**2) / (2 * 200**2)))
    >>> axes = {"time_ns": [-1.0, 0.0], "position_nm": x}
    >>> light = whole_spot_light(xr.DataArray([0 * spot, spot], axes, ("time_ns", "position_nm")))
    >>> round(light.value / (2 * math.pi * 200**2 * 1e5), 2)
    0.99
    """
    check_record(counts, "time_ns", "position_nm")
    check_number("background_until_ns", background_until_ns, below=0)
    position = counts["position_nm"]
    steps = np.diff(position)
    if not np.allclose(steps, steps[0], rtol=1e-6):
        raise ValueError("position_nm must be equally spaced")
    before = counts.sel(time_ns=slice(None, background_until_ns))
    after = counts.sel(time_ns=counts["time_ns"] > background_until_ns)
    if not before.sizes["time_ns"]:
        raise ValueError(
            f"no bin lies before background_until_ns = {background_until_ns:g}; take a record that "
            "starts before the pulse"
        )
    longer = after.sizes["time_ns"] / before.sizes["time_ns"]
    off, on = before.sum("time_ns"), after.sum("time_ns")
    ring = math.pi * float(steps[0]) * abs(position)
    light = float((ring * (on - longer * off)).sum())
    variance = float((ring**2 * (on + longer**2 * off)).sum())
    return Estimate(light, math.sqrt(variance), "counts nm2", "rings around the centre")
