"""Tests of tptools.fitting.relaxation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.fitting import fit_relaxation, relaxation_curve

TIME_US = np.geomspace(0.6, 100, 16)


@given(
    limit=st.floats(0, 0.1),
    amplitude=st.floats(0.05, 1),
    tau=st.floats(2, 20),
)
def test_exact_curves_are_recovered(limit, amplitude, tau):
    """Without noise the parameters come back, in any order of the points."""
    order = np.random.default_rng(0).permutation(TIME_US.size)
    time = TIME_US[order]
    fit = fit_relaxation(time, relaxation_curve(time, limit, amplitude, tau))
    found = [fit[name].value for name in ("limit_cm2_s", "amplitude_cm2_s", "tau_us")]
    np.testing.assert_allclose(found, [limit, amplitude, tau], rtol=1e-4, atol=1e-6)


def test_errors_cover_the_truth():
    """Over noisy repetitions the pull of tau has zero mean and unit width."""
    rng = np.random.default_rng(2)
    exact = relaxation_curve(TIME_US, 0.01, 0.14, 6.0)
    error = np.full_like(exact, 0.003)
    pulls = []
    for _ in range(200):
        tau = fit_relaxation(TIME_US, rng.normal(exact, error), error)["tau_us"]
        pulls.append((tau.value - 6.0) / tau.std_err)
    assert abs(np.mean(pulls)) < 4 / np.sqrt(200)
    assert 0.85 < np.std(pulls) < 1.3


def test_weights_follow_the_errors():
    """A point with a huge error does not move the fit."""
    value = relaxation_curve(TIME_US, 0.01, 0.14, 6.0)
    value[3] += 0.1
    error = np.full_like(value, 0.001)
    error[3] = 1e3
    assert fit_relaxation(TIME_US, value, error)["tau_us"].value == pytest.approx(6.0)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (([1, 2, 3], [1, 2, 3]), "at least 4"),
        (([1, 2, 3, 4], [1, 2, 3]), "must have the same number"),
        (([1, 2, 3, 4], [1, 2, np.nan, 3]), "finite"),
        (([1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 0, 1]), "must be positive"),
    ],
)
def test_unusable_points_are_refused(points, message):
    """Too few, unequal, missing or errorless points are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        fit_relaxation(*points)
