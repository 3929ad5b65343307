"""Tests of tptools.fitting.spectra: what was put in comes back within the stated errors."""

import math
from dataclasses import astuple, replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.fitting import (
    absorbance,
    fit_absorbance,
    fit_peak,
    reject_cosmic_rays,
)
from tptools.fitting import spectra as module
from tptools.fitting.edge import Limits, Trial
from tptools.fitting.result import Fit
from tptools.fitting.spectra import (
    _doubted,
    _edge_of,
    _judged_line,
    _judged_peak,
    _limits_of_exciton,
    _limits_of_peak,
    _listed,
    _peak_of,
    _pixel_widths,
    _start_of_exciton,
    _start_of_peak,
    _start_without_exciton,
    _variance,
)
from tptools.instruments import Spectrometer, Spectrophotometer
from tptools.spectra import HC_EV_NM, absorption_shape, emission_shape

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


def test_where_a_baseline_does_not_fit_it_is_no_exciton_that_misses():
    """A ripple of fringes leaves the baseline determined, and notes the misfit there."""
    wavelength_nm, rng = np.linspace(400, 600, 201), np.random.default_rng(1)
    ripple = 1 + 0.005 * np.sin(2 * np.pi * wavelength_nm / 13)
    seen = 0.2 * (wavelength_nm / 500) ** -4 * ripple + rng.normal(0, 5e-4, 201)
    columns = {"absorbance": seen, "std_err": np.full(201, 5e-4)}
    fit = fit_absorbance(
        xr.Dataset({name: ("wavelength_nm", one) for name, one in columns.items()})
        .assign_coords(wavelength_nm=wavelength_nm)
        .assign_attrs(bandwidth_nm=2.0)
    )
    assert "no exciton stands out of a baseline" in fit["exciton_nm"].note
    assert fit["baseline"].value == pytest.approx(0.2, abs=1e-3)
    assert "the model does not fit" in fit["baseline"].note


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


@pytest.mark.parametrize(("factor", "added"), [(1, 0.5), (0.01, 0)])
def test_a_spike_of_absorbance_is_left_out_and_named(factor, added):
    """One that stands out, or that falls to about nothing."""
    scan = spectrum_of(504, step_nm=4.0)
    plain = fit_absorbance(scan)["exciton_nm"]
    scan["absorbance"][25] = factor * scan.absorbance[25] + added
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
    with pytest.raises(ValueError, match=r"^bandwidth_nm = 2 must be below the span"):
        fit_absorbance(small)


CAMERA = {
    "electrons_per_count": 4.0,
    "read_noise_electrons": 4.0,
    "bias_counts": 600.0,
    "slit_nm": 2.0,
    "pixel_nm": 0.5,
}


def frames(*pixels, **camera):
    """A record of the readings of some pixels, one frame after the other."""
    counts = np.transpose(np.array(pixels, float))
    axis = {"wavelength_nm": 500 + 0.5 * np.arange(counts.shape[1])}
    dims = ("frame", "wavelength_nm")
    variables = {"counts": (dims, counts), "saturated": (dims, counts < 0)}
    return xr.Dataset(variables, axis, CAMERA | camera)


def test_units_and_methods_are_those_of_the_axes():
    """Of every parameter of both fits, with the goodness of the fit."""
    peak = {"centre_eV": "eV", "fwhm_eV": "eV", "intensity": "counts", "background": "counts"}
    edge = {"exciton_eV": "eV", "exciton_fwhm_eV": "eV", "height": "", "rise_per_eV": "1/eV"}
    edge |= {"baseline": "", "baseline_exponent": "", "exciton_nm": "nm"}
    for fit, units, method in (
        (plain_peak(), peak | {"peak_nm": "nm", "fwhm_nm": "nm"}, "Gaussian in energy"),
        (plain_edge(), edge, "exciton and continuum"),
    ):
        assert {name: one.unit for name, one in fit.items()} == units
        assert fit.method == method
        assert {one.goodness for one in fit.values()} == {fit.goodness}


