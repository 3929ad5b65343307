"""Tests of tptools.estimate."""

import math

import numpy as np
import pytest

from tptools.estimate import Estimate


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
        (1.5, math.nan, "1.5 ± nan"),
        (math.nan, math.nan, "nan ± nan"),
        (math.nan, 0.1, "nan ± 0.1"),
        (1.2, math.inf, "1.2 ± inf"),
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


def test_z_refuses_other_units():
    """Values in different units are never compared."""
    with pytest.raises(ValueError, match="'us' with 'ns'"):
        Estimate(1.0, 0.1, "us", "fit").z(Estimate(1.0, 0.1, "ns", "fit"))


def test_ratio_adds_relative_errors():
    """The error of a quotient is that of many quotients of normal draws."""
    rng = np.random.default_rng(1)
    one, other = Estimate(6.0, 0.12, "us", "fit"), Estimate(2.0, 0.05, "us", "fit")
    draws = rng.normal(6.0, 0.12, 100_000) / rng.normal(2.0, 0.05, 100_000)
    assert one.ratio(other).std_err == pytest.approx(draws.std(), rel=0.02)
    with pytest.raises(ValueError, match="cannot compare 'us' with 'ns'"):
        one.ratio(Estimate(2.0, 0.1, "ns", "fit"))
