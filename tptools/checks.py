"""Checks at the public boundary: an error names the value and the rule."""

from __future__ import annotations

import math
from collections.abc import Container, Hashable, Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from numpy.ma.core import MaskedConstant


def as_number(name: str, value: Any) -> float:
    """A real number of any type as a float, infinity and NaN included.

    Examples
    --------
    >>> as_number("value", "3")
    Traceback (most recent call last):
    TypeError: value = '3' must be a real number; convert it first
    """
    try:
        if not isinstance(value, str | bytes | complex | MaskedConstant):
            return float(value)
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name} = {value!r} must be a real number; convert it first")


def check_number(
    name: str,
    value: float,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    finite: bool = True,
) -> None:
    """Raise ValueError unless ``value`` is a real number within the bounds.

    Infinity passes the default bounds only with ``finite=False``; NaN never does.

    Examples
    --------
    >>> check_number("power_nW", -1.0, above=0)
    Traceback (most recent call last):
    ValueError: power_nW = -1.0 must be a finite number above 0
    """
    bounds = [f"above {above}"] if above > -math.inf else []
    bounds += [f"at least {at_least}"] if at_least > -math.inf else []
    bounds += [f"below {below}"] if below < math.inf else []
    bounds += [f"at most {at_most}"] if at_most < math.inf else []
    number = isinstance(value, Real) and not isinstance(value, bool)
    if (
        not number
        or math.isnan(value)
        or (finite and math.isinf(value))
        or (above > -math.inf and value <= above)
        or (below < math.inf and value >= below)
        or not at_least <= value <= at_most
    ):
        kind = "a finite number" if finite else "a number"
        raise ValueError(f"{name} = {value!r} must be {kind} {' and '.join(bounds)}".rstrip())


def check_integer(name: str, value: int, *, at_least: int, below: float = math.inf) -> None:
    """Raise ValueError unless ``value`` is an integer within the bounds.

    Examples
    --------
    >>> check_integer("n_pulses", 2.5, at_least=1)
    Traceback (most recent call last):
    ValueError: n_pulses = 2.5 must be an integer of at least 1
    """
    number = isinstance(value, Integral) and not isinstance(value, bool)
    if not number or not at_least <= value < below:
        bound = f" and below {below}" if below < math.inf else ""
        raise ValueError(f"{name} = {value!r} must be an integer of at least {at_least}{bound}")


def check_choice(name: str, value: str, choices: Sequence[str]) -> None:
    """Raise ValueError unless ``value`` is one of ``choices``.

    Examples
    --------
    >>> check_choice("shape", "square", ("gaussian", "flat_top"))
    Traceback (most recent call last):
    ValueError: shape = 'square' must be one of 'gaussian', 'flat_top'
    """
    if not (isinstance(value, str) and value in choices):
        raise ValueError(f"{name} = {value!r} must be one of {', '.join(map(repr, choices))}")


def check_type(name: str, value: object, *types: type, remedy: str = "") -> None:
    """Raise TypeError unless ``value`` is of one of these types.

    Examples
    --------
    >>> check_type("seeds", 1, list, tuple, remedy="give [1]")
    Traceback (most recent call last):
    TypeError: seeds is of type int and must be of type list or tuple; give [1]
    """
    if not isinstance(value, types):
        wanted = " or ".join(one.__name__ for one in types)
        advice = remedy or f"see {types[0].__module__.removesuffix('.abc')}.{types[0].__name__}"
        kind = type(value).__name__
        raise TypeError(f"{name} is of type {kind} and must be of type {wanted}; {advice}")


def check_callable(name: str, value: object, remedy: str) -> None:
    """Raise TypeError unless ``value`` can be called.

    Examples
    --------
    >>> check_callable("draw", [1, 2], "give a function from a seed to a record")
    Traceback (most recent call last):
    TypeError: draw is of type list and must be a function; give a function from a seed to a record
    """
    if not callable(value):
        kind = type(value).__name__
        raise TypeError(f"{name} is of type {kind} and must be a function; {remedy}")


def check_holds(name: str, held: Container[Hashable], wanted: Iterable[str], source: str) -> None:
    """Raise ValueError unless all names are held, such as variables by a dataset.

    Examples
    --------
    >>> check_holds("record", {"counts"}, ["counts", "saturated"], "an instrument")
    Traceback (most recent call last):
    ValueError: record lacks saturated and must be what an instrument returns; pass it as it is
    """
    lacking = [one for one in wanted if one not in held]
    if lacking:
        raise ValueError(
            f"{name} lacks {', '.join(lacking)} and must be what {source} returns; pass it as it is"
        )
