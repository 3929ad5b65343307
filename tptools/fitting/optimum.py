"""Where a curve fits best within bounds, by least squares or Poisson maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.estimate import Goodness

Variance = FloatArray | Callable[[FloatArray], FloatArray] | None

MAX_REWEIGHTINGS = 50
MAX_STEPS = 500
TOLERANCE = 1e-12
RELATIVE_TOLERANCE = 1e-6

LEAST_IN_GROUP = 5.0
"""Expected counts that neighbouring bins are merged up to, for the goodness of fit only."""

AT_BOUND = 1e-2
"""Distance in standard errors below which a parameter that wants to pass its bound is there."""


@dataclass(frozen=True)
class Task:
    """What is to be fitted: `curve` gives the values from all parameters, in order."""

    curve: Callable[[FloatArray], FloatArray]
    values: FloatArray
    start: FloatArray
    lower: FloatArray
    upper: FloatArray
    varied: BoolArray
    variance: Variance = None
    poisson: bool = False
    scaled: bool = False

    def misfit(self, at: FloatArray) -> float:
        """Chi-square, or the deviance of counts."""
        mean = self.curve(at)
        if self.poisson:
            return float(np.sum(signed_deviance(self.values, mean)[0] ** 2))
        return float(np.sum((self.values - mean) ** 2 / self.variance_at(mean)))

    def slopes(self, at: FloatArray, which: BoolArray) -> FloatArray:
        """Derivatives of the curve by all parameters, (n, number of them); 0 where held."""
        derivatives = np.zeros((self.values.size, at.size))
        for i in np.flatnonzero(which).tolist():
            derivatives[:, i] = self._slope(at, i)
        return derivatives

    def _slope(self, at: FloatArray, i: int) -> FloatArray:
        step = 1e-6 * self.scale(at)[i]
        # a step must change the curve by more than rounding, and by little enough to be a slope
        for _ in range(5):
            ends = np.tile(at, (2, 1))
            ends[:, i] = np.clip([at[i] - step, at[i] + step], self.lower[i], self.upper[i])
            low, high = self.curve(ends[0]), self.curve(ends[1])
            change = np.abs(high - low).max() / max(np.abs(high).max(), np.finfo(float).tiny)
            if 1e-8 < change < 1e-4:
                break
            step *= 1e-6 / min(max(change, 1e-9), 1e-3)
        return (high - low) / (ends[1, i] - ends[0, i])

    def scale(self, at: FloatArray) -> FloatArray:
        """Size of each parameter, as far as its start tells."""
        return np.where(self.start == 0, 1.0, np.maximum(np.abs(at), np.abs(self.start)))

    def variance_at(self, mean: FloatArray) -> FloatArray:
        """Variance of the points about these values of the curve."""
        if self.variance is None:
            return np.ones_like(mean)
        return self.variance(mean) if callable(self.variance) else self.variance


@dataclass(frozen=True)
class Optimum:
    """Where a task is fulfilled best, and how the curve changes around it."""

    task: Task
    at: FloatArray
    fitted: FloatArray
    slopes: FloatArray
    free: BoolArray
    message: str = ""

    @property
    def deviation(self) -> FloatArray:
        """Standard deviation of the points."""
        if self.task.poisson:
            return np.sqrt(self.fitted)
        return np.sqrt(self.task.variance_at(self.fitted))

    @property
    def pull(self) -> FloatArray:
        """How fast half the misfit falls with each parameter."""
        return (self.task.values - self.fitted) / self.deviation**2 @ self.slopes

    @np.errstate(over="ignore")  # what the points hardly determine has an error without end
    def covariance(self, which: BoolArray) -> tuple[FloatArray, BoolArray, int]:
        """Of some parameters while the rest are held, which are determined, and the rank."""
        slopes = self.slopes[:, which] / self.deviation[:, None]
        length = np.linalg.norm(slopes, axis=0)
        unit = slopes / np.where(length > 0, length, 1.0)
        _, size, axes = np.linalg.svd(unit, full_matrices=False)
        known = size > 1e-8
        lost = (length == 0) | (np.abs(axes[~known]) > 1e-2).any(axis=0)
        spread = axes[known] / (size[known, None] * np.where(length > 0, length, 1.0))
        return spread.T @ spread, ~lost, int(known.sum())

    def reach(self, i: int, growth: float) -> float:
        """How far a parameter may leave its bound until the misfit has grown by so much."""
        which = self.free.copy()
        which[i] = True
        covariance, determined, _ = self.covariance(which)
        place = np.count_nonzero(which[:i])
        if not determined[place]:
            return math.nan
        pull = abs(float(self.pull[i]))
        curvature = 1 / float(covariance[place, place])
        return growth / (pull + math.hypot(pull, math.sqrt(growth * curvature)))


@np.errstate(over="ignore")  # a trial step that goes too far is taken back
def find_optimum(task: Task) -> Optimum:
    """The best parameters; one that would pass its bound is put there and held."""
    at, free = np.clip(task.start, task.lower, task.upper), task.varied.copy()
    while True:
        at, message = _search(task, at, free)
        found = Optimum(task, at, task.curve(at), task.slopes(at, task.varied), free, message)
        held = _at_bound(found)
        if not held.any():
            return found
        bound = np.where(found.pull < 0, task.lower, task.upper)
        at, free = np.where(held, bound, at), free & ~held


def _at_bound(found: Optimum) -> BoolArray:
    """The first free parameter that is pulled out of its bounds and may be put on one, if any."""
    task, at = found.task, found.at
    distance = np.where(found.pull < 0, at - task.lower, task.upper - at)
    misfit = task.misfit(at)
    error = math.sqrt(misfit / task.values.size) if task.scaled else 1.0
    held = np.zeros(at.size, bool)
    for i in np.flatnonzero(found.free & np.isfinite(distance)).tolist():
        sharpness = float(np.linalg.norm(found.slopes[:, i] / found.deviation))
        if sharpness and distance[i] * sharpness <= AT_BOUND * error:
            trial = at.copy()
            trial[i] = task.lower[i] if found.pull[i] < 0 else task.upper[i]
            # what changes little here may change much on the way to the bound
            held[i] = task.misfit(trial) <= misfit + (AT_BOUND * error) ** 2
            if held[i]:
                break
    return held


def goodness_of(found: Optimum, absolute: bool) -> Goodness:
    """Chi-square of the points, or of merged bins of counts, its expected value and its chance."""
    values, fitted, variance = found.task.values, found.fitted, found.deviation**2
    covariance, _, rank = found.covariance(found.free)
    n_free, excess, slopes = float(values.size - rank), 0.0, found.slopes[:, found.free]
    if found.task.poisson:
        first = _groups(fitted)
        values, fitted, slopes = (np.add.reduceat(a, first) for a in (values, fitted, slopes))
        variance, excess = fitted, float((1 / fitted).sum())
        if first.size < found.fitted.size:
            kept = slopes / np.sqrt(variance)[:, None]
            n_free = first.size - float(np.sum(covariance * (kept.T @ kept)))
    # counts where none are possible misfit without end
    with np.errstate(over="ignore"):
        chi_square = float(((values - fitted) ** 2 / variance).sum())
    if not absolute or n_free < 0.5:
        return Goodness(chi_square, max(n_free, 0.0), math.nan)
    # the gamma law of this mean and variance: that of chi-square where counts are many
    scale = (2 * n_free + excess) / n_free
    chance = float(scipy.special.gammaincc(n_free / scale, chi_square / scale))
    return Goodness(chi_square, n_free, chance)


def _groups(fitted: FloatArray) -> IntArray:
    """First bins of groups of neighbours that are expected to hold enough counts."""
    if fitted.min() >= LEAST_IN_GROUP:
        return np.arange(fitted.size)
    first, held = [0], 0.0
    for i, one in enumerate(fitted.tolist()):
        if held >= LEAST_IN_GROUP:
            first, held = [*first, i], 0.0
        held += one
    # what is left at the end is no group of its own
    return np.array(first[:-1] if held < LEAST_IN_GROUP and len(first) > 1 else first)


def _search(task: Task, at: FloatArray, free: BoolArray) -> tuple[FloatArray, str]:
    """The best values of the free parameters, and why they are none, if so."""
    if not free.any():
        return at, ""
    if task.poisson:
        return _least_squares(task, at, free, lambda mean: signed_deviance(task.values, mean))
    # a reading without counts is not an exact zero
    mean = np.maximum(task.values, 1.0)
    for _ in range(MAX_REWEIGHTINGS):
        deviation = np.sqrt(task.variance_at(mean))

        def residual(
            mean: FloatArray, deviation: FloatArray = deviation
        ) -> tuple[FloatArray, FloatArray]:
            """Residual over the deviation, and its slope by the curve."""
            return (mean - task.values) / deviation, 1 / deviation

        at, message = _least_squares(task, at, free, residual)
        fitted = task.curve(at)
        if not callable(task.variance) or np.allclose(fitted, mean, rtol=RELATIVE_TOLERANCE):
            return at, message
        mean = fitted
    return at, f"weights did not settle in {MAX_REWEIGHTINGS} rounds"


def _least_squares(
    task: Task,
    at: FloatArray,
    free: BoolArray,
    residual: Callable[[FloatArray], tuple[FloatArray, FloatArray]],
) -> tuple[FloatArray, str]:
    """Trust-region steps within the bounds; `residual` gives itself and its slope by the curve."""
    scale = task.scale(at)[free]

    def all_of(part: FloatArray) -> FloatArray:
        """All parameters, of which the free ones are given over their scale."""
        whole = at.copy()
        whole[free] = np.clip(part * scale, task.lower[free], task.upper[free])
        return whole

    def jacobian(part: FloatArray) -> FloatArray:
        """Slopes of the residuals in the free parameters."""
        whole = all_of(part)
        return residual(task.curve(whole))[1][:, None] * task.slopes(whole, free)[:, free] * scale

    result = scipy.optimize.least_squares(
        lambda part: residual(task.curve(all_of(part)))[0],
        at[free] / scale,
        jacobian,
        (task.lower[free] / scale, task.upper[free] / scale),
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
        x_scale="jac",
        max_nfev=MAX_STEPS,
    )
    return all_of(result.x), "" if result.success else f"no optimum after {MAX_STEPS} steps"


def signed_deviance(values: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Roots of the Poisson deviance of counts, with the sign of mean - counts, and their slopes.

    Examples
    --------
    >>> signed_deviance(np.array([0.0, 3.0]), np.array([2.0, 3.0]))[0]
    array([2., 0.])
    """
    empty = values == 0
    counts = np.where(empty, 1.0, values)
    excess = mean / counts - 1
    # close to the counts the two terms of the deviance cancel
    close = np.abs(excess) < 1e-3
    far = np.where(close, 1.0, excess)
    curvature = np.where(
        close,
        1 / 2 - excess / 3 + excess**2 / 4 - excess**3 / 5,
        (far - np.log(np.where(close, 2.0, mean / counts))) / far**2,
    )
    root = np.sqrt(2 * counts * curvature)
    residual = np.where(empty, np.sqrt(2 * mean), excess * root)
    slope = np.where(empty, 1 / np.sqrt(2 * mean), counts / (mean * root))
    return residual, slope
