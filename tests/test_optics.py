"""Tests of tptools.optics against numbers known without it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tptools.companion.paper import REPORTED
from tptools.optics import (
    EV_NM,
    OPTICAL_SAMPLES,
    OpticalSample,
    absorption_shape,
    annihilation_partners,
    annihilation_yield,
    biexciton_shift_nm,
    blurred,
    confined_emission_eV,
    emission_shape,
    pair_share,
    photon_energy_eV,
    saturation_yield,
)

FILM = OPTICAL_SAMPLES["OLA/OA"]
NM = np.arange(350.0, 800.0, 0.05)


def test_emission_holds_all_photons_at_its_energy():
    """The line has area one, and as many photons on either side of its centre."""
    shape = emission_shape(NM, 2.4, 0.09)
    assert shape.sum() * 0.05 == pytest.approx(1, abs=1e-6)
    mean_eV = (shape * photon_energy_eV(NM)).sum() / shape.sum()
    assert mean_eV == pytest.approx(2.4, abs=1e-5)


def test_emission_is_as_wide_as_stated():
    """Per unit of energy, half the height is reached half a width from the centre."""
    at_nm = EV_NM / np.array([2.4, 2.445])
    per_eV = emission_shape(at_nm, 2.4, 0.09) * at_nm**2
    assert per_eV[1] / per_eV[0] == pytest.approx(0.5)


def test_absorption_far_above_the_gap_is_that_of_free_carriers():
    """With no binding energy left, the continuum grows as the root of the excess (Elliott)."""
    above = 2.4 + np.array([0.2, 0.8])
    low, high = absorption_shape(above, 2.4, 0.05, 1e-9, 0.0)
    assert high / low == pytest.approx(2, rel=1e-3)


def test_exciton_weighs_against_the_continuum_as_in_elliott():
    """The line's area over the continuum at the gap is 2R, when the broadening is small."""
    energy = np.linspace(2.3, 2.5, 40001)
    binding, narrow = 0.04, 0.002
    shape = absorption_shape(energy, 2.4, narrow, binding, 0.0)
    line = shape[np.abs(energy - 2.4) < 0.01].sum() * 5e-6
    edge = shape[np.searchsorted(energy, 2.4 + binding + 3 * narrow)]
    assert line / edge == pytest.approx(2 * binding, rel=0.02)


def test_film_absorbs_and_emits_where_its_card_says():
    """Exciton above emission by the Stokes shift; absorbance at it is exciton plus baseline."""
    assert FILM.exciton_eV - FILM.emission_eV == pytest.approx(0.052)
    wanted = FILM.exciton_absorbance + FILM.baseline(FILM.exciton_nm)
    assert FILM.absorbance(FILM.exciton_nm) == pytest.approx(wanted)
    assert FILM.baseline(1000) / FILM.baseline(500) == pytest.approx(2.0**-FILM.baseline_exponent)


def test_size_series_passes_through_its_ends():
    """The interpolation gives the two printed pairs of edge and wavelength."""
    found = [EV_NM / confined_emission_eV(edge) for edge in (3.5, 16.0)]
    assert found == pytest.approx([479, 518])
    with pytest.raises(ValueError, match="edge_nm = 20"):
        confined_emission_eV(20)


def test_box_blur_adds_the_variance_of_the_box():
    """Slit and pixel widen a line by their width squared over twelve."""

    def line(nm):
        return np.exp(-((nm - 515) ** 2) / (2 * 8.0**2))

    shape = blurred(line, NM, 2.3, 3.0)
    mean = (shape * NM).sum() / shape.sum()
    variance = (shape * (NM - mean) ** 2).sum() / shape.sum()
    assert mean == pytest.approx(515, abs=1e-6)
    assert variance == pytest.approx(8.0**2 + (2.3**2 + 3.0**2) / 12, rel=1e-6)


def over_a_spot(local_yield, density):
    """Mean of a local yield over a Gaussian spot, weighted by excitons, by a sum over rings."""
    r = np.arange(0.0005, 8, 0.001)
    there = density * np.exp(-(r**2) / 2)
    return float(np.average(local_yield(there), weights=there * r))


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


def test_relative_yield_joins_what_is_switched_on():
    """Off by default; each switch multiplies its own yield."""
    assert FILM.relative_yield(0.16) == 1
    both = OpticalSample(**FILM.settings() | {"saturates": True, "annihilation_partners": 5.0})
    wanted = saturation_yield(0.16) * annihilation_yield(0.16, 5.0)
    assert both.relative_yield(0.16) == pytest.approx(wanted)


def test_every_number_of_every_sample_has_a_source():
    """Each parameter says where it is from; what the paper prints is what it prints."""
    for sample in OPTICAL_SAMPLES.values():
        assert set(sample.sources) == set(sample.settings())
    assert FILM.quantum_yield == REPORTED["main-PLQY"].value / 100
    assert 0.01 <= FILM.exciton_absorbance <= 0.07


@pytest.mark.parametrize(
    "change",
    [
        {"quantum_yield": 1.2},
        {"emission_eV": 0},
        {"exciton_absorbance": -0.1},
        {"annihilation_partners": math.nan},
    ],
)
def test_impossible_samples_are_refused(change):
    """The error names the parameter and its value."""
    with pytest.raises(ValueError, match=f"^{next(iter(change))} = "):
        OpticalSample(**FILM.settings() | change)


def test_biexciton_shift_is_that_of_a_mixture_of_two_lines():
    """The mean wavelength of excitons with a share of biexcitons moves by as much."""
    density, energy_meV = 0.1, 20.0
    share = 1 - saturation_yield(density)
    lines = [FILM.emission_eV, FILM.emission_eV - 1e-3 * energy_meV]
    mean = (1 - share) * EV_NM / lines[0] + share * EV_NM / lines[1]
    found = biexciton_shift_nm(FILM, density, energy_meV)
    assert found == pytest.approx(mean - FILM.emission_nm, rel=0.02)
    with pytest.raises(ValueError, match="energy_meV = -1"):
        biexciton_shift_nm(FILM, density, -1)


@given(st.floats(0.001, 5))
def test_pairs_are_what_poisson_leaves(density):
    """None, one, and two or more make up all nanocrystals."""
    none, one = math.exp(-density), density * math.exp(-density)
    assert pair_share(density) == pytest.approx(1 - none - one, abs=1e-14)


def test_pairs_are_rare_as_the_square():
    """Under weak light the share is half the square of the density, to all digits."""
    assert pair_share(1e-9) == pytest.approx(5e-19, rel=1e-8)
