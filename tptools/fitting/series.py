"""A series of records: the diffusivity of each, with what was varied."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from tptools.checks import check_integer
from tptools.fitting.diffusion import Method, diffusivity
from tptools.randomness import generator

__all__ = ["CONDITIONS", "measure_series"]

CONDITIONS = (
    "sample",
    "power_nW",
    "rep_rate_MHz",
    "excitation_density",
    "period_us",
    "time_between_excitations_us",
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
        If `n_resamples` is below 2, or as for `diffusivity`.

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


def _scatter(record: xr.DataArray, n_resamples: int, seed: int) -> float:
    """Standard deviation of D from slices over records drawn around this one.

    The counts name the stream, so that a record's number does not hang on what stands beside it.
    """
    draws = generator(seed, "scatter", record.to_numpy().tolist()).poisson(
        record, size=(n_resamples, *record.shape)
    )
    return float(np.std([diffusivity(record.copy(data=one)).value for one in draws], ddof=1))


def _conditions(dataset: xr.Dataset) -> dict[str, tuple]:
    """What was varied and what was not, for every record."""
    n_records = dataset.sizes["record"]
    known = {}
    for name in CONDITIONS:
        if name in dataset:
            known[name] = ("record", dataset[name].to_numpy())
        elif name in dataset.attrs:
            known[name] = ("record", np.full(n_records, dataset.attrs[name]))
    return known
