"""Which files are no longer those of their recipes, as after a change of a film.

A file says with which film, laser and microscope each of its records was made. Where the recipe
says otherwise today, the file is outdated. The search for films and what follows from it rest on
ranges of numbers and on no film: these files are never outdated by one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import xarray as xr

from tptools.checks import check_choice
from tptools.companion import datasets
from tptools.companion.explorer import N_TRAINS as N_CURVE_TRAINS
from tptools.companion.recipes import (
    CURVE_LASERS,
    RECIPES,
    AllowedRecipe,
    AnyRecipe,
    CalibrationRecipe,
    ChoicesRecipe,
    ComputedRecipe,
    Condition,
    CurvesRecipe,
    ExperimentRecipe,
    Recipe,
    SearchRecipe,
    SweepRecipe,
)
from tptools.kmc import ExcitonModel, Recording, pulse_train
from tptools.kmc.cost import expected_steps
from tptools.kmc.model import PulseTrain

__all__ = ["core_minutes", "differences", "outdated"]

NS_PER_STEP = 7.0
N_TRAINS = 8
_OF_NO_FILM = SearchRecipe | AllowedRecipe | ExperimentRecipe
DEFAULTS = {one.name: one.default for one in fields(ExcitonModel)}


def outdated() -> dict[str, list[str]]:
    """Datasets that are no longer those of their recipes.

    Returns
    -------
    dict of str to list of str
        By name: the numbers in which file and recipe differ.

    Examples
    --------
    ::

        outdated()  # {'surface_series': ['relaxation_time_us']} after a change of that memory
    """
    found = {name: differences(name) for name in RECIPES}
    return {name: differing for name, differing in found.items() if differing}


def differences(name: str) -> list[str]:
    """Numbers in which the file of a dataset and its recipe differ.

    Parameters
    ----------
    name : str
        One of `tptools.companion.recipes.RECIPES`.

    Returns
    -------
    list of str
        Names of parameters of films, lasers and microscopes, sorted.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> differences("power_series")
    []
    """
    check_choice("name", name, sorted(RECIPES))
    recipe = RECIPES[name]
    if isinstance(recipe, _OF_NO_FILM):
        return []
    if name not in datasets.names():
        return ["the file, which is not there"]
    dataset = datasets.load(name)
    if isinstance(recipe, Recipe):
        n_stored = dataset.sizes.get(recipe.along, 1)
        if n_stored != len(recipe.conditions):
            return ["conditions"]
    if isinstance(recipe, CurvesRecipe) and list(recipe.films) != dataset["film"].values.tolist():
        return ["films"]
    return sorted(
        {
            key
            for k, wanted in enumerate(_wanted(recipe, dataset))
            for key, value in wanted.items()
            if not _same(_stored(dataset, key, k), value)
        }
    )


def core_minutes(name: str) -> float:
    """About how long one core takes to make a dataset.

    Parameters
    ----------
    name : str
        One of `tptools.companion.recipes.RECIPES`.

    Returns
    -------
    float
        In minutes, from the hops that all excitons attempt; NaN for a search, what follows from
        it, and what a function computes, which are told by their titles.

    Raises
    ------
    ValueError
        If there is no such recipe.

    Examples
    --------
    >>> 0 < core_minutes("tplm_example") < core_minutes("power_series") < 60
    True
    """
    check_choice("name", name, sorted(RECIPES))
    return NS_PER_STEP * 1e-9 / 60 * sum(_steps(RECIPES[name]))


def _wanted(recipe: AnyRecipe, dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Numbers of each record as the recipe says them today."""
    match recipe:
        case Recipe():
            for one in recipe.conditions:
                yield _of_film(one.film) | asdict(one.laser) | _of_record(recipe, one)
        case CalibrationRecipe():
            turned = {name for name in dataset.variables if name in DEFAULTS}
            yield {k: v for k, v in _of_film(recipe.start).items() if k not in turned}
        case ChoicesRecipe():
            yield _of_film(recipe.film)
        case SweepRecipe():
            yield _of_film(recipe.model)
        case CurvesRecipe():
            yield from map(_of_film, recipe.films.values())
        case ComputedRecipe():
            films = recipe.films.items()
            yield {f"{name}: {k}": v for name, one in films for k, v in _of_film(one).items()}


def _of_film(model: ExcitonModel) -> dict[str, Any]:
    """Numbers of a film, without its name."""
    return {key: value for key, value in asdict(model).items() if key != "film"}


def _of_record(recipe: Recipe, condition: Condition) -> dict[str, Any]:
    """Settings of the microscope, which the filter of a record changes, and the temperature."""
    settings = recipe.microscope.settings()
    del settings["filter_transmission"]
    return settings | {"temperature_K": condition.temperature_K}


def _stored(dataset: xr.Dataset, name: str, record: int) -> Any:
    """What a file says of a record; what is not in it had its default when it was made."""
    if name in dataset.variables:
        return dataset[name].to_numpy().ravel()[record]
    return dataset.attrs.get(name, DEFAULTS.get(name))


def _same(stored: Any, wanted: Any) -> bool:
    """Whether two values are the same, numbers up to their last digits."""
    if isinstance(wanted, str) or stored is None or wanted is None:
        return bool(stored == wanted)
    return bool(np.isclose(float(stored), float(wanted), rtol=1e-9, atol=0.0))


def _steps(recipe: AnyRecipe) -> Iterator[float]:
    """Hop attempts in each part of a dataset."""
    match recipe:
        case Recipe():
            for one in recipe.conditions:
                light = max(1.0, min(one.laser.power_nW, recipe.unfiltered_power_nW))
                yield N_TRAINS * _of_laser(one, recipe.n_excitons * light / N_TRAINS)
        case CalibrationRecipe() | ChoicesRecipe():
            model = recipe.start if isinstance(recipe, CalibrationRecipe) else recipe.film
            # a calibration tries some ten films, and as many choices are read
            for laser in CURVE_LASERS:
                yield 10 * _of_laser(Condition(model, laser), recipe.n_excitons)
        case CurvesRecipe():
            lasers = [one for several in recipe.series.values() for one in several]
            for film, laser in itertools.product(recipe.films.values(), lasers):
                yield N_CURVE_TRAINS * _of_laser(Condition(film, laser), recipe.n_excitons)
        case SweepRecipe():
            for grid in recipe.grids.values():
                yield recipe.n_trains * _of_grid(recipe.model, grid)
        case _:
            yield math.nan


def _of_laser(condition: Condition, n_excitons: float) -> float:
    """Hop attempts of a train, its burn-in included."""
    spacing_nm = condition.film.lattice_spacing_nm
    pulses = pulse_train(condition.laser, n_excitons=n_excitons, lattice_spacing_nm=spacing_nm)
    return expected_steps(condition.film, pulses, Recording())


def _of_grid(model: ExcitonModel, grid: Mapping[str, Any]) -> float:
    """Hop attempts of a train at each condition of a grid."""
    n_pulses = grid.get("n_pulses", PulseTrain.n_pulses)
    return sum(
        expected_steps(model, PulseTrain(density, period_us, n_pulses=n_pulses), Recording())
        for density in grid["excitation_density"]
        for period_us in np.atleast_1d(grid["period_us"]).tolist()
    )
