"""Tests of tptools.fitting.spectra: what was put in comes back within the stated errors."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting import (
    absorbance,
    fit_absorbance,
    fit_peak,
    reject_cosmic_rays,
)
from tptools.instruments import Spectrometer, Spectrophotometer

FILM = FILMS["OLA/OA"].optics
STEADY = Spectrometer(laser_drift=0)
N_RECORDS = 60


def laser(power_nW):
    return Excitation(power_nW=power_nW, rep_rate_MHz=2.5)


def record_of(seed=1, power_nW=10, **change):
    return replace(STEADY, **change).measure(FILM, laser(power_nW), seed=seed)


def assert_pulls(pulls):
    """Pulls have mean 0 and width 1 within what their number allows."""
    pulls = np.asarray(pulls)
    assert abs(pulls.mean()) < 4 / math.sqrt(pulls.size)
    assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * pulls.size)


@pytest.mark.parametrize("power_nW", [0.05, 0.5, 20])
def test_peak_width_and_intensity_have_right_errors(power_nW):
    """From dim to bright, all parameters come back, with cosmic rays in the record."""
    fits = [fit_peak(record_of(seed, power_nW)) for seed in range(N_RECORDS)]
    mean = STEADY.expected(FILM, laser(power_nW)).counts
    truth = {
        "peak_nm": FILM.emission_nm,
        "fwhm_nm": 1e-3 * FILM.emission_fwhm_meV / FILM.emission_eV * FILM.emission_nm,
        "intensity": float((mean - mean.min()).sum()),
        "background": 600 + 0.002 * 100 * 4 / 4,
    }
    for name, value in truth.items():
        parameters = [fit[name] for fit in fits]
        assert_pulls([(p.value - value) / p.std_err for p in parameters])
    assert np.mean([fit.reduced_chi_square for fit in fits]) == pytest.approx(1, abs=0.05)


def test_a_wider_slit_does_not_widen_the_line():
    """The fit takes slit and pixel out; without that the width would grow by several errors."""
    width = 1e-3 * FILM.emission_fwhm_meV / FILM.emission_eV * FILM.emission_nm
    record = record_of(fibre_core_um=500.0)
    found = fit_peak(record)["fwhm_nm"]
    assert abs(found.value - width) < 4 * found.std_err
    blind = fit_peak(record.assign_attrs(slit_nm=0.0))["fwhm_nm"]
    assert blind.value - width > 20 * found.std_err


def test_cosmic_rays_are_left_out_and_light_is_not():
    """Struck readings are dropped; of light itself nothing is."""
    clean = record_of(seed=5, cosmic_rays_cm2_min=0.0)
    assert int(reject_cosmic_rays(clean).n_kept.min()) == 5
    struck = clean.copy(deep=True)
    struck.counts[2, 100] += 3000
    struck.counts[4, 140] += 500
    kept = reject_cosmic_rays(struck)
    assert kept.n_kept.values[[100, 140]].tolist() == [4, 4]
    assert int((kept.n_kept < 5).sum()) == 2
    others = clean.counts.values[[0, 1, 3, 4], 100]
    assert float(kept.counts[100]) == pytest.approx(others.mean())


def test_saturated_light_is_refused():
    """A spectrum with a flat top gives an error, not a width."""
    with pytest.raises(ValueError, match=r"\d+ saturated readings.*shorter exposure_s"):
        fit_peak(record_of(exposure_s=60.0))


def test_records_that_cannot_be_fitted_are_refused():
    """Too few frames, or no camera."""
    with pytest.raises(ValueError, match="has 2 frames and must have at least 3"):
        fit_peak(record_of(n_frames=2))
    bare = record_of()
    bare.attrs.pop("slit_nm")
    with pytest.raises(ValueError, match="record lacks slit_nm"):
        fit_peak(bare)


@pytest.mark.parametrize("name", ["OLA/OA in toluene", "OLA/OA"])
def test_absorption_comes_back_with_right_errors(name):
    """Exciton, width, height, rise and baseline of a solution and of a thin film."""
    sample = FILMS[name].optics
    scans = [Spectrophotometer().measure(sample, seed=seed) for seed in range(40)]
    fits = [fit_absorbance(absorbance(scan)) for scan in scans]
    truth = {
        "exciton_eV": sample.exciton_eV,
        "exciton_fwhm_eV": 1e-3 * sample.exciton_fwhm_meV,
        "height": sample.exciton_absorbance,
        "rise_per_eV": sample.continuum_rise_per_eV,
        "baseline": sample.baseline_absorbance,
        "baseline_exponent": sample.baseline_exponent,
    }
    for parameter, value in truth.items():
        found = [fit[parameter] for fit in fits]
        assert_pulls([(p.value - value) / p.std_err for p in found])


def test_beam_below_dark_counts_has_no_absorbance():
    """Where nothing passes the absorbance is missing, not infinite."""
    axis = {"wavelength_nm": [500.0, 501.0]}
    beams = {"sample": ("wavelength_nm", [40, 900]), "reference": ("wavelength_nm", [9000, 9000])}
    found = absorbance(xr.Dataset(beams, axis, {"dark_rate_Hz": 100, "dwell_s": 0.5}))
    assert np.isnan(found.absorbance.values).tolist() == [True, False]
    with pytest.raises(ValueError, match="1 finite points"):
        fit_absorbance(found)


@pytest.mark.parametrize("wrong", [0.0, math.inf, math.nan])
def test_absorbance_without_a_usable_error_is_refused(wrong):
    """A point whose error is zero, infinite or missing has no weight, and is not left out."""
    scan = absorbance(Spectrophotometer().measure(FILM, seed=1))
    scan["std_err"][3] = wrong
    with pytest.raises(ValueError, match=r"std_err of spectrum .* point 3"):
        fit_absorbance(scan)


def test_what_no_instrument_returns_is_refused():
    """The error names what is missing."""
    scan = Spectrophotometer().measure(FILM, seed=1)
    with pytest.raises(ValueError, match="record lacks reference"):
        absorbance(scan.drop_vars("reference"))
    with pytest.raises(ValueError, match="spectrum lacks std_err"):
        fit_absorbance(absorbance(scan).drop_vars("std_err"))
    with pytest.raises(ValueError, match="record lacks saturated"):
        fit_peak(record_of().drop_vars("saturated"))


def test_parameters_of_a_fit_know_each_other():
    """Peak wavelength and photon energy are one number, so that their product has no error."""
    fit = fit_peak(record_of())
    product = fit["peak_nm"] * fit["centre_eV"]
    assert product.std_err < 1e-9 * product.value
    assert fit["peak_nm"].std_err > 0
