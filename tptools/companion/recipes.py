"""What each dataset is made of: film, laser and microscope, and how much of them.

A recipe holds settings only: what a fit finds in the counts has come out of the hopping model.
`tptools.companion.make` carries them out.

Examples
--------
>>> len(RECIPES["rate_series"].conditions)
7
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from tptools.companion.explorer import EXPLORED, SERIES
from tptools.companion.simulations import EARLIER, approaches, light_and_spot
from tptools.companion.trials import ALTERNATIVES
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.hopping_law import ROOM_K, HoppingLaw
from tptools.instruments import Microscope, Scan, Timer, WholeSpot
from tptools.kmc import ExcitonModel, Recording, pulse_train
from tptools.kmc.observables import Estimator
from tptools.randomness import derive_seed

__all__ = [
    "CURVE_LASERS",
    "FILM",
    "READINGS",
    "RECIPES",
    "VARIANTS",
    "AllowedRecipe",
    "CalibrationRecipe",
    "ChoicesRecipe",
    "ComputedRecipe",
    "Condition",
    "CurvesRecipe",
    "ExperimentRecipe",
    "Recipe",
    "SearchRecipe",
    "SweepRecipe",
]

FILM = FILMS["Note 2"].hopping
"""Hopping and memory of Note 2, and trapping that Note 2 leaves out."""

_EVEN = replace(
    FILM,
    hop_rate_ground_per_ps=0.5,
    hop_rate_modified_per_ps=0.5,
    film="Note 2 without memory",
)
VARIANTS: Mapping[str, ExcitonModel] = MappingProxyType(
    {
        "memory and traps": FILM,
        "memory": replace(FILM, trap_rate_per_ps=0.0, film="Note 2 without traps"),
        "traps": _EVEN,
        "neither": replace(_EVEN, trap_rate_per_ps=0.0, film="Note 2 without traps and memory"),
    }
)
"""`FILM`, and what is left of it without traps, without memory, or without both.

