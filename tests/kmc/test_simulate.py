"""Tests of tptools.kmc.simulate against limits that are known exactly."""

import hashlib
import threading
import time
from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import tptools
from tptools.excitation import Excitation
from tptools.kmc import (
    ExcitonModel,
    LatticeEdgeError,
    PulseTrain,
    Recording,
    diffusivity,
    engine,
    pulse_train,
    simulate,
    snapshot,
)
from tptools.kmc.simulate import _fresh, _rules, _run_trains, _spot

SMALL = ExcitonModel(lattice_size=301)
SHORT = Recording(until_ns=1)
ONE_EXCITON = PulseTrain(
    excitation_density=1, period_us=1, spot_sigma_sites=0.05, n_pulses=4000, burn_in_pulses=0
)
IMMORTAL = Recording(until_ns=1, follow_ns=1)


def free_walk(hop: float, **changes: object) -> ExcitonModel:
    """Model without memory: both kinds of site pass excitons on alike."""
    model = ExcitonModel(hop, hop, lifetime_ns=np.inf, lattice_size=601)
    return replace(model, **changes)


def test_distinct_sites_of_a_free_walk():
    """S_100 = 49.504 and S_1000 = 363.58, where the asymptotic formula is 4-5 % low."""
    result = simulate(free_walk(1), ONE_EXCITON, seed=2, n_trains=8, recording=IMMORTAL)
    sites = result.visited_sites.sel(time_ns=[0.1, 1.0]) / ONE_EXCITON.n_pulses
    std_err = sites.std("train", ddof=1) / np.sqrt(8)
    z = (sites.mean("train") - np.array([49.504, 363.58])) / std_err
    assert np.abs(z).max() < 4


@pytest.mark.parametrize("rule", ["chosen_neighbour", "each_neighbour"])
@pytest.mark.parametrize("hop", [0.006, 0.3, 1.0])
def test_free_walk_has_the_exact_diffusivity(hop, rule):
    """A free walk has D = p l^2 / 4, or k l^2 with a rate to each neighbour."""
    model = free_walk(hop, hop_rule=rule, lattice_spacing_nm=7)
    pulses = replace(ONE_EXCITON, n_pulses=500)
    result = simulate(model, pulses, seed=3, n_trains=40, recording=IMMORTAL)
    assert abs(diffusivity(result).z(model.free_walk_diffusivity_cm2_s(hop))) < 4


def test_one_exciton_starts_at_the_centre():
    """A tiny bright spot is one exciton at the origin at time 0, before its first hop."""
    start = simulate(SMALL, ONE_EXCITON, seed=1, recording=SHORT).isel(time_ns=0).sum("block")
    assert (start.exciton_count == ONE_EXCITON.n_pulses).all()
    assert (start.radial_count.sel(r_nm=0) == ONE_EXCITON.n_pulses).all()
    assert (start.r2_sum_nm2 == 0).all()


def test_spot_is_gaussian_and_centred_on_a_site():
    """Every column holds alpha sqrt(2 pi) sigma exp(-x^2 / 2 sigma^2) excitons per pulse."""
    pulses = PulseTrain(excitation_density=0.3, period_us=100, spot_sigma_sites=4, n_pulses=500)
    result = simulate(SMALL, pulses, seed=4, n_trains=8, recording=SHORT)
    counts = result.isel(time_ns=0).x_count.sum("train").sel(x_nm=slice(-120, 120))
    sites = np.arange(-150, 151)
    probability = 0.3 * np.exp(-(sites[:, None] ** 2 + sites**2) / 32)
    kept = slice(150 - 12, 150 + 13)
    expected = 4000 * probability.sum(axis=0)[kept]
    variance = 4000 * (probability * (1 - probability)).sum(axis=0)[kept]
    assert stats.chi2.sf((((counts - expected) ** 2) / variance).sum(), 25) > 1e-4


def test_lifetimes_are_exponential():
    """Emission delays follow exp(-t/tau) in the recorded window and in the tail beyond it."""
    pulses = PulseTrain(excitation_density=0.5, period_us=100, spot_sigma_sites=4, n_pulses=200)
    result = simulate(SMALL, pulses, seed=5, n_trains=8, recording=SHORT)
    photons = result.emission_count.sum(["train", "r_nm"]).to_numpy()
    start, end = result.delay_ns.to_numpy(), result.delay_end_ns.to_numpy()
    expected = photons.sum() * (np.exp(-start / 2.5) - np.exp(-end / 2.5))
    common = expected > 10
    observed = np.append(photons[common], photons[~common].sum())
    expected = np.append(expected[common], expected[~common].sum())
    assert stats.chisquare(observed, expected).pvalue > 1e-4


def test_every_exciton_emits_once_or_is_dropped():
    """Created equals emitted plus dropped, with trapping too."""
    model = replace(SMALL, trap_rate_per_ps=1e-3)
    pulses = PulseTrain(excitation_density=0.2, period_us=10, spot_sigma_sites=5, n_pulses=50)
    recording = Recording(until_ns=1, follow_ns=5)
    result = simulate(model, pulses, seed=6, n_trains=2, recording=recording)
    emitted = result.emission_count.sum(["delay_ns", "r_nm"])
    assert (result.dropped_count > 0).all()
    assert (result.created_count == emitted + result.dropped_count).all()
    assert (result.exciton_count.isel(time_ns=0) == result.created_count).all()


def test_histograms_hold_every_exciton():
    """At every time x, y and radial histograms sum to the exciton count, and x to <r^2>."""
    pulses = PulseTrain(excitation_density=0.2, period_us=10, spot_sigma_sites=5, n_pulses=50)
    result = simulate(SMALL, pulses, seed=7, n_trains=2, recording=SHORT)
    for name, axis in (("x_count", "x_nm"), ("y_count", "y_nm"), ("radial_count", "r_nm")):
        assert (result[name].sum(axis) == result.exciton_count).all()
    r2 = (result.x_count * result.x_nm**2).sum("x_nm") + (result.y_count * result.y_nm**2).sum(
        "y_nm"
    )
    np.testing.assert_allclose(result.r2_sum_nm2, r2)


