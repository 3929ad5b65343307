"""Tests of tptools.instruments.microscope against numbers known without it."""

import math
from dataclasses import asdict

import numpy as np
import pytest
import xarray as xr
from streams import text_of

from tptools.excitation import Excitation
from tptools.instruments import Microscope, Scan, Timer, WholeSpot, microscope
from tptools.kmc import ExcitonModel, Recording, pulse_train, simulate
from tptools.kmc.records import sites_per_radius

LASER = Excitation(power_nW=10, rep_rate_MHz=2.5)
SIGMA_NM = 500 / math.sqrt(8 * math.log(2))
DARKLESS = Microscope().with_(dark_rate_Hz=0, background_rate_Hz=0, dead_time_ns=0)
WHOLE = DARKLESS.with_(scan=WholeSpot())
N_RADII = 130
PERIOD_NS = 400.0


def make_run(emission, edges_ns, n_pulses=1000):
    """Label photons over (train, delay, radius) as a run at LASER's condition."""
    emission = np.asarray(emission)
    edges = np.asarray(edges_ns, float)
    return xr.Dataset(
        {"expected_emission": (("train", "delay_ns", "r_nm"), emission)},
        {"delay_ns": edges[:-1], "delay_end_ns": ("delay_ns", edges[1:])},
        asdict(LASER)
        | {
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


def test_a_mosaic_of_apds_catches_every_photon():
    """Side by side, APDs at any offset catch each photon once."""
    offsets = np.arange(-20, 21) * DARKLESS.footprint_nm
    for shift in (0, 17, 50):
        assert DARKLESS.acceptance(offsets + shift).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("power_of_magnification", [1, 2])
def test_footprint_and_share_of_a_point_source(power_of_magnification):
    """An APD over a point source gets the square of the error function of its half edge."""
    microscope = DARKLESS.with_(magnification=495 * power_of_magnification, scan_span_nm=0)
    half_nm = 25e3 / 495 / power_of_magnification
    share = math.erf(half_nm / microscope.objective.psf_sigma_nm / math.sqrt(2)) ** 2
    run = at_centre([1000], [2, 2.05])
    scanned = microscope.expected(run).counts.sum()
    whole = WHOLE.expected(run).counts.sum()
    assert microscope.footprint_nm == pytest.approx(2 * half_nm)
    assert float(scanned / whole) == pytest.approx(share, rel=1e-9)


def test_scan_of_a_ring_against_drawn_photons():
    """Photons drawn from sites at radius 20, blurred one by one, hit the APD as expected."""
    rng = np.random.default_rng(3)
    axis = np.arange(-25, 26)
    x, y = np.meshgrid(axis, axis)
    on_ring = np.floor(np.hypot(x, y) + 0.5) == 20
    sites = 10 * np.column_stack([x[on_ring], y[on_ring]])
    photons = sites[rng.integers(len(sites), size=1_000_000)]
    photons = photons + rng.normal(scale=DARKLESS.objective.psf_sigma_nm, size=photons.shape)
    microscope = DARKLESS.with_(scan_span_nm=400, scan_step_nm=200)
    emission = np.zeros((1, 1, 30))
    emission[..., 20] = 1000
    run = make_run(emission, [2, 2.05])
    scanned, whole = (one.expected(run).counts.sum("time_ns") for one in (microscope, WHOLE))
    share = scanned / whole
    for one in share:
        inside = np.abs(photons - [float(one.position_nm), 0]) < microscope.footprint_nm / 2
        hits = inside.all(axis=1).sum()
        assert abs(hits / 1e6 - float(one)) < 4 * math.sqrt(float(one) / 1e6)


def test_variances_of_spot_psf_and_apd_add_up():
    """A Gaussian spot comes out with spot² + psf² + edge²/12 along the scan."""
    wide = DARKLESS.with_(scan_span_nm=4000)
    profile = wide.expected(gaussian_run()).counts.sum("time_ns")
    wanted = SIGMA_NM**2 + wide.objective.psf_sigma_nm**2 + wide.footprint_nm**2 / 12
    assert variance(profile, "position_nm") == pytest.approx(wanted, rel=2e-3)
    # the difference is the lattice: radii are rounded to whole spacings
    fwhm = math.sqrt(8 * math.log(2) * wanted)
    assert DARKLESS.image_fwhm_nm(500) == pytest.approx(fwhm)


def test_instrument_response_has_its_width_and_no_delay():
    """A flash at 5 ns is recorded there on average, with the width of the three parts."""
    record = WHOLE.expected(at_centre([100], [4.9995, 5.0005])).counts
    mean = float((record.time_ns * record).sum() / record.sum())
    sigma = DARKLESS.response_fwhm_ps / 1e3 / math.sqrt(8 * math.log(2))
    assert mean == pytest.approx(5, abs=1e-3)
    assert variance(record, "time_ns") == pytest.approx(sigma**2 + 0.032**2 / 12, rel=1e-3)


def test_whole_periods_hold_all_photons():
    """Folded into one period, photons are conserved, however late it comes."""
    edges = [0, 0.05, 20, 390, 700, 3000, 1e5, np.inf]
    photons = [500, 300, 100, 60, 50, 30, 10]
    microscope = WHOLE.with_(window_end_ns=PERIOD_NS - 1.024)
    record = microscope.expected(at_centre(photons, edges)).counts
    per_pulse = sum(photons) / 1000
    detected = per_pulse * 0.68 * microscope.detector.detection_efficiency
    assert float(record.sum()) == pytest.approx(
        detected * 2.5e6 * microscope.scan.dwell_s, rel=1e-9
    )


def test_delayed_photons_are_recorded_modulo_the_period():
    """A photon 2 periods and 7 ns late is recorded at 7 ns; one of unknown phase anywhere."""
    late = WHOLE.expected(at_centre([10], [806.99, 807.01])).counts
    assert float((late.time_ns * late).sum() / late.sum()) == pytest.approx(7, abs=1e-3)
    early = WHOLE.expected(at_centre([10], [399.49, 399.51])).counts
    assert float((early.time_ns * early).sum() / early.sum()) == pytest.approx(-0.5, abs=1e-3)
    anywhen = WHOLE.expected(at_centre([10], [1e5, np.inf])).counts
    assert float(anywhen.max()) == pytest.approx(float(anywhen.min()))


def test_counts_follow_from_the_power():
    """Excitons times quantum yield, efficiency, pulses and the share of the APD."""
    run = gaussian_run([0.4, 0.3, 0.3], [0, 1, 3, 10])
    whole = WHOLE.expected(run).counts.sum()
    excitons = 2 * math.pi * (SIGMA_NM / 10) ** 2 * LASER.excitation_density
    pulses = 2.5e6 * DARKLESS.scan.dwell_s
    wanted = excitons * 0.68 * DARKLESS.detector.detection_efficiency * pulses
    assert float(whole) == pytest.approx(wanted, rel=2e-3)


def test_trains_and_pulses_are_averaged():
    """A run of three trains, or of twice as many pulses, holds more photons and gives no more."""
    photons, edges = np.array([[40.0, 20.0]]).T[None], [0, 1, 3]
    once, trains, pulses = (
        WHOLE.expected(make_run(*one)).counts.sum()
        for one in (
            (photons, edges),
            (np.repeat(photons, 3, axis=0), edges),
            (2 * photons, edges, 2000),
        )
    )
    assert float(trains) == pytest.approx(float(once))
    assert float(pulses) == pytest.approx(float(once))


def test_filter_dims_emission_but_not_dark_counts():
    """A filter scales signal and stray light alike; dark counts stay."""
    run = gaussian_run()
    dim = DARKLESS.with_(filter_transmission=0.1)
    xr.testing.assert_allclose(dim.expected(run).counts, DARKLESS.expected(run).counts / 10)
    dark = dim.with_(dark_rate_Hz=200, background_rate_Hz=300)
    added = dark.expected(run).counts - dim.expected(run).counts
    rate_Hz = 200 + 0.1 * 300
    np.testing.assert_allclose(added, rate_Hz * dark.scan.dwell_s * 0.032 / PERIOD_NS)


def test_dead_time_lowers_each_position_by_its_own_rate():
    """Recorded = true / (1 + rate × dead time), with the rate at that position."""
    run = gaussian_run()
    open_rate = DARKLESS.expected(run).counts.sum("time_ns") / DARKLESS.scan.dwell_s
    slow = DARKLESS.with_(dead_time_ns=500).expected(run).counts.sum("time_ns")
    wanted = open_rate * DARKLESS.scan.dwell_s / (1 + open_rate * 500e-9)
    xr.testing.assert_allclose(slow, wanted)


def test_dead_time_counts_all_that_arrives():
    """Dark counts and stray light that passes the filter take their share of it."""
    stray = {"dark_rate_Hz": 1e6, "background_rate_Hz": 2e6, "filter_transmission": 0.5}
    busy = WHOLE.with_(**stray, dead_time_ns=100)
    counts = busy.expected(at_centre([0], [0, 1])).counts
    wanted = 2e6 / (1 + 2e6 * 100e-9) * 18 * 0.032 / PERIOD_NS
    np.testing.assert_allclose(counts, wanted)


@pytest.mark.parametrize("microscope", [Microscope(), WHOLE])
def test_a_record_says_what_it_holds(microscope):
    """Counts over bins of time, at each position if there are any, and how much was simulated."""
    run = gaussian_run()
    mean = microscope.expected(run)
    names = ["time_ns", *microscope.scan.coordinates]
    assert mean.counts.dims == tuple(names)
    assert [one.units for one in mean.coords.values()] == ["ns", "nm"][: len(names)]
    assert (mean.counts.units, mean.counts.long_name) == ("1", "photon counts")
    assert float(mean.time_ns[0]) == pytest.approx(-1.024 + 0.016)
    assert mean.attrs["simulated_photons"] == round(float(run.expected_emission.sum()))
    assert mean.attrs["title"] == f"photon counts of the {microscope.scan.seen}"
    assert mean.attrs["simulation_seed"] == run.attrs["seed"]


def test_streams_stay_what_they_were():
    """All counts of a short scan, bit by bit."""
    run = gaussian_run([0.6, 0.4], [0, 0.5, 2])
    coarse = Microscope().with_(scan_step_nm=500, tcspc_bin_ps=200, first_photon_only=True)
    assert text_of(coarse.measure(run, seed=6)) == "24887564590cad8f"


def test_first_photon_only_records_at_most_one_per_pulse():
    """With pile-up, a pulse records a photon with chance 1 - exp(-mean), and early ones win."""
    run = gaussian_run([0.5, 0.5], [0, 0.5, 10])
    bright = WHOLE.with_(detection_efficiency=0.01)
    every = bright.expected(run).counts
    first = bright.with_(first_photon_only=True).expected(run).counts
    pulses = 2.5e6 * bright.scan.dwell_s
    assert float(first.sum()) == pytest.approx(pulses * -math.expm1(-every.sum() / pulses))
    ratio = (first / every).sel(time_ns=[0.2, 5], method="nearest").values
    assert ratio[0] > ratio[1]


def test_counts_are_poisson_draws_that_the_seed_fixes():
    """Over seeds, mean and variance are the expectation; one seed gives one record."""
    run = gaussian_run()
    short = Microscope().with_(scan_span_nm=200, window_end_ns=0.5, filter_transmission=0.1)
    mean = short.expected(run).counts
    draws = np.stack([short.measure(run, seed=seed).counts for seed in range(300)])
    assert draws.dtype == np.int32
    z = (draws.mean(axis=0) - mean) / np.sqrt(mean / 300)
    assert np.abs(z).max() < 5
    pull = ((draws - mean.values) ** 2 / mean.values).mean()
    assert pull == pytest.approx(1, abs=5 * math.sqrt(2 / draws.size))
    xr.testing.assert_identical(short.measure(run, seed=7), short.measure(run, seed=7))


def test_noise_of_the_simulation_against_photon_noise():
    """Poisson emission from 40 trains: the ratio is the root of counts over simulated photons."""
    rng = np.random.default_rng(5)
    run = make_run(rng.poisson(500, size=(40, 19, 1)), np.arange(20))
    mean = WHOLE.with_(tcspc_bin_ps=1000, window_start_ns=0, window_end_ns=19).expected(run)
    counts = mean.counts.sum()
    wanted = math.sqrt(counts / run.expected_emission.sum())
    ratio = mean.attrs["simulation_noise_ratio"]
    # the response moves a few photons across each edge
    assert ratio == pytest.approx(wanted, rel=0.12)
    assert math.isnan(WHOLE.expected(at_centre([9], [0, 1])).attrs["simulation_noise_ratio"])


def test_noise_of_two_trains_is_half_their_difference():
    """That is the error of their mean, here over the root of the counts."""
    run = make_run(np.array([[[300.0]], [[500.0]]]), [0, 1])
    microscope = WHOLE.with_(tcspc_bin_ps=5000, window_start_ns=-2, window_end_ns=8)
    per_photon = 0.68 * 1.8e-3 * 2.5e6 * 18 / 1000
    ratio = microscope.expected(run).attrs["simulation_noise_ratio"]
    assert ratio == pytest.approx(100 * per_photon / math.sqrt(400 * per_photon), rel=1e-3)


def test_windows_hold_whole_bins():
    """One at least; rounding takes none away, and what is left over is not recorded."""
    for end_ns, n_bins in ((0.3, 3), (0.35, 3), (0.1, 1)):
        timer = Timer(tcspc_bin_ps=100, window_start_ns=0, window_end_ns=end_ns)
        np.testing.assert_allclose(timer.edges_ns, 0.1 * np.arange(n_bins + 1))
    with pytest.raises(ValueError, match=r"^window_end_ns = 0\.09 must be .* at least 0\.1"):
        Timer(tcspc_bin_ps=100, window_start_ns=0, window_end_ns=0.09)


def test_first_photons_are_those_that_none_came_before():
    """In each column by itself, one photon at most, of which the later bins have what is left."""
    per_pulse = np.array([[0.5, 0.0], [0.3, 2.0], [0.2, 1.0]])
    none = np.exp(-per_pulse)
    none_before = np.array([[1, 1], none[0], none[0] * none[1]])
    np.testing.assert_allclose(Timer().first_photons(per_pulse), none_before * (1 - none))
    np.testing.assert_allclose(Timer().first_photons(0.5), [1 - math.exp(-0.5)])


@pytest.mark.parametrize(
    ("start_ns", "end_ns", "message"),
    [
        ([0.0, 1.0], [1.0], r"^start_ns and end_ns have shapes \(2,\) and \(1,\) and must be"),
        ([[0.0, 1.0]], [[1.0, 2.0]], "two columns of one length"),
        ([0.0, 1.0], [1.0, 1.0], "every end_ns must be above its start_ns"),
    ],
)
def test_delays_that_are_no_bins_are_refused(start_ns, end_ns, message):
    """Every bin has one start and one end behind it."""
    with pytest.raises(ValueError, match=message):
        Timer().folded(np.array(start_ns), np.array(end_ns), 400.0, 80.0)


@pytest.mark.parametrize("change", [{"start_ns": ["x"]}, {"end_ns": ["x"]}])
def test_delays_that_are_no_numbers_are_refused(change):
    """The error names which."""
    given = {"start_ns": [0.0], "end_ns": [1.0], "period_ns": 400.0, "fwhm_ps": 80.0}
    with pytest.raises(TypeError, match=f"^{next(iter(change))} "):
        Timer().folded(**given | change)


def test_a_response_takes_a_million_bins_on_either_side_at_most():
    """Its Gaussian is followed to 3.5 standard deviations."""
    sigma_ps = 80 / math.sqrt(8 * math.log(2))
    fine = {"window_start_ns": 0, "window_end_ns": 0.1}
    response = Timer(tcspc_bin_ps=3.5e-6 * sigma_ps * (1 + 1e-9), **fine).response(80)
    assert response.size == 2 * 10**6 + 1
    assert (response.time_ns.units, response.name) == ("ns", "response")
    with pytest.raises(ValueError, match=r"^fwhm_ps = 80 in 2\.0e\+06 bins .* may take 1e\+06 on"):
        Timer(tcspc_bin_ps=3.49e-6 * sigma_ps, **fine).response(80)


@pytest.mark.parametrize("n_trains", [1, 3])
def test_record_of_a_real_run_survives_netcdf(tmp_path, n_trains):
    """Counts and every attribute come back from a file; run, laser and parts are among them."""
    model = ExcitonModel(lifetime_ns=3.2, trap_rate_per_ps=2e-4, lattice_size=401)
    pulses = pulse_train(LASER, n_pulses=30, burn_in_pulses=0)
    run = simulate(model, pulses, seed=4, n_trains=n_trains, recording=Recording(until_ns=5))
    record = Microscope().measure(run, seed=11)
    record.to_netcdf(tmp_path / "record.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "record.nc"), record)
    wanted = {"origin": "simulated", "seed": 11, "simulation_seed": 4, "power_nW": 10}
    wanted |= {"objective_NA": 0.85, "trap_rate_per_ps": 2e-4, "n_trains": n_trains}
    assert wanted.items() <= record.attrs.items()
    assert record.attrs["simulation_noise_ratio"] > 0


def test_run_without_a_laser_is_refused():
    """A run whose pulses were not made by a laser says how to make them."""
    run = gaussian_run()
    for name in asdict(LASER):
        del run.attrs[name]
    with pytest.raises(ValueError, match=r"power_nW.*pulse_train"):
        DARKLESS.expected(run)


@pytest.mark.parametrize(
    ("run", "lacking"),
    [
        (xr.Dataset(), "expected_emission, delay_ns, delay_end_ns, lattice_spacing_nm"),
        (gaussian_run().drop_vars("delay_end_ns"), "delay_end_ns"),
        (gaussian_run().drop_attrs(), "lattice_spacing_nm, n_pulses, n_trains, seed"),
    ],
)
def test_what_is_no_run_is_refused(run, lacking):
    """The error names what is lacking, and where a run comes from."""
    with pytest.raises(ValueError, match=f"run lacks {lacking}.*tptools.kmc.simulate"):
        Microscope().measure(run, seed=1)


def test_several_conditions_are_refused():
    """A sweep has to be cut to one condition first."""
    runs = xr.concat([gaussian_run(), gaussian_run()], "excitation_density")
    with pytest.raises(ValueError, match=r"conditions over \['excitation_density'\]"):
        DARKLESS.expected(runs)


def test_a_detector_without_dark_counts_measures():
    """Rounding leaves no mean below zero, where nothing could be drawn."""
    record = DARKLESS.measure(gaussian_run(), seed=1).counts
    assert record.sel(time_ns=slice(None, -0.5)).sum() == 0
    assert DARKLESS.expected(gaussian_run()).counts.min() == 0


def test_means_are_worked_out_once(monkeypatch):
    """A measurement does not pay twice for the means that it draws around."""
    worked, mean = [], microscope._Path.mean
    monkeypatch.setattr(microscope._Path, "mean", lambda path: worked.append(path) or mean(path))
    DARKLESS.measure(gaussian_run(), seed=1)
    assert len(worked) == 1


def test_window_longer_than_the_period_is_refused():
    """Two pulses would share the window."""
    with pytest.raises(ValueError, match="at most 400"):
        DARKLESS.with_(window_end_ns=500).expected(gaussian_run())


def test_a_map_that_is_too_large_is_refused_before_light_is_collected(monkeypatch):
    """By its own size, whatever the light takes."""
    monkeypatch.setattr(Scan, "collection", lambda *_: pytest.fail("light is collected"))
    with pytest.raises(ValueError, match=r"^a map of 84096 times at 6001 positions would hold"):
        DARKLESS.with_(scan_step_nm=0.5, tcspc_bin_ps=0.25).expected(gaussian_run())


def test_settings_are_changed_by_name():
    """Each setting reaches its part, a new part takes settings too, and no other changes."""
    changed = Microscope().with_(scan=WholeSpot(), dwell_s=5.0, dead_time_ns=0)
    different = dict(changed.settings().items() - Microscope().settings().items())
    assert different == {"dwell_s": 5.0, "dead_time_ns": 0}
    assert changed.scan == WholeSpot(dwell_s=5.0)
    with pytest.raises(ValueError, match=r"dwell_ms must be settings of the microscope"):
        Microscope().with_(dwell_ms=1)


@pytest.mark.parametrize("bin_ps", [4, 32])
def test_response_is_a_gaussian_of_the_stated_width(bin_ps):
    """It sums to one, is centred on zero, and as wide as the parts and the bin make it."""
    microscope = Microscope(timer=Timer(tcspc_bin_ps=bin_ps))
    response = microscope.response()
    assert float(response.sum()) == pytest.approx(1)
    assert float((response * response.time_ns).sum()) == pytest.approx(0, abs=1e-12)
    variance = float((response * response.time_ns**2).sum())
    sigma_ns = 1e-3 * microscope.response_fwhm_ps / math.sqrt(8 * math.log(2))
    assert variance == pytest.approx(sigma_ns**2 + (1e-3 * bin_ps) ** 2 / 12, rel=0.01)
