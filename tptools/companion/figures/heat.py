"""Figures of the chapter on heating."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from tptools.companion.figures.axes import GUIDE, MARKERS, set_log
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = [
    "plot_cooling",
    "plot_cooling_times",
    "plot_heat_accumulation",
    "plot_heat_field",
    "plot_pulse_heating",
    "plot_temperature_steps",
]

_LINES = (("-", 1.6), ("--", 1.6), ("-.", 1.6), (":", 2.2))  # styles with their widths
_COLDEST = 1e-3  # of the colour scale, relative to the first temperature


def plot_cooling(
    curves: Mapping[str, xr.DataArray],
    marks: Mapping[str, xr.DataArray] = MappingProxyType({}),
    *,
    levels: Sequence[float] = (0.5, 0.05),
    periods_ns: Mapping[str, float] = MappingProxyType({}),
    log: bool = False,
) -> Figure:
    """Draw the temperature at the centre of the top after a pulse, as in Fig. S8.

    Parameters
    ----------
    curves, marks : mapping of str to DataArray
        By label: results of `tptools.heat.centre_temperature`, drawn as lines and as points.
    levels : sequence of float, optional
        Temperatures to mark.
    periods_ns : mapping of str to float, optional
        By label: times to mark.
    log : bool, optional
        Whether both axes are logarithmic.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 3.8))
    for (label, colour), (style, width) in zip(colours(curves).items(), cycle(_LINES)):
        curve = curves[label]
        ax.plot(curve.time_ns, curve, style, lw=width, color=colour, label=label)
    for (label, points), marker in zip(marks.items(), MARKERS, strict=False):
        ax.plot(points.time_ns, points, marker, color="k", mfc="none", ms=5, label=label)
    for level in levels:
        ax.axhline(level, **GUIDE)
        ax.annotate(
            f"{100 * level:g} %", (1, level), xycoords=("axes fraction", "data"),
            xytext=(-2, 2), textcoords="offset points", ha="right", fontsize=9, color="0.35",
        )  # fmt: skip
    # where the curves are not
    height, shift, side = (0, 4, "bottom") if log else (1, -3, "top")
    for label, period_ns in periods_ns.items():
        ax.axvline(period_ns, ls=":", **GUIDE)
        ax.annotate(
            label, (period_ns, height), xycoords=("data", "axes fraction"), xytext=(-3, shift),
            textcoords="offset points", rotation=90, ha="right", va=side, fontsize=9, color="0.35",
        )  # fmt: skip
    ax.set(xlabel="time after the pulse (ns)", ylabel=r"relative temperature $\Theta$")
    if log:
        ax.set_ylim(_COLDEST, 1.3)
        set_log(ax, "xy")
    else:
        ax.set(ylim=(0, 1.04), xlim=(0, None))
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def plot_heat_field(fields: Mapping[str, xr.DataArray], radius_um: float = 1.0) -> Figure:
    """Draw the temperature in the film at several times, one row of maps for each film.

    Parameters
    ----------
    fields : mapping of str to DataArray
        By label: results of `tptools.heat.temperature` at the same times.
    radius_um : float, optional
        How far from the axis is shown.

    Returns
    -------
    Figure
    """
    times_ns = next(iter(fields.values())).time_ns.to_numpy()
    size: Look = {"figsize": (6.6, 1.1 + 1.25 * len(fields)), "sharex": True, "sharey": True}
    figure, axes = plt.subplots(len(fields), times_ns.size, **size, squeeze=False)
    scale = LogNorm(_COLDEST, 1)
    for row, (label, field) in zip(axes, fields.items(), strict=True):
        near = field.sel(r_um=slice(0, radius_um))
        both_sides = xr.concat([near.isel(r_um=slice(None, 0, -1)), near], "r_um")
        side = np.concatenate([-near.r_um.to_numpy()[:0:-1], near.r_um.to_numpy()])
        for ax, time_ns in zip(row, times_ns, strict=True):
            now = both_sides.sel(time_ns=time_ns).transpose("z_nm", "r_um")
            image = ax.pcolormesh(
                side, now.z_nm, now, norm=scale, cmap="inferno", shading="gouraud", rasterized=True
            )
        row[0].set_ylabel(f"{label}\ndepth (nm)")
    for ax, time_ns in zip(axes[0], times_ns, strict=True):
        ax.set_title("at the pulse" if time_ns == 0 else f"{time_ns:g} ns", fontsize=10)
    for ax in axes[-1]:
        ax.set_xlabel("$r$ (µm)")
    axes[0, 0].invert_yaxis()
    figure.colorbar(image, ax=axes, label=r"$\Theta$", extend="min", pad=0.01)
    return figure


