"""D from how profiles broaden, whatever their shape: the diffusion equation as the kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import xarray as xr
from scipy.fft import dct
from scipy.optimize import least_squares

from tptools.arrays import FloatArray, IntArray
from tptools.estimate import Estimate
from tptools.units import NM2_PER_NS_IN_CM2_S

GROUPS = 24
# Length of what lies beyond either end of the positions, in lengths of the record.
PAD = 0.25
# Standard errors at which a mode counts as seen. What is noise in a mode passes for knowledge of
# D, and that grows as k^4: one part in 4^2 is little enough.
SIGNIFICANT = 4.0
LARGEST_EXPONENT = 50.0
MAX_EVALUATIONS = 200


def convolution_fit(counts: xr.DataArray) -> Estimate:
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
    position = counts["position_nm"].to_numpy()
    _check_equal_spacing(position)
    times, rows, slices = _grouped(counts)
    if rows.shape[0] < 2:
        note = "all counts are in one slice" if rows.shape[0] else "no counts"
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", note)
    groups, start = _prepared(position[1] - position[0], times, rows, slices)
    if not groups.wave.any():
        note = "no spot stands out of the noise"
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", note)
    fit = least_squares(
        groups.residual,
        start,
        groups.jacobian,
        method="lm",
        x_scale="jac",
        max_nfev=MAX_EVALUATIONS,
    )
    if not fit.success:
        return Estimate(math.nan, math.nan, "cm2/s", "convolution", "did not settle", False)
    std_err = groups.error_of_first(fit.jac)
    unit = NM2_PER_NS_IN_CM2_S
    return Estimate(float(fit.x[0]) * unit, std_err * unit, "cm2/s", "convolution")


def _check_equal_spacing(position: FloatArray) -> None:
    """Raise ValueError unless positions are equally spaced."""
    steps = np.diff(position)
    if not np.allclose(steps, steps.mean(), rtol=1e-3):
        raise ValueError(
            f"position_nm has steps of {steps.min():g} to {steps.max():g} nm, and must be equally "
            "spaced for method 'convolution'; use another method"
        )


def _grouped(counts: xr.DataArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean times, summed profiles and numbers of slices of groups with about equal counts."""
    values, time = counts.to_numpy().astype(float), counts["time_ns"].to_numpy()
    in_slice = values.sum(1)
    before = np.cumsum(in_slice) - in_slice
    group = np.floor(GROUPS * before / max(in_slice.sum(), 1)).astype(int)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    total = np.add.reduceat(in_slice, first)
    first, total = first[total > 0], total[total > 0]
    if first.size == 0:
        return np.empty(0), np.empty((0, values.shape[1])), np.empty(0)
    times = np.add.reduceat(in_slice * time, first) / total
    slices = np.diff(first, append=time.size)
    return times - times[0], np.add.reduceat(values, first), slices.astype(float)


def _modes(profile: FloatArray, n_counts: float) -> tuple[IntArray, FloatArray]:
    """Numbers and values of the cosines of a profile that stand out of the noise."""
    m = profile.size
    modes = dct(profile, type=2) / m
    modes[0] /= 2
    noise = math.sqrt(2 * n_counts) / m
    numbers = np.flatnonzero(np.abs(modes) > SIGNIFICANT * noise)
    return numbers, modes[numbers]


@dataclass(frozen=True)
class _Groups:
    """Summed profiles and their model over (D, b, A_i after the first, modes of f).

    The first A is 1, and f a sum of cosines, which diffusion multiplies by exp(-k^2 D t).
    """

    times: FloatArray
    rows: FloatArray
    slices: FloatArray
    deviation: FloatArray
    wave: FloatArray
    cosines: FloatArray

    def parts(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Intensities, background, and modes of every group's shape."""
        n = self.times.size
        intensity, modes = np.append(1.0, parameters[2 : 1 + n]), parameters[1 + n :]
        return intensity[:, None], parameters[1], self.kernels(parameters) * modes

    def kernels(self, parameters: FloatArray) -> FloatArray:
        """What diffusion leaves of every mode; no step towards a wild D can overflow it."""
        exponent = -np.outer(self.times, self.wave**2) * parameters[0]
        return np.exp(np.minimum(exponent, LARGEST_EXPONENT))

    def residual(self, parameters: FloatArray) -> FloatArray:
        """Weighted model minus record, flat."""
        intensity, background, shapes = self.parts(parameters)
        mean = intensity * (shapes @ self.cosines.T) + background * self.slices[:, None]
        return ((mean - self.rows) / self.deviation).ravel()

    def jacobian(self, parameters: FloatArray) -> FloatArray:
        """Derivatives of the residuals."""
        intensity, _, shapes = self.parts(parameters)
        n, later = self.times.size, np.arange(1, self.times.size)
        slopes = np.zeros((*self.rows.shape, parameters.size))
        bent = -(self.wave**2) * shapes @ self.cosines.T
        slopes[:, :, 0] = intensity * self.times[:, None] * bent
        slopes[:, :, 1] = self.slices[:, None]
        slopes[later, :, 1 + later] = (shapes @ self.cosines.T)[1:]
        kernels = self.kernels(parameters)[:, None, :]
        slopes[:, :, 1 + n :] = intensity[:, :, None] * kernels * self.cosines
        return (slopes / self.deviation[:, :, None]).reshape(self.rows.size, -1)

    def error_of_first(self, jacobian: FloatArray) -> float:
        """Error of D from Poisson counts, whatever weights they had.

        Where no intensity decays, b cannot be told from a constant in f: hence a pseudoinverse.
        """
        scale = np.linalg.norm(jacobian, axis=0)
        gain = np.linalg.pinv(jacobian / scale, rcond=1e-6)[0] / scale[0]
        return math.sqrt(gain**2 @ (self.rows / self.deviation**2).ravel())


def _prepared(
    spacing: float, times: FloatArray, rows: FloatArray, slices: FloatArray
) -> tuple[_Groups, FloatArray]:
    """The groups with the cosines they need, and where the fit starts: without spreading."""
    m = rows.shape[1]
    background = rows[:, [0, 1, -2, -1]].mean(1).sum() / slices.sum()
    signal = rows - background * slices[:, None]
    pad = int(PAD * m)
    numbers, modes = _modes(np.pad(signal.sum(0), pad), rows.sum())
    wave = np.pi * numbers / (m + 2 * pad)
    cosines = np.cos(np.outer(np.arange(m) + 0.5 + pad, wave))
    # row sum times column sum over total; one more count per column keeps empty ones finite
    variance = np.outer(rows.sum(1), rows.sum(0) + 1) / rows.sum()
    share = np.maximum(signal.sum(1), 1.0) / max(signal.sum(), 1.0)
    start = np.concatenate([[0.0, background], share[1:] / share[0], modes * share[0]])
    return _Groups(times, rows, slices, np.sqrt(variance), wave / spacing, cosines), start
