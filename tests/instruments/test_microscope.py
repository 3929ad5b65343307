"""Tests of tptools.instruments.microscope against numbers known without it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.special import j1

from tptools.excitation import Excitation
from tptools.instruments import (
    Microscope,
    diffraction_limit_nm,
    expected,
    magnification,
    measure,
    simulation_noise_ratio,
)
from tptools.kmc import ExcitonModel, PulseTrain, Recording, simulate
from tptools.kmc.records import sites_per_radius

LASER = Excitation(power_nW=10, rep_rate_MHz=2.5)
SIGMA_NM = 500 / math.sqrt(8 * math.log(2))
DARKLESS = Microscope(dark_rate_Hz=0, background_rate_Hz=0, dead_time_ns=0)
N_RADII = 130
PERIOD_NS = 400.0


def make_run(emission, edges_ns, n_pulses=1000):
    """Label photons over (train, delay, radius) as a run at LASER's condition."""
    emission = np.asarray(emission)
    edges = np.asarray(edges_ns, float)
    return xr.Dataset(
        {"expected_emission": (("train", "delay_ns", "r_nm"), emission)},
        {"delay_ns": edges[:-1], "delay_end_ns": ("delay_ns", edges[1:])},
        {
            "excitation_density": LASER.excitation_density,
            "period_us": LASER.period_us,
            "spot_sigma_sites": SIGMA_NM / 10,
            "lattice_spacing_nm": 10.0,
            "n_pulses": n_pulses,
            "n_trains": emission.shape[0],
            "seed": 0,
        },
    )


def at_centre(counts, edges_ns):
    """Photons from the central site alone, one train."""
    return make_run(np.asarray(counts)[None, :, None], edges_ns)


def gaussian_run(decay=(1.0,), edges_ns=(0, 0.05)):
    """Excitons as bright as LASER makes them, on a Gaussian spot, without sampling noise."""
    r_sites = np.arange(N_RADII)
    excited = LASER.excitation_density * np.exp(-((10 * r_sites / SIGMA_NM) ** 2) / 2)
    per_pulse = excited * sites_per_radius(N_RADII)
    return make_run(1000 * np.multiply.outer(decay, per_pulse)[None], edges_ns)


def variance(profile, axis):
    """Second central moment of counts along an axis."""
    x = profile[axis]
    mean = float((x * profile).sum() / profile.sum())
    return float(((x - mean) ** 2 * profile).sum() / profile.sum())


def test_a_mosaic_of_apds_sees_every_photon():
    """Side by side, APDs at any offset catch each photon once."""
    offsets = np.arange(-20, 21) * DARKLESS.footprint_nm
    for shift in (0, 17, 50):
        assert DARKLESS.acceptance(offsets + shift).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("power_of_magnification", [1, 2])
def test_footprint_and_share_of_a_point_source(power_of_magnification):
    """An APD over a point source gets the square of the error function of its half edge."""
    microscope = replace(DARKLESS, magnification=495 * power_of_magnification, scan_span_nm=0)
    half_nm = 25e3 / 495 / power_of_magnification
    share = math.erf(half_nm / microscope.psf_sigma_nm / math.sqrt(2)) ** 2
    run = at_centre([1000], [2, 2.05])
    seen = expected(run, LASER, microscope).sum()
    whole = expected(run, LASER, microscope, integrated=True).sum()
    assert microscope.footprint_nm == pytest.approx(2 * half_nm)
    assert float(seen / whole) == pytest.approx(share, rel=1e-9)


def test_scan_of_a_ring_against_drawn_photons():
    """Photons drawn from sites at radius 20, blurred one by one, hit the APD as often as told."""
    rng = np.random.default_rng(3)
    axis = np.arange(-25, 26)
    x, y = np.meshgrid(axis, axis)
    on_ring = np.floor(np.hypot(x, y) + 0.5) == 20
    sites = 10 * np.column_stack([x[on_ring], y[on_ring]])
    photons = sites[rng.integers(len(sites), size=1_000_000)]
    photons = photons + rng.normal(scale=DARKLESS.psf_sigma_nm, size=photons.shape)
    microscope = replace(DARKLESS, scan_span_nm=400, scan_step_nm=200)
    emission = np.zeros((1, 1, 30))
    emission[..., 20] = 1000
    run = make_run(emission, [2, 2.05])
    share = expected(run, LASER, microscope).sum("time_ns") / expected(
        run, LASER, microscope, integrated=True
    ).sum("time_ns")
    for one in share:
        inside = np.abs(photons - [float(one.position_nm), 0]) < microscope.footprint_nm / 2
        hits = inside.all(axis=1).sum()
        assert abs(hits / 1e6 - float(one)) < 4 * math.sqrt(float(one) / 1e6)


