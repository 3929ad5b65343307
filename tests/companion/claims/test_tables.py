"""Tests of tptools.companion.claims.tables."""

import pytest
import xarray as xr

from tptools.companion.claims import VERDICTS, compare, side_by_side, summarise
from tptools.companion.paper import Reported
from tptools.estimate import Estimate

TAU = Reported("tau", "relaxation time", "8.1", "us", "Note 2, L472")
TENTH = Reported("N", "<N>", "0.082", "", "Table S1")


def test_summary_has_one_row_per_claim():
    """The table keeps order and shows print, value and verdict as text."""
    table = summarise(
        [(TENTH, 0.08216), (TAU, (8.1, Estimate(4.0, 0.1, "us", "fit"))), (TAU, None)]
    )
    assert table.index.to_list() == ["N", "tau", "tau"]
    assert table.quantity.to_list() == ["<N>", "relaxation time", "relaxation time"]
    assert table.place.to_list() == ["Table S1", "Note 2, L472", "Note 2, L472"]
    assert table.reported.to_list() == ["0.082", "8.1 us", "8.1 us"]
    assert table.recomputed.to_list() == ["0.08216", "8.1 us or 4.00 ± 0.10 us", "-"]
    assert table.verdict.to_list() == ["reproduced", "ambiguous", "not checkable"]
    assert set(table.verdict) <= set(VERDICTS)


def test_summary_judges_as_a_single_comparison_does():
    """By the usual tolerances, or those that are given."""
    found = [8.3, 8.31, Estimate(9.15, 0.5, "us", "fit"), Estimate(9.2, 0.5, "us", "fit")]
    rows = [(TAU, one) for one in found]
    assert summarise(rows).verdict.to_list() == [compare(TAU, one) for one in found]
    wider = summarise(rows, rel_tol=0.1, k=3.0).verdict.to_list()
    assert wider == ["rounding", "rounding", "consistent", "consistent"]


def test_summary_of_nothing_keeps_its_columns():
    """An empty list gives an empty table, not an error."""
    table = summarise([])
    assert table.empty
    assert list(table.columns) == ["quantity", "place", "reported", "recomputed", "verdict"]


def test_tables_side_by_side_pair_the_same_cells():
    """Each variable has print and value next to each other, each row its conditions."""
    coords = {"table": ("row", ["S1", "S2"]), "power_nW": ("row", [0.5, 1.0])}
    printed = xr.Dataset({"N": ("row", [0.0041, 0.00205]), "F": ("row", [0.038, 0.30])}, coords)
    more = (1.011 * printed).assign(T=("row", [1.0, 2.0]))
    table = side_by_side(printed, more)
    assert table.index.names == ["table", "power_nW"]
    assert table.columns.get_level_values(0).unique().to_list() == ["N", "F"]
    assert table.loc[("S2", 1.0)].to_list() == ["0.00205", "0.002073", "0.3", "0.3033"]


def test_headings_carry_units():
    """Columns are headed by name and unit where the recomputed table says them."""
    printed = xr.Dataset({"F": ("row", [0.038])}, {"power_nW": ("row", [0.5])})
    recomputed = printed.copy(deep=True)
    recomputed.F.attrs = {"long_name": "fluence", "units": "µJ/cm²"}
    table = side_by_side(printed, recomputed)
    assert table.columns.to_list() == [("fluence (µJ/cm²)", "paper"), ("fluence (µJ/cm²)", "here")]
    for attrs, head in (({"units": "1"}, "F"), ({"units": "nm"}, "F (nm)"), ({}, "F")):
        recomputed.F.attrs = attrs
        assert side_by_side(printed, recomputed).columns[0] == (head, "paper")


def test_missing_column_is_an_error():
    """A column that was not recomputed is not left out silently."""
    printed = xr.Dataset({"N": ("row", [1.0])}, {"power_nW": ("row", [1.0])})
    with pytest.raises(KeyError, match="N"):
        side_by_side(printed, printed.drop_vars("N"))
