"""Tests of tptools.instruments.electron_microscope against geometry and counting statistics."""

import math
import time

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import text_of

from tptools.instruments import ElectronMicroscope, Nanocrystals, electron_microscope
from tptools.instruments.electron_microscope import _cover, _settle, _within

SMALL = ElectronMicroscope(n_pixels=256)
PERFECT = Nanocrystals(
    edge_spread_nm=0, aspect_spread=0, position_jitter_nm=0, rotation_spread_deg=0
)
NOISELESS = ElectronMicroscope(
    n_pixels=256, electrons_per_nm2=1e9, support_contrast=0, blur_fwhm_nm=0, read_noise_counts=0,
    counts_per_electron=1e-3,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    width=st.floats(4, 12), height=st.floats(4, 12), angle=st.floats(0, 90), radius=st.floats(0, 2)
)
def test_covered_area_is_that_of_a_rounded_rectangle(width, height, angle, radius):
    """Shares of pixels add up to width times height less (4 - pi) r², to 0.07 pixel per edge."""
    pixel = 0.1
    axis = np.arange(-100, 101) * pixel
    edges = np.array([width, height])
    cover = _cover(axis, axis[:, None], edges, angle, Nanocrystals(corner_radius_nm=radius), pixel)
    wanted = width * height - (4 - math.pi) * radius**2
    # sampled at 45°, a ramp of one pixel meets points 0.7 pixels apart
    assert cover.sum() * pixel**2 == pytest.approx(wanted, abs=0.07 * pixel * 2 * edges.sum())
    assert cover.min() == 0
    assert cover.max() == 1


def test_settled_crystals_no_longer_overlap():
    """Pushed apart, few face-to-face neighbours still overlap, and by little."""
    rng = np.random.default_rng(1)
    sites = np.stack(np.meshgrid(*[np.arange(20.0)] * 2), axis=-1).reshape(-1, 2)
    edges = np.full((400, 2), 8.3) * rng.normal(1, 0.08, (400, 1))
    spots = _settle(10 * sites + rng.normal(0, 0.8, (400, 2)), edges, 10)
    gap = np.abs(spots[:, None] - spots) - (edges[:, None] + edges) / 2
    overlap = np.minimum(-gap.max(axis=-1), np.inf)[np.triu_indices(400, 1)]
    assert (overlap > 0.1).sum() < 10
    assert overlap.max() < 0.5


def test_population_is_the_one_asked_for():
    """Mean and spread of many true edges are the parameters, whatever the specimen."""
    field_nm = ElectronMicroscope().field_nm
    crystals = [Nanocrystals(specimen=k).scattered(field_nm) for k in range(4)]
    edges = np.concatenate([one.true_edge_nm for one in crystals])
    assert edges.mean() == pytest.approx(8.3, abs=4 * 0.8 / math.sqrt(edges.size))
    assert edges.std() == pytest.approx(0.8, abs=4 * 0.8 / math.sqrt(2 * edges.size))


def test_wide_population_has_its_mean():
    """Edges that differ by a third of themselves still have the mean that is asked for."""
    rng = np.random.default_rng(1)
    edges, _, _ = Nanocrystals(edge_spread_nm=2.7)._shapes(40_000, rng)
    assert edges.mean() == pytest.approx(8.3, abs=4 * 2.7 / 200)
    assert edges.std() == pytest.approx(2.7, rel=0.05)


