"""Tests of tptools.companion.simulations."""

import inspect
from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from tptools import fitting, kmc
from tptools.companion import datasets, simulations
from tptools.estimate import Estimate
from tptools.excitation import Excitation

FILM = kmc.ExcitonModel(relaxation_time_us=0.2, lifetime_ns=1.0)
BRIGHT = Excitation(25, 10)


def test_curve_falls_with_the_time_between_excitations():
    """A film that remembers spreads its excitons faster where light falls more often."""
    lasers = [Excitation(25, 40), Excitation(1, 2.5)]
    curve = simulations.true_curve(FILM, lasers, seed=1, n_excitons=600)
    assert curve.value[0] > curve.value[1]
    wanted = [one.disc_time_between_excitations_us for one in lasers]
    assert curve.disc_time_between_excitations_us.values.tolist() == wanted


def test_curve_has_a_point_for_each_laser(monkeypatch):
    """Of two trains each, with its unit and the time of the disc beside it."""
    asked = []

    def film_diffusivity(film, laser, **options):
        asked.append(options)
        return Estimate(laser.power_nW, 0.1, "cm2/s", "x")

    monkeypatch.setattr(kmc, "film_diffusivity", film_diffusivity)
    lasers = [Excitation(25, 40), Excitation(1, 2.5)]
    curve = simulations.true_curve(FILM, lasers, seed=3, n_excitons=600)
    assert asked == [{"seed": 3, "n_excitons": 600, "n_trains": 2}] * 2
    assert curve.value.dims == curve.disc_time_between_excitations_us.dims == ("laser",)
    assert (curve.value.values.tolist(), curve.value.units) == ([25, 1], "cm2/s")


def test_earlier_film_is_that_of_the_file():
    """Its numbers stand beside the curve that was simulated of it."""
    stored = datasets.load("curves_of_note_2").attrs
    numbers = asdict(simulations.EARLIER)
    assert {key: stored[f"OLA/OA, calibrated so: {key}"] for key in numbers} == numbers


def test_what_is_left_is_told_pulse_by_pulse(monkeypatch):
    """Sites of each tenth of the pulses, less those of the steady state, over the first tenth."""
    end, scatter = 7.0, np.array([0.9, 1.1])

    def simulate(film, pulses, *, seed, n_trains=1, history=()):
        assert film == FILM
        if not history:
            assert pulses == kmc.pulse_train(after, 40)
            sites = np.full((2, n_trains), 40 * end)
            return xr.Dataset({"modified_sites": (("time_ns", "train"), [sites[0], 0 * sites[0]])})
        assert pulses == kmc.pulse_train(after, 80, 0)
        assert history == [kmc.pulse_train(before, 1)]
        seeds.append(seed)
        excess = 3.0 * scatter[len(seeds) - 1] * 0.5 ** np.arange(10)
        sites = 8 * np.stack([end + excess, np.zeros(10)])
        return xr.Dataset({"modified_sites": (("time_ns", "train", "block"), sites[:, None])})

    seeds, before, after = [], Excitation(25, 10), Excitation(5, 10)
    monkeypatch.setattr(kmc, "simulate", simulate)
    left = simulations.forgetting(FILM, before, after, 80, seed=1, n_trains=2)
    assert left.dims == ("train", "time_us")
    np.testing.assert_allclose(left, scatter[:, None] * 0.5 ** np.arange(10))
    # the first of the ten tenths has the pulses 0 to 7
    assert left.time_us.values == pytest.approx((3.5 + 8 * np.arange(10)) * after.period_us)
    assert len({*seeds}) == 2


def test_what_forgets_at_once_has_nothing_left():
    """After many relaxation times the excess over the steady state is gone."""
    left = simulations.forgetting(FILM, BRIGHT, Excitation(5, 10), 40, seed=1, n_trains=4)
    mean = left.mean("train")
    assert mean[0] == pytest.approx(1)
    assert abs(mean[-3:].mean()) < 0.3
    assert np.diff(left.time_us) == pytest.approx(0.4)


def test_lattice_without_memory_is_steady_at_once():
    """Blocks of a film that remembers nothing have its steady diffusivity from the first on."""
    even = replace(FILM, hop_rate_ground_per_ps=0.5, hop_rate_modified_per_ps=0.5)
    blocks, whole = simulations.approach(even, 0.08, 0.1, seed=1, n_trains=2)
    assert blocks.relative.dims == blocks.relative_err.dims == ("pulse",)
    assert blocks.sizes["pulse"] == 10
    assert blocks.pulse.values[:2].tolist() == [50, 150]
    assert abs(blocks.relative[0] - 1) < 5 * blocks.relative_err[0]
    assert abs(whole.z(1.0)) < 4


