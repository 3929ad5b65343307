"""Which films read what the paper prints: its numbers as evidence, and the search for such films.

The library's `tptools.inference` knows no paper. Here stand the conditions, the intervals that the
paper's digits and words allow, and what is held possible beforehand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray
from tptools.companion.recipes import CURVE_LASERS
from tptools.excitation import Excitation
from tptools.inference import (
    READINGS,
    Choice,
    Emulator,
    LogUniform,
    Observation,
    Prior,
    Uniform,
    likelihood_of,
    measure_films,
    posterior,
    relaxation_numbers,
)
from tptools.kmc import ExcitonModel
from tptools.randomness import derive_seed

__all__ = [
    "CASES",
    "COATED",
    "DATA",
    "DESIGN",
    "LASERS",
    "MODEL",
    "OBSERVATIONS",
    "PRIOR",
    "Reader",
    "numbers_of",
    "search_films",
]

CONSTANT_POWER_RATES_MHZ = (0.5, 1, 5, 20)
LASERS = (*CURVE_LASERS, *(Excitation(5, rate) for rate in CONSTANT_POWER_RATES_MHZ))
"""Conditions of the search: those of the relaxation curve, then 5 nW at other rates."""

_N = len(CURVE_LASERS)
_POWERS_NW = [one.power_nW for one in CURVE_LASERS]
TIMES_US = np.array([one.disc_time_between_excitations_us for one in CURVE_LASERS])

PRIOR = Prior(
    {
        "hop_rate_ground_per_ps": LogUniform(0.00125, 0.1),
        "hop_rate_modified_per_ps": LogUniform(0.05, 0.5),
        "relaxation_time_us": LogUniform(0.05, 50.0),
        "modification_probability": LogUniform(1e-3, 1.0),
        "lifetime_ns": LogUniform(2.0, 4.0),
        "trap_rate_per_ps": Choice((0.0, 2e-4)),
        "n_layers": Choice((1, 2, 3, 4)),
        "spot_fwhm_nm": Uniform(250.0, 500.0),
        "peak_over_disc": Choice((math.log(2), 1.0)),
        "projection": Choice((0, 1)),
    }
)
"""What is held possible before any number of Fig. 4a or Fig. 2.

Hop rates are those to each neighbour, as the main text has them; by Note 2's rule, where an exciton
picks one neighbour per ps, they are a fourth of its probabilities. A modified rate below the range
makes no film fast enough, and above it a film is faster than 0.5 cm2/s, the fastest that the paper
cites. With rates to each neighbour a film of several layers spreads in its plane as one layer does
(`tptools.kmc.slab_diffusivity_ratio`) where all nanocrystals are alike; but its excitons modify
more of them. Films of 30 to 40 nm have three or four layers, and Note 2 simulates one. The memory
reaches from the shortest pause of the experiment to far beyond the longest. Lifetimes are those
whose prompt decay is near the reported one, with or without the traps of `tptools.film.FILMS`. The
spot is between that of Note 2's simulation and that of the experiment, and the light is a Gaussian
that conserves photons or has the paper's disc at its centre.
"""

CASES: Mapping[str, Prior] = MappingProxyType(
    {"q = 1": PRIOR.with_(modification_probability=Choice((1.0,))), "free q": PRIOR}
)
"""Note 2's rule, by which every visit modifies, and visits that modify by chance."""

MODEL = ExcitonModel(hop_rule="each_neighbour")
"""What no film of the search changes."""

DESIGN = Prior({name: one for name, one in PRIOR.ranges.items() if name != "projection"}).with_(
    modification_probability=LogUniform(1e-3, 10.0),
    peak_over_disc=Uniform(math.log(2), 1.0),
)
"""Films of the first batch: under any light between, and a quarter of them with q = 1."""

