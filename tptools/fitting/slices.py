"""The paper's own way to D: a Gaussian to every slice, and a line through the growing variances."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_choice, check_number
from tptools.estimate import Estimate, Goodness, correlated_estimates
from tptools.fitting import engine
from tptools.fitting.gaussians import GOOD, Verdicts, fit_rows
from tptools.fitting.line import weighted_line
from tptools.fitting.misfit import (
    EXPLAINED,
    Misfit,
    Model,
    chance_above,
    explained,
    group_starts,
    groups_for,
    map_misfit,
)
from tptools.fitting.profiles import fit_profiles, reasons_of
from tptools.fitting.records import (
    EDGE_FRACTION,
    Slices,
    check_window,
    found_once,
    rows_of_window,
    select_window,
    slices_of_window,
)
from tptools.fitting.result import Fit
from tptools.records import as_record
from tptools.units import NM2_PER_NS_IN_CM2_S

__all__ = ["fit_growth", "line_through_slices", "variance_growth"]

Background = Literal["fitted", "ignored", "edges"]

MEAN_SQUARE_DISPLACEMENT = "mean_square_displacement_nm2"
IN_THE_PLANE = "<r^2(t)> - <r^2(0)>, 4Dt in the plane"
"""Name and description of an array that grows twice as fast as a variance along one axis."""

NEIGHBOURS = 25
# Standard deviation, relative to the largest, that is rounding rather than scatter.
NO_SCATTER = 1e-9
# A group whose variance has a larger relative error is in no line.
LARGEST_ERROR = 0.15
MOST_GROUPS = 48


def variance_growth(
    counts: xr.DataArray, *, window_ns: tuple[float, float] = (0.0, math.inf)
) -> xr.Dataset:
    r"""Growth of the fitted variance since the first slice, with error bars (Note 3, Fig. 1f).

    .. math:: v(t) - v(0) = 2 D t

    along one axis. The paper calls it the mean square displacement; that of excitons in the plane,
    `tptools.kmc.mean_square_displacement`, is twice as large.

    Parameters
    ----------
    counts : xarray.DataArray
        Counts over ``time_ns`` and ``position_nm``; NaN, as ``counts.where(good)`` gives, is left
        out, and slices without any reading are.
    window_ns : tuple of float
        First and last time that count.

    Returns
    -------
    xarray.Dataset
        Over ``time_ns`` since the first slice: ``growth_nm2``, not clipped at zero;
        ``growth_err_nm2``, the standard deviation of the 25 neighbouring points; ``reason``, why
        a slice has no width (`fit_profiles`).

    Raises
    ------
    ValueError
        As for `diffusivity`.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot([1, 2, 3], x, 1e4, diffusivity_cm2_s=0.05, variance_nm2=212**2)
    >>> variance_growth(spot).growth_nm2.values.round(2) + 0.0
    array([    0., 10000., 20000.])
    """
    return _growth(fit_profiles(select_window(counts, window_ns)))


def fit_growth(
    growth: xr.DataArray,
    window_ns: tuple[float, float] = (0.0, 3.0),
    *,
    free_intercept: bool = False,
) -> Fit:
    r"""Fit a straight line to the growth of a variance.

    .. math:: v(t) - v(0) = a + 2 D t, \qquad a = 0 \text{ unless free}

    Parameters
    ----------
    growth : xarray.DataArray
        In nm2 over ``time_ns``, 0 at time zero; NaN where there is no point.
    window_ns : tuple of float
        First and last time that count.
    free_intercept : bool
        Whether to fit a, which takes up the error of the first slice that all points share.

    Returns
    -------
    Fit
        Parameters ``diffusivity_cm2_s`` (D) and ``intercept_nm2`` (a, exactly 0 for a line through
        the origin).

    Raises
    ------
    ValueError
        If there is no ``time_ns`` or it does not increase, the window holds fewer than 3 points,
        or `growth` is from `tptools.kmc.mean_square_displacement`.

    Notes
    -----
    Points have weights 1/s^2, s the standard deviation of the 25 neighbouring points; the errors
    are scaled to the scatter about the line, as in Supplementary Note 3. Where some s is 0, all
    weights are the same.

    Examples
    --------
    >>> growth = xr.DataArray([0.0, 1000.0, 2000.0, 3010.0], {"time_ns": [0, 1, 2, 3]})
    >>> fit_growth(growth)["diffusivity_cm2_s"]
    Estimate(0.0050107 ± 0.0000056 cm2/s, method='line through the origin')
    """
    window_ns = check_window(window_ns)
    growth = as_record(growth, "time_ns", name="growth", only=True, masked=True, signed=True)
    _check_one_axis(growth)
    return _growth_line(growth["time_ns"].to_numpy(), growth.to_numpy(), window_ns, free_intercept)


def _growth_line(
    time: FloatArray, values: FloatArray, window_ns: tuple[float, float], free_intercept: bool
) -> Fit:
    """`fit_growth` of checked numbers."""
    within = (time >= window_ns[0]) & (time <= window_ns[1])
    points = _points(time, values, _neighbour_deviation(values), within, free_intercept)
    number = points[0].size
    if number < 3:
        raise ValueError(
            f"growth has {number} points within window_ns = {window_ns!r} and must have at "
            "least 3; take a longer window or a record with more counts"
        )
    return _line(*points, free_intercept)


def _points(
    time: FloatArray, values: FloatArray, error: FloatArray, within: BoolArray, free_intercept: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Times, growths and weights of the points of a line."""
    # at time zero a line through the origin has nothing to fit
    used = within & (free_intercept | (time != 0)) & np.isfinite(values) & np.isfinite(error)
    return time[used], values[used], _weights(error[used])


