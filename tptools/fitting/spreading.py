"""The likeliest spreading Gaussian of a map of Poisson counts, by Fisher scoring.

Expected are A_i exp(-(x - c)^2 / 2(s + 2 D t_i)) + w_i b counts: every slice has an amplitude, all
share the rest. All is done for whole maps at once; compiled loops were no faster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy

from tptools.arrays import BoolArray, FloatArray

# parameters that all slices share; the background is last, to be left out
DIFFUSIVITY, VARIANCE, CENTRE, BACKGROUND = range(4)
# of the derivatives by the amplitude and by these: powers of the distance from the centre and of
# the Gaussian in them
DISTANCE, GAUSSIAN = np.array([0, 2, 2, 1, 0]), np.array([1, 1, 1, 1, 0])

MAX_STEPS = 200
GAIN_TOLERANCE = 1e-8
LARGEST_DAMPING = 1e9
# pivot of a matrix with unit diagonal that is singular but for rounding
SINGULAR = 1e-7
# rounding of y log(y / mean), in counts
ROUNDING = 1e-15


class Spot(NamedTuple):
    """D, s, c and b; and A of every slice: (4,), (n_times,)."""

    shared: FloatArray
    amplitudes: FloatArray


@dataclass(frozen=True)
class Equations:
    """Deviance of a map, and what its slices say: (5, 5, n_times), (5, n_times), the A first."""

    deviance: float
    information: FloatArray
    gradient: FloatArray


class CountMap:
    """Counts over times and positions, with the exposures w; what is NaN is left out."""

    def __init__(
        self, position: FloatArray, time: FloatArray, exposure: FloatArray, counts: FloatArray
    ) -> None:
        self.position, self.time, self.exposure = position, time, exposure
        self.known = np.isfinite(counts).astype(float)
        self.counts = np.nan_to_num(counts)

    def equations(self, spot: Spot) -> Equations | None:
        """Expected information and gradient; none where a variance is not positive."""
        variance = spot.shared[VARIANCE] + 2 * spot.shared[DIFFUSIVITY] * self.time
        if not variance.min() > 0:
            return None
        distance = self.position - spot.shared[CENTRE]
        shape = np.exp(distance**2 * (-0.5 / variance[:, None]))
        level = spot.shared[BACKGROUND] * self.exposure
        mean = spot.amplitudes[:, None] * shape + level[:, None]
        weight = self.known / mean
        ratio = self.counts * weight
        excess = ratio - self.known
        deviance = 2 * (scipy.special.xlogy(self.counts, ratio) - excess * mean).sum()
        powers = distance ** np.arange(5)[:, None]
        sums = _moments((weight, weight * shape, weight * shape**2), powers)
        pulls = _moments((excess, excess * shape), powers)
        wider = spot.amplitudes / (2 * variance**2)
        slopes = np.array(
            [
                np.ones(variance.size),
                2 * self.time * wider,
                wider,
                spot.amplitudes / variance,
                self.exposure,
            ]
        )
        both = GAUSSIAN[:, None] + GAUSSIAN, DISTANCE[:, None] + DISTANCE
        information = slopes[:, None] * slopes * sums[both]
        return Equations(float(deviance), information, slopes * pulls[GAUSSIAN, DISTANCE])


def _moments(weights: Sequence[FloatArray], powers: FloatArray) -> FloatArray:
    """Sums over positions of weights times powers of the distance; others than these stay zero.

    Powers go up to 0 for the first of the weights, to 2 for the second and so on. Not by BLAS,
    whose sums follow threads.
    """
    sums = np.zeros((len(weights), len(powers), len(weights[0])))
    for k, weighted in enumerate(weights):
        np.einsum("tx,px->pt", weighted, powers[: 2 * k + 1], out=sums[k, : 2 * k + 1])
    return sums


class Shared(NamedTuple):
    """Normal equations of the shared parameters alone, with the amplitudes at their best.

    Attributes
    ----------
    matrix, gradient : ndarray, (4, 4), (4,)
        Schur complement that profiles the amplitudes out.
    gain : float
        Share of the amplitudes in what a step gains.
    free : ndarray, (n_times,)
        1 over the information of each amplitude, 0 where it rests at its lower bound, zero, or its
        spot is out of sight.
    """

    matrix: FloatArray
    gradient: FloatArray
    gain: float
    free: FloatArray


def _shared(equations: Equations, amplitudes: FloatArray) -> Shared:
    """Take the amplitudes out of the equations."""
    own, gradient = equations.information[0, 0], equations.gradient[0]
    held: BoolArray = (own <= 0) | ((amplitudes == 0) & (gradient <= 0))
    free = np.divide(1.0, own, out=np.zeros(own.size), where=~held)
    across = free * equations.information[0, 1:]
    matrix = equations.information[1:, 1:] - across[:, None] * equations.information[0, 1:]
    return Shared(
        matrix.sum(-1),
        (equations.gradient[1:] - across * gradient).sum(-1),
        float((free * gradient**2).sum()),
        free,
    )


def _solve(matrix: FloatArray, right: FloatArray, damping: float) -> FloatArray | None:
    """Solve (M + damping diag M) s = right; none if it is not positive definite."""
    diagonal = matrix.diagonal()
    if not (diagonal > 0).all():
        return None
    scale = 1 / np.sqrt(diagonal)
    unit = matrix * np.outer(scale, scale) + damping * np.eye(scale.size)
    try:
        lower = np.linalg.cholesky(unit)
    except np.linalg.LinAlgError:
        return None
    if lower.diagonal().min() < SINGULAR:
        return None
    return scale * np.linalg.solve(unit, scale * right)


def _variance_of_diffusivity(matrix: FloatArray) -> float:
    """First element of the inverse; NaN if the matrix is not positive definite."""
    solution = _solve(matrix, np.eye(4)[DIFFUSIVITY], 0.0)
    return math.nan if solution is None else float(solution[DIFFUSIVITY])


def _moved(
    spot: Spot, equations: Equations, free: FloatArray, step: FloatArray, floor: float
) -> Spot:
    """Take a step of the shared parameters, and that of the amplitudes that goes with it."""
    right = equations.gradient[0] - step @ equations.information[0, 1 : 1 + step.size]
    shared = spot.shared + np.pad(step, (0, 4 - step.size))
    shared[BACKGROUND] = max(shared[BACKGROUND], floor)
    return Spot(shared, np.maximum(spot.amplitudes + free * right, 0.0))


def likeliest(counts: CountMap, start: Spot, floor: float) -> tuple[Spot, float]:
    """The spot of the highest likelihood, and the variance of D; NaN where it did not settle.

    Steps of the expected information, damped where the likelihood would fall.

    Parameters
    ----------
    counts : CountMap
        What was seen.
    start : Spot
        Where to start, with b above or at `floor`.
    floor : float
        Lowest b, above 0.
    """
    with np.errstate(all="ignore"):  # wild steps are tried, and not taken
        return _climbed(counts, start, floor)


def _climbed(counts: CountMap, start: Spot, floor: float) -> tuple[Spot, float]:
    """Do it."""
    spot, trial, equations = start, start, None
    deviance, damping = math.inf, 1e-5
    # rise of the deviance that is rounding of logarithms, where bright exact maps end
    rounding = ROUNDING * counts.position.size * float(start.amplitudes.sum())
    for _ in range(MAX_STEPS):
        tried = counts.equations(trial)
        if tried is not None and tried.deviance <= deviance + rounding:
            spot, equations, deviance = trial, tried, tried.deviance
            damping *= 0.1
            shared = _shared(equations, spot.amplitudes)
        else:
            damping = max(10 * damping, 1e-3)
        if equations is None:
            break
        rests = spot.shared[BACKGROUND] <= floor and shared.gradient[BACKGROUND] <= 0
        n = 3 if rests else 4
        while (step := _solve(shared.matrix[:n, :n], shared.gradient[:n], damping)) is None:
            damping = max(10 * damping, 1e-3)
            if not damping < LARGEST_DAMPING:
                return spot, math.nan
        if shared.gain + shared.gradient[:n] @ step <= GAIN_TOLERANCE:
            return spot, _variance_of_diffusivity(shared.matrix)
        trial = _moved(spot, equations, shared.free, step, floor)
    return spot, math.nan


def smallest_variance(counts: CountMap, spot: Spot) -> float:
    """Cramer-Rao bound on the variance of D where `counts` are expected; NaN if there is none."""
    equations = counts.equations(spot)
    if equations is None:
        return math.nan
    return _variance_of_diffusivity(_shared(equations, spot.amplitudes).matrix)
