"""What a fit gives: parameters as Estimates that know each other, and how well the curve fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_number, check_type
from tptools.estimate import Estimate, Goodness, correlated_estimates, joined
from tptools.fitting.optimum import Optimum, Task, Variance, find_optimum, goodness_of

__all__ = ["Fit"]

LEAST_MEAN = 1e-280
"""Counts that are expected at least; more would be taken for a background by the likelihood."""

MISFIT_P = 1e-3
"""Chance below which a misfit is said to be none of the noise."""


@dataclass(frozen=True, eq=False)
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
        Sum of squared residuals, each over its standard deviation as far as that was given; of
        sparse counts, with neighbouring bins merged.
    n_free : float
        Its expected value: points less parameters that the points determined.
    curve : callable
        From an array of abscissae to the fitted curve; a parameter by its name replaces the fitted
        one.
    converged : bool, optional
        Whether an optimum was found.
    message : str, optional
        Why not.
    p_value : float, optional
        As in `goodness`.

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
    n_free: float
    curve: Callable[..., FloatArray]
    converged: bool = True
    message: str = ""
    p_value: float = math.nan

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
        return self.goodness.reduced_chi_square

    @property
    def goodness(self) -> Goodness:
        """How well the curve describes the points, as each of the parameters has it."""
        return Goodness(self.chi_square, self.n_free, self.p_value)

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

        Raises
        ------
        TypeError
            If `name` is no text.
        ValueError
            If `confidence` does not lie between 0 and 1.
        KeyError
            If there is no such parameter.

        Examples
        --------
        >>> from tptools.fitting import fit_power_law
        >>> low, high = fit_power_law([1, 2, 4, 8], [3.0, 5.9, 12.1, 24.0]).interval("exponent")
        >>> round(low, 2), round(high, 2)
        (0.97, 1.04)
        """
        check_type("name", name, str)
        confidence = check_number("confidence", confidence, above=0, below=1)
        half = float(scipy.special.stdtrit(self.n_free, (1 + confidence) / 2)) * self[name].std_err
        return self[name].value - half, self[name].value + half