def test_whole_crystals_are_those_that_fit():
    """Of a perfect lattice, those with all corners inside are whole, and others are cut."""
    image = SMALL.measure(PERFECT, seed=3)
    half = 8.3 / math.sqrt(2)
    angle = np.radians(image.true_angle_deg.values[:, None] + [45, 135, 225, 315])
    x = image.true_x_nm.values[:, None] + half * np.cos(angle)
    y = image.true_y_nm.values[:, None] + half * np.sin(angle)
    inside = ((x > 0) & (x < SMALL.field_nm) & (y > 0) & (y < SMALL.field_nm)).all(axis=1)
    np.testing.assert_array_equal(image.true_whole, inside)
    assert 0 < inside.sum() < inside.size


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 90.0, 135.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_long_crystal_reaches_as_far_as_its_corners(angle_deg, axis):
    """It is whole while all of them lie in the field, and in it while one of them does."""
    along, across = np.array([6, 6, -6, -6]), np.array([2, -2, 2, -2])
    turn = np.radians(angle_deg)
    corners = [along * np.cos(turn) - across * np.sin(turn)]
    corners += [along * np.sin(turn) + across * np.cos(turn)]
    reach = corners[axis].max()
    centre = np.full((2, 4), 50.0)
    centre[axis] = [-reach - 0.01, -reach + 0.01, reach - 0.01, reach + 0.01]
    crystals = np.full((3, 4), [[8.0], [0.5], [angle_deg]])
    inside, whole = _within(100.0, centre, *crystals)
    assert inside.tolist() == [False, True, True, True]
    assert whole.tolist() == [False, False, False, True]


def test_beam_weakens_exponentially_in_the_crystal():
    """Without noise, the darkest pixels get exp(-edge / attenuation) of the brightest."""
    counts = NOISELESS.measure(PERFECT, seed=1).counts
    ratio = float(counts.quantile(0.1) / counts.quantile(0.999))
    assert ratio == pytest.approx(math.exp(-8.3 / 30), rel=2e-3)


def test_noise_is_that_of_counted_electrons():
    """On bare support, the variance is gain² times electrons, plus that of the read-out."""
    bare = ElectronMicroscope(n_pixels=512, support_contrast=0)
    image = bare.measure(Nanocrystals(vacancy_fraction=0.9), seed=2)
    far = xr.ones_like(image.counts, dtype=bool)
    for x, y in zip(image.true_x_nm.values, image.true_y_nm.values, strict=True):
        far &= np.maximum(abs(image.x_nm - x), abs(image.y_nm - y)) > 10
    counts = image.counts.values[far.values]
    electrons = bare.electrons_per_nm2 * bare.pixel_nm**2
    wanted = 400 * electrons + bare.read_noise_counts**2
    assert counts.size > 10_000
    assert counts.mean() == pytest.approx(
        20 * electrons, rel=5 / math.sqrt(electrons * counts.size)
    )
    assert counts.var() == pytest.approx(wanted, rel=5 * math.sqrt(2 / counts.size))


