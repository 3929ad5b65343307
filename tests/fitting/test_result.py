"""Tests of tptools.fitting.result: what a fit says of itself."""

import math

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
    series = sum((-excess) ** k / (k + 2) for k in range(12))  # (excess - log1p(excess)) / excess^2
    exact = math.copysign(math.sqrt(2 * 40 * excess**2 * series), excess)
    assert root[0] == pytest.approx(exact, rel=1e-9)
    assert slope[0] == pytest.approx((1 - counts[0] / mean[0]) / exact, rel=1e-9)
