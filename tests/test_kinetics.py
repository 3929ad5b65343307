"""Tests of tptools.kinetics against numbers known without it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import solve_ivp

from tptools import kinetics
from tptools.film import FILMS
from tptools.hopping_law import ROOM_K
from tptools.kinetics import (
    annihilation_partners,
    annihilation_yield,
    biexciton_shift_nm,
    pair_share,
    saturation_yield,
)
from tptools.spectra import HC_EV_NM


def over_a_spot(local_yield, density):
    """Mean of a local yield over a Gaussian spot, weighted by excitons, by a sum over rings."""
    r = np.arange(0.0005, 8, 0.001)
    there = density * np.exp(-(r**2) / 2)
    return float(np.average(local_yield(there), weights=there * r))


def test_partners_know_no_unit_of_length():
    """A lattice a hundred times finer, where D is ten thousand times smaller, has as many."""
    plain = annihilation_partners(0.15, 2.5, spacing_nm=8)
    assert annihilation_partners(0.15e-4, 2.5, spacing_nm=0.08) == pytest.approx(plain)
    with pytest.raises(ValueError, match="partners = -1"):
        annihilation_yield(0.1, -1)


@pytest.mark.parametrize("density", [1e-3, 0.16, 3.0])
def test_saturation_is_the_average_over_the_spot(density):
    """The closed form is the average of (1 - exp(-N)) / N over a Gaussian spot."""
    wanted = over_a_spot(lambda N: -np.expm1(-N) / N, density)
    assert saturation_yield(density) == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("density", [0.004, 0.16])
@pytest.mark.parametrize("partners", [0.5, 100.0])
def test_annihilation_is_the_solution_of_the_rate_equation(density, partners):
    """The closed form is the light of dn/dt = -n - M n², integrated, averaged over the spot."""

    def local(N):
        def rates(_, y):
            return [-y[0] - partners * y[0] ** 2, y[0]]

        return solve_ivp(rates, (0, 40), [N, 0], rtol=1e-8, atol=1e-14).y[1, -1] / N

    grid = np.geomspace(1e-6 * density, density, 60)
    yields = [local(N) for N in grid]
    wanted = over_a_spot(lambda N: np.interp(np.log(N), np.log(grid), yields), density)
    assert annihilation_yield(density, partners) == pytest.approx(wanted, rel=2e-3)


@given(st.floats(0, 5), st.floats(0, 1e4))
def test_yields_are_shares_that_fall_with_density(density, partners):
    """No light is won; more excitons never make one of them brighter."""
    for yield_of in (saturation_yield, lambda N: annihilation_yield(N, partners)):
        here, more = yield_of(density), yield_of(1.1 * density + 1e-3)
        assert 0 < more <= here + 1e-9
        assert here <= 1 + 1e-9


def light_of_walkers(density, steps_per_life, fatal, size=250, seed=0):
    """Share of excitons that emit, where of two on one site one is lost by chance at every turn."""
    rng = np.random.default_rng(seed)
    step = np.array([size, -size, 1, -1])
    sites = rng.integers(size**2, size=rng.poisson(density * size**2))
    started, light = sites.size, 0
    while sites.size:
        for _ in range(2):  # half of them move at a time, so that none pass through each other
            moving = rng.random(sites.size) < 0.5
            sites = (sites + moving * step[rng.integers(4, size=sites.size)]) % size**2
            sites = np.sort(sites)
            joined = np.append(False, sites[1:] == sites[:-1])
            sites = sites[~(joined & (rng.random(sites.size) < fatal))]
        emits = rng.random(sites.size) < 1 / steps_per_life
        light += emits.sum()
        sites = sites[~emits]
    return light / started, started / size**2


@pytest.mark.parametrize("steps_per_life", [25, 100, 400])
@pytest.mark.parametrize("density", [0.01, 0.08, 0.16])
@pytest.mark.parametrize("fatal", [1.0, 0.2, 0.01])
def test_partners_against_walkers(density, steps_per_life, fatal):
    """Walkers on a lattice keep as much light as the rate equation says.

    Strong annihilation is the worst: where many meet at once, the first sites of a walk, which are
    new ones more often, count most.
    """
    diffusivity = steps_per_life * 10.0**2 / 4 * 1e-5  # in a lifetime of 1 ns
    auger_ns = -1 / (2 * steps_per_life * math.log1p(-fatal)) if fatal < 1 else 0.0
    partners = annihilation_partners(diffusivity, 1.0, auger_lifetime_ns=auger_ns)
    found, occupied = light_of_walkers(density, steps_per_life, fatal)
    strength = partners * occupied
    tolerance = 0.2 if fatal == 1 else 0.1
    assert found == pytest.approx(math.log1p(strength) / strength, rel=tolerance)


def test_partners_of_excitons_that_are_always_mixed():
    """Without a search, each exciton loses half a pair per Auger lifetime."""
    partners = annihilation_partners(1e6, 2.3, auger_lifetime_ns=0.1)
    assert partners == pytest.approx(2.3 / 0.2, rel=1e-3)
    with pytest.raises(ValueError, match=r"steps in a lifetime = 0\.08"):
        annihilation_partners(1e-5, 1.0)


@pytest.mark.parametrize("steps", [1.5, 100.0])
def test_walkers_visit_as_many_sites_as_montroll_and_weiss_say(steps):
    """Of n relative steps, π n / ln(8 n) sites are new; half of them are one walker's own."""
    diffusivity = steps * 8.0**2 / 8 * 1e-5 / 2.5
    partners = annihilation_partners(diffusivity, 2.5, spacing_nm=8.0)
    assert 2 * partners == pytest.approx(math.pi * steps / math.log(8 * steps))


