"""Tests of tptools.inference.posterior."""

import importlib

import emcee
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tptools.inference import (
    Choice,
    Emulator,
    LogUniform,
    Observation,
    Prior,
    Uniform,
    effective_size,
    likelihood_of,
    posterior,
)
from tptools.inference.posterior import _in_chunks, _tempered

module = importlib.import_module("tptools.inference.posterior")  # the package has its function

PRIOR = Prior(
    {"rate": LogUniform(0.1, 10), "time": LogUniform(0.1, 10), "trap": Choice((0.0, 1.0))}
)
PRODUCT = Observation("product", 1.8, 2.2, 0.05, "what a toy experiment reads")


def likelihood(films):
    """Of a film whose reading is rate times time, halved by traps."""
    product = films.rate * films.time / (1 + films.trap)
    return likelihood_of(films.assign(product=product), [PRODUCT])


def exact(n=1_000_000):
    """Draws of the posterior of ln rate without traps, by the definition of the prior."""
    shares = np.random.default_rng(1).uniform(size=(n, 3))
    films = PRIOR.at(shares)
    weights = likelihood(films)
    return films, weights


@pytest.fixture(scope="module")
def found():
    """Posterior of the toy."""
    return posterior(PRIOR, likelihood, seed=1, n_draws=1000, n_prior=2**13, n_steps=150)


def test_evidence_is_the_area_of_the_ridge(found):
    """The datum leaves a strip along rate times time, whose area can be written down."""
    logs = [np.log(value * factor) for factor in (1, 2) for value in (1.8, 2.2)]
    # the strip between two lines x + y = const in a square of side 2 ln 10, both cut the corner
    side = 2 * np.log(10)
    area = [((side - abs(one)) ** 2) / 2 for one in logs]
    expected = ((area[0] - area[1]) + (area[2] - area[3])) / 2 / side**2
    error = found.attrs["evidence_error"]
    assert found.attrs["evidence"] == pytest.approx(expected, rel=0.02, abs=2 * error)


def test_draws_are_those_of_the_posterior(found):
    """Along the ridge they have the distribution that weights on the prior give, choices too."""
    films, weights = exact()
    order = np.argsort(films.rate.to_numpy())
    share = np.cumsum(weights[order]) / weights.sum()
    at = np.interp(found.rate.values, films.rate.to_numpy()[order], share)
    assert stats.kstest(at[::5], "uniform").pvalue > 0.01
    trapped = np.average(films.trap, weights=weights)
    assert float(found.trap.mean()) == pytest.approx(trapped, abs=0.08)
    product = found.rate * found.time / (1 + found.trap)
    assert float(((product > 1.7) & (product < 2.35)).mean()) > 0.9


def test_an_emulator_in_between_changes_nothing(found):
    """Emulator and sampler together find the posterior of the law itself."""
    films = PRIOR.design(128, seed=3)
    reading = (films.rate * films.time / (1 + films.trap)).to_numpy()[:, None]
    emulator = Emulator.fit(films, reading, linear_below=1e-3, n_components=1)

    def emulated(films):
        return likelihood_of(films.assign(product=emulator.predict(films)[:, 0]), [PRODUCT])

    again = posterior(PRIOR, emulated, seed=2, n_draws=1000, n_prior=2**12, n_steps=50)
    assert again.attrs["evidence"] == pytest.approx(found.attrs["evidence"], rel=0.1)
    for name in ("rate", "time"):
        quartiles = [np.quantile(np.log(one[name]), [0.25, 0.5, 0.75]) for one in (found, again)]
        np.testing.assert_allclose(*quartiles, atol=0.35)


def test_a_seed_gives_the_same_draws(found):
    """Everything follows from one seed."""
    quick = {"n_draws": 100, "n_prior": 2**11, "n_walkers": 20, "n_steps": 10}
    first, second = (posterior(PRIOR, likelihood, seed=4, **quick) for _ in range(2))
    xr.testing.assert_identical(first, second)
    assert (posterior(PRIOR, likelihood, seed=5, **quick).rate != first.rate).any()


