"""The compiled loops of the fits, nothing else: one Gaussian, and one that spreads."""

from __future__ import annotations

from math import exp, inf, isnan, log, nan, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.compiled import compiled, compiled_within

# parameters of one profile
AMPLITUDE, CENTRE, VARIANCE, BACKGROUND = 0, 1, 2, 3
# parameters that all profiles of a map share; the background is last in both, to be left out
DIFFUSIVITY, SPOT_VARIANCE, SPOT_CENTRE = 0, 1, 2

# what became of a fit
GOOD, NO_COUNTS, TOO_FEW_COUNTS, NO_PEAK, NOT_SETTLED, UNSURE, MASKED = range(7)

MAX_STEPS = 200
RELATIVE_TOLERANCE = 1e-7
GAIN_TOLERANCE = 1e-8
PROFILE_GAIN_TOLERANCE = 1e-4
LARGEST_DAMPING = 1e9
# lowest background of a likely profile, in amplitudes
PROFILE_FLOOR = 1e-6
# rounding of y log(y / mean), in counts
ROUNDING = 1e-15


@compiled_within
def _guess(x: FloatArray, y: FloatArray, n: int, parameters: FloatArray) -> None:
    """Starting point: peak over background, and the width that explains the area."""
    lowest, highest, total, known = inf, -inf, 0.0, 0
    for i in range(x.size):
        if isnan(y[i]):
            continue
        total += y[i]
        known += 1
        lowest = min(lowest, y[i])
        if y[i] > highest:
            highest = y[i]
            parameters[CENTRE] = x[i]
    parameters[BACKGROUND] = lowest if n > BACKGROUND else 0.0
    parameters[AMPLITUDE] = highest - parameters[BACKGROUND]
    spacing = (x[-1] - x[0]) / (x.size - 1)
    area = (total - known * parameters[BACKGROUND]) * spacing * x.size / known
    width = area / (parameters[AMPLITUDE] * sqrt(2 * pi))
    parameters[VARIANCE] = max(width, spacing / 2) ** 2


@compiled_within
def _assign(values: FloatArray, into: FloatArray) -> None:
    """Copy a vector; the compiler takes longer over array expressions."""
    for j in range(values.size):
        into[j] = values[j]


@compiled_within
def _clear(matrix: FloatArray, gradient: FloatArray) -> None:
    """Set all to zero."""
    for j in range(4):
        gradient[j] = 0.0
        for k in range(4):
            matrix[j, k] = 0.0


@compiled_within
def _copy(
    matrix: FloatArray, gradient: FloatArray, into_matrix: FloatArray, into_gradient: FloatArray
) -> None:
    """Keep what was found for a step."""
    for j in range(4):
        into_gradient[j] = gradient[j]
        for k in range(4):
            into_matrix[j, k] = matrix[j, k]


@compiled_within
def _normal_equations(
    x: FloatArray,
    y: FloatArray,
    parameters: FloatArray,
    poisson: bool,
    matrix: FloatArray,
    gradient: FloatArray,
) -> float:
    """J^T W J, J^T W r and r^T W r of one profile; W = 1, or 1/mean and the Poisson deviance.

    What is NaN is left out.
    """
    _clear(matrix, gradient)
    row = np.empty(4)
    misfit = 0.0
    weight = 1.0
    for i in range(x.size):
        if isnan(y[i]):
            continue
        shift = x[i] - parameters[CENTRE]
        shape = exp(-shift * shift / (2 * parameters[VARIANCE]))
        row[AMPLITUDE] = shape
        row[CENTRE] = parameters[AMPLITUDE] * shape * shift / parameters[VARIANCE]
        row[VARIANCE] = row[CENTRE] * shift / (2 * parameters[VARIANCE])
        row[BACKGROUND] = 1.0
        mean = parameters[AMPLITUDE] * shape + parameters[BACKGROUND]
        residual = y[i] - mean
        if poisson:
            weight = 1.0 / mean
            misfit -= 2 * residual
            if y[i] > 0:
                misfit += 2 * y[i] * log(y[i] * weight)
        else:
            misfit += residual * residual
        for j in range(4):
            weighted = weight * row[j]
            gradient[j] += weighted * residual
            for k in range(j + 1):
                matrix[j, k] += weighted * row[k]
    for j in range(4):
        for k in range(j):
            matrix[k, j] = matrix[j, k]
    return misfit


