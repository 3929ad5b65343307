"""Heat after a laser pulse: Note 8 and the main text on heating.

Where the paper gives no thermal diffusivity, films take that of OLA/OA (`tptools.film`), the middle
of what is known of such films, or the ends of the range, 0.5 and 4 times 1e-7 m2/s.
"""

import math
from typing import Any

import numpy as np

from tptools import fitting, heat, material
from tptools.companion import datasets
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.verdict import Bounds
from tptools.companion.paper import REPORTED
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.instruments import Microscope
from tptools.units import FWHM_PER_SIGMA

_RATE_MHZ = 2.5
_PERIOD_NS = 1e3 / _RATE_MHZ
_SLOW, _FAST = 0.5e-7, 4e-7  # m²/s


@claim("main-fluence-typ")
def typical_fluence() -> dict[str, float]:
    """Compute the fluence of what the paper shows most of, by its disc, and of its tables."""
    shown = {
        "1 nW at 2.5 MHz (Figs. 3c, S11)": Excitation(1, _RATE_MHZ, convention="paper"),
        "<N> = 0.02 (Fig. 2a, b)": Excitation.from_excitation_density(
            0.02, _RATE_MHZ, convention="paper"
        ),
    }
    fluences = {condition: laser.fluence_uJ_cm2 for condition, laser in shown.items()}
    return fluences | {"median of Tables S1 and S2": _median_fluence()}


@claim("main-dT")
def step_at_typical_fluence() -> Estimate:
    """Put 0.1 uJ/cm2 into Eq. (7)."""
    return _step_K(REPORTED["main-fluence-typ"].value)


@claim("s8-dTmax")
def largest_step() -> dict[str, Estimate]:
    """Put fluences of the paper into Eq. (7); the text does not say which it means."""
    strongest = float(datasets.load("printed_tables").fluence_uJ_cm2.max())
    fluences = {"0.1 uJ/cm2": 0.1, "median of tables": _median_fluence(), "20 nW": strongest}
    return {name: _step_K(fluence) for name, fluence in fluences.items()}


@claim("s8-eq7", expects=Bounds("step of the film's top over that of Eq. (7)", 0, 1))
def most_extreme_scenario() -> float:
    """Share the light absorbed per depth among nanocrystals and ligands, without Eq. (7)."""
    absorbed_J_m3 = 0.01 * 0.1 / (1e-9 * material.absorption_length_nm())
    return absorbed_J_m3 / material.film_heat_capacity_J_m3K() / _step_K(0.1).value


@claim("main-kirschner-ratio")
def fluence_for_100_K() -> float:
    """Find the fluence that gives 100 K by Eq. (7), and divide by 0.1 uJ/cm2."""
    return 100 / _step_K(REPORTED["main-fluence-typ"].value).value


@claim(
    "main-heat-fewns",
    expects=Bounds("time to lose half the heat", high=10, unit="ns"),
    readings_of="model",
)
def time_to_lose_half() -> dict[str, float]:
    """Cool the film of Note 8 at the highest diffusivity, and a common one on quartz."""
    return {
        "no flux, as Note 8": heat.cooling_time(_film(_FAST), 0.5),
        "on quartz": heat.cooling_time(_film(substrate=heat.FUSED_SILICA), 0.5),
    }


@claim("s8-t5", expects=Bounds("time to 5 % over the period at 2.5 MHz", 1 / 10**0.5, 10**0.5))
def time_to_five_percent() -> dict[str, float]:
    """Cool the film of Note 8 at the ends of the range of diffusivities."""
    films = {"lowest diffusivity": _film(_SLOW), "highest diffusivity": _film(_FAST)}
    return {name: heat.cooling_time(film, 0.05) / _PERIOD_NS for name, film in films.items()}


