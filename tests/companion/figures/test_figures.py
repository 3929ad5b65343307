"""Tests of tptools.companion.figures."""

import re
import subprocess
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import xarray as xr

from tptools.companion import datasets, figures
from tptools.excitation import tabulate


def test_what_is_kept_belongs_to_a_test():
    """No description of a figure is left of a test that is gone."""
    folder = Path(__file__).parent
    sources = [path.read_text(encoding="utf-8") for path in folder.glob("test_*.py")]
    tests = tuple(re.findall(r"^def (test_\w+)", "".join(sources), re.MULTILINE))
    assert [path.stem for path in folder.glob("drawn/*") if not path.stem.startswith(tests)] == []


def test_data_and_conditions_need_no_matplotlib():
    """Whoever only reads data loads no plotting library."""
    code = (
        "import sys, tptools.companion.datasets, tptools.excitation, tptools.companion.paper; "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_deviations_show_every_cell():
    """Each panel has a mark for each of the 52 printed cells, at its deviation in percent."""
    printed = datasets.load("printed_tables")
    exact = tabulate(printed.power_nW, printed.rep_rate_MHz, convention="paper")
    deviation = printed / exact - 1
    figure = figures.plot_table_deviations({"one": deviation, "two": deviation})
    assert [ax.get_title() for ax in figure.axes] == ["one", "two"]
    for ax in figure.axes:
        series = {line.get_label(): line for line in ax.lines if line.get_marker() != "None"}
        assert sum(len(line.get_xdata()) for line in series.values()) == 52
        shown = series["fluence"].get_ydata()
        assert shown == pytest.approx(100 * deviation.fluence_uJ_cm2.values)
        aside = [line.get_xdata()[0] for line in series.values()]
        assert len({*aside}) == len(aside)
        assert sum(aside) == pytest.approx(0)
        parted = next(line.get_xdata()[0] for line in ax.lines if [*line.get_ydata()] == [0, 1])
        first, second = (text.get_position()[0] for text in ax.texts)
        assert first < aside[0] + 0.5 < parted < second
        low, high = ax.get_ylim()
        assert all(low < y < high for line in series.values() for y in line.get_ydata())
    alone = figures.plot_table_deviations({"one": deviation})
    plt.close(alone)
    assert [ax.get_xlabel() for ax in (*figure.axes, *alone.axes)] == [
        "",
        *["nominal power (nW)"] * 2,
    ]


def test_excitation_figure_has_units_and_every_series():
    """<N> has a line per rate, T one per convention and the marked times; axes have units."""
    power = xr.DataArray([1.0, 10.0], dims="power_nW", coords={"power_nW": [1.0, 10.0]})
    rate = xr.DataArray([2.5, 5.0], dims="rep_rate_MHz", coords={"rep_rate_MHz": [2.5, 5.0]})
    tables = {name: tabulate(power, rate, convention=name) for name in ("gaussian", "paper")}
    left, right = figures.plot_excitation_against_power(tables, {"model": 8.1}).axes
    assert len(left.lines) == 4
    assert [line.get_label() for line in right.lines] == ["gaussian", "paper", "model"]
    assert "(nW)" in left.get_xlabel()
    assert "(µs)" in right.get_ylabel()
