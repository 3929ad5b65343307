"""Figures of the chapters on transient photoluminescence and its microscopy."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Ellipse, FancyBboxPatch, Rectangle

from tptools.companion.figures.axes import GUIDE, set_log
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.instruments import Microscope
from tptools.plotting import OKABE_ITO, Look, colours
from tptools.randomness import generator
from tptools.units import FWHM_PER_SIGMA

__all__ = [
    "plot_bends",
    "plot_decay_numbers",
    "plot_decays",
    "plot_microscope",
    "plot_principle",
]

_LASER, _LIGHT = OKABE_ITO["purple"], OKABE_ITO["green"]
_MARKS_PER_DECADE = 20
_SMALLEST_SPAN = 0.1  # of an axis, relative to the sum of its ends


def plot_principle(sigma_nm: Mapping[float, float], extent_nm: float = 800) -> Figure:
    """Draw what is measured: excitons spread over the film, and the profile of their light widens.

    Parameters
    ----------
    sigma_nm : mapping of float to float
        By time after the pulse in ns, in order: standard deviation of the profile in nm.
    extent_nm : float, optional
        Half the width of the film that is drawn; nanocrystals are drawn far too large.

    Returns
    -------
    Figure
    """
    size: Look = {"figsize": (6.6, 3.9), "height_ratios": (2, 1), "sharex": True, "sharey": "row"}
    figure, axes = plt.subplots(2, len(sigma_nm), **size, squeeze=False)
    first = next(iter(sigma_nm.values()))
    x_nm = np.linspace(-extent_nm, extent_nm, 200)
    for k, (time_ns, sigma) in enumerate(sigma_nm.items()):
        film, profile = axes[:, k]
        film.set_title("laser pulse" if k == 0 else f"{time_ns:g} ns later")
        _draw_film(film, extent_nm, sigma, spot_nm=first if k == 0 else None)
        profile.plot(x_nm, np.exp(-(x_nm**2) / (2 * first**2)), ":", color="0.5")
        profile.plot(x_nm, np.exp(-(x_nm**2) / (2 * sigma**2)), color=_LIGHT)
        half = FWHM_PER_SIGMA * sigma / 2
        profile.annotate("", (-half, 0.5), (half, 0.5), arrowprops={"arrowstyle": "<->"})
        profile.set(xlabel="position (nm)", yticks=[])
    axes[0, 0].set_ylabel("film of nanocrystals")
    axes[1, 0].set_ylabel("light, normalised")
    return figure


def _draw_film(ax: Axes, extent_nm: float, sigma_nm: float, spot_nm: float | None) -> None:
    """Nanocrystals as squares, those with an exciton filled, and the laser spot."""
    rng = generator(4, "excitons in a drawing")
    pitch = extent_nm / 10
    centres = np.arange(-10, 11) * pitch
    excited = np.rint(rng.normal(scale=sigma_nm / pitch, size=(26, 2))) * pitch
    for x in centres:
        for y in centres[np.abs(centres) < 0.75 * extent_nm]:
            bright = bool((excited == (x, y)).all(axis=1).any())
            look: Look = {"color": OKABE_ITO["vermillion"] if bright else "0.87"}
            corner = (x - 0.4 * pitch, y - 0.4 * pitch)
            ax.add_patch(Rectangle(corner, 0.8 * pitch, 0.8 * pitch, **look))
    if spot_nm is not None:
        ax.add_patch(Circle((0, 0), FWHM_PER_SIGMA * spot_nm / 2, color=_LASER, alpha=0.4))
    ax.set(xlim=(-1.05 * extent_nm, 1.05 * extent_nm), ylim=(-0.78 * extent_nm, 0.78 * extent_nm))
    ax.set(aspect="equal", yticks=[])
    ax.spines[:].set_visible(False)
    ax.tick_params(bottom=False)


def plot_microscope(microscope: Microscope, excitation: Excitation) -> Figure:
    """Draw the beam path of the microscope with its numbers.

    Parameters
    ----------
    microscope : Microscope
        Objective, magnification, APD and timing.
    excitation : Excitation
        Laser and spot.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.6, 5))
    _draw_beams(ax)
    boxes = {
        (1.0, 3.2): f"pulsed laser\n{excitation.wavelength_nm:g} nm, "
        f"{microscope.timer.laser_pulse_fwhm_ps:g} ps\n{excitation.rep_rate_MHz:g} MHz",
        (9.8, 5.6): f"APD, {microscope.detector.apd_edge_um:g} µm,\n"
        f"{microscope.detector.apd_jitter_fwhm_ps:g} ps, scanned",
        (9.8, 3.2): f"photon counting\n{microscope.timer.tcspc_bin_ps:g} ps bins,\n"
        f"response {microscope.response_fwhm_ps:.0f} ps",
    }
    for (x, y), text in boxes.items():
        box = FancyBboxPatch(
            (x - 0.95, y - 0.5), 1.9, 1, boxstyle="round,pad=0.05", fc="0.95", ec="0.3"
        )
        ax.add_patch(box)
        ax.text(x, y, text, ha="center", va="center", fontsize=9)
    labels = {
        (2.25, 3.65): "single-mode\nfibre",
        (4.85, 3.2): "dichroic mirror",
        (4.95, 4.3): "long-pass filter",
        (4.95, 2.0): f"objective, NA {microscope.objective.objective_NA:g}",
        (5.25, 0.75): f"film on cold stage, in vacuum\nspot {excitation.spot_fwhm_nm:g} nm FWHM",
        (5.15, 6.5): "tube lens",
        (6.5, 6.5): f"telescope, {microscope.objective.magnification:g}× in all",
    }
    for (x, y), text in labels.items():
        ax.text(x, y, text, va="center", fontsize=9)
    ax.text(5.4, -0.35, "timing signal", ha="center", va="top", color="0.4", fontsize=9)
    ax.set(xlim=(-0.1, 10.9), ylim=(-0.8, 6.8), aspect="equal")
    ax.axis("off")
    return figure


