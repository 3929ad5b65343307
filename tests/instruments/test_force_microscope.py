"""Tests of tptools.instruments.force_microscope against scipy and known surfaces."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import grey_dilation
from streams import text_of

from tptools.instruments import ForceMicroscope, Topography
from tptools.instruments.force_microscope import EDGE_WAVINESS, _grains, _rough

SMALL = ForceMicroscope(n_pixels=256, scan_nm=5000)
STILL = {"tilt_nm": 0, "bow_nm": 0, "line_noise_nm": 0, "pixel_noise_nm": 0}


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 99), radius=st.floats(0, 60), angle=st.floats(5, 60),
    depth=st.floats(1, 60), shape=st.sampled_from([(21, 17), (21, 3), (3, 21)]),
)  # fmt: skip
def test_trace_is_the_grey_dilation_of_scipy(seed, radius, angle, depth, shape):
    """Against scipy's dilation with the whole tip as structuring element."""
    surface = depth * np.random.default_rng(seed).random(shape)
    tip = ForceMicroscope(n_pixels=20, scan_nm=100, tip_radius_nm=radius, tip_half_angle_deg=angle)
    reach = np.arange(-21, 22)
    flank = -tip.tip_height_nm(tip.pixel_nm * np.hypot(reach[:, None], reach))
    wanted = grey_dilation(surface, structure=flank, mode="constant", cval=-1e9)
    np.testing.assert_allclose(tip.trace(surface), wanted, atol=1e-12)


def test_tip_rides_over_a_narrow_trench():
    """A trench of width w under a paraboloid of radius R looks w² / 8R deep at most."""
    surface = np.zeros((1, 401))
    surface[0, 180:221] = -100.0  # the flanks are the pixels 179 and 221
    tip = ForceMicroscope(n_pixels=401, scan_nm=401, tip_radius_nm=100, tip_half_angle_deg=1)
    assert tip.trace(surface).min() == pytest.approx(-(21**2) / 200)


def test_tip_is_a_paraboloid_that_goes_on_as_a_cone():
    """Height and slope are continuous where one becomes the other."""
    tip = ForceMicroscope(tip_radius_nm=8, tip_half_angle_deg=20)
    joint = 8 / math.tan(math.radians(20))
    below, at, above = tip.tip_height_nm(joint + np.array([-1e-6, 0, 1e-6]))
    assert at == pytest.approx(joint**2 / 16)
    assert at - below == pytest.approx(above - at, rel=1e-4)
    assert (above - at) / 1e-6 == pytest.approx(1 / math.tan(math.radians(20)), rel=1e-4)


@pytest.mark.parametrize("correlation", [6.0, 20.0])
def test_roughness_has_its_size_and_correlation(correlation):
    """Unit variance, and correlation exp(-1) at the correlation length, along either side."""
    fields = np.stack([_rough((512, 480), correlation, np.random.default_rng(s)) for s in range(4)])
    patches = fields[0].size * 4 / (math.pi * correlation**2)
    assert (fields**2).mean() == pytest.approx(1, abs=5 * math.sqrt(2 / patches))
    for axis in (-2, -1):
        found = (fields * np.roll(fields, round(correlation), axis=axis)).mean()
        assert found == pytest.approx(math.exp(-1), abs=5 * math.sqrt(2 / patches))


@pytest.mark.parametrize(("distance", "count"), [(4.0, 100), (1e3, 1)])
def test_grains_are_domes_of_unit_variance(distance, count):
    """About as many as fit at that distance, of which some share a pixel; one at least."""
    relief = _grains((40, 40), distance, np.random.default_rng(1))
    tops = np.isclose(relief, relief.max())
    assert relief.mean() == pytest.approx(0, abs=1e-12)
    assert relief.std() == pytest.approx(1)
    assert 0.9 * count <= tops.sum() <= count


