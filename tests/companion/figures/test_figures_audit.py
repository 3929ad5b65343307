"""Tests of tptools.companion.figures.audit."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from tptools.companion import figures


def curve(factor):
    """Three points of a falling curve, times a factor, each known to a tenth."""
    value = factor * np.array([0.1, 0.05, 0.01])
    coords = {"time_between_excitations_us": ("period_us", [1.0, 5.0, 25.0])}
    return xr.Dataset({"value": ("period_us", value), "std_err": ("period_us", value / 10)}, coords)


def test_variants_are_divided_by_their_reference():
    """On the right the reference lies at one without a bar, the others at their ratio."""
    left, right = figures.plot_variants({"a": curve(1.0), "b": curve(1.5)}, "a").axes
    first, second = right.containers
    assert first.lines[0].get_ydata() == pytest.approx([1, 1, 1])
    assert first.lines[2] == () or not first.has_yerr
    assert second.lines[0].get_ydata() == pytest.approx([1.5, 1.5, 1.5])
    (bars,) = second.lines[2]
    assert np.diff(bars.get_segments()[0][:, 1]) == pytest.approx(2 * 1.5 * np.hypot(0.1, 0.1))
    assert [text.get_text() for text in left.get_legend().get_texts()] == ["a", "b"]
    assert left.get_xticks() == pytest.approx([1, 5, 25])


def test_approach_names_periods():
    """Each period has its own points, named in ns, beside a line at one."""
    block = xr.Dataset(
        {"relative": ("pulse", [0.5, 1.0]), "relative_err": ("pulse", [0.1, 0.1])},
        {"pulse": [50, 150]},
    )
    (ax,) = figures.plot_approach({0.05: block, 0.2: block}).axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["50 ns", "200 ns"]
    assert ax.containers[0].lines[0].get_ydata() == pytest.approx([0.5, 1.0])


def test_growth_is_relative_to_one_nanosecond():
    """Straight growth lies on the dashed line, whatever its slope, and its bars vanish."""
    time_ns = np.array([0.0, 1.0, 2.0, 3.0])
    slopes = np.array([[100.0], [300.0]])
    msd = xr.DataArray(slopes * time_ns, {"time_ns": time_ns}, dims=("train", "time_ns"))
    axes = figures.plot_growth({"one": {"a": msd}, "two": {"a": 2 * msd}}).axes
    assert [ax.get_title() for ax in axes] == ["one", "two"]
    for ax in axes:
        line, _, (bars,) = ax.containers[0].lines
        assert line.get_ydata() == pytest.approx(time_ns)
        assert np.ptp(bars.get_segments()[2][:, 1]) == pytest.approx(0)
    bent = msd + np.array([[0.0], [60.0]]) * (time_ns == 2)
    figure = figures.plot_growth({"one": {"a": bent}})
    plt.close(figure)
    (ax,) = figure.axes
    _, _, (bars,) = ax.containers[0].lines
    # of 2 and 2.2 the standard error is half of their distance
    assert np.ptp(bars.get_segments()[2][:, 1]) == pytest.approx(2 * 0.1)