def _check_one_axis(growth: xr.DataArray) -> None:
    """Refuse a displacement in the plane, even one that has lost its name or its attributes."""
    if growth.name == MEAN_SQUARE_DISPLACEMENT or growth.attrs.get("long_name") == IN_THE_PLANE:
        raise ValueError(
            f"growth is {IN_THE_PLANE}, and must be that of a variance along one axis, 2Dt; "
            "give (growth / 2).drop_attrs().rename('growth_nm2')"
        )


def line_through_slices(
    counts: xr.DataArray,
    *,
    background: Background = "fitted",
    free_intercept: bool = False,
    window_ns: tuple[float, float] = (0.0, 3.0),
    within_nm: float = np.inf,
    goodness: bool = True,
) -> Estimate:
    """Find D as the paper does, with a choice of what is done about background and first slice.

    Parameters
    ----------
    counts : DataArray
        Over (time_ns, position_nm).
    background : {"fitted", "ignored", "edges"}, optional
        A constant in every fit, none, or none after the mean of the outermost twentieths of the
        positions was subtracted from every slice; what falls below zero then counts as zero.
    free_intercept : bool, optional
        Whether the line may miss the origin (`fit_growth`).
    window_ns : tuple of float, optional
        First and last time that count; the first slice in there is time zero.
    within_nm : float, optional
        Positions farther from zero do not count.
    goodness : bool, optional
        As for `diffusivity`.

    Returns
    -------
    Estimate
        In cm2/s; NaN if fewer than 3 slices besides the first have a width, or the first has none.
        Goodness and notes as for `diffusivity`.

    Raises
    ------
    ValueError
        If `background` is unknown, or as for `diffusivity`.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot(np.arange(4), x, 1e4, diffusivity_cm2_s=0.05, variance_nm2=212**2)
    >>> round(line_through_slices(spot).value, 3)
    0.05
    """
    check_choice("background", background, get_args(Background))
    within_nm = check_number("within_nm", within_nm, above=0, finite=False)
    seen = slices_of_window(counts, window_ns)
    near = seen.at(np.abs(seen.position_nm) <= within_nm)
    return fit_slices(near, goodness, background, free_intercept)


def fit_slices(
    seen: Slices,
    goodness: bool,
    background: Background = "fitted",
    free_intercept: bool = False,
) -> Estimate:
    """`line_through_slices` of a record as `slices_of_window` gives it."""
    seen = seen.without_masked_positions()
    fits, verdicts = found_once(_fits, seen, background)
    reasons, growth = reasons_of(verdicts), fits[:, engine.VARIANCE] - fits[0, engine.VARIANCE]
    bad = Counter(reasons[reasons != ""].tolist())
    note = ", ".join(f"{n} of {reasons.size} slices: {reason}" for reason, n in bad.items())
    error = _neighbour_deviation(growth)
    usable = np.isfinite(growth) & np.isfinite(error)
    if reasons[0] or usable.sum() < 4:
        few = f"{int(usable.sum())} slices have a width, and a line needs 4"
        note = f"first slice: {reasons[0]}" if reasons[0] else note or few
        return Estimate(math.nan, math.nan, "cm2/s", "slices", note)
    points = _points(seen.time_ns, growth, error, usable, free_intercept)
    line, covariance, *_ = _scattered_line(*points, free_intercept)
    half = NM2_PER_NS_IN_CM2_S / 2
    value, std_err = half * float(line[0]), half * math.sqrt(covariance[0, 0])
    found = Estimate(value, std_err, "cm2/s", "slices", note)
    if not goodness and background != "fitted":
        return found
    misfit = found_once(_misfit, seen, 3 if background == "ignored" else 4, goodness)
    # what leaves the background out does so on purpose
    return replace(misfit, meaningless=misfit.meaningless and background == "fitted").applied(found)


