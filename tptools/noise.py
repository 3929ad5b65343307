r"""Simulated maps whose diffusivity is known (Supplementary Note 7).

A Gaussian spreads by normal diffusion (Eqs. 8-10),

.. math::
    n(x, t) = \frac{A\, I(t)}{\sqrt{2 \pi}\, \sigma(t)} \exp\left(-\frac{x^2}{2 \sigma(t)^2}\right),
    \qquad \sigma(t)^2 = \sigma(0)^2 + 2 D t,

with :math:`\sigma` in nm, and noise is added. Spots of other shapes diffuse as well: diffusion
multiplies their Fourier transform by :math:`\exp(-k^2 D t)`.
"""

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_choice, check_fits, check_integer, check_number
from tptools.fitting.light import radii_of
from tptools.randomness import generator
from tptools.records import as_columns, as_record
from tptools.units import FWHM_PER_SIGMA, NM2_PER_NS_IN_CM2_S

__all__ = [
    "add_noise",
    "lifetime_trace",
    "noisy_profiles",
    "noisy_records",
    "photon_records",
    "simulate_map",
]

MOST_VALUES = 10**9
FASTEST_CM2_S = 1e3

Noise = Literal["one_sided", "one_sided_mean", "poisson", "none"]
Shape = Literal["gaussian", "pedestal", "flat_top", "sinc2"]

# Before this, not even the response function has light of the pulse.
BEFORE_PULSE_NS = 0.3
# sinc(x)^2 = 1/2 at twice this distance
SINC2_FWHM = 0.885893
# The pedestal: a second Gaussian, wider and lower than the core by these factors.
PEDESTAL_WIDTH, PEDESTAL_HEIGHT = 8 / 3, 1 / 4
# Softness of the edges of the flat top, in widths.
EDGE = 1 / 10
# Largest wave number times width, and repeat distance in extents, of the Fourier sum.
FINEST, REPEAT = 80, 20
# wide enough to hold the whole profile, as Note 7 demands
POSITIONS_NM = np.linspace(-1500, 1500, 61)


def simulate_map(
    trace: xr.DataArray,
    *,
    seed: int,
    D_cm2_s: float = 0.01,
    spot_fwhm_nm: float = 600.0,
    area_counts_nm: float = 2e5,
    position_nm: ArrayLike = POSITIONS_NM,
    background_counts: float = 3.0,
    noise: Noise = "one_sided",
    shape: Shape = "gaussian",
) -> xr.DataArray:
    r"""Simulate a transient photoluminescence map of known diffusivity.

    Parameters
    ----------
    trace : DataArray
        Decay I(t) over ``time_ns``, from time zero on; it is divided by its first value.
    seed : int
        Of the noise.
    D_cm2_s : float, optional
        Diffusivity.
    spot_fwhm_nm : float, optional
        Full width at half maximum at time zero.
    area_counts_nm : float, optional
        A, in counts times nm; with 600 nm the first slice peaks at 313 counts.
    position_nm : array_like, optional
        Positions; not stated in Note 7.
    background_counts : float, optional
        Upper end of the uniform background; not stated in Note 7, 1 % of the peak here.
    noise : {"one_sided", "one_sided_mean", "poisson", "none"}, optional
        As for `add_noise`.
    shape : {"gaussian", "pedestal", "flat_top", "sinc2"}, optional
        Of the spot at time zero, all of unit area. ``"pedestal"``: a Gaussian of the given width on
        one that is 8/3 as wide and a quarter as high. ``"flat_top"``: a box of the given width with
        edges softened by a tenth of it. ``"sinc2"``: the image of a slit, with side lobes.

    Returns
    -------
    DataArray
        Over (time_ns, position_nm); the attributes hold all parameters.

    Raises
    ------
    ValueError
        If a parameter is out of range, or `trace` has another dimension, a time before 0, a
        negative or missing value, or starts at 0.

    Examples
    --------
    >>> trace = xr.DataArray([1.0, 0.5], {"time_ns": [0.0, 1.6]})
    >>> clean = simulate_map(trace, seed=0, noise="none", background_counts=0)
    >>> round(float(clean.max()))
    313
    """
    trace = as_record(trace, "time_ns", name="trace", only=True)
    D_cm2_s = check_number("D_cm2_s", D_cm2_s, at_least=0, at_most=FASTEST_CM2_S)
    spot_fwhm_nm = check_number("spot_fwhm_nm", spot_fwhm_nm, above=0)
    area_counts_nm = check_number("area_counts_nm", area_counts_nm, above=0)
    _check(trace, shape)
    (position,) = as_columns(1, position_nm=position_nm)
    clean = area_counts_nm * _profile(trace, position, D_cm2_s, spot_fwhm_nm, shape)
    noisy = add_noise(clean, seed=seed, noise=noise, background_counts=background_counts)
    attrs = {
        "D_cm2_s": D_cm2_s,
        "spot_fwhm_nm": spot_fwhm_nm,
        "area_counts_nm": area_counts_nm,
        "shape": shape,
    }
    return noisy.rename("counts").assign_attrs(attrs)