def test_modified_sites_relax_exponentially():
    """A modified site outlives the time to the next pulse with probability exp(-period/tau)."""
    still = ExcitonModel(0, 0, lifetime_ns=0.05, relaxation_time_us=2, lattice_size=101)
    pulses = PulseTrain(
        excitation_density=0.9, period_us=1.3, spot_sigma_sites=8, n_pulses=2, burn_in_pulses=0
    )
    recording = Recording(until_ns=0.05)
    result = simulate(still, pulses, seed=8, n_trains=400, recording=recording)
    modified = result.modified_sites.isel(time_ns=0).to_numpy()
    axis = np.arange(-50, 51)
    excited = 0.9 * np.exp(-(axis[:, None] ** 2 + axis**2) / 128)
    kept = excited * np.exp(-1.3 / 2)
    first, second = excited.sum(), (excited + kept - excited * kept).sum()
    assert abs(modified.mean() - first - second) < 4 * modified.std(ddof=1) / np.sqrt(400)


def test_isolated_pulses_leave_no_memory():
    """With an infinite period every pulse finds a ground-state lattice."""
    pulses = PulseTrain(excitation_density=0.2, period_us=np.inf, spot_sigma_sites=5, n_pulses=20)
    start = simulate(SMALL, pulses, seed=9, n_trains=2, recording=SHORT).isel(time_ns=0)
    assert (start.modified_sites == start.exciton_count).all()
    assert start.attrs["burn_in_pulses"] == 0


@settings(deadline=None, max_examples=15)
@given(
    ground=st.floats(0, 1),
    modified=st.floats(0, 1),
    excitation_density=st.floats(0.05, 1),
    seed=st.integers(0, 2**64),
)
def test_single_occupancy_is_never_violated(ground, modified, excitation_density, seed):
    """The excitons of a run without decay stand on as many sites as there were at the start."""
    model = ExcitonModel(ground, modified, lifetime_ns=1e9, lattice_size=401)
    pulses = PulseTrain(excitation_density, period_us=np.inf, spot_sigma_sites=3, n_pulses=1)
    view = snapshot(model, pulses, seed=seed, time_ns=[0, 0.01, 0.1, 0.5])
    excitons = view.occupied.sum(["x_nm", "y_nm"])
    assert (excitons == excitons[0]).all()
    assert view.modified.where(view.occupied, True).all()


@settings(deadline=None, max_examples=8)
@given(
    rule=st.sampled_from(["chosen_neighbour", "each_neighbour"]),
    trap_rate=st.sampled_from([0, 1e-2]),
    annihilation_rate=st.sampled_from([0, 0.5]),
    chance=st.sampled_from([0.3, 1]),
    n_layers=st.sampled_from([1, 3]),
    lattice_size=st.integers(200, 201),
    excitation_density=st.floats(0.01, 1),
    interval_ps=st.sampled_from([1, 20]),
    seed=st.integers(0, 2**64),
)
def test_every_record_is_what_the_lattice_shows(
    rule,
    trap_rate,
    annihilation_rate,
    chance,
    n_layers,
    lattice_size,
    excitation_density,
    interval_ps,
    seed,
):
    """All sums and histograms are those of `snapshot`, which records nothing, at every instant."""
    model = ExcitonModel(
        lattice_size=lattice_size,
        lifetime_ns=0.3,
        hop_rule=rule,
        trap_rate_per_ps=trap_rate,
        trap_time_minimum_ns=0.01,
        annihilation_rate_per_ps=annihilation_rate,
        modification_probability=chance,
        n_layers=n_layers,
    )
    pulses = PulseTrain(excitation_density, 2, spot_sigma_sites=3, n_pulses=1, burn_in_pulses=3)
    recording = Recording(interval_ps, until_ns=10 * interval_ps / 1e3)
    record = simulate(model, pulses, seed=seed, n_trains=2, recording=recording).isel(train=1)
    view = snapshot(model, pulses, seed=seed, time_ns=record.time_ns, train=1)
    view = view.sum("layer") if n_layers > 1 else view
    occupied, r2 = view.occupied, view.x_nm**2 + view.y_nm**2
    space = ["x_nm", "y_nm"]
    for counted, shown in (
        (record.exciton_count, occupied.sum(space)),
        (record.modified_sites, view.modified.sum(space)),
        (record.r2_sum_nm2, (occupied * r2).sum(space)),
        (record.x_count, occupied.sum("y_nm").sel(x_nm=record.x_nm)),
        (record.y_count, occupied.sum("x_nm").sel(y_nm=record.y_nm)),
    ):
        np.testing.assert_allclose(counted, shown, rtol=1e-12)
    ring = np.rint(np.sqrt(r2.transpose("y_nm", "x_nm")) / 10).to_numpy()
    radial = [np.bincount(ring.astype(int).ravel(), here.ravel()) for here in occupied.to_numpy()]
    for counted, shown in zip(record.radial_count.to_numpy(), radial, strict=True):
        np.testing.assert_array_equal(*(np.trim_zeros(one, "b") for one in (counted, shown)))


def test_spot_reaches_as_far_as_it_is_bright():
    """The sites that a pulse can excite are those of a search over the whole lattice, in order."""
    for size, sigma, excitation_density in ((300, 8.0, 1.0), (301, 30.0, 0.02), (55, 4.5, 0.3)):
        model = ExcitonModel(lattice_size=size)
        spot = _spot(model, PulseTrain(excitation_density, 1, spot_sigma_sites=sigma))
        axis = np.arange(size) - size // 2
        r2 = axis[:, None] ** 2 + axis**2
        probability = excitation_density * np.exp(-r2 / (2 * sigma**2))
        frame = np.pad(probability, 1).ravel()
        sites = np.flatnonzero(frame >= 1e-15)
        np.testing.assert_array_equal(np.sort(spot.sites), sites)
        np.testing.assert_array_equal(spot.probabilities, frame[spot.sites])
        assert (np.diff(spot.probabilities) <= 0).all()


@pytest.mark.parametrize(
    "changes", [{}, {"trap_rate_per_ps": 1e-3}, {"modification_probability": 0.3, "n_layers": 3}]
)
def test_same_seed_same_bits_for_any_thread_count(changes):
    """Variables, coordinates and attributes are identical whatever the number of threads."""
    model = replace(SMALL, **changes)
    pulses = PulseTrain(excitation_density=0.2, period_us=1, spot_sigma_sites=5, n_pulses=60)
    one, *others = (
        simulate(model, pulses, seed=11, n_trains=5, n_threads=n, recording=SHORT)
        for n in (1, 2, 4)
    )
    assert all(one.identical(other) for other in others)


COUNTED = (
    *("created_count", "dropped_count", "exciton_count", "r2_sum_nm2", "initial_r2_sum_nm2"),
    *("visited_sites", "modified_sites", "x_count", "y_count", "bright_count", "radial_count"),
    "emission_count",
)


