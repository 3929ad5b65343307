"""The microscope and the slope of a widening spot: Note 3 and the main text on both."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import xarray as xr

from tptools import fitting, kmc
from tptools.companion import datasets
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.verdict import Bounds
from tptools.companion.paper import REPORTED
from tptools.companion.recipes import VARIANTS
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.fitting.performance import (
    METHODS,
    detection_limit,
    mean_over_records,
    repeat,
    second_moment,
    summarise_repetitions,
)
from tptools.instruments import diffraction_limit_nm, magnification
from tptools.noise import photon_records, simulate_map
from tptools.randomness import generator
from tptools.units import NM2_PER_NS_IN_CM2_S

# what "much smaller" and "near" are read as: half a decade, as an order of magnitude is
_HALF_DECADE = 10**0.5
_WINDOW_NS = 3.0


@claim(
    "main-spot-fwhm",
    expects=Bounds("spot over the diffraction limit at NA 0.85", 1, _HALF_DECADE),
)
def spot_over_diffraction_limit() -> float:
    """Divide the spot by what the objective can do at 405 nm; "near" is read as half a decade."""
    wavelength_nm = REPORTED["main-lambda-exc"].value
    limit_nm = diffraction_limit_nm(wavelength_nm, REPORTED["s3-fiber-obj"].value)
    return REPORTED["main-spot-fwhm"].value / limit_nm


@claim("main-mag", "s3-mag")
def magnification_of_the_lenses() -> float:
    """Multiply out objective, tube lens and telescope; Zeiss engraves for a lens of 164.5 mm."""
    return magnification()


@claim(
    "main-IRF",
    expects=Bounds("share of pulse and APD in the variance of the response", 0.5, 1),
)
def share_of_pulse_and_apd() -> float:
    """Square both widths, and divide by the square of ~80 ps."""
    parts = REPORTED["main-pulse-width"].value, REPORTED["s3-apd"].value
    return sum(width**2 for width in parts) / REPORTED["main-IRF"].value ** 2


@claim("s3-laser")
def pulse_width_left() -> float:
    """Take the APD off the whole response, in squares: the widest pulse that leaves ~80 ps."""
    return (REPORTED["main-IRF"].value ** 2 - REPORTED["s3-apd"].value ** 2) ** 0.5


@claim("main-eq1", expects=Bounds("growth of the variance over 2 D t of the hops", 0.9, 1.1))
def variance_of_a_free_walk() -> Estimate:
    """Let excitons hop without memory or traps, with D = p l^2 / 4 per step; 4Dt would give 2."""
    film = VARIANTS["neither"]
    run = kmc.simulate(film, kmc.pulse_train(Excitation(10, 2.5), 40), seed=1, n_trains=4)
    found = kmc.diffusivity(run, estimator="second_moment")
    return _relative(found, film.free_walk_diffusivity_cm2_s(film.hop_rate_ground_per_ps))


@claim("s3-eq4", expects=Bounds("D of Eq. (4) over D of the hops", 0.9, 1.1))
def diffusivity_through_the_microscope() -> Estimate:
    """Fit all slices of a simulated scan over a film without memory or traps."""
    film = VARIANTS["neither"]
    record = datasets.load("tplm_10nW_neither").expand_dims("record")
    (found,) = fitting.estimates(fitting.measure_series(record, ("slices",)).isel(estimator=0))
    return _relative(found, film.free_walk_diffusivity_cm2_s(film.hop_rate_ground_per_ps))


@claim(
    "s3-eq1",
    "s3-eq2",
    expects=Bounds("largest residual of Eq. (1), over the largest k n", high=0.01),
)
def residual_of_the_diffusion_equation() -> float:
    """Put Eq. (2) for a flat-topped spot into Eq. (1), with differences for derivatives."""
    spread, k_per_ns, D_nm2_ns = _spread(), 0.4, 1e3
    decayed = spread * np.exp(-k_per_ns * spread.time_ns)
    curvature = decayed.differentiate("position_nm").differentiate("position_nm")
    residual = decayed.differentiate("time_ns") - D_nm2_ns * curvature + k_per_ns * decayed
    inside = residual.isel(time_ns=slice(2, -2), position_nm=slice(2, -2))
    return float(abs(inside).max() / (k_per_ns * decayed).max())


@claim("s3-eq3", expects=Bounds("largest deviation over the peak", high=0.001))
def deviation_from_the_convolution() -> float:
    """Convolve the first profile of a flat-topped spot with Gaussians, and compare with later."""
    spread = _spread()
    step_nm = float(spread.position_nm[1] - spread.position_nm[0])
    variance_nm2 = 2 * 1e3 * (spread.time_ns[1:] - spread.time_ns[0])
    kernels = np.exp(-(spread.position_nm**2) / (2 * variance_nm2)) * step_nm
    kernels = (kernels / np.sqrt(2 * np.pi * variance_nm2)).transpose("time_ns", "position_nm")
    widened = [np.convolve(spread[0], kernel, "same") for kernel in kernels.to_numpy()]
    # what is left is rounding, which differs between machines
    return round(float(abs(spread[1:] - widened).max() / spread.max()), 6)


@claim("s3-eq2-var", expects=Bounds("growth of the second moment over 2 D t", 0.999, 1.001))
def growth_of_the_second_moment() -> float:
    """Take second moments of a flat-topped spot that diffuses; no Gaussian is fitted."""
    variance = second_moment(_spread())
    growth = variance[-1] - variance[0]
    return float(growth / (2 * 1e3 * (variance.time_ns[-1] - variance.time_ns[0])))


@claim(
    "main-msd-linear",
    "s3-const",
    expects=Bounds("D from 1.5 to 3 ns over that up to 1.5 ns", 0.8, 1.25),
    readings_of="model",
)
def constancy_of_diffusivity() -> dict[str, Estimate]:
    """Fit both halves of the window of two simulated films at 10 nW, globally.

    That the displacement bends further after 3 ns, as the paper says, either film shows.
    """
    films = {"memory alone": "tplm_10nW_memory", "memory and traps": "tplm_10nW"}
    return {film: _ratio_of_windows(name, (1.5, 3), (0, 1.5)) for film, name in films.items()}


@claim("main-early-window", expects=Bounds("D up to 4 ns over D up to 3 ns", 0.8, 1.25))
def end_of_the_window() -> Estimate:
    """Move the end of the window of Fig. 1f, with the scatter of 20 records drawn around it."""
    scan, draw = _scan(), generator(1, "end of the window").poisson
    records = [scan] + [scan.copy(data=draw(scan)) for _ in range(20)]
    read = partial(fitting.diffusivity, goodness=False)
    longer, shorter = (
        np.array([read(one, window_ns=(0, end)).value for one in records])
        for end in (4, _WINDOW_NS)
    )
    ratios = longer / shorter
    return Estimate(float(ratios[0]), float(np.std(ratios[1:], ddof=1)), "", "slices")


@claim("s3-fit-line", expects=Bounds("mean D of the line over D put in", 0.95, 1.05))
def mean_of_the_line() -> Estimate:
    """Average the line over 100 records of a million photons that spread by 0.05 cm2/s."""
    draw = photon_records(_decay(), 1e6, D_cm2_s=0.05)
    mean = mean_over_records(draw, 100, METHODS["slices"])
    return _relative(mean, 0.05)


@claim(
    "s3-errbar-pts",
    expects=Bounds("error bar of a point over its scatter, median up to 3 ns", 0.5, 2),
)
def error_bars_of_points() -> float:
    """Set the neighbours' deviation in Fig. 1f beside 40 records drawn around it; within two."""
    scan = _scan().sel(time_ns=slice(0, _WINDOW_NS))
    draw = generator(1, "error bars of points").poisson
    stated = fitting.variance_growth(scan).growth_err_nm2
    records = [scan.copy(data=draw(scan)) for _ in range(40)]
    msds = [fitting.variance_growth(record).growth_nm2 for record in records]
    scatter = xr.concat(msds, "record").std("record", ddof=1)
    return float((stated / scatter)[1:].median())


