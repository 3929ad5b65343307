"""Tests of tptools.companion.figures.spectra."""

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from tptools.companion import figures
from tptools.estimate import Estimate
from tptools.fitting import fit_power_law

NM = np.arange(450.0, 600.0, 1.0)
POWERS = [0.5, 5.0, 20.0]


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


@pytest.fixture
def spectra():
    """Three lines of one shape."""
    line = np.exp(-((NM - 515) ** 2) / 128)
    return xr.DataArray([line, line, line], {"power_nW": POWERS, "wavelength_nm": NM})


@pytest.fixture
def intensities():
    """In proportion to power."""
    return {power: Estimate(7e4 * power, 1e3, "counts", "fit") for power in POWERS}


@pytest.fixture
def line(intensities):
    """Exponent near one."""
    scatter = np.array([1.01, 0.99, 1.0])
    return fit_power_law(POWERS, [e.value for e in intensities.values()] * scatter)


@pytest.mark.parametrize("with_inset", [False, True])
def test_absorbance_is_solid_emission_dashed(spectra, with_inset):
    """The arrow stands on the absorbance at the laser's wavelength; the inset has the image."""
    absorbance = spectra[0].drop_vars("power_nW")
    emission = absorbance * 0.5
    axis = np.arange(40.0)
    image = xr.DataArray(np.arange(1600.0).reshape(40, 40), {"y_nm": axis, "x_nm": axis})
    micrograph = image if with_inset else None
    figure = figures.plot_absorbance_and_emission(absorbance, emission, 480.0, micrograph)
    main = figure.axes[0]
    solid, dashed = main.lines
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")
    np.testing.assert_array_equal(dashed.get_ydata(), emission)
    arrow = next(t for t in main.texts if t.get_text() == "480 nm")
    assert arrow.xy == pytest.approx((480, float(absorbance.sel(wavelength_nm=480))))
    assert len(main.child_axes) == with_inset
    for inset in main.child_axes:
        np.testing.assert_array_equal(inset.collections[0].get_array(), image)
        assert np.ptp(inset.lines[0].get_xdata()) == 20
    assert_inside(figure)


def test_power_spectra_show_every_power_and_the_fit(spectra, intensities, line):
    """One line per power; the inset has the points, the fitted line and its parameters."""
    figure = figures.plot_power_spectra(spectra, intensities, line)
    main = figure.axes[0]
    assert [text.get_text() for text in main.get_legend().get_texts()] == [
        "0.5 nW", "5 nW", "20 nW",
    ]  # fmt: skip
    inset = main.child_axes[0]
    x, y = inset.lines[0].get_data()
    np.testing.assert_allclose(y, line["prefactor"].value * x ** line["exponent"].value)
    points = [bar.lines[0].get_xydata()[0].tolist() for bar in inset.containers]
    assert points == [[power, one.value] for power, one in intensities.items()]
    assert str(line["exponent"]) in words(figure)
    assert_inside(figure)


def test_power_series_has_a_row_each(spectra, intensities, line):
    """Panels a to d; each row shows its own spectra and exponent."""
    one = (spectra, intensities, line)
    figure = figures.plot_power_series({"first": one, "second": one})
    exponent = f"$m$ = {line['exponent']}"
    assert [ax.get_title() for ax in figure.axes] == ["first", exponent, "second", exponent]
    assert [ax.get_title(loc="left") for ax in figure.axes] == list("abcd")
    assert len(figure.axes[2].lines) == len(POWERS)
    assert_inside(figure)


@pytest.mark.parametrize("n_samples", [1, 2, 6])
def test_samples_have_a_panel_each(spectra, n_samples):
    """Emission is drawn to the height of the absorbance; unused panels vanish."""
    one = spectra[0].drop_vars("power_nW")
    figure = figures.plot_film_spectra({f"S{k}": (0.04 * one, one) for k in range(n_samples)})
    assert [ax.get_title() for ax in figure.axes] == [f"S{k}" for k in range(n_samples)]
    for ax in figure.axes:
        assert max(ax.lines[1].get_ydata()) == pytest.approx(0.04)
    assert_inside(figure)


def test_exponents_stand_beside_models():
    """Bars span the intervals, marks stand at the models' exponents, row by row."""
    found = {"c": (0.98, 1.0), "d": (0.9, 1.1)}
    models = {"saturation": [0.99, 0.95], "none": [1.0, 1.0]}
    figure = figures.plot_exponents(found, models)
    ax = figure.axes[0]
    bars = ax.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([bar[:, 0] for bar in bars], [[0.98, 1.0], [0.9, 1.1]])
    marks = next(line for line in ax.lines if line.get_label() == "saturation")
    assert list(marks.get_xdata()) == [0.99, 0.95]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["c", "d"]
    assert_inside(figure)