def _fits(seen: Slices, background: Background) -> tuple[FloatArray, Verdicts]:
    """A Gaussian for every slice, and what became of it."""
    _, position, counts, _ = seen
    if background == "edges":
        n = max(1, int(EDGE_FRACTION * position.size))
        ends = np.ma.masked_invalid(counts[:, [*range(n), *range(-n, 0)]])
        counts = np.maximum(counts - ends.mean(1, keepdims=True).filled(np.nan), 0)
    return fit_rows(position, counts, 4 if background == "fitted" else 3)


def slopes_of_draws(
    record: xr.DataArray, draws: IntArray, window_ns: tuple[float, float] = (0.0, 3.0)
) -> FloatArray:
    """D in cm2/s of draws of a checked record, (n_draws, n_times, n_positions), masked as it is.

    As by `fit_slices`, NaN where there is no line, but without a look at whether slices are
    Gaussian: those of a draw are as the record's.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> x = np.linspace(-900, 900, 61)
    >>> spot = spreading_spot(np.arange(4), x, 1e4, diffusivity_cm2_s=0.05, variance_nm2=212**2)
    >>> slopes_of_draws(spot, np.array([spot, 0 * spot])).round(3)
    array([0.05,  nan])
    """
    record, rows = rows_of_window(record, window_ns)
    values, time = record.to_numpy()[rows], record["time_ns"].to_numpy()[rows]
    columns = ~np.isnan(values).all(0)
    position = record["position_nm"].to_numpy()[columns]
    chosen = draws[:, rows][:, :, columns]
    profiles = np.where(np.isnan(values[:, columns]), np.nan, chosen).reshape(-1, position.size)
    fits, _ = fit_rows(position, profiles, 4)
    widths = fits[:, engine.VARIANCE].reshape(len(draws), -1)
    slopes = [_slope_through_origin(time - time[0], one - one[0]) for one in widths]
    return np.array(slopes) * NM2_PER_NS_IN_CM2_S / 2


def _slope_through_origin(time: FloatArray, growth: FloatArray) -> float:
    """Slope of a line as `fit_growth` puts it; NaN with too few points."""
    error = _neighbour_deviation(growth)
    usable = np.isfinite(growth) & np.isfinite(error)
    if usable.sum() < 4:
        return math.nan
    points = _points(time, growth, error, usable, free_intercept=False)
    (slope, _), _ = weighted_line(*points, free_intercept=False)
    return float(slope)


def _misfit(record: Slices, n_parameters: int, goodness: bool) -> Misfit:
    """Whether profiles are Gaussian, to photon noise, and their variances lie on a line.

    Slices are summed to groups that have the counts for both, and each gets its likeliest Gaussian.
    Where no goodness is asked for, only Gaussians that explain too little of the map are a misfit.
    """
    time, position, values, _ = record
    in_slice = np.nansum(values, axis=1)
    none = np.empty((0, *values.shape))
    slices = Model(values, np.zeros(values.shape), none, none)
    whole, _ = _likeliest(position, slices.summed(np.zeros(1, int)).counts, n_parameters)
    precision = float(np.nan_to_num(whole[0, engine.VARIANCE] / whole[0, 4]))
    first = group_starts(in_slice, groups_for(precision**2, MOST_GROUPS))
    total = np.add.reduceat(in_slice, first)
    mean_time = np.add.reduceat(in_slice * time, first) / np.maximum(total, 1)
    counts = slices.summed(first).counts
    fits, good = _likeliest(position, counts, n_parameters)
    if not good.any():
        return Misfit(Goodness(math.nan, math.nan, math.nan))
    model = _gaussians(position, counts[good], fits[good], n_parameters)
    levels = [model, model.summed(np.zeros(1, int))]
    if not goodness and not explained(levels[-1]) < EXPLAINED:
        return Misfit(None)
    straight = _straight(mean_time[good], *fits[good].T[[engine.VARIANCE, 4]])
    return map_misfit(levels, mean_time[good], position, straight)


