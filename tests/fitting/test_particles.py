"""Tests of tptools.fitting.particles against the truth of simulated images, and plain geometry."""

import math
import time

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree
from skimage.draw import polygon

from tptools.fitting import find_particles, mean_size
from tptools.fitting import particles as sizing
from tptools.fitting.particles import _room
from tptools.instruments import (
    ElectronMicroscope,
    Nanocrystals,
    electron_microscope,
)

N_PIXELS = (1024, *[512] * 10)


def matched(image, particles):
    """True edge of the crystal nearest to each particle, and the distance to it."""
    tree = cKDTree(np.column_stack([image.true_x_nm, image.true_y_nm]))
    distance, index = tree.query(np.column_stack([particles.x_nm, particles.y_nm]))
    return image.true_edge_nm.values[index], distance, index


@pytest.fixture(scope="module")
def sized():
    """A full-size image and ten quarters of one, with what was found in them."""
    images = [
        ElectronMicroscope(n_pixels=n).measure(Nanocrystals(specimen=k), seed=k)
        for k, n in enumerate(N_PIXELS)
    ]
    return [(image, find_particles(image.counts)) for image in images]


def test_more_than_two_hundred_are_found_each_once(sized):
    """At least 97 % of the whole crystals are found, none twice, and each where it is."""
    assert sized[0][1].sizes["particle"] > 200
    whole = not_single = 0
    for image, particles in sized:
        _, distance, index = matched(image, particles)
        assert np.unique(index).size == index.size
        assert distance.max() < 2
        # those within a nanometre of the border count as cut
        wanted = int(image.true_whole.sum())
        assert particles.sizes["particle"] + particles.attrs["cut_by_border"] >= wanted
        whole += wanted
        not_single += particles.attrs["not_single"]
    assert not_single <= 0.03 * whole


def test_edges_are_right_one_by_one(sized):
    """Particle by particle, edges are within 0.2 nm rms and unbiased to 0.02 nm."""
    errors = np.concatenate([p.edge_nm.values - matched(i, p)[0] for i, p in sized])
    assert errors.std() < 0.2
    assert abs(errors.mean()) < 0.02
    stated = math.sqrt(np.mean(np.concatenate([p.edge_err_nm.values**2 for _, p in sized])))
    # the contrast of a particle, which both edges share, and wrong cuts are not in the stated error
    assert 0.6 * errors.std() < stated < errors.std()


def test_mean_and_spread_pull_as_their_errors_say(sized):
    """Over images, (found - true) / error of the population has mean 0 and width 1."""
    sizes = [mean_size(particles) for _, particles in sized]
    for pulls in ([s.mean.z(8.3) for s in sizes], [s.spread.z(0.8) for s in sizes]):
        # 4 standard errors, and half an error for wrong cuts between touching crystals
        assert abs(np.mean(pulls)) < 0.5 + 4 / math.sqrt(len(sized))
        assert 0.4 < np.std(pulls, ddof=1) < 1.8


@pytest.mark.parametrize("corner", [0.0, 2.0])
@pytest.mark.parametrize("angle", [0.0, 17.0, 45.0])
def test_edge_of_a_single_square(corner, angle):
    """Without noise, one square is measured to 1 % at any angle, with any corners."""
    sample = Nanocrystals(corner_radius_nm=corner)
    axis = np.arange(-100, 101) * 0.18
    cover = electron_microscope._cover(
        axis, axis[:, None], np.array([8.8, 7.8]), angle, sample, 0.18
    )
    counts = xr.DataArray(1000 * (1 - 0.25 * cover), {"y_nm": axis + 50, "x_nm": axis})
    found = find_particles(counts)
    assert found.long_edge_nm.item() == pytest.approx(8.8, rel=0.01)
    assert found.short_edge_nm.item() == pytest.approx(7.8, rel=0.01)
    assert found.x_nm.item() == pytest.approx(0, abs=0.02)
    assert found.y_nm.item() == pytest.approx(50, abs=0.02)
    turn = (found.angle_deg.item() - angle + 45) % 90 - 45
    assert turn == pytest.approx(0, abs=2)


