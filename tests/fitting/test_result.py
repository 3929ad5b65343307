"""Tests of tptools.fitting.result: what a fit says of itself."""

import math
from dataclasses import replace

import lmfit
import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import xlogy

from tptools.estimate import Goodness, covariance
from tptools.fitting import optimum
from tptools.fitting.optimum import signed_deviance
from tptools.fitting.result import MISFIT_P, fit_curve, misfit_note

X = np.arange(1.0, 9.0)
START = {"height": {"value": 1.0}, "power": {"value": 0.5}}
UNITS = {"height": "nm"}


def rise(x, height, power):
    """A curve with two correlated parameters."""
    return height * x**power


def points(seed=1):
    """Points about a curve, with a tenth of scatter."""
    return rise(X, 2.0, 0.7) + 0.1 * np.random.default_rng(seed).standard_normal(X.size)


@pytest.mark.parametrize("scale_errors", [False, True])
def test_fit_is_that_of_lmfit(scale_errors):
    """Values, covariance and chi-square are those of lmfit's Model with the same weights."""
    variance = np.linspace(0.01, 0.02, X.size)
    model = lmfit.Model(rise)
    options = {"weights": variance**-0.5, "scale_covar": scale_errors, "height": 1, "power": 0.5}
    known = model.fit(points(), x=X, **options)
    how = {"units": UNITS, "method": "rise", "variance": variance, "scale_errors": scale_errors}
    found = fit_curve(rise, X, points(), START, **how)
    assert [float(one) for one in found.values()] == pytest.approx(list(known.best_values.values()))
    # lmfit's derivatives are good to four digits
    np.testing.assert_allclose(covariance(list(found.values())), known.covar, rtol=1e-4)
    assert found.chi_square == pytest.approx(known.chisqr)
    assert found.reduced_chi_square == pytest.approx(known.redchi)
    assert (found.n_points, found.n_free, found.converged) == (8, 6, True)
    np.testing.assert_allclose(found.fitted, known.best_fit)
    np.testing.assert_allclose(found.curve([2.0]), known.eval(x=np.array([2.0])))
    assert found.curve(2.0, height=1.0) == pytest.approx(2 ** found["power"].value)


def test_without_a_variance_errors_follow_from_the_scatter():
    """Points of no known error weigh alike, and their scatter gives the errors."""
    covered = [
        abs(fit_curve(rise, X, points(k), START, units={}, method="")["power"].z(0.7)) < 1
        for k in range(200)
    ]
    assert np.mean(covered) == pytest.approx(0.64, abs=4 * 0.034)  # Student, 6 degrees of freedom


def test_a_fixed_parameter_is_exact():
    """What was held has no error and keeps its place."""
    start = START | {"power": {"value": 0.7, "vary": False}}
    found = fit_curve(rise, X, points(), start, units=UNITS, method="rise")
    assert list(found) == ["height", "power"]
    assert (found["power"].value, found["power"].std_err) == (0.7, 0.0)


def test_an_undetermined_parameter_has_no_error():
    """Where the points say nothing of a parameter its error is NaN, and a note says why."""
    start = START | {"nothing": {"value": 1.0}}
    found = fit_curve(
        lambda x, height, power, nothing: rise(x, height, power),
        X,
        points(),
        start,
        units={},
        method="rise",
    )
    assert np.isnan(found["nothing"].std_err)
    assert "do not determine" in found["nothing"].note
    alone = fit_curve(rise, X, points(), START, units={}, method="rise")
    assert found["height"].std_err == pytest.approx(alone["height"].std_err, rel=1e-6)


def test_two_that_do_the_same_have_no_errors():
    """Of two parameters of which only the sum matters neither is known, and a third one is."""
    start = START | {"more": {"value": 0.5}}
    found = fit_curve(
        lambda x, height, power, more: rise(x, height + more, power),
        X,
        points(),
        start,
        units={},
        method="rise",
    )
    assert np.isnan([found["height"].std_err, found["more"].std_err]).all()
    assert 0 < found["power"].std_err < 0.1
    assert found.n_free == 6


