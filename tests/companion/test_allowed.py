"""Tests of tptools.companion.allowed, and of the search, with a closed form instead of excitons."""

from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tptools.companion import allowed, datasets, make, search
from tptools.companion.paper import REPORTED
from tptools.companion.recipes import AllowedRecipe, SearchRecipe
from tptools.film import FILMS
from tptools.inference import READINGS, likelihood_of

QUICK = {"seed": 1, "n_excitons": 1}


def paved(films, lasers, **settings):
    """Films in which D follows the share of sites that one excitation in a memory's time keeps."""
    time_us = np.array([one.disc_time_between_excitations_us for one in lasers])
    visits = films["peak_over_disc"] * films["modification_probability"] * 30
    visits = visits * np.sqrt(films["n_layers"])
    kept = (visits * films["relaxation_time_us"]).to_numpy()[:, None]
    slow, fast = (
        films[f"hop_rate_{name}_per_ps"].to_numpy()[:, None] for name in ("ground", "modified")
    )
    read = slow / 4 + (fast - slow / 4) * (kept / (time_us + kept)) ** 2
    dims = ("film", "laser", "reading")
    found = np.repeat(read[:, :, None], len(READINGS), axis=2)
    columns = {str(name): ("film", films[name].to_numpy()) for name in films}
    along = {
        name: ("laser", [getattr(one, name) for one in lasers])
        for name in ("power_nW", "rep_rate_MHz", "disc_time_between_excitations_us")
    }
    return xr.Dataset(
        {"diffusivity_cm2_s": (dims, found, {"units": "cm2/s"}), **columns},
        {"reading": list(READINGS), **along},
    )


@pytest.fixture(scope="module")
def patched():
    """The closed form in place of simulations, and a small sample of the prior."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "measure_films", paved)
        patch.setattr(allowed, "measure_films", paved)
        patch.setattr(allowed, "N_SAMPLE", 2**13)
        # a closed form has no noise that a logarithm would spoil
        patch.setattr(search, "LINEAR_BELOW_CM2_S", 0.002)
        patch.setattr(search, "SAMPLING", {"n_prior": 2**12, "n_walkers": 30, "n_steps": 40})
        yield


@pytest.fixture(scope="module")
def found(patched):
    """A search and what it leaves."""
    films = search.search_films(n_first=64, n_refined=(48,), **QUICK)
    left = allowed.allowed_films(films, n_draws=200, n_checks=8, n_known=3, n_papers=40, **QUICK)
    return films, left


def test_files_have_the_form_of_what_is_made(found, monkeypatch):
    """The same variables, with their dimensions and units, and who made them."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    for name, made in zip(("film_search", "allowed_films"), found, strict=True):
        stored = datasets.load(name)
        forms = [
            {key: (one[key].dims, one[key].attrs.get("units")) for key in one.data_vars}
            for one in (made, stored)
        ]
        assert forms[0] == forms[1]
        assert {*made.coords} == {*stored.coords} - {"disc_excitation_density"}
    left = found[1]
    assert left.attrs == {"origin": "simulated", **QUICK}
    assert left.number.values.tolist() == [*search.numbers_of(np.full((1, 13), 0.05))]


def test_further_batches_lie_where_data_lead(found):
    """Films of the second batch read the printed numbers more often than those of the first."""
    films, _ = found
    cut = films.diffusivity_cm2_s.sel(reading="cut").transpose("film", "laser").values
    numbers = search.numbers_of(cut)
    near = numbers.tau_us.between(3, 12) & numbers.highest_cm2_s.between(0.08, 0.3)
    share = near.groupby(films.batch.values).mean()
    assert share[1] > 3 * share[0]
    assert float(films.modification_probability.max()) == 1


def test_draws_meet_the_data_when_simulated(found):
    """What the emulator allows is allowed by direct simulation, but for some at the edges."""
    _, left = found
    for name in search.OBSERVATIONS:
        assert float(left[f"meets_{name}"].mean()) > 0.6, name
    ratio = left.checked_tau_us / left.emulated_tau_us
    assert float(abs(np.log(ratio)).median()) < 0.2


