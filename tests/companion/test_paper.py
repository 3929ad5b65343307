"""Tests of tptools.companion.paper."""

import csv
import math
import re
from importlib import resources

import pytest

from tptools.companion.paper import CLAIMS, REPORTED, Reported

PARTS = {
    "abs": "Abstract",
    "main": "Main text",
    "tabS1": "Table S1",
    "tabS2": "Table S2",
    **{f"s{number}": f"Note {number}" for number in range(1, 11)},
}


def test_ids_are_unique():
    """No claim hides behind another with the same id: each line of the table is in the mapping."""
    with resources.files("tptools.companion").joinpath("claims.csv").open() as file:
        assert len(CLAIMS) == sum(1 for _ in csv.DictReader(file)) == 320


def part_of(claim_id):
    """Pattern of the part of the paper that an id names."""
    head = claim_id.partition("-")[0]
    part = PARTS.get(head) or f"Fig {head.removeprefix('fig').rstrip('abcdefgh')}"
    return f"{part}|Fig 2 caption" if head == "main" else part


def test_place_agrees_with_the_id():
    """Each place gives lines, in the part of the paper that the id names."""
    lines = r"L\d+([-, ]+\d+)*"
    places = {name: one.place for name, one in CLAIMS.items()}
    strange = [k for k, v in places.items() if not re.fullmatch(f"({part_of(k)}), {lines}", v)]
    assert strange == []


@pytest.mark.parametrize(
    ("note", "main"),
    [
        ("s2-tau-relax", "main-k-relax"),
        ("s2-tau-ex", "main-tau-ex"),
        ("s2-l", "main-l"),
        ("s2-P-fast", "main-k-fast"),
        ("s2-P-slow", "main-k-slow"),
        ("s6-spot", "main-spot-fwhm"),
        ("s10-tau", "main-tau-AlOx"),
    ],
)
def test_numbers_printed_twice_agree(note, main):
    """What a Note repeats is what the main text says; a typing slip in one of them shows."""
    assert REPORTED[note].value == REPORTED[main].value


def test_every_reported_number_is_that_of_a_claim():
    """What is reported is judged; numbers beside it have another place."""
    assert {claim_id: CLAIMS[claim_id].number for claim_id in REPORTED} == dict(REPORTED)


def test_numbers_that_follow_from_each_other():
    """Spot width, decay probability and enhancement agree with the numbers they derive from."""
    sigma_nm = REPORTED["s2-sigma"].value * REPORTED["s2-l"].value
    assert sigma_nm * 2.3548 == pytest.approx(REPORTED["s2-fwhm"].value, rel=1e-3)
    steps = 1e3 * REPORTED["s2-tau-ex"].value / REPORTED["s2-step"].value
    assert 1 / steps == pytest.approx(REPORTED["s2-Pdecay"].value)
    ratio = REPORTED["main-D-enhanced"].value / REPORTED["main-D-inf"].value
    assert ratio == pytest.approx(REPORTED["main-enh15"].value)


@pytest.mark.parametrize(
    ("printed", "half_unit"),
    [("0.30", 0.005), ("0.3", 0.05), ("500", 0.5), ("1.38e7", 5e4), ("6e-3", 5e-4)],
)
def test_half_unit_follows_the_printed_digits(printed, half_unit):
    """Trailing zeros and exponents count towards the precision of the print."""
    assert Reported("x", "x", printed, "", "x").half_unit == half_unit


def test_text_shows_how_the_paper_qualifies_a_number():
    """Text shows the digits as printed, the unit, and what the paper puts before them."""
    assert str(REPORTED["main-tau-relax"]) == "~6 us"
    assert str(REPORTED["main-dT"]) == "<0.01 K"
    assert str(REPORTED["abs-order"]) == "order of 10"
    assert str(REPORTED["s4-thickness"]) == "30 to 40 nm"
    assert str(REPORTED["s6-Nav"]) == "0.0082"


@pytest.mark.parametrize(
    ("relation", "upto", "low", "high"),
    [
        ("", "", 29.5, 30.5),
        ("~", "", 29.5, 30.5),
        ("", "40", 29.5, 40.5),
        ("<", "", -math.inf, 30),
        (">", "", 30, math.inf),
        ("order", "", 30 / 10**0.5, 30 * 10**0.5),
    ],
)
def test_interval_is_what_agrees_with_the_print(relation, upto, low, high):
    """What rounds to the digits, or lies beyond a bound, or within a factor of an order."""
    one = Reported("x", "x", "30", "nm", "x", relation=relation, upto=upto)
    assert one.interval == pytest.approx((low, high))
    assert one.is_value == (relation in ("", "~") and not upto)


@pytest.mark.parametrize("printed", ["six", "", "nan", "inf"])
def test_digits_that_are_no_number_are_refused(printed):
    """What cannot be compared never becomes a reported number."""
    with pytest.raises(ValueError, match=f"printed = '{printed}'"):
        Reported("x", "x", printed, "", "x")


def test_mapping_is_read_only():
    """No chapter can change what the paper prints."""
    with pytest.raises(TypeError):
        REPORTED["s6-F"] = None  # type: ignore[index]
