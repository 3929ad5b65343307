"""The memory: Note 2, Fig. 4, and what the main text concludes from them.

What was measured is judged by the model of Note 2, which the paper says explains the data. The film
OLA/OA cannot serve: it was calibrated to the numbers that the paper reports.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import xarray as xr

from tptools import kmc
from tptools.companion import datasets
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.records import CRUDE, measured
from tptools.companion.claims.verdict import Bounds, One
from tptools.companion.paper import REPORTED
from tptools.companion.recipes import FILM
from tptools.companion.search import LASERS, OBSERVATIONS
from tptools.companion.simulations import isolated_diffusivity, share_alive
from tptools.estimate import Estimate, mean
from tptools.fitting import Fit, estimates, fit_relaxation, relaxation_curve
from tptools.fitting.diffusion import Method
from tptools.instruments import Objective, diffraction_limit_nm
from tptools.kinetics import pair_share
from tptools.kmc.observables import Estimator
from tptools.randomness import generator
from tptools.units import FWHM_PER_SIGMA

_MODEL = kmc.ExcitonModel()
_READINGS: dict[str, Estimator] = {
    "<r²>/4t": "second_moment",
    "<r²>/2t as printed": "as_printed",
    "<r²>/2t with r on a line": "radial_profile",
    "Gaussian at 1 ns": "gaussian",
    "slices, 0 to 3 ns": "slice_line",
}
_RECORDED: dict[str, Method] = {
    "slices through the microscope": "slices",
    "global fit through the microscope": "global",
}
# readings of D that are consistent with Eq. (1)
_CONSISTENT = {name: one for name, one in _READINGS.items() if one != "as_printed"}


def _printed(claim_id: str) -> float:
    return REPORTED[claim_id].value


def _runs(protocol: str, reading: str = "second_moment") -> xr.Dataset:
    """Conditions of one protocol of Fig. 4e, by one reading of D."""
    every = datasets.load("simulated_collapse").sel(estimator=reading)
    return every.isel(condition=np.flatnonzero(every["protocol"] == protocol))


@cache
def _fit(reading: str) -> Fit:
    """Single exponential through Note 2's curve of the excitons."""
    table = _runs("steady state", reading)
    return fit_relaxation(table["time_between_excitations_us"], table["value"])


@cache
def _fit_recorded(method: Method) -> Fit:
    """The same of the film's scans."""
    return _fit_scans(measured("note_2_series", method, CRUDE))


def _fit_scans(scans: xr.Dataset) -> Fit:
    """The same over the time that the paper's axis shows, that of the disc."""
    return fit_relaxation(scans["disc_time_between_excitations_us"], scans["value"])


def _fits(name: str) -> dict[str, Estimate]:
    excitons = {text: _fit(one)[name] for text, one in _CONSISTENT.items()}
    return excitons | {text: _fit_recorded(one)[name] for text, one in _RECORDED.items()}


def _curve(table: xr.Dataset) -> list[Estimate]:
    """D of every condition."""
    return estimates(table, unit="cm2/s")


@cache
def _highest(reading: str) -> Estimate:
    """D at the shortest time between excitations of Fig. 4e."""
    table = _runs("steady state", reading)
    return _curve(table)[int(table["time_between_excitations_us"].argmin("condition"))]


@claim("main-tau-relax", readings_of="model")
def relaxation_time() -> dict[str, Estimate]:
    """Fit an exponential to Note 2's curve, as read by its authors and by the microscope.

    The scans are nine, at 2.5 MHz and with a spot of 500 nm; the excitons have Note 2's 250 nm.
    """
    return _fits("tau_us")


@claim(
    "abs-persist",
    "main-tau-microsec",
    expects=Bounds("lifetime of the modified configuration", 1, 1000, "us"),
    readings_of="model",
)
def persistence() -> dict[str, One]:
    """Fit Note 2's curve, and ask what memory a film needs to show all three numbers of Fig. 4a.

    The last reading is what `tptools.inference` found, where the time was free to be anything.
    """
    return {
        "fit to Note 2's curve": _fit("second_moment")["tau_us"],
        "Note 2 through the microscope": _fit_recorded("slices")["tau_us"],
        "memory of a film with the curve of Fig. 4a": float(
            datasets.load("calibration").attrs["relaxation_time_us"]
        ),
    }


@claim("main-D-inf", readings_of="model")
def limit_of_rare_excitation() -> dict[str, Estimate]:
    """Take the limit of the fits to Note 2's curve, and D of isolated pulses, without a fit."""
    return _fits("limit_cm2_s") | {"isolated pulses": isolated_diffusivity()}


