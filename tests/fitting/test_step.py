"""Tests of tptools.fitting.step against the truth of simulated topographies, and plain geometry."""

import math
from dataclasses import fields

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import Step, fit_step
from tptools.fitting import step as step_module
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


def test_nothing_is_lost_unless_it_is_said():
    """Numbers of faults are zero by default."""
    assert [one.default for one in fields(Step)[-2:]] == [0, 0]


@pytest.mark.parametrize("levelling", ["both", "substrate"])
def test_thickness_is_that_of_one_least_squares(levelling):
    """Of offsets, tilt, bow and step; the error is that of blocks left out in turn."""
    height, film = made_step(35, noise=1.0, shape=(32, 60), tilt=40, bow=6, lines=3)
    step = fit_step(height, margin_nm=0, levelling=levelling)
    x, values = np.linspace(-1, 1, 60), height.values

    def fitted(lines):
        """Thickness and offsets from some of the lines."""
        shapes = [np.broadcast_to(one, film.shape)[lines].ravel() for one in (x, x**2, film)]
        offsets = np.repeat(np.eye(lines.size), 60, axis=0)
        design, points = np.column_stack([*shapes, offsets]), values[lines].ravel()
        high = shapes[2] > 0
        if levelling == "both":
            return np.linalg.lstsq(design, points)[0]
        design[:, 2] = 0
        found = np.linalg.lstsq(design[~high], points[~high])[0]
        found[2] = (points - design @ found)[high].mean()
        return found

    found = fitted(np.arange(32))
    left_out = [fitted(np.delete(np.arange(32), [i, i + 1]))[2] for i in range(0, 32, 2)]
    assert step.thickness.value == pytest.approx(found[2])
    assert step.thickness.std_err == pytest.approx(math.sqrt(15 * np.var(left_out)))
    assert (step.thickness.unit, step.roughness.unit) == ("nm", "nm")
    on = "film and substrate" if levelling == "both" else "substrate"
    assert step.thickness.method == f"step, levelled on {on}"
    level = found[0] * x + found[1] * x**2 + found[3:, None]
    np.testing.assert_allclose(step.levelled, values - level, atol=1e-6)
    parts = np.array(
        [np.var((values - level)[i : i + 2][film[i : i + 2]]) for i in range(0, 32, 2)]
    )
    assert step.roughness.value == pytest.approx(math.sqrt(parts.mean()))
    error = parts.std(ddof=1) / 4 / (2 * step.roughness.value)
    assert step.roughness.std_err == pytest.approx(error)
    assert step.roughness.method == "standard deviation"


def test_roughness_is_known_from_two_pixels_of_a_block():
    """One alone has none; film without any has no error either."""
    levelled = np.array([[1.0, 3.0, 9.0], [0.0, 4.0, 9.0], [5.0, 8.0, 9.0]])
    where = np.array([[True, True, False], [True, True, False], [True, False, False]])
    found = step_module._roughness(levelled, where, [np.array([i]) for i in range(3)])
    assert found.value == pytest.approx(math.sqrt((1 + 4) / 2))
    assert found.std_err == pytest.approx(1.5 / (2 * found.value))
    flat = step_module._roughness(0 * levelled, where, [np.array([0]), np.array([1])])
    assert (flat.value, flat.std_err) == (0, 0)


@pytest.mark.parametrize("margin_px", [0, 3])
def test_margin_leaves_out_pixels_on_both_sides(margin_px):
    """As many as it is long, that at its end as well."""
    height, film = made_step(35, noise=0.5)
    used = fit_step(height, margin_nm=10.0 * margin_px).used.values
    first = int(film[0].sum())
    near = np.abs(np.arange(200) - (first - 0.5)) < margin_px
    np.testing.assert_array_equal(used, np.broadcast_to(~near, used.shape))


def plain_surface(n_lines=24):
    """A surface whose median of five lines is 0 all over, and which is off it by 1 or not."""
    return np.array([np.roll(np.tile([0.0, 0, 0, 1, 0, 0, 0, -1], 5), i) for i in range(n_lines)])


@pytest.mark.parametrize("sign", [-1, 1])
def test_spikes_are_fifteen_times_what_a_twentieth_exceeds(sign):
    """Up or down, in any unit, at the ends of lines as inside."""
    for size, found in ((14.9, []), (15.1, [[6, 0], [9, 20], [15, 39]])):
        height = plain_surface()
        height[[6, 9, 15], [0, 20, 39]] = sign * size
        for unit in (1.0, 1e-12):
            assert np.argwhere(step_module._spikes(unit * height)).tolist() == found


