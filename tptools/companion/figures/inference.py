"""Figures of the chapter on inference: which films are allowed, and what would tell them apart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from tptools.arrays import FloatArray
from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, LOOKS, set_letters, set_log
from tptools.companion.paper import REPORTED
from tptools.plotting import Look

__all__ = [
    "plot_allowed_films",
    "plot_decisions",
    "plot_memories",
    "plot_ridge",
]

TIME = "time between excitations, by the disc (µs)"
MEMORY = "memory (µs)"
AXIS = "disc_time_between_excitations_us"


def _symbols(text: object) -> str:
    """A label with its q in italics."""
    return re.sub(r"\bq\b", "$q$", str(text))


def _density(times_us: FloatArray, at_us: FloatArray, width: float = 0.15) -> FloatArray:
    """Density per decade, smoothed by a Gaussian of some decades."""
    apart = (np.log10(at_us)[:, None] - np.log10(times_us)) / width
    return np.exp(-(apart**2) / 2).mean(1) / (width * np.sqrt(2 * np.pi))


def plot_memories(memories: Mapping[str, Mapping[str, Mapping[str, FloatArray]]]) -> Figure:
    """Draw how the memories of allowed films are distributed.

    Parameters
    ----------
    memories : mapping of mapping of mapping of str to ndarray
        Memories in us of films of equal weight, by row, by column and by line; a row has the same
        lines in every column.

    Returns
    -------
    Figure
    """
    columns = list(next(iter(memories.values())))
    figure, axes = plt.subplots(
        len(memories), len(columns), figsize=(6.6, 5.2), sharex=True, sharey=True
    )
    at_us = np.geomspace(0.05, 100, 200)
    for row, panels in zip(axes, memories.values(), strict=True):
        for ax, lines in zip(row, panels.values(), strict=True):
            for (label, times), (colour, _) in zip(lines.items(), LOOKS, strict=False):
                ax.plot(at_us, _density(np.asarray(times), at_us), color=colour, label=label)
            ax.axvline(REPORTED["s2-tau-relax"].value, ls=":", **GUIDE)
            set_log(ax)
        row[0].set_ylabel("probability per decade")
        row[-1].legend(loc="upper right")
    for ax, title in zip(axes[0], columns, strict=True):
        ax.set_title(_symbols(title))
    for ax in axes[-1]:
        ax.set_xlabel(MEMORY)
    axes[0, 0].set_ylim(0, None)
    set_letters(axes.flat)
    return figure


def plot_ridge(films: pd.DataFrame) -> Figure:
    """Draw the ridge on which allowed films lie.

    Parameters
    ----------
    films : DataFrame
        ``relaxation_time_us``, ``modification_probability``, ``hop_rate_ground_per_ps`` and
        ``visits``, the nanocrystals that an exciton at rest visits.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.3))
    style: Look = {"s": 12, "linewidths": 0, "alpha": 0.7, "cmap": "viridis"}
    memory, q = films["relaxation_time_us"], films["modification_probability"]
    points = left.scatter(memory, q, c=np.log10(films["hop_rate_ground_per_ps"]), **style)
    left.set(xlabel=MEMORY, ylabel="chance $q$ that a visit modifies")
    right.scatter(memory, q * films["visits"], c=np.log10(films["hop_rate_ground_per_ps"]), **style)
    right.set(xlabel=MEMORY, ylabel="modified per exciton, $q$ × visits")
    for ax in (left, right):
        set_log(ax, "xy")
    set_letters((left, right))
    ticks = np.log10([0.002, 0.005, 0.01, 0.02, 0.05])
    bar = figure.colorbar(points, ax=(left, right), label="ground hop rate (1/ps)", ticks=ticks)
    bar.ax.set_yticklabels([f"{10**tick:.1g}" for tick in ticks])
    return figure


def plot_allowed_films(curves: xr.DataArray, allowed: xr.DataArray) -> Figure:
    """Draw films that the paper's numbers allow: D against T, and D at constant power.

    Parameters
    ----------
    curves : DataArray
        Diffusivities in cm2/s over (film, laser), with the name of each ``film``, and with
        ``power_nW``, ``rep_rate_MHz`` and ``disc_time_between_excitations_us``.
    allowed : DataArray
        The same of many films, over ``laser`` and any other dimensions; bands are drawn of them.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.8), width_ratios=(1.4, 1))
    usual = (curves["rep_rate_MHz"] == 2.5).to_numpy()
    at_5nW = (curves["power_nW"] == 5).to_numpy()
    parts = ((left, usual, AXIS), (right, at_5nW, "rep_rate_MHz"))
    others = [one for one in allowed.dims if one != "laser"]
    for ax, part, along in parts:
        x = curves[along].to_numpy()[part]
        order = np.argsort(x)
        low, high = allowed[{"laser": part}].quantile((0.05, 0.95), others).to_numpy()
        ax.fill_between(x[order], low[order], high[order], color="0.9", lw=0)
        for name, (colour, marker) in zip(curves["film"].to_numpy(), LOOKS, strict=False):
            value = curves.sel(film=name).to_numpy()[part]
            ax.plot(x[order], value[order], color=colour, marker=marker, ms=4, label=_symbols(name))
    printed = ("main-D-inf", "main-D-enhanced", "main-tau-relax")
    limit, highest, tau_us = (REPORTED[name].value for name in printed)
    first, last = (float(end) for end in np.sort(curves[AXIS])[[0, -1]])
    time_us = np.geomspace(first, last, 200)
    amplitude = (highest - limit) / np.exp(-first / tau_us)
    curve = limit + amplitude * np.exp(-time_us / tau_us)
    left.plot(time_us, curve, color="k", ls="--", lw=1, label="numbers as printed")
    left.set(xlabel=TIME, ylabel=DIFFUSIVITY, ylim=(2e-3, 0.25))
    right.set(xlabel="repetition rate at 5 nW (MHz)", ylim=(2e-3, 0.25))
    for ax in (left, right):
        set_log(ax, "xy")
    set_letters((left, right))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def plot_decisions(
    outcomes: xr.Dataset, chosen: Mapping[str, int], experiments: Sequence[str]
) -> Figure:
    """Draw what films would read in experiments.

    Parameters
    ----------
    outcomes : Dataset
        ``diffusivity_cm2_s`` over (film, shot) and ``std_err_cm2_s`` over ``shot``, with
        ``experiment`` and ``label`` of every shot.
    chosen : mapping of str to int
        Films with a line of their own, by label.
    experiments : sequence of str
        Which, in order.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(experiments), figsize=(6.6, 3.6), sharey=True)
    for ax, name in zip(axes, experiments, strict=True):
        shots = outcomes.isel(shot=outcomes["experiment"].to_numpy() == name)
        place = np.arange(shots.sizes["shot"])
        ax.plot(place, shots["diffusivity_cm2_s"].T, color="0.85", lw=0.6, zorder=0)
        for (label, film), (colour, marker) in zip(chosen.items(), LOOKS, strict=False):
            one = shots["diffusivity_cm2_s"].isel(film=film)
            style: Look = {"color": colour, "marker": marker, "ms": 5, "capsize": 2}
            ax.errorbar(place, one, shots["std_err_cm2_s"], label=_symbols(label), **style)
        ax.set_xticks(place, shots["label"].to_numpy(), rotation=60, ha="right", fontsize=9)
        ax.set_title(fill(name, 14), fontsize=10)
    axes[0].set(ylabel="$D$ of the excitons (cm²/s)", ylim=(0, None))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure
