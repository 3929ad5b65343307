"""Light of a decay in each of many bins: after one pulse, or after all of a train of pulses."""

from __future__ import annotations

import math

import numpy as np
import scipy

from tptools.arrays import FloatArray
from tptools.fitting.response import PROMPT, Response

LARGEST_EXPONENT = 700.0

MOST_DELAYS = 32
"""Parts of a response that a power law, smooth long after it, can tell apart."""

# made once: to find them takes as long as a curve
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


def exponential(
    edges: FloatArray, lifetime_ns: float, response: Response | None, period_ns: float | None
) -> FloatArray:
    r"""Integral of :math:`e^{-t/\tau}` over each bin, (n, 2) -> (n,), in ns.

    With a response the light starts at time 0. Without one, the bin that holds time 0 counts as if
    it were all after it. With a period P the light of earlier pulses is added,
    :math:`\sum_k e^{-(t + kP)/\tau} = e^{-t/\tau} / (1 - e^{-P/\tau})` for :math:`0 \le t < P`.

    Examples
    --------
    >>> exponential(np.array([[0.0, 1.0], [1.0, np.inf]]), 1.0, None, None).round(4)
    array([0.6321, 0.3679])
    """
    if response is not None:
        places, where = np.unique(edges, return_inverse=True)
        later = _light_after(places, lifetime_ns, response, period_ns)[where.reshape(edges.shape)]
        return later[:, 0] - later[:, 1]
    lower, upper = edges.T
    width = upper - lower
    wrapped = 1.0
    if period_ns is not None:
        lower = lower - period_ns * np.floor((lower + upper) / 2 / period_ns)
        wrapped = -math.expm1(-period_ns / lifetime_ns)
    early = np.exp(np.minimum(-lower / lifetime_ns, LARGEST_EXPONENT))
    return -lifetime_ns * early * np.expm1(-width / lifetime_ns) / wrapped


def _light_after(
    time_ns: FloatArray, lifetime_ns: float, response: Response, period_ns: float | None
) -> FloatArray:
    """Light from some times on, but for one constant; in one pass over the response."""
    delay = response.delay_ns
    if period_ns is not None:
        delay = delay % period_ns  # whole periods of delays add one constant to all times
        passed, time_ns = np.divmod(time_ns, period_ns)
    order = np.argsort(delay)
    delay, share = delay[order], response.share[order]
    # light that is left when each share comes
    left = np.array(_faded(np.exp(-np.diff(delay, prepend=delay[0]) / lifetime_ns), share))
    last = np.searchsorted(delay, time_ns, side="right") - 1
    started = last >= 0
    glow = np.where(started, left[last], 0) * np.exp(
        -np.maximum(time_ns - delay[last], 0) / lifetime_ns
    )
    waiting = 1 - np.where(started, np.cumsum(share)[last], 0)
    if period_ns is not None:
        earlier = left[-1] * np.exp(-(time_ns + period_ns - delay[-1]) / lifetime_ns)
        glow += earlier / -math.expm1(-period_ns / lifetime_ns)
        waiting -= passed
    return lifetime_ns * (glow + waiting)


def _faded(factors: FloatArray, shares: FloatArray) -> list[float]:
    """Sums of shares, each of which fades by the factors after it."""
    left, sums = 0.0, []
    for factor, share in zip(factors.tolist(), shares.tolist(), strict=True):
        left = left * factor + share
        sums.append(left)
    return sums


def power_law(
    edges: FloatArray,
    exponent: float,
    start_ns: float,
    response: Response | None,
    period_ns: float | None,
) -> FloatArray:
    r"""Integral of :math:`(t/t_1)^{-\mu}` over each bin, (n, 2) -> (n,), in ns.

    With a period P the light of earlier pulses is added: at t it is
    :math:`(P/t_1)^{-\mu} \zeta(\mu, 1 + t/P)`, with the zeta function of Hurwitz. NaN where a bin
    reaches to the pulse.

    Examples
    --------
    >>> power_law(np.array([[1.0, 2.0], [2.0, 4.0]]), 1.0, 1.0, None, None).round(4)
    array([0.6931, 0.6931])
    """
    response = (response or PROMPT).merged(MOST_DELAYS)
    with np.errstate(divide="ignore", invalid="ignore"):
        lower, upper = (np.log((edge[:, None] - response.delay_ns) / start_ns) for edge in edges.T)
    lower[~np.isfinite(lower)] = math.nan
    rise, span = 1 - exponent, upper - lower
    start = np.exp(np.minimum(rise * lower, LARGEST_EXPONENT)) * span
    light = start_ns * (start * scipy.special.exprel(rise * span) @ response.share)
    if period_ns is None:
        return light
    # the light of earlier pulses changes too little to see more of the response than its mean
    middle = edges.mean(axis=1) - response.delay_ns @ response.share
    half = (edges[:, 1] - edges[:, 0]) / 2
    time = middle[:, None] + half[:, None] * _NODES
    earlier = (period_ns / start_ns) ** -exponent * scipy.special.zeta(
        exponent, 1 + time / period_ns
    )
    return light + half * (earlier @ _WEIGHTS)