Without memory every nanocrystal takes up excitons alike, with an assumed hop probability of 0.5.
"""


@dataclass(frozen=True)
class Condition:
    """A film under a laser.

    Parameters
    ----------
    film : ExcitonModel
        How excitons move in it, and its name.
    laser : Excitation
        Power and repetition rate.
    temperature_K : float, optional
        Of the sample holder.

    Examples
    --------
    >>> RECIPES["tplm_10nW"].conditions[0].laser.power_nW
    10
    """

    film: ExcitonModel
    laser: Excitation
    temperature_K: float = ROOM_K


@dataclass(frozen=True)
class Recipe:
    """Settings of one dataset.

    Parameters
    ----------
    title : str
        What it is.
    conditions : tuple of Condition
        One record each.
    microscope : Microscope
        Without its neutral-density filter.
    n_excitons : float
        Excitons to simulate, about; where a record has more light than at 1 nW, more by as much.
    seed : int
        Of simulation and photon noise, which draw from streams of their own.
    unfiltered_power_nW : float, optional
        Power at which no filter is used; at higher ones it passes the fraction that leaves as much
        light, so that all records have the same noise.
    along : str, optional
        Dimension of several records.

    Examples
    --------
    >>> len(RECIPES["power_series"].conditions)
    9
    """

    title: str
    conditions: tuple[Condition, ...]
    microscope: Microscope
    n_excitons: float
    seed: int
    unfiltered_power_nW: float = 1.0
    along: str = "record"

    def seed_of(self, k: int) -> int:
        """Seed of a record, by its condition and by how often that came before.

        Parameters
        ----------
        k : int
            Which record.

        Returns
        -------
        int
            The same whatever other conditions there are.

        Examples
        --------
        >>> recipe = RECIPES["repeat_series"]
        >>> len({recipe.seed_of(k) for k in range(6)})
        6
        """
        condition = self.conditions[k]
        return derive_seed(self.seed, condition, self.conditions[:k].count(condition))


@dataclass(frozen=True)
class CalibrationRecipe:
    """Settings of one calibration (`tptools.inference.calibrate`).

    Parameters
    ----------
    title : str
        What it is.
    start : ExcitonModel
        Where it begins.
    targets : mapping of str to float
        Numbers of the relaxation curve that are wanted.
    n_excitons, seed : int
        As for `calibrate`.

    Examples
    --------
    >>> sorted(RECIPES["calibration"].targets)
    ['highest_cm2_s', 'limit_cm2_s', 'tau_us']
    """

    title: str
    start: ExcitonModel
    targets: Mapping[str, float]
    n_excitons: int
    seed: int


@dataclass(frozen=True)
class SweepRecipe:
    """Settings of sweeps of the hopping model alone (`tptools.kmc.sweep`).

    Parameters
    ----------
    title : str
        What it is.
    model : ExcitonModel
        Where a grid does not say otherwise.
    grids : mapping of str to mapping
        Grid of each protocol, by its name, with lists of excitation densities and periods.
    recording : Recording
        Which instants after a pulse count.
    n_trains, seed : int
        As for `tptools.kmc.sweep`.
    displacement_every_ns : float, optional
        Keep the mean square displacements of all trains at these intervals; by default none.
    """

    title: str
    model: ExcitonModel
    grids: Mapping[str, Mapping[str, object]]
    recording: Recording
    n_trains: int
    seed: int = 0
    displacement_every_ns: float = 0.0


@dataclass(frozen=True)
class ComputedRecipe:
    """Settings of what a function of this package computes for a chapter.

    Parameters
    ----------
    title : str
        What it is.
    compute : callable
        The function: of the films, the seed and the settings, by name; it returns a Dataset.
    films : mapping of str to ExcitonModel
        The films that it simulates.
    settings : mapping
        Its other arguments.
    seed : int
        Of its simulations.

    Examples
    --------
    >>> RECIPES["curves_of_note_2"].compute.__name__
    'light_and_spot'
    """

    title: str
    compute: Callable[..., xr.Dataset]
    films: Mapping[str, ExcitonModel]
    settings: Mapping[str, object]
    seed: int


@dataclass(frozen=True)
class ChoicesRecipe:
    """Settings of the readings of one film by many choices (`tptools.companion.readings`).

    Parameters
    ----------
    title : str
        What it is.
    film : ExcitonModel
        The film.
    n_excitons, seed : int
        As for `tptools.companion.readings.read_by_choices`.
    """

    title: str
    film: ExcitonModel
    n_excitons: int
    seed: int


@dataclass(frozen=True)
class ExperimentRecipe:
    """Settings of experiments on allowed films (`tptools.companion.experiments`).

    Parameters
    ----------
    title : str
        What it is.
    case : str
        Which draws of the dataset ``allowed_films``.
    n_films : int
        How many, evenly spaced.
    n_excitons, seed : int
        As for `tptools.inference.run_shots`.
    """

    title: str
    case: str
    n_films: int
    n_excitons: int
    seed: int


@dataclass(frozen=True)
class CurvesRecipe:
    """Settings of curves of films (`tptools.companion.explorer.simulated_curves`).

    Parameters
    ----------
    title : str
        What it is.
    films : mapping of str to ExcitonModel
        By name.
    series : mapping of str to tuple of Excitation
        Lasers, by name.
    n_excitons, seed : int
        As for `simulated_curves`.
    """

    title: str
    films: Mapping[str, ExcitonModel]
    series: Mapping[str, tuple[Excitation, ...]]
    n_excitons: int
    seed: int


@dataclass(frozen=True)
class SearchRecipe:
    """Settings of a search for films (`tptools.companion.search.search_films`).

    Parameters
    ----------
    title : str
        What it is.
    n_first : int
        Films that fill the prior.
    n_refined : tuple of int
        Films of each further batch, where the data lead.
    n_excitons, seed : int
        As for `tptools.inference.measure_films`.

    Examples
    --------
    >>> RECIPES["film_search"].n_first
    128
    """

    title: str
    n_first: int
    n_refined: tuple[int, ...]
    n_excitons: int
    seed: int


@dataclass(frozen=True)
class AllowedRecipe:
    """Settings of what is drawn from a search (`tptools.companion.allowed.allowed_films`).

    Parameters
    ----------
    title : str
        What it is.
    search : str
        Name of the search's recipe.
    n_draws, n_checks, n_known, n_papers : int
        Films drawn of each case, those of them that are simulated, known films that are simulated
        and sought, and synthetic papers on the emulator.
    n_excitons, seed : int
        As for `tptools.inference.measure_films`.

    Examples
    --------
    >>> RECIPES["allowed_films"].search
    'film_search'
    """

    title: str
    search: str
    n_draws: int
    n_checks: int
    n_known: int
    n_papers: int
    n_excitons: int
    seed: int


def _under(film: str, *lasers: Excitation) -> tuple[Condition, ...]:
    """A film under several lasers."""
    return tuple(Condition(FILMS[film].hopping, one) for one in lasers)


def _powers(rep_rate_MHz: float, *powers_nW: float) -> tuple[Excitation, ...]:
    return tuple(Excitation(power, rep_rate_MHz) for power in powers_nW)


def _rates(*rates_MHz: float, density: float = 0.02) -> tuple[Excitation, ...]:
    """Lasers of one excitation density, by default that of Fig. 2a."""
    return tuple(Excitation.from_excitation_density(density, rate) for rate in rates_MHz)


def _cooled(
    film: str, power_nW: float, temperatures_K: Sequence[float], law: HoppingLaw
) -> tuple[Condition, ...]:
    """A film at several temperatures, at the rate of Fig. 3c."""
    laser = Excitation(power_nW, 2.5)
    return tuple(
        Condition(FILMS[film].at_temperature(one, law), laser, one) for one in temperatures_K
    )


_EXAMPLE = Recipe(
    title="a scan of 1 s per position at 10 nW and 2.5 MHz",
    conditions=_under("Note 2", Excitation(10, 2.5)),
    microscope=Microscope(scan=Scan(dwell_s=1.0)),
    n_excitons=60_000,
    seed=1,
)
_FIG_1E = replace(
    _EXAMPLE,
    title="transient photoluminescence map at 10 nW and 2.5 MHz, as in Fig. 1e and 1f",
    microscope=Microscope(),
    n_excitons=1_000_000,
    seed=15,
)
_NO_TRAPS, _NO_MEMORY, _NEITHER = (
    replace(
        _FIG_1E,
        title=f"{_FIG_1E.title}, of a film {what}",
        conditions=(Condition(VARIANTS[name], Excitation(10, 2.5)),),
        seed=seed,
    )
    for seed, (name, what) in enumerate(
        {
            "memory": "without traps",
            "traps": "without memory",
            "neither": "with neither traps nor memory",
        }.items(),
        start=101,
    )
)
_FIG_S2 = replace(
    _FIG_1E,
    title="transient photoluminescence map at 25 nW, as in Fig. S2, "
    "and 5 MHz (not stated; the only rate at which Table S2 lists 25 nW)",
    conditions=_under("Note 2", Excitation(25, 5)),
    seed=52,
)
_FIG_1D = Recipe(
    title="decays at 5 MHz and the powers of Table S2, as in Fig. 1d and S6",
    conditions=_under("Note 2", *_powers(5, 0.5, 1, 2.5, 5, 10, 25)),
    microscope=Microscope(scan=WholeSpot(dwell_s=5.0), timer=Timer(window_end_ns=100.0)),
    unfiltered_power_nW=0.5,
    n_excitons=500_000,
    seed=14,
    along="power_nW",
)

# Figures 2 to 4 and S10 to S12. The paper names the fixed quantity of each series, and hardly any
# of the values that it takes; those are assumed, from the range of Tables S1 and S2.
CURVE_LASERS = _powers(2.5, 0.5, 1, 1.5, 2.5, 4, 6, 10, 15, 25)
"""Conditions of the relaxation curves of Fig. 4a and S12; assumed."""

_FLUENCES = _powers(5, 0.5, 1, 2.5, 5, 10, 25)
_CONSTANT_POWER = tuple(Excitation(5, rate) for rate in (1, 2.5, 5, 10, 20))
_SNR_LASERS = _powers(2.5, 1, 1.5, 2.5, 4, 6, 10)
_TRIAL_LASERS = _rates(1, 5, 20, 40) + _powers(5, 0.5, 2.5, 10, 25) + _CONSTANT_POWER[::2]
_TEMPERATURES_K = (50.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0, ROOM_K)
_RATES_ONLY_IN_MEMORY = HoppingLaw(
    phonon_broadening_meV=0, disorder_meV=0, relaxation_activation_meV=50
)


def _series(title: str, conditions: tuple[Condition, ...], seed: int, **changes: Any) -> Recipe:
    """Scans of the usual kind, long enough for a displacement up to 6 ns."""
    microscope = Microscope(timer=Timer(window_end_ns=6.0))
    return Recipe(title, conditions, microscope, 400_000, seed, **changes)


def _trial(name: str, seed: int) -> Recipe:
    """Some conditions of Fig. 2 on a film without memory."""
    conditions = tuple(Condition(ALTERNATIVES[name](one), one) for one in _TRIAL_LASERS)
    return _series(f"scans at conditions of Fig. 2, of an alternative: {name}", conditions, seed)


def _calibration(
    title: str, targets: Mapping[str, float], start: ExcitonModel, seed: int
) -> CalibrationRecipe:
    return CalibrationRecipe(title, start, targets, 200_000, seed)


# A coarse scan by hand found where MINPACK can start; from Note 2's numbers it does not arrive.
_COARSE = replace(
    FILMS["OLA/OA"].hopping,
    hop_rate_ground_per_ps=0.025,
    hop_rate_modified_per_ps=0.23,
    relaxation_time_us=0.3,
)

READINGS: tuple[Estimator, ...] = (
    "second_moment",
    "as_printed",
    "radial_profile",
    "gaussian",
    "slice_line",
)
"""What may be called D of a simulated run, by the names of `tptools.kmc.diffusivity`."""

_FEW = {"excitation_density": [0.02], "period_us": [0.05, 0.1, 0.2, 0.5]}
_COLLAPSE = SweepRecipe(
    title="diffusivity of Note 2's model over <N> and period, as in Fig. 4e",
    model=ExcitonModel(),
    grids={
        "steady state": {
            "excitation_density": [0.005, 0.01, 0.02, 0.04, 0.08],
            "period_us": [0.05, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.5],
        },
        "isolated": {
            "excitation_density": [0.01, 0.02, 0.04],
            "period_us": [np.inf],
            "n_pulses": 2000,
        },
        "one relaxation time": {
            "excitation_density": [0.08],
            "period_us": [8.1, np.inf],
            "n_pulses": 2000,
        },
        "fresh lattice": _FEW | {"burn_in_pulses": 0},
        "each neighbour": _FEW | {"hop_rule": "each_neighbour"},
    },
    recording=Recording(until_ns=3),
    n_trains=6,
)

_SPOTS_NM = {f"spot of {width} nm": width for width in (250, 500, 600)}
_SPOTS: dict[str, dict[str, object]] = {
    name: {"spot_sigma_sites": pulse_train(Excitation(1, 1, spot_fwhm_nm=w), 1).spot_sigma_sites}
    for name, w in _SPOTS_NM.items()
}
_VARIANTS = SweepRecipe(
    title="diffusivity of Note 2's model with other spots and lifetimes, and for rare pulses",
    model=ExcitonModel(),
    grids={
        **{name: _FEW | {"n_pulses": 200} | spot for name, spot in _SPOTS.items()},
        "brighter": {"excitation_density": [0.08], "period_us": [0.4], "n_pulses": 200}
        | _SPOTS["spot of 500 nm"],
        **{
            f"lifetime of {life:g} ns": _FEW | {"n_pulses": 500, "lifetime_ns": life}
            for life in (2.5, 2.3, 1.5)
        },
    },
    recording=Recording(until_ns=3),
    n_trains=6,
    displacement_every_ns=0.5,
)
_RARE = SweepRecipe(
    title="diffusivity of Note 2's model for rare pulses, by both rules of hopping",
    model=ExcitonModel(),
    grids={
        # the relaxation time as period, and as time between excitations
        "one chosen neighbour": {
            "excitation_density": [0.02],
            "period_us": [8.1, 0.02 * 8.1],
        },
        "each neighbour": {
            "excitation_density": [0.02],
            "period_us": [np.inf],
            "hop_rule": "each_neighbour",
        },
    },
    recording=Recording(until_ns=3),
    n_trains=12,
)
_APPROACH = ComputedRecipe(
    title="diffusivity of Note 2's model from a fresh lattice on, over that of the steady state",
    compute=approaches,
    films={"Note 2 without traps": ExcitonModel()},
    settings={"excitation_density": 0.02, "periods_us": (0.025, 0.05, 0.1, 0.2)},
    seed=1,
)
_CURVES = ComputedRecipe(
    title="relaxation curves of Note 2's film and of OLA/OA, in other spots and under other light",
    compute=light_and_spot,
    films={
        "Note 2 without traps": ExcitonModel(),
        "Note 2": FILM,
        "OLA/OA": FILMS["OLA/OA"].hopping,
        "OLA/OA, calibrated so": EARLIER,
    },
    settings={"lasers": CURVE_LASERS},
    seed=1,
)

AnyRecipe = (
    Recipe
    | ComputedRecipe
    | CalibrationRecipe
    | SweepRecipe
    | ChoicesRecipe
    | CurvesRecipe
    | SearchRecipe
    | AllowedRecipe
    | ExperimentRecipe
)

RECIPES: Mapping[str, AnyRecipe] = MappingProxyType(
    {
        "simulated_collapse": _COLLAPSE,
        "simulated_variants": _VARIANTS,
        "simulated_rare": _RARE,
        "simulated_approach": _APPROACH,
        "curves_of_note_2": _CURVES,
        "decays_5MHz": _FIG_1D,
        "tplm_10nW": _FIG_1E,
        "tplm_10nW_memory": _NO_TRAPS,
        "tplm_10nW_neither": _NEITHER,
        "tplm_10nW_traps": _NO_MEMORY,
        "tplm_25nW": _FIG_S2,
        "tplm_example": _EXAMPLE,
        "rate_series": _series(
            "scans at <N> = 0.02 and several repetition rates, as in Fig. 2a and 2b",
            _under("OLA/OA", *_rates(0.5, 1, 2.5, 5, 10, 20, 40)),
            1000,
        ),
        "fluence_series": _series(
            "scans at 5 MHz and the powers of Table S2, as in Fig. 2c and 2d",
            _under("OLA/OA", *_FLUENCES),
            1100,
        ),
        "constant_power_series": _series(
            "scans at 5 nW and several repetition rates, as in Fig. 2e and S3",
            _under("OLA/OA", *_CONSTANT_POWER),
            1200,
        ),
        "power_series": _series(
            "scans at 2.5 MHz and several powers, as in Fig. 2f and 4a",
            _under("OLA/OA", *CURVE_LASERS),
            1300,
        ),
        "note_2_series": _series(
            "scans at 2.5 MHz and several powers, of a film with Note 2's numbers",
            _under("Note 2", *CURVE_LASERS),
            1400,
        ),
        "repeat_series": _series(
            "six scans of one spot in the order of Fig. 3a",
            _under("OLA/OA", *_powers(2.5, 1.5, 6, 6, 1.5, 6, 1.5)),
            1500,
        ),
        "snr_natural": _series(
            "scans at 2.5 MHz without a filter: light grows with power, as circles in Fig. 3b",
            _under("OLA/OA", *_SNR_LASERS),
            1600,
            unfiltered_power_nW=10.0,
        ),
        "snr_constant": _series(
            "scans at 2.5 MHz with a filter that keeps the light of 1 nW, as crosses in Fig. 3b",
            _under("OLA/OA", *_SNR_LASERS),
            1700,
        ),
        "temperature_series": _series(
            "scans at 1 nW and 2.5 MHz, two films at several temperatures, as in Fig. 3c",
            _cooled("OLA/OA", 1, _TEMPERATURES_K, HoppingLaw())
            + _cooled("ASC18", 1, _TEMPERATURES_K, HoppingLaw()),
            1800,
        ),
        "temperature_10nW": _series(
            "the same at 10 nW, where memory counts",
            _cooled("OLA/OA", 10, _TEMPERATURES_K[2:], HoppingLaw()),
            1900,
        ),
        "temperature_memory": _series(
            "the same at 1 nW, if temperature changes nothing but the memory's relaxation",
            _cooled("OLA/OA", 1, _TEMPERATURES_K[2:], _RATES_ONLY_IN_MEMORY),
            2000,
        ),
        "surface_series": _series(
            "scans of films with other surfaces, as in Fig. 3e and S10",
            _under("ASC18", *_powers(2.5, 1, 2.5, 4, 10, 25), *_rates(1, 5, 20))
            + _under("film ALD", *_powers(2.5, 1, 2.5, 4, 10, 25), *_rates(1, 5, 20))
            + _under("c-ALD 8", Excitation(10, 2.5))
            + _under("c-ALD 12", Excitation(10, 2.5)),
            2100,
        ),
        "coated_series": _series(
            "scans of the film with 4 cycles of colloidal ALD, as in Fig. 3e, S10 and S12",
            _under("c-ALD 4", *CURVE_LASERS, *_rates(1, 5, 20)),
            2200,
        ),
        "surface_1nW": _series(
            "scans of all films at 1 nW and 2.5 MHz, as in Fig. S11",
            tuple(
                Condition(film.hopping, Excitation(1, 2.5))
                for name, film in FILMS.items()
                if film.solid and name != "Note 2"
            ),
            2300,
        ),
        "trial_note_2": _series(
            "scans at conditions of Fig. 2, of a film with Note 2's numbers",
            _under("Note 2", *_TRIAL_LASERS),
            3300,
        ),
        "trial_no_memory": _trial("no memory", 3000),
        "trial_annihilation": _trial("annihilation", 3100),
        "trial_heating": _trial("heating", 3200),
        "calibration": _calibration(
            "what was tried to give the film OLA/OA the three numbers of Fig. 4a",
            {"limit_cm2_s": 0.01, "highest_cm2_s": 0.15, "tau_us": 6.0},
            _COARSE,
            4000,
        ),
        "calibration_coated": _calibration(
            "what was tried to give the film c-ALD 4 the time of Fig. S12",
            {"tau_us": 10.8},
            replace(FILMS["c-ALD 4"].hopping, relaxation_time_us=0.9),
            4100,
        ),
        "calibration_note_2": _calibration(
            "what was tried to give the film of Note 2 the time of Fig. 4a by its memory alone",
            {"tau_us": 6.0},
            replace(FILM, relaxation_time_us=4.0),
            4200,
        ),
        "reading_choices": ChoicesRecipe(
            "the relaxation curve of Note 2's film by other lasers, detectors and fits",
            FILM,
            20_000,
            5300,
        ),
        "explorer_curves": CurvesRecipe(
            "diffusivity of the excitons of four films, against power and repetition rate",
            EXPLORED,
            SERIES,
            n_excitons=40_000,
            seed=6100,
        ),
        "film_search": SearchRecipe(
            "what the experiment would read of films of many kinds, and of those that the paper's "
            "numbers allow",
            n_first=128,
            n_refined=(128, 96, 64),
            n_excitons=5000,
            seed=1,
        ),
        "allowed_films": AllowedRecipe(
            "films that the paper's numbers allow, and how sure that is",
            "film_search",
            n_draws=1000,
            n_checks=16,
            n_known=5,
            n_papers=100,
            n_excitons=15_000,
            seed=5100,
        ),
        "deciding_experiments": ExperimentRecipe(
            "what experiments would read of films that the paper's numbers allow",
            "free q",
            60,
            1500,
            5400,
        ),
    }
)
"""Recipes by the name of the dataset."""
