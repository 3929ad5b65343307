"""Tests of tptools.fitting.relaxation."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tptools.estimate import Estimate
from tptools.fitting import fit_relaxation, relaxation_curve
from tptools.fitting.relaxation import _reason

TIME_US = np.geomspace(0.6, 100, 16)


@given(
    limit=st.floats(0, 0.1),
    amplitude=st.floats(0.05, 1),
    tau=st.floats(2, 20),
)
def test_exact_curves_are_recovered(limit, amplitude, tau):
    """Without noise the parameters come back, with units, in any order of the points."""
    order = np.random.default_rng(0).permutation(TIME_US.size)
    time = TIME_US[order]
    fit = fit_relaxation(time, relaxation_curve(time, limit, amplitude, tau))
    found = [fit[name].value for name in ("limit_cm2_s", "amplitude_cm2_s", "tau_us")]
    np.testing.assert_allclose(found, [limit, amplitude, tau], rtol=1e-4, atol=1e-6)
    units = {"limit_cm2_s": "cm2/s", "amplitude_cm2_s": "cm2/s", "tau_us": "us"}
    assert {name: one.unit for name, one in fit.items()} == units


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


def test_noise_ends_in_numbers_or_a_reason():
    """Points all over the axis, the first long after the fall too, never end in an error."""
    g = np.random.default_rng(0)
    for _ in range(150):
        time_us = np.sort(g.uniform(0.5, 100, 9))
        noise = 0.004 * g.normal(size=9)
        value = relaxation_curve(time_us, 0.01, 0.14, g.uniform(2, 20)) + noise
        tau = fit_relaxation(time_us, value)["tau_us"]
        assert tau.value > 0 if tau.note == "" else np.isnan(tau.value) or "bound" in tau.note


def test_weights_follow_the_errors():
    """A point with a huge error does not move the fit."""
    value = relaxation_curve(TIME_US, 0.01, 0.14, 6.0)
    value[3] += 0.1
    error = np.full_like(value, 0.001)
    error[3] = 1e3
    assert fit_relaxation(TIME_US, value, error)["tau_us"].value == pytest.approx(6.0)


@pytest.mark.parametrize("unit", [1e-100, 1.0, 1e100])
@pytest.mark.parametrize("offset_us", [0.0, 30.0, 1.7e9])
@pytest.mark.parametrize("amplitude", [0.14, -0.009])
def test_times_and_units_of_any_size(unit, offset_us, amplitude):
    """A point at zero, times since an epoch, tiny units and a rise change no relaxation time."""
    time = np.concatenate([[0.0], TIME_US])
    value = unit * relaxation_curve(time, 0.01, amplitude, 6.0)
    fit = fit_relaxation((time + offset_us)[::-1], value[::-1])
    assert fit["tau_us"].value == pytest.approx(6.0, rel=1e-5)
    assert fit["limit_cm2_s"].value == pytest.approx(0.01 * unit, rel=1e-5)
    if offset_us < 1000:
        first = amplitude * unit * np.exp(offset_us / 6)
        assert fit["amplitude_cm2_s"].value == pytest.approx(first, rel=1e-4)
    else:
        assert np.isnan(fit["amplitude_cm2_s"].value)
    np.testing.assert_allclose(fit.curve(time + offset_us), value, rtol=1e-4)


RNG = np.random.default_rng(6)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (np.full(16, 0.1), "do not change"),
        (np.zeros(16), "do not change"),
        (RNG.normal(0.1, 0.003, 16), "do not change"),
        (0.1 + 0.001 * TIME_US, "straight line"),
        (RNG.normal(relaxation_curve(TIME_US, 0.01, 0.1, 1e4), 1e-4), "do not change|line"),
        (RNG.normal(relaxation_curve(TIME_US, 0.01, 1e12, 0.02), 1e-4), "only the first"),
    ],
    ids=["equal", "zero", "noise", "line", "slow", "fast"],
)
def test_what_points_do_not_determine_is_not_reported(value, reason):
    """Without a change, or with one that ends outside of the times, there is no tau."""
    fit = fit_relaxation(TIME_US, value)
    for one in fit.values():
        assert np.isnan(one.value)
        assert re.search(f"not determined by this record: .*({reason})", one.note)


def test_noise_seldom_relaxes_and_noisy_curves_mostly_do():
    """Constants give a tau in less than one of ten draws; clear curves in all."""
    rng = np.random.default_rng(7)
    exact = relaxation_curve(TIME_US, 0.01, 0.14, 6.0)
    flat = [fit_relaxation(TIME_US, rng.normal(0.1, 0.01, 16))["tau_us"].value for _ in range(60)]
    clear = [fit_relaxation(TIME_US, rng.normal(exact, 0.015))["tau_us"].value for _ in range(60)]
    assert np.isfinite(flat).mean() < 0.2
    assert np.isfinite(clear).all()


def test_one_point_known_better_makes_no_curve_doubtful():
    """What else could describe the points is judged by the errors of all of them."""
    rng = np.random.default_rng(7)
    exact, error = relaxation_curve(TIME_US, 0.01, 0.14, 6.0), np.full(16, 0.015)
    error[-1] = 0.001
    clear = [fit_relaxation(TIME_US, rng.normal(exact, error), error)["tau_us"] for _ in range(10)]
    assert [one.note for one in clear] == [""] * 10


def test_estimates_bring_their_errors():
    """Points may be Estimates in the unit of the fit."""
    value, error = relaxation_curve(TIME_US, 0.01, 0.14, 6.0), np.linspace(1e-3, 4e-3, 16)
    value = np.random.default_rng(8).normal(value, error)
    given = [Estimate(v, e, "cm2/s", "fit") for v, e in zip(value, error, strict=True)]
    assert (
        fit_relaxation(TIME_US, given)["tau_us"] == fit_relaxation(TIME_US, value, error)["tau_us"]
    )
    with pytest.raises(ValueError, match=r"^diffusivity_cm2_s is in 'nm' and must be in 'cm2/s'"):
        fit_relaxation(TIME_US, [Estimate(1.0, 0.1, "nm", "fit")] * 16)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (([1, 2, 3], [1, 2, 3]), "at least 4"),
        (([1, 2, 3, 4], [1, 2, 3]), "must have the same number"),
        (([1, 2, 3, 4], [1, 2, np.nan, 3]), "^diffusivity_cm2_s must be finite"),
        (([1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 0, 1]), "^std_err_cm2_s must be positive"),
        (([2, 2, 2, 2], [4, 3, 2, 1]), "^time_us holds one value only"),
    ],
)
def test_unusable_points_are_refused(points, message):
    """Too few, unequal, missing or errorless points are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        fit_relaxation(*points)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
