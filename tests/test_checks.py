"""Tests of tptools.checks: just within and just beyond every rule, and what the messages say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from tptools.checks import (
    MOST_GB,
    check_fits,
    check_flag,
    check_integer,
    check_number,
    check_type,
    make_plain,
    plain_number,
)

TINY, LESS, MORE = math.ulp(0.0), math.nextafter(1, 0), math.nextafter(1, 2)


@pytest.mark.parametrize(
    ("bounds", "within", "beyond", "rule"),
    [
        ({}, [-1e30, 0, 1e-31, TINY, 1e30], [math.inf, math.nan], "a finite number"),
        ({"above": 1}, [MORE], [1, LESS, -math.inf], "a finite number above 1"),
        ({"at_least": 1}, [1, MORE], [LESS], "a finite number at least 1"),
        ({"below": 1}, [LESS], [1, MORE], "a finite number below 1"),
        ({"at_most": 1}, [LESS, 1], [MORE], "a finite number at most 1"),
        (
            {"above": 0, "at_most": 1},
            [1e-30, 1],
            [0, 2],
            "a finite number above 0 and at most 1",
        ),
        (
            {"at_least": 0, "below": 1},
            [0, 0.5],
            [-1, 1],
            "a finite number at least 0 and below 1",
        ),
        ({"finite": False}, [math.inf, -math.inf], [math.nan, "1"], "a number"),
        ({"finite": False, "above": 0}, [math.inf], [-math.inf], "a number above 0"),
        ({"any_size": True}, [1e300], [math.inf], "a finite number"),
        ({"any_size": True, "above": 0}, [TINY], [0], "a finite number above 0"),
    ],
)
def test_numbers_pass_up_to_their_bounds(bounds, within, beyond, rule):
    """What passes is returned; what does not is named with its value and all of the rule."""
    assert [check_number("x", one, **bounds) for one in within] == within
    for one in beyond:
        with pytest.raises(ValueError, match=r"^x = ") as error:
            check_number("x", one, **bounds)
        assert str(error.value) == f"x = {one!r} must be {rule}"


@pytest.mark.parametrize("above", [0, -math.inf])
def test_numbers_have_a_size(above):
    """Nothing is beyond 1e30, nor below 1e-30 where it cannot be zero."""
    too_large = [math.nextafter(1e30, math.inf)]
    too_small = [math.nextafter(1e-30, 0)] if above == 0 else []
    for one in too_large + too_small:
        with pytest.raises(ValueError, match=r"of a size from 1e-30 to 1e\+30$"):
            check_number("x", one, above=above)


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        (2, 2), (2.5, 2.5), (np.uint8(3), 3), (np.array(3), 3), (np.float16(0.5), 0.5),
        (Fraction(1, 4), 0.25), (Decimal("0.5"), 0.5), (10**400, 10**400), (Decimal("-1e400"),
        -math.inf), (True, None), (np.True_, None), ("1", None), (1j, None), (None, None),
        (np.array([1.0]), None), (np.ma.masked, None), (np.array("1"), None),
    ],
)  # fmt: skip
def test_a_number_of_any_type_is_a_plain_one(given, plain):
    """An int or float of the same value, and None for all that is no real number."""
    found = plain_number(given)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize("zero", [-0.0, np.float32(-0.0), Decimal("-0")])
def test_there_is_one_zero(zero):
    """A zero has no sign, whatever its type."""
    assert math.copysign(1, plain_number(zero)) == 1


def test_integers_that_floats_hold_stay_as_they_are():
    """Up to 2⁵³; beyond it a number is a float, and too large ones are infinite."""
    for one in (2**53, -(2**53)):
        assert type(check_number("x", one)) is int
    assert type(check_number("x", 2**53 + 1)) is float
    for one, infinite in ((10**400, math.inf), (-(10**400), -math.inf)):
        assert check_number("x", one, finite=False) == infinite


def test_fields_that_are_declared_as_numbers_are_made_plain():
    """Those of integers exactly, those of floats as floats beyond 2⁵³, and no others."""

    @dataclass(frozen=True)
    class Thing:
        count: int
        size: float | None
        word: str

        def __post_init__(self) -> None:
            make_plain(self)

    one = Thing(np.int64(2**53 + 1), np.float32(0.5), np.float32(0.5))
    assert (type(one.count), one.count) == (int, 2**53 + 1)
    assert (type(one.size), type(one.word)) == (float, np.float32)
    assert type(Thing(1, 2**53 + 1, "").size) is float
    assert Thing("a", None, "") == Thing("a", None, "")
    declared = make_dataclass("Declared", [("count", int), ("size", float)], frozen=True)
    made = declared(np.int8(3), np.float32(0.5))
    make_plain(made)
    assert (type(made.count), type(made.size)) == (int, float)


def test_integers_pass_up_to_their_bounds():
    """The lower one is among them, the upper one is not."""
    assert [check_integer("n", one, at_least=1, below=4) for one in (1, np.int8(3))] == [1, 3]
    for one in (0, 4, 2.0, True, "2"):
        with pytest.raises(ValueError, match=r"^n = .* an integer of at least 1 and below 4$"):
            check_integer("n", one, at_least=1, below=4)
    with pytest.raises(ValueError, match=r"an integer of at least 1$"):
        check_integer("n", 0, at_least=1)


def test_flags_are_true_false_one_or_zero():
    """And nothing else, not even two or the words."""
    found = [check_flag("on", one) for one in (True, np.False_, 1, 0, 1.0, np.int8(0))]
    assert found == [True, False, True, False, True, False]
    for one in (2, -1, 0.5, "True", None):
        with pytest.raises(ValueError, match=r"on = .* must be True or False"):
            check_flag("on", one)


def test_what_fits_is_as_large_as_is_said():
    """Eight gigabytes, of 10⁹ bytes, and not one byte in a billion more."""
    check_fits("it", 8e9, "lower it")
    assert MOST_GB == 8
    with pytest.raises(ValueError, match=r"^it would hold 8\.0e\+00 GB and may hold 8 GB; lower"):
        check_fits("it", 8.0001e9, "lower it")
    with pytest.raises(ValueError, match="would hold inf GB"):
        check_fits("it", 10**400, "lower it")


def test_a_type_is_asked_for_by_name():
    """All that would do, and where to read of the first of them unless there is a remedy."""
    check_type("x", [], Mapping, list)
    with pytest.raises(TypeError) as error:
        check_type("x", 1, Mapping, list)
    wanted = "x is of type int and must be of type Mapping or list; see collections.Mapping"
    assert str(error.value) == wanted
    with pytest.raises(TypeError, match=r"must be of type list; give one$"):
        check_type("x", 1, list, remedy="give one")
