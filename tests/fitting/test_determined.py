"""Tests of tptools.fitting.determined: what is left out of a fit, and what it leaves open."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tptools.fitting.determined import undetermined, without_outliers
from tptools.fitting.result import fit_curve

ERROR = 0.1


def straight(x, height, slope):
    return height + slope * x


def fit_line(x, y):
    """A straight line through points of one known error."""
    start = {"height": {"value": 0.0}, "slope": {"value": 0.0}}
    how = {"units": {}, "method": "line", "variance": np.full(x.size, ERROR**2)}
    return fit_curve(straight, x, y, start, **how)


def without(y):
    """The line without outliers, and which points were kept in each fit that was made."""
    x, kept = np.linspace(-1, 1, y.size), []

    def fit_of(chosen):
        kept.append(chosen.copy())
        return fit_line(x[chosen], y[chosen])

    return without_outliers(
        fit_of,
        lambda fit: (y - fit.curve(x)) / ERROR,
        lambda lost: f"points {np.flatnonzero(lost).tolist()}",
        y.size,
    ), kept


def points(n, off, curved=0.0):
    """Points on a line, but for those that are off by so many errors."""
    x = np.linspace(-1, 1, n)
    y = straight(x, 2.0, 3.0) + curved * x**2
    y[[*off]] += ERROR * np.array([*off.values()])
    return y


def test_a_point_that_is_off_without_end_is_left_out_once():
    """Then others are, until one in a hundred is gone: as nothing fits still, none is left out."""
    y, kept = points(300, {}, curved=9.0), []

    def fit_of(chosen):
        kept.append(chosen.copy())
        return fit_line(np.linspace(-1, 1, y.size)[chosen], y[chosen])

    pulls = np.where(np.arange(y.size) == 7, np.inf, 1.0)
    found = without_outliers(fit_of, lambda _: pulls, lambda _: "some", y.size)
    assert found.n_points == y.size
    assert [one.sum() for one in kept] == [300, 299, 298, 297]


@pytest.mark.parametrize("sign", [-1, 1])
def test_one_point_beyond_six_errors_is_left_out(sign):
    """The fit is that of the others, and each parameter says which point is gone."""
    found, _ = without(points(12, {4: 6.1 * sign}))
    assert found.n_points == 11
    assert found["height"].value == pytest.approx(2)
    assert found.chi_square == pytest.approx(0, abs=1e-9)
    assert {one.note for one in found.values()} == {
        "left out what no such curve passes: points [4]"
    }


@pytest.mark.parametrize(
    "y",
    [
        points(12, {4: 5.9}),
        points(12, {4: -5.9}),
        points(12, {2: 9, 8: 9}),
        points(12, {5: 0}, curved=2),
    ],
    ids=["above", "below", "two", "curved"],
)
def test_what_may_be_noise_or_another_curve_is_kept(y):
    """A misfit by less, by more points than may go or of all points stays a misfit of all."""
    found, kept = without(y)
    assert found.n_points == 12
    assert "does not fit" in found["slope"].note
    assert len(kept) == 2


def test_a_fit_that_is_right_is_made_once():
    """Nothing is left out of it, whatever a single point does."""
    found, kept = without(points(200, {50: 6.5}))
    assert found.n_points == 200
    assert not found["slope"].note
    assert len(kept) == 1


@pytest.mark.parametrize(("n", "left"), [(199, 199), (200, 198)])
def test_one_point_in_a_hundred_may_go(n, left):
    """Of two bad points both are left out if there are two hundred, and none if there are fewer."""
    found, _ = without(points(n, {50: 40, 120: -30}))
    assert found.n_points == left
    assert ("does not fit" in found["slope"].note) == (left == n)


def test_what_is_not_determined_is_said():
    """All parameters, or those that are named, are NaN with the reason; the curve stays."""
    fit = fit_line(np.arange(5.0), np.arange(5.0))
    for names, lost in (((), {"height", "slope"}), (("slope",), {"slope"})):
        found = undetermined(fit, "it is dark", *names)
        assert {name for name in found if math.isnan(found[name].value)} == lost
        assert {name for name in found if math.isnan(found[name].std_err)} == lost
        for name, one in found.items():
            assert one.note == "not determined by this record: it is dark" * (name in lost)
        np.testing.assert_array_equal(found.fitted, fit.fitted)


def test_what_a_fit_says_already_comes_first():
    """And then what was left out."""
    y = points(12, {4: 9.0})
    x = np.linspace(-1, 1, 12)

    def fit_of(chosen):
        fit = fit_line(x[chosen], y[chosen])
        return replace(fit, parameters={k: replace(one, note=k) for k, one in fit.items()})

    found = without_outliers(fit_of, lambda fit: (y - fit.curve(x)) / ERROR, str, 12)
    for name, one in found.items():
        assert one.note.startswith(f"{name}; left out what no such curve passes: [")
