"""Tests of tptools.companion.photoluminescence."""

import numpy as np
import pytest

from tptools import kmc
from tptools.companion import photoluminescence as pl
from tptools.companion.paper import REPORTED
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.instruments import Spectrometer

LASERS = [Excitation(power, 2.5) for power in (1.0, 10.0)]


def test_spectra_are_relative_to_their_peak():
    """Each spectrum ends at one at its peak, and its fit finds the line that was put in."""
    optics = FILMS["OLA/OA"].optics
    spectra, fits = pl.record_spectra(optics, LASERS, seed=1, spectrometer=Spectrometer())
    assert spectra.power_nW.values.tolist() == [1.0, 10.0] == list(fits)
    assert spectra.max("wavelength_nm").values == pytest.approx(1, abs=0.2)
    for fit, spectrum in zip(fits.values(), spectra, strict=True):
        line = fit.fitted - fit["background"].value
        slope, rest = np.polyfit(line / line.max(), spectrum, 1)
        assert slope == pytest.approx(1, abs=0.03)
        assert abs(rest) < 0.01
    peaks = pl.parameter(fits, "peak_nm")
    assert all(abs(one.value - optics.emission_nm) < 1 for one in peaks.values())


def test_laser_more_changes_no_other_spectrum():
    """Every laser has noise of its own."""
    settings = {"seed": 1, "spectrometer": Spectrometer()}
    both, _ = pl.record_spectra(FILMS["OLA/OA"].optics, LASERS, **settings)
    one, _ = pl.record_spectra(FILMS["OLA/OA"].optics, LASERS[1:], **settings)
    np.testing.assert_array_equal(both.sel(power_nW=10), one.sel(power_nW=10))


def test_curve_of_the_paper_has_its_ends():
    """At short and at long times it is what the paper prints."""
    assert pl.paper_diffusivity_cm2_s(Excitation(1e-3, 2.5)) == pytest.approx(
        REPORTED["main-D-inf"].value
    )
    assert pl.paper_diffusivity_cm2_s(Excitation(1e4, 2.5)) == pytest.approx(
        REPORTED["main-D-enhanced"].value, rel=0.01
    )


def test_excitons_that_share_for_long_do_not_meet_their_end():
    """A longer Auger time leaves more light, in the limit all of it."""
    found = [pl.meeting_yield(LASERS[1], 0.1, auger_ns) for auger_ns in (0.0, 1.0, 1e6)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1, abs=1e-3)


def test_less_power_is_less_light():
    """Without dead time and pile-up, a tenth of the power gives a tenth of the counts."""
    laser = Excitation(25, 5)
    pulses = kmc.pulse_train(laser, n_pulses=20, burn_in_pulses=0)
    run = kmc.simulate(kmc.ExcitonModel(), pulses, seed=1, n_trains=2)
    settings = {"dark_rate_Hz": 0.0, "background_rate_Hz": 0.0}
    strong, weak = (pl.unfiltered_decay(run, power, 0.01, **settings) for power in (25, 2.5))
    np.testing.assert_allclose(weak, strong / 10)
