"""Checks at the public boundary: an error names the value and the rule.

A number that has passed is a plain int or float, whatever type it came in: nothing behind the
boundary wraps, rounds to half precision or has a text of its own.
"""

from __future__ import annotations

import math
from collections.abc import Container, Hashable, Iterable, Sequence
from dataclasses import fields
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np


def as_number(name: str, value: Any) -> float:
    """A real number of any type as a float, infinity and NaN included.

    Examples
    --------
    >>> as_number("value", "3")
    Traceback (most recent call last):
    TypeError: value = '3' must be a real number; convert it first
    """
    number = plain_number(value)
    if number is None:
        raise TypeError(f"{name} = {value!r} must be a real number; convert it first")
    return _float(number)


def plain_number(value: object) -> int | float | None:
    """The int or float that a number of any type stands for; None if it is no real number.

    A scalar of numpy, an array without dimensions, a fraction or a decimal is a number; a boolean,
    a text, a complex or masked value and an estimate are none. What is too large for a float is
    infinite, and there is one zero.

    Examples
    --------
    >>> plain_number(np.float16(0.5)), plain_number(np.uint8(3)), plain_number(True)
    (0.5, 3, None)
    >>> plain_number(-0.0), plain_number(np.float32(-0.0))
    (0.0, 0.0)
    """
    if type(value) is float:
        return value + 0.0
    if isinstance(getattr(value, "dtype", None), np.dtype):
        array: Any = np.ma.asarray(value)
        if array.ndim or array.dtype.kind not in "iuf" or np.ma.is_masked(array):
            return None
        value = array.data[()]
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    return int(value) if isinstance(value, Integral) else _float(value)


def make_plain(instance: Any) -> None:
    """Turn the fields of a frozen dataclass that are declared as numbers into plain ones.

    What is no number stays as it is, for the checks to name.

    Examples
    --------
    >>> from tptools.kmc import Recording
    >>> Recording(np.uint8(50), np.float32(2))
    Recording(interval_ps=50, until_ns=2.0, follow_ns=None)
    """
    for field in fields(instance):
        declared = getattr(field.type, "__name__", str(field.type)).removesuffix(" | None")
        number = plain_number(getattr(instance, field.name)) if declared in _NUMBERS else None
        if number is not None:
            own = number if declared == "int" else _exact(number)
            object.__setattr__(instance, field.name, own)


_NUMBERS = ("int", "float")
SMALLEST, LARGEST = 1e-30, 1e30
EXACT = 2**53
MOST_GB = 8.0


def _exact(number: Any) -> float:
    """An integer that floats hold exactly as it is, anything else as a float."""
    return number if abs(number) <= EXACT else _float(number)


def _is_between(value: float, above: float, below: float) -> bool:
    """Whether a number lies beyond both bounds; an infinite bound is none."""
    if math.isnan(value):
        return False
    return (above == -math.inf or value > above) and (below == math.inf or value < below)


def _has_a_size(number: float, above: float) -> bool:
    """Whether powers of a number are floats, and of its inverse where it cannot be zero."""
    too_small = above >= 0 and 0 < number < SMALLEST
    return not (too_small or LARGEST < abs(number) < math.inf)


def _float(value: Any) -> float:
    """As a float, the nearest or infinity, and never -0."""
    try:
        return float(value) + 0.0
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def check_number(
    name: str,
    value: object,
    *,
    above: float = -math.inf,
    at_least: float = -math.inf,
    below: float = math.inf,
    at_most: float = math.inf,
    finite: bool = True,
    any_size: bool = False,
) -> float:
    """Return a real number within the bounds as a plain one; raise ValueError for anything else.

    Infinity passes the default bounds only with ``finite=False``; NaN never does. Nor does, without
    ``any_size=True``, a number so large, or so small where it cannot be zero, that its powers leave
    the range of floats: nothing is that large or small in a unit that was chosen for it.

    Examples
    --------
    >>> check_number("power_nW", np.float32(0.5), above=0)
    0.5
    >>> check_number("power_nW", -1.0, above=0)
    Traceback (most recent call last):
    ValueError: power_nW = -1.0 must be a finite number above 0
    """
    plain = plain_number(value)
    number = math.nan if plain is None else _float(plain)
    sized = any_size or _has_a_size(number, above)
    inside = at_least <= number <= at_most and _is_between(number, above, below)
    if not (inside and sized and (math.isfinite(number) or not finite)):
        bounds = [f"above {above}"] if above > -math.inf else []
        bounds += [f"at least {at_least}"] if at_least > -math.inf else []
        bounds += [f"below {below}"] if below < math.inf else []
        bounds += [f"at most {at_most}"] if at_most < math.inf else []
        if not sized:
            bounds += [f"of a size from {SMALLEST:g} to {LARGEST:g}"]
        kind = "a finite number" if finite else "a number"
        raise ValueError(f"{name} = {value!r} must be {kind} {' and '.join(bounds)}".rstrip())
    return _exact(plain)


def check_integer(name: str, value: object, *, at_least: int, below: float = math.inf) -> int:
    """Return an integer within the bounds as an int; raise ValueError for anything else.

    Examples
    --------
    >>> check_integer("n_pulses", np.uint8(3), at_least=1)
    3
    >>> check_integer("n_pulses", 2.5, at_least=1)
    Traceback (most recent call last):
    ValueError: n_pulses = 2.5 must be an integer of at least 1
    """
    number = plain_number(value)
    if not isinstance(number, int) or not at_least <= number < below:
        bound = f" and below {below}" if below < math.inf else ""
        raise ValueError(f"{name} = {value!r} must be an integer of at least {at_least}{bound}")
    return number


def check_fits(what: str, n_bytes: float, remedy: str) -> None:
    """Raise ValueError, before anything is allocated, if something takes more memory than there is.

    Examples
    --------
    >>> check_fits("an image of n_pixels = 1000000 along each edge", 8 * 10**12, "lower it")
    Traceback (most recent call last):
    ValueError: an image of n_pixels = 1000000 along each edge would hold 8.0e+03 GB and may hold \
8 GB; lower it
    """
    n_gigabytes = 1e-9 * _float(n_bytes)
    if not n_gigabytes <= MOST_GB:
        raise ValueError(
            f"{what} would hold {n_gigabytes:.1e} GB and may hold {MOST_GB:g} GB; {remedy}"
        )


def check_flag(name: str, value: object) -> bool:
    """Return what is true or false as a bool, 1 and 0 of a file included; or raise ValueError.

    Examples
    --------
    >>> check_flag("excitons_stay", np.int8(1))
    True
    >>> check_flag("excitons_stay", "no")
    Traceback (most recent call last):
    ValueError: excitons_stay = 'no' must be True or False
    """
    if not (isinstance(value, bool | np.bool_) or plain_number(value) in (0, 1)):
        raise ValueError(f"{name} = {value!r} must be True or False")
    return bool(value)


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
