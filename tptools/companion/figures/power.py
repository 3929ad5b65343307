"""Figures of the chapter on power: Figs. 2 and S3, and the alternatives on trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tptools.companion.figures.axes import (
    DIFFUSIVITY,
    GUIDE,
    colour_bar,
    draw_by_power,
    draw_displacements,
    set_broken_axis,
    set_letters,
    set_log,
)
from tptools.plotting import OKABE_ITO, Look

__all__ = [
    "plot_against_power",
    "plot_constant_power",
    "plot_displacements",
    "plot_rate_and_density",
    "plot_trials",
    "plot_varied",
]

SERIES_MARKERS = {"rate": "o", "fluence": "s", "constant power": "^", "power": "D"}


def plot_varied(
    displacements: Mapping[str, xr.Dataset],
    series: xr.Dataset,
    along: str,
    label: str,
    letters: str = "ab",
) -> Figure:
    """Draw Fig. 2a and 2b, or 2c and 2d: displacements, and D against what is varied.

    Parameters
    ----------
    displacements : mapping of str to Dataset
        Some of the records, by label.
    series : Dataset
        From `tptools.fitting.measure_series`.
    along, label : str
        Coordinate that was varied, and the label of its axis.
    letters : str, optional
        Of the two panels.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.4))
    draw_displacements(left, displacements)
    left.legend(loc="upper left", handletextpad=0.1, labelspacing=0.25)
    _draw_methods(right, series[along], series)
    right.set(xlabel=label, ylabel=DIFFUSIVITY)
    set_log(right)
    set_letters((left, right), letters)
    return figure


def _draw_methods(ax: Axes, x: xr.DataArray, series: xr.Dataset) -> None:
    """D by slices, filled, and by the global fit, open."""
    looks: dict[str, Look] = {
        "slices": {"fmt": "o", "color": OKABE_ITO["blue"]},
        "global": {"fmt": "D", "color": OKABE_ITO["vermillion"], "mfc": "white"},
    }
    for method, look in looks.items():
        one = series.sel(estimator=method)
        ax.errorbar(x, one["value"], one["scatter"], label=method, capsize=2, ms=5, **look)
    ax.axhline(0, **GUIDE)
    ax.legend(loc="upper left")


def plot_constant_power(
    films: Mapping[str, xr.Dataset], without_noise: Mapping[str, xr.Dataset]
) -> Figure:
    """Draw Fig. 2e: D at constant power, a panel for each film.

    Parameters
    ----------
    films : mapping of str to Dataset
        By name: from `tptools.fitting.measure_series`.
    without_noise : mapping of str to Dataset
        The same films by slices without photon noise: ``diffusivity_cm2_s`` with
        ``rep_rate_MHz``.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(films), figsize=(6.6, 3.6), sharex=True, sharey=True)
    for ax, (name, series) in zip(axes, films.items(), strict=True):
        expected = without_noise[name]
        line: Look = {"color": OKABE_ITO["blue"], "lw": 1, "label": "slices, no noise"}
        ax.plot(expected["rep_rate_MHz"], expected["diffusivity_cm2_s"], "_-", ms=9, **line)
        _draw_methods(ax, series["rep_rate_MHz"], series)
        ax.get_legend().remove()
        ax.set(xlabel="repetition rate (MHz)", title=name)
    set_log(axes[0])
    axes[0].set(ylabel=DIFFUSIVITY, ylim=(0, None))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def plot_displacements(films: Mapping[str, Mapping[str, xr.Dataset]]) -> Figure:
    """Draw Fig. S3: displacements at constant power, a panel for each film.

    Parameters
    ----------
    films : mapping of str to mapping of str to Dataset
        By name of the film, then by label; all labels are those of the first.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(films), figsize=(6.6, 3.6), sharey=True)
    for ax, (name, displacements) in zip(axes, films.items(), strict=True):
        draw_displacements(ax, displacements, list(next(iter(films.values()))))
        ax.set_title(name)
        ax.label_outer()
    axes[0].legend(loc="upper left", handletextpad=0.1, labelspacing=0.25)
    return figure


