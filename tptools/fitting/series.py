"""A series of records: the diffusivity of each, with what was varied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from tptools.checks import check_integer
from tptools.estimate import Estimate
from tptools.fitting.diffusion import Method, diffusivity
from tptools.randomness import generator
from tptools.records import as_dataset

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


def measure_series(
    dataset: xr.Dataset,
    methods: Sequence[Method] = ("slices", "global"),
    *,
    n_resamples: int = 20,
    seed: int = 0,
) -> xr.Dataset:
    """Diffusivity of every record by several methods.

    Parameters
    ----------
    dataset : Dataset
        ``counts`` over (record, time_ns, position_nm); `CONDITIONS` are variables, or attributes
        where all records share them.
    methods : sequence of str, optional
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
        Those of `CONDITIONS` that are known are coordinates.

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
    check_integer("n_resamples", n_resamples, at_least=2)
    dataset = as_dataset(dataset, ["counts"], "dataset", "tptools.instruments.Microscope.measure")
    if "record" not in dataset["counts"].dims:
        raise ValueError(
            f"counts has dimensions {dataset['counts'].dims} and must have 'record'; join records "
            "along it, or use diffusivity for a single one"
        )
    counts = dataset["counts"].transpose("record", "time_ns", "position_nm")
    columns = []
    for record in counts:
        found = [diffusivity(record, method) for method in methods]
        scatter = [
            _scatter(record, n_resamples, seed) if method == "slices" else one.std_err
            for method, one in zip(methods, found, strict=True)
        ]
        columns.append([[one.value, one.std_err, s] for one, s in zip(found, scatter, strict=True)])
    cells = np.moveaxis(np.array(columns), 0, 1)
    names = ("value", "std_err", "scatter")
    return xr.Dataset(
        {
            name: (("estimator", "record"), cells[..., k], {"units": "cm2/s"})
            for k, name in enumerate(names)
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
        `measure_series` or `tptools.kmc.diffusivities`, at one ``estimator`` or over them.
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
    value = table["value"]
    errors = table[error or ("scatter" if "scatter" in table else "std_err")]
    if value.ndim > 1:
        raise ValueError(f"table has dimensions {value.dims} and must have one at most; select")
    unit = value.attrs.get("units") if unit is None else unit
    if unit is None:
        raise ValueError("value has no attribute 'units'; give unit")
    methods = table.coords.get("estimator", xr.DataArray(""))
    rows = zip(*(np.ravel(one) for one in xr.broadcast(value, errors, methods)), strict=True)
    return [Estimate(one, std_err, unit, str(method)) for one, std_err, method in rows]


def _scatter(record: xr.DataArray, n_resamples: int, seed: int) -> float:
    """Standard deviation of D from slices over records drawn around this one.

    The counts name the stream, so that a record's number does not hang on what stands beside it.
    """
    draws = generator(seed, "scatter", record.to_numpy().tolist()).poisson(
        record, size=(n_resamples, *record.shape)
    )
    return float(np.std([diffusivity(record.copy(data=one)).value for one in draws], ddof=1))


def _conditions(dataset: xr.Dataset) -> dict[str, tuple[str, NDArray[Any]]]:
    """What was varied and what was not, for every record."""
    n_records = dataset.sizes["record"]
    known: dict[str, tuple[str, NDArray[Any]]] = {}
    for name in CONDITIONS:
        if name in dataset:
            known[name] = ("record", dataset[name].to_numpy())
        elif name in dataset.attrs:
            known[name] = ("record", np.full(n_records, dataset.attrs[name]))
    return known
