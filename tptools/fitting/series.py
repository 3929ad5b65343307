"""A series of records: the diffusivity of each, with what was varied."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from tptools.checks import check_fits, check_integer
from tptools.estimate import Estimate, Goodness
from tptools.fitting.diffusion import Method, diffusivity
from tptools.fitting.records import check_window
from tptools.fitting.slices import slopes_of_draws
from tptools.randomness import generator
from tptools.records import as_dataset, as_record

__all__ = ["CONDITIONS", "estimates", "measure_series"]

CONDITIONS = (
    "film",
    "power_nW",
    "rep_rate_MHz",
    "excitation_density",
    "disc_excitation_density",
    "period_us",
    "time_between_excitations_us",
    "disc_time_between_excitations_us",
    "temperature_K",
    "filter_transmission",
)
"""Names under which a dataset says how its records were made."""


_OF_A_CELL = ("value", "std_err", "scatter", "converged", "note", "chi_square", "n_free", "p_value")
_IN_CM2_S = ("value", "std_err", "scatter")


def measure_series(
    dataset: xr.Dataset | xr.DataArray,
    methods: Sequence[Method] = ("slices", "global"),
    *,
    window_ns: tuple[float, float] = (0.0, 3.0),
    n_resamples: int = 20,
    seed: int = 0,
) -> xr.Dataset:
    """Diffusivity of every record by several methods.

    Parameters
    ----------
    dataset : Dataset
        ``counts`` over (record, time_ns, position_nm), as for `diffusivity`, or these alone;
        `CONDITIONS` are variables, or attributes where all records share them.
    methods : sequence of str, optional
        As for `diffusivity`.
    window_ns : tuple of float, optional
        As for `diffusivity`.
    n_resamples : int, optional
        Records that are drawn for each one, with its counts as Poisson means, to see how far
        ``slices`` scatters: the error of its line does not know the noise of the first slice.
    seed : int, optional
        Of these draws; those of a record do not depend on the other records.

    Returns
    -------
    Dataset
        Over (estimator, record) in cm2/s: ``value``; ``std_err``, as the method states it; and
        ``scatter``, for ``slices`` the standard deviation of the draws, for the others `std_err`.
        ``converged``, ``note``, and ``chi_square``, ``n_free`` and ``p_value`` of the goodness of
        fit (NaN where there is none) are what the Estimates know besides. Those of `CONDITIONS`
        that are known are coordinates. A record that is masked throughout has NaN.

    Raises
    ------
    ValueError
        If `n_resamples` is below 2, `dataset` is no series, or as for `diffusivity`.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot([0, 1, 2, 3], x, 1e4, diffusivity_cm2_s=0.05, variance_nm2=212**2)
    >>> records = xr.Dataset({"counts": spot.round().expand_dims(record=2)}, attrs={"power_nW": 1})
    >>> measure_series(records, ["global"]).value.values.round(3)
    array([[0.05, 0.05]])
    """
    n_resamples = check_integer("n_resamples", n_resamples, at_least=2)
    window_ns = check_window(window_ns)
    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name="counts").assign_attrs(dataset.attrs)
    dataset = as_dataset(dataset, ["counts"], "dataset", "tptools.instruments.Microscope.measure")
    if "record" not in dataset["counts"].dims:
        raise ValueError(
            f"counts has dimensions {dataset['counts'].dims} and must have 'record'; join records "
            "along it, or use diffusivity for a single one"
        )
    counts = as_record(dataset["counts"], "time_ns", "position_nm", masked=True)
    counts = counts.transpose("record", "time_ns", "position_nm")
    cells = [
        [_cell(record, method, window_ns, n_resamples, seed) for record in counts]
        for method in methods
    ]
    columns = {
        name: np.array([[cell[k] for cell in row] for row in cells])
        for k, name in enumerate(_OF_A_CELL)
    }
    return xr.Dataset(
        {
            name: (("estimator", "record"), one, {"units": "cm2/s"} if name in _IN_CM2_S else {})
            for name, one in columns.items()
        },
        {"estimator": pd.Index(methods), **_conditions(dataset)},
    )


def estimates(
    table: xr.Dataset, *, error: str | None = None, unit: str | None = None
) -> list[Estimate]:
    """Rows of a table as Estimates.

    Parameters
    ----------
    table : Dataset
        ``value`` and its errors over one dimension at most, such as record or condition; as from
        `measure_series` or `tptools.kmc.diffusivities`, at one ``estimator`` or over them. What
        else `measure_series` says of a value is handed on where it is there.
    error : str, optional
        Variable with the errors; by default ``scatter`` where there is one, or ``std_err``.
    unit : str, optional
        By default that in the attributes of ``value``.

    Returns
    -------
    list of Estimate
        In the order of the rows, with the name of the estimator as method.

    Raises
    ------
    ValueError
        If the table has more than one dimension, or no unit is known.

    Examples
    --------
    >>> columns = {"value": ("record", [1.0, 3.0]), "std_err": ("record", [0.1, 0.4])}
    >>> first, last = estimates(xr.Dataset(columns, {"estimator": "global"}), unit="cm2/s")
    >>> last - first
    Estimate(2.00 ± 0.41 cm2/s, method='global')
    """
    held = table.variables if isinstance(table, xr.Dataset) else ()
    error = error or ("scatter" if "scatter" in held else "std_err")
    table = as_dataset(table, ["value", error], "table", "tptools.fitting.measure_series")
    value = table["value"]
    if value.ndim > 1:
        raise ValueError(f"table has dimensions {value.dims} and must have one at most; select")
    unit = value.attrs.get("units") if unit is None else unit
    if unit is None:
        raise ValueError("value has no attribute 'units'; give unit")
    others = {"estimator": "", "note": "", "converged": True}
    others |= dict.fromkeys(("chi_square", "n_free", "p_value"), math.nan)
    columns = [
        value,
        table[error],
        *(table.get(name, xr.DataArray(o)) for name, o in others.items()),
    ]
    rows = zip(*(np.ravel(one) for one in xr.broadcast(*columns)), strict=True)
    return [_estimate(unit, *row) for row in rows]


def _estimate(
    unit: str,
    value: float,
    std_err: float,
    method: str,
    note: str,
    converged: bool,
    *goodness: float,
) -> Estimate:
    """One row of a table; a fit without points has no goodness."""
    fitted = Goodness(*map(float, goodness)) if not math.isnan(goodness[0]) else None
    return Estimate(value, std_err, unit, str(method), str(note), bool(converged), goodness=fitted)


def _cell(
    record: xr.DataArray,
    method: Method,
    window_ns: tuple[float, float],
    n_resamples: int,
    seed: int,
) -> list[Any]:
    """What a method says of a record, in the order of `_OF_A_CELL`."""
    unknown = 3 * [math.nan]
    if record.isnull().all():
        return [*unknown, True, "the record is masked throughout", *unknown]
    found = diffusivity(record, method, window_ns=window_ns)
    scatter = found.std_err
    if method == "slices" and not math.isnan(found.value):
        scatter = _scatter(record, window_ns, n_resamples, seed)
    fit = found.goodness or Goodness(*unknown)
    how_well = fit.chi_square, fit.n_free, fit.p_value
    return [found.value, found.std_err, scatter, found.converged, found.note, *how_well]


def _scatter(
    record: xr.DataArray, window_ns: tuple[float, float], n_resamples: int, seed: int
) -> float:
    """Standard deviation of D from slices over records drawn around this one.

    The counts name the stream, so that a record's number does not hang on what stands beside it.
    """
    what = f"n_resamples = {n_resamples} of a record of {record.size} counts"
    check_fits(what, 8 * 6 * n_resamples * record.size, "lower n_resamples")
    draws = generator(seed, "scatter", record.fillna(-1.0).to_numpy().tolist()).poisson(
        record.fillna(0.0), size=(n_resamples, *record.shape)
    )
    values = slopes_of_draws(record, draws, window_ns)
    found = values[~np.isnan(values)]
    return float(np.std(found, ddof=1)) if 2 * found.size > n_resamples else math.nan


def _conditions(dataset: xr.Dataset) -> dict[str, tuple[str, NDArray[Any]]]:
    """What was varied and what was not, for every record."""
    n_records = dataset.sizes["record"]
    known: dict[str, tuple[str, NDArray[Any]]] = {}
    for name in CONDITIONS:
        if name in dataset and {*dataset[name].dims} <= {"record"}:
            known[name] = ("record", np.broadcast_to(dataset[name].to_numpy(), n_records))
        elif name in dataset.attrs:
            known[name] = ("record", np.full(n_records, dataset.attrs[name]))
    return known
