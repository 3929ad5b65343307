"""How each dataset is made: film, laser and microscope, from the hopping model to counts.

``python -m tptools.recipes NAME`` remakes a dataset; ``--list`` says which there are. A recipe
holds settings only: what a fit finds in the counts has come out of the hopping model.

Examples
--------
>>> sorted(RECIPES)
['decays_5MHz', 'tplm_10nW', 'tplm_10nW_memory', 'tplm_10nW_neither', 'tplm_10nW_traps', \
'tplm_25nW', 'tplm_example']
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from types import MappingProxyType

import joblib
import pooch
import xarray as xr

from tptools.checks import check_choice
from tptools.excitation import Excitation
from tptools.instruments import Microscope, measure
from tptools.kmc import ExcitonModel, PulseTrain, Recording, simulate
from tptools.kmc.sweep import code_fingerprint
from tptools.units import FWHM_PER_SIGMA

__all__ = ["FILM", "FILMS", "RECIPES", "Recipe", "main", "make", "pulse_train", "write"]

FILM = ExcitonModel(
    lifetime_ns=3.2, trap_probability=2e-4, trap_time_minimum_ns=1.0, trap_exponent=0.5
)
"""The uncoated film: hopping and memory of Note 2, and trapping that Note 2 leaves out.

Trapping is assumed; with it a recombination time of 3.2 ns gives the prompt decay of ~2.3 ns and
the power law of ~1.5 that the main text reports at low power.
"""

_EVEN = {"hop_probability_ground": 0.5, "hop_probability_modified": 0.5}
FILMS: Mapping[str, ExcitonModel] = MappingProxyType(
    {
        "memory and traps": FILM,
        "memory": replace(FILM, trap_probability=0.0),
        "traps": replace(FILM, **_EVEN),
        "neither": replace(FILM, **_EVEN, trap_probability=0.0),
    }
)
"""`FILM`, and what is left of it without traps, without memory, or without both.

