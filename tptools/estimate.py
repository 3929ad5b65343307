"""What every measurement returns: a value, its standard error, unit and method."""

import math
from dataclasses import dataclass

from uncertainties import ufloat

__all__ = ["Estimate"]


@dataclass(frozen=True, repr=False)
class Estimate:
    """A measured value with its standard error.

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

    Raises
    ------
    ValueError
        If `std_err` is negative.

    Examples
    --------
    >>> Estimate(0.15234, 0.00412, "cm2/s", "global")
    Estimate(0.1523 ± 0.0041 cm2/s, method='global')
    >>> print(Estimate(8123.4, 57.0, "ns", "fit"))
    8123 ± 57 ns
    """

    value: float
    std_err: float
    unit: str
    method: str
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an error bar that cannot be one."""
        if self.std_err < 0:
            raise ValueError(
                f"std_err = {self.std_err!r} is negative; a standard error is at least 0, "
                "or NaN where it is not known"
            )

    def __str__(self) -> str:
        """Give value and error to two digits of the error."""
        # uncertainties warns at an error of exactly zero, and has no digits to round to
        text = f"{ufloat(self.value, self.std_err):.2uP}" if self.std_err else f"{self.value:.6g}±0"
        return f"{text.replace('±', ' ± ')} {self.unit}".rstrip()

    def __repr__(self) -> str:
        """Give the rounded value with method and, where there is one, note."""
        note = f", note={self.note!r}" if self.note else ""
        return f"Estimate({self}, method={self.method!r}{note})"

    def ratio(self, other: "Estimate") -> "Estimate":
        """Quotient of two independent estimates.

        Parameters
        ----------
        other : Estimate
            Denominator, in the same unit.

        Returns
        -------
        Estimate
            Without a unit; relative errors add in quadrature.

        Raises
        ------
        ValueError
            If the two units differ.

        Examples
        --------
        >>> Estimate(6.0, 0.3, "us", "fit").ratio(Estimate(2.0, 0.1, "us", "fit"))
        Estimate(3.00 ± 0.21, method='ratio')
        """
        self._check_unit(other)
        value = self.value / other.value
        relative = math.hypot(self.std_err / self.value, other.std_err / other.value)
        return Estimate(value, abs(value) * relative, "", "ratio")

    def _check_unit(self, other: "Estimate") -> None:
        if other.unit != self.unit:
            raise ValueError(f"cannot compare {self.unit!r} with {other.unit!r}; convert one first")

    def z(self, other: "Estimate | float") -> float:
        """Distance to another value in units of the combined standard error.

        Parameters
        ----------
        other : Estimate or float
            In the same unit; a plain number counts as exact.

        Returns
        -------
        float
            ``(value - other) / sqrt(std_err**2 + other.std_err**2)``; infinite if both are
            exact and differ, NaN if an error is not known.

        Raises
        ------
        ValueError
            If the two units differ.

        Examples
        --------
        >>> Estimate(5.0, 0.3, "us", "fit").z(Estimate(4.0, 0.4, "us", "fit"))
        2.0
        """
        if not isinstance(other, Estimate):
            other = Estimate(float(other), 0.0, self.unit, "exact")
        self._check_unit(other)
        difference = self.value - other.value
        error = math.hypot(self.std_err, other.std_err)
        if error == 0:
            return math.copysign(math.inf, difference) if difference else 0.0
        return difference / error