ALL_AT_ONCE = {
    **{"trap_rate_per_ps": 0.02, "trap_time_minimum_ns": 0.005, "annihilation_rate_per_ps": 0.2},
    **{"modification_probability": 0.5, "n_layers": 3, "absorption_cross_section_nm2": 30},
}


@pytest.mark.parametrize(
    ("rates", "pinned"),
    [
        ({}, "03ce73e7455f4a8e"),
        ({"trap_rate_per_ps": 0.02, "trap_time_minimum_ns": 0.005}, "fdb60fd7cdd23c74"),
        ({"annihilation_rate_per_ps": 0.5}, "3569b7ed03947f4a"),
        (ALL_AT_ONCE, "b52ad95e835ae5b7"),
    ],
)
def test_streams_stay_what_they_were(rates, pinned):
    """All that a tiny run counts is what every version before has counted, bit by bit.

    Which random number goes where is seen in no mean and no limit, but a seed that stands in a
    record, a cache or a paper has to give the same numbers tomorrow. Who changes a stream on
    purpose takes the new text from the failure, and says so in the list of changes.
    """
    model = ExcitonModel(lattice_size=41, lifetime_ns=0.02, relaxation_time_us=20, **rates)
    pulses = PulseTrain(0.6, 5.0, spot_sigma_sites=2, n_pulses=3, burn_in_pulses=2)
    recording = Recording(interval_ps=5, until_ns=0.04, follow_ns=0.1)
    if rates is ALL_AT_ONCE:
        # excitons, and half of what they modified, are left at the next pulse
        model = replace(model, relaxation_time_us=1e-4)
        pulses = replace(pulses, period_us=6e-5, excitons_stay=True)
        recording = Recording(interval_ps=5, until_ns=0.04)
    result = simulate(model, pulses, seed=1, n_trains=2, recording=recording)
    counts = b"".join(result[name].to_numpy().astype("<i8").tobytes() for name in COUNTED)
    assert hashlib.sha256(counts).hexdigest()[:16] == pinned


def test_trains_do_not_depend_on_how_many_there_are():
    """The first trains of a longer run are those of a shorter one; other seeds differ."""
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=20)
    few, many, other = (
        simulate(SMALL, pulses, seed=seed, n_trains=n, recording=SHORT).r2_sum_nm2
        for seed, n in ((12, 2), (12, 4), (13, 2))
    )
    np.testing.assert_array_equal(few, many.isel(train=slice(2)))
    assert not (few == other).all()
    assert not (many[0] == many[1]).all()


def test_single_train_is_the_first_of_many():
    """The blocks of a single train add up to the first train of a run of several."""
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=33)
    one = simulate(SMALL, pulses, seed=14, recording=SHORT)
    two = simulate(SMALL, pulses, seed=14, n_trains=2, recording=SHORT)
    assert one.sizes["block"] == 10
    for name in ("r2_sum_nm2", "modified_sites", "created_count"):
        np.testing.assert_array_equal(one[name].sum("block")[0], two[name][0])


def test_trapping_delays_the_light():
    """Dark times are Pareto: a trapped exciton that then decays at once emits at their delays."""
    model = ExcitonModel(
        0, 0, lifetime_ns=0.001, lattice_size=51, trap_rate_per_ps=0.5, trap_exponent=0.5
    )
    pulses = replace(ONE_EXCITON, n_pulses=20000)
    recording = Recording(interval_ps=50, until_ns=0.05)
    never_trapped = simulate(model, pulses, seed=15, n_trains=2, recording=recording)
    assert (never_trapped.emission_count.isel(delay_ns=0).sum("r_nm") == 20000).all()

    slower = replace(model, lifetime_ns=0.002)
    result = simulate(slower, pulses, seed=15, n_trains=2, recording=recording)
    photons = result.emission_count.sum(["train", "r_nm"])
    start = photons.delay_ns.to_numpy()
    late = (start > 3) & (start < 3e3)
    share = photons[late].sum() / photons[start > 3].sum()
    # a delay d far beyond t_min is one dark time, with P(> d) = (t_min / d)^mu
    exact = 1 - np.sqrt(start[late].min() / photons.delay_end_ns.to_numpy()[late].max())
    assert share == pytest.approx(exact, abs=0.04)


def test_progress_counts_the_pulses_of_all_trains(capsys):
    """The bar is full when burn-in and recorded pulses of every train are done."""
    still = ExcitonModel(0, 0, lattice_size=41, lifetime_ns=0.01)
    pulses = PulseTrain(0.5, 5, spot_sigma_sites=2, n_pulses=4, burn_in_pulses=3)
    simulate(still, pulses, seed=0, n_trains=2, recording=SHORT, progress=True)
    assert "14/14" in capsys.readouterr().err
    simulate(still, pulses, seed=1, n_trains=2, recording=SHORT)
    assert capsys.readouterr().err == ""


def test_an_error_in_one_train_ends_the_others():
    """They are told after the next pulses, not when all of theirs are done."""
    started, finished = threading.Event(), []

    class Trains:
        stages = ((None, True, 1),)

        def train(self, index, advance):
            if index == 0:
                assert started.wait(timeout=10)
                raise LatticeEdgeError
            started.set()
            for _ in range(2000):
                time.sleep(1e-3)
                advance(1)
            finished.append(index)

    with pytest.raises(LatticeEdgeError):
        _run_trains(Trains(), 2, 2, progress=False)
    assert not finished


def test_edge_is_an_error_that_names_the_remedy():
    """An exciton that reaches the edge stops the run and says how to enlarge the lattice."""
    model = ExcitonModel(1, 1, lattice_size=41)
    pulses = PulseTrain(excitation_density=0.5, period_us=1, spot_sigma_sites=3, n_pulses=5)
    with pytest.raises(LatticeEdgeError, match=r"lattice_size=82"):
        simulate(model, pulses, seed=1)
    with pytest.raises(LatticeEdgeError, match="enlarge"):
        snapshot(model, pulses, seed=1, time_ns=2.0)


