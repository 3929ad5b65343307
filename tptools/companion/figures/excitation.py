"""Figures of the chapter on excitation density."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tptools.companion.figures.axes import GUIDE, set_log
from tptools.plotting import Look, colours

__all__ = ["plot_excitation_against_power", "plot_table_deviations"]

_LABELS = {
    "surface_power_nW": "power at sample",
    "intensity_W_cm2": "intensity",
    "fluence_uJ_cm2": "fluence",
    "excitation_density": r"$\langle N\rangle$",
}
_MARKERS = dict(zip(_LABELS, "os^D", strict=True))


def plot_table_deviations(deviations: Mapping[str, xr.Dataset]) -> Figure:
    """Draw by how much every printed cell deviates, one panel per way to compute it.

    Parameters
    ----------
    deviations : mapping of str to Dataset
        By panel title: relative deviations (dimensionless) over ``row``, with the four columns of
        Tables S1 and S2 as variables, and ``table`` and ``power_nW`` as coordinates.

    Returns
    -------
    Figure
    """
    size: Look = {"figsize": (6.6, 0.6 + 2.2 * len(deviations))}
    figure, axes = plt.subplots(len(deviations), 1, sharex=True, sharey=True, **size, squeeze=False)
    for ax, (title, deviation) in zip(axes.flat, deviations.items(), strict=True):
        _draw_deviations(ax, deviation)
        ax.set_title(title)
    axes[-1, 0].set_xlabel("nominal power (nW)")
    figure.supylabel("printed relative to recomputed (%)", fontsize="medium")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _draw_deviations(ax: Axes, deviation: xr.Dataset) -> None:
    rows = np.arange(deviation.sizes["row"])
    # side by side, since most cells of a row deviate alike
    shifts = dict(zip(_LABELS, (-0.27, -0.09, 0.09, 0.27), strict=True))
    for name, colour in colours(_LABELS).items():
        look: Look = {"color": colour, "markersize": 4.5, "label": _LABELS[name]}
        ax.plot(rows + shifts[name], 100 * deviation[name], _MARKERS[name], **look)
    first_of_s2 = int((deviation.table == "S1").sum())
    ax.axvline(first_of_s2 - 0.5, **GUIDE)
    for table, position in (("S1", -0.4), ("S2", first_of_s2 - 0.4)):
        ax.text(position, 1, f"Table {table}", va="top", transform=ax.get_xaxis_transform())
    ax.axhline(0, **GUIDE)
    ax.set_xticks(rows, [f"{power:g}" for power in deviation.power_nW.values])
    ax.set(ylim=(-2.2, 2.2))


def plot_excitation_against_power(
    tables: Mapping[str, xr.Dataset], times_us: Mapping[str, float]
) -> Figure:
    """Draw excitation density and time between excitations against power.

    Parameters
    ----------
    tables : mapping of str to Dataset
        By label: results of `tptools.excitation.tabulate` over the dimensions ``power_nW`` and
        ``rep_rate_MHz``, both with coordinates.
    times_us : mapping of str to float
        By label: times to mark for comparison.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 4))
    styles = zip(tables.items(), colours(tables).values(), strict=True)
    for (label, table), colour in styles:
        for rate, line in zip(table.rep_rate_MHz.values, ("-", "--", ":"), strict=False):
            one = table.sel(rep_rate_MHz=rate)
            name = f"{label}, {rate:g} MHz"
            left.plot(one.power_nW, one.excitation_density, line, color=colour, label=name)
        right.plot(one.power_nW, one.time_between_excitations_us, color=colour, label=label)
    for (label, time_us), line in zip(times_us.items(), (":", "-."), strict=False):
        right.axhline(time_us, color="0.3", ls=line, lw=1.2, label=label)
    left.set_ylabel(r"excitation density $\langle N\rangle$")
    right.set_ylabel("time between excitations $T$ (µs)")
    for ax in (left, right):
        ax.set(xlabel="nominal power (nW)")
        set_log(ax, "xy")
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure
