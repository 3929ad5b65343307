"""How good a method is: bias, spread and coverage over repetitions, and the limits of theory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from tptools.checks import (
    as_number,
    check_callable,
    check_holds,
    check_integer,
    check_number,
    check_type,
)
from tptools.estimate import Estimate
from tptools.fitting.diffusion import diffusivity
from tptools.fitting.slices import line_through_slices
from tptools.randomness import derive_seed
from tptools.records import as_array, as_dataset, as_numbers, as_record

__all__ = [
    "METHODS",
    "compare_experiments",
    "detected",
    "detection_limit",
    "mean_over_records",
    "repeat",
    "second_moment",
    "summarise_repetitions",
    "variance_err_photons",
    "variance_err_white_noise",
]

MOST_RECORDS = 10**8

Method = Callable[[xr.DataArray], Estimate]
Spread = TypeVar("Spread", float, xr.DataArray, pd.Series)

# One-sided 5 % point of the normal distribution.
ONE_SIDED_5_PERCENT = 1.6449


_value = partial(diffusivity, goodness=False)

METHODS: Mapping[str, Method] = {
    "slices": _value,
    "slices, free intercept": partial(line_through_slices, free_intercept=True, goodness=False),
    "global": partial(_value, method="global"),
    "convolution": partial(_value, method="convolution"),
    "moment": partial(_value, method="moment"),
}
"""The four methods of `diffusivity`, and slices with a line that may miss the origin.

