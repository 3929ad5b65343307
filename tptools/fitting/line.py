"""The weighted straight line, and the changes that are read off it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.estimate import Estimate, correlated_estimates
from tptools.fitting.points import as_points
from tptools.records import as_columns, check_errors, check_varied

__all__ = ["line"]


def weighted_line(
    x: FloatArray, y: FloatArray, weight: FloatArray, *, free_intercept: bool = True
) -> tuple[FloatArray, FloatArray]:
    r"""Slope and intercept of the line of least weighted squares.

    .. math:: \min \sum_i w_i (y_i - a - b x_i)^2

    Parameters
    ----------
    x, y, weight : ndarray
        Points, of one shape (n,).
    free_intercept : bool, optional
        Whether to fit a; otherwise it is 0.

    Returns
    -------
    tuple of ndarray
        (b, a), and their covariance if a weight is the inverse of the variance of y.

    Examples
    --------
    >>> weighted_line(np.arange(3.0), np.array([1.0, 3.0, 5.0]), np.ones(3))[0].round(6)
    array([2., 1.])
    """
    if not free_intercept:
        slope_variance = 1 / (weight @ x**2)
        slope = slope_variance * (weight @ (x * y))
        return np.array([slope, 0.0]), np.diag([slope_variance, 0.0])
    # about the centre of weight, slope and height are independent; what all points share, and
    # the heaviest of them, must leave no rounding error there
    share, heaviest = weight / weight.sum(), int(weight.argmax())
    across, up = x - x[heaviest], y - y[heaviest]
    middle, level = share @ across, share @ up
    slope_variance = 1 / (weight @ (across - middle) ** 2)
    slope = slope_variance * (weight @ ((across - middle) * (up - level)))
    centre, mean_variance = x[heaviest] + middle, 1 / weight.sum()
    shared = -centre * slope_variance
    covariance = [
        [slope_variance, shared],
        [shared, mean_variance + centre**2 * slope_variance],
    ]
    return np.array([slope, y[heaviest] + level - slope * centre]), np.array(covariance)


def line_through(
    x: FloatArray, y: FloatArray, std_err: FloatArray, method: str, unit: str = ""
) -> tuple[Estimate, Estimate]:
    """Slope and intercept as Estimates, for numbers of any size.

    Examples
    --------
    >>> y = 1e-300 * np.array([1.0, 3.0, 5.0])
    >>> line_through(np.arange(3.0), y, np.full(3, 1e-301), "line")[0]
    Estimate(2e-300 ± 7.1e-302, method='line')
    """
    # in units of the points themselves no square leaves double precision
    width, least = np.ptp(x), std_err.min()
    found, covariance = weighted_line(x / width, y / least, (std_err / least) ** -2)
    slope, height = correlated_estimates(found, covariance, (unit, unit), method)
    return slope * (least / width), height * least


def line(
    x: ArrayLike, y: Sequence[Estimate] | ArrayLike, std_err: ArrayLike | None = None
) -> tuple[Estimate, Estimate]:
    """Slope and intercept of a straight line, weighted by known errors.

    Parameters
    ----------
    x : array_like
        At least three numbers.
    y : sequence of Estimate, or array_like
        As many.
    std_err : array_like, optional
        Standard errors of `y`; by default those that Estimates have.

    Returns
    -------
    tuple of Estimate
        Slope and intercept, without units and correlated; errors from `std_err` as given, not
        from the scatter.

    Raises
    ------
    ValueError
        If lengths differ, are below 3, a value is not finite, an error not positive, or `x` holds
        one value only.

    Examples
    --------
    >>> line([0, 1, 2], [1, 3, 5], [0.1, 0.1, 0.1])[0]
    Estimate(2.000 ± 0.071, method='weighted line')
    """
    points = as_points("y", y, std_err)
    first, second, error = as_columns(3, x=x, y=points.value, std_err=points.std_err)
    check_varied(x=first)
    check_errors("std_err", error)
    return line_through(first, second, error, "weighted line")
