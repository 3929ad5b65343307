"""Figures of the chapter on controls: repeats, filters, temperature."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, colour_bar, draw_by_power
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = ["plot_filters", "plot_forgetting", "plot_repeats", "plot_temperatures"]


def _draw_redraws(
    ax: Axes, place: xr.DataArray, one: xr.Dataset, expected: xr.DataArray, width: float
) -> None:
    """Mark what a record reads without photon noise, and where two of three redraws fall."""
    mean = expected.sel(power_nW=one["power_nW"])
    ax.bar(place, 2 * one["scatter"], width, mean - one["scatter"], color="0.88", zorder=-1)
    ax.hlines(mean, place - width / 2, place + width / 2, color="0.5", lw=1, zorder=0)


def plot_repeats(series: xr.Dataset, expected: xr.DataArray) -> Figure:
    """Draw the diffusivity of successive runs, one panel for each method.

    Parameters
    ----------
    series : Dataset
        From `tptools.fitting.measure_series`, in the order of the runs.
    expected : DataArray
        What slices read without photon noise, in cm2/s over ``power_nW``. Around it a band
        shows the scatter of redraws.

    Returns
    -------
    Figure
    """
    figure, axes = _panels(series.sizes["estimator"])
    for ax, method in zip(axes, series["estimator"].values, strict=True):
        one = series.sel(estimator=method)
        order = xr.DataArray(1 + np.arange(one.sizes["record"]), dims="record")
        ax.plot(order, one["value"], color="0.8", lw=1, zorder=0)
        if method == "slices":
            _draw_redraws(ax, order, one, expected, 0.8)
        points = draw_by_power(ax, order, one)
        place: Look = {
            "xytext": (9, 0),
            "textcoords": "offset points",
            "va": "center",
            "fontsize": 9,
        }
        for k, power in enumerate(one["power_nW"].values):
            ax.annotate(f"{power:g}", (order[k], one["value"][k]), **place)
        ax.axhline(0, **GUIDE)
        ax.set(xlabel="run", title=method, xticks=order.values)
        ax.set_xlim(0.5, order.size + 0.8)
    colour_bar(points, axes)
    axes[0].set_ylabel(DIFFUSIVITY)
    return figure


def plot_forgetting(left: Mapping[str, xr.DataArray]) -> Figure:
    """Draw how a lattice forgets a brighter laser.

    Parameters
    ----------
    left : mapping of str to DataArray
        By film: what is left of the excess of modified sites, 1 at first, over (``train``,
        ``time_us``). Bars are the standard error over trains.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.6, 3.4))
    for (name, one), colour in zip(left.items(), colours(left).values(), strict=True):
        error = one.std("train", ddof=1) / np.sqrt(one.sizes["train"])
        look: Look = {"fmt": "o-", "ms": 4, "lw": 1, "color": colour, "capsize": 2}
        ax.errorbar(one["time_us"], one.mean("train"), error, label=name, **look)
    ax.axhline(0, **GUIDE)
    ax.set(xlabel="time at the lower power (µs)", ylabel="excess of modified sites")
    ax.legend()
    return figure


def plot_filters(natural: xr.Dataset, constant: xr.Dataset, expected: xr.DataArray) -> Figure:
    """Draw a power series whose light grows with power and one whose light does not.

    Parameters
    ----------
    natural, constant : Dataset
        From `tptools.fitting.measure_series`, drawn as circles and as crosses, one panel for each
        method.
    expected : DataArray
        As for `plot_repeats`; the bands are those of the second series.

    Returns
    -------
    Figure
    """
    figure, axes = _panels(natural.sizes["estimator"])
    looks = {
        "light grows with power": (natural, "o", OKABE_ITO["blue"], -0.1),
        "light of 1 nW": (constant, "x", OKABE_ITO["vermillion"], 0.1),
    }
    for ax, method in zip(axes, natural["estimator"].values, strict=True):
        if method == "slices":
            one = constant.sel(estimator=method)
            _draw_redraws(ax, one["power_nW"], one, expected, 0.5)
        for label, (series, marker, colour, shift) in looks.items():
            one = series.sel(estimator=method)
            look: Look = {
                "fmt": marker,
                "mfc": "none",
                "color": colour,
                "capsize": 2,
                "elinewidth": 1,
            }
            ax.errorbar(one["power_nW"] + shift, one["value"], one["scatter"], label=label, **look)
        ax.axhline(0, **GUIDE)
        ax.set(xlabel="power (nW)", title=method, xlim=(0, None))
    axes[0].set_ylabel(DIFFUSIVITY)
    axes[0].legend(loc="upper left")
    return figure


def plot_temperatures(panels: Mapping[str, Mapping[str, xr.Dataset]], share: bool = True) -> Figure:
    """Draw diffusivities against temperature.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Dataset
        By title and label: ``value`` and ``scatter`` in cm2/s over ``record``, with
        ``temperature_K``.
    share : bool, optional
        Whether all panels have one scale.

    Returns
    -------
    Figure
    """
    figure, axes = _panels(len(panels), sharey=share)
    for ax, (title, lines) in zip(axes, panels.items(), strict=True):
        for k, (label, one) in enumerate(lines.items()):
            colour, marker = list(OKABE_ITO.values())[k], "os"[k]
            look: Look = {"fmt": f"{marker}-", "ms": 5, "lw": 1, "color": colour, "capsize": 2}
            x = one["temperature_K"] + 3 * (k - (len(lines) - 1) / 2)
            ax.errorbar(x, one["value"], one["scatter"], label=label, **look)
        ax.axhline(0, **GUIDE)
        ax.set(xlabel="temperature (K)", title=title)
        if len(lines) > 1:
            ax.legend(loc="upper right")
            ax.margins(y=0.2)
    axes[0].set_ylabel(DIFFUSIVITY)
    return figure


def _panels(count: int, sharey: bool = True) -> tuple[Figure, list[Axes]]:
    """Axes in a row."""
    figure, axes = plt.subplots(1, count, figsize=(6.6, 3.2), sharey=sharey, squeeze=False)
    return figure, list(axes[0])
