"""Figures of the chapter on the samples: their sizes, thickness, recipes and absorption."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from tptools.companion.paper import Reported
from tptools.fitting import Sizes, Step
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = ["plot_densities", "plot_micrograph", "plot_recipes", "plot_shells", "plot_topography"]

_BLUE, _RED = OKABE_ITO["blue"], OKABE_ITO["vermillion"]


def plot_micrograph(
    counts: xr.DataArray, particles: xr.Dataset, sizes: Sizes, detail_nm: float = 60.0
) -> Figure:
    """Draw an electron micrograph, the particles found in a part of it, and their sizes.

    Parameters
    ----------
    counts : DataArray
        Image over (y_nm, x_nm).
    particles : Dataset
        As from `tptools.fitting.find_particles`.
    sizes : Sizes
        As from `tptools.fitting.mean_size`; its mean and spread are drawn as a normal curve.
    detail_nm : float, optional
        Edge of the part that is drawn enlarged, from the middle of the image.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 3, figsize=(6.6, 2.6), width_ratios=(1, 1, 1))
    x, y = counts.x_nm.values, counts.y_nm.values
    middle = np.array([x.mean(), y.mean()])
    low, high = middle - detail_nm / 2, middle + detail_nm / 2
    for ax in axes[:2]:
        ends = (x[0], x[-1], y[-1], y[0])
        ax.imshow(counts.transpose("y_nm", "x_nm"), cmap="gray", extent=ends, rasterized=True)
        ax.set(xticks=[], yticks=[])
    axes[0].add_patch(
        Rectangle((low[0], low[1]), detail_nm, detail_nm, fill=False, ec=_RED, lw=1.2)
    )
    _scale_bar(axes[0], 50, (x[0], y[-1]), x[-1] - x[0])
    for one in range(particles.sizes["particle"]):
        axes[1].add_patch(_outline(particles.isel(particle=one)))
    axes[1].set(xlim=(low[0], high[0]), ylim=(high[1], low[1]))
    _scale_bar(axes[1], 10, (low[0], high[1]), detail_nm)
    _draw_sizes(axes[2], particles, sizes)
    return figure


def _scale_bar(ax: Axes, length_nm: float, corner: Sequence[float], width: float) -> None:
    """A bar in the lower left corner."""
    left, bottom = corner[0] + 0.05 * width, corner[1] - 0.05 * width
    text: Look = {"ha": "center", "va": "bottom", "color": "white", "fontsize": 9, "weight": "bold"}
    box = {"boxstyle": "round,pad=0.25", "fc": "black", "ec": "none", "alpha": 0.7}
    middle = left + length_nm / 2
    ax.text(middle, bottom - 0.03 * width, f"{length_nm:g} nm", bbox=box, **text)
    ax.plot([left, left + length_nm], [bottom, bottom], color="white", lw=5)
    ax.plot([left, left + length_nm], [bottom, bottom], color="black", lw=2.5)


def _outline(one: xr.Dataset) -> Polygon:
    turn = np.radians(float(one.angle_deg))
    corner = float(one.edge_nm) / np.sqrt(2)
    angles = turn + np.pi / 4 * np.array([1, 3, 5, 7])
    x, y = float(one.x_nm) + corner * np.cos(angles), float(one.y_nm) + corner * np.sin(angles)
    return Polygon(np.column_stack([x, y]), fill=False, ec=_RED, lw=1.2)


def _draw_sizes(ax: Axes, particles: xr.Dataset, sizes: Sizes) -> None:
    mean, spread = sizes.mean.value, sizes.spread.value
    edges = np.arange(np.floor(mean - 4 * spread), np.ceil(mean + 4 * spread) + 0.01, spread / 2)
    ax.hist(particles.edge_nm, list(edges), color=_BLUE, alpha=0.6)
    at = np.linspace(mean - 4 * spread, mean + 4 * spread, 200)
    density = np.exp(-((at - mean) ** 2) / (2 * spread**2)) / (spread * np.sqrt(2 * np.pi))
    ax.plot(at, sizes.count * spread / 2 * density, color="black")
    ax.set(xlabel="edge (nm)", ylabel="nanocrystals")


def plot_topography(scan: xr.Dataset, step: Step, line: int | None = None) -> Figure:
    """Draw a levelled topography, one line of it before and after levelling, and the heights.

    Parameters
    ----------
    scan : Dataset
        ``height_nm`` over (y_nm, x_nm).
    step : Step
        As from `tptools.fitting.fit_step`.
    line : int, optional
        Number of the line; the middle one by default.

    Returns
    -------
    Figure
    """
    figure = plt.figure(figsize=(6.6, 3.6))
    grid = figure.add_gridspec(2, 2, width_ratios=(1.1, 1))
    image, profile, heights = (
        figure.add_subplot(grid[place]) for place in ((slice(None), 0), (0, 1), (1, 1))
    )
    x_um, y_um = scan.x_nm.values / 1e3, scan.y_nm.values / 1e3
    line = y_um.size // 2 if line is None else line
    top = float(step.levelled.quantile(0.999))
    look: Look = {"cmap": "cividis", "shading": "nearest", "rasterized": True, "vmin": -2}
    mesh = image.pcolormesh(x_um, y_um, step.levelled, vmax=top, **look)
    image.axhline(y_um[line], color="white", lw=1, ls="--")
    figure.colorbar(mesh, ax=image, label="height (nm)", shrink=0.8)
    image.set(aspect="equal", xlabel="$x$ (µm)", ylabel="$y$ (µm)")
    raw = scan.height_nm[line] - float(scan.height_nm.min())
    profile.plot(x_um, raw, color="0.6", label="as recorded")
    profile.plot(x_um, step.levelled[line], color=_BLUE, label="levelled")
    profile.set(xlabel="$x$ (µm)", ylabel="height (nm)")
    profile.margins(y=0.1)
    profile.legend(loc="upper right", handlelength=1, fontsize=9, borderaxespad=0)
    used = step.levelled.values[step.used.values]
    heights.hist(
        used,
        list(np.arange(-3, top, 0.25)),
        density=True,
        histtype="stepfilled",
        color=_BLUE,
        alpha=0.6,
    )
    thickness = step.thickness.value
    heights.axvline(thickness, color="black", lw=1.2)
    share = heights.get_ylim()[1]
    heights.text(thickness - 2, 0.9 * share, str(step.thickness), ha="right", va="top", fontsize=9)
    heights.set(xlabel="height (nm)", ylabel="density (1/nm)")
    return figure