@compiled_within
def _solve(
    matrix: FloatArray, right: FloatArray, damping: float, n: int, solution: FloatArray
) -> bool:
    """Solve (M + damping diag M) s = right by Cholesky; False if not positive definite."""
    lower = np.empty((4, 4))
    for j in range(n):
        for k in range(j + 1):
            total = matrix[j, k] * (1 + damping) if j == k else matrix[j, k]
            for m in range(k):
                total -= lower[j, m] * lower[k, m]
            if j > k:
                lower[j, k] = total / lower[k, k]
            elif total > 0:
                lower[j, j] = sqrt(total)
            else:
                return False
    for j in range(n):
        solution[j] = right[j]
        for m in range(j):
            solution[j] -= lower[j, m] * solution[m]
        solution[j] /= lower[j, j]
    for j in range(n - 1, -1, -1):
        for m in range(j + 1, n):
            solution[j] -= lower[m, j] * solution[m]
        solution[j] /= lower[j, j]
    return True


@compiled_within
def _variance_of(matrix: FloatArray, which: int, n: int) -> float:
    """Diagonal element of the inverse of a matrix; NaN if it is not positive definite."""
    unit, solution = np.zeros(4), np.zeros(4)
    unit[which] = 1.0
    return solution[which] if _solve(matrix, unit, 0.0, n, solution) else nan


@compiled_within
def _is_settled(step: FloatArray, gradient: FloatArray, at: FloatArray, poisson: bool) -> bool:
    """Whether a step changes next to nothing: the parameters, or the likelihood."""
    if poisson:
        gain = 0.0
        for j in range(4):
            gain += gradient[j] * step[j]
        return gain <= PROFILE_GAIN_TOLERANCE
    return (
        abs(step[AMPLITUDE]) <= RELATIVE_TOLERANCE * abs(at[AMPLITUDE])
        and abs(step[CENTRE]) <= RELATIVE_TOLERANCE * sqrt(at[VARIANCE])
        and abs(step[VARIANCE]) <= RELATIVE_TOLERANCE * at[VARIANCE]
    )


@compiled_within
def _fit_gaussian(
    x: FloatArray, y: FloatArray, n: int, poisson: bool, parameters: FloatArray
) -> float:
    """Levenberg-Marquardt on one profile; returns the variance of the VARIANCE parameter."""
    matrix, trial_matrix = np.empty((4, 4)), np.empty((4, 4))
    gradient, trial_gradient = np.empty(4), np.empty(4)
    step, trial = np.zeros(4), np.empty(4)
    for j in range(4):
        trial[j] = parameters[j]
    # a likelihood needs some background, and no dip
    floor = PROFILE_FLOOR * parameters[AMPLITUDE] if poisson else -inf
    misfit, damping, settled = inf, 1e-2, False
    for _ in range(MAX_STEPS):
        trial_misfit = inf
        trial[BACKGROUND] = max(trial[BACKGROUND], floor)
        if trial[VARIANCE] > 0 and (trial[AMPLITUDE] > 0 or not poisson):
            trial_misfit = _normal_equations(x, y, trial, poisson, trial_matrix, trial_gradient)
        if trial_misfit <= misfit:
            _copy(trial_matrix, trial_gradient, matrix, gradient)
            misfit = trial_misfit
            damping *= 0.1
            for j in range(4):
                parameters[j] = trial[j]
        else:
            damping *= 10.0
        if settled:
            scale = 1.0 if poisson else misfit / (_known(y) - n)
            return _variance_of(matrix, VARIANCE, n) * scale
        held = poisson and parameters[BACKGROUND] <= floor and gradient[BACKGROUND] <= 0
        step[BACKGROUND] = 0.0
        while not _solve(matrix, gradient, damping, BACKGROUND if held else n, step):
            damping *= 10.0
            if not damping < LARGEST_DAMPING:
                return nan
        settled = _is_settled(step, gradient, parameters, poisson)
        for j in range(4):
            trial[j] = parameters[j] + (step[j] if j < n else 0.0)
    return nan


@compiled_within
def _known(y: FloatArray) -> int:
    """How many values are not NaN."""
    known = 0
    for i in range(y.size):
        known += not isnan(y[i])
    return known


@compiled_within
def _before_fit(y: FloatArray, n: int) -> int:
    """Whether a profile has what a fit needs: more filled positions than parameters, a peak."""
    filled, lowest, highest = 0, inf, -inf
    for i in range(y.size):
        if not isnan(y[i]):
            filled += y[i] != 0
            lowest = min(lowest, y[i])
            highest = max(highest, y[i])
    if lowest > highest:
        return MASKED
    if highest == 0:
        return NO_COUNTS
    if filled <= n:
        return TOO_FEW_COUNTS
    return NO_PEAK if highest == lowest else GOOD


@compiled_within
def _after_fit(x: FloatArray, parameters: FloatArray, error: float) -> int:
    """Whether a fit measures a width: settled, a peak between the ends, wider than its error."""
    if isnan(error):
        return NOT_SETTLED
    if parameters[AMPLITUDE] <= 0 or not x[0] <= parameters[CENTRE] <= x[-1]:
        return NO_PEAK
    return UNSURE if error >= parameters[VARIANCE] else GOOD


