"""D from the growth of second moments, with a test of whether the spreading is Gaussian."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.estimate import Estimate
from tptools.fitting.likelihood import likeliest_map
from tptools.fitting.line import weighted_line
from tptools.fitting.records import EDGE_FRACTION
from tptools.units import NM2_PER_NS_IN_CM2_S

# Standard errors beyond which growth of a cumulant is worth a word in the note.
WARNING = 3.0


def moment_fit(record: xr.DataArray) -> Estimate:
    """D of a map with times since its first slice, and how Gaussian it is; see `diffusivity`."""
    time, position = record["time_ns"].to_numpy(), record["position_nm"].to_numpy()
    counts = record.to_numpy()
    # slices without a net signal have no moments
    kept = _net(counts).sum(1) > 0
    if kept.sum() < 3:
        note = f"{kept.sum()} slices have counts above the background"
        return Estimate(math.nan, math.nan, "cm2/s", "moment", note)
    growth, growth_err = _cumulant_slope(time, position, counts, kept, order=2)
    fourth, fourth_err = _cumulant_slope(time, position, counts, kept, order=4)
    # the ends of the window cut wings, which bends the fourth cumulant of a Gaussian spot too
    gaussian = likeliest_map(record)
    if gaussian is not None:
        fourth -= _cumulant_slope(time, position, gaussian, kept, order=4)[0]
    scale = time[-1] * growth**2
    kurtosis = Estimate(fourth / scale, fourth_err / scale, "", "moment")
    bent = abs(fourth) > WARNING * fourth_err
    grown = abs(growth) > WARNING * growth_err
    notes = ["non-Gaussian spreading"] if bent else []
    notes += [f"excess kurtosis of the spreading {kurtosis}"] if grown else []
    half = NM2_PER_NS_IN_CM2_S / 2
    return Estimate(growth * half, growth_err * half, "cm2/s", "moment", "; ".join(notes))


def _edges(counts: FloatArray) -> FloatArray:
    """Counts at the outermost positions, of which all is taken for background."""
    n = max(1, int(EDGE_FRACTION * counts.shape[1]))
    return np.concatenate([counts[:, :n], counts[:, -n:]], axis=1)


def _net(counts: FloatArray) -> FloatArray:
    """Counts without the background."""
    return counts - _edges(counts).mean()


def _cumulant_slope(
    time: FloatArray, position: FloatArray, counts: FloatArray, kept: BoolArray, *, order: int
) -> tuple[float, float]:
    """Slope of the second or fourth cumulant over time, and its error.

    The cumulant changes by ``influence`` for each count at a position, so that its variance is
    the sum of influence^2 times counts; the subtracted background adds its own, in common.
    """
    net = _net(counts)[kept]
    x = position - (net @ position).sum() / net.sum()
    total = net.sum(1, keepdims=True)
    second = net @ x[:, None] ** 2 / total
    if order == 2:
        cumulant, influence = second, (x**2 - second) / total
    else:
        fourth = net @ x[:, None] ** 4 / total
        cumulant = fourth - 3 * second**2
        influence = (x**4 - fourth - 6 * second * (x**2 - second)) / total
    # expected, not seen, counts: a weight that knows its own slice's noise biases the line
    expected = np.outer(counts[kept].sum(1), counts[kept].sum(0)) / counts[kept].sum()
    weight = 1 / (influence**2 * expected).sum(1)
    (slope, _), covariance = weighted_line(time[kept], cumulant[:, 0], weight)
    (by_background, _), _ = weighted_line(time[kept], -influence.sum(1), weight)
    edges = _edges(counts)
    variance = covariance[0, 0] + by_background**2 * edges.mean() / edges.size
    return float(slope), math.sqrt(variance)
