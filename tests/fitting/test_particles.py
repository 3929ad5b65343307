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
    with pytest.raises(ValueError, match="particles = 'grey'"):
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
