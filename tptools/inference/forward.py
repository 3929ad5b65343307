"""From films to what the experiment would read of them: many films, each under many lasers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from dataclasses import fields, replace
from os import PathLike
from typing import Any

import joblib
import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray
from tptools.cache import kept
from tptools.checks import check_choice, check_integer, check_type
from tptools.excitation import Excitation
from tptools.fitting import fit_growth, variance_growth
from tptools.instruments import ColumnScan, Microscope, Scan, Timer
from tptools.kmc import ExcitonModel, Recording, mean_square_displacement, pulse_train, simulate
from tptools.progress import Bar
from tptools.provenance import fingerprint
from tptools.randomness import derive_seed
from tptools.units import NM2_PER_NS_IN_CM2_S

__all__ = ["READINGS", "conditions", "measure_films"]

_TIMER = Timer(window_end_ns=3.5)
_MICROSCOPES: Mapping[str, Microscope] = {
    "cut": Microscope(timer=_TIMER, scan=Scan(scan_step_nm=100.0)),
    "projection": Microscope(timer=_TIMER, scan=ColumnScan(scan_step_nm=100.0)),
}
READINGS = (*_MICROSCOPES, "second_moment")
"""What may be called D of a film: slices through the scan of a square detector or of one that takes
the whole column, and the excitons' own second moment at 1 ns."""

RECORDING = Recording(until_ns=3.5, follow_ns=200.0)
SPOT, LIGHT, LAYERS = "spot_fwhm_nm", "peak_over_disc", "n_layers"
_FIELDS = tuple(one.name for one in fields(ExcitonModel) if one.type == "float")
RELAXATION_TIMES = 4.0
FARTHEST = 0.1
"""Light, over that at the centre, of the region that has to become steady. With 0.3 excitons that
leave it meet too few modified sites: D of long memories at 25 nW is 10 to 16 % too small."""
NEW_SITES_PER_HOP = 0.3

_LASER_UNITS = {
    "power_nW": "nW",
    "rep_rate_MHz": "MHz",
    "disc_excitation_density": "1",
    "disc_time_between_excitations_us": "us",
}


def conditions(
    film: Mapping[str, float],
    lasers: Sequence[Excitation],
    model: ExcitonModel = ExcitonModel(),  # noqa: B008 -- frozen
) -> list[tuple[ExcitonModel, Excitation]]:
    """Hopping model of a film, with each laser as it falls on it.

    Parameters
    ----------
    film : mapping of str to float
        Numbers of `tptools.kmc.ExcitonModel` by name; of ``n_layers`` the first has the density of
        excitations of the laser. ``spot_fwhm_nm`` is the width of the spot,
        which leaves the density of excitations at its centre as it is; ``peak_over_disc`` is that
        density over the one of the paper's disc, ln 2 for a Gaussian that conserves photons.
    lasers : sequence of Excitation
        Nominal conditions.
    model : ExcitonModel, optional
        What the film does not say.

    Returns
    -------
    list of tuple of ExcitonModel and Excitation
        One for each laser.

    Raises
    ------
    ValueError
        If a name is unknown or a number out of range.

    Examples
    --------
    >>> film = {"relaxation_time_us": 2.0, "spot_fwhm_nm": 250.0}
    >>> [(model, laser)] = conditions(film, [Excitation(10, 2.5)])
    >>> model.relaxation_time_us, laser.power_nW
    (2.0, 2.5)
    """
    check_type("film", film, Mapping, remedy="give the numbers of a film by name")
    check_type("lasers", lasers, list, tuple, remedy="give a list of lasers")
    check_type("model", model, ExcitonModel)
    for name in film:
        check_choice("parameter of films", name, (*_FIELDS, LAYERS, SPOT, LIGHT))
    own: dict[str, Any] = {name: float(film[name]) for name in film if name in _FIELDS}
    if LAYERS in film:
        own[LAYERS] = check_integer(LAYERS, int(film[LAYERS]), at_least=1)
    own_model = replace(model, **own)
    return [(own_model, _on_film(film, one)) for one in lasers]


def _on_film(film: Mapping[str, float], nominal: Excitation) -> Excitation:
    """A laser of another spot or light that keeps the density at the centre."""
    check_type("lasers", nominal, Excitation)
    wanted = nominal.excitation_density
    if LIGHT in film:
        wanted = nominal.disc_excitation_density * float(film[LIGHT])
    laser = replace(nominal, spot_fwhm_nm=float(film.get(SPOT, nominal.spot_fwhm_nm)))
    return replace(laser, power_nW=laser.power_nW * wanted / laser.excitation_density)


