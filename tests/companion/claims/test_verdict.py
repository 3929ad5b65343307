"""Tests of tptools.companion.claims.verdict."""

import math
import re

import pytest

from tptools.companion.claims import VERDICTS, Bounds, asked, compare, describe
from tptools.companion.claims import verdict as rules
from tptools.companion.paper import REPORTED, Reported
from tptools.estimate import Estimate

TAU = Reported("tau", "relaxation time", "8.1", "us", "Note 2, L472")


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
    coarse = Reported("tau", "relaxation time", "6", "us", "Main text, L244", relation="~")
    assert compare(coarse, 6.4) == "reproduced"
    assert compare(coarse, 6.6, rel_tol=0.05) == "contradicted"


@pytest.mark.parametrize(
    ("value", "std_err", "verdict"),
    [
        (8.12, 0.5, "reproduced"),
        (9.0, 0.5, "consistent"),
        (9.15, 0.5, "consistent"),
        (9.2, 0.5, "contradicted"),
        (8.21, 0.01, "contradicted"),
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


def test_readings_of_films_do_not_blame_the_text():
    """Where films of ours disagree the verdict says so; where they agree it is that of a text."""
    assert compare(TAU, (8.1, 4.0), readings_of="model") == "model-dependent"
    assert compare(TAU, (4.0, 2.0), readings_of="model") == "contradicted"


@pytest.mark.parametrize(
    ("criterion", "text"),
    [
        (TAU, ""),
        (Bounds("slope", low=0), "slope > 0"),
        (REPORTED["main-orders"], ": from 1.5 to 3.5"),
        (REPORTED["abs-order"], ": from 3.162 to 31.62"),
    ],
)
def test_a_row_says_what_counts(criterion, text):
    """Wherever a tolerance may decide, its interval stands beside the numbers."""
    assert asked(criterion).endswith(text)
    assert bool(asked(criterion)) == bool(text)


def test_tolerances_are_parameters():
    """The stated tolerance decides, not a hidden one."""
    assert compare(TAU, 8.5) == "contradicted"
    assert compare(TAU, 8.5, rel_tol=0.06) == "rounding"
    # the tolerance itself is allowed
    four = Reported("tau", "relaxation time", "4", "us", "L1")
    assert compare(four, 5.0, rel_tol=0.25) == "rounding"
    assert compare(TAU, Estimate(9.0, 0.4, "us", "fit"), k=3) == "consistent"


def test_every_verdict_has_its_rule():
    """The table of rules and the list of verdicts name the same, those of readings included."""
    frame, *_, table, _, _ = re.split("^(=.*)\n", rules.__doc__, flags=re.MULTILINE)[1:]
    width = frame.index(" ")
    assert {line[:width].rstrip() for line in table.splitlines()} - {""} == {*VERDICTS}
    assert {*rules.MIXED.values()} < {*VERDICTS}


def test_units_are_never_mixed():
    """An estimate in another unit is an error, not a verdict."""
    with pytest.raises(ValueError, match="'us' but was recomputed in 'ns'"):
        compare(TAU, Estimate(8100.0, 10.0, "ns", "fit"))


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (0.5, "reproduced"),
        (0.0, "reproduced"),
        (-1e-9, "contradicted"),
        (Estimate(0.0, 0.0, "", "line"), "reproduced"),
        (Estimate(0.5, 0.2, "", "line"), "reproduced"),
        (Estimate(0.5, 0.3, "", "line"), "consistent"),
        (Estimate(-0.5, 0.3, "", "line"), "consistent"),
        (Estimate(0.5, 0.25, "", "line"), "reproduced"),
        (Estimate(-0.5, 0.25, "", "line"), "consistent"),
        (Estimate(-0.501, 0.25, "", "line"), "contradicted"),
        (Estimate(-0.5, 0.2, "", "line"), "contradicted"),
        (Estimate(0.5, math.nan, "", "line"), "not checkable"),
    ],
)
def test_statements_hold_only_with_their_errors(found, verdict):
    """A statement is reproduced if the errors leave no doubt; doubt alone never contradicts it."""
    assert compare(Bounds("slope", low=0), found) == verdict


def test_upper_end_is_allowed_as_the_lower_one():
    """What lies on the end meets it, what lies beyond by a rounding does so as well."""
    below = Bounds("slope", high=0)
    assert compare(below, 0.0) == "reproduced"
    assert compare(below, 1e-9) == "contradicted"
    assert compare(below, Estimate(0.5, 0.25, "", "line")) == "consistent"
    within = Bounds("ratio", 0.9, 1.1)
    found = [compare(within, one) for one in (1.1 * 1.024, 1.1 * 1.026, 0.9 * 0.976, 0.9 * 0.974)]
    assert found == ["rounding", "contradicted"] * 2
    assert compare(within, 1.1 * (1 + 9e-11)) == "reproduced"


@pytest.mark.parametrize(
    ("relation", "value", "verdict"),
    [
        ("<", 0.009, "reproduced"),
        ("<", 0.0102, "rounding"),
        ("<", 0.02, "contradicted"),
        (">", 0.02, "reproduced"),
        (">", 0.005, "contradicted"),
        ("order", 0.03, "reproduced"),
        ("order", 0.0033, "reproduced"),
        ("order", 0.033, "contradicted"),
    ],
)
def test_print_may_be_a_bound_or_a_magnitude(relation, value, verdict):
    """What the paper qualifies is judged by what it then says."""
    printed = Reported("D", "D", "0.01", "cm2/s", "L1", relation=relation)
    assert compare(printed, value) == verdict


def test_range_ends_where_its_digits_round():
    """A printed range takes in what rounds to its ends."""
    printed = Reported("d", "thickness", "30", "nm", "L1", upto="40")
    assert [compare(printed, d) for d in (29.6, 40.4, 45)] == [
        "reproduced",
        "reproduced",
        "contradicted",
    ]


@pytest.mark.parametrize("ends", [{}, {"low": 1, "high": 1}, {"low": math.nan}])
def test_bounds_that_judge_nothing_are_refused(ends):
    """A statement asks something of its quantity."""
    with pytest.raises(ValueError, match="judge nothing"):
        Bounds("slope", **ends)


def test_descriptions_name_the_readings():
    """A table shows which value belongs to which reading, and what a statement asks."""
    readings = {"top-hat": 8.216, "peak": Estimate(5.7, 0.1, "us", "fit")}
    assert describe(TAU, readings) == "top-hat: 8.216 us or peak: 5.70 ± 0.10 us"
    assert describe(TAU, None) == "-"
    assert describe(TAU, (8.1, None)) == "8.1 us or -"
    assert str(Bounds("shift", -1, 1, "nm")) == "shift from -1 to 1 nm"
    assert str(Bounds("ratio", high=2)) == "ratio < 2"
