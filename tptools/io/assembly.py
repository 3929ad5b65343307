"""From what files hold to counts over time and position: one detector, one axis of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_integer, check_number
from tptools.io.positions import positions_of
from tptools.io.reading import Reading, unreadable

SAME_BIN, SAME_PERIOD = 1e-6, 1e-3


def selected(path: Path, reading: Reading, channel: int | str | None) -> xr.DataArray:
    """Counts of one detector, over places and time."""
    return _of_detector(reading, _detector(path, _photons([reading]), channel))


def _photons(readings: Sequence[Reading]) -> pd.Series:
    """Counts by channel of all files together, of those that have some."""
    totals = pd.concat(
        [
            one.counts.sum([dim for dim in one.counts.dims if dim != "channel"]).to_series()
            for one in readings
        ]
    )
    totals = totals.groupby(level=0).sum()
    return totals[totals > 0]


def _detector(path: Path, photons: pd.Series, channel: int | str | None) -> Any:
    """The channel to take, or ``"sum"``."""
    if photons.empty:
        raise unreadable(path, "it has no photons")
    if isinstance(channel, str) and channel == "sum":
        return channel
    if channel is not None:
        chosen = check_integer("channel", channel, at_least=0)
        if chosen not in photons.index:
            raise ValueError(
                f"channel = {channel!r} has no photons in {path.name}, and must be "
                f"one of {[*photons.index]} or 'sum'"
            )
        return chosen
    if photons.size > 1:
        each = ", ".join(f"{name}: {n:g}" for name, n in photons.items())
        raise unreadable(
            path,
            f"it has several channels with counts ({each})",
            "give channel, one of them or 'sum'",
        )
    return photons.index[0]


def _of_detector(reading: Reading, chosen: Any) -> xr.DataArray:
    """Counts of a channel, or of all; none where the file has no photon of it."""
    counts = reading.counts
    if chosen != "sum":  # a dark position of a scan has no channel
        counts = counts.sel(channel=counts["channel"] == chosen)
    kept = (*reading.places, "time_ns")
    return counts.sum([one for one in counts.dims if one not in kept], keep_attrs=True)


def joined_files(
    paths: list[Path], readings: list[Reading], at: FloatArray, channel: int | str | None
) -> xr.DataArray:
    """Histograms of one file for each position on one axis: readers end after the last photon."""
    curves, chosen = [], _detector(paths[0], _photons(readings), channel)
    for path, reading in zip(paths, readings, strict=True):
        curve = _of_detector(reading, chosen)
        if curve.ndim != 1:
            raise unreadable(
                path,
                "it holds places of its own, as do the other files",
                "give one file, or sum it with read_decay",
            )
        curves.append(curve)
    width = float(np.median([one.bin_ns for one in readings]))
    for path, reading in zip(paths, readings, strict=True):
        if abs(reading.bin_ns / width - 1) > SAME_BIN:
            reason = f"its bins are {reading.bin_ns:g} ns wide, and those of others {width:g} ns"
            raise unreadable(path, reason, "leave it out, or rebin it")
    longest = max(curves, key=lambda one: one.sizes["time_ns"])
    time = longest["time_ns"].to_numpy()
    for path, curve in zip(paths, curves, strict=True):
        own = curve["time_ns"].to_numpy()
        if np.abs(own - time[: own.size]).max() > 1e-3 * width:
            reason = f"its times start at {own[0]:g} ns, and those of others at {time[0]:g} ns"
            raise unreadable(path, reason, "give every file the same axis")
    padded = [np.pad(one.to_numpy(), (0, time.size - one.size)) for one in curves]
    coords = {"time_ns": longest["time_ns"], "position_nm": at}
    return xr.DataArray(np.stack(padded, 1), coords, ("time_ns", "position_nm"))


def line_of_file(
    path: Path, reading: Reading, position_nm: Any, step_nm: float | None, channel: int | str | None
) -> xr.DataArray:
    """Counts along the line of one file; curves are places if nothing else is."""
    places = reading.places
    if len(places) > 1:
        raise unreadable(
            path, "it holds an image", "read it with read_image, and take a line_profile of it"
        )
    if (
        not places
        and reading.counts.sizes["channel"] > 2
        and (position_nm is not None or step_nm is not None)
    ):
        axes = [one for one in reading.counts.dims if one not in ("channel", "time_ns")]
        counts, place = reading.counts.sum(axes, keep_attrs=True), "channel"
    else:
        counts, place = selected(path, reading, channel), places[0] if places else ""
    if not place:
        raise unreadable(
            path,
            "it holds a single curve, and no positions",
            "give a folder or a list of files, or read it with read_decay",
        )
    counts = counts.rename({place: "position_nm"})
    n = counts.sizes["position_nm"]
    if position_nm is not None:
        at = positions_of([path] * n, position_nm, None, None)
    elif step_nm is not None:
        at = check_number("step_nm", step_nm, above=0) * np.arange(float(n))
    elif place not in reading.counts.coords:
        raise unreadable(
            path, f"it does not say where its {n} places are", "give position_nm or step_nm"
        )
    else:
        at = counts["position_nm"].to_numpy()
    return counts.assign_coords(position_nm=at)


def check_apart(path: Path, counts: xr.DataArray) -> None:
    """Raise ValueError for positions that stand twice."""
    at = counts["position_nm"].to_numpy()
    twice = at[1:][np.diff(at) == 0]
    if twice.size:
        raise unreadable(
            path,
            f"the scan has position_nm = {twice[0]:g} twice",
            "sum such files, or leave one out",
        )


def common_period(
    paths: list[Path], readings: list[Reading], period_ns: float | None
) -> float | None:
    """Time between pulses, as told or as all files say."""
    if period_ns is not None:
        return check_number("period_ns", period_ns, above=0)
    known = [one.period_ns for one in readings if one.period_ns is not None]
    if not known:
        return None
    usual = float(np.median(known))
    for path, reading in zip(paths, readings, strict=True):
        if reading.period_ns is None or abs(reading.period_ns / usual - 1) > SAME_PERIOD:
            raise unreadable(
                path,
                f"its period is {reading.period_ns} ns, and that of others {usual:g} ns",
                "leave it out, or give period_ns",
            )
    return usual
