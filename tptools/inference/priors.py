"""What is held possible before any datum: ranges of parameters, and samples that fill them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_holds, check_integer, check_number, check_type, make_plain
from tptools.randomness import derive_seed
from tptools.records import as_numbers

__all__ = ["Choice", "LogUniform", "Prior", "Uniform"]

MOST = 2**24 + 1


@dataclass(frozen=True)
class Uniform:
    """Every value of a range alike.

    Parameters
    ----------
    low, high : float
        Ends of the range.

    Raises
    ------
    ValueError
        If the range is empty.

    Examples
    --------
    >>> Uniform(250, 500).at([0.0, 0.5])
    array([250., 375.])
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse an empty range."""
        make_plain(self)
        check_number("low", self.low)
        check_number("high", self.high, above=self.low)

    def __str__(self) -> str:
        """Say the range as a table of a page does."""
        return f"{self.low:g} to {self.high:g}"

    def at(self, share: ArrayLike) -> FloatArray:
        """Value below which a share of the prior lies.

        Parameters
        ----------
        share : array_like
            In [0, 1], any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `share` holds no real numbers.
        """
        return self.low + as_numbers("share", share) * (self.high - self.low)


@dataclass(frozen=True)
class LogUniform:
    """Every logarithm of a range alike.

    Parameters
    ----------
    low, high : float
        Ends of the range, positive.

    Raises
    ------
    ValueError
        If the range is empty or not positive.

    Examples
    --------
    >>> LogUniform(0.01, 1).at([0.0, 0.5]).round(3)
    array([0.01, 0.1 ])
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse a range without logarithms."""
        make_plain(self)
        check_number("low", self.low, above=0)
        check_number("high", self.high, above=self.low)

    def __str__(self) -> str:
        """Say the range as a table of a page does."""
        return f"{self.low:g} to {self.high:g}, by the logarithm"

    def at(self, share: ArrayLike) -> FloatArray:
        """Value below which a share of the prior lies.

        Parameters
        ----------
        share : array_like
            In [0, 1], any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `share` holds no real numbers.
        """
        return self.low * (self.high / self.low) ** as_numbers("share", share)


@dataclass(frozen=True)
class Choice:
    """One of several values, each alike; of a single one, that is known.

    Parameters
    ----------
    values : tuple of float
        What there is to choose from.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> Choice((0.0, 2e-4)).at([0.2, 0.7])
    array([0.    , 0.0002])
    """

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a choice of nothing."""
        check_type("values", self.values, tuple, list, remedy="give a tuple of numbers")
        if not self.values:
            raise ValueError("values is empty; give what there is to choose from")
        object.__setattr__(self, "values", tuple(check_number("values", v) for v in self.values))

    def __str__(self) -> str:
        """Say the range as a table of a page does."""
        return " or ".join(f"{one:.3g}" for one in self.values)

    def at(self, share: ArrayLike) -> FloatArray:
        """Value below which a share of the prior lies.

        Parameters
        ----------
        share : array_like
            In [0, 1], any shape.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `share` holds no real numbers.
        ValueError
            If a share is NaN.
        """
        share = as_numbers("share", share)
        if np.isnan(share).any():
            raise ValueError("share has NaN, which chooses nothing; give numbers in [0, 1]")
        which = np.clip(np.floor(share * len(self.values)), 0, len(self.values) - 1)
        return np.asarray(self.values)[which.astype(int)]


Range = Uniform | LogUniform | Choice


@dataclass(frozen=True)
class Prior:
    """Independent ranges of named parameters.

    Parameters
    ----------
    ranges : mapping of str to Uniform, LogUniform or Choice
        By name of the parameter.

    Raises
    ------
    ValueError
        If there is none.

    Examples
    --------
    >>> prior = Prior({"relaxation_time_us": LogUniform(0.05, 50), "lifetime_ns": Choice((2.5,))})
    >>> prior.design(4, seed=1).shape
    (4, 2)
    """

    ranges: Mapping[str, Range]

    def __post_init__(self) -> None:
        """Refuse what is no range."""
        check_type("ranges", self.ranges, Mapping, remedy="give ranges by name")
        if not self.ranges:
            raise ValueError("ranges is empty; name at least one parameter")
        for name, one in self.ranges.items():
            check_type(f"ranges[{name!r}]", one, Uniform, LogUniform, Choice)
        object.__setattr__(self, "ranges", MappingProxyType(dict(self.ranges)))

    def __reduce__(self) -> tuple[type[Prior], tuple[Any, ...]]:
        return Prior, (dict(self.ranges),)  # a view of a mapping cannot be pickled

    def with_(self, **ranges: Range) -> Prior:
        """The same with other ranges of some parameters.

        Parameters
        ----------
        **ranges
            By name; all of them parameters of this prior.

        Returns
        -------
        Prior

        Raises
        ------
        ValueError
            If a parameter is unknown.

        Examples
        --------
        >>> Prior({"q": LogUniform(0.001, 1)}).with_(q=Choice((1.0,))).design(2, seed=1).q.tolist()
        [1.0, 1.0]
        """
        check_holds("ranges", self.ranges, ranges, "this prior")
        return Prior(dict(self.ranges) | ranges)

    def at(self, shares: ArrayLike) -> pd.DataFrame:
        """Parameters at points of the unit cube.

        Parameters
        ----------
        shares : array_like of shape (n, n_parameters)
            In [0, 1].

        Returns
        -------
        DataFrame
            A row for each point, a column for each parameter.

        Raises
        ------
        ValueError
            If `shares` has another shape.
        """
        shares = np.atleast_2d(as_numbers("shares", shares))
        if shares.ndim != 2 or shares.shape[1] != len(self.ranges):
            raise ValueError(
                f"shares has shape {shares.shape} and must be (n, {len(self.ranges)}): a column "
                f"for each of {', '.join(self.ranges)}"
            )
        columns = zip(self.ranges.items(), shares.T, strict=True)
        return pd.DataFrame({name: one.at(column) for (name, one), column in columns})

    def shares(self, n: int, *, seed: int) -> FloatArray:
        """Points that fill the unit cube evenly, a scrambled Sobol sequence.

        Parameters
        ----------
        n : int
            How many; powers of two fill it best.
        seed : int
            Of the scrambling.

        Returns
        -------
        ndarray of shape (n, n_parameters)

        Raises
        ------
        ValueError
            If `n` or `seed` is out of range.
        """
        n = check_integer("n", n, at_least=1, below=MOST)
        seed = check_integer("seed", seed, at_least=0)
        own = derive_seed(seed, "design")
        sobol = scipy.stats.qmc.Sobol(len(self.ranges), rng=np.random.default_rng(own))
        return sobol.random_base2(math.ceil(math.log2(n)))[:n]

    def design(self, n: int, *, seed: int) -> pd.DataFrame:
        """Sets of parameters that fill the prior evenly.

        Parameters
        ----------
        n, seed : int
            As for `shares`.

        Returns
        -------
        DataFrame
            A row for each set, a column for each parameter.

        Raises
        ------
        ValueError
            As for `shares`.
        """
        return self.at(self.shares(n, seed=seed))
