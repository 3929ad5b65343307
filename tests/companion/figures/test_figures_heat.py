"""Tests of tptools.companion.figures.heat."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.artist import getp

from tptools.companion import figures
from tptools.heat import (
    FUSED_SILICA,
    HeatedFilm,
    centre_temperature,
    heat_accumulation,
    temperature,
)

FILM = HeatedFilm(5, 35, 1e-7)
ON_QUARTZ = HeatedFilm(math.inf, 35, 1e-7, substrate=FUSED_SILICA)


def lines(ax):
    """Lines with a label of their own, by label."""
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize("log", [False, True])
def test_cooling_shows_curves_and_marks(log):
    """Lines and points have the values they are given; levels and periods are marked.

    Axes are linear by default.
    """
    curve, marks = (centre_temperature(FILM, times) for times in ([1, 10, 100], [5, 50]))
    curves = {name: curve / k for k, name in enumerate("acdef", 1)}
    marked = {"levels": [0.3], "periods_ns": {"f": 40}}
    figure = figures.plot_cooling(curves, {"b": marks}, log=log, **marked)
    (ax,) = figure.axes
    np.testing.assert_allclose(lines(ax)["a"].get_ydata(), curve)
    np.testing.assert_allclose(lines(ax)["b"].get_xdata(), [5, 50])
    assert {text.get_text() for text in ax.texts} == {"30 %", "f"}
    others = [line for line in ax.lines if line.get_label().startswith("_")]
    assert [list(others[0].get_ydata()), list(others[1].get_xdata())] == [[0.3] * 2, [40] * 2]
    assert ax.get_xscale() == ("log" if log else "linear")
    plain = figures.plot_cooling({"a": curve})
    assert plain.axes[0].get_xscale() == "linear"
    plt.close(plain)


def test_field_is_drawn_on_both_sides():
    """There is one map for each film and time, a mirror image of itself, hottest in the middle."""
    fields = {
        name: temperature(film, [0, 10], cells=(20, 4))
        for name, film in {"in": FILM, "on": ON_QUARTZ}.items()
    }
    figure = figures.plot_heat_field(fields, radius_um=1)
    maps = [ax for ax in figure.axes if ax.collections and ax.get_label() != "<colorbar>"]
    assert len(maps) == 4
    assert [ax.get_title() for ax in maps[:2]] == ["at the pulse", "10 ns"]
    values = maps[0].collections[0].get_array().reshape(5, -1)
    np.testing.assert_allclose(values, values[:, ::-1])
    assert values[0].argmax() == values.shape[1] // 2
    np.testing.assert_allclose(values.max(), 1)
    assert all(ax.yaxis_inverted() for ax in maps)
    three = figures.plot_heat_field(dict.fromkeys("abc", fields["in"]), radius_um=1)
    plt.close(three)
    assert [bool(ax.get_xlabel()) for ax in three.axes[:6]] == [False] * 4 + [True] * 2


def test_cooling_times_leave_out_what_is_never_reached():
    """One panel for each fraction; an infinite time is no point."""
    coords = {"fraction": [0.5, 0.05], "thermal_diffusivity_m2_s": [1e-7, 2e-7]}
    times = xr.DataArray([[20.0, 10.0], [np.inf, 80.0]], coords)
    axes = figures.plot_cooling_times({"a": times, "b": 2 * times}, {"band": (1, 10)}).axes
    assert [ax.get_title() for ax in axes] == ["down to 50 %", "down to 5 %"]
    np.testing.assert_allclose(lines(axes[0])["a"].get_xydata(), [[1, 20], [2, 10]])
    assert np.isfinite(lines(axes[1])["a"].get_ydata()).tolist() == [False, True]


def test_steps_show_every_row():
    """Every row of a table is one point with its bar, in the colour and shape of its table."""
    table = xr.Dataset(
        {
            "temperature_step_K": ("row", [0.01, 0.02, 0.04]),
            "std_err_K": ("row", [0.001, 0.002, 0.004]),
            "fluence_uJ_cm2": ("row", [0.1, 0.2, 0.4]),
        },
        {"table": ("row", ["S1", "S1", "S2"])},
    )
    (ax,) = figures.plot_temperature_steps(table, 0.01).axes
    sizes = {box.get_label(): len(box.lines[0].get_xdata()) for box in ax.containers}
    assert sizes == {"Table S1": 2, "Table S2": 1}
    for look in ("color", "marker"):
        assert len({getp(box.lines[0], look) for box in ax.containers}) == 2


def test_heat_accumulation_starts_at_the_second_pulse():
    """Before the first pulse nothing is left, which no logarithmic axis can show."""
    left = heat_accumulation(FILM, 400, 50)
    (ax,) = figures.plot_heat_accumulation({"a": left}).axes
    drawn = lines(ax)["a"].get_xydata()
    np.testing.assert_allclose(drawn[[0, -1]], [[2, left[1]], [50, left[-1]]])


def test_pulse_heating_shows_every_rate():
    """Each rate is one point of its line."""
    left = xr.DataArray([0.01, 0.2], {"rep_rate_MHz": [2.5, 40]})
    (ax,) = figures.plot_pulse_heating({"a": left}).axes
    np.testing.assert_allclose(lines(ax)["a"].get_xydata(), [[2.5, 0.01], [40, 0.2]])