@pytest.mark.parametrize("size", [40, 41])
def test_lattice_is_whole_up_to_its_edge(size):
    """An exciton may stand on the outermost sites; only leaving them is an error."""
    model = ExcitonModel(1, 1, lifetime_ns=np.inf, lattice_size=size)
    pulses = replace(ONE_EXCITON, n_pulses=2000)
    recording = Recording(interval_ps=1, until_ns=0.019, follow_ns=0.019)
    result = simulate(model, pulses, seed=16, recording=recording)
    assert result.sizes["time_ns"] == 20


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ExcitonModel(relaxation_time_us=np.nan), "relaxation_time_us = nan"),
        (lambda: ExcitonModel(lattice_size=100.5), "lattice_size = 100.5 must be an integer"),
        (lambda: ExcitonModel(n_layers=2000, lattice_size=1100), "n_layers = 2000 of lattice_size"),
        (
            lambda: simulate(ExcitonModel(n_layers=900), ONE_EXCITON, seed=1),
            r"lattice_size = 1000, n_layers = 900",
        ),
        (lambda: PulseTrain(0.1, 1, n_pulses=10.0), "n_pulses = 10.0 must be an integer"),
        (lambda: PulseTrain(0.1, 1, n_pulses=True), "n_pulses = True"),
        (lambda: Recording(until_ns=0.07), "multiple of interval_ps"),
        (lambda: Recording(follow_ns=1), "follow_ns = 1"),
        (lambda: simulate(SMALL, ONE_EXCITON, seed=-1), "seed = -1"),
        (lambda: simulate(SMALL, ONE_EXCITON, seed=1, n_trains=0), "n_trains = 0"),
        (lambda: simulate(SMALL, ONE_EXCITON, seed=1, n_threads=0), "n_threads = 0"),
        (lambda: simulate(free_walk(1), ONE_EXCITON, seed=1), "follow_ns"),
        (lambda: simulate(ExcitonModel(lattice_size=99), PulseTrain(1, 1), seed=1), ">= 129"),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=[1, 0]), "increase"),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=[0.5, 0.5]), r"0\.5\] must increase"),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=[0, np.inf]), "finite times"),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=[]), "a list of at least one"),
        (
            lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=[[1]]),
            r"\[\[1\]\] must be a time or a list",
        ),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=0, train=-1), "train = -1"),
        (
            lambda: snapshot(ExcitonModel(n_layers=900), ONE_EXCITON, seed=1, time_ns=[0, 1]),
            "2 snapshots",
        ),
        (lambda: snapshot(SMALL, ONE_EXCITON, seed=1, time_ns=-1), "at least 0"),
        (
            lambda: snapshot(SMALL, replace(ONE_EXCITON, n_pulses=2), seed=1, time_ns=0, pulse=7),
            "pulse = 7 must be an integer of at least 0 and below 2",
        ),
    ],
)
def test_invalid_parameters_name_value_and_rule(call, message):
    """A parameter out of range is a ValueError that says what was given and what is asked."""
    with pytest.raises(ValueError, match=message):
        call()


def test_attributes_repeat_the_run():
    """Model, pulses and seed rebuilt from the attributes give the same dataset."""
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=20)
    result = simulate(SMALL, pulses, seed=17, n_trains=2, recording=SHORT)
    attrs = result.attrs
    assert attrs["origin"] == "simulated"

    def rebuilt(kind: type) -> object:
        return kind(**{name: attrs[name] for name in kind.__dataclass_fields__ if name in attrs})

    again = simulate(
        rebuilt(ExcitonModel),
        rebuilt(PulseTrain),
        seed=attrs["seed"],
        n_trains=attrs["n_trains"],
        recording=SHORT,
    )
    assert again.identical(result)


def test_attributes_are_all_that_was_set():
    """Every parameter of film, pulses, laser and recording, and what follows from them."""
    laser = Excitation(2, 2.5, spot_fwhm_nm=80)
    pulses = pulse_train(laser, 2, excitons_stay=True)
    model = replace(SMALL, lifetime_ns=0.02, film="OLA/OA")
    attrs = simulate(model, pulses, seed=3, n_trains=2, recording=SHORT).attrs
    kept = [*asdict(model), *asdict(laser), *asdict(SHORT), *asdict(pulses)]
    derived = ["disc_excitation_density", "disc_time_between_excitations_us"]
    derived += ["time_between_excitations_us", "title", "origin", "version", "seed", "n_trains"]
    assert attrs.keys() == {*kept, *derived} - {"laser", "aside_sites"}
    assert attrs.items() >= asdict(model).items() | asdict(laser).items()
    assert (attrs["origin"], attrs["version"]) == ("simulated", tptools.__version__)
    assert (attrs["excitons_stay"], attrs["follow_ns"]) == (1, np.inf)
    assert attrs["burn_in_pulses"] == pulses.burn_in(model)
    assert attrs["disc_excitation_density"] == laser.disc_excitation_density
    followed = simulate(model, replace(pulses, excitons_stay=False), seed=3, recording=IMMORTAL)
    assert (followed.attrs["follow_ns"], followed.attrs["excitons_stay"]) == (1, 0)


def test_a_history_stands_in_the_attributes():
    """As text, and only where there is one."""
    still = ExcitonModel(0, 0, lattice_size=41, lifetime_ns=0.01)
    spot = PulseTrain(0.5, 5, spot_sigma_sites=2, n_pulses=1, burn_in_pulses=0)
    run = simulate(still, spot, seed=1, recording=SHORT, history=[spot])
    assert run.attrs["history"] == repr((spot,))
    assert "history" not in simulate(still, spot, seed=1, recording=SHORT).attrs
    for history, name in ((spot, "history"), ([spot, still], r"history\[1\]")):
        with pytest.raises(TypeError, match=f"^{name} is of type"):
            simulate(still, spot, seed=1, history=history)


def test_a_picture_is_of_the_pulse_asked_for():
    """The last unless it is said, after all pulses before it, of the first train."""
    pulses = PulseTrain(0.3, period_us=2, spot_sigma_sites=3, n_pulses=4, burn_in_pulses=2)
    options = {"seed": 5, "time_ns": [0, 0.5, 1.2]}
    last = snapshot(SMALL, pulses, **options)
    assert (last.attrs["pulse"], last.attrs["train"], last.attrs["n_trains"]) == (3, 0, 1)
    xr.testing.assert_identical(last, snapshot(SMALL, pulses, pulse=3, train=0, **options))
    later = replace(pulses, burn_in_pulses=5, n_pulses=1)
    xr.testing.assert_equal(last, snapshot(SMALL, later, pulse=0, **options))
    assert not last.equals(snapshot(SMALL, pulses, pulse=2, **options))
    assert last.time_ns.values.tolist() == options["time_ns"]
    assert last.modified.dims == last.occupied.dims == ("time_ns", "y_nm", "x_nm")