def test_sample_and_draws_agree(found):
    """Weights on the prior give the memory and the choices that the walkers give."""
    _, left = found
    stated = left.sel(data=search.ALL, prior="as stated")
    for case in left.case.values:
        one, sample = left.sel(case=case), stated.sel(case=case)
        assert float(sample.effective_size) > 20
        spread = np.log(float(sample.memory_quantile_us[-1] / sample.memory_quantile_us[0]))
        apart = np.log(float(one.relaxation_time_us.median() / sample.memory_quantile_us[2]))
        assert abs(apart) < 0.35 * spread
    assert (left.sel(case="q = 1").modification_probability == 1).all()


def test_fewer_data_leave_more(found):
    """Evidence grows where a datum is left out."""
    _, left = found
    evidence = left.evidence.sel(prior="as stated")
    every = evidence.sel(data=search.ALL)
    for name in ("curve", "without the limit", "without the highest", "without the time"):
        assert (evidence.sel(data=name) >= every).all(), name


def test_known_films_are_found_again(found):
    """No truth lies at the end of its posterior, on the emulator or simulated."""
    _, left = found
    assert 0.3 < float(left.rank_relaxation_time_us.mean()) < 0.7
    known = left.known_rank_relaxation_time_us
    assert ((known > 1e-3) & (known < 0.999)).all()


