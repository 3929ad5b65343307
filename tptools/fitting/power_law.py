"""How a measured number follows power: an exponent, or a change in all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy
from numpy.typing import ArrayLike
from uncertainties import umath

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate, correlated_estimates
from tptools.fitting.line import line_through, weighted_line
from tptools.fitting.points import Points, as_points
from tptools.fitting.result import Fit
from tptools.records import as_columns, check_errors, check_varied

__all__ = ["exponent_half_width", "fit_power_law", "trend"]

NAME = "power law"
LEAST_SPREAD = 1e-6  # of the logarithm of power: what single precision cannot tell apart
LARGEST_LOGARITHM = 700.0  # that double precision can take out again


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
        What makes all points deviate alike, and what bends the line, is not in them. NaN with a
        note where the logarithms of the powers scatter by less than twice `power_error`.

    Raises
    ------
    ValueError
        If there are fewer than three points, numbers of powers and intensities differ, one is not
        positive and finite, powers are equal but for rounding, units differ, or some points have
        an error and others do not.

    Examples
    --------
    >>> fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])["exponent"]
    Estimate(1.0036 ± 0.0079, method='power law')
    """
    power_error = check_number("power_error", power_error, at_least=0, any_size=True)
    points = as_points("intensity", intensity)
    power, value = as_columns(3, power_nW=power_nW, intensity=points.value)
    if not ((power > 0).all() and (value > 0).all()):
        raise ValueError("powers and intensities must be positive; leave out the others")
    _check_apart(power)
    relative = np.hypot(points.std_err / value, power_error)
    if not relative.any():
        relative = np.ones_like(value)
    check_errors("error of an intensity", relative)
    # no number is known better than its own rounding
    relative = np.maximum(relative, np.finfo(float).eps)
    x, y = np.log(power), np.log(value)
    weight = (relative / relative.min()) ** -2
    found, covariance = weighted_line(x, y, weight)
    pulls = (y - found[1] - found[0] * x) / relative
    chi_square, n_free = float(pulls @ pulls), power.size - 2
    covariance *= chi_square * float(relative.min()) ** 2 / n_free
    parameters = _parameters(found, covariance, points, x.std(ddof=1) > 2 * power_error)

    def curve(power_nW: ArrayLike) -> FloatArray:
        """The fitted power law."""
        return np.exp(found[1] + found[0] * np.log(np.asarray(power_nW, float)))

    return Fit(parameters, NAME, curve(power), chi_square, n_free, curve)


def _parameters(
    found: FloatArray, covariance: FloatArray, points: Points, known: bool
) -> dict[str, Estimate]:
    """Exponent and prefactor from the line; NaN where the powers do not tell."""
    if not known:
        note = "not determined by this record: powers differ by no more than their errors allow"
        units = {"exponent": "", "prefactor": points.unit}
        return {
            name: Estimate(math.nan, math.nan, unit, NAME, note) for name, unit in units.items()
        }
    exponent, height = correlated_estimates(
        found, covariance, ("", ""), NAME, note=points.note, converged=points.converged
    )
    if abs(height.value) > LARGEST_LOGARITHM:
        note = "not determined by this record: 1 nW is too far from its powers"
        return {
            "exponent": exponent,
            "prefactor": Estimate(math.nan, math.nan, points.unit, NAME, note),
        }
    prefactor = Estimate.of(
        umath.exp(height.quantity), points.unit, NAME, points.note, points.converged
    )
    return {"exponent": exponent, "prefactor": prefactor}


def _check_apart(power: FloatArray) -> None:
    """Refuse powers that only rounding sets apart."""
    check_varied(power_nW=power)
    if np.ptp(np.log(power)) < LEAST_SPREAD:
        raise ValueError(
            f"power_nW differs by a factor of 1 + {np.ptp(np.log(power)):.1g} in all, which is "
            "rounding; vary it"
        )


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
        If there are fewer than three powers, they are equal, or a number is not positive and
        finite.

    Examples
    --------
    >>> round(exponent_half_width([0.5, 1, 2.5, 4, 5, 10, 20], 0.01), 4)
    0.0082
    """
    relative_error = check_number("relative_error", relative_error, above=0, any_size=True)
    (power,) = as_columns(3, power_nW=power_nW)
    check_number("lowest of power_nW", float(power.min()), above=0, any_size=True)
    _check_apart(power)
    spread = math.sqrt(power.size) * np.log(power).std()
    return float(scipy.special.stdtrit(power.size - 2, 0.975) * relative_error / spread)


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
    points = as_points("estimates", estimates)
    power, value = as_columns(2, power_nW=power_nW, estimates=points.value)
    check_number("lowest of power_nW", float(power.min()), above=0, any_size=True)
    check_varied(power_nW=power)
    check_errors("error of an estimate", points.std_err)
    decades = np.log(power) / np.log(power.max() / power.min())
    slope, _ = line_through(decades, value, points.std_err, "trend", points.unit)
    return replace(slope, note=points.note, converged=points.converged)
