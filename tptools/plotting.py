"""The pictures that a person with own records needs, in colours that all readers can tell apart.

Maps, slices with their Gaussians, what these leave, the mean square displacement with its line,
decays and relaxation curves with their fits, and all that one exploration finds. The only module of
the library that imports matplotlib.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tptools.checks import check_callable, check_choice, check_type
from tptools.estimate import Estimate
from tptools.fitting import Fit
from tptools.records import as_columns, as_dataset, as_record

__all__ = [
    "OKABE_ITO",
    "as_png",
    "colours",
    "plot_decay",
    "plot_deviations",
    "plot_exploration",
    "plot_maps",
    "plot_relaxation",
    "plot_residuals",
    "plot_slices",
    "plot_variance_growth",
    "use_style",
]

Look = dict[str, Any]
"""Settings of an artist, by keyword."""

_FITTED = ("amplitude", "centre_nm", "variance_nm2", "background")
_FITS = "tptools.fitting.fit_profiles"
_CM2_S_IN_NM2_PER_NS = 1e5

OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}
"""Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), best contrast on white first."""

_STYLE: Look = {
    "figure.figsize": (6.6, 3.6),
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=list(OKABE_ITO.values())),
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 6,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "animation.html": "jshtml",
    # the same drawing is written in the same bytes
    "svg.hashsalt": "tptools",
}

Key = TypeVar("Key")


def use_style() -> None:
    """Set matplotlib's defaults for all figures that follow; in a notebook, draw in vectors.

    Examples
    --------
    ::

        use_style()
    """
    plt.style.use(_STYLE)
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        # a notebook has it, a script need not
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        # images inside a drawing have as many points as a screen shows
        options = {"dpi": 100, "metadata": {"Creator": None, "Date": None}}
        set_matplotlib_formats("svg", **options)  # type: ignore[no-untyped-call]


def as_png(draw: Callable[..., Figure], *given: Any) -> bytes:
    """Draw a figure in our style, keep it as a picture, and close it.

    Parameters
    ----------
    draw : callable
        A function of this module, or one that returns a figure too.
    *given
        What it takes.

    Returns
    -------
    bytes
        A PNG, the same whenever the figure is.

    Raises
    ------
    TypeError
        If `draw` is no function.

    Examples
    --------
    ::

        Path("map.png").write_bytes(as_png(plot_maps, {"10 nW": record.counts}))
    """
    check_callable("draw", draw, "give a function that returns a figure")
    stored = io.BytesIO()
    with plt.style.context(_STYLE):
        figure = draw(*given)
        check_type("figure of draw", figure, Figure)
        figure.savefig(stored, format="png", metadata={"Software": None})
        plt.close(figure)
    return stored.getvalue()


def colours(keys: Iterable[Key], ramp: str | None = None) -> dict[Key, str]:
    """Give each key its colour.

    Parameters
    ----------
    keys : iterable
        What is drawn, in order; at most eight keys without a `ramp`.
    ramp : str, optional
        Name of a matplotlib colour map, for keys that are steps of one quantity. The lightest
        tenth of the map is left out, since it vanishes on white.

    Returns
    -------
    dict
        Colour by key, as ``#rrggbb``.

    Raises
    ------
    ValueError
        If there are more keys than colours.

    Examples
    --------
    >>> colours(["S1", "S2"])
    {'S1': '#0072B2', 'S2': '#D55E00'}
    >>> colours([1, 10], ramp="viridis")[1]
    '#440154'
    """
    check_type("keys", keys, Iterable, remedy="give a list of what is drawn")
    keys = list(keys)
    for key in keys:
        check_type("one of keys", key, Hashable, remedy="name what is drawn")
    palette = list(OKABE_ITO.values()) if ramp is None else _steps(ramp, len(keys))
    if len(keys) > len(palette):
        raise ValueError(f"{len(keys)} keys for {len(palette)} colours; name a ramp instead")
    return dict(zip(keys, palette, strict=False))


def _steps(ramp: str, count: int) -> Sequence[str]:
    check_choice("ramp", ramp, list(mpl.colormaps))
    colour_map = mpl.colormaps[ramp]
    return [mpl.colors.to_hex(colour_map(0.9 * i / max(count - 1, 1))) for i in range(count)]


def plot_maps(maps: Mapping[str, xr.DataArray], units: Sequence[str] = ()) -> Figure:
    """Draw light over position and time, one panel per map, each with its own scale.

    Parameters
    ----------
    maps : mapping of str to DataArray
        By panel title: over (time_ns, position_nm).
    units : sequence of str, optional
        What the colour bars say.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If `maps` or one of them is of another type.
    ValueError
        If there is none, or one lacks an axis.

    Examples
    --------
    ::

        plot_maps({"10 nW": record.counts})
    """
    check_type("maps", maps, Mapping, remedy="give them by title, {'10 nW': record.counts}")
    if not maps:
        raise ValueError("maps is empty and must hold at least one map; add it by its title")
    images = {title: _as_map(one, f"maps[{title!r}]") for title, one in maps.items()}
    width = 6.6 if len(maps) > 1 else 4.6
    figure, axes = plt.subplots(1, len(maps), figsize=(width, 3.6), sharey=True, squeeze=False)
    for k, (ax, (title, image)) in enumerate(zip(axes.flat, images.items(), strict=True)):
        look = {"cmap": "viridis", "shading": "nearest", "rasterized": True, "vmin": 0}
        mesh = ax.pcolormesh(image.position_nm, image.time_ns, image, **look)
        figure.colorbar(mesh, ax=ax, label=units[k] if units else "counts")
        ax.set(title=title, xlabel="position (nm)")
    axes[0, 0].set_ylabel("time (ns)")
    return figure


def _as_map(given: xr.DataArray, name: str) -> xr.DataArray:
    """A record over time and position, which may have gaps and values below zero."""
    axes = ("time_ns", "position_nm")
    return as_record(given, *axes, name=name, only=True, masked=True, signed=True)


def _as_growths(
    msds: Mapping[str, xr.Dataset], diffusivities: Mapping[str, Estimate]
) -> dict[str, xr.Dataset]:
    """Growths in memory; what has no diffusivity of its own label, in cm2/s, is refused."""
    check_type("msds", msds, Mapping, remedy="give them by label")
    check_type("diffusivities", diffusivities, Mapping, remedy="give them by the same labels")
    for label in msds:
        if label not in diffusivities:
            raise ValueError(f"diffusivities lacks {label!r}, which msds has; use the same labels")
        check_type(f"diffusivities[{label!r}]", diffusivities[label], Estimate)
        check_choice(f"unit of diffusivities[{label!r}]", diffusivities[label].unit, ["cm2/s"])
    needed = ("time_ns", "growth_nm2", "growth_err_nm2")
    source = "tptools.fitting.variance_growth"
    return {
        label: as_dataset(one, needed, f"msds[{label!r}]", source) for label, one in msds.items()
    }


def plot_variance_growth(
    msds: Mapping[str, xr.Dataset],
    diffusivities: Mapping[str, Estimate],
    window_ns: tuple[float, float] = (0.0, 3.0),
) -> Figure:
    """Draw growths of the variance with error bars, and lines through the origin.

    Parameters
    ----------
    msds : mapping of str to Dataset
        By label: ``growth_nm2`` and ``growth_err_nm2`` over ``time_ns``.
    diffusivities : mapping of str to Estimate
        By the same labels, in cm2/s: half the slopes of the lines.
    window_ns : tuple of float, optional
        Where the lines were fitted; beyond it they are dashed.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If one of the arguments, or what it holds, is of another type.
    ValueError
        If a growth has no diffusivity in cm2/s.

    Examples
    --------
    ::

        msd = fitting.variance_growth(record.counts)
        plot_variance_growth({"10 nW": msd}, {"10 nW": fitting.diffusivity(record.counts)})
    """
    lines = _as_growths(msds, diffusivities)
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    for label, colour in colours(lines).items():
        msd = lines[label]
        bars: Look = {"elinewidth": 0.8, "markersize": 3.5, "color": colour, "alpha": 0.6}
        ax.errorbar(msd.time_ns, msd.growth_nm2, msd.growth_err_nm2, fmt="o", label=label, **bars)
        slope = 2 * _CM2_S_IN_NM2_PER_NS * diffusivities[label].value
        name = f"$2Dt$, $D$ = {diffusivities[label]}".replace("cm2/s", "cm²/s")
        look: Look = {"color": "black" if len(msds) == 1 else colour, "zorder": 3}
        inside, end = np.array(window_ns), float(msd.time_ns.max())
        ax.plot(inside, slope * inside, label=name, **look)
        beyond = np.array([window_ns[1], min(end, 1.7 * window_ns[1])])
        ax.plot(beyond, slope * beyond, "--", **look)
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    ax.set(xlabel="time (ns)", ylabel="growth of the variance (nm²)")
    ax.ticklabel_format(axis="y", scilimits=(3, 3), useMathText=True)
    ax.margins(y=0.15)
    ax.legend(loc="upper left")
    return figure


def plot_slices(counts: xr.DataArray, fits: xr.Dataset) -> Figure:
    """Draw time slices with the Gaussians fitted to them, each relative to its Gaussian's height.

    Parameters
    ----------
    counts : DataArray
        Over (time_ns, position_nm), a few slices.
    fits : Dataset
        ``amplitude``, ``centre_nm``, ``variance_nm2`` and ``background`` over ``time_ns``, as from
        `tptools.fitting.fit_profiles`.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If `counts` or `fits` is of another type.
    ValueError
        If an axis or a variable is missing.

    Examples
    --------
    ::

        slices = record.counts.isel(time_ns=[5, 50, 95])
        plot_slices(slices, fitting.fit_profiles(slices))
    """
    counts, fits = _as_map(counts, "counts"), as_dataset(fits, _FITTED, "fits", _FITS)
    figure, ax = plt.subplots(figsize=(5.4, 4.2))
    x_nm = np.linspace(counts.position_nm.values[0], counts.position_nm.values[-1], 300)
    shades = colours(counts.time_ns.values, ramp="viridis")
    for step, (time_ns, colour) in enumerate(reversed(shades.items())):
        fit = fits.sel(time_ns=time_ns)
        slice_ = (counts.sel(time_ns=time_ns) - fit.background) / fit.amplitude
        gaussian = np.exp(-((x_nm - float(fit.centre_nm)) ** 2) / (2 * float(fit.variance_nm2)))
        ax.plot(counts.position_nm, slice_ + step, "o", mfc="none", ms=4, color=colour)
        ax.plot(x_nm, gaussian + step, color=colour)
        ax.text(x_nm[-1], step + 0.12, f"{time_ns:.1f} ns", ha="right", color=colour)
    ax.set(xlabel="position (nm)", ylabel="light relative to the fitted peak, shifted", yticks=[])
    return figure


def plot_residuals(profiles: xr.DataArray, fits: xr.Dataset) -> Figure:
    """Draw what Gaussians leave of profiles, relative to their peaks, with Poisson error bars.

    Parameters
    ----------
    profiles : DataArray
        Counts over (window, position_nm); windows are labels.
    fits : Dataset
        Fits to them, as for `plot_slices`, over ``window``.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If `profiles` or `fits` is of another type.
    ValueError
        If an axis or a variable is missing.

    Examples
    --------
    ::

        plot_residuals(profiles, fitting.fit_profiles(profiles))
    """
    profiles = as_record(profiles, "position_nm", name="profiles", masked=True, signed=True)
    fits = as_dataset(fits, ("window", *_FITTED), "fits", _FITS)
    figure, axes = plt.subplots(
        1, profiles.sizes["window"], figsize=(6.6, 3), sharey=True, squeeze=False
    )
    for ax, label in zip(axes.flat, profiles.window.values, strict=True):
        fit, counts = fits.sel(window=label), profiles.sel(window=label)
        offset_nm = counts.position_nm - fit.centre_nm
        gaussian = fit.amplitude * np.exp(-(offset_nm**2) / (2 * fit.variance_nm2))
        left = 100 * (counts - fit.background - gaussian) / fit.amplitude
        error = 100 * np.sqrt(counts) / fit.amplitude
        bars: Look = {"fmt": "o", "ms": 3.5, "elinewidth": 0.8}
        ax.errorbar(counts.position_nm, left, error, **bars)
        ax.axhline(0, color="0.4", lw=0.8, zorder=0)
        ax.set(title=label, xlabel="position (nm)")
    axes[0, 0].set_ylabel("light less Gaussian\n(% of the peak)")
    return figure


def plot_exploration(
    counts: xr.DataArray,
    growth: xr.Dataset,
    displacement: xr.DataArray,
    diffusivities: Mapping[str, Estimate],
    truth: Estimate,
) -> Figure:
    """Draw a map, the growth of its variance beside that of the excitons, and every reading of D.

    Parameters
    ----------
    counts : DataArray
        Over (time_ns, position_nm).
    growth : Dataset
        ``growth_nm2`` and ``growth_err_nm2`` over ``time_ns``.
    displacement : DataArray
        The excitons' own growth along one axis in nm2, over ``time_ns``.
    diffusivities : mapping of str to Estimate
        By method.
    truth : Estimate
        What they should be.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If one of the arguments is of another type.
    ValueError
        If an axis or a variable is missing.

    Examples
    --------
    ::

        tptools.explore("OLA/OA", tptools.Excitation(10, 2.5)).plot()
    """
    image = _as_map(counts, "counts")
    source = "tptools.fitting.variance_growth"
    growth = as_dataset(growth, ("time_ns", "growth_nm2", "growth_err_nm2"), "growth", source)
    own = as_record(displacement, "time_ns", name="displacement", only=True, signed=True)
    check_type("diffusivities", diffusivities, Mapping, remedy="give them by method")
    check_type("truth", truth, Estimate)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(9.6, 3.2))
    look: Look = {"cmap": "viridis", "shading": "nearest", "rasterized": True, "vmin": 0}
    figure.colorbar(
        left.pcolormesh(image.position_nm, image.time_ns, image, **look), label="counts"
    )
    left.set(title="map", xlabel="position (nm)", ylabel="time (ns)")
    bars: Look = {"fmt": "o", "markersize": 3, "elinewidth": 0.8, "alpha": 0.6}
    middle.errorbar(
        growth.time_ns, growth.growth_nm2, growth.growth_err_nm2, label="slices", **bars
    )
    middle.plot(own.time_ns, own, color="black", label="excitons")
    middle.set(title="growth of the variance (nm²)", xlabel="time (ns)")
    middle.legend()
    _plot_readings(right, diffusivities, truth)
    return figure


def _plot_readings(ax: Axes, diffusivities: Mapping[str, Estimate], truth: Estimate) -> None:
    """One mark for each method, and a band where the truth is."""
    heights = range(len(diffusivities))
    values, errors = zip(*((one.value, one.std_err) for one in diffusivities.values()), strict=True)
    ax.errorbar(values, heights, xerr=errors, fmt="o")
    ax.axvspan(truth.value - truth.std_err, truth.value + truth.std_err, color="0.8")
    ax.axvline(truth.value, color="black", label="excitons")
    names = [
        k if one.value == one.value else f"{k}\nundetermined" for k, one in diffusivities.items()
    ]
    ax.set(title="$D$ (cm²/s)", yticks=heights, yticklabels=names)
    ax.margins(y=0.2)
    ax.invert_yaxis()
    ax.legend()


def plot_deviations(counts: xr.DataArray, expected: xr.DataArray) -> Figure:
    """Draw where counts differ from what is expected, in standard errors of the photon noise.

    Parameters
    ----------
    counts, expected : DataArray
        Over (time_ns, position_nm), on the same axes; NaN is left blank.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If one of them is of another type.
    ValueError
        If an axis is missing, or both have no place in common.

    Examples
    --------
    ::

        plot_deviations(record.counts, model)
    """
    counts, expected = _as_map(counts, "counts"), _as_map(expected, "expected")
    counts, expected = xr.align(counts, expected)
    mean = expected.clip(1e-9)
    part = counts * np.log(counts.clip(1e-9) / mean)
    # the deviance keeps its scale where hardly a count is expected
    size = (2 * (mean - counts + part).clip(0)) ** 0.5
    left = size.where(counts > mean, -size)
    if bool(left.isnull().all()):
        raise ValueError("expected has no place in common with counts; give both on the same axes")
    figure, ax = plt.subplots(figsize=(4.6, 3.6))
    look: Look = {"cmap": "RdBu_r", "shading": "nearest", "rasterized": True}
    ax.set_facecolor("0.8")
    mesh = ax.pcolormesh(left.position_nm, left.time_ns, left, vmin=-5, vmax=5, **look)
    figure.colorbar(mesh, ax=ax, label="counts less model (standard errors)", extend="both")
    ax.set(xlabel="position (nm)", ylabel="time (ns)")
    return figure


def plot_decay(
    decay: xr.DataArray, fits: Mapping[str, tuple[Fit, tuple[float, float]]], background: float = 0
) -> Figure:
    """Draw a decay less its background on a logarithmic scale, with curves that were fitted.

    Parameters
    ----------
    decay : DataArray
        Counts over ``time_ns``.
    fits : mapping of str to tuple
        By label: a fit such as `tptools.fitting.fit_decay` gives, with a background that is the
        same, and the window that it is drawn in.
    background : float, optional
        Counts of a bin.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If `decay` or one of `fits` is of another type.
    ValueError
        If `decay` has no ``time_ns``.

    Examples
    --------
    ::

        plot_decay(decay, {"exponential": (fitting.fit_decay(decay), (0, 3))})
    """
    decay = as_record(decay, "time_ns", name="decay", only=True, masked=True)
    check_type("fits", fits, Mapping, remedy="give them by label, with their windows")
    light = decay - background
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    seen = light.where(light > 0)
    ax.plot(seen.time_ns, seen, ".", ms=2.5, color="0.6", label="counts less background")
    for k, (label, (fit, window_ns)) in enumerate(fits.items()):
        check_type(f"fits[{label!r}]", fit, Fit)
        time_ns = decay.time_ns.sel(time_ns=slice(*window_ns)).to_numpy()
        colour = list(OKABE_ITO.values())[k % len(OKABE_ITO)]
        curve = fit.curve(time_ns) - fit["background"].value
        ax.plot(time_ns, np.where(curve > 0, curve, np.nan), color=colour, label=label)
    ax.set(xlabel="time (ns)", ylabel="counts in a bin", yscale="log")
    ax.legend(loc="upper right")
    return figure


def plot_relaxation(
    time_us: Sequence[float],
    diffusivities: Mapping[str, Sequence[Estimate]],
    fits: Mapping[str, Fit],
) -> Figure:
    """Draw diffusivities against the time between excitations, with relaxation curves.

    Parameters
    ----------
    time_us : sequence of float
        Of every point.
    diffusivities : mapping of str to sequence of Estimate
        By method, in cm2/s, as many as there are times.
    fits : mapping of str to Fit
        By the same methods, from `tptools.fitting.fit_relaxation`; a method may have none.

    Returns
    -------
    Figure

    Raises
    ------
    TypeError
        If `diffusivities` or `fits` is of another type.
    ValueError
        If numbers of points differ, or a time is none.

    Examples
    --------
    ::

        plot_relaxation(times, {"global": found}, {"global": fitting.fit_relaxation(times, found)})
    """
    (time,) = as_columns(1, time_us=time_us)
    check_type("diffusivities", diffusivities, Mapping, remedy="give lists of estimates by method")
    check_type("fits", fits, Mapping, remedy="give fits by method")
    figure, ax = plt.subplots(figsize=(5.4, 3.6))
    fine = np.geomspace(time.min(), time.max(), 200)
    for (name, found), marker in zip(diffusivities.items(), "odsv^<>ph", strict=False):
        if len(found) != time.size:
            raise ValueError(
                f"diffusivities[{name!r}] has {len(found)} points for {time.size} times"
            )
        bars = ax.errorbar(
            time, [one.value for one in found], [one.std_err for one in found],
            fmt=marker, ms=4, elinewidth=0.8, label=name,
        )  # fmt: skip
        if name in fits and np.isfinite(fits[name]["tau_us"].value):
            ax.plot(fine, fits[name].curve(fine), color=bars[0].get_color(), lw=1.2)
    ax.set(xlabel="time between excitations (µs)", ylabel="diffusivity (cm²/s)", xscale="log")
    ax.axhline(0, color="0.7", lw=0.8, zorder=0)
    if diffusivities:
        ax.legend(loc="upper right")
    return figure