def test_file_has_what_is_asked_of_films(monkeypatch):
    """Its data, priors, choices and quantiles are these, and what is met follows from its films."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    stored = datasets.load("allowed_films")
    names = {"case": search.CASES, "prior": allowed.PRIORS, "choice": allowed.CHOICES}
    names["data"] = search.DATA
    for axis, wanted in names.items():
        assert stored[axis].values.tolist() == [*wanted]
    assert tuple(stored["quantile"].values) == allowed.QUANTILES
    assert tuple(stored["layers"].values) == allowed.LAYERS
    assert stored.sizes["layered"] == allowed.N_LAYERED
    for case in stored.case.values:
        one = stored.sel(case=case)
        met = allowed.meets(search.numbers_of(one.checked_diffusivity_cm2_s.values.astype(float)))
        for name in search.OBSERVATIONS:
            assert (one[f"meets_{name}"] == met[name]).all()
        curves = one.diffusivity_cm2_s.transpose("draw", "laser").values.astype(float)
        level = allowed.meets(search.numbers_of(curves[::20])).constant_power_ratio
        assert (one.level[::20] == level).all()


def test_errors_beyond_an_interval_are_those_of_its_edge():
    """A tenth below the lower end and above the upper one is still met, a little more is not."""
    (end,) = (one for one in search.OBSERVATIONS.values() if one.name == "tau_us")
    times = np.array([end.low * 0.899, end.low * 0.901, end.high * 1.099, end.high * 1.101])
    numbers = pd.DataFrame(dict.fromkeys(search.OBSERVATIONS, 1.0), range(4)).assign(tau_us=times)
    assert allowed.meets(numbers).tau_us.tolist() == [False, True, True, False]


def test_other_priors_are_uniform_in_what_they_name():
    """Weights on films of the stated prior put the mean of a chance, time or rate in mid-range."""
    films = search.PRIOR.design(2**12, seed=1)
    for prior, names in {
        "chance uniform": ["modification_probability"],
        "memory uniform": ["relaxation_time_us"],
        "rates uniform": ["hop_rate_ground_per_ps", "hop_rate_modified_per_ps"],
    }.items():
        weights = allowed.PRIORS[prior](films)
        for name in names:
            one = search.PRIOR.ranges[name]
            mean = np.average(films[name], weights=weights)
            assert mean == pytest.approx((one.low + one.high) / 2, rel=0.03)
    assert (allowed.PRIORS["as stated"](films) == 1).all()
    for prior, layers in (("one layer", {1}), ("three or four layers", {3, 4})):
        weights = allowed.PRIORS[prior](films)
        assert {*weights} == {0, 1}
        assert {*films.n_layers[weights > 0]} == layers


def test_choices_are_those_of_their_names():
    """Each is met by some films of the prior, and by no other."""
    films = search.PRIOR.design(64, seed=1)
    chosen = {name: films[of(films)] for name, of in allowed.CHOICES.items()}
    rest = {name: films[~of(films)] for name, of in allowed.CHOICES.items()}
    for name, column, yes, no in (
        ("traps", "trap_rate_per_ps", {2e-4}, {0}),
        ("light of the paper", "peak_over_disc", {1}, {np.log(2)}),
        ("projection", "projection", {1}, {0}),
        ("three or four layers", "n_layers", {3, 4}, {1, 2}),
    ):
        assert {*chosen[name][column]} == yes
        assert {*rest[name][column]} == no
    times_us = [times["memory above 2 us"].relaxation_time_us for times in (rest, chosen)]
    assert times_us[0].max() <= 2 < times_us[1].min() < 3


def test_shares_are_weights_of_films():
    """Of four films: the share that is chosen, the evidence, and the size of the sample."""
    films = search.PRIOR.design(4, seed=1).assign(
        relaxation_time_us=[1.0, 2.0, 3.0, 4.0], modification_probability=[0.4, 0.3, 0.2, 0.1]
    )
    likelihood, prior = np.array([1.0, 0.5, 0.25, 0.0]), np.array([0.0, 1.0, 2.0, 5.0])
    found = allowed._summary(films, likelihood, prior)
    assert float(found.evidence) == 1 / 8
    assert float(found.effective_size) == 2
    assert float(found.share.sel(choice="memory above 2 us")) == 0.5
    assert found.memory_quantile_us.sel(quantile=[0.05, 0.95]).values.tolist() == [2, 3]
    assert found.chance_quantile.sel(quantile=[0.05, 0.95]).values.tolist() == [0.2, 0.3]
    assert found.memory_quantile_us.units == "us"


def test_draws_are_described_by_their_own_and_their_true_curves(monkeypatch):
    """The coated film is one of seven that differ in both hop rates by the same factor."""

    class Reader:
        errors = MappingProxyType({})

        def curves(self, films):
            return np.repeat(films[["projection"]].to_numpy(float), 13, axis=1) + 1

        def numbers(self, films):
            factor = films["hop_rate_ground_per_ps"] / 0.02
            alike = np.isclose(factor, films["hop_rate_modified_per_ps"] / 0.2)
            same = alike & np.isclose(factor, films["relaxation_time_us"])
            level = np.array([1.2, 1.5, 1.2])
            return (
                pd.DataFrame({"tau_us": np.where(same, 10.8, 1e3)})
                .assign(**dict.fromkeys(search.OBSERVATIONS.keys() - {"tau_us"}, 1.0))
                .assign(constant_power_ratio=level)
            )

    films = search.PRIOR.design(3, seed=1).assign(
        hop_rate_ground_per_ps=0.02,
        hop_rate_modified_per_ps=0.2,
        relaxation_time_us=[allowed.SLOWER[0], 0.99, allowed.SLOWER[3]],
        projection=[0, 1, 0],
    )
    found = allowed._described(films, Reader())
    (best,) = likelihood_of(pd.DataFrame({"tau_us": [10.8]}), [search.COATED])
    wanted = [best / 7, 0, best / 7]
    assert found.coated_likelihood.values == pytest.approx(wanted, abs=1e-6 * best)
    assert found.diffusivity_cm2_s[:, 0].values.tolist() == [1, 2, 1]
    second_moment = READINGS.index("second_moment")
    assert (found.true_diffusivity_cm2_s == second_moment + 1).all()
    assert found.level.values.tolist() == [True, False, True]


def test_errors_are_those_of_the_less_certain_case(monkeypatch):
    """Of what either case leaves, number by number."""
    pilots = iter([{"a": 0.1, "b": 0.4}, {"a": 0.3, "b": 0.2}])
    asked = []

    def posterior(prior, likelihood, *, seed, n_draws, **_):
        asked.append(prior)
        return xr.Dataset({"x": ("draw", [1.0])})

    monkeypatch.setattr(allowed, "posterior", posterior)
    reader = search.Reader(None)
    monkeypatch.setattr(search.Reader, "uncertain", lambda *_, seed: next(pilots))
    assert allowed._with_errors(reader, 1).errors == {"a": 0.3, "b": 0.4}
    assert asked == [*search.CASES.values()]


def test_some_are_taken_from_the_first_to_the_last():
    """Evenly, and they are counted anew."""
    films = pd.DataFrame({"x": np.arange(11.0)}, index=np.arange(20, 31))
    some = allowed._few(films, 3)
    assert some.x.tolist() == [0, 5, 10]
    assert some.columns.tolist() == ["x"]
    assert some.index.tolist() == [0, 1, 2]


def test_synthetic_papers_are_about_films_near_the_printed_ones():
    """Within a factor for each number, to either side."""
    for name, claim in {"limit_cm2_s": "main-D-inf", "tau_us": "main-tau-relax"}.items():
        assert allowed.BOX[name][0] == REPORTED[claim].value
    middle = {name: at for name, (at, _) in allowed.BOX.items()}
    rows = [middle]
    for name, (at, factor) in allowed.BOX.items():
        rows += [middle | {name: at * by} for by in (0.99 * factor, 1.01 * factor)]
        rows += [middle | {name: at / by} for by in (0.99 * factor, 1.01 * factor)]
    films = pd.DataFrame({"k": np.arange(len(rows))})
    near, numbers = allowed._near(films, pd.DataFrame(rows))
    assert near.k.tolist() == [0, 1, 3, 5, 7, 9, 11]
    assert near.columns.tolist() == ["k"]
    assert numbers.columns.tolist() == [*allowed.BOX]


def test_coated_film_is_slower_within_the_range():
    """The calibrated films differ by less, and the range ends where they do not differ."""
    coated, plain = (FILMS[name].hopping for name in ("c-ALD 4", "OLA/OA"))
    ratios = [
        getattr(coated, name) / getattr(plain, name)
        for name in ("hop_rate_ground_per_ps", "hop_rate_modified_per_ps")
    ]
    assert allowed.SLOWER[0] < min(ratios)
    assert max(ratios) < allowed.SLOWER[-1] == 1


def test_coated_film_may_share_the_memory(found):
    """The coated film's time has a likelihood for every draw, and for some it is not nothing."""
    _, left = found
    assert (left.coated_likelihood >= 0).all()
    assert (left.coated_likelihood <= 1).all()


