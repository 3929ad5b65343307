"""Words such as "correlated", "overlap" and "unchanged", each with a number and its error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_fits, check_integer, check_number
from tptools.estimate import Estimate
from tptools.fitting.points import as_points
from tptools.randomness import generator
from tptools.records import as_columns, check_varied

__all__ = [
    "Agreement",
    "RankCorrelation",
    "agree",
    "power_of_agreement",
    "rank_correlation",
]

CONFIDENCE = 0.95
ROUNDING = 1e-12

Column = Estimate | Sequence[Estimate] | ArrayLike


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation.

    Parameters
    ----------
    value : float
        From -1 to 1.
    low, high : float
        Ends of the 95 % confidence interval.
    p_value : float
        Chance of a correlation at least as strong where there is none.
    n_points : int
        Number of pairs.
    """

    value: float
    low: float
    high: float
    p_value: float
    n_points: int

    @property
    def std_err(self) -> float:
        """Standard error of a normal law with an interval as wide.

        Examples
        --------
        >>> round(RankCorrelation(0.7, 0.3, 0.9, 0.01, 20).std_err, 3)
        0.153
        """
        return (self.high - self.low) / (-2 * float(scipy.special.ndtri((1 - CONFIDENCE) / 2)))

    def __str__(self) -> str:
        """Value and confidence interval."""
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True)
class Agreement:
    r"""Chi-squared test of two series.

    Parameters
    ----------
    chi2 : float
        :math:`\sum (a - b)^2 / (s_a^2 + s_b^2)`.
    n_points : int
        Number of pairs, the expected value of `chi2`.
    p_value : float
        Chance of a larger `chi2` if both measure the same.
    """

    chi2: float
    n_points: int
    p_value: float


def rank_correlation(
    x: Column,
    y: Column,
    *,
    given: Column | None = None,
    seed: int = 0,
    n_resamples: int = 2000,
) -> RankCorrelation:
    r"""Spearman's rank correlation with a bootstrap confidence interval.

    With `given` z it is the partial one, of what ranks of z do not explain:

    .. math:: \frac{r_{xy} - r_{xz} r_{yz}}{\sqrt{(1 - r_{xz}^2)(1 - r_{yz}^2)}}.

    Parameters
    ----------
    x, y : array_like
        Pairs, of one length of at least 4; of Estimates, the values count.
    given : array_like, optional
        z, of the same length.
    seed, n_resamples : int, optional
        Of the bootstrap over pairs (percentile intervals).

    Returns
    -------
    RankCorrelation

    Raises
    ------
    ValueError
        If lengths differ, are below 4, a value is not finite, a column holds one value only, or
        `given` ranks the pairs as x or y does.

    Examples
    --------
    >>> print(rank_correlation([1, 2, 3, 4, 5, 6], [1, 2, 4, 3, 5, 6]))
    0.94 [0.50, 1.00]
    """
    n_resamples = check_integer("n_resamples", n_resamples, at_least=100)
    named = {"x": x, "y": y} | ({} if given is None else {"given": given})
    columns = as_columns(4, **{name: as_points(name, one).value for name, one in named.items()})
    check_varied(**dict(zip(named, columns, strict=True)))
    size = columns[0].size
    correlation = _spearman if given is None else _partial_spearman
    value = float(correlation(*(one[None] for one in columns))[0])
    if np.isnan(value):
        raise ValueError(
            "given ranks the pairs as x or y does, so that nothing is left to correlate; leave it "
            "out, or give what differs from both"
        )
    what = f"n_resamples = {n_resamples} of {size} pairs"
    check_fits(what, 8 * (8 + len(columns)) * n_resamples * size, "lower n_resamples")
    chosen = generator(seed, "bootstrap").integers(size, size=(n_resamples, size))
    draws = correlation(*(one[chosen] for one in columns))
    low, high = np.nanquantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    p_value = _chance(value, size - len(columns))
    return RankCorrelation(value, float(low), float(high), p_value, size)


def agree(a: Column, a_err: ArrayLike | None, b: Column, b_err: ArrayLike | None) -> Agreement:
    """Whether two series measure the same, point by point.

    Parameters
    ----------
    a, a_err, b, b_err : array_like
        Values and standard errors, of one length; a plain number stands for all points. Errors
        that are None are those of Estimates, or zero.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If lengths differ, a value is not finite, an error is negative, or a pair has none.

    Examples
    --------
    >>> agree([1.0, 2.0], [0.1, 0.1], [1.1, 1.9], [0.1, 0.1]).n_points
    2
    """
    pulls = _pulls(a, a_err, b, b_err)
    chi2 = float(pulls @ pulls)
    return Agreement(chi2, pulls.size, float(scipy.special.chdtrc(pulls.size, chi2)))


