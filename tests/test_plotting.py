"""Tests of tptools.plotting."""

import subprocess
import sys

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import LineCollection, QuadMesh

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


def gaussians(labels, axis):
    """Two exact Gaussians on a background, and their fits."""
    x = np.linspace(-600, 600, 25)
    values = {"amplitude": 50.0, "centre_nm": 10.0, "variance_nm2": 4e4, "background": 3.0}
    fits = xr.Dataset({k: (axis, [one] * len(labels)) for k, one in values.items()}, {axis: labels})
    shape = xr.DataArray(np.exp(-((x - 10) ** 2) / 8e4), {"position_nm": x})
    return fits.amplitude * shape + fits.background, fits


def growth_of(d_cm2_s, until_ns=8.0):
    """The growth of a variance without noise, with errors of a tenth."""
    time_ns = np.arange(0.1, until_ns, 0.1)
    growth = ("time_ns", 2e5 * d_cm2_s * time_ns)
    error = ("time_ns", 2e4 * d_cm2_s * time_ns)
    return xr.Dataset({"growth_nm2": growth, "growth_err_nm2": error}, {"time_ns": time_ns})


def d(value, std_err=0.002):
    """A diffusivity."""
    return Estimate(value, std_err, "cm2/s", "slices")


TIME_US = np.geomspace(1, 100, 6)
RELAXING = [d(one) for one in 0.01 + 0.1 * np.exp(-TIME_US / 6)]


EXPLORED = {
    "counts": a_map(),
    "growth": growth_of(0.05),
    "displacement": growth_of(0.03).growth_nm2,
    "diffusivities": {"slices": d(0.05), "global": d(0.04, 0.001), "moment": d(np.nan, np.nan)},
    "truth": d(0.03, 0.003),
}


def draw_decay():
    """Figure of a decay with two curves, the second below the background in part."""
    time = np.arange(0, 5, 0.05)
    decay = xr.DataArray(np.round(1e3 * np.exp(-time / 0.5)) + 50, {"time_ns": time})
    fit = fitting.fit_decay(decay, background=50.0)
    return plotting.plot_decay(decay, {"early": (fit, (0, 1)), "late": (fit, (1, 3))}, 50.0)


FIGURES = {
    "map": lambda: plotting.plot_maps({"a": a_map()}),
    "maps": lambda: plotting.plot_maps({"a": a_map(), "b": a_map()}, ("counts", "light (%)")),
    "growth": lambda: plotting.plot_variance_growth({"one": growth_of(0.05)}, {"one": d(0.05)}),
    "slices": lambda: plotting.plot_slices(*gaussians([0.5, 2.0], "time_ns")),
    "residuals": lambda: plotting.plot_residuals(*gaussians(["early", "late"], "window")),
    "exploration": lambda: plotting.plot_exploration(**EXPLORED),
    "deviations": lambda: plotting.plot_deviations(a_map(), a_map() + 1),
    "decay": draw_decay,
    "relaxation": lambda: plotting.plot_relaxation(TIME_US, {"a": RELAXING}, {}),
}
AXES = {
    "map": [("position (nm)", "time (ns)"), ("", "counts")],
    "maps": [
        *(("position (nm)", "time (ns)"), ("position (nm)", "")),
        *(("", "counts"), ("", "light (%)")),
    ],
    "growth": [("time (ns)", "growth of the variance (nm²)")],
    "slices": [("position (nm)", "light relative to the fitted peak, shifted")],
    "residuals": [("position (nm)", "light less Gaussian\n(% of the peak)"), ("position (nm)", "")],
    "exploration": [("position (nm)", "time (ns)"), ("time (ns)", ""), ("", ""), ("", "counts")],
    "deviations": [("position (nm)", "time (ns)"), ("", "counts less model (standard errors)")],
    "decay": [("time (ns)", "counts in a bin")],
    "relaxation": [("time between excitations (µs)", "diffusivity (cm²/s)")],
}