def plot_recipes(
    reported: Sequence[Reported], recomputed: Mapping[str, Mapping[str, float]]
) -> Figure:
    """Draw every recomputed number of a recipe relative to the printed one.

    Parameters
    ----------
    reported : sequence of Reported
        In order from top to bottom. A grey bar spans what would round to the printed digits.
    recomputed : mapping of str to mapping of str to float
        By claim, then by reading. The first reading is drawn as a disc, the second as a square.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 4.2))
    for row, one in enumerate(reported):
        half = 100 * one.half_unit / one.value
        ax.barh(row, 2 * half, left=-half, height=0.7, color="0.87", zorder=0)
        away = {name: 100 * (v / one.value - 1) for name, v in recomputed[one.claim].items()}
        first = next(iter(away.values()))
        ax.plot(first, row, "o", color=_BLUE, ms=7, zorder=3)
        for name, other in [*away.items()][1:]:
            ax.plot(other, row, "s", color=_RED, ms=6, zorder=3)
            side = 1 if other > first else -1
            place: Look = {"xytext": (8 * side, 0), "textcoords": "offset points", "va": "center"}
            look: Look = {"ha": "left" if side > 0 else "right", "fontsize": 9}
            ax.annotate(name, (other, row), **place, **look)
    ax.axvline(0, color="black", lw=0.8)
    labels = [f"{one.quantity}: {one}" for one in reported]
    ax.set_yticks(range(len(reported)), labels)
    ax.invert_yaxis()
    ax.set(xlabel="recomputed relative to printed (%)")
    ax.use_sticky_edges = False
    ax.margins(x=0.5, y=0.02)
    return figure


def plot_shells(shells: xr.DataArray, monolayer_nm: float) -> Figure:
    """Draw the thickest shell that the dose allows against the volume in the flask.

    Parameters
    ----------
    shells : DataArray
        In nm over (reading, cycles, volume_mL).
    monolayer_nm : float
        Growth of one saturated cycle; the dotted lines are as many of it as there are cycles.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, shells.sizes["reading"], figsize=(6.6, 3.2), sharey=True)
    for ax, reading in zip(np.atleast_1d(axes), shells.reading.values, strict=True):
        for cycles, colour in colours(shells.cycles.values.tolist(), ramp="viridis").items():
            one = shells.sel(reading=reading, cycles=cycles)
            ax.plot(one.volume_mL, one, color=colour, label=f"{cycles:g} cycles")
            ax.axhline(cycles * monolayer_nm, color=colour, lw=1, ls=":")
        ax.set(xscale="log", yscale="log", xlabel="dispersion in the flask (mL)", title=reading)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_major_formatter("{x:g}")
    np.atleast_1d(axes)[0].set_ylabel("thickest shell (nm)")
    np.atleast_1d(axes)[-1].legend(loc="lower left")
    return figure


def plot_densities(
    densities: Mapping[str, xr.DataArray],
    thickness_nm: tuple[float, float],
    density: tuple[float, float],
) -> Figure:
    """Draw optical density against thickness, and the ranges that the paper prints.

    Parameters
    ----------
    densities : mapping of str to DataArray
        By label: over ``thickness_nm``, or over (``bound``, ``thickness_nm``) with the three bounds
        ``low``, ``middle`` and ``high``, drawn as a band.
    thickness_nm, density : tuple of float
        Printed ranges.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.6, 3.6))
    ax.axvspan(*thickness_nm, color="0.9", zorder=0, label="thickness, printed")
    band: Look = {"hatch": "//", "fc": "none", "ec": "0.6", "lw": 0, "zorder": 0}
    ax.axhspan(*density, label="optical density, printed", **band)
    for (label, one), colour in zip(densities.items(), (_BLUE, _RED), strict=False):
        line = one.sel(bound="middle") if "bound" in one.dims else one
        ax.plot(line.thickness_nm, line, color=colour, label=label)
        if "bound" in one.dims:
            ends = one.sel(bound="low"), one.sel(bound="high")
            ax.fill_between(one.thickness_nm, *ends, color=colour, alpha=0.25, lw=0)
    ax.set(xlabel="film thickness (nm)", ylabel="optical density")
    ax.set(xlim=(0, float(line.thickness_nm.max())), ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=2)
    return figure
