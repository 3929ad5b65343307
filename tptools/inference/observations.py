"""A printed number as evidence: the interval that its digits or words allow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from tptools.arrays import BoolArray, FloatArray
from tptools.checks import check_number, check_type, make_plain
from tptools.records import as_numbers

__all__ = ["Observation"]


@dataclass(frozen=True)
class Observation:
    r"""A number that somebody prints, and which values of it the print allows.

    What was printed may be any value of the interval, seen with an error :math:`\epsilon` on the
    logarithm. The likelihood of a value x is a box on :math:`\ln x` with smooth edges,

    .. math:: L(x) = \Phi\left(\frac{\ln x - \ln a}{\epsilon}\right)
        - \Phi\left(\frac{\ln x - \ln b}{\epsilon}\right),

    near one between a and b, one half at either, and zero far outside.

    Parameters
    ----------
    name : str
        Of the number.
    low, high : float
        The interval [a, b]; zero and infinity leave a side open.
    edge : float
        Width :math:`\epsilon` of the edges, as a relative error.
    reason : str
        Why this interval.

    Raises
    ------
    ValueError
        If the interval is empty or negative, or the edge not positive.

    Examples
    --------
    >>> time = Observation("tau_us", 5.5, 6.5, 0.02, "rounds to 6")
    >>> time.likelihood([5.0, 5.5, 6.0]).round(2)
    array([0. , 0.5, 1. ])
    """

    name: str
    low: float
    high: float
    edge: float
    reason: str

    def __post_init__(self) -> None:
        """Refuse an interval that holds nothing."""
        make_plain(self)
        check_type("name", self.name, str)
        check_type("reason", self.reason, str)
        check_number("low", self.low, at_least=0)
        check_number("high", self.high, above=self.low, finite=False)
        check_number("edge", self.edge, above=0)

    def likelihood(self, values: ArrayLike, relative_error: ArrayLike = 0.0) -> FloatArray:
        """Likelihood of values, between zero and one.

        Parameters
        ----------
        values : array_like
            What models read, any shape; NaN and what is not positive have none.
        relative_error : array_like, optional
            Error of the values themselves, which widens the edges.

        Returns
        -------
        ndarray
            Of the same shape.

        Raises
        ------
        TypeError
            If `values` or `relative_error` holds no real numbers.
        """
        values = as_numbers("values", values)
        width = np.hypot(self.edge, as_numbers("relative_error", relative_error))
        logs = np.log(np.where(values > 0, values, np.nan))
        low = math.log(self.low) if self.low else -math.inf
        above = scipy.special.ndtr((logs - low) / width)
        below = scipy.special.ndtr((logs - math.log(self.high)) / width)
        return np.where(np.isnan(logs), 0.0, above - below)

    def met(self, values: ArrayLike) -> BoolArray:
        """Whether values lie in the interval.

        Parameters
        ----------
        values : array_like
            Any shape.

        Returns
        -------
        ndarray of bool
            Of the same shape.

        Raises
        ------
        TypeError
            If `values` holds no real numbers.
        """
        values = as_numbers("values", values)
        return (values >= self.low) & (values <= self.high)