@claim("s3-errbar-D", expects=Bounds("error bar of the line over the scatter of D", 0.5, 2))
def error_bar_of_the_line() -> Estimate:
    """Average the bars of 150 records of 200 000 photons at D = 0, and divide by their scatter."""
    found = summarise_repetitions(_at_zero(), 0.0).sel(estimator="slices")
    relative = float(found.spread_err / found.spread)
    ratio = float(found.stated / found.spread)
    return Estimate(ratio, ratio * relative, "", "slices")


@claim("s3-80pct")
def recombined_by_3_ns() -> dict[str, float | Estimate]:
    """Let exponentials of the printed lifetimes decay; beside them the simulated decay's light."""
    claims = {"high power": "main-tau-highP", "low power": "main-tau-lowP", "model": "main-tau-ex"}
    gone = {
        f"{name}, {REPORTED[one].printed} ns": 100 * -np.expm1(-_WINDOW_NS / REPORTED[one].value)
        for name, one in claims.items()
    }
    decay = datasets.load("decays_5MHz").counts.isel(power_nW=0)
    dark = float(decay.sel(time_ns=slice(None, -0.3)).mean())
    share = fitting.prompt_fraction(decay, background=dark)
    return gone | {"with a tail": replace(100 * share, unit="%")}


@claim("main-Dmin", readings_of="model")
def smallest_diffusivity() -> dict[str, Estimate]:
    """Scale the scatter of 150 records of 200 000 photons at D = 0 to a detection limit."""
    found = summarise_repetitions(_at_zero(), 0.0)
    limits = detection_limit(found[["spread", "spread_err"]].to_array("of"))
    return {
        str(method): Estimate(float(limit), float(std_err), "cm2/s", "detection limit")
        for method, (limit, std_err) in zip(
            found["estimator"].values, limits.transpose("estimator", "of"), strict=True
        )
    }


