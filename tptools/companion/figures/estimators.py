"""Figures of the chapters on validation and on estimators."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from tptools.companion.figures.axes import GUIDE, set_log
from tptools.plotting import Look, colours

__all__ = [
    "plot_bias_against_counts",
    "plot_choices",
    "plot_detection",
    "plot_performance",
    "plot_photon_need",
    "plot_shapes",
    "plot_variance_errors",
]

_MARKERS = "osD^v<>P"
# Largest relative error of D that a scale has room for.
_FARTHEST = 1.0


def plot_choices(
    choices: Mapping[str, xr.Dataset], true_cm2_s: float, printed_cm2_s: tuple[float, float]
) -> Figure:
    """Draw D found by several analyses, one row for each, one colour per kind of record.

    Parameters
    ----------
    choices : mapping of str to Dataset
        By kind of record: ``bias`` and ``spread`` in cm2/s over ``estimator``, the same for all.
    true_cm2_s : float
        D that was put in.
    printed_cm2_s : tuple of float
        Range of values that the print stands for, shaded.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 4.2))
    ax.axvspan(*printed_cm2_s, color="0.92", zorder=0)
    ax.axvline(true_cm2_s, **GUIDE)
    shift = np.linspace(-0.2, 0.2, len(choices))
    for (label, colour), dy, marker in zip(colours(choices).items(), shift, _MARKERS, strict=False):
        one = choices[label]
        rows = np.arange(one.sizes["estimator"]) + dy
        style: Look = {"fmt": marker, "color": colour, "capsize": 2, "markersize": 5}
        ax.errorbar(true_cm2_s + one.bias, rows, xerr=one.spread, label=label, **style)
    ax.set_yticks(np.arange(one.sizes["estimator"]), one.estimator.values)
    ax.invert_yaxis()
    ax.set(xlabel="recovered $D$ (cm²/s)")
    figure.legend(loc="outside lower center", ncols=len(choices))
    return figure


