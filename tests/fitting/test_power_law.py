"""Tests of tptools.fitting.power_law: exponents and changes come back within their errors."""

import math

import lmfit
import numpy as np
import pytest

from tptools.estimate import Estimate, covariance
from tptools.fitting import exponent_half_width, fit_power_law, trend

POWERS = [0.5, 1, 2.5, 4, 5, 10, 20]


def assert_pulls(pulls):
    """Pulls have mean 0 and width 1 within what their number allows."""
    pulls = np.asarray(pulls)
    assert abs(pulls.mean()) < 4 / math.sqrt(pulls.size)
    assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * pulls.size)


@pytest.mark.parametrize("exponent", [1.0, 0.8])
def test_exponent_is_covered_as_often_as_stated(exponent):
    """With a drifting laser, 95 % of the intervals hold the true exponent."""
    rng = np.random.default_rng(1)
    lines = [
        fit_power_law(POWERS, 3 * (POWERS * np.exp(0.01 * rng.standard_normal(7))) ** exponent)
        for _ in range(400)
    ]
    intervals = [line.interval("exponent") for line in lines]
    covered = np.mean([low < exponent < high for low, high in intervals])
    assert covered == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / 400))
    mean = np.mean([line["exponent"].value for line in lines])
    assert mean == pytest.approx(exponent, abs=0.001)


def test_width_of_the_interval_is_foretold():
    """The root mean square half width of many intervals is the one foretold."""
    rng = np.random.default_rng(4)
    lines = [
        fit_power_law(POWERS, POWERS * np.exp(0.01 * rng.standard_normal(7))) for _ in range(400)
    ]
    halves = [line.interval("exponent")[1] - line["exponent"].value for line in lines]
    wanted = exponent_half_width(POWERS, 0.01)
    assert math.sqrt(np.mean(np.square(halves))) == pytest.approx(wanted, rel=0.1)
    with pytest.raises(ValueError, match="at least 3"):
        exponent_half_width([1, 2], 0.01)
    with pytest.raises(ValueError, match="one value only"):
        exponent_half_width([2, 2, 2], 0.01)


def test_interval_is_that_of_the_profile_likelihood():
    """The search of lmfit for the interval ends at the same exponents."""
    rng = np.random.default_rng(2)
    errors = 0.02 * np.arange(1, 8)
    points = POWERS * np.exp(errors * rng.standard_normal(7))
    given = [Estimate(v, v * e, "counts", "fit") for v, e in zip(points, errors, strict=True)]
    line = fit_power_law(POWERS, given)
    straight = lmfit.models.LinearModel()
    known = straight.fit(np.log(points), x=np.log(POWERS), weights=1 / errors, slope=1, intercept=0)
    searched = lmfit.conf_interval(known, known, sigmas=[0.95])["slope"]
    assert line.interval("exponent") == pytest.approx((searched[0][1], searched[2][1]), rel=1e-4)
    assert known.params["slope"].stderr == pytest.approx(line["exponent"].std_err, rel=1e-6)
    height = line["prefactor"].value
    assert math.log(height) == pytest.approx(known.params["intercept"].value)
    shared = covariance([line["exponent"], line["prefactor"]])[0][1]
    assert shared == pytest.approx(height * known.covar[0, 1])
    assert float(line.curve(4.0)) == pytest.approx(height * 4 ** line["exponent"].value)


def test_exact_power_law_has_no_error():
    """Points on the line give its exponent and no doubt."""
    line = fit_power_law(POWERS, 2.0 * np.array(POWERS) ** 0.9, power_error=0.01)
    assert line["exponent"].value == pytest.approx(0.9)
    assert line["exponent"].std_err < 1e-9
    assert line["exponent"].note == ""
    assert line["prefactor"].value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("power", "light", "message"),
    [
        ([1, 2], [1, 2], "at least 3"),
        ([1, 2, 3], [1, 2], "3, .*: 2"),
        ([1, 2, -3], [1, 2, 3], "must be positive"),
        ([1, 2, 0], [1, 2, 3], "must be positive"),
        ([1, 2, 3], [1, 0, 3], "must be positive"),
        ([1, 2, math.inf], [1, 2, 3], "must be finite"),
        ([7, 7, 7], [1, 2, 3], "^power_nW holds one value only"),
        ([0.1, np.float32(0.1), 0.1], [1, 2, 3], "rounding; vary it"),
    ],
)
def test_points_without_a_logarithm_are_refused(power, light, message):
    """A power law needs at least three positive points."""
    with pytest.raises(ValueError, match=message):
        fit_power_law(power, light)


