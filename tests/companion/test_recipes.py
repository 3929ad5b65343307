"""Tests of tptools.companion.recipes."""

from dataclasses import FrozenInstanceError, asdict, fields

import numpy as np
import pytest

from tptools.companion import datasets, recipes
from tptools.companion.outdated import differences
from tptools.film import FILMS
from tptools.kmc import ExcitonModel, PulseTrain
from tptools.units import FWHM_PER_SIGMA

CALIBRATIONS = {
    name: recipe
    for name, recipe in recipes.RECIPES.items()
    if isinstance(recipe, recipes.CalibrationRecipe)
}
RECORDS = {
    name: recipe for name, recipe in recipes.RECIPES.items() if isinstance(recipe, recipes.Recipe)
}
SWEEPS = {
    name: recipe
    for name, recipe in recipes.RECIPES.items()
    if isinstance(recipe, recipes.SweepRecipe)
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
    """Title, command, licence, and numbers of films, lasers and microscopes are the recipe's."""
    stored = datasets.load(name)
    assert differences(name) == []
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
def test_simulations_have_the_excitons_of_their_recipes(name):
    """Each gives its photon, but where they annihilate; more where a record has more light."""
    stored, recipe = datasets.load(name), RECORDS[name]
    for one, found in zip(recipe.conditions, value(stored, "simulated_photons"), strict=True):
        light_nW = max(1, min(one.laser.power_nW, recipe.unfiltered_power_nW))
        share = found / recipe.n_excitons / light_nW
        assert 0.2 < share < 1 if one.film.annihilation_rate_per_ps else abs(share - 1) < 0.05


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
    start = asdict(recipe.start)
    assert {key: float(stored[key][0]) for key in turned} == pytest.approx(
        {key: start[key] for key in turned}
    )
    kept = {key: one for key, one in start.items() if key not in turned}
    assert {key: stored.attrs[key] for key in kept} == kept


@pytest.mark.parametrize("name", [name for name in recipes.RECIPES if name not in RECORDS])
def test_what_is_computed_has_the_size_and_seed_of_its_recipe(name):
    """A file says with which seed, excitons and trains it was made, and holds as many films."""
    stored, recipe = datasets.load(name), recipes.RECIPES[name]
    for key in ("seed", "n_excitons", "n_trains"):
        assert stored.attrs.get(key) == getattr(recipe, key, None)
    for key in ("films", "draws", "papers", "checks", "known"):
        wanted = getattr(recipe, f"n_{key}", None)
        assert wanted is None or stored.sizes[key.removesuffix("s")] == wanted
    if isinstance(recipe, recipes.SearchRecipe):
        batches = (recipe.n_first, *recipe.n_refined)
        assert np.bincount(stored.batch.astype(int)).tolist() == [*batches]


def test_experiments_are_tried_on_draws_of_their_case():
    """The films of the file are allowed ones, from the first draw to the last."""
    recipe = recipes.RECIPES["deciding_experiments"]
    tried = datasets.load("deciding_experiments").relaxation_time_us.values
    drawn = datasets.load("allowed_films").sel(case=recipe.case).relaxation_time_us.values
    assert {*tried.tolist()} <= {*drawn.tolist()}
    assert tried[[0, -1]].tolist() == drawn[[0, -1]].tolist()


@pytest.mark.parametrize(
    ("name", "lasers"),
    [
        *((name, recipes.CURVE_LASERS) for name in CALIBRATIONS),
        ("curves_of_note_2", recipes.CURVE_LASERS),
        ("explorer_curves", [one for some in recipes.SERIES.values() for one in some]),
    ],
)
def test_curves_are_made_under_the_lasers_of_their_recipes(name, lasers):
    """Powers and rates that stand in a file are those that the recipe lists."""
    stored = datasets.load(name)
    for key in {"power_nW", "rep_rate_MHz", "disc_time_between_excitations_us"} & {*stored.coords}:
        # other light on the same film has rows of its own
        first = np.atleast_2d(stored[key])[0]
        np.testing.assert_allclose(first, [getattr(one, key) for one in lasers])


@pytest.mark.parametrize("name", SWEEPS)
def test_sweeps_hold_the_conditions_of_their_grids(name):
    """Each protocol has all its densities and periods, once."""
    stored, recipe = datasets.load(name), SWEEPS[name]
    wanted = [
        (protocol, density, period_us)
        for protocol, grid in recipe.grids.items()
        for density in grid["excitation_density"]
        for period_us in grid["period_us"]
    ]
    keys = ("protocol", "excitation_density", "period_us")
    assert sorted(zip(*(stored[key].values for key in keys), strict=True)) == sorted(wanted)
    assert stored.attrs["until_ns"] == recipe.recording.until_ns
    assert tuple(stored.estimator.values) == recipes.READINGS
    kept_ns = stored.time_ns.values if "time_ns" in stored else [0, 0]
    assert (np.diff(kept_ns) == recipe.displacement_every_ns).all()


@pytest.mark.parametrize("name", SWEEPS)
def test_protocols_are_what_their_names_say(name):
    """Spot, lifetime and rule of hopping stand in the name, and only where they are unusual."""
    recipe = SWEEPS[name]
    rules = {"each neighbour": "each_neighbour"}
    known = {one.name for one in (*fields(PulseTrain), *fields(ExcitonModel))}
    for protocol, grid in recipe.grids.items():
        assert {*grid} <= known
        assert grid.get("hop_rule") == rules.get(protocol)
        assert (grid.get("burn_in_pulses") == 0) == (protocol == "fresh lattice")
        if "lifetime_ns" in grid:
            assert protocol == f"lifetime of {grid['lifetime_ns']:g} ns"
        if "spot_sigma_sites" in grid:
            width_nm = grid["spot_sigma_sites"] * FWHM_PER_SIGMA * recipe.model.lattice_spacing_nm
            assert protocol in ("brighter", f"spot of {width_nm:g} nm")


def test_approaches_have_the_periods_of_their_recipe():
    """The file holds one approach for each period that the recipe asks for."""
    wanted = recipes.RECIPES["simulated_approach"].settings["periods_us"]
    assert tuple(datasets.load("simulated_approach").period_us.values) == wanted


def test_approaches_end_where_the_sweeps_have_a_fresh_lattice():
    """At their density the sweeps have the same ratio to the steady state, by other runs."""
    density = recipes.RECIPES["simulated_approach"].settings["excitation_density"]
    approached = datasets.load("simulated_approach")
    sweeps = datasets.load("simulated_collapse").sel(estimator="second_moment")
    for period_us in (0.05, 0.1, 0.2):
        at = (sweeps.excitation_density == density) & (sweeps.period_us == period_us)
        fresh, steady = (
            sweeps.isel(condition=np.flatnonzero(at & (sweeps.protocol == name)))
            for name in ("fresh lattice", "steady state")
        )
        one = approached.sel(period_us=period_us)
        wanted = fresh.value.item() / steady.value.item()
        error = wanted * np.hypot(fresh.std_err / fresh.value, steady.std_err / steady.value)
        assert abs(one.whole - wanted) < 4 * np.hypot(one.whole_err, error.item())


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_nobody_changes_a_recipe(name):
    """A recipe stays what it is, whoever reads it."""
    with pytest.raises(FrozenInstanceError):
        recipes.RECIPES[name].title = "another"


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