def plot_bias_against_counts(bias: Mapping[str, xr.Dataset], true_cm2_s: float) -> Figure:
    """Draw D recovered from records of different brightness.

    Parameters
    ----------
    bias : mapping of str to Dataset
        By label: ``bias`` and ``spread`` in cm2/s over ``peak_counts``.
    true_cm2_s : float
        D that was put in.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    ax.axhline(true_cm2_s, **GUIDE)
    for (label, colour), marker in zip(colours(bias).items(), _MARKERS, strict=False):
        one = bias[label]
        middle = true_cm2_s + one.bias
        look: Look = {"color": colour, "label": label, "marker": marker}
        ax.fill_between(
            one.peak_counts, middle - one.spread, middle + one.spread, color=colour, alpha=0.2, lw=0
        )
        ax.plot(one.peak_counts, middle, **look)
    ax.set(xlabel="counts at the peak of the first slice")
    set_log(ax)
    ax.set_ylabel("recovered $D$ (cm²/s)")
    ax.legend()
    return figure


def plot_performance(tables: xr.Dataset, bound_cm2_s: xr.DataArray) -> Figure:
    """Draw bias, spread and coverage of methods against the D that was put in.

    Parameters
    ----------
    tables : Dataset
        As from `summarise_repetitions`, over (D_cm2_s, estimator).
    bound_cm2_s : DataArray
        Smallest possible spread over ``D_cm2_s``.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, 3, figsize=(6.6, 3.6))
    names = {"bias": 1e3, "spread": 1e3, "coverage": 100}
    place = np.arange(tables.sizes["D_cm2_s"])
    methods = tables.estimator.values.tolist()
    shift = np.linspace(-0.25, 0.25, len(methods))
    for ax, (name, scale) in zip(axes, names.items(), strict=True):
        for (method, colour), dx, marker in zip(
            colours(methods).items(), shift, _MARKERS, strict=False
        ):
            one = tables.sel(estimator=method)
            style = {"fmt": marker, "color": colour, "markersize": 4, "capsize": 2, "lw": 1}
            bar = scale * one[f"{name}_err"]
            ax.errorbar(place + dx, scale * one[name], bar, label=method, **style)
        ax.set_xticks(place, [f"{d:g}" for d in tables.D_cm2_s.values])
        ax.set_xlabel("true $D$ (cm²/s)")
    axes[0].axhline(0, **GUIDE)
    axes[0].set_ylabel("bias (10⁻³ cm²/s)")
    for x, y in zip(place, 1e3 * bound_cm2_s.values, strict=True):
        axes[1].plot([x - 0.4, x + 0.4], [y, y], color="black", label="bound" if x == 0 else None)
    axes[1].set(ylabel="spread (10⁻³ cm²/s)", ylim=(0, None))
    axes[2].axhline(68.3, **GUIDE)
    axes[2].set(ylabel="coverage (%)", ylim=(0, 100))
    handles, labels = axes[1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def plot_photon_need(tables: xr.Dataset, bound_cm2_s: xr.DataArray, limit_per_err: float) -> Figure:
    """Draw the standard error of D against photons, with the smallest D that it can tell from zero.

    Parameters
    ----------
    tables : Dataset
        ``spread`` and ``spread_err`` over (photons, estimator), at D = 0.
    bound_cm2_s : DataArray
        Smallest possible spread over ``photons``.
    limit_per_err : float
        Detection limit over standard error, for the scale on the right.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.4, 4.4))
    ax.plot(bound_cm2_s.photons, bound_cm2_s, color="black", label="bound", zorder=1)
    methods = tables.estimator.values.tolist()
    shift = np.geomspace(0.85, 1.18, len(methods))  # so that marks do not hide each other
    for (method, colour), dx, marker in zip(
        colours(methods).items(), shift, _MARKERS, strict=False
    ):
        one = tables.sel(estimator=method)
        style: Look = {"fmt": marker, "color": colour, "markersize": 5, "capsize": 2}
        ax.errorbar(dx * one.photons, one.spread, one.spread_err, label=method, **style)
    ax.set(xlabel="photons within 3 ns, all positions together")
    set_log(ax, "xy")
    ax.set_ylabel("standard error of $D$ (cm²/s)")
    right = ax.secondary_yaxis(
        "right",
        functions=(
            lambda y: limit_per_err * np.asarray(y),
            lambda y: np.asarray(y) / limit_per_err,
        ),
    )
    right.set_ylabel("detection limit (cm²/s)")
    ax.spines["right"].set_visible(True)
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def plot_detection(shares: xr.DataArray, limits_cm2_s: xr.DataArray) -> Figure:
    """Draw how often a D is told from zero.

    Parameters
    ----------
    shares : DataArray
        Share of records over (estimator, D_cm2_s).
    limits_cm2_s : DataArray
        Detection limits over ``estimator``, drawn as dotted lines.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    methods = shares.estimator.values.tolist()
    for (method, colour), marker in zip(colours(methods).items(), _MARKERS, strict=False):
        share = 100 * shares.sel(estimator=method)
        ax.plot(shares.D_cm2_s, share, marker=marker, color=colour, label=method)
        ax.axvline(float(limits_cm2_s.sel(estimator=method)), color=colour, ls=":", lw=1.2)
    ax.axhline(95, **GUIDE)
    ax.set(xlabel="true $D$ (cm²/s)", ylabel="records above the threshold (%)", ylim=(0, 103))
    ax.legend()
    return figure


def plot_shapes(
    shapes: Mapping[str, xr.DataArray], tables: xr.Dataset, true_cm2_s: float
) -> Figure:
    """Draw spots of several shapes, and what each method makes of them.

    Parameters
    ----------
    shapes : mapping of str to DataArray
        By label: the profile over ``position_nm``.
    tables : Dataset
        ``bias`` and ``spread`` over (shape, estimator), shapes by the same labels.
    true_cm2_s : float
        D that was put in.

    Returns
    -------
    Figure
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.6, 3.8), width_ratios=(1, 1.7))
    for step, (label, profile) in enumerate(shapes.items()):
        height = 1.15 * (len(shapes) - 1 - step)
        left.plot(profile.position_nm, height + profile / profile.max(), color="black", lw=1.2)
        left.text(float(profile.position_nm.min()), height + 0.3, label, fontsize=10)
    left.set(xlabel="position (nm)", yticks=[], title="spot")
    left.spines["left"].set_visible(False)
    methods = tables.estimator.values.tolist()
    shift = np.linspace(-0.3, 0.3, len(methods))
    right.axhspan(0.9, 1.1, color="0.92", zorder=0)
    right.axhline(1, **GUIDE)
    for (method, colour), dx, marker in zip(
        colours(methods).items(), shift, _MARKERS, strict=False
    ):
        one = tables.sel(estimator=method)
        style = {"fmt": marker, "color": colour, "markersize": 5, "capsize": 2}
        ratio = (1 + one.bias / true_cm2_s).values
        place, inside = np.arange(len(shapes)) + dx, np.abs(ratio - 1) < _FARTHEST
        bars = np.where(inside, one.spread / true_cm2_s, 0)
        right.errorbar(place, np.where(inside, ratio, np.nan), bars, label=method, **style)
        for x, y in zip(place[~inside], ratio[~inside], strict=True):
            edge = 1 + np.sign(y - 1) * _FARTHEST
            right.plot(x, edge, "^" if y > 1 else "v", color=colour)
            right.annotate(
                f"{y:.1f}".replace("-", "−"),
                (x, edge),
                (0, 8),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
    right.set_ylim(0.9 - _FARTHEST, 1.1 + _FARTHEST)
    right.set_xticks(np.arange(len(shapes)), list(shapes))
    right.set_ylabel("recovered $D$ / true $D$")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def plot_variance_errors(panels: Mapping[str, xr.Dataset]) -> Figure:
    """Draw scatter of simulated variances beside what formulas say, one panel per kind of noise.

    Parameters
    ----------
    panels : mapping of str to Dataset
        By axis label: over one dimension, pairs of variables ``NAME`` (simulated) and
        ``NAME formula``, in nm2.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(6.6, 3.6), sharey=True, squeeze=False)
    for ax, (xlabel, table) in zip(axes.flat, panels.items(), strict=True):
        x = table[next(iter(table.dims))]
        names = [name for name in map(str, table) if not name.endswith(" formula")]
        for (name, colour), marker in zip(colours(names).items(), _MARKERS, strict=False):
            ax.plot(x, table[name], marker, color=colour, label=name)
            ax.plot(x, table[f"{name} formula"], color=colour)
        ax.set(xlabel=xlabel)
        set_log(ax, "xy")
        ax.legend()
    axes[0, 0].set_ylabel("standard error of $σ²$ (nm²)")
    return figure