def test_quantiles_are_those_of_repeated_values():
    """A weight is a number of repetitions."""
    values, weights = np.array([5.0, 1.0, 3.0]), np.array([1.0, 2.0, 4.0])
    repeated = np.repeat(values, weights.astype(int))
    shares = (0.05, 0.4, 0.5, 0.95)
    expected = np.quantile(repeated, shares, method="inverted_cdf")
    assert allowed.quantile(values, weights, shares).tolist() == expected.tolist()
    assert np.isnan(allowed.quantile(values, 0 * weights, shares)).all()


def test_recipes_become_datasets(found, monkeypatch):
    """A search and what it leaves are made by their settings, with numbers of seven digits."""
    asked = []

    def search_films(**settings):
        asked.append(settings)
        return found[0]

    def allowed_films(films, **settings):
        asked.append(settings)
        assert films.diffusivity_cm2_s.dtype == np.float32
        return found[1]

    monkeypatch.setattr(make, "search_films", search_films)
    monkeypatch.setattr(make, "allowed_films", allowed_films)
    recipes = {
        "search": SearchRecipe("search", 64, (32,), n_excitons=5, seed=2),
        "left": AllowedRecipe("left", "search", 100, 2, 1, 10, n_excitons=7, seed=3),
    }
    monkeypatch.setattr(make, "RECIPES", recipes)
    made = make.make("left", cache_dir="kept")
    assert [one["n_excitons"] for one in asked] == [5, 7]
    assert [one["cache_dir"] for one in asked] == ["kept", "kept"]
    assert (made.attrs["title"], made.relaxation_time_us.dtype) == ("left", np.float32)
    assert made.diffusivity_cm2_s.attrs["units"] == "cm2/s"