def plot_cooling_times(
    times_ns: Mapping[str, xr.DataArray], bands_ns: Mapping[str, tuple[float, float]]
) -> Figure:
    """Draw the times of cooling against the thermal diffusivity, one panel for each fraction.

    Parameters
    ----------
    times_ns : mapping of str to DataArray
        By label of a film: cooling times over ``fraction`` and ``thermal_diffusivity_m2_s``;
        infinite ones are left out.
    bands_ns : mapping of str to tuple of float
        By label: ranges of times to shade.

    Returns
    -------
    Figure
    """
    fractions = next(iter(times_ns.values())).fraction.to_numpy()
    size: Look = {"figsize": (6.6, 4.2), "sharey": True}
    figure, axes = plt.subplots(1, fractions.size, **size, squeeze=False)
    shades = [
        (label, band, OKABE_ITO[shade])
        for (label, band), shade in zip(bands_ns.items(), ("yellow", "sky"), strict=False)
    ]
    for ax, fraction in zip(axes.flat, fractions, strict=True):
        for label, band, shade in shades:
            ax.axhspan(*band, color=shade, alpha=0.3, lw=0, zorder=0, label=label)
        for (label, colour), marker in zip(colours(times_ns).items(), MARKERS, strict=False):
            one = times_ns[label].sel(fraction=fraction)
            reached = one.where(np.isfinite(one))
            ax.plot(1e7 * one.thermal_diffusivity_m2_s, reached, marker=marker, ms=4,
                    color=colour, label=label)  # fmt: skip
        ax.set(xscale="log", yscale="log", title=f"down to {100 * fraction:g} %")
        ax.set_xlabel("thermal diffusivity (10$^{-7}$ m²/s)")
        ticks = 1e7 * one.thermal_diffusivity_m2_s.to_numpy()
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        ax.set_xticks([], minor=True)
        ax.yaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_ylabel("time (ns)")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def plot_temperature_steps(table: xr.Dataset, limit_K: float) -> Figure:
    """Draw the temperature step of a pulse against its fluence, for each row of a table.

    Parameters
    ----------
    table : Dataset
        ``temperature_step_K``, ``std_err_K`` and ``fluence_uJ_cm2`` over one dimension, with the
        coordinate ``table``.
    limit_K : float
        Step to mark.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.6, 3.8))
    ax.axhline(limit_K, **GUIDE)
    names = np.unique(table.table)
    for (name, colour), marker in zip(colours(names).items(), "os", strict=False):
        rows = table.isel({table.table.dims[0]: np.flatnonzero(table.table == name)})
        look: Look = {"ls": "", "capsize": 2, "color": colour, "marker": marker, "mfc": "none"}
        columns = (rows.fluence_uJ_cm2, rows.temperature_step_K, rows.std_err_K)
        ax.errorbar(*columns, label=f"Table {name}", **look)
    ax.set(xlabel="fluence (µJ/cm²)", ylabel="temperature step (K)")
    set_log(ax, "xy")
    ax.legend()
    return figure


def plot_heat_accumulation(left: Mapping[str, xr.DataArray]) -> Figure:
    """Draw what earlier pulses have left, against the number of pulses.

    Parameters
    ----------
    left : mapping of str to DataArray
        By label: results of `tptools.heat.heat_accumulation`.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.6, 3.8))
    for (label, colour), (line, _) in zip(colours(left).items(), _LINES, strict=False):
        one = left[label]
        picked = np.unique(np.geomspace(2, one.sizes["pulse"], 200).astype(int)) - 1
        ax.plot(one.pulse[picked], one[picked], line, color=colour, label=label)
    ax.axhline(1, **GUIDE)
    ax.set(xlabel="pulses")
    set_log(ax, "xy")
    ax.set_ylabel("temperature before a pulse\n(in steps of one pulse)")
    ax.legend()
    return figure


def plot_pulse_heating(left: Mapping[str, xr.DataArray]) -> Figure:
    """Draw what an endless train of pulses leaves before each pulse, against its rate.

    Parameters
    ----------
    left : mapping of str to DataArray
        By label: temperatures in steps of one pulse, over ``rep_rate_MHz``.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.6, 3.8))
    for (label, colour), marker in zip(colours(left).items(), MARKERS, strict=False):
        one = left[label]
        ax.plot(one.rep_rate_MHz, one, marker=marker, ms=4, color=colour, label=label)
    ax.axhline(1, **GUIDE)
    ax.set(xlabel="repetition rate (MHz)")
    set_log(ax, "xy")
    ax.set_ylabel("temperature before a pulse\n(in steps of one pulse)")
    ax.legend()
    return figure
