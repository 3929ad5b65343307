"""Figures of the first and the last page: what the paper found, and what the referee says."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, set_log
from tptools.companion.figures.memory import GROUND, MODIFIED, draw_snapshot
from tptools.plotting import OKABE_ITO, Look

__all__ = ["plot_scoreboard", "plot_story"]

VERDICT_COLOURS = {
    "reproduced": OKABE_ITO["blue"],
    "consistent": OKABE_ITO["sky"],
    "rounding": OKABE_ITO["green"],
    "ambiguous": OKABE_ITO["orange"],
    "model-dependent": OKABE_ITO["yellow"],
    "contradicted": OKABE_ITO["vermillion"],
    "not checkable": "0.85",
}


def plot_story(views: Mapping[float, xr.Dataset], curve: xr.Dataset) -> Figure:
    """Draw the paper's finding: two lattices under weak and strong light, and D against power.

    Parameters
    ----------
    views : mapping of float to Dataset
        By power in nW: two of `tptools.kmc.snapshot`, each at one time.
    curve : Dataset
        From `tptools.fitting.measure_series`, by one method.

    Returns
    -------
    Figure
    """
    figure = plt.figure(figsize=(6.6, 5.2))
    panels = figure.subplot_mosaic([["weak", "strong"], ["curve", "curve"]], height_ratios=[1.1, 1])
    for name, (power_nW, view) in zip(("weak", "strong"), views.items(), strict=True):
        _, excitons = draw_snapshot(panels[name], view)
        panels[name].set(title=f"{power_nW:g} nW", xticks=[-500, 0, 500], yticks=[-500, 0, 500])
    handles = [Line2D([], [], marker="s", ls="", color=c) for c in (GROUND, MODIFIED)]
    labels = ["nanocrystal at rest", "nanocrystal that remembers", "exciton"]
    figure.legend([*handles, excitons], labels, loc="outside upper center", ncols=len(labels))
    ax = panels["curve"]
    look: Look = {"fmt": "o", "color": OKABE_ITO["blue"], "capsize": 2}
    ax.errorbar(curve["power_nW"], curve["value"], curve["scatter"], **look)
    ax.axhline(0, **GUIDE)
    ax.set(xlabel="laser power (nW)", ylabel=DIFFUSIVITY)
    set_log(ax)
    return figure


def plot_scoreboard(board: pd.DataFrame) -> Figure:
    """Draw how many claims of each kind have which verdict.

    Parameters
    ----------
    board : DataFrame
        From `tptools.companion.claims.scoreboard`.

    Returns
    -------
    Figure
    """
    kinds = board.drop("all").sort_values("all")
    figure, ax = plt.subplots(figsize=(5.2, 3.6))
    start = pd.Series(0, index=kinds.index)
    for verdict, colour in VERDICT_COLOURS.items():
        counts = kinds[verdict]
        bars = ax.barh(
            kinds.index, counts, left=start, color=colour, edgecolor="white", label=verdict
        )
        numbers = [f"{n}" if n > 1 else "" for n in counts]
        ink = "white" if verdict in ("reproduced", "contradicted") else "black"
        ax.bar_label(bars, numbers, label_type="center", size=9, color=ink)
        start = start + counts
    ax.set(xlabel="number of claims", xlim=(0, None))
    ax.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=4, columnspacing=0.8, handlelength=1)
    return figure