def add_noise(
    clean: xr.DataArray,
    *,
    seed: int,
    noise: Noise = "one_sided",
    background_counts: float = 3.0,
) -> xr.DataArray:
    r"""Add background and noise to expected counts.

    Parameters
    ----------
    clean : DataArray
        Expected counts n of the signal alone.
    seed : int
        Of the noise.
    noise : {"one_sided", "one_sided_mean", "poisson", "none"}, optional
        ``"one_sided"``: as printed, :math:`n + u_1 \sqrt{n} + B u_2` with :math:`u` uniform on
        [0, 1), a factor of 1 in Eq. (12). It only ever adds counts. ``"one_sided_mean"``:
        the mean of that, :math:`n + \sqrt{n} / 2 + B / 2`. ``"poisson"``: counting noise of the
        mean :math:`n + B / 2`. ``"none"``: that mean.
    background_counts : float, optional
        B, upper end of the uniform background.

    Returns
    -------
    DataArray
        Of the same shape; integers for ``"poisson"``.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> add_noise(xr.DataArray([100.0, 400.0]), seed=1, noise="none").values
    array([101.5, 401.5])
    """
    return noisy_records(clean, noise=noise, background_counts=background_counts)(seed)


def _with_noise(
    clean: xr.DataArray, seed: int, noise: Noise, background_counts: float
) -> xr.DataArray:
    """`add_noise` to a checked record."""
    seed = check_integer("seed", seed, at_least=0)
    rng = generator(seed, "noise of a map")
    values = clean.to_numpy()
    if noise == "one_sided":
        values = values + rng.random(values.shape) * np.sqrt(values)
        values = values + background_counts * rng.random(values.shape)
    else:
        if noise == "one_sided_mean":
            values = values + np.sqrt(values) / 2
        values = values + background_counts / 2
        values = rng.poisson(values) if noise == "poisson" else values
    attrs = {
        "long_name": "simulated signal",
        "units": "counts",
        "origin": "simulated",
        "background_counts": background_counts,
        "noise": noise,
        "seed": seed,
    }
    noisy = clean.copy(data=values)
    noisy.attrs = clean.attrs | attrs
    return noisy


def noisy_records(
    clean: xr.DataArray, *, noise: Noise = "one_sided", background_counts: float = 3.0
) -> Callable[[int], xr.DataArray]:
    """Prepare an experiment that can be repeated: the same expected counts, other noise.

    Parameters
    ----------
    clean, noise, background_counts
        As for `add_noise`.

    Returns
    -------
    callable
        From a seed to a record.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> draw = noisy_records(xr.DataArray([100.0, 400.0]), noise="none")
    >>> draw(1).values
    array([101.5, 401.5])
    """
    check_choice("noise", noise, get_args(Noise))
    background_counts = check_number("background_counts", background_counts, at_least=0)
    clean = as_record(clean, name="clean")
    return lambda seed: _with_noise(clean, seed, noise, background_counts)