OBSERVATIONS: Mapping[str, Observation] = MappingProxyType(
    {
        one.name: one
        for one in (
            Observation(
                "limit_cm2_s", 0.005, 0.015, 0.1, "printed as ~0.01: what rounds to it (L246)"
            ),
            Observation(
                "highest_cm2_s",
                0.145,
                0.165,
                0.1,
                "0.15 in the text (L343), >0.15 in the abstract (L14), 15 times the limit (L247); "
                "one record, whose own error is about a tenth",
            ),
            Observation(
                "tau_us",
                5.5,
                6.5,
                0.1,
                "printed as ~6: what rounds to it (L244), error unknown",
            ),
            Observation(
                "constant_power_ratio",
                0.0,
                1.3,
                0.1,
                "did not change (L125-127): largest over smallest D at 5 nW from 1 to 20 MHz, "
                "within the error of a record",
            ),
            Observation(
                "rise_with_rate", 1.0, math.inf, 0.1, "more pulses always led to more (L123-125)"
            ),
            Observation(
                "rise_with_fluence",
                1.0,
                math.inf,
                0.1,
                "brighter pulses always led to more (L123-125)",
            ),
        )
    }
)
"""What the paper says of the film OLA/OA, each with the interval that its digits or words allow."""

COATED = Observation(
    "tau_us", 10.75, 10.85, 0.1, "printed as 10.8 for the coated film (L322); error not printed"
)

_CURVE = ("limit_cm2_s", "highest_cm2_s", "tau_us")
_RISES = ("rise_with_rate", "rise_with_fluence")
DATA: Mapping[str, tuple[Observation, ...]] = MappingProxyType(
    {
        name: tuple(OBSERVATIONS[one] for one in chosen)
        for name, chosen in {
            "curve": (*_CURVE, *_RISES),
            "curve and constant power": (*_CURVE, *_RISES, "constant_power_ratio"),
            "without the limit": ("highest_cm2_s", "tau_us", *_RISES, "constant_power_ratio"),
            "without the highest": ("limit_cm2_s", "tau_us", *_RISES, "constant_power_ratio"),
            "without the time": ("limit_cm2_s", "highest_cm2_s", *_RISES, "constant_power_ratio"),
        }.items()
    }
    | {"time of the coated film": (COATED,)}
)
"""Sets of data: all that is printed, and less; of the coated film its time is all there is."""

ALL = "curve and constant power"

NEW_SITES_PER_HOP = 0.3
WIDENED = (4.0, 2.0, 1.5)
SAMPLING: Mapping[str, int] = {"n_prior": 2**15, "n_walkers": 100, "n_steps": 300}
LINEAR_BELOW_CM2_S, N_COMPONENTS = 0.008, 6


def numbers_of(diffusivity_cm2_s: FloatArray) -> pd.DataFrame:
    """Numbers that the paper's statements are about.

    Parameters
    ----------
    diffusivity_cm2_s : ndarray of shape (n, n_lasers)
        At `LASERS`.

    Returns
    -------
    DataFrame
        A row for each film. ``limit_cm2_s``, ``highest_cm2_s`` and ``tau_us`` of the relaxation
        curve. ``constant_power_ratio``, largest over smallest D at 5 nW from 1 to 20 MHz, and
        ``slow_ratio``, that at 0.5 MHz over the mean from 2.5 MHz on. ``rise_with_rate``, the least
        factor between conditions of one fluence and another rate, and ``rise_with_fluence`` of one
        rate and a fluence at least twice as high.

    Examples
    --------
    >>> level = np.full((1, 13), 0.05)
    >>> float(numbers_of(level).constant_power_ratio[0])
    1.0
    """
    curve, other = diffusivity_cm2_s[:, :_N], diffusivity_cm2_s[:, _N:]
    slowest, *usual = np.insert(other, 2, _at_power(curve, 5.0), axis=1).T
    found = pd.DataFrame(relaxation_numbers(TIMES_US, curve))
    with np.errstate(divide="ignore", invalid="ignore"):
        found["constant_power_ratio"] = np.max(usual, axis=0) / np.min(usual, axis=0)
        found["slow_ratio"] = slowest / np.mean(usual[1:], axis=0)
        found["rise_with_rate"] = _rise_with_rate(curve, other)
        found["rise_with_fluence"] = (curve[:, 2:] / curve[:, :-2]).min(axis=1)
    return found