def measure_films(
    films: pd.DataFrame,
    lasers: Sequence[Excitation],
    *,
    seed: int,
    model: ExcitonModel = ExcitonModel(),  # noqa: B008 -- frozen
    n_excitons: int = 6000,
    executor: Executor | None = None,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Diffusivities that the experiment would read of films, with endless light.

    Parameters
    ----------
    films : DataFrame
        A row for each film, with columns as for `conditions`. The microscope sums the layers.
    lasers : sequence of Excitation
        Nominal conditions.
    seed : int
        Every film under every laser has a stream of its own.
    model : ExcitonModel, optional
        What films do not say.
    n_excitons : int, optional
        Excitons to record at each condition, about, in all layers together.
    executor : concurrent.futures.Executor, optional
        Where films run; None takes threads on every core. The caller closes it.
    cache_dir : path, optional
        Folder in which each film is stored as soon as it has finished, for the next call that asks
        for it.
    progress : bool, optional
        Show a bar over films.

    Returns
    -------
    Dataset
        ``diffusivity_cm2_s`` over (film, laser, reading), with `READINGS`, the numbers of the
        films over ``film`` and the nominal conditions over ``laser``.

    Raises
    ------
    ValueError
        If there is no film, a name is unknown, or a number out of range.

    Notes
    -----
    Before the first recorded pulse as many are run as bring the sites where the laser has a tenth
    of its light to within 2 % of the steady state, and no more: long memories under bright light
    would else take most of the time. What is still trapped after 200 ns is dropped.

    Examples
    --------
    >>> films = pd.DataFrame([{"relaxation_time_us": 0.5, "lifetime_ns": 1.0}])
    >>> read = measure_films(films, [Excitation(10, 2.5)], seed=1, n_excitons=500)
    >>> read.diffusivity_cm2_s.dims
    ('film', 'laser', 'reading')
    """
    check_type("films", films, pd.DataFrame, remedy="give a row for each film")
    seed = check_integer("seed", seed, at_least=0)
    n_excitons = check_integer("n_excitons", n_excitons, at_least=1)
    if executor is not None:
        check_type("executor", executor, Executor)
    rows: list[Any] = films.to_dict("records")
    jobs = [tuple(conditions(row, lasers, model)) for row in rows]
    if not jobs or not jobs[0]:
        raise ValueError(f"films has {len(jobs)} rows and lasers {len(lasers)}; give one at least")
    found = _run_all(_Measure(cache_dir, seed, n_excitons), jobs, executor, progress)
    return _labelled(films, lasers, np.stack(found)).assign_attrs(
        origin="simulated", seed=seed, n_excitons=n_excitons
    )


class _Measure:
    """One film, from the cache if it is there."""

    def __init__(self, cache_dir: str | PathLike[str] | None, seed: int, n_excitons: int) -> None:
        self.run: Callable[..., FloatArray] = kept(_measure_film, cache_dir)
        self.settings = (seed, n_excitons, fingerprint(_measure_film))

    def __call__(self, film: tuple[tuple[ExcitonModel, Excitation], ...]) -> FloatArray:
        return self.run(film, *self.settings)


def _run_all(
    measure: _Measure,
    jobs: list[tuple[tuple[ExcitonModel, Excitation], ...]],
    executor: Executor | None,
    progress: bool,
) -> list[FloatArray]:
    """Results in the order of the films."""
    owned = None
    if executor is None:
        executor = owned = ThreadPoolExecutor(joblib.cpu_count())
    futures = [executor.submit(measure, one) for one in jobs]
    try:
        for future in Bar(as_completed(futures), total=len(jobs), disable=not progress):
            future.result()
        return [one.result() for one in futures]
    finally:
        for future in futures:
            future.cancel()
        if owned is not None:
            owned.shutdown()


def _measure_film(
    film: tuple[tuple[ExcitonModel, Excitation], ...], seed: int, n_excitons: int, code: str
) -> FloatArray:
    """Diffusivities of one film, shape (laser, reading); `code` tells results apart in a cache."""
    return np.array([_measure(*one, derive_seed(seed, one), n_excitons) for one in film])


def _measure(model: ExcitonModel, laser: Excitation, seed: int, n_excitons: int) -> list[float]:
    pulses = pulse_train(
        laser,
        n_excitons=n_excitons / model.illuminated_layers,
        burn_in_pulses=burn_in_pulses(model, laser),
        lattice_spacing_nm=model.lattice_spacing_nm,
    )
    run = simulate(model, pulses, seed=seed, n_threads=1, recording=RECORDING)
    seen = (one.expected(run).counts for one in _MICROSCOPES.values())
    return [*map(_slices, seen), _second_moment(run)]


def _slices(counts: xr.DataArray) -> float:
    """D of a line through slices, as `tptools.fitting.diffusivity` has it, without its checks."""
    growth = variance_growth(counts, window_ns=(0.0, 3.0))["growth_nm2"]
    return fit_growth(growth, (0.0, math.inf))["diffusivity_cm2_s"].value


def _second_moment(run: xr.Dataset) -> float:
    """D of the excitons at 1 ns, as `tptools.kmc.diffusivity` has it, without its error."""
    sums = run[["exciton_count", "r2_sum_nm2", "initial_r2_sum_nm2"]].sum(["train", "block"])
    growth_nm2 = mean_square_displacement(sums).sel(time_ns=1.0, method="nearest")
    return float(growth_nm2) / 4 * NM2_PER_NS_IN_CM2_S


def burn_in_pulses(model: ExcitonModel, laser: Excitation) -> int:
    """Pulses until the lattice is steady where the laser has a tenth of its light.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    laser : Excitation
        As it falls on it.

    Returns
    -------
    int
    """
    chance = model.attempts_per_ps * model.attempt_probability(model.hop_rate_ground_per_ps)
    hops = 1e3 * model.lifetime_ns * chance
    sites = model.modification_probability * (1 + NEW_SITES_PER_HOP * hops)
    paved_per_us = FARTHEST * sites / laser.time_between_excitations_us
    time_us = RELAXATION_TIMES / (1 / model.relaxation_time_us + paved_per_us)
    return math.ceil(time_us / laser.period_us)


def _labelled(films: pd.DataFrame, lasers: Sequence[Excitation], found: FloatArray) -> xr.Dataset:
    of_lasers = {
        name: ("laser", [getattr(one, name) for one in lasers], {"units": unit})
        for name, unit in _LASER_UNITS.items()
    }
    of_films = {str(name): ("film", films[name].to_numpy()) for name in films}
    dims = ("film", "laser", "reading")
    return xr.Dataset(
        {"diffusivity_cm2_s": (dims, found, {"units": "cm2/s"}), **of_films},
        {"reading": list(READINGS), **of_lasers},
    )
