"""Tests of tptools.companion.recipes."""

from dataclasses import asdict

import numpy as np
import pytest

from tptools.companion import datasets, recipes
from tptools.film import FILMS

CALIBRATIONS = {
    name: recipe
    for name, recipe in recipes.RECIPES.items()
    if isinstance(recipe, recipes.CalibrationRecipe)
}
RECORDS = {
    name: recipe for name, recipe in recipes.RECIPES.items() if isinstance(recipe, recipes.Recipe)
}
# each calibration with the film whose numbers it found
CALIBRATED = {"calibration": "OLA/OA", "calibration_coated": "c-ALD 4"}


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    monkeypatch.delenv("TPTOOLS_DATA_URL", raising=False)


def value(dataset, name):
    """Return what a dataset says, once for each record."""
    stored = dataset[name].to_numpy() if name in dataset else np.asarray(dataset.attrs[name])
    return np.broadcast_to(stored, (dataset.sizes.get("record", dataset.sizes.get("power_nW", 1)),))


def test_every_recipe_has_its_file_and_every_file_its_recipe():
    """Simulated datasets are those with recipes."""
    simulated = {
        name for name in datasets.names() if datasets.load(name).attrs["origin"] == "simulated"
    }
    assert simulated == set(recipes.RECIPES)


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_files_say_what_their_recipes_say(name):
    """Title, command and licence are those of the recipe."""
    stored = datasets.load(name)
    assert stored.attrs["title"] == recipes.RECIPES[name].title
    assert stored.attrs["recipe"] == f"python -m tptools.companion.make {name}"
    assert stored.attrs["licence"] == "CC BY 4.0"


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_made_of_their_conditions(name):
    """Every record has the film, laser, temperature and seed of its condition."""
    stored, recipe = datasets.load(name), RECORDS[name]
    assert stored.sizes.get(recipe.along, 1) == len(recipe.conditions)
    for k, condition in enumerate(recipe.conditions):
        light_nW = min(condition.laser.power_nW, recipe.unfiltered_power_nW)
        wanted = asdict(condition.film) | asdict(condition.laser)
        wanted |= {
            "temperature_K": condition.temperature_K,
            "seed": recipe.seed_of(k),
            "filter_transmission": light_nW / condition.laser.power_nW,
        }
        assert {key: value(stored, key)[k] for key in wanted} == wanted


@pytest.mark.parametrize("name", RECORDS)
def test_simulation_is_quieter_than_light(name):
    """In no record does the finite simulation add much to the noise of the photons."""
    ratio = value(datasets.load(name), "simulation_noise_ratio")
    assert (ratio > 0).all()
    assert (ratio < 0.5).all()


@pytest.mark.parametrize("name", RECORDS)
def test_no_record_holds_a_diffusivity(name):
    """What the fits shall find is nowhere among attributes and variables."""
    stored = datasets.load(name)
    names = [*stored.attrs, *stored.variables]
    assert not [one for one in names if "diffusivity" in one or one.startswith("D_")]
    assert not [one for one in names if one.endswith("cm2_s")]
    assert "cm2/s" not in {one.attrs.get("units") for one in stored.variables.values()}


@pytest.mark.parametrize(("name", "film"), CALIBRATED.items())
def test_films_hold_what_was_calibrated(name, film):
    """Numbers called calibrated are those of the best model, to the digits of the film."""
    best, film = datasets.load(name).attrs, FILMS[film]
    calibrated = {key for key, one in film.origins.items() if one.origin == "calibrated"}
    turned = {f"hopping.{key}" for key in datasets.load(name).data_vars}
    assert calibrated == turned & set(film.origins)
    for key in calibrated:
        # two printed digits of the coated film's time, three of the others
        wanted = best[key.removeprefix("hopping.")]
        assert film.numbers()[key] == pytest.approx(wanted, rel=0.005)


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_best_model_is_among_those_tried(name):
    """The attributes are the model that missed its targets least, and it missed by little."""
    stored, recipe = datasets.load(name), CALIBRATIONS[name]
    misses = sum((stored[target] / wanted - 1) ** 2 for target, wanted in recipe.targets.items())
    best = stored.isel(model=int(misses.argmin("model")))
    turned = [key for key in best.data_vars if key in asdict(recipe.start)]
    assert len(turned) == len(recipe.targets)
    assert {key: stored.attrs[key] for key in turned} == {key: float(best[key]) for key in turned}
    assert {key: stored.attrs[f"target_{key}"] for key in recipe.targets} == recipe.targets
    assert float(misses.min()) < 0.05**2
    shortest = int(stored.disc_time_between_excitations_us.argmin("laser"))
    assert float(best.highest_cm2_s) == float(stored.diffusivity_cm2_s[shortest])
    kept = {key: one for key, one in asdict(recipe.start).items() if key not in turned}
    assert {key: stored.attrs[key] for key in kept} == kept


def test_data_stay_small():
    """All files together are no burden to a clone."""
    folder = datasets.REGISTRY.parent / "data"
    assert sum(file.stat().st_size for file in folder.iterdir()) < 40e6


def test_films_differ_in_what_their_names_say():
    """Traps and memory are each there or not, and nothing else changes."""
    for name, film in recipes.VARIANTS.items():
        remembers = film.hop_rate_ground_per_ps != film.hop_rate_modified_per_ps
        assert remembers == ("memory" in name)
        assert (film.trap_rate_per_ps > 0) == ("traps" in name)
        assert film.lifetime_ns == recipes.FILM.lifetime_ns
    assert recipes.VARIANTS["memory and traps"] == recipes.FILM


def test_no_record_is_drawn_twice():
    """No two records share both their condition and their random numbers."""
    draws = [
        (condition, one.microscope, one.seed_of(k))
        for one in RECORDS.values()
        for k, condition in enumerate(one.conditions)
    ]
    assert len(set(draws)) == len(draws)