def _rise_with_rate(curve: FloatArray, other: FloatArray) -> FloatArray:
    """Least factor from one rate to a higher one at the fluence of 5 nW and another rate."""
    usual_MHz = CURVE_LASERS[0].rep_rate_MHz
    rises = [
        (_at_power(curve, 5 * usual_MHz / rate) / one) ** np.sign(usual_MHz - rate)
        for rate, one in zip(CONSTANT_POWER_RATES_MHZ, other.T, strict=True)
    ]
    return np.min(rises, axis=0)


def _at_power(curve: FloatArray, power_nW: float) -> FloatArray:
    """D at 2.5 MHz and a power between those of the curve."""
    above = max(1, int(np.searchsorted(_POWERS_NW, power_nW)))
    low, high = np.log(_POWERS_NW[above - 1 : above + 1])
    share = (math.log(power_nW) - low) / (high - low)
    return (1 - share) * curve[:, above - 1] + share * curve[:, above]


def _with_paving(films: pd.DataFrame) -> pd.DataFrame:
    """Films with what their excitons pave instead of the chance that a visit modifies.

    To first order a curve depends on chance and memory by their product alone: how many visits
    modify a site within its memory. The emulator has less to learn if it is told. In several layers
    an exciton spreads in the plane as in one, and hops up and down beside while it stays at a
    place, there to new sites of this column until it has met all.
    """
    hops = 4e3 * films["lifetime_ns"] * films["hop_rate_ground_per_ps"]
    layers = films["n_layers"]
    vertical = (1 - 1 / layers) / 2 / NEW_SITES_PER_HOP
    of_a_column = layers * (1 - (1 - 1 / layers) ** (1 + vertical))
    visits = films["peak_over_disc"] * (1 + NEW_SITES_PER_HOP * hops) * of_a_column
    chance = films["modification_probability"]
    paving = visits * chance * films["relaxation_time_us"]
    return films.drop(columns="modification_probability").assign(paving=paving)


@dataclass(frozen=True)
class Reader:
    """What the experiment would read of films, by an emulator of simulated ones.

    Parameters
    ----------
    emulator : Emulator
        Of all outputs over laser and reading, in this order.
    errors : mapping of str to float, optional
        Relative errors that the emulator adds to numbers.

    Examples
    --------
    ::

        Reader.of(datasets.load("film_search")).numbers(PRIOR.design(8, seed=1))
    """

    emulator: Emulator
    errors: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, films: xr.Dataset) -> Reader:
        """Learn from simulated films.

        Parameters
        ----------
        films : Dataset
            From `tptools.inference.measure_films` at `LASERS`.

        Returns
        -------
        Reader
        """
        parameters = _with_paving(films[list(DESIGN.ranges)].to_dataframe()[list(DESIGN.ranges)])
        outputs = films["diffusivity_cm2_s"].transpose("film", "laser", "reading").to_numpy()
        flat = outputs.reshape(len(outputs), -1)
        emulator = Emulator.fit(
            parameters, flat, linear_below=LINEAR_BELOW_CM2_S, n_components=N_COMPONENTS
        )
        return cls(emulator)

    def curves(self, films: pd.DataFrame, outputs: FloatArray | None = None) -> FloatArray:
        """Diffusivities at `LASERS`, each film by its own reading.

        Parameters
        ----------
        films : DataFrame
            Parameters of `PRIOR`.
        outputs : ndarray, optional
            Of the emulator for the same films, if not its best ones.

        Returns
        -------
        ndarray of shape (n, n_lasers)
            In cm2/s.
        """
        outputs = self.emulator.predict(_with_paving(films)) if outputs is None else outputs
        each = outputs.reshape(len(films), len(LASERS), len(READINGS))
        reading = films["projection"].to_numpy(int)
        return each[np.arange(len(films)), :, reading]

    def numbers(self, films: pd.DataFrame) -> pd.DataFrame:
        """Numbers that would be printed of films (`numbers_of`).

        Parameters
        ----------
        films : DataFrame
            Parameters of `PRIOR`.

        Returns
        -------
        DataFrame
        """
        return numbers_of(self.curves(films))

    def uncertain(self, films: pd.DataFrame, *, seed: int, n: int = 20) -> dict[str, float]:
        """Relative errors of numbers that the emulator leaves, the median over films.

        Parameters
        ----------
        films : DataFrame
            Parameters of `PRIOR`.
        seed : int
            Of draws of the emulator.
        n : int, optional
            Draws for each film.

        Returns
        -------
        dict of str to float
        """
        drawn = self.emulator.draws(_with_paving(films), n, seed=seed)
        tables = np.array([numbers_of(self.curves(films, one)) for one in drawn])
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = np.nanstd(tables, axis=0) / np.abs(np.nanmean(tables, axis=0))
        names = numbers_of(self.curves(films[:1])).columns
        return dict(zip(names, np.nanmedian(spread, axis=0).tolist(), strict=True))

    def likelihood(self, data: Sequence[Observation]) -> Callable[[pd.DataFrame], FloatArray]:
        """Likelihood of films, for `tptools.inference.posterior`.

        Parameters
        ----------
        data : sequence of Observation
            What is taken as evidence.

        Returns
        -------
        callable
        """
        return lambda films: likelihood_of(self.numbers(films), data, self.errors)