All of them without a look at how well the model fits.
"""


def repeat(
    draw: Callable[[int], xr.DataArray],
    n_records: int | Mapping[str, int],
    methods: Mapping[str, Method] = METHODS,
    *,
    seed: int = 0,
) -> xr.Dataset:
    """Analyse many records of one experiment.

    Parameters
    ----------
    draw : callable
        From a seed to a record.
    n_records : int or mapping of str to int
        Number of records, for all methods or for each by name; a method that is not named is left
        out.
    methods : mapping of str to callable, optional
        From a record to an Estimate of D, by name.
    seed : int, optional
        The k-th record is drawn with ``derive_seed(seed, "record", k)``.

    Returns
    -------
    Dataset
        ``value`` and ``std_err`` in cm2/s over (estimator, record); NaN where a method failed, or
        saw fewer records than another.

    Raises
    ------
    ValueError
        If a number of records is not positive, and whatever a method raises.

    Examples
    --------
    >>> def exact(record):
    ...     return Estimate(float(record), 0.1, "cm2/s", "exact")
    >>> repeat(lambda seed: xr.DataArray(0.5), 3, {"exact": exact}, seed=5).value.values
    array([[0.5, 0.5, 0.5]])
    """
    check_callable("draw", draw, "give one from a seed to a record")
    check_type("methods", methods, Mapping, remedy="give functions of a record by name")
    if not isinstance(n_records, Mapping):
        n_records = dict.fromkeys(methods, n_records)
    n_records = {
        name: check_integer("n_records", number, at_least=1, below=MOST_RECORDS)
        for name, number in n_records.items()
    }
    most = max(n_records.values())
    found = np.full((2, len(n_records), most), np.nan)
    for k in range(most):
        record = draw(derive_seed(seed, "record", k))
        for m, (name, number) in enumerate(n_records.items()):
            if k < number:
                estimate = methods[name](record)
                found[:, m, k] = estimate.value, estimate.std_err
    axes = ("estimator", "record")
    data = {"value": (axes, found[0]), "std_err": (axes, found[1])}
    return xr.Dataset(data, {"estimator": list(n_records)})


def mean_over_records(
    draw: Callable[[int], xr.DataArray], n_records: int, method: Method, *, seed: int = 0
) -> Estimate:
    """Mean of a method over many records of one experiment.

    Parameters
    ----------
    draw : callable
        From a seed to a record.
    n_records : int
        How many.
    method : callable
        From a record to an Estimate of D.
    seed : int, optional
        As for `repeat`.

    Returns
    -------
    Estimate
        In cm2/s; its error is that of the mean, from the scatter of the records.

    Raises
    ------
    ValueError
        As for `repeat`.

    Examples
    --------
    >>> def exact(record):
    ...     return Estimate(float(record), 0.1, "cm2/s", "exact")
    >>> mean_over_records(lambda seed: xr.DataArray(0.5), 4, exact)
    Estimate(0.5 ± 0 cm2/s, method='mean of 4 records')
    """
    repeated = repeat(draw, n_records, {"": method}, seed=seed)
    missing = int(repeated["value"].isnull().sum())
    found = summarise_repetitions(repeated, 0.0).squeeze()
    name = f"mean of {n_records} records"
    note = f"{missing} of them gave no value" if missing else ""
    return Estimate(float(found["bias"]), float(found["bias_err"]), "cm2/s", name, note)


def summarise_repetitions(found: xr.Dataset, true_cm2_s: float) -> xr.Dataset:
    """Bias, spread and coverage of methods over repetitions.

    Parameters
    ----------
    found : Dataset
        As from `repeat`, over ``record`` and any other dimension.
    true_cm2_s : float
        D that was put in.

    Returns
    -------
    Dataset
        Over the other dimensions: ``bias``, the mean less the truth; ``spread``, the standard
        deviation; ``stated``, the mean of the error bars, all in cm2/s; ``coverage``, the share of
        records with the truth within one error bar; and their standard errors ``bias_err``,
        ``spread_err`` and ``coverage_err``.

    Raises
    ------
    TypeError
        If `found` is no dataset.
    ValueError
        If it lacks a variable or ``record``, or the truth is no number.

    Examples
    --------
    >>> found = xr.Dataset({"value": ("record", [1.0, 3.0]), "std_err": ("record", [1.5, 0.5])})
    >>> summarise_repetitions(found, 2.0)[["bias", "coverage"]].to_array().values
    array([0. , 0.5])
    """
    true_cm2_s = check_number("true_cm2_s", true_cm2_s)
    found = as_dataset(found, ("value", "std_err"), "found", "repeat")
    check_holds("found", found["value"].dims, ["record"], "repeat")
    error = found["value"] - true_cm2_s
    number = error.count("record")
    spread = error.std("record", ddof=1)
    # an unknown error bar neither holds the truth nor misses it
    hit = (abs(error) < found["std_err"]).where(error.notnull() & found["std_err"].notnull())
    coverage = hit.mean("record")
    return xr.Dataset(
        {
            "bias": error.mean("record"),
            "bias_err": spread / np.sqrt(number),
            "spread": spread,
            "spread_err": spread / np.sqrt(2 * (number - 1)),
            "stated": found["std_err"].mean("record"),
            "coverage": coverage,
            "coverage_err": np.sqrt(coverage * (1 - coverage) / hit.count("record")),
        }
    )


def compare_experiments(
    name: str,
    draws: Mapping[str | float, Callable[[int], xr.DataArray]],
    n_records: int | Mapping[str, int],
    methods: Mapping[str, Method] = METHODS,
    *,
    true_cm2_s: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Bias, spread and coverage of methods in several experiments.

    Parameters
    ----------
    name : str
        What differs between them: the name of the new dimension.
    draws : mapping
        By its value: from a seed to a record (`repeat`).
    n_records, methods
        As for `repeat`.
    true_cm2_s : float, optional
        D that was put in; without it, the value in `draws` is D.
    seed : int, optional
        Every experiment repeats with a seed that is derived from this one, `name` and its value.

    Returns
    -------
    Dataset
        As from `summarise_repetitions`, over (`name`, estimator).

    Raises
    ------
    ValueError
        As for `repeat`.

    Examples
    --------
    >>> def exact(record):
    ...     return Estimate(float(record), 0.1, "cm2/s", "exact")
    >>> draws = {0.1: lambda seed: xr.DataArray(0.1), 0.2: lambda seed: xr.DataArray(0.3)}
    >>> compare_experiments("D_cm2_s", draws, 2, {"exact": exact}).bias.values.round(3)
    array([[0. ],
           [0.1]])
    """
    check_type("name", name, str)
    check_type("draws", draws, Mapping, remedy="give functions from a seed to a record by value")
    if not draws:
        raise ValueError("draws is empty and must hold at least one experiment; add it")
    tables = [
        summarise_repetitions(
            repeat(draw, n_records, methods, seed=derive_seed(seed, name, key)),
            float(key) if true_cm2_s is None else true_cm2_s,
        )
        for key, draw in draws.items()
    ]
    return xr.concat(tables, pd.Index(list(draws), name=name))


def detection_limit(spread_at_zero: Spread) -> Spread:
    """Smallest D that is told from zero in 95 % of records, when 5 % of records at D = 0 are.

    .. math:: D_{min} = 2 z_{0.95} s = 3.29 s

    for estimates that scatter normally by s, about as much there as at zero (Currie).

    Parameters
    ----------
    spread_at_zero : float, DataArray or Series
        s, in any unit.

    Returns
    -------
    float, DataArray or Series
        In the same unit.

    Raises
    ------
    TypeError
        If it is no real number.

    References
    ----------
    L. A. Currie, Anal. Chem. 40, 586 (1968).

    Examples
    --------
    >>> round(detection_limit(0.001), 5)
    0.00329
    """
    factor = 2 * ONE_SIDED_5_PERCENT
    if isinstance(spread_at_zero, xr.DataArray):
        return factor * as_array("spread_at_zero", spread_at_zero)
    if isinstance(spread_at_zero, pd.Series):
        numbers = as_numbers("spread_at_zero", spread_at_zero)
        return pd.Series(factor * numbers, spread_at_zero.index)
    return factor * as_number("spread_at_zero", spread_at_zero)


