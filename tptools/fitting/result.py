"""What a fit gives: parameters as Estimates that know each other, and how well the curve fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import lmfit
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from tptools.arrays import FloatArray
from tptools.estimate import Estimate, correlated_estimates

__all__ = ["Fit"]

MAX_REWEIGHTINGS = 50
RELATIVE_TOLERANCE = 1e-6

Variance = FloatArray | Callable[[FloatArray], FloatArray] | None


@dataclass(frozen=True, repr=False, eq=False)
class Fit(Mapping[str, Estimate]):
    """A curve that was fitted to points: a mapping from the name of a parameter to its Estimate.

    Parameters
    ----------
    parameters : mapping of str to Estimate
        Estimates of one fit keep their correlations: ``fit["a"] / fit["b"]`` knows them.
    method : str
        What was fitted.
    fitted : ndarray
        Values of the curve at the points.
    chi_square : float
        Sum of squared residuals, each over its standard deviation as far as that was given.
    n_free : int
        Points less parameters.
    curve : callable
        From an array of abscissae to the fitted curve; a parameter by its name replaces the fitted
        one.
    converged : bool, optional
        Whether an optimum was found.
    message : str, optional
        Why not.

    Examples
    --------
    >>> from tptools.fitting import fit_power_law
    >>> fit = fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0])
    >>> fit
    Fit(power law through 4 points: exponent = 1.0036 ± 0.0079, prefactor = 2.982 ± 0.031)
    >>> fit["exponent"]
    Estimate(1.0036 ± 0.0079, method='power law')
    >>> fit.curve([2.0]).round(1)
    array([6.])
    """

    parameters: Mapping[str, Estimate]
    method: str
    fitted: FloatArray
    chi_square: float
    n_free: int
    curve: Callable[..., FloatArray] = field(hash=False)
    converged: bool = True
    message: str = ""

    def __getitem__(self, name: str) -> Estimate:
        """Give a parameter by its name."""
        if name not in self.parameters:
            raise KeyError(f"no parameter {name!r} in {list(self.parameters)}")
        return self.parameters[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the parameters."""
        return iter(self.parameters)

    def __len__(self) -> int:
        """Count the parameters."""
        return len(self.parameters)

    def __repr__(self) -> str:
        """Give method, parameters, and the reason if there is no optimum."""
        found = ", ".join(f"{name} = {one}" for name, one in self.items())
        failed = "" if self.converged else f"; not converged: {self.message}"
        return f"Fit({self.method} through {self.n_points} points: {found}{failed})"

    @property
    def n_points(self) -> int:
        """Number of points that were fitted."""
        return self.fitted.size

    @property
    def reduced_chi_square(self) -> float:
        """`chi_square` per degree of freedom; 1 where the given errors explain the scatter."""
        return self.chi_square / self.n_free if self.n_free else float("nan")

    def interval(self, name: str, confidence: float = 0.95) -> tuple[float, float]:
        """Where a parameter lies, by Student's law, if its error follows from the scatter.

        Parameters
        ----------
        name : str
            Of the parameter.
        confidence : float, optional
            Between 0 and 1.

        Returns
        -------
        tuple of float
            Both ends.

        Examples
        --------
        >>> from tptools.fitting import fit_power_law
        >>> low, high = fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0]).interval("exponent")
        >>> round(low, 2), round(high, 2)
        (0.97, 1.04)
        """
        half = float(stats.t.ppf((1 + confidence) / 2, self.n_free)) * self[name].std_err
        return self[name].value - half, self[name].value + half


def fit_curve(
    function: Callable[..., FloatArray],
    x: ArrayLike,
    values: ArrayLike,
    start: Mapping[str, Mapping[str, Any]],
    *,
    units: Mapping[str, str],
    method: str,
    variance: Variance = None,
    scale_errors: bool = False,
) -> Fit:
    """Fit a curve by least squares (Levenberg-Marquardt).

    Parameters
    ----------
    function : callable
        From `x` and the parameters, by name, to the curve.
    x, values : array_like
        Points, of one shape (n,).
    start : mapping of str to mapping
        By parameter: ``value``, and where wanted ``min``, ``max`` and ``vary``.
    units : mapping of str to str
        By parameter; what is missing has none.
    method : str
        What the Estimates and the Fit name as their method.
    variance : ndarray or callable, optional
        Variance of each point; or from the values of the curve to it, and the fit is repeated
        until both agree; or none: all points weigh the same, and errors follow from the scatter.
    scale_errors : bool, optional
        Whether errors follow from the scatter in any case, and `variance` only weighs.

    Returns
    -------
    Fit

    Examples
    --------
    >>> def fall(x, height, length):
    ...     return height * np.exp(-x / length)
    >>> x, start = np.arange(5.0), {"height": {"value": 1.0}, "length": {"value": 1.0}}
    >>> fit = fit_curve(fall, x, fall(x, 3.0, 2.0), start, units={"height": "nm"}, method="fall")
    >>> round(fit["length"].value, 6), fit["height"].unit
    (2.0, 'nm')
    """
    x, values = np.asarray(x, float), np.asarray(values, float)
    parameters = lmfit.create_params(**start)
    # a reading without counts is not an exact zero
    mean, settled = np.maximum(values, 1.0), not callable(variance)
    for _ in range(MAX_REWEIGHTINGS):
        deviation = np.sqrt(_variance_at(variance, mean))

        def residual(trial: Any, deviation: FloatArray = deviation) -> FloatArray:
            return (function(x, **trial.valuesdict()) - values) / deviation

        result = lmfit.minimize(residual, parameters, scale_covar=scale_errors or variance is None)
        fitted = function(x, **result.params.valuesdict())
        settled = settled or np.allclose(fitted, mean, rtol=RELATIVE_TOLERANCE)
        if settled:
            break
        mean, parameters = fitted, result.params
    message = _complaint(result, settled)
    best = result.params.valuesdict()
    return Fit(
        _estimates(result, units, method, message),
        method,
        fitted,
        float(result.chisqr),
        int(result.nfree),
        lambda at, **other: function(np.asarray(at, float), **{**best, **other}),
        not message,
        message,
    )


def _complaint(result: Any, settled: bool) -> str:
    """Why a fit has no optimum; empty if it has one."""
    if not settled:
        return f"weights did not settle in {MAX_REWEIGHTINGS} rounds"
    return "" if result.success else str(result.message)


def _variance_at(variance: Variance, mean: FloatArray) -> FloatArray:
    if variance is None:
        return np.ones_like(mean)
    return variance(mean) if callable(variance) else variance


def _estimates(result: Any, units: Mapping[str, str], method: str, message: str) -> dict[str, Any]:
    """Parameters that keep their correlations; those that were held fixed have no error."""
    varied = result.var_names
    covariance = getattr(result, "covar", None)
    note = f"not converged: {message}" if message else ""
    if covariance is None:
        covariance = np.full((len(varied), len(varied)), np.nan)
        note = note or "the points do not determine all parameters"
    found = correlated_estimates(
        [result.params[name].value for name in varied],
        covariance,
        [units.get(name, "") for name in varied],
        method,
        note=note,
        converged=not message,
    )
    known = dict(zip(varied, found, strict=True))
    return {
        name: known[name]
        if name in known
        else Estimate(one.value, 0.0, units.get(name, ""), method, note, not message)
        for name, one in result.params.items()
    }
