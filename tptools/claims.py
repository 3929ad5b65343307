"""Reported against recomputed: a verdict that follows from the numbers alone.

========================= ==================================================================
verdict                   rule, for a printed number with half a unit of its last digit `h`
========================= ==================================================================
reproduced                the recomputed value rounds to the printed digits (differs by at most
                          `h`) or differs by at most 1 %
consistent                it has a standard error and differs by at most ``h + k * std_err``
rounding                  it is exact and differs by at most `rel_tol`
contradicted              it differs by more
ambiguous                 the text allows several readings; some agree and some contradict
not checkable             there is no recomputed value, or it differs and its error is unknown
========================= ==================================================================
"""

import math
from collections.abc import Iterable, Sequence

import pandas as pd
import xarray as xr

from tptools.estimate import Estimate
from tptools.paper import Reported

__all__ = ["VERDICTS", "compare", "side_by_side", "summarise"]

VERDICTS = ("reproduced", "consistent", "rounding", "ambiguous", "contradicted", "not checkable")

Recomputed = float | Estimate | None

_NEGLIGIBLE = 0.01


def compare(
    reported: Reported,
    recomputed: Recomputed | Sequence[Recomputed],
    *,
    rel_tol: float = 0.025,
    k: float = 2.0,
) -> str:
    """Judge a printed number.

    Parameters
    ----------
    reported : Reported
        What the paper prints.
    recomputed : float, Estimate, None, or a sequence of them
        The value found, in the unit of `reported`; None or NaN if there is none. Several values
        stand for several readings of the text.
    rel_tol : float, optional
        Largest relative difference that the paper's intermediate rounding explains.
    k : float, optional
        Standard errors within which an `Estimate` counts as consistent.

    Returns
    -------
    str
        One of `VERDICTS`, by the rules in the description of this module. If all readings agree
        with the print, or none does, the verdict of the worst of them.

    Raises
    ------
    ValueError
        If an `Estimate` has another unit than `reported`.

    Examples
    --------
    >>> from tptools.paper import REPORTED
    >>> compare(REPORTED["s6-throughput"], 37.42)
    'reproduced'
    >>> compare(REPORTED["main-tau-relax"], Estimate(7.1, 0.4, "us", "fit"))
    'consistent'
    """
    if not isinstance(recomputed, Sequence):
        return _compare_one(reported, recomputed, rel_tol, k)
    verdicts = {_compare_one(reported, one, rel_tol, k) for one in recomputed} - {"not checkable"}
    if "contradicted" in verdicts and len(verdicts) > 1:
        return "ambiguous"
    return max(verdicts, key=VERDICTS.index, default="not checkable")


def summarise(
    rows: Iterable[tuple[Reported, Recomputed | Sequence[Recomputed]]],
    *,
    rel_tol: float = 0.025,
    k: float = 2.0,
) -> pd.DataFrame:
    """Make the table that ends a chapter.

    Parameters
    ----------
    rows : iterable of (Reported, recomputed)
        Pairs that `compare` takes.
    rel_tol, k : float, optional
        As for `compare`, the same for all rows.

    Returns
    -------
    DataFrame
        Columns ``quantity``, ``place``, ``reported``, ``recomputed`` and ``verdict``, all text; the
        claim's id as index.

    Raises
    ------
    ValueError
        As for `compare`.

    Examples
    --------
    >>> from tptools.paper import REPORTED
    >>> summarise([(REPORTED["s6-Psurf"], 0.374)]).loc["s6-Psurf"].to_list()[2:]
    ['0.37 nW', '0.374 nW', 'reproduced']
    """
    records = [
        {
            "claim": reported.claim,
            "quantity": reported.quantity,
            "place": reported.place,
            "reported": str(reported),
            "recomputed": _text(reported, recomputed),
            "verdict": compare(reported, recomputed, rel_tol=rel_tol, k=k),
        }
        for reported, recomputed in rows
    ]
    columns = ["claim", "quantity", "place", "reported", "recomputed", "verdict"]
    return pd.DataFrame(records, columns=columns).set_index("claim")


def side_by_side(printed: xr.Dataset, recomputed: xr.Dataset) -> pd.DataFrame:
    """Set a printed table beside the recomputed one.

    Parameters
    ----------
    printed, recomputed : Dataset
        Over one dimension. All variables of `printed` are shown; `recomputed` may have more.

    Returns
    -------
    DataFrame
        For each variable, headed by the ``long_name`` and ``units`` of `recomputed` if it has them,
        the columns ``paper``, without trailing zeros, and ``here``, with four digits; all text. The
        coordinates of `printed` that are no dimension become the index.

    Raises
    ------
    KeyError
        If `recomputed` lacks a variable.

    Examples
    --------
    >>> printed = xr.Dataset({"N": ("row", [0.163])}, {"power_nW": ("row", [20])})
    >>> recomputed = xr.Dataset({"N": ("row", [0.16437])})
    >>> side_by_side(printed, recomputed).loc[20, "N"].to_list()
    ['0.163', '0.1644']
    """
    pairs = {
        _heading(recomputed[name]): pd.DataFrame(
            {
                "paper": [f"{cell:g}" for cell in printed[name].values],
                "here": [f"{cell:.4g}" for cell in recomputed[name].values],
            }
        )
        for name in printed
    }
    conditions = [printed[name].to_series() for name in printed.coords if name not in printed.dims]
    return pd.concat(pairs, axis=1).set_index(conditions)


def _heading(column: xr.DataArray) -> str:
    units = column.attrs.get("units", "1")
    name = column.attrs.get("long_name", str(column.name))
    return name if units == "1" else f"{name} ({units})"


def _compare_one(reported: Reported, recomputed: Recomputed, rel_tol: float, k: float) -> str:
    if recomputed is None:
        return "not checkable"
    measured = isinstance(recomputed, Estimate)
    if not measured:
        recomputed = Estimate(recomputed, 0.0, reported.unit, "exact")
    if recomputed.unit != reported.unit:
        raise ValueError(
            f"{reported.claim} is printed in {reported.unit!r} but recomputed in "
            f"{recomputed.unit!r}; convert one first"
        )
    if math.isnan(recomputed.value):
        return "not checkable"
    difference = abs(recomputed.value - reported.value)
    # the tenth of a ppb keeps 0.365 a neighbour of 0.37 in binary floating point
    half_unit = reported.half_unit * (1 + 1e-10)
    if difference <= max(half_unit, _NEGLIGIBLE * abs(reported.value)):
        return "reproduced"
    if math.isnan(recomputed.std_err):
        return "not checkable"
    if measured and difference <= half_unit + k * recomputed.std_err:
        return "consistent"
    if not measured and difference <= rel_tol * abs(reported.value):
        return "rounding"
    return "contradicted"


def _text(reported: Reported, recomputed: Recomputed | Sequence[Recomputed]) -> str:
    if isinstance(recomputed, Sequence):
        return " or ".join(_text(reported, one) for one in recomputed)
    if recomputed is None:
        return "-"
    if isinstance(recomputed, Estimate):
        return str(recomputed)
    return f"{recomputed:.4g} {reported.unit}".rstrip()
