"""What all six instruments promise, tested on each: `tptools.instruments.protocol`."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tptools import instruments
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.instruments import (
    ElectronMicroscope,
    ForceMicroscope,
    Instrument,
    IntegratingSphere,
    Microscope,
    Nanocrystals,
    Spectrometer,
    Spectrophotometer,
    Topography,
)
from tptools.kmc import ExcitonModel, Recording, pulse_train, simulate

FILM = FILMS["OLA/OA"].optics
LASER = Excitation(power_nW=10, rep_rate_MHz=2.5)


def run():
    """A short run of the hopping model."""
    pulses = pulse_train(LASER, n_pulses=20, burn_in_pulses=0)
    short = Recording(until_ns=1)
    return simulate(ExcitonModel(lattice_size=301), pulses, seed=1, n_trains=2, recording=short)


@dataclass(frozen=True)
class Case:
    """An instrument, what it measures, one of its settings, and where its means are drawn."""

    instrument: Any
    sample: Any
    setting: str
    under: tuple[Any, ...] = ()

    def measure(self, seed):
        return self.instrument.measure(self.sample, *self.under, seed=seed)

    def expected(self):
        return self.instrument.expected(self.sample, *self.under)


CASES = {
    "Microscope": lambda: Case(
        Microscope().with_(scan_span_nm=200, window_end_ns=1.0), run(), "objective_NA"
    ),
    "Spectrometer": lambda: Case(
        Spectrometer(cosmic_rays_cm2_min=1e5), FILM, "grooves_per_mm", (LASER,)
    ),
    "Spectrophotometer": lambda: Case(Spectrophotometer(), FILM, "bandwidth_nm"),
    "IntegratingSphere": lambda: Case(IntegratingSphere(), FILM, "throughput"),
    "ElectronMicroscope": lambda: Case(
        ElectronMicroscope(n_pixels=64, pixel_nm=0.4), Nanocrystals(), "attenuation_nm"
    ),
    "ForceMicroscope": lambda: Case(ForceMicroscope(n_pixels=64), Topography(), "tip_radius_nm"),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    return CASES[request.param]()


def test_all_instruments_are_offered_and_tested():
    """The package offers six instruments, and each of them is a case here."""
    offered = {
        name
        for name in instruments.__all__
        if isinstance(one := getattr(instruments, name), type)
        and name != "Instrument"
        and hasattr(one, "measure")
    }
    assert offered == set(CASES)


def test_it_is_an_instrument(case):
    """Each follows the protocol."""
    assert isinstance(case.instrument, Instrument)


def test_the_same_seed_gives_the_same_bits(case):
    """One seed, one record; another seed, another."""
    first, again, other = (case.measure(seed) for seed in (3, 3, 4))
    xr.testing.assert_identical(first, again)
    assert not first.equals(other)


def test_expected_is_the_mean_of_many_measures(case):
    """Over 200 seeds, means of up to 4096 pixels are within 5.5 standard errors."""
    mean, records = case.expected(), [case.measure(seed) for seed in range(200)]
    for name, wanted in mean.items():
        drawn = np.stack([record[name].to_numpy() for record in records]).astype(float)
        # an axis that only the record has is one of repetitions
        while drawn.ndim > wanted.ndim + 1:
            drawn = drawn.mean(axis=1)
        deviation = drawn.mean(axis=0) - wanted.to_numpy()
        std_err = drawn.std(axis=0, ddof=1) / math.sqrt(len(records))
        rounding = 1e-12 * float(np.abs(wanted).max())  # of what is true of the sample
        assert (np.abs(deviation) <= 5.5 * std_err + rounding).all()


def test_a_record_says_that_it_is_simulated_and_how(case):
    """Origin, seed, version and settings are attributes, all of which netCDF can hold."""
    record, mean = case.measure(7), case.expected()
    assert {"origin": "simulated", "seed": 7}.items() <= record.attrs.items()
    assert record.attrs.keys() >= mean.attrs.keys()
    assert {case.setting, "title", "version"} <= mean.attrs.keys()
    assert "seed" not in mean.attrs
    assert all(isinstance(one, str | int | float) for one in record.attrs.values())


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
def test_a_bad_seed_is_refused(case, seed):
    """A seed is a natural number."""
    with pytest.raises(ValueError, match=f"^seed = {seed!r} must be an integer of at least 0"):
        case.measure(seed)