def test_powers_that_differ_by_their_errors_tell_nothing():
    """Then there is no exponent: it would be that of noise."""
    rng = np.random.default_rng(5)
    for spread in (0.0, 0.01):
        powers = 10 * np.exp(spread * np.linspace(-1, 1, 7) + 0.02 * rng.standard_normal(7))
        line = fit_power_law(powers, np.linspace(2, 3, 7), power_error=0.02)
        assert {name: one.unit for name, one in line.items()} == {"exponent": "", "prefactor": ""}
        for one in line.values():
            assert math.isnan(one.value)
            assert "not determined by this record" in one.note
    # they have to scatter by twice their errors
    powers = np.exp([-0.1, 0.0, 0.1])
    for error, known in ((0.049, True), (0.051, False)):
        line = fit_power_law(powers, powers**0.9, power_error=error)
        assert math.isfinite(line["exponent"].value) == known


def test_prefactor_far_from_all_powers_is_not_determined():
    """What cannot be extrapolated to 1 nW is NaN with a note; the exponent and the curve stay."""
    powers = 1e6 * np.exp(1e-3 * np.arange(5.0))
    line = fit_power_law(powers, 2.0 * np.exp(0.1 * np.arange(5.0)))
    assert line["exponent"].value == pytest.approx(100)
    assert math.isnan(line["prefactor"].value)
    assert "1 nW" in line["prefactor"].note
    np.testing.assert_allclose(line.curve(powers), 2.0 * np.exp(0.1 * np.arange(5.0)))


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e295])
@pytest.mark.parametrize("error", [1e-9, 0.01])
def test_exponent_has_no_unit(scale, error):
    """Intensities in any unit give the same exponent and error."""
    light = np.array([1.0, 2.1, 3.9, 8.2])
    plain, scaled = (
        fit_power_law([1, 2, 4, 8], [Estimate(f * one, f * error * one, "", "") for one in light])
        for f in (1.0, scale)
    )
    assert scaled["exponent"].value == pytest.approx(plain["exponent"].value)
    assert scaled["exponent"].std_err == pytest.approx(plain["exponent"].std_err)
    assert scaled["prefactor"].value == pytest.approx(scale * plain["prefactor"].value)


@pytest.mark.parametrize("fit", [fit_power_law, trend])
def test_what_is_known_of_points_is_handed_on(fit):
    """Units must agree, and points that did not converge are counted in the result."""
    good = [Estimate(v, 0.1, "nm", "fit") for v in (1.0, 2.0)]
    found = fit([1, 2, 3], [*good, Estimate(3.0, 0.1, "nm", "fit", converged=False)])
    one = found if fit is trend else found["exponent"]
    assert (one.note, one.converged) == ("fits of 1 of 3 points did not converge", False)
    name = "estimates" if fit is trend else "intensity"
    with pytest.raises(ValueError, match=f"^{name} is in 'nm' and 'us' and must be in one unit"):
        fit([1, 2, 3], [*good, Estimate(3.0, 0.1, "us", "fit")])


def test_trend_has_right_errors():
    """A shift over the whole range comes back, with errors from those of the points."""
    rng = np.random.default_rng(3)
    errors = np.linspace(0.1, 0.3, 7)
    place = np.log(np.array(POWERS) / 0.5) / np.log(40)
    pulls = []
    for _ in range(300):
        values = 515 + 0.4 * place + errors * rng.standard_normal(7)
        pairs = zip(values, errors, strict=True)
        shift = trend(POWERS, [Estimate(v, e, "nm", "fit") for v, e in pairs])
        pulls.append(shift.z(0.4))
    assert shift.unit == "nm"
    assert_pulls(pulls)


def test_trend_needs_two_powers_and_errors():
    """One power has no trend, and a point without error no weight."""
    point = Estimate(1.0, 0.1, "nm", "fit")
    with pytest.raises(ValueError, match="one value only"):
        trend([2, 2], [point, point])
    with pytest.raises(ValueError, match="must be positive"):
        trend([1, 2], [point, Estimate(1.0, 0.0, "nm", "fit")])


@pytest.mark.parametrize("wrong", [math.nan, 0.0, math.inf])
@pytest.mark.parametrize("fit", [fit_power_law, trend])
def test_one_unknown_error_is_refused(fit, wrong):
    """A point without a usable error neither drops the weights of the others nor goes unsaid."""
    given = [Estimate(1.0, 0.1, "nm", "fit"), Estimate(2.0, wrong, "nm", "fit")]
    with pytest.raises(ValueError, match=r"of point 1 is .*; leave the point out"):
        fit([1, 2, 3], [*given, Estimate(3.0, 0.1, "nm", "fit")])


