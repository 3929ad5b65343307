"""Tests of tptools.kmc.laser."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, Recording, pulse_train, simulate

lasers = st.builds(
    Excitation,
    power_nW=st.floats(0.1, 30),
    rep_rate_MHz=st.floats(2, 40),
    spot_fwhm_nm=st.floats(400, 1000),
)


@given(laser=lasers)
def test_train_is_that_of_the_laser(laser):
    """Density and period are those of the excitation; pulses are those asked for."""
    train = pulse_train(laser, 50, burn_in_pulses=3)
    assert (train.n_pulses, train.burn_in_pulses) == (50, 3)
    assert train.excitation_density == laser.excitation_density
    assert train.period_us == pytest.approx(1 / laser.rep_rate_MHz)
    assert train.laser == laser


@given(laser=lasers, spacing_nm=st.floats(5, 20))
def test_spot_keeps_its_size(laser, spacing_nm):
    """Half the width from the centre, in sites of any spacing, there is half the light."""
    train = pulse_train(laser, 1, lattice_spacing_nm=spacing_nm)
    half_width_sites = laser.spot_fwhm_nm / 2 / spacing_nm
    assert math.exp(-(half_width_sites**2) / 2 / train.spot_sigma_sites**2) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("convention", "too_bright"), [("gaussian", 1), ("paper", 1 / math.log(2))]
)
@given(laser=lasers, spacing_nm=st.floats(5, 20))
def test_photons_are_conserved(convention, too_bright, laser, spacing_nm):
    """What all sites absorb, each from its own area of light, is the energy of a pulse.

    The paper's disc in the centre of a Gaussian absorbs 1.44 times as much.
    """
    laser = replace(laser, convention=convention)
    train = pulse_train(laser, 1, lattice_spacing_nm=spacing_nm)
    axis = np.arange(-1000, 1001)
    along = np.exp(-(axis**2) / (2 * train.spot_sigma_sites**2))
    absorbed = train.excitation_density * along.sum() ** 2
    site_cm2 = (1e-7 * spacing_nm) ** 2
    energy_J = absorbed * laser.photon_energy_J * site_cm2 / laser.absorption_cross_section_cm2
    pulse_J = 1e-9 * laser.power_nW * laser.throughput / (1e6 * laser.rep_rate_MHz)
    assert energy_J == pytest.approx(too_bright * pulse_J, rel=1e-6)


def test_excitons_of_a_run_are_those_that_the_power_allows():
    """At 10 nW and 2.5 MHz a layer of the film takes up 161 photons a pulse, not 233."""
    laser = Excitation(10, 2.5)
    photons = 1e-15 * laser.surface_power_nW / laser.rep_rate_MHz / laser.photon_energy_J
    allowed = photons * laser.absorption_cross_section_cm2 / 10e-7**2
    assert allowed == pytest.approx(161, abs=1)
    film = ExcitonModel(lattice_size=301, lifetime_ns=0.1)
    pulses = pulse_train(laser, 400, burn_in_pulses=0)
    run = simulate(film, pulses, seed=1, recording=Recording(until_ns=0.1))
    # as each site is drawn by itself, the number of excitons is that of the probabilities
    assert float(run.created_count.sum()) / 400 == pytest.approx(
        allowed, abs=4 * math.sqrt(161 / 400)
    )


def test_run_carries_film_laser_and_seed():
    """The attributes of a run give its laser back, and both readings of <N>."""
    laser = Excitation(2, 2.5, spot_fwhm_nm=400)
    film = ExcitonModel(lattice_size=301, lifetime_ns=0.1, film="OLA/OA")
    run = simulate(film, pulse_train(laser, 2), seed=7, recording=Recording(until_ns=0.1))
    assert Excitation.from_attrs(run.attrs) == laser
    assert (run.attrs["film"], run.attrs["seed"]) == ("OLA/OA", 7)
    for name in ("excitation_density", "disc_excitation_density", "period_us"):
        assert run.attrs[name] == getattr(laser, name)


def test_names_change_no_numbers():
    """Film and laser are for the record: models and trains are equal without them."""
    laser = Excitation(2, 2.5)
    named = pulse_train(laser, 2)
    assert named == replace(named, laser=None)
    assert repr(named) == repr(replace(named, laser=None))  # a history is kept as text
    assert ExcitonModel(film="OLA/OA") == ExcitonModel()


def test_pulses_of_another_laser_are_refused():
    """A train cannot name a laser that makes other pulses."""
    with pytest.raises(
        ValueError, match=r"excitation_density = 0.5 must be the 0.0113.*laser=None"
    ):
        replace(pulse_train(Excitation(2, 2.5), 2), excitation_density=0.5)


@given(laser=lasers, n_excitons=st.floats(1, 1e7), spacing_nm=st.floats(5, 20))
def test_as_many_pulses_as_the_excitons_take(laser, n_excitons, spacing_nm):
    """Enough for the excitons, and not one pulse too many."""
    train = pulse_train(laser, n_excitons=n_excitons, lattice_spacing_nm=spacing_nm)
    per_pulse = 2 * math.pi * train.spot_sigma_sites**2 * train.excitation_density
    assert (train.n_pulses - 1) * per_pulse < n_excitons <= train.n_pulses * per_pulse * (1 + 1e-9)


def test_simulation_makes_that_many_excitons():
    """The count of a run agrees with what was asked for, within its Poisson noise."""
    wanted, laser = 20_000, Excitation(2, 2.5)
    train = pulse_train(laser, n_excitons=wanted, burn_in_pulses=0)
    film = ExcitonModel(lattice_size=301, lifetime_ns=0.1)
    run = simulate(film, train, seed=1, recording=Recording(until_ns=0.1))
    # sites cannot hold two, which takes off a quarter of <N> at most
    assert run.created_count.sum() == pytest.approx(
        wanted, abs=4 * np.sqrt(wanted) + 0.005 * wanted
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "n_pulses = None and n_excitons = None: give one of the two"),
        ({"n_pulses": 3, "n_excitons": 5}, "n_pulses = 3 and n_excitons = 5: give one"),
        ({"n_pulses": 0}, "n_pulses = 0 must be an integer of at least 1"),
        ({"n_pulses": 2.5}, "n_pulses = 2.5 must be an integer of at least 1"),
        ({"n_excitons": 0}, "n_excitons = 0 must be a finite number above 0"),
        ({"n_excitons": math.inf}, "n_excitons = inf must be a finite number above 0"),
        ({"n_pulses": 1, "burn_in_pulses": -1}, "burn_in_pulses = -1 must be an integer"),
        ({"n_pulses": 1, "lattice_spacing_nm": 0}, "lattice_spacing_nm = 0 must be"),
    ],
)
def test_unclear_wishes_are_refused(wrong, message):
    """Neither or both counts, or a number out of range, are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        pulse_train(Excitation(10, 2.5), **wrong)
