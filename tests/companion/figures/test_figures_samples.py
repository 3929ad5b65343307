"""Tests of tptools.companion.figures.samples."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from tptools import fitting
from tptools.companion import figures, reagents
from tptools.companion.paper import REPORTED
from tptools.instruments import ElectronMicroscope, ForceMicroscope, Nanocrystals, Topography


@pytest.fixture(scope="module")
def micrograph():
    """A small image, what was found in it, and its sizes."""
    microscope = ElectronMicroscope(n_pixels=400)
    image = microscope.measure(Nanocrystals(), seed=1)
    particles = fitting.find_particles(image.counts)
    return image.counts, particles, fitting.mean_size(particles)


@pytest.fixture(scope="module")
def scanned():
    """A small topography and its step."""
    microscope = ForceMicroscope(n_pixels=200)
    scan = microscope.measure(Topography(), seed=1)
    return scan, fitting.fit_step(scan.height_nm)


def words(figure):
    """Everything that is written in a figure."""
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def assert_inside(figure):
    """Nothing of the figure is cut off at its edge."""
    figure.canvas.draw()  # sets the layout
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


def test_micrograph_outlines_every_particle_and_counts_them(micrograph):
    """One square per particle where it was found; the bars hold all of them."""
    counts, particles, sizes = micrograph
    figure = figures.plot_micrograph(counts, particles, sizes, detail_nm=40)
    _, detail, histogram = figure.axes
    squares = np.array([patch.get_xy()[:4].mean(axis=0) for patch in detail.patches])
    found = np.column_stack([particles.x_nm, particles.y_nm])
    np.testing.assert_allclose(squares, found, atol=1e-9)
    sides = [np.hypot(*np.diff(patch.get_xy()[:2], axis=0)[0]) for patch in detail.patches]
    np.testing.assert_allclose(sides, particles.edge_nm)
    assert sum(bar.get_height() for bar in histogram.patches) == sizes.count
    assert np.ptp(detail.get_xlim()) == pytest.approx(40)
    assert "50 nm" in words(figure)
    assert_inside(figure)


def test_topography_shows_the_line_before_and_after(scanned):
    """The profile is the marked line, raw and levelled, and the thickness is written."""
    scan, step = scanned
    figure = figures.plot_topography(scan, step, line=20)
    image, profile, heights = figure.axes[:3]
    assert image.lines[0].get_ydata()[0] == pytest.approx(float(scan.y_nm[20]) / 1e3)
    raw, levelled = (line.get_ydata() for line in profile.lines)
    np.testing.assert_allclose(levelled, step.levelled[20])
    np.testing.assert_allclose(np.diff(raw), np.diff(scan.height_nm[20]))
    assert heights.lines[0].get_xdata()[0] == step.thickness.value
    assert str(step.thickness) in words(figure)
    assert_inside(figure)


def test_recipes_show_every_reading():
    """Each reading is a mark at its relative difference, and second readings carry their names."""
    amounts = reagents.amounts()
    reported = [REPORTED[claim] for claim in amounts]
    figure = figures.plot_recipes(reported, amounts)
    (ax,) = figure.axes
    marks = [line for line in ax.lines if line.get_marker() in "os"]
    drawn = sorted((float(line.get_ydata()[0]), float(line.get_xdata()[0])) for line in marks)
    wanted = sorted(
        (row, 100 * (value / one.value - 1))
        for row, one in enumerate(reported)
        for value in amounts[one.claim].values()
    )
    np.testing.assert_allclose(drawn, wanted)
    assert words(figure).count("as labelled") == 4
    assert "toluene alone" in words(figure)
    assert_inside(figure)


def test_recipe_labels_stay_inside_the_axes():
    """No name of a reading runs over the labels of the rows, or over its mark."""
    amounts = reagents.amounts()
    figure = figures.plot_recipes([REPORTED[claim] for claim in amounts], amounts)
    figure.canvas.draw()
    (ax,) = figure.axes
    frame = ax.get_window_extent()
    for text in ax.texts:
        assert frame.x0 <= text.get_window_extent().x0
        assert text.get_window_extent().x1 <= frame.x1
        mark, _ = ax.transData.transform(text.xy)
        assert not text.get_window_extent().x0 <= mark <= text.get_window_extent().x1


def test_shells_have_one_panel_per_reading():
    """Every number of cycles is a line in every panel, with the growth it is compared to."""
    axes = {"reading": ["one", "other"], "cycles": [4, 8], "volume_mL": [1.0, 10.0]}
    shells = xr.DataArray(np.arange(1.0, 9.0).reshape(2, 2, 2), axes, dims=[*axes])
    figure = figures.plot_shells(shells, 0.1)
    for panel, reading in zip(figure.axes, ["one", "other"], strict=True):
        assert panel.get_title() == reading
        curves, levels = panel.lines[::2], panel.lines[1::2]
        for cycles, curve, level in zip([4, 8], curves, levels, strict=True):
            np.testing.assert_allclose(
                curve.get_ydata(), shells.sel(reading=reading, cycles=cycles)
            )
            assert level.get_ydata()[0] == pytest.approx(0.1 * cycles)
    assert_inside(figure)


def test_densities_show_lines_bands_and_what_is_printed():
    """A line per label, a band where there are bounds, and both printed ranges."""
    thickness = np.array([0.0, 50.0, 100.0])
    bounds = xr.DataArray(
        np.outer([1, 2, 3], thickness) / 1e3,
        {"bound": ["low", "middle", "high"], "thickness_nm": thickness},
        dims=["bound", "thickness_nm"],
    )
    plain = xr.DataArray(thickness / 100, {"thickness_nm": thickness})
    figure = figures.plot_densities({"a": plain, "b": bounds}, (30, 40), (0.01, 0.07))
    (ax,) = figure.axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), plain)
    np.testing.assert_allclose(ax.lines[1].get_ydata(), bounds.sel(bound="middle"))
    assert len(ax.collections) == 1
    assert [round(x) for x in ax.patches[0].get_bbox().intervalx] == [30, 40]
    assert ax.patches[1].get_bbox().intervaly == pytest.approx([0.01, 0.07])
    assert_inside(figure)
