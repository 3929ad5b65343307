"""Experiments that could decide between films: pulses after a history, and what they would read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from os import PathLike

import joblib
import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray
from tptools.cache import kept
from tptools.checks import check_integer, check_number, check_type, make_plain
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.inference.forward import burn_in_pulses, conditions
from tptools.kmc import ExcitonModel, PulseTrain, Recording, diffusivity, pulse_train, simulate
from tptools.progress import Bar
from tptools.provenance import fingerprint
from tptools.randomness import OFF_BY_DEFAULT, derive_seed

__all__ = ["Shot", "run_shots"]

FOLLOWED = Recording(interval_ps=1000, until_ns=1.0, follow_ns=200.0)
LATTICE_SIZE = 600
DARK = 1e-14
"""Excitation probability of the pulse that only lets time pass."""
MOST_TRAINS = 400


@dataclass(frozen=True)
class Shot:
    """One diffusivity of an experiment: what is read, and what the film has been through before.

    Parameters
    ----------
    label : str
        For tables.
    laser : Excitation
        Pulses that are read, nominally, as for `tptools.inference.conditions`.
    since_fresh : tuple of int, optional
        First pulse after the laser was switched on that counts, from 0, and the first that does
        no longer. None: the steady state.
    burst : Excitation, optional
        Pulses that hit a film at rest before a single one of `laser`.
    n_burst : int, optional
        How many. Zero with a `burst` leaves the film at rest.
    delay_us : float, optional
        From the burst to the pulse that is read.
    spot_ratio, burst_ratio : float, optional
        Width of the spot, and of that of the burst, over the usual one; the density of
        excitations at the centre stays.
    burst_aside : float, optional
        Distance of the burst's centre from the one that is read, in widths of the usual spot: a
        bright neighbour.

    Raises
    ------
    ValueError
        If a number is out of range, or a shot is both switched on and after a burst.

    Examples
    --------
    >>> Shot("5 nW, 1 MHz", Excitation(5, 1)).laser.rep_rate_MHz
    1
    """

    label: str
    laser: Excitation
    since_fresh: tuple[int, int] | None = None
    burst: Excitation | None = None
    n_burst: int = 0
    delay_us: float = 1.0
    spot_ratio: float = 1.0
    burst_ratio: float = 1.0
    burst_aside: float = field(default=0.0, metadata=OFF_BY_DEFAULT)

    def __post_init__(self) -> None:
        """Refuse what is no experiment."""
        make_plain(self)
        check_type("label", self.label, str)
        check_type("laser", self.laser, Excitation)
        check_integer("n_burst", self.n_burst, at_least=0)
        for name in ("delay_us", "spot_ratio", "burst_ratio"):
            check_number(name, getattr(self, name), above=0)
        check_number("burst_aside", self.burst_aside, at_least=0)
        if self.burst is not None:
            check_type("burst", self.burst, Excitation)
        if self.since_fresh is not None:
            first, last = self.since_fresh
            check_integer("since_fresh[0]", first, at_least=0)
            check_integer("since_fresh[1]", last, at_least=first + 1)
            if self.burst is not None:
                raise ValueError(
                    f"since_fresh = {self.since_fresh} and a burst: give one of the two"
                )


def run_shots(
    films: pd.DataFrame,
    shots: Sequence[Shot],
    *,
    seed: int,
    model: ExcitonModel = ExcitonModel(),  # noqa: B008 -- frozen
    n_excitons: int = 3000,
    cache_dir: str | PathLike[str] | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Diffusivities of the excitons of many films in every shot of some experiments.

    Parameters
    ----------
    films : DataFrame
        A row for each film, as for `tptools.inference.measure_films`.
    shots : sequence of Shot
        What is measured.
    seed : int
        Every film in every shot has a stream of its own.
    model : ExcitonModel, optional
        What films do not say.
    n_excitons : int, optional
        Excitons that are read in a shot, about.
    cache_dir : path, optional
        Folder in which each film is kept as soon as it is done.
    progress : bool, optional
        Show a bar over films.

    Returns
    -------
    Dataset
        ``diffusivity_cm2_s``, from the second moment at 1 ns, and ``simulation_err_cm2_s`` over
        (film, shot), the numbers of the films, and ``label`` over ``shot``.

    Raises
    ------
    ValueError
        If there is no film or no shot, or as for `tptools.inference.conditions`.

    Examples
    --------
    >>> films = pd.DataFrame([{"relaxation_time_us": 0.5, "lifetime_ns": 1.0}])
    >>> found = run_shots(films, [Shot("on", Excitation(25, 10), (0, 5))], seed=1, n_excitons=500)
    >>> found.diffusivity_cm2_s.dims
    ('film', 'shot')
    """
    check_type("films", films, pd.DataFrame, remedy="give a row for each film")
    seed = check_integer("seed", seed, at_least=0)
    check_type("model", model, ExcitonModel)
    n_excitons = check_integer("n_excitons", n_excitons, at_least=1)
    if not len(films) or not len(shots):
        raise ValueError(f"{len(films)} films and {len(shots)} shots; give at least one of each")
    run: Callable[..., FloatArray] = kept(_run_film, cache_dir)
    code = fingerprint(_run_film)
    rows = films.to_dict("records")
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:
        jobs = [pool.submit(run, row, tuple(shots), model, seed, n_excitons, code) for row in rows]
        found = np.stack([one.result() for one in Bar(jobs, disable=not progress)])
    units = {"units": "cm2/s"}
    columns = {str(name): ("film", films[name].to_numpy()) for name in films}
    return xr.Dataset(
        {
            "diffusivity_cm2_s": (("film", "shot"), found[..., 0], units),
            "simulation_err_cm2_s": (("film", "shot"), found[..., 1], units),
            **columns,
        },
        {"label": ("shot", [one.label for one in shots])},
        {"origin": "simulated", "seed": seed, "n_excitons": n_excitons},
    )