def test_next_to_nothing_left_is_refused():
    """Walkers need somewhere to start."""
    with pytest.raises(ValueError, match="likelihood leaves"):
        posterior(PRIOR, lambda films: np.zeros(len(films)), seed=1, n_prior=256)
    with pytest.raises(ValueError, match=r"^n_draws"):
        posterior(PRIOR, likelihood, seed=1, n_draws=1000, n_walkers=10, n_steps=1)


def test_effective_size():
    """Equal weights count in full, one weight counts as one, and none as nothing."""
    assert effective_size(np.full(7, 0.3)) == pytest.approx(7)
    assert effective_size([5.0, 0, 0]) == 1
    assert effective_size([0.0, 0.0]) == 0
    with pytest.raises(ValueError, match=r"^weights"):
        effective_size([1.0, np.nan])


@pytest.mark.parametrize("wanted", [50.0, 100.0, 200.0])
def test_weights_are_flattened_as_far_as_is_wanted(wanted):
    """A power of the weights, below one, of the effective size; what is excluded stays so."""
    weights = np.append(np.geomspace(1e-12, 1, 400), 0.0)
    found = _tempered(weights, wanted)
    assert effective_size(found) == pytest.approx(wanted, rel=1e-3)
    power = np.diff(np.log(found[:-1])) / np.diff(np.log(weights[:-1]))
    np.testing.assert_allclose(power, power[0])
    assert 0 < power[0] < 1
    assert found[-1] == 0
    assert _tempered(found, 0.9 * wanted) is found


def test_attributes_of_a_box_are_those_of_coins():
    """A likelihood of 0 or 1 leaves its share of the draws, with the error of a share."""
    asked = []

    def box(films):
        asked.append(films)
        return 1.0 * (films["x"].to_numpy() < 4.0)

    prior = Prior({"x": Uniform(3.0, 7.0)})
    found = posterior(prior, box, seed=1, n_draws=80, n_prior=512, n_walkers=20, n_steps=6)
    assert found.attrs["evidence"] == 0.25
    assert found.attrs["evidence_error"] == pytest.approx(np.sqrt(0.25 * 0.75 / 512))
    assert found.attrs["effective_size"] == pytest.approx(128)
    assert 0.3 < found.attrs["acceptance"] < 1
    assert found.x.dims == ("draw",)
    assert 3 <= found.x.min() < 3.2 < 3.8 < found.x.max() < 4
    everywhere = np.concatenate([one.x for one in asked])
    assert everywhere.min() >= 3  # the likelihood is asked of nothing outside the prior
    assert everywhere.max() <= 7
    assert len(np.unique(everywhere)) > 512
    assert len(np.unique(found.x)) > 40


def test_all_positions_after_the_first_third_can_be_drawn():
    """Of 20 walkers in 6 steps 80 positions count, and not one more."""
    few = {"n_prior": 512, "n_walkers": 20, "n_steps": 6}
    prior = Prior({"x": Uniform(0.0, 1.0)})

    def flat(films):
        return np.ones(len(films))

    found = posterior(prior, flat, seed=0, n_draws=80, **few)
    assert found.sizes == {"draw": 80}
    assert 0 <= found.x.min() < 0.1 < 0.9 < found.x.max() <= 1
    with pytest.raises(ValueError, match=r"^n_draws = 81 must be at most the 80"):
        posterior(prior, flat, seed=0, n_draws=81, **few)
    least = {"n_draws": 1, "n_prior": 64, "n_walkers": 2, "n_steps": 1}
    assert posterior(prior, flat, seed=0, **least).sizes == {"draw": 1}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("prior", {"x": 1}),
        ("likelihood", 1.0),
        ("n_draws", 0),
        ("n_steps", 0),
        ("n_walkers", 5),
    ],
)
def test_what_is_no_search_is_refused(name, wrong):
    """By name; walkers are twice as many as parameters."""
    given = {"prior": PRIOR, "likelihood": likelihood} | {name: wrong}
    with pytest.raises((TypeError, ValueError), match=f"^{name} "):
        posterior(**given, seed=1)


def test_chunks_are_all_films_in_order():
    """Whatever their number, each is asked for once."""
    shares = np.random.default_rng(1).uniform(size=(4097, 3))
    sizes = []

    def counted(films):
        sizes.append(len(films))
        return likelihood(films)

    found = _in_chunks(PRIOR, counted, shares)
    np.testing.assert_array_equal(found, likelihood(PRIOR.at(shares)))
    assert sizes == [4096, 1]