def test_dataset_survives_a_file(tmp_path):
    """A run written to netCDF and read again is the same."""
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=5)
    result = simulate(SMALL, pulses, seed=18, n_trains=2, recording=SHORT)
    result.to_netcdf(tmp_path / "run.nc", engine="h5netcdf")
    xr.testing.assert_equal(xr.load_dataset(tmp_path / "run.nc", engine="h5netcdf"), result)


def test_history_is_what_a_burn_in_is():
    """Earlier pulses of the same laser leave the lattice as a burn-in of as many pulses does."""
    pulses = PulseTrain(0.3, period_us=1, spot_sigma_sites=5, n_pulses=4, burn_in_pulses=7)
    burnt_in = simulate(SMALL, pulses, seed=11, n_trains=2, recording=SHORT)
    fresh = replace(pulses, burn_in_pulses=0)
    history = [replace(fresh, n_pulses=3), replace(fresh, n_pulses=1, burn_in_pulses=3)]
    after = simulate(SMALL, fresh, seed=11, n_trains=2, recording=SHORT, history=history)
    assert burnt_in.drop_attrs().identical(after.drop_attrs())


def test_there_is_room_for_the_brightest_pulses():
    """Of all that hit the spot, each site that one of them can excite has a row in both heaps."""
    kinds = [replace(ONE_EXCITON, spot_sigma_sites=sigma) for sigma in (2, 8, 4)]
    lasers = [(_rules(SMALL, one), _spot(SMALL, one)) for one in kinds]
    state = _fresh(SMALL, lasers, 1, 0)
    assert len(state.walking) == len(state.trapped) == lasers[1][1].sites.size


def test_a_slab_has_a_frame_around_it_and_a_wall_behind():
    """Every site of every layer is relaxed, and a neighbour of each lies in memory."""
    model = replace(SMALL, lattice_size=25, n_layers=3)
    lasers = [(_rules(model, ONE_EXCITON), _spot(model, ONE_EXCITON))]
    lattice = np.full((27, 27, 4), engine.FRAME)
    lattice[1:26, 1:26] = 0, 0, 0, engine.WALL
    np.testing.assert_array_equal(_fresh(model, lasers, 1, 0).lattice, lattice.ravel())


def test_history_fades():
    """Sites that bright pulses modified are still there at once and gone ten times tau later."""
    model = replace(SMALL, relaxation_time_us=1)
    bright = PulseTrain(0.5, period_us=0.1, spot_sigma_sites=5, n_pulses=30, burn_in_pulses=0)
    faint = PulseTrain(1e-6, period_us=0.1, spot_sigma_sites=5, n_pulses=1, burn_in_pulses=0)
    options = {"seed": 12, "n_trains": 20, "recording": SHORT}
    left = [
        simulate(model, replace(faint, burn_in_pulses=n), history=[bright], **options)
        .modified_sites.isel(time_ns=0)
        .mean()
        for n in (0, 100)
    ]
    assert left[0] > 100
    assert left[1] < 1


@pytest.mark.parametrize("aside_sites", [-7, 12])
def test_a_neighbour_is_the_spot_elsewhere(aside_sites):
    """All its sites lie as many columns aside, with the same light, in two layers too."""
    for model in (SMALL, replace(SMALL, n_layers=2)):
        spot = PulseTrain(0.3, period_us=1, spot_sigma_sites=2, n_pulses=1)
        here, there = (_spot(model, replace(spot, aside_sites=k)) for k in (0, aside_sites))
        row, column = np.divmod(here.sites // model.lattice_shape[2], model.lattice_shape[1])
        moved = np.divmod(there.sites // model.lattice_shape[2], model.lattice_shape[1])
        np.testing.assert_array_equal(moved, (row, column + aside_sites))
        np.testing.assert_array_equal(there.probabilities, here.probabilities)


def test_only_a_history_may_lie_aside():
    """Distances are counted from the centre, and a neighbour has to fit on the lattice too."""
    spot = PulseTrain(0.3, period_us=1, spot_sigma_sites=5, n_pulses=1, burn_in_pulses=0)
    with pytest.raises(ValueError, match="aside_sites = 3 of the pulses that are recorded"):
        simulate(SMALL, replace(spot, aside_sites=3), seed=1)
    with pytest.raises(ValueError, match="aside_sites = 500"):
        simulate(SMALL, spot, seed=1, history=[replace(spot, aside_sites=500)])


def test_annihilation_is_of_second_order():
    """Where excitons are few, twice as many lose twice the share of them."""
    model = replace(free_walk(0.5), lifetime_ns=0.5, annihilation_rate_per_ps=1)
    lost = []
    for excitation_density in (0.002, 0.004):
        pulses = PulseTrain(
            excitation_density, 1, spot_sigma_sites=10, n_pulses=10_000, burn_in_pulses=0
        )
        result = simulate(model, pulses, seed=13, n_trains=8, recording=SHORT)
        emitted = result.emission_count.sum(["delay_ns", "r_nm"])
        share = 1 - emitted / result.created_count
        lost.append((float(share.mean()), float(share.std(ddof=1)) / np.sqrt(8)))
    (once, once_err), (twice, twice_err) = lost
    assert once < 0.06  # so that the next order is below a tenth
    error = twice / once * np.hypot(once_err / once, twice_err / twice)
    assert 1.8 - 4 * error < twice / once < 2 + 4 * error


def test_without_annihilation_no_exciton_is_lost():
    """Occupied sites only block."""
    pulses = PulseTrain(excitation_density=0.5, period_us=10, spot_sigma_sites=5, n_pulses=50)
    result = simulate(SMALL, pulses, seed=14, n_trains=2, recording=SHORT)
    assert (result.emission_count.sum(["delay_ns", "r_nm"]) == result.created_count).all()


def test_expected_light_is_the_rate_of_those_that_shine():
    """In each recorded interval, for its mean number of excitons in no trap; later the photons."""
    model = replace(SMALL, trap_rate_per_ps=1e-2, trap_time_minimum_ns=0.1)
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=12)
    for n_trains in (1, 2):
        run = simulate(model, pulses, seed=15, n_trains=n_trains, recording=SHORT)
        assert (run.bright_count < run.radial_count).any()
        bright = run.bright_count.values
        wanted = 0.05 / 2.5 * (bright[..., :-1, :] + bright[..., 1:, :]) / 2
        np.testing.assert_allclose(run.expected_emission[..., :20, :], wanted)
        late = run.isel(delay_ns=slice(20, None))
        np.testing.assert_array_equal(late.expected_emission, late.emission_count)


@pytest.mark.parametrize("n_trains", [1, 2])
def test_a_run_says_what_it_holds(n_trains):
    """Dimensions and unit of every sum and axis, and a name for people."""
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=12)
    run = simulate(SMALL, pulses, seed=1, n_trains=n_trains, recording=SHORT)
    groups = ("train", "block") if n_trains == 1 else ("train",)
    dims = {
        **dict.fromkeys(["created_count", "dropped_count", "carried_count"], groups),
        **dict.fromkeys(["exciton_count", "visited_sites", "modified_sites"], (*groups, "time_ns")),
        **dict.fromkeys(["r2_sum_nm2", "initial_r2_sum_nm2"], (*groups, "time_ns")),
        **{f"{one}_count": (*groups, "time_ns", f"{one}_nm") for one in "xy"},
        **dict.fromkeys(["bright_count", "radial_count"], (*groups, "time_ns", "r_nm")),
        **dict.fromkeys(["emission_count", "expected_emission"], (*groups, "delay_ns", "r_nm")),
        "sites_per_radius": ("r_nm",),
    }
    assert {name: one.dims for name, one in run.data_vars.items()} == dims
    squares = [name for name, one in run.data_vars.items() if one.units == "nm2"]
    assert squares == ["r2_sum_nm2", "initial_r2_sum_nm2"]
    assert {one.units for one in run.data_vars.values()} == {"1", "nm2"}
    assert all(run[name].long_name for name in dims if name != "sites_per_radius")
    axes = {name: one.attrs.get("units") for name, one in run.coords.items()}
    lengths, times = ("x_nm", "y_nm", "r_nm"), ("time_ns", "delay_ns", "delay_end_ns")
    assert axes == {"train": None} | dict.fromkeys(lengths, "nm") | dict.fromkeys(times, "ns")
    along = {name: (name,) for name in axes} | {"delay_end_ns": ("delay_ns",)}
    assert {name: one.dims for name, one in run.coords.items()} == along
    assert (run.delay_ns.long_name, run.delay_end_ns.long_name) == ("lower edge", "upper edge")
    assert run.train.values.tolist() == [*range(n_trains)]
    np.testing.assert_allclose(run.r_nm, 10.0 * np.arange(run.sizes["r_nm"]))