@claim(
    "main-superres",
    expects=Bounds("smallest displacement in 3 ns over width of the spot", high=1 / _HALF_DECADE),
)
def smallest_displacement() -> dict[str, float]:
    """Turn each detection limit into the displacement sqrt(2 D t), and divide by the FWHM."""
    spot_nm = REPORTED["main-spot-fwhm"].value
    D_nm2_ns = {name: D.value / NM2_PER_NS_IN_CM2_S for name, D in smallest_diffusivity().items()}
    return {name: (2 * D * _WINDOW_NS) ** 0.5 / spot_nm for name, D in D_nm2_ns.items()}


def _relative(found: Estimate, true: float) -> Estimate:
    return found / Estimate(true, 0.0, found.unit, "known")


def _scan() -> xr.DataArray:
    return datasets.load("tplm_10nW").counts


def _ratio_of_windows(name: str, *windows: tuple[float, float]) -> Estimate:
    counts = datasets.load(name).counts
    first, second = (fitting.diffusivity(counts, "global", window_ns=w) for w in windows)
    return first / second


@cache
def _spread() -> xr.DataArray:
    """A flat-topped spot that diffuses with 0.01 cm2/s, over times and positions close by."""
    steady = xr.DataArray(np.ones(21), {"time_ns": 0.05 * np.arange(21)})
    return simulate_map(
        steady,
        seed=0,
        position_nm=np.arange(-2000, 2001, 5.0),
        noise="none",
        background_counts=0,
        shape="flat_top",
    )


def _decay() -> xr.DataArray:
    """An exponential over 3 ns with the exciton lifetime of the main text."""
    time_ns = np.arange(0, _WINDOW_NS, 0.05)
    return xr.DataArray(np.exp(-time_ns / REPORTED["main-tau-ex"].value), {"time_ns": time_ns})


@cache
def _at_zero() -> xr.Dataset:
    """Spots that do not spread, by the paper's line, a free one, and the global fit."""
    three = ("slices", "slices, free intercept", "global")
    draw = photon_records(_decay(), 200_000, D_cm2_s=0.0)
    return repeat(draw, dict.fromkeys(three, 150), seed=1)
