"""Results as plain tables and files that other programs read."""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

import tptools
from tptools.analysis.scan import Analysis
from tptools.analysis.series import SeriesAnalysis
from tptools.checks import check_type
from tptools.estimate import Estimate, covariance
from tptools.files import whole
from tptools.fitting import Fit

__all__ = ["table_of", "write_csv", "write_json"]

LIBRARIES = ("numpy", "scipy", "numba", "xarray")


def table_of(found: Analysis | SeriesAnalysis) -> pd.DataFrame:
    """Make the table of all numbers: one row for each quantity and method.

    Parameters
    ----------
    found : Analysis or SeriesAnalysis
        From `analyse` or `analyse_series`.

    Returns
    -------
    DataFrame
        Columns ``scan``, ``quantity``, ``method``, ``value``, ``std_err``, ``unit``,
        ``chi_square``, ``n_free``, ``p_value``, ``note``; what is not known is NaN or empty.

    Raises
    ------
    TypeError
        If it is neither.

    Examples
    --------
    ::

        table_of(analyse(tptools.io.read_scan("scan"))).to_csv("results.csv")
    """
    check_type("found", found, Analysis, SeriesAnalysis, remedy="give what analyse returns")
    if isinstance(found, SeriesAnalysis):
        rows = [row for one in found.scans.values() for row in _rows(one)]
        rows += [
            _row("series", name, one)
            for fit in found.relaxations.values()
            for name, one in fit.items()
        ]
    else:
        rows = _rows(found)
    return pd.DataFrame(rows)


def _rows(found: Analysis) -> list[dict[str, Any]]:
    named = [("diffusivity", one) for one in found.diffusivities.values()]
    for fit in (found.lifetime, found.tail):
        named += [] if fit is None else list(fit.items())
    named.append(("lifetime_of_spot_ns", found.lifetime_of_spot))
    named += vars(found.shape).items()
    return [_row(found.name, quantity, one) for quantity, one in named]


def _row(scan: str, quantity: str, one: Estimate) -> dict[str, Any]:
    return {"scan": scan, "quantity": quantity, **_plain_estimate(one)}


def _plain_estimate(one: Estimate) -> dict[str, Any]:
    fit = one.goodness
    return {
        "method": one.method,
        "value": one.value,
        "std_err": one.std_err,
        "unit": one.unit,
        "chi_square": fit.chi_square if fit else math.nan,
        "n_free": fit.n_free if fit else math.nan,
        "p_value": fit.p_value if fit else math.nan,
        "note": one.note,
    }


def write_csv(found: Analysis | SeriesAnalysis, path: str | os.PathLike[str]) -> None:
    """Write `table_of` a result as comma-separated values, whole or not at all.

    Parameters
    ----------
    found : Analysis or SeriesAnalysis
        From `analyse` or `analyse_series`.
    path : path
        Of the file.

    Raises
    ------
    TypeError
        If `found` is neither.
    OSError
        If it cannot be written.

    Examples
    --------
    ::

        write_csv(found, "results.csv")
    """
    table = table_of(found)
    with whole(path) as beside:
        table.to_csv(beside, index=False, lineterminator="\n", encoding="utf-8")


def write_json(found: Analysis | SeriesAnalysis, path: str | os.PathLike[str]) -> None:
    """Write all of a result but its counts as JSON, whole or not at all.

    What is not known is null. The same record gives the same bytes with the same versions.

    Parameters
    ----------
    found : Analysis or SeriesAnalysis
        From `analyse` or `analyse_series`.
    path : path
        Of the file.

    Raises
    ------
    TypeError
        If `found` is neither.
    OSError
        If it cannot be written.

    Examples
    --------
    ::

        write_json(found, "results.json")
    """
    check_type("found", found, Analysis, SeriesAnalysis, remedy="give what analyse returns")
    content = {"versions": versions(), **_content(found)}
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    with whole(path) as beside:
        beside.write_text(text + "\n", encoding="utf-8", newline="\n")


def versions() -> dict[str, str]:
    """Versions of what a result was made by.

    Examples
    --------
    >>> versions()["tptools"] == tptools.__version__
    True
    """
    libraries = {name: version(name) for name in LIBRARIES}
    return {"tptools": tptools.__version__, "python": platform.python_version(), **libraries}


def _content(found: Analysis | SeriesAnalysis) -> dict[str, Any]:
    """All of a result that is no picture."""
    if isinstance(found, SeriesAnalysis):
        return {
            "conditions": found.conditions.reset_index().to_dict("records"),
            "scans": {name: _content(one) for name, one in found.scans.items()},
            "relaxations": {name: _fit(one) for name, one in found.relaxations.items()},
            "tests": [vars(one) for one in found.tests],
            "warnings": found.warnings,
        }
    return {
        "name": found.name,
        "window_ns": found.window_ns,
        "best": _plain_estimate(found.best),
        "diffusivities": {name: _plain_estimate(one) for name, one in found.diffusivities.items()},
        "lifetime": _fit(found.lifetime),
        "tail": _fit(found.tail),
        "lifetime_of_spot": _plain_estimate(found.lifetime_of_spot),
        "background_counts": found.background,
        "shape": {name: _plain_estimate(one) for name, one in vars(found.shape).items()},
        "slices_trusted": not found.slices_reasons,
        "slices_reasons": found.slices_reasons,
        "warnings": found.warnings,
        "settings": dict(found.settings),
    }


def _fit(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    parameters = {name: _plain_estimate(one) for name, one in fit.items()}
    known = [name for name, one in fit.items() if math.isfinite(one.std_err) and one.std_err]
    matrix = covariance([fit[name] for name in known])
    return {"parameters": parameters, "covariance": {"of": known, "matrix": matrix}}


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