def search_films(
    *,
    seed: int,
    n_first: int,
    n_refined: Sequence[int],
    n_excitons: int,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Simulate films of the whole prior, then more where the data leave them.

    Parameters
    ----------
    seed : int
        Of design, simulations and draws.
    n_first : int
        Films of `DESIGN`.
    n_refined : sequence of int
        Films of each further batch, half of them for each of `CASES`. They are drawn from the
        posterior of what the films before them say, with edges of the data widened by
        `WIDENED` for the first batch and less for each that follows.
    n_excitons, cache_dir, progress
        As for `tptools.inference.measure_films`.

    Returns
    -------
    Dataset
        From `tptools.inference.measure_films`, with ``batch`` over ``film``.

    Examples
    --------
    ::

        search_films(seed=1, n_first=128, n_refined=(128, 128), n_excitons=5000, cache_dir="kept")
    """
    settings: dict[str, Any] = {"model": MODEL, "n_excitons": n_excitons, "cache_dir": cache_dir}
    films = DESIGN.design(n_first, seed=seed)
    # what the range has above one stands for one
    films["modification_probability"] = films["modification_probability"].clip(upper=1.0)
    found = [measure_films(films, LASERS, seed=seed, progress=progress, **settings)]
    for k, n in enumerate(n_refined):
        reader = Reader.of(xr.concat(found, "film"))
        films = _where_data_lead(reader, n, seed=derive_seed(seed, "batch", k), widened=WIDENED[k])
        found.append(measure_films(films, LASERS, seed=seed, progress=progress, **settings))
    batches = [one.assign(batch=("film", [k] * one.sizes["film"])) for k, one in enumerate(found)]
    return xr.concat(batches, "film", combine_attrs="drop_conflicts")


def _where_data_lead(reader: Reader, n: int, *, seed: int, widened: float) -> pd.DataFrame:
    """Films from the posteriors of both cases, with less sharp data."""
    data = [replace(one, edge=widened * one.edge) for one in DATA[ALL]]
    likelihood = reader.likelihood(data)
    drawn = [
        posterior(prior, likelihood, seed=seed, n_draws=n // len(CASES), **SAMPLING).to_dataframe()
        for prior in CASES.values()
    ]
    return pd.concat(drawn, ignore_index=True)[list(DESIGN.ranges)]