def plot_against_power(series: xr.Dataset) -> Figure:
    """Draw Fig. 2f: D of all conditions against power.

    Parameters
    ----------
    series : Dataset
        Over (estimator, record), with a coordinate ``series``.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.6), sharey=True)
    for ax, method in zip(axes, ("slices", "global"), strict=True):
        one = series.sel(estimator=method)
        ax.axhline(0, **GUIDE)
        ax.set_title(method)
        for name, marker in SERIES_MARKERS.items():
            part = one.isel(record=np.flatnonzero(one["series"] == name))
            points = draw_by_power(ax, part["power_nW"], part, marker, _shift_pt(name))
        set_broken_axis(ax, 10, [0, 2, 4, 6, 8, 10, 20, 40])
        ax.set(xlabel="power (nW)", xlim=(-0.6, 50))
    axes[0].set_ylabel(DIFFUSIVITY)
    _name_series(axes[0], loc="lower right")
    colour_bar(points, axes)
    return figure


def _shift_pt(name: str) -> float:
    """How far a series is drawn sideways, so that columns of points can be read."""
    return 4.0 * ([*SERIES_MARKERS].index(name) - (len(SERIES_MARKERS) - 1) / 2)


def _name_series(ax: Axes, **place: Any) -> None:
    handles = [
        Line2D([], [], ls="", marker=marker, color="0.5", mec="k")
        for marker in SERIES_MARKERS.values()
    ]
    names = [f"{name} varied" if "constant" not in name else name for name in SERIES_MARKERS]
    spacing: Look = {"handletextpad": 0.1, "labelspacing": 0.25}
    ax.legend(handles, names, **place, **spacing)


def plot_rate_and_density(series: xr.Dataset) -> Figure:
    """Draw Fig. 2g and 2h: D of all conditions against repetition rate and <N>.

    Parameters
    ----------
    series : Dataset
        As for `plot_against_power`; the global fit is drawn.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 2, figsize=(6.6, 3.4), sharey=True)
    one = series.sel(estimator="global")
    labels = {"rep_rate_MHz": "repetition rate (MHz)", "disc_excitation_density": "⟨N⟩ of the disc"}
    for ax, (along, label) in zip(axes, labels.items(), strict=True):
        for name, marker in SERIES_MARKERS.items():
            part = one.isel(record=np.flatnonzero(one["series"] == name))
            points = draw_by_power(ax, part[along], part, marker, _shift_pt(name))
        ax.set(xlabel=label)
        set_log(ax)
    set_letters(axes, "gh")
    axes[0].set_ylabel(DIFFUSIVITY)
    _name_series(axes[0], loc="upper left")
    colour_bar(points, axes)
    return figure


def plot_trials(trials: Mapping[str, xr.Dataset]) -> Figure:
    """Draw D against power for films with and without a memory.

    Parameters
    ----------
    trials : mapping of str to Dataset
        By name of the film: as for `plot_against_power`; the global fit is drawn.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(2, 3, figsize=(6.6, 5.0), sharex=True)
    looks = dict(zip(SERIES_MARKERS, OKABE_ITO.values(), strict=False))
    for ax, (name, trial) in zip(axes.flat, trials.items(), strict=False):
        one = trial.sel(estimator="global")
        for series, colour in looks.items():
            part = one.isel(record=np.flatnonzero(one["series"] == series)).sortby("power_nW")
            if part.sizes["record"]:
                style = {"marker": SERIES_MARKERS[series], "color": colour, "ms": 5, "capsize": 2}
                joined = "" if series == "constant power" else "-"
                x, y, e = part["power_nW"], part["value"], part["scatter"]
                ax.errorbar(x, y, e, ls=joined, lw=0.8, label=series, **style)
        ax.axhline(0, **GUIDE)
        ax.set(title=name, ylim=(-0.01, max(0.18, 1.15 * float(one["value"].max()))))
    set_log(axes[0, 0], room=20)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    for ax in axes.flat[len(trials) :]:
        ax.axis("off")
    axes.flat[-1].legend(handles, labels, title="varied", loc="center")
    for ax in (*axes[1], axes[0, 2]):
        ax.set_xlabel("power (nW)")
        ax.tick_params(labelbottom=True)
    for ax in axes[:, 0]:
        ax.set_ylabel(DIFFUSIVITY)
    return figure