def test_touching_squares_are_parted_and_blocks_are_dropped():
    """Two squares with rounded corners that share a face come out as two."""
    sample, axis = Nanocrystals(corner_radius_nm=1.5), np.arange(-150, 151) * 0.18
    cover = sum(
        electron_microscope._cover(
            axis - x, axis[:, None] - y, np.array([8.3, 8.3]), 0, sample, 0.18
        )
        for x, y in ((-4.15, 0), (4.15, 0), (-10, 18))
    )
    noise = np.random.default_rng(1).normal(0, 30, cover.shape)
    counts = xr.DataArray(1000 * (1 - 0.25 * cover) + noise, {"y_nm": axis, "x_nm": axis})
    found = find_particles(counts)
    assert found.sizes["particle"] == 3
    assert np.sort(found.edge_nm.values) == pytest.approx([8.3] * 3, abs=0.3)


def test_border_particles_are_dropped_and_made_up_for():
    """Weights undo the border's preference for small particles."""
    rng = np.random.default_rng(5)
    edge = rng.choice([4.0, 20.0], size=40_000)
    x, y = rng.uniform(0, 60, (2, edge.size))
    whole = (np.abs(np.stack([x, y]) - 30) + edge / 2 < 30).all(axis=0)
    weight = 1 / (60 - edge[whole]) ** 2
    particles = xr.Dataset(
        {
            "edge_nm": ("particle", edge[whole]),
            "edge_err_nm": ("particle", np.zeros(whole.sum())),
            "weight": ("particle", weight),
        }
    )
    found = mean_size(particles)
    assert edge[whole].mean() < 11  # what the border alone would make of a mean of 12
    assert abs(found.mean.z(12.0)) < 4
    assert abs(found.spread.z(8.0)) < 4
    image = ElectronMicroscope().measure(Nanocrystals(edge_spread_nm=1.6), seed=1)
    found = find_particles(image.counts)
    by_size = found.sortby("edge_nm")
    assert by_size.weight[-1] > by_size.weight[0]
    assert found.x_nm.min() > 3


def test_sizes_of_drawn_numbers():
    """Mean, spread and their errors of plain normal numbers are the textbook's."""
    edge = np.random.default_rng(2).normal(8, 0.5, 5000)
    particles = xr.Dataset(
        {
            "edge_nm": ("particle", edge),
            "edge_err_nm": ("particle", np.full(5000, 0.3)),
            "weight": ("particle", np.ones(5000)),
        }
    )
    found = mean_size(particles)
    assert found.mean.value == pytest.approx(edge.mean())
    assert found.mean.std_err == pytest.approx(edge.std(ddof=1) / math.sqrt(5000))
    assert found.spread.value == pytest.approx(math.sqrt(edge.var(ddof=1) - 0.3**2))
    wanted = edge.var() / found.spread.value / math.sqrt(2 * 5000)
    assert found.spread.std_err == pytest.approx(wanted, rel=0.1)
    even = particles.assign(edge_err_nm=("particle", np.full(5000, 0.6)))
    assert mean_size(even).spread.value == 0
    assert mean_size(even).spread.note == "within the noise of an edge"


def test_sizing_takes_less_than_two_seconds(sized):
    """A full-size image, processor time, in one of three trials."""

    def takes(image):
        start = time.process_time()
        find_particles(image.counts)
        return time.process_time() - start

    assert any(takes(sized[0][0]) < 2 for _ in range(3))


GREY = xr.DataArray(
    np.random.default_rng(1).poisson(100, (64, 64)),
    {"y_nm": np.arange(64.0), "x_nm": np.arange(64.0)},
)


@pytest.mark.parametrize("noise", [0, 1])
def test_image_without_particles_is_refused(noise):
    """Neither bare support nor a constant image is cut into particles."""
    with pytest.raises(ValueError, match="one grey level"):
        find_particles(GREY * noise + 5.0)


def test_image_of_one_large_particle_is_refused():
    """What only the border cuts leaves nothing to measure."""
    axis = np.arange(-32, 32) * 0.18
    dark = np.logical_and.outer(axis < 0, axis < 0)
    counts = xr.DataArray(100.0 - 50 * dark, {"y_nm": axis, "x_nm": axis})
    with pytest.raises(ValueError, match="all of 1 particles are cut by the border"):
        find_particles(counts)


