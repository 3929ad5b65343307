"""Figures of the chapter on surfaces: the films as schemes, and their diffusivities."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from tptools.companion.figures.axes import (
    DIFFUSIVITY,
    GUIDE,
    colour_bar,
    draw_by_power,
    draw_displacements,
    set_broken_axis,
    set_letters,
)
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = [
    "plot_bars_by_film",
    "plot_by_film",
    "plot_displacements_by_film",
    "plot_surface_schemes",
]

_MARKERS = "osD^vP"
_ALUMINA, _CRYSTAL, _LIGAND = "0.6", OKABE_ITO["green"], OKABE_ITO["orange"]


def plot_surface_schemes(
    films: Mapping[str, tuple[float, float, str]], edge_nm: float, layer_nm: float
) -> Figure:
    """Draw films in cross section, to scale: nanocrystals, what is between them and on them.

    Parameters
    ----------
    films : mapping of str to tuple
        By name, four of them: distance of centres and thickness of the shells in nm, and what is
        on the crystals: ``ligands``, ``zwitterions``, ``layer`` (ligands, and alumina over and
        between all) or ``shells``.
    edge_nm : float
        Edge of a nanocrystal.
    layer_nm : float
        Thickness of the alumina on a film with a layer.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(2, 2, figsize=(6.6, 4.0))
    for ax, (name, (spacing, shell, kind)) in zip(axes.flat, films.items(), strict=True):
        ax.add_patch(Rectangle((-10, -9), 62, 3.5, color="0.9"))
        if kind == "layer":
            top = edge_nm / 2 + spacing + layer_nm
            ax.add_patch(Rectangle((-8, -5.5), 58, top + 5.5, color=_ALUMINA))
        for x in spacing * np.arange(5):
            for y in spacing * np.arange(2):
                _draw_crystal(ax, (x, y), edge_nm, shell, spacing, kind)
        ax.set(title=name, aspect="equal", xlim=(-11, 53), ylim=(-9.5, 26))
        ax.axis("off")
    _draw_scale(axes[1, 0])
    handles: list[Artist] = [Patch(color=one) for one in (_CRYSTAL, _ALUMINA)]
    handles.append(Line2D([], [], color=_LIGAND))
    handles.append(Line2D([], [], color=_LIGAND, marker="o", ms=3, mfc="k", mec="k"))
    texts = ["nanocrystal", "AlOx", "oleate, oleylammonium", "zwitterion"]
    figure.legend(handles, texts, loc="outside lower center", ncols=len(texts))
    return figure


def _draw_crystal(
    ax: Axes,
    centre: tuple[float, float],
    edge_nm: float,
    shell_nm: float,
    spacing_nm: float,
    kind: str,
) -> None:
    """One nanocrystal with its shell or its ligands, which fill half the gap to the next."""
    x, y = centre
    half = edge_nm / 2
    if kind == "shells":
        outer = half + shell_nm
        ax.add_patch(Rectangle((x - outer, y - outer), 2 * outer, 2 * outer, fc=_ALUMINA))
    start, reach = half + shell_nm, max(half + shell_nm, spacing_nm / 2)
    for turn in range(4):
        cos, sin = round(np.cos(turn * np.pi / 2)), round(np.sin(turn * np.pi / 2))
        # gaps part the ligands of one side, which are one line of the drawing
        along, side = np.meshgrid([start, reach, np.nan], np.linspace(-0.8, 0.8, 5) * half)
        xs, ys = x + cos * along - sin * side, y + sin * along + cos * side
        ax.plot(xs.ravel(), ys.ravel(), color=_LIGAND, lw=1.1, zorder=2)
        if kind == "zwitterions":
            ax.plot(xs[:, 0], ys[:, 0], "o", ms=2.2, color="k", zorder=4)
    ax.add_patch(Rectangle((x - half, y - half), edge_nm, edge_nm, fc=_CRYSTAL, zorder=3))


def _draw_scale(ax: Axes) -> None:
    ax.plot([-9, 1], [19.5, 19.5], color="k", lw=2)
    ax.text(2.5, 19.5, "10 nm", va="center", fontsize=10)


