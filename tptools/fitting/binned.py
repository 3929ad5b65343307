"""Fits of a shape with one parameter to counts in bins, and what the counts do not determine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray, IntArray
from tptools.checks import check_number
from tptools.estimate import Estimate, joined
from tptools.fitting.optimum import signed_deviance
from tptools.fitting.records import check_window
from tptools.fitting.result import Fit, fit_curve
from tptools.records import as_record, bin_edges

UNDETERMINED = 12.0
"""Growth of the deviance below which a limit fits as well: chance brings it in 1 of 400 levels."""

RISING = 5.0
"""Standard errors by which counts must rise to be no decay."""

MISSING = 0.05
"""Share of the fitted light that may be missing before the maximum of a decay that rises."""

N_GROUPS = 100
N_STEPS = 60
"""Of the coarse search for a start."""

MOST_COUNTS = 1e15
"""In a bin; more would leave the range of floats in sums of products."""


@dataclass(frozen=True)
class Bins:
    """Bins of a window, and how the record lays bins around its times."""

    edges: FloatArray
    counts: FloatArray
    width_ns: float
    before_ns: float

    @property
    def widths(self) -> FloatArray:
        """Width of each bin over that of the reference."""
        return np.diff(self.edges)[:, 0] / self.width_ns

    def around(self, time_ns: FloatArray) -> FloatArray:
        """Edges of bins of the median width around times."""
        lower = time_ns - self.before_ns
        return np.column_stack([lower, lower + self.width_ns])


@dataclass(frozen=True)
class Model:
    """A shape by bins and one parameter, values of it that are tried, and its limits in words."""

    method: str
    name: str
    shape: Callable[[FloatArray, float], FloatArray]
    trials: FloatArray
    lowest: str
    highest: str


def bins_of(counts: xr.DataArray, window_ns: tuple[float, float]) -> Bins:
    """The checked bins with their middle in a window, without those that are masked."""
    window_ns = check_window(window_ns)
    record = as_record(counts, "time_ns", only=True, masked=True)
    lower, upper = bin_edges(record, "time_ns")
    values, middle, width_ns = record.to_numpy(), (lower + upper) / 2, np.median(upper - lower)
    least = 1e-9 * width_ns
    inside = (middle >= window_ns[0] - least) & (middle <= window_ns[1] + least)
    used = inside & ~np.isnan(values)
    filled = int((values[used] > 0).sum())
    if filled <= 3:
        raise ValueError(
            f"counts has {filled} bins with counts within window_ns = {window_ns!r} and must have "
            "more than 3; take a longer window or a longer record"
        )
    edges = np.column_stack([lower, upper])[used]
    before_ns = float(np.median(record["time_ns"].to_numpy() - lower))
    return Bins(edges, values[used], float(width_ns), before_ns)


def fit_bins(model: Model, bins: Bins, background: float | None, rises: bool = False) -> Fit:
    """Poisson maximum likelihood from the best trial; NaN where the record determines nothing."""
    if background is not None:
        background = check_number("background", background, at_least=0, at_most=MOST_COUNTS)

    def curve(edges: FloatArray, amplitude: float, background: float, **shape: float) -> FloatArray:
        """Expected counts between edges."""
        flat = background * (edges[:, 1] - edges[:, 0]) / bins.width_ns
        return amplitude * model.shape(edges, shape[model.name]) + flat

    def search(trials: FloatArray) -> Fit:
        """The likeliest fit that starts from the best of some trials."""
        amplitude, trial, level = _start(model, trials, bins, background)
        limits = {"vary": trials.size > 1, "min": model.trials[0], "max": model.trials[-1]}
        start = {
            "amplitude": {"value": amplitude, "min": 0.0},
            model.name: {"value": trial, **limits},
            "background": {"value": level, "vary": background is None, "min": 0.0},
        }
        return fit_curve(
            curve,
            bins.edges,
            bins.counts,
            start,
            units={"amplitude": "counts", "background": "counts", "lifetime_ns": "ns"},
            method=model.method,
            poisson=True,
        )

    fit = _over_times(search(model.trials), bins)
    reason = _undetermined(fit, search, model, bins)
    if not (reason or rises):
        reason, note = _rise(fit, bins, fit[model.name].value in model.trials[[0, -1]])
        fit = _noted(fit, note)
    return _without_values(fit, reason) if reason else fit


def _over_times(fit: Fit, bins: Bins) -> Fit:
    """The fit with a curve over times in place of one over the edges of bins."""

    def at_times(time_ns: ArrayLike, **other: float) -> FloatArray:
        """Expected counts of bins around times."""
        time_ns = np.asarray(time_ns, float)
        return fit.curve(bins.around(time_ns.ravel()), **other).reshape(time_ns.shape)

    return replace(fit, curve=at_times)


def _start(
    model: Model, trials: FloatArray, bins: Bins, background: float | None
) -> tuple[float, float, float]:
    """Amplitude, parameter and background of the best trial, from a few merged bins."""
    first = _equally_filled(bins.counts)
    counts, flat = (np.add.reduceat(one, first) for one in (bins.counts, bins.widths))
    whole = np.array([model.shape(bins.edges, one) for one in trials.tolist()])
    shapes = np.add.reduceat(whole, first, axis=1)
    tiny, total = 1e-250, counts.sum()
    shapes = np.where(shapes > tiny, shapes, 0.0)
    light = np.maximum(shapes.sum(axis=1), tiny)
    level = np.full(trials.size, total / flat.sum() / 2 if background is None else background)
    amplitude = np.maximum(total - level * flat.sum(), total / 10) / light * shapes.any(axis=1)
    # multiplicative steps of expectation maximisation never leave positive values
    for _ in range(N_STEPS):
        mean = amplitude[:, None] * shapes + level[:, None] * flat
        ratio = counts / np.maximum(mean, tiny)
        amplitude = amplitude * (ratio * shapes).sum(axis=1) / light
        if background is None:
            level = level * (ratio @ flat) / flat.sum()
    mean = amplitude[:, None] * shapes + level[:, None] * flat
    best = int(_deviance(counts, np.maximum(mean, tiny)).argmin())
    return float(amplitude[best]), float(trials[best]), float(level[best])


def _equally_filled(counts: FloatArray) -> IntArray:
    """First bins of groups of neighbours that hold about the same counts."""
    part = (np.cumsum(counts) - counts) / counts.sum() * N_GROUPS
    return np.unique(part.astype(int), return_index=True)[1]


def _deviance(counts: FloatArray, mean: FloatArray) -> FloatArray:
    return np.sum(signed_deviance(counts, mean)[0] ** 2, axis=-1)


def _undetermined(fit: Fit, search: Callable[[FloatArray], Fit], model: Model, bins: Bins) -> str:
    """Which limit of the parameter fits as well as its value, if one does."""
    found, ends = fit[model.name], model.trials[[0, -1]]
    light = fit.fitted - fit["background"].value * bins.widths
    # an error tells how far the limits are, unless one bin has nearly all light
    seen = light.max() < 0.9 * light.sum() and ends[0] < found.value < ends[1]
    if seen and found.std_err < 0.2 * found.value:
        return ""
    least = float(_deviance(bins.counts, fit.fitted))
    for end, words in ((ends[1], model.highest), (ends[0], model.lowest)):
        if words:
            growth = float(_deviance(bins.counts, search(np.array([end])).fitted)) - least
            if growth < UNDETERMINED:
                return (
                    f"not determined by this record: {words} fits as well, with a deviance larger "
                    f"by {max(growth, 0):.1f}, less than {UNDETERMINED:g}"
                )
    return ""


def _rise(fit: Fit, bins: Bins, at_limit: bool) -> tuple[str, str]:
    """Why counts that rise are no decay, or what is to be said of them, if they rise."""
    counts, widths = (np.concatenate([[0], np.cumsum(a)]) for a in (bins.counts, bins.widths))
    n = 2 ** np.arange(int(math.log2(bins.counts.size)))
    before, after = counts[n], counts[2 * n] - counts[n]
    wide, next_wide = widths[n], widths[2 * n] - widths[n]
    noise = np.sqrt(before / wide**2 + np.maximum(after, 1) / next_wide**2)
    rise = (after / next_wide - before / wide) / noise
    if rise.max() < RISING:
        return "", ""
    # no more bins together than a hundred counts need
    best = int(rise.argmax())
    size = math.ceil(100 * next_wide[best] / after[best])
    box = np.ones(max(min(size, int(n[best]) // 4), 1))
    rate = np.convolve(bins.counts, box, "same") / np.convolve(bins.widths, box, "same")
    top = int(rate.argmax())
    found = f"counts rise at first, to a maximum at {bins.edges[top].mean():.3g} ns"
    light = fit.fitted - fit["background"].value * bins.widths
    missing = float((fit.fitted - bins.counts)[:top].sum() / light.sum())
    if missing < MISSING and not at_limit:
        return "", found
    return f"not determined by this record: {found}; start window_ns there, or give irf", ""


def _noted(fit: Fit, note: str) -> Fit:
    """The fit with one more note on each parameter."""
    parameters = {
        name: replace(one, note=joined("; ", note, one.note)) for name, one in fit.items()
    }
    return replace(fit, parameters=parameters)


def _without_values(fit: Fit, reason: str) -> Fit:
    """The fit without values of what was varied."""
    parameters = {
        name: one
        if one.std_err == 0
        else Estimate(
            math.nan, math.nan, one.unit, one.method, reason, False, goodness=one.goodness
        )
        for name, one in fit.items()
    }
    return replace(fit, parameters=parameters, converged=False, message=reason)