def test_as_many_starts_as_are_wanted_are_enough():
    """Where all of them are needed they count alike; with one less there is an error."""
    weights = np.append(np.geomspace(1e-8, 1, 50), 0.0)
    assert effective_size(_tempered(weights, 50.0)) == pytest.approx(50, rel=1e-6)
    with pytest.raises(ValueError, match="leaves 49 draws of n_prior = 50"):
        _tempered(weights[1:], 50.0)


def test_walkers_start_where_the_likelihood_is_and_each_position_is_drawn_once(monkeypatch):
    """From twice as many effective draws as there are walkers, however narrow it is."""
    asked = []

    def walk(prior, likelihood, shares, starts, seed, n_walkers, n_steps):
        asked.append((starts, n_walkers, n_steps))
        return np.arange(8.0)[:, None] / 8, 0.5

    monkeypatch.setattr(module, "_walk", walk)
    said = []
    monkeypatch.setattr(module, "check_fits", lambda *given: said.append(given[1:]))
    prior = Prior({"x": Uniform(0.0, 8.0)})

    def narrow(films):
        return np.exp(-200 * films["x"].to_numpy())

    few = {"n_draws": 8, "n_prior": 512, "n_walkers": 2, "n_steps": 6}
    found = posterior(prior, narrow, seed=1, **few)
    assert sorted(found.x.values) == list(range(8))
    assert found.attrs["acceptance"] == 0.5
    [(starts, *numbers)] = asked
    assert numbers == [2, 6]
    assert effective_size(starts) == pytest.approx(4, rel=0.01)
    assert said == [(3 * 8 * 2 * 6, "lower n_steps or n_walkers")]


def test_what_is_not_said_is_usual(monkeypatch):
    """A thousand draws of two hundred steps of a hundred walkers, from 2^15 of the prior."""
    asked, numbers = [], []

    def walk(prior, likelihood, shares, starts, seed, n_walkers, n_steps):
        numbers.append((n_walkers, n_steps))
        return np.zeros((1000, 1)), 0.5

    def flat(films):
        asked.append(len(films))
        return np.ones(len(films))

    monkeypatch.setattr(module, "_walk", walk)
    found = posterior(Prior({"x": Uniform(0.0, 1.0)}), flat, seed=1)
    assert found.sizes == {"draw": 1000}
    assert (sum(asked), numbers) == (2**15, [(100, 200)])


def test_a_likelihood_is_asked_within_the_prior_alone():
    """Though walkers step out of it: there nothing is left of the posterior."""
    asked = []

    def upper(films):
        asked.append(films.x.to_numpy())
        return 1.0 * (asked[-1] > 0.9)

    found = posterior(Prior({"x": Uniform(0, 1)}), upper, seed=1, n_prior=2048, n_steps=20)
    told = np.concatenate(asked)
    assert told.min() >= 0
    assert told.max() <= 1
    assert found.x.max() < 1


def test_walkers_start_apart_and_within_the_prior(monkeypatch):
    """Each beside a draw of the prior that is likely, at either end of a range too."""
    coordinates = []

    def state(coords, **_):
        coordinates.append(coords)
        raise InterruptedError

    monkeypatch.setattr(emcee, "State", state)
    monkeypatch.setattr(module, "STARTS_PER_WALKER", 0.1)
    prior = Prior({"x": Uniform(0.0, 1.0), "y": Uniform(0.0, 1.0)})

    def ends(films):
        return 1.0 * ((films.x < 0.002) | (films.y > 0.998)).to_numpy()

    with pytest.raises(InterruptedError):
        posterior(prior, ends, seed=1, n_prior=2**13, n_walkers=200, n_draws=1)
    [start] = coordinates
    assert start.shape == (200, 2)
    assert start.min() >= 0
    assert start.max() <= 1
    assert len(np.unique(start, axis=0)) > 150
    assert ((start[:, 0] < 0.003) | (start[:, 1] > 0.997)).all()
    assert (start[:, 0] == 0).any()
    assert (start[:, 1] == 1).any()
    assert np.mean(start[:, 1] > 0.997) + np.mean(start[:, 0] < 0.003) < 1.5
