"""What a record shows of itself: when the pulse comes, how long its light lasts, bad positions."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.records import as_record, even_step

__all__ = ["find_bad_positions", "find_time_zero", "find_window"]

WELL = 10.0
"""Standard errors between light and darkness in sums of so many bins that no more are needed."""

SIGNIFICANT = 5.0

CLEAR = 0.1
"""Share of the highest counts that has to be light of the pulse."""


def find_time_zero(counts: xr.DataArray) -> float:
    """Time at which the light of a pulse has risen to half of its height.

    That is when an undelayed photon is recorded on average, for decays much longer than the
    response of the instrument: 2 ps early for 80 ps (full width) and 2.2 ns.

    Parameters
    ----------
    counts : DataArray
        Over ``time_ns``, in even steps, and any other dimensions, which are summed. NaN is none.

    Returns
    -------
    float
        In ns on the axis of the record. NaN if no light rises by more than a tenth of the highest
        counts, and by five standard errors.

    Raises
    ------
    ValueError
        If times do not increase evenly, or a count is negative or infinite.

    Notes
    -----
    Neighbouring bins are summed until the highest sum is 10 standard errors above the lowest ones.

    Examples
    --------
    >>> t = np.arange(0, 12.5, 0.05)
    >>> light = np.where(t < 2, 3, 5000 * np.exp(-np.maximum(t - 2, 0) / 3))
    >>> round(find_time_zero(xr.DataArray(light, {"time_ns": t})), 2)
    1.98
    """
    time, light = _summed(counts)
    size = _group(light)
    smooth = _sums(light, size)
    peak = int(np.argmax(smooth))
    if peak == 0:
        return math.nan
    half = (smooth[: peak + 1].min() + smooth[peak]) / 2
    rise = int(np.flatnonzero(smooth[: peak + 1] <= half)[-1])
    # the least of many sums is below their mean: the level is that of some well before the rise
    base = float(np.median(smooth[max(rise - 4 * size, 0) : max(rise - size, 1)]))
    height = smooth[peak] - base
    if height < max(SIGNIFICANT * math.sqrt(smooth[peak] + base), CLEAR * smooth[peak]):
        return math.nan
    level = base + height / 2
    below = np.flatnonzero(smooth[:peak] < level)
    i = int(below[-1])
    if peak - i > (smooth.size - i) / 2:  # what goes on rising is no pulse
        return math.nan
    part = (level - smooth[i]) / (smooth[i + 1] - smooth[i])
    step = float(time[1] - time[0])
    return float(time[i] + (part + (size - 1) / 2) * step)


def find_window(counts: xr.DataArray, *, fraction: float = 0.25) -> tuple[float, float]:
    """Window of a fit: from time zero until the light has fallen to a fraction of its height.

    For the 2.2 ns of the paper's films, a quarter gives the 3 ns of its fits.

    Parameters
    ----------
    counts : DataArray
        Over ``time_ns`` from time zero, in even steps, and any other dimensions, which are summed.
    fraction : float
        Of the height above the level before the pulse, or above the last tenth of the record where
        it starts later than that.

    Returns
    -------
    tuple of float
        0 and the end, in ns; the end of the record where the light does not fall that far.

    Raises
    ------
    ValueError
        If times do not increase evenly, a count is negative or infinite, the fraction is not
        between 0 and 1, or the record ends before time zero.

    Examples
    --------
    >>> t = np.arange(-1, 12, 0.05)
    >>> light = np.where(t < 0, 3, 5000 * np.exp(-np.maximum(t, 0) / 2.2))
    >>> start, end = find_window(xr.DataArray(light, {"time_ns": t}))
    >>> start, round(end)
    (0.0, 3)
    """
    fraction = check_number("fraction", fraction, above=0, below=1)
    time, light = _summed(counts)
    step = float(time[1] - time[0])
    after = light[time >= 0]
    if after.size < 2:
        raise ValueError("counts ends before time zero; find it with find_time_zero")
    size = _group(after)
    early = light[time < min(-0.3, -3 * step)]
    level = early.mean() if early.size >= 3 else after[-max(after.size // 10, 1) :].mean()
    smooth = _sums(after, size) - size * level
    peak = int(np.argmax(smooth))
    low = np.flatnonzero(smooth[peak:] < fraction * smooth[peak])
    last = float(time[-1])
    if not low.size or smooth[peak] <= 0:
        return 0.0, last
    start = float(time[time >= 0][0])
    return 0.0, min(start + (peak + int(low[0]) + (size - 1) / 2) * step, last)


def find_bad_positions(counts: xr.DataArray) -> xr.DataArray:
    r"""Positions that hold too few or too many counts for what their neighbours hold.

    Parameters
    ----------
    counts : DataArray
        Over ``position_nm``, and any other dimensions, which are summed.

    Returns
    -------
    DataArray
        Whether a position is bad, over ``position_nm``; leave such out by ``counts.where(~bad)``.

    Raises
    ------
    ValueError
        If positions do not increase, or a count is negative or infinite.

    Notes
    -----
    The square root of the sum, of which the noise is the same everywhere, has to agree within five
    standard errors with the cubic through two good neighbours on either side, and within five
    times the usual deviation of a record that is no cubic; and the sum within a fifth. The worst
    is taken out first, then the rest is looked at again. Fewer than 9 positions are all good, and
    so are the first and last two.

    Examples
    --------
    >>> x = np.arange(-500, 501, 50)
    >>> light = 1e4 * np.exp(-(x / 250) ** 2 / 2) + 20
    >>> light[3], light[12] = 0, 12000
    >>> bad = find_bad_positions(xr.DataArray(light, {"position_nm": x}))
    >>> bad.position_nm[bad].values
    array([-350.,  100.])
    """
    record = as_record(counts, "position_nm", masked=True)
    others = [one for one in record.dims if one != "position_nm"]
    total = record.sum(others)
    at, values = total["position_nm"].to_numpy(), total.to_numpy()
    root = 2 * np.sqrt(values + 3 / 8)
    good = np.ones(at.size, bool)
    while good.sum() >= 9:
        left = np.flatnonzero(good)
        z, ratio = _against_neighbours(at[left], root[left])
        z[np.abs(np.log(ratio)) < math.log(1.2)] = 0
        worst = int(np.argmax(np.abs(z)))
        if abs(z[worst]) < SIGNIFICANT:
            break
        good[left[worst]] = False
    return xr.DataArray(~good, {"position_nm": total["position_nm"]}, name="bad_position")


def _against_neighbours(at: FloatArray, root: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Deviations in standard errors, and counts over those that the neighbours let expect."""
    z, ratio = np.zeros(at.size), np.ones(at.size)
    for j in range(2, at.size - 2):
        nodes = [j - 2, j - 1, j + 1, j + 2]
        weight = np.array(
            [np.prod([(at[j] - at[m]) / (at[k] - at[m]) for m in nodes if m != k]) for k in nodes]
        )
        expected = max(float(weight @ root[nodes]), 1.0)
        z[j] = (root[j] - expected) / math.sqrt(1 + float(weight @ weight))
        ratio[j] = max((root[j] / expected) ** 2, 1e-9)
    usual = float(np.median(np.abs(z[2:-2]))) / 0.6745
    return z / max(1.0, usual), ratio


def _summed(counts: xr.DataArray) -> tuple[FloatArray, FloatArray]:
    """Times and the sum of all else."""
    record = as_record(counts, "time_ns", masked=True)
    if record.sizes["time_ns"] < 3:
        raise ValueError(f"counts has {record.sizes['time_ns']} times and must have at least 3")
    even_step(record, "time_ns")
    total = record.sum([one for one in record.dims if one != "time_ns"])
    return total["time_ns"].to_numpy(), total.to_numpy()


def _group(light: FloatArray) -> int:
    """Bins in the shortest sum that tells light from darkness well, or as well as any."""
    best, clearest, size = 1, -math.inf, 1
    while size <= max(light.size // 10, 1):
        sums = _sums(light, size)
        top = float(sums.max())
        clear = (top - float(np.quantile(sums, 0.1))) / math.sqrt(max(top, 1.0))
        if clear > clearest:
            best, clearest = size, clear
        if clear > WELL:
            break
        size = max(size + 1, size * 5 // 4)
    return best


def _sums(light: FloatArray, size: int) -> FloatArray:
    """Sums of so many bins in a row."""
    total = np.concatenate([[0.0], np.cumsum(light)])
    return total[size:] - total[:-size]