@compiled
def fit_gaussians(
    x: FloatArray,
    profiles: FloatArray,
    n: int,
    poisson: bool,
    fits: FloatArray,
    verdicts: NDArray[np.int8],
) -> None:
    """Fit A exp(-(x - c)^2 / 2s) + b to every row of ``profiles``.

    Parameters
    ----------
    x : ndarray, (n_positions,)
        Positions, increasing.
    profiles : ndarray, (n_profiles, n_positions)
        What is fitted; NaN is left out.
    n : int
        Parameters: 4, or 3 for b = 0.
    poisson : bool
        False for least squares; True for the highest Poisson likelihood with b above 0.
    fits : ndarray, (n_profiles, 5)
        Filled with A, c, s, b and the standard error of s; NaN unless the verdict is GOOD.
    verdicts : ndarray, (n_profiles,)
        Filled with what became of each fit.
    """
    for i in range(profiles.shape[0]):
        verdicts[i] = _before_fit(profiles[i], n)
        if verdicts[i] == GOOD:
            _guess(x, profiles[i], n, fits[i])
            fits[i, 4] = sqrt(_fit_gaussian(x, profiles[i], n, poisson, fits[i]))
            verdicts[i] = _after_fit(x, fits[i], fits[i, 4])
        if verdicts[i] != GOOD:
            for j in range(5):
                fits[i, j] = nan


@compiled_within
def _spread(
    x: FloatArray,
    t: FloatArray,
    widths: FloatArray,
    counts: FloatArray,
    shared: FloatArray,
    amplitudes: FloatArray,
    matrices: FloatArray,
    gradients: FloatArray,
) -> float:
    """Poisson deviance of a map, A_i exp(-(x - c)^2 / 2(s + 2 D t_i)) + w_i b; fills each one's."""
    deviance = 0.0
    spot = np.empty(4)
    for i in range(t.size):
        spot[AMPLITUDE] = amplitudes[i]
        spot[CENTRE] = shared[SPOT_CENTRE]
        spot[VARIANCE] = shared[SPOT_VARIANCE] + 2 * shared[DIFFUSIVITY] * t[i]
        spot[BACKGROUND] = shared[BACKGROUND] * widths[i]
        if spot[VARIANCE] <= 0:
            return inf
        deviance += _normal_equations(x, counts[i], spot, True, matrices[i], gradients[i])
    return deviance


@compiled_within
def _chain(t: float, width: float, p: int) -> tuple[int, float]:
    """A shared parameter's slice parameter, and its derivative by the shared one."""
    if p == DIFFUSIVITY:
        return VARIANCE, 2 * t
    if p == SPOT_VARIANCE:
        return VARIANCE, 1.0
    return (CENTRE, 1.0) if p == SPOT_CENTRE else (BACKGROUND, width)


@compiled_within
def _held(amplitude: float, matrix: FloatArray, gradient: FloatArray) -> bool:
    """Whether an amplitude rests at its lower bound, zero, or its spot is out of sight."""
    unseen = matrix[AMPLITUDE, AMPLITUDE] <= 0
    return unseen or (amplitude == 0 and gradient[AMPLITUDE] <= 0)


@compiled_within
def _eliminate(
    t: FloatArray,
    widths: FloatArray,
    amplitudes: FloatArray,
    matrices: FloatArray,
    gradients: FloatArray,
    matrix: FloatArray,
    gradient: FloatArray,
) -> float:
    """Schur complement that profiles the amplitudes out; returns their share of the gain."""
    _clear(matrix, gradient)
    gain = 0.0
    for i in range(t.size):
        m, g = matrices[i], gradients[i]
        free = 0.0 if _held(amplitudes[i], m, g) else 1.0 / m[AMPLITUDE, AMPLITUDE]
        gain += free * g[AMPLITUDE] ** 2
        for p in range(4):
            a, slope_a = _chain(t[i], widths[i], p)
            gradient[p] += slope_a * (g[a] - free * m[a, AMPLITUDE] * g[AMPLITUDE])
            for q in range(4):
                b, slope_b = _chain(t[i], widths[i], q)
                through = free * m[a, AMPLITUDE] * m[AMPLITUDE, b]
                matrix[p, q] += slope_a * slope_b * (m[a, b] - through)
    return gain


@compiled_within
def _move(
    t: FloatArray,
    widths: FloatArray,
    step: FloatArray,
    n: int,
    floor: float,
    matrices: FloatArray,
    gradients: FloatArray,
    shared: FloatArray,
    amplitudes: FloatArray,
) -> None:
    """Take a step of the shared parameters, and that of the amplitudes that goes with it."""
    for i in range(t.size):
        m, g = matrices[i], gradients[i]
        if _held(amplitudes[i], m, g):
            continue
        right = g[AMPLITUDE]
        for p in range(n):
            a, slope = _chain(t[i], widths[i], p)
            right -= m[AMPLITUDE, a] * slope * step[p]
        amplitudes[i] = max(amplitudes[i] + right / m[AMPLITUDE, AMPLITUDE], 0.0)
    for p in range(n):
        shared[p] += step[p]
    shared[BACKGROUND] = max(shared[BACKGROUND], floor)


