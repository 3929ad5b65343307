"""Profiles of images have the moments that their docstring states, and images come back."""

from __future__ import annotations

import numpy as np
import pytest
import writers
import xarray as xr

from tptools import fitting, io

AXIS = np.arange(-40.0, 41) * 25
X, Y = np.meshgrid(AXIS, AXIS)
R2 = X**2 + Y**2


def image(values, dims=("y_nm", "x_nm")):
    return xr.DataArray(values, {"y_nm": AXIS, "x_nm": AXIS}, dims)


def moment(line):
    """Second moment about the middle."""
    x = line.position_nm
    return float((line * x**2).sum() / line.sum())


def test_cut_and_projection_of_a_gaussian_agree_and_those_of_a_disc_do_not():
    """Both keep sigma^2 of a Gaussian; of a disc of radius a they give a^2/3 and a^2/4."""
    gauss = image(np.exp(-R2 / (2 * 150**2)))
    assert moment(io.line_profile(gauss, "x", "cut")) == pytest.approx(150**2, rel=1e-3)
    assert moment(io.line_profile(gauss, "y", "projection")) == pytest.approx(150**2, rel=1e-3)
    disc = image((R2 < 600**2) * 1.0)
    assert moment(io.line_profile(disc, "x", "cut")) == pytest.approx(600**2 / 3, rel=0.05)
    assert moment(io.line_profile(disc, "x")) == pytest.approx(600**2 / 4, rel=0.02)


@pytest.mark.parametrize("shape", ["gaussian", "ring"])
def test_mean_square_radius_grows_as_four_d_t(shape):
    """Of rings, for a spot of any round shape: twice the second moment of the projection."""
    spot = np.exp(-R2 / (2 * 120**2)) * (1 if shape == "gaussian" else R2)
    rings = io.radial_profile(image(spot))
    twice = 2 * moment(io.line_profile(image(spot), "x"))
    assert float(rings.mean_square_nm2) == pytest.approx(twice, rel=1e-3)
    weighted = float(
        (rings["mean"] * rings.radius_nm**3).sum() / (rings["mean"] * rings.radius_nm).sum()
    )
    assert weighted == pytest.approx(twice, rel=0.01)


@pytest.mark.parametrize("axis", ["x_nm", "y_nm"])
def test_rings_are_as_wide_as_the_longer_side_of_a_pixel(axis):
    """No ring is without pixels, and the mean square radius is that of the spot."""
    spot = image(np.exp(-R2 / (2 * 150**2))).isel({axis: slice(None, None, 3)})
    rings = io.radial_profile(spot)
    np.testing.assert_allclose(np.diff(rings.radius_nm), 75)
    assert rings.n_pixels.min() > 0
    assert float(rings.mean_square_nm2) == pytest.approx(2 * 150**2, rel=1e-3)


def test_a_strip_sums_its_rows_and_finds_the_spot():
    """A cut lies at the centre of the light or where it is put, and is as wide as said."""
    moved = image(np.exp(-((X - 100) ** 2 + (Y + 200) ** 2) / (2 * 150**2)))
    line = io.line_profile(moved, "x", "cut")
    assert line.attrs["cut_at_nm"] == pytest.approx(-200, abs=25)
    np.testing.assert_allclose(line, moved.sel(y_nm=line.attrs["cut_at_nm"]).to_numpy())
    wide = io.line_profile(moved, "x", "cut", at_nm=-200, width_nm=50)
    np.testing.assert_allclose(wide, moved.sel(y_nm=[-225, -200, -175]).sum("y_nm").to_numpy())
    with pytest.raises(ValueError, match="reduction='cut'"):
        io.line_profile(moved, at_nm=0)
    with pytest.raises(ValueError, match="must lie within the image"):
        io.radial_profile(moved, centre_nm=(2000, 0))


def test_the_projection_of_a_stack_gives_the_diffusivity_of_the_film():
    """A stack over time through projection and cut gives D within three standard errors."""
    time = np.arange(0, 3, 0.2)
    variance = 200**2 + 2 * 0.05e5 * time[:, None, None]
    light = 320 * np.exp(-R2[::2, ::2] / (2 * variance)) / variance * 200**2
    counts = np.random.default_rng(2).poisson(light)
    stack = xr.DataArray(counts, {"time_ns": time, "y_nm": AXIS[::2], "x_nm": AXIS[::2]})
    for line in (io.line_profile(stack), io.line_profile(stack, "y", "cut", width_nm=200)):
        found = fitting.diffusivity(line, "global")
        assert abs(found.value - 0.05) < 3 * found.std_err
        assert found.note == ""