def test_surface_has_the_thickness_asked_for():
    """Away from the rim, film less substrate is the thickness, within the roughness's error."""
    film = Topography(rim_height_nm=0)
    differences = []
    for seed in range(6):
        scan = SMALL.measure(replace(film, specimen=seed), seed=seed)
        surface, covered = scan.true_surface_nm.values, scan.true_film.values
        differences.append(surface[covered].mean() - surface[~covered].mean())
    error = np.std(differences, ddof=1) / math.sqrt(6)
    assert np.mean(differences) == pytest.approx(35, abs=4 * error)
    assert error < 0.2


def test_scratch_lies_where_it_should():
    """Film ends at the scratch and begins again behind it, within the waves of its edge."""
    film = Topography(scratch_from_nm=2000, scratch_to_nm=3000)
    covered = SMALL.measure(film, seed=1).true_film
    assert bool(covered.sel(x_nm=slice(0, 1800)).all())
    assert not covered.sel(x_nm=slice(2200, 2800)).any()
    assert bool(covered.sel(x_nm=slice(3200, None)).all())


@pytest.mark.parametrize("correlation_nm", [60.0, 240.0])
def test_edge_of_the_scratch_waves_by_a_share_of_the_correlation_length(correlation_nm):
    """About where it should lie, by as much, within what so few waves tell."""
    axis_nm = np.arange(0, 10_000, 20.0)
    edges = []
    for specimen in range(4):
        film = Topography(correlation_nm=correlation_nm, specimen=specimen)
        _, covered = film.surface(axis_nm)
        before = covered[:, axis_nm < 5500]
        edges.append(20.0 * before.sum(1) - film.scratch_from_nm)
    spread, n_waves = np.std(edges), 4 * 10_000 / correlation_nm
    # a waviness of a few nm is rounded to pixels
    wanted = math.hypot(EDGE_WAVINESS * correlation_nm, 20 / math.sqrt(12))
    assert spread == pytest.approx(wanted, rel=5 / math.sqrt(2 * n_waves))


def test_rim_falls_off_over_its_width():
    """On a smooth film it is an exponential of the distance from the edge."""
    smooth = {"roughness_nm": 0, "grain_relief_nm": 0, "substrate_roughness_nm": 0}
    film = Topography(rim_width_nm=50, rim_height_nm=10, **smooth)
    axis_nm = np.arange(0, 3000, 10.0)
    surface_nm, _ = film.surface(axis_nm)
    rim_nm = surface_nm[:, axis_nm <= 2500] - film.thickness_nm
    seen = rim_nm > 1e-6
    slope = np.diff(np.log(np.where(seen, rim_nm, np.nan)), axis=1) / 10
    np.testing.assert_allclose(slope[np.isfinite(slope)], 1 / 50, rtol=1e-6)
    assert rim_nm.max() <= 10


def test_scanner_adds_tilt_bow_and_offsets_of_lines():
    """What is recorded less the traced surface is a plane, a parabola and an offset per line."""
    quiet = {"line_noise_nm": 0.5, "pixel_noise_nm": 0, "tilt_nm": 30, "bow_nm": 5}
    microscope = ForceMicroscope(n_pixels=256, **quiet)
    scan = microscope.measure(Topography(), seed=1)
    added = scan.height_nm - microscope.trace(scan.true_surface_nm.values)
    added -= added.mean("x_nm")
    across = scan.x_nm / 5000 - 0.5
    wanted = 30 * across + 20 * across**2
    count_nm = 1000 / 2**16
    assert float(abs(added - (wanted - wanted.mean())).max()) < count_nm


def test_heights_are_whole_counts_and_follow_the_trace():
    """Without scanner and noise, height is the trace, shifted, to half a count."""
    microscope = ForceMicroscope(n_pixels=128, **STILL)
    scan = microscope.measure(Topography(), seed=2)
    off = scan.height_nm.values - microscope.trace(scan.true_surface_nm.values)
    count_nm = 1000 / 2**16
    assert np.ptp(off) <= count_nm * (1 + 1e-9)
    np.testing.assert_allclose(scan.height_nm, scan.counts * count_nm)


