"""The compiled loops of the fits, nothing else: one Gaussian after the other.

Every function here costs the first user a fifth of a second or more, so that what is done once for
a whole map is left to numpy, and arrays to work in are handed in.
"""

from __future__ import annotations

from math import exp, inf, isnan, log, nan, sqrt

from tptools.arrays import FloatArray
from tptools.compiled import compiled_in_place, compiled_sums, compiled_within

# parameters of a profile
AMPLITUDE, CENTRE, VARIANCE, BACKGROUND = 0, 1, 2, 3

MAX_STEPS = 200
RELATIVE_TOLERANCE = 1e-7
GAIN_TOLERANCE = 1e-4
LARGEST_DAMPING = 1e9
# lowest background of a likely profile, in amplitudes
FLOOR = 1e-6
# matrices, vectors and columns to work in
N_MATRICES, N_VECTORS, N_COLUMNS = 2, 4, 3


@compiled_within
def _misfit(
    x: FloatArray, y: FloatArray, parameters: FloatArray, poisson: bool, columns: FloatArray
) -> float:
    """r^T W r of one profile; W = 1, or 1/mean and the Poisson deviance. What is NaN weighs 0.

    Fills the columns with the shape of the Gaussian, W and r.
    """
    shape, weight, residual = columns[0], columns[1], columns[2]
    misfit = 0.0
    half = 1.0 / (2 * parameters[VARIANCE])
    for i in range(x.size):
        shift = x[i] - parameters[CENTRE]
        shape[i] = exp(-shift * shift * half)
        if isnan(y[i]):
            weight[i] = residual[i] = 0.0
            continue
        mean = parameters[AMPLITUDE] * shape[i] + parameters[BACKGROUND]
        residual[i] = y[i] - mean
        if poisson:
            weight[i] = 1.0 / mean
            misfit -= 2 * residual[i]
            if y[i] > 0:
                misfit += 2 * y[i] * log(y[i] * weight[i])
        else:
            weight[i] = 1.0
            misfit += residual[i] * residual[i]
    return misfit


@compiled_sums
def _normal_equations(
    x: FloatArray,
    parameters: FloatArray,
    columns: FloatArray,
    matrix: FloatArray,
    gradient: FloatArray,
) -> None:
    """J^T W J below and on the diagonal, and J^T W r, from the columns that `_misfit` fills.

    A row of J is (e, e u, e u^2, 1) times constants, e the shape and u = x - c.
    """
    # in variables of their own, sums stay out of memory
    ones = e = eu = euu = ee = eeu = eeuu = eeuuu = eeuuuu = 0.0
    r = er = eur = euur = 0.0
    for i in range(x.size):
        shape, weight, residual = columns[0, i], columns[1, i], columns[2, i]
        shift = shape * (x[i] - parameters[CENTRE])
        wider = shift * (x[i] - parameters[CENTRE])
        ones += weight
        e += weight * shape
        eu += weight * shift
        euu += weight * wider
        ee += weight * shape * shape
        eeu += weight * shape * shift
        eeuu += weight * shift * shift
        eeuuu += weight * shift * wider
        eeuuuu += weight * wider * wider
        r += weight * residual
        er += weight * shape * residual
        eur += weight * shift * residual
        euur += weight * wider * residual
    p = parameters[AMPLITUDE] / parameters[VARIANCE]
    q = p / (2 * parameters[VARIANCE])
    gradient[0], gradient[1], gradient[2], gradient[3] = er, p * eur, q * euur, r
    matrix[0, 0] = ee
    matrix[1, 0], matrix[1, 1] = p * eeu, p * p * eeuu
    matrix[2, 0], matrix[2, 1], matrix[2, 2] = q * eeuu, p * q * eeuuu, q * q * eeuuuu
    matrix[3, 0], matrix[3, 1], matrix[3, 2], matrix[3, 3] = e, p * eu, q * euu, ones