@pytest.mark.parametrize("name", ["smoothing_nm", "least_edge_nm"])
def test_lengths_must_be_positive(name):
    """The error names the parameter."""
    with pytest.raises(ValueError, match=f"^{name} = "):
        find_particles(GREY, **{name: 0})


def test_few_particles_have_no_spread():
    """Three sizes are no distribution."""
    names = ("edge_nm", "edge_err_nm", "weight")
    few = xr.Dataset({name: ("particle", np.ones(3)) for name in names})
    with pytest.raises(ValueError, match=r"'edge_nm': 3, .* at least 4"):
        mean_size(few)


def test_doses_and_contrast_move_no_mean():
    """A tenth of the electrons or half the contrast leaves the mean where it is."""
    for microscope in (
        ElectronMicroscope(electrons_per_nm2=1500),
        ElectronMicroscope(attenuation_nm=60),
    ):
        image = microscope.measure(Nanocrystals(), seed=4)
        particles = find_particles(image.counts)
        errors = particles.edge_nm.values - matched(image, particles)[0]
        assert abs(np.mean(errors)) < 0.08


@pytest.mark.parametrize("name", ["edge_nm", "edge_err_nm", "weight"])
def test_sizes_with_a_gap_are_refused(name):
    """One particle without an edge, an error or a weight does not spoil the mean unsaid."""
    columns = {"edge_nm": [8.0, 8.2, 8.4, 8.6], "edge_err_nm": 4 * [0.1], "weight": 4 * [1.0]}
    columns[name] = [*columns[name][:3], math.nan]
    with pytest.raises(ValueError, match=f"{name} must be finite, and point 3 is nan"):
        mean_size(xr.Dataset({one: ("particle", values) for one, values in columns.items()}))


PIXEL_NM = 0.25


def corners(kind, edge, turn):
    """Corners of a shape around 0 as complex numbers."""
    if kind == "rod":
        return (
            np.exp(1j * turn) * edge * np.array([0.8 + 0.3j, 0.8 - 0.3j, -0.8 - 0.3j, -0.8 + 0.3j])
        )
    number = {"triangle": 3, "square": 4, "disc": 40}[kind]
    return edge / math.sqrt(2) * np.exp(1j * (turn + 2 * np.pi * np.arange(number) / number))


def drawn(kinds, *, edge_nm=8.0, contrast=-0.25, seed=0):
    """A row of shapes for each kind in every row, on a noisy support: 16 nm apart, blurred."""
    rng, n = np.random.default_rng(seed), 64 * len(kinds)
    fine = np.zeros((2 * n, 2 * n))
    for row, kind in enumerate(kinds):
        for column in range(len(kinds)):
            shape = corners(kind, 2 * edge_nm / PIXEL_NM, rng.uniform(0, np.pi))
            middle = 128 * np.array([row, column]) + 64 + rng.normal(0, 4, 2)
            fine[polygon(middle[0] + shape.imag, middle[1] + shape.real, fine.shape)] = 1
    cover = gaussian_filter(fine.reshape(n, 2, n, 2).mean(axis=(1, 3)), 1)
    axis = PIXEL_NM * (np.arange(n) + 0.5)
    values = 20 * rng.poisson(300 * (1 + contrast * cover))
    return xr.DataArray(values, {"y_nm": axis, "x_nm": axis})


def lit(counts, slope=0.0, vignetting=0.0):
    """An image under a light that is stronger on one side, or in the middle."""
    x, y = (np.linspace(-1, 1, n) for n in counts.shape)
    return counts * (1 + slope / 2 * x) * (1 - vignetting / 2 * (x**2 + y[:, None] ** 2))


@pytest.mark.parametrize(
    ("slope", "vignetting", "inverted"), [(0.15, 0, False), (0.5, 0, True), (0, 0.4, False)]
)
def test_light_and_contrast_do_not_matter(sized, slope, vignetting, inverted):
    """Under a gradient or vignetting, dark or bright, sizes are those of the even image."""
    image, plain = sized[1]
    counts = 6000 - image.counts if inverted else image.counts
    found = find_particles(lit(counts, slope, vignetting))
    assert found.attrs["particles"] == ("bright" if inverted else "dark")
    assert found.sizes["particle"] >= 0.98 * plain.sizes["particle"]
    errors = found.edge_nm.values - matched(image, found)[0]
    assert abs(errors.mean()) < 0.04
    assert errors.std() < 0.25
    assert abs(mean_size(found).mean.value - mean_size(plain).mean.value) < 0.02


