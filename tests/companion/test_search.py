"""Tests of tptools.companion.search."""

from types import SimpleNamespace
from unittest.mock import create_autospec

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tptools.companion import datasets, search
from tptools.companion.paper import REPORTED
from tptools.companion.recipes import CURVE_LASERS
from tptools.fitting import relaxation_curve
from tptools.inference import READINGS, Choice, curve_numbers


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)


def curves(**at):
    """A curve with the printed numbers, and 5 nW as the curve has it, changed at some rates."""
    power = np.array([one.power_nW for one in CURVE_LASERS])
    curve = relaxation_curve(search.TIMES_US, 0.01, 0.2, 6.0)
    level = np.interp(np.log(5.0), np.log(power), curve)
    other = [level * at.get(f"at_{rate:g}", 1.0) for rate in search.CONSTANT_POWER_RATES_MHZ]
    return np.concatenate([curve, other])[None]


def test_numbers_are_those_of_one_curve():
    """Limit, highest and time are what `curve_numbers` reads of the same points."""
    time = ("laser", search.TIMES_US)
    curve = xr.Dataset(
        {"diffusivity_cm2_s": ("laser", curves()[0, : len(CURVE_LASERS)])},
        {"disc_time_between_excitations_us": time},
    )
    found = search.numbers_of(curves())
    for name, value in curve_numbers(curve).items():
        assert float(found[name][0]) == pytest.approx(value, rel=1e-3)


def test_constant_power_is_told_by_rate():
    """The ratio is over 1 to 20 MHz, and what lies at 0.5 MHz stands beside it."""
    level = search.numbers_of(curves())
    assert float(level.constant_power_ratio[0]) == pytest.approx(1)
    assert float(level.slow_ratio[0]) == pytest.approx(1)
    slow = search.numbers_of(curves(**{"at_0.5": 2.0}))
    assert float(slow.constant_power_ratio[0]) == pytest.approx(1)
    assert float(slow.slow_ratio[0]) == pytest.approx(2)
    fast = search.numbers_of(curves(at_20=0.5))
    assert float(fast.constant_power_ratio[0]) == pytest.approx(2)


def test_rises_are_least_factors():
    """A film that follows power rises with rate and fluence, and a fall at one rate is noticed."""
    rising = search.numbers_of(curves())
    assert float(rising.rise_with_fluence[0]) >= 1
    assert float(rising.rise_with_rate[0]) > 1.2
    at_same_fluence = curves()[0, 3] / curves()[0, -2]
    falls = search.numbers_of(curves(at_5=0.9 * at_same_fluence))
    assert float(falls.rise_with_rate[0]) == pytest.approx(0.9)


def test_intervals_hold_what_the_paper_prints():
    """Every printed number lies in its interval, and the abstract's bound is not shut out."""
    for name, claim in {
        "limit_cm2_s": "main-D-inf",
        "highest_cm2_s": "main-D-enhanced",
        "tau_us": "main-tau-relax",
    }.items():
        assert search.OBSERVATIONS[name].met(REPORTED[claim].value)
    assert search.OBSERVATIONS["highest_cm2_s"].high > REPORTED["abs-D-max"].value
    assert search.COATED.met(REPORTED["main-tau-AlOx"].value)
    for one, claim in (
        (search.OBSERVATIONS["limit_cm2_s"], "main-D-inf"),
        (search.OBSERVATIONS["tau_us"], "main-tau-relax"),
        (search.COATED, "main-tau-AlOx"),
    ):
        assert (one.low, one.high) == pytest.approx(REPORTED[claim].interval)
    highest, printed = search.OBSERVATIONS["highest_cm2_s"], REPORTED["main-D-enhanced"]
    assert (highest.low, highest.high) == pytest.approx((printed.interval[0], 1.1 * printed.value))


def test_statements_allow_the_error_of_a_record():
    """A tenth around each number, a ratio that a record may be off by, and no fall."""
    every = search.OBSERVATIONS
    assert {one.edge for one in (*every.values(), search.COATED)} == {0.1}
    assert every["constant_power_ratio"].high == 1.3
    for name in ("rise_with_rate", "rise_with_fluence"):
        assert (every[name].low, every[name].high) == (1, np.inf)


def test_data_are_those_of_their_names():
    """What a set is without is the only thing that it lacks, and all sets stand in the file."""
    names = {data: {one.name for one in chosen} for data, chosen in search.DATA.items()}
    assert names[search.ALL] == {*search.OBSERVATIONS}
    lacking = {data: names[search.ALL] - chosen for data, chosen in names.items()}
    assert lacking["curve"] == {"constant_power_ratio"}
    assert lacking["without the limit"] == {"limit_cm2_s"}
    assert lacking["without the highest"] == {"highest_cm2_s"}
    assert lacking["without the time"] == {"tau_us"}
    assert search.DATA["time of the coated film"] == (search.COATED,)
    assert names["time of the coated film"] == {"tau_us"}