def test_seed_fixes_the_image():
    """One seed, one image; another seed, another, of the same crystals."""
    first, again, other = (SMALL.measure(Nanocrystals(), seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(first, again)
    assert not first.counts.equals(other.counts)
    xr.testing.assert_equal(first.true_x_nm, other.true_x_nm)


def test_streams_stay_what_they_were():
    """All of an image of irregular crystals, black and full pixels included, bit by bit."""
    crystals = Nanocrystals(
        edge_spread_nm=2.5, aspect_spread=0.2, position_jitter_nm=1.5, rotation_spread_deg=10,
        vacancy_fraction=0.2, specimen=3,
    )  # fmt: skip
    camera = ElectronMicroscope(
        n_pixels=96, pixel_nm=0.5, electrons_per_nm2=20, read_noise_counts=40,
        support_contrast=0.4, full_scale_counts=250,
    )  # fmt: skip
    image = camera.measure(crystals, seed=2)
    assert (image.counts == 0).any()
    assert image.attrs["saturated_pixels"] > 0
    assert text_of(camera.expected(crystals), image) == "e60fd0e806e1da42"


def test_an_image_says_what_it_holds():
    """Units of counts, of what is true, and of both axes, which are the centres of pixels."""
    image = ElectronMicroscope(n_pixels=64, pixel_nm=0.5).measure(Nanocrystals(), seed=1)
    assert {name: one.attrs["units"] for name, one in image.variables.items()} == {
        **dict.fromkeys(["x_nm", "y_nm", "true_x_nm", "true_y_nm"], "nm"),
        **dict.fromkeys(["true_edge_nm", "true_thickness_nm"], "nm"),
        **dict.fromkeys(["counts", "true_aspect", "true_whole"], "1"),
        "true_angle_deg": "degree",
    }
    assert all(one.long_name for one in image.data_vars.values())
    assert image.counts.dims == ("y_nm", "x_nm")
    np.testing.assert_allclose(image.x_nm, np.arange(0.25, 32, 0.5))
    assert image.true_edge_nm.dims == ("particle",)


def test_edges_differ_by_less_than_half():
    """However wide the spread, no crystal is a needle or a plate, as seen or along the beam."""
    rng = np.random.default_rng(1)
    edge, aspect, thickness = Nanocrystals(aspect_spread=0.2)._shapes(10_000, rng)
    for relative in (aspect, thickness / edge - 1):
        assert (relative.min(), relative.max()) == (-0.5, pytest.approx(0.5))
        assert relative.std() == pytest.approx(0.2, rel=0.03)


def test_a_field_holds_so_many_crystals_and_no_more(monkeypatch):
    """All that may reach into it, wherever it is turned; more than a million are refused."""
    dense = Nanocrystals(vacancy_fraction=0)
    sites = dense._occupied(100.0, np.random.default_rng(1))
    assert len(sites) == 21**2  # ceil(100 / sqrt(2) / 10) + 2 to either side
    monkeypatch.setattr(electron_microscope, "MOST_CRYSTALS_ACROSS", 10)
    assert len(dense._occupied(100.0, np.random.default_rng(1))) == 21**2
    with pytest.raises(ValueError, match=r"^field_nm = 113\.2 holds 4\.8e\+02 .*may hold 4e\+02"):
        dense._occupied(113.2, np.random.default_rng(1))
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"may hold 4e\+06; take a smaller field"):
        dense.scattered(1e6)


def test_full_pixels_are_counted():
    """Where the camera is full, counts stop at full scale and the record says how many."""
    small = ElectronMicroscope(n_pixels=128, full_scale_counts=3000)
    image = small.measure(Nanocrystals(), seed=1)
    assert int(image.counts.max()) == 3000
    assert image.attrs["saturated_pixels"] == int((image.counts == 3000).sum()) > 0
    assert SMALL.measure(Nanocrystals(), seed=1).attrs["saturated_pixels"] == 0


def test_image_survives_netcdf(tmp_path):
    """Image, truth and every parameter come back from a file."""
    image = SMALL.measure(Nanocrystals(), seed=4)
    image.to_netcdf(tmp_path / "image.nc", engine="h5netcdf")
    xr.testing.assert_identical(xr.load_dataset(tmp_path / "image.nc"), image)
    wanted = {"origin": "simulated", "seed": 4, "edge_nm": 8.3, "attenuation_nm": 30.0}
    assert wanted.items() <= image.attrs.items()


def test_full_size_takes_less_than_two_seconds():
    """1024 x 1024 pixels, processor time, in one of three trials."""

    def takes(seed):
        start = time.process_time()
        image = ElectronMicroscope().measure(Nanocrystals(specimen=seed), seed=seed)
        assert image.counts.shape == (1024, 1024)
        return time.process_time() - start

    assert any(takes(seed) < 2 for seed in range(3))


def test_settings_may_lie_at_their_limits():
    """Edges of any length, spread by a third of themselves; corners of crystals that are discs."""
    round_ones = Nanocrystals(edge_nm=9, edge_spread_nm=3, corner_radius_nm=4.5)
    assert round_ones.corner_radius_nm == 4.5
    for name, value in (("edge_spread_nm", 3.01), ("corner_radius_nm", 4.51)):
        with pytest.raises(ValueError, match=f"^{name} = {value} "):
            Nanocrystals(**{"edge_nm": 9, name: value})
    plain = {"edge_spread_nm": 0, "corner_radius_nm": 0}
    assert Nanocrystals(edge_nm=0.5, **plain).edge_nm == 0.5
    with pytest.raises(ValueError, match=r"^edge_nm = 0 "):
        Nanocrystals(edge_nm=0, **plain)


def test_empty_field_is_refused():
    """An image without any crystal is an error that says what to change."""
    tiny = ElectronMicroscope(n_pixels=2)
    with pytest.raises(ValueError, match=r"no crystal reaches into a field of 0\.36 nm"):
        tiny.measure(Nanocrystals(vacancy_fraction=0.9999), seed=1)