@pytest.mark.parametrize("contrast", [-0.25, 0.25])
@pytest.mark.parametrize(
    ("kind", "shape"), [("disc", "round"), ("rod", "elongated"), ("triangle", "angular")]
)
def test_other_shapes_are_named(kind, shape, contrast):
    """Discs, rods and triangles are not measured as squares: the error says what they are."""
    with pytest.raises(ValueError, match=rf"all of 1\d particles are {shape}; .*squares"):
        find_particles(drawn(4 * [kind], contrast=contrast))


def test_what_is_left_out_is_counted_with_its_reason():
    """Every particle is found or counted, and the note that most are round reaches the mean."""
    found = find_particles(drawn(["square", "square", "disc", "disc", "disc", "disc"]))
    assert found.sizes["particle"] == 12
    reasons = {"cut_by_border": 0, "cut_by_mask": 0, "not_single": 0, "not_square": 24}
    assert found.attrs.items() >= (reasons | {"too_small": 0}).items()
    sizes = mean_size(found)
    assert found.attrs["note"].startswith("24 of 36 particles are round")
    assert sizes.mean.note == found.attrs["note"]
    assert sizes.spread.note.startswith(found.attrs["note"])
    assert sizes.mean.value == pytest.approx(8, abs=0.1)
    assert "note" not in find_particles(drawn(4 * ["square"])).attrs


@pytest.mark.parametrize("level", [0, 6000, 65535])
def test_scale_bar_is_masked(level):
    """What a bar covers or cuts is left out and counted; the others are as without it."""
    counts = drawn(6 * ["square"])
    plain = find_particles(counts)
    counts[350:360, 20:180] = level
    found = find_particles(counts)
    assert 1600 <= found.attrs["masked_pixels"] < 2700
    assert found.attrs["cut_by_mask"] > 0
    assert found.sizes["particle"] >= 30
    above = [one.edge_nm[one.y_nm < 80].mean().item() for one in (found, plain)]
    assert above[0] == pytest.approx(above[1], abs=0.02)


def test_masked_half_is_left_out():
    """NaN is no particle: what touches it is cut, and the rest is measured as ever."""
    counts = drawn(6 * ["square"])
    found = find_particles(counts.where(counts.x_nm > 40))
    assert found.x_nm.min() > 40
    assert found.sizes["particle"] + found.attrs["cut_by_mask"] >= 20
    assert found.edge_nm.mean() == pytest.approx(8, abs=0.1)


def test_room_is_that_of_boxes_clear_of_border_and_mask():
    """Without a mask it is the product of what two sides leave; with one it is counted."""
    masked = np.zeros((60, 80), bool)
    np.testing.assert_allclose(_room(masked, np.array([0, 5, 12])), [4800, 50 * 70, 36 * 56])
    masked[:, 40:50] = True
    assert _room(masked, np.array([5]))[0] == 50 * (30 + 20)


def test_faulty_pixels_hide_no_particle():
    """Hot, dead and missing pixels are filled."""
    counts = drawn(4 * ["square"]).astype(float)
    plain = find_particles(counts)
    at = np.random.default_rng(1).integers(0, 256, (2, 300))
    counts.values[at[0], at[1]] = np.resize([65535, math.nan, -1e4], 300)
    found = find_particles(counts)
    assert found.sizes["particle"] == 16
    assert found.edge_nm.mean() == pytest.approx(plain.edge_nm.mean().item(), abs=0.03)


@pytest.mark.parametrize("contrast", [-0.25, 0.25])
def test_single_particle_is_told_from_the_support(contrast):
    """One square on a wide support, dark or bright, is found."""
    counts = drawn(2 * ["square"], contrast=contrast)[:64, :64]
    found = find_particles(counts)
    assert found.edge_nm.item() == pytest.approx(8, abs=0.2)
    with pytest.raises(ValueError, match="at least 4"):
        mean_size(found)


