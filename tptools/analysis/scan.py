"""One scan: D by every method, the decay, and in plain words what to make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from tptools.analysis.shape import SpotShape, spot_shape
from tptools.analysis.words import slices_reasons, warnings_of
from tptools.arrays import FloatArray
from tptools.checks import check_flag
from tptools.estimate import Estimate
from tptools.fitting import (
    MISFIT_P,
    Fit,
    estimates,
    fit_decay,
    fit_profiles,
    fit_tail,
    level_before_pulse,
    measure_series,
    variance_growth,
)
from tptools.fitting.diffusion import Method
from tptools.fitting.records import check_window, select_window
from tptools.records import as_dataset, as_record
from tptools.units import NM2_PER_NS_IN_CM2_S

__all__ = ["METHODS", "Analysis", "analyse"]

METHODS: tuple[Method, ...] = ("global", "convolution", "moment", "slices")
"""Methods of `tptools.fitting.diffusivity`, in the order in which they are believed."""

PULSE_OVER_NS = -0.3


@dataclass(frozen=True, eq=False)
class Analysis:
    """What one scan says.

    Parameters
    ----------
    name : str
        Of the scan.
    counts : DataArray
        Over (time_ns, position_nm); NaN at positions that are left out.
    window_ns : tuple of float
        Of the fits.
    diffusivities : mapping of str to Estimate
        By method, in cm2/s.
    growth : Dataset
        From `tptools.fitting.variance_growth`.
    decay : DataArray
        Sum over all positions.
    background : float or None
        Counts of a bin of the decay before the pulse; None where nothing was recorded from then.
    lifetime, tail : Fit or None
        From `tptools.fitting.fit_decay` and `tptools.fitting.fit_tail`; None where the record is
        too short.
    lifetime_of_spot : Estimate
        In ns: the lifetime without what spreads out of the line of a scan.
    shape : SpotShape
        From `spot_shape`.
    slices_reasons : tuple of str
        Why slices are not to be trusted with this record; empty where they are.
    warnings : tuple of str
        What a reader has to know besides, in plain words.
    settings : mapping
        Attributes of the record.
    """

    name: str
    counts: xr.DataArray
    window_ns: tuple[float, float]
    diffusivities: Mapping[str, Estimate]
    growth: xr.Dataset
    decay: xr.DataArray
    background: float | None
    lifetime: Fit | None
    tail: Fit | None
    lifetime_of_spot: Estimate
    shape: SpotShape
    slices_reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    settings: Mapping[str, Any]

    @property
    def best(self) -> Estimate:
        """D by the method that is believed most: the first that fits, or the one for any spot."""
        return best_of(self.diffusivities)


def analyse(
    scan: xr.Dataset,
    *,
    name: str = "scan",
    window_ns: tuple[float, float] | None = None,
    methods: Sequence[Method] = METHODS,
    keep_bad: bool = False,
    n_resamples: int = 20,
    seed: int = 0,
) -> Analysis:
    """Find what a scan says of diffusion and of its light.

    Parameters
    ----------
    scan : Dataset
        From `tptools.io.read_scan` or `tptools.instruments.Microscope.measure`: ``counts`` over
        (time_ns, position_nm), with time zero at 0; ``bad_position``, where it is there, is left
        out.
    name : str, optional
        What a report calls it.
    window_ns : tuple of float, optional
        Of all fits; by default what the record says (``fit_window_ns``), or 0 to 3 ns.
    methods : sequence of str, optional
        As for `tptools.fitting.diffusivity`.
    keep_bad : bool, optional
        Whether positions that look bad count all the same.
    n_resamples, seed : int, optional
        As for `tptools.fitting.measure_series`, for the error of slices.

    Returns
    -------
    Analysis

    Raises
    ------
    TypeError
        If `scan` is no Dataset.
    ValueError
        If it has no counts over time and position, or as for `tptools.fitting.diffusivity`.

    Examples
    --------
    >>> from tptools.fitting import spreading_spot
    >>> t, x = np.arange(-1, 6, 0.05), np.linspace(-900, 900, 61)
    >>> late = np.maximum(t, 0)
    >>> light = 2e3 * np.exp(-late / 2) * (t >= 0) + 1e-9
    >>> spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2, "background": 1}
    >>> mean = spreading_spot(late, x, light, **spot).assign_coords(time_ns=t)
    >>> counts = mean.copy(data=np.random.default_rng(1).poisson(mean))
    >>> found = analyse(counts.to_dataset(name="counts"))
    >>> found.best.method, round(found.best.value, 2), found.slices_reasons
    ('global', 0.05, ())
    """
    scan = as_dataset(scan, ["counts"], "scan", "tptools.io.read_scan", "time_ns", "position_nm")
    counts, bad = _used(scan, check_flag("keep_bad", keep_bad))
    window_ns = check_window(window_ns or tuple(scan.attrs.get("fit_window_ns", (0.0, 3.0))))
    series = partial(measure_series, window_ns=window_ns, n_resamples=n_resamples, seed=seed)
    rows = series(counts.expand_dims("record"), methods)
    names: list[str] = [*methods]
    by_method = zip(names, estimates(rows.isel(record=0), unit="cm2/s"), strict=True)
    found = dict(by_method)
    shape = spot_shape(counts, any_shape(found), window_ns=window_ns, seed=seed)
    decay, background = _decay(counts)
    lifetime, tail = _lights(decay, window_ns, background)
    return Analysis(
        name,
        counts,
        window_ns,
        found,
        variance_growth(counts, window_ns=(window_ns[0], 2 * window_ns[1])),
        decay,
        background,
        lifetime,
        tail,
        _lifetime_of_spot(counts, window_ns, lifetime, best_of(found)),
        shape,
        slices_reasons(found, shape),
        warnings_of(counts, window_ns, found, decay, background, lifetime, bad, scan.attrs),
        scan.attrs,
    )


def _used(scan: xr.Dataset, keep_bad: bool) -> tuple[xr.DataArray, FloatArray]:
    """Counts up to the last light, without positions that look bad, and where these are."""
    counts = as_record(scan["counts"], "time_ns", "position_nm", only=True, masked=True)
    counts = counts.sel(time_ns=slice(None, _last_light(counts)))
    if "bad_position" not in scan or keep_bad:
        return counts, np.zeros(0)
    bad = scan["bad_position"].astype(bool)
    return counts.where(~bad), scan["position_nm"].to_numpy()[bad.to_numpy()]


def _last_light(counts: xr.DataArray) -> float:
    """Last time with a count; after it a record only fills the period."""
    filled = counts["time_ns"].to_numpy()[(counts > 0).any("position_nm").to_numpy()]
    if not filled.size:
        raise ValueError("scan holds no counts; give a record with light")
    return float(filled[-1])


def best_of(diffusivities: Mapping[str, Estimate]) -> Estimate:
    """The first method that gives a value and fits, or else the first for a spot of any shape."""
    known = {name: one for name, one in diffusivities.items() if math.isfinite(one.value)}
    if not known:
        return Estimate(math.nan, math.nan, "cm2/s", "none", "no method gives a value")
    fitting = [
        one for one in known.values() if not (one.goodness and one.goodness.p_value < MISFIT_P)
    ]
    if not fitting and "global" in diffusivities and "global" not in known:
        return Estimate(math.nan, math.nan, "cm2/s", "none", "there is no spot that spreads")
    others = [known[name] for name in ("convolution", "moment") if name in known]
    return [*fitting, *others, *known.values()][0]


def any_shape(diffusivities: Mapping[str, Estimate]) -> float:
    """D by a method that takes a spot of any shape; NaN where there is none."""
    values = (diffusivities[one].value for one in ("convolution", "moment") if one in diffusivities)
    return next((one for one in values if math.isfinite(one)), math.nan)


def _decay(counts: xr.DataArray) -> tuple[xr.DataArray, float | None]:
    """Sum over the positions that are known at all times, and the level before the pulse."""
    decay = counts.dropna("position_nm", how="any").sum("position_nm")
    if not bool((decay["time_ns"] <= PULSE_OVER_NS).any()):
        return decay, None
    return decay, level_before_pulse(decay, PULSE_OVER_NS)


def _lights(
    decay: xr.DataArray, window_ns: tuple[float, float], background: float | None
) -> tuple[Fit | None, Fit | None]:
    """Exponential in the window, and power law after it."""

    def filled(start: float, end: float) -> bool:
        """Whether more than six slices in between hold light."""
        return int((decay.sel(time_ns=slice(start, end)) > 0).sum()) > 6

    last = float(decay["time_ns"][-1])
    lifetime = tail = None
    if filled(*window_ns):
        lifetime = fit_decay(decay, window_ns=window_ns, background=background)
    if window_ns[1] > 0 and filled(window_ns[1], last):
        tail = fit_tail(decay, window_ns=(window_ns[1], last), background=background)
    return lifetime, tail


def _lifetime_of_spot(
    counts: xr.DataArray, window_ns: tuple[float, float], lifetime: Fit | None, found: Estimate
) -> Estimate:
    r"""Lifetime without what a spot loses across the line, :math:`\sqrt{v(t) / v(0)}`."""
    method = "lifetime of the whole spot"
    first = fit_profiles(select_window(counts, window_ns).mean("time_ns"))
    variance = float(first["variance_nm2"])
    if lifetime is None or not math.isfinite(found.value) or not math.isfinite(variance):
        return Estimate(math.nan, math.nan, "ns", method, "no lifetime, or no spot that spreads")
    length = window_ns[1] - window_ns[0]
    # the mean slice stands for the middle of the window
    half = found.value / NM2_PER_NS_IN_CM2_S * length / variance
    if not abs(half) < 1:
        return Estimate(math.nan, math.nan, "ns", method, "the spot spreads too far in the window")
    slope = math.log((1 + half) / (1 - half)) / (2 * length)
    error = found.std_err / NM2_PER_NS_IN_CM2_S / variance
    rate = 1 / lifetime["lifetime_ns"] - Estimate(slope, error, "1/ns", method)
    whole = 1 / rate
    return Estimate(whole.value, whole.std_err, "ns", method)