def _likeliest(
    position: FloatArray, counts: FloatArray, n_parameters: int
) -> tuple[FloatArray, BoolArray]:
    """The likeliest Gaussian of every row, and which rows have one."""
    fits, verdicts = fit_rows(position, counts, n_parameters, likeliest=True)
    return fits, verdicts == GOOD


def _gaussians(
    position: FloatArray, counts: FloatArray, fits: FloatArray, n_parameters: int
) -> Model:
    """Gaussians with the derivatives by their parameters."""
    amplitude, centre, variance, background = fits[:, :4, None].swapaxes(0, 1)
    shift = position - centre
    shape = np.exp(-(shift**2) / (2 * variance))
    spot = amplitude * shape
    slopes = [shape, spot * shift / variance, spot * shift**2 / (2 * variance**2), 1 + 0 * spot]
    own = np.array(slopes[:n_parameters])
    return Model(counts, spot + background, own, np.empty((0, *counts.shape)))


def _straight(time: FloatArray, variance: FloatArray, error: FloatArray) -> Goodness:
    """Test of a line through variances, with the errors that they would have on the line."""
    sure = error < LARGEST_ERROR * variance
    if sure.sum() < 4:
        return Goodness(math.nan, 0.0, math.nan)
    time, variance, relative = time[sure], variance[sure], (error / variance)[sure]
    expected = variance
    for _ in range(2):
        weight = 1 / (relative * expected) ** 2
        (slope, intercept), _ = weighted_line(time, variance, weight)
        expected = np.maximum(intercept + slope * time, variance / 2)
    chi_square = float((((variance - intercept - slope * time) / (relative * expected)) ** 2).sum())
    return Goodness(chi_square, time.size - 2.0, chance_above(chi_square, time.size - 2.0))


def _growth(fits: xr.Dataset) -> xr.Dataset:
    """Growth of fitted variances since the first."""
    variance = fits["variance_nm2"]
    growth = variance - variance.isel(time_ns=0, drop=True)
    error = growth.copy(data=_neighbour_deviation(growth.to_numpy()))
    name = "growth of the variance along one axis, 2Dt"
    return xr.Dataset(
        {
            "growth_nm2": growth.assign_attrs(long_name=name, units="nm2"),
            "growth_err_nm2": error.assign_attrs(long_name=f"error of the {name}", units="nm2"),
            "reason": fits["reason"],
        }
    )


def _scattered_line(
    time: FloatArray, values: FloatArray, weight: FloatArray, free_intercept: bool
) -> tuple[FloatArray, FloatArray, float, int]:
    """A line whose errors are scaled to the scatter about it, with chi-square and its freedom."""
    found, covariance = weighted_line(time, values, weight, free_intercept=free_intercept)
    slope, intercept = found
    chi_square = float(weight @ (values - intercept - slope * time) ** 2)
    n_free = time.size - 1 - free_intercept
    return found, covariance * chi_square / n_free, chi_square, n_free


def _line(time: FloatArray, values: FloatArray, weight: FloatArray, free_intercept: bool) -> Fit:
    """A line as a fit."""
    found, covariance, chi_square, n_free = _scattered_line(time, values, weight, free_intercept)
    slope, intercept = found
    scale = np.array([NM2_PER_NS_IN_CM2_S / 2, 1.0])
    method = "line with free intercept" if free_intercept else "line through the origin"
    estimates = correlated_estimates(
        found * scale, covariance * np.outer(scale, scale), ("cm2/s", "nm2"), method
    )

    def curve(time_ns: ArrayLike) -> FloatArray:
        """The fitted line."""
        return intercept + slope * np.asarray(time_ns, float)

    # errors from the scatter leave nothing to compare it with
    goodness = Goodness(chi_square, n_free, math.nan)
    estimates = [replace(one, goodness=goodness) for one in estimates]
    parameters = dict(zip(("diffusivity_cm2_s", "intercept_nm2"), estimates, strict=True))
    return Fit(parameters, method, curve(time), chi_square, n_free, curve)


def _neighbour_deviation(points: FloatArray) -> FloatArray:
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


def _weights(error: FloatArray) -> FloatArray:
    """Weights 1/error^2, or all the same where points do not scatter."""
    if error.min(initial=math.inf) <= NO_SCATTER * error.max(initial=0.0):
        return np.ones(error.size)
    return error**-2.0
