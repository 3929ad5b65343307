"""Tests of tptools.estimate."""

import math
import operator
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uncertainties import ufloat

from tptools.estimate import Estimate, Goodness, correlated_estimates, covariance


@pytest.mark.parametrize(
    ("value", "std_err", "text"),
    [
        (0.15234, 0.00412, "0.1523 ± 0.0041"),
        (8123.4, 57.0, "8123 ± 57"),
        (1.0, 0.0996, "1.00 ± 0.10"),
        (-3.14159, 0.5, "-3.14 ± 0.50"),
        (0.0, 0.012, "0.000 ± 0.012"),
        (5.29e-14, 1.2e-15, "(5.29 ± 0.12)×10⁻¹⁴"),
        (3.2e7, 1.5e5, "(3.200 ± 0.015)×10⁷"),
        (2.5, 0.0, "2.5 ± 0"),
        (1.0, 1.8e-17, "1 ± 0"),  # D / D, but for rounding
        (1.5, math.nan, "1.5 ± nan"),
        (math.nan, math.nan, "nan ± nan"),
        (math.nan, 0.1, "nan ± 0.1"),
        (1.2, math.inf, "1.2 ± inf"),
        (2.9999999999999996e-8, math.nan, "3e-08 ± nan"),
        (0.0, 1e300, "0 ± 1e+300"),
        (3e-310, 5e-324, "3e-310 ± 4.9e-324"),
    ],
)
def test_text_keeps_two_digits_of_the_error(value, std_err, text):
    """The text is rounded by the error, also where value or error is NaN, zero or tiny."""
    assert str(Estimate(value, std_err, "us", "fit")) == f"{text} us"


def test_pure_number_has_no_trailing_space():
    """An empty unit leaves no mark in the text."""
    assert str(Estimate(2.0, 0.1, "", "fit")) == "2.00 ± 0.10"


def test_repr_names_method_and_note():
    """The repr says how the value came about."""
    shown = repr(Estimate(2.0, 0.1, "us", "fit", note="one train"))
    assert shown == "Estimate(2.00 ± 0.10 us, method='fit', note='one train')"


def test_negative_error_is_refused():
    """A negative standard error is an error that names the value."""
    with pytest.raises(ValueError, match=r"std_err = -1\.0 is negative"):
        Estimate(1.0, -1.0, "us", "fit")


def test_z_combines_both_errors():
    """Errors add in quadrature and a plain number counts as exact."""
    a = Estimate(5.0, 0.3, "us", "fit")
    assert a.z(Estimate(4.0, 0.4, "us", "fit")) == pytest.approx(2.0)
    assert a.z(5.6) == pytest.approx(-2.0)


def test_z_without_errors():
    """Exact values are equal or infinitely far apart; an unknown error gives NaN."""
    exact = Estimate(1.0, 0.0, "us", "exact")
    assert exact.z(1.0) == 0.0
    assert exact.z(2.0) == -math.inf
    assert math.isnan(Estimate(1.0, math.nan, "us", "fit").z(2.0))


@pytest.mark.parametrize("changed", [{"value": math.nan}, {"std_err": math.nan}])
def test_what_is_replaced_by_nothing_known_is_not_computed_with(changed):
    """Half of an estimate with a new value or error has that one, not the old."""
    whole = replace(Estimate(1.0, 0.1, "us", "fit"), **changed)
    assert all(math.isnan(getattr(whole / 2, name)) for name in changed)


@pytest.mark.parametrize("std_err", [0.0, 0.1, math.nan])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_z_of_what_is_not_known_is_not_known(value, std_err):
    """NaN is no distance from anything, and infinity none from itself."""
    one = Estimate(value, std_err, "us", "fit")
    assert math.isnan(one.z(one))
    assert math.isnan(Estimate(math.nan, std_err, "us", "fit").z(1.0))


def test_z_refuses_other_units():
    """Values in different units are never compared."""
    with pytest.raises(ValueError, match="'us' and 'ns'"):
        Estimate(1.0, 0.1, "us", "fit").z(Estimate(1.0, 0.1, "ns", "fit"))


NUMBERS = st.floats(-100, 100).filter(lambda x: abs(x) > 0.01)
ERRORS = st.floats(0.001, 10)
PAIRS = st.tuples(NUMBERS, ERRORS)
OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]


@pytest.mark.parametrize("combine", OPERATIONS)
@given(PAIRS, PAIRS, NUMBERS)
def test_arithmetic_is_that_of_uncertainties(combine, one, other, exact):
    """Value and error of a combination are those that the uncertainties package finds."""
    a, b = Estimate(*one, "us", "fit"), Estimate(*other, "us", "line")
    u, v = ufloat(*one), ufloat(*other)
    expected = [combine(u, v), combine(u, exact), combine(exact, u), combine(combine(u, v), u)]
    found = [combine(a, b), combine(a, exact), combine(exact, a)]
    if combine in (operator.add, operator.sub):
        found.append(combine(found[0], a))
        assert {one.unit for one in found} == {"us"}
    for mine, theirs in zip(found, expected, strict=False):
        assert float(mine) == pytest.approx(theirs.n)
        assert mine.s == pytest.approx(theirs.s)


