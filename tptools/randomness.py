"""One source of chance: streams of random numbers by a seed and the name of what they are for.

A caller gives one integer seed. Whatever is drawn from it comes from a stream of its own, named by
what it is and by the condition it belongs to. So no two purposes share random numbers, and a
condition keeps its stream whatever else is computed beside it.

Examples
--------
>>> draws = generator(1, "photon counts", power_nW=5).random(3)
>>> bool((draws == generator(1, "photon counts", power_nW=5.0).random(3)).all())
True
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from types import MappingProxyType

import numpy as np

from tptools.checks import check_integer, plain_number

__all__ = ["OFF_BY_DEFAULT", "derive_seed", "generator", "seed_sequence"]

OFF_BY_DEFAULT: Mapping[str, bool] = MappingProxyType({"off_by_default": True})
"""Metadata of a field of a dataclass that names streams only where it is not at its default.

So a model can grow by a parameter, and where that is off all its streams stay as they were.
"""


def seed_sequence(seed: int, *keys: object, **named: object) -> np.random.SeedSequence:
    """Derive the entropy of one named stream from a seed.

    Parameters
    ----------
    seed : int
        Non-negative.
    *keys, **named
        What the stream is for: text, numbers, booleans, None, sequences and mappings of these, and
        dataclasses, of which the fields count that they are compared by (see `OFF_BY_DEFAULT`).
        Numbers count by their exact value: 5, 5.0 and ``np.uint8(5)`` are one key, 0.1 + 0.2 and
        0.3 are two. The order of names does not matter.

    Returns
    -------
    numpy.random.SeedSequence
        Of `seed`, with the SHA-256 of the keys as its spawn key.

    Raises
    ------
    ValueError
        If `seed` is not an integer of at least 0, or a key is NaN, equal to none.
    TypeError
        If a key is of another type.

    Examples
    --------
    >>> first, second = seed_sequence(1, "train", 0), seed_sequence(1, "train", 1)
    >>> first.generate_state(1) == second.generate_state(1)
    array([False])
    """
    seed = check_integer("seed", seed, at_least=0)
    digest = hashlib.sha256(_canonical((keys, named)).encode()).digest()
    words = np.frombuffer(digest, "<u4").tolist()
    return np.random.SeedSequence(int(seed), spawn_key=words)


def generator(seed: int, *keys: object, **named: object) -> np.random.Generator:
    """Random numbers of one named stream.

    Parameters
    ----------
    seed : int
        Non-negative.
    *keys, **named
        What the stream is for, as for `seed_sequence`.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    ValueError, TypeError
        As for `seed_sequence`.

    Examples
    --------
    >>> first, second = generator(1, "bootstrap").random(), generator(1, "photon counts").random()
    >>> first == second
    False
    """
    return np.random.default_rng(seed_sequence(seed, *keys, **named))


def derive_seed(seed: int, *keys: object, **named: object) -> int:
    """Seed of one condition, where an integer is needed: for another call, or to be kept.

    Parameters
    ----------
    seed : int
        Non-negative.
    *keys, **named
        The condition, as for `seed_sequence`.

    Returns
    -------
    int
        Below 2**63, which netCDF can hold.

    Raises
    ------
    ValueError, TypeError
        As for `seed_sequence`.

    Examples
    --------
    >>> derive_seed(1, power_nW=5) == derive_seed(1, power_nW=5.0)
    True
    >>> derive_seed(1, power_nW=5) == derive_seed(1, power_nW=12.5)
    False
    """
    (word,) = seed_sequence(seed, *keys, **named).generate_state(1, np.uint64).tolist()
    return word >> 1


def _canonical(key: object) -> str:
    """One text for each value, and for equal values the same."""
    # first what a whole map of counts is made of
    if type(key) is float or type(key) is int:
        return _canonical_number(key)
    if key is None or isinstance(key, bool | np.bool_):
        return str(key)
    if isinstance(key, str):
        return json.dumps(key)
    number = plain_number(key)
    if number is not None:
        return _canonical_number(number)
    if isinstance(key, tuple | list):
        return f"[{','.join(map(_canonical, key))}]"
    if isinstance(key, Mapping):
        items = sorted((_canonical(name), _canonical(value)) for name, value in key.items())
        return f"{{{','.join(map(':'.join, items))}}}"
    if is_dataclass(key) and not isinstance(key, type):
        names = [one.name for one in fields(key) if one.compare and not _is_off(one, key)]
        return type(key).__name__ + _canonical({name: getattr(key, name) for name in names})
    raise TypeError(
        f"{key!r} cannot name a stream of random numbers; use text, numbers, booleans, None, "
        "sequences, mappings or dataclasses"
    )


def _is_off(field: Field[object], instance: object) -> bool:
    """Whether a parameter that is off by default is off."""
    optional = "off_by_default" in field.metadata
    return optional and bool(getattr(instance, field.name) == field.default)


def _canonical_number(number: int | float) -> str:
    """Exact decimal digits of a whole number, shortest ones that mean the same of another."""
    if isinstance(number, int):
        return str(number)
    if math.isnan(number):
        raise ValueError("NaN must not name a stream of random numbers: it is equal to nothing")
    return str(int(number)) if number.is_integer() else repr(number)
