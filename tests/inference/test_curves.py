"""Tests of tptools.inference.curves."""

import numpy as np
import pytest

from tptools.fitting import fit_relaxation, relaxation_curve
from tptools.inference import relaxation_numbers
from tptools.inference.curves import LONGEST, N_TIMES, SHORTEST, _heights

TIMES = 48.7 / np.array([0.5, 1, 1.5, 2.5, 4, 6, 10, 15, 25]) * 2


def test_numbers_are_those_of_the_fit_of_one_curve():
    """Stretched exponentials with noise get the limit and time that least squares gives."""
    random = np.random.default_rng(1)
    curves = [
        0.01 + 0.2 * np.exp(-((TIMES / tau) ** stretch)) + 0.002 * random.normal(size=9)
        for tau, stretch in random.uniform([2, 0.5], [20, 1], (10, 2))
    ]
    found = relaxation_numbers(TIMES, np.reshape(curves, (2, 5, 9)))
    assert found["tau_us"].shape == (2, 5)
    for k, curve in enumerate(curves):
        fit = fit_relaxation(TIMES, curve)
        assert found["tau_us"].flat[k] == pytest.approx(fit["tau_us"].value, rel=1e-3)
        assert found["limit_cm2_s"].flat[k] == pytest.approx(fit["limit_cm2_s"].value, abs=1e-5)
        assert found["highest_cm2_s"].flat[k] == curve[-1]


def test_numbers_do_not_hang_on_order_or_unit():
    """Points in any order, and times in any unit, give the same."""
    curve = relaxation_curve(TIMES, 0.01, 0.2, 6.0)
    mixed = np.random.default_rng(2).permutation(9)
    found = relaxation_numbers(1e3 * TIMES[mixed], curve[mixed])
    assert found["tau_us"] == pytest.approx(6e3, rel=1e-3)
    assert found["highest_cm2_s"] == curve.max()


def test_a_straight_line_has_no_time():
    """Where the best time is the longest that is tried, there is neither time nor limit."""
    found = relaxation_numbers(TIMES, 1 - 1e-3 * TIMES)
    assert np.isnan(found["tau_us"])
    assert np.isnan(found["limit_cm2_s"])


def test_four_times_are_enough():
    """Limit, height, time and one more; three are refused."""
    time_us = np.array([2.0, 5.0, 12.0, 60.0])
    curve = relaxation_curve(time_us, 0.01, 0.2, 6.0)
    assert relaxation_numbers(time_us, curve)["tau_us"] == pytest.approx(6, rel=1e-3)
    with pytest.raises(ValueError, match="give four times"):
        relaxation_numbers(time_us[:3], curve[:3])


def test_times_are_found_from_a_fifth_of_a_gap_to_thirty_ranges():
    """Just within either end of the grid there is a time, and just beyond it there is none."""
    time_us = 3 * np.array([3.0, 4.0, 6.0, 10.0, 23.0])
    shortest, longest = 0.2 * 3.0, 30 * 60.0
    step = (longest / shortest) ** (1 / 59)
    for tau, known in (
        (shortest * step**0.4, False),
        (shortest * step**0.6, True),
        (longest / step**0.6, True),
        (longest / step**0.4, False),
    ):
        curve = 0.5 + np.exp((time_us[0] - time_us) / tau)
        found = relaxation_numbers(time_us, curve)
        assert np.isfinite(found["tau_us"]) == np.isfinite(found["limit_cm2_s"]) == known
        assert found["highest_cm2_s"] == curve[0]
        if known:
            assert found["tau_us"] == pytest.approx(tau, rel=2e-3)


def test_times_are_found_to_half_of_the_last_step():
    """Of a grid that is refined four times by a factor of four."""
    time_us, tau = np.geomspace(1, 100, 12), np.geomspace(2, 60, 50)
    step = np.log(LONGEST * 99 / (SHORTEST * np.diff(time_us).min())) / (N_TIMES - 1)
    found = relaxation_numbers(time_us, 0.1 + np.exp(-time_us / tau[:, None]))
    assert np.abs(np.log(found["tau_us"] / tau)).max() < 0.51 * step / 4**4


def test_heights_are_those_of_a_line():
    """Limit and amplitude beside a shape are intercept and slope of least squares."""
    random = np.random.default_rng(1)
    shape, curve = random.uniform(size=(2, 9))
    limit, height = _heights(shape[None], curve[None])
    slope, intercept = np.polyfit(shape, curve, 1)
    assert limit == pytest.approx(intercept)
    assert height == pytest.approx(slope)


@pytest.mark.parametrize(
    ("time_us", "curves"), [(TIMES[None], TIMES), (TIMES, TIMES[1:]), (TIMES, TIMES[:, None])]
)
def test_points_that_are_not_those_of_the_times_are_refused(time_us, curves):
    """Both shapes are said."""
    with pytest.raises(ValueError, match=r"time_us has shape .* and diffusivity_cm2_s "):
        relaxation_numbers(time_us, curves)