@pytest.mark.parametrize("fit", [fit_power_law, trend])
def test_one_missing_value_is_refused(fit):
    """A value that is NaN is named, with its place."""
    given = [Estimate(one, 0.1, "nm", "fit") for one in (1.0, math.nan, 3.0)]
    with pytest.raises(ValueError, match="point 1 is nan"):
        fit([1, 2, 3], given)


def test_scatter_is_measured_in_the_given_errors():
    """Residuals of logarithms over relative errors, those of powers among them."""
    rng = np.random.default_rng(1)
    errors = np.linspace(0.01, 0.04, 7)
    light = 3 * np.array(POWERS) ** 0.9 * np.exp(errors * rng.standard_normal(7))
    given = [Estimate(v, v * e, "counts", "fit") for v, e in zip(light, errors, strict=True)]
    line = fit_power_law(POWERS, given, power_error=0.02)
    pulls = np.log(light / line.fitted) / np.hypot(errors, 0.02)
    assert line.chi_square == pytest.approx(pulls @ pulls)
    assert (line.n_free, line.method) == (5, "power law")
    np.testing.assert_allclose(line.curve(POWERS), line.fitted)
    assert (line["exponent"].unit, line["prefactor"].unit) == ("", "counts")
    assert line["prefactor"].method == "power law"


@pytest.mark.parametrize(("apart", "known"), [(0.9e-6, False), (1.1e-6, True)])
def test_powers_are_apart_by_a_millionth(apart, known):
    """Less is what single precision cannot tell."""
    powers = [2.0, 2.0 * math.exp(apart / 2), 2.0 * math.exp(apart)]
    if known:
        assert math.isfinite(fit_power_law(powers, powers)["exponent"].value)
        assert exponent_half_width(powers, 0.01) > 1
    else:
        for call in (lambda: fit_power_law(powers, powers), lambda: exponent_half_width(powers, 1)):
            with pytest.raises(ValueError, match=r"^power_nW differs by .*rounding"):
                call()


@pytest.mark.parametrize(("logarithm", "known"), [(699.0, True), (-699.0, True), (-701.0, False)])
def test_prefactors_reach_as_far_as_numbers(logarithm, known):
    """By their logarithm, up and down."""
    powers = np.exp(np.linspace(6.9, 7.1, 5))
    # light at these powers is about 1
    line = fit_power_law(powers, np.exp(logarithm * (1 - np.log(powers) / 7)))
    assert math.isfinite(line["prefactor"].value) == known


def test_half_a_width_by_hand():
    """Student's law, the error of a point, and how far logarithms of powers scatter."""
    powers = np.array([3.0, 1.0, 9.0])
    logs = np.log(powers)
    spread = math.sqrt(((logs - logs.mean()) ** 2).sum())
    student = math.tan(math.pi * 0.475)  # of one degree of freedom
    assert exponent_half_width(powers, 0.02) == pytest.approx(student * 0.02 / spread)
    for wrong, said in (([0.0, 1, 2], "lowest of power_nW"), ([-1.0, 1, 2], "lowest of power_nW")):
        with pytest.raises(ValueError, match=f"^{said}"):
            exponent_half_width(wrong, 0.02)
        with pytest.raises(ValueError, match=f"^{said}"):
            trend(wrong, [Estimate(1.0, 0.1, "nm", "fit")] * 3)
    with pytest.raises(ValueError, match=r"^relative_error = 0"):
        exponent_half_width(powers, 0.0)


def test_a_trend_of_two_points_is_their_difference():
    """From the lowest power to the highest, in any order, with the errors of both."""
    points = [Estimate(3.0, 0.3, "nm", "fit"), Estimate(1.0, 0.4, "nm", "fit")]
    change = trend([20.0, 0.1], points)
    assert change.value == pytest.approx(2.0)
    assert change.std_err == pytest.approx(0.5)
    assert (change.unit, change.method, change.note, change.converged) == ("nm", "trend", "", True)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_powers_and_errors_have_no_unit(size):
    """Ratios are all that counts, and an error that is far too small to matter is one."""
    powers = np.array(POWERS)
    half = exponent_half_width(powers, 0.01)
    assert exponent_half_width(size * powers, 0.01) == pytest.approx(half)
    assert exponent_half_width(powers, size) == pytest.approx(size * 100 * half)
    points = [Estimate(one, 0.1, "nm", "fit") for one in np.log(powers)]
    plain, scaled = (trend(unit * powers, points) for unit in (1.0, size))
    assert scaled.value == pytest.approx(plain.value)
    assert scaled.std_err == pytest.approx(plain.std_err)
    light = np.linspace(1, 30, 7)
    tiny = fit_power_law(powers, light, power_error=1e-200)["exponent"]
    assert tiny.value == pytest.approx(fit_power_law(powers, light)["exponent"].value)
