"""What chapters show of other films and lasers than the book's: files where nothing is changed.

The book reads its records from files, since they take hours. With other parameters the same recipes
are carried out on the spot, with fewer excitons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import xarray as xr

from tptools.checks import check_choice, check_integer
from tptools.companion import datasets
from tptools.companion.make import carry_out
from tptools.companion.recipes import RECIPES, ComputedRecipe, Condition, Recipe, SweepRecipe
from tptools.film import FILMS
from tptools.kmc import ExcitonModel
from tptools.randomness import derive_seed

__all__ = ["BOOK_SEED", "computed", "hopping", "records", "swept"]

BOOK_SEED = 1
"""Seed with which chapters show what is in the files."""

Kind = TypeVar("Kind", Recipe, SweepRecipe, ComputedRecipe)
EXCITONS = 40_000
TRAINS = 2


def hopping(film: str, **changes: float | None) -> ExcitonModel:
    """How excitons move in a film, with some of its numbers changed.

    Parameters
    ----------
    film : str
        Name in `tptools.FILMS`.
    **changes
        Numbers of `tptools.kmc.ExcitonModel`; None leaves that of the film.

    Returns
    -------
    ExcitonModel

    Raises
    ------
    ValueError
        If there is no such film, or a number is out of range.

    Examples
    --------
    >>> hopping("OLA/OA", relaxation_time_us=2, lifetime_ns=None).relaxation_time_us
    2
    """
    check_choice("film", film, [name for name, one in FILMS.items() if one.solid])
    return replace(FILMS[film].hopping, **_given(changes))


def records(
    name: str,
    film: str | None = None,
    *,
    seed: int = BOOK_SEED,
    dwell_s: float | None = None,
    laser: dict[str, float | None] | None = None,
    **changes: float | None,
) -> xr.Dataset:
    """Records of a recipe: those of its file, or new ones where something is changed.

    Parameters
    ----------
    name : str
        Of a recipe of records.
    film : str, optional
        Name of another film than the recipe's.
    seed : int, optional
        Other than that of the book: of new records under the same conditions.
    dwell_s : float, optional
        Time at each position, with which the photons grow.
    laser : dict of str to float, optional
        Numbers of `tptools.Excitation` for all conditions, such as ``spot_fwhm_nm``.
    **changes
        Numbers of `tptools.kmc.ExcitonModel` for all conditions. None, here and before, changes
        nothing.

    Returns
    -------
    Dataset
        As of `tptools.companion.datasets.load`. New records stand on some 40 000 excitons each.

    Raises
    ------
    ValueError
        If the recipe or film is unknown, or a number out of range.

    Examples
    --------
    >>> records("tplm_example", relaxation_time_us=None).identical(datasets.load("tplm_example"))
    True
    """
    seed = check_integer("seed", seed, at_least=0)
    recipe = _recipe(name, Recipe)
    conditions = tuple(_changed(one, film, laser or {}, changes) for one in recipe.conditions)
    scan = {} if dwell_s is None else {"dwell_s": dwell_s}
    other = replace(recipe, conditions=conditions, microscope=recipe.microscope.with_(**scan))
    if other == recipe and seed == BOOK_SEED:
        return datasets.load(name)
    if seed != BOOK_SEED:
        other = replace(other, seed=derive_seed(recipe.seed, "another draw", seed))
    return carry_out(replace(other, n_excitons=min(EXCITONS, recipe.n_excitons)))


def swept(name: str, model: ExcitonModel, *, seed: int = BOOK_SEED) -> xr.Dataset:
    """Diffusivities of a recipe of sweeps: those of its file, or new ones of another model.

    Parameters
    ----------
    name : str
        Of a recipe of sweeps.
    model : ExcitonModel
        The film.
    seed : int, optional
        Other than that of the book: of new sweeps.

    Returns
    -------
    Dataset
        As of `tptools.companion.datasets.load`. New ones have two trains at each condition.

    Raises
    ------
    ValueError
        If the recipe is unknown.

    Examples
    --------
    >>> stored = datasets.load("simulated_collapse")
    >>> swept("simulated_collapse", ExcitonModel()).identical(stored)
    True
    """
    seed = check_integer("seed", seed, at_least=0)
    recipe = _recipe(name, SweepRecipe)
    if model == recipe.model and seed == BOOK_SEED:
        return datasets.load(name)
    other = replace(recipe, model=model, n_trains=TRAINS)
    return carry_out(other if seed == BOOK_SEED else replace(other, seed=seed))


def computed(
    name: str, films: Mapping[str, ExcitonModel] | None = None, *, seed: int = BOOK_SEED
) -> xr.Dataset:
    """What a recipe computes: from its file, or anew of other films or with another seed.

    Parameters
    ----------
    name : str
        Of a recipe of this kind.
    films : mapping of str to ExcitonModel, optional
        Those that may be others than the recipe's, by the names there.
    seed : int, optional
        Other than that of the book: of new simulations.

    Returns
    -------
    Dataset
        As of `tptools.companion.datasets.load`.

    Raises
    ------
    ValueError
        If the recipe or the name of a film is unknown.

    Examples
    --------
    >>> stored = datasets.load("curves_of_note_2")
    >>> computed("curves_of_note_2").identical(stored)
    True
    """
    seed = check_integer("seed", seed, at_least=0)
    recipe = _recipe(name, ComputedRecipe)
    for one in films or {}:
        check_choice("film", one, sorted(recipe.films))
    other = replace(recipe, films={**recipe.films, **(films or {})})
    if other == recipe and seed == BOOK_SEED:
        return datasets.load(name)
    return carry_out(other if seed == BOOK_SEED else replace(other, seed=seed))


def _recipe(name: str, kind: type[Kind]) -> Kind:
    """The recipe of this name and kind."""
    there = {key: one for key, one in RECIPES.items() if isinstance(one, kind)}
    check_choice("name", name, sorted(there))
    return there[name]


def _given(changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if value is not None}


def _changed(
    one: Condition, film: str | None, laser: dict[str, Any], changes: dict[str, Any]
) -> Condition:
    """A condition with another film or laser."""
    model = one.film if film is None else hopping(film)
    return replace(
        one, film=replace(model, **_given(changes)), laser=replace(one.laser, **_given(laser))
    )
