"""D from one Poisson maximum-likelihood fit of a whole map, and the best that any fit can do."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting import spreading
from tptools.fitting.gaussians import fit_one
from tptools.fitting.misfit import EXPLAINED, Model, explained, group_starts, map_misfit
from tptools.fitting.records import Slices, found_once
from tptools.records import as_columns
from tptools.units import NM2_PER_NS_IN_CM2_S

# Fraction of the mean count below which a background counts as none: it keeps logarithms finite.
BACKGROUND_FLOOR = 1e-9
# Sums of slices in which a misfit is looked for, beside single readings.
GROUPS = 12


def spreading_spot(
    time_ns: ArrayLike,
    position_nm: ArrayLike,
    slice_counts: ArrayLike,
    *,
    diffusivity_cm2_s: float,
    variance_nm2: float,
    centre_nm: float = 0.0,
    background: float = 0.0,
) -> xr.DataArray:
    r"""Expected counts of a Gaussian spot that spreads.

    .. math::

        \lambda(x, t) = \frac{N(t)\,\Delta x}{\sqrt{2 \pi v(t)}}
        \exp\!\left(-\frac{(x - c)^2}{2 v(t)}\right) + b, \qquad v(t) = v_0 + 2 D t

    Parameters
    ----------
    time_ns : array_like, (n_times,)
        Times since the spot had its first variance.
    position_nm : array_like, (n_positions,)
        Equally spaced by :math:`\Delta x`.
    slice_counts : array_like, (n_times,) or scalar
        N(t), counts of the spot in a slice over all positions.
    diffusivity_cm2_s : float
        D.
    variance_nm2 : float
        :math:`v_0`, variance at time zero.
    centre_nm : float
        c.
    background : float
        b, counts per position and time.

    Returns
    -------
    xarray.DataArray
        (time_ns, position_nm).

    Raises
    ------
    ValueError
        If a number is out of range, or the variance does not stay positive.

    Examples
    --------
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot([0, 1], x, 500, diffusivity_cm2_s=0.05, variance_nm2=200**2)
    >>> spot.sum("position_nm").values.round(3)
    array([499.998, 499.979])
    """
    time, position, slice_counts = _spot_axes(time_ns, position_nm, slice_counts)
    centre_nm = check_number("centre_nm", centre_nm)
    background = check_number("background", background, at_least=0)
    amplitude, variance = _peaks(time, position, slice_counts, diffusivity_cm2_s, variance_nm2)
    shape = np.exp(-((position - centre_nm) ** 2) / (2 * variance[:, None]))
    axes = {
        "time_ns": ("time_ns", time, {"units": "ns"}),
        "position_nm": ("position_nm", position, {"units": "nm"}),
    }
    return xr.DataArray(amplitude[:, None] * shape + background, axes, tuple(axes))


def _spot_axes(
    time_ns: ArrayLike, position_nm: ArrayLike, slice_counts: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times, positions, and counts for each time or for all."""
    (time,), (position,) = as_columns(1, time_ns=time_ns), as_columns(2, position_nm=position_nm)
    (counts,) = as_columns(1, slice_counts=slice_counts)
    if counts.size not in (1, time.size):
        raise ValueError(
            f"slice_counts has {counts.size} values and must have one, or one for each of "
            f"{time.size} times"
        )
    return time, position, counts


def _peaks(
    time: FloatArray,
    position: FloatArray,
    slice_counts: FloatArray,
    diffusivity_cm2_s: float,
    variance_nm2: float,
) -> tuple[FloatArray, FloatArray]:
    """Counts of the spot at its centre, and its variance, at every time."""
    diffusivity_cm2_s = check_number("diffusivity_cm2_s", diffusivity_cm2_s)
    variance_nm2 = check_number("variance_nm2", variance_nm2, above=0)
    variance = variance_nm2 + 2 * diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S * time
    check_number("smallest variance_nm2 + 2 D t", float(variance.min()), above=0, any_size=True)
    spacing = (position[-1] - position[0]) / (position.size - 1)
    return slice_counts * spacing / np.sqrt(2 * np.pi * variance), variance