@pytest.mark.parametrize("short", ["MAX_REWEIGHTINGS", "MAX_STEPS"])
def test_a_fit_that_does_not_settle_says_so(monkeypatch, short):
    """A search that is cut short marks fit and parameters, in words and as a field."""
    how = {"units": UNITS, "method": "rise", "variance": lambda mean: 0.01 + 0.01 * mean}
    good = fit_curve(rise, X, points(), START, **how)
    monkeypatch.setattr(optimum, short, 1)
    bad = fit_curve(rise, X, points(), START, **how)
    assert good.converged
    assert good["power"].converged
    assert not bad.converged
    assert not bad["power"].converged
    assert "not converged: " in repr(bad)
    assert "converged=False" in repr(bad["power"])
    assert not (bad["power"] / good["power"]).converged


LEVEL = np.arange(60) / 20


def fall(t, height, time, floor):
    """A decay onto a floor."""
    return height * np.exp(-t / time) + floor


FALL = {"height": {"value": 8.0, "min": 0.0}, "time": {"value": 1.0, "min": 0.01, "max": 100.0}}


def fit_fall(counts, floor):
    start = FALL | {"floor": {"value": floor, "min": 0.0}}
    return fit_curve(fall, LEVEL, counts, start, units={}, method="fall", poisson=True)


@pytest.mark.parametrize("start", [0.0, 0.5, 20.0])
def test_poisson_fit_is_the_maximum_of_the_likelihood(start):
    """From a bound or anywhere the likelihood is that which another minimiser ends at."""
    rng = np.random.default_rng(4)
    for mean in (fall(LEVEL, 8, 0.5, 0.5), fall(LEVEL, 0.5, 1.0, 0.05), fall(LEVEL, 40, 2, 0)):
        counts = rng.poisson(mean)

        def cost(p, counts=counts):
            mean = fall(LEVEL, *p)
            return float((mean - xlogy(counts, mean)).sum())

        bounds = [(1e-9, None), (0.01, 100), (1e-9, None)]
        known = min(
            optimize.minimize(cost, first, bounds=bounds, method="Nelder-Mead", tol=1e-9).fun
            for first in ((mean[0], 1, 0.1), (mean[0], 0.1, 1))
        )
        found = fit_fall(counts, start)
        assert found.converged
        assert cost([float(one) for one in found.values()]) < known + 1e-6


def test_a_parameter_on_its_bound_leaves_the_others_their_errors():
    """With no floor about half the fits end on it; then and otherwise errors cover the truth."""
    rng = np.random.default_rng(5)
    fits = [fit_fall(rng.poisson(fall(LEVEL, 40, 0.7, 0)), 0.0) for _ in range(100)]
    ended = np.array(["at its bound of 0" in one["floor"].note for one in fits])
    pulls = np.array([one["time"].z(0.7) for one in fits])
    assert 0.3 < ended.mean() < 0.7
    assert np.sqrt(np.mean(pulls[ended] ** 2)) < 1.4
    assert np.sqrt(np.mean(pulls[~ended] ** 2)) < 1.4
    on = fits[int(np.flatnonzero(ended)[0])]
    start = FALL | {"floor": {"value": 0.0, "vary": False}}
    counts = on.curve(LEVEL)
    held = fit_curve(fall, LEVEL, counts, start, units={}, method="", poisson=True)
    assert on["time"].std_err == pytest.approx(held["time"].std_err, rel=1e-3)


def test_the_error_at_a_bound_reaches_to_a_misfit_larger_by_one():
    """Where the floor is held that far from its bound, the deviance has grown by about one."""
    counts = np.random.default_rng(9).poisson(fall(LEVEL, 400, 0.7, 0))
    free = fit_fall(counts, 0.0)
    assert free["floor"].value == 0
    start = FALL | {"floor": {"value": free["floor"].std_err, "vary": False}}
    held = fit_curve(fall, LEVEL, counts, start, units={}, method="", poisson=True)

    def deviance(mean):
        return 2 * float((mean - xlogy(counts, mean)).sum())

    assert deviance(held.fitted) - deviance(free.fitted) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(("height", "n"), [(0.1, 2000), (2.0, 100), (50.0, 100)])
def test_chance_of_a_misfit_is_right_for_few_counts_and_many(height, n):
    """Of good records p is even between 0 and 1, and below MISFIT_P as rarely as it says."""
    rng, t = np.random.default_rng(6), np.arange(20, step=20 / n)
    start = {"height": {"value": height, "min": 0.0}, "time": {"value": 8.0, "min": 0.1}}

    def curve(t, height, time):
        return fall(t, height, time, 0)

    p = []
    for _ in range(60):
        counts = rng.poisson(curve(t, height, 8.0))
        fit = fit_curve(curve, t, counts, start, units={}, method="", poisson=True)
        p.append(fit.goodness.p_value)
    assert stats.kstest(p, "uniform").pvalue > 1e-3
    assert np.mean(np.array(p) < 10 * MISFIT_P) < 0.03


