"""A value with its standard error, unit and method, and how such values combine."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike
from uncertainties import correlated_values, covariance_matrix
from uncertainties.core import AffineScalarFunc, LinearCombination, Variable

from tptools.arrays import FloatArray
from tptools.checks import as_number, check_type
from tptools.console import shown

__all__ = ["Estimate", "Goodness", "correlated_estimates", "covariance", "mean"]


@dataclass(frozen=True)
class Goodness:
    """How well the model of a fit describes the points.

    Parameters
    ----------
    chi_square : float
        Sum of squared residuals, each over its standard deviation, or the Poisson deviance.
    n_free : float
        Its expected value if the model is right: points less parameters, for sparse counts less.
    p_value : float
        Chance of a misfit at least as large if the model is right; NaN where errors are taken
        from the misfit, so that there is none to compare with.

    Examples
    --------
    >>> Goodness(25.0, 20.0, 0.2).reduced_chi_square
    1.25
    """

    chi_square: float
    n_free: float
    p_value: float

    @property
    def reduced_chi_square(self) -> float:
        """`chi_square` over `n_free`; 1 where the noise explains the misfit."""
        return self.chi_square / self.n_free if self.n_free else math.nan


@dataclass(frozen=True, repr=False)
class Estimate:
    """A measured value with its standard error.

    Estimates combine by ``+ - * / **`` with each other and with plain numbers, which are exact.
    Errors propagate to first order, and what two estimates share is not counted twice: ``D - D``
    is exactly zero. Sums need one unit; ``float(D)`` is the value. There is no ``<``: say
    ``D.value`` or `z`. What cannot be computed, such as a quotient by an estimate of zero, is
    NaN, with a note. Text has "+/-" and "10^-8" where standard output cannot show the signs.

    Parameters
    ----------
    value : float
        Best value, in `unit`; NaN where nothing could be measured.
    std_err : float
        One standard error, in `unit`; NaN where it is not known.
    unit : str
        Unit of both, such as ``"cm2/s"``; empty for a pure number.
    method : str
        Name of the procedure that gave the value.
    note : str, optional
        What the reader has to know, such as the reason for a NaN.
    converged : bool, optional
        False where the fit that gave it did not find an optimum.
    goodness : Goodness, optional
        How well the model fitted that the value is a parameter of; combined estimates have none.
    quantity : uncertainties.UFloat, optional
        The same with its correlations; one that is independent of all others if left out.

    Raises
    ------
    ValueError
        If `std_err` is negative.

    Examples
    --------
    >>> D = Estimate(0.15234, 0.00412, "cm2/s", "global")
    >>> D
    Estimate(0.1523 ± 0.0041 cm2/s, method='global')
    >>> print(D / Estimate(0.05, 0.001, "cm2/s", "global"), 2 * D, f"{D:.2f}", sep="; ")
    3.05 ± 0.10; 0.3047 ± 0.0082 cm2/s; 0.15 ± 0.00 cm2/s
    """

    value: float
    std_err: float
    unit: str
    method: str
    note: str = ""
    converged: bool = True
    quantity: Any = field(default=None, compare=False)
    goodness: Goodness | None = field(default=None, compare=False, kw_only=True)

    # numpy leaves a scalar's arithmetic with an Estimate to the Estimate
    __array_ufunc__: ClassVar[None] = None

    def __post_init__(self) -> None:
        """Refuse an error bar that cannot be one, and give the value a source of its own."""
        for name in ("value", "std_err"):
            object.__setattr__(self, name, as_number(name, getattr(self, name)))
        if self.std_err < 0:
            raise ValueError(
                f"std_err = {self.std_err!r} is negative; a standard error is at least 0, "
                "or NaN where it is not known"
            )
        # dataclasses.replace hands on the quantity of another value
        if not (self.quantity is not None and self._is_same(self.quantity)):
            object.__setattr__(self, "quantity", _source(self.value, self.std_err))

    def _is_same(self, quantity: Any) -> bool:
        pairs = ((self.value, quantity.nominal_value), (self.std_err, _deviation(quantity)))
        return all(one == other or (one != one and other != other) for one, other in pairs)

    @classmethod
    def of(
        cls, quantity: Any, unit: str, method: str, note: str = "", converged: bool = True
    ) -> Estimate:
        """Estimate that keeps the correlations of an ``uncertainties`` quantity.

        Parameters
        ----------
        quantity : uncertainties.UFloat or float
            Value and error, correlated or not.
        unit, method, note, converged
            As for `Estimate`.

        Returns
        -------
        Estimate

        Raises
        ------
        TypeError
            If `quantity` is neither.

        Examples
        --------
        >>> from uncertainties import umath
        >>> Estimate.of(umath.log(Estimate(1.0, 0.1, "", "fit").quantity), "", "logarithm")
        Estimate(0.00 ± 0.10, method='logarithm')
        """
        if not isinstance(quantity, AffineScalarFunc):
            quantity = _source(as_number("quantity", quantity), 0.0)
        value, std_err = float(quantity.nominal_value), _deviation(quantity)
        return cls(value, std_err, unit, method, note, converged, quantity)

    @property
    def n(self) -> float:
        """The value, by the name that ``uncertainties`` gives it."""
        return self.value

    @property
    def s(self) -> float:
        """The standard error, by the name that ``uncertainties`` gives it."""
        return self.std_err

    def __float__(self) -> float:
        """Give the value."""
        return self.value

    def __format__(self, spec: str) -> str:
        """Give value and error by a format of ``uncertainties``, and the unit.

        Examples
        --------
        >>> f"{Estimate(6.02, 0.13, 'us', 'fit'):.1f}"
        '6.0 ± 0.1 us'
        """
        if not spec:
            return str(self)
        text = format(self.quantity, spec if spec.endswith(("L", "S")) else f"{spec}P")
        return shown(f"{text.replace('±', ' ± ')} {self.unit}".rstrip())

    def __str__(self) -> str:
        """Give value and error to two digits of the error."""
        # an error of zero, but for the rounding of double precision, has no digits to round to
        if self.std_err <= sys.float_info.epsilon * abs(self.value) < math.inf:
            return shown(f"{self.value:.6g} ± 0 {self.unit}".rstrip())
        # uncertainties squares an error, which leaves double precision
        if not (math.isfinite(self.value) and 1e-150 < self.std_err < 1e150):
            return shown(f"{self.value:.6g} ± {self.std_err:.2g} {self.unit}".rstrip())
        return format(self, ".2u")

    def __repr__(self) -> str:
        """Give the rounded value with method, note and whether the fit failed to converge."""
        note = f", note={self.note!r}" if self.note else ""
        failed = "" if self.converged else ", converged=False"
        return shown(f"Estimate({self}, method={self.method!r}{note}{failed})")

    def __neg__(self) -> Estimate:
        """Give the same with the other sign."""
        return Estimate.of(-self.quantity, self.unit, self.method, self.note, self.converged)

    def __add__(self, other: Estimate | float) -> Estimate:
        """Add an estimate in the same unit, or an exact number in it."""
        return self._combined(other, lambda a, b: a + b, self._same_unit)

    def __sub__(self, other: Estimate | float) -> Estimate:
        """Subtract an estimate in the same unit, or an exact number in it."""
        return self._combined(other, lambda a, b: a - b, self._same_unit)

    def __mul__(self, other: Estimate | float) -> Estimate:
        """Multiply; units are joined by a space."""
        return self._combined(other, lambda a, b: a * b, lambda unit: f"{self.unit} {unit}".strip())

    def __truediv__(self, other: Estimate | float) -> Estimate:
        """Divide; equal units cancel."""
        return self._combined(other, lambda a, b: a / b, lambda unit: _quotient(self.unit, unit))

    def __pow__(self, other: float) -> Estimate:
        """Raise to an exact power."""
        if not isinstance(other, Real):
            return NotImplemented
        if self.value < 0 and not float(other).is_integer():
            raise ValueError(f"{self} is negative and has no real power {other}; take a whole one")
        return self._combined(other, lambda a, b: a**b, lambda _: _power(self.unit, float(other)))

    def __radd__(self, other: float) -> Estimate:
        """Add to an exact number in the same unit."""
        return self + other

    def __rsub__(self, other: float) -> Estimate:
        """Subtract from an exact number in the same unit."""
        return -self + other

    def __rmul__(self, other: float) -> Estimate:
        """Multiply by an exact number."""
        return self * other

    def __rtruediv__(self, other: float) -> Estimate:
        """Divide an exact number by this."""
        return self._combined(other, lambda a, b: b / a, lambda _: _quotient("", self.unit))

    def z(self, other: Estimate | float) -> float:
        """Distance to another value in units of the standard error of the difference.

        Parameters
        ----------
        other : Estimate or float
            In the same unit; a plain number counts as exact.

        Returns
        -------
        float
            ``(value - other) / sqrt(std_err**2 + other.std_err**2)`` where the two are
            independent; infinite if both are exact and differ, NaN if a value or an error is not
            known.

        Raises
        ------
        ValueError
            If the two units differ.

        Examples
        --------
        >>> Estimate(5.0, 0.3, "us", "fit").z(Estimate(4.0, 0.4, "us", "fit"))
        2.0
        """
        difference = self - (other if isinstance(other, Estimate) else as_number("other", other))
        if math.isnan(difference.value):
            return math.nan
        if difference.std_err == 0:
            return math.copysign(math.inf, difference.value) if difference.value else 0.0
        return difference.value / difference.std_err

    def _combined(
        self, other: Any, combine: Callable[[Any, Any], Any], unit_with: Callable[[str], str]
    ) -> Estimate:
        """Combine with an exact number or an estimate, with all that is known of both."""
        if isinstance(other, Real):
            unit = self.unit if unit_with == self._same_unit else unit_with("")
            both, failed = _computed(combine, self.quantity, float(other))
            return Estimate.of(
                both, unit, self.method, joined("; ", self.note, failed), self.converged
            )
        if not isinstance(other, Estimate):
            return NotImplemented
        unit = unit_with(other.unit)
        both, failed = _computed(combine, self.quantity, other.quantity)
        return Estimate.of(
            both,
            unit,
            joined(" and ", self.method, other.method),
            joined("; ", self.note, other.note, failed),
            self.converged and other.converged,
        )

    def _same_unit(self, unit: str) -> str:
        if unit != self.unit:
            raise ValueError(f"cannot add {self.unit!r} and {unit!r}; convert one first")
        return unit


def correlated_estimates(
    values: Sequence[float] | FloatArray,
    covariance: ArrayLike,
    units: Sequence[str],
    method: str,
    *,
    note: str = "",
    converged: bool = True,
) -> list[Estimate]:
    """Estimates that scatter together, such as the parameters of one fit.

    Parameters
    ----------
    values : sequence of float
        One for each estimate.
    covariance : array_like
        Of all of them, shape (n, n); if not all of it is finite, no error is known.
    units : sequence of str
        One for each estimate.
    method, note, converged
        Shared by all, as for `Estimate`.

    Returns
    -------
    list of Estimate

    Raises
    ------
    TypeError
        If a value is no real number, or `units` no sequence.
    ValueError
        If the covariance is of another shape.

    Examples
    --------
    >>> slope, start = correlated_estimates([1, 2], [[0.01, -0.01], [-0.01, 0.02]], "ab", "line")
    >>> print(slope, start, Estimate.of(slope.quantity + start.quantity, "", "sum"), sep="; ")
    1.00 ± 0.10 a; 2.00 ± 0.14 b; 3.00 ± 0.10
    """
    check_type("values", values, Iterable)
    check_type("units", units, Sequence, remedy="give one for each value")
    values = [as_number(f"values[{k}]", one) for k, one in enumerate(values)]
    known = np.asarray(covariance, float)
    if known.shape != 2 * (len(values),):
        raise ValueError(
            f"covariance has shape {known.shape} and must have a row and a column for each of "
            f"{len(values)} values"
        )
    if np.isfinite(known).all():
        quantities = correlated_values(values, known)
    else:
        quantities = [_source(value, math.nan) for value in values]
    return [
        Estimate.of(one, unit, method, note, converged)
        for one, unit in zip(quantities, units, strict=True)
    ]


def covariance(estimates: Sequence[Estimate]) -> list[list[float]]:
    """Covariance matrix of estimates, by what they share.

    Parameters
    ----------
    estimates : sequence of Estimate
        In any units.

    Returns
    -------
    list of list of float
        In the products of their units.

    Raises
    ------
    TypeError
        If something is no Estimate.

    Examples
    --------
    >>> a, b = Estimate(1.0, 2.0, "us", "fit"), Estimate(1.0, 3.0, "us", "fit")
    >>> covariance([a, b, a + b])[2]
    [4.0, 9.0, 13.0]
    """
    return covariance_matrix([one.quantity for one in _listed(estimates)])


def _listed(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Estimates as a list; anything else is refused."""
    check_type("estimates", estimates, Iterable, remedy="give a list of them")
    listed = list(estimates)
    for k, one in enumerate(listed):
        check_type(f"estimates[{k}]", one, Estimate)
    return listed


