"""What the search leaves: films that are allowed, how sure that is, and checks by simulation."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from types import MappingProxyType

import numpy as np
import pandas as pd
import scipy
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.companion import search
from tptools.companion.paper import REPORTED
from tptools.companion.search import (
    ALL,
    CASES,
    COATED,
    DATA,
    LASERS,
    MODEL,
    OBSERVATIONS,
    PRIOR,
    Reader,
    numbers_of,
)
from tptools.estimate import Estimate
from tptools.inference import (
    READINGS,
    Observation,
    Prior,
    effective_size,
    likelihood_of,
    measure_films,
    posterior,
    rank_statistics,
    reprinted,
    share_below,
)
from tptools.randomness import derive_seed

__all__ = [
    "PRIORS",
    "allowed_films",
    "in_layers",
    "meets",
    "quantile",
    "recovered",
    "simulated_over_emulated",
    "typical_curves",
]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
N_SAMPLE, N_PILOT = 2**17, 200
CHUNK = 4096
LAYERS, N_LAYERED = (1, 3), 3
"""Layers of Note 2 and of a film of 30 to 40 nm, and how many checks are simulated with either."""
SLOWER = np.geomspace(0.3, 1.0, 7)
"""Hop rates of the coated film over those of the uncoated one, all alike on the logarithm."""

PRIORS: Mapping[str, Callable[[pd.DataFrame], FloatArray]] = MappingProxyType(
    {
        "as stated": lambda films: np.ones(len(films)),
        "chance uniform": lambda films: films["modification_probability"].to_numpy(),
        "memory uniform": lambda films: films["relaxation_time_us"].to_numpy(),
        "rates uniform": lambda films: (
            films["hop_rate_ground_per_ps"] * films["hop_rate_modified_per_ps"]
        ).to_numpy(),
        "one layer": lambda films: 1.0 * (films["n_layers"] == 1).to_numpy(),
        "three or four layers": lambda films: 1.0 * (films["n_layers"] > 2).to_numpy(),
    }
)
"""Other priors, each as a weight on films of the stated one; layers as in Note 2 and as grown."""

CHOICES: Mapping[str, Callable[[pd.DataFrame], BoolArray]] = MappingProxyType(
    {
        "traps": lambda films: films["trap_rate_per_ps"].to_numpy() > 0,
        "light of the paper": lambda films: films["peak_over_disc"].to_numpy() == 1,
        "projection": lambda films: films["projection"].to_numpy() == 1,
        "three or four layers": lambda films: films["n_layers"].to_numpy() > 2,
        "memory above 2 us": lambda films: films["relaxation_time_us"].to_numpy() > 2,
    }
)
"""What a film may be or not; the posterior says with which probability."""

# Synthetic papers are about films whose numbers are within these factors of the printed ones.
BOX = {"limit_cm2_s": (0.01, 3.0), "highest_cm2_s": (0.12, 2.5), "tau_us": (6.0, 3.0)}
_PRINTED = [OBSERVATIONS[name] for name in BOX]

Simulated = Callable[[pd.DataFrame, int], FloatArray]

TYPICAL = (("q = 1", 0.6), ("free q", 3.0), ("free q", 15.0))
"""Case and memory in us of films that stand for all in a figure: short, middle and long."""


def typical_curves(allowed: xr.Dataset) -> xr.DataArray:
    """Pick one allowed film each of a short, a middle and a long memory.

    Parameters
    ----------
    allowed : Dataset
        From `allowed_films`.

    Returns
    -------
    DataArray
        Diffusivities over (film, laser) of the films next to these memories that read the time and
        the limit of the paper best, each named by its memory and its chance.

    Examples
    --------
    ::

        typical_curves(datasets.load("allowed_films"))
    """
    every = allowed.stack(film=("case", "draw"))
    off_time = abs(np.log(every["tau_us"] / REPORTED["main-tau-relax"].value))
    off = off_time + abs(np.log(every["limit_cm2_s"] / REPORTED["main-D-inf"].value))
    picked = []
    for case, memory_us in TYPICAL:
        distance = off + 3 * abs(np.log(every["relaxation_time_us"] / memory_us))
        picked.append(int(distance.where(every["case"] == case, np.inf).to_numpy().argmin()))
    shown = every.isel(film=picked)
    parts = zip(shown["relaxation_time_us"], shown["modification_probability"], strict=True)
    names = [f"{float(time_us):.1f} µs, q = {float(chance):.2g}" for time_us, chance in parts]
    curves = shown["diffusivity_cm2_s"].transpose("film", "laser")
    return curves.drop_vars(["film", "case", "draw"]).assign_coords(film=names)


def simulated_over_emulated(allowed: xr.Dataset) -> pd.DataFrame:
    """How far the emulator is off where the data leave films.

    Parameters
    ----------
    allowed : Dataset
        From `allowed_films`.

    Returns
    -------
    DataFrame
        For each case and printed number: the mean of ln(simulated / emulated) over draws that were
        simulated, in percent with its error; the share of these draws that meet the number when
        simulated; and, in percent, a third of what the print allows to either side.

    Examples
    --------
    ::

        simulated_over_emulated(datasets.load("allowed_films"))
    """
    rows = {}
    for case in allowed["case"].to_numpy():
        one = allowed.sel(case=case)
        for number in _PRINTED:
            name = number.name
            off = 100 * np.log((one[f"checked_{name}"] / one[f"emulated_{name}"]).to_numpy())
            off = off[np.isfinite(off)]
            error = off.std(ddof=1) / math.sqrt(off.size)
            tolerance = math.log(number.high / number.low) / 2 + number.edge
            rows[str(case), name] = {
                "simulated over emulated, %": Estimate(off.mean(), error, "", "mean"),
                "met when simulated, %": 100 * float(one[f"meets_{name}"].mean()),
                "a third of the tolerance, %": 100 * tolerance / 3,
            }
    return pd.DataFrame(rows).T


def recovered(allowed: xr.Dataset) -> pd.DataFrame:
    """Whether known films are found again.

    Parameters
    ----------
    allowed : Dataset
        From `allowed_films`.

    Returns
    -------
    DataFrame
        For each parameter: the p-value of a Kolmogorov-Smirnov test that the shares of the
        posterior below the truth are uniform over synthetic papers on the emulator, and the least
        and the largest such share of films that were simulated.

    Examples
    --------
    ::

        recovered(datasets.load("allowed_films")).loc["relaxation_time_us"]
    """
    names = [one for one in PRIOR.ranges if f"rank_{one}" in allowed]
    rows = {
        name: {
            "p of uniform shares": scipy.stats.kstest(allowed[f"rank_{name}"], "uniform").pvalue,
            "least share, simulated": float(allowed[f"known_rank_{name}"].min()),
            "largest share, simulated": float(allowed[f"known_rank_{name}"].max()),
        }
        for name in names
    }
    return pd.DataFrame(rows).T


def in_layers(allowed: xr.Dataset) -> pd.DataFrame:
    """Numbers of films in three layers over those of the same films in one.

    Parameters
    ----------
    allowed : Dataset
        From `allowed_films`.

    Returns
    -------
    DataFrame
        A row for each film, with its memory and chance, and the ratios of the printed numbers.

    Examples
    --------
    ::

        in_layers(datasets.load("allowed_films")).tau_us.median()
    """
    single, several = (allowed.sel(layers=n) for n in LAYERS)
    found = allowed[["layered_relaxation_time_us", "layered_modification_probability"]].assign(
        {f"layered_{name}": several[f"layered_{name}"] / single[f"layered_{name}"] for name in BOX}
    )
    table = found.to_dataframe().reset_index(drop=True)
    return table.rename(columns=lambda name: name.removeprefix("layered_"))


def quantile(values: FloatArray, weights: FloatArray, share: Sequence[float]) -> FloatArray:
    """Quantiles of weighted values.

    Parameters
    ----------
    values, weights : ndarray of shape (n,)
        Weights need no norm.
    share : sequence of float
        In [0, 1].

    Returns
    -------
    ndarray
        One for each share; NaN where all weights are zero.

    Examples
    --------
    >>> quantile(np.array([3.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0]), [0.5, 1.0])
    array([1., 2.])
    """
    if not weights.any():
        return np.full(len(share), np.nan)
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return values[order][np.searchsorted(below, np.asarray(share) * (1 - 1e-12))]


def meets(numbers: pd.DataFrame) -> pd.DataFrame:
    """Whether films meet each of `OBSERVATIONS`, an error of the size of its edge allowed.

    Parameters
    ----------
    numbers : DataFrame
        From `tptools.companion.search.numbers_of`.

    Returns
    -------
    DataFrame
        A row for each film, a column of booleans for each observation.

    Examples
    --------
    >>> meets(numbers_of(np.full((1, 13), 0.05))).constant_power_ratio.tolist()
    [True]
    """
    widened = [
        replace(one, low=one.low * (1 - one.edge), high=one.high * (1 + one.edge))
        for one in OBSERVATIONS.values()
    ]
    return pd.DataFrame({one.name: one.met(numbers[one.name].to_numpy()) for one in widened})


def allowed_films(
    films: xr.Dataset,
    *,
    seed: int,
    n_draws: int,
    n_checks: int,
    n_known: int,
    n_papers: int,
    n_excitons: int,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Draw films that the paper allows, weigh choices and data, and check by simulation.

    Parameters
    ----------
    films : Dataset
        From `tptools.companion.search.search_films`.
    seed : int
        Of all chance.
    n_draws : int
        Films of each of `CASES`.
    n_checks : int
        How many of these are simulated.
    n_known : int
        Known films that are simulated and sought.
    n_papers : int
        Synthetic papers on the emulator.
    n_excitons, cache_dir, progress
        As for `tptools.inference.measure_films`, of films that are simulated here.

    Returns
    -------
    Dataset
        See ``data/README.md``.

    Examples
    --------
    ::

        allowed_films(films, seed=1, n_draws=1000, n_checks=12, n_known=5, n_papers=100,
                      n_excitons=20_000)
    """
    reader = _with_errors(Reader.of(films), derive_seed(seed, "errors"))
    drawn = {case: _drawn(case, reader, seed, n_draws) for case in CASES}
    samples = {case: _sample(prior, reader, seed) for case, prior in CASES.items()}
    simulated = functools.partial(
        _simulated, n_excitons=n_excitons, cache_dir=cache_dir, progress=progress
    )
    known = samples["free q"]
    checked = {
        case: _checked(_few(one, n_checks), derive_seed(seed, case), reader, simulated)
        for case, one in drawn.items()
    }
    parts = [
        _over_cases({case: _described(one, reader) for case, one in drawn.items()}),
        _over_cases({case: _weighed(*one, reader) for case, one in samples.items()}),
        _over_cases(checked),
        _ranks(*_near(*known), derive_seed(seed, "papers"), n_papers),
        _recovered(*_near(*known), derive_seed(seed, "known"), n_known, reader, simulated),
    ]
    errors = pd.Series(reader.errors).rename_axis("number").to_xarray()
    merged = xr.merge(parts).assign_coords(_axes(films)).assign(emulator_error=errors)
    return merged.assign_attrs(origin="simulated", seed=seed, n_excitons=n_excitons)