def test_variance_of_a_reading_is_that_of_its_making():
    """Photons, read noise and rounding add up; below the bias there are no photons."""
    rng, gain = np.random.default_rng(1), 3.0
    for light, read in ((0.0, 2.0), (1.0, 2.0), (200.0, 9.0)):
        electrons = rng.poisson(gain * light, 200_000) + rng.normal(0, read, 200_000)
        seen = (600 + electrons / gain).round()
        camera = CAMERA | {"electrons_per_count": gain, "read_noise_electrons": read}
        found = _variance(np.array([590.0, 600 + light]), camera)
        assert found[1] == pytest.approx(seen.var(), rel=0.015)
        assert found[0] == pytest.approx((read / gain) ** 2 + 1 / 12)


def test_a_ray_exceeds_the_median_by_so_many_standard_deviations():
    """Of photons, read noise and rounding at the median; what lies below is none."""
    noise = math.sqrt(100 / 4 + 1 + 1 / 12)
    for threshold, how in ((6.0, {}), (2.5, {"threshold": 2.5})):
        high, low = 700 + (threshold + 0.01) * noise, 700 + (threshold - 0.01) * noise
        record = frames([700, 700, 700, high], [700, 700, 700, low], [700, 700, 700, 0])
        found = reject_cosmic_rays(record, **how)
        assert found.n_kept.values.tolist() == [3, 4, 4]
        assert found.counts.values[0] == 700
        assert found.attrs == record.attrs
    few = frames([700, 701, math.nan, 702], [700, math.nan, math.nan, 702])
    assert reject_cosmic_rays(few).n_kept.values.tolist() == [3, 0]
    with pytest.raises(ValueError, match=r"^threshold = 0"):
        reject_cosmic_rays(few, threshold=0)
    with pytest.raises(ValueError, match="has 1 frames"):
        reject_cosmic_rays(few.isel(frame=0))


@pytest.mark.parametrize("name", CAMERA)
def test_cameras_that_cannot_be_are_refused(name):
    """Each number by its name; zero is one for what may be without noise, slit or bias."""
    bare = frames(3 * [600.0])
    for wrong in (-1.0, 0.0, math.inf):
        record = bare.assign_attrs({name: wrong})
        allowed = name not in ("electrons_per_count", "pixel_nm") and wrong == 0
        if allowed or (name == "bias_counts" and wrong == -1):
            reject_cosmic_rays(record)
            continue
        with pytest.raises(ValueError, match=f"^{name} = "):
            reject_cosmic_rays(record)


def test_saturated_readings_are_counted_unless_masked():
    """The error says how many there are."""
    record = frames(*8 * [[700.0, 700, 700]])
    record["saturated"][:, 2:4] = True
    record["counts"][1, 2] = math.nan
    with pytest.raises(ValueError, match="record has 5 saturated readings"):
        fit_peak(record)


def test_eight_pixels_are_the_fewest():
    """One less is refused, and so are wavelengths that are none."""
    with pytest.raises(ValueError, match="record has 7 finite points and must have at least 8"):
        fit_peak(frames(*7 * [[700.0, 700, 700]]))
    eight = frames(*8 * [[700.0, 700, 700]])
    assert math.isnan(fit_peak(eight)["peak_nm"].value)
    with pytest.raises(ValueError, match=r"^least wavelength_nm = 0"):
        fit_peak(eight.assign_coords(wavelength_nm=0.5 * np.arange(8)))


def beams_of(sample, reference, **attrs):
    axis = {"wavelength_nm": 500.0 + np.arange(len(sample))}
    beams = {"sample": ("wavelength_nm", sample), "reference": ("wavelength_nm", reference)}
    return xr.Dataset(beams, axis, {"dark_rate_Hz": 200, "dwell_s": 0.25} | attrs)


def test_dark_counts_are_a_rate_times_a_time():
    """They are taken off both beams, and their noise stays; a beam that is as dark has no light."""
    record = beams_of([1050.0, 50, 51, math.nan], [10_050.0, 9000, 150, 9000])
    found = absorbance(record)
    np.testing.assert_allclose(found.absorbance, [1, math.nan, 2, math.nan])
    error = math.sqrt(1050 / 1000**2 + 10_050 / 10_000**2) / math.log(10)
    assert found.std_err[0] == pytest.approx(error)
    assert np.isnan(found.std_err.values).tolist() == [False, True, False, True]
    assert found.absorbance.attrs == {"long_name": "absorbance", "units": "1"}
    assert found.attrs == record.attrs
    for name in ("dark_rate_Hz", "dwell_s"):
        absorbance(record.assign_attrs({name: 0}))
        with pytest.raises(ValueError, match=f"^{name} = -1"):
            absorbance(record.assign_attrs({name: -1}))