def test_variances_of_spot_psf_and_apd_add_up():
    """A Gaussian spot comes out with spot² + psf² + edge²/12 along the scan."""
    wide = replace(DARKLESS, scan_span_nm=4000)
    profile = expected(gaussian_run(), LASER, wide).sum("time_ns")
    wanted = SIGMA_NM**2 + wide.psf_sigma_nm**2 + wide.footprint_nm**2 / 12
    assert variance(profile, "position_nm") == pytest.approx(wanted, rel=2e-3)
    # the difference is the lattice: radii are rounded to whole spacings
    fwhm = math.sqrt(8 * math.log(2) * wanted)
    assert DARKLESS.image_fwhm_nm(500) == pytest.approx(fwhm)


def test_diffraction_limit_is_the_width_of_an_airy_pattern():
    """At half of it from the centre the pattern (2 J1(v) / v)^2 has fallen to one half."""
    half_nm = diffraction_limit_nm(405, 0.85) / 2
    v = 2 * math.pi * 0.85 * half_nm / 405
    assert (2 * j1(v) / v) ** 2 == pytest.approx(0.5, abs=2e-4)
    with pytest.raises(ValueError, match="objective_NA"):
        diffraction_limit_nm(405, 1.2)


def test_magnification_is_that_of_the_focal_lengths():
    """An objective magnifies as engraved with its own tube lens, and a telescope by f2/f1."""
    assert magnification(tube_lens_mm=164.5, telescope_mm=(30, 30)) == pytest.approx(100)
    objective_mm = 164.5 / 100
    assert magnification() == pytest.approx(200 / objective_mm * 125 / 30)
    with pytest.raises(ValueError, match="tube_lens_mm"):
        magnification(tube_lens_mm=0)


def test_instrument_response_has_its_width_and_no_delay():
    """A flash at 5 ns is recorded there on average, with the width of the three parts."""
    record = expected(at_centre([100], [4.9995, 5.0005]), LASER, DARKLESS, integrated=True)
    mean = float((record.time_ns * record).sum() / record.sum())
    sigma = DARKLESS.response_fwhm_ps / 1e3 / math.sqrt(8 * math.log(2))
    assert mean == pytest.approx(5, abs=1e-3)
    assert variance(record, "time_ns") == pytest.approx(sigma**2 + 0.032**2 / 12, rel=1e-3)


def test_whole_periods_hold_all_photons():
    """Folded into one period, light is conserved, however late it comes."""
    edges = [0, 0.05, 20, 390, 700, 3000, 1e5, np.inf]
    photons = [500, 300, 100, 60, 50, 30, 10]
    microscope = replace(DARKLESS, window_end_ns=PERIOD_NS - 1.024)
    record = expected(at_centre(photons, edges), LASER, microscope, integrated=True)
    per_pulse = sum(photons) / 1000
    detected = per_pulse * 0.68 * microscope.detection_efficiency
    assert float(record.sum()) == pytest.approx(detected * 2.5e6 * microscope.dwell_s, rel=1e-9)


def test_delayed_light_is_filed_modulo_the_period():
    """A photon 2 periods and 7 ns late is recorded at 7 ns; one of unknown phase anywhere."""
    late = expected(at_centre([10], [806.99, 807.01]), LASER, DARKLESS, integrated=True)
    assert float((late.time_ns * late).sum() / late.sum()) == pytest.approx(7, abs=1e-3)
    early = expected(at_centre([10], [399.49, 399.51]), LASER, DARKLESS, integrated=True)
    assert float((early.time_ns * early).sum() / early.sum()) == pytest.approx(-0.5, abs=1e-3)
    anywhen = expected(at_centre([10], [1e5, np.inf]), LASER, DARKLESS, integrated=True)
    assert float(anywhen.max()) == pytest.approx(float(anywhen.min()))


