"""Tests of tptools.plotting."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from tptools import fitting, plotting
from tptools.estimate import Estimate


@pytest.fixture(autouse=True)
def clean_state():
    """Draw without a display, and leave nothing behind."""
    with mpl.rc_context():
        mpl.use("agg")
        plotting.use_style()
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


def a_map():
    """Some light over time and position."""
    coords = {"time_ns": np.arange(4.0), "position_nm": np.linspace(-300, 300, 7)}
    return xr.DataArray(np.arange(28.0).reshape(4, 7), coords)


NOTEBOOK = """
import io, matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from tptools import plotting

shell = InteractiveShell.instance()
plotting.use_style()
figure, ax = plt.subplots()
ax.plot([1, 2], label="$D$")
ax.legend()
data, _ = shell.display_formatter.format(figure)
print(sorted(data), __import__("hashlib").sha256(data["image/svg+xml"].encode()).hexdigest())
"""


def test_notebooks_draw_in_vectors():
    """In a notebook a figure is shown as SVG and not as PNG, in the same bytes on every run."""
    command = [sys.executable, "-c", NOTEBOOK]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert "'image/svg+xml'" in runs[0].stdout
    assert "image/png" not in runs[0].stdout
    assert runs[0].stdout == runs[1].stdout


@pytest.mark.parametrize("n_maps", [1, 2])
def test_maps_show_the_counts(n_maps):
    """Each panel holds its map, with its own scale."""
    counts = a_map()
    figure = plotting.plot_maps({str(k): (k + 1) * counts for k in range(n_maps)})
    meshes = [ax.collections[0] for ax in figure.axes if ax.get_title()]
    assert len(meshes) == n_maps
    for k, mesh in enumerate(meshes):
        np.testing.assert_array_equal(mesh.get_array(), (k + 1) * counts)
    assert_inside(figure)


def test_msd_lines_have_the_slope_of_the_diffusivity():
    """The solid line ends at 2 D times the window, 1 cm²/s being 1e5 nm²/ns."""
    time_ns = np.arange(0.1, 8, 0.1)
    names = ("growth_nm2", "growth_err_nm2")
    msd = xr.Dataset(dict.fromkeys(names, ("time_ns", 10000.0 * time_ns)), {"time_ns": time_ns})
    D = Estimate(0.05, 0.001, "cm2/s", "slices")
    figure = plotting.plot_variance_growth({"10 nW": msd}, {"10 nW": D})
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
    (ax,) = plotting.plot_slices(counts, fits).axes
    for data, gaussian in zip(ax.lines[::2], ax.lines[1::2], strict=True):
        np.testing.assert_allclose(data.get_ydata(), gaussian.get_ydata())


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
    figure = plotting.plot_residuals(profiles, fits)
    left = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    np.testing.assert_allclose(left, np.where(x > 0, 1.0, 0.0), atol=1e-12)
    assert_inside(figure)


def test_maps_name_their_units():
    """Each colour bar says what its panel shows."""
    counts = a_map()
    figure = plotting.plot_maps({"a": counts, "b": counts / 2}, units=("counts", "relative"))
    assert "relative" in words(figure)


def test_colours_are_different():
    """No two keys share a colour, neither from the palette nor from a ramp."""
    assert len(set(plotting.colours(range(8)).values())) == 8
    assert len(set(plotting.colours(range(20), ramp="viridis").values())) == 20


def test_too_many_keys_are_refused():
    """A ninth key would repeat a colour, so it is an error that names the way out."""
    with pytest.raises(ValueError, match="9 keys for 8 colours; name a ramp"):
        plotting.colours(range(9))


def test_deviations_are_standard_errors():
    """Counts as expected are white; twice a hundred lies far beyond the scale, in its direction."""
    expected = xr.full_like(a_map(), 100.0)
    counts = expected.copy()
    counts[1, 2], counts[2, 3] = 200.0, 10.0
    mesh = plotting.plot_deviations(counts, expected).axes[0].collections[0]
    shown = np.ma.filled(mesh.get_array(), np.nan)
    assert shown[1, 2] == pytest.approx(np.sqrt(2 * (200 * np.log(2) - 100)))
    assert shown[2, 3] < -5
    assert np.count_nonzero(shown) == 2
    with pytest.raises(ValueError, match="no place in common"):
        plotting.plot_deviations(counts, expected.assign_coords(time_ns=expected.time_ns + 0.5))


def test_a_decay_has_its_curves_without_background():
    """A curve is the fit less the background, in its window only."""
    time = np.arange(0, 5, 0.05)
    decay = xr.DataArray(np.round(1e4 * np.exp(-time / 2) + 50), {"time_ns": time})
    fit = fitting.fit_decay(decay, background=50.0)
    figure = plotting.plot_decay(decay, {"exponential": (fit, (0, 3))}, 50.0)
    points, curve = figure.axes[0].lines
    np.testing.assert_allclose(points.get_ydata(), np.where(decay > 50, decay - 50, np.nan))
    np.testing.assert_allclose(curve.get_ydata(), 1e4 * np.exp(-curve.get_xdata() / 2), rtol=0.01)
    assert curve.get_xdata().max() <= 3
    assert "exponential" in [text.get_text() for text in figure.axes[0].get_legend().texts]
    assert_inside(figure)


def test_relaxation_has_points_and_the_curve_of_each_method():
    """A method without a fit has points only; a wrong number of points is refused."""
    time = np.geomspace(1, 100, 6)
    found = [Estimate(one, 0.01, "cm2/s", "a") for one in 0.01 + 0.1 * np.exp(-time / 6)]
    fit = fitting.fit_relaxation(time, found)
    figure = plotting.plot_relaxation(time, {"a": found, "b": found}, {"a": fit})
    curves = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 200]
    assert len(curves) == 1
    np.testing.assert_allclose(curves[0].get_ydata()[[0, -1]], fit.curve(time[[0, -1]]))
    assert [text.get_text() for text in figure.axes[0].get_legend().texts] == ["a", "b"]
    assert figure.axes[0].get_xlabel() == "time between excitations (µs)"
    assert figure.axes[0].get_ylabel() == "diffusivity (cm²/s)"
    assert_inside(figure)
    with pytest.raises(ValueError, match="has 2 points for 6 times"):
        plotting.plot_relaxation(time, {"a": found[:2]}, {})


def test_a_picture_is_the_same_twice_and_leaves_no_figure():
    """The same figure gives the same bytes, and pyplot holds none afterwards."""
    first, second = (plotting.as_png(plotting.plot_maps, {"": a_map()}) for _ in range(2))
    assert first[:4] == b"\x89PNG"
    assert first == second
    assert plt.get_fignums() == []