def test_error_of_an_absorbance_is_its_scatter():
    """Over repetitions of bright beams with dark counts."""
    rng = np.random.default_rng(2)
    found = absorbance(beams_of(rng.poisson(2050, 4000), rng.poisson(8050, 4000)))
    assert found.absorbance.std() == pytest.approx(found.std_err.mean().item(), rel=0.05)


def test_wavelengths_of_beams_agree_to_a_millionth():
    """What rounding may leave; more is another wavelength."""
    reference = beams_of([900.0], [9000.0]).reference.rename(wavelength_nm="wavelength_um")
    sample = beams_of([900.0], [9000.0]).drop_vars("reference")
    for off, same in ((0.9e-6, True), (1.1e-6, False)):
        other = reference.assign_coords(wavelength_um=[0.5 * (1 + off)])
        if same:
            np.testing.assert_array_equal(
                absorbance(sample.assign(reference=other)).wavelength_nm, 500
            )
        else:
            with pytest.raises(ValueError, match="same wavelengths"):
                absorbance(sample.assign(reference=other))


def test_limits_of_lines_are_those_of_the_record():
    """Ends, half or a tenth of what slit and steps resolve, all of it, and one bad point."""
    wavelength = np.array([400.0, 402, 405, 490, 500])
    low, high = HC_EV_NM / 500, HC_EV_NM / 400
    per_nm = HC_EV_NM / (400 * 500)
    for bandwidth, resolved in ((0.0, 2.0), (7.0, 7.0)):
        found = astuple(_limits_of_exciton(wavelength, bandwidth))
        resolved_eV = resolved * per_nm
        wanted = low, high, resolved_eV / 2, high - low, 1.5 * resolved_eV
        np.testing.assert_allclose(found, wanted)
    found = astuple(_limits_of_peak(wavelength, 7.0))
    np.testing.assert_allclose(found, (low, high, 0.7 * per_nm, high - low, 10.5 * per_nm))
    _limits_of_exciton(wavelength, 199.0)
    with pytest.raises(ValueError, match=r"bandwidth_nm = 201 must be below the span .*, 100 nm"):
        _limits_of_exciton(wavelength, 201.0)


LIMITS = Limits(2.0, 3.0, 0.05, 1.0, 0.2)


def line_fit(centre, width, width_err=0.01, centre_err=0.01, **more):
    """A fit with a line of this place and width."""
    numbers = {"centre_eV": (centre, centre_err), "fwhm_eV": (width, width_err)} | more
    parameters = {name: Estimate(*one, "eV", "given") for name, one in numbers.items()}
    return Fit(parameters, "given", np.zeros(1), 20.0, 20.0, np.zeros_like)


@pytest.mark.parametrize(
    ("centre", "width", "width_err", "centre_err", "reason"),
    [
        (2.001, 0.3, 0.01, 0.01, ""),
        (2.999, 0.3, 0.01, 0.01, ""),
        (2.0, 0.3, 0.01, 0.01, "at or beyond an end"),
        (3.0, 0.3, 0.01, 0.01, "at or beyond an end"),
        (2.5, 0.99, 0.01, 0.01, ""),
        (2.5, 1.0, 0.01, 0.01, "wider than the record"),
        (2.5, 0.051, 0.01, 0.01, ""),
        (2.5, 0.05, 0.01, 0.01, "narrower"),
        (2.5, 0.3, 0.29, 0.01, ""),
        (2.5, 0.3, 0.31, 0.01, "narrower"),
        (2.5, 0.3, 0.01, math.nan, "narrower"),
        (2.5, 0.3, math.nan, 0.01, "narrower"),
    ],
)
def test_lines_are_judged_by_limits_and_errors(centre, width, width_err, centre_err, reason):
    """A place on an end loses all; what is not resolved only its width."""
    fit = line_fit(centre, width, width_err, centre_err)
    found = _judged_line(fit, "centre_eV", "fwhm_eV", LIMITS)
    assert reason in found["fwhm_eV"].note
    assert bool(found["fwhm_eV"].note) == bool(reason)
    assert math.isnan(found["fwhm_eV"].value) == bool(reason)
    assert math.isnan(found["centre_eV"].value) == (bool(reason) and reason != "narrower")


def test_light_of_a_peak_is_five_errors():
    """These grow with a misfit, and do not shrink with a fit that is too good."""
    for chi_square, error in ((20.0, 1.0), (80.0, 2.0), (5.0, 1.0)):
        for light, seen in ((4.99, False), (5.01, True)):
            fit = line_fit(2.5, 0.3, intensity=(light * error, 1.0), background=(3.0, 1.0))
            found = _judged_peak(replace(fit, chi_square=chi_square), LIMITS)
            names = ("centre_eV", "fwhm_eV", "intensity")
            assert [math.isnan(found[name].value) for name in names] == 3 * [not seen]
            assert found["background"].value == 3


def test_a_narrow_line_is_doubted_at_its_nearest_point():
    """A wide one, or none, is not."""
    wavelength, pulls = HC_EV_NM / np.array([2.9, 2.7, 2.5, 2.3]), np.array([1.0, -2, 3, -4])
    for place, width, doubted in (
        (2.61, 0.2, 1),
        (2.59, 0.1, 2),
        (2.61, 0.21, None),
        (math.nan, 0.1, None),
    ):
        fit = line_fit(place, width)
        found = _doubted(pulls, wavelength, fit, "centre_eV", "fwhm_eV", LIMITS)
        assert [i for i, one in enumerate(found) if one == math.inf] == (
            [] if doubted is None else [doubted]
        )
        kept = np.isfinite(found)
        np.testing.assert_array_equal(found[kept], pulls[kept])


def test_starts_have_the_bounds_of_the_record():
    """A line lies within it; heights and exponents are no less than zero."""
    found = np.array([2.4, 0.1, 0.5, 2.0, 0.03, 4.0])
    start = _start_of_exciton(found, LIMITS)
    assert [one["value"] for one in start.values()] == found.tolist()
    bounds = {name: (one.get("min"), one.get("max")) for name, one in start.items()}
    assert bounds == {
        "exciton_eV": (2.0, 3.0),
        "exciton_fwhm_eV": (0.05, 1.0),
        "height": (0.0, None),
        "rise_per_eV": (-10.0, 200.0),
        "baseline": (None, None),
        "baseline_exponent": (0.0, 8.0),
    }
    flat = _start_without_exciton(LIMITS)
    assert [*flat] == [*start]
    held = {name: one["value"] for name, one in flat.items() if not one.get("vary", True)}
    assert held == {"exciton_eV": 2.5, "exciton_fwhm_eV": 1.0, "height": 0, "rise_per_eV": 0}
    assert (flat["baseline_exponent"]["min"], flat["baseline_exponent"]["max"]) == (0.0, 8.0)


@pytest.mark.parametrize("fwhm_nm", [4.0, 12.0, 40.0])
@pytest.mark.parametrize("centre_nm", [470.0, 523.0, 580.0])
def test_a_peak_starts_near_where_it_is(centre_nm, fwhm_nm):
    """Within a third of its width, with its width to a half and its light to a fifth."""
    axis, pixel = np.arange(450, 600, 0.5), np.full(300, 0.5)
    limits = _limits_of_peak(axis, 1.0)
    centre, fwhm = HC_EV_NM / centre_nm, HC_EV_NM * fwhm_nm / centre_nm**2
    counts = 600 + 5000 * pixel * emission_shape(axis, centre, fwhm)
    start = _start_of_peak(axis, counts, pixel, 1 + (counts - 600) / 4, limits)
    assert abs(HC_EV_NM / start["centre_eV"]["value"] - centre_nm) < fwhm_nm / 3
    assert start["fwhm_eV"]["value"] == pytest.approx(fwhm, rel=0.5)
    assert start["intensity"]["value"] == pytest.approx(5000, rel=0.2)
    assert 600 <= start["background"]["value"] < counts.max()
    assert (start["centre_eV"]["min"], start["centre_eV"]["max"]) == (limits.low_eV, limits.high_eV)
    widths = limits.narrowest_eV, limits.widest_eV
    assert (start["fwhm_eV"]["min"], start["fwhm_eV"]["max"]) == widths


