"""What all chapters do with what they found: numbers for the text, and tables of text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import pandas as pd

from tptools.companion import claims
from tptools.estimate import Estimate

__all__ = ["glue", "table", "verdicts"]


def glue(values: Mapping[str, str | float | Estimate] | None = None, /, **more: Any) -> None:
    """Make values available to the text: ``{glue:text}`key``` shows them there.

    Parameters
    ----------
    values : mapping of str to str, float or Estimate, optional
        By key. Texts and numbers are shown as they are, or numbers by a format in the role, such
        as ``{glue:text}`key:.3f```. An Estimate is shown without its unit, which the text has to
        say.
    **more
        The same, for keys that are names in Python.

    Raises
    ------
    TypeError
        If a value is of another type.

    Examples
    --------
    ::

        glue({"tau-slices": fit["tau_us"], "tau-paper": REPORTED["main-tau-relax"].printed})
    """
    # the package works without the book's tools
    from myst_nb import glue as store

    for key, value in {**(values or {}), **more}.items():
        store(key, _shown(key, value), display=False)


def table(
    rows: Mapping[Any, Mapping[Any, object]] | pd.DataFrame, spec: str | Mapping[Any, str] = ".4g"
) -> pd.DataFrame:
    """Write results as a table of text.

    Parameters
    ----------
    rows : mapping of mappings, or DataFrame
        By the label of a row, then by the head of a column.
    spec : str or mapping of str, optional
        Format of numbers, for all columns or by the head of the column.

    Returns
    -------
    DataFrame
        Texts; of an Estimate, its value, error and unit; a dash where there is nothing.

    Examples
    --------
    >>> table({"a": {"D": Estimate(0.05, 0.001, "cm2/s", "fit"), "n": 3}, "b": {"n": 2.5}}).T
                           a    b
    D  0.0500 ± 0.0010 cm2/s    -
    n                      3  2.5
    """
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(rows).T
    specs = {head: spec if isinstance(spec, str) else spec.get(head, ".4g") for head in frame}
    columns = {head: [_cell(one, specs[head]) for one in frame[head]] for head in frame}
    return pd.DataFrame(columns, frame.index)


def verdicts(ids: Iterable[str]) -> pd.DataFrame:
    """Write what the paper says beside what was found: the table that ends a chapter.

    Parameters
    ----------
    ids : iterable of str
        Claims, in order.

    Returns
    -------
    DataFrame
        Columns ``quantity``, ``reported``, ``recomputed`` and ``verdict``; the claim as index.

    Raises
    ------
    KeyError
        If there is no such claim.

    Examples
    --------
    >>> verdicts(["s6-Psurf"]).loc["s6-Psurf"].to_list()[1:]
    ['0.37 nW', '0.374 nW', 'reproduced']
    """
    return claims.table(ids).drop(columns="place")


def _shown(key: str, value: object) -> str | float:
    """What is stored: a number, or a text."""
    if isinstance(value, Estimate):
        number = str(value).removesuffix(value.unit).rstrip().replace("-", "−")
        return number if value.converged else f"{number} (not converged)"
    if isinstance(value, str):
        return value
    if isinstance(value, Real):
        # numpy's own numbers would be shown with their type
        return int(value) if isinstance(value, Integral) else float(value)
    raise TypeError(f"{key}: {value!r} is no text, number or Estimate")


def _cell(value: object, spec: str) -> str:
    if isinstance(value, Estimate | str):
        return str(value)
    if value is None or value != value:
        return "-"
    return format(value, spec) if isinstance(value, Real) else str(value)
