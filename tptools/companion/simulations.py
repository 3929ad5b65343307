"""Simulations that chapters show and that are too long for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import xarray as xr

from tptools import kmc
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.randomness import derive_seed

__all__ = ["approach", "emission_exponent", "forgetting", "true_curve"]


def true_curve(
    model: kmc.ExcitonModel, lasers: Sequence[Excitation], *, seed: int, n_excitons: float
) -> xr.Dataset:
    """Relaxation curve of a film, read from the excitons themselves.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    lasers : sequence of Excitation
        Conditions.
    seed : int
        As for `tptools.kmc.film_diffusivity`.
    n_excitons : float
        In each of two trains, about.

    Returns
    -------
    Dataset
        ``value`` in cm2/s over ``laser``, with ``disc_time_between_excitations_us``.

    Examples
    --------
    ::

        true_curve(FILMS["Note 2"].hopping, CURVE_LASERS, seed=1, n_excitons=15_000)
    """
    found = [
        kmc.film_diffusivity(model, one, seed=seed, n_excitons=n_excitons, n_trains=2)
        for one in lasers
    ]
    time_us = [one.disc_time_between_excitations_us for one in lasers]
    return xr.Dataset(
        {"value": ("laser", [one.value for one in found], {"units": "cm2/s"})},
        {"disc_time_between_excitations_us": ("laser", time_us)},
    )


def forgetting(
    model: kmc.ExcitonModel,
    before: Excitation,
    after: Excitation,
    n_pulses: int,
    *,
    seed: int,
    n_trains: int = 8,
) -> xr.DataArray:
    """How a film forgets a stronger laser: modified sites above those of the steady state.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    before, after : Excitation
        A laser, in its steady state, and the weaker one that follows.
    n_pulses : int
        Pulses of the second one.
    seed : int
        Of the simulations.
    n_trains : int, optional
        Repetitions.

    Returns
    -------
    DataArray
        Over (train, time_us), tenths of the pulses, relative to the mean of the first tenth.

    Examples
    --------
    ::

        forgetting(FILMS["OLA/OA"].hopping, Excitation(6, 2.5), Excitation(1.5, 2.5), 10, seed=1)
    """
    pulses, history = kmc.pulse_train(after, n_pulses, 0), [kmc.pulse_train(before, 1)]
    steady = kmc.pulse_train(after, 40)
    rest = kmc.simulate(model, steady, seed=derive_seed(seed, "steady"), n_trains=6)
    streams = [derive_seed(seed, "train", k) for k in range(n_trains)]
    trains = [kmc.simulate(model, pulses, seed=one, history=history) for one in streams]
    sites = xr.concat([one["modified_sites"].isel(time_ns=0, train=0) for one in trains], "train")
    end = rest["modified_sites"].isel(time_ns=0).mean() / steady.n_pulses
    excess = 10 * sites / n_pulses - end
    tenths = (np.arange(10) + 0.5) * n_pulses / 10
    share = (excess / excess.isel(block=0).mean()).rename(block="time_us")
    return share.assign_coords(time_us=(tenths - 0.5) * pulses.period_us)


def approach(
    model: kmc.ExcitonModel,
    excitation_density: float,
    period_us: float,
    *,
    seed: int,
    n_trains: int = 6,
) -> tuple[xr.Dataset, Estimate]:
    """How a fresh lattice approaches its steady state.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    excitation_density, period_us : float
        Of the pulses.
    seed : int
        Of the simulations.
    n_trains : int, optional
        Repetitions.

    Returns
    -------
    Dataset
        ``relative`` and ``relative_err`` over ``pulse``: D in blocks of a hundred pulses, over its
        steady value.
    Estimate
        The same over all thousand pulses.

    Examples
    --------
    ::

        approach(ExcitonModel(), 0.02, 0.05, seed=1)
    """
    short = kmc.Recording(until_ns=1)
    fresh = kmc.PulseTrain(excitation_density, period_us, burn_in_pulses=0)
    sums = ["exciton_count", "r2_sum_nm2", "initial_r2_sum_nm2"]
    streams = [derive_seed(seed, "fresh", period_us, k) for k in range(n_trains)]
    trains = [kmc.simulate(model, fresh, seed=one, recording=short)[sums] for one in streams]
    run = xr.concat(trains, "train")
    burnt = kmc.PulseTrain(excitation_density, period_us)
    steady = kmc.film_diffusivity(model, burnt, seed=seed, n_trains=n_trains)
    blocks = [run.isel(block=k, drop=True) for k in range(run.sizes["block"])]
    ratios = [kmc.diffusivity(one) / steady for one in blocks]
    found = xr.Dataset(
        {
            "relative": ("pulse", [one.value for one in ratios]),
            "relative_err": ("pulse", [one.std_err for one in ratios]),
        },
        {"pulse": fresh.n_pulses / len(blocks) * (np.arange(len(blocks)) + 0.5)},
    )
    return found, kmc.diffusivity(run.sum("block")) / steady


def emission_exponent(
    model: Callable[[Excitation], kmc.ExcitonModel],
    faint: Excitation,
    bright: Excitation,
    *,
    seed: int,
) -> float:
    """Exponent of the light against power between two lasers; excitons that annihilate give none.

    Parameters
    ----------
    model : callable
        From a laser to the film that it meets.
    faint, bright : Excitation
        The lasers.
    seed : int
        Of the simulations.

    Returns
    -------
    float

    Examples
    --------
    ::

        faint, bright = Excitation(0.5, 5), Excitation(25, 5)
        emission_exponent(ALTERNATIVES["annihilation"], faint, bright, seed=1)
    """
    kept = []
    for laser in (faint, bright):
        pulses = kmc.pulse_train(laser, n_excitons=5000, burn_in_pulses=0)
        stream = derive_seed(seed, "emission", laser)
        recording = kmc.Recording(until_ns=1)
        run = kmc.simulate(model(laser), pulses, seed=stream, n_trains=2, recording=recording)
        kept.append(float(run["emission_count"].sum() / run["created_count"].sum()))
    return float(1 + np.log(kept[1] / kept[0]) / np.log(bright.power_nW / faint.power_nW))
