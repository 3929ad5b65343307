"""Tests of tptools.kmc.laser."""

import math

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


@given(laser=lasers, spacing_nm=st.floats(5, 20))
def test_spot_keeps_its_size(laser, spacing_nm):
    """Half the width from the centre, in sites of any spacing, there is half the light."""
    train = pulse_train(laser, 1, lattice_spacing_nm=spacing_nm)
    half_width_sites = laser.spot_fwhm_nm / 2 / spacing_nm
    assert math.exp(-(half_width_sites**2) / 2 / train.spot_sigma_sites**2) == pytest.approx(0.5)


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