def test_full_range_is_counted():
    """Where the converter ends, the record says how many pixels it cut."""
    scan = ForceMicroscope(n_pixels=128, z_range_nm=30).measure(Topography(), seed=1)
    assert scan.attrs["saturated_pixels"] > 0
    assert int(scan.counts.max()) == 2**15 - 1
    assert SMALL.measure(Topography(), seed=1).attrs["saturated_pixels"] == 0


def test_streams_stay_what_they_were():
    """All of a scan across the whole scratch, cut at both ends of the range, bit by bit."""
    film = Topography(
        scratch_from_nm=600, scratch_to_nm=1600, roughness_nm=6, grain_relief_nm=4,
        substrate_roughness_nm=3, specimen=2,
    )  # fmt: skip
    coarse = ForceMicroscope(
        n_pixels=48, scan_nm=2400, tip_radius_nm=200, tip_half_angle_deg=50, z_range_nm=40,
        n_bits=7, line_noise_nm=3, pixel_noise_nm=2,
    )  # fmt: skip
    scan = coarse.measure(film, seed=3)
    assert (int(scan.counts.min()), int(scan.counts.max())) == (-64, 63)
    assert scan.attrs["saturated_pixels"] == int(scan.counts.isin([-64, 63]).sum())
    assert text_of(coarse.expected(film), scan) == "e1329abec7968c74"


def test_a_scan_says_what_it_holds():
    """Units of counts, heights and truth, and of both axes, which are the centres of pixels."""
    scan = ForceMicroscope(n_pixels=4, scan_nm=100).measure(Topography(), seed=1)
    assert {name: one.attrs["units"] for name, one in scan.variables.items()} == {
        **dict.fromkeys(["x_nm", "y_nm", "height_nm", "true_surface_nm"], "nm"),
        **dict.fromkeys(["counts", "true_film"], "1"),
    }
    assert all(one.long_name for one in scan.data_vars.values())
    assert scan.counts.dims == ("y_nm", "x_nm")
    assert scan.x_nm.values.tolist() == [12.5, 37.5, 62.5, 87.5]


def test_a_needle_is_a_cone():
    """A tip of no radius has the slope of its half angle from its end on."""
    needle = ForceMicroscope(tip_radius_nm=0, tip_half_angle_deg=30)
    np.testing.assert_allclose(needle.tip_height_nm([0, 2]), [0, 2 * math.sqrt(3)])


@pytest.mark.parametrize("axis_nm", [[1.0], [2.0, 1.0], [1.0, 1.0], [[1.0, 2.0]]])
def test_a_surface_needs_two_positions(axis_nm):
    """In a row and increasing; two are enough."""
    assert Topography().surface(np.array([1.0, 2.0]))[0].shape == (2, 2)
    with pytest.raises(ValueError, match=r"^axis_nm = .* must be two increasing positions"):
        Topography().surface(np.array(axis_nm))


def test_a_surface_has_rows_and_columns():
    """The error says which shape was given; the surface itself stays what it was."""
    with pytest.raises(ValueError, match=r"^surface_nm has shape \(3,\) and must"):
        SMALL.trace(np.zeros(3))
    flat = np.zeros((2, 3))
    flat[0, 0] = 1e3
    assert SMALL.trace(flat).sum() > 1e3 == flat.sum()


def test_seed_fixes_the_scan_and_netcdf_keeps_it(tmp_path):
    """One seed, one scan, which comes back from a file with every parameter."""
    scan = SMALL.measure(Topography(), seed=5)
    xr.testing.assert_identical(scan, SMALL.measure(Topography(), seed=5))
    scan.to_netcdf(tmp_path / "scan.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "scan.nc"), scan)
    assert {"origin": "simulated", "thickness_nm": 35.0, "tip_radius_nm": 8.0}.items() <= (
        scan.attrs.items()
    )


def test_full_size_takes_less_than_two_seconds():
    """1024 x 1024 pixels, processor time, in one of three trials."""

    def takes(seed):
        start = time.process_time()
        scan = ForceMicroscope().measure(Topography(specimen=seed), seed=seed)
        assert scan.counts.shape == (1024, 1024)
        return time.process_time() - start

    assert any(takes(seed) < 2 for seed in range(3))
