"""What figures share: scales, letters of panels, displacements, points coloured by power."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import LogNorm
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import ScaledTranslation

from tptools.arrays import FloatArray
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = [
    "DIFFUSIVITY",
    "GUIDE",
    "LOOKS",
    "MARKERS",
    "POWER_NORM",
    "colour_bar",
    "draw_by_power",
    "draw_displacements",
    "set_broken_axis",
    "set_letters",
    "set_log",
]

DIFFUSIVITY = "$D$ (cm²/s)"
"""Label of the axis of most figures, for matplotlib to typeset.

:meta hide-value:
"""

GUIDE: Look = {"color": "0.75", "lw": 0.9, "zorder": 0}
"""Look of lines that guide the eye: at zero, at one, where a fit ends. No figure has a grid."""

MARKERS = "os^Dv"
"""Shapes of points, in the order in which separate series take them."""

LOOKS = tuple(zip(OKABE_ITO.values(), MARKERS, strict=False))
"""Colours and shapes of separate series, in that order."""

POWER_NORM = LogNorm(0.4, 50)
"""Colour scale of nominal power in nW, the same in all figures."""


def set_log(ax: Axes, names: str = "x", room: int = 28) -> None:
    """Make axes logarithmic, with plain numbers at 1, 2 and 5, or at powers of ten alone.

    Parameters
    ----------
    ax : Axes
        With all its data, whose range decides.
    names : {"x", "y", "xy"}, optional
        Which axes.
    room : int, optional
        How many characters the x axis has room for.
    """
    steps = (1.0, 2.0, 5.0)
    for name in names:
        ax.set(**{f"{name}scale": "log"})
        low, high = np.log10(ax.get_xlim() if name == "x" else ax.get_ylim())
        ticks = [
            f"{step * 10.0**power:g}"
            for power in range(int(low) - 1, int(high) + 1)
            for step in steps
            if low <= power + np.log10(step) <= high
        ]
        plain = low > -3.5 and high < 4
        length = sum(2 + len(tick) for tick in ticks)
        dense = plain and (length <= room if name == "x" else len(ticks) < 10)
        axis = ax.xaxis if name == "x" else ax.yaxis
        axis.set_major_locator(LogLocator(subs=steps if dense else (1.0,)))
        axis.set_minor_locator(LogLocator(subs=range(2, 10), numticks=99))
        if plain:
            axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())


def set_letters(axes: Iterable[Axes], letters: str = "abcdefghi") -> None:
    """Put the letters of panels above them, on the left.

    Parameters
    ----------
    axes : iterable of Axes
        Panels, in order.
    letters : str, optional
        Theirs, in order; more than there are panels do no harm.
    """
    for ax, letter in zip(axes, letters, strict=False):
        ax.set_title(letter, loc="left", weight="bold")


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
        """Place of a value: linear up to the turn, logarithmic beyond."""
        value = np.asarray(value, float)
        # each term stands still on the other side of the turn
        return np.minimum(value, turn) / turn + np.log(np.maximum(value, turn) / turn)

    def back(place: FloatArray) -> FloatArray:
        """Value at a place."""
        place = np.asarray(place, float)
        return np.minimum(place, 1) * turn * np.exp(np.clip(place, 1, 50) - 1)

    ax.set_xscale("function", functions=(forward, back))
    ax.axvline(turn, **GUIDE)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def draw_by_power(
    ax: Axes,
    x: xr.DataArray,
    series: xr.Dataset,
    marker: str = "o",
    shift_pt: float = 0.0,
    **look: Any,
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
    shift_pt : float, optional
        How far sideways all is drawn, so that columns of points stay apart.
    **look
        Further settings of the points.

    Returns
    -------
    PathCollection
        The points, for a colour bar.
    """
    bars: Look = {"fmt": "none", "ecolor": "0.6", "elinewidth": 1, "capsize": 2, "zorder": 1}
    bar = ax.errorbar(x, series["value"], series["scatter"], **bars)
    style: Look = {
        "cmap": "viridis",
        "norm": POWER_NORM,
        "edgecolor": "k",
        "linewidth": 0.5,
        "s": 34,
    }
    points = ax.scatter(x, series["value"], c=series["power_nW"], marker=marker, **(style | look))
    inches = ax.figure.dpi_scale_trans
    beside = ax.transData + ScaledTranslation(shift_pt / 72, 0, inches)
    points.set_offset_transform(beside)
    for part in bar.get_children():
        part.set_transform(beside)
    return points


def draw_displacements(
    ax: Axes,
    displacements: Mapping[str, xr.Dataset],
    labels: Sequence[str] = (),
    ramp: str | None = "viridis",
) -> None:
    """Draw mean square displacements, averaged over 0.4 ns, with the line that measures D.

    Parameters
    ----------
    ax : Axes
        Where.
    displacements : mapping of str to Dataset
        By label: from `tptools.fitting.variance_growth`.
    labels : sequence of str, optional
        All labels that there are in the figure, in order, if these are some of them.
    ramp : str, optional
        Colour map of the series; None takes the colours of separate things.
    """
    per_point = 12
    shades = colours(labels or displacements, ramp)
    for label, one in displacements.items():
        msd = one["growth_nm2"].coarsen(time_ns=per_point, boundary="trim")
        mean, error = msd.mean() * 1e-3, msd.std() * 1e-3 / np.sqrt(per_point)
        look: Look = {"fmt": "o", "ms": 4, "color": shades[label], "capsize": 2, "elinewidth": 1}
        ax.errorbar(mean["time_ns"], mean, error, label=label, **look)
    ax.axvline(3, ls=":", **GUIDE)
    ax.axhline(0, **GUIDE)
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
