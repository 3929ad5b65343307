"""Tests of tptools.companion.figures.relaxation."""

import numpy as np
import pytest
import xarray as xr

from tptools.companion import figures
from tptools.fitting import fit_relaxation, relaxation_curve


@pytest.fixture
def series():
    """Exact exponentials by two methods."""
    time_us = 48.0 / np.array([0.5, 1, 2, 4, 8, 16])
    value = [relaxation_curve(time_us, 0.01, a, 6.0) for a in (0.14, 0.1)]
    return xr.Dataset(
        {"value": (("estimator", "record"), value), "scatter": (("estimator", "record"), value)},
        {
            "estimator": ["slices", "global"],
            "disc_time_between_excitations_us": ("record", time_us),
        },
    )


def test_mirrored_axis_is_power(series):
    """The upper axis has the power that goes with each time, and the legend the fitted equation."""
    fits = {
        m: fit_relaxation(series.disc_time_between_excitations_us, series.value.sel(estimator=m))
        for m in ("slices", "global")
    }
    figure = figures.plot_measured_relaxation(series, fits, 48.0)
    ax = figure.axes[0]
    inset, mirror = ax.child_axes
    to_power = mirror._functions[0]
    assert to_power(np.array([96.0, 3.0])) == pytest.approx([0.5, 16.0])
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts[0] == "slices: $D$ = 0.010 + 0.140 exp(−$T$ / 6.0 µs) cm²/s"
    curves = [line for line in ax.lines if line.get_label() in texts]
    assert len({line.get_color() for line in curves}) == 2
    assert inset.get_xlim()[1] < ax.get_xlim()[1]


def test_a_limit_below_zero_has_a_minus(series):
    """The sign is a minus, as on the axes."""
    times_us, values = series.disc_time_between_excitations_us, series.value - 0.02
    fits = {m: fit_relaxation(times_us, values.sel(estimator=m)) for m in ("slices", "global")}
    (legend,) = figures.plot_measured_relaxation(series, fits, 48.0).legends
    assert legend.get_texts()[0].get_text().startswith("slices: $D$ = −0.010 + 0.140")


def test_calibration_is_relative_to_its_targets():
    """A model that meets a target is drawn at one, and the wanted curve has the wanted numbers."""
    targets = {"limit_cm2_s": 0.01, "highest_cm2_s": 0.1, "tau_us": 6.0}
    tried = xr.Dataset(
        {name: ("model", [wanted / 2, wanted]) for name, wanted in targets.items()}
        | {"diffusivity_cm2_s": ("laser", [0.1, 0.01])},
        {"disc_time_between_excitations_us": ("laser", [2.0, 50.0]), "model": [0, 1]},
    )
    left, right = figures.plot_calibration(tried, targets).axes
    assert left.lines[0].get_ydata() == pytest.approx([0.5, 1.0])
    assert [one.is_integer() for one in left.get_xticks()] == [True] * left.get_xticks().size
    time_us, D = right.lines[1].get_xydata().T
    assert relaxation_curve(time_us, 0.01, 0.09 * np.exp(2 / 6), 6.0) == pytest.approx(D)
    assert D[0] == pytest.approx(0.1)
    assert right.lines[0].get_xdata() == pytest.approx([2.0, 50.0])


def test_chain_has_a_curve_for_each_step():
    """Each way to measure has its own line, named in the legend."""
    axis = {"disc_time_between_excitations_us": ("laser", [2.0, 50.0])}
    one = xr.Dataset({"value": ("laser", [0.1, 0.01])}, axis)
    (ax,) = figures.plot_chain({"a": one, "b": 2 * one}).axes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["a", "b"]
    assert ax.lines[1].get_ydata() == pytest.approx([0.2, 0.02])
