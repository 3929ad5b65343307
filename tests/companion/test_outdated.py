"""Tests of tptools.companion.outdated."""

import math
from dataclasses import replace

import pytest

from tptools.companion import make, outdated, recipes
from tptools.companion.explorer import EXPLORED
from tptools.companion.recipes import RECIPES
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.kmc import ExcitonModel, PulseTrain, Recording, pulse_train
from tptools.kmc.cost import expected_steps


def with_films(name, **changes):
    """Recipe of a dataset that has its films by name, with other numbers of OLA/OA."""
    recipe = RECIPES[name]
    changed = replace(recipe.films["OLA/OA"], **changes)
    return replace(recipe, films={**recipe.films, "OLA/OA": changed})


def with_film(name, **changes):
    """Recipe of a dataset whose films have other numbers."""
    recipe = RECIPES[name]
    conditions = (replace(one, film=replace(one.film, **changes)) for one in recipe.conditions)
    return replace(recipe, conditions=tuple(conditions))


@pytest.fixture
def patch(monkeypatch):
    """Give a function that replaces recipes for the time of a test."""

    def patch(**changed):
        monkeypatch.setattr(outdated, "RECIPES", {**RECIPES, **changed})

    return patch


@pytest.mark.parametrize(
    ("name", "changed", "found"),
    [
        ("power_series", with_film("power_series", relaxation_time_us=0.4), ["relaxation_time_us"]),
        ("power_series", with_film("power_series", film="of another name"), []),
        ("surface_series", with_film("surface_series", trap_exponent=1.0), ["trap_exponent"]),
        ("tplm_10nW", with_film("tplm_10nW", n_layers=3), ["n_layers"]),
        ("curves_of_note_2", with_films("curves_of_note_2", n_layers=2), ["OLA/OA: n_layers"]),
        ("tplm_10nW", with_film("tplm_10nW", hop_rule="each_neighbour"), ["hop_rule"]),
        (
            "repeat_series",
            replace(RECIPES["repeat_series"], conditions=RECIPES["repeat_series"].conditions[1:]),
            ["conditions"],
        ),
        (
            "rate_series",
            replace(
                RECIPES["rate_series"],
                microscope=RECIPES["rate_series"].microscope.with_(dwell_s=1.0),
            ),
            ["dwell_s"],
        ),
        (
            "simulated_collapse",
            replace(RECIPES["simulated_collapse"], model=ExcitonModel(lifetime_ns=2.0)),
            ["lifetime_ns"],
        ),
        (
            "calibration",
            replace(
                RECIPES["calibration"],
                start=replace(RECIPES["calibration"].start, lifetime_ns=2, relaxation_time_us=9),
            ),
            ["lifetime_ns"],
        ),
        (
            "explorer_curves",
            replace(
                RECIPES["explorer_curves"],
                films={n: replace(m, lifetime_ns=9) for n, m in EXPLORED.items()},
            ),
            ["lifetime_ns"],
        ),
        (
            "reading_choices",
            replace(RECIPES["reading_choices"], film=replace(recipes.FILM, trap_exponent=0.7)),
            ["trap_exponent"],
        ),
        (
            "curves_of_note_2",
            replace(
                RECIPES["curves_of_note_2"],
                films={
                    **RECIPES["curves_of_note_2"].films,
                    "Note 2": replace(recipes.FILM, n_layers=2),
                },
            ),
            ["Note 2: n_layers"],
        ),
    ],
)  # fmt: skip
def test_a_changed_number_outdates_the_files_that_rest_on_it(name, changed, found, patch):
    """It is found by its name; the name of a film, and what a calibration turns, are none."""
    patch(**{name: changed})
    assert outdated.differences(name) == found


def test_every_file_is_that_of_its_recipe():
    """What the book reads was made with the films, lasers and microscopes that it names today."""
    assert outdated.outdated() == {}


@pytest.mark.parametrize("ask", [outdated.differences, outdated.core_minutes])
def test_an_unknown_name_is_answered_with_the_known(ask):
    """As everywhere."""
    with pytest.raises(ValueError, match=r"name = 'power_serie' must be one of .*power_series"):
        ask("power_serie")


@pytest.mark.parametrize("name", ["film_search", "curves_of_note_2"])
def test_cost_of_what_a_title_tells_is_not_known(name):
    """Nothing counts the hops of a search, or of what a function computes."""
    assert math.isnan(outdated.core_minutes(name))


def test_a_recipe_without_a_file_is_outdated(patch):
    """A new recipe is made with the others."""
    patch(new_series=RECIPES["power_series"])
    assert outdated.differences("new_series") == ["the file, which is not there"]


def test_numbers_are_the_same_up_to_their_last_digits(patch):
    """A film whose number was rounded another way outdates nothing."""
    recipe = RECIPES["power_series"]
    films = {one.film for one in recipe.conditions}
    (time_us,) = {one.relaxation_time_us for one in films}
    for relative, found in ((1e-13, []), (1e-6, ["relaxation_time_us"])):
        patch(power_series=with_film("power_series", relaxation_time_us=time_us * (1 + relative)))
        assert outdated.differences("power_series") == found


def test_another_choice_of_films_outdates_their_curves(patch):
    """A film that was taken out of the recipe still stands in the file."""
    recipe = RECIPES["explorer_curves"]
    fewer = dict(list(recipe.films.items())[1:])
    patch(explorer_curves=replace(recipe, films=fewer))
    assert outdated.differences("explorer_curves") == ["films"]


