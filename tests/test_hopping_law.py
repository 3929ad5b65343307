"""Tests of tptools.hopping_law."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import constants

from tptools.hopping_law import ROOM_K, HoppingLaw, barrier_meV, dipole_hop_factor

ENERGIES = {
    "linewidth_meV": st.floats(1, 100),
    "phonon_broadening_meV": st.floats(0, 100),
    "phonon_meV": st.floats(5, 50),
    "disorder_meV": st.floats(0, 30),
    "relaxation_activation_meV": st.floats(0, 100),
}
positive = st.floats(0.5, 20)


@given(law=st.builds(HoppingLaw, **ENERGIES))
def test_everything_is_relative_to_room_temperature(law):
    """Whatever the energies, nothing changes at room temperature."""
    assert law.factor(ROOM_K) == 1
    assert law.relaxation_factor(ROOM_K) == 1


def test_hopping_is_fastest_near_150_K():
    """Cooling helps down to the temperature of the paper, and hurts on both sides of it."""
    temperature_K = np.arange(2.0, 301.0)
    factor = HoppingLaw().factor(temperature_K)
    assert abs(temperature_K[factor.argmax()] - 150) < 10
    turns = np.sign(np.diff(factor))
    assert (np.diff(turns[turns != 0]) != 0).sum() == 1


@given(law=st.builds(HoppingLaw, **ENERGIES | {"disorder_meV": st.floats(5, 30)}))
def test_disorder_freezes_hopping(law):
    """On deep cooling the rate falls to zero, since no heat is left for steps off resonance."""
    cold = law.factor([1.0, 2.0, 4.0])
    assert (np.diff(cold) >= 0).all()
    assert cold[0] < 1e-6


@given(disorder_meV=st.floats(1, 30), temperature_K=st.floats(30, 400))
def test_without_phonons_there_is_gaussian_disorder(disorder_meV, temperature_K):
    """The logarithm of the rate is then linear in 1/T^2 with slope -(s/k)^2."""
    law = HoppingLaw(phonon_broadening_meV=0, disorder_meV=disorder_meV)
    width_K = 1e-3 * disorder_meV * constants.e / constants.k
    expected = -((width_K / temperature_K) ** 2) + (width_K / ROOM_K) ** 2
    assert math.log(law.factor(temperature_K)) == pytest.approx(expected, abs=1e-9)


def test_without_disorder_cooling_only_helps():
    """Lines get narrower down to the width without phonons, where the rate levels off."""
    law = HoppingLaw(disorder_meV=0)
    temperature_K = np.linspace(1, ROOM_K, 200)
    assert (np.diff(law.factor(temperature_K)) <= 0).all()
    phonons = 1 / np.expm1(law.phonon_meV / (1e3 * constants.k / constants.e * ROOM_K))
    narrowing = 1 + law.phonon_broadening_meV * phonons / law.linewidth_meV
    assert law.factor(1.0) == pytest.approx(narrowing)


@given(energy_meV=st.floats(1, 100), temperature_K=st.floats(50, 400))
def test_relaxation_follows_arrhenius(energy_meV, temperature_K):
    """The logarithm of the relaxation time is linear in 1/T with slope E/k."""
    law = HoppingLaw(relaxation_activation_meV=energy_meV)
    slope_K = 1e-3 * energy_meV * constants.e / constants.k
    expected = slope_K * (1 / temperature_K - 1 / ROOM_K)
    assert math.log(law.relaxation_factor(temperature_K)) == pytest.approx(expected, abs=1e-9)


def test_relaxation_ignores_temperature_unless_told():
    """The default has no activation energy, as the paper gives none."""
    assert HoppingLaw().relaxation_factor(50.0) == 1


def test_factor_keeps_the_shape():
    """Temperatures of any shape give factors of that shape."""
    assert HoppingLaw().factor(np.full((2, 3), 100.0)).shape == (2, 3)
    assert HoppingLaw().factor(100.0).shape == ()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"linewidth_meV": 0}, "linewidth_meV = 0 must be a finite number above 0"),
        ({"phonon_meV": 0}, "phonon_meV = 0 must be a finite number above 0"),
        ({"phonon_broadening_meV": -1}, "phonon_broadening_meV = -1 .* at least 0"),
        ({"disorder_meV": -1}, "disorder_meV = -1 .* at least 0"),
        ({"relaxation_activation_meV": math.nan}, "relaxation_activation_meV = nan"),
    ],
)
def test_energies_that_cannot_be_are_refused(wrong, message):
    """The message names the energy and the rule."""
    with pytest.raises(ValueError, match=message):
        HoppingLaw(**wrong)


@pytest.mark.parametrize("temperature_K", [0.0, -1.0, math.nan])
def test_no_film_is_that_cold(temperature_K):
    """Both factors refuse temperatures that do not exist."""
    law, message = HoppingLaw(), "temperature_K = .* above 0"
    with pytest.raises(ValueError, match=message):
        law.factor([ROOM_K, temperature_K])
    with pytest.raises(ValueError, match=message):
        law.relaxation_factor(temperature_K)


@given(spacing_nm=positive, index=positive, stretch=st.floats(1, 3))
def test_dipoles_fall_off_with_distance_and_index(spacing_nm, index, stretch):
    """Sixth power of the distance, fourth power of the index, and 1 for the film itself."""
    one = {"reference_spacing_nm": spacing_nm, "reference_index": index}
    assert dipole_hop_factor(spacing_nm, index, **one) == 1
    assert dipole_hop_factor(stretch * spacing_nm, index, **one) == pytest.approx(stretch**-6)
    assert dipole_hop_factor(spacing_nm, stretch * index, **one) == pytest.approx(stretch**-4)


@given(a=st.tuples(positive, positive), b=st.tuples(positive, positive))
def test_there_and_back_is_one(a, b):
    """From one film to another and back the factors cancel."""

    def factor(film, reference):
        return dipole_hop_factor(
            *film, reference_spacing_nm=reference[0], reference_index=reference[1]
        )

    assert factor(a, b) * factor(b, a) == pytest.approx(1)


@pytest.mark.parametrize("name", ["spacing_nm", "index", "reference_spacing_nm", "reference_index"])
def test_dipoles_need_positive_numbers(name):
    """The message names the number."""
    numbers = dict.fromkeys(["spacing_nm", "index", "reference_spacing_nm", "reference_index"], 1.0)
    with pytest.raises(ValueError, match=f"^{name} = 0 must be a finite number above 0"):
        dipole_hop_factor(**numbers | {name: 0})


@pytest.mark.parametrize("time_us", [0.3, 6.0, 35.0])
def test_barrier_gives_its_time_at_any_temperature(time_us):
    """The memory over that barrier lasts as long as the barrier says, in the cold as well."""
    barrier = barrier_meV(time_us)
    law = HoppingLaw(relaxation_activation_meV=barrier)
    for temperature_K in (150.0, ROOM_K, 400.0):
        cold_us = time_us * law.relaxation_factor(temperature_K)
        assert barrier_meV(cold_us, temperature_K=temperature_K) == pytest.approx(barrier)


@pytest.mark.parametrize("name", ["time_us", "attempt_ps", "temperature_K"])
def test_barrier_asks_for_positive_numbers(name):
    """No logarithm is taken of nothing."""
    with pytest.raises(ValueError, match=f"{name} = 0"):
        barrier_meV(**{"time_us": 1.0, name: 0.0})