def test_first_films_of_the_file_are_those_of_the_design():
    """The search that the book reads began with these ranges, at these lasers."""
    stored = datasets.load("film_search")
    first = stored.isel(film=stored.batch == 0)
    films = search.DESIGN.design(first.sizes["film"], seed=stored.attrs["seed"])
    films["modification_probability"] = films["modification_probability"].clip(upper=1)
    for name in search.DESIGN.ranges:
        np.testing.assert_allclose(first[name], films[name], rtol=1e-6)
    for name in ("power_nW", "rep_rate_MHz"):
        assert stored[name].values.tolist() == [getattr(one, name) for one in search.LASERS]


def test_films_that_are_left_fill_the_prior():
    """Whatever can be chosen is chosen, and visits modify up to always."""
    stored = datasets.load("allowed_films")
    for case, prior in search.CASES.items():
        films = stored.sel(case=case)
        for name, one in prior.ranges.items():
            if isinstance(one, Choice):
                assert {*films[name].values} == {*np.float32(one.values)}, name
    chance = prior.ranges["modification_probability"]
    assert (chance.low, chance.high) == (search.DESIGN.ranges["modification_probability"].low, 1)


def test_numbers_in_the_file_are_those_of_its_curves():
    """All that is said of a film follows from the diffusivities beside it."""
    stored = datasets.load("allowed_films").isel(draw=slice(None, None, 100))
    films = stored.stack(film=("case", "draw")).transpose("film", "laser", ...)
    found = search.numbers_of(films.diffusivity_cm2_s.values.astype(float))
    assert found.columns.to_list() == stored.number.values.tolist()
    for name in found:
        np.testing.assert_allclose(found[name], films[name], rtol=1e-4)


def test_a_reader_takes_the_reading_of_each_film():
    """Films by cut and by projection get the columns of their own reading."""
    outputs = np.arange(2.0 * len(search.LASERS) * len(READINGS)).reshape(2, -1)
    films = pd.DataFrame({"projection": [0, 1]})
    found = search.Reader(None).curves(films, outputs)
    assert found[0, :2].tolist() == [0, 3]
    assert found[1, 0] == outputs[1, READINGS.index("projection")]


def test_a_reader_learns_every_output_of_every_film(monkeypatch):
    """Films are told by what they pave, and their outputs go over lasers, then readings."""
    monkeypatch.setattr(search, "Emulator", SimpleNamespace(fit=lambda *one, **options: one))
    films = search.DESIGN.design(3, seed=1)
    sizes = {"reading": len(READINGS), "film": 3, "laser": 2}
    outputs = xr.DataArray(np.arange(18.0).reshape(*sizes.values()), dims=list(sizes))
    columns = {name: ("film", one) for name, one in films.items()}
    told, learnt = search.Reader.of(
        xr.Dataset({"diffusivity_cm2_s": outputs, **columns, "batch": ("film", [0, 0, 1])})
    ).emulator
    assert {*told} == {*films, "paving"} - {"modification_probability"}
    for k, one in enumerate(learnt):
        np.testing.assert_array_equal(one, outputs.isel(film=k).values.T.ravel())


def test_what_an_emulator_leaves_is_the_scatter_of_its_draws():
    """Of heights by a tenth, whatever the height; of what a factor does not change, nothing."""
    films = search.PRIOR.design(3, seed=1).assign(projection=0)
    each = np.repeat(curves()[0], len(READINGS))
    asked = []

    def draws(films, n, *, seed):
        asked.append((n, seed))
        return [factor * np.stack([each, 2 * each, 3 * each]) for factor in (0.9, 1.0, 1.1)]

    def predict(films):
        return each[None]

    reader = search.Reader(SimpleNamespace(draws=draws, predict=predict))
    found = reader.uncertain(films, seed=5)
    assert asked == [(20, 5)]
    heights = {"limit_cm2_s", "highest_cm2_s"}
    for name, one in found.items():
        assert one == pytest.approx(np.std([0.9, 1.0, 1.1]) if name in heights else 0, abs=1e-4)
    assert [*found] == search.numbers_of(curves()).columns.to_list()


