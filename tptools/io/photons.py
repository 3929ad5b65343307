"""Streams of photons that say what they are: PicoQuant's .ptu, and Photon-HDF5."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from tptools.arrays import IntArray
from tptools.io.reading import (
    SECOND_NS,
    Reading,
    Told,
    bins,
    named,
    plain_settings,
    quietly,
    unreadable,
)
from tptools.io.streams import (
    T2_REMEDY,
    Photons,
    bar,
    binned,
    bins_of_period,
    check_length,
    parts_of,
)
from tptools.progress import Bar


def read_ptu(path: Path, told: Told) -> Reading:
    """A .ptu file (ptufile): photons of a point, or of a line or an image that a scanner made."""
    with quietly(path):
        import ptufile

        file = ptufile.PtuFile(path)
    with file:
        with quietly(path):
            if not file.is_t3:
                raise unreadable(path, "its records are T2, without delays", T2_REMEDY)
            stored = (path.stat().st_size - file.record_offset) // 4
            check_length(path, stored, int(file.tags.get("TTResult_NumberOfRecords", 0)))
            records = file.read_records(memmap=True)  # whatever asks later gets the same
            period_ns, bin_ns = (
                SECOND_NS * file.global_resolution,
                SECOND_NS * file.tcspc_resolution,
            )
            if file.measurement_ndim > 1:
                counts = _scanned(file, period_ns, bin_ns)
                settings = plain_settings(file.tags)
                return Reading(counts, named("ptufile"), period_ns, settings)

        def decoded(part: IntArray) -> Photons:
            """Channels and times of photons."""
            with quietly(path):
                found = file.decode_records(np.ascontiguousarray(part))
            return found["channel"].astype(np.int64), found["dtime"].astype(np.int64)

        parts = (decoded(part) for part in parts_of(path, records, told))
        counts = binned(path, parts, bin_ns, period_ns)
        return Reading(counts, named("ptufile"), period_ns, plain_settings(file.tags))


def _scanned(file: Any, period_ns: float, bin_ns: float) -> xr.DataArray:
    """Counts of a line or an image over (channel, y, x, time), summed over all frames."""
    image = file.decode_image(frame=-1, dtype=np.uint32)[0]
    image = image.reshape(-1, *image.shape[-3:])  # a line has no y
    missing = max(bins_of_period(period_ns, bin_ns) - image.shape[-1], 0)
    image = np.pad(image.astype(np.int64), [(0, 0)] * 3 + [(0, missing)])
    coords: dict[str, Any] = {
        "channel": np.arange(image.shape[2]) + min(file.active_channels or [0])
    }
    step_nm = 1e3 * float(file.tags.get("ImgHdr_PixResol", 0.0))
    if step_nm > 0:
        for axis, n in (("y", image.shape[0]), ("x", image.shape[1])):
            start_nm = 1e3 * float(file.tags.get(f"ImgHdr_{axis.upper()}0", 0.0))
            coords[f"{axis}_nm"] = start_nm + step_nm * np.arange(n)
    return bins(np.moveaxis(image, 2, 0), bin_ns, "y_nm", "x_nm", **coords)


def read_photon_hdf5(path: Path, told: Told) -> Reading:
    """A Photon-HDF5 file (h5py) with the photons of one spot."""
    with quietly(path):
        import h5py

        file = h5py.File(path)
    with file:
        with quietly(path):
            groups = [name for name in file if name.startswith("photon_data")]
            if len(groups) != 1:
                reason = f"it has {len(groups)} groups photon_data"
                raise unreadable(path, reason, "save one file for each spot")
            data = file[groups[0]]
            if "nanotimes" not in data:
                raise unreadable(path, "its photons have no nanotimes, thus no delays", T2_REMEDY)
            specs = data["nanotimes_specs"]
            bin_ns = SECOND_NS * float(specs["tcspc_unit"][()])
            n_bins = int(specs["tcspc_num_bins"][()]) if "tcspc_num_bins" in specs else 0
            period_ns, markers = _period_ns(file, data), _markers(data)
        parts = _photons(path, data, markers, told)
        counts = binned(path, parts, bin_ns, period_ns, n_bins)
    return Reading(counts, named("h5py"), period_ns, {})


def _period_ns(file: Any, data: Any) -> float | None:
    """Time between pulses, where the file says one rate."""
    for place, key in (
        (data, "measurement_specs/laser_repetition_rate"),
        (file, "setup/laser_repetition_rates"),
    ):
        rates = np.unique(place[key][()]) if key in place else np.empty(0)
        if rates.size == 1 and rates[0] > 0:
            return SECOND_NS / float(rates[0])
    return None


def _markers(data: Any) -> list[int]:
    """Detectors that are none."""
    specs = data.get("measurement_specs/detectors_specs", {})
    named_so = [one[()] for name, one in specs.items() if name.startswith("markers")]
    return [int(each) for one in named_so for each in np.ravel(one)]


def _photons(path: Path, data: Any, markers: list[int], told: Told) -> Iterator[Photons]:
    """Photons in parts, with a bar."""
    n, size = data["nanotimes"].size, told.chunk_records
    for start in Bar(range(0, n, size), **bar(path, told)):
        with quietly(path):
            late = data["nanotimes"][start : start + size].astype(np.int64)
            channel = 0 * late
            if "detectors" in data:
                channel = data["detectors"][start : start + size].astype(np.int64)
        channel[np.isin(channel, markers)] = -1
        yield channel, late