def test_space_is_cut_to_where_excitons_were():
    """One that stays at the centre leaves a column on either side, and no radius but its own."""
    still = ExcitonModel(0, 0, lattice_size=41, lifetime_ns=0.05)
    run = simulate(still, replace(ONE_EXCITON, n_pulses=20), seed=1, recording=SHORT)
    assert run.x_nm.values.tolist() == run.y_nm.values.tolist() == [-10, 0, 10]
    assert run.r_nm.values.tolist() == [0]
    spot = PulseTrain(1, np.inf, spot_sigma_sites=1, n_pulses=50)
    run = simulate(still, spot, seed=1, recording=SHORT).sum("block")
    edges = run.x_count.any(["train", "time_ns"]) | run.y_count.values.any((0, 1))
    assert edges[[0, -1]].any()
    assert run.radial_count.isel(r_nm=-1).any()


def test_delays_have_twenty_bins_a_decade():
    """Linear up to the last instant, then six decades, the last of them open."""
    edges = Recording(50, 1).delay_edges_ns
    np.testing.assert_allclose(edges[:21], 0.05 * np.arange(21))
    np.testing.assert_allclose(edges[21:-1], 10 ** (np.arange(1, 120) / 20))
    assert edges[-1] == np.inf


def test_instants_may_lie_at_their_limits():
    """One interval at least, and excitons are followed to the last instant or to any time later."""
    assert Recording(1, 0.001).n_times == 2
    assert Recording(50, 0.05, 0.05).times_ns.tolist() == [0, 0.05]
    assert Recording(follow_ns=1e300).follow_ns == 1e300
    for wrong, message in (
        ((50, 0.04), r"^until_ns = 0\.04 must be .* at least 0\.05"),
        ((50, 0.07), r"^until_ns = 0\.07 must be a multiple of interval_ps = 50; use 0\.05$"),
        ((50, 1, 0.99), r"^follow_ns = 0\.99 must be .* at least 1"),
    ):
        with pytest.raises(ValueError, match=message):
            Recording(*wrong)


def test_expected_light_is_that_of_the_photons():
    """Light by delay and by radius agrees with the photons drawn, traps and memory at work."""
    model = replace(SMALL, trap_rate_per_ps=1e-3, trap_time_minimum_ns=0.1)
    pulses = PulseTrain(excitation_density=0.2, period_us=5, spot_sigma_sites=5, n_pulses=100)
    result = simulate(model, pulses, seed=15, n_trains=30, recording=SHORT)
    inside = result[["expected_emission", "emission_count"]].isel(delay_ns=slice(None, -120))
    for axis in ("delay_ns", "r_nm"):
        sums = inside.sum([{"delay_ns": "r_nm", "r_nm": "delay_ns"}[axis]])
        difference = (sums.expected_emission - sums.emission_count).where(
            sums.emission_count.sum("train") > 50
        )
        z = difference.mean("train") / (difference.std("train", ddof=1) / np.sqrt(30))
        assert np.abs(z).max() < 4.5
    late = result.isel(delay_ns=slice(len(SHORT.times_ns) - 1, None))
    assert (late.expected_emission == late.emission_count).all()


def test_expected_light_has_less_noise():
    """In the first bins, where every exciton is seen, the trains differ far less in light."""
    pulses = PulseTrain(excitation_density=0.2, period_us=100, spot_sigma_sites=5, n_pulses=20)
    result = simulate(SMALL, pulses, seed=16, n_trains=40, recording=SHORT)
    first = result[["expected_emission", "emission_count"]].isel(delay_ns=0).sum("r_nm")
    assert first.expected_emission.std() < 0.3 * first.emission_count.std()


def test_visits_that_never_modify_leave_the_ground_state():
    """At q = 0 every exciton walks as where both rates are those of the ground state."""
    pulses = PulseTrain(excitation_density=0.5, period_us=np.inf, spot_sigma_sites=8, n_pulses=1)
    never = replace(SMALL, hop_rate_ground_per_ps=0.1, modification_probability=0)
    alike = replace(never, hop_rate_modified_per_ps=0.1, modification_probability=0.4)
    runs = [
        simulate(model, pulses, seed=17, n_trains=2, recording=SHORT) for model in (never, alike)
    ]
    assert (runs[0].modified_sites == 0).all()
    assert (runs[1].modified_sites > 0).all()
    moves = ["exciton_count", "x_count", "y_count", "emission_count", "visited_sites"]
    xr.testing.assert_equal(runs[0][moves], runs[1][moves])