def _draw_beams(ax: Axes) -> None:
    """Light and what it passes, without words."""
    ax.plot(
        [2.0, 4.2, 4.2], [3.2, 3.2, 0.9], color=_LASER, lw=6, alpha=0.5, solid_joinstyle="miter"
    )
    ax.plot([4.2, 4.2, 8.8], [0.9, 5.6, 5.6], color=_LIGHT, lw=3, solid_joinstyle="miter")
    ax.plot([1, 1, 9.8, 9.8], [2.6, -0.3, -0.3, 2.6], ":", color="0.4", lw=1.2)
    ax.plot([9.8, 9.8], [3.8, 5], color="0.4", lw=1.2)
    glass: Look = {"fc": OKABE_ITO["sky"], "ec": "0.3", "alpha": 0.8, "zorder": 3}
    for centre, width, height in (
        ((4.2, 2.0), 1.2, 0.3),
        ((5.5, 5.6), 0.22, 1.1),
        ((6.8, 5.6), 0.18, 0.8),
        ((7.6, 5.6), 0.22, 1.1),
    ):
        ax.add_patch(Ellipse(centre, width, height, **glass))
    ax.add_patch(Ellipse((2.9, 3.2), 0.5, 0.2, fc="white", ec="0.3", zorder=3))
    ax.add_patch(Rectangle((3.7, 4.22), 1, 0.16, fc=OKABE_ITO["orange"], ec="0.3", zorder=3))
    for y, tilt in ((3.2, -0.4), (5.6, 0.4)):
        ax.plot([3.8, 4.6], [y - tilt, y + tilt], color="0.2", lw=2.5, zorder=3)
    ax.add_patch(Rectangle((3.4, 0.75), 1.6, 0.15, fc="0.5", ec="0.3"))
    ax.add_patch(Rectangle((3.2, 0.3), 5.6, 2.3, fill=False, ec="0.6", ls="--"))


def plot_bends(msds: Mapping[str, xr.DataArray], until_ns: float = 3.0) -> Figure:
    """Draw mean square displacements of several films, and where the fitted line ends.

    Parameters
    ----------
    msds : mapping of str to DataArray
        By label: in nm2 over ``time_ns``.
    until_ns : float, optional
        End of the line that measures D.

    Returns
    -------
    Figure
    """
    figure, ax = plt.subplots(figsize=(6.2, 3.6))
    marks = dict(zip(msds, "osD^v", strict=False))
    for label, colour in colours(msds).items():
        msd = msds[label]
        ax.plot(msd.time_ns, msd, marks[label] + "-", ms=4, lw=1, color=colour, label=label)
    ax.axvline(until_ns, ls=":", **GUIDE)
    ax.set(xlabel="time (ns)", ylabel="mean square displacement (nm²)")
    ax.ticklabel_format(axis="y", scilimits=(3, 3), useMathText=True)
    ax.legend(loc="upper left")
    return figure


