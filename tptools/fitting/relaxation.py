"""Relaxation curve: diffusivity against the time between excitations of a nanocrystal."""

from __future__ import annotations

import lmfit
import numpy as np
from lmfit.model import ModelResult
from numpy.typing import ArrayLike, NDArray


def relaxation_curve(
    time_us: ArrayLike, limit_cm2_s: float, amplitude_cm2_s: float, tau_us: float
) -> NDArray[np.float64]:
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
    return limit_cm2_s + amplitude_cm2_s * np.exp(-np.asarray(time_us) / tau_us)


def fit_relaxation(
    time_us: ArrayLike, diffusivity_cm2_s: ArrayLike, std_err_cm2_s: ArrayLike | None = None
) -> ModelResult:
    """Fit `relaxation_curve` by least squares.

    Parameters
    ----------
    time_us, diffusivity_cm2_s : array_like
        Points of the curve, of one shape.
    std_err_cm2_s : array_like, optional
        Standard errors of the diffusivities. None gives every point the same weight.

    Returns
    -------
    lmfit.model.ModelResult
        With parameters ``limit_cm2_s``, ``amplitude_cm2_s`` and ``tau_us``. Their errors are
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
    >>> round(fit.params["tau_us"].value, 6)
    6.0
    """
    time, value = np.ravel(time_us).astype(float), np.ravel(diffusivity_cm2_s).astype(float)
    error = np.ones_like(value) if std_err_cm2_s is None else np.ravel(std_err_cm2_s)
    if not time.shape == value.shape == error.shape or time.size < 4:
        raise ValueError(
            f"time_us, diffusivity_cm2_s and std_err_cm2_s have {time.size}, {value.size} and "
            f"{error.size} points and must have the same number, at least 4"
        )
    if not (np.isfinite([time, value, error]).all() and (error > 0).all()):
        raise ValueError("points must be finite and errors positive; leave out what is missing")
    model = lmfit.Model(relaxation_curve)
    guess = model.make_params(
        limit_cm2_s=value.min(),
        amplitude_cm2_s=np.ptp(value),
        tau_us={"value": _guess_tau_us(time, value), "min": 0},
    )
    return model.fit(value, guess, time_us=time, weights=1 / error)


def _guess_tau_us(time: NDArray, value: NDArray) -> float:
    """Time of the point nearest to 1/e of the way down."""
    target = value.min() + np.ptp(value) / np.e
    return float(max(time[np.abs(value - target).argmin()], 1e-6))
