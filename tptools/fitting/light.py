"""Amounts of light: of a whole spot, from a scan through it, and emitted per absorbed."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.profiles import fit_profiles
from tptools.records import as_dataset, as_record, even_step

__all__ = ["quantum_yield", "whole_spot_light"]

LEAST_CLEAR = 3.0
"""Standard errors that the light taken off a lamp must exceed; a quotient by less is skewed."""


def whole_spot_light(
    counts: xr.DataArray, *, background_until_ns: float = -0.3, centre_nm: float | None = None
) -> Estimate:
    r"""Integrate a scan along a line through the centre over the plane.

    .. math:: L = \pi \, \Delta x \sum_x |x - c| \sum_t \left[n(t, x) - b(x)\right]

    for a spot that is round. Where the scan reaches farther to one side of c, what lies there
    counts twice, for both sides. The plain sum over a scan misses what spreads sideways: it falls
    where excitons move faster.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts over ``time_ns`` and ``position_nm``, the latter equally spaced and to both
        sides of the centre.
    background_until_ns : float, optional
        Last time whose counts are background, b.
    centre_nm : float, optional
        c; by default that of a Gaussian through the sum of all slices (`fit_profiles`).

    Returns
    -------
    Estimate
        In counts nm²; the error is that of photon noise, of the background as well.

    Raises
    ------
    ValueError
        If counts are negative, masked or not finite, positions are fewer than 5, not equally
        spaced or all on one side of the centre, no spot is found, or no bin lies before
        `background_until_ns`.

    Examples
    --------
    >>> x = np.arange(-1000.0, 1001.0, 50.0)
    >>> spot = np.round(1e5 * np.exp(-(x**2) / (2 * 200**2)))
    >>> axes = {"time_ns": [-1.0, 0.0], "position_nm": x}
    >>> light = whole_spot_light(xr.DataArray([0 * spot, spot], axes, ("time_ns", "position_nm")))
    >>> round(light.value / (2 * math.pi * 200**2 * 1e5), 2)
    0.99
    """
    counts = as_record(counts, "time_ns", "position_nm", only=True, masked=True)
    masked = int(counts.isnull().sum())
    if masked:
        raise ValueError(
            f"counts is masked at {masked} readings, and rings need all; fill them, such as by "
            "counts.interpolate_na('position_nm')"
        )
    background_until_ns = check_number("background_until_ns", background_until_ns, below=0)
    if centre_nm is not None:
        centre_nm = check_number("centre_nm", centre_nm)
    position = counts["position_nm"]
    check_number("number of positions", position.size, at_least=5)
    step = even_step(counts, "position_nm")
    before = counts.sel(time_ns=slice(None, background_until_ns))
    after = counts.sel(time_ns=counts["time_ns"] > background_until_ns)
    if not before.sizes["time_ns"]:
        raise ValueError(
            f"no bin lies before background_until_ns = {background_until_ns:g}; take a record that "
            "starts before the pulse"
        )
    longer = after.sizes["time_ns"] / before.sizes["time_ns"]
    off, on = before.sum("time_ns"), after.sum("time_ns")
    ring = math.pi * step * radii_of(counts, centre_nm)
    light = float((ring * (on - longer * off)).sum())
    variance = float((ring**2 * (on + longer**2 * off)).sum())
    return Estimate(light, math.sqrt(variance), "counts nm2", "rings around the centre")


def radii_of(counts: xr.DataArray, centre_nm: float | None) -> xr.DataArray:
    """Distance of every position from the centre, twice where the other side has no position."""
    if centre_nm is None:
        spot = fit_profiles(counts.sum("time_ns"))
        reason = str(spot["reason"].item())
        if reason:
            raise ValueError(f"the sum of all slices shows no spot ({reason}); give centre_nm")
        centre_nm = float(spot["centre_nm"])
    position = counts["position_nm"]
    first, last = float(position[0]), float(position[-1])
    if not first < centre_nm < last:
        raise ValueError(
            f"position_nm runs from {first:g} to {last:g}, and the centre lies at "
            f"{centre_nm:g}; scan to both sides of it"
        )
    radius = abs(position - centre_nm)
    # a mirrored position counts as there if it is nearer than half a step
    reach = min(centre_nm - first, last - centre_nm) + (last - first) / (position.size - 1) / 2
    return radius.where(radius <= reach, 2 * radius)


def quantum_yield(record: xr.Dataset) -> Estimate:
    r"""Quantum yield from the four measurements in a sphere (Note 1), repeated.

    The mean over the repetitions of

    .. math:: Q = \frac{S_\mathrm{em} - B_\mathrm{em}}{B_\mathrm{exc} - S_\mathrm{exc}}.

    Parameters
    ----------
    record : Dataset
        ``sample_emission``, ``blank_emission``, ``sample_excitation`` and ``blank_excitation``
        over repeat, and the attribute ``lamp_drift``, as from
        `tptools.instruments.IntegratingSphere`.

    Returns
    -------
    Estimate
        Pure number. The error is propagated from Poisson noise of the four counts and the drift of
        the lamp between them, and divided by the root of the number of repetitions. NaN with a
        note where the sample did not absorb three standard errors of light in every repetition.

    Raises
    ------
    ValueError
        If a count or the drift is missing, negative or not finite.

    Examples
    --------
    >>> counts = {"sample_emission": 1.5e7, "blank_emission": 1e6}
    >>> counts |= {"sample_excitation": 8e7, "blank_excitation": 1e8}
    >>> repeats = {name: ("repeat", [n] * 3) for name, n in counts.items()}
    >>> quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": 0.003}))
    Estimate(0.7000 ± 0.0079, method='integrating sphere')
    """
    names = ("sample_emission", "blank_emission", "blank_excitation", "sample_excitation")
    needed = (*names, "lamp_drift")
    record = as_dataset(record, needed, "record", "tptools.instruments.IntegratingSphere")
    check_number("lamp_drift", record.attrs["lamp_drift"], at_least=0)
    counts = np.array([as_record(record[name], name=name) for name in names])
    emitted, absorbed = counts[0] - counts[1], counts[2] - counts[3]
    # the background of the blank is not the lamp's
    driven = np.array([emitted, np.zeros_like(emitted), counts[2], counts[3]])
    variance = counts + (record.attrs["lamp_drift"] * driven) ** 2
    if (absorbed <= LEAST_CLEAR * np.sqrt(variance[2] + variance[3])).any():
        note = "the sample took no light off the lamp"
        return Estimate(math.nan, math.nan, "", "integrating sphere", note)
    ratio = emitted / absorbed
    same = np.ones_like(ratio)
    slopes = np.array([same, same, ratio, ratio]) / absorbed
    error = np.sqrt((slopes**2 * variance).sum()) / ratio.size
    return Estimate(float(ratio.mean()), float(error), "", "integrating sphere")
