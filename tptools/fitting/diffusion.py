"""From a map of counts over time and position to the diffusivity, by four methods."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from tptools.checks import check_choice
from tptools.estimate import Estimate
from tptools.fitting.convolution import convolution_fit
from tptools.fitting.likelihood import global_fit, likeliest_map
from tptools.fitting.profiles import fit_profiles
from tptools.fitting.records import check_axes, check_record, check_window
from tptools.units import NM2_PER_NS_IN_CM2_S

Method = Literal["slices", "global", "convolution", "moment"]

NEIGHBOURS = 25
EDGE_FRACTION = 0.05
# Standard deviation, relative to the largest, that is rounding rather than scatter.
NO_SCATTER = 1e-9
# Standard errors beyond which growth of a cumulant is worth a word in the note.
WARNING = 3.0


@dataclass(frozen=True)
class MsdFit:
    """A straight line through a mean square displacement.

    Parameters
    ----------
    diffusivity : Estimate
        Half the slope, in cm2/s.
    intercept : Estimate
        Mean square displacement at time zero, in nm2; exactly 0 for a line through the origin.
    """

    diffusivity: Estimate
    intercept: Estimate


def diffusivity(
    counts: xr.DataArray,
    method: Method = "slices",
    *,
    window_ns: tuple[float, float] = (0.0, 3.0),
) -> Estimate:
    r"""Diffusivity D of a map in which the variance of the spot grows as 2Dt.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts, as recorded, over ``time_ns`` and ``position_nm``.
    method : str
        ``slices``
            The paper's (Supplementary Note 3): a Gaussian with a constant background to every
            slice, each count with the same weight; growth since the first slice; line through
            the origin (`fit_msd`). The noise of the first slice is common to all points, which
            the error of the line does not know.
        ``global``
            One Poisson maximum-likelihood fit of `spreading_spot` with D, spot variance, centre
            and background for all slices, and a free intensity for each. Reaches
            `cramer_rao_bound` on Gaussian spots. Error from the Fisher information.
        ``convolution``
            Profiles are the first one, of any shape, convolved with Gaussians of variance 2Dt
            (Sheehan and Tisdale). All slices find the first profile together, so that its noise
            counts; slices are summed to groups that stand for their mean time. Error of the
            linearised fit, which is up to a third too small below about 1e5 counts in the map,
            and for a spot with sharp edges that hardly spreads. Positions have to be equally
            spaced.
        ``moment``
            Line through the second moments :math:`\kappa_2` about the common centre, after
            subtraction of the mean count of the outermost twentieths of the positions. These
            have to hold the spot with all its wings and some background, or D comes out too
            low. Error from Poisson noise. The note has the excess kurtosis of the spreading,
            :math:`\Delta\kappa_4 / \Delta\kappa_2^2`, less what the likeliest Gaussian map has
            in this window. It is 0 for Gaussian spreading of a spot of any shape (Arévalo Rodríguez
            et al.); beyond 3 standard errors the note warns of ``non-Gaussian spreading``.
    window_ns : tuple of float
        First and last time that count; the first slice in there is time zero of the growth.

    Returns
    -------
    Estimate
        In cm2/s; negative if the spot narrows. NaN, with the reason as note, if the map does not
        determine it.

    Raises
    ------
    ValueError
        If the method is unknown, dimensions are missing, times or positions do not increase, a
        count is negative or not finite, or fewer than 3 slices lie in the window.

    References
    ----------
    Sheehan and Tisdale, MRS Fall Meeting 2024, abstract 4154529.

    Arévalo Rodríguez et al., J. Phys. Chem. Lett. (2026).

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> t, x = np.arange(0, 3, 0.05), np.linspace(-900, 900, 61)
    >>> spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2, "background": 1}
    >>> counts = spreading_spot(t, x, 1e4 * np.exp(-t / 2), **spot).round()
    >>> [round(diffusivity(counts, method).value, 3) for method in ("slices", "global")]
    [0.05, 0.05]
    """
    check_choice("method", method, tuple(_METHODS))
    record = _window(counts, window_ns)
    found = _METHODS[method](record)
    if method != "slices" and not (record == record.round()).all():
        return replace(
            found, note=_joined(found.note, "counts are no integers, and the error is for Poisson")
        )
    return found


def mean_square_displacement(
    counts: xr.DataArray, *, window_ns: tuple[float, float] = (0.0, math.inf)
) -> xr.Dataset:
    """Growth of the fitted variance since the first slice, with error bars (Note 3, Fig. 1f).

    Parameters
    ----------
    counts : xarray.DataArray
        Counts over ``time_ns`` and ``position_nm``.
    window_ns : tuple of float
        First and last time that count.

    Returns
    -------
    xarray.Dataset
        Over ``time_ns`` since the first slice: ``msd_nm2``, not clipped at zero; ``msd_err_nm2``,
        the standard deviation of the 25 neighbouring points; ``reason``, why a slice has no
        width (`fit_profiles`).

    Raises
    ------
    ValueError
        As for `diffusivity`.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot([1, 2, 3], x, 1e4, diffusivity_cm2_s=0.05, variance_nm2=212**2)
    >>> mean_square_displacement(spot).msd_nm2.values.round(2) + 0.0
    array([    0., 10000., 20000.])
    """
    return _growth(_window(counts, window_ns))


def fit_msd(
    msd: xr.DataArray,
    window_ns: tuple[float, float] = (0.0, 3.0),
    *,
    free_intercept: bool = False,
) -> MsdFit:
    r"""Fit a straight line to a mean square displacement.

    .. math:: \mathrm{MSD}(t) = a + 2 D t, \qquad a = 0 \text{ unless free}

    Parameters
    ----------
    msd : xarray.DataArray
        In nm2 over ``time_ns``, 0 at time zero; NaN where there is no point.
    window_ns : tuple of float
        First and last time that count.
    free_intercept : bool
        Whether to fit a, which takes up the error of the first slice that all points share.

    Returns
    -------
    MsdFit
        Diffusivity in cm2/s and intercept in nm2.

    Raises
    ------
    ValueError
        If there is no ``time_ns`` or it does not increase, or the window holds fewer than 3
        points.

    Notes
    -----
    Points have weights 1/s^2, s the standard deviation of the 25 neighbouring points; the errors
    are scaled to the scatter about the line, as in Supplementary Note 3. Where some s is 0, all
    weights are the same.

    Examples
    --------
    >>> msd = xr.DataArray([0.0, 1000.0, 2000.0, 3010.0], {"time_ns": [0, 1, 2, 3]})
    >>> fit_msd(msd).diffusivity
    Estimate(0.0050107 ± 0.0000056 cm2/s, method='line through the origin')
    """
    check_window(window_ns)
    check_axes(msd, "time_ns", name="msd")
    time, growth = msd["time_ns"].to_numpy().astype(float), msd.to_numpy()
    error = _neighbour_deviation(growth)
    # at time zero a line through the origin has nothing to fit
    used = (time >= window_ns[0]) & (time <= window_ns[1]) & (free_intercept | (time != 0))
    used &= np.isfinite(growth) & np.isfinite(error)
    if used.sum() < 3:
        raise ValueError(
            f"msd has {used.sum()} points within window_ns = {window_ns!r} and must have at least "
            "3; take a longer window or a record with more counts"
        )
    weight = _weights(error[used])
    (slope, intercept), covariance = _line(time[used], growth[used], weight, free_intercept)
    scatter = weight * (growth[used] - intercept - slope * time[used]) ** 2
    slope_err, intercept_err = np.sqrt(
        np.diag(covariance) * scatter.sum() / (used.sum() - 1 - free_intercept)
    )
    method = "line with free intercept" if free_intercept else "line through the origin"
    half = NM2_PER_NS_IN_CM2_S / 2
    return MsdFit(
        Estimate(float(slope) * half, float(slope_err) * half, "cm2/s", method),
        Estimate(float(intercept), float(intercept_err), "nm2", method),
    )


def _window(counts: xr.DataArray, window_ns: tuple[float, float]) -> xr.DataArray:
    """The checked slices of a window, (time_ns, position_nm), at times since the first of them."""
    check_record(counts, "time_ns", "position_nm")
    check_window(window_ns)
    if counts.ndim != 2:
        raise ValueError(
            f"counts has dimensions {counts.dims} and must have 'time_ns' and 'position_nm' only; "
            "select one map"
        )
    if counts.sizes["position_nm"] < 5:
        raise ValueError(
            f"counts has {counts.sizes['position_nm']} positions and must have at least 5"
        )
    record = counts.transpose("time_ns", "position_nm").sel(time_ns=slice(*window_ns))
    if record.sizes["time_ns"] < 3:
        raise ValueError(
            f"window_ns = {window_ns!r} holds {record.sizes['time_ns']} slices and must hold at "
            "least 3; take a longer window"
        )
    record = record.astype(float)
    return record.assign_coords(time_ns=record["time_ns"] - record["time_ns"][0])


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)


def _growth(record: xr.DataArray) -> xr.Dataset:
    """Mean square displacement of a window."""
    fits = fit_profiles(record)
    msd = fits["variance_nm2"] - fits["variance_nm2"].isel(time_ns=0, drop=True)
    error = msd.copy(data=_neighbour_deviation(msd.to_numpy()))
    return xr.Dataset({"msd_nm2": msd, "msd_err_nm2": error, "reason": fits["reason"]})


def _neighbour_deviation(points: NDArray) -> NDArray:
    """Standard deviation of the 25 points nearest in the row, NaN left out; as many as exist."""
    n = min(NEIGHBOURS, points.size)
    first = np.clip(np.arange(points.size) - n // 2, 0, points.size - n)
    near = np.lib.stride_tricks.sliding_window_view(points, n)[first]
    known = np.isfinite(near)
    number = np.maximum(known.sum(1), 1)
    mean = np.where(known, near, 0.0).sum(1) / number
    squares = np.where(known, near - mean[:, None], 0.0) ** 2
    deviation = np.sqrt(squares.sum(1) / np.maximum(number - 1, 1))
    return np.where(number > 1, deviation, np.nan)


def _weights(error: NDArray) -> NDArray:
    """Relative weights 1/error^2, or all the same where points do not scatter."""
    if error.min() <= NO_SCATTER * error.max():
        return np.ones(error.size)
    return (error.max() / error) ** 2


def _line(
    time: NDArray, value: NDArray, weight: NDArray, free_intercept: bool
) -> tuple[NDArray, NDArray]:
    """Weighted line: (slope, intercept) and the covariance for weights 1/variance."""
    design = np.stack([time, np.ones_like(time)])[: 1 + free_intercept]
    covariance = np.zeros((2, 2))
    n = design.shape[0]
    covariance[:n, :n] = np.linalg.inv((design * weight) @ design.T)
    return covariance[:, :n] @ (design @ (weight * value)), covariance


def _slices(record: xr.DataArray) -> Estimate:
    """Note 3."""
    growth = _growth(record)
    reasons = growth["reason"].to_numpy()
    bad = Counter(reasons[reasons != ""].tolist())
    note = ", ".join(f"{n} of {reasons.size} slices: {reason}" for reason, n in bad.items())
    usable = np.isfinite(growth["msd_nm2"]) & np.isfinite(growth["msd_err_nm2"])
    if reasons[0] or usable.sum() < 4:
        note = f"first slice: {reasons[0]}" if reasons[0] else note
        return Estimate(math.nan, math.nan, "cm2/s", "slices", note)
    line = fit_msd(growth["msd_nm2"], (0.0, math.inf)).diffusivity
    return replace(line, method="slices", note=note)


def _moment(record: xr.DataArray) -> Estimate:
    """Lines through the second and the fourth cumulant."""
    time, position = record["time_ns"].to_numpy(), record["position_nm"].to_numpy()
    counts = record.to_numpy()
    # slices without a net signal have no moments
    kept = _net(counts).sum(1) > 0
    if kept.sum() < 3:
        note = f"{kept.sum()} slices have counts above the background"
        return Estimate(math.nan, math.nan, "cm2/s", "moment", note)
    growth, growth_err = _cumulant_slope(time, position, counts, kept, order=2)
    fourth, fourth_err = _cumulant_slope(time, position, counts, kept, order=4)
    # the ends of the window cut wings, which bends the fourth cumulant of a Gaussian spot too
    gaussian = likeliest_map(record)
    if gaussian is not None:
        fourth -= _cumulant_slope(time, position, gaussian, kept, order=4)[0]
    scale = time[-1] * growth**2
    kurtosis = Estimate(fourth / scale, fourth_err / scale, "", "moment")
    bent = abs(fourth) > WARNING * fourth_err
    grown = abs(growth) > WARNING * growth_err
    note = _joined(
        "non-Gaussian spreading" if bent else "",
        f"excess kurtosis of the spreading {kurtosis}" if grown else "",
    )
    half = NM2_PER_NS_IN_CM2_S / 2
    return Estimate(growth * half, growth_err * half, "cm2/s", "moment", note)


def _edges(counts: NDArray) -> NDArray:
    """Counts at the outermost positions, of which all is taken for background."""
    n = max(1, int(EDGE_FRACTION * counts.shape[1]))
    return np.concatenate([counts[:, :n], counts[:, -n:]], axis=1)


def _net(counts: NDArray) -> NDArray:
    """Counts without the background."""
    return counts - _edges(counts).mean()


def _cumulant_slope(
    time: NDArray, position: NDArray, counts: NDArray, kept: NDArray, *, order: int
) -> tuple[float, float]:
    """Slope of the second or fourth cumulant over time, and its error.

    The cumulant changes by ``influence`` for each count at a position, so that its variance is
    the sum of influence^2 times counts; the subtracted background adds its own, in common.
    """
    net = _net(counts)[kept]
    x = position - (net @ position).sum() / net.sum()
    total = net.sum(1, keepdims=True)
    second = net @ x[:, None] ** 2 / total
    if order == 2:
        cumulant, influence = second, (x**2 - second) / total
    else:
        fourth = net @ x[:, None] ** 4 / total
        cumulant = fourth - 3 * second**2
        influence = (x**4 - fourth - 6 * second * (x**2 - second)) / total
    # expected, not seen, counts: a weight that knows its own slice's noise biases the line
    expected = np.outer(counts[kept].sum(1), counts[kept].sum(0)) / counts[kept].sum()
    weight = 1 / (influence**2 * expected).sum(1)
    (slope, _), covariance = _line(time[kept], cumulant[:, 0], weight, True)
    (by_background, _), _ = _line(time[kept], -influence.sum(1), weight, True)
    edges = _edges(counts)
    variance = covariance[0, 0] + by_background**2 * edges.mean() / edges.size
    return float(slope), math.sqrt(variance)


_METHODS: dict[str, Callable[[xr.DataArray], Estimate]] = {
    "slices": _slices,
    "global": global_fit,
    "convolution": convolution_fit,
    "moment": _moment,
}