def misfit_note(goodness: Goodness) -> str:
    """What a reader has to know of a model that does not fit; empty where it may.

    Parameters
    ----------
    goodness : Goodness
        Without a p-value there is nothing to say.

    Returns
    -------
    str

    Examples
    --------
    >>> misfit_note(Goodness(60.0, 20.0, 7e-6))
    'the model does not fit (chi2/nu = 3, p = 7e-06)'
    >>> misfit_note(Goodness(25.0, 20.0, 0.2))
    ''
    """
    if not goodness.p_value < MISFIT_P:
        return ""
    p_value = f"p = {goodness.p_value:.1g}" if goodness.p_value else "p < 1e-300"
    size = f"chi2/nu = {goodness.reduced_chi_square:.3g}, {p_value}"
    return f"the model does not fit ({size})"


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
    poisson: bool = False,
) -> Fit:
    r"""Fit a curve by least squares or Poisson maximum likelihood, within bounds.

    Parameters
    ----------
    function : callable
        From `x` and the parameters, by name, to the curve.
    x, values : array_like
        Points, of one length n; `x` may have more dimensions.
    start : mapping of str to mapping
        By parameter: ``value``, and where wanted ``min``, ``max`` and ``vary``. A start on a bound
        can leave it.
    units : mapping of str to str
        By parameter; what is missing has none.
    method : str
        What the Estimates and the Fit name as their method.
    variance : ndarray or callable, optional
        Variance of each point; or from the values of the curve to it, and the fit is repeated
        until both agree; or none: all points weigh the same, and errors follow from the scatter.
    scale_errors : bool, optional
        Whether errors follow from the scatter in any case, and `variance` only weighs.
    poisson : bool, optional
        Whether `values` are counts, of which the deviance is minimised,
        :math:`2 \sum_i m_i - n_i + n_i \ln(n_i / m_i)`.

    Returns
    -------
    Fit
        A parameter that ends on its bound says so in its note; its error reaches to where the
        misfit has grown by one, and those of the others hold while it stays there. One that the
        points do not determine has no error. A misfit that is less likely than `MISFIT_P` is noted.

    Notes
    -----
    Trust-region steps of scipy that never leave the bounds; the deviance as a sum of squares of
    signed deviance residuals. The chi-square of counts is Pearson's, over neighbouring bins that
    are merged until `LEAST_IN_GROUP` counts are expected; its expected value is what the fit
    leaves of them, by the linear theory of Chernoff and Lehmann, Ann. Math. Stat. 25, 579 (1954),
    and its law a gamma distribution with its mean and variance.

    Examples
    --------
    >>> def fall(x, height, length):
    ...     return height * np.exp(-x / length)
    >>> x, start = np.arange(5.0), {"height": {"value": 1.0}, "length": {"value": 1.0}}
    >>> fit = fit_curve(fall, x, fall(x, 3.0, 2.0), start, units={"height": "nm"}, method="fall")
    >>> round(fit["length"].value, 6), fit["height"].unit
    (2.0, 'nm')
    """
    x, values, names = np.asarray(x, float), np.asarray(values, float), list(start)
    least = LEAST_MEAN if poisson else -math.inf

    def curve(at: FloatArray) -> FloatArray:
        """The model for a vector of parameters, kept above the least."""
        return np.maximum(function(x, **dict(zip(names, at.tolist(), strict=True))), least)

    usual = {"value": math.nan, "min": -math.inf, "max": math.inf, "vary": True}
    first, low, high, varied = (
        np.array([float(one.get(key, usual[key])) for one in start.values()]) for key in usual
    )
    scaled = not poisson and (scale_errors or variance is None)
    task = Task(curve, values, first, low, high, varied > 0, variance, poisson, scaled)
    found = find_optimum(task)
    goodness = goodness_of(found, absolute=not scaled)
    best = dict(zip(names, found.at.tolist(), strict=True))
    return Fit(
        _estimates(found, goodness, scaled, names, units, method),
        method,
        found.fitted,
        goodness.chi_square,
        goodness.n_free,
        lambda at, **other: function(np.asarray(at, float), **{**best, **other}),
        not found.message,
        found.message,
        goodness.p_value,
    )


def _estimates(
    found: Optimum,
    goodness: Goodness,
    scaled: bool,
    names: list[str],
    units: Mapping[str, str],
    method: str,
) -> dict[str, Estimate]:
    """Parameters that keep their correlations; those that were held fixed have no error."""
    failed = f"not converged: {found.message}" if found.message else ""
    misfit = misfit_note(goodness)
    if misfit and found.task.poisson:
        beyond = math.sqrt((goodness.chi_square - goodness.n_free) / float(found.fitted.sum()))
        misfit += f", off by {100 * beyond:.2g} %"
    notes = [failed, misfit]
    growth = goodness.reduced_chi_square if scaled else 1.0
    covariance, determined, _ = found.covariance(found.free)
    known = np.flatnonzero(found.free)[determined]
    unit_of = [units.get(name, "") for name in names]
    errors = []
    if known.size:
        shared = growth * covariance[np.ix_(determined, determined)]
        errors = correlated_estimates(found.at[known], shared, [unit_of[i] for i in known], method)
    parameters = {}
    for i, name in enumerate(names):
        value, own = float(found.at[i]), ""
        one = Estimate(value, 0.0, unit_of[i], method)
        if i in known:
            one = errors[known.tolist().index(i)]
        elif found.free[i]:
            one, own = replace(one, std_err=math.nan), "the points do not determine it"
        elif found.task.varied[i]:
            one, own = (
                replace(one, std_err=found.reach(i, growth)),
                f"at its bound of {value:g}, its error one-sided",
            )
        note = joined("; ", own, *notes)
        parameters[name] = replace(one, note=note, converged=not found.message, goodness=goodness)
    return parameters