@claim("main-D-enhanced", "abs-D-max", readings_of="model")
def highest_diffusivity() -> dict[str, Estimate]:
    """Read D of Note 2's model at the shortest time between excitations; by scans, at 25 nW."""
    excitons = {text: _highest(one) for text, one in _READINGS.items()}
    recorded = {
        text: estimates(measured("note_2_series", one, records=(8,)))[0]
        for text, one in _RECORDED.items()
    }
    return excitons | recorded


@claim("main-enh15")
def enhancement() -> float:
    """Divide the printed diffusivities."""
    return _printed("main-D-enhanced") / _printed("main-D-inf")


@claim("abs-order")
def fast_over_slow() -> dict[str, One]:
    """Divide printed diffusivities, printed hop numbers, and the ends of the model's curve."""
    ends = _highest("second_moment") / isolated_diffusivity()
    return {
        "measured diffusivities": enhancement(),
        "hop numbers": hop_ratio(),
        "Note 2's model, over isolated pulses": ends,
    }


@claim("main-orders")
def memory_over_lifetime() -> dict[str, float]:
    """Take the logarithm of printed times; up to 3.5 rounds to 3, so that all are near the edge."""
    times_ns = {
        "6 us over 2.3 ns": ("main-tau-relax", "main-tau-lowP"),
        "6 us over 1.5 ns": ("main-tau-relax", "main-tau-highP"),
        "8.1 us over 2.5 ns": ("s2-tau-relax", "s2-tau-ex"),
    }
    return {
        text: math.log10(1e3 * _printed(long) / _printed(short))
        for text, (long, short) in times_ns.items()
    }


@claim("abs-ligand-indep", expects=Bounds("relaxation time with oxide over that without", 0.5, 2))
def coated_over_uncoated() -> Estimate:
    """Divide the printed times, with errors that nine simulated scans of either film have.

    A factor of two is little beside what an insulating shell would do to the escape of a charge.
    The paper gives no relaxation time with the other ligand.
    """
    times = []
    for claim_id, series in (
        ("main-tau-AlOx", "coated_series"),
        ("main-tau-relax", "power_series"),
    ):
        scans = measured(series, n_resamples=CRUDE, records=tuple(range(9)))
        found = _fit_scans(scans)["tau_us"]
        value = _printed(claim_id)
        times.append(replace(found, value=value, std_err=value * found.std_err / found.value))
    return times[0] / times[1]


@claim(
    "main-photocharge",
    expects=Bounds(
        "largest over smallest, at 5 nW from 1 to 20 MHz, if light charges nanocrystals",
        low=OBSERVATIONS["constant_power_ratio"].high,
    ),
    readings_of="model",
)
def charge_at_constant_power() -> dict[str, One]:
    """Ask of a charge what excludes it at constant power, where the paper found D unchanged.

    By two excitations of one nanocrystal its rate would change, as the text says. If one is enough,
    the rate is constant, and D is as level as the charge is long-lived. See the chapter "Which
    films are allowed?" for the rest of the curve, and for what such a charge would not explain.
    """
    names = {"charged_cm2_s": "value", "charged_err_cm2_s": "std_err"}
    every = datasets.load("reading_choices")[list(names)].rename(names)
    level = [k for k, one in enumerate(LASERS) if one.power_nW == 5 and one.rep_rate_MHz >= 1]
    pairs = [LASERS[k].rep_rate_MHz * pair_share(LASERS[k].excitation_density) for k in level]
    found: dict[str, One] = {"rate, by two excitations": max(pairs) / min(pairs)}
    for time_us in every["charge_us"].to_numpy():
        D = _curve(every.sel(charge_us=time_us).isel(laser=level))
        D.sort(key=lambda one: one.value)
        found[f"D, by one, for {time_us:g} µs"] = D[-1] / D[0]
    return found


@claim("main-k-slow")
def rate_to_slow_neighbour() -> dict[str, float]:
    """Take Note 2's rule at its word: one of four neighbours is chosen in each ps."""
    return _rates(_printed("s2-P-slow"))


@claim("main-k-fast")
def rate_to_fast_neighbour() -> dict[str, float]:
    """Take Note 2's rule at its word: one of four neighbours is chosen in each ps."""
    return _rates(_printed("s2-P-fast"))


def _rates(probability: float) -> dict[str, float]:
    leaving = _MODEL.attempts_per_ps * _MODEL.attempt_probability(probability)
    return {"to all four neighbours together": leaving, "to each neighbour": leaving / 4}


@claim("main-rate-ratio")
def hop_ratio() -> float:
    """Divide the printed hop numbers."""
    return _printed("main-k-fast") / _printed("main-k-slow")


