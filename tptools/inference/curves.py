"""Numbers of many relaxation curves at once, by the definitions of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.records import as_numbers

__all__ = ["relaxation_numbers"]

N_TIMES, N_ROUNDS, N_NEAR = 60, 4, 9
SHORTEST, LONGEST = 0.2, 30.0
"""Relaxation times tried, over the smallest gap between points and over their range."""


def relaxation_numbers(time_us: ArrayLike, diffusivity_cm2_s: ArrayLike) -> dict[str, FloatArray]:
    r"""Limit, highest point and time of many relaxation curves, as `curve_numbers` has them of one.

    For a given time :math:`\tau` the best limit and amplitude of :math:`D_\infty + A e^{-T/\tau}`
    follow from a line; the time with the least misfit is found on a grid that narrows.

    Parameters
    ----------
    time_us : array_like of shape (n_times,)
        Times between excitations, at least four.
    diffusivity_cm2_s : array_like of shape (..., n_times)
        Curves.

    Returns
    -------
    dict
        ``limit_cm2_s``, ``highest_cm2_s`` and ``tau_us``, each of the shape before the last axis.
        NaN, but for the highest, where the best time lies at an end of what is tried: from a fifth
        of the smallest gap between points to thirty times their range.

    Raises
    ------
    ValueError
        If there are fewer than four times, or the last axis has another length.

    Examples
    --------
    >>> time_us = np.geomspace(2, 100, 9)
    >>> curves = [0.01 + 0.14 * np.exp(-time_us / tau) for tau in (6, 10.8)]
    >>> relaxation_numbers(time_us, curves)["tau_us"].round(2)
    array([ 6. , 10.8])
    """
    time = as_numbers("time_us", time_us)
    curves = as_numbers("diffusivity_cm2_s", diffusivity_cm2_s)
    if time.ndim != 1 or time.size < 4 or curves.shape[-1:] != time.shape:
        raise ValueError(
            f"time_us has shape {time.shape} and diffusivity_cm2_s {curves.shape}; give four times "
            "or more, and a point of every curve at each"
        )
    flat = curves.reshape(-1, time.size)
    log_tau, inside = _best_log_tau(time, flat)
    shape = np.exp((time.min() - time) / np.exp(log_tau)[:, None])
    limit, _ = _heights(shape, flat)
    found = {"limit_cm2_s": limit, "tau_us": np.exp(log_tau)}
    numbers = {name: np.where(inside, one, np.nan) for name, one in found.items()}
    numbers["highest_cm2_s"] = flat[:, time.argmin()]
    return {name: one.reshape(curves.shape[:-1]) for name, one in numbers.items()}


def _best_log_tau(time: FloatArray, curves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Logarithm of the best time of each curve, and whether it lies within the grid."""
    gaps = np.diff(np.unique(time))
    shortest, longest = SHORTEST * gaps.min(), LONGEST * np.ptp(time)
    grid = np.log(np.geomspace(shortest, longest, N_TIMES))
    best = grid[_misfits(time, curves, np.tile(grid, (len(curves), 1))).argmin(1)]
    inside = (best > grid[0]) & (best < grid[-1])
    step = grid[1] - grid[0]
    for _ in range(N_ROUNDS):
        near = best[:, None] + step * np.linspace(-1, 1, N_NEAR)
        misfits = _misfits(time, curves, near)
        best = near[np.arange(len(near)), misfits.argmin(1)]
        step *= 2 / (N_NEAR - 1)
    return best, inside


def _misfits(time: FloatArray, curves: FloatArray, log_tau: FloatArray) -> FloatArray:
    """Least misfit of each curve at each of its times, shape of `log_tau`."""
    # amplitudes at the first time, not at zero, are of the size of the curves
    shape = np.exp((time.min() - time) / np.exp(log_tau)[..., None])
    limit, height = _heights(shape, curves[:, None])
    residual = curves[:, None] - limit[..., None] - height[..., None] * shape
    return (residual**2).sum(-1)


def _heights(shape: FloatArray, curves: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Best constant, and best multiple of a shape beside it."""
    centred = shape - shape.mean(-1, keepdims=True)
    height = (centred * curves).sum(-1) / (centred**2).sum(-1)
    return (curves - height[..., None] * shape).mean(-1), height