@pytest.mark.parametrize("kind", FIGURES)
def test_every_figure_fits_the_page_and_names_its_axes(kind):
    """No wider than a page, one panel between 3:2 and 5:4, hairlines thinner than curves."""
    figure = FIGURES[kind]()
    assert [(ax.get_xlabel(), ax.get_ylabel()) for ax in figure.axes] == AXES[kind]
    width, height = figure.get_size_inches()
    if kind in ("maps", "residuals", "exploration"):
        assert width <= (10 if kind == "exploration" else 7)
        assert height < 4
    else:
        assert width < 6
        assert 1.25 <= width / height <= 1.5
    for line in figure.findobj(mpl.lines.Line2D):
        if line.axes and line in line.axes.lines and line.get_marker() not in ("None", None, ""):
            assert line.get_markersize() <= (6 if line.axes.get_title() == "$D$ (cm²/s)" else 4)
    for bars in figure.findobj(lambda one: type(one) is LineCollection):
        if bars.axes.get_title() != "$D$ (cm²/s)" and len(bars.get_segments()):
            assert max(bars.get_linewidths()) < 1


@pytest.mark.parametrize("kind", ["slices", "exploration", "deviations"])
def test_nothing_is_cut_off(kind):
    """Names, numbers and keys are inside."""
    assert_inside(FIGURES[kind]())


@pytest.mark.parametrize("kind", ["map", "maps", "exploration", "deviations"])
def test_pixels_lie_about_their_places(kind):
    """A pixel of a map is as wide as the step, with its position and its time in its middle."""
    figure = FIGURES[kind]()
    meshes = figure.axes[0].findobj(QuadMesh)
    assert len(meshes) == 1
    edges = meshes[0].get_coordinates()
    np.testing.assert_allclose(edges[0, :, 0], np.linspace(-350, 350, 8))
    np.testing.assert_allclose(edges[:, 0, 1], np.arange(5) - 0.5)
    assert meshes[0].get_rasterized()
    symmetric = kind == "deviations"
    assert meshes[0].get_cmap().name == ("RdBu_r" if symmetric else "viridis")
    assert meshes[0].get_clim() == ((-5, 5) if symmetric else (0, 27))


def test_the_style_is_legible_and_plain():
    """Text of 9 to 12 points, thin frames without lid, our colours, and a sharp picture."""
    look = mpl.rcParams
    sizes = ["font.size", "axes.labelsize", "axes.titlesize", "legend.fontsize"]
    assert all(9 < look[one] < 12 for one in (*sizes, "xtick.labelsize", "ytick.labelsize"))
    left_out = ("axes.spines.top", "axes.spines.right", "legend.frameon")
    assert not any(look[one] for one in left_out)
    assert look["figure.constrained_layout.use"]
    assert look["figure.facecolor"] == "white"
    assert look["animation.html"] == "jshtml"
    assert look["axes.prop_cycle"].by_key()["color"] == [*plotting.OKABE_ITO.values()]
    assert 1 < look["lines.linewidth"] < 2
    assert look["lines.markersize"] <= 6
    assert (look["figure.dpi"], look["savefig.dpi"]) == (150, 150)
    width, height = look["figure.figsize"]
    assert width < 7
    assert 1.5 < width / height < 2


def test_the_palette_is_that_of_okabe_and_ito():
    """In red, green and blue, as they published it."""
    published = {
        "black": (0, 0, 0), "orange": (230, 159, 0), "sky": (86, 180, 233),
        "green": (0, 158, 115), "yellow": (240, 228, 66), "blue": (0, 114, 178),
        "vermillion": (213, 94, 0), "purple": (204, 121, 167),
    }  # fmt: skip
    ours = {name: mpl.colors.to_rgb(one) for name, one in plotting.OKABE_ITO.items()}
    assert ours.keys() == published.keys()
    for name, rgb in published.items():
        np.testing.assert_allclose(ours[name], np.array(rgb) / 255)


def test_a_ramp_leaves_out_its_lightest_tenth():
    """Steps are even from its dark end; a single one is there."""
    ramp = mpl.colormaps["viridis"]
    for count in (1, 2, 4):
        wanted = [mpl.colors.to_hex(ramp(one)) for one in np.linspace(0, 0.9, count)]
        assert [*plotting.colours(range(count), ramp="viridis").values()] == wanted


