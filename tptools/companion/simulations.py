"""Simulations that chapters show and that are too long for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from tptools import fitting, kmc
from tptools.arrays import FloatArray
from tptools.companion import datasets
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.film import FILMS
from tptools.inference import measure_curve
from tptools.instruments import Microscope, Timer
from tptools.randomness import derive_seed

__all__ = [
    "EARLIER",
    "approach",
    "approaches",
    "emission_exponent",
    "forgetting",
    "isolated",
    "isolated_diffusivity",
    "light_and_spot",
    "own_diffusivity",
    "share_alive",
    "sites_per_exciton",
    "slices_over_excitons",
    "third_nanosecond",
    "true_curve",
]

_LIFE_NS, _WINDOW_NS = 50.0, 5.0
_SEEN_THROUGH = Microscope(timer=Timer(window_end_ns=_WINDOW_NS))

EARLIER = replace(
    FILMS["OLA/OA"].hopping,
    hop_rate_ground_per_ps=0.0291,
    hop_rate_modified_per_ps=0.209,
    relaxation_time_us=0.235,
)
"""A film that an earlier calibration found under lasers with the light of Note 6's disc."""


@cache
def own_diffusivity(model: kmc.ExcitonModel, light: Excitation | kmc.PulseTrain) -> Estimate:
    """Diffusivity of a film's excitons under a light, as the book quotes it.

    It is `tptools.kmc.film_diffusivity` with one seed and one number of excitons for all pages, so
    that the same film under the same light has the same diffusivity wherever it stands.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    light : Excitation or PulseTrain
        Laser in its steady state, or pulses.

    Returns
    -------
    Estimate
        In cm2/s, from the second moment after 1 ns.

    Examples
    --------
    ::

        own_diffusivity(FILMS["OLA/OA"].hopping, Excitation(10, 2.5))
    """
    return kmc.film_diffusivity(model, light, seed=1, n_excitons=3000, n_trains=8)


def isolated(laser: Excitation, n_excitons: float = 10_000) -> kmc.PulseTrain:
    """Pulses of a laser, each on a film that has forgotten all others.

    Parameters
    ----------
    laser : Excitation
        Its pulses.
    n_excitons : float, optional
        In all pulses, about.

    Returns
    -------
    PulseTrain

    Examples
    --------
    >>> isolated(Excitation(1, 2.5)).period_us
    inf
    """
    return replace(kmc.pulse_train(laser, n_excitons=n_excitons), period_us=np.inf, laser=None)


def isolated_diffusivity(reading: str = "second_moment") -> Estimate:
    """Diffusivity of Note 2's model where pulses are isolated, in its spot of 250 nm at <N> = 0.02.

    Parameters
    ----------
    reading : str, optional
        Estimator, as for `tptools.kmc.diffusivity`.

    Returns
    -------
    Estimate
        In cm2/s, from the file behind Fig. 4e.

    Examples
    --------
    >>> isolated_diffusivity().value < 0.001
    True
    """
    stored = datasets.load("simulated_collapse").sel(estimator=reading)
    rare = stored.isel(condition=stored["protocol"].values == "isolated")
    middle = int(abs(rare["excitation_density"] - 0.02).argmin("condition"))
    return fitting.estimates(rare, unit="cm2/s")[middle]


@cache
def share_alive(model: kmc.ExcitonModel) -> xr.Dataset:
    """Excitons that are still in a film some time after an isolated pulse.

    Parameters
    ----------
    model : ExcitonModel
        The film; its pulse has <N> = 0.02 in the spot of Note 2.

    Returns
    -------
    Dataset
        ``value`` and ``std_err`` over ``time_ns``, up to 25 ns, one period at 40 MHz.

    Examples
    --------
    ::

        share_alive(FILMS["Note 2"].hopping).sel(time_ns=25)
    """
    pulses = kmc.PulseTrain(0.02, np.inf, n_pulses=600)
    recording = kmc.Recording(until_ns=25, follow_ns=25)
    run = kmc.simulate(model, pulses, seed=1, n_trains=6, recording=recording)
    alive = run["exciton_count"] / run["created_count"]
    error = alive.std("train", ddof=1) / np.sqrt(alive.sizes["train"])
    return xr.Dataset({"value": alive.mean("train"), "std_err": error})


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
    blocks = [run.isel(block=k) for k in range(run.sizes["block"])]
    ratios = [kmc.diffusivity(one) / steady for one in blocks]
    found = xr.Dataset(
        {
            "relative": ("pulse", [one.value for one in ratios]),
            "relative_err": ("pulse", [one.std_err for one in ratios]),
        },
        {"pulse": fresh.n_pulses / len(blocks) * (np.arange(len(blocks)) + 0.5)},
    )
    return found, kmc.diffusivity(run.sum("block")) / steady