@pytest.mark.parametrize("combine", OPERATIONS)
def test_errors_are_those_of_many_draws(combine):
    """The error of a combination is the scatter of combinations of normal draws."""
    rng = np.random.default_rng(1)
    a, b = Estimate(6.0, 0.12, "us", "fit"), Estimate(2.0, 0.05, "us", "fit")
    drawn = [rng.normal(one.value, one.std_err, 100_000) for one in (a, b)]
    assert combine(a, b).std_err == pytest.approx(combine(*drawn).std(), rel=0.02)
    assert (b**-1.5).std_err == pytest.approx((drawn[1] ** -1.5).std(), rel=0.02)


@given(PAIRS)
def test_what_is_shared_is_not_counted_twice(one):
    """An estimate less itself is exactly zero, and over itself exactly one."""
    a = Estimate(*one, "us", "fit")
    assert ((a - a).value, (a - a).std_err) == (0, 0)
    assert (a / a).value == pytest.approx(1)
    assert (a / a).std_err == pytest.approx(0, abs=1e-12 / abs(a.value))
    assert (a + a).std_err == pytest.approx(2 * a.std_err)
    assert replace(a, note="kept").z(a) == 0
    # another value is another source
    assert replace(a, value=a.value + 1).z(a) == pytest.approx(1 / (math.sqrt(2) * a.std_err))


def test_correlated_estimates_keep_their_covariance():
    """The covariance that was put in comes out, also of combinations."""
    matrix = np.array([[0.04, -0.018], [-0.018, 0.01]])
    slope, start = correlated_estimates([3.0, 1.0], matrix, ["us", "us"], "line", converged=False)
    np.testing.assert_allclose(covariance([slope, start]), matrix)
    assert (slope + start).std_err == pytest.approx(math.sqrt(matrix.sum()))
    assert not (slope + start).converged
    plain = correlated_estimates([3.0, 1.0], matrix, ["", ""], "line")
    assert all(one.converged and not one.note for one in plain)


def test_value_of_zero_has_an_error_too():
    """A quotient of zero has the absolute error of its numerator."""
    quotient = Estimate(0.0, 0.1, "us", "fit") / Estimate(2.0, 0.1, "us", "fit")
    assert (quotient.value, quotient.std_err, quotient.unit) == (0.0, pytest.approx(0.05), "")


@pytest.mark.filterwarnings("error")
def test_unknown_and_exact_errors_propagate_in_silence():
    """NaN stays NaN and zero stays zero, without a warning."""
    exact, unknown = Estimate(2.0, 0.0, "", "exact"), Estimate(3.0, math.nan, "", "fit")
    assert (exact * exact).std_err == 0
    assert math.isnan((unknown / exact).std_err)
    assert (unknown / exact).value == 1.5
    assert math.isnan(Estimate(math.nan, math.nan, "", "fit") - 1.0)


HUGE = Estimate(1e300, 1e299, "us", "fit")
ZERO = Estimate(0.0, 0.1, "us", "fit")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("combine", "note"),
    [
        (lambda: 1 / ZERO, "division by an estimate of zero"),
        (lambda: HUGE / ZERO, "division by an estimate of zero"),
        (lambda: ZERO**-1, "division by an estimate of zero"),
        (lambda: HUGE**2, "beyond the range of double precision"),
    ],
    ids=["number by zero", "estimate by zero", "inverse", "square"],
)
def test_what_has_no_value_is_nan_and_says_why(combine, note):
    """A quotient by a measured zero, or a number too large, is not determined."""
    found = combine()
    assert math.isnan(found.value)
    assert math.isnan(found.std_err)
    assert found.note == note


def test_exact_slips_are_refused():
    """A plain zero divides nothing, and a negative value has no root."""
    with pytest.raises(ZeroDivisionError):
        ZERO / 0
    with pytest.raises(
        ValueError, match=r"-1\.00 ± 0\.10 us is negative and has no real power 0\.5"
    ):
        Estimate(-1.0, 0.1, "us", "fit") ** 0.5
    assert (ZERO**0.5).value == 0


@given(PAIRS, st.floats(1e-300, 1e290))
def test_errors_know_no_smallest_or_largest(one, scale):
    """A scaled estimate keeps its relative error, though its square leaves double precision."""
    value, std_err = one
    found = scale * Estimate(value, std_err, "us", "fit")
    assert found.std_err == pytest.approx(scale * std_err, rel=1e-9)
    assert found.z(scale * value - scale * std_err) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", "(3.0 +/- 1.0)x10^-8 us nm^2"),
        ("cp1252", "(3.0 ± 1.0)×10^-8 µs nm²"),
        ("utf-8", "(3.0 ± 1.0)×10⁻⁸ µs nm²"),
    ],
)
def test_every_console_shows_an_estimate(encoding, text):
    """Printing falls back to plain characters where others cannot be shown."""
    program = (
        "from tptools.estimate import Estimate\n"
        "one = Estimate(3e-8, 1e-8, '\u00b5s nm\u00b2', 'fit')\n"
        "print(one); print(repr(one)); print(f'{one:.1u}')"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": encoding},
    )
    first, second, _ = found.stdout.decode(encoding).splitlines()
    assert first == text
    assert second == f"Estimate({text}, method='fit')"


def test_units_follow():
    """Products and quotients name their unit, and what cancels has none."""
    a, b = Estimate(2.0, 0.1, "us", "fit"), Estimate(3.0, 0.1, "cm2/s", "fit")
    found = [a / b, b / a, b / b, 1 / a, a * b, np.float64(2) * a, 1 - b, a**2, b**0.5, a**0, a**1]
    units = "us/(cm2/s)", "cm2/s/us", "", "1/us", "us cm2/s", "us", "cm2/s", "us^2", "(cm2/s)^0.5"
    assert tuple(one.unit for one in found) == (*units, "", "us")


@pytest.mark.parametrize(
    ("unit", "square", "inverse"),
    [
        ("nm", "nm^2", "1/nm"),
        ("counts nm2", "(counts nm2)^2", "1/(counts nm2)"),
        ("1/us", "(1/us)^2", "1/(1/us)"),
        ("nm^0.5", "(nm^0.5)^2", "1/(nm^0.5)"),
    ],
)
def test_units_of_several_parts_stand_in_brackets(unit, square, inverse):
    """A power or a quotient is of all of them; a pure number takes none away."""
    one = Estimate(0.5, 0.1, unit, "fit")
    assert [(one**2).unit, (1 / one).unit] == [square, inverse]
    assert (one / Estimate(2.0, 0.1, "", "fit")).unit == unit
    assert (one**0.5).value == pytest.approx(0.5**0.5)
    assert (Estimate(0.5, 0.1, "", "fit") ** 2).unit == ""


def test_what_is_stated_alike_is_alike():
    """Where a value comes from, and how well its model fits, are no part of what it is."""
    one = Estimate(2.0, 0.1, "nm", "fit")
    assert one == Estimate(2.0, 0.1, "nm", "fit", goodness=Goodness(3.0, 2.0, 0.2))
    assert one == Estimate.of(ufloat(2.0, 0.1), "nm", "fit")
    assert Estimate.of(2.0, "nm", "fit") == Estimate(2.0, 0.0, "nm", "fit")  # exact
    with pytest.raises(TypeError, match="positional"):
        Estimate(2.0, 0.1, "nm", "fit", "", True, None, Goodness(3.0, 2.0, 0.2))
    assert one.converged
    assert one.note == ""
    assert one != replace(one, std_err=0.2)
    assert Goodness(3.0, 2.0, 0.2).reduced_chi_square == 1.5


def test_sum_refuses_other_units():
    """Values in different units are never added."""
    with pytest.raises(ValueError, match="cannot add 'us' and 'ns'"):
        Estimate(1.0, 0.1, "us", "fit") + Estimate(1.0, 0.1, "ns", "fit")


def test_what_is_known_of_both_is_handed_on():
    """A combination names both methods and notes once, and fails to converge with either."""
    good = Estimate(1.0, 0.1, "us", "fit", "short")
    bad = Estimate(2.0, 0.1, "us", "line", "short", converged=False)
    assert repr(good + bad) == (
        "Estimate(3.00 ± 0.14 us, method='fit and line', note='short', converged=False)"
    )
    assert (good / good).method == "fit"
    assert (good + replace(bad, note="old")).note == "short; old"
    assert (1 / replace(ZERO, note="dim")).note == "dim; division by an estimate of zero"


@pytest.mark.parametrize("compare", [operator.lt, operator.ge])
def test_order_is_refused(compare):
    """Which of two uncertain values is larger has no plain answer."""
    with pytest.raises(TypeError):
        compare(Estimate(1.0, 0.1, "us", "fit"), Estimate(2.0, 0.1, "us", "fit"))


def test_arrays_and_formats_take_estimates():
    """Values go into arrays, and formats round value and error alike."""
    one = Estimate(0.15234, 0.00412, "cm2/s", "fit")
    np.testing.assert_array_equal(np.asarray([one, one], float), [0.15234, 0.15234])
    assert f"{one:.2f}" == "0.15 ± 0.00 cm2/s"
    assert f"{one:.1u}" == "0.152 ± 0.004 cm2/s"
    assert f"{one:.1uS}" == "0.152(4) cm2/s"
    assert f"{one:.1uP}" == "0.152 ± 0.004 cm2/s"
    assert f"{one:.1uL}" == r"0.152 \pm 0.004 cm2/s"
    small = Estimate(3e-8, 1e-8, "cm2/s", "fit")
    assert [f"{small:.1u{kind}}" for kind in ("P", "S", "L")] == [
        "(3 ± 1)×10⁻⁸ cm2/s", "3(1)e-08 cm2/s", r"\left(3 \pm 1\right) \times 10^{-8} cm2/s"
    ]  # fmt: skip
    assert f"{one}" == str(one)
