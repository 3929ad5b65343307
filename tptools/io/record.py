"""Time zero, attributes and the form of a record."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import tptools
from tptools.arrays import FloatArray
from tptools.checks import check_number
from tptools.fitting import level_before_pulse
from tptools.fitting.records import check_window
from tptools.io.landmarks import find_time_zero, find_window
from tptools.io.reading import Reading


def from_time_zero(
    counts: xr.DataArray, time_zero_ns: float | None, window_ns: tuple[float, float] | None
) -> tuple[xr.DataArray, dict[str, Any]]:
    """Counts at times after the pulse, those of a window, and where time zero was."""
    times = counts["time_ns"].to_numpy()
    if time_zero_ns is not None:
        zero, source = check_number("time_zero_ns", time_zero_ns), "given"
    elif times[0] < 0:
        zero, source = 0.0, "times of the file, which start before it"
    else:
        zero = find_time_zero(counts) if _is_even(times) else math.nan
        source = "half of the rise of the light"
        if math.isnan(zero):
            zero, source = 0.0, "clock of the file: no rise of light was found"
    counts = counts.assign_coords(time_ns=("time_ns", times - zero, {"units": "ns"}))
    if window_ns is not None:
        counts = counts.sel(time_ns=slice(*check_window(window_ns)))
        if not counts.sizes["time_ns"]:
            raise ValueError(
                f"window_ns = {window_ns!r} holds no time of the record, which runs "
                f"from {times[0] - zero:g} to {times[-1] - zero:g} ns"
            )
    return counts, {"time_zero_ns": zero, "time_zero_from": source}


def _is_even(times: FloatArray) -> bool:
    """Whether times have one step, as landmarks need them."""
    steps = np.diff(times)
    return steps.size > 1 and bool(np.ptp(steps) < 1e-3 * steps.mean())


def landmarks(counts: xr.DataArray) -> dict[str, Any]:
    """Window for fits and background, as far as the record shows them."""
    found: dict[str, Any] = {}
    times = counts["time_ns"].to_numpy()
    even = _is_even(times)
    if even and times[-2:].min() >= 0:
        found["fit_window_ns"] = [*find_window(counts)]
    if even and times[0] <= -0.3:
        found["background_counts"] = level_before_pulse(counts)
    return found


def attributes(
    title: str, paths: list[Path], readings: list[Reading], period_ns: float | None
) -> dict[str, Any]:
    """Where a record comes from, and the settings that all files have in common."""
    first = readings[0].settings
    shared = {
        name: value
        for name, value in first.items()
        if all(one.settings.get(name) == value for one in readings)
    }
    sums = {}
    for path in paths:
        with path.open("rb") as file:
            sums[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    # a record of a model stays one
    origin = shared.get("origin", "measured")
    own: dict[str, Any] = {"title": title, "origin": origin, "version": tptools.__version__}
    own |= {"reader": readings[0].reader, "files": json.dumps(sums)}
    if math.isfinite(readings[0].bin_ns):
        own["tcspc_bin_ps"] = round(1e3 * readings[0].bin_ns, 9)
    if period_ns is not None:
        own |= {"period_ns": period_ns, "rep_rate_MHz": 1e3 / period_ns}
    return shared | own


def as_dataset(counts: xr.DataArray, attrs: dict[str, Any]) -> xr.Dataset:
    """The record, with names and units as `tptools.instruments.Microscope.measure` has them."""
    counts = counts.assign_attrs(long_name="photon counts", units="1")
    if "position_nm" in counts.dims:
        at = counts["position_nm"].to_numpy().astype(float)
        counts = counts.assign_coords(position_nm=("position_nm", at, {"units": "nm"}))
    return counts.to_dataset(name="counts").assign_attrs(attrs)
