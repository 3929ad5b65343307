"""Streams of photons, binned by channel over the period of the laser, in bounded memory."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
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
from tptools.progress import Bar

Photons = tuple[IntArray, IntArray]
"""Channel, below 0 for what is no photon, and time bin of every record of a part of a stream."""

HEAD_BYTES = 2**16  # no fixed header is longer
T2_REMEDY = "record in T3 mode, in which every photon has its delay after the laser pulse"


def read_ptu(path: Path, told: Told) -> Reading:
    """A .ptu file (ptufile): photons of a point, or of a line or an image that a scanner made."""
    with quietly(path):
        import ptufile

        file = ptufile.PtuFile(path)
    with file:
        if not file.is_t3:
            raise unreadable(path, "its records are T2, without delays", T2_REMEDY)
        stored = (path.stat().st_size - file.record_offset) // 4
        _check_length(path, stored, int(file.tags.get("TTResult_NumberOfRecords", 0)))
        with quietly(path):
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
            with quietly(path):
                found = file.decode_records(np.ascontiguousarray(part))
            return found["channel"].astype(np.int64), found["dtime"].astype(np.int64)

        parts = (decoded(part) for part in _parts(path, records, told))
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


def read_pt3(path: Path, told: Told) -> Reading:
    """A .pt3 file of a PicoHarp 300; phconvert reads the header."""
    head = _header(path, "pt3_reader")
    if head["header"]["MeasurementMode"][0] != 3:
        raise unreadable(path, "its records are T2, without delays", T2_REMEDY)

    def decoded(part: IntArray) -> Photons:
        channel = (part >> 28).astype(np.int64)
        channel[channel == 15] = -1  # overflows and markers
        return channel, ((part >> 16) & 0xFFF).astype(np.int64)

    return _with_fixed_header(path, told, head, decoded, int(head["ttmode"]["InpRate0"][0]))


def read_t3r(path: Path, told: Told) -> Reading:
    """A .t3r file of a TimeHarp 200; phconvert reads the header.

    It takes bits 30 and 31 for the channel, which say whether a record is a photon; the channel of
    the router is in bits 28 and 29.
    """
    head = _header(path, "t3r_reader")

    def decoded(part: IntArray) -> Photons:
        channel = ((part >> 28) & 3).astype(np.int64)
        channel[(part >> 30) & 1 == 0] = -1
        return channel, ((part >> 16) & 0xFFF).astype(np.int64)

    return _with_fixed_header(path, told, head, decoded, int(head["ttmode"]["SyncRate"][0]))


def _header(path: Path, reader: str) -> dict[str, Any]:
    """Header of a file, from a copy of its first part: the reader takes in all that follows."""
    with quietly(path), tempfile.TemporaryDirectory() as folder, path.open("rb") as file:
        head = Path(folder, path.name)
        head.write_bytes(file.read(HEAD_BYTES))
        return getattr(_phconvert().pqreader, reader)(str(head))[-1]


def _with_fixed_header(
    path: Path, told: Told, head: dict[str, Any], decoded: Callable[..., Photons], rate_Hz: int
) -> Reading:
    """Photons of a file whose records of 32 bits follow a header of structures."""
    size = sum(part.nbytes for part in head.values())
    stored = (path.stat().st_size - size) // 4
    n_records = int(head["ttmode"]["nRecords"][0])
    _check_length(path, stored, n_records)
    records = np.memmap(path, "<u4", "r", size, (n_records,))
    bin_ns = float(head["hardware"]["Resolution"][0])
    period_ns = SECOND_NS / rate_Hz if rate_Hz > 0 else None
    counts = binned(path, map(decoded, _parts(path, records, told)), bin_ns, period_ns)
    own = {name: head[part][name][0] for part in head for name in head[part].dtype.names or ()}
    return Reading(counts, named("phconvert"), period_ns, plain_settings(own))


def read_spc(path: Path, told: Told) -> Reading:
    """A .spc file with its .set (phconvert, which knows the layouts of all cards).

    Parts of the file, each behind the same first record, are files of their own.
    """
    with quietly(path):
        bhreader = _phconvert().bhreader
        others = (path.with_suffix(suffix) for suffix in (".set", ".SET"))
        setup = next((one for one in others if one.is_file()), None)
        if setup is None:
            raise FileNotFoundError(2, "", path.with_suffix(".set").name)
        known = bhreader.load_set(setup)
        settings, card = known["setup"], (int(known["header"][0]["revision"]) >> 4) & 0xFF
        tac_s = float(settings.get("SP_TAC_R", 0)) / float(settings.get("SP_TAC_G", 1))

    def decoded(part: Path) -> Photons:
        with quietly(path):
            found = bhreader.load_spc(part, setup)["photon_data"]
        channel = found["detectors"].astype(np.int64)
        channel[np.isin(found["detectors"], found["marker_ids"])] = -1
        return channel, found["nanotimes"].astype(np.int64)

    cut = list(_split(path, card, told.chunk_records))
    bin_ns = SECOND_NS * tac_s / 4096
    with tempfile.TemporaryDirectory() as folder:
        parts = (decoded(_piece(path, Path(folder), *one)) for one in Bar(cut, **_bar(path, told)))
        counts = binned(path, parts, bin_ns, None, n_bins=4096)
    return Reading(counts, named("phconvert"), None, plain_settings(settings))


OLD_CARDS = (0x21, 0x22)
"""SPC-600 and 630, whose records have 6 bytes where the third word of the file is empty."""


def _split(path: Path, card: int, n_records: int) -> Iterator[tuple[int, int, int]]:
    """Bytes of the first record, which every part needs, and where parts start and how long."""
    total = path.stat().st_size
    with path.open("rb") as file:
        word = file.read(6)[4:]
    size = 6 if card in OLD_CARDS and word == b"\0\0" else 4
    if total <= size:
        raise unreadable(path, "it has no photons")
    if total % size:
        raise unreadable(path, "it ends within a record", "copy it again")
    for start in range(size, total, size * n_records):
        yield size, start, min(size * n_records, total - start)


def _piece(path: Path, folder: Path, first: int, start: int, size: int) -> Path:
    piece = folder / path.name
    with path.open("rb") as file, piece.open("wb") as copy:
        copy.write(file.read(first))
        file.seek(start)
        copy.write(file.read(size))
    return piece


def read_photon_hdf5(path: Path, told: Told) -> Reading:
    """A Photon-HDF5 file (h5py) with the photons of one spot."""
    with quietly(path):
        import h5py

        file = h5py.File(path)
    with file:
        groups = [name for name in file if name.startswith("photon_data")]
        if len(groups) != 1:
            raise unreadable(
                path, f"it has {len(groups)} groups photon_data", "save one file for each spot"
            )
        data = file[groups[0]]
        if "nanotimes" not in data:
            raise unreadable(path, "its photons have no nanotimes, thus no delays", T2_REMEDY)
        with quietly(path):
            specs = data["nanotimes_specs"]
            bin_ns = SECOND_NS * float(specs["tcspc_unit"][()])
            n_bins = int(specs["tcspc_num_bins"][()]) if "tcspc_num_bins" in specs else 0
            rate = data.get("measurement_specs/laser_repetition_rate")
            if rate is None and file.get("setup/laser_repetition_rates") is not None:
                rate = np.unique(file["setup/laser_repetition_rates"][()])
            period_ns = (
                None if rate is None or np.size(rate) != 1 else SECOND_NS / float(np.ravel(rate)[0])
            )
            markers = [
                int(one)
                for name, one in data.get("measurement_specs/detectors_specs", {}).items()
                if name.startswith("markers")
                for one in np.ravel(one)
            ]

        def photons(part: slice) -> Photons:
            with quietly(path):
                late = data["nanotimes"][part].astype(np.int64)
                has_channel = "detectors" in data
                channel = data["detectors"][part].astype(np.int64) if has_channel else 0 * late
            channel[np.isin(channel, markers)] = -1
            return channel, late

        n, size = data["nanotimes"].size, told.chunk_records
        steps = [slice(start, start + size) for start in range(0, n, size)]
        parts = map(photons, Bar(steps, **_bar(path, told)))
        counts = binned(path, parts, bin_ns, period_ns, n_bins if period_ns is None else 0)
    return Reading(counts, named("h5py"), period_ns)


def bins_of_period(period_ns: float | None, bin_ns: float) -> int:
    """Bins that a period fills, the last one perhaps in part.

    Examples
    --------
    >>> bins_of_period(200.0016, 0.064), bins_of_period(200.0, 0.1), bins_of_period(None, 0.1)
    (3126, 2000, 0)
    """
    return 0 if period_ns is None else math.ceil(period_ns / bin_ns - 1e-6)


def binned(
    path: Path, parts: Iterator[Photons], bin_ns: float, period_ns: float | None, n_bins: int = 0
) -> xr.DataArray:
    """Counts over (channel, time) of all parts of a stream; channels without photons are left out.

    Examples
    --------
    >>> parts = [(np.array([0, 2, -1]), np.array([3, 1, 0])), (np.array([2]), np.array([1]))]
    >>> found = binned(Path("x.ptu"), iter(parts), 0.5, 2.0)
    >>> found.values.tolist(), found.channel.values.tolist()
    ([[0, 0, 0, 1], [0, 2, 0, 0]], [0, 2])
    """
    if not bin_ns > 0:
        raise unreadable(path, f"its time bins are {bin_ns:g} ns wide")
    counts = np.zeros((1, max(n_bins, bins_of_period(period_ns, bin_ns), 1)), np.int64)
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
    if not used.size:
        raise unreadable(path, "it has no photons")
    return bins(counts[used], bin_ns, channel=used)


def _parts(path: Path, records: IntArray, told: Told) -> Iterator[IntArray]:
    """Records in parts, with a bar."""
    for start in Bar(range(0, records.size, told.chunk_records), **_bar(path, told)):
        yield records[start : start + told.chunk_records]


def _bar(path: Path, told: Told) -> dict[str, Any]:
    return {"desc": path.name, "disable": not told.progress, "unit": "part", "leave": False}


def _check_length(path: Path, stored: int, stated: int) -> None:
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


def _phconvert() -> Any:
    """The package, without the loops that it would compile for ten seconds and we do not call."""
    import numba

    before, numba.config.DISABLE_JIT = numba.config.DISABLE_JIT, True
    try:
        import phconvert.bhreader
        import phconvert.pqreader
    finally:
        numba.config.DISABLE_JIT = before
    return phconvert
