"""Reported against recomputed: a verdict that follows from the numbers alone.

A claim is a printed number, or a statement turned into `Bounds`: a quantity and the interval in
which it has to lie. The interval of a number is what rounds to its printed digits, or what differs
from it by at most 1 %.

=============== ==================================================================================
verdict         rule
=============== ==================================================================================
reproduced      the recomputed value lies in the interval; of bounds, with `k` standard errors to
                either side
consistent      it is at most `k` standard errors away from the interval
rounding        it is exact and differs by at most `rel_tol` from the number or the bound
contradicted    it differs by more
ambiguous       the text allows several readings; some agree and some contradict
model-dependent the same, where the readings are of films or estimators that are ours
not checkable   there is no recomputed value, or it differs and its error is unknown
=============== ==================================================================================
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tptools.companion.paper import Reported
from tptools.estimate import Estimate

__all__ = ["VERDICTS", "Bounds", "Recomputed", "asked", "compare", "describe"]

VERDICTS = (
    "reproduced",
    "consistent",
    "rounding",
    "ambiguous",
    "model-dependent",
    "contradicted",
    "not checkable",
)

Choice = Literal["text", "model"]
MIXED: Mapping[Choice, str] = {"text": "ambiguous", "model": "model-dependent"}
"""Verdict where readings disagree, by what they are readings of."""

One = float | Estimate | None
Recomputed = One | Sequence[One] | Mapping[str, One]

_NEGLIGIBLE = 0.01
# the tenth of a ppb keeps 0.365 a neighbour of 0.37 in binary floating point
_BINARY = 1e-10


@dataclass(frozen=True)
class Bounds:
    """A statement in words, as a quantity that has to lie in an interval.

    Parameters
    ----------
    quantity : str
        What is computed, in words.
    low, high : float, optional
        Ends of the interval, in `unit`.
    unit : str, optional
        Unit; empty for a pure number.

    Raises
    ------
    ValueError
        If the interval is empty, or has no end at all.

    Examples
    --------
    >>> print(Bounds("slope of D with f", low=0, unit="cm2/s per MHz"))
    slope of D with f > 0 cm2/s per MHz
    """

    quantity: str
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""

    def __post_init__(self) -> None:
        """Refuse an interval that holds nothing or everything."""
        if not self.low < self.high or (self.low, self.high) == (-math.inf, math.inf):
            raise ValueError(
                f"{self.quantity}: low = {self.low!r}, high = {self.high!r} judge nothing; give at "
                "least one end, with low < high"
            )

    @property
    def interval(self) -> tuple[float, float]:
        """Ends of the interval, in `unit`."""
        return self.low, self.high

    def __str__(self) -> str:
        """Give the quantity with what is asked of it."""
        if math.isinf(self.high):
            asked = f"> {self.low:.4g}"
        elif math.isinf(self.low):
            asked = f"< {self.high:.4g}"
        else:
            asked = f"from {self.low:.4g} to {self.high:.4g}"
        return f"{self.quantity} {asked} {self.unit}".rstrip()


def compare(
    criterion: Reported | Bounds,
    recomputed: Recomputed,
    *,
    rel_tol: float = 0.025,
    k: float = 2.0,
    readings_of: Choice = "text",
) -> str:
    """Judge a printed number, or a statement.

    Parameters
    ----------
    criterion : Reported or Bounds
        What the paper prints, or what its statement asks of a quantity.
    recomputed : float, Estimate, None, or a sequence or mapping of them
        The value found, in the unit of `criterion`; None or NaN if there is none. Several values
        stand for several readings of the text; the keys of a mapping name them.
    rel_tol : float, optional
        Largest relative difference that the paper's intermediate rounding explains.
    k : float, optional
        Standard errors within which an `Estimate` counts as consistent.
    readings_of : {"text", "model"}, optional
        Whether several values are what the text leaves open, or films and estimators of ours.

    Returns
    -------
    str
        One of `VERDICTS`, by the rules in the description of this module. If all readings agree
        with the print, or none does, the verdict of the worst of them.

    Raises
    ------
    ValueError
        If an `Estimate` has another unit than `criterion`.

    Examples
    --------
    >>> from tptools.companion.paper import REPORTED
    >>> compare(REPORTED["s6-throughput"], 37.42)
    'reproduced'
    >>> compare(REPORTED["main-tau-relax"], Estimate(7.1, 0.4, "us", "fit"))
    'consistent'
    >>> compare(Bounds("slope", low=0), Estimate(0.2, 0.3, "", "line"))
    'consistent'
    """
    verdicts = {_compare_one(criterion, one, rel_tol, k) for one in _readings(recomputed)}
    verdicts -= {"not checkable"}
    if "contradicted" in verdicts and len(verdicts) > 1:
        return MIXED[readings_of]
    return max(verdicts, key=VERDICTS.index, default="not checkable")


def describe(criterion: Reported | Bounds, recomputed: Recomputed) -> str:
    """Write a recomputed value for a table.

    Parameters
    ----------
    criterion : Reported or Bounds
        Gives the unit of plain numbers.
    recomputed : float, Estimate, None, or a sequence or mapping of them
        As for `compare`.

    Returns
    -------
    str
        Four digits, or two digits of the error; readings joined by "or", after their names.

    Examples
    --------
    >>> describe(Bounds("ratio", high=1), {"top-hat": 0.5, "Gaussian": 0.7213475})
    'top-hat: 0.5 or Gaussian: 0.7213'
    """
    if isinstance(recomputed, Mapping):
        texts = [f"{name}: {_text(criterion, one)}" for name, one in recomputed.items()]
    else:
        texts = [_text(criterion, one) for one in _readings(recomputed)]
    return " or ".join(texts)


def asked(criterion: Reported | Bounds) -> str:
    """Write what a criterion asks, where the print alone does not say it.

    Parameters
    ----------
    criterion : Reported or Bounds
        As for `compare`.

    Returns
    -------
    str
        A statement's quantity and interval, or the numbers that count as a printed range or order
        of magnitude; nothing for a printed value or bound.

    Examples
    --------
    >>> asked(Reported("x", "ratio", "2", "", "L250", upto="3"))
    'what counts as 2 to 3: from 1.5 to 3.5'
    """
    if isinstance(criterion, Reported):
        if not criterion.upto and criterion.relation != "order":
            return ""
        criterion = Bounds(f"what counts as {criterion}:", *criterion.interval)
    return str(criterion)


def _readings(recomputed: Recomputed) -> Sequence[One]:
    if isinstance(recomputed, Mapping):
        return list(recomputed.values())
    return recomputed if isinstance(recomputed, Sequence) else [recomputed]


def _compare_one(criterion: Reported | Bounds, recomputed: One, rel_tol: float, k: float) -> str:
    if recomputed is None:
        return "not checkable"
    if isinstance(recomputed, Estimate):
        found = recomputed
    else:
        found = Estimate(recomputed, 0.0, criterion.unit, "exact")
    if found.unit != criterion.unit:
        raise ValueError(
            f"{criterion} is to be compared in {criterion.unit!r} but was recomputed in "
            f"{found.unit!r}; convert one first"
        )
    if math.isnan(found.value):
        return "not checkable"
    printed = _printed_value(criterion)
    margin = 0.0 if printed is not None else k * found.std_err
    low, high = _interval(criterion)
    if low <= found.value - margin and found.value + margin <= high:
        return "reproduced"
    if math.isnan(found.std_err):
        return "not checkable"
    away = max(low - found.value, found.value - high, 0.0)
    if isinstance(recomputed, Estimate):
        return "consistent" if away <= k * found.std_err else "contradicted"
    asked = printed if printed is not None else min(high, max(low, found.value))
    return "rounding" if abs(found.value - asked) <= rel_tol * abs(asked) else "contradicted"


def _printed_value(criterion: Reported | Bounds) -> float | None:
    """Value that the paper prints, where it prints neither a bound nor a range."""
    return criterion.value if isinstance(criterion, Reported) and criterion.is_value else None


def _interval(criterion: Reported | Bounds) -> tuple[float, float]:
    low, high = criterion.interval
    slack = _BINARY * max(abs(end) for end in (low, high) if math.isfinite(end))
    if isinstance(criterion, Reported) and criterion.is_value:
        slack = max(slack, _NEGLIGIBLE * abs(criterion.value) - criterion.half_unit)
    return low - slack, high + slack


def _text(criterion: Reported | Bounds, recomputed: One) -> str:
    if recomputed is None:
        return "-"
    if isinstance(recomputed, Estimate):
        return str(recomputed)
    return f"{recomputed:.4g} {criterion.unit}".rstrip()