def test_one_record_in_ten_of_few_counts_has_that_chance():
    """Of five counts a bin chi-square scatters more than of many: p knows it to a tenth."""
    records = np.random.default_rng(1).poisson(5.0, (20_000, LEVEL.size))
    chi_square = ((records - 5.0) ** 2 / 5).sum(axis=1)
    tenth = records[np.argsort(chi_square)[18_000]]
    start = {"level": {"value": 5.0, "vary": False}}
    how = {"units": {}, "method": "", "poisson": True}
    found = fit_curve(lambda t, level: level + 0 * t, LEVEL, tenth, start, **how)
    assert found.p_value == pytest.approx(0.1, rel=0.1)


def test_a_wrong_curve_is_noted_though_counts_are_few():
    """Two lifetimes taken for one give a note, at a few counts a bin and less."""
    t = np.arange(2000) / 100
    counts = np.random.default_rng(7).poisson(fall(t, 4, 0.4, 0) + fall(t, 0.6, 8, 0))
    start = {"height": {"value": 1.0, "min": 0.0}, "time": {"value": 1.0, "min": 0.01}}
    how = {"units": {}, "method": "", "poisson": True}
    fit = fit_curve(lambda t, height, time: fall(t, height, time, 0), t, counts, start, **how)
    assert "the model does not fit" in fit["time"].note
    assert fit["time"].goodness == fit.goodness
    assert fit.goodness.p_value < MISFIT_P


def test_goodness_is_that_of_given_errors():
    """Where errors are given p is that of chi-square; from the scatter there is none."""
    how = {"units": UNITS, "method": "rise", "variance": np.full(X.size, 0.01)}
    fit = fit_curve(rise, X, points(), START, **how)
    known = stats.chi2.sf(fit.chi_square, 6)
    assert fit.goodness.p_value == pytest.approx(known)
    assert fit["power"].goodness == fit.goodness == Goodness(fit.chi_square, 6, known)
    assert np.isnan(fit_curve(rise, X, points(), START, scale_errors=True, **how).p_value)
    assert misfit_note(Goodness(30.0, 6.0, 4e-5)).startswith("the model does not fit")
    assert not misfit_note(Goodness(30.0, 6.0, float("nan")))


def test_unknown_parameters_are_named():
    """A name that the fit does not have is an error that lists those that it has."""
    found = fit_curve(rise, X, points(), START, units=UNITS, method="rise")
    assert "height" in found
    with pytest.raises(KeyError, match=r"no parameter 'tau' in \['height', 'power'\]"):
        found["tau"]


@pytest.mark.parametrize("excess", [-0.02, -1.001e-3, -0.999e-3, 1e-7, 0.999e-3, 1.001e-3, 0.02])
def test_deviance_is_that_of_poisson_counts(excess):
    """Near the counts, where its terms cancel, as far from them: with log1p for the logarithm."""
    counts = np.array([40.0])
    mean = counts * (1 + excess)
    root, slope = signed_deviance(counts, mean)
    excess = float(mean[0] / counts[0] - 1)  # as rounding leaves it
    series = sum((-excess) ** k / (k + 2) for k in range(12))  # (excess - log1p(excess)) / excess^2
    exact = math.copysign(math.sqrt(2 * 40 * excess**2 * series), excess)
    assert root[0] == pytest.approx(exact, rel=2e-12)
    assert slope[0] == pytest.approx((1 - counts[0] / mean[0]) / exact, rel=1e-9)


def task_of(curve, values, start, **how):
    """A task without bounds, but for those that are given, in which all is varied."""
    start = np.array(start, float)
    free = {
        "lower": np.full(start.size, -math.inf),
        "upper": np.full(start.size, math.inf),
        "varied": np.ones(start.size, bool),
    }
    return optimum.Task(curve, np.array(values, float), start, **free | how)


def power_task(values=None, **how):
    """Points about a rise, of which the parameters are height and power."""
    return task_of(lambda p: rise(X, *p), points() if values is None else values, [1, 0.5], **how)


