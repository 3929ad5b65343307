"""Figures of steady-state spectra: absorbance, photoluminescence and light against power."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tptools.companion.figures.axes import GUIDE, set_letters, set_log
from tptools.estimate import Estimate
from tptools.fitting import Fit
from tptools.plotting import OKABE_ITO, Look, colours

__all__ = [
    "plot_absorbance_and_emission",
    "plot_exponents",
    "plot_film_spectra",
    "plot_power_series",
    "plot_power_spectra",
]

_ABSORBED, _EMITTED, _LASER = OKABE_ITO["blue"], OKABE_ITO["green"], OKABE_ITO["purple"]


def plot_absorbance_and_emission(
    absorbance: xr.DataArray,
    emission: xr.DataArray,
    excitation_nm: float,
    micrograph: xr.DataArray | None = None,
) -> Figure:
    """Draw Fig. 1b: absorbance solid, emission dashed, and where the laser excites.

    Parameters
    ----------
    absorbance, emission : DataArray
        Over ``wavelength_nm``, each normalised as it shall be seen.
    excitation_nm : float
        Where the arrow stands.
    micrograph : DataArray, optional
        Over (y_nm, x_nm): drawn in an inset at the upper right, with a bar of 20 nm.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.2, 3.8))
    ax.plot(absorbance.wavelength_nm, absorbance, color=_ABSORBED, label="absorbance")
    ax.plot(emission.wavelength_nm, emission, "--", color=_EMITTED, label="photoluminescence")
    at_laser = float(absorbance.interp(wavelength_nm=excitation_nm))
    arrow = {"arrowstyle": "-|>", "color": _LASER, "lw": 2}
    ax.annotate(
        f"{excitation_nm:g} nm",
        (excitation_nm, at_laser),
        (excitation_nm, at_laser + 0.35),
        ha="center",
        color=_LASER,
        arrowprops=arrow,
    )
    ax.set(xlabel="wavelength (nm)", ylabel="normalised", ylim=(0, None))
    ax.margins(x=0)
    figure.legend(loc="outside lower center", ncols=len(ax.lines))
    if micrograph is not None:
        _draw_micrograph(ax.inset_axes((0.68, 0.42, 0.34, 0.6)), micrograph)
    return figure


def plot_power_spectra(
    spectra: xr.DataArray, intensities: Mapping[float, Estimate], line: Fit
) -> Figure:
    """Draw Fig. 1c: spectra on top of each other, and their integrals against power.

    Parameters
    ----------
    spectra : DataArray
        Over (power_nW, wavelength_nm), normalised as they shall be seen.
    intensities : mapping of float to Estimate
        By power in nW.
    line : Fit
        Through the intensities.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 4))
    _draw_spectra(ax, spectra)
    ax.legend(loc="upper left", title="power")
    inset = ax.inset_axes((0.66, 0.42, 0.36, 0.5))
    _draw_intensities(inset, intensities, line)
    inset.set_title(_formula(line), fontsize=10)
    inset.tick_params(labelsize=9)
    inset.xaxis.label.set_fontsize(9)
    inset.yaxis.label.set_fontsize(9)
    return figure


def plot_power_series(
    series: Mapping[str, tuple[xr.DataArray, Mapping[float, Estimate], Fit]],
) -> Figure:
    """Draw Figs. S5a to S5d: spectra on the left, integrals against power on the right.

    Parameters
    ----------
    series : mapping of str to tuple
        By title, a row each: what `plot_power_spectra` takes. Spectra with a ``rep_rate_MHz``
        are labelled by it.

    Returns
    -------
    Figure
    """
    size: Look = {"figsize": (6.6, 2.9 * len(series)), "width_ratios": (1.35, 1)}
    figure, axes = plt.subplots(len(series), 2, **size, squeeze=False)
    letters = iter("abcdefgh")
    for (left, right), (title, one) in zip(axes, series.items(), strict=True):
        _draw_spectra(left, one[0])
        left.set_title(title)
        left.legend(loc="upper right", fontsize=9)
        _draw_intensities(right, *one[1:])
        right.set_title(f"$m$ = {one[2]['exponent']}")
        set_letters((left, right), next(letters) + next(letters))
    return figure


def plot_film_spectra(samples: Mapping[str, tuple[xr.DataArray, xr.DataArray]]) -> Figure:
    """Draw Fig. S9: absorbance solid and emission dashed, a panel for each sample.

    Parameters
    ----------
    samples : mapping of str to tuple of DataArray
        By title: absorbance and normalised emission, over ``wavelength_nm``.

    Returns
    -------
    Figure
    """
    n_columns = min(3, len(samples))
    n_rows = -(-len(samples) // n_columns)
    size: Look = {"figsize": (6.6, 2.4 * n_rows + 0.3), "sharex": True, "sharey": True}
    figure, axes = plt.subplots(n_rows, n_columns, **size, squeeze=False)
    for ax in axes.flat[len(samples) :]:
        ax.remove()
    for ax, (title, (absorbance, emission)) in zip(axes.flat, samples.items(), strict=False):
        scaled = emission / emission.max() * float(absorbance.max())
        solid = ax.plot(absorbance.wavelength_nm, absorbance, color=_ABSORBED)
        dashed = ax.plot(emission.wavelength_nm, scaled, "--", color=_EMITTED)
        ax.set_title(title)
        ax.margins(x=0)
    figure.supxlabel("wavelength (nm)", fontsize="medium")
    figure.supylabel("absorbance", fontsize="medium")
    labels = ["absorbance", "photoluminescence (to the same height)"]
    figure.legend([*solid, *dashed], labels, loc="outside upper center", ncols=len(labels))
    return figure


def plot_exponents(
    found: Mapping[str, tuple[float, float]], models: Mapping[str, Sequence[float]]
) -> Figure:
    """Draw intervals of measured exponents beside what models give for the same powers.

    Parameters
    ----------
    found : mapping of str to tuple of float
        By series: the ends of the interval.
    models : mapping of str to sequence of float
        By model: the exponent for each series, in order.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 1.4 + 0.55 * len(found)))
    rows = np.arange(len(found))[::-1]
    ends = np.array(list(found.values()))
    middle, half = ends.mean(axis=1), np.diff(ends, axis=1)[:, 0] / 2
    bars: Look = {"fmt": "none", "color": "black", "capsize": 5, "elinewidth": 2}
    ax.errorbar(middle, rows, xerr=half, label="recomputed, 95 %", **bars)
    shades = list(OKABE_ITO.values())
    for k, (name, exponents) in enumerate(models.items()):
        below = rows - 0.13 * (k + 1)  # models that agree shall not hide each other
        ax.plot(exponents, below, "oDsv^"[k], color=shades[k], label=name)
    ax.axvline(1, **GUIDE)
    ax.set(yticks=rows, yticklabels=list(found), xlabel="exponent of light against power")
    ax.margins(y=0.3)
    figure.legend(loc="outside lower center", ncols=2)
    return figure


