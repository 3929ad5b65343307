"""Figures of the chapter on relaxation: Figs. 4a and S12, and how the film was calibrated."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.companion.figures.axes import DIFFUSIVITY, GUIDE, LOOKS, set_letters, set_log
from tptools.fitting import Fit
from tptools.plotting import OKABE_ITO, Look

__all__ = ["plot_calibration", "plot_chain", "plot_measured_relaxation"]

TIME = "time between excitations, by the disc of Note 6 (µs)"


def plot_measured_relaxation(
    series: xr.Dataset, fits: Mapping[str, Fit], constant_us_nW: float
) -> Figure:
    """Draw Fig. 4a or S12: D against the time between excitations, with single exponentials.

    Parameters
    ----------
    series : Dataset
        From `tptools.fitting.measure_series`.
    fits : mapping of str to Fit
        By method: from `tptools.fitting.fit_relaxation`.
    constant_us_nW : float
        Product of power and time between excitations, for the mirrored axis.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 4.2))
    inset = ax.inset_axes((0.42, 0.47, 0.55, 0.5))
    colours = {"slices": OKABE_ITO["blue"], "global": OKABE_ITO["green"]}
    markers = {"slices": "o", "global": "D"}
    for method, fit in fits.items():
        one = series.sel(estimator=method)
        x, y, error = one["disc_time_between_excitations_us"], one["value"], one["scatter"]
        look: Look = {"fmt": markers[method], "color": colours[method], "capsize": 2, "ms": 5}
        text = f"{method}: {_equation(fit)}"
        time_us = np.linspace(float(x.min()), float(x.max()), 400)
        for where in (ax, inset):
            where.errorbar(x, y, error, **look)
            line: Look = {"color": colours[method], "ls": "--" if method == "slices" else "-"}
            where.plot(time_us, fit.curve(time_us), label=text, **line)
    ax.axhline(0, **GUIDE)
    inset.set(xlim=(1, 13.5), ylim=(0, None))
    inset.tick_params(labelsize=9)
    ax.set(xlabel=TIME, ylabel=DIFFUSIVITY)

    def swap(value: ArrayLike) -> FloatArray:
        """Period for a power, and power for a period."""
        return constant_us_nW / np.maximum(np.asarray(value, float), 1e-9)

    mirror = ax.secondary_xaxis("top", functions=(swap, swap))
    mirror.set_xlabel("power (nW)")
    mirror.set_xticks([0.5, 0.6, 0.8, 1, 1.5, 2.5, 5, 25])
    mirror.set_xticklabels(["0.5", "0.6", "0.8", "1", "1.5", "2.5", "5", "25"])
    mirror.minorticks_off()
    handles, labels = ax.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center")
    return figure


def _equation(fit: Fit) -> str:
    """The fitted exponential, with its numbers."""
    limit, rise, tau = (fit[name].value for name in ("limit_cm2_s", "amplitude_cm2_s", "tau_us"))
    end = f"{limit:.3f}".replace("-", "−")
    return rf"$D$ = {end} + {rise:.3f} exp(−$T$ / {tau:.1f} µs) cm²/s"


def plot_calibration(tried: xr.Dataset, targets: Mapping[str, float]) -> Figure:
    """Draw what a calibration tried, and the curve at which it ended.

    Parameters
    ----------
    tried : Dataset
        Of `tptools.companion.datasets`: numbers of the curve over ``model``, and the last curve.
    targets : mapping of str to float
        Wanted numbers.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.4))
    names = {"limit_cm2_s": "limit", "highest_cm2_s": "highest", "tau_us": "time"}
    for (name, wanted), (colour, marker) in zip(targets.items(), LOOKS, strict=False):
        ratio = tried[name] / wanted
        left.plot(tried["model"], ratio, color=colour, marker=marker, ms=5, label=names[name])
    left.axhline(1, **GUIDE)
    left.set(xlabel="model tried", ylabel="measured over wanted")
    left.xaxis.get_major_locator().set_params(integer=True)
    left.legend()
    time_us = tried["disc_time_between_excitations_us"]
    right.plot(time_us, tried["diffusivity_cm2_s"], "o", color="k", ms=5, label="reached")
    at_us = np.geomspace(float(time_us.min()), float(time_us.max()), 200)
    curve = _wanted(at_us, float(at_us[0]), **targets)
    right.plot(at_us, curve, "--", color=OKABE_ITO["vermillion"], label="wanted")
    right.set(xlabel="$T$ of the disc (µs)", ylabel=DIFFUSIVITY, ylim=(0, None))
    set_log(right)
    right.legend()
    set_letters((left, right))
    return figure


def _wanted(
    at_us: FloatArray, first_us: float, limit_cm2_s: float, highest_cm2_s: float, tau_us: float
) -> FloatArray:
    """The exponential of the wanted numbers, which is highest at the first time."""
    rise = (highest_cm2_s - limit_cm2_s) * np.exp(-(at_us - first_us) / tau_us)
    return np.asarray(limit_cm2_s + rise)


def plot_chain(curves: Mapping[str, xr.Dataset]) -> Figure:
    """Draw relaxation curves of one film, by how they are measured.

    Parameters
    ----------
    curves : mapping of str to Dataset
        By label: ``value`` in cm2/s with ``disc_time_between_excitations_us``.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.2, 3.8))
    for (label, curve), (colour, marker) in zip(curves.items(), LOOKS, strict=False):
        time_us = curve["disc_time_between_excitations_us"]
        ax.plot(time_us, curve["value"], color=colour, marker=marker, ms=5, label=label)
    ax.set(xlabel=TIME, ylabel=DIFFUSIVITY, ylim=(0, None))
    set_log(ax)
    ax.legend()
    return figure