def approaches(
    films: Mapping[str, kmc.ExcitonModel],
    excitation_density: float,
    periods_us: Sequence[float],
    *,
    seed: int,
    n_trains: int = 6,
) -> xr.Dataset:
    """How a fresh lattice approaches its steady state, at several periods (`approach`).

    Parameters
    ----------
    films : mapping of str to ExcitonModel
        One film.
    excitation_density : float
        Of the pulses.
    periods_us : sequence of float
        Of the pulses.
    seed, n_trains : int
        As for `approach`.

    Returns
    -------
    Dataset
        Over ``period_us``: what `approach` gives over ``pulse``, and ``whole`` and ``whole_err``,
        the same over all thousand pulses.

    Examples
    --------
    ::

        approaches({"Note 2": ExcitonModel()}, 0.02, (0.05, 0.1), seed=1)
    """
    (model,) = films.values()
    found = [
        approach(model, excitation_density, one, seed=seed, n_trains=n_trains) for one in periods_us
    ]
    blocks = xr.concat([block for block, _ in found], pd.Index(periods_us, name="period_us"))
    return blocks.assign(
        whole=("period_us", [whole.value for _, whole in found]),
        whole_err=("period_us", [whole.std_err for _, whole in found]),
    )


def light_and_spot(
    films: Mapping[str, kmc.ExcitonModel], lasers: Sequence[Excitation], *, seed: int
) -> xr.Dataset:
    """Relaxation curves that differ in what of the experiment a simulation has.

    Four are of Note 2's film: ``250 nm spot`` is Note 2's model as it stands, ``500 nm spot`` has
    the spot of the experiment, ``with traps`` the film's traps too, all three by the excitons'
    second moments; ``slices, microscope`` is what the microscope sees of the last. The others
    (``paper's light``) are what it sees of two films under lasers with as many photons at the
    centre as Note 6's disc has.

    Parameters
    ----------
    films : mapping of str to ExcitonModel
        Two of Note 2, ``Note 2 without traps`` and ``Note 2``; all others for the paper's light.
    lasers : sequence of Excitation
        Conditions.
    seed : int
        Of the simulations.

    Returns
    -------
    Dataset
        ``diffusivity_cm2_s`` over (curve, laser), with ``disc_time_between_excitations_us``.

    Examples
    --------
    ::

        light_and_spot(RECIPES["curves_of_note_2"].films, CURVE_LASERS[:2], seed=1)
    """
    met = dict(films)
    plain, note_2 = met.pop("Note 2 without traps"), met.pop("Note 2")
    found = {}
    for name, (film, width_nm) in {
        "250 nm spot": (plain, 250.0),
        "500 nm spot": (plain, 500.0),
        "with traps": (note_2, 500.0),
    }.items():
        spots = [_in_a_spot(one, width_nm) for one in lasers]
        curve = true_curve(film, spots, seed=seed, n_excitons=15_000)
        found[name] = curve.rename(value="diffusivity_cm2_s")
    found["slices, microscope"] = measure_curve(note_2, lasers, seed=seed, n_excitons=40_000)
    bright = [replace(one, convention="paper") for one in lasers]
    for name, film in met.items():
        curve = measure_curve(film, bright, seed=seed, n_excitons=20_000)
        found[f"paper's light, {name}"] = curve
    axis = "disc_time_between_excitations_us"
    curves = [
        one[["diffusivity_cm2_s"]].reset_coords()[["diffusivity_cm2_s", axis]]
        for one in found.values()
    ]
    return xr.concat(curves, pd.Index(found, name="curve")).set_coords(axis)


def _in_a_spot(laser: Excitation, width_nm: float) -> Excitation:
    """A laser with the excitation density of another one in a spot of this width."""
    return Excitation.from_excitation_density(
        laser.excitation_density, laser.rep_rate_MHz, "peak", spot_fwhm_nm=width_nm
    )


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
        run = kmc.simulate(model(laser), pulses, seed=stream, n_trains=2)
        kept.append(float(run["emission_count"].sum() / run["created_count"].sum()))
    return float(1 + np.log(kept[1] / kept[0]) / np.log(bright.power_nW / faint.power_nW))