def test_lines_of_growth_are_dashed_beyond_their_window():
    """To 1.7 times its end or the end of the record; black if alone, else in their colours."""
    msds = {"long": growth_of(0.05), "short": growth_of(0.02, 4.05)}
    drawn = plotting.plot_variance_growth(msds, {"long": d(0.05), "short": d(0.02)})
    points = [one for one in drawn.axes[0].lines if one.get_marker() == "o"]
    solid = [one for one in drawn.axes[0].lines if "2Dt" in str(one.get_label())]
    dashed = [one for one in drawn.axes[0].lines if one.get_linestyle() == "--"]
    for own, line, rest, value, end in zip(
        points, solid, dashed, (0.05, 0.02), (5.1, 4.0), strict=True
    ):
        np.testing.assert_allclose(line.get_xydata(), [[0, 0], [3, 6e5 * value]])
        np.testing.assert_allclose(rest.get_xydata(), [[3, 6e5 * value], [end, 2e5 * value * end]])
        assert own.get_color() == line.get_color() == rest.get_color()
        assert line.get_zorder() > own.get_zorder()
        np.testing.assert_allclose(own.get_ydata()[0], 2e4 * value)
    assert solid[0].get_color() != solid[1].get_color()
    alone = FIGURES["growth"]()
    assert {one.get_color() for one in alone.axes[0].lines if one.get_marker() != "o"} == {
        "black", "0.7"
    }  # fmt: skip
    (level,) = [one for one in alone.axes[0].lines if one.get_color() == "0.7"]
    assert {*level.get_ydata()} == {0}
    assert level.get_linewidth() < 1
    assert np.ptp(alone.axes[0].get_ylim()) == pytest.approx(1.3 * alone.axes[0].dataLim.height)
    alone.canvas.draw()
    assert (
        alone.axes[0].yaxis.get_offset_text().get_text()
        == "$\\times\\mathdefault{10^{3}}\\mathdefault{}$"
    )


def test_error_bars_are_as_long_as_the_errors():
    """Of a growth, of counts in percent of the peak, and of readings of D."""

    def lengths(ax, axis):
        ends = [one for one in bars_of(ax).get_segments() if len(one)]
        return np.array([float(one[1][axis] - one[0][axis]) for one in ends])

    def bars_of(ax):
        return next(one for one in ax.collections if type(one) is LineCollection)

    growth = growth_of(0.05)
    for figure, place in ((FIGURES["growth"](), 0), (FIGURES["exploration"](), 1)):
        np.testing.assert_allclose(lengths(figure.axes[place], 1), 2 * growth.growth_err_nm2)
    counts, _ = gaussians(["early", "late"], "window")
    poisson = 100 * np.sqrt(counts.sel(window="late")) / 50
    np.testing.assert_allclose(lengths(FIGURES["residuals"]().axes[1], 1), 2 * poisson)
    np.testing.assert_allclose(lengths(FIGURES["exploration"]().axes[2], 0), [0.004, 0.002])
    relaxation = FIGURES["relaxation"]()
    np.testing.assert_allclose(lengths(relaxation.axes[0], 1), 0.004)


def test_slices_stand_above_each_other_with_their_times():
    """The first on top, each with its time at the right end of its level, in its colour."""
    (ax,) = FIGURES["slices"]().axes
    assert [text.get_text() for text in ax.texts] == ["2.0 ns", "0.5 ns"]
    assert len(ax.get_yticks()) == 0
    for step, text in enumerate(ax.texts):
        x, y = text.get_position()
        assert x == 600
        assert 0 < y - step < 0.3
        assert text.get_horizontalalignment() == "right"
        data, gaussian = ax.lines[2 * step : 2 * step + 2]
        assert text.get_color() == data.get_color() == gaussian.get_color()
        assert max(gaussian.get_ydata()) == pytest.approx(1 + step, abs=1e-3)
        assert data.get_markerfacecolor() == "none"
        assert (gaussian.get_xdata()[0], gaussian.get_xdata()[-1]) == (-600, 600)


def test_windows_of_residuals_have_their_names_and_a_level():
    """One panel for each, with a thin line at zero behind the points."""
    figure = FIGURES["residuals"]()
    assert [ax.get_title() for ax in figure.axes] == ["early", "late"]
    for ax in figure.axes:
        points, level = ax.lines
        assert {*level.get_ydata()} == {0}
        assert level.get_zorder() < points.get_zorder()
        assert level.get_linewidth() < 1
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_an_exploration_shows_what_was_read_beside_the_truth():
    """Growth and excitons in the middle; at the right a mark by method and a band of the truth."""
    figure = FIGURES["exploration"]()
    left, middle, right, _ = figure.axes
    titles = [ax.get_title() for ax in (left, middle, right)]
    assert titles == ["map", "growth of the variance (nm²)", "$D$ (cm²/s)"]
    points, own = [line for line in middle.lines if len(line.get_xdata()) > 2]
    for line, growth in ((points, growth_of(0.05)), (own, growth_of(0.03))):
        np.testing.assert_allclose(np.asarray(line.get_ydata(), dtype=float), growth.growth_nm2)
    assert own.get_color() == "black"
    assert [text.get_text() for text in middle.get_legend().texts] == ["excitons", "slices"]
    marks, truth = right.lines
    np.testing.assert_allclose(marks.get_xydata()[:2], [[0.05, 0], [0.04, 1]])
    assert {*truth.get_xdata()} == {0.03}
    assert truth.get_color() == "black"
    figure.canvas.draw()
    (band,) = (one.get_window_extent() for one in right.patches)
    place = right.transData.inverted().transform(band)
    np.testing.assert_allclose(place[:, 0], [0.027, 0.033], rtol=1e-6)
    names = [text.get_text() for text in right.get_yticklabels()]
    assert names == ["slices", "global", "moment\nundetermined"]
    low, high = right.get_ylim()
    assert low > high
    assert [text.get_text() for text in right.get_legend().texts] == ["excitons"]


def test_curves_of_a_decay_are_in_their_windows_and_colours():
    """Each in the next colour of the palette, and without what is below 0."""
    (ax,) = draw_decay().axes
    points, *curves = ax.lines
    assert ax.get_yscale() == "log"
    assert [curve.get_color() for curve in curves] == [*plotting.OKABE_ITO.values()][:2]
    assert [curve.get_label() for curve in curves] == ["early", "late"]
    assert [(curve.get_xdata()[0], curve.get_xdata()[-1]) for curve in curves] == [
        pytest.approx((0, 1)), pytest.approx((1, 3))
    ]  # fmt: skip
    assert points.get_label() == "counts less background"
    assert np.isnan(points.get_ydata()).any()
    assert not (points.get_ydata() <= 0).any()
    bare = plotting.plot_decay(xr.DataArray([4.0, 2, 1], {"time_ns": [0.0, 1, 2]}), {})
    np.testing.assert_array_equal(bare.axes[0].lines[0].get_ydata(), [4, 2, 1])


def test_methods_of_a_relaxation_have_marks_and_colours_of_their_own():
    """The curve has the colour of its points; a time that is not known has none."""
    fit = fitting.fit_relaxation(TIME_US, RELAXING)
    unknown = fitting.fit_relaxation(TIME_US, [d(0.05)] * 6)
    names = "abcdefghi"
    assert np.isnan(unknown["tau_us"].value)
    figure = plotting.plot_relaxation(
        TIME_US, dict.fromkeys(names, RELAXING), {"b": fit, "c": unknown}
    )
    (ax,) = figure.axes
    points = [line for line in ax.lines if len(line.get_xdata()) == 6]
    (curve,) = [line for line in ax.lines if len(line.get_xdata()) > 100]
    assert len({line.get_marker() for line in points}) == len(names)
    assert curve.get_color() == points[1].get_color() != points[0].get_color()
    assert 1 < curve.get_linewidth() < 1.6
    np.testing.assert_allclose(curve.get_xdata()[[0, -1]], [1, 100])
    assert ax.get_xscale() == "log"
    (level,) = [line for line in ax.lines if line.get_color() == "0.7"]
    assert {*level.get_ydata()} == {0}
    assert level.get_linewidth() < 1
    assert plotting.plot_relaxation(TIME_US, {}, {}).axes[0].get_legend() is None


def test_deviations_on_grey_where_nothing_is_known():
    """What is not known is left blank, and the scale goes on at both ends."""
    counts = a_map().where(a_map() > 3)
    figure = plotting.plot_deviations(counts, a_map() + 1)
    ax, bar = figure.axes
    shown = ax.collections[0].get_array()
    assert np.ma.getmaskarray(shown).sum() == 4
    assert ax.get_facecolor()[:3] == pytest.approx((0.8, 0.8, 0.8))
    assert len(bar.patches) == 2