def test_an_excitation_modifies_with_its_probability():
    """Of the sites that a pulse excites, and no exciton leaves, the share q is modified."""
    still = ExcitonModel(0, 0, 0.05, lattice_size=101, modification_probability=0.3)
    pulses = PulseTrain(excitation_density=0.5, period_us=np.inf, spot_sigma_sites=8, n_pulses=50)
    start = simulate(still, pulses, seed=18, n_trains=40, recording=SHORT).isel(time_ns=0)
    modified, created = start.modified_sites.to_numpy(), start.created_count.to_numpy()
    chi2 = ((modified - 0.3 * created) ** 2 / (0.3 * 0.7 * created)).sum()
    assert 1e-4 < stats.chi2.sf(chi2, 40) < 1 - 1e-4
    assert (start.visited_sites == start.created_count).all()


def test_where_only_excitation_modifies_hops_leave_no_trace():
    """The sites of one pulse that are modified stay those that it excited, while visits go on."""
    charged = replace(SMALL, hop_rate_ground_per_ps=0.2, modified_by="excitation")
    pulses = PulseTrain(excitation_density=0.4, period_us=np.inf, spot_sigma_sites=5, n_pulses=20)
    run = simulate(charged, pulses, seed=20, n_trains=2, recording=SHORT)
    assert (run.modified_sites == run.created_count).all()
    assert (run.visited_sites.isel(time_ns=-1) > 10 * run.created_count).all()


def test_a_few_modified_sites_hold_excitons_and_many_let_them_spread():
    """Sites grow with q; D falls first, for rates are those of arrival, and then exceeds q = 0."""
    pulses = PulseTrain(excitation_density=0.2, period_us=1, spot_sigma_sites=5, n_pulses=40)
    modified, spread = {}, {}
    for chance in (0, 0.03, 0.2, 1):
        model = replace(SMALL, hop_rate_ground_per_ps=0.05, modification_probability=chance)
        run = simulate(model, pulses, seed=19, n_trains=20, recording=IMMORTAL)
        modified[chance] = float(run.modified_sites.isel(time_ns=-1).mean())
        spread[chance] = diffusivity(run)
    assert sorted(modified.values()) == list(modified.values())
    for slow, fast in ((0.03, 0), (0.03, 0.2), (0.2, 1), (0, 1)):
        error = np.hypot(spread[slow].std_err, spread[fast].std_err)
        assert spread[fast].value - spread[slow].value > 4 * error


WALKING = replace(SMALL, lifetime_ns=1.0, relaxation_time_us=0.05)
TRAPPING = replace(WALKING, trap_rate_per_ps=1e-3, trap_time_minimum_ns=0.5, trap_exponent=2.0)
OFTEN = PulseTrain(0.1, period_us=2e-3, spot_sigma_sites=5, n_pulses=300, burn_in_pulses=100)
STAYING = replace(OFTEN, excitons_stay=True)


def z_scores(one: xr.DataArray, other: xr.DataArray) -> np.ndarray:
    """Difference of two means over trains in its standard errors."""
    variance = sum(each.var("train", ddof=1) / each.sizes["train"] for each in (one, other))
    return ((one.mean("train") - other.mean("train")) / np.sqrt(variance)).to_numpy()


def test_excitons_that_stay_reach_the_number_of_a_steady_state():
    """Each pulse finds created exp(-P/tau) / (1 - exp(-P/tau)) excitons, by geometric series."""
    run = simulate(WALKING, STAYING, seed=1, n_trains=20, recording=SHORT)
    share = run.carried_count / run.created_count
    expected = 1 / np.expm1(1e3 * OFTEN.period_us / WALKING.lifetime_ns)
    error = share.std(ddof=1) / np.sqrt(20)
    assert abs(float(share.mean()) - expected) < 4 * error
    assert (run.dropped_count == 0).all()


@pytest.mark.parametrize("model", [WALKING, TRAPPING], ids=["walking", "trapping"])
def test_excitons_that_stay_emit_once_at_the_delay_after_their_own_pulse(model):
    """All that a fresh run creates has emitted or waits, and delays have the law of lone pulses."""
    fresh = replace(STAYING, burn_in_pulses=0, n_pulses=60)
    run = simulate(model, fresh, seed=2, n_trains=2, recording=SHORT)
    late = replace(fresh, n_pulses=1, burn_in_pulses=60)
    waiting = simulate(model, late, seed=2, n_trains=2, recording=SHORT).carried_count
    emitted = run.emission_count.sum(["delay_ns", "r_nm"])
    assert (waiting > 0).all()
    assert (run.created_count == emitted + waiting).all()
    on, off = (
        simulate(model, pulses, seed=3, n_trains=20, recording=SHORT).emission_count.sum("r_nm")
        for pulses in (STAYING, replace(OFTEN, period_us=np.inf))
    )
    edges_ns = [0, 0.5, 1, 2, 4, 8]
    shares = [
        (counts / counts.sum("delay_ns")).groupby_bins("delay_ns", edges_ns, right=False).sum()
        for counts in (on, off)
    ]
    assert np.abs(z_scores(*shares)).max() < 4


@pytest.mark.parametrize("model", [WALKING, TRAPPING], ids=["walking", "trapping"])
def test_excitons_stay_by_the_same_law_where_none_outlives_the_period(model):
    """At long periods the same excitons, memory and light come out, staying or not."""
    rare = replace(OFTEN, period_us=0.03, n_pulses=100)
    runs = [
        simulate(model, replace(rare, excitons_stay=on), seed=seed, n_trains=30, recording=SHORT)
        for on, seed in ((True, 4), (False, 5))
    ]
    for name in ("exciton_count", "r2_sum_nm2", "visited_sites", "modified_sites"):
        found = [run[name].sel(time_ns=[0, 0.2, 1]) for run in runs]
        assert np.abs(z_scores(*found)).max() < 4, name