@pytest.mark.parametrize("suffix", [".ptu", ".sdt", ".npz", ".nc", ".tif"])
def test_images_come_back(tmp_path, suffix):
    """Counts over y, x and time, with the pixels of the file or those told."""
    counts = np.random.default_rng(1).poisson(3, (4, 5, 30))
    path, given = tmp_path / f"a{suffix}", {"pixel_nm": 50, "bin_ns": 0.064}
    if suffix == ".ptu":
        writers.write_image_ptu(path, counts[:, :, None], 0.064, 2.0)
        given = {}
    elif suffix == ".sdt":
        writers.write_sdt(path, counts[None], 0.064)
    elif suffix == ".npz":
        np.savez(path, counts=counts)
    elif suffix == ".nc":
        axes = {"y_um": np.arange(4) * 0.05, "x_um": np.arange(5) * 0.05}
        axes["time_ps"] = (np.arange(30) + 0.5) * 64
        xr.DataArray(counts, axes).to_dataset(name="a").to_netcdf(path, engine="h5netcdf")
        given = {}
    else:
        tifffile = pytest.importorskip("tifffile")
        tifffile.imwrite(path, np.moveaxis(counts, -1, 0).astype("u2"))
    found = io.read_image(path, time_zero_ns=0, **given)
    assert found.counts.dims == ("time_ns", "y_nm", "x_nm")
    np.testing.assert_array_equal(found.counts[:30], np.moveaxis(counts, -1, 0))
    np.testing.assert_allclose(found.x_nm, np.arange(5) * 50.0)
    assert found.x_nm.units == found.y_nm.units == "nm"
    np.testing.assert_allclose(found.time_ns[:30], (np.arange(30) + 0.5) * 0.064)
    if given:
        with pytest.raises(ValueError, match=r"give (pixel_nm|bin_ns)|time_ns, or give bin_ns"):
            io.read_image(path)


def test_an_image_of_photons_fills_its_period_by_channels(tmp_path):
    """Bins go on after the last photon, and a channel has its number though others are dark."""
    counts = np.random.default_rng(1).poisson(3, (4, 5, 2, 30))
    counts[:, :, 0] = 0
    writers.write_image_ptu(tmp_path / "a.ptu", counts, 0.064, 6.4)
    found = io.read_image(tmp_path / "a.ptu", channel=1, time_zero_ns=0)
    assert dict(found.counts.sizes) == {"time_ns": 100, "y_nm": 4, "x_nm": 5}
    np.testing.assert_array_equal(found.counts[:30], np.moveaxis(counts[:, :, 1], -1, 0))
    assert not found.counts[30:].any()


def test_pixels_without_a_size_are_asked_for(tmp_path):
    """A microscope that does not know its scale writes zero."""
    path = tmp_path / "a.ptu"
    writers.write_image_ptu(path, np.ones((4, 5, 1, 9), int), 0.064, 6.4)
    whole = path.read_bytes()
    value = whole.index(b"ImgHdr_PixResol") + 40
    path.write_bytes(whole[:value] + bytes(8) + whole[value + 8 :])
    with pytest.raises(ValueError, match="how far its pixels are apart; give pixel_nm"):
        io.read_image(path)
    assert io.read_image(path, pixel_nm=50).x_nm.values.tolist() == [0, 50, 100, 150, 200]


def test_pixels_lie_where_the_scanner_says(tmp_path):
    """The first one in x and in y, where the file has them, in um as the pixels."""
    path = tmp_path / "a.ptu"
    writers.write_image_ptu(path, np.ones((4, 5, 1, 9), int), 0.064, 6.4)
    head, mark, rest = path.read_bytes().partition(b"Header_End")
    start = writers.tag("ImgHdr_X0", 1.5) + writers.tag("ImgHdr_Y0", -0.25)
    path.write_bytes(head + start + mark + rest)
    found = io.read_image(path)
    np.testing.assert_allclose(found.x_nm, 1500 + 50 * np.arange(5))
    np.testing.assert_allclose(found.y_nm, -250 + 50 * np.arange(4))