Without memory every nanocrystal takes up excitons alike, with an assumed hop probability of 0.5.
"""

RECORDING = Recording(interval_ps=50, until_ns=20.0)
N_TRAINS = 8


@dataclass(frozen=True)
class Recipe:
    """Settings of one dataset.

    Parameters
    ----------
    title : str
        What it is.
    powers_nW : tuple of float
        Nominal powers; more than one become a dimension.
    rep_rate_MHz : float
        Repetition rate.
    microscope : Microscope
        Without its neutral-density filter.
    unfiltered_power_nW : float
        Power at which no filter is used; at higher ones it passes the fraction that leaves as much
        light, so that all records have the same noise.
    n_excitons : int
        Excitons to simulate at each power, about.
    integrated : bool
        Whether the whole spot is seen, without a scan.
    seed : int
        Of simulation and photon noise; the k-th power takes `seed` + k.
    film : ExcitonModel, optional
        One of `FILMS`.
    """

    title: str
    powers_nW: tuple[float, ...]
    rep_rate_MHz: float
    microscope: Microscope
    unfiltered_power_nW: float
    n_excitons: int
    integrated: bool
    seed: int
    film: ExcitonModel = FILM


_EXAMPLE = Recipe(
    title="a scan of 1 s per position at 10 nW and 2.5 MHz",
    powers_nW=(10.0,),
    rep_rate_MHz=2.5,
    microscope=Microscope(dwell_s=1.0),
    unfiltered_power_nW=1.0,
    n_excitons=60_000,
    integrated=False,
    seed=1,
)
_FIG_1E = replace(
    _EXAMPLE,
    title="transient photoluminescence map at 10 nW and 2.5 MHz, as in Fig. 1e and 1f",
    microscope=Microscope(),
    n_excitons=2_000_000,
    seed=15,
)
_NO_TRAPS, _NO_MEMORY, _NEITHER = (
    replace(_FIG_1E, title=f"{_FIG_1E.title}, of a film {what}", film=FILMS[name], seed=seed)
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
    powers_nW=(25.0,),
    rep_rate_MHz=5.0,
    seed=52,
)
_FIG_1D = Recipe(
    title="decays at 5 MHz and the powers of Table S2, as in Fig. 1d and S6",
    powers_nW=(0.5, 1.0, 2.5, 5.0, 10.0, 25.0),
    rep_rate_MHz=5.0,
    microscope=Microscope(dwell_s=5.0, window_end_ns=100.0),
    unfiltered_power_nW=0.5,
    n_excitons=500_000,
    integrated=True,
    seed=14,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "decays_5MHz": _FIG_1D,
        "tplm_10nW": _FIG_1E,
        "tplm_10nW_memory": _NO_TRAPS,
        "tplm_10nW_neither": _NEITHER,
        "tplm_10nW_traps": _NO_MEMORY,
        "tplm_25nW": _FIG_S2,
        "tplm_example": _EXAMPLE,
    }
)
"""Recipes by the name of the dataset."""


def pulse_train(
    excitation: Excitation, n_pulses: int, burn_in_pulses: int | None = None
) -> PulseTrain:
    """Pulses of a laser on the film, in the units of the lattice.

    Parameters
    ----------
    excitation : Excitation
        Power, repetition rate and spot.
    n_pulses, burn_in_pulses : int
        As for `PulseTrain`.

    Returns
    -------
    PulseTrain

    Examples
    --------
    >>> round(pulse_train(Excitation(10, 2.5), n_pulses=100).spot_sigma_sites, 2)
    21.23
    """
    sigma_sites = excitation.spot_fwhm_nm / FWHM_PER_SIGMA / FILM.lattice_spacing_nm
    density, period_us = excitation.excitation_density, excitation.pulse_period_us
    return PulseTrain(density, period_us, sigma_sites, n_pulses, burn_in_pulses)


def make(
    name: str, *, cache_dir: str | PathLike[str] | None = None, progress: bool = False
) -> xr.Dataset:
    """Make a dataset from nothing.

    Parameters
    ----------
    name : str
        One of `RECIPES`.
    cache_dir : path, optional
        Folder in which the simulation of each power is kept as soon as it has finished; the same
        call takes up from there, unless the code of the model has changed.
    progress : bool, optional
        Show a bar over pulses, one for each power.

    Returns
    -------
    Dataset
        As of `tptools.instruments.measure`; where there are several powers, along ``power_nW``,
        with what differs between them as further variables.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> make("tplm_example").counts.dims
    ('time_ns', 'position_nm')
    """
    check_choice("name", name, sorted(RECIPES))
    recipe = RECIPES[name]
    run = joblib.Memory(cache_dir, verbose=0).cache(_run, ignore=["progress"])
    records = [
        _measure(recipe, power, recipe.seed + k, run, progress)
        for k, power in enumerate(recipe.powers_nW)
    ]
    made = records[0] if len(records) == 1 else _join(records)
    licence = {"licence": "CC BY 4.0", "recipe": f"python -m tptools.recipes {name}"}
    return made.assign_attrs(title=recipe.title, **licence)


def write(dataset: xr.Dataset, path: str | PathLike[str]) -> str:
    """Write counts to a compressed netCDF file.

    Parameters
    ----------
    dataset : Dataset
        From `make`.
    path : path
        Of the file.

    Returns
    -------
    str
        Its line for ``data_registry.txt``.
    """
    packed = {"counts": {"zlib": True, "complevel": 9, "shuffle": True}}
    dataset.to_netcdf(path, engine="h5netcdf", encoding=packed)
    return f"{Path(path).name} {pooch.file_hash(str(path))}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Remake a dataset from the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the command line.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tptools.recipes",
        description="Remake a dataset. Its counts are those of data/, its bytes may differ with "
        "the HDF5 library; the line for data_registry.txt is printed.",
    )
    parser.add_argument("name", nargs="?", choices=sorted(RECIPES), help="which dataset")
    parser.add_argument("--list", action="store_true", help="list the datasets and stop")
    parser.add_argument("--folder", type=Path, default=Path(), help="where the file goes")
    parser.add_argument("--cache", type=Path, help="folder from which a stopped run resumes")
    options = parser.parse_args(arguments)
    if options.list or options.name is None:
        print(*(f"{name:17} {recipe.title}" for name, recipe in RECIPES.items()), sep="\n")
        return
    made = make(options.name, cache_dir=options.cache, progress=True)
    print(write(made, options.folder / f"{options.name}.nc"))


def _run(
    pulses: PulseTrain, seed: int, film: ExcitonModel, fingerprint: str, progress: bool
) -> xr.Dataset:
    """Simulate; the cache tells results apart by all arguments but the last."""
    return simulate(
        film, pulses, seed=seed, n_trains=N_TRAINS, recording=RECORDING, progress=progress
    )


def _pulses(recipe: Recipe, excitation: Excitation) -> PulseTrain:
    """Train of pulses that makes about the wanted number of excitons."""
    one = pulse_train(excitation, n_pulses=1)
    per_pulse = 2 * math.pi * one.spot_sigma_sites**2 * one.amplitude
    return replace(one, n_pulses=math.ceil(recipe.n_excitons / N_TRAINS / per_pulse))


def _measure(recipe: Recipe, power_nW: float, seed: int, run, progress: bool) -> xr.Dataset:
    """Record of one power, from a simulation that may be cached."""
    excitation = Excitation(power_nW, recipe.rep_rate_MHz)
    simulated = run(
        _pulses(recipe, excitation), seed, recipe.film, code_fingerprint(), progress=progress
    )
    transmission = min(1.0, recipe.unfiltered_power_nW / power_nW)
    microscope = replace(recipe.microscope, filter_transmission=transmission)
    return measure(simulated, excitation, microscope, seed=seed, integrated=recipe.integrated)


def _join(records: list[xr.Dataset]) -> xr.Dataset:
    """Records of several powers; attributes that differ between them become variables."""
    differing = [
        name
        for name, value in records[0].attrs.items()
        if any(record.attrs[name] != value for record in records)
    ]
    labelled = [
        record.assign({name: record.attrs[name] for name in differing}).set_coords("power_nW")
        for record in records
    ]
    return xr.concat(labelled, "power_nW", combine_attrs="drop_conflicts")


if __name__ == "__main__":
    main()
