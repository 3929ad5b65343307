"""Tests of tptools.fitting.particles against the truth of simulated images, and plain geometry."""

import math
import time

import numpy as np
import pytest
import xarray as xr
from scipy.spatial import cKDTree

from tptools.fitting import find_particles, mean_size
from tptools.instruments import (
    ElectronMicroscope,
    Nanocrystals,
    electron_microscope,
)

N_IMAGES = 8


def matched(image, particles):
    """True edge of the crystal nearest to each particle, and the distance to it."""
    tree = cKDTree(np.column_stack([image.true_x_nm, image.true_y_nm]))
    distance, index = tree.query(np.column_stack([particles.x_nm, particles.y_nm]))
    return image.true_edge_nm.values[index], distance, index


@pytest.fixture(scope="module")
def sized():
    """Eight images with what was found in them."""
    microscope = ElectronMicroscope()
    images = [microscope.measure(Nanocrystals(specimen=k), seed=k) for k in range(N_IMAGES)]
    return [(image, find_particles(image.counts)) for image in images]


def test_more_than_two_hundred_are_found_each_once(sized):
    """At least 97 % of the whole crystals are found, none twice, and each where it is."""
    whole = not_single = 0
    for image, particles in sized:
        _, distance, index = matched(image, particles)
        assert particles.sizes["particle"] > 200
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
        assert abs(np.mean(pulls)) < 0.5 + 4 / math.sqrt(N_IMAGES)
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
    """A full-size image, processor time, best of three."""
    times = []
    for image, _ in sized[:3]:
        start = time.process_time()
        find_particles(image.counts)
        times.append(time.process_time() - start)
    assert min(times) < 2


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
