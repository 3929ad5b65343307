"""Tests of tptools.companion.figures.inference."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from tptools.companion import figures


def test_densities_hold_one():
    """Each line is a density per decade, and peaks where the memories are."""
    columns = {"a": {"x": np.full(50, 2.0)}, "b": {"x": np.array([0.5, 8.0])}}
    figure = figures.plot_memories({"above": columns, "below": columns})
    for ax, peak in zip(figure.axes, (2.0, None, 2.0, None), strict=True):
        x, y = ax.lines[0].get_data()
        assert np.trapezoid(y, np.log10(x)) == pytest.approx(1, abs=0.02)
        if peak:
            assert x[y.argmax()] == pytest.approx(peak, rel=0.1)


def test_ridge_multiplies_chance_and_visits():
    """The right panel has the nanocrystals that an exciton modifies."""
    films = pd.DataFrame(
        {
            "relaxation_time_us": [1.0, 10.0],
            "modification_probability": [1.0, 0.1],
            "hop_rate_ground_per_ps": [0.02, 0.05],
            "visits": [40.0, 30.0],
        }
    )
    right = figures.plot_ridge(films).axes[1]
    assert right.collections[0].get_offsets()[:, 1].tolist() == pytest.approx([40.0, 3.0])


def test_allowed_films_are_split_by_condition():
    """The power series stands on the left, 5 nW on the right, and the print between its ends."""
    axis = {
        "power_nW": ("laser", [1.0, 5.0, 25.0, 5.0]),
        "rep_rate_MHz": ("laser", [2.5, 2.5, 2.5, 20.0]),
        "disc_time_between_excitations_us": ("laser", [49.0, 9.7, 1.9, 9.7]),
    }
    found = np.outer([1.0, 1.1], [0.01, 0.05, 0.15, 0.06])
    curves = xr.DataArray(found, {"film": ["one", "two"], **axis}, ("film", "laser"))
    allowed = xr.concat([curves, 2 * curves], "film")
    left, right = figures.plot_allowed_films(curves, allowed).axes
    assert left.lines[0].get_ydata().tolist() == [0.15, 0.05, 0.01]
    assert right.lines[0].get_xdata().tolist() == [2.5, 20.0]
    printed = left.lines[-1].get_ydata()
    assert printed[[0, -1]] == pytest.approx([0.15, 0.01], rel=0.05)


def test_decisions_have_a_panel_for_each_experiment():
    """Each experiment has its shots, with the chosen films in colour and bars."""
    found = np.outer([1.0, 2.0, 3.0], [0.01, 0.02, 0.03])
    outcomes = xr.Dataset(
        {
            "diffusivity_cm2_s": (("film", "shot"), found),
            "std_err_cm2_s": ("shot", [0.001, 0.002, 0.003]),
        },
        {"experiment": ("shot", ["a", "a", "b"]), "label": ("shot", ["x", "y", "z"])},
    )
    left, right = figures.plot_decisions(
        outcomes, {"short": 0, "long": 1, "longer": 2}, ["a", "b"]
    ).axes
    assert [one.get_text() for one in left.get_xticklabels()] == ["x", "y"]
    drawn = [line.get_ydata().tolist() for line in left.lines]
    assert all(drawn.count(film) == 2 for film in found[:, :2].tolist())
    assert right.containers[1].lines[0].get_ydata().tolist() == [0.06]
