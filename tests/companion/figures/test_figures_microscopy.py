"""Tests of tptools.companion.figures.microscopy."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from tptools.companion import datasets, figures
from tptools.companion.figures import microscopy
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.instruments import Microscope

POWERS = [0.5, 25.0]


@pytest.fixture(autouse=True)
def clean_state(monkeypatch):
    """Draw without a display, with the book's style and files, and leave nothing behind."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    with mpl.rc_context():
        mpl.use("agg")
        figures.use_style()
        yield
        plt.close("all")


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
    microscope = Microscope(objective_NA=0.7, magnification=123, tcspc_bin_ps=16)
    figure = microscopy.plot_microscope(microscope, Excitation(10, 2.5, spot_fwhm_nm=321))
    for shown in ("NA 0.7", "123×", "16 ps", "321 nm", "405 nm", "2.5 MHz", "response 80 ps"):
        assert shown in words(figure)
    assert_inside(figure)


@pytest.mark.parametrize("n_maps", [1, 2])
def test_maps_show_the_counts(n_maps):
    """Each panel holds its map, with its own scale."""
    counts = datasets.load("tplm_example").counts
    figure = microscopy.plot_maps({str(k): (k + 1) * counts for k in range(n_maps)})
    meshes = [ax.collections[0] for ax in figure.axes if ax.get_title()]
    assert len(meshes) == n_maps
    for k, mesh in enumerate(meshes):
        np.testing.assert_array_equal(mesh.get_array(), (k + 1) * counts)
    assert_inside(figure)


def test_msd_lines_have_the_slope_of_the_diffusivity():
    """The solid line ends at 2 D times the window, 1 cm²/s being 1e5 nm²/ns."""
    time_ns = np.arange(0.1, 8, 0.1)
    names = ("msd_nm2", "msd_err_nm2")
    msd = xr.Dataset(dict.fromkeys(names, ("time_ns", 10000.0 * time_ns)), {"time_ns": time_ns})
    D = Estimate(0.05, 0.001, "cm2/s", "slices")
    figure = microscopy.plot_msd({"10 nW": msd}, {"10 nW": D})
    (line,) = [one for one in figure.axes[0].lines if "2Dt" in str(one.get_label())]
    assert line.get_xydata()[-1] == pytest.approx([3, 3e4])
    assert "0.0500 ± 0.0010 cm²/s" in words(figure)
    assert_inside(figure)


def test_slices_lie_on_their_gaussians():
    """Data that are exact Gaussians, whatever height and background, fall on the drawn lines."""
    x = np.linspace(-900, 900, 300)
    shape = np.exp(-((x - 20) ** 2) / 2 / 200**2)
    times = {"time_ns": [0.5, 2.0]}
    fits = xr.Dataset(
        {
            name: ("time_ns", [value, 2 * value])
            for name, value in (("amplitude", 50.0), ("background", 3.0))
        }
        | {"centre_nm": ("time_ns", [20.0] * 2), "variance_nm2": ("time_ns", [4e4] * 2)},
        times,
    )
    counts = fits.amplitude * xr.DataArray(shape, {"position_nm": x}) + fits.background
    (ax,) = microscopy.plot_slices(counts, fits).axes
    for data, gaussian in zip(ax.lines[::2], ax.lines[1::2], strict=True):
        np.testing.assert_allclose(data.get_ydata(), gaussian.get_ydata())


@pytest.mark.parametrize("xscales", [("log",), ("log", "linear")])
def test_decays_show_data_and_fits(xscales):
    """Marks are means of the decay around their times; every fit is drawn in every panel."""
    time_ns = np.arange(0.016, 100, 0.032)
    power_law = xr.DataArray(
        np.outer(POWERS, time_ns**-1.5), {"power_nW": POWERS, "time_ns": time_ns}
    )
    figure = microscopy.plot_decays(power_law, [power_law, power_law / 2], xscales)
    assert [ax.get_xscale() for ax in figure.axes] == list(xscales)
    for ax in figure.axes:
        marks = [line for line in ax.lines if line.get_marker() == "o"]
        assert (len(marks), len(ax.lines)) == (2, 6)
        late, shown = (values[-30:] for values in marks[1].get_data())
        np.testing.assert_allclose(shown, 25 * late**-1.5, rtol=0.02)
    assert_inside(figure)


def test_decay_numbers_stand_beside_the_reported():
    """Values with error bars at their powers; squares where the paper gives a number."""
    by_power = {power: Estimate(2.3, 0.1, "ns", "fit") for power in POWERS}
    numbers = {"lifetime (ns)": by_power, "prompt fraction": by_power}
    figure = microscopy.plot_decay_numbers(numbers, {"lifetime (ns)": (2.3, 1.5)})
    left, right = figure.axes
    squares = [line for line in left.lines if line.get_marker() == "s"]
    assert squares[0].get_xydata().tolist() == [[0.5, 2.3], [25, 1.5]]
    assert not [line for line in right.lines if line.get_marker() == "s"]
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


def test_residuals_are_what_the_gaussian_leaves():
    """A step added to a Gaussian comes back in percent of the peak."""
    x = np.linspace(-900, 900, 61)
    step = xr.DataArray(np.where(x > 0, 2.0, 0.0), {"position_nm": x})
    gaussian = xr.DataArray(200 * np.exp(-(x**2) / 2 / 200**2), {"position_nm": x})
    fits = xr.Dataset(
        {
            name: ("window", [value])
            for name, value in {
                "amplitude": 200.0, "centre_nm": 0.0, "variance_nm2": 4e4, "background": 3.0
            }.items()
        },
        {"window": ["early"]},
    )  # fmt: skip
    profiles = (gaussian + step + 3).expand_dims(window=["early"])
    figure = microscopy.plot_residuals(profiles, fits)
    left = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    np.testing.assert_allclose(left, np.where(x > 0, 1.0, 0.0), atol=1e-12)
    assert_inside(figure)


def test_maps_name_their_units():
    """Each colour bar says what its panel shows."""
    counts = datasets.load("tplm_example").counts
    figure = microscopy.plot_maps({"a": counts, "b": counts / 2}, units=("counts", "relative"))
    assert "relative" in words(figure)