def mean(estimates: Sequence[Estimate]) -> Estimate:
    """Mean of estimates in one unit, each with the same weight.

    Parameters
    ----------
    estimates : sequence of Estimate
        At least one.

    Returns
    -------
    Estimate
        With the error that theirs give, whatever they scatter.

    Raises
    ------
    ValueError
        If there are none, or units differ.

    Examples
    --------
    >>> mean([Estimate(1.0, 0.3, "us", "fit"), Estimate(2.0, 0.4, "us", "fit")])
    Estimate(1.50 ± 0.25 us, method='fit')
    """
    listed = _listed(estimates)
    if not listed:
        raise ValueError("estimates is empty; give at least one")
    return sum(listed[1:], start=listed[0]) / len(listed)


def _source(value: float, std_err: float) -> AffineScalarFunc:
    """A quantity that shares its error with no other."""
    # uncertainties warns of a Variable whose error is exactly zero
    return Variable(value, std_err) if std_err else AffineScalarFunc(value, LinearCombination([]))


def _deviation(quantity: AffineScalarFunc) -> float:
    """Standard deviation, also where its square is beyond double precision."""
    return math.hypot(*map(float, quantity.error_components().values()))


def _computed(combine: Callable[[Any, Any], Any], a: Any, b: Any) -> tuple[Any, str]:
    """A combination; or NaN, with the reason, where it has no value in double precision."""
    try:
        return combine(a, b), ""
    except ZeroDivisionError:
        # an exact zero is a slip of the caller, an estimate of zero is a result
        if not isinstance(b, AffineScalarFunc) and b == 0:
            raise
        return _source(math.nan, math.nan), "division by an estimate of zero"
    except OverflowError:
        return _source(math.nan, math.nan), "beyond the range of double precision"


def joined(between: str, *texts: str) -> str:
    """Texts in order, each one once."""
    return between.join(dict.fromkeys(text for text in texts if text))


def _quotient(unit: str, other: str) -> str:
    if unit == other:
        return ""
    if not other:
        return unit
    return f"{unit or 1}/{_grouped(other)}"


def _power(unit: str, exponent: float) -> str:
    if not unit or exponent == 0:
        return ""
    return unit if exponent == 1 else f"{_grouped(unit)}^{exponent:g}"


def _grouped(unit: str) -> str:
    """The unit in brackets where it has more than one part."""
    return f"({unit})" if {" ", "/", "^"} & set(unit) else unit
