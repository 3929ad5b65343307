"""D from how profiles broaden, whatever their shape: the diffusion equation as the kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import FloatArray, IntArray
from tptools.estimate import Estimate, Goodness
from tptools.fitting.misfit import (
    Misfit,
    chance_above,
    deviant,
    group_starts,
    judged,
    smooth_model,
    too_even,
)
from tptools.fitting.records import Slices, steps_in_common
from tptools.fitting.result import MISFIT_P
from tptools.records import even_step
from tptools.units import NM2_PER_NS_IN_CM2_S

GROUPS = 24
# Length of what lies beyond either end of the positions, in lengths of the record.
PAD = 0.25
# Standard errors at which a mode counts as seen. What is noise in a mode passes for knowledge of
# D, and that grows as k^4: one part in 4^2 is little enough. Less where the profile asks for more:
# until chi-square exceeds the number of positions by no more than three standard deviations.
SIGNIFICANT = 4.0, 3.0, 2.0, 1.0
ENOUGH = 3.0
# Standard errors at which there is light at an end of the positions.
LIT = 2.0
LARGEST_EXPONENT = 50.0
MAX_EVALUATIONS = 200


def convolution_fit(record: Slices, goodness: bool) -> Estimate:
    r"""D of a map with times since its first slice; see `diffusivity`.

    Slices are summed to groups of about equal counts, each standing for its mean time. The mean
    of group i is

    .. math:: \lambda_i = A_i\, (f * G_{2 D t_i}) + b,

    with G the Gaussian of variance :math:`2 D t_i` and f the first profile, which has noise of
    its own and is therefore fitted too: as many cosines as stand out of the noise, on a range a
    quarter longer at both ends, since light beyond the window diffuses into it. Least squares,
    each count with the variance it would have if nothing spread, which keeps the weights free of
    the noise; the error of D is that of the linearised fit with Poisson counts.
    """
    record = _on_even_positions(record)
    position, sums = record.position_nm, _grouped(record)
    if sums.times.size < 2:
        note = "all counts are in one slice" if sums.times.size else "no counts"
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", note)
    groups, start = _prepared(position[1] - position[0], sums)
    if not groups.wave.any():
        note = "no spot stands out of the noise"
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", note)
    steps = _Compressed(groups, start)
    fit = scipy.optimize.least_squares(
        steps.residual,
        start,
        steps.jacobian,
        method="lm",
        x_scale="jac",
        max_nfev=MAX_EVALUATIONS,
    )
    if not fit.success:
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", "did not settle", False)
    jacobian = groups.jacobian(fit.x)
    if not jacobian[:, 0].any():
        note = "nothing is left of the first profile at later times"
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", note)
    std_err = groups.error_of_first(jacobian)
    unit = NM2_PER_NS_IN_CM2_S
    found = Estimate(float(fit.x[0]) * unit, std_err * unit, "cm2/s", "convolution")
    misfit = groups.misfit(fit.x, jacobian, position)
    return misfit.applied(found) if goodness or misfit.meaningless else found


def _on_even_positions(record: Slices) -> Slices:
    """The record on equally spaced positions; masked where one is left out."""
    position = record.position_nm
    gaps = steps_in_common(position)
    if gaps is None:
        even_step(xr.DataArray(position, {"position_nm": position}), "position_nm")
    if gaps is None or (gaps == 1).all():
        return record
    at = np.concatenate([[0], np.cumsum(gaps)])
    filled = np.full((len(record.counts), at[-1] + 1), np.nan)
    filled[:, at] = record.counts
    even = np.interp(np.arange(at[-1] + 1), at, position)
    return record._replace(position_nm=even, counts=filled)


@dataclass(frozen=True)
class _Sums:
    """Sums of slices: profiles at mean times, and which share of each is seen where."""

    times: FloatArray
    rows: FloatArray
    seen: FloatArray
    exposure: FloatArray
    in_group: FloatArray

    def filled(self) -> FloatArray:
        """Profiles as if nothing were masked: what is never seen lies between its neighbours."""
        known = self.seen.any(0)
        share = self.rows.sum(0)[known] / (self.in_group @ self.seen)[known]
        at = np.arange(known.size)
        expected = np.outer(self.in_group, np.interp(at, at[known], share))
        return np.where(self.seen > 0, self.rows / np.where(self.seen > 0, self.seen, 1), expected)


def _grouped(record: Slices) -> _Sums:
    """Sums of slices in groups with about equal counts."""
    time, _, values, exposure = record
    known = np.isfinite(values)
    profile = np.nan_to_num(np.where(known, values, 0.0).sum(0) / np.maximum(known.sum(0), 1))
    seen = known @ profile / max(profile.sum(), 1e-300)
    in_slice = np.nansum(values, axis=1) / np.where(seen > 0, seen, 1.0)
    first = group_starts(in_slice, GROUPS)
    total = np.add.reduceat(in_slice, first)
    first, total = first[total > 0], total[total > 0]
    if first.size == 0:
        return _Sums(np.empty(0), *(np.empty((0, values.shape[1])),) * 3, np.empty(0))
    times = np.add.reduceat(in_slice * time, first) / total
    return _Sums(
        times - times[0],
        np.add.reduceat(np.where(known, values, 0.0), first),
        np.add.reduceat(known * in_slice[:, None], first) / total[:, None],
        np.add.reduceat(known * exposure[:, None], first),
        total,
    )


def _without_stray(numbers: IntArray) -> IntArray:
    """Numbers up to where the next is more than twice as large: noise, or a grating."""
    gaps = numbers[1:] > 2 * (numbers[:-1] + 1)
    return numbers[: 1 + int(gaps.argmax())] if gaps.any() else numbers


def _modes(
    profile: FloatArray, counts: FloatArray, height: float
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Numbers, values and shapes of the cosines that stand out of the noise of a padded profile.

    Where they miss what was counted, as in the dark beside a sharp edge, more are taken.
    """
    n, m = profile.size, counts.size
    inside = slice((n - m) // 2, (n + m) // 2)
    values = scipy.fft.dct(profile, type=2) / n
    values[0] /= 2
    noise = math.sqrt(2 * counts.sum()) / n
    weight, weighted = np.full(n, 1 / height), np.zeros(n)
    weight[inside] = 1 / np.sqrt(counts + 1)
    weighted[inside] = (weight * profile)[inside]
    standing_out = [np.flatnonzero(np.abs(values) > level * noise) for level in SIGNIFICANT]
    for numbers in [_without_stray(standing_out[0]), *standing_out]:
        cosines = np.cos(np.outer(np.arange(n) + 0.5, np.pi * numbers / n))
        columns = weight[:, None] * cosines
        missed = weighted - columns @ np.linalg.lstsq(columns, weighted, rcond=1e-9)[0]
        enough = (missed[inside] ** 2).sum() < m + ENOUGH * math.sqrt(2 * m)
        # where none but the constant stands out there is no spot to complete
        if enough or not standing_out[0].any():
            break
    return numbers, values[numbers], cosines


@dataclass(frozen=True)
class _Groups:
    """Summed profiles and their model over (D, b, A_i after the first, modes of f).

    The first A is 1, and f a sum of cosines, which diffusion multiplies by exp(-k^2 D t). The last
    residuals are f beyond the window, in heights of the spot.
    """

    times: FloatArray
    rows: FloatArray
    seen: FloatArray
    exposure: FloatArray
    deviation: FloatArray
    wave: FloatArray
    cosines: FloatArray
    beyond: FloatArray

    def parts(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Intensities, background, and modes of every group's shape."""
        n = self.times.size
        intensity, modes = np.append(1.0, parameters[2 : 1 + n]), parameters[1 + n :]
        return intensity[:, None], parameters[1], self.kernels(parameters) * modes

    def kernels(self, parameters: FloatArray) -> FloatArray:
        """What diffusion leaves of every mode; no step towards a wild D can overflow it."""
        exponent = -np.outer(self.times, self.wave**2) * parameters[0]
        return np.exp(np.minimum(exponent, LARGEST_EXPONENT))

    def mean(self, parameters: FloatArray) -> FloatArray:
        """Expected counts of all groups."""
        intensity, background, shapes = self.parts(parameters)
        return self.seen * intensity * (shapes @ self.cosines.T) + background * self.exposure

    def residual(self, parameters: FloatArray) -> FloatArray:
        """Weighted model minus record, flat, and f beyond the window."""
        counts = (self.mean(parameters) - self.rows) / self.deviation
        return np.append(counts, self.beyond @ parameters[1 + self.times.size :])

    def jacobian(self, parameters: FloatArray) -> FloatArray:
        """Derivatives of the residuals."""
        intensity, _, shapes = self.parts(parameters)
        n, later = self.times.size, np.arange(1, self.times.size)
        every = np.zeros((self.rows.size + len(self.beyond), parameters.size))
        every[self.rows.size :, 1 + n :] = self.beyond
        slopes = every[: self.rows.size].reshape(*self.rows.shape, -1)  # no copy
        bent = -(self.wave**2) * shapes @ self.cosines.T
        slopes[:, :, 0] = self.seen * intensity * self.times[:, None] * bent
        slopes[:, :, 1] = self.exposure
        slopes[later, :, 1 + later] = (self.seen * (shapes @ self.cosines.T))[1:]
        kernels = self.kernels(parameters)[:, None, :]
        slopes[:, :, 1 + n :] = (self.seen * intensity)[:, :, None] * kernels * self.cosines
        slopes /= self.deviation[:, :, None]
        return every

    def error_of_first(self, jacobian: FloatArray) -> float:
        """Error of D from Poisson counts, whatever weights they had.

        Where no intensity decays, b cannot be told from a constant in f: hence a pseudoinverse.
        """
        scale = _lengths(jacobian)
        across, own = np.linalg.qr(jacobian / scale)
        gain = across @ np.linalg.pinv(own, rcond=1e-6)[0] / scale[0]
        variance = (self.rows / self.deviation**2).ravel()
        return math.sqrt(gain**2 @ np.append(variance, np.ones(len(self.beyond))))

    def misfit(self, parameters: FloatArray, jacobian: FloatArray, position: FloatArray) -> Misfit:
        """Whether the residuals are those of photons, less what the parameters take up."""
        mean, variance = np.maximum(self.mean(parameters), 0.0), self.deviation**2
        scaled = jacobian / _lengths(jacobian)
        inverse = np.linalg.pinv(scaled.T @ scaled, rcond=1e-9, hermitian=True)
        left = 1 - ((scaled @ inverse) * scaled).sum(1)[: mean.size].reshape(mean.shape)
        ratio = mean / variance
        n_free = float((left * ratio).sum())
        spread = float((left * (2 * left * ratio**2 + ratio / variance)).sum())
        chi_square = float((self.residual(parameters)[: mean.size] ** 2).sum())
        goodness = Goodness(chi_square, n_free, math.nan)
        if n_free > 0 and spread > 0:
            scale = spread / (2 * n_free)
            chance = chance_above(chi_square / scale, n_free / scale)
            goodness = replace(goodness, p_value=chance)
        model = smooth_model(np.where(self.seen > 0, self.rows, np.nan))
        if not goodness.p_value < MISFIT_P:
            return Misfit(goodness, too_even(model, goodness))
        level = self.rows.sum(1, keepdims=True) * self.seen / self.seen.sum(1, keepdims=True)
        flat = float((((self.rows - level) / self.deviation) ** 2).sum()) - n_free
        share = 1 - (chi_square - n_free - 3 * math.sqrt(spread)) / max(flat, 1.0)
        total = model.summed(np.zeros(1, int))
        return judged(goodness, share, deviant(model, total, self.times, position))


def _lengths(columns: FloatArray) -> FloatArray:
    """Length of every column, 1 for one of zeros."""
    lengths = np.linalg.norm(columns, axis=0)
    return np.where(lengths > 0, lengths, 1.0)


def _triangle(columns: FloatArray) -> FloatArray:
    """Columns of the same lengths and angles, in as few dimensions as they need."""
    turned: Any = np.linalg.qr(columns, mode="r")
    return np.asarray(turned)


class _Compressed:
    """Residuals and derivatives turned so that no more of them than parameters are not zero.

    A step of least squares hangs on their lengths and angles, which stay as they are.
    """

    def __init__(self, groups: _Groups, start: FloatArray) -> None:
        self.groups = groups
        self._turn(start)

    def _turn(self, parameters: FloatArray) -> None:
        columns = self.groups.jacobian(parameters), self.groups.residual(parameters)[:, None]
        self.at, self.turned = parameters.copy(), _triangle(np.hstack(columns))

    def residual(self, parameters: FloatArray) -> FloatArray:
        """Residuals, in the directions of the derivatives and one more."""
        if not np.array_equal(parameters, self.at):
            self._turn(parameters)
        return self.turned[:, -1]

    def jacobian(self, parameters: FloatArray) -> FloatArray:
        """Their derivatives."""
        self.residual(parameters)
        return self.turned[:, :-1]


def _prepared(spacing: float, sums: _Sums) -> tuple[_Groups, FloatArray]:
    """The groups with the cosines they need, and where the fit starts: without spreading."""
    rows, m = sums.filled(), sums.rows.shape[1]
    slices = sums.exposure.max(1)
    background = rows[:, [0, 1, -2, -1]].mean(1).sum() / slices.sum()
    signal = rows - background * slices[:, None]
    profile, pad = signal.sum(0), int(PAD * m)
    height = max(np.abs(profile).max(), 1.0)
    counts, ends = rows.sum(0), np.array([0, -1])
    # light that ends at once would be an edge, which needs all cosines
    lit = (np.abs(profile[ends]) > LIT * np.sqrt(counts[ends] + 1)).any()
    padded = np.pad(profile, pad, "linear_ramp" if lit else "constant")
    numbers, modes, cosines = _modes(padded, counts, height)
    wave, inside = np.pi * numbers / len(cosines), slice(pad, pad + m)
    # row sum times column sum over total; one more count per column keeps empty ones finite
    variance = np.outer(rows.sum(1), rows.sum(0) + 1) / rows.sum()
    share = np.maximum(signal.sum(1), 1.0) / max(signal.sum(), 1.0)
    start = np.concatenate([[0.0, background], share[1:] / share[0], modes * share[0]])
    # what is masked has no weight
    deviation = np.sqrt(np.where(sums.seen > 0, variance * sums.seen, np.inf))
    groups = _Groups(
        sums.times,
        sums.rows,
        sums.seen,
        sums.exposure,
        deviation,
        wave / spacing,
        cosines[inside],
        np.delete(cosines, inside, axis=0) / (height * share[0]),
    )
    return groups, start
