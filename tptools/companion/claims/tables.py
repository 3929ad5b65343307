"""Tables that set the paper's numbers beside the book's."""

from collections.abc import Iterable

import pandas as pd
import xarray as xr

from tptools.companion.claims.verdict import Recomputed, compare, describe
from tptools.companion.paper import Reported

__all__ = ["side_by_side", "summarise"]


def summarise(
    rows: Iterable[tuple[Reported, Recomputed]],
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
    >>> from tptools.companion.paper import REPORTED
    >>> summarise([(REPORTED["s6-Psurf"], 0.374)]).loc["s6-Psurf"].to_list()[2:]
    ['0.37 nW', '0.374 nW', 'reproduced']
    """
    records = [
        {
            "claim": reported.claim,
            "quantity": reported.quantity,
            "place": reported.place,
            "reported": str(reported),
            "recomputed": describe(reported, recomputed),
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