def _drawn(case: str, reader: Reader, seed: int, n_draws: int) -> pd.DataFrame:
    """Draws of one case, all data taken together."""
    likelihood, stream = reader.likelihood(DATA[ALL]), derive_seed(seed, case)
    found = posterior(CASES[case], likelihood, seed=stream, n_draws=n_draws, **search.SAMPLING)
    return found.to_dataframe()


def _axes(films: xr.Dataset) -> dict[str, xr.DataArray]:
    names = ("power_nW", "rep_rate_MHz", "disc_time_between_excitations_us")
    return {name: films[name] for name in names}


def _with_errors(reader: Reader, seed: int) -> Reader:
    """The reader with errors that its emulator has where the data leave films."""
    likelihood = reader.likelihood(DATA[ALL])
    pilots = (
        posterior(prior, likelihood, seed=seed, n_draws=N_PILOT, **search.SAMPLING)
        for prior in CASES.values()
    )
    found = [reader.uncertain(one.to_dataframe(), seed=seed) for one in pilots]
    return replace(reader, errors={name: max(one[name] for one in found) for name in found[0]})


def _over_cases(parts: Mapping[str, xr.Dataset]) -> xr.Dataset:
    return xr.concat(list(parts.values()), pd.Index(list(parts), name="case"))


def _few(films: pd.DataFrame, n: int) -> pd.DataFrame:
    """Some draws, evenly taken, of all walkers."""
    return films.iloc[np.linspace(0, len(films) - 1, n).astype(int)].reset_index(drop=True)


