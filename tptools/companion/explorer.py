"""Films, lasers and curves of the page in which readers run the hopping model themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.kmc import ExcitonModel, film_diffusivity
from tptools.randomness import seed_sequence

__all__ = ["EXPLORED", "LASERS", "N_TRAINS", "SERIES", "settings", "simulated_curves"]

N_TRAINS = 4
LATTICE_SIZE = 257
"""The smallest lattice that holds a spot of 500 nm at a spacing of 10 nm."""

TWIN = replace(
    FILMS["OLA/OA"].hopping,
    hop_rate_ground_per_ps=0.0138,
    hop_rate_modified_per_ps=0.166,
    relaxation_time_us=8.0,
    modification_probability=0.0365,
    film="OLA/OA, long memory",
)
"""A film that remembers for 8 us and draws the curve of OLA/OA, which remembers for 0.3 us.

Least squares on the logarithm of D at 2.5 MHz and five powers found its rates and its chance.
"""

EXPLORED: Mapping[str, ExcitonModel] = MappingProxyType(
    {one: FILMS[one].hopping for one in ("OLA/OA", "Note 2", "c-ALD 4")} | {TWIN.film: TWIN}
)
"""Films that the page offers, by name: three of the book, and a twin of the first."""

SERIES: Mapping[str, tuple[Excitation, ...]] = MappingProxyType(
    {
        "power": tuple(Excitation(one, 2.5) for one in (0.5, 1, 1.5, 2.5, 4, 6, 10, 15, 25)),
        "rate": tuple(Excitation(5, one) for one in (0.5, 1, 2.5, 5, 10, 20)),
    }
)
"""Lasers of the book's curves: several powers at one repetition rate, and the other way round."""

LASERS: Mapping[str, Excitation] = MappingProxyType(
    {
        "weak light: 1 nW at 2.5 MHz": Excitation(1, 2.5),
        "5 nW at 2.5 MHz": Excitation(5, 2.5),
        "Fig. 1e: 10 nW at 2.5 MHz": Excitation(10, 2.5),
        "Fig. S2: 25 nW at 5 MHz": Excitation(25, 5),
        "5 nW in few strong pulses: 0.5 MHz": Excitation(5, 0.5),
        "5 nW in many weak pulses: 20 MHz": Excitation(5, 20),
    }
)
"""Lasers that the page offers, of the paper and of its series at constant power."""


def simulated_curves(
    films: Mapping[str, ExcitonModel],
    series: Mapping[str, tuple[Excitation, ...]],
    *,
    seed: int,
    n_excitons: float,
) -> xr.Dataset:
    """Diffusivity of the excitons of films under series of lasers, as no microscope can read it.

    Parameters
    ----------
    films : mapping of str to ExcitonModel
        By name.
    series : mapping of str to tuple of Excitation
        By name.
    seed : int
        As for `tptools.kmc.film_diffusivity`.
    n_excitons : float
        In each of four trains, about.

    Returns
    -------
    Dataset
        ``diffusivity_cm2_s`` and ``std_err`` over (film, laser), with all numbers of each film,
        and of each laser ``series``, ``power_nW``, ``rep_rate_MHz`` and
        ``time_between_excitations_us``.

    Examples
    --------
    >>> few = {"power": (Excitation(25, 2.5),)}
    >>> one = {"OLA/OA": EXPLORED["OLA/OA"]}
    >>> dict(simulated_curves(one, few, seed=1, n_excitons=100).sizes)
    {'film': 1, 'laser': 1}
    """
    lasers = [(name, one) for name, several in series.items() for one in several]
    found = [
        [
            film_diffusivity(film, one, seed=seed, n_excitons=n_excitons, n_trains=N_TRAINS)
            for _, one in lasers
        ]
        for film in films.values()
    ]
    dims, units = ("film", "laser"), {"units": "cm2/s"}
    of_films = {
        one.name: ("film", [getattr(film, one.name) for film in films.values()])
        for one in fields(ExcitonModel)
        if one.name != "film"
    }
    of_lasers = {
        name: ("laser", [getattr(one, name) for _, one in lasers])
        for name in ("power_nW", "rep_rate_MHz", "time_between_excitations_us")
    }
    return xr.Dataset(
        {
            "diffusivity_cm2_s": (dims, [[one.value for one in row] for row in found], units),
            "std_err": (dims, [[one.std_err for one in row] for row in found], units),
            **of_films,
        },
        {"film": list(films), "series": ("laser", [name for name, _ in lasers]), **of_lasers},
    )


def settings(curves: xr.Dataset) -> dict[str, Any]:
    """All that the page is told: what it offers, what its scripts need, what it draws at once.

    Parameters
    ----------
    curves : Dataset
        From `simulated_curves`.

    Returns
    -------
    dict
        Of what JSON can hold.

    Examples
    --------
    ::

        settings(datasets.load("explorer_curves"))
    """
    laser = next(iter(LASERS.values()))  # all share their optics
    optics = ("throughput", "absorption_cross_section_cm2", "photon_energy_J")
    shown = {name: replace(one, lattice_size=LATTICE_SIZE) for name, one in EXPLORED.items()}
    return {
        "films": {name: asdict(one) for name, one in shown.items()},
        "lasers": {name: asdict(one) for name, one in LASERS.items()},
        "optics": {name: getattr(laser, name) for name in optics},
        "spawn_keys": [seed_sequence(0, "train", k).spawn_key for k in range(N_TRAINS)],
        "curves": _drawn(curves),
    }


def _drawn(curves: xr.Dataset) -> list[dict[str, Any]]:
    """Curves as lists of points, with the digits that can be seen."""
    numbers = ["power_nW", "rep_rate_MHz", "time_between_excitations_us"]
    return [
        {
            "film": str(one.film.item()),
            "series": name,
            "points": [
                dict(zip([*numbers, "D"], row, strict=True))
                for row in _rounded(np.stack([part[k] for k in (*numbers, "diffusivity_cm2_s")]))
            ],
        }
        for name, part in curves.groupby("series")
        for _, one in part.groupby("film", squeeze=False)
        for part in [one.squeeze("film")]
    ]


def _rounded(columns: FloatArray) -> list[list[float]]:
    """Rows of columns, to four digits."""
    return [[float(f"{value:.4g}") for value in row] for row in columns.T]
