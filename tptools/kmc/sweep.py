"""Many conditions: any executor, progress, and a cache from which a killed sweep resumes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields, replace
from os import PathLike
from typing import Any

import joblib
import numpy as np
import pandas as pd
import xarray as xr

from tptools.cache import kept
from tptools.checks import LARGEST, check_choice, check_integer, check_type, plain_number
from tptools.kmc.model import ExcitonModel, PulseTrain
from tptools.kmc.records import Recording, sites_per_radius
from tptools.kmc.simulate import check_run, count_blocks, simulate
from tptools.progress import Bar
from tptools.provenance import fingerprint
from tptools.randomness import derive_seed

MODEL_PARAMETERS = tuple(
    field.name
    for field in fields(ExcitonModel)
    if field.compare and not field.name.startswith("lattice_")
)
PULSE_PARAMETERS = tuple(field.name for field in fields(PulseTrain) if field.compare)
NEEDED = ("excitation_density", "period_us")
MEASURES = {
    one.name for kind in (ExcitonModel, PulseTrain) for one in fields(kind) if one.type == "float"
}
PER_CONDITION = ("burn_in_pulses", "time_between_excitations_us")

Condition = tuple[ExcitonModel, PulseTrain]
Job = tuple[ExcitonModel, PulseTrain, Recording, int, int, str]


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep; ``finished`` holds the dataset of every finished condition."""

    def __init__(self, finished: list[xr.Dataset], total: int) -> None:
        super().__init__(
            f"{len(finished)} of {total} conditions had finished; they are in .finished and, "
            "if a cache_dir was given, in the cache from which the same call resumes"
        )
        self.finished = finished


def sweep(
    model: ExcitonModel,
    grid: Mapping[str, Any],
    *,
    seed: int = 0,
    n_trains: int = 1,
    executor: Executor | None = None,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool = True,
    recording: Recording = Recording(),  # noqa: B008 -- frozen
) -> xr.Dataset:
    """Simulate every combination of a grid of parameters.

    Parameters
    ----------
    model : ExcitonModel
        The model where the grid does not say otherwise.
    grid : mapping
        From names of `PulseTrain` or `ExcitonModel` parameters (the lattice's excepted) to one
        value or a list of values; each list becomes a dimension of the result.
    seed : int
        Each condition runs with ``derive_seed(seed, model, pulses)``, whatever else is in the grid.
    n_trains : int
        Independent trains of each condition.
    executor : concurrent.futures.Executor, optional
        Where the conditions run; None takes threads on every core. For a Dask cluster give
        ``dask.distributed.Client(...).get_executor()``. The caller closes it.
    cache_dir : path, optional
        Folder in which every condition is stored as soon as it has finished. A sweep that runs
        again, or beside this one, takes what is there, unless the code of the model has changed.
    progress : bool
        Show a bar over conditions.
    recording : Recording
        Which instants after a pulse are kept.

    Returns
    -------
    xarray.Dataset
        The datasets of `simulate` joined along the dimensions of the grid, with
        ``time_between_excitations_us`` and ``burn_in_pulses`` over them.

    Raises
    ------
    ValueError
        If a name is not that of a parameter, one that a `PulseTrain` needs is missing, a list is
        empty, a parameter is out of range, or ``cache_dir`` cannot be made;
        this is found before anything runs.
    LatticeEdgeError
        If an exciton reaches the edge; the other conditions that finished are in the cache.
    SweepInterrupted
        On Ctrl-C, with what has finished.

    Warns
    -----
    RuntimeWarning
        If a condition cannot be stored, as on a full disk; the result is complete all the same.

    Examples
    --------
    >>> grid = {"excitation_density": [0.02, 0.08], "period_us": [5, 10, 20], "n_pulses": 10}
    >>> runs = sweep(ExcitonModel(), grid, n_trains=2, progress=False)
    >>> dict(runs.time_between_excitations_us.sizes)
    {'excitation_density': 2, 'period_us': 3}
    """
    _check_types(model, grid, executor)
    seed = check_integer("seed", seed, at_least=0)
    n_trains = check_integer("n_trains", n_trains, at_least=1, below=LARGEST)
    conditions = [_condition(model, point) for point in _points(grid)]
    if len({count_blocks(pulses, n_trains) for _, pulses in conditions}) > 1:
        raise ValueError(
            f"n_pulses = {grid['n_pulses']} must be at least 10 each where n_trains = 1; use "
            "n_trains=2 or more"
        )
    for one, pulses in conditions:
        check_run(one, (pulses,), recording, n_trains)
    run = kept(_run_condition, cache_dir)
    code = fingerprint(_run_condition)
    jobs = [
        (*condition, recording, derive_seed(seed, *condition), n_trains, code)
        for condition in conditions
    ]
    # who gives an executor closes it
    pool: AbstractContextManager[Executor] = (
        ThreadPoolExecutor(joblib.cpu_count()) if executor is None else nullcontext(executor)
    )
    with pool as workers:
        results = _run_all(workers, run, jobs, progress)
    dimensions = {name: _values(grid, name) for name in grid if _is_list(grid[name])}
    return _join(results, dimensions).assign_attrs(seed=seed)