def detected(found: xr.DataArray, at_zero: xr.DataArray) -> xr.DataArray:
    """Share of records whose D is above 95 % of what is found where D = 0.

    Parameters
    ----------
    found : DataArray
        D over ``record`` and any other dimension.
    at_zero : DataArray
        The same where there is no diffusion.

    Returns
    -------
    DataArray
        Without ``record``.

    Raises
    ------
    TypeError
        If something is no real number.
    ValueError
        If there is no ``record``.

    Examples
    --------
    >>> at_zero = xr.DataArray(np.arange(100.0), dims="record")
    >>> float(detected(at_zero, at_zero))
    0.05
    """
    found, at_zero = as_array("found", found), as_array("at_zero", at_zero)
    for name, one in {"found": found, "at_zero": at_zero}.items():
        check_holds(name, one.dims, ["record"], "repeat")
    threshold = at_zero.quantile(0.95, "record").drop_vars("quantile")
    return (found > threshold).where(found.notnull()).mean("record")


def second_moment(profiles: xr.DataArray) -> xr.DataArray:
    """Variance of where counts are, about their mean position.

    Parameters
    ----------
    profiles : DataArray
        Counts without background over ``position_nm`` and any other dimension.

    Returns
    -------
    DataArray
        In nm2, without ``position_nm``.

    Raises
    ------
    TypeError, ValueError
        If there are no real numbers over ``position_nm``.

    Examples
    --------
    >>> counts = xr.DataArray([1, 2, 1], {"position_nm": [-10.0, 0.0, 10.0]})
    >>> float(second_moment(counts))
    50.0
    """
    profiles = as_record(profiles, "position_nm", name="profiles", masked=True, signed=True)
    position, total = profiles["position_nm"], profiles.sum("position_nm")
    mean = (profiles * position).sum("position_nm") / total
    moment = (profiles * (position - mean) ** 2).sum("position_nm") / total
    moment.attrs = {"units": "nm2"}
    return moment


def variance_err_white_noise(
    sigma_nm: float, pixel_nm: float, contrast_to_noise: float, window_nm: float = math.inf
) -> float:
    r"""Standard error of the fitted variance of a Gaussian in white noise.

    .. math::

        \mathrm{var}(\sigma^2) = \frac{8\, a\, \sigma^3}{\sqrt{\pi}\, \mathrm{CNR}^2}
        \left(1 - \frac{\sqrt{\pi}}{L / \sigma - 2 \sqrt{\pi}}\right)^{-1}

    from the Fisher information for amplitude, variance and a constant background that is known in a
    wide window L; the bracket is the price of finding it in the same window.

    Parameters
    ----------
    sigma_nm : float
        Of the Gaussian.
    pixel_nm : float
        a, distance of positions, small against sigma.
    contrast_to_noise : float
        CNR, amplitude over standard deviation of the noise.
    window_nm : float, optional
        L, which has to hold the whole Gaussian; infinite for a known background.

    Returns
    -------
    float
        In nm2.

    Raises
    ------
    ValueError
        If a number is not positive, or the window is narrower than 8 sigma.

    Examples
    --------
    >>> round(variance_err_white_noise(255, 50, 20))
    3059
    """
    sigma_nm = check_number("sigma_nm", sigma_nm, above=0)
    pixel_nm = check_number("pixel_nm", pixel_nm, above=0)
    contrast_to_noise = check_number("contrast_to_noise", contrast_to_noise, above=0)
    root = math.sqrt(math.pi)
    variance = 8 * pixel_nm * sigma_nm**3 / (root * contrast_to_noise**2)
    window_nm = check_number("window_nm", window_nm, above=0, finite=False)
    if window_nm != math.inf:
        check_number("window_nm / sigma_nm", window_nm / sigma_nm, at_least=8)
        variance /= 1 - root / (window_nm / sigma_nm - 2 * root)
    return math.sqrt(variance)


def variance_err_photons(
    sigma_nm: float, n_photons: float, *, least_squares: bool = False
) -> float:
    r"""Standard error of the variance of a Gaussian of which N photons were counted.

    .. math::

        \mathrm{var}(\sigma^2) = \frac{2 \sigma^4}{N}, \qquad
        \mathrm{var}_\mathrm{LS}(\sigma^2) = \frac{8}{\sqrt{3}} \frac{\sigma^4}{N}

    The first is the bound, reached by maximum likelihood and by the second moment. The second is
    that of least squares with the same weight for every position. Without background, with
    positions much closer than sigma.

    Parameters
    ----------
    sigma_nm : float
        Of the Gaussian.
    n_photons : float
        N.
    least_squares : bool, optional
        Which of the two.

    Returns
    -------
    float
        In nm2.

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> round(variance_err_photons(255, 5000))
    1300
    """
    sigma_nm = check_number("sigma_nm", sigma_nm, above=0)
    n_photons = check_number("n_photons", n_photons, above=0)
    factor = 8 / math.sqrt(3) if least_squares else 2
    return sigma_nm**2 * math.sqrt(factor / n_photons)
