"""Still figure of the page in which readers run the model."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tptools.companion.figures.axes import DIFFUSIVITY, LOOKS, set_letters, set_log
from tptools.companion.figures.memory import GROUND, MODIFIED, draw_snapshot

__all__ = ["plot_explorer"]

_X = {
    "power": ("time_between_excitations_us", "$T$ (µs), at {rep_rate_MHz:g} MHz"),
    "rate": ("rep_rate_MHz", "repetition rate (MHz), at {power_nW:g} nW"),
}
"""Axis of each series, and its label with what the series holds."""


def plot_explorer(views: Mapping[str, xr.Dataset], curves: xr.Dataset) -> Figure:
    """Draw what the page draws: two lattices, and curves at one rate and at one power.

    Parameters
    ----------
    views : mapping of str to Dataset
        By title: two of `tptools.kmc.snapshot`, each at one time.
    curves : Dataset
        From `tptools.companion.explorer.simulated_curves`.

    Returns
    -------
    Figure
    """
    figure = plt.figure(figsize=(6.6, 6.2))
    panels = figure.subplot_mosaic([["one", "other"], ["power", "rate"]], height_ratios=[1.15, 1])
    for name, (title, view) in zip(("one", "other"), views.items(), strict=True):
        _, excitons = draw_snapshot(panels[name], view)
        panels[name].set_title(title, loc="right", fontsize="small")
        panels[name].set(xticks=[-500, 0, 500], yticks=[-500, 0, 500])
    for name, (coordinate, label) in _X.items():
        part = curves.isel(laser=curves.series == name)
        for film, (colour, marker) in zip(part.film.values, LOOKS, strict=False):
            one = part.sel(film=film)
            x, D, error = one[coordinate], one.diffusivity_cm2_s, one.std_err
            panels[name].errorbar(x, D, error, color=colour, marker=marker, ms=4, label=film)
        held = {key: float(part[key][0]) for key in ("rep_rate_MHz", "power_nW")}
        panels[name].set(xlabel=label.format(**held), ylabel=DIFFUSIVITY)
        set_log(panels[name], "xy")
    set_letters(panels.values())
    handles = [Line2D([], [], marker="s", ls="", color=c) for c in (GROUND, MODIFIED)]
    labels = ["nanocrystal at rest", "nanocrystal that remembers", "exciton"]
    figure.legend([*handles, excitons], labels, loc="outside upper center", ncols=len(labels))
    films = panels["rate"].get_legend_handles_labels()
    figure.legend(*films, loc="outside lower center", ncols=len(curves["film"]))
    return figure