def photon_records(
    trace: xr.DataArray, n_photons: float, *, background_counts: float = 0.2, **spot: Any
) -> Callable[[int], xr.DataArray]:
    """Prepare an experiment that can be repeated: a spot of known diffusivity, photon by photon.

    Parameters
    ----------
    trace : DataArray
        Decay over ``time_ns``, as for `simulate_map`.
    n_photons : float
        Photons of the spot that the whole record holds on average.
    background_counts : float, optional
        Twice the mean background, as for `add_noise`.
    **spot
        Further parameters of `simulate_map`: ``D_cm2_s``, ``spot_fwhm_nm``, ``position_nm`` and
        ``shape``.

    Returns
    -------
    callable
        From a seed to a record with the noise of counted photons.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> draw = photon_records(xr.DataArray([1.0, 0.5], {"time_ns": [0.0, 1.6]}), 5000, D_cm2_s=0.1)
    >>> draw(1).sizes["time_ns"], abs(int(draw(1).sum()) - 5012) < 300
    (2, True)
    """
    n_photons = check_number("n_photons", n_photons, above=0)
    clean = simulate_map(trace, seed=0, noise="none", background_counts=0.0, **spot)
    clean = clean * (n_photons / float(clean.sum()))
    return noisy_records(clean, noise="poisson", background_counts=background_counts)


def lifetime_trace(counts: xr.DataArray, until_ns: float = 8.0) -> xr.DataArray:
    r"""Decay of the whole spot, from the maximum of the scan on, without background.

    .. math:: I(t) = \sum_x |x - c| \, \Delta x \left[n(t, x) - b(x)\right]

    for a round spot that was scanned along a line through its centre c, as in
    `tptools.fitting.whole_spot_light`. Light leaves the line sideways, so that the plain sum over
    a scan falls faster than the light of the spot.

    Parameters
    ----------
    counts : DataArray
        Over (time_ns, position_nm), with the pulse at 0 and background before it. Positions with
        a gap (NaN) are left out.
    until_ns : float, optional
        Last time after the maximum.

    Returns
    -------
    DataArray
        Over ``time_ns`` since the maximum; what falls below zero counts as zero.

    Raises
    ------
    ValueError
        If nothing was recorded before -0.3 ns, there are other axes, fewer than 5 positions, no
        spot, or positions on one side of it only.

    Examples
    --------
    >>> x = np.arange(-1000.0, 1001.0, 100.0)
    >>> spot = np.exp(-((x / 300) ** 2) / 2) * np.array([[0], [900], [450]])
    >>> axes = {"time_ns": [-1.0, 0.0, 1.0], "position_nm": x}
    >>> trace = lifetime_trace(xr.DataArray(spot + 7, axes, ("time_ns", "position_nm")))
    >>> (trace / trace[0]).values.round(3)
    array([1. , 0.5])
    """
    until_ns = check_number("until_ns", until_ns, at_least=0, finite=False)
    counts = as_record(counts, "time_ns", "position_nm", only=True, masked=True, signed=True)
    counts = counts.dropna("position_nm")
    check_integer("positions of counts", counts.sizes["position_nm"], at_least=5)
    before = counts.sel(time_ns=slice(None, -BEFORE_PULSE_NS))
    n_before = before.sizes["time_ns"]
    check_integer(f"number of slices before -{BEFORE_PULSE_NS} ns", n_before, at_least=1)
    net = counts - before.mean("time_ns")
    width = counts["position_nm"].copy(data=np.gradient(counts["position_nm"]))
    spot = (net * width * radii_of(counts, None)).sum("position_nm").clip(0)
    # the line has far more photons at the maximum than the ring that decides on the area
    first = int(net.sum("position_nm").argmax("time_ns"))
    kept = spot.isel(time_ns=slice(first, None))
    times = kept["time_ns"] - kept["time_ns"][0]
    kept.attrs = {"long_name": "light of the whole spot", "units": "counts nm2"}
    return kept.assign_coords(time_ns=times).sel(time_ns=slice(0, until_ns))