@claim(
    "main-k-empirical",
    expects=Bounds("D of the model over the measured one, at rare excitation", 0.5, 2),
)
def model_over_measured_limit() -> dict[str, Estimate]:
    """Divide the model's limit by the 0.01 cm2/s of the text; within a factor of two is a match."""
    measured_limit = Estimate(_printed("main-D-inf"), 0.0, "cm2/s", "printed")
    limits = {
        "limit of the fit": _fit("second_moment")["limit_cm2_s"],
        "isolated pulses": isolated_diffusivity(),
    }
    return {text: one / measured_limit for text, one in limits.items()}


@claim("main-tau-ex")
def measured_lifetime() -> dict[str, float]:
    """Take the prompt lifetimes that the text reports of the film."""
    return {
        "at low power": _printed("main-tau-lowP"),
        "at high power": _printed("main-tau-highP"),
    }


@claim(
    "main-pulse-shape",
    expects=Bounds("FWHM of the simulated spot over that of the laser", 0.9, 1.1),
)
def simulated_over_measured_spot() -> dict[str, float]:
    """Divide the width of Note 2's spot by what it might match, within a tenth.

    Note 6 has 500 nm at the sample; the objective could focus to the width of its Airy pattern.
    """
    airy_nm = diffraction_limit_nm(_printed("main-lambda-exc"), Objective().objective_NA)
    return {
        "spot of Note 6": _spot_fwhm_nm() / _printed("s6-spot"),
        "diffraction limit": _spot_fwhm_nm() / airy_nm,
    }


def _spot_fwhm_nm() -> float:
    return _printed("s2-sigma") * _printed("s2-l") * FWHM_PER_SIGMA


@claim(
    "main-no-carry",
    expects=Bounds("share of excitons left at the next pulse, at 40 MHz", high=0.01),
    readings_of="model",
)
def left_at_the_next_pulse() -> dict[str, One]:
    """Let excitons decay for 25 ns, by the lifetime alone and in a film with traps.

    Traps are assumed such that the light has the delayed tail of Fig. 1d.
    """
    period_ns = 25.0
    (alive,) = estimates(share_alive(FILM).sel(time_ns=period_ns), unit="")
    return {
        "lifetime of 2.5 ns": math.exp(-period_ns / _printed("main-tau-ex")),
        "film with traps": alive,
    }


@claim(
    "main-relax-between",
    expects=Bounds("share of sites that would relax within an exciton's lifetime", high=0.01),
)
def relaxed_within_a_lifetime() -> float:
    """Take the exponential law with the printed times; below one percent it may be left out."""
    return -math.expm1(-1e-3 * _printed("main-tau-ex") / _printed("main-k-relax"))


@claim(
    "main-Dsim", expects=Bounds("D_sim of free walkers over p l²/4, which Eq. (1) gives", 0.9, 1.1)
)
def printed_formula() -> dict[str, Estimate]:
    """Let excitons walk on equal sites and read their D by both senses of an average over ρ(r)."""
    free = replace(_MODEL, hop_rate_ground_per_ps=0.5, hop_rate_modified_per_ps=0.5)
    pulses = kmc.PulseTrain(0.3, math.inf, 8.0, n_pulses=50)
    recording = kmc.Recording(until_ns=1, follow_ns=1)
    run = kmc.simulate(free, pulses, seed=1, n_trains=16, recording=recording)
    exact = Estimate(free.free_walk_diffusivity_cm2_s(0.5), 0.0, "cm2/s", "exact")
    return {
        text: kmc.diffusivity(run, 1.0, _READINGS[text]) / exact
        for text in ("<r²>/2t as printed", "<r²>/2t with r on a line")
    }


@claim(
    "main-Dsim-time",
    expects=Bounds("D at 1 ns over D by slices from 0 to 3 ns, mean of Fig. 4e", 0.9, 1.1),
)
def one_ns_over_three() -> dict[str, Estimate]:
    """Compare readings of Note 2's runs at 1 ns with the procedure of the experiment."""
    return {
        text: _mean_of_curve(_READINGS[text]) / _mean_of_curve("slice_line")
        for text in ("<r²>/4t", "Gaussian at 1 ns")
    }


def _mean_of_curve(reading: str) -> Estimate:
    return mean(_curve(_runs("steady state", reading)))


@claim(
    "main-Dsim-collapse",
    expects=Bounds("largest difference of D from the mean of equal times, relative", high=0.1),
)
def departure_from_one_curve() -> Estimate:
    """Compare the conditions of Fig. 4e that differ in <N> and period but not in T.

    At one period <N> alone changes D several times.
    """
    compared = kmc.compare_at_equal_time(_runs("steady state"))
    off = abs(compared["relative"] - 1)
    largest = compared.isel(condition=int(off.argmax("condition")))
    value, error = float(off.max()), float(largest["relative_err"])
    return Estimate(value, error, "", "second_moment")


