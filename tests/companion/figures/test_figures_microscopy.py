"""Tests of tptools.companion.figures.microscopy."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from tptools.companion.figures import microscopy
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.instruments import Microscope

POWERS = [0.5, 25.0]


@pytest.fixture(autouse=True)
def bundled_files(monkeypatch):
    """Read the files of the checkout."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)


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


def test_principle_marks_the_widths_it_is_given():
    """One column per time, each with an arrow of the full width at half maximum."""
    figure = microscopy.plot_principle({0.0: 250.0, 3.0: 370.0})
    films, profiles = figure.axes[:2], figure.axes[2:]
    assert [ax.get_title() for ax in films] == ["laser pulse", "3 ns later"]
    # dotted: the first profile; solid: the one of that time, whose half height is at the arrow
    x, y = profiles[1].lines[1].get_data()
    assert 2 * np.interp(-0.5, -y[100:], x[100:]) == pytest.approx(2.3548 * 370, rel=1e-3)
    assert_inside(figure)


def test_microscope_is_labelled_with_its_numbers():
    """The schematic shows the parts as set, not as remembered."""
    microscope = Microscope().with_(objective_NA=0.7, magnification=123, tcspc_bin_ps=16)
    figure = microscopy.plot_microscope(microscope, Excitation(10, 2.5, spot_fwhm_nm=321))
    for shown in ("NA 0.7", "123×", "16 ps", "321 nm", "405 nm", "2.5 MHz", "response 80 ps"):
        assert shown in words(figure)
    assert_inside(figure)


def power_laws():
    """Decays that are straight on two logarithmic scales."""
    time_ns = np.arange(0.016, 100, 0.032)
    light = np.outer(POWERS, time_ns**-1.5)
    return xr.DataArray(light, {"power_nW": POWERS, "time_ns": time_ns})


@pytest.mark.parametrize("xscales", [("log",), ("log", "linear")])
def test_decays_show_data_and_fits(xscales):
    """Marks are means of the decay around their times; every fit is drawn in every panel."""
    figure = microscopy.plot_decays(power_laws(), [power_laws(), power_laws() / 2], xscales)
    assert [ax.get_xscale() for ax in figure.axes] == list(xscales)
    for ax in figure.axes:
        marks = [line for line in ax.lines if line.get_marker() == "o"]
        assert (len(marks), len(ax.lines)) == (2, 6)
        late, shown = (values[-30:] for values in marks[1].get_data())
        np.testing.assert_allclose(shown, 25 * late**-1.5, rtol=0.02)
    assert_inside(figure)


def test_decays_are_named_by_their_record():
    """By long_name, or photoluminescence where it has none."""
    for given, name in ({}, "photoluminescence"), ({"long_name": "light"}, "light"):
        figure = microscopy.plot_decays(power_laws().assign_attrs(given))
        assert figure.axes[0].get_ylabel() == name
        plt.close(figure)


def test_decay_numbers_stand_beside_the_reported():
    """Values with error bars at their powers; squares where the paper gives a number."""
    by_power = {power: Estimate(2.3, 0.1, "ns", "fit") for power in POWERS}
    numbers = {"lifetime (ns)": by_power, "prompt fraction": by_power}
    figure = microscopy.plot_decay_numbers(numbers, {"lifetime (ns)": (2.3, 1.5)})
    left, right = figure.axes
    squares = [line for line in left.lines if line.get_marker() == "s"]
    assert squares[0].get_xydata().tolist() == [[0.5, 2.3], [25, 1.5]]
    assert not [line for line in right.lines if line.get_marker() == "s"]
    assert {"recomputed", "reported"} <= {*words(figure).split("\n")}
    assert_inside(figure)


def test_models_are_lines_beside_the_numbers():
    """Each model is one line per panel, through its values, and has its name in the legend."""
    by_power = {power: Estimate(2.3, 0.1, "ns", "fit") for power in POWERS}
    lines = {"pile-up": {"lifetime (ns)": {0.5: 2.2, 25.0: 1.4}}}
    figure = microscopy.plot_decay_numbers({"lifetime (ns)": by_power}, {}, lines)
    drawn = [line.get_xydata().tolist() for line in figure.axes[0].lines]
    assert [[0.5, 2.2], [25, 1.4]] in drawn
    assert "pile-up" in words(figure)
    assert_inside(figure)


def test_noise_does_not_fill_an_axis():
    """Values that differ by a thousandth are drawn level."""
    by_power = {0.5: Estimate(0.530, 0.001, "", "fit"), 25.0: Estimate(0.531, 0.001, "", "fit")}
    bottom, top = microscopy.plot_decay_numbers({"share": by_power}, {}).axes[0].get_ylim()
    assert top - bottom > 0.1 > 0.530 - bottom > 0


def test_bends_are_drawn_as_they_are():
    """One curve for each film, with its name."""
    time_ns = [0.5, 1.0, 1.5]
    msds = {
        name: xr.DataArray([0, value, 1.5 * value], {"time_ns": time_ns})
        for name, value in {"memory": 10.0, "traps": 20.0}.items()
    }
    figure = microscopy.plot_bends(msds)
    for line, msd in zip(figure.axes[0].lines, msds.values(), strict=False):
        np.testing.assert_array_equal(line.get_ydata(), msd)
    assert all(name in words(figure) for name in msds)
    assert_inside(figure)
