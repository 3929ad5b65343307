"""A stream of photons in parts, and its histogram by channel, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from tptools.arrays import IntArray
from tptools.io.reading import Told, bins, unreadable
from tptools.progress import Bar

Photons = tuple[IntArray, IntArray]
"""Channel, below 0 for what is no photon, and time bin of every record of a part of a stream."""

CHUNK_RECORDS = 2**22
"""Records that are in memory at a time, unless it is told: 16 MB of a file."""

T2_REMEDY = "record in T3 mode, in which every photon has its delay after the laser pulse"


def bins_of_period(period_ns: float | None, bin_ns: float) -> int:
    """Bins that a period fills, the last one perhaps in part.

    Examples
    --------
    >>> bins_of_period(200.0016, 0.064), bins_of_period(200.0, 0.1), bins_of_period(None, 0.1)
    (3126, 2000, 0)
    """
    return 0 if period_ns is None else math.ceil(period_ns / bin_ns - 1e-6)


def binned(
    path: Path, parts: Iterable[Photons], bin_ns: float, period_ns: float | None, n_bins: int = 0
) -> xr.DataArray:
    """Counts over (channel, time) of all parts of a stream; channels without photons are left out.

    A dark position of a scan has none, and no channel. Bins fill the period or, where that is not
    known, are `n_bins`; there are more up to the last photon.

    Examples
    --------
    >>> parts = [(np.array([0, 2, -1]), np.array([3, 1, 0])), (np.array([2]), np.array([1]))]
    >>> found = binned(Path("x.ptu"), iter(parts), 0.5, 2.0)
    >>> found.values.tolist(), found.channel.values.tolist()
    ([[0, 0, 0, 1], [0, 2, 0, 0]], [0, 2])
    """
    if not bin_ns > 0:
        raise unreadable(path, f"its time bins are {bin_ns:g} ns wide")
    counts = np.zeros((1, bins_of_period(period_ns, bin_ns) or n_bins or 1), np.int64)
    for channel, late in parts:
        photon = channel >= 0
        channel, late = channel[photon], late[photon]
        n = (
            max(counts.shape[0], channel.max(initial=0) + 1),
            max(counts.shape[1], late.max(initial=0) + 1),
        )
        counts = np.pad(counts, [(0, n[0] - counts.shape[0]), (0, n[1] - counts.shape[1])])
        counts += np.bincount(channel * n[1] + late, minlength=n[0] * n[1]).reshape(n)
    used = np.flatnonzero(counts.any(axis=1))
    return bins(counts[used], bin_ns, channel=used)


def parts_of(path: Path, records: IntArray, told: Told) -> Iterator[IntArray]:
    """Records in parts, with a bar."""
    for start in Bar(range(0, records.size, told.chunk_records), **bar(path, told)):
        yield records[start : start + told.chunk_records]


def bar(path: Path, told: Told) -> dict[str, Any]:
    """How the bar of a file looks, and whether there is one."""
    return {"desc": path.name, "disable": not told.progress, "unit": "part", "leave": False}


def check_length(path: Path, stored: int, stated: int) -> None:
    """Raise ValueError unless a file holds as many records as its header says, and some."""
    if stored < stated:
        raise unreadable(
            path, f"it holds {stored} of the {stated} records that its header says", "copy it again"
        )
    if stated <= 0 < stored:
        reason = "its header does not say how many records follow: it was not closed"
        raise unreadable(path, reason, "open and save it in the software of the instrument")
    if stored <= 0:
        raise unreadable(path, "it has no photons")
