"""Figures of the chapter on power: Figs. 2 and S3, and the alternatives on trial."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Ellipse

from tptools.companion.figures.axes import (
    colour_bar,
    draw_by_power,
    draw_displacements,
    set_broken_axis,
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

DIFFUSIVITY = "$D$ (cm²/s)"
SERIES_MARKERS = {"rate": "o", "fluence": "s", "constant power": "^", "power": "D"}


def plot_varied(
    displacements: Mapping[str, xr.Dataset], series: xr.Dataset, along: str, label: str
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

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4))
    draw_displacements(left, displacements)
    left.legend(loc="upper left", handletextpad=0.1, labelspacing=0.25)
    _draw_methods(right, series[along], series)
    right.set(xscale="log", xlabel=label, ylabel=DIFFUSIVITY)
    right.xaxis.set_major_formatter("{x:g}")
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
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
    ax.legend(loc="upper left")


def plot_constant_power(series: xr.Dataset, other: xr.Dataset) -> Figure:
    """Draw Fig. 2e: D at constant power, and that of a second film.

    Parameters
    ----------
    series, other : Dataset
        From `tptools.fitting.measure_series`; of `other` the global fit is drawn,
        shifted sideways.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.2, 3.6))
    _draw_methods(ax, series["rep_rate_MHz"], series)
    one = other.sel(estimator="global")
    look: Look = {"fmt": "s", "color": OKABE_ITO["green"], "mfc": "white", "capsize": 2}
    shifted = 1.06 * one["rep_rate_MHz"]
    ax.errorbar(shifted, one["value"], one["scatter"], label="Note 2, global", **look)
    ax.set(xscale="log", xlabel="repetition rate (MHz)", ylabel=DIFFUSIVITY, ylim=(0, 0.11))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.legend(loc="upper center", ncols=3, columnspacing=1)
    return figure


def plot_displacements(displacements: Mapping[str, xr.Dataset]) -> Figure:
    """Draw Fig. S3: displacements at constant power.

    Parameters
    ----------
    displacements : mapping of str to Dataset
        By label.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.2, 3.6))
    draw_displacements(ax, displacements)
    ax.legend(loc="upper left", handletextpad=0.1, labelspacing=0.25)
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
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6), sharey=True)
    for ax, method in zip(axes, ("slices", "global"), strict=True):
        one = series.sel(estimator=method)
        _guide(ax)
        ax.set_title(method)
        for name, marker in SERIES_MARKERS.items():
            part = one.isel(record=np.flatnonzero(one["series"] == name))
            points = draw_by_power(ax, part["power_nW"], part, marker)
        set_broken_axis(ax, 10, [0, 2, 4, 6, 8, 10, 20, 40])
        ax.set(xlabel="power (nW)", xlim=(-0.6, 50))
    axes[0].set_ylabel(DIFFUSIVITY)
    _name_series(axes[0])
    colour_bar(points, axes)
    return figure


def _guide(ax: Axes) -> None:
    """Grey oval from the lowest to the highest powers, to guide the eye as in the paper."""
    oval = Ellipse((0.45, 0.48), 1.2, 0.36, angle=37, transform=ax.transAxes, color="0.93")
    ax.add_patch(oval).set_zorder(-1)


def _name_series(ax: Axes) -> None:
    handles = [
        Line2D([], [], ls="", marker=marker, color="0.5", mec="k")
        for marker in SERIES_MARKERS.values()
    ]
    names = [f"{name} varied" if "constant" not in name else name for name in SERIES_MARKERS]
    ax.legend(handles, names, loc="upper left", handletextpad=0.1, labelspacing=0.25)


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
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.4), sharey=True)
    one = series.sel(estimator="global")
    labels = {"rep_rate_MHz": "repetition rate (MHz)", "disc_excitation_density": "⟨N⟩ of the disc"}
    for ax, (along, label) in zip(axes, labels.items(), strict=True):
        for name, marker in SERIES_MARKERS.items():
            part = one.isel(record=np.flatnonzero(one["series"] == name))
            points = draw_by_power(ax, part[along], part, marker)
        ax.set(xscale="log", xlabel=label)
        ax.xaxis.set_major_formatter("{x:g}")
    axes[0].set_ylabel(DIFFUSIVITY)
    _name_series(axes[0])
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
    figure, axes = plt.subplots(2, 3, figsize=(7.2, 5.0), sharex=True)
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
        ax.set(title=name, xscale="log", ylim=(-0.01, max(0.18, 1.15 * float(one["value"].max()))))
        ax.xaxis.set_major_formatter("{x:g}")
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
