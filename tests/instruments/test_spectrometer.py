"""Tests of tptools.instruments.spectrometer against numbers known without it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from streams import text_of

from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.instruments import Spectrometer

FILM = FILMS["OLA/OA"].optics
LASER = Excitation(power_nW=10, rep_rate_MHz=2.5)
STEADY = Spectrometer(laser_drift=0, cosmic_rays_cm2_min=0)
DARK = replace(STEADY, detection_efficiency=1e-15)


def electrons(spectrometer=STEADY, sample=FILM, laser=LASER):
    counts = spectrometer.expected(sample, laser).counts.to_numpy()
    return spectrometer.electrons_per_count * (counts - spectrometer.bias_counts)


def test_dispersion_is_that_of_the_grating_equation():
    """Near the normal a shift of one pixel is d λ = pixel / (grooves × focal length)."""
    step = 20e-3 / 150 / 300e-6  # mm / mm / (grooves per nm)
    assert STEADY.pixel_nm == pytest.approx(step)
    assert STEADY.slit_nm == pytest.approx(step * 105 / 20)
    assert np.diff(STEADY.wavelength_nm) == pytest.approx(step)


def test_light_is_what_the_excitons_of_the_spot_emit():
    """Electrons per frame: <N>, nanocrystals of a Gaussian spot, pulses, yield, efficiency."""
    sigma_sites = 500 / math.sqrt(8 * math.log(2)) / 10
    excitons = LASER.excitation_density * 2 * math.pi * sigma_sites**2
    wanted = excitons * 2.5e6 * 4.0 * 0.68 * 1.8e-3
    dark = electrons(DARK).sum()
    assert electrons().sum() - dark == pytest.approx(wanted, rel=1e-6)


def test_spectrum_is_widened_by_slit_and_pixel():
    """The variance of a narrow line is that of the two boxes."""
    narrow = replace(FILM, emission_fwhm_meV=20.0)
    shape = electrons(sample=narrow) - electrons(DARK)
    nm = STEADY.wavelength_nm
    mean = (shape * nm).sum() / shape.sum()
    sigma_nm = 20e-3 / math.sqrt(8 * math.log(2)) * mean**2 / 1239.84
    boxes = (STEADY.slit_nm**2 + STEADY.pixel_nm**2) / 12
    found = (shape * (nm - mean) ** 2).sum() / shape.sum()
    assert found == pytest.approx(sigma_nm**2 + boxes, rel=1e-3)


@pytest.mark.parametrize("change", [{"power_nW": 20.0}, {"power_nW": 20.0, "rep_rate_MHz": 5.0}])
def test_light_is_proportional_to_power(change):
    """Twice the power is twice the light, as more per pulse or as more pulses."""
    brighter = electrons(laser=replace(LASER, **change)) - electrons(DARK)
    np.testing.assert_allclose(brighter, 2 * (electrons() - electrons(DARK)), atol=1e-9)


def test_dark_current_is_that_of_all_rows():
    """Electrons of every pixel that is added up, for as long as the exposure takes."""
    cold = replace(DARK, dark_electrons_s=0)
    np.testing.assert_allclose(electrons(DARK) - electrons(cold), 0.002 * 100 * 4, rtol=1e-6)


def test_losses_enter_as_relative_yield():
    """A sample with annihilation is dimmer by its own yield at this density."""
    lossy = replace(FILM, annihilation_partners=50.0)
    peak = electrons().argmax()
    dimmed, whole, dark = (
        one[peak] for one in (electrons(sample=lossy), electrons(), electrons(DARK))
    )
    assert (dimmed - dark) / (whole - dark) == pytest.approx(
        lossy.relative_yield(LASER.excitation_density)
    )


def test_counts_have_the_noise_of_photons_and_reading():
    """Over seeds, mean and variance are those of Poisson light, read noise and rounding."""
    counts = np.concatenate([STEADY.measure(FILM, LASER, seed=s).counts for s in range(200)])
    assert counts.dtype == np.int32
    mean = electrons() / 4 + 600
    variance = electrons() / 16 + 1 + 1 / 12
    z = (counts.mean(axis=0) - mean) / np.sqrt(variance / len(counts))
    assert np.abs(z).max() < 5
    ratio = (counts.var(axis=0) / variance).mean()
    assert ratio == pytest.approx(1, abs=5 * math.sqrt(2 / counts.size))


def test_cosmic_rays_come_at_their_rate():
    """Hits per area and time, each leaving its mean charge in one column."""
    struck = replace(DARK, cosmic_rays_cm2_min=90.0)
    counts = np.stack([struck.measure(FILM, LASER, seed=s).counts for s in range(30)]) - 600
    hits = counts > 10
    area_cm2 = struck.wavelength_nm.size * 100 * (20e-4) ** 2
    wanted = 90 * area_cm2 * 4.0 / 60 * 5 * 30
    # the others leave less than the 40 electrons of 10 counts
    expected = wanted * math.exp(-40 / 2000)
    assert abs(hits.sum() - expected) < 5 * math.sqrt(expected)
    assert counts[hits].mean() * 4 == pytest.approx(2040, rel=5 / math.sqrt(expected))


def test_power_drifts_from_record_to_record_only():
    """Frames of a record share their power; records scatter by the stated drift."""
    drifting = replace(STEADY, laser_drift=0.05)
    light = np.stack([drifting.measure(FILM, LASER, seed=s).counts for s in range(300)]) - 600.0
    by_frame = light.sum(axis=-1)
    assert np.log(by_frame.mean(axis=1)).std() == pytest.approx(0.05, rel=0.2)
    within = (by_frame.std(axis=1) / by_frame.mean(axis=1)).max()
    assert within < 0.005


@pytest.mark.parametrize("change", [{}, {"full_well_electrons": 4e5, "bias_counts": 100.0}])
def test_saturated_readings_are_clipped_and_flagged(change):
    """What exceeds the converter or the well is flagged, and nothing else is."""
    bright = replace(STEADY, exposure_s=40.0, **change)
    record = bright.measure(FILM, LASER, seed=1)
    ceiling = min(bright.largest_count, bright.full_well_electrons / 4 + bright.bias_counts)
    over = electrons(bright) / 4 + bright.bias_counts > ceiling
    assert 0 < over.sum() < over.size
    agree = (record.saturated == over).mean()
    assert float(agree) > 0.98  # the edge is noisy
    assert int(record.counts.max()) <= bright.largest_count
    assert not STEADY.measure(FILM, LASER, seed=1).saturated.any()


def test_streams_stay_what_they_were():
    """All of a record with hits, full wells and readings at both ends, bit by bit."""
    harsh = Spectrometer(
        window_start_nm=505, window_end_nm=525, n_frames=20, cosmic_rays_cm2_min=200,
        full_well_electrons=3000, converter_bits=10, bias_counts=50, electrons_per_count=2,
        read_noise_electrons=400, dark_electrons_s=0.2, laser_drift=0.1, detection_efficiency=1e-5,
    )  # fmt: skip
    record = harsh.measure(FILM, LASER, seed=6)
    assert (int(record.counts.min()), int(record.counts.max())) == (0, 1023)
    assert 0 < record.saturated.mean() < 0.9
    assert text_of(harsh.expected(FILM, LASER), record) == "083d28b70ec4af5f"


def test_a_record_says_what_it_holds():
    """Names, units, and the widths that follow from grating and fibre."""
    record = STEADY.measure(FILM, LASER, seed=1)
    assert (record.wavelength_nm.units, record.counts.units) == ("nm", "1")
    assert (record.wavelength_nm.long_name, record.counts.long_name) == ("wavelength", "counts")
    assert record.saturated.long_name == "saturated"
    assert record.counts.dims == record.saturated.dims == ("frame", "wavelength_nm")
    widths = {"slit_nm": STEADY.slit_nm, "pixel_nm": STEADY.pixel_nm}
    assert widths.items() <= record.attrs.items()


def test_record_survives_netcdf_and_the_seed_fixes_it(tmp_path):
    """Counts and attributes come back from a file; sample, laser and camera are among them."""
    record = Spectrometer().measure(FILM, LASER, seed=3)
    record.to_netcdf(tmp_path / "record.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "record.nc"), record)
    xr.testing.assert_identical(record, Spectrometer().measure(FILM, LASER, seed=3))
    wanted = {"origin": "simulated", "seed": 3, "power_nW": 10, "quantum_yield": 0.68}
    assert wanted.items() <= record.attrs.items()
    assert record.attrs["grooves_per_mm"] == 300


def test_seed_must_be_an_integer():
    """A seed of noise is given, not guessed."""
    with pytest.raises(ValueError, match=r"seed = 1\.5"):
        STEADY.measure(FILM, LASER, seed=1.5)