def test_lattice_is_fresh_at_the_first_pulse(monkeypatch):
    """No pulse comes before those that are set against the steady state.

    Each train has a seed of its own.
    """
    D = Estimate(0.1, 0.01, "cm2/s", "x")

    def simulate(film, pulses, *, seed, recording):
        assert pulses == kmc.PulseTrain(0.03, 0.4, burn_in_pulses=0)
        seeds.append(seed)
        names = ["exciton_count", "r2_sum_nm2", "initial_r2_sum_nm2"]
        return xr.Dataset({name: (("train", "block"), [[1.0, 2.0]]) for name in names})

    def film_diffusivity(film, light, *, seed, n_trains):
        assert (light, n_trains) == (kmc.PulseTrain(0.03, 0.4), 3)
        return 2 * D

    seeds = []
    monkeypatch.setattr(kmc, "simulate", simulate)
    monkeypatch.setattr(kmc, "film_diffusivity", film_diffusivity)
    monkeypatch.setattr(kmc, "diffusivity", lambda run: float(run.exciton_count.mean()) * D)
    blocks, whole = simulations.approach(FILM, 0.03, 0.4, seed=1, n_trains=3)
    assert blocks.relative.values == pytest.approx([0.5, 1.0])
    assert blocks.pulse.values.tolist() == [250, 750]
    assert whole.value == pytest.approx(1.5)
    assert len({*seeds}) == 3


def test_approaches_stand_side_by_side(monkeypatch):
    """One for each period, with the ratio of all pulses beside its blocks."""

    def approach(film, density, period_us, *, seed, n_trains):
        assert (film, density, seed, n_trains) == (FILM, 0.03, 4, 5)
        blocks = xr.Dataset({"relative": ("pulse", [period_us, 1.0])}, {"pulse": [50, 150]})
        return blocks, Estimate(2 * period_us, 0.1 * period_us, "", "x")

    monkeypatch.setattr(simulations, "approach", approach)
    found = simulations.approaches({"any": FILM}, 0.03, (0.1, 0.4), seed=4, n_trains=5)
    assert found.relative.sel(pulse=50, period_us=[0.4, 0.1]).values.tolist() == [0.4, 0.1]
    assert found.whole.sel(period_us=[0.1, 0.4]).values.tolist() == [0.2, 0.8]
    assert found.whole_err.sel(period_us=0.4) == pytest.approx(0.04)


@pytest.mark.parametrize(("rate_per_ps", "linear"), [(0.0, True), (0.5, False)])
def test_annihilation_bends_the_light(rate_per_ps, linear):
    """Without annihilation every exciton of either laser gives its light; with it, fewer do."""
    film = replace(FILM, annihilation_rate_per_ps=rate_per_ps)
    faint, bright = Excitation(0.5, 5), Excitation(25, 5)
    found = simulations.emission_exponent(lambda laser: film, faint, bright, seed=1)
    assert (abs(found - 1) < 0.01) == linear
    assert found < 1.01


def test_lone_exciton_that_cannot_hop_visits_its_own_site_only():
    """Without hops every exciton visits one nanocrystal; with them, more."""
    still = replace(FILM, hop_rate_ground_per_ps=0.0, hop_rate_modified_per_ps=0.0)
    assert simulations.sites_per_exciton(still, BRIGHT, seed=1, n_trains=2).value == 1
    assert simulations.sites_per_exciton(FILM, BRIGHT, seed=1, n_trains=2).value > 3


def test_free_walkers_spread_straight_and_read_true():
    """With one hop rate slices read the excitons' own D, in the third ns as in the first."""
    even = replace(FILM, hop_rate_ground_per_ps=0.4, hop_rate_modified_per_ps=0.4, lifetime_ns=2.0)
    options = {"seed": 1, "n_excitons": 3_000, "n_trains": 4}
    third = simulations.third_nanosecond(even, BRIGHT, **options)
    over = simulations.slices_over_excitons(even, BRIGHT, **options)
    assert third.std_err < 0.3
    assert over.std_err < 0.15
    assert abs(third.z(1.0)) < 4
    assert abs(over.z(1.0)) < 4


@pytest.fixture
def two_trains(monkeypatch):
    """Two trains of which the microscope sees just what they are."""
    trains = [xr.Dataset(attrs={"k": k}) for k in (1.0, 2.0)]
    seen = SimpleNamespace(expected=lambda train: SimpleNamespace(counts=train))
    monkeypatch.setattr(simulations, "_SEEN_THROUGH", seen)
    monkeypatch.setattr(simulations, "_seen", lambda *_: trains)


