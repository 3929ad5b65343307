"""Tests of tptools.fitting.spectra: what was put in comes back within the stated errors."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting import (
    absorbance,
    fit_absorbance,
    fit_peak,
    reject_cosmic_rays,
)
from tptools.instruments import Spectrometer, Spectrophotometer
from tptools.spectra import HC_EV_NM, emission_shape

FILM = FILMS["OLA/OA"].optics
STEADY = Spectrometer(laser_drift=0)
N_RECORDS = 30


def laser(power_nW):
    return Excitation(power_nW=power_nW, rep_rate_MHz=2.5)


def record_of(seed=1, power_nW=10, **change):
    return replace(STEADY, **change).measure(FILM, laser(power_nW), seed=seed)


def assert_pulls(pulls):
    """Pulls have mean 0 and width 1 within what their number allows."""
    pulls = np.asarray(pulls)
    assert abs(pulls.mean()) < 4 / math.sqrt(pulls.size)
    assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * pulls.size)


@cache
def fits_at(power_nW):
    """Peaks in records that differ by their seed only."""
    return [fit_peak(record_of(seed, power_nW)) for seed in range(N_RECORDS)]


@cache
def plain_peak():
    """The peak in the record of no changes."""
    return fit_peak(record_of())


@pytest.mark.parametrize("power_nW", [0.05, 0.5, 20])
def test_peak_width_and_intensity_have_right_errors(power_nW):
    """From dim to bright, all parameters come back, with cosmic rays in the record."""
    fits = fits_at(power_nW)
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
    scans = [Spectrophotometer().measure(sample, seed=seed) for seed in range(8)]
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
    fit = plain_peak()
    product = fit["peak_nm"] * fit["centre_eV"]
    assert product.std_err < 1e-9 * product.value
    assert fit["peak_nm"].std_err > 0


def spectrum_of(exciton_nm, seed=1, **settings):
    """Absorbance of a film whose exciton lies elsewhere."""
    moved = 1e3 * (HC_EV_NM / exciton_nm - FILM.exciton_eV)
    sample = replace(FILM, emission_shift_meV=FILM.emission_shift_meV + moved)
    return absorbance(Spectrophotometer(**settings).measure(sample, seed=seed))


def peak_record(centre_nm=500.0, light=20_000.0, axis_nm=None, widths_nm=0.44, seed=1, fwhm_eV=0.1):
    """Five frames of a Gaussian in energy, with photon noise; `widths_nm` are those of pixels."""
    rng = np.random.default_rng(seed)
    axis = np.arange(450.0, 600.0, 0.44) if axis_nm is None else axis_nm
    mean = light * widths_nm * emission_shape(axis, HC_EV_NM / centre_nm, fwhm_eV)
    noise = rng.poisson(4 * mean, (5, axis.size)) / 4 + rng.normal(600, 1, (5, axis.size))
    camera = {"electrons_per_count": 4, "read_noise_electrons": 4, "bias_counts": 600}
    dims = ("frame", "wavelength_nm")
    return xr.Dataset(
        {"counts": (dims, noise.round()), "saturated": (dims, np.zeros(noise.shape, bool))},
        {"wavelength_nm": axis},
        camera | {"slit_nm": 0.0, "pixel_nm": 0.44},
    )


def renamed(dataset):
    """The same over wavelengths in micrometres."""
    axis = ("wavelength_nm", dataset.wavelength_nm.values / 1000)
    return dataset.assign_coords(wavelength_nm=axis).rename(wavelength_nm="wavelength_um")


FORMS = {
    "descending": lambda one: one.isel(wavelength_nm=slice(None, None, -1)),
    "big-endian float32": lambda one: one.assign_coords(
        wavelength_nm=one.wavelength_nm.astype(">f4")
    ),
    "micrometres": renamed,
    "lazy": lambda one: one.chunk(wavelength_nm=50),
    "descending micrometres": lambda one: renamed(one).isel(wavelength_um=slice(None, None, -1)),
}


@cache
def plain_edge():
    """The edge in a coarse scan."""
    return fit_absorbance(absorbance(Spectrophotometer(step_nm=3.0).measure(FILM, seed=1)))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_form_of_the_axis_changes_nothing(form):
    """Direction, number type, unit and laziness of a record leave both fits where they are."""
    scan = Spectrophotometer(step_nm=3.0).measure(FILM, seed=1)
    for plain, other in (
        (plain_edge()["exciton_nm"], fit_absorbance(absorbance(form(scan)))["exciton_nm"]),
        (plain_peak()["peak_nm"], fit_peak(form(record_of()))["peak_nm"]),
    ):
        assert other.value == pytest.approx(plain.value, abs=0.01 * plain.std_err)
        assert other.std_err == pytest.approx(plain.std_err, rel=1e-3)


@pytest.mark.parametrize("exciton_nm", [400, 460, 600])
def test_exciton_is_found_wherever_it_lies(exciton_nm):
    """No start is set: from one end of the record to the other the exciton comes back."""
    fit = fit_absorbance(spectrum_of(exciton_nm, step_nm=2.0))
    assert abs(fit["exciton_nm"].z(exciton_nm)) < 4
    assert not fit["exciton_nm"].note


@pytest.mark.parametrize(
    ("start_nm", "end_nm"), [(300.0, 400.0), (360.0, 480.0), (515.0, 700.0), (550.0, 700.0)]
)
def test_exciton_beyond_the_window_is_not_determined(start_nm, end_nm):
    """The continuum or the baseline alone gives no exciton, and says why."""
    found = fit_absorbance(spectrum_of(504, start_nm=start_nm, end_nm=end_nm, step_nm=2.0))
    for name in ("exciton_nm", "exciton_eV", "height"):
        assert math.isnan(found[name].value)
        assert "not determined by this record" in found[name].note


@pytest.mark.parametrize("scatter", [0.0, 0.1])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_spectrum_without_exciton_has_none(scatter, noise):
    """Flat, noisy or scattering samples give no exciton; their baseline is measured."""
    scan, rng = spectrum_of(504, step_nm=3.0), np.random.default_rng(3)
    fall = scatter * (scan.wavelength_nm.values / 500) ** -4.0
    scan["absorbance"] = scan.absorbance.copy(data=fall + noise * rng.standard_normal(fall.size))
    scan["std_err"] = scan.std_err * 0 + 1e-3
    fit = fit_absorbance(scan)
    assert math.isnan(fit["exciton_nm"].value)
    assert fit["exciton_nm"].note.endswith("no exciton stands out of a baseline")
    assert fit["baseline"].value == pytest.approx(scatter, abs=4e-3)


def test_baselines_need_not_fall_and_rises_have_an_end():
    """A level baseline is found as such; a continuum steeper than the largest rise is noted."""
    level = replace(FILM, baseline_absorbance=0.05, baseline_exponent=0.0)
    steep = replace(FILM, exciton_absorbance=0.004, continuum_rise_per_eV=250.0)
    optics = Spectrophotometer(step_nm=3.0)
    level, steep = (
        fit_absorbance(absorbance(optics.measure(one, seed=1))) for one in (level, steep)
    )
    for name, truth in (
        ("baseline_exponent", 0),
        ("baseline", 0.05),
        ("exciton_eV", FILM.exciton_eV),
    ):
        assert abs(level[name].z(truth)) < 4
    assert level["baseline_exponent"].std_err < 0.01
    assert "at its bound of 200" in steep["rise_per_eV"].note


@pytest.mark.parametrize("centre_nm", [452, 480, 598])
def test_peak_is_found_wherever_it_lies(centre_nm):
    """Also where an end of the record cuts it in half."""
    fit = fit_peak(peak_record(centre_nm))
    assert abs(fit["peak_nm"].z(centre_nm)) < 4
    assert fit.p_value > 1e-3


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (peak_record(440), "at or beyond an end"),
        (peak_record(612), "at or beyond an end"),
        (peak_record(light=0.0), "no peak stands out"),
        (peak_record(light=0.0, seed=2), "no peak stands out"),
        (peak_record(520, light=1e6, fwhm_eV=3.0), "wider than the record"),
    ],
    ids=["above", "below", "noise", "other noise", "wide"],
)
def test_peak_that_is_not_there_is_not_determined(record, reason):
    """A tail, noise or a plateau gives NaN with the reason, never a place at an end."""
    found = fit_peak(record)["peak_nm"]
    assert math.isnan(found.value)
    assert reason in found.note


def test_noise_is_seldom_a_peak_and_good_records_seldom_misfits():
    """In some hundred records neither false peaks nor false misfits come up."""
    noise = [fit_peak(peak_record(light=0.0, seed=seed)) for seed in range(12)]
    assert all(math.isnan(fit["peak_nm"].value) for fit in noise)
    good = [*fits_at(0.05), *fits_at(20)]
    assert not any(fit["peak_nm"].note for fit in good)
    assert stats.kstest([fit.p_value for fit in good], "uniform").pvalue > 1e-3


def test_two_peaks_are_no_peak():
    """The misfit is noted with its chance."""
    two = peak_record(480)
    two["counts"] = two.counts + peak_record(550, seed=2).counts - 600
    found = fit_peak(two)["peak_nm"]
    assert "the model does not fit" in found.note
    assert found.goodness.p_value < 1e-10


@pytest.mark.parametrize("light", [-600, 500, 60_000])
@pytest.mark.parametrize("pixel", [148])
def test_a_dead_or_hot_pixel_is_left_out_and_named(light, pixel):
    """One pixel moves nothing, on the peak or off it, and the note says where it is."""
    record, plain = record_of(), plain_peak()
    struck = record.wavelength_nm == record.wavelength_nm[pixel]
    record["counts"] = record.counts.where(~struck, 600 + light)
    found = fit_peak(record)
    assert found["peak_nm"].value == pytest.approx(
        plain["peak_nm"].value, abs=0.5 * plain["peak_nm"].std_err
    )
    assert f"{float(record.wavelength_nm[pixel]):.6g} nm" in found["peak_nm"].note
    assert not plain["peak_nm"].note


def test_a_spike_of_absorbance_is_left_out_and_named():
    """As a pixel of a camera is."""
    scan = spectrum_of(504, step_nm=4.0)
    plain = fit_absorbance(scan)["exciton_nm"]
    scan["absorbance"][25] += 0.5
    found = fit_absorbance(scan)["exciton_nm"]
    assert found.value == pytest.approx(plain.value, abs=0.5 * plain.std_err)
    assert "460 nm" in found.note


def test_masked_pixels_are_no_light():
    """Saturated or struck readings may be masked; a pixel of few readings is left out."""
    record, plain = record_of(), plain_peak()
    record["counts"] = record.counts.astype(float)
    record.counts[:, 100:104] = math.nan
    record.counts[:3, 148] = math.nan
    record["saturated"][:, 100] = True
    assert reject_cosmic_rays(record).n_kept.values[[99, 100, 148]].tolist() == [5, 0, 0]
    found = fit_peak(record)
    assert found.n_points == plain.n_points - 5
    assert found["peak_nm"].value == pytest.approx(
        plain["peak_nm"].value, abs=plain["peak_nm"].std_err
    )


def test_uneven_pixels_have_their_own_widths():
    """Widths are stated, or follow from the wavelengths; missing pixels widen no other."""
    grating = 450 * np.exp(np.linspace(0, 0.28, 300))
    joined = np.concatenate([np.arange(450, 500, 0.44), np.arange(500.66, 600, 1.32)])
    widths = np.where(joined < 500.3, 0.44, 1.32)
    stated = peak_record(axis_nm=joined, widths_nm=widths)
    fits = [
        fit_peak(peak_record(axis_nm=grating, widths_nm=np.gradient(grating))),
        fit_peak(stated.assign_coords(wavelength_width_nm=("wavelength_nm", widths))),
        fit_peak(peak_record().isel(wavelength_nm=np.delete(np.arange(341), [90, 120, 121, 300]))),
    ]
    for fit in fits:
        assert abs(fit["peak_nm"].z(500)) < 4
        assert abs(fit["intensity"].z(20_000)) < 4
        assert fit.p_value > 1e-3


@pytest.mark.parametrize("near", [2, -3])
def test_pixels_at_the_ends_have_their_widths(near):
    """A peak beside either end is that of the same record with its widths stated."""
    grating = np.geomspace(450, 600, 120)
    edges = np.sqrt(grating[1:] * grating[:-1])
    widths = np.diff([grating[0] ** 2 / edges[0], *edges, grating[-1] ** 2 / edges[-1]])
    record = peak_record(float(grating[near]), axis_nm=grating, widths_nm=widths)
    stated = record.assign_coords(wavelength_width_nm=("wavelength_nm", widths))
    plain, other = (fit_peak(one) for one in (record, stated))
    for name in ("peak_nm", "fwhm_nm", "intensity"):
        assert abs(plain[name].value - other[name].value) < 0.3 * plain[name].std_err


def test_width_lost_in_the_pixel_is_not_determined():
    """A line within one pixel has a place, and no width that could be trusted."""
    record, rng = peak_record(light=0.0), np.random.default_rng(4)
    place = float(record.wavelength_nm[100])
    record.counts[:, 100] += rng.poisson(4 * 5000, 5) / 4
    fit = fit_peak(record)
    assert abs(fit["peak_nm"].value - place) < 0.22
    assert math.isnan(fit["fwhm_nm"].value)
    assert "narrower than the record resolves" in fit["fwhm_nm"].note


def test_beams_of_other_wavelengths_are_refused():
    """A quotient at the wavelengths that two beams happen to share would hide the others."""
    scan = Spectrophotometer().measure(FILM, seed=1)
    other = scan.reference.rename(wavelength_nm="wavelength_um")
    shifted = other.assign_coords(wavelength_um=scan.wavelength_nm.values / 1000 + 1e-3)
    same = other.assign_coords(wavelength_um=scan.wavelength_nm.values / 1000)
    beams = scan.drop_vars("reference")
    assert absorbance(beams.assign(reference=same)).equals(absorbance(scan))
    with pytest.raises(ValueError, match="over the same wavelengths"):
        absorbance(beams.assign(reference=shifted))


def test_bandwidth_of_the_whole_spectrum_is_refused():
    """As wavelengths in another unit than they say would have it."""
    scan = spectrum_of(504)
    small = scan.assign_coords(wavelength_nm=scan.wavelength_nm.values / 1000)
    with pytest.raises(ValueError, match="bandwidth_nm = 2 must be below the span"):
        fit_absorbance(small)