def test_an_image_has_two_sides(tmp_path):
    """A line in y alone is none."""
    np.savez(
        tmp_path / "a.npz", counts=np.ones((4, 9)), y_nm=np.arange(4.0), time_ns=np.arange(9.0)
    )
    with pytest.raises(ValueError, match="it holds no image; read it with read_scan"):
        io.read_image(tmp_path / "a.npz")


def test_what_is_no_image_is_refused(tmp_path):
    """A curve is told which function reads it, and a single camera image has one time."""
    writers.write_phu(tmp_path / "a.phu", np.ones((1, 20)), 0.05, 1.0)
    with pytest.raises(ValueError, match="it holds no image; read it with read_scan"):
        io.read_image(tmp_path / "a.phu")
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "b.tif", np.ones((4, 5), "u2"))
    assert io.read_image(tmp_path / "b.tif", pixel_nm=50).sizes["time_ns"] == 1


@pytest.mark.parametrize(("width_nm", "rows"), [(None, 1), (50.0, 1), (100.0, 3), (149.0, 3)])
def test_a_cut_says_how_many_rows_it_sums(width_nm, rows):
    """Those with their middle within half of the width, one at least, and where they lie."""
    at = np.arange(-200.0, 201.0, 50.0)
    image = xr.DataArray(np.ones((9, 9)), {"y_nm": at, "x_nm": at})
    line = io.line_profile(image, reduction="cut", at_nm=50.0, width_nm=width_nm)
    assert (line.attrs["cut_rows"], line.attrs["cut_at_nm"]) == (rows, 50)
    assert line.values.tolist() == [rows] * 9


def test_two_rows_that_are_as_near_are_one_cut():
    """A strip of one row takes the first of them, and a wider one takes both."""
    at = np.arange(0.0, 401.0, 50.0)
    image = xr.DataArray(np.ones((9, 9)), {"y_nm": at, "x_nm": at})
    for width_nm, rows in ((None, 1), (50.0, 1), (51.0, 2)):
        line = io.line_profile(image, reduction="cut", at_nm=125.0, width_nm=width_nm)
        assert line.attrs["cut_rows"] == rows


@pytest.mark.parametrize("centre_nm", [(500, 0), (-500, 0), (0, 500), (0, -500)])
def test_rings_lie_in_the_image_all_around(centre_nm):
    """Up to the nearest edge, about the centre that is given: there the light is highest."""
    x, y = centre_nm
    spot = image(np.exp(-((X - x) ** 2 + (Y - y) ** 2) / (2 * 100**2)))
    rings = io.radial_profile(spot, centre_nm=centre_nm)
    assert float(rings.radius_nm[-1]) == 500
    assert (rings.attrs["centre_x_nm"], rings.attrs["centre_y_nm"]) == centre_nm
    np.testing.assert_allclose(
        rings["mean"], np.exp(-(rings.radius_nm**2) / (2 * 100**2)), atol=0.02
    )
    np.testing.assert_allclose(rings.counts, rings["mean"] * rings.n_pixels)
    assert float(rings.mean_square_nm2) == pytest.approx(2 * 100**2, rel=1e-3)
    wide = io.radial_profile(spot, centre_nm=centre_nm, step_nm=100)
    np.testing.assert_allclose(np.diff(wide.radius_nm), 100)
    edge = tuple(np.sign(centre_nm) * 975)
    assert io.radial_profile(spot, centre_nm=edge).radius_nm.values.tolist() == [0, 25]
    with pytest.raises(ValueError, match=r"one ring from its edge"):
        io.radial_profile(spot, centre_nm=tuple(np.sign(centre_nm) * 976))


@pytest.mark.parametrize(
    "wrong",
    [{"along": "z"}, {"reduction": "mean"}, {"at_nm": "a"}, {"width_nm": 0}, {"image": None}],
)
def test_what_no_line_can_be_is_refused_by_its_name(wrong):
    """Before anything is summed."""
    (name,) = wrong
    with pytest.raises((TypeError, ValueError), match=f"^{name}\\b"):
        io.line_profile(**({"image": image(R2), "reduction": "cut"} | wrong))
