"""Tests of tptools.fitting.power."""

import numpy as np
import pytest

from tptools.fitting import agree, power_of_agreement


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0])
def test_power_is_the_share_of_rejections(shift):
    """Of series that are drawn apart, the test finds as many apart as predicted."""
    rng = np.random.default_rng(1)
    a_err, b_err = np.array([1.0, 0.5, 2.0]), np.array([0.3, 1.0, 1.0])
    true = shift * np.array([1.0, -1.0, 1.5])
    draws = 2000
    rejected = [
        agree(rng.normal(true, a_err), a_err, rng.normal(0, b_err), b_err).p_value < 0.05
        for _ in range(draws)
    ]
    predicted = power_of_agreement(true, a_err, b_err)
    assert abs(np.mean(rejected) - predicted) < 4 * np.sqrt(predicted * (1 - predicted) / draws)


def test_power_without_errors_is_refused():
    """A pair without an error, or a level outside (0, 1), has no answer."""
    with pytest.raises(ValueError, match="must not both be zero"):
        power_of_agreement([1, 1], [1, 0], [1, 0])
    with pytest.raises(ValueError, match="level"):
        power_of_agreement([1], [1], [1], level=1.5)
