"""Points with errors, given as numbers or as Estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.estimate import Estimate
from tptools.records import as_numbers


@dataclass(frozen=True, eq=False)
class Points:
    """Values of points, with what is known of them.

    Parameters
    ----------
    value, std_err : ndarray
        Shape (n,); numbers without errors have none, 0.
    unit : str
        Of both; empty for numbers.
    note : str
        What the reader of a result has to know.
    converged : bool
        Whether all fits found an optimum that the points come from.
    """

    value: FloatArray
    std_err: FloatArray
    unit: str = ""
    note: str = ""
    converged: bool = True


def as_points(name: str, given: Any, std_err: Any = None, *, unit: str | None = None) -> Points:
    """Points as columns of native floats, in one dimension.

    Parameters
    ----------
    name : str
        What an error calls them.
    given : sequence of Estimate, or array_like
        Estimates bring their errors; they have one unit.
    std_err : array_like, optional
        Errors, in place of what `given` brings.
    unit : str, optional
        That Estimates must have, if any.

    Returns
    -------
    Points

    Raises
    ------
    TypeError
        If `given` or `std_err` holds no real numbers.
    ValueError
        If units differ.

    Examples
    --------
    >>> points = as_points("height", [Estimate(1.0, 0.1, "nm", "fit"), 2])
    >>> points.std_err, points.note
    (array([0.1, 0. ]), '')
    >>> as_points("height", [1.0, 2.0]).unit
    ''
    """
    held = _estimates(given)
    if held is None:
        value = np.ravel(as_numbers(name, given))
        error = np.zeros_like(value) if std_err is None else np.ravel(as_numbers(name, std_err))
        return Points(value, error)
    units = {one.unit for one in held if isinstance(one, Estimate)}
    if len(units) > 1 or (unit is not None and units != {unit}):
        wanted = "one unit" if unit is None else repr(unit)
        raise ValueError(
            f"{name} is in {' and '.join(map(repr, sorted(units)))} and must be in {wanted}; "
            "convert it first"
        )
    value = as_numbers(name, [getattr(one, "value", one) for one in held])
    error = as_numbers(name, [getattr(one, "std_err", 0.0) for one in held])
    failed = sum(not getattr(one, "converged", True) for one in held)
    note = f"fits of {failed} of {len(held)} points did not converge" if failed else ""
    if std_err is not None:
        error = np.ravel(as_numbers(name, std_err))
    return Points(value, error, units.pop(), note, not failed)


def _estimates(given: Any) -> list[Any] | None:
    """The members of what holds at least one Estimate; None of plain numbers."""
    if isinstance(given, np.ma.MaskedArray | xr.Dataset):
        return None
    try:
        members = list(np.asarray(given, object).flat)
    except ValueError:
        return None
    return members if any(isinstance(one, Estimate) for one in members) else None