def test_growth_is_read_around_full_nanoseconds(two_trains, monkeypatch):
    """What lies 0.15 ns beside them counts, what lies farther does not."""
    near = {0.05: 1.0, 1.0: 3.0, 2.0: 4.0, 3.0: 4.0}
    times = sorted(
        round(t + off, 2) for t in near for off in (-0.26, -0.1, 0.0, 0.1, 0.26) if t + off >= -0.1
    )

    def growth(counts):
        nearest = [min(near, key=lambda one, t=t: abs(one - t)) for t in times]
        value = [
            (near[one] + counts.attrs["k"] * (one == 3)) if abs(one - t) < 0.15 else 1e3
            for one, t in zip(nearest, times, strict=True)
        ]
        return xr.Dataset({"growth_nm2": ("time_ns", value)}, {"time_ns": times})

    monkeypatch.setattr(fitting, "variance_growth", growth)
    found = simulations.third_nanosecond(FILM, BRIGHT, seed=1)
    # 1 and 2 over 2, and half their distance
    assert (found.value, found.std_err, found.unit) == (0.75, pytest.approx(0.25), "")


def test_slices_are_set_against_the_excitons_of_the_same_train(two_trains, monkeypatch):
    """The mean of ratios, with the error that their scatter gives."""

    def slices(counts, *, goodness):
        assert not goodness
        return Estimate(6 * counts.attrs["k"], 0.1, "cm2/s", "x")

    monkeypatch.setattr(fitting, "diffusivity", slices)
    own = {1.0: 2.0, 2.0: 12.0}
    monkeypatch.setattr(
        kmc, "diffusivity", lambda run: Estimate(own[run.attrs["k"]], 0.1, "cm2/s", "x")
    )
    found = simulations.slices_over_excitons(FILM, BRIGHT, seed=1)
    assert (found.value, found.std_err, found.unit) == (2.0, pytest.approx(1.0), "")


def test_visits_are_counted_to_the_end_of_a_long_life(monkeypatch):
    """At 50 ns, each train over its own excitons."""

    def simulate(film, pulses, *, seed, n_trains, recording):
        assert pulses.laser == BRIGHT
        assert (recording.until_ns, recording.interval_ps) == (50, 50_000)
        sites = [[0.0, 20.0, 30.0], [0.0, 30.0, 40.0]]
        counts = {"visited_sites": (("train", "time_ns"), sites)}
        return xr.Dataset(counts | {"created_count": ("train", [10.0, 20.0])})

    monkeypatch.setattr(kmc, "simulate", simulate)
    found = simulations.sites_per_exciton(FILM, BRIGHT, seed=1)
    assert (found.value, found.std_err) == (2.5, pytest.approx(0.5))
    assert (found.unit, found.method) == ("", "visited sites")


def test_one_size_serves_all_pages(monkeypatch):
    """What the book quotes of any film is drawn alike, and one approach as several are."""
    asked = []
    one = Estimate(0.1, 0.01, "cm2/s", "x")
    monkeypatch.setattr(kmc, "film_diffusivity", lambda *_, **size: asked.append(size) or one)
    for lifetime_ns, laser in ((1.7, BRIGHT), (1.8, Excitation(1, 2.5))):
        simulations.own_diffusivity(replace(FILM, lifetime_ns=lifetime_ns), laser)
    assert asked[0] == asked[1]
    trains = [
        inspect.signature(some).parameters["n_trains"].default
        for some in (simulations.approach, simulations.approaches)
    ]
    assert trains[0] == trains[1]


def test_own_diffusivity_is_drawn_once():
    """The same film under the same light has the same number, and another film has another."""
    film = replace(FILM, relaxation_time_us=0.1)
    first = simulations.own_diffusivity(film, BRIGHT)
    simulations.own_diffusivity.cache_clear()
    again = simulations.own_diffusivity(film, BRIGHT)
    assert (first.value, first.std_err) == (again.value, again.std_err)
    assert simulations.own_diffusivity(FILM, BRIGHT).value > first.value


def test_isolated_pulses_are_those_of_the_laser():
    """Nothing but the period differs, and it never ends."""
    pulses, own = simulations.isolated(BRIGHT, 500), kmc.pulse_train(BRIGHT, n_excitons=500)
    assert np.isinf(pulses.period_us)
    assert replace(pulses, period_us=own.period_us, laser=BRIGHT) == own


def test_lone_pulses_are_those_of_the_file():
    """The printed reading is twice that of Eq. (1), and both are far below a free walk at rest."""
    plain, printed = map(simulations.isolated_diffusivity, ("second_moment", "as_printed"))
    assert printed.value == pytest.approx(2 * plain.value)
    assert 0 < plain.value < kmc.ExcitonModel().free_walk_diffusivity_cm2_s(0.006)


