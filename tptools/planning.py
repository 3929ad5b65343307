"""What a scan needs for a wanted error of D: photons, time, window, step and span."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_number, check_type, make_plain
from tptools.fitting import cramer_rao_bound, spreading_spot
from tptools.fitting.performance import detection_limit
from tptools.randomness import generator
from tptools.units import FWHM_PER_SIGMA, NM2_PER_NS_IN_CM2_S

__all__ = ["ScanPlan", "alternatives", "plan_scan"]

Answer = TypeVar("Answer")

N_TIMES = 60
WINDOWS = (0.5, 0.75, 1.0, 1.4, 2.0, 2.5, 3.0, 4.0, 6.0)
"""Ends of the window, in lifetimes; 1.4 is where a quarter of the light is left."""
LONGEST = 3.0
"""Lifetimes to which a window is chosen: later light of real films comes from traps."""
SPANS = (6.0, 7.0, 8.0, 9.0, 10.0, 12.0)
"""In widths that the spot has at the end of the window."""
STEPS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.8)
"""In widths that the spot has at first; larger steps would not show its shape."""
WORTH = 1.05
"""Time over the shortest that a shorter window, a narrower span or a larger step may cost."""
LONGEST_LIFETIMES = 100.0
MOST_POSITIONS = 10_000


@dataclass(frozen=True)
class ScanPlan:
    """A scan of a Gaussian spot that spreads, by a detector that is small beside it.

    Parameters
    ----------
    diffusivity_cm2_s : float
        D that is expected.
    error_cm2_s : float
        Standard error of D from the best fit, `tptools.fitting.cramer_rao_bound`.
    window_ns : float
        End of the window, from time zero.
    step_nm, span_nm : float
        Distance of positions, and of the first from the last.
    dwell_s : float
        Time at each position.
    count_rate_Hz : float
        Of light, with the detector on the centre of the spot, without background.
    background_rate_Hz : float
        Counts per second that are no light of the spot.
    spot_fwhm_nm : float
        Full width of the first slice as scanned: spot, objective and detector together.
    lifetime_ns, period_ns : float
        Of the light, and between pulses.

    Raises
    ------
    ValueError
        If a number is out of range, or the window longer than the period.

    Examples
    --------
    >>> plan = plan_scan(0.05, 0.005, count_rate_Hz=2000)
    >>> dict(plan.draw(1).sizes)["position_nm"] == plan.n_positions
    True
    """

    diffusivity_cm2_s: float
    error_cm2_s: float
    window_ns: float
    step_nm: float
    span_nm: float
    dwell_s: float
    count_rate_Hz: float
    background_rate_Hz: float
    spot_fwhm_nm: float
    lifetime_ns: float
    period_ns: float

    def __post_init__(self) -> None:
        """Refuse what no scan can have."""
        make_plain(self)
        check_number("diffusivity_cm2_s", self.diffusivity_cm2_s, at_least=0)
        check_number("background_rate_Hz", self.background_rate_Hz, at_least=0)
        for name in (
            "error_cm2_s", "window_ns", "step_nm", "span_nm", "dwell_s", "count_rate_Hz",
            "spot_fwhm_nm", "lifetime_ns", "period_ns",
        ):  # fmt: skip
            check_number(name, getattr(self, name), above=0)
        check_number("window_ns", self.window_ns, at_most=self.period_ns)
        check_number("window_ns / lifetime_ns", self.window_ns / self.lifetime_ns,
                     at_most=LONGEST_LIFETIMES)  # fmt: skip
        check_number("span_nm / step_nm", self.span_nm / self.step_nm, at_least=4,
                     at_most=MOST_POSITIONS)  # fmt: skip

    @property
    def n_positions(self) -> int:
        """Positions of the scan."""
        return math.floor(self.span_nm / self.step_nm + 1e-9) + 1

    @property
    def total_s(self) -> float:
        """Time of the scan, without that for moving."""
        return self.n_positions * self.dwell_s

    @property
    def n_photons(self) -> float:
        """Counts of light in the window at all positions."""
        return float(self._slice_counts().sum())

    @property
    def photons_per_pulse(self) -> float:
        """With the detector on the centre of the spot."""
        return self.count_rate_Hz * self.period_ns * 1e-9

    @property
    def detection_limit_cm2_s(self) -> float:
        """Smallest D that such a scan tells from zero (`tptools.fitting.performance`)."""
        return detection_limit(replace(self, diffusivity_cm2_s=0.0)._bound())

    def expected(self) -> xr.DataArray:
        """Mean counts of the scan.

        Returns
        -------
        DataArray
            Over (time_ns, position_nm), in 60 equal bins of the window.
        """
        return self._asked(spreading_spot)

    def draw(self, seed: int) -> xr.DataArray:
        """Counts of one such scan.

        Parameters
        ----------
        seed : int
            Of the photon noise.

        Returns
        -------
        DataArray
            As `expected`.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.
        """
        mean = self.expected()
        return mean.copy(data=generator(seed, "planned scan").poisson(mean))

    @property
    def _variance_nm2(self) -> float:
        return (self.spot_fwhm_nm / FWHM_PER_SIGMA) ** 2

    def _axes(self) -> tuple[FloatArray, FloatArray]:
        """Middles of the bins, and positions."""
        time = (np.arange(N_TIMES) + 0.5) * self.window_ns / N_TIMES
        place = np.arange(float(self.n_positions)) - (self.n_positions - 1) / 2
        return time, self.step_nm * place

    def _slice_counts(self) -> FloatArray:
        """Counts of light in every bin over all positions."""
        time, _ = self._axes()
        # over all times the detector on the centre counts its rate; it sees v0/v(t) of the light
        all_times = (np.arange(20 * N_TIMES) + 0.5) * 20 * self.lifetime_ns / (20 * N_TIMES)
        width = self.window_ns / N_TIMES
        rate = self._at_centre(time) * width
        rate /= self._at_centre(all_times).sum() * self.lifetime_ns / N_TIMES
        peak = self.count_rate_Hz * self.dwell_s * rate
        variance = self._variance_nm2 + self._growth() * time
        return peak * np.sqrt(2 * np.pi * variance) / self.step_nm

    def _growth(self) -> float:
        """Growth of the variance in nm2 per ns."""
        return 2 * self.diffusivity_cm2_s / NM2_PER_NS_IN_CM2_S

    def _at_centre(self, time: FloatArray) -> FloatArray:
        """Light at the centre, relative to time zero."""
        spread = self._variance_nm2 / (self._variance_nm2 + self._growth() * time)
        return spread * np.exp(-time / self.lifetime_ns)

    def _background(self) -> float:
        """Counts of a bin at a position."""
        part = self.window_ns / N_TIMES / self.period_ns
        return self.background_rate_Hz * self.dwell_s * part

    def _bound(self) -> float:
        return self._asked(cramer_rao_bound)

    def _asked(self, function: Callable[..., Answer]) -> Answer:
        """What a function of a spreading spot says of this scan."""
        return function(
            *self._axes(),
            self._slice_counts(),
            diffusivity_cm2_s=self.diffusivity_cm2_s,
            variance_nm2=self._variance_nm2,
            background=self._background(),
        )


def plan_scan(
    diffusivity_cm2_s: float,
    error_cm2_s: float,
    *,
    count_rate_Hz: float,
    background_rate_Hz: float = 100.0,
    spot_fwhm_nm: float = 600.0,
    lifetime_ns: float = 2.2,
    period_ns: float = 400.0,
    window_ns: float | None = None,
    step_nm: float | None = None,
    span_nm: float | None = None,
) -> ScanPlan:
    """Find the shortest scan whose best fit has a wanted error.

    Parameters
    ----------
    diffusivity_cm2_s : float
        D that is expected; 0 asks what is told from none.
    error_cm2_s : float
        Wanted standard error.
    count_rate_Hz, background_rate_Hz, spot_fwhm_nm, lifetime_ns, period_ns : float
        As for `ScanPlan`.
    window_ns, step_nm, span_nm : float, optional
        Where they are given; otherwise the shortest window of at most three lifetimes, the largest
        step of at most 0.8 widths of the spot and the narrowest span of at least six, with which
        the scan takes no more than 5 % longer than with the best of each.

    Returns
    -------
    ScanPlan

    Raises
    ------
    ValueError
        If a number is out of range.

    Notes
    -----
    The error is that of an efficient method, such as ``global``, for a Gaussian spot that spreads
    by one D, with exponential light: slices need more, and a spot of another shape other methods.
    Noise falls as one over the root of the time, so that the error of one second gives the time.

    Examples
    --------
    >>> one, half = (plan_scan(0.05, error, count_rate_Hz=2000) for error in (0.005, 0.0025))
    >>> round(half.total_s / one.total_s, 2)
    4.0
    """
    lifetime_ns = check_number("lifetime_ns", lifetime_ns, above=0)
    period_ns = check_number("period_ns", period_ns, above=0)
    width = check_number("spot_fwhm_nm", spot_fwhm_nm, above=0) / FWHM_PER_SIGMA
    trial = ScanPlan(
        diffusivity_cm2_s,
        error_cm2_s,
        min(lifetime_ns, period_ns) if window_ns is None else window_ns,
        STEPS[1] * width if step_nm is None else step_nm,
        SPANS[-1] * width if span_nm is None else span_nm,
        1.0,
        count_rate_Hz,
        background_rate_Hz,
        spot_fwhm_nm,
        lifetime_ns,
        period_ns,
    )
    windows = _windows(trial, LONGEST) if window_ns is None else [trial]
    wide = [_narrowest(one) if span_nm is None else _timed(one) for one in windows]
    best = _cheapest(wide, [one.window_ns for one in wide])
    return best if step_nm is not None else _largest_step(best)


def alternatives(plan: ScanPlan) -> pd.DataFrame:
    """Compare other windows and steps with those of a plan.

    Parameters
    ----------
    plan : ScanPlan
        From `plan_scan`.

    Returns
    -------
    DataFrame
        ``choice`` ("window_ns", "step_nm"), its ``value``, and ``time``: that of the scan for the
        same error, over that of the plan. Other windows have the span that is best for them.

    Raises
    ------
    TypeError
        If it is no plan.

    Examples
    --------
    >>> others = alternatives(plan_scan(0.05, 0.005, count_rate_Hz=2000))
    >>> bool((others.time > 0.9).all())
    True
    """
    check_type("plan", plan, ScanPlan, remedy="give what plan_scan returns")
    rows = [("window_ns", one.window_ns, _narrowest(one)) for one in _windows(plan)]
    rows += [("step_nm", one.step_nm, _timed(one)) for one in _steps(plan)]
    return pd.DataFrame(
        [(name, value, one.total_s / plan.total_s) for name, value, one in rows],
        columns=["choice", "value", "time"],
    )


def _windows(plan: ScanPlan, longest: float = math.inf) -> list[ScanPlan]:
    """The same with other windows, up to the period."""
    chosen = [one for one in WINDOWS if one <= longest]
    ends = sorted({min(one * plan.lifetime_ns, plan.period_ns) for one in chosen})
    return [replace(plan, window_ns=one) for one in ends]


def _narrowest(plan: ScanPlan) -> ScanPlan:
    """The same with the narrowest span that costs hardly more time."""
    end = math.sqrt(plan._variance_nm2 + plan._growth() * plan.window_ns)
    spans = [max(one * end, 4 * plan.step_nm) for one in SPANS]
    tried = [_timed(replace(plan, span_nm=one)) for one in spans]
    return _cheapest(tried, spans)


def _steps(plan: ScanPlan) -> list[ScanPlan]:
    """The same with other steps, as far as the span holds them."""
    width = math.sqrt(plan._variance_nm2)
    steps = [one * width for one in STEPS if 5 * one * width <= plan.span_nm]
    return [replace(plan, step_nm=one) for one in steps]


def _largest_step(plan: ScanPlan) -> ScanPlan:
    """The same with the largest step that costs hardly more time."""
    tried = [_timed(one) for one in _steps(plan)]
    return _cheapest(tried, [-one.step_nm for one in tried])


def _timed(plan: ScanPlan) -> ScanPlan:
    """The same with the time that its error needs."""
    second = replace(plan, dwell_s=1.0)
    return replace(plan, dwell_s=(second._bound() / plan.error_cm2_s) ** 2)


def _cheapest(tried: Sequence[ScanPlan], order: Sequence[float]) -> ScanPlan:
    """First by an order, of those that cost hardly more time than the best."""
    allowed = WORTH * min(one.total_s for one in tried)
    ranked = sorted(zip(order, range(len(tried)), strict=True))
    return next(tried[k] for _, k in ranked if tried[k].total_s <= allowed)
