"""Whether a model describes a map of Poisson counts, bright or sparse, and what to say if not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import scipy

from tptools.arrays import FloatArray, IntArray
from tptools.estimate import Estimate, Goodness, joined
from tptools.fitting.result import MISFIT_P, misfit_note

TOO_EVEN_P = 1e-6
"""Chance below which counts that scatter too little are worth a note."""

EXPLAINED = 0.5
"""Share of the structure of a map that a spot has to explain for its D to mean anything."""

DEVIANT = 5.0
"""Standard errors by which a position differs from its neighbours where a note names it."""

MORE_IN_SUMS = 1.25
"""Scatter of sums over that of readings that a gain can be the reason of: few counts show less."""

GROUP_ERROR = 0.07
"""Relative error of the variance of a group of slices, at which errors are normal."""

# Deviances follow from a table up to this mean, and are those of normal counts beyond.
LARGEST_MEAN = 300.0
SMALLEST_MEAN = 1e-8
COLLINEAR = 1e-9


@dataclass(frozen=True)
class Model:
    """Counts, NaN where masked, and what a fit expects: all of shape (n_times, n_positions).

    ``own`` are derivatives of the mean by what every row has for itself, (k, n_times, n_positions);
    ``shared`` by what all rows have in common.
    """

    counts: FloatArray
    mean: FloatArray
    own: FloatArray
    shared: FloatArray

    def summed(self, first: IntArray) -> Model:
        """The same for sums of rows, each from one of `first` up to the next."""
        known = np.isfinite(self.counts)

        def total(rows: FloatArray) -> FloatArray:
            """Sums of known readings over each group of slices."""
            return np.add.reduceat(np.where(known, rows, 0.0), first, axis=-2)

        seen = np.add.reduceat(known, first, axis=0) > 0
        counts = np.where(seen, total(self.counts), np.nan)
        return Model(counts, total(self.mean), total(self.own), total(self.shared))


@dataclass(frozen=True)
class Misfit:
    """Goodness of a fit of a map, and what is wrong with it: nothing if `reason` is empty."""

    goodness: Goodness | None
    reason: str = ""
    meaningless: bool = False

    def applied(self, found: Estimate) -> Estimate:
        """The estimate with its goodness, and with a note, or as NaN, where the model fails."""
        note = joined("; ", found.note, self.reason)
        value, std_err = (math.nan, math.nan) if self.meaningless else (found.value, found.std_err)
        return replace(found, value=value, std_err=std_err, note=note, goodness=self.goodness)


def groups_for(precision: float, most: int) -> int:
    """Number of groups of slices whose variances have normal errors.

    `precision` is the inverse square of the relative error that the variance of all has.

    Examples
    --------
    >>> groups_for(0.02**-2, 24), groups_for(0.001**-2, 24), groups_for(1.0, 24)
    (12, 24, 1)
    """
    return int(np.clip(GROUP_ERROR**2 * precision, 1, most))


def group_starts(in_slice: FloatArray, n_groups: int) -> IntArray:
    """First slices of groups of about equal counts.

    Examples
    --------
    >>> group_starts(np.array([4.0, 2.0, 2.0, 4.0]), 3)
    array([0, 1, 3])
    """
    before = np.cumsum(in_slice) - in_slice
    group = np.floor(n_groups * before / max(in_slice.sum(), 1) + 1e-9).astype(int)
    return np.flatnonzero(np.diff(group, prepend=-1))


def poisson_goodness(model: Model) -> Goodness:
    r"""Deviance of Poisson counts from a fit, and its chance, whether they are many or few.

    .. math:: \sum 2 \left[n \ln(n / \mu) - n + \mu\right]

    is :math:`\chi^2` distributed for many counts only. Mean and variance are therefore those of
    each Poisson mean, less what the fit took up: of the mean a degree of freedom for each parameter
    (none where counts are so few that the deviance hardly bends), of the variance the part
    that is linear in the fitted derivatives. The chance is that of a scaled :math:`\chi^2` with
    both moments.

    References
    ----------
    P. McCullagh, J. R. Stat. Soc. B 48, 104 (1986). J. S. Kaastra, Astron. Astrophys. 605, A51
    (2017).

    Examples
    --------
    >>> flat = np.full((4, 100), 7.0)
    >>> counts = np.random.default_rng(1).poisson(flat).astype(float)
    >>> fit = Model(counts, flat + counts.mean() - 7, np.empty((0, 4, 100)), np.ones((1, 4, 100)))
    >>> goodness = poisson_goodness(fit)
    >>> round(goodness.n_free), 0.05 < goodness.p_value < 0.95
    (411, True)
    """
    known = np.isfinite(model.counts)
    mean = np.where(known, np.maximum(model.mean, SMALLEST_MEAN), 1.0)
    counts = np.where(known, model.counts, 1.0)
    deviance = float(2 * (scipy.special.xlogy(counts, counts / mean) - counts + mean).sum())
    expected, variance, slope, bend = (known * one for one in _moments(mean))
    root = np.sqrt(mean)
    leverage, followed = _taken_up(
        model.own * known / root, model.shared * known / root, slope * root
    )
    n_free = float((expected - leverage * bend).sum())
    spread = float((variance - 2 * leverage * bend).sum()) - followed
    if n_free <= 0 or spread <= 0:
        return Goodness(deviance, max(n_free, 0.0), math.nan)
    scale = spread / (2 * n_free)
    return Goodness(deviance, n_free, chance_above(deviance / scale, n_free / scale))


def chance_above(chi_square: float, n_free: float) -> float:
    """Chance that chi-square comes out as large, or larger.

    `scipy.stats.chi2.sf` without its checks, which take longer than the tests of a fit.

    Examples
    --------
    >>> math.isclose(chance_above(20.0, 10.0), scipy.stats.chi2.sf(20.0, 10.0))
    True
    """
    return float(scipy.special.chdtrc(n_free, chi_square))


def combined(tests: Sequence[Goodness]) -> Goodness:
    """The worst of independent tests, with the chance that the worst is as bad.

    Examples
    --------
    >>> both = combined([Goodness(9.0, 9.0, 0.5), Goodness(30.0, 9.0, 0.01)])
    >>> both.chi_square, round(both.p_value, 4)
    (30.0, 0.0199)
    """
    known = [one for one in tests if not math.isnan(one.p_value)]
    if not known:
        return tests[0]
    worst = min(known, key=lambda one: one.p_value)
    chance = -math.expm1(len(known) * math.log1p(-worst.p_value)) if worst.p_value < 1 else 1.0
    return replace(worst, p_value=chance)


def map_misfit(
    levels: Sequence[Model], time: FloatArray, position: FloatArray, *others: Goodness
) -> Misfit:
    """What is wrong with a model of a map: of its readings, and of sums of its slices.

    Parameters
    ----------
    levels : sequence of Model
        The finest first, of which `time` are the rows; the last is the sum of all.
    time, position : ndarray
        Of its readings.
    *others : Goodness
        Of other tests of the same model.

    Returns
    -------
    Misfit
    """
    finest, coarsest = poisson_goodness(levels[0]), poisson_goodness(levels[-1])
    middle = [poisson_goodness(level) for level in levels[1:-1]]
    goodness = combined([finest, *middle, coarsest, *others])
    if not goodness.p_value < MISFIT_P:
        return Misfit(goodness, too_even(levels[0], finest))
    share = explained(levels[-1])
    named = deviant(levels[0], levels[-1], time, position) or too_noisy(finest, *middle, coarsest)
    return judged(goodness, share, named)


def judged(goodness: Goodness, share: float, named: str) -> Misfit:
    """A misfit by its chance, the share of the map that is explained, and what is to blame.

    Examples
    --------
    >>> judged(Goodness(60.0, 20.0, 7e-6), 0.3, "").reason
    'the model does not fit (chi2/nu = 3, p = 7e-06); a spot explains 30% of the map'
    """
    reason = misfit_note(goodness)
    if not reason:
        return Misfit(goodness)
    if share < EXPLAINED:
        reason += f"; a spot explains {max(share, 0):.0%} of the map"
        return Misfit(goodness, reason, meaningless=True)
    return Misfit(goodness, joined("; ", reason, named))


def too_noisy(readings: Goodness, *sums: Goodness) -> str:
    """Words for counts whose sums scatter as much more than photons do as single readings.

    Examples
    --------
    >>> too_noisy(Goodness(1600.0, 400.0, 0.0), Goodness(80.0, 20.0, 1e-9))
    'counts scatter more than photons do, and the error is for photons'
    """
    ratio = readings.reduced_chi_square
    if not ratio > 1:
        return ""
    most = ratio * MORE_IN_SUMS
    if any(chance_above(one.chi_square / most, one.n_free) < MISFIT_P for one in sums):
        return ""
    return "counts scatter more than photons do, and the error is for photons"


def too_even(model: Model, goodness: Goodness) -> str:
    """A note on whole counts that scatter less than photons do; empty if they do not.

    Examples
    --------
    >>> flat = np.full((4, 100), 7.0)
    >>> model = Model(flat, flat, np.empty((0, 4, 100)), np.ones((1, 4, 100)))
    >>> too_even(model, poisson_goodness(model))
    'counts scatter less than photons do (chi2/nu = 0), and the error is for photons'
    """
    known = model.counts[np.isfinite(model.counts)]
    if not goodness.p_value > 1 - TOO_EVEN_P or (known != np.round(known)).any():
        return ""
    ratio = goodness.reduced_chi_square
    return (
        f"counts scatter less than photons do (chi2/nu = {ratio:.2g}), and the error is for photons"
    )


def explained(model: Model) -> float:
    """Share of what stands out of the noise about the mean of every row that a model explains.

    Three standard errors of the noise count for the model.

    Examples
    --------
    >>> slope = np.arange(1.0, 101.0)[None]
    >>> model = Model(slope, slope, np.empty((0, 1, 100)), np.empty((0, 1, 100)))
    >>> explained(model) > 1
    True
    """
    level = np.nanmean(model.counts, axis=1, keepdims=True) + 0 * model.mean
    none = np.empty((0, *level.shape))
    found = poisson_goodness(model)
    flat = poisson_goodness(Model(model.counts, level, np.ones((1, *level.shape)), none))
    left = found.chi_square - found.n_free - 3 * math.sqrt(2 * found.n_free)
    return 1 - left / max(flat.chi_square - flat.n_free, 1.0)


def deviant(model: Model, total: Model, time: FloatArray, position: FloatArray) -> str:
    """Name the position, or the reading, that differs most from its neighbours, if one does."""
    excess = (total.counts - total.mean).ravel()
    kink = excess[1:-1] - (excess[:-2] + excess[2:]) / 2
    variance = np.maximum(total.mean.ravel(), 1.0)
    z = np.nan_to_num(kink / np.sqrt(variance[1:-1] + (variance[:-2] + variance[2:]) / 4))
    # a misfit of the whole profile is no fault of a position
    deviation = float(np.median(np.abs(z - np.median(z))) / scipy.special.ndtri(0.75))
    z /= max(1.0, deviation)
    worst = int(np.argmax(np.abs(z)))
    if abs(z[worst]) < DEVIANT:
        return ""
    j = worst + 1
    where, beside = f"position {position[j]:g} nm", "its neighbours"
    column = np.nan_to_num(model.counts[:, j] - model.mean[:, j])
    i = int(np.argmax(np.abs(column)))
    if abs(column[i]) > abs(excess[j]) / 2 and time.size > 2:
        where, beside = f"the reading at {time[i]:g} ns and {position[j]:g} nm", "others there"
    return (
        f"{where} differs from {beside} by {abs(z[worst]):.0f} standard errors: mask it with "
        "counts.where(...)"
    )


def smooth_model(counts: FloatArray) -> Model:
    """The median of five neighbours as the mean of every count, where there is no better one."""
    known = np.nan_to_num(counts)
    none = np.empty((0, *counts.shape))
    return Model(counts, scipy.ndimage.median_filter(known, (1, 5), mode="nearest"), none, none)


def _taken_up(own: FloatArray, shared: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Leverage of every reading, and the square of what of a target lies in the fitted space.

    Derivatives are weighted; (k, n, m), (q, n, m) and (n, m).
    """
    leverage, followed = np.zeros(target.shape), 0.0
    if own.shape[0]:
        columns = np.moveaxis(own, 0, -1)
        columns = columns / (np.linalg.norm(columns, axis=1, keepdims=True) + SMALLEST_MEAN**9)
        across = columns @ _pseudoinverse(_gram(columns))
        leverage += (across * columns).sum(-1)
        rest = np.concatenate([shared, target[None]])
        inner = np.einsum("nmk,qnm->nkq", columns, rest)
        fitted = np.moveaxis(across @ inner, -1, 0)
        followed += float((fitted[-1] * target).sum())
        shared, target = shared - fitted[:-1], target - fitted[-1]
    if shared.shape[0]:
        flat = shared.reshape(shared.shape[0], -1).T
        flat = flat / (np.linalg.norm(flat, axis=0) + SMALLEST_MEAN**9)
        across = flat @ _pseudoinverse(flat.T @ flat)
        leverage += (across * flat).sum(-1).reshape(target.shape)
        followed += float((across.T @ target.ravel()) @ (flat.T @ target.ravel()))
    return leverage, followed