@compiled_within
def _solve(
    matrix: FloatArray,
    right: FloatArray,
    damping: float,
    n: int,
    lower: FloatArray,
    solution: FloatArray,
) -> bool:
    """Solve (M + damping diag M) s = right by Cholesky; False if not positive definite.

    Of M only what lies below the diagonal is read.
    """
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
def _is_settled(step: FloatArray, gradient: FloatArray, at: FloatArray, poisson: bool) -> bool:
    """Whether a step changes next to nothing: the parameters, or the likelihood."""
    if poisson:
        gain = 0.0
        for j in range(4):
            gain += gradient[j] * step[j]
        return gain <= GAIN_TOLERANCE
    return (
        abs(step[AMPLITUDE]) <= RELATIVE_TOLERANCE * abs(at[AMPLITUDE])
        and abs(step[CENTRE]) <= RELATIVE_TOLERANCE * sqrt(at[VARIANCE])
        and abs(step[VARIANCE]) <= RELATIVE_TOLERANCE * at[VARIANCE]
    )


@compiled_within
def _fit_gaussian(
    x: FloatArray,
    y: FloatArray,
    n: int,
    poisson: bool,
    parameters: FloatArray,
    matrices: FloatArray,
    vectors: FloatArray,
    columns: FloatArray,
) -> tuple[float, float]:
    """Levenberg-Marquardt on one profile; returns the inverse of J^T W J at VARIANCE, and r^T W r.

    Both are NaN where nothing settles.
    """
    matrix, lower = matrices[0], matrices[1]
    gradient, row, step, trial = vectors[0], vectors[1], vectors[2], vectors[3]
    for j in range(4):
        trial[j] = parameters[j]
        step[j] = 0.0
    # a likelihood needs some background, and no dip
    floor = FLOOR * parameters[AMPLITUDE] if poisson else -inf
    misfit, damping, settled = inf, 1e-2, False
    for _ in range(MAX_STEPS):
        trial_misfit = inf
        trial[BACKGROUND] = max(trial[BACKGROUND], floor)
        if trial[VARIANCE] > 0 and (trial[AMPLITUDE] > 0 or not poisson):
            trial_misfit = _misfit(x, y, trial, poisson, columns)
        # of a step that changes next to nothing, rounding would be the judge
        if trial_misfit <= misfit or (settled and not poisson):
            misfit = trial_misfit
            damping *= 0.1
            for j in range(4):
                parameters[j] = trial[j]
            _normal_equations(x, parameters, columns, matrix, gradient)
        else:
            damping *= 10.0
        if settled:
            for j in range(4):
                row[j] = 0.0
            row[VARIANCE] = 1.0
            solved = _solve(matrix, row, 0.0, n, lower, step)
            return step[VARIANCE] if solved else nan, misfit
        held = poisson and parameters[BACKGROUND] <= floor and gradient[BACKGROUND] <= 0
        step[BACKGROUND] = 0.0
        while not _solve(matrix, gradient, damping, BACKGROUND if held else n, lower, step):
            damping *= 10.0
            if not damping < LARGEST_DAMPING:
                return nan, nan
        settled = _is_settled(step, gradient, parameters, poisson)
        for j in range(n):
            trial[j] = parameters[j] + step[j]
    return nan, nan


@compiled_in_place
def fit_gaussians(
    x: FloatArray,
    profiles: FloatArray,
    n: int,
    poisson: bool,
    fits: FloatArray,
    matrices: FloatArray,
    vectors: FloatArray,
    columns: FloatArray,
) -> None:
    """Fit A exp(-(x - c)^2 / 2s) + b to every row of ``profiles``.

    Parameters
    ----------
    x : ndarray, (n_positions,)
        Positions, increasing.
    profiles : ndarray, (n_profiles, n_positions)
        What is fitted; NaN is left out.
    n : int
        Parameters: 4, or 3 for b as it is at the start.
    poisson : bool
        False for least squares; True for the highest Poisson likelihood with b above 0.
    fits : ndarray, (n_profiles, 6)
        A, c, s and b, where to start, overwritten by the fit; then the element of the inverse of
        J^T W J that belongs to s, and the sum of squares or the deviance: both NaN where nothing
        settles. A row that starts at NaN is left as it is.
    matrices, vectors, columns : ndarray
        To work in: (N_MATRICES, 4, 4), (N_VECTORS, 4) and (N_COLUMNS, n_positions).
    """
    for i in range(profiles.shape[0]):
        if not isnan(fits[i, AMPLITUDE]):
            fits[i, 4], fits[i, 5] = _fit_gaussian(
                x, profiles[i], n, poisson, fits[i], matrices, vectors, columns
            )