def test_misfit_is_chi_square_or_deviance():
    """With a variance that is given, follows from the curve, or is one; or of counts."""
    values, at, mean = np.arange(8.0), np.array([2.0, 0.7]), rise(X, 2.0, 0.7)
    square = (values - mean) ** 2
    for variance, known in (
        (None, square.sum()),
        (X, (square / X).sum()),
        (lambda mean: 3 * mean, (square / (3 * mean)).sum()),
    ):
        assert power_task(values, variance=variance).misfit(at) == pytest.approx(known)
    deviance = 2 * (xlogy(values, values / mean) - values + mean).sum()
    assert power_task(values, poisson=True).misfit(at) == pytest.approx(deviance)


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_slopes_are_derivatives_of_the_curve(size):
    """In any unit, at a bound and from a start at zero; those that are held are zero."""
    start = np.array([2.0 * size, 0.7, 0.0])
    at = np.array([3.0 * size, 0.6, 0.0])
    task = task_of(
        lambda p: p[0] / size * X ** p[1] + p[2] * X**2,
        X,
        start,
        lower=np.array([3.0 * size, -math.inf, 0.0]),
        upper=np.array([math.inf, 0.6, math.inf]),
    )
    assert task.scale(at).tolist() == [3.0 * size, 0.7, 1.0]
    assert task.scale(-at / 3).tolist() == [2.0 * size, 0.7, 1.0]
    known = np.stack([X**0.6 / size, 3 * np.log(X) * X**0.6, X**2], axis=1)
    np.testing.assert_allclose(task.slopes(at, np.ones(3, bool)), known, rtol=1e-5, atol=1e-9)
    some = task.slopes(at, np.array([True, False, True]))
    assert (some[:, 1] == 0).all()
    np.testing.assert_allclose(some[:, [0, 2]], known[:, [0, 2]], rtol=1e-5)


def test_steps_of_a_slope_fit_the_curve():
    """A parameter that bends the curve at once, or hardly at all, has the slope at its value."""
    fast, slow = 1e9, 1e-9
    task = task_of(lambda p: np.exp(fast * p[0] * X / 8) + slow * p[1] * X, X, [1e-3, 1e-3])
    at = np.array([1e-12, 1e-3])
    found = task.slopes(at, np.ones(2, bool))
    np.testing.assert_allclose(found[:, 0], fast * X / 8 * np.exp(1e-3 * X / 8), rtol=1e-3)
    # of next to nothing, what differences leave
    np.testing.assert_allclose(found[:, 1], slow * X, rtol=0.05)


@pytest.mark.parametrize("poisson", [False, True])
def test_pull_is_how_fast_half_the_misfit_falls(poisson):
    """By each parameter, with the variance as it is there."""
    values = np.random.default_rng(3).poisson(rise(X, 20, 0.7))
    variance = None if poisson else 2 * X
    task = power_task(values, poisson=poisson, variance=variance)
    at = np.array([18.0, 0.75])
    found = optimum.Optimum(
        task, at, task.curve(at), task.slopes(at, task.varied), task.varied.copy()
    )
    steps = np.diag([1e-4, 1e-5])
    falls = [(task.misfit(at - one) - task.misfit(at + one)) / (4 * one.sum()) for one in steps]
    np.testing.assert_allclose(found.pull, falls, rtol=1e-5)
    np.testing.assert_allclose(found.deviation**2, task.curve(at) if poisson else variance)


def plane(slopes, values=None, **how):
    """A curve that is linear in its parameters, at its optimum for points of errors of 0.5."""
    n = len(slopes)
    values = np.random.default_rng(4).normal(size=n) if values is None else values
    how = {"variance": np.full(n, 0.25)} | how
    task = task_of(lambda p: slopes @ p, values, np.ones(slopes.shape[1]), **how)
    return optimum.find_optimum(task)


