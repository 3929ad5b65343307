"""Tests of tptools.companion.simulations."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tptools import kmc
from tptools.companion import datasets, simulations
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
    assert blocks.sizes["pulse"] == 10
    assert blocks.pulse.values[:2].tolist() == [50, 150]
    assert abs(blocks.relative[0] - 1) < 5 * blocks.relative_err[0]
    assert abs(whole.z(1.0)) < 4


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

    def simulate(film, pulses, **_):
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
    found = simulations.emission_exponent(
        lambda laser: replace(FILM, lifetime_ns=laser.power_nW**-0.3), *lasers, seed=1
    )
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
    alive = simulations.share_alive(FILM).sel(time_ns=[1, 2])
    assert alive.value.values == pytest.approx(np.exp([-1, -2]), abs=4 * float(alive.std_err.max()))