def _run_film(
    film: Mapping[str, float],
    shots: tuple[Shot, ...],
    model: ExcitonModel,
    seed: int,
    n_excitons: int,
    code: str,
) -> FloatArray:
    """Value and error of every shot; `code` tells results apart in a cache."""
    found = [_run(film, one, model, seed, n_excitons) for one in shots]
    return np.array([(one.value, one.std_err) for one in found])


def _run(
    film: Mapping[str, float], shot: Shot, rest: ExcitonModel, seed: int, n_excitons: int
) -> Estimate:
    model, laser = _wider(film, shot.laser, shot.spot_ratio, rest)
    history: tuple[PulseTrain, ...] = ()
    pulses = pulse_train(laser, 1, 0, lattice_spacing_nm=model.lattice_spacing_nm)
    per_pulse = 2 * math.pi * pulses.spot_sigma_sites**2 * pulses.excitation_density
    per_pulse *= model.illuminated_layers
    if shot.since_fresh is not None:
        first, last = shot.since_fresh
        pulses = replace(pulses, burn_in_pulses=first, n_pulses=last - first)
    elif shot.burst is not None:
        history = _before(film, shot, rest)
    else:
        steady = burn_in_pulses(model, laser)
        n_pulses = max(10, math.ceil(n_excitons / per_pulse))
        pulses = replace(pulses, burn_in_pulses=steady, n_pulses=n_pulses)
    n_trains = math.ceil(n_excitons / (per_pulse * pulses.n_pulses))
    stream = derive_seed(seed, film, shot)
    run = simulate(
        model,
        pulses,
        seed=stream,
        n_trains=min(n_trains, MOST_TRAINS),
        n_threads=1,
        recording=FOLLOWED,
        history=history,
    )
    return diffusivity(run, 1.0)


def _wider(
    film: Mapping[str, float], nominal: Excitation, ratio: float, rest: ExcitonModel
) -> tuple[ExcitonModel, Excitation]:
    """Model, and laser with a spot of another width and the same density at its centre."""
    [(model, laser)] = conditions(film, [nominal], rest)
    wider = replace(laser, power_nW=laser.power_nW * ratio**2)
    return (
        replace(model, lattice_size=LATTICE_SIZE),
        replace(wider, spot_fwhm_nm=laser.spot_fwhm_nm * ratio),
    )


def _before(film: Mapping[str, float], shot: Shot, rest: ExcitonModel) -> tuple[PulseTrain, ...]:
    """Burst, and the dark time after it."""
    if shot.burst is None or not shot.n_burst:
        return ()
    model, laser = _wider(film, shot.burst, shot.burst_ratio, rest)
    burst = pulse_train(laser, shot.n_burst, 0, lattice_spacing_nm=model.lattice_spacing_nm)
    _, usual = _wider(film, shot.burst, 1.0, rest)
    aside = shot.burst_aside * usual.spot_fwhm_nm / model.lattice_spacing_nm
    burst = replace(burst, aside_sites=round(aside))
    dark = PulseTrain(DARK, shot.delay_us, burst.spot_sigma_sites, 1, 0)
    return burst, dark
