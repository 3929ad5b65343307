"""How a measured number follows power: an exponent, or a change in all."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from uncertainties import umath

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate, correlated_estimates
from tptools.fitting.line import weighted_line
from tptools.fitting.result import Fit
from tptools.records import as_columns, check_errors, check_varied

__all__ = ["exponent_half_width", "fit_power_law", "trend"]


def fit_power_law(
    power_nW: ArrayLike, intensity: Sequence[Estimate] | ArrayLike, *, power_error: float = 0.0
) -> Fit:
    r"""Fit :math:`I = C P^m`, a line in logarithms (Figs. 1c and S5).

    Parameters
    ----------
    power_nW : array_like
        Powers, at least three.
    intensity : sequence of Estimate, or array_like
        Intensities, as many. Where none has an error, all have the same relative one.
    power_error : float, optional
        Relative standard error of one power.

    Returns
    -------
    Fit
        Parameters ``exponent`` and ``prefactor`` (C, the intensity at 1 nW). Their errors follow
        from the scatter of the points about the line; the given errors only weigh the points.
        What makes all points deviate alike, and what bends the line, is not in them.

    Raises
    ------
    ValueError
        If there are fewer than three points, numbers of powers and intensities differ, one is not
        positive and finite, or some points have an error and others do not.

    Examples
    --------
    >>> fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])["exponent"]
    Estimate(1.0036 ± 0.0079, method='power law')
    """
    check_number("power_error", power_error, at_least=0)
    value, error, unit = _points(intensity)
    power, value = as_columns(3, power_nW=power_nW, intensity=value)
    check_varied(power_nW=power)
    if not ((power > 0).all() and (value > 0).all()):
        raise ValueError("powers and intensities must be positive; leave out the others")
    relative = np.hypot(error / value, power_error)
    if not relative.any():
        relative = np.ones_like(value)
    check_errors("error of an intensity", relative)
    weight, x, y = relative**-2.0, np.log(power), np.log(value)
    found, covariance = weighted_line(x, y, weight)
    chi_square = float(weight @ (y - found[1] - found[0] * x) ** 2)
    n_free, name = power.size - 2, "power law"
    covariance *= chi_square / n_free
    exponent, height = correlated_estimates(found, covariance, ("", ""), name)
    prefactor = Estimate.of(umath.exp(height.quantity), unit, name)

    def curve(power_nW: ArrayLike) -> FloatArray:
        return prefactor.value * np.asarray(power_nW, float) ** exponent.value

    parameters = {"exponent": exponent, "prefactor": prefactor}
    return Fit(parameters, name, curve(power), chi_square, n_free, curve)


def exponent_half_width(power_nW: ArrayLike, relative_error: float) -> float:
    r"""Half the width that the 95 % interval of an exponent from `fit_power_law` will have.

    .. math:: t_{0.975, n - 2}\; s \Big/ \sqrt{\textstyle\sum_i (\ln P_i - \overline{\ln P})^2}

    Parameters
    ----------
    power_nW : array_like
        The n powers of a series, at least three.
    relative_error : float
        Relative standard error s of one point, by power or light.

    Returns
    -------
    float
        In units of the exponent.

    Raises
    ------
    ValueError
        If there are fewer than three powers, or a number is not positive and finite.

    Examples
    --------
    >>> round(exponent_half_width([0.5, 1, 2.5, 4, 5, 10, 20], 0.01), 4)
    0.0082
    """
    check_number("relative_error", relative_error, above=0)
    (power,) = as_columns(3, power_nW=power_nW)
    check_number("lowest of power_nW", float(power.min()), above=0)
    spread = math.sqrt(power.size) * np.log(power).std()
    return float(stats.t.ppf(0.975, power.size - 2) * relative_error / spread)


def trend(power_nW: ArrayLike, estimates: Sequence[Estimate]) -> Estimate:
    """Change of a measured number from the lowest to the highest power.

    A line through the number against the logarithm of power, weighted by the errors, which the
    error of the change follows from.

    Parameters
    ----------
    power_nW : array_like
        Powers, at least two different ones.
    estimates : sequence of Estimate
        The number at each, with its error.

    Returns
    -------
    Estimate
        Slope times the logarithm of the highest power over the lowest.

    Raises
    ------
    ValueError
        If numbers of powers and estimates differ, powers are not positive, a value is not finite,
        or an error is not positive and finite.

    Examples
    --------
    >>> peaks = [Estimate(515.0, 0.1, "nm", "fit"), Estimate(515.2, 0.1, "nm", "fit")]
    >>> trend([1, 10], peaks)
    Estimate(0.20 ± 0.14 nm, method='trend')
    """
    value, error, unit = _points(estimates)
    power, value = as_columns(2, power_nW=power_nW, estimates=value)
    check_number("lowest of power_nW", float(power.min()), above=0)
    check_varied(power_nW=power)
    check_errors("error of an estimate", error)
    decades = np.log(power) / np.log(power.max() / power.min())
    (slope, _), covariance = weighted_line(decades, value, error**-2.0)
    return Estimate(slope, math.sqrt(covariance[0, 0]), unit, "trend")


def _points(
    given: Sequence[Estimate] | ArrayLike,
) -> tuple[FloatArray, FloatArray, str]:
    """Values, errors and unit of estimates; plain numbers have no error and no unit."""
    points = [
        one if isinstance(one, Estimate) else Estimate(float(one), 0.0, "", "")
        for one in np.asarray(given, object).ravel()
    ]
    values, errors = ([getattr(one, name) for one in points] for name in ("value", "std_err"))
    return np.array(values), np.array(errors), points[0].unit if points else ""
