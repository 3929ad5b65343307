"""Tests of tptools.companion.figures.explorer."""

import numpy as np
import xarray as xr
from test_figures_overview import MEANINGS, key, view

from tptools.companion import figures


def test_explorer_shows_both_lattices_and_each_series_along_its_own_axis():
    """Lattices keep their titles; each film's points stand at T, or at the repetition rate."""
    numbers = {
        "series": ["power", "power", "rate"],
        "time_between_excitations_us": [2.0, 8.0, 4.0],
        "rep_rate_MHz": [2.5, 2.5, 20.0],
        "power_nW": [10.0, 2.5, 5.0],
    }
    D = xr.DataArray([[0.1, 0.05, 0.07]], dims=("film", "laser"))
    coords = {name: ("laser", values) for name, values in numbers.items()}
    curves = xr.Dataset({"diffusivity_cm2_s": D, "std_err": D / 10}, {"film": ["one"], **coords})
    figure = figures.plot_explorer({"A": view(10), "B": view(100)}, curves)
    one, other, power, rate = figure.axes
    assert key(figure.legends[0]) == MEANINGS
    assert [one.get_title("right"), other.get_title("right")] == ["A", "B"]
    assert all([*ax.get_xticks()] == [*ax.get_yticks()] for ax in (one, other))
    np.testing.assert_allclose(power.containers[0].lines[0].get_xydata(), [[2, 0.1], [8, 0.05]])
    labels = [one.get_xlabel().rpartition(", ")[2] for one in (power, rate)]
    assert labels == ["at 2.5 MHz", "at 5 nW"]
    assert [ax.get_title("left") for ax in (one, other, power, rate)] == ["a", "b", "c", "d"]
    np.testing.assert_allclose(rate.containers[0].lines[0].get_xydata(), [[20, 0.07]])
