"""Tests of tptools.companion.trials."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.companion import datasets
from tptools.companion.trials import ALTERNATIVES, EVEN_HOP_RATE, GRANTED_HEATING_K_NW
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.hopping_law import ROOM_K, HoppingLaw
from tptools.kmc import PulseTrain, Recording, simulate

lasers = st.builds(Excitation, power_nW=st.floats(0.1, 30), rep_rate_MHz=st.floats(0.5, 40))


@pytest.mark.parametrize("name", ALTERNATIVES)
@given(laser=lasers)
def test_no_alternative_remembers(name, laser):
    """Both hop numbers are one, so nothing an exciton does changes the way of the next."""
    film = ALTERNATIVES[name](laser)
    assert film.hop_rate_ground_per_ps == film.hop_rate_modified_per_ps
    assert film.film == name


@pytest.mark.parametrize("name", ["no memory", "annihilation"])
@given(one=lasers, other=lasers)
def test_only_heat_asks_for_the_laser(name, one, other):
    """Without heating the film is the same under any laser."""
    assert ALTERNATIVES[name](one) == ALTERNATIVES[name](other)
    assert ALTERNATIVES[name](one).hop_rate_ground_per_ps == EVEN_HOP_RATE


@given(laser=lasers)
def test_what_is_not_on_trial_is_as_in_the_film(laser):
    """Lattice, lifetime and traps are those of OLA/OA in every alternative."""
    film = FILMS["OLA/OA"].hopping
    for make in ALTERNATIVES.values():
        hops = {"hop_rate_ground_per_ps", "hop_rate_modified_per_ps", "annihilation_rate_per_ps"}
        back = {name: getattr(film, name) for name in hops}
        assert replace(make(laser), **back) == film


def test_annihilation_differs_in_annihilation_only():
    """It is the film without memory, with a loss at meetings and nothing else."""
    laser = Excitation(10, 2.5)
    film = ALTERNATIVES["annihilation"](laser)
    assert film.annihilation_rate_per_ps > 0
    assert replace(film, annihilation_rate_per_ps=0.0) == ALTERNATIVES["no memory"](laser)


def test_annihilation_costs_excitons_where_they_are_many():
    """In a dense spot far fewer are left after 1 ns, in a thin one about as many."""

    def left(name, excitation_density, n_pulses):
        film = ALTERNATIVES[name](Excitation(10, 2.5))
        pulses = PulseTrain(excitation_density, 1, 10, n_pulses, burn_in_pulses=0)
        run = simulate(film, pulses, seed=1, n_trains=2, recording=Recording(until_ns=1))
        count = run.exciton_count.sum("train")
        return float(count[-1] / count[0])

    dense = left("annihilation", 0.3, 30) / left("no memory", 0.3, 30)
    thin = left("annihilation", 0.001, 9000) / left("no memory", 0.001, 9000)
    assert dense < 0.7
    assert thin > 0.95


@given(power_nW=st.floats(0.1, 30), more=st.floats(1.01, 3), rate_MHz=st.floats(0.5, 40))
def test_heating_slows_with_power(power_nW, more, rate_MHz):
    """Above the temperature of the maximum, a warmer film is a slower one."""
    cool, warm = (
        ALTERNATIVES["heating"](Excitation(power, rate_MHz)).hop_rate_ground_per_ps
        for power in (power_nW, more * power_nW)
    )
    assert warm < cool < EVEN_HOP_RATE


def test_heating_is_nothing_without_power():
    """In the limit of no power the film is that without memory, and departs from it linearly."""
    powers_nW = np.array([1e-6, 1e-3, 2e-3])
    rates = [ALTERNATIVES["heating"](Excitation(p, 5)).hop_rate_ground_per_ps for p in powers_nW]
    lost = 1 - np.array(rates) / EVEN_HOP_RATE
    assert lost[0] < 1e-7
    assert lost[2] / lost[1] == pytest.approx(2, rel=1e-3)


def test_heating_asks_for_power_alone():
    """At one average power the repetition rate does not matter, and the law is that of cooling."""
    films = {ALTERNATIVES["heating"](Excitation(5, rate)) for rate in (1, 5, 20)}
    (film,) = films
    warm_K = ROOM_K + 5 * GRANTED_HEATING_K_NW
    factor = film.hop_rate_modified_per_ps / EVEN_HOP_RATE
    assert factor == pytest.approx(float(HoppingLaw().factor(warm_K)))


def test_files_were_made_of_these_films(monkeypatch):
    """Rates of hopping and annihilation in the records are those under their lasers."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    names = ("hop_rate_ground_per_ps", "hop_rate_modified_per_ps", "annihilation_rate_per_ps")
    for name, film in ALTERNATIVES.items():
        stored = datasets.load(f"trial_{name.replace(' ', '_')}")
        for k in range(stored.sizes["record"]):
            made = film(Excitation(float(stored.power_nW[k]), float(stored.rep_rate_MHz[k])))
            for key in names:
                found = stored[key][k] if key in stored else stored.attrs[key]
                assert float(found) == pytest.approx(getattr(made, key), rel=1e-12)


def test_list_is_closed():
    """Nobody adds an alternative by accident."""
    with pytest.raises(TypeError):
        ALTERNATIVES["another"] = ALTERNATIVES["heating"]