def test_chi_square_is_that_of_the_given_errors(unit):
    """Of residuals over them; the errors of parameters follow from the scatter alone."""
    error = unit * np.linspace(1e-3, 4e-3, 16)
    value = np.random.default_rng(8).normal(unit * relaxation_curve(TIME_US, 0.01, 0.14, 6), error)
    fit = fit_relaxation(TIME_US, value, error)
    assert fit.chi_square == pytest.approx((((value - fit.fitted) / error) ** 2).sum())
    assert (fit.n_free, fit.method) == (13, "single exponential")
    assert {one.goodness.chi_square for one in fit.values()} == {fit.chi_square}
    wide = fit_relaxation(TIME_US, value, 10 * error)
    assert wide.chi_square == pytest.approx(fit.chi_square / 100)
    for name, one in fit.items():
        assert wide[name].value == pytest.approx(one.value, rel=1e-6)
        assert wide[name].std_err == pytest.approx(one.std_err, rel=1e-4)


@pytest.mark.parametrize("n_free", [1, 5, 60])
def test_rivals_lose_by_more_than_noise(n_free):
    """Each reason holds until its misfit is larger by one error, or ten per cent of chance."""
    noise = 0.3
    least = noise * n_free
    others = stats.t.ppf(0.84, n_free) ** 2 * noise
    flat = 2 * stats.f.ppf(0.9, 2, n_free) * noise
    for name, allowed in (("flat", flat), ("line", others), ("first", others)):
        for factor, reason in ((0.99, name), (1.01, "")):
            rivals = dict.fromkeys(("flat", "line", "first"), least + 1e3)
            rivals[name] = least + factor * allowed
            assert _reason(least, n_free, rivals) == reason
    assert _reason(0.0, n_free, {"flat": 1e3, "line": 1e-10}) == "line"  # rounding
    assert _reason(0.0, n_free, {"flat": 1e3, "line": 1e-8}) == ""


@pytest.mark.parametrize(("times", "known"), [(47, True), (53, False)])
def test_amplitudes_at_zero_need_a_point_near_it(times, known):
    """Within fifty relaxation times; the time itself does not."""
    after = 6.0 * times + np.geomspace(0.6, 100, 16)
    value = 0.01 + 0.14 * np.exp(-(after - after[0]) / 6)
    fit = fit_relaxation(after, value)
    assert fit["tau_us"].value == pytest.approx(6, rel=1e-5)
    assert np.isfinite(fit["amplitude_cm2_s"].value) == known
    assert known or "no time lies near zero" in fit["amplitude_cm2_s"].note


@pytest.mark.parametrize("unit", [1e-250, 1e250])
def test_curves_know_no_smallest_or_largest_number(unit):
    """In any unit of time and diffusivity they are the same."""
    found = relaxation_curve(unit * TIME_US, 0.01 * unit, 0.14 * unit, 6.0 * unit)
    np.testing.assert_allclose(found / unit, relaxation_curve(TIME_US, 0.01, 0.14, 6.0))
    assert relaxation_curve([1e3], 0.5, 2.0, 1e-9).tolist() == [0.5]


def test_four_points_are_enough():
    """Of a curve without noise they are its parameters."""
    time_us = np.array([1.0, 4.0, 9.0, 50.0])
    fit = fit_relaxation(time_us, relaxation_curve(time_us, 0.01, 0.14, 6.0))
    assert fit["tau_us"].value == pytest.approx(6)
    assert fit.n_free == 1


@pytest.mark.parametrize("value", [0.0, 0.02])
def test_of_equal_diffusivities_only_the_limit_is_fitted(value):
    """It leaves one degree of freedom less than there are points."""
    assert fit_relaxation(TIME_US, np.full(TIME_US.size, value)).n_free == TIME_US.size - 1


@pytest.mark.parametrize("relative", [1e-15, 9e-13])
def test_rounding_is_no_change(relative):
    """A change of no more than that determines no time, however exactly it is exponential."""
    tau = fit_relaxation(TIME_US, 1 + relative * np.exp(-TIME_US / 6))["tau_us"]
    assert np.isnan(tau.value)
    assert "they do not change" in tau.note


def test_times_are_found_from_a_fifth_of_the_smallest_gap():
    """Of an exact curve that falls by exp(-4.95) from one point to the next."""
    time_us = np.arange(6.0)
    fit = fit_relaxation(time_us, relaxation_curve(time_us, 0.01, 0.14, 1 / 4.95))
    assert fit["tau_us"].value == pytest.approx(1 / 4.95, rel=1e-4)