def test_pixels_are_as_wide_as_they_say_or_as_they_lie():
    """Stated, or whole steps apart to a twentieth, or else half way to their neighbours."""
    axis = np.array([500.0, 500.5, 502.0, 502.5, 504.0])

    def widths(at, **coords):
        record = xr.Dataset({"counts": ("wavelength_nm", np.ones(at.size))}, {"wavelength_nm": at})
        return _pixel_widths(record.assign_coords(coords), 0.5).tolist()

    assert widths(axis) == 5 * [0.5]
    off = np.array([0, 0, 0.024, 0, 0])
    assert widths(axis + off) == 5 * [0.5]
    halves = [0.5, 1.0, 1.0, 1.0, 1.5]
    np.testing.assert_allclose(widths(axis + 1.1 * off), halves, atol=0.03)
    assert widths(axis + 1.1 * off) != 5 * [0.5]
    close = np.array([500.0, 500.1, 500.2])
    np.testing.assert_allclose(widths(close), 3 * [0.1])
    known = np.array([0.2, 0.3, 0.4, 0.5, 0.6])
    for name, values in (("width", known), ("start", axis - known), ("end", axis + known)):
        stated = {f"wavelength_{name}_nm": ("wavelength_nm", values)}
        np.testing.assert_allclose(widths(axis, **stated), known)


@pytest.mark.parametrize("slit_nm", [0.0, 2.5, 12.0])
def test_counts_of_a_peak_are_an_integral_over_slit_and_pixel(slit_nm):
    """Of the density of light in wavelength, each pixel with its own width."""
    at, pixel = np.array([500.0, 510, 520]), np.array([0.5, 1.0, 4.0])
    peak = _peak_of(slit_nm, at, pixel)(at, 2.4, 0.03, 1000.0, 7.0)
    for place, width, found in zip(at, pixel, peak, strict=True):
        places = place + np.linspace(-1, 1, 4001) * (width + slit_nm) / 2
        # a box over a box, as wide as the light that falls on the pixel
        away = np.abs(places - place)
        share = np.clip(((width + slit_nm) / 2 - away) / max(min(width, slit_nm), 1e-9), 0, 1)
        share *= min(width, slit_nm) / slit_nm if slit_nm else 1
        light = np.trapezoid(share * emission_shape(places, 2.4, 0.03), places)
        assert found - 7 == pytest.approx(1000 * light, rel=2e-3)


def test_absorbance_of_an_edge_is_exciton_and_baseline():
    """Without a bandwidth as it is; trial steps end at what numbers can hold."""
    at, line = np.array([450.0, 500, 520]), (2.45, 0.1, 0.03, 2.0)
    edge = _edge_of(0.0, 0.03)
    fall = 0.2 * (at / 500) ** -3.0
    shape = absorption_shape(HC_EV_NM / at, *line)
    np.testing.assert_allclose(edge(at, 2.45, 0.1, 0.7, 2.0, 0.2, 3.0), 0.7 * shape + fall)
    assert (edge(at, 2.45, 0.1, 0.0, 2.0, 1e6, 0.0) == 300).all()
    assert (edge(at, 2.45, 0.1, 0.0, 2.0, -1e6, 0.0) == -300).all()


def test_places_of_points_have_six_digits():
    """In a row, with their unit once."""
    assert _listed(np.array([500.12345, 601.0])) == "500.123, 601 nm"


@pytest.mark.parametrize("name", ["bandwidth_nm", "binding_eV"])
def test_widths_and_energies_below_zero_are_refused(name):
    """The error names them."""
    scan = absorbance(Spectrophotometer().measure(FILM, seed=1))
    how = {"binding_eV": -1.0} if name == "binding_eV" else {}
    with pytest.raises(ValueError, match=f"^{name} = -1"):
        fit_absorbance(scan.assign_attrs(bandwidth_nm=-1.0) if not how else scan, **how)


