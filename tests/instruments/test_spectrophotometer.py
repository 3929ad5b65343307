"""Tests of tptools.instruments.spectrophotometer against numbers known without it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from streams import text_of

from tptools.film import FILMS
from tptools.fitting import absorbance
from tptools.instruments import Spectrophotometer

SOLUTION = FILMS["OLA/OA in toluene"].optics
IDEAL = Spectrophotometer(stray_fraction=0, dark_rate_Hz=0, bandwidth_nm=0)
CLEAR = replace(SOLUTION, exciton_absorbance=0, baseline_absorbance=0)


def test_beams_differ_by_the_transmission():
    """Without stray light and dark counts, the beams are as 10^-A, within photon noise."""
    record = IDEAL.measure(SOLUTION, seed=1)
    units = [record[name].units for name in ("wavelength_nm", "sample", "reference")]
    assert units == ["nm", "1", "1"]
    passed = 10 ** -SOLUTION.absorbance(IDEAL.wavelength_nm)
    wanted = passed * IDEAL.lamp
    z = (record["sample"] - wanted) / np.sqrt(wanted)
    assert np.abs(z).max() < 5
    assert float((z**2).mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / z.size))


def test_streams_stay_what_they_were():
    """All of a scan with stray light, dark counts and a wide slit, bit by bit."""
    poor = Spectrophotometer(
        step_nm=10, bandwidth_nm=15, brightest_rate_Hz=1e4, stray_fraction=0.02, dark_rate_Hz=50
    )
    assert text_of(poor.expected(SOLUTION), poor.measure(SOLUTION, seed=6)) == "b66d73b884b99ded"


def test_a_scan_takes_whole_steps():
    """From its start to its end, or to the last step before it; one step at least."""
    tenths = Spectrophotometer(start_nm=400, end_nm=400.3, step_nm=0.1)
    np.testing.assert_allclose(tenths.wavelength_nm, [400, 400.1, 400.2, 400.3])
    assert replace(tenths, end_nm=400.29).wavelength_nm.size == 3
    assert Spectrophotometer(start_nm=400, end_nm=402, step_nm=2).wavelength_nm.size == 2
    with pytest.raises(ValueError, match=r"^end_nm = 401 must be .* at least 402"):
        Spectrophotometer(start_nm=400, end_nm=401, step_nm=2)


def test_beams_are_in_proportion_to_what_passes():
    """Of a grey sample the lamp's light and stray light add up, and darkness adds to both."""
    grey = replace(CLEAR, baseline_absorbance=1.0, baseline_exponent=0)
    leaky = replace(IDEAL, stray_fraction=0.25, dark_rate_Hz=1e6)
    mean = leaky.expected(grey)
    dark = 1e6 * leaky.dwell_s
    np.testing.assert_allclose(mean.reference, leaky.lamp + dark)
    np.testing.assert_allclose(mean["sample"], leaky.lamp * (0.1 + 0.25) / 1.25 + dark)
    assert mean.wavelength_nm.long_name == "wavelength"


def test_lamp_is_a_black_body():
    """Photons of two wavelengths are as in Planck's law at the stated temperature."""
    lamp = dict(zip(IDEAL.wavelength_nm, IDEAL.lamp, strict=True))

    def planck(nm):
        return nm**-4 / math.expm1(14387769 / nm / 3000)  # hc/k in nm K

    assert lamp[400] / lamp[600] == pytest.approx(planck(400) / planck(600), rel=1e-4)
    assert max(lamp.values()) == pytest.approx(1e8 * 0.5)


def test_stray_light_ends_the_range():
    """However opaque the sample, absorbance stops at -log10 of the stray fraction."""
    opaque = replace(SOLUTION, exciton_absorbance=50.0)
    leaky = replace(IDEAL, stray_fraction=1e-4)
    measured = absorbance(leaky.measure(opaque, seed=2)).absorbance.sel(
        wavelength_nm=slice(None, 450)
    )
    assert leaky.largest_absorbance == pytest.approx(4)
    assert float(measured.mean()) == pytest.approx(4, abs=0.01)
    assert IDEAL.largest_absorbance == math.inf


def test_dark_counts_are_in_both_beams():
    """Where the lamp hardly shines, both beams count what the dark rate gives."""
    dim = replace(IDEAL, brightest_rate_Hz=1e-9, dark_rate_Hz=1e4)
    record = dim.measure(SOLUTION, seed=3)
    for beam in ("sample", "reference"):
        assert float(record[beam].mean()) == pytest.approx(5000, abs=5 * math.sqrt(5000 / 261))


def test_nothing_has_no_absorbance():
    """Two equal beams differ by photon noise only."""
    spectrum = absorbance(Spectrophotometer().measure(CLEAR, seed=4))
    z = spectrum.absorbance / spectrum.std_err
    assert float((z**2).mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / z.size))


def test_record_survives_netcdf_and_the_seed_fixes_it(tmp_path):
    """Integer counts and attributes come back from a file."""
    record = Spectrophotometer().measure(SOLUTION, seed=5)
    assert record["sample"].dtype == np.int64
    record.to_netcdf(tmp_path / "record.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "record.nc"), record)
    xr.testing.assert_identical(record, Spectrophotometer().measure(SOLUTION, seed=5))
    wanted = {"origin": "simulated", "seed": 5, "bandwidth_nm": 2.0, "binding_meV": 44.0}
    assert wanted.items() <= record.attrs.items()


def test_seed_must_be_an_integer():
    """A seed of noise is given, not guessed."""
    with pytest.raises(ValueError, match="seed = None"):
        IDEAL.measure(SOLUTION, seed=None)
