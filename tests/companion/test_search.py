"""Tests of tptools.companion.search."""

from unittest.mock import create_autospec

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tptools.companion import search
from tptools.companion.paper import REPORTED
from tptools.companion.recipes import CURVE_LASERS
from tptools.fitting import relaxation_curve
from tptools.inference import READINGS, curve_numbers


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
    limit, time = (search.OBSERVATIONS[one] for one in ("limit_cm2_s", "tau_us"))
    assert (limit.low, limit.high) == pytest.approx(REPORTED["main-D-inf"].interval)
    assert (time.low, time.high) == pytest.approx(REPORTED["main-tau-relax"].interval)


def test_a_reader_takes_the_reading_of_each_film():
    """Films by cut and by projection get the columns of their own reading."""
    outputs = np.arange(2.0 * len(search.LASERS) * len(READINGS)).reshape(2, -1)
    films = pd.DataFrame({"projection": [0, 1]})
    found = search.Reader(None).curves(films, outputs)
    assert found[0, :2].tolist() == [0, 3]
    assert found[1, 0] == outputs[1, READINGS.index("projection")]


def test_a_search_goes_on_from_all_films_before(monkeypatch):
    """Batches follow each other over ``film``, under ever sharper data, each with its own seed."""
    asked = []

    def measure_films(films, lasers, *, seed, **settings):
        assert (lasers, settings["model"], settings["n_excitons"]) == (
            search.LASERS,
            search.MODEL,
            9,
        )
        columns = {name: ("film", one) for name, one in films.items()}
        return xr.Dataset(columns, attrs={"seed": seed})

    def lead(reader, n, *, seed, widened):
        asked.append((reader.sizes["film"], n, widened, seed))
        return search.DESIGN.design(n, seed=seed)

    monkeypatch.setattr(search, "measure_films", measure_films)
    monkeypatch.setattr(search, "_where_data_lead", lead)
    monkeypatch.setattr(search.Reader, "of", lambda films: films)
    found = search.search_films(seed=1, n_first=8, n_refined=(4, 2), n_excitons=9)
    assert (dict(found.sizes), found.attrs) == ({"film": 14}, {"seed": 1})
    assert found.batch.values.tolist() == [0] * 8 + [1] * 4 + [2] * 2
    assert float(found.modification_probability[:8].max()) == 1
    assert [one[:3] for one in asked] == [(8, 4, 4.0), (12, 2, 2.0)]
    assert len({1, *(seed for *_, seed in asked)}) == 3


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
