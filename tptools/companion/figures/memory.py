"""Figures of the chapter on the memory model."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.animation import HTMLWriter
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from tptools.arrays import FloatArray
from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, LOOKS, MARKERS, set_letters, set_log
from tptools.fitting import Fit
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = [
    "plot_collapse",
    "plot_conventions",
    "plot_memory_idea",
    "plot_potential_curves",
    "plot_relaxation_curve",
    "plot_snapshot",
    "snapshot_movie",
]

GROUND, MODIFIED, EXCITON = OKABE_ITO["green"], OKABE_ITO["purple"], OKABE_ITO["vermillion"]

HALF_WIDTH_NM = 600.0
"""Half the side of the part of a lattice that is shown."""

PICTURES_PER_S: Any = 1000 / 150
"""Speed of the animation, which matplotlib declares as whole but takes as it is."""

ROUNDS = 6
"""In which the axes of a picture come to rest: the first leaves a hundredth of its width."""

_TRAIL = [(0, 1), (1, 1), (2, 1), (2, 2), (3, 2)]


def plot_memory_idea() -> Figure:
    """Draw Fig. 4b: an exciton leaves a trail on which the next one is faster.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 4, figsize=(6.6, 2.4))
    nowhere: list[tuple[int, int]] = []
    scenes = (
        ("1  first exciton:\nrare hops", _TRAIL[:1], _TRAIL[:2], ":"),
        ("2  it leaves\na modified trail", _TRAIL, _TRAIL[-1:], ""),
        ("3  next exciton, soon:\nfrequent hops", _TRAIL, _TRAIL, "-"),
        ("4  microseconds later:\nthe trail has relaxed", nowhere, nowhere, ""),
    )
    for ax, (title, modified, path, line) in zip(axes, scenes, strict=True):
        _draw_nanocrystals(ax, modified)
        if path:
            ax.plot(*path[-1 if not line else 0], "o", color=EXCITON, mec="k", ms=9, zorder=3)
        if line:
            ax.plot(*np.transpose(path), color="k", ls=line, lw=1.5, zorder=2)
            arrow = {"arrowstyle": "-|>", "color": "k", "lw": 1.5}
            ax.annotate("", path[-1], np.mean(path[-2:], axis=0), arrowprops=arrow, zorder=4)
        ax.set_title(title, fontsize=10)
    return figure


def _draw_nanocrystals(ax: Axes, modified: list[tuple[int, int]]) -> None:
    for x in range(4):
        for y in range(4):
            colour = MODIFIED if (x, y) in modified else GROUND
            corner = (x - 0.38, y - 0.38)
            box = FancyBboxPatch(corner, 0.76, 0.76, "round,pad=0,rounding_size=0.12", fc=colour)
            box.set(ec="white", alpha=0.85)
            ax.add_patch(box)
    ax.set(xlim=(-0.6, 3.6), ylim=(-0.6, 3.6), aspect="equal")
    ax.axis("off")