@pytest.mark.parametrize("contrast", ["dark", "bright"])
def test_contrast_can_be_set(contrast):
    """Said or found, the contrast gives the same; another word is refused."""
    counts = drawn(4 * ["square"], contrast=-0.25 if contrast == "dark" else 0.25)
    xr.testing.assert_identical(find_particles(counts, particles=contrast), find_particles(counts))
    with pytest.raises(ValueError, match=r"^particles = 'grey'"):
        find_particles(counts, particles="grey")


def test_clipped_particles_are_no_scale_bars():
    """Particles of one exact value with sharp rims are measured, not masked."""
    rng, axis = np.random.default_rng(1), 0.3 * np.arange(200)
    inside = (np.arange(200) % 50 > 14) & (np.arange(200) % 50 < 36)
    for level in (0, 255):
        values = np.where(inside & inside[:, None], level, rng.normal(120, 6, (200, 200)))
        found = find_particles(xr.DataArray(values, {"y_nm": axis, "x_nm": axis}))
        assert found.sizes["particle"] == 16
        np.testing.assert_allclose(found.edge_nm, 6.3, atol=0.05)


def test_size_is_blamed_where_size_is_the_cause():
    """Particles below the least edge, and axes in another unit, are named as such."""
    counts = drawn(4 * ["square"], edge_nm=2)
    with pytest.raises(ValueError, match=r"all of 16 particles are smaller .* least_edge_nm = 3"):
        find_particles(counts)
    smaller = find_particles(counts, least_edge_nm=1, smoothing_nm=0.2)
    assert smaller.sizes["particle"] >= 12
    axes = {name: counts[name] / 1e3 for name in counts.dims}
    with pytest.raises(ValueError, match=r"more than the image has .* mend the unit"):
        find_particles(counts.assign_coords(axes))


def test_axes_and_number_types_of_other_programs():
    """Micrometres, descending axes and big-endian integers give what the plain image gives."""
    counts = drawn(4 * ["square"])
    axes = {name: (name, counts[name].values / 1e3, {"units": "um"}) for name in counts.dims}
    other = counts.astype(">u2").assign_coords(axes)[::-1].transpose("x_nm", "y_nm")
    found, plain = find_particles(other), find_particles(counts)
    for name in ("x_nm", "y_nm", "edge_nm"):
        np.testing.assert_allclose(found[name], plain[name])


def boxes(shape, *windows):
    """Where some rectangles of rows and columns are."""
    inside = np.zeros(shape, bool)
    for rows, columns in windows:
        inside[slice(*rows), slice(*columns)] = True
    return inside


def test_axes_are_those_of_whole_pixels():
    """Of a full rectangle they are its sides over the root of twelve; one pixel is as wide."""
    rows, columns = np.nonzero(np.ones((40, 30), bool))
    np.testing.assert_allclose(sizing._axes(columns, rows), [30 / 12**0.5, 40 / 12**0.5], 1e-3)
    short, _ = sizing._axes(np.arange(9), np.zeros(9))
    assert short == pytest.approx(12**-0.5)


def test_solidity_is_area_over_hull():
    """One for a rectangle, at any place; less where a corner is missing or a hole is."""
    assert sizing._solidity(boxes((9, 9), ((2, 5), (1, 8)))) == pytest.approx(1)
    corner = boxes((10, 10), ((0, 10), (0, 5)), ((0, 5), (0, 10)))
    assert sizing._solidity(corner) == pytest.approx(75 / (100 - 12.5))
    ring = boxes((6, 6), ((0, 6), (0, 6)))
    ring[2:4, 2:4] = False
    assert sizing._solidity(ring) == pytest.approx(32 / 36)
    turned = boxes((10, 10), ((0, 1), (4, 6)), ((1, 2), (2, 9)))
    assert sizing._solidity(turned[:, ::-1]) == pytest.approx(sizing._solidity(turned))


def test_borders_are_the_outermost_pixels():
    """On any side."""
    assert not sizing._at_border((slice(1, 4), slice(1, 5)), (5, 6))
    for rows, columns in (((0, 4), (1, 5)), ((1, 5), (1, 5)), ((1, 4), (0, 5)), ((1, 4), (1, 6))):
        assert sizing._at_border((slice(*rows), slice(*columns)), (5, 6))