def _columns(
    films: pd.DataFrame, along: str, prefix: str = ""
) -> dict[str, tuple[str, FloatArray]]:
    return {f"{prefix}{name}": (along, films[name].to_numpy()) for name in films}


def _described(films: pd.DataFrame, reader: Reader) -> xr.Dataset:
    """Draws of one case, with what is read of them and what it would be called."""
    curves, numbers = reader.curves(films), reader.numbers(films)
    true = reader.curves(films.assign(projection=READINGS.index("second_moment")))
    level = meets(numbers)["constant_power_ratio"].to_numpy()
    coated = sum(_coated(reader, films, factor) for factor in SLOWER.tolist()) / SLOWER.size
    return xr.Dataset(
        {
            **_columns(films, "draw"),
            **_columns(numbers, "draw"),
            "diffusivity_cm2_s": (("draw", "laser"), curves, {"units": "cm2/s"}),
            "true_diffusivity_cm2_s": (("draw", "laser"), true, {"units": "cm2/s"}),
            "level": ("draw", level),
            "coated_likelihood": ("draw", coated),
        }
    )


def _coated(reader: Reader, films: pd.DataFrame, factor: float) -> FloatArray:
    """Likelihood of the coated film's time, if it differs in its hop rates by a factor alone."""
    rates = ("hop_rate_ground_per_ps", "hop_rate_modified_per_ps")
    slower = films.assign(**{name: films[name] * factor for name in rates})
    return likelihood_of(reader.numbers(slower), [COATED], reader.errors)