def test_counts_follow_from_the_power():
    """Excitons times quantum yield, efficiency, pulses and the share of the APD."""
    run = gaussian_run([0.4, 0.3, 0.3], [0, 1, 3, 10])
    whole = expected(run, LASER, DARKLESS, integrated=True).sum()
    excitons = 2 * math.pi * (SIGMA_NM / 10) ** 2 * LASER.excitation_density
    pulses = 2.5e6 * DARKLESS.dwell_s
    wanted = excitons * 0.68 * DARKLESS.detection_efficiency * pulses
    assert float(whole) == pytest.approx(wanted, rel=2e-3)


def test_filter_dims_light_but_not_dark_counts():
    """A filter scales signal and stray light alike; dark counts stay."""
    run = gaussian_run()
    dim = replace(DARKLESS, filter_transmission=0.1)
    xr.testing.assert_allclose(expected(run, LASER, dim), expected(run, LASER, DARKLESS) / 10)
    dark = replace(dim, dark_rate_Hz=200, background_rate_Hz=300)
    added = expected(run, LASER, dark) - expected(run, LASER, dim)
    rate_Hz = 200 + 0.1 * 300
    np.testing.assert_allclose(added, rate_Hz * dark.dwell_s * 0.032 / PERIOD_NS)


def test_dead_time_lowers_each_position_by_its_own_rate():
    """Recorded = true / (1 + rate × dead time), with the rate at that position."""
    run = gaussian_run()
    open_rate = expected(run, LASER, DARKLESS).sum("time_ns") / DARKLESS.dwell_s
    slow = expected(run, LASER, replace(DARKLESS, dead_time_ns=500)).sum("time_ns")
    wanted = open_rate * DARKLESS.dwell_s / (1 + open_rate * 500e-9)
    xr.testing.assert_allclose(slow, wanted)


def test_first_photon_only_files_at_most_one_per_pulse():
    """With pile-up, the fraction of pulses that file a photon is 1 - exp(-mean), and early wins."""
    run = gaussian_run([0.5, 0.5], [0, 0.5, 10])
    bright = replace(DARKLESS, detection_efficiency=0.01)
    every = expected(run, LASER, bright, integrated=True)
    first = expected(run, LASER, replace(bright, first_photon_only=True), integrated=True)
    pulses = 2.5e6 * bright.dwell_s
    assert float(first.sum()) == pytest.approx(pulses * -math.expm1(-every.sum() / pulses))
    ratio = (first / every).sel(time_ns=[0.2, 5], method="nearest").values
    assert ratio[0] > ratio[1]


def test_counts_are_poisson_draws_that_the_seed_fixes():
    """Over seeds, mean and variance are the expectation; one seed gives one record."""
    run = gaussian_run()
    short = replace(Microscope(), scan_span_nm=200, window_end_ns=0.5, filter_transmission=0.1)
    mean = expected(run, LASER, short)
    draws = np.stack([measure(run, LASER, short, seed=seed).counts for seed in range(300)])
    assert draws.dtype == np.int32
    z = (draws.mean(axis=0) - mean) / np.sqrt(mean / 300)
    assert np.abs(z).max() < 5
    pull = ((draws - mean.values) ** 2 / mean.values).mean()
    assert pull == pytest.approx(1, abs=5 * math.sqrt(2 / draws.size))
    xr.testing.assert_identical(
        measure(run, LASER, short, seed=7), measure(run, LASER, short, seed=7)
    )


