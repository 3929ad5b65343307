"""Tests of tptools.kmc.film_diffusivity."""

from dataclasses import replace

import pytest

from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, film_diffusivity, pulse_train, simulate

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


def test_streams_stay_what_they_were():
    """A seed gives tomorrow what it gave before, as `simulate` does."""
    found = film_diffusivity(EVEN, LASER, seed=1, n_excitons=100, n_trains=2, time_ns=0.5)
    assert (found.value, found.std_err) == pytest.approx((0.1066061946902655, 0.025377899686520378))


def test_films_draw_from_streams_of_their_own():
    """One seed gives two films different excitons."""
    other = replace(EVEN, lifetime_ns=1.1)
    one, two = (film_diffusivity(film, LASER, seed=1, n_excitons=300) for film in (EVEN, other))
    assert one.value != two.value


@pytest.mark.parametrize("n_layers", [1, 3])
def test_as_many_excitons_as_are_asked_for(monkeypatch, n_layers):
    """By each train in all its layers together, within the chance of their number."""
    runs = []

    def keeping(*args, **given):
        runs.append(simulate(*args, **given))
        return runs[-1]

    monkeypatch.setitem(film_diffusivity.__globals__, "simulate", keeping)
    film = replace(EVEN, n_layers=n_layers, absorption_cross_section_nm2=40.0)
    film_diffusivity(film, LASER, seed=1, n_trains=2, n_excitons=600)
    made = float(runs[0].created_count.sum())
    assert made == pytest.approx(2 * 600, abs=4 * (2 * 600) ** 0.5)