def test_lone_pulses_are_those_of_the_paper_s_density():
    """Of the densities in the file it is that of 0.02, with the error that stands beside it."""
    stored = datasets.load("simulated_collapse").sel(estimator="gaussian")
    chosen = (stored.protocol == "isolated") & (stored.excitation_density == 0.02)
    one = stored.isel(condition=np.flatnonzero(chosen))
    found = simulations.isolated_diffusivity("gaussian")
    assert (found.value, found.std_err) == (one.value.item(), one.std_err.item())


def test_exponent_is_that_of_the_light(monkeypatch):
    """Where the light per exciton falls as a power of the laser's, that power comes back."""

    def film_under(laser):
        return replace(FILM, lifetime_ns=laser.power_nW**-0.3)

    def simulate(film, pulses, **_):
        assert (film, pulses.burn_in_pulses) == (film_under(pulses.laser), 0)
        created = np.array([200, 100])
        light = created * (film.lifetime_ns * np.ones((3, 1, 2))) / 3
        return xr.Dataset(
            {
                "created_count": ("train", created),
                "emission_count": (("delay_ns", "r_nm", "train"), light),
            }
        )

    monkeypatch.setattr(kmc, "simulate", simulate)
    lasers = Excitation(0.5, 5), Excitation(25, 5)
    found = simulations.emission_exponent(film_under, *lasers, seed=1)
    assert found == pytest.approx(0.7)


def test_curves_are_of_the_light_and_spot_of_their_names(monkeypatch):
    """Spots keep the density, and only what is called so is under the paper's light."""
    asked = {}

    def curve(name):
        def curve(film, lasers, **_):
            asked[len(asked)] = (film, lasers)
            times = [one.disc_time_between_excitations_us for one in lasers]
            axis = {"disc_time_between_excitations_us": ("laser", times)}
            return xr.Dataset({name: ("laser", [float(len(asked))] * len(lasers))}, axis)

        return curve

    monkeypatch.setattr(simulations, "true_curve", curve("value"))
    monkeypatch.setattr(simulations, "measure_curve", curve("diffusivity_cm2_s"))
    films = {"Note 2 without traps": FILM, "Note 2": replace(FILM, trap_rate_per_ps=1e-4)}
    lasers = [Excitation(1, 2.5), Excitation(10, 2.5)]
    found = simulations.light_and_spot(films | {"other": FILM}, lasers, seed=1)
    names = ["250 nm spot", "500 nm spot", "with traps", "slices, microscope"]
    assert found.curve.values.tolist() == [*names, "paper's light, other"]
    assert found.diffusivity_cm2_s.isel(laser=0).values.tolist() == [1, 2, 3, 4, 5]
    assert "disc_time_between_excitations_us" in found.coords
    assert [film.trap_rate_per_ps > 0 for film, _ in asked.values()] == [0, 0, 1, 1, 0]
    for k, width_nm in enumerate([250, 500, 500, 500, 500]):
        assert [one.spot_fwhm_nm for one in asked[k][1]] == [width_nm] * 2
        ratios = [
            one.excitation_density / usual.excitation_density
            for one, usual in zip(asked[k][1], lasers, strict=True)
        ]
        # a disc has 1/ln 2 times the peak of a Gaussian with its photons
        assert ratios == pytest.approx([1 / np.log(2) if k == 4 else 1] * 2)


def test_excitons_without_traps_decay_exponentially():
    """What is left after a time follows from the lifetime alone."""
    alive = simulations.share_alive(FILM)
    assert alive.time_ns[-1] == 25
    alive = alive.sel(time_ns=[1, 2])
    assert alive.value.values == pytest.approx(np.exp([-1, -2]), abs=4 * float(alive.std_err.max()))


def test_error_of_a_share_is_that_of_trains(monkeypatch):
    """The mean over trains of what is left of what was made, and its standard error."""

    def simulate(film, pulses, *, seed, n_trains, recording):
        assert (pulses.excitation_density, pulses.period_us) == (0.02, np.inf)
        assert recording.follow_ns == recording.until_ns == 25
        counts = {"exciton_count": (("train", "time_ns"), [[4.0], [9.0], [8.0], [12.0]])}
        return xr.Dataset(counts | {"created_count": ("train", [10.0, 30.0, 20.0, 40.0])})

    monkeypatch.setattr(kmc, "simulate", simulate)
    found = simulations.share_alive(replace(FILM, lifetime_ns=1.5))
    shares = [0.4, 0.3, 0.4, 0.3]
    assert found.value.item() == pytest.approx(0.35)
    assert found.std_err.item() == pytest.approx(np.std(shares, ddof=1) / 2)
