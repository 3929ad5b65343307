"""The weighted straight line, and the changes that are read off it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.estimate import Estimate, correlated_estimates
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
    # about the centre of weight, slope and height are independent
    centre = float(weight @ x / weight.sum()) if free_intercept else 0.0
    slope_variance = 1 / (weight @ (x - centre) ** 2)
    slope = slope_variance * (weight @ ((x - centre) * y))
    mean_variance = 1 / weight.sum() if free_intercept else 0.0
    intercept = mean_variance * (weight @ y) - slope * centre
    shared = -centre * slope_variance
    covariance = [
        [slope_variance, shared],
        [shared, mean_variance + centre**2 * slope_variance],
    ]
    return np.array([slope, intercept]), np.array(covariance)


def line(x: ArrayLike, y: ArrayLike, std_err: ArrayLike) -> tuple[Estimate, Estimate]:
    """Slope and intercept of a straight line, weighted by known errors.

    Parameters
    ----------
    x, y, std_err : array_like
        Points with standard errors, of one length of at least 3.

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
    first, second, error = as_columns(3, x=x, y=y, std_err=std_err)
    check_varied(x=first)
    check_errors("std_err", error)
    found, covariance = weighted_line(first, second, error**-2.0)
    slope, intercept = correlated_estimates(found, covariance, ("", ""), "weighted line")
    return slope, intercept
