"""Tests of tptools.claims."""

import math

import pytest
import xarray as xr

from tptools.claims import VERDICTS, compare, side_by_side, summarise
from tptools.estimate import Estimate
from tptools.paper import Reported

TAU = Reported("tau", "relaxation time", "8.1", "us", "Note 2, L472")
TENTH = Reported("N", "<N>", "0.082", "", "Table S1")


@pytest.mark.parametrize(
    ("recomputed", "verdict"),
    [
        (8.1, "reproduced"),
        (8.15, "reproduced"),
        (8.05, "reproduced"),
        (8.181, "reproduced"),
        (8.19, "rounding"),
        (8.3, "rounding"),
        (7.9, "rounding"),
        (8.31, "contradicted"),
        (7.89, "contradicted"),
        (-8.1, "contradicted"),
        (math.inf, "contradicted"),
        (math.nan, "not checkable"),
        (None, "not checkable"),
    ],
)
def test_exact_values_are_judged_by_their_difference(recomputed, verdict):
    """Each verdict has its bounds: half a printed unit, 1 %, and the stated tolerance."""
    assert compare(TAU, recomputed) == verdict


def test_print_of_few_digits_is_reproduced_by_what_rounds_to_it():
    """Half a unit of a coarse print may be more than 1 %."""
    coarse = Reported("tau", "relaxation time", "6", "us", "Main text, L244", approximate=True)
    assert compare(coarse, 6.4) == "reproduced"
    assert compare(coarse, 6.6, rel_tol=0.05) == "contradicted"


@pytest.mark.parametrize(
    ("value", "std_err", "verdict"),
    [
        (8.12, 0.5, "reproduced"),
        (9.0, 0.5, "consistent"),
        (9.15, 0.5, "consistent"),
        (9.2, 0.5, "contradicted"),
        (8.2, 0.01, "contradicted"),
        (9.0, math.nan, "not checkable"),
        (math.nan, 0.5, "not checkable"),
    ],
)
def test_estimates_are_judged_by_their_error(value, std_err, verdict):
    """A measured value is consistent within k errors and half a printed unit, never by rounding."""
    assert compare(TAU, Estimate(value, std_err, "us", "fit")) == verdict


@pytest.mark.parametrize(
    ("readings", "verdict"),
    [
        ((8.1, 4.0), "ambiguous"),
        ((8.1, 8.25), "rounding"),
        ((4.0, 2.0), "contradicted"),
        ((8.1, None), "reproduced"),
        ((4.0, None), "contradicted"),
        ((None, None), "not checkable"),
        ((), "not checkable"),
    ],
)
def test_readings_of_an_unclear_text(readings, verdict):
    """Only readings that disagree about the verdict are ambiguous."""
    assert compare(TAU, readings) == verdict


def test_tolerances_are_parameters():
    """The stated tolerance decides, not a hidden one."""
    assert compare(TAU, 8.5) == "contradicted"
    assert compare(TAU, 8.5, rel_tol=0.06) == "rounding"
    assert compare(TAU, Estimate(9.0, 0.4, "us", "fit"), k=3) == "consistent"


def test_units_are_never_mixed():
    """An estimate in another unit is an error, not a verdict."""
    with pytest.raises(ValueError, match="'us' but recomputed in 'ns'"):
        compare(TAU, Estimate(8100.0, 10.0, "ns", "fit"))


def test_summary_has_one_row_per_claim():
    """The table keeps order and shows print, value and verdict as text."""
    table = summarise(
        [(TENTH, 0.08216), (TAU, (8.1, Estimate(4.0, 0.1, "us", "fit"))), (TAU, None)]
    )
    assert table.index.to_list() == ["N", "tau", "tau"]
    assert table.recomputed.to_list() == ["0.08216", "8.1 us or 4.00 ± 0.10 us", "-"]
    assert table.verdict.to_list() == ["reproduced", "ambiguous", "not checkable"]
    assert set(table.verdict) <= set(VERDICTS)


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


def test_missing_column_is_an_error():
    """A column that was not recomputed is not left out silently."""
    printed = xr.Dataset({"N": ("row", [1.0])}, {"power_nW": ("row", [1.0])})
    with pytest.raises(KeyError, match="N"):
        side_by_side(printed, printed.drop_vars("N"))
