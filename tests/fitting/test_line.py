"""Tests of tptools.fitting.line."""

import numpy as np
import pytest

from tptools.estimate import Estimate, covariance
from tptools.fitting import line
from tptools.fitting.line import line_through, weighted_line

RNG = np.random.default_rng(1)
X, Y, ERROR = RNG.uniform(2, 9, 12), RNG.normal(0, 1, 12), RNG.uniform(0.2, 2, 12)


@pytest.mark.parametrize("far", [0.0, 1e9])
def test_line_is_that_of_least_squares(far):
    """Slope, height and their covariance are numpy's, also far from zero."""
    (slope, height), found = weighted_line(X + far, Y + 3 * far, ERROR**-2)
    (wanted, middle), matrix = np.polyfit(X - 5, Y, 1, w=1 / ERROR, cov="unscaled")
    assert slope == pytest.approx(wanted, rel=1e-6)
    assert height + slope * (far + 5) - 3 * far == pytest.approx(middle, abs=1e-6 * (1 + far))
    # at the middle of the points
    shift = np.array([[1, 0], [far + 5, 1]])
    scale = np.abs(shift) @ np.abs(found) @ np.abs(shift).T
    assert (np.abs(shift @ found @ shift.T - matrix) < 1e-12 * scale + 1e-9).all()


def test_line_through_the_origin():
    """Without a free intercept it is 0 and has no error."""
    (slope, height), found = weighted_line(X, Y, ERROR**-2, free_intercept=False)
    wanted, *_ = np.linalg.lstsq((X / ERROR)[:, None], Y / ERROR)
    assert (slope, height) == (pytest.approx(wanted[0]), 0)
    np.testing.assert_allclose(found, [[1 / np.sum((X / ERROR) ** 2), 0], [0, 0]])


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_numbers_of_any_size_have_their_errors(size):
    """A line of large or tiny numbers is that of plain ones, in their units, and correlated."""
    plain = np.polyfit(X, Y, 1, w=1 / ERROR, cov="unscaled")
    found = line_through(X, size * Y, size * ERROR, "line", "nm")
    values, errors = plain[0], np.sqrt(np.diag(plain[1]))
    for one, value, error in zip(found, values, errors, strict=True):
        assert one.value == pytest.approx(size * value)
        assert one.std_err == pytest.approx(size * error)
    assert [one.unit for one in found] == ["nm", "nm"]
    if size == 1:
        np.testing.assert_allclose(covariance(found), plain[1])
        assert [one.method for one in found] == ["line", "line"]


def test_points_bring_their_errors_or_are_given_them():
    """Estimates and numbers with errors make one line; fewer than three points make none."""
    given = [Estimate(v, e, "", "fit") for v, e in zip(Y, ERROR, strict=True)]
    assert line(X, given)[0].value == line(X, Y, ERROR)[0].value
    assert [(one.method, one.unit) for one in line(X, Y, ERROR)] == [("weighted line", "")] * 2
    for points, message in (
        ((X[:2], Y[:2], ERROR[:2]), "at least 3"),
        ((np.ones(12), Y, ERROR), "x .*one value"),
        ((X, Y, 0 * ERROR), "std_err must be positive"),
        ((X, Y), "std_err must be positive"),
    ):
        with pytest.raises(ValueError, match=message):
            line(*points)