@compiled_within
def _rounding(n_positions: int, amplitudes: FloatArray) -> float:
    """Rise of the deviance that is rounding of logarithms, where bright exact maps end."""
    rounding = 0.0
    for amplitude in amplitudes:
        rounding += ROUNDING * n_positions * amplitude
    return rounding


@compiled_within
def _solve_damped(
    matrix: FloatArray, gradient: FloatArray, damping: float, n: int, step: FloatArray
) -> float:
    """Solve with as much more damping as it takes; returns it, infinity where none does."""
    while not _solve(matrix, gradient, damping, n, step):
        damping = max(10 * damping, 1e-3)
        if not damping < LARGEST_DAMPING:
            return inf
    return damping


@compiled_within
def _take(
    shared: FloatArray, amplitudes: FloatArray, to_shared: FloatArray, to_amplitudes: FloatArray
) -> None:
    """Copy the parameters of a map."""
    _assign(shared, to_shared)
    _assign(amplitudes, to_amplitudes)


@compiled
def fit_map(
    x: FloatArray,
    t: FloatArray,
    widths: FloatArray,
    counts: FloatArray,
    floor: float,
    shared: FloatArray,
    amplitudes: FloatArray,
) -> float:
    """Fit A_i exp(-(x - c)^2 / 2(s + 2 D t_i)) + w_i b to a map, with the highest likelihood.

    Fisher scoring: steps of the expected information, damped where the likelihood would fall.

    Parameters
    ----------
    x, t, widths : ndarray
        Positions and times, and w_i: (n_positions,), (n_times,), (n_times,).
    counts : ndarray, (n_times, n_positions)
        The map; NaN is left out.
    floor : float
        Lowest b, above 0.
    shared : ndarray, (4,)
        D, s, c and b: where to start; overwritten by the fit.
    amplitudes : ndarray, (n_times,)
        A_i, likewise.

    Returns
    -------
    float
        Variance of D, NaN where the fit did not settle.
    """
    matrices, gradients = np.empty((t.size, 4, 4)), np.empty((t.size, 4))
    trial_matrices, trial_gradients = np.empty((t.size, 4, 4)), np.empty((t.size, 4))
    matrix, gradient, step = np.empty((4, 4)), np.empty(4), np.zeros(4)
    trial, trial_amplitudes = np.empty(4), np.empty(t.size)
    _take(shared, amplitudes, trial, trial_amplitudes)
    deviance, damping, rounding = inf, 1e-5, _rounding(x.size, amplitudes)
    for _ in range(MAX_STEPS):
        trial_deviance = _spread(
            x, t, widths, counts, trial, trial_amplitudes, trial_matrices, trial_gradients
        )
        if trial_deviance <= deviance + rounding:
            deviance = trial_deviance
            _take(trial, trial_amplitudes, shared, amplitudes)
            matrices, trial_matrices = trial_matrices, matrices
            gradients, trial_gradients = trial_gradients, gradients
            damping *= 0.1
        else:
            damping = max(10 * damping, 1e-3)
        gain = _eliminate(t, widths, amplitudes, matrices, gradients, matrix, gradient)
        n = 3 if shared[BACKGROUND] <= floor and gradient[BACKGROUND] <= 0 else 4
        damping = _solve_damped(matrix, gradient, damping, n, step)
        if damping == inf:
            return nan
        for p in range(n):
            gain += gradient[p] * step[p]
        if gain <= GAIN_TOLERANCE:
            return _variance_of(matrix, DIFFUSIVITY, 4)
        _take(shared, amplitudes, trial, trial_amplitudes)
        _move(t, widths, step, n, floor, matrices, gradients, trial, trial_amplitudes)
    return nan


@compiled
def bound_of_map(
    x: FloatArray, t: FloatArray, mean: FloatArray, shared: FloatArray, amplitudes: FloatArray
) -> float:
    """Cramer-Rao bound on the variance of D for expected counts ``mean``; else as `fit_map`."""
    matrices, gradients = np.empty((t.size, 4, 4)), np.empty((t.size, 4))
    matrix, gradient = np.empty((4, 4)), np.empty(4)
    widths = np.ones(t.size)
    _spread(x, t, widths, mean, shared, amplitudes, matrices, gradients)
    _eliminate(t, widths, amplitudes, matrices, gradients, matrix, gradient)
    return _variance_of(matrix, DIFFUSIVITY, 4)