def test_covariance_is_the_inverse_of_the_curvature():
    """Whatever the units of parameters; of those that are asked for, while others are held."""
    slopes = np.random.default_rng(5).normal(size=(9, 3)) * [1e-6, 1, 1e6]
    found = plane(slopes)
    for which in ([True, True, True], [True, False, True]):
        columns = slopes[:, which] / 0.5
        covariance, known, rank = found.covariance(np.array(which))
        scale = np.array([1e-6, 1, 1e6])[which]
        inverse = np.linalg.inv((columns / scale).T @ (columns / scale))
        np.testing.assert_allclose(covariance * np.outer(scale, scale), inverse, rtol=1e-4)
        assert known.all()
        assert rank == sum(which)
    for dead, lost, rank in (
        (slopes * [1, 0, 1], [False, True, False], 2),
        (slopes @ [[1, 0, 0], [0, 1, 1e6], [0, 0, 0]], [False, True, True], 2),
    ):
        same = replace(found, slopes=dead)
        covariance, known, number = same.covariance(np.ones(3, bool))
        assert (~known).tolist() == lost
        assert number == rank
        alone = 1 / (4 * (dead[:, 0] ** 2).sum())
        assert covariance[0, 0] >= 0.99 * alone
    close = slopes[:, 1:2] * [1, 1] + [[0, 1e-5]] * (np.arange(9)[:, None] % 2)
    assert replace(found, slopes=close).covariance(np.ones(2, bool))[1].all()


@pytest.mark.parametrize("growth", [1.0, 4.0])
def test_reach_of_a_parameter_at_its_bound_is_to_a_larger_misfit(growth):
    """With all others at their best for it, as far as the curve is linear."""
    slopes, truth = np.random.default_rng(6).normal(size=(30, 3)), np.array([0.5, -0.4, 2.0])
    values = slopes @ truth + 0.5 * np.random.default_rng(7).normal(size=30)
    lower = np.array([-math.inf, 0.0, -math.inf])
    found = plane(slopes, values, lower=lower)
    assert found.free.tolist() == [True, False, True]
    assert found.at[1] == 0
    reach = found.reach(1, growth)

    def misfit(second):
        others, left = slopes[:, [0, 2]], values - second * slopes[:, 1]
        left = left - others @ np.linalg.lstsq(others, left)[0]
        return 4 * left @ left

    assert misfit(reach) - misfit(0.0) == pytest.approx(growth, rel=1e-3)
    twice = replace(found, slopes=slopes @ [[1, 0, 0], [0, 0, 0], [0, 0, 1]])
    assert math.isnan(twice.reach(1, growth))


@pytest.mark.parametrize("side", ["lower", "upper"])
def test_parameters_are_put_on_bounds_that_they_would_pass(side):
    """One after the other; a start beyond them is put within."""
    slopes, truth = np.random.default_rng(8).normal(size=(40, 3)), np.array([2.0, -3.0, 0.5])
    sign = 1 if side == "lower" else -1
    values = sign * slopes @ truth
    bounds = {side: sign * np.array([-1.0, 0.0, 0.6])}
    found = plane(slopes, values, **bounds)
    assert found.message == ""
    best = optimize.lsq_linear(
        slopes, values, np.sort([bounds[side], 3 * [sign * math.inf]], axis=0)
    )
    np.testing.assert_allclose(found.at, best.x, atol=1e-6)
    held = best.x == bounds[side]
    assert (found.at[~found.free] == bounds[side][~found.free]).all()
    assert held.sum() <= (~found.free).sum() <= 2
    np.testing.assert_allclose(found.fitted, slopes @ found.at)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("noise", [1.0, 10.0])
def test_a_bound_is_reached_within_a_hundredth_of_an_error(scaled, noise):
    """The error is that of the scatter where that is asked for."""
    rng = np.random.default_rng(9)
    values = noise * rng.normal(size=400)
    values -= values.mean()
    error = 0.5 / 20 * (2 * values.std() if scaled else 1)
    for errors, on in ((0.009, True), (0.011, False)):
        task = task_of(
            lambda p: p[0] * np.ones(400),
            values,
            [errors * error],
            variance=np.full(400, 0.25),
            lower=np.zeros(1),
            scaled=scaled,
        )
        at = np.array([errors * error])
        found = optimum.Optimum(
            task, at, task.curve(at), task.slopes(at, task.varied), task.varied.copy()
        )
        assert optimum._at_bound(found).tolist() == [on]
        away = replace(found, task=replace(task, lower=np.full(1, -math.inf)))
        assert optimum._at_bound(away).tolist() == [False]
        held = replace(found, free=np.zeros(1, bool))
        assert optimum._at_bound(held).tolist() == [False]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("side", [-1, 1])