def sites_per_exciton(
    model: kmc.ExcitonModel, laser: Excitation, *, seed: int, n_trains: int = 4
) -> Estimate:
    """Nanocrystals that an exciton visits in its life, those that others of its pulse visit once.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    laser : Excitation
        In its steady state.
    seed : int
        Of the simulations.
    n_trains : int, optional
        Repetitions; the error comes from their scatter.

    Returns
    -------
    Estimate
        Distinct nanocrystals that the excitons of a pulse visit within 50 ns, over the number of
        these excitons.

    Examples
    --------
    ::

        sites_per_exciton(FILMS["OLA/OA"].hopping, Excitation(1, 2.5), seed=1)
    """
    pulses = kmc.pulse_train(laser, n_excitons=1000)
    recording = kmc.Recording(until_ns=_LIFE_NS, interval_ps=round(1e3 * _LIFE_NS))
    run = kmc.simulate(model, pulses, seed=seed, n_trains=n_trains, recording=recording)
    each = run["visited_sites"].isel(time_ns=-1) / run["created_count"]
    return _over_trains(each.to_numpy(), "visited sites")


def third_nanosecond(
    model: kmc.ExcitonModel,
    laser: Excitation,
    *,
    seed: int,
    n_excitons: float = 12_000,
    n_trains: int = 8,
) -> Estimate:
    """What the third nanosecond adds to the width over what the first adds, by slices.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    laser : Excitation
        In its steady state.
    seed : int
        Of the simulations.
    n_excitons : float, optional
        In each train, about.
    n_trains : int, optional
        Repetitions; the error comes from their scatter.

    Returns
    -------
    Estimate
        One where the displacement is straight, as the microscope sees it with endless light.

    Examples
    --------
    ::

        third_nanosecond(ExcitonModel(), Excitation(10, 2.5), seed=1)
    """
    ratios = []
    for train in _seen(model, laser, seed, n_excitons, n_trains):
        growth = fitting.variance_growth(_SEEN_THROUGH.expected(train).counts)["growth_nm2"]
        # widths of single bins scatter with the simulated excitons
        near = [growth.sel(time_ns=slice(t - 0.15, t + 0.15)).mean() for t in (0.05, 1, 2, 3)]
        ratios.append(float((near[3] - near[2]) / (near[1] - near[0])))
    return _over_trains(np.array(ratios), "slices, no photon noise")


def slices_over_excitons(
    model: kmc.ExcitonModel,
    laser: Excitation,
    *,
    seed: int,
    n_excitons: float = 12_000,
    n_trains: int = 6,
) -> Estimate:
    """Diffusivity by slices with endless light over the excitons' own, in the same trains.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    laser : Excitation
        In its steady state.
    seed : int
        Of the simulations.
    n_excitons : float, optional
        In each train, about.
    n_trains : int, optional
        Repetitions; the error comes from their scatter.

    Returns
    -------
    Estimate
        One where the profiles are and stay Gaussian.

    Examples
    --------
    ::

        slices_over_excitons(FILMS["Note 2"].hopping, Excitation(10, 2.5), seed=1)
    """
    ratios = [
        fitting.diffusivity(_SEEN_THROUGH.expected(train).counts, goodness=False).value
        / kmc.diffusivity(train).value
        for train in _seen(model, laser, seed, n_excitons, n_trains)
    ]
    return _over_trains(np.array(ratios), "slices over second moment, no photon noise")


def _seen(
    model: kmc.ExcitonModel, laser: Excitation, seed: int, n_excitons: float, n_trains: int
) -> list[xr.Dataset]:
    """Trains in the steady state, one by one, for as long as the microscope looks."""
    spacing_nm = model.lattice_spacing_nm
    pulses = kmc.pulse_train(laser, n_excitons=n_excitons, lattice_spacing_nm=spacing_nm)
    recording = kmc.Recording(until_ns=_WINDOW_NS)
    runs = kmc.simulate(model, pulses, seed=seed, n_trains=n_trains, recording=recording)
    return [runs.isel(train=[k]) for k in range(n_trains)]


def _over_trains(values: FloatArray, method: str) -> Estimate:
    """Mean of independent trains with its standard error."""
    error = float(values.std(ddof=1) / np.sqrt(values.size))
    return Estimate(float(values.mean()), error, "", method)
