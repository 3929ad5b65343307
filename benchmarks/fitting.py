"""Speed of `tptools.fitting` against the same fits by lmfit and scipy, with the same answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import lmfit
import numpy as np
import xarray as xr
from lmfit.models import ConstantModel, GaussianModel
from scipy.optimize import curve_fit

from benchmarks.common import Row, paired
from tptools.arrays import FloatArray
from tptools.fitting import diffusivity, fit_profiles, spreading_spot
from tptools.randomness import generator

POSITION_NM = np.linspace(-900, 900, 61)
TIME_NS = np.linspace(0, 3, 1000)
# A loop over all 1000 slices would take lmfit most of a minute.
SAMPLE = slice(None, None, 20)
SAME_VARIANCE = 1e-3
SAME_D_IN_STD_ERR = 1e-2
PEAK_RATIO = np.sqrt(2 * np.pi)


def map_of_counts() -> xr.DataArray:
    """Poisson counts of a spreading spot, 61 positions by 1000 times."""
    mean = spreading_spot(
        TIME_NS,
        POSITION_NM,
        5000 * np.exp(-TIME_NS / 2.2),
        diffusivity_cm2_s=0.05,
        variance_nm2=212.0**2,
        background=2.0,
    )
    return mean.copy(data=generator(1, "map of counts").poisson(mean))


def by_lmfit(profile: FloatArray) -> float:
    """Variance of one profile by lmfit's own Gaussian and constant."""
    model = GaussianModel() + ConstantModel()
    start = {"center": 0.0, "sigma": 250.0, "c": profile.min()}
    area = np.ptp(profile) * 250.0 * PEAK_RATIO
    fit = model.fit(profile, model.make_params(**start, amplitude=area), x=POSITION_NM)
    return fit.params["sigma"].value ** 2


def by_curve_fit(profile: FloatArray) -> float:
    """Variance of one profile by `scipy.optimize.curve_fit`."""
    start = [np.ptp(profile), 0.0, 250.0, profile.min()]
    return curve_fit(_gaussian, POSITION_NM, profile, start)[0][2] ** 2


def _gaussian(
    x: FloatArray, height: float, centre: float, sigma: float, level: float
) -> FloatArray:
    return height * np.exp(-((x - centre) ** 2) / (2 * sigma**2)) + level


def _one_by_one(fit: Callable[[FloatArray], float], profiles: FloatArray) -> float:
    return _timed(lambda: [fit(one) for one in profiles], len(profiles))


def _timed(work: Callable[[], object], pieces: int = 1) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) / pieces


def against_loops(counts: xr.DataArray) -> Iterator[Row]:
    """All slices of a map, per slice."""
    profiles = counts.to_numpy()[SAMPLE].astype(float)
    found = fit_profiles(counts)["variance_nm2"].to_numpy()[SAMPLE]
    for name, fit, bar in (("lmfit", by_lmfit, 500), ("curve_fit", by_curve_fit, 10)):
        same = np.abs(np.array([fit(p) for p in profiles]) / found - 1).max()
        if same > SAME_VARIANCE:
            raise AssertionError(f"variances differ by {same:.1e} from those of {name}")
        ours, other, ratio = paired(
            lambda: _timed(lambda: fit_profiles(counts), len(counts)),
            partial(_one_by_one, fit, profiles),
        )
        yield Row(f"{name} loop, a slice of 61", _us(ours), _us(other), ratio, bar)


class Likelihood:
    """The likelihood of method ``global``, for a general minimiser: 4 parameters."""

    def __init__(self, counts: xr.DataArray) -> None:
        self.counts = counts.to_numpy().astype(float)
        self.amplitudes = np.ptp(self.counts, axis=1)
        self.count_logs = self.counts * np.log(np.maximum(self.counts, 1))

    def residuals(self, parameters: lmfit.Parameters) -> FloatArray:
        """Square roots of the deviance of each count, at the best intensities."""
        spot = parameters.valuesdict()
        variance = spot["variance"] + 2 * spot["diffusivity"] * TIME_NS[:, None]
        shape = np.exp(-((POSITION_NM - spot["centre"]) ** 2) / (2 * variance))
        # Newton for all intensities together; each is a concave problem of its own
        for _ in range(4):
            mean = self.amplitudes[:, None] * shape + spot["background"]
            slope = (shape * (self.counts / mean - 1)).sum(1)
            self.amplitudes += slope / (shape**2 * self.counts / mean**2).sum(1)
        mean = self.amplitudes[:, None] * shape + spot["background"]
        deviance = self.count_logs - self.counts * np.log(mean) - (self.counts - mean)
        return np.sqrt(2 * np.maximum(deviance, 0)).ravel() * np.sign(self.counts - mean).ravel()


def global_by_lmfit(counts: xr.DataArray) -> float:
    """D in cm2/s of a map by lmfit."""
    parameters = lmfit.Parameters()
    parameters.add("diffusivity", 0.0)
    parameters.add("variance", 250.0**2, min=1.0)
    parameters.add("centre", 0.0)
    parameters.add("background", 1.0, min=1e-6)
    fit = lmfit.minimize(Likelihood(counts).residuals, parameters)
    return fit.params["diffusivity"].value * 1e-5


def against_minimiser(counts: xr.DataArray) -> Iterator[Row]:
    """The whole map at once."""
    found = diffusivity(counts, "global")
    difference = abs(global_by_lmfit(counts) - found.value) / found.std_err
    if difference > SAME_D_IN_STD_ERR:
        raise AssertionError(f"D differs by {difference:.1e} standard errors from that of lmfit")
    ours, other, ratio = paired(
        lambda: _timed(lambda: diffusivity(counts, "global")),
        lambda: _timed(lambda: global_by_lmfit(counts)),
    )
    yield Row("lmfit, likelihood of 61 x 1000", _ms(ours), _ms(other), ratio)
    yield Row("a tenth of a second", _ms(ours), _ms(0.1), 0.1 / ours, 1)


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def rows() -> Iterator[Row]:
    """Every comparison."""
    counts = map_of_counts()
    yield from against_loops(counts)
    yield from against_minimiser(counts)
