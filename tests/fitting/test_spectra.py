"""Tests of tptools.fitting.spectra: what was put in comes back within the stated errors."""

import math
from dataclasses import replace

import lmfit
import numpy as np
import pytest
import xarray as xr

from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting import (
    absorbance,
    exponent_half_width,
    fit_absorbance,
    fit_peak,
    fit_power_law,
    quantum_yield,
    reject_cosmic_rays,
    trend,
)
from tptools.instruments import IntegratingSphere, Spectrometer, Spectrophotometer

FILM = FILMS["OLA/OA"].optics
STEADY = Spectrometer(laser_drift=0)
POWERS = [0.5, 1, 2.5, 4, 5, 10, 20]
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
    electrons = STEADY.expected_electrons(FILM, laser(power_nW)) - 0.002 * 100 * 4
    truth = {
        "peak_nm": FILM.emission_nm,
        "fwhm_nm": 1e-3 * FILM.emission_fwhm_meV / FILM.emission_eV * FILM.emission_nm,
        "intensity": electrons.sum() / 4,
        "background": 600 + 0.002 * 100 * 4 / 4,
    }
    for name, value in truth.items():
        parameters = [fit.params[name] for fit in fits]
        assert_pulls([(p.value - value) / p.stderr for p in parameters])
    assert np.mean([fit.redchi for fit in fits]) == pytest.approx(1, abs=0.05)


def test_a_wider_slit_does_not_widen_the_line():
    """The fit takes slit and pixel out; without that the width would grow by several errors."""
    width = 1e-3 * FILM.emission_fwhm_meV / FILM.emission_eV * FILM.emission_nm
    record = record_of(fibre_core_um=500.0)
    found = fit_peak(record).params["fwhm_nm"]
    assert abs(found.value - width) < 4 * found.stderr
    blind = fit_peak(record.assign_attrs(slit_nm=0.0)).params["fwhm_nm"]
    assert blind.value - width > 20 * found.stderr


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
    with pytest.raises(ValueError, match=r"lacks the attributes \['slit_nm'\]"):
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
        found = [fit.params[parameter] for fit in fits]
        assert_pulls([(p.value - value) / p.stderr for p in found])


def test_beam_below_dark_counts_has_no_absorbance():
    """Where nothing passes the absorbance is missing, not infinite."""
    axis = {"wavelength_nm": [500.0, 501.0]}
    beams = {"sample": ("wavelength_nm", [40, 900]), "reference": ("wavelength_nm", [9000, 9000])}
    found = absorbance(xr.Dataset(beams, axis, {"dark_rate_Hz": 100, "dwell_s": 0.5}))
    assert np.isnan(found.absorbance.values).tolist() == [True, False]
    with pytest.raises(ValueError, match="1 finite points"):
        fit_absorbance(found)


@pytest.mark.parametrize("exponent", [1.0, 0.8])
def test_exponent_is_covered_as_often_as_stated(exponent):
    """With a drifting laser, 95 % of the intervals hold the true exponent."""
    rng = np.random.default_rng(1)
    lines = [
        fit_power_law(POWERS, 3 * (POWERS * np.exp(0.01 * rng.standard_normal(7))) ** exponent)
        for _ in range(400)
    ]
    covered = np.mean([line.interval[0] < exponent < line.interval[1] for line in lines])
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 400))
    mean = np.mean([line.exponent.value for line in lines])
    assert mean == pytest.approx(exponent, abs=0.001)


def test_width_of_the_interval_is_foretold():
    """The root mean square half width of many intervals is the one foretold."""
    rng = np.random.default_rng(4)
    lines = [
        fit_power_law(POWERS, POWERS * np.exp(0.01 * rng.standard_normal(7))) for _ in range(400)
    ]
    halves = [(line.interval[1] - line.interval[0]) / 2 for line in lines]
    wanted = exponent_half_width(POWERS, 0.01)
    assert math.sqrt(np.mean(np.square(halves))) == pytest.approx(wanted, rel=0.1)
    with pytest.raises(ValueError, match="at least three positive"):
        exponent_half_width([1, 2], 0.01)