def _check_types(model: object, grid: object, executor: object) -> None:
    check_type("model", model, ExcitonModel)
    check_type("grid", grid, Mapping, remedy="give the values by name, {'period_us': [1, 10]}")
    if executor is not None:
        check_type("executor", executor, Executor)


def _is_list(values: object) -> bool:
    """Whether a grid entry spans a dimension."""
    return (
        isinstance(values, Sequence | np.ndarray)
        and not isinstance(values, str)
        and (not isinstance(values, np.ndarray) or values.ndim > 0)
    )


def _values(grid: Mapping[str, Any], name: str) -> list[Any]:
    """Values of one grid entry, as plain Python objects; 5 and 5.0 are one in the cache too."""
    given = grid[name]
    values = list(given) if _is_list(given) else [given]
    plain = [one if (number := plain_number(one)) is None else number for one in values]
    return [float(one) if name in MEASURES and isinstance(one, int) else one for one in plain]


def _points(grid: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the grid's values, as plain Python numbers."""
    for name, values in grid.items():
        check_choice("grid parameter", name, PULSE_PARAMETERS + MODEL_PARAMETERS)
        if _is_list(values) and not len(values):
            raise ValueError(f"grid[{name!r}] = {values!r} must hold at least one value")
        if _is_list(values) and any(one is None for one in values):
            raise ValueError(
                f"grid[{name!r}] = {values!r} must hold values that can be an axis; give a number "
                "for None, or None alone"
            )
    lacking = [name for name in NEEDED if name not in grid]
    if lacking:
        raise ValueError(f"grid lacks {' and '.join(lacking)}, which no PulseTrain can do without")
    lists = [_values(grid, name) for name in grid]
    return [dict(zip(grid, point, strict=True)) for point in itertools.product(*lists)]


def _condition(model: ExcitonModel, point: Mapping[str, Any]) -> Condition:
    """Model and pulses of one point of the grid."""
    changes = {name: value for name, value in point.items() if name in MODEL_PARAMETERS}
    pulses = {name: value for name, value in point.items() if name in PULSE_PARAMETERS}
    return replace(model, **changes), PulseTrain(**pulses)


def _run_condition(
    model: ExcitonModel,
    pulses: PulseTrain,
    recording: Recording,
    seed: int,
    n_trains: int,
    code: str,
) -> xr.Dataset:
    """One condition on one thread."""
    return simulate(model, pulses, seed=seed, n_trains=n_trains, n_threads=1, recording=recording)


def _cost(pulses: PulseTrain, model: ExcitonModel) -> float:
    """Relative length of a run, so that the longest start first."""
    brightness = pulses.excitation_density * model.illuminated_layers
    return brightness * (pulses.n_pulses + pulses.burn_in(model))


def _run_all(
    executor: Executor, run: Callable[..., xr.Dataset], jobs: list[Job], progress: bool
) -> list[xr.Dataset]:
    """Results in the order of the jobs."""
    order = sorted(range(len(jobs)), key=lambda i: -_cost(jobs[i][1], jobs[i][0]))
    futures: dict[Future[xr.Dataset], int] = {}
    results: dict[int, xr.Dataset] = {}
    try:
        for i in order:
            futures[executor.submit(run, *jobs[i])] = i
        for future in Bar(as_completed(futures), total=len(jobs), disable=not progress):
            results[futures[future]] = future.result()
    except KeyboardInterrupt as interrupt:
        raise SweepInterrupted([results[i] for i in sorted(results)], len(jobs)) from interrupt
    finally:
        for future in futures:
            future.cancel()
    return [results[i] for i in range(len(jobs))]


def _join(results: list[xr.Dataset], dimensions: dict[str, list[Any]]) -> xr.Dataset:
    """Join single conditions, last dimension fastest; counts beyond a run's reach are zero."""
    per_condition = [name for name in PER_CONDITION if name not in dimensions]
    labelled = [
        result.drop_vars("sites_per_radius").assign(
            {name: result.attrs[name] for name in per_condition}
        )
        for result in results
    ]
    blocks = list(xr.align(*labelled, join="outer", fill_value=0))
    for name, values in reversed(dimensions.items()):
        groups = [blocks[i : i + len(values)] for i in range(0, len(blocks), len(values))]
        index = pd.Index(values, name=name)
        blocks = [
            xr.concat(group, index, data_vars="all", combine_attrs="drop_conflicts")
            for group in groups
        ]
    (joined,) = blocks
    return joined.assign(
        sites_per_radius=("r_nm", sites_per_radius(joined.sizes["r_nm"]), {"units": "1"})
    )
