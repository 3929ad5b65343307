"""Is the inference honest? Papers whose films are known, and where the truth lies in the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_holds, check_integer, check_type
from tptools.inference.observations import Observation
from tptools.inference.posterior import effective_size
from tptools.randomness import generator
from tptools.records import as_numbers

__all__ = ["likelihood_of", "rank_statistics", "reprinted", "share_below"]


def likelihood_of(
    numbers: pd.DataFrame,
    observations: Sequence[Observation],
    relative_errors: Mapping[str, float] = {},
) -> FloatArray:
    """Product of the likelihoods of several observations.

    Parameters
    ----------
    numbers : DataFrame
        A row for each film, a column for each number.
    observations : sequence of Observation
        Independent of each other.
    relative_errors : mapping of str to float, optional
        Errors of the numbers, by their names.

    Returns
    -------
    ndarray
        One for each film.

    Raises
    ------
    ValueError
        If `numbers` lacks one that was observed.

    Examples
    --------
    >>> numbers = pd.DataFrame({"tau_us": [3.0, 6.0]})
    >>> likelihood_of(numbers, [Observation("tau_us", 5.5, 6.5, 0.01, "rounds to 6")]).round(2)
    array([0., 1.])
    """
    check_type("numbers", numbers, pd.DataFrame, remedy="give a row for each film")
    check_type("observations", observations, list, tuple, remedy="give a list of Observations")
    for k, one in enumerate(observations):
        check_type(f"observations[{k}]", one, Observation)
    check_holds("numbers", numbers, [one.name for one in observations], "curve numbers")
    product = np.ones(len(numbers))
    for one in observations:
        values = numbers[one.name].to_numpy()
        product *= one.likelihood(values, relative_errors.get(one.name, 0.0))
    return product


def reprinted(
    observations: Sequence[Observation], numbers: Mapping[str, float], *, seed: int
) -> list[Observation]:
    r"""Print other numbers as vaguely as these were printed.

    The middle of each interval is the number times :math:`e^{u + \epsilon z}`, with u uniform over
    half the width of the interval to either side and z normal: what the likelihood of
    `Observation` says of it.

    Parameters
    ----------
    observations : sequence of Observation
        With two ends each.
    numbers : mapping of str to float
        What is true.
    seed : int
        Of what the print makes of it.

    Returns
    -------
    list of Observation

    Raises
    ------
    ValueError
        If an observation has an open side.

    Examples
    --------
    >>> [time] = reprinted([Observation("tau_us", 5.5, 6.5, 0.02, "")], {"tau_us": 12}, seed=1)
    >>> round(time.high / time.low, 3), time.low < 12 < time.high
    (1.182, True)
    """
    check_type("observations", observations, list, tuple, remedy="give a list of Observations")
    random = generator(seed, "print")
    printed = []
    for k, one in enumerate(observations):
        check_type(f"observations[{k}]", one, Observation)
        if not (one.low and math.isfinite(one.high)):
            raise ValueError(
                f"observations[{k}] = {one} must have two ends; leave out bounds of one side"
            )
        half = math.log(one.high / one.low) / 2
        shift = half * random.uniform(-1, 1) + one.edge * random.standard_normal()
        middle = float(numbers[one.name]) * math.exp(shift)
        low, high = middle * math.exp(-half), middle * math.exp(half)
        printed.append(replace(one, low=low, high=high, reason="of a known film"))
    return printed


def share_below(
    films: pd.DataFrame, truth: Mapping[str, float], weights: ArrayLike, *, seed: int
) -> dict[str, float]:
    """Share of a weighted sample below the truth, for every parameter.

    Parameters
    ----------
    films : DataFrame
        A row for each film of the sample.
    truth : mapping of str to float
        The true parameters.
    weights : array_like of shape (n_films,)
        Not all zero.
    seed : int
        Of the share that counts of films equal to the truth: what is a choice of few values has
        uniform shares too.

    Returns
    -------
    dict of str to float

    Raises
    ------
    ValueError
        If weights are not those of films, or `truth` lacks a parameter.

    Examples
    --------
    >>> films = pd.DataFrame({"tau_us": [1.0, 2.0, 4.0, 8.0]})
    >>> share_below(films, {"tau_us": 3.0}, [1, 1, 1, 1], seed=1)
    {'tau_us': 0.5}
    """
    check_type("films", films, pd.DataFrame, remedy="give a row for each film")
    weights = as_numbers("weights", weights)
    if weights.shape != (len(films),) or not weights.sum() > 0:
        raise ValueError(
            f"weights has shape {weights.shape} and sum {weights.sum()}; give one for each of "
            f"{len(films)} films, and not all zero"
        )
    check_holds("truth", truth, films, "the films")
    at = np.array([float(truth[str(name)]) for name in films])
    values = as_numbers("films", films.to_numpy())
    counted = generator(seed, "ties").uniform(size=at.size)
    below = (values < at) + counted * (values == at)
    return dict(zip(map(str, films), (weights @ below / weights.sum()).tolist(), strict=True))


def rank_statistics(
    films: pd.DataFrame,
    numbers: pd.DataFrame,
    observations: Sequence[Observation],
    *,
    seed: int,
    n_papers: int = 100,
) -> pd.DataFrame:
    """Where the truth lies in the posteriors of synthetic papers.

    Films are drawn from a sample of the prior, their numbers are printed, and the sample is
    weighed by what was printed. If the inference is honest, the share of the posterior below the
    truth is uniform in [0, 1] for every parameter (Cook, Gelman and Rubin, 2006).

    Parameters
    ----------
    films, numbers : DataFrame
        Sample of the prior, all of one weight, and what is read of it.
    observations : sequence of Observation
        How numbers are printed, as for `reprinted`.
    seed : int
        Of films and prints.
    n_papers : int, optional
        How many.

    Returns
    -------
    DataFrame
        A row for each paper: for each parameter the share of the posterior below the truth, and
        ``effective_size``.

    Raises
    ------
    ValueError
        If a table lacks what it needs, or there are more papers than films.

    Examples
    --------
    >>> films = pd.DataFrame({"tau_us": np.geomspace(1, 100, 2001)})
    >>> printed = [Observation("tau_us", 5.0, 7.0, 0.05, "")]
    >>> ranks = rank_statistics(films, films, printed, seed=1, n_papers=200)
    >>> bool(abs(ranks.tau_us.mean() - 0.5) < 0.1)
    True
    """
    check_type("films", films, pd.DataFrame, remedy="give a row for each film")
    check_type("numbers", numbers, pd.DataFrame, remedy="give a row for each film")
    n_papers = check_integer("n_papers", n_papers, at_least=1, below=len(films) + 1)
    chosen = generator(seed, "films").choice(len(films), n_papers, replace=False)
    rows = []
    for k in chosen.tolist():
        truth = {str(name): float(numbers[name].iloc[k]) for name in numbers}
        weights = likelihood_of(numbers, reprinted(observations, truth, seed=seed + 1 + k))
        weights[k] = 0
        row = share_below(films, films.iloc[k], weights, seed=seed + 1 + k)
        rows.append(row | {"effective_size": effective_size(weights)})
    return pd.DataFrame(rows)