def cramer_rao_bound(
    time_ns: ArrayLike,
    position_nm: ArrayLike,
    slice_counts: ArrayLike,
    *,
    diffusivity_cm2_s: float,
    variance_nm2: float,
    centre_nm: float = 0.0,
    background: float = 0.0,
) -> float:
    r"""Smallest standard error of D that an unbiased estimate from Poisson counts can have.

    .. math::

        \sigma_D^2 \ge (I^{-1})_{DD}, \qquad
        I_{pq} = \sum_{x, t} \frac{1}{\lambda} \frac{\partial \lambda}{\partial p}
        \frac{\partial \lambda}{\partial q}

    where spot variance, centre, background and the intensity of every slice are unknown too.

    Parameters
    ----------
    time_ns, position_nm, slice_counts
        As for `spreading_spot`, each intensity above 0.
    diffusivity_cm2_s, variance_nm2, centre_nm, background
        As for `spreading_spot`.

    Returns
    -------
    float
        In cm2/s; infinite if D cannot be found from such a record, as from a single slice.

    Raises
    ------
    ValueError
        As for `spreading_spot`, and if an intensity is not above 0.

    Notes
    -----
    Without background and with a window that holds the whole spot, the variance of a slice has
    the bound :math:`2 v^2 / N`, and the bound here is that of a line through such points.

    Examples
    --------
    >>> t, x = np.arange(0, 3, 0.05), np.linspace(-900, 900, 61)
    >>> spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2, "background": 1}
    >>> bright, dim = (cramer_rao_bound(t, x, n * np.exp(-t / 2), **spot) for n in (1e5, 1e4))
    >>> bool(bright < dim / 3)
    True
    """
    time, position, slice_counts = _spot_axes(time_ns, position_nm, slice_counts)
    check_number("lowest of slice_counts", float(slice_counts.min()), above=0, any_size=True)
    diffusivity_cm2_s = check_number("diffusivity_cm2_s", diffusivity_cm2_s)
    variance_nm2 = check_number("variance_nm2", variance_nm2, above=0)
    centre_nm = check_number("centre_nm", centre_nm)
    background = check_number("background", background, at_least=0)
    # without any background the far wings would expect exactly nothing, and 1/mean is infinite
    floor = BACKGROUND_FLOOR * float(slice_counts.mean()) / position.size
    mean = spreading_spot(
        time,
        position,
        slice_counts,
        diffusivity_cm2_s=diffusivity_cm2_s,
        variance_nm2=variance_nm2,
        centre_nm=centre_nm,
        background=max(background, floor),
    )
    amplitudes, _ = _peaks(time, position, slice_counts, diffusivity_cm2_s, variance_nm2)
    diffusivity = diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S
    shared = np.array([diffusivity, variance_nm2, centre_nm, max(background, floor)])
    expected = spreading.CountMap(position, time, np.ones(time.size), mean.to_numpy())
    variance = spreading.smallest_variance(expected, spreading.Spot(shared, amplitudes))
    return math.inf if math.isnan(variance) else math.sqrt(variance) * NM2_PER_NS_IN_CM2_S


def global_fit(record: Slices, goodness: bool) -> Estimate:
    """D of a map with times since its first slice, by maximum likelihood; see `diffusivity`."""
    record = record.without_masked_positions()
    spot = found_once(_likeliest, record)
    if spot is None:
        return Estimate(math.nan, math.nan, "cm2/s", "global", "the sum of all slices has no width")
    if math.isnan(spot.variance):
        return Estimate(math.nan, math.nan, "cm2/s", "global", "did not settle", converged=False)
    value, std_err = float(spot.shared[spreading.DIFFUSIVITY]), math.sqrt(spot.variance)
    unit = NM2_PER_NS_IN_CM2_S
    found = Estimate(value * unit, std_err * unit, "cm2/s", "global")
    model = spot.model(record.counts)
    in_slice = np.nansum(record.counts, axis=1)
    total = model.summed(group_starts(in_slice, 1))
    if not goodness and not explained(total) < EXPLAINED:
        return found
    levels = [model, model.summed(group_starts(in_slice, GROUPS)), total]
    return map_misfit(levels, spot.time, spot.position).applied(found)


@dataclass(frozen=True)
class _Spot:
    """The likeliest spreading Gaussian spot of a map, and the variance of D or NaN."""

    time: FloatArray
    position: FloatArray
    exposure: FloatArray
    shared: FloatArray
    amplitudes: FloatArray
    variance: float
    floor: float

    def model(self, counts: FloatArray) -> Model:
        """Expected counts beside those seen, with the derivatives by all parameters."""
        diffusivity, spot_variance, centre, background = self.shared
        width = spot_variance + 2 * diffusivity * self.time[:, None]
        shift = self.position - centre
        shape = np.exp(-(shift**2) / (2 * width))
        spot, level = self.amplitudes[:, None] * shape, self.exposure[:, None] + 0 * shape
        wider = spot * shift**2 / (2 * width**2)
        shared = [2 * self.time[:, None] * wider, wider, spot * shift / width, level]
        # a background that rests at its bound takes nothing up
        free = np.array(shared[: 4 - (background <= self.floor)])
        return Model(counts, spot + background * level, shape[None], free)


def likeliest_map(record: Slices) -> FloatArray | None:
    """Expected counts of the spreading Gaussian spot that fits best, where there is one."""
    spot = found_once(_likeliest, record)
    if spot is None or math.isnan(spot.variance):
        return None
    return spot.model(record.counts).mean


def _likeliest(record: Slices) -> _Spot | None:
    """The spot of highest likelihood; none where the sum of all slices has no width."""
    time, position, values, exposure = record
    shared, amplitudes = _start(record)
    if np.isnan(shared).any():
        return None
    floor = BACKGROUND_FLOOR * float(np.nanmean(values))
    shared[spreading.BACKGROUND] = max(shared[spreading.BACKGROUND], floor)
    seen = spreading.CountMap(position, time, exposure, values)
    spot, variance = spreading.likeliest(seen, spreading.Spot(shared, amplitudes), floor)
    return _Spot(time, position, exposure, *spot, variance, floor)


def _start(record: Slices) -> tuple[FloatArray, FloatArray]:
    """No spreading, the spot of the mean slice, and what each slice has over background."""
    _, position, values, exposure = record
    _, centre, variance, level = fit_one(position, np.nanmean(values, axis=0) * len(values))
    background = max(float(level) / len(values), 0.0)
    shape = np.exp(-((position - centre) ** 2) / (2 * variance))
    signal = np.nansum(values - background * exposure[:, None], axis=1)
    # a slice that starts at zero could rest there by mistake
    smallest = 1e-3 * np.nanmean(values) + 1 / position.size
    amplitudes = np.maximum(signal / (np.isfinite(values) @ shape), smallest)
    return np.array([0.0, variance, centre, background]), amplitudes
