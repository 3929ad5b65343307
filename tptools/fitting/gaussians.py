"""A Gaussian for every row of an array: where it starts, what became of it, and its errors."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from tptools.arrays import FloatArray
from tptools.fitting import engine

# what became of a fit
GOOD, NO_COUNTS, TOO_FEW_COUNTS, NO_PEAK, NOT_SETTLED, UNSURE, MASKED = range(7)

Verdicts = NDArray[np.int64]


def fit_rows(
    position: FloatArray, rows: FloatArray, n_parameters: int, *, likeliest: bool = False
) -> tuple[FloatArray, Verdicts]:
    """Fit a Gaussian to every row, and say what became of each fit.

    Parameters
    ----------
    position : ndarray, (n_positions,)
        Increasing.
    rows : ndarray, (n_rows, n_positions)
        Counts; NaN is left out.
    n_parameters : int
        4, or 3 for no background.
    likeliest : bool
        Whether to look for the highest Poisson likelihood, with some background, in place of least
        squares.

    Returns
    -------
    fits : ndarray, (n_rows, 5)
        Amplitude, centre, variance, background and the standard error of the variance; NaN unless
        the verdict is GOOD.
    verdicts : ndarray, (n_rows,)

    Raises
    ------
    ValueError
        If there are no more positions than parameters.

    Examples
    --------
    >>> x = np.linspace(-500, 500, 41)
    >>> fits, verdicts = fit_rows(x, 100 * np.exp(-x**2 / (2 * 120**2))[None], 4)
    >>> round(float(fits[0, engine.VARIANCE]) ** 0.5, 3), bool(verdicts[0] == GOOD)
    (120.0, True)
    """
    _check_positions(position, n_parameters)
    # machine code is made anew for every layout of memory, and for what must not be written to
    x, y = np.array(position, float), np.array(rows, float, order="C")
    fits, verdicts = np.full((len(y), 6), np.nan), _before(y, n_parameters)
    fits[:, :4] = _start(x, y, verdicts, n_parameters)
    sizes = (engine.N_MATRICES, 4, 4), (engine.N_VECTORS, 4), (engine.N_COLUMNS, x.size)
    work = [np.empty(size) for size in sizes]
    engine.fit_gaussians(x, y, n_parameters, likeliest, fits, *work)
    if not likeliest:
        fits[:, 4] *= fits[:, 5] / np.maximum(np.isfinite(y).sum(axis=1) - n_parameters, 1)
    return _judged(x, fits[:, :5], verdicts)


def fit_one(position: FloatArray, profile: FloatArray) -> FloatArray:
    """The Gaussian of a single profile by least squares, without waiting for a compiler.

    Returns
    -------
    ndarray, (4,)
        Amplitude, centre, variance and background; NaN unless `fit_rows` would be content.

    Examples
    --------
    >>> x = np.linspace(-500, 500, 41)
    >>> fit_one(x, 3 + 100 * np.exp(-(x**2) / (2 * 120**2))).round(3).tolist()
    [100.0, 0.0, 14400.0, 3.0]
    """
    _check_positions(position, 4)
    rows = profile[None]
    verdicts = _before(rows, 4)
    fits = np.full((1, 5), np.nan)
    if verdicts[0] == GOOD:
        (start,), known = _start(position, rows, verdicts, 4), np.isfinite(profile)
        fits[0] = _by_scipy(position[known], profile[known], start)
    return _judged(position, fits, verdicts)[0][0, :4]


def _check_positions(position: FloatArray, n_parameters: int) -> None:
    """Raise ValueError unless there are more positions than parameters."""
    if position.size <= n_parameters:
        raise ValueError(
            f"counts has {position.size} positions and must have more than the {n_parameters} "
            "parameters of the fit"
        )


def _by_scipy(x: FloatArray, y: FloatArray, start: FloatArray) -> FloatArray:
    """Parameters and the squared error of the variance; NaN where nothing settles."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", scipy.optimize.OptimizeWarning)
        try:
            fit, covariance = scipy.optimize.curve_fit(_gaussian, x, y, start, jac=_slopes)
        except RuntimeError:  # no optimum was found
            return np.full(5, np.nan)
    return np.append(fit, covariance[engine.VARIANCE, engine.VARIANCE])


def _gaussian(x: FloatArray, *parameters: float) -> FloatArray:
    amplitude, centre, variance, background = parameters
    return amplitude * np.exp(-((x - centre) ** 2) / (2 * variance)) + background


def _slopes(x: FloatArray, *parameters: float) -> FloatArray:
    """Derivatives by the parameters."""
    amplitude, centre, variance, _ = parameters
    shape = np.exp(-((x - centre) ** 2) / (2 * variance))
    shift = amplitude * shape * (x - centre) / variance
    wider = shift * (x - centre) / (2 * variance)
    return np.stack([shape, shift, wider, np.ones(x.size)], axis=1)


def _before(rows: FloatArray, n: int) -> Verdicts:
    """Whether rows have what a fit needs: more filled positions than parameters, and a peak."""
    known = np.isfinite(rows)
    lowest = np.where(known, rows, math.inf).min(axis=1)
    highest = np.where(known, rows, -math.inf).max(axis=1)
    filled = (known & (rows != 0)).sum(axis=1)
    reasons = [lowest > highest, highest == 0, filled <= n, highest == lowest]
    return np.select(reasons, [MASKED, NO_COUNTS, TOO_FEW_COUNTS, NO_PEAK], GOOD)


def _start(x: FloatArray, rows: FloatArray, verdicts: Verdicts, n: int) -> FloatArray:
    """Starting points: peak over background, and the width that explains the area."""
    start = np.full((len(rows), 4), np.nan)
    good = verdicts == GOOD
    y = rows[good]
    known = np.isfinite(y)
    background = np.where(known, y, math.inf).min(axis=1) if n > engine.BACKGROUND else 0.0
    filled = np.where(known, y, -math.inf)
    amplitude = filled.max(axis=1) - background
    spacing = (x[-1] - x[0]) / (x.size - 1)
    number = known.sum(axis=1)
    area = (np.nansum(y, axis=1) - number * background) * spacing * x.size / number
    start[good, engine.AMPLITUDE] = amplitude
    start[good, engine.CENTRE] = x[filled.argmax(axis=1)]
    width = area / (amplitude * math.sqrt(2 * math.pi))
    start[good, engine.VARIANCE] = np.maximum(width, spacing / 2) ** 2
    start[good, engine.BACKGROUND] = background
    return start


def _judged(x: FloatArray, fits: FloatArray, verdicts: Verdicts) -> tuple[FloatArray, Verdicts]:
    """Keep fits that measure a width: settled, a peak between the ends, wider than its error."""
    amplitude, centre, variance = fits.T[:3]
    error = fits[:, 4] = np.sqrt(fits[:, 4])
    inside = (amplitude > 0) & (x[0] <= centre) & (centre <= x[-1])
    after = np.select([np.isnan(error), ~inside, error >= variance], [NOT_SETTLED, NO_PEAK, UNSURE])
    found: Any = np.where(verdicts == GOOD, after, verdicts)
    fits[found != GOOD] = np.nan
    return fits, found
