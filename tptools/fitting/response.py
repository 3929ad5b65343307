"""What an instrument makes of a flash: the light that belongs to it, and when it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.checks import check_number
from tptools.records import EVEN, as_record, bin_edges

CLEAR_OF_PEAK = 1.5
"""Distance from the peak, in its widths at half maximum, before which there is no light."""

SIGNIFICANT = 5.0
"""Standard errors above the level before the rise that are light of the flash."""


@dataclass(frozen=True)
class Response:
    """Shares of the light, which sum to 1, and by how much each is late."""

    delay_ns: FloatArray
    share: FloatArray

    def merged(self, most: int) -> Response:
        """The same in no more than some parts, each at the mean of its delays."""
        size = -(-self.share.size // most)
        first = np.arange(0, self.share.size, size)
        weight = np.abs(self.share)
        delay_ns = np.add.reduceat(weight * self.delay_ns, first) / np.add.reduceat(weight, first)
        return Response(delay_ns, np.add.reduceat(self.share, first))


PROMPT = Response(np.zeros(1), np.ones(1))
"""That of an ideal instrument."""


def response_of(irf: xr.DataArray, step_ns: float, period_ns: float | None = None) -> Response:
    """Light of a recorded response, less a constant level, in steps of at most a given length.

    The level is that before the rise, or long after it where the record starts too late. What
    does not rise above its noise is none of the response. One that was recorded within a period
    goes on at its other end.

    Examples
    --------
    >>> times = {"time_ns": np.arange(-5, 5) / 10}
    >>> response_of(xr.DataArray([2, 2, 2, 2, 2, 6, 4, 2, 2, 2], times), 0.1)
    Response(delay_ns=array([0. , 0.1]), share=array([0.66666667, 0.33333333]))
    """
    record = as_record(irf, "time_ns", name="irf", only=True, signed=True)
    light = record.to_numpy()
    if light.size == 1:
        check_number("irf", float(light[0]), above=0, any_size=True)
        return Response(record["time_ns"].to_numpy(), np.ones(1))
    lower, upper = bin_edges(record, "time_ns")
    if period_ns is not None and upper[-1] - lower[0] < (1 + EVEN) * period_ns:
        lower, upper, light = _around_peak(lower, upper, light, period_ns)
    used, light = _above_level(light, lower, upper)
    check_number("sum of irf", float(light.sum()), above=0, any_size=True)
    lower, upper, light = lower[used], upper[used], light[used]
    middle, width = (lower + upper) / 2, upper - lower
    parts = np.ceil(width / step_ns - 1e-3).astype(int)
    place = (np.arange(parts.sum()) - np.repeat(np.cumsum(parts) - parts, parts) + 0.5) / np.repeat(
        parts, parts
    )
    delay = np.repeat(lower, parts) + place * np.repeat(width, parts)
    share = np.interp(delay, middle, light / width) * np.repeat(width / parts, parts)
    return Response(delay, share / share.sum())


def _around_peak(
    lower: FloatArray, upper: FloatArray, light: FloatArray, period_ns: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Edges and light of one period, with the highest bin in its middle."""
    middle = (lower + upper) / 2
    peak = middle[np.argmax(light / (upper - lower))]
    shift = -period_ns * np.floor((middle - peak) / period_ns + 0.5)
    order = np.argsort(middle + shift)
    return (lower + shift)[order], (upper + shift)[order], light[order]


def _above_level(
    light: FloatArray, lower: FloatArray, upper: FloatArray
) -> tuple[BoolArray, FloatArray]:
    """Which bins hold light of the flash, and this light."""
    width = upper - lower
    density = light / width
    high = np.flatnonzero(density >= (density.max() + density.min()) / 2)
    fwhm = upper[high[-1]] - lower[high[0]]
    before = upper <= lower[high[0]] - CLEAR_OF_PEAK * fwhm
    after = lower >= upper[high[-1]] + 10 * fwhm
    regions = [one for one in (before, after) if one.sum() >= 3]
    if not regions:
        return light != 0, light
    spread = [_level(light[one], width[one]) for one in regions]
    level, _, known = spread[0]
    # few bins may scatter little by chance
    noise = max(one[1] for one in spread)
    excess = np.where(before, 0.0, light - level * width)
    total = np.concatenate([[0.0], np.cumsum(excess)])
    ends = np.minimum(np.searchsorted(lower, lower + 0.999 * fwhm), light.size)
    gathered = total[ends] - total[:-1]
    span = upper[ends - 1] - lower
    deviation = np.sqrt(noise * span * (1 + span / known))
    least = SIGNIFICANT * deviation + 1e-9 * excess.max()
    last = upper[ends - 1][np.flatnonzero(gathered > least)[-1]]
    return ~before & (lower < last) & (np.abs(excess) > 1e-12 * excess.max()), excess


def _level(light: FloatArray, width: FloatArray) -> tuple[float, float, float]:
    """Mean and variance of light per ns, and the ns that they are known from."""
    level = float(light.sum() / width.sum())
    variance = float(np.sum((light - level * width) ** 2 / width)) / (light.size - 1)
    return level, variance, float(width.sum())