def test_what_changes_on_the_way_to_a_bound_is_not_put_there(scaled, side):
    """A flat stretch that ends in a cliff leaves the parameter where it is."""
    error = 4.0 if scaled else 1.0
    # four points that are two off, of errors of a half, and misfit more by so many beyond the cliff
    for growth, held in ((0.97e-4 * error**2, True), (1.03e-4 * error**2, False)):
        height = math.sqrt(4 + growth / 16) - 2

        def curve(p, height=height):
            return np.full(4, side * 1e-9 * p[0] - height * (side * p[0] > 0.9))

        bounds = {"lower": np.full(1, -1.0)} if side < 0 else {"upper": np.full(1, 1.0)}
        how = {"variance": np.full(4, 0.25), "scaled": scaled} | bounds
        task, at = task_of(curve, np.full(4, 2.0), [0.5 * side], **how), np.array([0.5 * side])
        slopes = np.full((4, 1), side * 1e-9)
        found = optimum.Optimum(task, at, task.curve(at), slopes, np.ones(1, bool))
        assert side * found.pull[0] > 0
        assert optimum._at_bound(found).tolist() == [held]


@pytest.mark.parametrize("level", [0.3, 2.0, 7.0, 400.0])
def test_chance_of_counts_is_that_of_the_gamma_law_of_their_moments(level):
    """Chi-square of merged bins has their number less parameters for a mean, and its variance."""
    counts = np.random.default_rng(10).poisson(level, 90)
    counts[:9] += 1 + int(level / 4)
    mean = counts.mean()
    task = task_of(lambda p: p[0] * np.ones(90), counts, [level], poisson=True)
    found = optimum.find_optimum(task)
    assert found.at[0] == pytest.approx(mean)
    size = math.ceil(5 / mean)
    n = 90 // size
    first = size * np.arange(n)
    merged, expected = np.add.reduceat(counts, first), np.add.reduceat(np.full(90, mean), first)
    chi_square = ((merged - expected) ** 2 / expected).sum()
    goodness = optimum.goodness_of(found, absolute=True)
    assert goodness.chi_square == pytest.approx(chi_square)
    assert goodness.n_free == pytest.approx(n - 1)
    variance = 2 * (n - 1) + (1 / expected).sum()
    law = stats.gamma((n - 1) ** 2 / variance, scale=variance / (n - 1))
    assert goodness.p_value == pytest.approx(law.sf(chi_square))
    relative = optimum.goodness_of(found, absolute=False)
    assert (relative.chi_square, relative.n_free) == (goodness.chi_square, goodness.n_free)
    assert math.isnan(relative.p_value)


def test_as_many_parameters_as_points_leave_no_chance():
    """Neither freedom nor a p-value; one point more leaves both."""
    slopes = np.random.default_rng(11).normal(size=(4, 3))
    full = optimum.goodness_of(plane(slopes[:3]), absolute=True)
    assert full.n_free == 0
    assert math.isnan(full.p_value)
    one = optimum.goodness_of(plane(slopes), absolute=True)
    assert one.n_free == 1
    left = np.random.default_rng(4).normal(size=4)
    left -= slopes @ np.linalg.lstsq(slopes, left)[0]
    assert one.chi_square == pytest.approx(4 * left @ left)
    assert one.p_value == pytest.approx(stats.chi2.sf(one.chi_square, 1))


@pytest.mark.parametrize(
    ("fitted", "first"),
    [
        ([5.0, 6, 7], [0, 1, 2]),
        ([4.9, 6, 7], [0, 2]),
        ([2.5, 2.5, 5, 5], [0, 2, 3]),
        ([1, 1, 1, 1, 1, 4, 0.9], [0]),
        ([1, 1, 1, 1, 1, 4, 1], [0, 5]),
        ([6, 1, 1, 1], [0]),
        ([1, 1], [0]),
    ],
)
def test_bins_are_merged_up_to_five_counts(fitted, first):
    """What is left at the end joins the group before it."""
    assert optimum._groups(np.array(fitted, float)).tolist() == first


def test_weights_follow_the_curve_until_both_agree():
    """Wherever they start; a point without counts weighs as one at first."""
    values = np.array([0.0, 3, 9, 11, 21, 24])
    x = np.arange(1.0, 7)
    task = task_of(lambda p: p[0] * x, values, [1.0], variance=lambda mean: mean)
    found = optimum.find_optimum(task)
    # of weights 1 / (a x) the optimum is a ratio of sums
    assert found.at[0] == pytest.approx(values.sum() / x.sum(), rel=1e-5)
    assert found.message == ""
    held = optimum.find_optimum(replace(task, varied=np.zeros(1, bool)))
    assert held.at[0] == 1
    assert (held.message, held.slopes.tolist()) == ("", 6 * [[0.0]])


