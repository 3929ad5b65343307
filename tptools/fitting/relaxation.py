"""Relaxation curve: diffusivity against the time between excitations of a nanocrystal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.determined import undetermined
from tptools.fitting.line import weighted_line
from tptools.fitting.points import as_points
from tptools.fitting.result import Fit, fit_curve
from tptools.records import as_columns, as_numbers, check_errors, check_varied

__all__ = ["fit_relaxation", "relaxation_curve"]

LIMIT = "limit_cm2_s"
UNITS = {LIMIT: "cm2/s", "amplitude_cm2_s": "cm2/s", "tau_us": "us"}
N_TAUS = 100
MOST_TIMES = 50.0  # relaxation times from zero to the first point
MOST_LIFETIMES = 600.0  # the same while the time is sought: of more, nothing is left in doubles
ONE_SIDE = 0.16  # beyond one standard error
CHANCE = 0.1  # of noise to pass for a change
ROUNDING = 1e-12
FLAT = "they do not change"


def _curve(
    time_us: FloatArray, limit_cm2_s: float, amplitude_cm2_s: float, tau_us: float
) -> FloatArray:
    with np.errstate(over="ignore"):  # what lasts no time is over
        return limit_cm2_s + amplitude_cm2_s * np.exp(-time_us / tau_us)


def relaxation_curve(
    time_us: ArrayLike, limit_cm2_s: float, amplitude_cm2_s: float, tau_us: float
) -> FloatArray:
    r"""Single exponential :math:`D(T) = D_\infty + A \, e^{-T/\tau}` of Fig. 4a.

    Parameters
    ----------
    time_us : array_like
        Time between excitations T, any shape.
    limit_cm2_s, amplitude_cm2_s, tau_us : float
        Limit D_inf for rare excitation, amplitude A and relaxation time tau.

    Returns
    -------
    ndarray
        D in cm2/s, the shape of `time_us`.

    Raises
    ------
    ValueError
        If a number is not finite, or `tau_us` not positive.

    Examples
    --------
    >>> float(relaxation_curve(0.0, 0.01, 0.14, 6.0).round(4))
    0.15
    """
    limit_cm2_s = check_number("limit_cm2_s", limit_cm2_s, any_size=True)
    amplitude_cm2_s = check_number("amplitude_cm2_s", amplitude_cm2_s, any_size=True)
    tau_us = check_number("tau_us", tau_us, above=0, any_size=True)
    return _curve(as_numbers("time_us", time_us), limit_cm2_s, amplitude_cm2_s, tau_us)


def fit_relaxation(
    time_us: ArrayLike,
    diffusivity_cm2_s: Sequence[Estimate] | ArrayLike,
    std_err_cm2_s: ArrayLike | None = None,
) -> Fit:
    """Fit `relaxation_curve` by least squares.

    Parameters
    ----------
    time_us : array_like
        At least four times, in any order.
    diffusivity_cm2_s : sequence of Estimate, or array_like
        As many diffusivities.
    std_err_cm2_s : array_like, optional
        Standard errors of the diffusivities, by default those of Estimates. Without any, every
        point has the same weight.

    Returns
    -------
    Fit
        Parameters ``limit_cm2_s``, ``amplitude_cm2_s`` and ``tau_us``. Their errors are
        scaled by the misfit, so that a curve that is not an exponential has wider ones. NaN with a
        note where the points do not determine them: no change, or one that a straight line
        describes as well, or a step before all but the first time.

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than four points, or a number is not finite or an error
        not positive.

    Notes
    -----
    The start is the best of a scan of relaxation times. Points do not determine a time where the
    misfit of its limits, zero and infinity, lies within one standard error.

    Examples
    --------
    >>> time_us = np.geomspace(0.6, 100, 12)
    >>> fit = fit_relaxation(time_us, relaxation_curve(time_us, 0.01, 0.14, 6.0))
    >>> round(fit["tau_us"].value, 6)
    6.0
    """
    points = as_points("diffusivity_cm2_s", diffusivity_cm2_s, std_err_cm2_s, unit=UNITS[LIMIT])
    time, value, error = as_columns(
        4, time_us=time_us, diffusivity_cm2_s=points.value, std_err_cm2_s=points.std_err
    )
    if std_err_cm2_s is None and not error.any():
        error = np.ones_like(value)
    check_errors("std_err_cm2_s", error)
    check_varied(time_us=time)
    # no number is known better than its own rounding
    error = np.maximum(error, np.finfo(float).eps * np.abs(value).max())
    first, least, change = float(time.min()), float(error.min()), float(np.ptp(value))
    varied = change > ROUNDING * np.abs(value).max()
    size, weight = change or 1.0, (error / least) ** -2
    tau, shortest, rivals = _scan(time - first, value, weight)
    # far from zero, where no amplitude can be extrapolated to, only times after the first count
    shift = first if abs(first) > MOST_TIMES * tau else 0.0
    found = _heights(np.exp((shift - time) / tau), value, weight)
    shortest = max(shortest, (first - shift) / MOST_LIFETIMES)
    fit = fit_curve(
        lambda at, **trial: _curve(at - shift, **trial),
        time,
        value,
        _start(*found, tau, shortest, varied=varied),
        units=UNITS,
        method="single exponential",
        # residuals of order one, for diffusivities of any size
        variance=(error / least * size) ** 2,
        scale_errors=True,
    )
    reason = _reason(fit.chi_square * size**2, fit.n_free, rivals) if varied else FLAT
    fit = _rescaled(fit, size / least)
    if reason:
        return undetermined(fit, reason)
    return undetermined(fit, "no time lies near zero", "amplitude_cm2_s") if shift else fit


def _start(
    limit: float, amplitude: float, tau: float, shortest: float, *, varied: bool
) -> dict[str, dict[str, float]]:
    """Start values; of equal diffusivities only their limit is fitted."""
    return {
        LIMIT: {"value": limit},
        "amplitude_cm2_s": {"value": amplitude, "vary": varied},
        "tau_us": {"value": tau, "min": shortest, "vary": varied},
    }


def _rescaled(fit: Fit, factor: float) -> Fit:
    """The fit with residuals in other units."""
    goodness = replace(fit.goodness, chi_square=fit.chi_square * factor**2)
    named = {name: replace(one, goodness=goodness) for name, one in fit.items()}
    return replace(fit, parameters=named, chi_square=goodness.chi_square)


def _scan(
    after: FloatArray, value: FloatArray, weight: FloatArray
) -> tuple[float, float, dict[str, float]]:
    """The best and the shortest of many times, and misfits of what may be mistaken for it."""
    apart = np.diff(np.unique(after))
    taus = np.geomspace(apart.min() / 5, 30 * after.max(), N_TAUS)
    best = taus[np.argmin([_misfit(np.exp(-after / tau), value, weight) for tau in taus])]
    rivals = {
        FLAT: _misfit(np.zeros_like(after), value, weight),
        "a straight line describes them as well": _misfit(after, value, weight),
        "only the first differs from the others": _misfit(after == 0, value, weight),
    }
    return float(best), float(taus[0]), rivals


def _heights(shape: FloatArray, value: FloatArray, weight: FloatArray) -> tuple[float, float]:
    """The best constant, and the best multiple of a shape beside it."""
    if not np.ptp(shape) > 0:
        return float(np.average(value, weights=weight)), 0.0
    (height, limit), _ = weighted_line(shape, value, weight)
    return float(limit), float(height)


def _misfit(shape: FloatArray, value: FloatArray, weight: FloatArray) -> float:
    limit, height = _heights(shape.astype(float), value, weight)
    return float(weight @ (value - limit - height * shape) ** 2)


def _reason(misfit: float, n_free: float, rivals: dict[str, float]) -> str:
    """Why points do not determine an exponential; empty if they do."""
    noise = misfit / n_free
    flat, *others = rivals
    # a constant has two parameters less than an exponential, the others have one less
    allowed = dict.fromkeys(others, scipy.special.stdtrit(n_free, ONE_SIDE) ** 2)
    allowed[flat] = 2 * scipy.special.fdtri(2, n_free, 1 - CHANCE)
    rounding = ROUNDING * rivals[flat]
    for reason in rivals:
        if not rivals[reason] - misfit > allowed[reason] * noise + rounding:
            return reason
    return ""