def test_what_stands_alone_is_large_whole_and_convex():
    """Its area and aspect are told; what touches at a corner only is another."""
    side = boxes((40, 60), ((2, 8), (2, 8)), ((8, 14), (8, 20)), ((20, 25), (20, 26)))
    side |= boxes((40, 60), ((30, 40), (30, 40)), ((20, 32), (40, 44)), ((28, 32), (40, 54)))
    found = sorted(sizing._convex(side, 6.0))
    assert [area for area, _ in found] == [36, 72]
    assert [aspect for _, aspect in found] == pytest.approx([1, 2], rel=0.02)
    assert len(sizing._convex(side, 5.0)) == 3


def test_regions_below_the_least_area_are_left_out():
    """Those of just as much are none; without a cut, what touches at corners is apart."""
    inside = boxes((30, 30), ((2, 8), (2, 8)), ((8, 13), (8, 13)), ((20, 26), (20, 25)))
    labels, small = sizing._labels(inside, 1.0, 5.0, False)
    assert np.unique(labels).size == 4
    assert small.tolist() == []
    labels, small = sizing._labels(inside, 1.0, 5.2, False)
    assert np.unique(labels).size == 3
    assert small.tolist() == [25]
    whole = boxes((40, 80), ((10, 30), (10, 30)), ((16, 24), (30, 34)), ((10, 30), (34, 54)))
    labels, _ = sizing._labels(whole, 1.0, 8.0, True)
    assert np.unique(labels).size == 3
    assert sizing._touching(labels).tolist() == [False, True, True]
    labels, _ = sizing._labels(whole, 1.0, 8.0, False)
    assert sizing._touching(labels).tolist() == [False, False]
    stacked = np.array([[1, 0, 2], [3, 0, 2], [0, 0, 0], [4, 0, 5]])
    assert sizing._touching(stacked).tolist() == [False, True, False, True, False, False]


@pytest.mark.parametrize("half_band", [3.0, 2.75])
def test_widths_are_sums_over_halves_of_a_band(half_band):
    """A bar is as long as it is, in either half; pixels at the rims count in part."""
    rows, columns = np.indices((21, 31))
    bar = ((columns >= 5) & (columns < 22)).astype(float)
    offset = rows - 10.0
    np.testing.assert_allclose(sizing._widths(bar, offset, half_band), [17, 17])
    one_side = bar * np.where(offset > 0, 1, np.where(offset == 0, 0.5, 0))
    left, right = sizing._widths(one_side, offset, half_band)
    assert left == pytest.approx(17 * 0.25 / half_band)
    assert right == pytest.approx(17 - left)


def test_fourfold_moment_is_that_of_squares_alone():
    """Three sevenths for a rectangle in any shear, nothing for an ellipse or a triangle."""
    x, y = (one.ravel() - 40.0 for one in np.indices((81, 81)))
    box = np.abs(y) <= 20
    assert sizing._fourfold(x[box], y[box]) == pytest.approx(3 / 7, rel=2e-3)
    turned = 0.6 * x[box] - 0.8 * y[box], 0.8 * x[box] + 0.6 * y[box]
    assert sizing._fourfold(*turned) == pytest.approx(3 / 7, rel=2e-3)
    ellipse = x**2 + 4 * y**2 <= 1600
    assert sizing._fourfold(x[ellipse], y[ellipse]) == pytest.approx(0, abs=0.02)
    triangle = (y >= -20) & (np.abs(x) <= (40 - y) / 2)
    assert sizing._fourfold(x[triangle], y[triangle]) == pytest.approx(0, abs=0.03)


def measured(rows, columns, level=50.0, outside=0.0):
    """What is found of one rectangle in the middle of its zone."""
    core = boxes((40, 50), (rows, columns))
    return sizing._measure(np.where(core, level, outside), core, np.ones_like(core))