def _sample(prior: Prior, reader: Reader, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Many films of a prior, and what is read of them."""
    films = prior.design(N_SAMPLE, seed=derive_seed(seed, "sample"))
    parts = [films[start : start + CHUNK] for start in range(0, len(films), CHUNK)]
    return films, pd.concat([reader.numbers(one) for one in parts], ignore_index=True)


def _weighed(films: pd.DataFrame, numbers: pd.DataFrame, reader: Reader) -> xr.Dataset:
    """Evidence, choices and memory for every set of data and every prior."""
    by_data = []
    for data in DATA.values():
        likelihood = likelihood_of(numbers, data, reader.errors)
        by_prior = [_summary(films, likelihood, weigh(films)) for weigh in PRIORS.values()]
        by_data.append(xr.concat(by_prior, pd.Index(list(PRIORS), name="prior")))
    return xr.concat(by_data, pd.Index(list(DATA), name="data"))


def _summary(films: pd.DataFrame, likelihood: FloatArray, prior: FloatArray) -> xr.Dataset:
    after = likelihood * prior
    shares = [after[of(films)].sum() / after.sum() for of in CHOICES.values()]
    memory, chance = (
        quantile(films[name].to_numpy(), after, QUANTILES)
        for name in ("relaxation_time_us", "modification_probability")
    )
    return xr.Dataset(
        {
            "evidence": ((), after.sum() / prior.sum()),
            "effective_size": ((), effective_size(after)),
            "share": ("choice", shares),
            "memory_quantile_us": ("quantile", memory, {"units": "us"}),
            "chance_quantile": ("quantile", chance),
        },
        {"choice": list(CHOICES), "quantile": list(QUANTILES)},
    )


def _simulated(
    films: pd.DataFrame,
    seed: int,
    n_excitons: int,
    cache_dir: str | PathLike[str] | None,
    progress: bool,
) -> FloatArray:
    """Diffusivities of films at `LASERS`, each by its own reading."""
    read = measure_films(
        films.drop(columns="projection"),
        LASERS,
        seed=seed,
        model=MODEL,
        n_excitons=n_excitons,
        cache_dir=cache_dir,
        progress=progress,
    )
    found = read["diffusivity_cm2_s"].transpose("film", "laser", "reading").to_numpy()
    return found[np.arange(len(films)), :, films["projection"].to_numpy(int)]


def _checked(films: pd.DataFrame, seed: int, reader: Reader, simulated: Simulated) -> xr.Dataset:
    """Draws that were simulated: what was read, what the emulator had said, and what is met."""
    found = simulated(films, seed)
    numbers = numbers_of(found)
    met = meets(numbers)
    return xr.Dataset(
        {
            **_columns(films, "check", "checked_"),
            **_columns(numbers, "check", "checked_"),
            **_columns(reader.numbers(films), "check", "emulated_"),
            **_columns(met, "check", "meets_"),
            "checked_diffusivity_cm2_s": (("check", "laser"), found, {"units": "cm2/s"}),
        }
    ).merge(_layered(films, seed, simulated))


def _layered(films: pd.DataFrame, seed: int, simulated: Simulated) -> xr.Dataset:
    """Some of the same in one layer and in several."""
    some = _few(films, N_LAYERED)
    found = [simulated(some.assign(n_layers=n), seed) for n in LAYERS]
    read = xr.concat(
        [xr.Dataset(_columns(numbers_of(one), "layered", "layered_")) for one in found],
        pd.Index(LAYERS, name="layers"),
    )
    return read.assign(
        _columns(some[["relaxation_time_us", "modification_probability"]], "layered", "layered_")
    )


def _near(films: pd.DataFrame, numbers: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Films, and their numbers, of which synthetic papers are written."""
    inside = np.all(
        [numbers[name].between(at / f, at * f) for name, (at, f) in BOX.items()], axis=0
    )
    return films[inside].reset_index(drop=True), numbers[inside].reset_index(drop=True)


def _ranks(films: pd.DataFrame, numbers: pd.DataFrame, seed: int, n_papers: int) -> xr.Dataset:
    """Where the truth lies in posteriors of synthetic papers, on the emulator."""
    ranks = rank_statistics(films, numbers, _PRINTED, seed=seed, n_papers=n_papers)
    return xr.Dataset(_columns(ranks, "paper", "rank_"))


def _recovered(
    films: pd.DataFrame,
    numbers: pd.DataFrame,
    seed: int,
    n: int,
    reader: Reader,
    simulated: Simulated,
) -> xr.Dataset:
    """The same of films that were simulated."""
    known = _few(films, n)
    read = numbers_of(simulated(known, seed))
    rows = []
    for k in range(n):
        printed = _printed_of(read.iloc[k], seed + k)
        rows.append(_rank(known.iloc[k], films, numbers, printed, reader, seed + k))
    ranks = pd.DataFrame(rows)
    return xr.Dataset(
        {
            **_columns(known, "known", "known_"),
            **_columns(read, "known", "known_"),
            **_columns(ranks, "known", "known_rank_"),
        }
    )


def _printed_of(read: pd.Series, seed: int) -> list[Observation]:
    return reprinted(_PRINTED, {name: float(read[name]) for name in BOX}, seed=seed)


def _rank(
    truth: pd.Series,
    films: pd.DataFrame,
    numbers: pd.DataFrame,
    printed: Sequence[Observation],
    reader: Reader,
    seed: int,
) -> dict[str, float]:
    """Share of the posterior below the truth, for each parameter that has a range."""
    weights = likelihood_of(numbers, printed, reader.errors)
    shares = share_below(films, truth, weights, seed=seed)
    return shares | {"effective_size": effective_size(weights)}
