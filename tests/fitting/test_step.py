"""Tests of tptools.fitting.step against the truth of simulated topographies, and plain geometry."""

import math

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import fit_step
from tptools.instruments import ForceMicroscope, Topography


def made_step(thickness, noise=0.0, shape=(64, 200), tilt=0.0, bow=0.0, lines=0.0):
    """A step along x with what a scanner adds, on pixels of 10 nm."""
    rng = np.random.default_rng(7)
    across = np.linspace(-1, 1, shape[1])
    film = np.broadcast_to(across < 0.2, shape)
    height = thickness * film + tilt * across + bow * across**2
    height = height + rng.normal(0, lines, (shape[0], 1)) + rng.normal(0, noise, shape)
    axes = {"y_nm": 10.0 * np.arange(shape[0]), "x_nm": 10.0 * np.arange(shape[1])}
    return xr.DataArray(height, axes), film


@pytest.mark.parametrize("levelling", ["both", "substrate"])
def test_step_under_tilt_bow_and_offsets_is_exact_without_noise(levelling):
    """All that the scanner adds is taken off, and the substrate ends at zero."""
    height, film = made_step(35, tilt=40, bow=6, lines=3)
    step = fit_step(height, margin_nm=50, levelling=levelling)
    assert step.thickness.value == pytest.approx(35, abs=1e-9)
    assert step.roughness.value == pytest.approx(0, abs=1e-9)
    np.testing.assert_array_equal(step.film, film)
    np.testing.assert_allclose(step.levelled, 35.0 * film, atol=1e-9)


def test_white_noise_gives_the_error_of_least_squares():
    """With independent pixels, the jackknife's error is that of the linear fit."""
    height, film = made_step(35, noise=1.0, shape=(512, 200))
    step = fit_step(height, margin_nm=0.0)
    x = np.linspace(-1, 1, 200)
    design = np.stack([film[0], x, x**2, np.ones(200)], axis=1)[step.used.values[0]]
    wanted = math.sqrt(np.linalg.inv(design.T @ design)[0, 0] / 512)
    # one sixteenth of the lines left out in turn knows its own error to a fifth
    assert step.thickness.std_err == pytest.approx(wanted, rel=0.8)
    assert abs(step.thickness.z(35.0)) < 4
    assert step.roughness.value == pytest.approx(1.0, abs=0.01)


@pytest.fixture(scope="module")
def films():
    """Heights of twelve films."""
    microscope = ForceMicroscope(n_pixels=400)
    return [microscope.measure(Topography(specimen=k), seed=k).height_nm for k in range(12)]


@pytest.mark.parametrize("levelling", ["both", "substrate"])
def test_thickness_pulls_as_its_error_says(films, levelling):
    """Over films, (found - true) / error has mean 0 and width 1."""
    pulls = [fit_step(film, levelling=levelling).thickness.z(35.0) for film in films]
    assert abs(np.mean(pulls)) < 4 / math.sqrt(12)
    assert 0.4 < np.std(pulls, ddof=1) < 1.9


def test_roughness_is_that_of_film_and_grains():
    """Film of 2 nm and grains of 1 nm add up in quadrature."""
    scan = ForceMicroscope(n_pixels=512).measure(Topography(), seed=3)
    roughness = fit_step(scan.height_nm).roughness
    assert abs(roughness.z(math.sqrt(5))) < 4


def test_rim_counts_as_film_only_without_margin():
    """A rim beside the scratch raises the thickness unless the margin leaves it out."""
    scan = ForceMicroscope(n_pixels=512).measure(Topography(), seed=1)
    right, high = (fit_step(scan.height_nm, margin_nm=m).thickness for m in (400, 0))
    assert high.value - right.value > 0.5
    assert abs(right.z(35.0)) < 3


def test_two_edges_work_as_one():
    """A scratch in the middle of the image is measured against the film on both sides."""
    film = Topography(scratch_from_nm=1500, scratch_to_nm=3500)
    scan = ForceMicroscope(n_pixels=512).measure(film, seed=2)
    assert abs(fit_step(scan.height_nm).thickness.z(35.0)) < 4


def test_image_without_step_is_refused():
    """Film or substrate alone, however rough or tilted, is no step."""
    for ends_nm in ((9e3, 1e4), (-1e3, 8e3)):
        film = Topography(scratch_from_nm=ends_nm[0], scratch_to_nm=ends_nm[1])
        scan = ForceMicroscope(n_pixels=256).measure(film, seed=1)
        with pytest.raises(ValueError, match="no step"):
            fit_step(scan.height_nm)


def test_margin_that_leaves_nothing_is_refused():
    """The error names the margin."""
    height, _ = made_step(35, noise=0.1)
    with pytest.raises(ValueError, match="margin_nm = 5000"):
        fit_step(height, margin_nm=5000)
    with pytest.raises(ValueError, match=r"^margin_nm = -1"):
        fit_step(height, margin_nm=-1)
    with pytest.raises(ValueError, match=r"^levelling = 'none'"):
        fit_step(height, levelling="none")


@pytest.fixture(scope="module")
def scanned():
    """A plain scan, and the step that it shows."""
    height = ForceMicroscope(n_pixels=256).measure(Topography(), seed=1).height_nm
    return height, fit_step(height)


