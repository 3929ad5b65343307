"""What the paper claims: each claim once, with its place; numbers keep the digits as printed.

The claims stand in the table ``claims.csv`` beside this file. `CLAIMS` maps the id of a claim to
its row, and `REPORTED` the ids of those that print a number to that number. Ids start with the
part of the paper: ``main`` for the main text, ``s1`` to ``s10`` for the Supplementary Notes,
``tabS1``, ``tabS2``, and ``fig`` for the panels of figures. ``L`` in a place is the line in the
plain-text version of the paper.

Examples
--------
>>> REPORTED["s2-tau-relax"].value
8.1
>>> print(REPORTED["main-tau-relax"])
~6 us
>>> CLAIMS["main-corr-P"].reported
'strong positive correlation'
"""

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from types import MappingProxyType

__all__ = ["CLAIMS", "REPORTED", "Claim", "Reported"]

RELATIONS = ("", "~", "<", ">", "order")


@dataclass(frozen=True)
class Reported:
    """A number as the paper prints it.

    Parameters
    ----------
    claim : str
        Id of the claim, unique in the book.
    quantity : str
        What the number is, in words.
    printed : str
        The digits as printed, so that their precision is kept: ``"0.30"`` is not ``"0.3"``. Of a
        range, its lower end.
    unit : str
        Unit; empty for a pure number.
    place : str
        Where it stands.
    relation : {"", "~", "<", ">", "order"}, optional
        How the paper qualifies it: not at all, as approximate, as a bound, or as an order of
        magnitude.
    upto : str, optional
        The upper end of a range, as printed.

    Raises
    ------
    ValueError
        If `printed` or `upto` is not a finite decimal number, or `relation` is unknown.

    Examples
    --------
    >>> print(Reported("d", "thickness", "30", "nm", "Note 4", upto="40"))
    30 to 40 nm
    """

    claim: str
    quantity: str
    printed: str
    unit: str
    place: str
    relation: str = ""
    upto: str = ""

    def __post_init__(self) -> None:
        """Refuse digits that are no number, and words that are no relation."""
        if self.relation not in RELATIONS:
            raise ValueError(
                f"{self.claim}: relation = {self.relation!r} is unknown; it is one of {RELATIONS}"
            )
        for name in ("printed", "upto") if self.upto else ("printed",):
            if not _is_number(getattr(self, name)):
                raise ValueError(
                    f"{self.claim}: {name} = {getattr(self, name)!r} is not a finite number"
                )

    @property
    def value(self) -> float:
        """The number, in `unit`; of a range, its lower end."""
        return float(self.printed)

    @property
    def upper(self) -> float:
        """The upper end of a range, else the number itself, in `unit`."""
        return float(self.upto or self.printed)

    @property
    def half_unit(self) -> float:
        """Half a unit of the last printed digit: the rounding error of the print.

        Examples
        --------
        >>> Reported("x", "cross section", "5.29e-14", "cm2", "Note 6").half_unit
        5e-17
        """
        return float(Decimal((0, (5,), int(Decimal(self.printed).as_tuple().exponent) - 1)))

    @property
    def is_value(self) -> bool:
        """Whether it is one value, exact or approximate, and no bound, range or magnitude."""
        return self.relation in ("", "~") and not self.upto

    @property
    def interval(self) -> tuple[float, float]:
        """The values that agree with the print, in `unit`.

        For a value and for the ends of a range, what rounds to it; for an order of magnitude, a
        factor of the square root of ten to either side.

        Examples
        --------
        >>> Reported("dT", "heating", "0.01", "K", "L196", relation="<").interval
        (-inf, 0.01)
        """
        if self.relation == "order":
            return self.value / math.sqrt(10), self.value * math.sqrt(10)
        if self.relation in ("<", ">"):
            return (-math.inf, self.value) if self.relation == "<" else (self.value, math.inf)
        return self.value - self.half_unit, self.upper + self.half_unit

    def __str__(self) -> str:
        """Digits as printed, with the unit and what qualifies them."""
        before = "order of " if self.relation == "order" else self.relation
        after = f" to {self.upto}" if self.upto else ""
        return f"{before}{self.printed}{after} {self.unit}".rstrip()


@dataclass(frozen=True)
class Claim:
    """One thing that the paper says, and what the ledger knows about checking it.

    Parameters
    ----------
    id : str
        Unique name.
    place : str
        Where it stands.
    kind : str
        Such as ``"table cell"``, ``"derived number"``, ``"qualitative trend"``.
    quantity : str
        What it is about, in words.
    reported : str
        What the paper says, in short.
    number : Reported or None
        The printed number that is judged, if there is one.
    rests_on : tuple of str
        Of the panel of a figure, the claims that are read off it.
    why : str
        Why it cannot be checked here; empty if it can.
    """

    id: str
    place: str
    kind: str
    quantity: str
    reported: str
    number: Reported | None
    rests_on: tuple[str, ...]
    why: str


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def _claim(row: dict[str, str]) -> Claim:
    shared = row["quantity"], row["printed"], row["unit"], row["place"]
    number = Reported(row["id"], *shared, row["relation"], row["upto"]) if row["printed"] else None
    return Claim(
        row["id"],
        row["place"],
        row["kind"],
        row["quantity"],
        row["reported"],
        number,
        tuple(row["rests_on"].split()),
        row["why"],
    )


def _read() -> dict[str, Claim]:
    with resources.files(__package__).joinpath("claims.csv").open(encoding="utf-8-sig") as file:
        claims = [_claim(row) for row in csv.DictReader(file, strict=True)]
    return {claim.id: claim for claim in claims}


CLAIMS: Mapping[str, Claim] = MappingProxyType(_read())
"""All claims of the paper, by id."""

REPORTED: Mapping[str, Reported] = MappingProxyType(
    {claim.id: claim.number for claim in CLAIMS.values() if claim.number}
)
"""What the paper prints, by the id of the claim."""