def test_a_rectangle_is_measured_by_its_own_darkness(monkeypatch):
    """Centre, edges and area are those of its pixels, at any contrast, without an error."""
    found = measured((10, 30), (12, 34))
    assert found["centre"].tolist() == [19.5, 22.5]
    assert sorted(found["edges"]) == pytest.approx([20, 22])
    assert found["area"] == pytest.approx(440)
    assert found["edge_variance"] == pytest.approx(0)
    assert abs(math.remainder(found["angle"], math.pi / 2)) < 1e-6
    assert (found["square"], found["shape"]) == (True, "angular")
    bright = measured((10, 30), (12, 34), level=-3.0)
    assert sorted(bright["edges"]) == pytest.approx([20, 22])
    assert measured((10, 30), (12, 34), outside=1.0)["area"] > 460
    long = measured((10, 30), (8, 40))
    assert (long["square"], long["shape"]) == (False, "elongated")
    assert measured((10, 30), (8, 34))["square"]
    assert not measured((10, 30), (12, 34), outside=10.0)["square"]
    halves = iter([[20.0, 21.0], [18.0, 15.0]])
    monkeypatch.setattr(sizing, "_widths", lambda *_: next(halves))
    found = measured((10, 30), (12, 34))
    assert found["edges"].tolist() == [20.5, 16.5]
    # of two means of two, each with half the difference for an error
    assert found["edge_variance"] == pytest.approx(((1 / 2) ** 2 + (3 / 2) ** 2) / 4)


def test_all_particles_are_measured_or_counted():
    """Those at the border and those that a mask cuts have their own numbers."""
    labels = np.zeros((60, 60), int)
    labels[5:15, 5:15], labels[5:15, 15:25], labels[30:40, 30:40] = 1, 2, 3
    labels[50:60, 10:20], labels[30:40, 5:15], labels[45:55, 45:55] = 4, 5, 7
    masked = np.zeros((60, 60), bool)
    masked[35, 10] = True
    whole, cut = sizing._measure_all(1.0 * (labels > 0), labels, labels, masked)
    assert cut == {"cut_by_border": 1, "cut_by_mask": 1}
    assert [one["centre"].tolist() for one in whole] == [
        [9.5, 9.5],
        [9.5, 19.5],
        [34.5, 34.5],
        [49.5, 49.5],
    ]
    assert [one["alone"] for one in whole] == [False, False, True, True]


def of_area(area, square=True, shape="round", alone=True):
    return {"area": area, "square": square, "shape": shape, "alone": alone}


def test_single_squares_are_told_from_blocks_and_other_shapes():
    """Blocks have more than two and a half times the usual area; shapes count if alone."""
    small = [of_area(10.0), of_area(11.0), of_area(9.0)]
    for area, n_single in ((26.2, 4), (26.3, 3)):
        single, rejected, shape = sizing._judged([*small, of_area(area, alone=False)])
        assert (len(single), rejected["not_single"], shape) == (n_single, 4 - n_single, "")
    single, rejected, shape = sizing._judged(
        [*small, of_area(27, alone=False), of_area(5, False), of_area(6, False, "angular")]
        + 2 * [of_area(7, False, "angular")]
        + [of_area(7, False, alone=False)]
    )
    assert single == small
    assert (rejected, shape) == ({"not_single": 2, "not_square": 4}, "angular")
    assert sizing._judged([]) == ([], {"not_single": 0, "not_square": 0}, "")


def test_the_most_frequent_cause_is_named_with_its_remedy():
    """Of the whole particles if there are any, else of those that are cut or too small."""
    left_out = {"not_single": 3, "not_square": 4, "cut_by_border": 9, "cut_by_mask": 1}
    left_out |= {"too_small": 2}
    cause = sizing._cause(left_out, 8, "round", 3.0)
    assert cause == "4 of 8 particles are round; find_particles measures squares"
    cause = sizing._cause(left_out | {"not_single": 8}, 8, "round", 3.0)
    assert cause.startswith("all of 8 particles are in clusters that cannot be parted; spread")
    cause = sizing._cause(left_out, 0, "", 3.0)
    assert cause == "9 of 12 particles are cut by the border; enlarge the field"
    cause = sizing._cause(left_out | {"cut_by_mask": 10}, 0, "", 3.0)
    assert cause.startswith("10 of 21 particles are cut by what is masked; take an image")
    cause = sizing._cause(left_out | {"too_small": 90}, 0, "", 3.0)
    assert "smaller than a square of least_edge_nm = 3; reduce it" in cause