def spoilt(height, rows, columns=slice(None), *, to):
    """A copy whose pixels in some rows and columns have another height."""
    values = height.values.copy()
    values[rows, columns] = to
    return height.copy(data=values)


NOISE = np.random.default_rng(5).normal(0, 60, (3, 256))


@pytest.mark.parametrize("rows", [[0, 1, 2], [100, 101, 102], [3, 200, 255]])
@pytest.mark.parametrize("to", [0.0, -500.0, math.nan, NOISE])
def test_lost_lines_are_left_out_and_counted(scanned, rows, to):
    """Lines of one height, masked or of noise alone leave thickness and roughness where they are.

    At either end, side by side or apart.
    """
    height, plain = scanned
    step = fit_step(spoilt(height, rows, to=to))
    assert step.n_lost_lines == len(rows)
    assert not step.used.values[rows].any()
    assert np.isnan(step.levelled.values[rows]).all()
    assert abs(step.thickness.value - plain.thickness.value) < 0.1 * plain.thickness.std_err
    assert step.thickness.std_err == pytest.approx(plain.thickness.std_err, rel=0.1)
    assert step.roughness.value == pytest.approx(plain.roughness.value, rel=0.01)


def test_plain_scan_loses_nothing(scanned):
    """No line or pixel of a good scan is taken for a fault, and all levelled heights are there."""
    for step in (scanned[1], fit_step(made_step(35, noise=0.5, tilt=40, bow=6, lines=3)[0])):
        assert step.n_lost_lines == step.n_spikes == 0
        assert step.levelled.notnull().all()


def test_part_of_a_line_makes_it_lost(scanned):
    """A line that stops half way is left out as a whole."""
    height, plain = scanned
    step = fit_step(spoilt(height, [100], slice(128, None), to=0.0))
    assert step.n_lost_lines == 1
    assert abs(step.thickness.value - plain.thickness.value) < 0.1 * plain.thickness.std_err


@pytest.mark.parametrize("to", [300.0, -500.0, math.nan])
def test_spikes_and_scars_are_left_out_and_counted(scanned, to):
    """Single pixels and a short streak change nothing but the number of pixels used."""
    height, plain = scanned
    rows, columns = np.array([20, 90, 150, 200]), np.array([30, 60, 200, 240])
    spiky = spoilt(spoilt(height, rows, columns, to=to), 120, slice(40, 50), to=to)
    step = fit_step(spiky)
    assert step.n_spikes == (0 if math.isnan(to) else 14)
    assert int((plain.used & ~step.used).sum()) == 14
    assert abs(step.thickness.value - plain.thickness.value) < 0.1 * plain.thickness.std_err
    assert step.roughness.value == pytest.approx(plain.roughness.value, rel=0.01)


def test_huge_offset_of_a_line_is_an_offset(scanned):
    """A line that jumps by more than the step is levelled like any other."""
    height, plain = scanned
    step = fit_step(height + 200.0 * (height.y_nm == height.y_nm[100]))
    assert step.n_lost_lines == 0
    assert step.thickness.value == pytest.approx(plain.thickness.value)
    np.testing.assert_allclose(step.levelled, plain.levelled, atol=1e-9)


def test_lines_of_film_alone_do_no_harm():
    """Where the scratch ends inside the image, the other lines say nothing, and spoil nothing."""
    height, film = made_step(35, noise=0.1, tilt=40)
    step = fit_step(height.where(height.y_nm > 200, height + 35 * ~film), margin_nm=50)
    assert abs(step.thickness.z(35.0)) < 4
    np.testing.assert_allclose(step.levelled[:20], 35.0, atol=1)


def test_mostly_lost_lines_are_refused(scanned):
    """The error counts the lines."""
    with pytest.raises(ValueError, match="200 of 256 lines are lost"):
        fit_step(spoilt(scanned[0], slice(0, 200), to=0.0))


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_step_between_lines_is_named(noise):
    """A step along the fast axis hides in the offsets of lines: the error says so."""
    height, _ = made_step(35, noise=noise, tilt=3)
    turned = height.rename(x_nm="y_nm", y_nm="x_nm")
    with pytest.raises(ValueError, match="the step runs along x"):
        fit_step(turned, margin_nm=50)


def test_height_in_another_unit_is_refused(scanned):
    """Metres are not taken for nanometres."""
    with pytest.raises(ValueError, match="units of height_nm = 'm'"):
        fit_step((scanned[0] * 1e-9).assign_attrs(units="m"))


def test_image_of_one_height_shows_no_step():
    """A constant image is not blamed on lost lines."""
    with pytest.raises(ValueError, match="no step"):
        fit_step(0 * made_step(35)[0])


@pytest.mark.parametrize("seed", range(3))
def test_step_that_roughness_hides_is_no_step(seed):
    """A film half as rough as thick is not blamed on the margin or the direction of the scan."""
    film = Topography(thickness_nm=10, roughness_nm=5, specimen=seed)
    scan = ForceMicroscope(n_pixels=128).measure(film, seed=seed)
    with pytest.raises(ValueError, match="no step from film to substrate that stands out"):
        fit_step(scan.height_nm)
