"""D from the growth of second moments, with a test of whether the spreading is Gaussian."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.estimate import Estimate, Goodness
from tptools.fitting.likelihood import likeliest_map
from tptools.fitting.line import weighted_line
from tptools.fitting.misfit import (
    Misfit,
    chance_above,
    combined,
    deviant,
    group_starts,
    groups_for,
    judged,
    smooth_model,
)
from tptools.fitting.records import EDGE_FRACTION, Slices
from tptools.fitting.result import MISFIT_P
from tptools.units import NM2_PER_NS_IN_CM2_S

# Standard errors beyond which growth of a cumulant is worth a word in the note.
WARNING = 3.0
MOST_GROUPS = 24


def moment_fit(record: Slices, goodness: bool) -> Estimate:
    """D of a map with times since its first slice, and how Gaussian it is; see `diffusivity`."""
    record = record.without_masked_positions()
    map_ = _Map.of(record)
    # slices without a net signal have no moments
    kept = map_.net.sum(1) > 0
    if kept.sum() < 3 or not map_.stands_out():
        note = f"{kept.sum()} slices have counts above the background"
        note = note if kept.sum() < 3 else "no spot stands out of the background"
        return Estimate(math.nan, math.nan, "cm2/s", "moment", note)
    growth, growth_err = map_.cumulant_slope(kept, order=2)
    half = NM2_PER_NS_IN_CM2_S / 2
    found = Estimate(growth * half, growth_err * half, "cm2/s", "moment")
    if not goodness:
        return found
    fourth, fourth_err = map_.cumulant_slope(kept, order=4)
    # the ends of the window cut wings, which bends the cumulants of a Gaussian spot too
    likeliest = likeliest_map(record)
    gaussian = None if likeliest is None else map_.at(likeliest)
    if gaussian is not None:
        fourth -= gaussian.cumulant_slope(kept, order=4)[0]
    scale = map_.time[-1] * growth**2
    kurtosis = Estimate(fourth / scale, fourth_err / scale, "", "moment")
    bent = abs(fourth) > WARNING * fourth_err
    grown = abs(growth) > WARNING * growth_err
    notes = ["non-Gaussian spreading"] if bent else []
    notes += [f"excess kurtosis of the spreading {kurtosis}"] if grown else []
    return map_.misfit(gaussian).applied(replace(found, note="; ".join(notes)))


@dataclass(frozen=True)
class _Map:
    """Counts, 0 where masked, with what each counts for in a sum over positions.

    ``width`` is that of the positions for which a reading stands, in mean steps, by the trapezium
    rule between those that are not masked; ``exposure`` the width of its slice.
    """

    time: FloatArray
    position: FloatArray
    counts: FloatArray
    width: FloatArray
    exposure: FloatArray

    @classmethod
    def of(cls, record: Slices) -> _Map:
        """From a record."""
        time, position, values, exposure = record
        known = np.isfinite(values)
        counts = np.where(known, values, 0.0)
        width = _widths(position, known)
        return cls(time, position, counts, width, known * exposure[:, None])

    def at(self, counts: FloatArray) -> _Map:
        """The same for other counts."""
        return replace(self, counts=np.where(self.exposure > 0, counts, 0.0))

    def summed(self, first: IntArray) -> _Map:
        """Sums of slices, each from one of `first` up to the next, at the mean time of counts."""
        in_slice = self.counts.sum(1)
        total = np.add.reduceat(in_slice, first)
        time = np.add.reduceat(in_slice * self.time, first) / np.maximum(total, 1)
        counts, exposure, width = (
            np.add.reduceat(one, first)
            for one in (self.counts, self.exposure, self.width * (self.exposure > 0))
        )
        slices = np.add.reduceat(1.0 * (self.exposure > 0), first)
        return _Map(time, self.position, counts, width / np.maximum(slices, 1), exposure)

    @property
    def edges(self) -> IntArray:
        """The outermost positions, of which all is taken for background."""
        n = max(1, int(EDGE_FRACTION * self.position.size))
        return np.array([*range(n), *range(-n, 0)])

    @cached_property
    def background(self) -> float:
        """Counts at the edges in a slice."""
        return float(self.counts[:, self.edges].sum() / self.exposure[:, self.edges].sum())

    @property
    def background_variance(self) -> float:
        """Its variance."""
        return self.background / float(self.exposure[:, self.edges].sum())

    @cached_property
    def net(self) -> FloatArray:
        """Counts without the background, times their widths."""
        return self.width * (self.counts - self.background * self.exposure)

    def stands_out(self) -> bool:
        """Whether the net counts are more than noise."""
        by_background = float((self.width * self.exposure).sum())
        variance = (self.width**2 * self.counts).sum()
        variance += by_background**2 * self.background_variance
        return bool(self.net.sum() > WARNING * math.sqrt(variance))

    def variance_of(self, influence: FloatArray) -> FloatArray:
        """Variance of what every count changes by `influence`, in each slice."""
        # expected, not seen, counts: a weight that knows its own slice's noise biases the line
        row, column = self.counts.sum(1), self.counts.sum(0)
        expected = np.outer(row, column) / self.counts.sum()
        variance: FloatArray = ((self.width * influence) ** 2 * expected).sum(1)
        return variance

    def by_background(self, influence: FloatArray) -> FloatArray:
        """What a background that is higher by a count changes, in each slice."""
        change: FloatArray = -(self.width * self.exposure * influence).sum(1)
        return change

    def kept(self, rows: BoolArray) -> _Map:
        """Some of the slices."""
        return replace(
            self,
            time=self.time[rows],
            counts=self.counts[rows],
            width=self.width[rows],
            exposure=self.exposure[rows],
        )

    def cumulant_slope(self, kept: BoolArray, *, order: int) -> tuple[float, float]:
        """Slope of the second or fourth cumulant over time, and its error.

        The cumulant changes by ``influence`` for each count at a position, so that its variance is
        the sum of influence^2 times counts; the subtracted background adds its own, in common.
        """
        net = self.net[kept]
        x = self.position - (net @ self.position).sum() / net.sum()
        total = net.sum(1, keepdims=True)
        second = net @ x[:, None] ** 2 / total
        if order == 2:
            cumulant, influence = second, (x**2 - second) / total
        else:
            fourth = net @ x[:, None] ** 4 / total
            cumulant = fourth - 3 * second**2
            influence = (x**4 - fourth - 6 * second * (x**2 - second)) / total
        rows = self.kept(kept)
        noise = rows.variance_of(influence)
        # a slice with all its light at one position does not know its error
        weight = np.divide(1.0, noise, out=np.zeros_like(noise), where=noise > 0)
        time = self.time[kept]
        (slope, _), covariance = weighted_line(time, cumulant[:, 0], weight)
        (by_background, _), _ = weighted_line(time, rows.by_background(influence), weight)
        variance = covariance[0, 0] + by_background**2 * self.background_variance
        return float(slope), math.sqrt(variance)

    def misfit(self, gaussian: _Map | None) -> Misfit:
        """Whether second moments grow on a line, the centre rests, and both ends are the same."""
        first = group_starts(self.counts.sum(1), self._n_groups())
        groups = self.summed(first)
        like = None if gaussian is None else gaussian.summed(first)
        tests = [groups.moment_test(like, 2), groups.moment_test(like, 1), self._ends(gaussian)]
        goodness = combined(tests)
        readings = smooth_model(np.where(self.exposure > 0, self.counts, np.nan))
        if gaussian is not None:
            readings = replace(readings, mean=gaussian.counts)
        total = readings.summed(np.zeros(1, int))
        named = deviant(readings, total, self.time, self.position)
        # a dead position shifts all moments alike, and is no misfit of their line
        return (
            judged(goodness, 1.0, named) if goodness.p_value < MISFIT_P else Misfit(goodness, named)
        )

    def _n_groups(self) -> int:
        """Groups with the counts for a second moment that has normal errors."""
        whole = self.summed(np.zeros(1, int))
        second, variance = whole._moments(2)[:2]
        precision = float(second[0]) ** 2 / float(variance[0])
        return groups_for(precision, MOST_GROUPS)

    def _moments(self, order: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """First or second moments about the common centre, their variances, and the background's.

        The last is what a background that is higher by a count changes.
        """
        net = self.net
        x = self.position - (net @ self.position).sum() / net.sum()
        total = net.sum(1, keepdims=True)
        moment = net @ x[:, None] ** order / total
        influence = (x**order - moment) / total
        return moment[:, 0], self.variance_of(influence), self.by_background(influence)

    def moment_test(self, gaussian: _Map | None, order: int) -> Goodness:
        """Test of a line through second moments, or of a first moment that stays."""
        n_free = float(self.time.size - order)
        # without a spot in every group there is nothing to test
        if n_free < 1 or not (self.net.sum(1) > 0).all():
            return Goodness(math.nan, math.nan, math.nan)
        moment, variance, by_background = self._moments(order)
        if gaussian is not None and (gaussian.net.sum(1) > 0).all():
            moment = moment - gaussian._moments(order)[0]
        noise = self.background_variance * np.outer(by_background, by_background)
        white = np.linalg.inv(np.linalg.cholesky(np.diag(variance) + noise))
        powers = white @ self.time[:, None] ** np.arange(order)
        left = white @ moment
        left = left - powers @ np.linalg.lstsq(powers, left, rcond=None)[0]
        chi_square = float(left @ left)
        return Goodness(chi_square, n_free, chance_above(chi_square, n_free))

    def _ends(self, gaussian: _Map | None) -> Goodness:
        """Test of whether both ends have the same background, beside the wings of a spot."""
        n = self.edges.size // 2
        totals = self.counts[:, self.edges].sum(0)
        wings = np.zeros(2 * n) if gaussian is None else gaussian.counts[:, self.edges].sum(0)
        exposure = self.exposure[:, self.edges].sum(0)
        level = (totals - wings).sum() / exposure.sum()
        excess = (totals - wings - level * exposure).reshape(2, n).sum(1)
        noise = max(float(totals.sum()), 1.0)
        z_square = float((excess[0] - excess[1]) ** 2 / noise)
        return Goodness(z_square, 1.0, chance_above(z_square, 1.0))


def _widths(position: FloatArray, known: BoolArray) -> FloatArray:
    """Width for which each reading stands, in mean steps; those at the ends stand for a whole one.

    One that is alone in its slice stands for nothing.

    Examples
    --------
    >>> _widths(np.arange(5.0), np.array([[True, True, False, True, True]]))
    array([[1. , 1.5, 0. , 1.5, 1. ]])
    """
    step = (position[-1] - position[0]) / (position.size - 1)
    # few slices differ in what is masked
    patterns, which = known[:1], np.zeros(len(known), int)
    if not known.all():
        patterns, which = np.unique(known, axis=0, return_inverse=True)
    widths = np.zeros(patterns.shape)
    for row, seen in zip(widths, patterns, strict=True):
        at = position[seen]
        if at.size < 2:
            continue
        ends = np.concatenate([[2 * at[0] - at[1]], at, [2 * at[-1] - at[-2]]])
        row[seen] = (ends[2:] - ends[:-2]) / (2 * step)
    return widths[which]
