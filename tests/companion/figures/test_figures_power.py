"""Tests of tptools.companion.figures.power and tptools.companion.figures.axes."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from tptools.companion import figures
from tptools.companion.figures.axes import (
    colour_bar,
    draw_by_power,
    draw_displacements,
    set_broken_axis,
    set_log,
)


@pytest.fixture
def series():
    """Six records of three series, as of measure_series."""
    value = np.array([[0.01, 0.02, 0.03, 0.04, 0.05, 0.06], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]])
    return xr.Dataset(
        {name: (("estimator", "record"), scale * value) for name, scale in
         (("value", 1), ("scatter", 0.1))},
        {
            "estimator": ["slices", "global"],
            "power_nW": ("record", [0.5, 1.0, 5.0, 5.0, 10.0, 25.0]),
            "rep_rate_MHz": ("record", [1.0, 2.0, 1.0, 20.0, 5.0, 5.0]),
            "disc_excitation_density": ("record", [0.02, 0.02, 0.1, 0.005, 0.04, 0.1]),
            "series": ("record", ["rate"] * 2 + ["constant power"] * 2 + ["fluence"] * 2),
        },
    )  # fmt: skip


def scattered(ax):
    """Points of all scatters in an axes, sorted."""
    clouds = [one for one in ax.collections if isinstance(one, PathCollection)]
    return sorted(tuple(map(float, xy)) for one in clouds for xy in one.get_offsets())


def marked(ax):
    """Points of all lines with marks, sorted."""
    lines = [line for line in ax.lines if line.get_marker() in tuple("oDs^")]
    return sorted(tuple(map(float, xy)) for line in lines for xy in line.get_xydata())


def test_broken_axis_is_linear_then_logarithmic():
    """Equal steps are equally long below the turn, equal ratios beyond, and both meet smoothly."""
    ax = Figure().subplots()
    set_broken_axis(ax, 10, [0, 10, 40])
    place = ax.xaxis.get_transform().transform
    below, beyond = place(np.array([0.0, 5, 10])), place(np.array([10.0, 20, 40]))
    assert np.diff(below) == pytest.approx([0.5, 0.5])
    assert np.diff(beyond) == pytest.approx([np.log(2)] * 2)
    assert place(10.001) - place(10.0) == pytest.approx(place(10.0) - place(9.999), rel=1e-3)
    values = np.array([-1.0, 3, 10, 55])
    assert ax.xaxis.get_transform().inverted().transform(place(values)) == pytest.approx(values)


def test_every_condition_is_drawn_at_its_power(series):
    """Both panels hold each record once, at its power and D."""
    slices, likelihood = figures.plot_against_power(series).axes[:2]
    for ax, method in ((slices, "slices"), (likelihood, "global")):
        one = series.value.sel(estimator=method).values
        expected = sorted(zip(series.power_nW.values, one, strict=True))
        np.testing.assert_allclose(scattered(ax), expected)


def test_rate_and_density_have_every_condition(series):
    """The two panels differ in the abscissa only."""
    left, right = figures.plot_rate_and_density(series).axes[:2]
    one = series.value.sel(estimator="global").values
    for ax, along in ((left, "rep_rate_MHz"), (right, "disc_excitation_density")):
        np.testing.assert_allclose(
            scattered(ax), sorted(zip(series[along].values, one, strict=True))
        )


def test_varied_and_constant_show_both_methods(series):
    """Every D of both methods is drawn against what was varied."""
    displacement = {"a": xr.Dataset({"growth_nm2": ("time_ns", np.arange(24.0))},
                                    {"time_ns": np.arange(24) / 8})}  # fmt: skip
    varied = figures.plot_varied(displacement, series, "power_nW", "power (nW)").axes[1]
    assert len(marked(varied)) == 12
    assert [ax.get_title(loc="left") for ax in varied.figure.axes] == ["a", "b"]


def test_constant_power_has_a_panel_for_each_film(series):
    """Each film has both methods at its rates, and what it reads without noise at all of them."""
    rates = {"rep_rate_MHz": ("laser", [1.0, 2.0, 20.0])}
    clean = xr.Dataset({"diffusivity_cm2_s": ("laser", [0.3, 0.2, 0.1])}, rates)
    figure = figures.plot_constant_power(
        {"one": series, "two": series}, dict.fromkeys(["one", "two"], clean)
    )
    for ax, title in zip(figure.axes, ["one", "two"], strict=True):
        assert ax.get_title() == title
        assert len(marked(ax)) == 12
        (line,) = [line for line in ax.lines if line.get_label() == "slices, no noise"]
        assert line.get_xydata().tolist() == [[1, 0.3], [2, 0.2], [20, 0.1]]


def test_displacements_of_films_share_their_colours():
    """A rate has one colour in both panels, though one of them lacks some."""
    one = xr.Dataset({"growth_nm2": ("time_ns", np.arange(24.0))}, {"time_ns": np.arange(24.0)})
    films = {"a": {"1 MHz": one, "5 MHz": one, "20 MHz": one}, "b": {"20 MHz": one}}
    left, right = figures.plot_displacements(films).axes
    assert right.containers[0].lines[0].get_color() == left.containers[2].lines[0].get_color()
    assert left.containers[0].lines[0].get_color() != left.containers[2].lines[0].get_color()


def test_points_are_moved_sideways_by_what_is_drawn_and_not_by_their_values(series):
    """A shift moves points on the page by as many points, and no value on the axis."""
    figure = Figure()
    ax = figure.subplots()
    one = series.sel(estimator="global")
    still, moved = (draw_by_power(ax, one["power_nW"], one, shift_pt=pt) for pt in (0, 36))
    np.testing.assert_array_equal(still.get_offsets(), moved.get_offsets())
    value = ax.transData.transform((5, 0.3))
    for points, shift in ((still, 0), (moved, figure.dpi / 2)):
        place = points.get_offset_transform().transform((5, 0.3))
        assert place - value == pytest.approx([shift, 0])


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        ((0.4, 40), "0.5 1 2 5 10 20"),
        ((2e-3, 0.3), "0.01 0.1"),
        ((1.5, 7), "2 5"),
        ((1e-3, 2e3), "0.001 0.01 0.1 1 10 100 1000"),
        ((2e-4, 20), "10^{-3} 10^{-2} 10^{-1} 10^{0} 10^{1}"),
        ((0.2, 2e4), "10^{0} 10^{1} 10^{2} 10^{3} 10^{4}"),
    ],
)
def test_logarithmic_axes_have_plain_numbers(span, labels):
    """Numbers stand at 1, 2 and 5 where they have room, and at powers of ten elsewhere.

    Those far from one are written as powers.
    """
    figure = Figure()
    ax = figure.subplots()
    ax.plot(span, span)
    set_log(ax)
    ax.set_xlim(*span)
    figure.draw_without_rendering()
    low, high = span
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    texts = [text.get_text() for x, text in ticks if low <= x <= high]
    assert [re.sub(r"\$\\mathdefault{(.*)}\$", r"\1", text) for text in texts] == labels.split()
    assert not any(text.get_text() for text in ax.get_xticklabels(minor=True))


@pytest.mark.parametrize(("high", "count"), [(900, 9), (1000, 4)])
def test_upright_axis_has_room_for_nine_numbers(high, count):
    """As many at 1, 2 and 5 as there are up to nine; of more, powers of ten alone."""
    ax = Figure().subplots()
    ax.set_ylim(1, high)
    set_log(ax, "y")
    assert sum(1 <= tick <= high for tick in ax.get_yticks()) == count


def test_displacements_are_averaged():
    """Twelve points make one, at their mean time and mean value, with the error of that mean."""
    ax = Figure().subplots()
    one = xr.Dataset(
        {"growth_nm2": ("time_ns", 1e3 * np.arange(24.0))}, {"time_ns": np.arange(24.0)}
    )
    draw_displacements(ax, {"": one})
    assert marked(ax) == [(5.5, 5.5), (17.5, 17.5)]
    (bars,) = ax.containers[0].lines[2]
    ends = np.array(bars.get_segments())[:, :, 1]
    np.testing.assert_allclose(np.ptp(ends, axis=1) / 2, np.arange(12).std() / 12**0.5)


def test_trials_have_one_panel_each(series):
    """Each film has its panel with all its records."""
    figure = figures.plot_trials(dict.fromkeys("abcde", series))
    assert [ax.get_title() for ax in figure.axes[:5]] == [*"abcde"]
    assert all(len(marked(ax)) == 6 for ax in figure.axes[:5])


def test_colour_bar_is_beside_its_points(series):
    """The scale is drawn in the figure of the points, whatever other figure is the current one."""
    figure = Figure()
    ax = figure.subplots()
    points = draw_by_power(ax, series["power_nW"], series.sel(estimator="global"))
    other = plt.figure()
    colour_bar(points, ax)
    assert len(figure.axes) == 2
    assert other.axes == []
