"""Width of every time slice: one Gaussian, by least squares, for each spatial profile."""

from __future__ import annotations

from math import exp, inf, nan, sqrt

import numpy as np
import xarray as xr
from numba import njit
from numpy.typing import NDArray

AMPLITUDE, CENTRE, VARIANCE, BACKGROUND = 0, 1, 2, 3

MAX_STEPS = 200
RELATIVE_TOLERANCE = 1e-10


def fit_profiles(counts: xr.DataArray, *, background: bool = True) -> xr.Dataset:
    r"""Fit a Gaussian to every profile, each point with the same weight.

    .. math:: n(x) = A \exp\!\left(-\frac{(x - c)^2}{2 \sigma^2}\right) + b

    Parameters
    ----------
    counts : xarray.DataArray
        Profiles along the dimension ``position_nm``, at increasing positions; any other
        dimensions, such as ``time_ns``, number the profiles.
    background : bool
        Whether to fit the constant b; without it b = 0.

    Returns
    -------
    xarray.Dataset
        ``variance_nm2``, ``variance_err_nm2``, ``centre_nm``, ``amplitude`` and ``background``
        over the other dimensions. NaN where no fit exists: a profile without counts, or one that
        does not settle.

    Raises
    ------
    ValueError
        If there is no ``position_nm``, positions do not increase, there are no more positions
        than parameters, or a count is not finite.

    Notes
    -----
    Levenberg-Marquardt with the analytic Jacobian J; the errors are those of
    :math:`s^2 (J^T J)^{-1}` with :math:`s^2` the residual variance, as in Supplementary Note 3.

    Examples
    --------
    >>> x = np.linspace(-500, 500, 41)
    >>> profile = xr.DataArray(100 * np.exp(-(x**2) / (2 * 120**2)), {"position_nm": x})
    >>> round(float(fit_profiles(profile).variance_nm2) ** 0.5, 3)
    120.0
    """
    if "position_nm" not in counts.dims:
        raise ValueError(f"counts has dimensions {counts.dims} and must have 'position_nm'")
    position = counts["position_nm"].to_numpy().astype(float)
    n_parameters = 4 if background else 3
    if position.size <= n_parameters:
        raise ValueError(
            f"counts has {position.size} positions and must have more than the {n_parameters} "
            "parameters of the fit"
        )
    if not np.all(np.diff(position) > 0):
        raise ValueError("position_nm must increase from one position to the next; sort counts")

    def fit_all(profiles: NDArray) -> tuple[NDArray, ...]:
        flat = profiles.reshape(-1, position.size).astype(float)
        if not np.isfinite(flat).all():
            raise ValueError("counts must be finite; drop or fill what is missing")
        fits = np.empty((flat.shape[0], 5))
        _fit_gaussians(position, flat, n_parameters, fits)
        return tuple(np.moveaxis(fits.reshape(*profiles.shape[:-1], 5), -1, 0))

    columns = xr.apply_ufunc(
        fit_all,
        counts,
        input_core_dims=[["position_nm"]],
        output_core_dims=[[] for _ in range(5)],
    )
    names = ("amplitude", "centre_nm", "variance_nm2", "background", "variance_err_nm2")
    return xr.Dataset(dict(zip(names, columns, strict=True)))


@njit
def _guess(x, y, n, parameters):
    """Starting point: peak over background, and the width that explains the area."""
    parameters[BACKGROUND] = y.min() if n > BACKGROUND else 0.0
    peak = np.argmax(y)
    parameters[AMPLITUDE] = y[peak] - parameters[BACKGROUND]
    parameters[CENTRE] = x[peak]
    spacing = (x[-1] - x[0]) / (x.size - 1)
    area = (y - parameters[BACKGROUND]).sum() * spacing
    width = area / (parameters[AMPLITUDE] * sqrt(2 * np.pi))
    parameters[VARIANCE] = max(width, spacing / 2) ** 2


@njit
def _normal_equations(x, y, parameters, n, matrix, gradient):
    """Sum of squared residuals; fills J^T J and J^T residual."""
    matrix[:] = 0.0
    gradient[:] = 0.0
    row = np.empty(4)
    squares = 0.0
    for i in range(x.size):
        shift = x[i] - parameters[CENTRE]
        shape = exp(-shift * shift / (2 * parameters[VARIANCE]))
        row[AMPLITUDE] = shape
        row[CENTRE] = parameters[AMPLITUDE] * shape * shift / parameters[VARIANCE]
        row[VARIANCE] = row[CENTRE] * shift / (2 * parameters[VARIANCE])
        row[BACKGROUND] = 1.0
        residual = y[i] - parameters[AMPLITUDE] * shape - parameters[BACKGROUND]
        squares += residual * residual
        for j in range(n):
            gradient[j] += row[j] * residual
            for k in range(j + 1):
                matrix[j, k] += row[j] * row[k]
    for j in range(n):
        for k in range(j):
            matrix[k, j] = matrix[j, k]
    return squares


@njit
def _solve(matrix, right, damping, n, solution):
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


@njit
def _fit_gaussian(x, y, n, parameters):
    """Levenberg-Marquardt on one profile; returns the variance of the VARIANCE parameter."""
    matrix, trial_matrix = np.empty((4, 4)), np.empty((4, 4))
    gradient, trial_gradient = np.empty(4), np.empty(4)
    step, trial = np.zeros(4), np.zeros(4)
    squares = _normal_equations(x, y, parameters, n, matrix, gradient)
    damping = 1e-3
    for _ in range(MAX_STEPS):
        if not _solve(matrix, gradient, damping, n, step):
            damping *= 10.0
            continue
        settled = (
            abs(step[AMPLITUDE]) <= RELATIVE_TOLERANCE * abs(parameters[AMPLITUDE])
            and abs(step[CENTRE]) <= RELATIVE_TOLERANCE * sqrt(parameters[VARIANCE])
            and abs(step[VARIANCE]) <= RELATIVE_TOLERANCE * parameters[VARIANCE]
        )
        trial[:] = parameters
        trial[:n] += step[:n]
        trial_squares = inf
        if trial[VARIANCE] > 0:
            trial_squares = _normal_equations(x, y, trial, n, trial_matrix, trial_gradient)
        if trial_squares <= squares:
            parameters[:] = trial
            matrix[:], gradient[:], squares = trial_matrix, trial_gradient, trial_squares
            damping *= 0.1
        else:
            damping *= 10.0
        if settled:
            unit = np.zeros(4)
            unit[VARIANCE] = 1.0
            if _solve(matrix, unit, 0.0, n, step):
                return step[VARIANCE] * squares / (x.size - n)
            break
    return nan


@njit(nogil=True, cache=True)
def _fit_gaussians(x, profiles, n, fits):
    """Fit every row of ``profiles``; a row of ``fits`` is the four parameters and the error."""
    for i in range(profiles.shape[0]):
        variance = nan
        if profiles[i].max() > profiles[i].min():
            _guess(x, profiles[i], n, fits[i, :4])
            variance = _fit_gaussian(x, profiles[i], n, fits[i, :4])
        if variance >= 0:
            fits[i, 4] = sqrt(variance)
        else:
            fits[i, :] = nan