def power_of_agreement(
    difference: ArrayLike, a_err: ArrayLike, b_err: ArrayLike, *, level: float = 0.05
) -> float:
    r"""Chance that `agree` finds two series apart that really are.

    Its :math:`\chi^2` then follows the noncentral distribution with as many degrees of freedom as
    there are pairs and :math:`\lambda = \sum d^2 / (s_a^2 + s_b^2)`.

    Parameters
    ----------
    difference : array_like
        True difference d of each pair.
    a_err, b_err : array_like
        Standard errors of both series, of the same length.
    level : float, optional
        The series count as apart where the p value is below this.

    Returns
    -------
    float
        From `level`, where there is no difference, to 1.

    Raises
    ------
    ValueError
        If `level` is not between 0 and 1, or as for `agree`.

    Examples
    --------
    >>> round(power_of_agreement([0.0, 0.0], [1, 1], [1, 1]), 2)
    0.05
    >>> round(power_of_agreement([3.0, 3.0], [1, 1], [1, 1]), 2)
    0.77
    """
    level = check_number("level", level, above=0, below=1)
    pulls = _pulls(difference, a_err, 0.0, b_err, name="difference")
    threshold = scipy.stats.chi2.isf(level, pulls.size)
    shift = float(pulls @ pulls)
    # at a shift of zero scipy's noncentral distribution is not defined by all versions
    return float(scipy.stats.ncx2.sf(threshold, pulls.size, shift)) if shift > 0 else level


def _pulls(
    a: Any, a_err: ArrayLike | None, b: Any, b_err: ArrayLike | None, *, name: str = "a"
) -> FloatArray:
    """Difference of each pair over its standard error; a number stands for all points."""
    first, second = as_points(name, a), as_points("b", b)
    columns: dict[str, ArrayLike] = {
        name: first.value if np.ndim(a) else first.value[0],
        "a_err": _errors(a, a_err, first.std_err),
        "b": second.value if np.ndim(b) else second.value[0],
        "b_err": _errors(b, b_err, second.std_err),
    }
    longest = max(np.size(one) for one in columns.values())
    filled = {n: one if np.ndim(one) else np.full(longest, one) for n, one in columns.items()}
    first_value, first_err, second_value, second_err = as_columns(1, **filled)
    if min(first_err.min(), second_err.min()) < 0:
        raise ValueError("a_err and b_err must not be negative; a standard error is at least 0")
    both = np.hypot(first_err, second_err)
    if not (both > 0).all():
        raise ValueError("a_err and b_err must not both be zero; give the error of one at least")
    return (first_value - second_value) / both


def _errors(given: Any, stated: ArrayLike | None, brought: FloatArray) -> ArrayLike:
    if stated is not None:
        return stated
    return brought if np.ndim(given) else brought[0]


def _spearman(first: FloatArray, second: FloatArray) -> FloatArray:
    """Rank correlation of every row; NaN where a row holds one value only."""
    # ranks always have the same mean
    centre = (first.shape[1] + 1) / 2
    u, v = (scipy.stats.rankdata(one, axis=1) - centre for one in (first, second))
    norm = np.sqrt((u**2).sum(axis=1) * (v**2).sum(axis=1))
    products = (u * v).sum(axis=1)
    return np.divide(products, norm, out=np.full_like(norm, np.nan), where=norm > 0)


def _partial_spearman(first: FloatArray, second: FloatArray, third: FloatArray) -> FloatArray:
    """Rank correlation of the first two in every row, at equal rank of the third."""
    plain = _spearman(first, second)
    by_first, by_second = _spearman(first, third), _spearman(second, third)
    left = (1 - by_first**2) * (1 - by_second**2)
    products = plain - by_first * by_second
    known = left > ROUNDING
    return np.divide(products, np.sqrt(left), out=np.full_like(left, np.nan), where=known)


def _chance(value: float, freedom: int) -> float:
    """Two-sided p value of a correlation, by Student's law."""
    if abs(value) >= 1:
        return 0.0
    t = abs(value) * math.sqrt(freedom / (1 - value**2))
    return float(2 * scipy.special.stdtr(freedom, -t))
