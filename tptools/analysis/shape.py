"""Shape of a spot, and what slices make of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import as_number, check_fits, check_integer
from tptools.estimate import Estimate
from tptools.fitting import fit_profiles
from tptools.fitting.records import select_window
from tptools.randomness import generator
from tptools.records import even_step
from tptools.units import NM2_PER_NS_IN_CM2_S

__all__ = ["SpotShape", "spot_shape"]

SHARE = 0.25
"""Of the counts of a window, that show the spot as it was at first, or at last."""

WIDTHS = 3.0
"""Distance from the centre, in widths of the Gaussian, beyond which counts are left out."""

HELD_BY_FIT = 90
"""Numbers that the fit of profiles holds for each of their values."""

N_TIMES = 12
AXES = ("draw", "position_nm")


@dataclass(frozen=True)
class SpotShape:
    """How a spot differs from a Gaussian, and how that misleads slices.

    Parameters
    ----------
    kurtosis_at_first, kurtosis_at_last : Estimate
        Excess kurtosis, of the counts within three widths of the centre, less that of the fitted
        Gaussian there: 0 for a Gaussian, below it for a flat top, above it for one with wings.
    slices_factor : Estimate
        D that slices read, without noise, over the true one, where a spot that has this shape at
        first spreads by normal diffusion.
    """

    kurtosis_at_first: Estimate
    kurtosis_at_last: Estimate
    slices_factor: Estimate


def spot_shape(
    counts: xr.DataArray,
    diffusivity_cm2_s: float,
    *,
    window_ns: tuple[float, float] = (0.0, 3.0),
    n_resamples: int = 50,
    seed: int = 0,
) -> SpotShape:
    r"""Find the shape of a spot in the first and in the last quarter of the counts of a window.

    The first profile, convolved with Gaussians of variance 2Dt, is what the record would be by
    normal diffusion; a Gaussian to each of twelve such slices and a line through the origin then
    give what slices would read.

    Parameters
    ----------
    counts : DataArray
        Over ``time_ns`` and ``position_nm``, as for `tptools.fitting.diffusivity`.
    diffusivity_cm2_s : float
        D of the spreading that is tried; that of a method which takes any shape. NaN for none.
    window_ns : tuple of float, optional
        First and last time that count.
    n_resamples, seed : int, optional
        Profiles that are drawn around the one that was seen, for the errors.

    Returns
    -------
    SpotShape
        Numbers that cannot be had are NaN, with the reason as note.

    Raises
    ------
    ValueError
        As for `tptools.fitting.diffusivity`, and if a number is out of range.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> t, x = np.arange(0, 3, 0.05), np.linspace(-900, 900, 61)
    >>> spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2, "background": 1}
    >>> counts = spreading_spot(t, x, 1e4 * np.exp(-t / 2), **spot).round()
    >>> round(spot_shape(counts, 0.05).slices_factor.value, 2)
    1.0
    """
    n_resamples = check_integer("n_resamples", n_resamples, at_least=2)
    diffusivity_cm2_s = as_number("diffusivity_cm2_s", diffusivity_cm2_s)
    record = select_window(counts, window_ns).dropna("position_nm", how="any")
    at = record["position_nm"]
    early, late = (
        _drawn(record.isel(time_ns=one), n_resamples, generator(seed, "shape", name))
        for name, one in zip(("first", "last"), _quarters(record), strict=True)
    )
    profiles, last = (xr.DataArray(one, {"position_nm": at}, AXES) for one in (early, late))
    fits = fit_profiles(profiles)
    return SpotShape(
        _estimate(_kurtosis(profiles, fits), "excess kurtosis at first"),
        _estimate(_kurtosis(last, fit_profiles(last)), "excess kurtosis at last"),
        _slices_factor(profiles, fits, diffusivity_cm2_s, float(record["time_ns"][-1])),
    )


def _quarters(record: xr.DataArray) -> tuple[slice, slice]:
    """Slices with the first and with the last quarter of the counts, one at least."""
    total = record.sum("position_nm").cumsum("time_ns").to_numpy()
    first = int(np.searchsorted(total, SHARE * total[-1], side="right"))
    last = int(np.searchsorted(total, (1 - SHARE) * total[-1]))
    return slice(0, max(first, 1)), slice(last, None)


def _drawn(slices: xr.DataArray, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Sum of slices, and profiles drawn around it, over (draw, position)."""
    profile = slices.sum("time_ns").to_numpy()
    what = f"n_resamples = {n_resamples} of {profile.size} positions"
    check_fits(what, 8 * HELD_BY_FIT * n_resamples * profile.size, "lower n_resamples")
    return np.vstack([profile, rng.poisson(profile, size=(n_resamples, profile.size))])


def _estimate(values: FloatArray, method: str) -> Estimate:
    """The first value, with the scatter of the others as its error."""
    others = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or 2 * others.size < values.size:
        return Estimate(math.nan, math.nan, "", method, "no spot with a width")
    return Estimate(float(values[0]), float(np.std(others, ddof=1)), "", method)


def _kurtosis(profiles: xr.DataArray, fits: xr.Dataset) -> FloatArray:
    """Excess kurtosis of counts near the centre, less that of Gaussians at the same places."""
    offset = profiles["position_nm"] - fits["centre_nm"]
    near = offset**2 <= WIDTHS**2 * fits["variance_nm2"]
    gaussian = fits["amplitude"] * np.exp(-(offset**2) / (2 * fits["variance_nm2"]))
    light = profiles - fits["background"]
    found, expected = (
        ((one * offset**4).where(near).sum("position_nm") * one.where(near).sum("position_nm"))
        / (one * offset**2).where(near).sum("position_nm") ** 2
        for one in (light, gaussian)
    )
    return (found - expected).to_numpy()


def _slices_factor(
    profiles: xr.DataArray, fits: xr.Dataset, diffusivity_cm2_s: float, until_ns: float
) -> Estimate:
    """What slices read of normal diffusion from these profiles, over what is put in."""
    method = "slices over the true D"
    if not diffusivity_cm2_s > 0:
        return Estimate(math.nan, math.nan, "", method, "no spreading that slices could misread")
    try:
        step = even_step(profiles, "position_nm")
    except ValueError:
        return Estimate(math.nan, math.nan, "", method, "positions are not equally spaced")
    growth = 2 * diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S
    time = np.linspace(0, until_ns, N_TIMES)
    light = (profiles - fits["background"]).fillna(0.0).to_numpy()
    spread = np.maximum(_spread(light, growth * time, step), 0)
    axes = {"time_ns": time, "position_nm": profiles["position_nm"].to_numpy()}
    variance = fit_profiles(xr.DataArray(spread, axes, ("draw", "time_ns", "position_nm")))
    since = (variance["variance_nm2"] - variance["variance_nm2"].isel(time_ns=0)).to_numpy()
    return _estimate(since @ time / (growth * time @ time), method)


def _spread(light: FloatArray, variance_nm2: FloatArray, step_nm: float) -> FloatArray:
    """Profiles convolved with Gaussians, over (profile, variance, position); zero beyond them."""
    n = light.shape[-1]
    size = scipy.fft.next_fast_len(3 * n)
    k = 2 * np.pi * scipy.fft.rfftfreq(size, step_nm)
    wide = scipy.fft.rfft(light, size)[:, None] * np.exp(-(k**2) * variance_nm2[:, None] / 2)
    return scipy.fft.irfft(wide, size)[..., :n]
