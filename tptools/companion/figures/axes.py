"""Axes that several chapters share: powers on the paper's scale, displacements, coloured points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm

from tptools.arrays import FloatArray
from tptools.plotting import Look, colours

__all__ = [
    "POWER_NORM",
    "colour_bar",
    "draw_by_power",
    "draw_displacements",
    "set_broken_axis",
]

POWER_NORM = LogNorm(0.4, 50)
"""Colour scale of nominal power in nW, the same in all figures."""


def set_broken_axis(ax: Axes, turn: float, ticks: list[float]) -> None:
    """Make the x axis linear up to ``turn`` and logarithmic beyond, with no kink between.

    Parameters
    ----------
    ax : Axes
        Where.
    turn : float
        End of the linear part.
    ticks : list of float
        Values with a label.
    """

    def forward(value: FloatArray) -> FloatArray:
        value = np.asarray(value, float)
        beyond = 1 + np.log(np.maximum(value, turn) / turn)
        return np.where(value <= turn, value / turn, beyond)

    def back(place: FloatArray) -> FloatArray:
        place = np.asarray(place, float)
        return np.where(place <= 1, place * turn, turn * np.exp(np.minimum(place, 50) - 1))

    ax.set_xscale("function", functions=(forward, back))
    ax.axvline(turn, color="0.85", lw=0.8, zorder=0)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)


def draw_by_power(
    ax: Axes, x: xr.DataArray, series: xr.Dataset, marker: str = "o", **look: Any
) -> PathCollection:
    """Draw diffusivities with error bars, coloured by power.

    Parameters
    ----------
    ax : Axes
        Where.
    x : DataArray
        Over ``record``.
    series : Dataset
        ``value`` and ``scatter`` in cm2/s over ``record``, with ``power_nW``.
    marker : str, optional
        Of the points.
    **look
        Further settings of the points.

    Returns
    -------
    PathCollection
        The points, for a colour bar.
    """
    bars: Look = {"fmt": "none", "ecolor": "0.6", "elinewidth": 1, "capsize": 2, "zorder": 1}
    ax.errorbar(x, series["value"], series["scatter"], **bars)
    style: Look = {
        "cmap": "viridis",
        "norm": POWER_NORM,
        "edgecolor": "k",
        "linewidth": 0.5,
        "s": 34,
    }
    return ax.scatter(x, series["value"], c=series["power_nW"], marker=marker, **(style | look))


def draw_displacements(
    ax: Axes, displacements: Mapping[str, xr.Dataset], ramp: str | None = "viridis"
) -> None:
    """Draw mean square displacements, averaged over 0.4 ns, with the line that measures D.

    Parameters
    ----------
    ax : Axes
        Where.
    displacements : mapping of str to Dataset
        By label: from `tptools.fitting.variance_growth`.
    ramp : str, optional
        Colour map of the series; None takes the colours of separate things.
    """
    per_point = 12
    for (label, one), colour in zip(
        displacements.items(), colours(displacements, ramp).values(), strict=True
    ):
        msd = one["growth_nm2"].coarsen(time_ns=per_point, boundary="trim")
        mean, error = msd.mean() * 1e-3, msd.std() * 1e-3 / np.sqrt(per_point)
        look: Look = {"fmt": "o", "ms": 4, "color": colour, "capsize": 2, "elinewidth": 1}
        ax.errorbar(mean["time_ns"], mean, error, label=label, **look)
    ax.axvline(3, color="0.6", ls=":", lw=1)
    ax.axhline(0, color="0.85", lw=0.8, zorder=0)
    ax.set(xlabel="time (ns)", ylabel="MSD (10³ nm²)", xlim=(0, None))


def colour_bar(points: PathCollection, axes: Axes | Iterable[Axes]) -> None:
    """Add the scale of powers beside axes.

    Parameters
    ----------
    points : PathCollection
        From `draw_by_power`.
    axes : Axes, or array of them
        Beside which.
    """
    ticks = [0.5, 1, 2.5, 5, 10, 25]
    bar = points.figure.colorbar(points, ax=axes, label="power (nW)", ticks=ticks)
    bar.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
    bar.ax.minorticks_off()
