"""Streams of photons of older cards, of which phconvert knows the headers: .pt3, .t3r and .spc.

Of the libraries that read .spc, it alone knows the layouts of all cards. It takes a whole file into
memory, so that it is given parts.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tptools.arrays import IntArray
from tptools.io.reading import SECOND_NS, Reading, Told, named, plain_settings, quietly, unreadable
from tptools.io.streams import T2_REMEDY, Photons, bar, binned, check_length, parts_of
from tptools.progress import Bar

HEAD_BYTES = 2**16  # no fixed header is longer


def read_pt3(path: Path, told: Told) -> Reading:
    """A .pt3 file of a PicoHarp 300; phconvert reads the header."""
    head = _header(path, "pt3_reader")
    if head["header"]["MeasurementMode"][0] != 3:
        raise unreadable(path, "its records are T2, without delays", T2_REMEDY)

    def decoded(part: IntArray) -> Photons:
        """Channels and times of photons; what is none has channel -1."""
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
        """Channels and times of photons; what is none has channel -1."""
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
    check_length(path, stored, n_records)
    records = np.memmap(path, "<u4", "r", size, (n_records,))
    bin_ns = float(head["hardware"]["Resolution"][0])
    period_ns = SECOND_NS / rate_Hz if rate_Hz > 0 else None
    counts = binned(path, map(decoded, parts_of(path, records, told)), bin_ns, period_ns)
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
        """Channels and times of photons; what is none has channel -1."""
        with quietly(path):
            found = bhreader.load_spc(part, setup)["photon_data"]
        channel = found["detectors"].astype(np.int64)
        channel[np.isin(found["detectors"], found["marker_ids"])] = -1
        return channel, found["nanotimes"].astype(np.int64)

    cut = list(_split(path, card, told.chunk_records))
    bin_ns = SECOND_NS * tac_s / 4096
    with tempfile.TemporaryDirectory() as folder:
        parts = (decoded(_piece(path, Path(folder), *one)) for one in Bar(cut, **bar(path, told)))
        counts = binned(path, parts, bin_ns, None, n_bins=4096)
    return Reading(counts, named("phconvert"), None, plain_settings(settings))


OLD_CARDS = (0x21, 0x22)
"""SPC-600 and 630, whose records have 6 bytes where the third word of the file is empty."""


def _split(path: Path, card: int, n_records: int) -> Iterator[tuple[int, int, int]]:
    """Bytes of the first record, which every part needs, and where parts start and how long.

    They are about equal: a part without a photon, as a short last one may be, cannot be read.
    """
    total = path.stat().st_size
    with path.open("rb") as file:
        word = file.read(6)[4:]
    size = 6 if card in OLD_CARDS and word == b"\0\0" else 4
    if total <= size:
        raise unreadable(path, "it has no photons")
    if total % size:
        raise unreadable(path, "it ends within a record", "copy it again")
    n_all = total // size - 1
    n_parts = math.ceil(n_all / n_records)
    starts = [size * (1 + n_all * k // n_parts) for k in range(n_parts + 1)]
    for start, end in pairwise(starts):
        yield size, start, end - start


def _piece(path: Path, folder: Path, first: int, start: int, size: int) -> Path:
    piece = folder / path.name
    with path.open("rb") as file, piece.open("wb") as copy:
        copy.write(file.read(first))
        file.seek(start)
        copy.write(file.read(size))
    return piece


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