def test_biexciton_shift_is_that_of_a_mixture_of_two_lines():
    """The mean wavelength of excitons with a share of biexcitons moves by as much."""
    emission_eV, density, energy_meV = 2.4, 0.1, 20.0
    share = 1 - saturation_yield(density)
    lines = [emission_eV, emission_eV - 1e-3 * energy_meV]
    mean = (1 - share) * HC_EV_NM / lines[0] + share * HC_EV_NM / lines[1]
    found = biexciton_shift_nm(emission_eV, density, energy_meV)
    assert found == pytest.approx(mean - HC_EV_NM / emission_eV, rel=0.02)
    with pytest.raises(ValueError, match="energy_meV = -1"):
        biexciton_shift_nm(emission_eV, density, -1)


@given(st.floats(0.001, 5))
def test_pairs_are_what_poisson_leaves(density):
    """None, one, and two or more make up all nanocrystals."""
    none, one = math.exp(-density), density * math.exp(-density)
    assert pair_share(density) == pytest.approx(1 - none - one, abs=1e-14)


@pytest.mark.parametrize("yield_of", [saturation_yield, lambda N: annihilation_yield(N, 1)])
def test_a_yield_below_a_millionth_is_one(yield_of):
    """From there on a quarter of the density is lost."""
    assert yield_of(0.999e-6) == 1
    assert 1 - yield_of(1e-6) == pytest.approx(0.25e-6, rel=0.01)


def test_pairs_are_rare_as_the_square():
    """Under weak light the share is half the square of the density, to all digits."""
    assert pair_share(1e-9) == pytest.approx(5e-19, rel=1e-8)


def test_two_excitons_are_soon_one_and_hardly_shifted():
    """They lose one within a tenth of the lifetime of a film, and emit less than kT below one."""
    lifetime_ns = FILMS["OLA/OA"].hopping.lifetime_ns
    assert 0 < kinetics.AUGER_LIFETIME_NS < lifetime_ns / 10
    least, most = kinetics.BIEXCITON_SHIFT_MEV
    assert 0 < least < most < 1e3 * constants.k * ROOM_K / constants.e