@claim("s8-vs-main", expects=Bounds("time to one half if 5 % takes 1/f", high=10, unit="ns"))
def half_time_of_note_8() -> dict[str, float]:
    """Choose the diffusivity of the film without flux that obeys Note 8, at three rates."""
    ratio = heat.cooling_time(_film(), 0.5) / heat.cooling_time(_film(), 0.05)
    return {f"{f} MHz": 1e3 / f * ratio for f in (0.5, 2.5, 40)}


@claim("s8-eq5", "s8-explicit", expects=Bounds("largest error of the temperature", high=0.005))
def error_of_finite_differences() -> float:
    """March Eq. (5) on 100 by 10 cells up to 1 us, and compare with the closed form."""
    film, times_ns = _film(radius_um=5), [1, 10, 100, 1000]
    marched = heat.centre_temperature(film, times_ns, "explicit", cells=(100, 10))
    return float(abs(marched - heat.centre_temperature(film, times_ns)).max())


@claim("s8-noflux", expects=Bounds("least warmth without flux over that on quartz", low=1))
def warmth_without_flux() -> float:
    """Compare the film of Note 8 with one on quartz, from 1 ns to 5 us, at its coldest."""
    times_ns = np.geomspace(1, 5000, 60)
    films = _film(), _film(substrate=heat.FUSED_SILICA)
    closed, open_ = (heat.centre_temperature(film, times_ns) for film in films)
    return float((closed / open_).min())


@claim("s8-init", expects=Bounds("width of the fitted Gaussian over that of the spot", 0.9, 1.1))
def width_of_the_initial_heat() -> dict[str, float]:
    """Fit the first 0.4 ns of the simulated scan, and take the blur of the microscope off."""
    scan = datasets.load("tplm_10nW").counts.sel(time_ns=slice(0, 0.4)).sum("time_ns")
    image_nm = FWHM_PER_SIGMA * float(fitting.fit_profiles(scan).variance_nm2) ** 0.5
    without_blur_nm = math.sqrt(image_nm**2 - Microscope().image_fwhm_nm(0) ** 2)
    spot_nm = REPORTED["main-spot-fwhm"].value
    return {"as measured": image_nm / spot_nm, "less the blur": without_blur_nm / spot_nm}


@claim(
    "s8-accum",
    expects=Bounds("warmth before a pulse of 20 nW", high=1, unit="K"),
    readings_of="model",
)
def accumulated_warmth() -> dict[str, float]:
    """Pile up pulses at 2.5 MHz, without flux for 0.1 s; 1 K is far below what moves Fig. 3c."""
    step_K = _step_K(Excitation(20, _RATE_MHZ).fluence_uJ_cm2).value
    quartz = _film(substrate=heat.FUSED_SILICA)
    left = {
        "on quartz": heat.centre_temperature(quartz, _PERIOD_NS, period_ns=_PERIOD_NS),
        "no flux, wide": heat.heat_accumulation(_film(), _PERIOD_NS, 250_000)[-1],
        "no flux, radius 5 um": heat.heat_accumulation(_film(radius_um=5), _PERIOD_NS, 250_000)[-1],
    }
    return {name: step_K * float(steps) for name, steps in left.items()}


def _film(diffusivity_m2_s: float | None = None, **geometry: Any) -> heat.HeatedFilm:
    own = {} if diffusivity_m2_s is None else {"thermal_diffusivity_m2_s": diffusivity_m2_s}
    return heat.HeatedFilm.of(FILMS["OLA/OA"], **geometry, **own)


def _step_K(fluence_uJ_cm2: float) -> Estimate:
    one = Excitation(1, _RATE_MHZ)
    density = one.excitation_density * fluence_uJ_cm2 / one.fluence_uJ_cm2
    step = heat.temperature_step(density, one.photon_energy_J)
    return Estimate(float(step.temperature_step_K), float(step.std_err_K), "K", "Eq. (7)")


def _median_fluence() -> float:
    return float(datasets.load("printed_tables").fluence_uJ_cm2.median())