def noisy_profiles(
    expected: xr.DataArray, n_records: int, *, seed: int, white_noise: float | None = None
) -> xr.DataArray:
    """Repeat one profile with independent noise.

    Parameters
    ----------
    expected : DataArray
        Expected counts over ``position_nm``.
    n_records : int
        How often.
    seed : int
        Of the noise.
    white_noise : float, optional
        Standard deviation of noise that is the same at all positions, in counts; counting noise
        if none is given.

    Returns
    -------
    DataArray
        Over (record, position_nm).

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> noisy_profiles(xr.DataArray([5.0, 9.0], dims="position_nm"), 3, seed=1).shape
    (3, 2)
    """
    n_records = check_integer("n_records", n_records, at_least=1, below=MOST_VALUES)
    seed = check_integer("seed", seed, at_least=0)
    expected = as_record(expected, name="expected")
    what = f"n_records = {n_records} records of {expected.size} counts"
    n_arrays = 1 if white_noise is None else 2
    check_fits(what, 8 * n_arrays * n_records * expected.size, "lower n_records")
    rng = generator(seed, "noise of profiles")
    repeated = expected.expand_dims(record=n_records)
    if white_noise is None:
        return repeated.copy(data=rng.poisson(repeated))
    white_noise = check_number("white_noise", white_noise, at_least=0)
    return repeated + white_noise * rng.standard_normal(repeated.shape)


def _check(trace: xr.DataArray, shape: str) -> None:
    check_choice("shape", shape, get_args(Shape))
    check_number("first time_ns of trace", float(trace["time_ns"].min()), at_least=0)
    check_number("first value of trace", float(trace[0]), above=0, any_size=True)


def _profile(
    trace: xr.DataArray, position_nm: FloatArray, D_cm2_s: float, spot_fwhm_nm: float, shape: str
) -> xr.DataArray:
    """Normalised decay times a spot of unit area, per nm, over (time_ns, position_nm)."""
    growth = D_cm2_s / NM2_PER_NS_IN_CM2_S * trace["time_ns"].to_numpy()
    extent = max(np.abs(position_nm).max(), spot_fwhm_nm, math.sqrt(2 * growth.max()))
    step = 2 * math.pi / (REPEAT * extent)
    wave = np.arange(0, FINEST / spot_fwhm_nm, step)
    spectrum = _SPECTRA[shape](wave * spot_fwhm_nm) * step / math.pi
    spectrum[0] /= 2
    waves = np.cos(np.outer(wave, position_nm))
    spot = np.exp(-np.outer(growth, wave**2)) * spectrum @ waves
    axes = {"time_ns": trace["time_ns"], "position_nm": ("position_nm", position_nm)}
    profile = xr.DataArray(np.maximum(spot, 0), axes, ("time_ns", "position_nm"))
    profile["position_nm"].attrs["units"] = "nm"
    return (trace / trace[0] * profile).transpose("time_ns", "position_nm")


def _gaussian(k: FloatArray) -> FloatArray:
    return np.exp(-((k / FWHM_PER_SIGMA) ** 2) / 2)


def _pedestal(k: FloatArray) -> FloatArray:
    area = PEDESTAL_HEIGHT * PEDESTAL_WIDTH
    return (_gaussian(k) + area * _gaussian(PEDESTAL_WIDTH * k)) / (1 + area)


def _flat_top(k: FloatArray) -> FloatArray:
    return np.sinc(k / (2 * math.pi)) * np.exp(-((EDGE * k) ** 2) / 2)


def _sinc2(k: FloatArray) -> FloatArray:
    return np.maximum(1 - k / (2 * math.pi * SINC2_FWHM), 0)


# Fourier transforms of unit area against wave number times width.
_SPECTRA: dict[str, Callable[[FloatArray], FloatArray]] = {
    "gaussian": _gaussian,
    "pedestal": _pedestal,
    "flat_top": _flat_top,
    "sinc2": _sinc2,
}
