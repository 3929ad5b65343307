"""Tests of tptools.companion.figures.surfaces."""

import numpy as np
import pytest
import scipy.stats
import xarray as xr
from matplotlib.colors import to_rgba

from tptools.companion import figures
from tptools.companion.figures import surfaces

FILMS = ["a", "b", "c"]


def series():
    """Four records of two films by two methods."""
    value = np.array([[0.01, 0.05, 0.02, 0.03], [0.02, 0.06, 0.01, 0.04]])
    return xr.Dataset(
        {
            "value": (("estimator", "record"), value),
            "scatter": (("estimator", "record"), value / 5),
        },
        {
            "estimator": ["slices", "global"],
            "film": ("record", ["a", "a", "c", "c"]),
            "power_nW": ("record", [1.0, 25.0, 1.0, 5.0]),
        },
    )


def test_schemes_are_to_scale():
    """Crystals have their edge and distance, shells their thickness; all lie on a support."""
    films = {
        "w": (10.0, 0.0, "ligands"),
        "x": (10.0, 0.0, "layer"),
        "y": (10.0, 0.0, "zwitterions"),
        "z": (11.0, 0.8, "shells"),
    }
    figure = figures.plot_surface_schemes(films, 8.0, 10.0)
    for ax, (name, (spacing, shell, kind)) in zip(figure.axes, films.items(), strict=True):
        by_colour = {
            colour: [p for p in ax.patches if p.get_facecolor() == to_rgba(colour)]
            for colour in (surfaces._CRYSTAL, surfaces._ALUMINA)
        }
        crystals, alumina = by_colour.values()
        support = ax.patches[0].get_bbox()
        assert support.x0 < min(p.get_x() for p in crystals + alumina)
        assert support.x1 > max(p.get_x() + p.get_width() for p in crystals + alumina)
        assert support.y1 <= min(p.get_y() for p in crystals + alumina)
        assert ax.get_title() == name
        assert len(crystals) == 10
        assert {p.get_width() for p in crystals} == {8.0}
        assert np.unique([p.get_x() for p in crystals]) == pytest.approx(spacing * np.arange(5) - 4)
        assert len(alumina) == {"layer": 1, "shells": 10}.get(kind, 0)
        if kind == "shells":
            assert {p.get_width() for p in alumina} == {8.0 + 2 * shell}
        if kind == "layer":
            (block,) = alumina
            assert block.get_y() + block.get_height() == pytest.approx(10 + 4 + 10)


@pytest.mark.parametrize("turn", [10.0, None])
def test_films_are_drawn_at_their_conditions(turn):
    """Every record is at its condition and value, in the colour of its power."""
    one = series()
    figure = figures.plot_by_film(one, "power_nW", "power (nW)", turn, [1, 10, 25], FILMS)
    for ax, method in zip(figure.axes[:2], ["slices", "global"], strict=True):
        clouds = [c for c in ax.collections if c.get_array() is not None]
        drawn = np.concatenate([c.get_offsets() for c in clouds])
        np.testing.assert_allclose(drawn, np.c_[one.power_nW, one.value.sel(estimator=method)])
        powers = np.concatenate([c.get_array() for c in clouds])
        np.testing.assert_allclose(powers, one.power_nW)
        assert ax.get_xscale() == ("log" if turn is None else "function")


def test_a_film_keeps_its_marker():
    """The legend names the films that are drawn, with the markers of the whole list."""
    figure = figures.plot_by_film(series(), "power_nW", "", None, [1], FILMS)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "c"]
    markers = [line.get_marker() for line in legend.get_lines()]
    assert markers == [surfaces._MARKERS[0], surfaces._MARKERS[2]]


def test_displacements_have_a_panel_each():
    """Each film has its panel and the line of its D: 0.1 cm2/s is 60 000 nm2 at 3 ns."""
    time = np.arange(0, 6, 0.032)
    msd = xr.Dataset({"growth_nm2": ("time_ns", 2e4 * time)}, {"time_ns": time})
    names = list("uvwxyz")
    found = dict.fromkeys(names, 0.1)
    figure = figures.plot_displacements_by_film(dict.fromkeys(names, msd), found)
    assert [ax.get_title()[-1] for ax in figure.axes] == names
    for ax in figure.axes:
        ends = [line.get_xydata() for line in ax.lines if line.get_color() == "k"]
        np.testing.assert_allclose(ends, [[[0, 0], [3, 60]]])
        points = ax.containers[0].lines[0].get_xydata()
        np.testing.assert_allclose(points[:, 1], 20 * points[:, 0])


def test_bars_stand_at_their_films():
    """Each method has a bar for each film, and a mark at what can be told from zero."""
    one = series().isel(record=[0, 2])
    (ax,) = figures.plot_bars_by_film(one).axes
    boxes = [c for c in ax.containers if hasattr(c, "patches")]
    for box, method in zip(boxes, ["slices", "global"], strict=True):
        heights = [patch.get_height() for patch in box.patches]
        np.testing.assert_allclose(heights, one.value.sel(estimator=method))
        centres = [patch.get_x() + patch.get_width() / 2 for patch in box.patches]
        np.testing.assert_allclose(centres, [0, 1], atol=0.4)
    marks = [c for c in ax.collections if c.get_linestyle()[0][1] is not None]
    heights = [segment[0, 1] for c in marks for segment in c.get_segments()]
    beyond = scipy.stats.norm.isf(0.05)  # one in twenty, where nothing moves
    np.testing.assert_allclose(heights, beyond * one.scatter.values.ravel(), rtol=1e-3)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "c"]