def test_typical_films_are_allowed_ones_from_short_to_long_memories(found):
    """Each curve is that of a draw, named by its own memory, and the three memories increase."""
    _, left = found
    curves = allowed.typical_curves(left)
    memories = [float(name.split(" µs")[0]) for name in curves.film.values]
    assert memories == sorted(memories)
    assert memories[0] < memories[-1]
    drawn = left.diffusivity_cm2_s.stack(film=("case", "draw")).transpose("film", "laser").values
    assert all((drawn == curve).all(axis=1).any() for curve in curves.values)


def test_typical_films_of_the_file_read_what_is_printed(monkeypatch):
    """Of Note 2's rule one with a short memory, and two in which few visits modify."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    curves = allowed.typical_curves(datasets.load("allowed_films"))
    assert curves.dims == ("film", "laser")
    assert [*curves.coords["film"].coords] == ["film"]
    words = [name.split(" µs, q = ") for name in curves.film.values]
    assert [float(time_us) for time_us, _ in words] == pytest.approx([0.6, 3, 15], rel=0.1)
    assert words[0][1] == "1"
    assert all(float(chance) < 0.5 for _, chance in words[1:])
    read = search.numbers_of(curves.values.astype(float))
    assert read.tau_us.to_list() == pytest.approx([6.0] * 3, rel=0.15)
    assert read.limit_cm2_s.to_list() == pytest.approx([0.01] * 3, rel=0.15)


def test_checks_are_told_by_number(found):
    """The emulator of a closed form is off by little, and known films are not at the ends."""
    _, left = found
    told = allowed.simulated_over_emulated(left)
    assert set(told.index) == {(case, name) for case in left.case.values for name in allowed.BOX}
    off = told["simulated over emulated, %"]
    assert all(abs(one.value) < 30 and one.unit == "" for one in off)
    case = left.sel(case="free q")
    ratios = 100 * np.log((case.checked_tau_us / case.emulated_tau_us).values)
    ratios = ratios[np.isfinite(ratios)]
    one = off["free q", "tau_us"]
    error = np.std(ratios, ddof=1) / ratios.size**0.5
    assert (one.value, one.std_err) == pytest.approx((ratios.mean(), error))
    met = 100 * float(case.meets_tau_us.mean())
    assert told["met when simulated, %"]["free q", "tau_us"] == pytest.approx(met)
    assert told["met when simulated, %"].between(0, 100).all()
    third = told["a third of the tolerance, %"]["q = 1", "tau_us"]
    assert third == pytest.approx(100 * (np.log(6.5 / 5.5) / 2 + 0.1) / 3)
    ranks = allowed.recovered(left)
    assert (ranks["p of uniform shares"] > 1e-4).all()  # of ten, on one set of papers
    assert (ranks["least share, simulated"] <= ranks["largest share, simulated"]).all()


def test_layers_stretch_the_curve_of_films_that_pave_more(found):
    """In three layers the closed form paves 1.7 times as much: its time grows by no more."""
    _, left = found
    ratios = allowed.in_layers(left)
    assert len(ratios) == allowed.N_LAYERED * left.sizes["case"]
    known = ratios.tau_us[np.isfinite(ratios.tau_us)]
    assert known.size
    assert known.between(1, np.sqrt(3)).all()
    assert (ratios.highest_cm2_s > 1).all()
