"""Relaxation curve: diffusivity against the time between excitations of a nanocrystal."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.fitting.result import Fit, fit_curve
from tptools.records import as_columns, as_numbers, check_errors

__all__ = ["fit_relaxation", "relaxation_curve"]


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

    Examples
    --------
    >>> float(relaxation_curve(0.0, 0.01, 0.14, 6.0).round(4))
    0.15
    """
    return limit_cm2_s + amplitude_cm2_s * np.exp(-as_numbers("time_us", time_us) / tau_us)


def fit_relaxation(
    time_us: ArrayLike, diffusivity_cm2_s: ArrayLike, std_err_cm2_s: ArrayLike | None = None
) -> Fit:
    """Fit `relaxation_curve` by least squares.

    Parameters
    ----------
    time_us, diffusivity_cm2_s : array_like
        Points of the curve, of one shape.
    std_err_cm2_s : array_like, optional
        Standard errors of the diffusivities. None gives every point the same weight.

    Returns
    -------
    Fit
        Parameters ``limit_cm2_s``, ``amplitude_cm2_s`` and ``tau_us``. Their errors are
        scaled by the misfit, so that a curve that is not an exponential has wider ones.

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than four points, or a number is not finite or an error
        not positive.

    Examples
    --------
    >>> time_us = np.geomspace(0.6, 100, 12)
    >>> fit = fit_relaxation(time_us, relaxation_curve(time_us, 0.01, 0.14, 6.0))
    >>> round(fit["tau_us"].value, 6)
    6.0
    """
    time, value = as_columns(4, time_us=time_us, diffusivity_cm2_s=diffusivity_cm2_s)
    error = np.ones_like(value)
    if std_err_cm2_s is not None:
        _, error = as_columns(4, time_us=time_us, std_err_cm2_s=std_err_cm2_s)
        check_errors("std_err_cm2_s", error)
    start = {
        "limit_cm2_s": {"value": value.min()},
        "amplitude_cm2_s": {"value": np.ptp(value)},
        "tau_us": {"value": _guess_tau_us(time, value), "min": 0},
    }
    return fit_curve(
        relaxation_curve,
        time,
        value,
        start,
        units={"limit_cm2_s": "cm2/s", "amplitude_cm2_s": "cm2/s", "tau_us": "us"},
        method="single exponential",
        variance=error**2,
        scale_errors=True,
    )


def _guess_tau_us(time: FloatArray, value: FloatArray) -> float:
    """Time of the point nearest to 1/e of the way down."""
    target = value.min() + np.ptp(value) / math.e
    return float(max(time[np.abs(value - target).argmin()], 1e-6))