def test_a_picture_has_our_style_whatever_is_set():
    """At 150 dots an inch, without the name of a program."""
    mpl.rcdefaults()
    picture = plotting.as_png(plotting.plot_maps, {"": a_map()})
    width, height = (int.from_bytes(picture[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (690, 540)
    assert b"Software" not in picture
    assert not mpl.rcParams["figure.constrained_layout.use"]


GIVEN = {
    plotting.plot_maps: {"maps": {"a": a_map()}},
    plotting.plot_variance_growth: {"msds": {"a": growth_of(1)}, "diffusivities": {"a": d(1)}},
    plotting.plot_slices: dict(zip(("counts", "fits"), gaussians([1.0], "time_ns"), strict=True)),
    plotting.plot_residuals: dict(
        zip(("profiles", "fits"), gaussians(["a"], "window"), strict=True)
    ),
    plotting.plot_deviations: {"counts": a_map(), "expected": a_map()},
    plotting.plot_decay: {"decay": a_map()[:, 0].drop_vars("position_nm"), "fits": {}},
    plotting.plot_relaxation: {"time_us": TIME_US, "diffusivities": {}, "fits": {}},
    plotting.plot_exploration: EXPLORED,
}


@pytest.mark.parametrize(
    ("draw", "name"), [(draw, name) for draw, given in GIVEN.items() for name in given]
)
def test_what_cannot_be_drawn_is_refused_by_its_name(draw, name):
    """Before anything is drawn."""
    with pytest.raises((TypeError, ValueError), match=rf"^{name}\b"):
        draw(**(GIVEN[draw] | {name: None}))
    assert plt.get_fignums() == []


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (lambda: plotting.plot_maps({}), "maps is empty"),
        (lambda: plotting.plot_maps({"a": 3}), r"maps\['a'\]"),
        (lambda: plotting.plot_variance_growth({"a": 3}, {}), "diffusivities lacks 'a'"),
        (lambda: plotting.plot_variance_growth({"a": 3}, {"a": 3}), r"^diffusivities\['a'\]"),
        (lambda: plotting.plot_variance_growth({"a": 3}, {"a": d(1)}), r"^msds\['a'\]"),
        (
            lambda: plotting.plot_variance_growth({"a": 3}, {"a": Estimate(1, 1, "ns", "")}),
            r"^unit of diffusivities\['a'\]",
        ),
        (lambda: plotting.plot_decay(GIVEN[plotting.plot_decay]["decay"], {"a": (3, (0, 1))}),
         r"^fits\['a'\]"),
        (lambda: plotting.as_png(3), "^draw"),
        (lambda: plotting.as_png(lambda: 3), "^figure of draw"),
        (lambda: plotting.colours(3), "^keys"),
        (lambda: plotting.colours([[]]), "^one of keys"),
        (lambda: plotting.colours([1], ramp="rainbows"), "^ramp"),
    ],
)  # fmt: skip
def test_what_is_held_is_refused_by_its_label(draw, reason):
    """Each with its own words."""
    with pytest.raises((TypeError, ValueError), match=reason):
        draw()


@pytest.mark.parametrize(
    ("draw", "name", "lacking"),
    [
        (draw, name, one)
        for draw, given in GIVEN.items()
        for name, data in given.items()
        if isinstance(data, xr.Dataset)
        for one in data.data_vars
    ],
)
def test_a_variable_that_is_missing_is_named(draw, name, lacking):
    """With the argument that lacks it."""
    given = GIVEN[draw] | {name: GIVEN[draw][name].drop_vars(lacking)}
    with pytest.raises(ValueError, match=rf"{name}\b.*\b{lacking}\b"):
        draw(**given)


@pytest.mark.parametrize("kind", ["maps", "residuals"])
def test_panels_beside_each_other_have_one_scale(kind):
    """Of heights: a change of one changes the other."""
    first, second = FIGURES[kind]().axes[:2]
    first.set_ylim(-7, 7)
    assert second.get_ylim() == (-7, 7)


def test_a_relaxation_may_be_of_one_scan():
    """It is a point with its error bar."""
    (ax,) = plotting.plot_relaxation([5.0], {"a": [d(0.05)]}, {}).axes
    assert ax.containers[0][0].get_xydata().tolist() == [[5.0, 0.05]]