@claim(
    "main-nearquant",
    expects=Bounds("rms distance of D from the measured exponential, over 0.15 cm2/s", high=0.1),
    readings_of="model",
)
def distance_from_experiment() -> dict[str, float]:
    """Compare Note 2's points with 0.01 + 0.14 exp(-T / 6 us) cm2/s, at their own times.

    The amplitude is not printed; it is such that the curve starts at 0.15 cm2/s. The time of scans
    is that of the paper's axis, the disc's; the model's is that at the centre of the spot.
    """
    limit, highest = _printed("main-D-inf"), _printed("main-D-enhanced")
    tables = {text: _runs("steady state", one) for text, one in _READINGS.items()}
    tables |= {text: measured("note_2_series", one, CRUDE) for text, one in _RECORDED.items()}
    distances = {}
    for text, table in tables.items():
        disc = "disc_" if text in _RECORDED else ""
        time_us = table[f"{disc}time_between_excitations_us"]
        curve = relaxation_curve(time_us, limit, highest - limit, _printed("main-tau-relax"))
        distances[text] = float(np.sqrt(((table["value"] - curve) ** 2).mean())) / highest
    return distances


@claim("main-exceeds-film", expects=Bounds("highest printed D over that of films", low=1))
def over_thin_films() -> float:
    """Divide the printed 0.15 cm2/s by the upper end of what is quoted for films."""
    return _printed("main-D-enhanced") / REPORTED["main-film"].upper


@claim(
    "s2-lattice",
    expects=Bounds("farthest that an exciton came from the centre", high=500, unit="sites"),
)
def reach() -> float:
    """Look for the outermost row or column with an exciton, in all conditions of Fig. 4e."""
    farthest_nm = _runs("steady state")["reach_nm"].max()
    return float(farthest_nm) / _MODEL.lattice_spacing_nm


@claim("s2-sigma")
def spot_sigma() -> float:
    """Divide the printed FWHM by sqrt(8 ln 2) and the lattice spacing."""
    return _printed("s2-fwhm") / FWHM_PER_SIGMA / _printed("s2-l")


@claim("s2-fwhm")
def spot_fwhm() -> float:
    """Multiply the printed standard deviation by sqrt(8 ln 2) and the lattice spacing."""
    return _spot_fwhm_nm()


@claim("s2-Pdecay")
def decay_probability() -> float:
    """Divide the time step by the lifetime."""
    return 1e-3 * _printed("s2-step") / _printed("s2-tau-ex")


@claim("s2-step", expects=Bounds("chance to hop in one step, among modified sites", high=1))
def hop_chance_in_a_step() -> dict[str, float]:
    """Multiply the hop number by the neighbours it is meant for, and by the step."""
    chance = _printed("s2-P-fast") * _printed("s2-step")
    return {"one chosen neighbour": chance, "a rate to each neighbour": 4 * chance}


@claim("s2-relax-sample", expects=Bounds("mean of drawn times over tau", 0.99, 1.01))
def drawn_relaxation_times() -> Estimate:
    """Draw a million times by the printed formula."""
    times = -np.log1p(-generator(1, "relaxation times").random(1_000_000))
    error = float(times.std() / math.sqrt(times.size))
    return Estimate(float(times.mean()), error, "", "mean")


@claim(
    "s2-freq-near-tau",
    expects=Bounds("D at a period of one relaxation time over that of isolated pulses", low=1),
)
def memory_at_one_relaxation_time() -> Estimate:
    """Compare the brightest pulses of Fig. 4e at a period of 8.1 us and at an infinite one."""
    often, isolated = _curve(_runs("one relaxation time"))
    return often / isolated


@claim(
    "s2-1000pulses",
    expects=Bounds("D from 1000 pulses on a fresh lattice over steady state", 0.9, 1.1),
)
def fresh_over_steady() -> dict[str, Estimate]:
    """Compare Note 2's start with a burn-in, at the ends of our periods; the paper lists none.

    A tenth is less than the scatter of a measured point.
    """
    fresh, steady = _runs("fresh lattice"), _runs("steady state")
    at_density = steady.isel(condition=np.flatnonzero(steady["excitation_density"] == 0.02))
    started, burnt_in = _curve(fresh), _curve(at_density)
    return {
        f"period of {1e3 * float(fresh['period_us'][k]):g} ns": started[k] / burnt_in[k]
        for k in (0, -1)
    }