def _gram(columns: FloatArray) -> FloatArray:
    product: FloatArray = np.swapaxes(columns, -1, -2) @ columns
    return product


def _pseudoinverse(gram: FloatArray) -> FloatArray:
    """Inverses of symmetric matrices where they have one; `numpy.linalg.pinv` takes thrice as long.

    Examples
    --------
    >>> _pseudoinverse(np.array([[2.0, 2.0], [2.0, 2.0]])).round(3).tolist()
    [[0.125, 0.125], [0.125, 0.125]]
    """
    size, axes = np.linalg.eigh(gram)
    known = size > COLLINEAR * size[..., -1:]
    inverse = np.divide(1.0, size, out=np.zeros(size.shape), where=known)
    product: FloatArray = (axes * inverse[..., None, :]) @ np.swapaxes(axes, -1, -2)
    return product


def _moments(mean: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Mean and variance of the deviance of Poisson counts, its slope, and 1 + mean E'' / 2."""
    at, *columns = _table()
    logs = np.log(np.clip(mean, SMALLEST_MEAN, LARGEST_MEAN))
    expected, variance, slope, bend = (np.interp(logs, at, one) for one in columns)
    return expected, variance, slope, bend


@cache
def _table() -> tuple[FloatArray, ...]:
    """Logarithms of means, and the moments there, as sums over all counts that can occur."""
    logs = np.linspace(math.log(SMALLEST_MEAN), math.log(LARGEST_MEAN), 300)
    mean = np.exp(logs)[:, None]
    n = np.arange(0.0, LARGEST_MEAN + 12 * math.sqrt(LARGEST_MEAN))
    chance = np.exp(scipy.special.xlogy(n, mean) - mean - scipy.special.gammaln(n + 1))
    deviance = 2 * (scipy.special.xlogy(n, n / mean) - n + mean)
    expected = (chance * deviance).sum(1)
    variance = (chance * (deviance - expected[:, None]) ** 2).sum(1)
    slope = (chance * deviance * (n - mean)).sum(1) / mean[:, 0]
    # the slope is also dE/dmean, so that mean E'' is its derivative by the logarithm
    bend = 1 + np.gradient(slope, logs) / 2
    return logs, expected, variance, slope, bend
