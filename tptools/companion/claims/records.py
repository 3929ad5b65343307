"""What the claims on simulated records share: each series is measured once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import xarray as xr

from tptools import fitting
from tptools.companion import datasets
from tptools.estimate import Estimate
from tptools.fitting.diffusion import Method

CRUDE = 2
"""Draws of photon noise for a series whose scatter is not used."""


def measured(
    name: str,
    method: Method = "slices",
    n_resamples: int = 20,
    records: tuple[int, ...] | None = None,
) -> xr.Dataset:
    """Diffusivity of records of a dataset; `tptools.fitting.measure_series` by one method."""
    # a copy: what is kept is shared by all claims
    return _measured(name, method, n_resamples, records).copy(deep=True)


@cache
def _measured(
    name: str, method: Method, n_resamples: int, records: tuple[int, ...] | None
) -> xr.Dataset:
    series = datasets.load(name)
    chosen = series if records is None else series.isel(record=list(records))
    found = fitting.measure_series(chosen, [method], n_resamples=n_resamples)
    return found.isel(estimator=0)


def slope(series: xr.Dataset) -> Estimate:
    """Slope of the diffusivity per decade of power."""
    found, _ = fitting.line(np.log10(series["power_nW"]), series["value"], series["scatter"])
    return replace(found, unit="cm2/s per decade")


def rank(series: Sequence[xr.Dataset], along: str, given: str | None = None) -> Estimate:
    """Rank correlation of the diffusivity over several series, at equal `given` if there is one."""
    joined = {
        name: np.concatenate([one[name] for one in series])
        for name in (along, "value", given)
        if name
    }
    found = fitting.rank_correlation(
        joined[along], joined["value"], given=joined[given] if given else None
    )
    return Estimate(found.value, found.std_err, "", "Spearman")


def worst(estimates: Sequence[Estimate]) -> Estimate:
    """Return the one that is surest to be low, or least sure to be high."""
    return min(estimates, key=lambda one: one.value / one.std_err)