def test_spikes_stand_out_of_all_within_two_pixels():
    """What is no higher than the film beside it, or no lower than the substrate, may be an edge."""
    for sign in (-1, 1):
        height = plain_surface()
        height[:, 10:20] += sign * 500
        for column, is_spike in ((7, True), (8, False), (21, False), (22, True)):
            spiky = height.copy()
            spiky[9, column] = sign * 400
            assert step_module._spikes(spiky)[9, column] == is_spike
        for column, is_spike in ((11, False), (12, True), (17, True), (18, False)):
            spiky = height.copy()
            spiky[9, column] = sign * 100
            assert step_module._spikes(spiky)[9, column] == is_spike
    assert not step_module._spikes(np.zeros((9, 9))).any()
    faint = np.zeros((9, 9))
    faint[4, 4:6] = 1e-9, 1
    assert step_module._spikes(faint).sum() == 1


def like_lines(n_lines=12):
    """Lines on a ramp that differ from their neighbours by 1, one way or the other."""
    return (np.arange(n_lines) % 2)[:, None] * np.tile([1.0, -1], 20) + np.arange(40)


@pytest.mark.parametrize("at", [0, 5, 11])
@pytest.mark.parametrize("offset", [0.0, 2.0**30, -(2.0**30)])
def test_lines_unlike_both_neighbours_are_lost(at, offset):
    """Four times as much as most lines are, anywhere; a masked pixel does not hide them."""
    for times, lost in ((3.9, []), (4.1, [at])):
        height = like_lines()
        height[at] = height[abs(at - 1)] + times * np.tile([1.0, -1], 20)
        height[3, 7] = math.nan
        assert np.flatnonzero(step_module._lost_lines(height + offset)).tolist() == lost


def test_lines_are_lost_that_are_masked_for_more_than_half():
    """Half a line is a line, and two lines have no others to be unlike of."""
    height = like_lines()
    height[3, :20] = height[8, :21] = math.nan
    assert np.flatnonzero(step_module._lost_lines(height)).tolist() == [8]
    assert not step_module._lost_lines(height[:2] * [[1], [100]]).any()
    three = np.array([height[0], height[0] + 0.1 * np.tile([1.0, -1], 20), 50 * height[1]])
    assert step_module._lost_lines(three).tolist() == [False, False, True]


def test_half_the_lines_may_be_lost(scanned):
    """One more may not."""
    height, _ = scanned
    assert fit_step(spoilt(height, slice(0, 128), to=0.0)).n_lost_lines == 128
    with pytest.raises(ValueError, match="129 of 256"):
        fit_step(spoilt(height, slice(0, 129), to=0.0))


def test_two_scratches_are_no_roughness():
    """Three would be."""
    for n_scratches in (2, 3):
        across = np.arange(200) % (200 // n_scratches)
        film = np.abs(across - 100 // n_scratches) > 15
        height = made_step(0, noise=0.5)[0] + 35.0 * film
        if n_scratches == 2:
            assert abs(fit_step(height, margin_nm=20).thickness.z(35)) < 4
        else:
            with pytest.raises(ValueError, match="no step"):
                fit_step(height, margin_nm=20)


def test_two_lines_across_the_step_are_enough():
    """The fewest of which one can be left out; one alone is refused."""
    height, _ = made_step(35, noise=0.5)
    for n_whole in (1, 2):
        cut = height.where((height.x_nm < 1190) | (height.y_nm < 10 * n_whole))
        if n_whole == 2:
            assert fit_step(cut, margin_nm=20).thickness.value == pytest.approx(35, abs=0.5)
        else:
            with pytest.raises(ValueError, match="no line has film and substrate beyond"):
                fit_step(cut, margin_nm=20)


def test_means_of_lines_are_over_what_is_used():
    """Of one pixel it is this, and of none zero."""
    values = np.array([[3.0, 5, 7], [3, 5, 7], [3, 5, 7]])
    where = np.array([[True, False, True], [False, True, False], [False, False, False]])
    assert step_module._line_means(values, where).tolist() == [[5], [5], [0]]


def test_roughness_in_some_lines_is_no_step():
    """Lines without an edge have no say in how many edges there are."""
    film = np.zeros((64, 200), bool)
    film[:30] = np.arange(200) % 20 < 10
    height = made_step(0, noise=0.5)[0] + 35.0 * film
    with pytest.raises(ValueError, match="no step"):
        fit_step(height, margin_nm=20)