def _draw_micrograph(ax: Axes, micrograph: xr.DataArray) -> None:
    x_nm, y_nm = micrograph.x_nm.values, micrograph.y_nm.values
    look: Look = {"cmap": "gray", "shading": "nearest", "rasterized": True}
    ax.pcolormesh(x_nm, y_nm, micrograph.transpose("y_nm", "x_nm"), **look)
    start, bottom = x_nm[0] + 0.06 * np.ptp(x_nm), y_nm[0] + 0.08 * np.ptp(y_nm)
    ax.plot([start, start + 20], [bottom, bottom], color="white", lw=3, solid_capstyle="butt")
    ax.text(start + 10, bottom + 2, "20 nm", color="white", ha="center", va="bottom", fontsize=9)
    ax.set(aspect="equal", xticks=[], yticks=[])


def _draw_spectra(ax: Axes, spectra: xr.DataArray) -> None:
    shades = colours(spectra.power_nW.values.tolist(), ramp="viridis")
    for power, colour in shades.items():
        one = spectra.sel(power_nW=power)
        varied = f"{one.rep_rate_MHz:g} MHz" if "rep_rate_MHz" in one.coords else f"{power:.3g} nW"
        ax.plot(one.wavelength_nm, one, color=colour, lw=1, label=varied)
    ax.set(xlabel="wavelength (nm)", ylabel="photoluminescence, normalised")
    ax.margins(x=0)


def _draw_intensities(ax: Axes, intensities: Mapping[float, Estimate], line: Fit) -> None:
    powers = np.array(list(intensities))
    shades = colours(intensities, ramp="viridis")
    ends = np.array([powers.min() / 1.3, powers.max() * 1.3])
    ax.plot(ends, line.curve(ends), "--", color="0.3", lw=1.2, zorder=1)
    for power, one in intensities.items():
        look: Look = {"fmt": "o", "ms": 5, "capsize": 2, "color": shades[power]}
        ax.errorbar(power, one.value, one.std_err, **look)
    ax.set(xlabel="power (nW)", ylabel="integral (counts)")
    set_log(ax, "xy")


def _formula(line: Fit) -> str:
    prefactor = line["prefactor"]
    power = int(np.floor(np.log10(prefactor.value)))
    scaled = replace(prefactor / 10**power, unit="")
    return f"$C P^m$, $C$ = ({scaled})$\\times10^{power}$\n$m$ = {line['exponent']}"