def plot_decays(
    decays: xr.DataArray,
    fits: Sequence[xr.DataArray] = (),
    xscales: Sequence[str] = ("log",),
    xlim_ns: tuple[float, float] = (0.1, 100.0),
) -> Figure:
    """Draw decays at several powers on a logarithmic scale, with fitted lines.

    Parameters
    ----------
    decays : DataArray
        Over (power_nW, time_ns), scaled as it shall be seen.
    fits : sequence of DataArray
        Over the same dimensions, NaN outside their windows; the first is drawn solid, the second
        dashed.
    xscales : sequence of {"log", "linear"}, optional
        One panel for each.
    xlim_ns : tuple of float, optional
        Times shown.

    Returns
    -------
    Figure

    Notes
    -----
    A mark is the mean over the time bins in a twentieth of a decade.
    """
    width = 6.6 if len(xscales) > 1 else 5.4
    figure, axes = plt.subplots(1, len(xscales), figsize=(width, 3.8), sharey=True, squeeze=False)
    shades = colours(decays.power_nW.values.tolist(), ramp="viridis")
    for ax, xscale in zip(axes.flat, xscales, strict=True):
        for power, colour in shades.items():
            shown = _thinned(decays.sel(power_nW=power), xlim_ns)
            look = {"color": colour, "markersize": 3, "label": f"{power:g} nW"}
            ax.plot(shown.time_ns, shown, "o", **look)
            for fit, line in zip(fits, ("-", "--"), strict=False):
                ax.plot(fit.time_ns, fit.sel(power_nW=power), line, color="black", lw=1)
        ax.set(xscale=xscale, yscale="log", xlim=xlim_ns, xlabel="time (ns)")
    axes[0, 0].xaxis.set_major_formatter("{x:g}")
    axes[0, 0].set_ylabel(decays.attrs.get("long_name", "photoluminescence"))
    axes[0, -1].legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
    return figure


def _thinned(decay: xr.DataArray, xlim_ns: tuple[float, float]) -> xr.DataArray:
    """Means over bins of equal width in log time, so that marks stay apart where bins are many."""
    edges = np.geomspace(*xlim_ns, 1 + round(_MARKS_PER_DECADE * np.log10(xlim_ns[1] / xlim_ns[0])))
    times = decay.time_ns.assign_coords(time_ns=decay.time_ns)
    groups = xr.Dataset({"light": decay, "mean_ns": times}).groupby_bins("time_ns", edges).mean()
    return xr.DataArray(groups.light.values, {"time_ns": groups.mean_ns.values}).dropna("time_ns")


def plot_decay_numbers(
    numbers: Mapping[str, Mapping[float, Estimate]],
    reported: Mapping[str, tuple[float, float]],
    models: Mapping[str, Mapping[str, Mapping[float, float]]] = MappingProxyType({}),
) -> Figure:
    """Draw what decays are described by against power, one panel per number.

    Parameters
    ----------
    numbers : mapping of str to mapping of float to Estimate
        By axis label, then by power in nW.
    reported : mapping of str to tuple of float
        By axis label: values that the paper gives at the lowest and at the highest power.
    models : mapping, optional
        Lines to compare with: by name, then by axis label, then by power.

    Returns
    -------
    Figure
    """
    figure, axes = plt.subplots(1, len(numbers), figsize=(6.6, 2.9), squeeze=False)
    for ax, (label, by_power) in zip(axes.flat, numbers.items(), strict=True):
        values = [one.value for one in by_power.values()]
        errors = [one.std_err for one in by_power.values()]
        ax.errorbar(list(by_power), values, errors, fmt="o", ms=5, capsize=2, label="recomputed")
        if label in reported:
            ends = [min(by_power), max(by_power)]
            ax.plot(ends, reported[label], "s", ms=9, mfc="none", color="black", label="reported")
        for (name, lines), style in zip(models.items(), ("--", ":"), strict=False):
            ax.plot(list(lines[label]), list(lines[label].values()), style, label=name)
        ax.set(xlabel="power (nW)", ylabel=label)
        set_log(ax)
        ax.margins(y=0.25)
        bottom, top = ax.get_ylim()
        spare = max(0.0, _SMALLEST_SPAN * (bottom + top) - (top - bottom)) / 2
        ax.set_ylim(bottom - spare, top + spare)  # noise shall not look like a trend
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure
