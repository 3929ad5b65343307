"""What chapters ask of measured series: some of their records, their mean, their change."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import scipy
import xarray as xr

from tptools import fitting
from tptools.estimate import Estimate
from tptools.records import check_errors

__all__ = ["change", "displacements", "joined", "pick", "rank", "relaxation_fits", "weighted_mean"]


def pick(
    series: xr.Dataset, estimator: str | None = None, /, **conditions: str | float
) -> xr.Dataset:
    """Take the records of a series that were made under some conditions.

    Parameters
    ----------
    series : Dataset
        From `tptools.fitting.measure_series`, over ``record``; or of sweeps (``simulated_variants``
        and others), over ``condition``.
    estimator : str, optional
        Method of analysis; all of them without.
    **conditions
        Names of coordinates, and the value that each has to have.

    Returns
    -------
    Dataset
        The same over fewer records, in their order.

    Raises
    ------
    ValueError
        If there is no such record.

    Examples
    --------
    >>> columns = {"value": ("record", [0.1, 0.2])}
    >>> series = xr.Dataset(columns, {"power_nW": ("record", [1.0, 10.0])})
    >>> pick(series, power_nW=10).value.values
    array([0.2])
    """
    found = series
    for name, value in conditions.items():
        chosen = found[name] == value
        if not chosen.any():
            raise ValueError(f"no record has {conditions}; look at the coordinates of the series")
        found = found.isel({chosen.dims[0]: chosen.values})
    return found if estimator is None else found.sel(estimator=estimator)


def joined(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    """Join series, with the name of each as a coordinate.

    Parameters
    ----------
    parts : mapping of str to Dataset
        By name: from `tptools.fitting.measure_series`.

    Returns
    -------
    Dataset
        All records, in order, with ``series`` over ``record``.

    Examples
    --------
    >>> one = xr.Dataset({"value": ("record", [0.1, 0.2])})
    >>> joined({"a": one, "b": one}).series.values.tolist()
    ['a', 'a', 'b', 'b']
    """
    named = [
        one.assign_coords(series=("record", [name] * one.sizes["record"]))
        for name, one in parts.items()
    ]
    return xr.concat(named, "record")


def weighted_mean(series: xr.Dataset) -> tuple[Estimate, fitting.Agreement]:
    """Mean of the diffusivities of a series by one method, and whether all agree with it.

    Parameters
    ----------
    series : Dataset
        ``value`` and ``scatter`` over ``record``.

    Returns
    -------
    tuple of Estimate and Agreement
        The mean, weighted by the scatter, in cm2/s; and the test of `tptools.fitting.agree` with
        one degree of freedom less than there are points.

    Raises
    ------
    ValueError
        If a scatter is not positive and finite.

    Examples
    --------
    >>> columns = {"value": ("record", [0.1, 0.3]), "scatter": ("record", [0.1, 0.1])}
    >>> mean, test = weighted_mean(xr.Dataset(columns))
    >>> print(mean, round(test.chi2, 3))
    0.200 ± 0.071 cm2/s 2.0
    """
    value, error = series["value"].values, series["scatter"].values
    check_errors("scatter", error)
    mean = float(np.average(value, weights=error**-2.0))
    std_err = float(np.sum(error**-2.0)) ** -0.5
    test = fitting.agree(value, error, mean, 0.0)
    # the mean is that of the same points and takes one degree of freedom
    n_free = test.n_points - 1
    p_value = float(scipy.special.chdtrc(n_free, test.chi2)) if n_free else math.nan
    return Estimate(mean, std_err, "cm2/s", "weighted mean"), replace(test, p_value=p_value)


def change(series: xr.Dataset) -> Estimate:
    """Diffusivity of the last record of a series less that of the first.

    Parameters
    ----------
    series : Dataset
        ``value`` and ``scatter`` over ``record``, by one method.

    Returns
    -------
    Estimate
        In cm2/s.

    Examples
    --------
    >>> columns = {"value": ("record", [0.1, 0.3]), "scatter": ("record", [0.03, 0.04])}
    >>> print(change(xr.Dataset(columns)))
    0.200 ± 0.050 cm2/s
    """
    found = fitting.estimates(series, unit="cm2/s")
    return found[-1] - found[0]


def rank(series: xr.Dataset, along: str, estimator: str = "global") -> fitting.RankCorrelation:
    """Rank correlation of the diffusivity with what was varied.

    Parameters
    ----------
    series : Dataset
        From `tptools.fitting.measure_series`.
    along : str
        Coordinate over ``record``.
    estimator : str, optional
        Method of analysis.

    Returns
    -------
    RankCorrelation

    Examples
    --------
    ::

        rank(fitting.measure_series(datasets.load("rate_series")), "rep_rate_MHz")
    """
    return fitting.rank_correlation(series[along], series["value"].sel(estimator=estimator))


def relaxation_fits(series: xr.Dataset) -> dict[str, fitting.Fit]:
    """Single exponentials through D over the time that the paper's axis shows, by each method.

    Parameters
    ----------
    series : Dataset
        From `tptools.fitting.measure_series`, with ``disc_time_between_excitations_us``.

    Returns
    -------
    dict of str to Fit
        By method: from `tptools.fitting.fit_relaxation`, with equal weights.

    Examples
    --------
    ::

        relaxation_fits(fitting.measure_series(datasets.load("power_series")))["slices"]["tau_us"]
    """
    time_us = series["disc_time_between_excitations_us"]
    return {
        method: fitting.fit_relaxation(time_us, series["value"].sel(estimator=method))
        for method in series["estimator"].values.tolist()
    }


def displacements(
    records: xr.Dataset, along: str, unit: str, chosen: Iterable[int]
) -> dict[str, xr.Dataset]:
    """Mean square displacements of some records up to 6 ns, by the value that was varied.

    Parameters
    ----------
    records : Dataset
        ``counts`` over (record, time_ns, position_nm).
    along : str
        What was varied.
    unit : str
        Of that.
    chosen : iterable of int
        Which records.

    Returns
    -------
    dict of str to Dataset
        From `tptools.fitting.variance_growth`.

    Examples
    --------
    ::

        displacements(datasets.load("rate_series"), "rep_rate_MHz", "MHz", [0, 6])
    """
    return {
        f"{float(records[along][k]):.3g} {unit}": fitting.variance_growth(
            records["counts"][k], window_ns=(0, 6)
        )
        for k in chosen
    }