def plot_by_film(
    series: xr.Dataset,
    along: str,
    label: str,
    turn: float | None,
    ticks: list[float],
    films: Sequence[str],
) -> Figure:
    """Draw diffusivities of several films, coloured by power, one panel for each method.

    Parameters
    ----------
    series : Dataset
        ``value`` and ``scatter`` in cm2/s over (estimator, record), with ``film`` and
        ``power_nW``.
    along : str
        Coordinate of the x axis.
    label : str
        Of that axis.
    turn : float, optional
        Where it turns from linear to logarithmic; None for a logarithmic one.
    ticks : list of float
        Values with a label.
    films : sequence of str
        All films of the chapter, up to six, so that each keeps its marker.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, series.sizes["estimator"], figsize=(6.6, 3.5), sharey=True)
    drawn = set(series["film"].values.tolist())
    markers = {f: m for f, m in zip(films, _MARKERS, strict=False) if f in drawn}
    for ax, method in zip(np.atleast_1d(axes), series["estimator"].values, strict=True):
        for film, marker in markers.items():
            one = series.sel(estimator=method).isel(record=series["film"].values == film)
            shift_pt = 4.5 * ([*markers].index(film) - (len(markers) - 1) / 2)
            points = draw_by_power(ax, one[along], one, marker, shift_pt)
        if turn is None:
            ax.set_xscale("log")
            ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            ax.set_xticks([], minor=True)
        else:
            set_broken_axis(ax, turn, ticks)
            # room for what is drawn sideways
            ax.set_xlim(-0.05 * turn, 1.25 * float(series[along].max()))
        ax.axhline(0, **GUIDE)
        ax.set(xlabel=label, title=method)
    np.atleast_1d(axes)[0].set_ylabel(DIFFUSIVITY)
    _mark_films(figure, markers)
    colour_bar(points, axes)
    return figure


def _mark_films(figure: Figure, markers: Mapping[str, str]) -> None:
    look: Look = {"color": "0.5", "mec": "k", "ls": ""}
    handles = [Line2D([], [], marker=marker, **look) for marker in markers.values()]
    spacing: Look = {"columnspacing": 1, "handletextpad": 0}
    place: Look = {"loc": "outside lower center", "ncols": len(markers)}
    figure.legend(handles, list(markers), **place, **spacing)


def plot_displacements_by_film(
    displacements: Mapping[str, xr.Dataset], found: Mapping[str, float]
) -> Figure:
    """Draw the mean square displacement of each film in a panel of its own.

    Parameters
    ----------
    displacements : mapping of str to Dataset
        By film: from `tptools.fitting.variance_growth`; six of them.
    found : mapping of str to float
        Diffusivity of each in cm2/s, drawn as a line up to 3 ns.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(2, 3, figsize=(6.6, 4.4), sharex=True, sharey=True)
    for letter, ax, (name, one) in zip("abcdef", axes.flat, displacements.items(), strict=True):
        draw_displacements(ax, {name: one}, ramp=None)
        # 1 cm2/s is 1e5 nm2/ns, and the axis is in 1e3 nm2
        ax.plot([0, 3], [0, 2 * found[name] * 3 * 1e2], color="k", lw=1.2, zorder=3)
        ax.set_title(name)
        set_letters([ax], letter)
        ax.label_outer()
    return figure


def plot_bars_by_film(series: xr.Dataset, one_sided: float = 1.645) -> Figure:
    """Draw the diffusivity of each film as bars, one for each method.

    Parameters
    ----------
    series : Dataset
        ``value`` and ``scatter`` in cm2/s over (estimator, record), with ``film``.
    one_sided : float, optional
        Scatters above zero of the critical level, which is drawn as a mark.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 3.2))
    place = np.arange(series.sizes["record"])
    methods = series["estimator"].values.tolist()
    width = 0.8 / len(methods)
    for k, (method, colour) in enumerate(colours(methods).items()):
        one = series.sel(estimator=method)
        at = place + width * (k - (len(methods) - 1) / 2)
        error = {"ecolor": "k", "capsize": 3, "elinewidth": 1}
        bar = {"color": colour, "alpha": 0.75, "label": method, "error_kw": error}
        ax.bar(at, one["value"], 0.9 * width, yerr=one["scatter"], **bar)
        limit = one_sided * one["scatter"]
        ax.hlines(limit, at - width / 2, at + width / 2, color="k", lw=1.5, ls=":")
    ax.axhline(0, color="k", lw=0.8)
    ax.set_xticks(place, series["film"].values)
    ax.set_ylabel(DIFFUSIVITY)
    figure.legend(loc="outside upper center", ncols=len(methods))
    return figure