def test_one_record_is_enough(patch):
    """A number that differs in the last record only outdates its file."""
    recipe = RECIPES["surface_series"]
    *others, last = recipe.conditions
    last = replace(last, film=replace(last.film, hop_rate_ground_per_ps=0.001))
    patch(surface_series=replace(recipe, conditions=(*others, last)))
    assert outdated.differences("surface_series") == ["hop_rate_ground_per_ps"]


def attempts(film, laser, n_excitons):
    """Hops that the excitons of a train attempt."""
    options = {"n_excitons": n_excitons, "lattice_spacing_nm": film.lattice_spacing_nm}
    return expected_steps(film, pulse_train(laser, **options), Recording())


def test_cost_of_records_is_that_of_their_light(patch):
    """Eight trains share the excitons, of which there are more where a record has more light."""
    recipe, film = RECIPES["snr_natural"], FILMS["c-ALD 4"].hopping
    for unfiltered_nW, lights in ((0.5, (1, 1, 1)), (10.0, (1, 4, 10))):
        lasers = [Excitation(power_nW, 2.5) for power_nW in (0.5, 4, 25)]
        conditions = tuple(recipes.Condition(film, one) for one in lasers)
        patch(
            snr_natural=replace(
                recipe, conditions=conditions, n_excitons=800, unfiltered_power_nW=unfiltered_nW
            )
        )
        pairs = zip(lasers, lights, strict=True)
        tried = sum(attempts(film, one, 100 * light) for one, light in pairs)
        assert outdated.core_minutes("snr_natural") == pytest.approx(minutes(8 * tried))


def minutes(steps):
    """Time that they take."""
    return steps * outdated.NS_PER_STEP * 1e-9 / 60


def test_cost_of_a_sweep_is_that_of_the_attempts_of_its_trains(patch):
    """At some nanoseconds each, at every condition of its grids and in every train."""
    grids = {
        "ten pulses": {"excitation_density": [0.01, 0.02], "period_us": [0.4], "n_pulses": 10},
        "as usual": {"excitation_density": [0.01], "period_us": 0.4},
    }
    recipe = replace(RECIPES["simulated_collapse"], grids=grids, n_trains=3)
    trains = (
        PulseTrain(0.01, 0.4, n_pulses=10),
        PulseTrain(0.02, 0.4, n_pulses=10),
        PulseTrain(0.01, 0.4),
    )
    patch(simulated_collapse=recipe)
    tried = sum(expected_steps(recipe.model, one, Recording()) for one in trains)
    assert outdated.core_minutes("simulated_collapse") == pytest.approx(minutes(3 * tried))


@pytest.mark.parametrize("name", ["calibration", "reading_choices"])
def test_cost_of_what_tries_films_is_that_of_ten_curves(name, patch):
    """Each film meets every laser of the curve, and records the excitons of the recipe."""
    film = replace(recipes.FILM, n_layers=1)
    changed = replace(RECIPES[name], n_excitons=500)
    patch(**{name: replace(changed, **{"start" if name == "calibration" else "film": film})})
    tried = sum(attempts(film, one, 500) for one in recipes.CURVE_LASERS)
    assert outdated.core_minutes(name) == pytest.approx(minutes(10 * tried))


def test_cost_of_curves_is_that_of_each_film_under_each_laser(patch):
    """Of all series, in four trains."""
    films = {name: EXPLORED[name] for name in ("Note 2", "c-ALD 4")}
    series = {"power": recipes.CURVE_LASERS[:2], "rate": recipes.CURVE_LASERS[2:3]}
    patch(explorer_curves=replace(RECIPES["explorer_curves"], films=films, series=series))
    lasers = recipes.CURVE_LASERS[:3]
    n = RECIPES["explorer_curves"].n_excitons
    tried = sum(attempts(film, one, n) for film in films.values() for one in lasers)
    assert outdated.core_minutes("explorer_curves") == pytest.approx(minutes(4 * tried))


def test_command_line_makes_what_is_outdated_and_nothing_else(monkeypatch, tmp_path, capsys):
    """The file is written and its line stands in the registry; up to date, nothing is done."""
    registry = tmp_path / "data_registry.txt"
    registry.write_text("# file in data/, sha256\ntplm_10nW.nc a\ntplm_25nW.nc b\n")
    monkeypatch.setattr(make.datasets, "REGISTRY", registry)
    made = make.xr.Dataset({"counts": ("x", [1])})
    monkeypatch.setattr(make, "make", lambda name, **_: made)
    options = ["--outdated", "--register", "--folder", str(tmp_path), "--cache", str(tmp_path)]
    monkeypatch.setattr(make, "outdated", lambda: {"tplm_example": ["lifetime_ns"]})
    make.main(options)
    line = capsys.readouterr().out.splitlines()[-1]
    assert (
        registry.read_text() == f"# file in data/, sha256\ntplm_10nW.nc a\ntplm_25nW.nc b\n{line}\n"
    )
    assert line == f"tplm_example.nc {make.pooch.file_hash(str(tmp_path / 'tplm_example.nc'))}"
    registry.write_text(registry.read_text().replace(line, "tplm_example.nc old"))
    make.main(options)
    assert registry.read_text().splitlines()[-1] == line
    monkeypatch.setattr(make, "outdated", dict)
    capsys.readouterr()
    make.main(options)
    assert capsys.readouterr().out == f"0 of {len(RECIPES)} datasets to make\n"
