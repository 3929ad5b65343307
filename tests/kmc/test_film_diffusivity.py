"""Tests of tptools.kmc.film_diffusivity."""

from dataclasses import replace

import pytest

from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, film_diffusivity, pulse_train

EVEN = ExcitonModel(0.5, 0.5, lifetime_ns=1.0, relaxation_time_us=0.5)
LASER = Excitation(25, 40)


def test_walk_without_memory_is_free():
    """Where all nanocrystals are alike, D is that of a free walk, whatever the light."""
    found = film_diffusivity(EVEN, LASER, seed=1, n_excitons=2000)
    assert abs(found.z(EVEN.free_walk_diffusivity_cm2_s(0.5))) < 4
    assert found.unit == "cm2/s"


def test_laser_and_its_pulses_are_the_same():
    """A laser means the train of pulses that it makes."""
    pulses = pulse_train(LASER, n_excitons=300)
    by_laser = film_diffusivity(EVEN, LASER, seed=1, n_excitons=300)
    assert film_diffusivity(EVEN, pulses, seed=1).value == pytest.approx(by_laser.value)


def test_films_draw_from_streams_of_their_own():
    """One seed gives two films different excitons."""
    other = replace(EVEN, lifetime_ns=1.1)
    one, two = (film_diffusivity(film, LASER, seed=1, n_excitons=300) for film in (EVEN, other))
    assert one.value != two.value
