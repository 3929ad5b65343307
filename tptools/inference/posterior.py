"""What is left of a prior once data are in: weights of a sample, and draws."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import check_callable, check_fits, check_integer, check_type
from tptools.inference.priors import Prior
from tptools.randomness import derive_seed, generator
from tptools.records import as_numbers

__all__ = ["effective_size", "posterior"]

Likelihood = Callable[[pd.DataFrame], FloatArray]

STARTS_PER_WALKER = 2.0
"""Effective draws of the prior from which a walker may start."""
FORGOTTEN = 3
"""A third of the steps, in which walkers forget where they started."""
CHUNK = 4096
HALVINGS = 20


def effective_size(weights: ArrayLike) -> float:
    r"""How many draws of one weight say as much as these, :math:`(\sum w)^2 / \sum w^2`.

    Parameters
    ----------
    weights : array_like
        Not negative.

    Returns
    -------
    float
        Zero if all weights are zero.

    Raises
    ------
    ValueError
        If a weight is negative or NaN.

    Examples
    --------
    >>> effective_size([1, 1, 0, 0])
    2.0
    """
    weights = as_numbers("weights", weights)
    if not (weights >= 0).all():
        raise ValueError("weights must be numbers of at least 0; look for NaN in what was weighed")
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def posterior(
    prior: Prior,
    likelihood: Likelihood,
    *,
    seed: int,
    n_draws: int = 1000,
    n_prior: int = 2**15,
    n_walkers: int = 100,
    n_steps: int = 200,
) -> xr.Dataset:
    """Draw sets of parameters from the posterior.

    Walkers of emcee start from draws of the prior that are chosen by their likelihood, or by a
    power of it below one where few draws are likely, so that they are in every region from the
    beginning. The first third of their steps does not count.

    Parameters
    ----------
    prior : Prior
        What is held possible before.
    likelihood : callable
        Of a DataFrame of films; an array with a number of at least 0 for each.
    seed : int
        Of all chance.
    n_draws : int, optional
        Draws that are returned, of all positions of walkers.
    n_prior : int, optional
        Draws of the prior, from which the evidence is found.
    n_walkers, n_steps : int, optional
        Walkers, at least twice as many as parameters, and steps of each.

    Returns
    -------
    Dataset
        Parameters over ``draw``, all of one weight. Attributes ``evidence``, the mean likelihood
        over the prior, ``evidence_error``, ``effective_size`` of the prior's draws, and
        ``acceptance``, the share of proposed steps that were taken.

    Raises
    ------
    ValueError
        If a number is out of range, or the likelihood leaves next to nothing of the prior.

    Notes
    -----
    Foreman-Mackey et al., Publ. Astron. Soc. Pac. 125, 306 (2013).

    Examples
    --------
    >>> from tptools.inference import Uniform
    >>> upper = lambda films: 1.0 * (films["x"].to_numpy() > 0.5)
    >>> found = posterior(Prior({"x": Uniform(0, 1)}), upper, seed=1, n_prior=512, n_steps=20)
    >>> found.attrs["evidence"], bool(found.x.min() > 0.5)
    (0.5, True)
    """
    check_type("prior", prior, Prior)
    check_callable("likelihood", likelihood, "give one of a table of films")
    n_draws = check_integer("n_draws", n_draws, at_least=1)
    n_steps = check_integer("n_steps", n_steps, at_least=1)
    n_walkers = check_integer("n_walkers", n_walkers, at_least=2 * len(prior.ranges))
    check_fits(
        f"n_walkers = {n_walkers} by n_steps = {n_steps} for {len(prior.ranges)} parameters",
        8 * 3 * n_walkers * n_steps * len(prior.ranges),
        "lower n_steps or n_walkers",
    )
    most = n_walkers * (n_steps - n_steps // FORGOTTEN)
    if n_draws > most:
        raise ValueError(
            f"n_draws = {n_draws} must be at most the {most} of n_walkers = {n_walkers} in two "
            f"thirds of n_steps = {n_steps}"
        )
    shares = prior.shares(n_prior, seed=derive_seed(seed, "prior"))
    weights = _in_chunks(prior, likelihood, shares)
    starts = _tempered(weights, STARTS_PER_WALKER * n_walkers)
    chain, acceptance = _walk(prior, likelihood, shares, starts, seed, n_walkers, n_steps)
    # not every so many, which may be the same walkers again and again
    chosen = generator(seed, "draws").choice(len(chain), n_draws, replace=False)
    found = prior.at(chain[chosen]).rename_axis("draw").to_xarray()
    return found.assign_attrs(
        evidence=float(weights.mean()),
        evidence_error=float(weights.std() / math.sqrt(len(weights))),
        effective_size=effective_size(weights),
        acceptance=acceptance,
    )


def _in_chunks(prior: Prior, likelihood: Likelihood, shares: FloatArray) -> FloatArray:
    """Likelihood of many films, some at a time."""
    parts = [shares[start : start + CHUNK] for start in range(0, len(shares), CHUNK)]
    return np.concatenate([likelihood(prior.at(one)) for one in parts])


def _tempered(weights: FloatArray, wanted: float) -> FloatArray:
    """Weights to the largest power up to one that leaves as many effective draws as are wanted."""
    if (weights > 0).sum() < wanted:
        raise ValueError(
            f"likelihood leaves {(weights > 0).sum()} draws of n_prior = {weights.size}, and "
            f"walkers need {wanted:g} to start from; give a larger n_prior or a narrower prior"
        )
    low, high = 0.0, 1.0
    if effective_size(weights) >= wanted:
        return weights
    with np.errstate(divide="ignore"):
        logs = np.log(weights / weights.max())
    for _ in range(HALVINGS):
        power = (low + high) / 2
        tempered = np.exp(power * logs)
        low, high = (power, high) if effective_size(tempered) > wanted else (low, power)
    return tempered


def _walk(
    prior: Prior,
    likelihood: Likelihood,
    shares: FloatArray,
    starts: FloatArray,
    seed: int,
    n_walkers: int,
    n_steps: int,
) -> tuple[FloatArray, float]:
    """Positions of all walkers at all steps, in the unit cube, and the share of moves taken."""
    import emcee

    def log_probability(points: FloatArray) -> FloatArray:
        """Logarithm of the posterior, up to a constant."""
        inside = ((points >= 0) & (points <= 1)).all(axis=1)
        with np.errstate(divide="ignore"):
            found = np.log(likelihood(prior.at(np.clip(points, 0, 1))))
        return np.where(inside, found, -np.inf)

    random = generator(seed, "start")
    start = shares[random.choice(len(shares), n_walkers, p=starts / starts.sum())]
    # walkers that start at one place would move along one line
    start = np.clip(start + 1e-4 * random.standard_normal(start.shape), 0, 1)
    legacy = np.random.RandomState(random.integers(2**32))
    state = emcee.State(start, random_state=legacy.get_state())
    sampler = emcee.EnsembleSampler(n_walkers, shares.shape[1], log_probability, vectorize=True)
    sampler.run_mcmc(state, n_steps)
    chain = sampler.get_chain(flat=True, discard=n_steps // FORGOTTEN)
    return chain, float(sampler.acceptance_fraction.mean())
