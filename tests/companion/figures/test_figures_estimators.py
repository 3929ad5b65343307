"""Tests of tptools.companion.figures.estimators."""

import numpy as np
import pytest
import xarray as xr

from tptools.companion import figures

NAMES = ["slices", "global"]


def assert_inside(figure):
    """Nothing of the figure is cut off at its edge."""
    figure.canvas.draw()  # sets the layout
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= 0
    assert drawn.x1 <= width
    assert drawn.y1 <= height


def summary(dim, values, bias=0.002):
    """A summary over one dimension and two estimators."""
    axes = {dim: values, "estimator": NAMES}
    names = ("bias", "bias_err", "spread", "spread_err", "coverage", "coverage_err")
    shape = (len(values), len(NAMES))
    return xr.Dataset({name: ((*axes,), np.full(shape, bias)) for name in names}, axes)


def marks(ax):
    """Positions of all marks of a panel."""
    none = ("None", "", "|", "_")
    points = [line.get_xydata() for line in ax.lines if line.get_marker() not in none]
    return np.concatenate(points)


def test_choices_are_rows():
    """Each row has one mark per kind of record, at truth plus bias."""
    one = summary("D_cm2_s", [0.01]).squeeze("D_cm2_s")
    figure = figures.plot_choices({"a": one, "b": one}, 0.01, (0.005, 0.015))
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == NAMES
    shown = marks(ax)
    np.testing.assert_allclose(shown[shown[:, 1] < 2][:, 0], 0.012)
    assert [[0.01, 0], [0.01, 1]] in [line.get_xydata().tolist() for line in ax.lines]
    assert ax.yaxis_inverted()
    assert_inside(figure)


def test_bias_against_counts_is_drawn_from_the_truth():
    """Each line is truth plus bias at its counts."""
    one = summary("peak_counts", [100, 1000]).isel(estimator=0)
    figure = figures.plot_bias_against_counts({"a": one}, 0.01)
    np.testing.assert_allclose(marks(figure.axes[0]), [[100, 0.012], [1000, 0.012]])
    assert [0.01, 0.01] in [[*line.get_ydata()] for line in figure.axes[0].lines]
    assert figure.axes[0].get_xscale() == "log"
    assert_inside(figure)


def test_performance_has_three_panels_in_their_units():
    """Bias and spread in 10^-3 cm2/s, coverage in percent, a bound for each D."""
    bound = xr.DataArray([0.001, 0.002], {"D_cm2_s": [0.0, 0.1]})
    figure = figures.plot_performance(summary("D_cm2_s", [0.0, 0.1]), bound)
    for ax, height in zip(figure.axes, (2, 2, 0.2), strict=True):
        assert marks(ax)[:, 1] == pytest.approx(height)
    bounds = [line for line in figure.axes[1].lines if line.get_color() == "black"]
    assert [line.get_ydata()[0] for line in bounds] == pytest.approx([1, 2])
    assert_inside(figure)


def test_photon_need_has_the_limit_on_the_right():
    """The right scale is the left one times the factor."""
    bound = xr.DataArray([0.002, 0.001], {"photons": [1e5, 4e5]})
    figure = figures.plot_photon_need(summary("photons", [1e5, 4e5]), bound, 3.29)
    figure.canvas.draw()
    left, right = figure.axes[0], figure.axes[0].child_axes[0]
    assert right.get_ylim() == pytest.approx([3.29 * y for y in left.get_ylim()])
    assert_inside(figure)


def test_detection_is_in_percent():
    """Curves in percent, limits as dotted lines."""
    axes = {"D_cm2_s": [0.01, 0.02], "estimator": NAMES}
    shares = xr.DataArray([[0.1, 0.2], [0.9, 1.0]], axes)
    limits = xr.DataArray([0.02, 0.01], {"estimator": NAMES})
    figure = figures.plot_detection(shares, limits)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    np.testing.assert_allclose(lines["global"].get_ydata(), [20, 100])
    dotted = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == ":"]
    assert dotted == [0.02, 0.01]
    assert_inside(figure)


def test_shapes_tell_what_is_out_of_range():
    """A ratio beyond the scale is a triangle at its edge with the number."""
    profile = xr.DataArray([0.0, 1.0, 0.0], {"position_nm": [-100.0, 0.0, 100.0]})
    table = summary("shape", ["a", "b"])
    table["bias"][1, 1] = -0.1
    figure = figures.plot_shapes({"a": profile, "b": profile}, table, 0.02)
    right = figure.axes[1]
    texts = [text.get_text() for text in right.texts]
    assert texts == ["−4.0"]
    low, high = right.get_ylim()
    shown = marks(right)[:, 1]
    assert ((low < shown) & (shown < high) | np.isnan(shown)).all()
    assert_inside(figure)


def test_variance_errors_pair_marks_with_lines():
    """Each simulated series has its formula in the same colour."""
    table = xr.Dataset({"fit": ("n", [2.0, 1.0]), "fit formula": ("n", [2.1, 1.1])}, {"n": [1, 4]})
    figure = figures.plot_variance_errors({"photons": table, "other": table})
    for ax in figure.axes:
        simulated, formula = ax.lines
        assert simulated.get_color() == formula.get_color()
        np.testing.assert_allclose(formula.get_ydata(), [2.1, 1.1])
    assert_inside(figure)
