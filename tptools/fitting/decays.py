"""Decays: exponential at first, a power law later, and how much of the light is prompt."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.records import check_window
from tptools.fitting.result import Fit, fit_curve
from tptools.records import as_record

__all__ = [
    "fit_decay",
    "fit_tail",
    "level_before_pulse",
    "prompt_fraction",
    "systematic_deviation",
]


def fit_decay(
    counts: xr.DataArray,
    *,
    window_ns: tuple[float, float] = (0.0, 3.0),
    irf: xr.DataArray | None = None,
    background: float | None = 0.0,
) -> Fit:
    r"""Fit a single exponential, by default to the first 3 ns (Fig. 1d, Fig. S6).

    .. math:: n(t) = A\, e^{-t/\tau} + b

    or, with a response h, its convolution :math:`\sum_u h(u)\, A\, e^{-(t - u)/\tau} + b` over
    :math:`u < t`, where h sums to 1.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts per time bin over ``time_ns``, as recorded.
    window_ns : tuple of float
        First and last time that count.
    irf : xarray.DataArray, optional
        Instrument response over ``time_ns``, in any unit; its time zero is that of the pulse.
    background : float or None
        b, counts per bin; None fits it.

    Returns
    -------
    Fit
        Parameters ``amplitude`` in counts, ``lifetime_ns`` and ``background``; absolute errors.

    Raises
    ------
    ValueError
        If times do not increase, a count is negative or not finite, the window holds no more
        bins than parameters or no counts, or the response is empty.

    Notes
    -----
    Poisson maximum likelihood.

    Examples
    --------
    >>> t = np.arange(0, 5, 0.05)
    >>> decay = xr.DataArray(np.round(1e5 * np.exp(-t / 2.2)), {"time_ns": t})
    >>> round(fit_decay(decay)["lifetime_ns"].value, 3)
    2.2
    """
    bins = _bins(counts, window_ns)
    width = float(np.median(np.diff(counts["time_ns"])))

    def shape(t: FloatArray, lifetime_ns: float) -> FloatArray:
        return np.exp(-t / lifetime_ns)

    def started(t: FloatArray, lifetime_ns: float) -> FloatArray:
        # mean over the bin, of which only what follows the start counts
        edges = np.maximum(t + width / 2, 0), np.maximum(t - width / 2, 0)
        late, early = (np.exp(-edge / lifetime_ns) for edge in edges)
        return lifetime_ns / width * (early - late)

    model = _convolved(shape if irf is None else started, irf)

    def exponential(
        t: FloatArray, amplitude: float, lifetime_ns: float, background: float
    ) -> FloatArray:
        return amplitude * model(t, lifetime_ns) + background

    start = {"amplitude": float(bins.max()), "lifetime_ns": _mean_time(bins)}
    return _fit_poisson(exponential, bins, start, background, "exponential")


def fit_tail(
    counts: xr.DataArray,
    *,
    window_ns: tuple[float, float] = (3.0, 20.0),
    irf: xr.DataArray | None = None,
    background: float | None = 0.0,
) -> Fit:
    r"""Fit a power law, by default from 3 to 20 ns (Fig. 1d, Fig. S6).

    .. math:: n(t) = A\, (t / t_1)^{-\mu} + b

    with :math:`t_1` the start of the window, or its convolution with the response.

    Parameters
    ----------
    counts, irf, background
        As for `fit_decay`.
    window_ns : tuple of float
        First and last time that count; the first is above 0, and above all of the response.

    Returns
    -------
    Fit
        Parameters ``amplitude`` in counts at the start of the window, ``exponent`` and
        ``background``; absolute errors.

    Raises
    ------
    ValueError
        As for `fit_decay`, and if the window starts too early.

    Examples
    --------
    >>> t = np.arange(0.05, 20, 0.05)
    >>> decay = xr.DataArray(np.round(1e6 * t**-1.6), {"time_ns": t})
    >>> round(fit_tail(decay)["exponent"].value, 3)
    1.6
    """
    bins = _bins(counts, window_ns)
    latest = 0.0 if irf is None else float(irf["time_ns"].where(irf > 0).max())
    check_number("start of window_ns", float(window_ns[0]), above=max(latest, 0.0))
    model = _convolved(lambda t, exponent: (t / window_ns[0]) ** -exponent, irf)

    def power_law(
        t: FloatArray, amplitude: float, exponent: float, background: float
    ) -> FloatArray:
        return amplitude * model(t, exponent) + background

    start = {"amplitude": float(bins[:3].mean()) + 1.0, "exponent": 1.5}
    return _fit_poisson(power_law, bins, start, background, "power-law tail")


def level_before_pulse(counts: xr.DataArray, until_ns: float = -0.3) -> float:
    """Mean counts before the pulse: dark counts, and light of earlier pulses.

    Parameters
    ----------
    counts : DataArray
        Over ``time_ns``, and any other dimensions.
    until_ns : float, optional
        Before this, not even the response function has light of the pulse.

    Returns
    -------
    float
        Counts of a bin.

    Raises
    ------
    ValueError
        If nothing was recorded before `until_ns`.

    Examples
    --------
    >>> times = {"time_ns": [-1.0, -0.5, 0.1]}
    >>> level_before_pulse(xr.DataArray([2.0, 4.0, 90.0], times))
    3.0
    """
    before = as_record(counts, "time_ns").sel(time_ns=slice(None, until_ns))
    if not before.size:
        raise ValueError(
            f"until_ns = {until_ns!r} is before the first bin; record from earlier, "
            "or state the background"
        )
    return float(before.mean())


def prompt_fraction(
    counts: xr.DataArray, *, until_ns: float = 3.0, background: float = 0.0
) -> Estimate:
    r"""Ratio between the prompt and the total emission (Fig. S6e).

    .. math:: P / (P + Q)

    with P the counts at :math:`0 \le t <` `until_ns` and Q those after, without background. The
    paper does not say where prompt ends; 3 ns is where its exponential fits do.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts per time bin over ``time_ns``, as recorded; times before 0 do not count.
    until_ns : float
        End of the prompt emission.
    background : float
        Counts per bin, taken as exact.

    Returns
    -------
    Estimate
        Pure number, with the error from Poisson noise; NaN with a note if nothing is left.

    Raises
    ------
    ValueError
        If times do not increase, a count is negative or not finite, or a number out of range.

    Examples
    --------
    >>> t = np.arange(0.05, 20, 0.1)
    >>> prompt_fraction(xr.DataArray(np.round(1e4 * np.exp(-t / 2)), {"time_ns": t}))
    Estimate(0.77690 ± 0.00093, method='prompt fraction')
    """
    counts = as_record(counts, "time_ns")
    check_number("until_ns", until_ns, above=0)
    check_number("background", background, at_least=0)
    time, values = counts["time_ns"].to_numpy(), counts.to_numpy()
    parts = [values[(time >= 0) & (time < until_ns)], values[time >= until_ns]]
    prompt, delayed = (float(part.sum()) - background * part.size for part in parts)
    total = prompt + delayed
    if total <= 0:
        note = "no counts above the background"
        return Estimate(math.nan, math.nan, "", "prompt fraction", note)
    error = math.hypot(delayed * math.sqrt(parts[0].sum()), prompt * math.sqrt(parts[1].sum()))
    return Estimate(prompt / total, error / total**2, "", "prompt fraction")


def systematic_deviation(fits: Sequence[Fit]) -> Estimate:
    r"""How far records are from the fitted curves, relative to these, beyond photon noise.

    .. math:: \delta = \sqrt{(\chi^2 - \nu) \Big/ \textstyle\sum_i m_i}

    with the sum of squared residuals in units of photon noise, :math:`\chi^2`, and degrees of
    freedom :math:`\nu`: the root mean square of the relative deviation, weighted by the fitted
    counts m. Unlike :math:`\chi^2/\nu`, it does not grow with the number of photons. The error
    is that of the noncentral distribution, :math:`4\chi^2 - 2\nu` for the variance of
    :math:`\chi^2`.

    Parameters
    ----------
    fits : sequence of Fit
        From `fit_decay` or `fit_tail`, of one or several records; squares are averaged.

    Returns
    -------
    Estimate
        Pure number; zero with a note where the noise alone deviates more.

    Raises
    ------
    ValueError
        If there are no fits.

    Examples
    --------
    >>> t = np.arange(0, 3, 0.05)
    >>> two = xr.DataArray(1e5 * (np.exp(-t / 1) + np.exp(-t / 4)), {"time_ns": t})
    >>> systematic_deviation([fit_decay(two)])
    Estimate(0.03483 ± 0.00040, method='beyond photon noise')
    """
    if not fits:
        raise ValueError("fits is empty; give at least one")
    counts = sum(float(fit.fitted.sum()) for fit in fits)
    dof = sum(fit.n_free for fit in fits)
    beyond = sum(fit.chi_square for fit in fits) - dof
    square = beyond / counts
    square_err = math.sqrt(2 * dof + 4 * max(beyond, 0)) / counts
    method, converged = "beyond photon noise", all(fit.converged for fit in fits)
    if square <= 0:
        return Estimate(0.0, math.sqrt(square_err), "", method, "within the noise", converged)
    std_err = square_err / (2 * math.sqrt(square))
    return Estimate(math.sqrt(square), std_err, "", method, converged=converged)


def _bins(counts: xr.DataArray, window_ns: tuple[float, float]) -> xr.DataArray:
    """The checked bins of a window."""
    check_window(window_ns)
    bins = as_record(counts, "time_ns", only=True).sel(time_ns=slice(*window_ns))
    filled = int((bins > 0).sum())
    if filled <= 3:
        raise ValueError(
            f"counts has {filled} bins with counts within window_ns = {window_ns!r} and must have "
            "more than 3; take a longer window or a longer record"
        )
    return bins


def _mean_time(bins: xr.DataArray) -> float:
    """Mean time after the start of the window: the lifetime, were the window endless."""
    time = bins["time_ns"] - bins["time_ns"][0]
    return float((time * bins).sum() / bins.sum())


def _convolved(
    shape: Callable[[FloatArray, float], FloatArray], irf: xr.DataArray | None
) -> Callable[[FloatArray, float], FloatArray]:
    """Sum over the response of shifted shapes; the shape itself without a response."""
    if irf is None:
        return shape
    irf = as_record(irf, "time_ns", name="irf")
    check_number("sum of irf", float(irf.sum()), above=0)
    used = irf[(irf > 0).to_numpy()]
    share, delay = (used / used.sum()).to_numpy(), used["time_ns"].to_numpy()
    return lambda t, parameter: shape(t[:, None] - delay, parameter) @ share


def _fit_poisson(
    function: Callable[..., FloatArray],
    bins: xr.DataArray,
    start: dict[str, float],
    background: float | None,
    method: str,
) -> Fit:
    """Poisson maximum likelihood."""
    check_number("background", background or 0.0, at_least=0)
    parameters = {name: {"value": value, "min": 1e-9} for name, value in start.items()}
    flat = {"value": background or 0.0, "vary": background is None, "min": 0.0}
    return fit_curve(
        function,
        bins["time_ns"].to_numpy(),
        bins.to_numpy(),
        parameters | {"background": flat},
        units={"amplitude": "counts", "background": "counts", "lifetime_ns": "ns"},
        method=method,
        poisson=True,
    )
