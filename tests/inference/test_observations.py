"""Tests of tptools.inference.observations."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from tptools.inference import Observation

TIME = Observation("tau_us", 5.0, 7.0, 0.1, "rounds to 6")


def test_likelihood_is_a_box_blurred_on_the_logarithm():
    """It is the chance that a value, with its error drawn, lies in the interval."""
    values = np.array([4.0, 5.0, 6.0, 8.0])
    errors = np.random.default_rng(1).normal(0, TIME.edge, (200_000, 1))
    seen = values * np.exp(errors)
    share = ((seen > 5) & (seen < 7)).mean(axis=0)
    np.testing.assert_allclose(TIME.likelihood(values), share, atol=0.005)


def test_likelihood_keeps_its_weight_whatever_the_edge():
    """Blur moves weight on the logarithmic axis and makes none."""
    for edge in (0.01, 0.1, 0.5):
        one = Observation("tau_us", 5.0, 7.0, edge, "")
        total, _ = integrate.quad(
            lambda x, one=one: float(one.likelihood(np.exp(x))), -3, 7, limit=200
        )
        assert total == pytest.approx(np.log(7 / 5), rel=1e-6)


def test_errors_of_values_add_to_the_edge():
    """An error of the value counts in quadrature."""
    wide = Observation("tau_us", 5.0, 7.0, 0.5, "")
    found = TIME.likelihood([4.0, 8.0], relative_error=np.sqrt(0.5**2 - 0.1**2))
    np.testing.assert_allclose(found, wide.likelihood([4.0, 8.0]))


def test_open_sides_and_impossible_values():
    """A bound of one side is a normal step; NaN and what is not positive are impossible."""
    level = Observation("ratio", 0.0, 1.3, 0.1, "unchanged")
    expected = stats.norm.cdf(np.log(1.3 / 1.5) / 0.1)
    np.testing.assert_allclose(
        level.likelihood([1.5, 1e-9, 0.0, -1.0, np.nan]), [expected, 1, 0, 0, 0]
    )
    rise = Observation("rise", 1.0, np.inf, 0.1, "more")
    np.testing.assert_allclose(rise.likelihood([1.0, 100.0]), [0.5, 1.0])


def test_met_is_the_interval_itself():
    """Ends belong to it, NaN does not."""
    assert TIME.met([4.9, 5.0, 7.0, 7.1, np.nan]).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"name": 6}, TypeError),
        ({"reason": None}, TypeError),
        ({"low": -1.0}, ValueError),
        ({"high": 5.0}, ValueError),
        ({"edge": 0.0}, ValueError),
    ],
)
def test_what_is_no_interval_is_refused(changes, error):
    """By the name of what is wrong."""
    with pytest.raises(error, match=f"^{next(iter(changes))}"):
        replace(TIME, **changes)
