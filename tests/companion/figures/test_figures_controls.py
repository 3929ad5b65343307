"""Tests of tptools.companion.figures.controls."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.container import ErrorbarContainer

from tptools.companion import figures

POWERS = [1.5, 6.0, 1.5]
EXPECTED = xr.DataArray([0.02, 0.06, 0.1], {"power_nW": [1.5, 6.0, 10.0]}, ["power_nW"])


def series(factor=1.0):
    """Three records by two methods, each with a value of its own."""
    value = factor * np.array([[0.01, 0.05, 0.012], [0.008, 0.04, 0.009]])
    return xr.Dataset(
        {
            "value": (("estimator", "record"), value),
            "scatter": (("estimator", "record"), value / 10),
        },
        {
            "estimator": ["slices", "global"],
            "power_nW": ("record", POWERS),
            "temperature_K": ("record", [100.0, 200.0, 295.0]),
        },
    )


def bars(ax):
    """Points of every series with error bars, by label."""
    boxes = [one for one in ax.containers if isinstance(one, ErrorbarContainer)]
    return {box.get_label(): box.lines[0].get_xydata() for box in boxes}


def test_repeats_show_every_run_in_order():
    """Run k is at k, with its value, its power in colour and beside it."""
    one = series()
    figure = figures.plot_repeats(one, EXPECTED)
    for ax, method in zip(figure.axes[:2], ["slices", "global"], strict=True):
        points = ax.collections[-1]
        value = one.value.sel(estimator=method)
        np.testing.assert_allclose(points.get_offsets(), np.c_[[1, 2, 3], value])
        np.testing.assert_allclose(points.get_array(), POWERS)
        assert [text.get_text() for text in ax.texts] == ["1.5", "6", "1.5"]
        assert ax.get_title() == method


def test_redraws_fall_around_what_is_expected():
    """Bands of the slices are as high as two scatters, around what is read without noise."""
    one = series()
    figures_of = (figures.plot_repeats(one, EXPECTED), figures.plot_filters(one, one, EXPECTED))
    for figure in figures_of:
        left, right = figure.axes[:2]
        assert [box.get_y() + box.get_height() / 2 for box in left.patches] == pytest.approx(
            [0.02, 0.06, 0.02]
        )
        heights = [box.get_height() for box in left.patches]
        assert heights == pytest.approx(2 * one.scatter.sel(estimator="slices").values)
        assert list(right.patches) == []


def test_filters_show_both_series():
    """Both series are in both panels, beside the same power and a line at zero, as they are."""
    natural, constant = series(), series(1.2)
    figure = figures.plot_filters(natural, constant, EXPECTED)
    for ax, method in zip(figure.axes, ["slices", "global"], strict=True):
        drawn = list(bars(ax).values())
        for points, one in zip(drawn, (natural, constant), strict=True):
            np.testing.assert_allclose(points[:, 1], one.value.sel(estimator=method))
            np.testing.assert_allclose(points[:, 0], POWERS, atol=0.1)
        assert [0, 0] in [[*line.get_ydata()] for line in ax.lines]


@pytest.mark.parametrize("share", [True, False])
def test_temperatures_show_every_condition(share):
    """Each panel has its series, at its temperatures, and a scale of its own only if asked."""
    films = {"a": series().sel(estimator="slices"), "b": series(2.0).sel(estimator="slices")}
    figure = figures.plot_temperatures({"one": films, "two": {"a": films["a"]}}, share=share)
    first, second = figure.axes
    for label, points in bars(first).items():
        np.testing.assert_allclose(points[:, 1], films[label].value)
        np.testing.assert_allclose(points[:, 0], [100, 200, 295], atol=5)
    np.testing.assert_allclose(bars(second)["a"][:, 0], [100, 200, 295])
    assert (first.get_ylim() == second.get_ylim()) == share


def test_forgetting_shows_means_over_trains():
    """A point is the mean over trains, its bar their standard error."""
    left = xr.DataArray([[1.0, 0.2], [1.0, 0.4]], {"time_us": [0.0, 3.0]}, ("train", "time_us"))
    (ax,) = figures.plot_forgetting({"film": left}).axes
    (box,) = ax.containers
    np.testing.assert_allclose(box.lines[0].get_xydata(), [[0, 1], [3, 0.3]])
    (low, high) = box.lines[2][0].get_segments()[1][:, 1]
    assert high - low == pytest.approx(2 * 0.1)