def test_a_detector_sees_the_light_of_all_pulses_once():
    """Staying or not, the whole light per pulse is what is created, folded into one period."""
    still = replace(TRAPPING, hop_rate_ground_per_ps=0, hop_rate_modified_per_ps=0)
    runs = [
        simulate(still, pulses, seed=6, n_trains=20, recording=SHORT) for pulses in (STAYING, OFTEN)
    ]
    light = [run.expected_emission.sum(["delay_ns", "r_nm"]) / run.created_count for run in runs]
    assert np.abs(z_scores(light[0], xr.ones_like(light[0]))) < 4
    assert np.abs(z_scores(light[1], xr.ones_like(light[1]))) < 4


def test_excitons_stay_with_the_same_bits_for_any_thread_count():
    """Variables, coordinates and attributes are identical whatever the number of threads."""
    one, *others = (
        simulate(TRAPPING, STAYING, seed=7, n_trains=5, n_threads=n, recording=SHORT)
        for n in (1, 2, 4)
    )
    assert all(one.identical(other) for other in others)


def test_occupied_sites_stay_modified_and_take_no_second_exciton():
    """Where nothing moves or decays, excitons are those created, and the only modified sites."""
    still = ExcitonModel(0, 0, lifetime_ns=1e6, relaxation_time_us=5e-5, lattice_size=71)
    pulses = replace(STAYING, n_pulses=40, burn_in_pulses=0)
    view = snapshot(still, pulses, seed=8, time_ns=0)
    run = simulate(still, pulses, seed=8, recording=SHORT)
    assert int(run.created_count.sum()) == int(view.occupied.sum())
    assert (view.modified == view.occupied).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: replace(STAYING, excitons_stay="yes"), "excitons_stay = 'yes'"),
        (lambda: simulate(WALKING, STAYING, seed=1), "until_ns = 10.0 must be at most"),
        (lambda: simulate(WALKING, STAYING, seed=1, recording=IMMORTAL), "follow_ns = 1"),
        (lambda: snapshot(WALKING, STAYING, seed=1, time_ns=[1, 3]), "at most 2.0"),
        (
            lambda: simulate(WALKING, OFTEN, seed=1, recording=IMMORTAL, history=[STAYING]),
            "must be None where excitons_stay",
        ),
    ],
)
def test_what_cannot_stay_is_refused(call, message):
    """Flags that are none, instants beyond the next pulse, and excitons that are to be dropped."""
    with pytest.raises(ValueError, match=message):
        call()


def test_excitons_that_stay_are_seen_until_the_next_pulse():
    """Up to its very instant; after a history of such pulses a run may look longer."""
    few = replace(STAYING, n_pulses=2, burn_in_pulses=0)
    whole = simulate(WALKING, few, seed=1, recording=Recording(until_ns=2))
    assert float(whole.time_ns[-1]) == 1e3 * few.period_us
    view = snapshot(WALKING, few, seed=1, time_ns=[1, 2])
    assert view.sizes["time_ns"] == 2
    after = replace(few, excitons_stay=False)
    longer = simulate(WALKING, after, seed=1, history=[few], recording=Recording(until_ns=3))
    assert float(longer.time_ns[-1]) == 3


def test_the_general_walk_is_that_of_note_2_where_nothing_else_is_asked():
    """With annihilation too rare to count, it has every bit of the walk that knows none."""
    rare = replace(SMALL, annihilation_rate_per_ps=1e-300)
    pulses = PulseTrain(excitation_density=0.4, period_us=2, spot_sigma_sites=5, n_pulses=20)
    runs = [simulate(one, pulses, seed=21, n_trains=2, recording=SHORT) for one in (SMALL, rare)]
    assert runs[0].drop_attrs().identical(runs[1].drop_attrs())


@pytest.mark.parametrize("rule", ["chosen_neighbour", "each_neighbour"])
@pytest.mark.parametrize("n_layers", [2, 4])
def test_free_walk_in_a_slab_has_the_exact_diffusivity(n_layers, rule):
    """Layers slow it down by the closed form, or not at all with a rate to each neighbour."""
    model = free_walk(0.7, hop_rule=rule, n_layers=n_layers, absorption_cross_section_nm2=100)
    pulses = replace(ONE_EXCITON, n_pulses=500)
    result = simulate(model, pulses, seed=22, n_trains=40, recording=IMMORTAL)
    assert (result.created_count == 500).all()
    assert abs(diffusivity(result).z(model.free_walk_diffusivity_cm2_s(0.7))) < 4


def test_a_slab_absorbs_what_its_layers_take_of_the_light():
    """Excitons lie in the layers as light does, in all as many as photons are missing behind."""
    model = replace(SMALL, n_layers=4, absorption_cross_section_nm2=30)
    pulses = PulseTrain(excitation_density=0.2, period_us=1, spot_sigma_sites=8, n_pulses=1)
    spot = _spot(model, pulses)
    in_layer = np.bincount(spot.sites % 5, spot.probabilities)
    np.testing.assert_allclose(in_layer, in_layer[0] * 0.7 ** np.arange(4))
    photons_that_come = 2 * np.pi * 8**2 * 0.2 / 0.3
    assert in_layer.sum() == pytest.approx(photons_that_come * (1 - 0.7**4))
    assert model.illuminated_layers == pytest.approx(in_layer.sum() / in_layer[0])
    assert (np.diff(spot.probabilities) <= 0).all()


def test_excitons_leave_a_slab_at_its_sides_only():
    """They spread over all layers and never beyond; the edge of the lattice is an error as ever."""
    model = ExcitonModel(1, 1, lifetime_ns=10, lattice_size=61, n_layers=3)
    model = replace(model, absorption_cross_section_nm2=100)
    pulses = PulseTrain(1, np.inf, spot_sigma_sites=4, n_pulses=1)
    view = snapshot(model, pulses, seed=1, time_ns=[0, 0.05]).occupied
    by_layer = view.sum(["x_nm", "y_nm"])
    assert (by_layer[0, 1:] == 0).all()
    assert (by_layer[1] > 0.1 * by_layer[0, 0]).all()
    with pytest.raises(LatticeEdgeError, match="lattice_size=122"):
        simulate(model, pulses, seed=1)


def test_one_layer_asks_nothing_of_the_cross_section():
    """A plane has the same bits whatever a layer would pass on."""
    pulses = PulseTrain(excitation_density=0.4, period_us=2, spot_sigma_sites=5, n_pulses=5)
    runs = [
        simulate(replace(SMALL, absorption_cross_section_nm2=one), pulses, seed=23, recording=SHORT)
        for one in (0, 100)
    ]
    assert runs[0].drop_attrs().identical(runs[1].drop_attrs())
