"""Tests of tptools.companion.live."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tptools.companion import datasets, live, recipes
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.instruments import Microscope, Scan, Timer
from tptools.kmc import ExcitonModel

NAME = "tplm_example"


@pytest.fixture
def small(monkeypatch):
    """Recipes of the same names for a moment's work, under which the files do not lie."""
    whole, collapse = recipes.RECIPES[NAME], recipes.RECIPES["simulated_collapse"]
    few = {"excitation_density": [0.08], "period_us": [20.0], "n_pulses": 2, "burn_in_pulses": 0}
    film = replace(recipes.FILM, relaxation_time_us=0.1, trap_rate_per_ps=0.0, lattice_size=601)
    condition = replace(whole.conditions[0], film=film, laser=Excitation(1, 2.5))
    made = {
        NAME: replace(
            whole,
            conditions=(condition,),
            n_excitons=100,
            microscope=Microscope(timer=Timer(window_end_ns=2.0), scan=Scan(scan_step_nm=300.0)),
        ),
        "simulated_collapse": replace(collapse, grids={"steady state": few}),
    }
    monkeypatch.setattr(live, "RECIPES", {**recipes.RECIPES, **made})


def test_what_is_not_changed_is_read_from_its_file():
    """The book's own values, None and values that are those of the recipe give the file."""
    own = {"laser": {"power_nW": 10, "spot_fwhm_nm": 500.0}, "dwell_s": 1.0, "lifetime_ns": None}
    found = live.records(NAME, "Note 2", relaxation_time_us=8.1, **own)
    xr.testing.assert_identical(found, datasets.load(NAME))
    curve = live.swept("simulated_collapse", ExcitonModel())
    xr.testing.assert_identical(curve, datasets.load("simulated_collapse"))


@pytest.mark.parametrize(
    ("changed", "attributes"),
    [
        ({"film": "OLA/OA"}, {"hop_rate_ground_per_ps": 0.0315}),
        ({"relaxation_time_us": 0.2}, {"relaxation_time_us": 0.2}),
        ({"laser": {"spot_fwhm_nm": 400.0}}, {"spot_fwhm_nm": 400.0}),
        ({"laser": {"power_nW": 2.0}}, {"power_nW": 2.0}),
        ({"dwell_s": 2.0}, {"dwell_s": 2.0}),
    ],
)
def test_what_is_changed_is_made_anew(changed, attributes, small):
    """New records have what was changed, and counts of their own."""
    found = live.records(NAME, **changed)
    assert attributes.items() <= found.attrs.items()
    assert found.counts.dims == ("time_ns", "position_nm")
    assert not np.array_equal(found.counts, datasets.load(NAME).counts)


def test_new_records_are_those_of_their_seed(small):
    """The same seed gives the same records, and another one others."""
    first, again = live.records(NAME, seed=2), live.records(NAME, seed=2)
    xr.testing.assert_identical(first, again)
    assert not np.array_equal(first.counts, live.records(NAME, seed=3).counts)


def test_other_films_and_seeds_are_computed_anew(monkeypatch):
    """The recipe is carried out with the film that is another, with the others, and the seed."""
    films = {"a": ExcitonModel(), "b": ExcitonModel(lifetime_ns=2.0)}
    recipe = recipes.ComputedRecipe("tiny", xr.Dataset, films, {}, live.BOOK_SEED)
    monkeypatch.setattr(live, "RECIPES", {**live.RECIPES, "tiny": recipe})
    monkeypatch.setattr(live, "carry_out", lambda recipe: recipe)
    other = ExcitonModel(lifetime_ns=1.0)
    changed = live.computed("tiny", {"b": other})
    assert (changed.films, changed.seed) == ({"a": films["a"], "b": other}, live.BOOK_SEED)
    again = live.computed("tiny", {"b": films["b"]}, seed=7)
    assert (again.films, again.seed) == (films, 7)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: live.records(NAME, seed=seed),
        lambda seed: live.swept("simulated_collapse", ExcitonModel(), seed=seed),
        lambda seed: live.computed("curves_of_note_2", seed=seed),
    ],
    ids=["records", "swept", "computed"],
)
def test_seeds_begin_at_nought(make, monkeypatch):
    """That of the book is one, and any other is that of a new draw; there is none below."""
    monkeypatch.setattr(live, "carry_out", lambda recipe: recipe)
    drawn = {make(seed).seed for seed in (0, 2)}
    assert len(drawn) == 2
    assert isinstance(make(1), xr.Dataset)
    with pytest.raises(ValueError, match="seed = -1 must be"):
        make(-1)


def test_new_records_stand_on_fewer_excitons(monkeypatch):
    """Some 40 000, where the file has more, and otherwise as many as the file."""
    monkeypatch.setattr(live, "carry_out", lambda recipe: recipe)
    for name in ("tplm_10nW", NAME, "rate_series"):
        wanted = min(40_000, recipes.RECIPES[name].n_excitons)
        assert live.records(name, lifetime_ns=2.0).n_excitons == wanted


def test_another_model_is_swept_anew(small):
    """Without hops nothing spreads, at the conditions of the recipe."""
    found = live.swept("simulated_collapse", ExcitonModel(0.0, 0.0))
    assert found.sizes["condition"] == 1
    assert not found.value.sel(estimator="second_moment").any()
    assert found.n_trains == live.TRAINS


def test_a_film_is_changed_by_name():
    """None leaves the number of the film, and a number replaces it."""
    found = live.hopping("c-ALD 4", relaxation_time_us=2, lifetime_ns=None)
    assert found == replace(FILMS["c-ALD 4"].hopping, relaxation_time_us=2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: live.hopping("OLA"), "film = 'OLA' must be one of 'OLA/OA', 'Note 2'"),
        (
            lambda: live.records("film_search"),
            "name = 'film_search' must be one of 'coated_series'",
        ),
        (lambda: live.swept(NAME, ExcitonModel()), "must be one of 'simulated_collapse'"),
        (lambda: live.computed("curves_of_note_2", {"x": ExcitonModel()}), "film = 'x' must be"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(call, message):
    """An unknown film or recipe is answered with the list of those there are."""
    with pytest.raises(ValueError, match=message):
        call()