def test_interval_is_that_of_the_profile_likelihood():
    """The search of lmfit for the interval ends at the same exponents."""
    rng = np.random.default_rng(2)
    errors = 0.02 * np.arange(1, 8)
    points = POWERS * np.exp(errors * rng.standard_normal(7))
    given = [Estimate(v, v * e, "counts", "fit") for v, e in zip(points, errors, strict=True)]
    line = fit_power_law(POWERS, given)
    searched = lmfit.conf_interval(line.fit, line.fit, sigmas=[0.95])["exponent"]
    assert line.interval == pytest.approx((searched[0][1], searched[2][1]), rel=1e-4)
    assert float(line(4.0)) == pytest.approx(line.prefactor.value * 4**line.exponent.value)


def test_exact_power_law_has_no_error():
    """Points on the line give its exponent and no doubt."""
    line = fit_power_law(POWERS, 2.0 * np.array(POWERS) ** 0.9, power_error=0.01)
    assert line.exponent.value == pytest.approx(0.9)
    assert line.exponent.std_err < 1e-9
    assert line.prefactor.value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("power", "light", "message"),
    [
        ([1, 2], [1, 2], "2 and 2 points.*at least 3"),
        ([1, 2, 3], [1, 2], "3 and 2 points"),
        ([1, 2, -3], [1, 2, 3], "must be positive"),
        ([1, 2, 3], [1, 0, 3], "must be positive"),
        ([1, 2, math.inf], [1, 2, 3], "must be positive and finite"),
    ],
)
def test_points_without_a_logarithm_are_refused(power, light, message):
    """A power law needs at least three positive points."""
    with pytest.raises(ValueError, match=message):
        fit_power_law(power, light)


def test_trend_has_right_errors():
    """A shift over the whole range comes back, with errors from those of the points."""
    rng = np.random.default_rng(3)
    errors = np.linspace(0.1, 0.3, 7)
    place = np.log(np.array(POWERS) / 0.5) / np.log(40)
    pulls = []
    for _ in range(300):
        values = 515 + 0.4 * place + errors * rng.standard_normal(7)
        pairs = zip(values, errors, strict=True)
        shift = trend(POWERS, [Estimate(v, e, "nm", "fit") for v, e in pairs])
        pulls.append(shift.z(0.4))
    assert shift.unit == "nm"
    assert_pulls(pulls)


def test_trend_needs_two_powers_and_errors():
    """One power has no trend, and a point without error no weight."""
    point = Estimate(1.0, 0.1, "nm", "fit")
    with pytest.raises(ValueError, match="at least two different"):
        trend([2, 2], [point, point])
    with pytest.raises(ValueError, match="errors must be positive"):
        trend([1, 2], [point, Estimate(1.0, 0.0, "nm", "fit")])


@pytest.mark.parametrize("exciton_absorbance", [0.01, 0.04, 0.07])
def test_quantum_yield_has_right_errors(exciton_absorbance):
    """From the thinnest to the thickest film of Note 1 the yield comes back within its error."""
    film = replace(FILM, exciton_absorbance=exciton_absorbance)
    found = [quantum_yield(IntegratingSphere().measure(film, seed=s)) for s in range(300)]
    assert_pulls([one.z(0.68) for one in found])


def test_sample_that_absorbs_nothing_has_no_yield():
    """A difference of the wrong sign gives NaN and says why."""
    counts = {"sample_emission": 10, "blank_emission": 10}
    counts |= {"sample_excitation": 1001, "blank_excitation": 1000}
    repeats = {name: ("repeat", [n]) for name, n in counts.items()}
    found = quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": 0.0}))
    assert math.isnan(found.value)
    assert found.note == "the sample took no light off the lamp"