def test_a_search_goes_on_from_all_films_before(monkeypatch):
    """Batches follow each other over ``film``, under ever sharper data, each with its own seed."""
    asked = []

    def measure_films(films, lasers, *, seed, **settings):
        assert lasers == search.LASERS
        assert settings == {
            "model": search.MODEL,
            "n_excitons": 9,
            "cache_dir": "kept",
            "progress": True,
        }
        columns = {name: ("film", one) for name, one in films.items()}
        return xr.Dataset(columns, attrs={"seed": seed})

    def lead(reader, n, *, seed, widened):
        asked.append((reader.sizes["film"], n, widened, seed))
        return search.DESIGN.design(n, seed=seed)

    monkeypatch.setattr(search, "measure_films", measure_films)
    monkeypatch.setattr(search, "_where_data_lead", lead)
    monkeypatch.setattr(search.Reader, "of", lambda films: films)
    settings = {"n_first": 8, "n_refined": (4, 2, 2), "n_excitons": 9}
    found = search.search_films(seed=1, **settings, cache_dir="kept", progress=True)
    assert (dict(found.sizes), found.attrs) == ({"film": 16}, {"seed": 1})
    assert found.batch.values.tolist() == [0] * 8 + [1] * 4 + [2] * 2 + [3] * 2
    assert float(found.modification_probability[:8].max()) == 1
    assert [one[:3] for one in asked] == [(8, 4, 4.0), (12, 2, 2.0), (14, 2, 1.5)]
    assert len({1, *(seed for *_, seed in asked)}) == 4


def test_films_are_drawn_from_both_cases_with_wider_edges(monkeypatch):
    """Half of them for each, with the columns of the design, from data that are less sharp."""

    class Reader:
        def likelihood(self, data):
            pairs = zip(data, search.DATA[search.ALL], strict=True)
            assert all(one.edge == pytest.approx(3 * sharp.edge) for one, sharp in pairs)
            return "of wide data"

    def posterior(prior, likelihood, *, seed, n_draws, **sampling):
        assert (likelihood, sampling) == ("of wide data", search.SAMPLING)
        films = prior.design(n_draws, seed=seed).rename_axis("draw")
        return xr.Dataset.from_dataframe(films)

    asked = create_autospec(search.posterior, side_effect=posterior)
    monkeypatch.setattr(search, "posterior", asked)
    films = search._where_data_lead(Reader(), 8, seed=1, widened=3.0)
    assert films.columns.to_list() == [*search.DESIGN.ranges]
    assert films.index.to_list() == [*range(8)]
    assert (films["modification_probability"] == 1).tolist() == [True] * 4 + [False] * 4


def test_design_is_wider_than_the_prior():
    """Whatever the prior holds lies among films that are simulated."""
    films = search.PRIOR.design(512, seed=1)
    for name, one in search.DESIGN.ranges.items():
        assert films[name].between(*one.at(np.array([-1e-9, 1 + 1e-9]))).all(), name


def test_more_layers_let_an_exciton_pave_more():
    """Each layer adds less than the one before it, and all of them less than as many films."""
    films = pd.DataFrame([{"n_layers": n} for n in (1.0, 2.0, 3.0, 4.0)]).assign(
        **{name: one.at(0.5) for name, one in search.PRIOR.ranges.items() if name != "n_layers"}
    )
    paving = search._with_paving(films)["paving"].to_numpy()
    added = np.diff(paving) / paving[0]
    assert (added > 0).all()
    assert (np.diff(added) < 0).all()
    assert added[0] < 1


def test_an_exciton_hops_to_layers_as_often_as_there_are_neighbours():
    """In two layers one of five is above or below; without end two of six, and all are new."""
    shared = {name: one.at(0.5) for name, one in search.PRIOR.ranges.items()}
    films = pd.DataFrame([shared | {"n_layers": n} for n in (1.0, 2.0, 1e7)])
    single, two, endless = search._with_paving(films)["paving"]
    hops_aside = 1 / search.NEW_SITES_PER_HOP
    assert two / single == pytest.approx(2 - 2 * 0.5 ** (1 + hops_aside / 4))
    assert endless / single == pytest.approx(1 + hops_aside / 2, rel=1e-5)


def test_paving_goes_with_new_sites_and_the_memory():
    """In one layer: the first site and a share of all hops, times chance and memory."""
    film = {name: one.at(0.5) for name, one in search.PRIOR.ranges.items()} | {"n_layers": 1.0}
    hops = 4e3 * film["lifetime_ns"] * film["hop_rate_ground_per_ps"]
    changed = {
        "lifetime_ns": (1 + 2 * search.NEW_SITES_PER_HOP * hops)
        / (1 + search.NEW_SITES_PER_HOP * hops),
        "relaxation_time_us": 2,
        "modification_probability": 2,
    }
    films = pd.DataFrame([film] + [film | {name: 2 * film[name]} for name in changed])
    paving = search._with_paving(films)["paving"]
    assert (paving[1:] / paving[0]).tolist() == pytest.approx([*changed.values()])
