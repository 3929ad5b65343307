"""Tests of tptools.companion.explorer."""

import json
import re

import numpy as np
import pytest

from tptools.companion import datasets
from tptools.companion.explorer import EXPLORED, LASERS, SERIES, settings, simulated_curves
from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, PulseTrain, pulse_train
from tptools.kmc.model import check_spot_fits


@pytest.fixture(scope="module")
def stored():
    return datasets.load("explorer_curves")


def test_twins_draw_one_curve_and_part_at_constant_power(stored):
    """Against T they are within a fifth everywhere; at 5 nW only the short memory sees the rate."""
    short, long = (
        stored.diffusivity_cm2_s.sel(film=name) for name in ("OLA/OA", "OLA/OA, long memory")
    )
    by_power, by_rate = (stored.series == name for name in ("power", "rate"))
    assert (
        EXPLORED["OLA/OA, long memory"].relaxation_time_us
        > 20 * EXPLORED["OLA/OA"].relaxation_time_us
    )
    assert abs(np.log(long / short)[by_power]).max() < 0.2
    span_short, span_long = (np.ptp(np.log(one[by_rate].values)) for one in (short, long))
    assert span_short > 0.5 > 2 * span_long


def test_curves_have_small_errors_and_all_lasers(stored):
    """Points are known to a few per cent, the worst to a tenth, at the lasers of their series."""
    relative = (stored.std_err / stored.diffusivity_cm2_s).values
    assert relative.max() < 0.1
    assert np.median(relative) < 0.03
    wanted = [one.power_nW for several in SERIES.values() for one in several]
    assert stored.power_nW.values.tolist() == wanted


def test_brighter_light_makes_a_film_that_remembers_faster():
    """Of two points of one film the one at higher power has the higher D, beyond errors."""
    lasers = {"power": (Excitation(1, 2.5), Excitation(25, 2.5))}
    film = {"OLA/OA": EXPLORED["OLA/OA"]}
    curves = simulated_curves(film, lasers, seed=1, n_excitons=1500)
    weak, strong = curves.diffusivity_cm2_s.values[0]
    assert strong - weak > 5 * np.hypot(*curves.std_err.values[0])


def test_lasers_are_what_they_are_called():
    """Power and rate stand in every name."""
    for name, one in LASERS.items():
        assert re.search(rf"\b{one.power_nW:g} nW .*\b{one.rep_rate_MHz:g} MHz$", name)


def test_page_is_told_what_the_package_would_run(stored):
    """Films and lasers come back whole out of what the page is told, and fit its lattice."""
    told = json.loads(json.dumps(settings(stored)))
    films = {name: ExcitonModel(**one) for name, one in told["films"].items()}
    lasers = [Excitation(**one) for one in told["lasers"].values()]
    assert lasers == list(LASERS.values())
    for film, one in ((film, one) for film in films.values() for one in lasers):
        pulses = pulse_train(one, n_pulses=1, lattice_spacing_nm=film.lattice_spacing_nm)
        assert isinstance(pulses, PulseTrain)
        check_spot_fits(film, pulses)
    assert len(told["curves"]) == len(SERIES) * len(EXPLORED)
