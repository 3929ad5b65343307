"""Decays: exponential at first, a power law later, and how much of the light is prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_number, check_type
from tptools.estimate import Estimate
from tptools.fitting.binned import Model, bins_of, fit_bins
from tptools.fitting.records import check_window
from tptools.fitting.response import response_of
from tptools.fitting.result import Fit
from tptools.fitting.shapes import exponential, power_law
from tptools.records import as_record, bin_edges

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
    period_ns: float | None = None,
) -> Fit:
    r"""Fit a single exponential, by default to the first 3 ns (Fig. 1d, Fig. S6).

    .. math:: n_i = \int_i \left[A\, e^{-t/\tau} + b\right] \frac{dt}{w}

    over each bin, with w the median width of the bins of the record; or, with a response h, which
    sums to 1, its convolution :math:`\sum_u h(u)\, A\, e^{-(t - u)/\tau} + b` over :math:`u < t`.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts per time bin over ``time_ns``, as recorded. Bins of unequal width need the
        coordinates ``time_start_ns`` and ``time_end_ns``, or ``time_width_ns``. Bins that are NaN
        are left out.
    window_ns : tuple of float
        A bin counts if its middle lies between these times.
    irf : xarray.DataArray, optional
        Instrument response over ``time_ns``, in any unit and any bins; its time zero is that of
        the pulse. A constant level, such as dark counts, is taken off: that before its rise, or
        that long after it where it is not recorded from before.
    background : float or None
        b, counts per bin of width w; None fits it.
    period_ns : float, optional
        Time between pulses: light of all earlier ones is in the model, also through the response.

    Returns
    -------
    Fit
        Parameters ``amplitude`` and ``background`` in counts per bin of width w, and
        ``lifetime_ns``; absolute errors. ``curve`` gives counts of such a bin around a time.

        Where the record does not determine them they are NaN, the fit counts as not converged, and
        note and message say why: if a level, or light in the first bin only, fits as well (its
        deviance is larger by less than 12), or if counts rise (by five
        standard errors) to a maximum before which more than 5 % of the fitted light is missing.

    Raises
    ------
    ValueError
        If times do not increase, widths are not known, a count is negative or infinite, the window
        holds no more than 3 bins with counts, the response is empty, or a number is out of range.

    Notes
    -----
    Maximum likelihood of Poisson counts, with the best of many lifetimes as its start.

    Examples
    --------
    >>> t = np.arange(0, 5, 0.05)
    >>> decay = xr.DataArray(np.round(1e5 * np.exp(-t / 2.2)), {"time_ns": t})
    >>> round(fit_decay(decay)["lifetime_ns"].value, 3)
    2.2
    """
    window_ns = check_window(window_ns)
    bins = bins_of(counts, window_ns)
    if period_ns is not None:
        period_ns = check_number("period_ns", period_ns, above=0)
    response = None if irf is None else response_of(irf, bins.width_ns, period_ns)
    # so short that all is in one bin, as far as the amplitude at time 0 is still a number
    shortest = max(1e-3 * float(np.diff(bins.edges).min()), abs(float(bins.edges[0, 0])) / 300)
    trials = np.geomspace(shortest, 1e4 * float(np.ptp(bins.edges)), 40)

    def shape(edges: FloatArray, lifetime_ns: float) -> FloatArray:
        """Share of an exponential in each bin."""
        return exponential(edges, lifetime_ns, response, period_ns) / bins.width_ns

    model = Model("exponential", "lifetime_ns", shape, trials, "light in no time", "a level")
    return fit_bins(model, bins, background, rises=irf is not None)


def fit_tail(
    counts: xr.DataArray,
    *,
    window_ns: tuple[float, float] = (3.0, 20.0),
    irf: xr.DataArray | None = None,
    background: float | None = 0.0,
    period_ns: float | None = None,
) -> Fit:
    r"""Fit a power law, by default from 3 to 20 ns (Fig. 1d, Fig. S6).

    .. math:: n_i = \int_i \left[A\, (t / t_1)^{-\mu} + b\right] \frac{dt}{w}

    over each bin, with :math:`t_1` the start of the window and w the median width of the bins of
    the record, or its convolution with the response.

    Parameters
    ----------
    counts, irf, background
        As for `fit_decay`.
    window_ns : tuple of float
        As for `fit_decay`; it starts after 0, and after all of the response.
    period_ns : float, optional
        As for `fit_decay`; the exponent is then above 1, or earlier light would have no end, and
        the window ends within the period.

    Returns
    -------
    Fit
        Parameters ``amplitude``, at the start of the window, and ``background`` in counts per bin
        of width w, and ``exponent``; absolute errors. What is not determined is as in `fit_decay`.

    Raises
    ------
    ValueError
        As for `fit_decay`, and if the window starts too early or ends too late.

    Examples
    --------
    >>> t = np.arange(0.05, 20, 0.05)
    >>> decay = xr.DataArray(np.round(1e6 * t**-1.6), {"time_ns": t})
    >>> round(fit_tail(decay)["exponent"].value, 3)
    1.6
    """
    window_ns = check_window(window_ns)
    bins = bins_of(counts, window_ns)
    response = None if irf is None else response_of(irf, bins.width_ns, period_ns)
    latest = 0.0 if response is None else max(float(response.delay_ns.max()), 0.0)
    # the first bin may start before the window
    late = latest + max(float(window_ns[0] - bins.edges[0, 0]), 0.0)
    check_number("start of window_ns", float(window_ns[0]), above=late)
    if period_ns is not None:
        period_ns = check_number("period_ns", period_ns, at_least=float(window_ns[1]))
    trials = np.concatenate([np.linspace(0, 8, 25), np.geomspace(9, 200, 12)])
    if period_ns is not None:
        trials = np.maximum(trials, 1.001)

    def shape(edges: FloatArray, exponent: float) -> FloatArray:
        """Share of a power law in each bin."""
        start_ns = float(window_ns[0])
        return power_law(edges, exponent, start_ns, response, period_ns) / bins.width_ns

    level = "a level" if background is None else ""
    model = Model("power-law tail", "exponent", shape, trials, level, "light at the start only")
    return fit_bins(model, bins, background)


def level_before_pulse(counts: xr.DataArray, until_ns: float = -0.3) -> float:
    """Mean counts before the pulse: dark counts, and light of earlier pulses.

    Parameters
    ----------
    counts : DataArray
        Over ``time_ns``, and any other dimensions. Bins that are NaN are left out.
    until_ns : float, optional
        Before this, not even the response function has light of the pulse: bins with their middle
        before it count, if they end before time 0.

    Returns
    -------
    float
        Counts of a bin of the median width of the record.

    Raises
    ------
    ValueError
        If nothing was recorded before `until_ns`, or widths are not known.

    Examples
    --------
    >>> times = {"time_ns": [-1.0, -0.5, 0.0]}
    >>> level_before_pulse(xr.DataArray([2.0, 4.0, 90.0], times))
    3.0
    """
    until_ns = check_number("until_ns", until_ns)
    record = as_record(counts, "time_ns", masked=True)
    lower, upper = bin_edges(record, "time_ns")
    least = 1e-9 * float(np.median(upper - lower))
    before = ((lower + upper) / 2 <= until_ns + least) & (upper <= max(until_ns, 0.0) + least)
    used = record.isel(time_ns=before)
    width = xr.DataArray((upper - lower)[before], dims="time_ns").where(used.notnull())
    if not float(width.sum()):
        raise ValueError(
            f"until_ns = {until_ns!r} is before the first bin; record from earlier, "
            "or state the background"
        )
    return float(used.sum() / width.sum()) * float(np.median(upper - lower))


def prompt_fraction(
    counts: xr.DataArray,
    *,
    until_ns: float = 3.0,
    background: float = 0.0,
    period_ns: float | None = None,
) -> Estimate:
    r"""Ratio between the prompt and the total emission (Fig. S6e).

    .. math:: P / (P + Q)

    with P the counts at :math:`0 \le t <` `until_ns` and Q those after, without background. The
    paper does not say where prompt ends; 3 ns is where its exponential fits do.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts per time bin over ``time_ns``, as recorded; bins with their middle before 0 do not
        count. One that holds `until_ns` is shared by its parts.
    until_ns : float
        End of the prompt emission.
    background : float
        Counts per bin of the median width of the record, taken as exact.
    period_ns : float, optional
        Time between pulses: what was recorded before 0 is late light, of one pulse earlier.

    Returns
    -------
    Estimate
        Pure number, with the error from Poisson noise. NaN with a note if the light is less than
        three standard errors above the background, or if one of its parts is that far below; a
        value beyond 0 or 1 by less has a note.

    Raises
    ------
    ValueError
        If times do not increase, widths are not known, a count is masked, negative or not finite, a
        number is out of range, or the record is longer than the period.

    Examples
    --------
    >>> t = np.arange(0.05, 20, 0.1)
    >>> prompt_fraction(xr.DataArray(np.round(1e4 * np.exp(-t / 2)), {"time_ns": t}))
    Estimate(0.77690 ± 0.00093, method='prompt fraction')
    """
    record = as_record(counts, "time_ns", only=True)
    until_ns = check_number("until_ns", until_ns, above=0)
    background = check_number("background", background, at_least=0)
    lower, upper = bin_edges(record, "time_ns")
    width, values = upper - lower, record.to_numpy()
    median = np.median(width)
    if background and np.isinf(width).any():
        raise ValueError(
            f"background = {background!r} has no sum over a bin without end; leave that bin out"
        )
    if period_ns is not None:
        period_ns = check_number("period_ns", period_ns, above=until_ns)
        check_number("length of counts", float(np.ptp([lower, upper])), at_most=1.001 * period_ns)
        earlier = period_ns * np.floor((lower + upper) / 2 / period_ns)
        lower, upper = lower - earlier, upper - earlier
    used = lower + upper >= 0
    lower, width, values = lower[used], width[used], values[used]
    light = values - background * width / median if background else values
    return _share(values, light, np.clip((until_ns - lower) / width, 0, 1))


def _share(values: FloatArray, light: FloatArray, prompt: FloatArray) -> Estimate:
    """Share of the light that is prompt, from such shares of every bin."""
    method, total = "prompt fraction", float(light.sum())
    noise = math.sqrt(values.sum())
    if total <= 3 * noise:
        note = "no counts above the background"
        if total > 0:
            note = f"not determined: {total:.3g} ± {noise:.2g} counts above the background"
        return Estimate(math.nan, math.nan, "", method, note)
    fraction = float(light @ prompt) / total
    error = math.sqrt(values @ (prompt - fraction) ** 2) / total
    beyond = max(-fraction, fraction - 1)
    if beyond <= 0:
        return Estimate(fraction, error, "", method)
    note = "one part of the light is below the background, which may be too high"
    if beyond > 3 * error:
        return Estimate(math.nan, math.nan, "", method, f"not determined: {note}")
    return Estimate(fraction, error, "", method, note)


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
    check_type("fits", fits, list, tuple, remedy="give a list of fits")
    for number, one in enumerate(fits):
        check_type(f"fits[{number}]", one, Fit)
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