def test_noise_of_the_simulation_against_photon_noise():
    """Poisson light from 40 trains: the ratio is the root of counts over simulated photons."""
    rng = np.random.default_rng(5)
    run = make_run(rng.poisson(500, size=(40, 19, 1)), np.arange(20))
    microscope = replace(DARKLESS, tcspc_bin_ps=1000, window_start_ns=0, window_end_ns=19)
    counts = expected(run, LASER, microscope, integrated=True).sum()
    wanted = math.sqrt(counts / run.expected_emission.sum())
    ratio = simulation_noise_ratio(run, LASER, microscope, integrated=True)
    # the response moves a few photons across each edge
    assert ratio == pytest.approx(wanted, rel=0.12)
    assert math.isnan(simulation_noise_ratio(at_centre([9], [0, 1]), LASER))


@pytest.mark.parametrize("n_trains", [1, 3])
def test_record_of_a_real_run_survives_netcdf(tmp_path, n_trains):
    """Counts and every attribute come back from a file; run, laser and parts are among them."""
    model = ExcitonModel(lifetime_ns=3.2, trap_rate_per_ps=2e-4, lattice_size=401)
    pulses = PulseTrain(LASER.excitation_density, 0.4, SIGMA_NM / 10, 30, burn_in_pulses=0)
    run = simulate(model, pulses, seed=4, n_trains=n_trains, recording=Recording(until_ns=5))
    record = measure(run, LASER, seed=11)
    record.to_netcdf(tmp_path / "record.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "record.nc"), record)
    told = {"origin": "simulated", "seed": 11, "simulation_seed": 4, "power_nW": 10}
    told |= {"objective_NA": 0.85, "trap_rate_per_ps": 2e-4, "n_trains": n_trains}
    assert told.items() <= record.attrs.items()
    assert record.attrs["simulation_noise_ratio"] > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"power_nW": 20}, "excitation_density = 0.05696.* must have the 0.113"),
        ({"rep_rate_MHz": 5}, "excitation_density"),
        ({"power_nW": 20, "rep_rate_MHz": 5}, "period_us = 0.4 and must have the 0.2"),
        ({"power_nW": 2.5, "spot_fwhm_nm": 250}, "spot_sigma_sites = 21.2.* the 10.6"),
    ],
)
def test_run_of_another_condition_is_refused(change, message):
    """Amplitude, period and spot of the run must be those of the excitation."""
    with pytest.raises(ValueError, match=message):
        expected(gaussian_run(), replace(LASER, **change))


def test_several_conditions_are_refused():
    """A sweep has to be cut to one condition first."""
    runs = xr.concat([gaussian_run(), gaussian_run()], "excitation_density")
    with pytest.raises(ValueError, match=r"conditions over \['excitation_density'\]"):
        expected(runs, LASER)


def test_window_longer_than_the_period_is_refused():
    """Two pulses would share the window."""
    with pytest.raises(ValueError, match="at most 400"):
        expected(gaussian_run(), LASER, Microscope(window_end_ns=500))


@pytest.mark.parametrize(
    "change",
    [
        {"objective_NA": 1.2},
        {"filter_transmission": 0},
        {"magnification": math.nan},
        {"scan_step_nm": 0},
        {"dead_time_ns": -1},
        {"window_end_ns": -2},
        {"tcspc_bin_ps": math.inf},
    ],
)
def test_impossible_settings_are_refused(change):
    """The error names the parameter and its value."""
    with pytest.raises(ValueError, match=f"^{next(iter(change))} = "):
        Microscope(**change)


def test_seed_must_be_an_integer():
    """A seed of noise is given, not guessed."""
    with pytest.raises(ValueError, match=r"seed = 1\.5"):
        measure(gaussian_run(), LASER, seed=1.5)


@pytest.mark.parametrize("bin_ps", [4, 32])
def test_response_is_a_gaussian_of_the_stated_width(bin_ps):
    """It sums to one, is centred on zero, and as wide as the parts and the bin make it."""
    microscope = Microscope(tcspc_bin_ps=bin_ps)
    response = microscope.response()
    assert float(response.sum()) == pytest.approx(1)
    assert float((response * response.time_ns).sum()) == pytest.approx(0, abs=1e-12)
    variance = float((response * response.time_ns**2).sum())
    sigma_ns = 1e-3 * microscope.response_fwhm_ps / math.sqrt(8 * math.log(2))
    assert variance == pytest.approx(sigma_ns**2 + (1e-3 * bin_ps) ** 2 / 12, rel=0.01)
