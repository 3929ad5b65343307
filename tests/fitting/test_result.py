"""Tests of tptools.fitting.result: what a fit says of itself."""

import lmfit
import numpy as np
import pytest
import xarray as xr

from tptools.estimate import covariance
from tptools.fitting import fit_decay, result
from tptools.fitting.result import fit_curve

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
    np.testing.assert_allclose(covariance(list(found.values())), known.covar, rtol=1e-6)
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
    assert np.isnan(found["height"].std_err)
    assert "do not determine" in found["height"].note


def test_a_fit_that_does_not_settle_says_so(monkeypatch):
    """A loop of weights that is cut short marks fit and parameters, in words and as a field."""
    time = np.arange(0, 3, 0.1)
    record = xr.DataArray((50 * np.exp(-time)).round(), {"time_ns": time})
    good = fit_decay(record)
    monkeypatch.setattr(result, "MAX_REWEIGHTINGS", 1)
    bad = fit_decay(record)
    assert good.converged
    assert good["lifetime_ns"].converged
    assert not bad.converged
    assert not bad["lifetime_ns"].converged
    assert "not converged: weights did not settle" in repr(bad)
    assert "converged=False" in repr(bad["lifetime_ns"])
    assert not (bad["lifetime_ns"] / good["lifetime_ns"]).converged


def test_unknown_parameters_are_named():
    """A name that the fit does not have is an error that lists those that it has."""
    found = fit_curve(rise, X, points(), START, units=UNITS, method="rise")
    assert "height" in found
    with pytest.raises(KeyError, match=r"no parameter 'tau' in \['height', 'power'\]"):
        found["tau"]