def plot_potential_curves() -> Figure:
    """Draw Fig. 4c: excitation carries a nanocrystal over to the metastable configuration.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(4.8, 3.8))
    q = np.linspace(-0.5, 1.75, 400)
    ground = 8.8 * q**2 * (q - 1) ** 2 + 0.45 * q
    excited = 3.2 + 1.1 * (q - 1) ** 2
    ax.plot(q, np.where(ground < 2.6, ground, np.nan), "k", q, excited, "k")
    minimum = 0.94
    steps = (
        ((0, 0.1), (0, 4.2), GROUND, "absorb", (0.05, 2.3), "left"),
        ((0.05, 4.2), (minimum, 3.3), EXCITON, "deform", (0.6, 3.95), "left"),
        ((minimum, 3.1), (minimum, 0.6), EXCITON, "emit", (minimum + 0.06, 2.3), "left"),
        ((0.9, 0.62), (0.1, 0.2), MODIFIED, "relax, microseconds", (0.5, 1.35), "center"),
    )
    for start, end, colour, label, place, side in steps:
        curved = "arc3,rad=0.55" if label.startswith("relax") else "arc3"
        arrow = {"arrowstyle": "-|>", "color": colour, "lw": 2, "connectionstyle": curved}
        ax.annotate("", end, start, arrowprops=arrow)
        ax.text(*place, label, ha=side, color="k", fontsize=10)
    ax.text(0, -0.2, "ground\n(slow)", ha="center", va="top", color=GROUND, weight="bold")
    ax.text(1, 0.2, "modified\n(fast)", ha="center", va="top", color=MODIFIED, weight="bold")
    ax.text(1.7, 4.0, "excited state", ha="right", fontsize=10)
    ax.text(1.42, 2.0, "ground state", ha="left", fontsize=10)
    ax.set(xlabel="configuration of the nanocrystal", ylabel="energy", ylim=(-1.1, 5.8))
    ax.set(xticks=[], yticks=[])
    return figure


def plot_snapshot(view: xr.Dataset, half_width_nm: float = HALF_WIDTH_NM) -> Figure:
    """Draw Fig. 4d: lattice and excitons at one time after a pulse.

    Parameters
    ----------
    view : Dataset
        From `tptools.kmc.snapshot`, at one time.
    half_width_nm : float, optional
        Half the side of the part that is shown.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.4, 4.6))
    _, excitons = draw_snapshot(ax, view, half_width_nm)
    handles = [Line2D([], [], marker="s", ls="", color=c) for c in (GROUND, MODIFIED)]
    labels = ["ground state", "modified", "exciton"]
    ax.legend([*handles, excitons], labels, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def draw_snapshot(
    ax: Axes, view: xr.Dataset, half_width_nm: float = HALF_WIDTH_NM
) -> tuple[AxesImage, PathCollection]:
    """Draw a lattice at one time into a panel; return its sites and its excitons."""
    spacing = float(view.x_nm[1] - view.x_nm[0])
    near = slice(-half_width_nm, half_width_nm)
    part = view.sel(x_nm=near, y_nm=near)
    edges = (-half_width_nm - spacing / 2, half_width_nm + spacing / 2)
    image = ax.imshow(
        part.modified.squeeze(),
        cmap=ListedColormap([GROUND, MODIFIED]),
        vmin=0,
        vmax=1,
        origin="lower",
        extent=(*edges, *edges),
        interpolation="nearest",
    )
    excitons = ax.scatter(*_places(part), s=22, color=EXCITON, edgecolor="k", linewidth=0.6)
    ax.set(xlabel="$x$ (nm)", ylabel="$y$ (nm)", xlim=edges, ylim=edges)
    return image, excitons


def _places(view: xr.Dataset) -> tuple[FloatArray, FloatArray]:
    y, x = np.nonzero(view.occupied.squeeze().to_numpy())
    return view.x_nm.to_numpy()[x], view.y_nm.to_numpy()[y]


def snapshot_movie(view: xr.Dataset, half_width_nm: float = HALF_WIDTH_NM) -> str:
    """Animate snapshots, as a web page fragment that plays with no server and no network.

    Parameters
    ----------
    view : Dataset
        From `tptools.kmc.snapshot`, at several times.
    half_width_nm : float, optional
        Half the side of the part that is shown.

    Returns
    -------
    str
        HTML with the pictures inside.
    """
    figure, ax = plt.subplots(figsize=(4.4, 4.2), dpi=150)
    near = slice(-half_width_nm, half_width_nm)
    image, excitons = draw_snapshot(ax, view.isel(time_ns=0), half_width_nm)

    def draw(index: int) -> None:
        """Show one instant."""
        now = view.isel(time_ns=index).sel(x_nm=near, y_nm=near)
        image.set_data(now.modified)
        excitons.set_offsets(np.transpose(_places(now)))
        ax.set_title(f"{float(now.time_ns):.1f} ns after the pulse")

    draw(0)
    # found anew for every picture, the place of the axes would take as long as the picture
    for _round in range(ROUNDS):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    player = HTMLWriter(fps=PICTURES_PER_S, embed_frames=True, default_mode="loop")
    with TemporaryDirectory() as folder:
        file = Path(folder) / "movie.html"
        with player.saving(figure, file, figure.dpi):
            for index in range(view.sizes["time_ns"]):
                draw(index)
                player.grab_frame()
        page = file.read_text(encoding="utf-8")
    plt.close(figure)
    # the player asks a server for its icons, which the theme of the book has too
    page = re.sub(r"<link[^>]*>", "", page)
    page = page.replace("<img id", '<img alt="Lattice and excitons at the chosen time" id')
    page = page.replace("<input id", '<input aria-label="Time after the pulse" id')
    return re.sub(r"(?<=base64,)[^\"]+", lambda picture: _few_colours(picture[0]), page)


def _few_colours(picture: str) -> str:
    """Write a PNG again with a palette: a third of the size, and nobody sees the difference."""
    lines = picture.replace("\\\n", "")
    with Image.open(BytesIO(b64decode(lines))) as image, BytesIO() as file:
        image.convert("RGB").quantize(64).save(file, "png", optimize=True)
        return b64encode(file.getvalue()).decode()


def plot_relaxation_curve(table: xr.Dataset, fit: Fit) -> Figure:
    """Draw Fig. 4e: diffusivity against the time between excitations, with its fit.

    Parameters
    ----------
    table : Dataset
        ``value`` and ``std_err`` in cm2/s over ``excitation_density`` and ``period_us``, and
        ``time_between_excitations_us``.
    fit : Fit
        From `tptools.fitting.fit_relaxation`.

    Returns
    -------
    Figure
    """
    figure = plt.figure(figsize=(6.6, 5.6))
    panels = figure.subplot_mosaic([["main", "main"], ["pulses", "log"]], height_ratios=(1.2, 1))
    shades = colours(table.excitation_density.values, ramp="viridis")
    for excitation_density, colour in shades.items():
        one = table.sel(excitation_density=excitation_density)
        look: Look = {"color": colour, "marker": "o", "ms": 4, "capsize": 2}
        time_us, label = one.time_between_excitations_us, rf"$\alpha$ = {excitation_density:g}"
        panels["main"].errorbar(time_us, one.value, one.std_err, ls="", label=label, **look)
        panels["log"].errorbar(time_us, one.value, one.std_err, ls="", **look)
        panels["pulses"].errorbar(one.period_us, one.value, one.std_err, lw=0.8, **look)
    time_us = table.time_between_excitations_us
    at_us = np.geomspace(float(time_us.min()), float(time_us.max()), 400)
    for name in ("main", "log"):
        line: Look = {"color": EXCITON, "label": "single exponential", "zorder": 3}
        panels[name].plot(at_us, fit.curve(at_us), "--", **line)
        panels[name].set(xlabel="time between excitations, $T$ (µs)", ylabel=DIFFUSIVITY)
    panels["pulses"].set(xlabel="time between pulses (µs)", ylabel=DIFFUSIVITY, ylim=(0, None))
    panels["main"].set_ylim(0, None)
    set_log(panels["log"], "xy")
    panels["main"].legend(ncols=2)
    return figure


def plot_collapse(table: xr.Dataset) -> Figure:
    """Draw how far D at one time between excitations depends on the pulse that gives it.

    Parameters
    ----------
    table : Dataset
        As for `plot_relaxation_curve`, with ``relative`` and ``relative_err``: each D over the
        mean of all with the same time between excitations.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 3.6))
    shades = colours(table.excitation_density.values, ramp="viridis")
    styles = zip(shades.items(), MARKERS, strict=False)
    for shift, ((excitation_density, colour), marker) in enumerate(styles):
        one = table.sel(excitation_density=excitation_density)
        # a few per cent of sideways shift keep bars at equal T apart
        time_us = one.time_between_excitations_us * 1.012 ** (shift - 2)
        look: Look = {"color": colour, "marker": marker, "ls": "", "capsize": 2}
        label = rf"$\alpha$ = {excitation_density:g}"
        ax.errorbar(time_us, one.relative, one.relative_err, label=label, **look)
    ax.axhline(1, **GUIDE)
    ax.set(xlabel="time between excitations $T$ (µs)")
    ax.set_ylabel("$D$ relative to the mean at this $T$")
    set_log(ax)
    figure.legend(loc="outside lower center", ncols=len(shades))
    return figure


def plot_conventions(panels: Mapping[str, Mapping[str, xr.Dataset]]) -> Figure:
    """Draw relaxation curves by different conventions.

    Parameters
    ----------
    panels : mapping of str to mapping of str to Dataset
        By panel title and label: tables as for `plot_relaxation_curve`.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(6.6, 4.6), squeeze=False)
    for ax, (title, tables) in zip(axes.flat, panels.items(), strict=True):
        for (label, table), (colour, marker) in zip(tables.items(), LOOKS, strict=False):
            names = ("time_between_excitations_us", "value", "std_err")
            points = table[list(names)].stack(point=table["value"].dims).sortby(names[0])
            look: Look = {"marker": marker, "ms": 4, "mfc": "none", "lw": 0.7, "color": colour}
            ax.errorbar(*(points[name] for name in names), label=label, **look)
        ax.set(title=title, xlabel="$T$ (µs)", ylim=(0, None))
        set_log(ax)
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))
    axes[0, 0].set_ylabel(DIFFUSIVITY)
    set_letters(axes.flat)
    return figure