@pytest.mark.parametrize("counts", [[0.0], [3.0], [1e6]])
def test_slopes_of_deviances_are_their_derivatives(counts):
    """Also where there are no counts."""
    counts = np.array(counts)
    for mean in (0.5, 2.999, 3.5, 1e6 * (1 + 1e-4)):
        step = 1e-6 * mean
        high, low = (signed_deviance(counts, np.array([mean + s]))[0] for s in (step, -step))
        slope = signed_deviance(counts, np.array([mean]))[1]
        np.testing.assert_allclose(slope, (high - low) / (2 * step), rtol=1e-6)


def test_intervals_are_those_of_student():
    """About the value, to both sides, with the chance that is asked for."""
    fit = fit_curve(rise, X, points(), START, units=UNITS, method="rise")
    one = fit["power"]
    for more, chance in (({}, 0.975), ({"confidence": 0.5}, 0.75)):
        half = stats.t.ppf(chance, 6) * one.std_err
        assert fit.interval("power", **more) == pytest.approx((one.value - half, one.value + half))
    for wrong in (0.0, 1.0):
        with pytest.raises(ValueError, match=r"^confidence = "):
            fit.interval("power", wrong)
    with pytest.raises(TypeError, match=r"^name "):
        fit.interval(1)


def test_words_for_a_misfit():
    """From a thousandth on, with its size and chance, which may be too small for a number."""
    assert misfit_note(Goodness(60.0, 20.0, 1.01e-3)) == ""
    assert misfit_note(Goodness(60.0, 20.0, 0.9e-3)).endswith("(chi2/nu = 3, p = 0.0009)")
    assert misfit_note(Goodness(6e4, 20.0, 0.0)).endswith("(chi2/nu = 3e+03, p < 1e-300)")


def test_a_misfit_of_counts_says_how_far_off():
    """In per cent of the counts, as the root of what chi-square has beyond its expected value."""
    mean = 1e5 * (1 + 0.1 * np.cos(10 * LEVEL))
    start, how = {"level": {"value": 9e4}}, {"units": {"level": "Hz"}, "method": "m"}
    fit = fit_curve(lambda t, level: level + 0 * t, LEVEL, mean.round(), start, poisson=True, **how)
    beyond = 100 * math.sqrt((fit.chi_square - fit.n_free) / fit.fitted.sum())
    assert beyond == pytest.approx(7, abs=0.5)
    assert fit["level"].note.endswith(f", off by {beyond:.2g} %")
    assert (fit["level"].unit, fit["level"].method) == ("Hz", "m")
    given = fit_curve(lambda t, level: level + 0 * t, LEVEL, mean, start, variance=mean, **how)
    assert "does not fit" in given["level"].note
    assert "off by" not in given["level"].note


def test_a_fit_says_what_it_is():
    """Its method, number of points and parameters; a good one has no message and no note."""
    fit = fit_curve(rise, X, points(), START, units=UNITS, method="rise")
    said = ", ".join(f"{name} = {one}" for name, one in fit.items())
    assert repr(fit) == f"Fit(rise through 8 points: {said})"
    assert (fit.message, [one.note for one in fit.values()]) == ("", ["", ""])
    assert (fit["height"].unit, fit["power"].unit) == ("nm", "")
    assert len(fit) == 2
    assert fit == dict(fit)


@pytest.mark.parametrize("bound", [{"min": 2.5}, {"max": 1.5}])
def test_bounds_hold_on_either_side(bound):
    """What lies beyond one ends there, and says so before what the fit has to say."""
    start = START | {"height": {"value": 2.0} | bound}
    if "min" in bound:
        start["height"]["value"] = 3.0
    else:
        start["height"]["value"] = 1.0
    how = {"units": UNITS, "method": "rise", "variance": np.full(X.size, 1e-4)}
    fit = fit_curve(rise, X, points(), start, **how)
    [end] = bound.values()
    assert fit["height"].value == end
    bad = misfit_note(fit.goodness)
    assert fit["height"].note == f"at its bound of {end}, its error one-sided; {bad}"
    assert 0 < fit["height"].std_err < 1
    assert fit["power"].note == bad != ""