@pytest.mark.parametrize("name", ["absorbance", "std_err"])
def test_columns_of_a_spectrum_are_refused_by_name(name):
    """Over wavelength alone, of real numbers."""
    scan = spectrum_of(504, step_nm=4.0)
    with pytest.raises(ValueError, match=f"^{name} has .* must have 'wavelength_nm' only"):
        fit_absorbance(scan.assign({name: scan[name].expand_dims(place=[1, 2])}))
    with pytest.raises((TypeError, ValueError), match=f"^{name}"):
        fit_absorbance(scan.assign({name: scan[name].astype(str)}))


def test_instruments_that_give_a_record_are_named():
    """Where something is missing, the error says what would have it."""
    bare = frames(*8 * [[700.0, 700, 700]])
    for record, measure, source in (
        (bare.drop_attrs(), reject_cosmic_rays, r"tptools\.instruments\.Spectrometer\b"),
        (bare.drop_vars("saturated"), fit_peak, r"tptools\.instruments\.Spectrometer\b"),
        (bare, absorbance, r"tptools\.instruments\.Spectrophotometer\b"),
        (bare, fit_absorbance, r"tptools\.fitting\.absorbance\b"),
    ):
        with pytest.raises(ValueError, match=source):
            measure(record)


def test_any_positive_threshold_is_one():
    """Below one reading in five is a ray; at infinity none is."""
    record = frames([700, 700, 700, 703], [700, 700, 700, 9e3])
    low, none = (reject_cosmic_rays(record, threshold=one) for one in (0.5, math.inf))
    assert low.n_kept.values.tolist() == [3, 3]
    assert none.n_kept.values.tolist() == [4, 4]


@pytest.mark.parametrize("left", [0.3, 1.0, 4.0])
def test_gains_of_excitons_are_in_what_a_good_one_leaves(monkeypatch, left):
    """Chi-square of 40 over a baseline and of 9 over one outside; more where nothing fits."""
    scan, flat = spectrum_of(504, step_nm=3.0), spectrum_of(504, step_nm=3.0)
    noise = np.random.default_rng(1).standard_normal(scan.sizes["wavelength_nm"])
    flat["absorbance"] = scan.absorbance.copy(data=0.1 + noise * scan.std_err.values)
    found = np.array([float(plain_edge()[name]) for name in [*plain_edge()][:6]])
    good, growth = left * (scan.sizes["wavelength_nm"] - 6), max(1.0, left)
    for one, gain, apart, reason in (
        (flat, 39.9, 9.1, "no exciton stands out of a baseline"),
        (flat, 40.1, 8.9, "an exciton beyond an end of the record fits as well"),
        (scan, 40.1, 9.1, ""),
        (scan, 40.1, 8.9, "an exciton beyond an end of the record fits as well"),
    ):
        trials = good + growth * gain, good, good + growth * apart
        best = tuple(Trial(trial, found) for trial in trials)
        monkeypatch.setattr(
            module, "Edge", lambda *_, best=best: SimpleNamespace(best=lambda _: best)
        )
        fit = fit_absorbance(one)
        assert fit["exciton_nm"].note.endswith(reason)
        assert math.isnan(fit["exciton_nm"].value) == bool(reason)
        assert math.isnan(fit["baseline"].value) == ("beyond" in reason)


def test_a_spectrum_without_a_bandwidth_has_none():
    """As where it is zero; the energy that binds an exciton is that of the films."""
    scan = spectrum_of(504, step_nm=3.0)
    none, zero = scan.drop_attrs(deep=False), scan.assign_attrs(bandwidth_nm=0.0)
    found = [fit_absorbance(none), fit_absorbance(zero), fit_absorbance(zero, binding_eV=0.044)]
    assert {one["exciton_fwhm_eV"].value for one in found} == {found[0]["exciton_fwhm_eV"].value}
    assert fit_absorbance(scan)["exciton_fwhm_eV"].value < found[0]["exciton_fwhm_eV"].value
