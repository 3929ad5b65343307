"""Reading of files of films: what a table may hold, units, inheritance, and what to say of faults.

A file has one TOML table a film. Each number is an inline table of ``value``, ``unit``, ``origin``
and ``reason``; `tptools.film` says which there are, and makes films of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal, get_args

from tptools.checks import check_choice

OriginKind = Literal["reported", "calibrated", "literature", "assumed"]

_UNITS = {
    "per_ps": "ps-1",
    "per_eV": "eV-1",
    "m2_s": "m2/s",
    "nm2": "nm2",
    "nm": "nm",
    "us": "us",
    "ns": "ns",
    "eV": "eV",
    "meV": "meV",
}
_ENTRY = ("value", "unit", "origin", "reason")


@dataclass(frozen=True)
class Origin:
    """Where a number of a film comes from.

    Parameters
    ----------
    unit : str
        Unit of the number; empty for a pure number, a word or a switch.
    origin : {"reported", "calibrated", "literature", "assumed"}
        Printed for this film, found by `tptools.inference`, from another work, or chosen.
    reason : str
        Place, source, or why it was chosen.

    Raises
    ------
    ValueError
        If `origin` is none of these, or `reason` is empty.

    Examples
    --------
    >>> Origin("", "assumed", "gives the exponent of the tail").origin
    'assumed'
    """

    unit: str
    origin: OriginKind
    reason: str

    def __post_init__(self) -> None:
        check_choice("origin", self.origin, get_args(OriginKind))
        if not isinstance(self.reason, str) or not self.reason.strip():
            raise ValueError(
                f"reason = {self.reason!r} is empty; say where the number is from, or why"
            )

    def inherited(self, film: str) -> Origin:
        """Origin of the same number in a film that is based on `film`.

        Parameters
        ----------
        film : str
            For which the number was stated.

        Returns
        -------
        Origin
            A number reported of one film, or calibrated with it, is assumed for another.
        """
        own = self.origin in ("reported", "calibrated")
        return Origin(self.unit, "assumed" if own else self.origin, f"as {film}: {self.reason}")


@dataclass(frozen=True)
class Number:
    """A number of a table: its value, its origin, and the film for which it was stated."""

    value: float | str | bool
    origin: Origin
    film: str


@dataclass(frozen=True)
class Table:
    """What a file says of one film, with what it inherits.

    Parameters
    ----------
    where : str
        File and film, for error messages.
    name, title : str
        Of the film.
    numbers : mapping of str to Number
        By section and parameter, such as ``"hopping.lifetime_ns"``.
    """

    where: str
    name: str
    title: str
    numbers: Mapping[str, Number]

    def values(self, section: str) -> dict[str, Any]:
        """Values of one section.

        Parameters
        ----------
        section : str
            Such as ``"hopping"``.

        Returns
        -------
        dict
            By the names of its parameters.
        """
        named = (key.partition(".") for key in self.numbers)
        return {
            parameter: self.numbers[f"{part}.{parameter}"].value
            for part, dot, parameter in named
            if dot and part == section
        }

    def origins(self) -> dict[str, Origin]:
        """Origins of all numbers, for this film.

        Returns
        -------
        dict
            By section and parameter.
        """
        return {
            key: one.origin if one.film == self.name else one.origin.inherited(one.film)
            for key, one in self.numbers.items()
        }


def unit_of(parameter: str) -> str:
    """Unit that the name of a parameter ends with; empty for a pure number.

    Parameters
    ----------
    parameter : str
        Name, with or without its section.

    Returns
    -------
    str

    Examples
    --------
    >>> unit_of("hopping.hop_rate_ground_per_ps"), unit_of("trap_exponent")
    ('ps-1', '')
    """
    return next((unit for end, unit in _UNITS.items() if parameter.endswith(f"_{end}")), "")


def read_tables(
    path: Path | Traversable, parameters: Collection[str], known: Mapping[str, Table]
) -> dict[str, Table]:
    """Tables of a file of films.

    Parameters
    ----------
    path : Path
        A TOML file.
    parameters : collection of str
        What there is of a film, by section and parameter.
    known : mapping of str to Table
        Films that those of the file may be based on, besides those further up in it.

    Returns
    -------
    dict
        By the name of the film.

    Raises
    ------
    ValueError
        If the file is a folder, no TOML, or says what it must not; names file, film, parameter
        and rule.
    """
    if path.is_dir():
        raise ValueError(
            f"path = {str(path)!r} is a folder and must be a file; name the file in it"
        )
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: no TOML: {error}") from error
    tables: dict[str, Table] = {}
    for name, film in content.items():
        where = f"{path}: film {name!r}"
        if not isinstance(film, dict):
            raise ValueError(f"{where} = {film!r} must be a table; write [{name!r}] above it")
        tables[name] = _table(where, name, film, parameters, {**known, **tables})
    return tables


def _table(
    where: str,
    name: str,
    film: dict[str, Any],
    parameters: Collection[str],
    known: Mapping[str, Table],
) -> Table:
    words = {key: film[key] for key in ("title", "based_on") if key in film}
    if not isinstance(words.get("title"), str):
        raise ValueError(f"{where}: title is missing; say in words what the film is")
    numbers: dict[str, Number] = {}
    if "based_on" in words:
        if words["based_on"] not in known:
            raise ValueError(
                f"{where}: based_on = {words['based_on']!r} is unknown; it must be a film further "
                f"up in the file, or one of {_listed(known)}"
            )
        numbers |= known[words["based_on"]].numbers
    for key, entry in _flat({k: v for k, v in film.items() if k not in words}).items():
        numbers[key] = _number(f"{where}: {key}", key, entry, parameters, name)
    return Table(where, name, words["title"], numbers)


def _flat(film: Mapping[str, Any]) -> dict[str, Any]:
    """Entries by section and parameter."""
    entries: dict[str, Any] = {}
    for key, content in film.items():
        if isinstance(content, dict) and not set(content) & set(_ENTRY):
            entries |= {f"{key}.{parameter}": entry for parameter, entry in content.items()}
        else:
            entries[key] = content
    return entries


def _number(where: str, key: str, entry: Any, parameters: Collection[str], film: str) -> Number:
    if key not in parameters:
        raise ValueError(f"{where} is unknown; the parameters are {_listed(parameters)}")
    if not isinstance(entry, dict):
        raise ValueError(
            f"{where} = {entry!r} must be a table; write {{ value = {entry!r}, "
            f'unit = "{unit_of(key)}", origin = "assumed", reason = "..." }}'
        )
    missing = [one for one in _ENTRY if one not in entry]
    if missing:
        raise ValueError(f"{where} lacks {_listed(missing)}; a number has {_listed(_ENTRY)}")
    surplus = [one for one in entry if one not in _ENTRY]
    if surplus:
        raise ValueError(f"{where} has {_listed(surplus)}; a number has only {_listed(_ENTRY)}")
    if entry["unit"] != unit_of(key):
        raise ValueError(
            f"{where}: unit = {entry['unit']!r} must be {unit_of(key)!r}, as the name says; "
            "convert the value"
        )
    try:
        origin = Origin(entry["unit"], entry["origin"], entry["reason"])
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return Number(entry["value"], origin, film)


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