def test_particles_have_units_and_weights_of_the_room_they_have():
    """Boxes around turned squares, blur included, that lie clear of the border."""
    found = find_particles(drawn(4 * ["square"]))
    units = {name: one.attrs["units"] for name, one in found.data_vars.items()}
    assert units.pop("angle_deg") == "degree"
    assert units.pop("weight") == "1"
    assert {*units.values()} == {"nm"}
    np.testing.assert_allclose(found.edge_nm, (found.long_edge_nm + found.short_edge_nm) / 2)
    assert (np.abs(found.angle_deg) <= 45).all()
    turn = np.radians(found.angle_deg)
    extent = found.edge_nm * (np.abs(np.cos(turn)) + np.abs(np.sin(turn)))
    # twice the smoothing of 0.4 nm on either side
    room = (256 - (extent + 4 * 0.4) / PIXEL_NM) ** 2
    np.testing.assert_allclose(found.weight, (room.mean() / room), rtol=2e-3)
    # a zone of one pixel more would change weights by a twentieth of this
    assert found.weight.std() > 0.01


def test_least_edge_is_below_the_shorter_side():
    """In pixels of the image; as long as it is allowed."""
    counts = drawn(2 * ["square"])[:40]
    with pytest.raises(ValueError, match=r"10\.25 is 41 pixels of 0\.25 nm"):
        find_particles(counts, least_edge_nm=10.25)
    with pytest.raises(ValueError, match=r"left out|one grey"):
        find_particles(counts, least_edge_nm=10.0)


def sizes_of(edge, error=0.0, weight=1.0):
    columns = {"edge_nm": np.array(edge), "edge_err_nm": error, "weight": weight}
    full = {name: np.broadcast_to(one, len(edge)) for name, one in columns.items()}
    return xr.Dataset({name: ("particle", one) for name, one in full.items()}, attrs={"note": "so"})


def test_errors_of_few_sizes_are_those_of_textbooks():
    """Also with weights, of which the unit does not matter; units, method and notes are said."""
    edge = np.array([8.0, 9, 7, 8.5, 10])
    plain = mean_size(sizes_of(edge, 0.3))
    assert plain.mean.value == pytest.approx(edge.mean())
    assert plain.mean.std_err == pytest.approx(edge.std(ddof=1) / 5**0.5)
    spread = math.sqrt(edge.var(ddof=1) - 0.09)
    assert plain.spread.value == pytest.approx(spread)
    square = (edge - edge.mean()) ** 2 - edge.var(ddof=1)
    assert plain.spread.std_err == pytest.approx(math.sqrt((square**2).sum()) / 5 / (2 * spread))
    assert plain.count == 5
    for one in (plain.mean, plain.spread):
        assert (one.unit, one.method, one.note) == ("nm", "5 particles", "so")
    weight = np.array([1.0, 2, 3, 2, 2])
    share, effective = weight / 10, 100 / 22
    mean = share @ edge
    variance = share @ (edge - mean) ** 2 * effective / (effective - 1)
    mean_err = math.sqrt(share**2 @ (edge - mean) ** 2 * effective / (effective - 1))
    for unit in (1.0, 70.0):
        found = mean_size(sizes_of(edge, 0.3, unit * weight))
        assert (found.mean.value, found.mean.std_err) == pytest.approx((mean, mean_err))
        assert found.spread.value == pytest.approx(math.sqrt(variance - 0.09))
        fourth = math.sqrt(share**2 @ ((edge - mean) ** 2 - variance) ** 2)
        assert found.spread.std_err == pytest.approx(fourth / (2 * found.spread.value))
    lost = mean_size(sizes_of(edge, 3.0)).spread
    assert lost.std_err == pytest.approx(math.sqrt(math.sqrt((square**2).sum()) / 5))
    assert (lost.value, lost.unit, lost.method) == (0, "nm", "5 particles")
    assert lost.note == "so; within the noise of an edge"
    with pytest.raises(ValueError, match=r"^weight"):
        mean_size(sizes_of(edge, 0.3, 0.0))
