"""Figures of the audit: what choices that the paper leaves open do to its model."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, LOOKS, MARKERS, set_letters
from tptools.plotting import Look, colours

__all__ = ["plot_approach", "plot_growth", "plot_variants"]

TIME = "time between excitations (µs)"


def plot_variants(curves: Mapping[str, xr.Dataset], reference: str) -> Figure:
    """Draw variants of one simulated curve, and each relative to one of them.

    Parameters
    ----------
    curves : mapping of str to Dataset
        By label: ``value`` and ``std_err`` in cm2/s with ``time_between_excitations_us``, all over
        the same dimension.
    reference : str
        Label of the curve to divide by.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.4))
    base = curves[reference]
    for (label, curve), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
        time_us = curve["time_between_excitations_us"]
        look = {"color": colour, "marker": marker, "ms": 5, "capsize": 2, "label": label}
        left.errorbar(time_us, curve["value"], curve["std_err"], **look)
        ratio = curve["value"] / base["value"]
        parts = curve["std_err"] / curve["value"], base["std_err"] / base["value"]
        error = ratio * np.hypot(*parts) if label != reference else None
        right.errorbar(time_us, ratio, error, **look)
    left.set(ylabel=DIFFUSIVITY, ylim=(0, None))
    right.set(ylabel=f"relative to {reference}")
    for ax in (left, right):
        ax.set(xscale="log", xlabel=TIME)
        ax.minorticks_off()
        ax.set_xticks(base["time_between_excitations_us"].values)
        ax.xaxis.set_major_formatter("{x:.3g}")
    left.legend()
    set_letters((left, right))
    return figure


def plot_approach(blocks: Mapping[float, xr.Dataset]) -> Figure:
    """Draw how D of a fresh lattice approaches its steady value, by the number of pulses.

    Parameters
    ----------
    blocks : mapping of float to Dataset
        By pulse period in µs: ``relative`` and ``relative_err`` over ``pulse``, the middle of a
        block of pulses.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.2, 3.6))
    palette = colours(blocks, ramp="viridis")
    for (period_us, one), marker in zip(blocks.items(), MARKERS, strict=False):
        look: Look = {"color": palette[period_us], "marker": marker, "ms": 5, "capsize": 2}
        label = f"{1e3 * period_us:g} ns"
        ax.errorbar(one["pulse"], one["relative"], one["relative_err"], label=label, **look)
    ax.axhline(1, **GUIDE)
    ax.set(xlabel="pulse", ylabel="$D$ over its steady value", ylim=(0, None))
    ax.legend(title="pulse period")
    return figure


def plot_growth(panels: Mapping[str, Mapping[str, xr.DataArray]]) -> Figure:
    """Draw mean square displacements relative to that at 1 ns, beside straight growth.

    Parameters
    ----------
    panels : mapping of str to mapping of str to DataArray
        By title, then label: displacement over ``train`` and ``time_ns``, with an instant at 1 ns.
        Bars are standard errors over trains.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(6.6, 3.4), sharey=True)
    for ax, (title, curves) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        for (label, msd), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
            relative = msd / msd.sel(time_ns=1)
            error = relative.std("train", ddof=1) / np.sqrt(msd.sizes["train"])
            look = {"color": colour, "marker": marker, "ms": 4, "capsize": 2, "label": label}
            ax.errorbar(msd["time_ns"], relative.mean("train"), error, **look)
        end_ns = float(msd["time_ns"].max())
        ax.plot([0, end_ns], [0, end_ns], color="0.4", ls="--", lw=1.2, label="straight")
        ax.set(title=title, xlabel="time (ns)", xlim=(0, None), ylim=(0, None))
    axes = np.atleast_1d(axes)
    axes[0].set_ylabel("displacement over that at 1 ns")
    axes[0].legend()
    return figure
