"""A record of ours as files such as instruments write, to be read back."""

from __future__ import annotations

import os
import shutil
import struct
import weakref
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import xarray as xr

from tptools.arrays import IntArray
from tptools.checks import check_number
from tptools.records import as_record, even_step

__all__ = ["ScanFiles", "photons", "tag", "write_ptu", "write_scan"]

T3, T2 = 0x00010304, 0x00010204
"""Kinds of records of a HydraHarp, version 1: times since the last pulse, or since the start."""

_KINDS = {
    bool: (0x8, "<q"),
    int: (0x10000008, "<q"),
    float: (0x20000008, "<d"),
    type(None): (0xFFFF0008, ""),
}


@dataclass(frozen=True)
class ScanFiles:
    """One scan, written three times; the files are there as long as this is.

    Parameters
    ----------
    ptu : Path
        Folder of one ``.ptu`` file for each position, with the position in its name.
    csv : Path
        Table of counts, a column for each position.
    npz : Path
        Arrays ``counts``, ``time_ns`` and ``position_nm``.
    time_zero_ns : float
        Of the pulse on the clock of the ``.ptu`` files, which starts at 0.
    """

    ptu: Path
    csv: Path
    npz: Path
    time_zero_ns: float


def write_scan(counts: xr.DataArray, period_ns: float) -> ScanFiles:
    """Write a scan as ``.ptu`` files, as CSV and as NPZ, into a temporary folder.

    Parameters
    ----------
    counts : DataArray
        Whole counts over (time_ns, position_nm), in even time bins.
    period_ns : float
        Time between pulses.

    Returns
    -------
    ScanFiles

    Raises
    ------
    ValueError
        If counts are missing or negative, or times uneven.

    Examples
    --------
    >>> axes = {"time_ns": [-0.1, 0.0, 0.1], "position_nm": [0.0, 50.0]}
    >>> files = write_scan(xr.DataArray([[0, 1], [5, 9], [3, 4]], axes), 50.0)
    >>> sorted(one.name for one in files.ptu.iterdir()), round(files.time_zero_ns, 3)
    (['x_+0nm.ptu', 'x_+50nm.ptu'], 0.15)
    """
    counts = as_record(counts, "time_ns", "position_nm", only=True)
    whole = counts.astype(int)
    period_ns = check_number("period_ns", period_ns, above=0)
    bin_ns = even_step(counts, "time_ns")
    time, position = (counts[axis].to_numpy() for axis in counts.dims)
    home = Path(mkdtemp(prefix="scan-"))
    (home / "ptu").mkdir()
    for x_nm, curve in zip(position, whole.to_numpy().T, strict=True):
        write_ptu(home / "ptu" / f"x_{x_nm:+g}nm.ptu", curve[None], bin_ns, period_ns)
    table = pd.DataFrame(whole.to_numpy(), pd.Index(time, name="time (ns)"))
    table.columns = [f"{x_nm:g} nm" for x_nm in position]
    table.to_csv(home / "scan.csv")
    np.savez(home / "scan.npz", counts=whole.to_numpy(), time_ns=time, position_nm=position)
    zero_ns = bin_ns / 2 - float(time[0])
    files = ScanFiles(home / "ptu", home / "scan.csv", home / "scan.npz", zero_ns)
    weakref.finalize(files, shutil.rmtree, home, ignore_errors=True)
    return files


def write_ptu(
    path: str | os.PathLike[str],
    counts: IntArray,
    bin_ns: float,
    period_ns: float,
    *,
    kind: int = T3,
    n_stated: int | None = None,
    extra: bytes = b"",
) -> None:
    """Write counts of a point as a stream of single photons, as a PicoQuant HydraHarp does.

    Parameters
    ----------
    path : path
        Of the file.
    counts : ndarray of shape (n_channels, n_times)
        Photons in every time bin, fewer than 64 channels and 32768 bins.
    bin_ns, period_ns : float
        Width of the bins, and time between pulses.
    kind : int, optional
        Of the records; another than `T3` makes a file that cannot be read as such.
    n_stated : int, optional
        Number of records that the header states, if it is to be wrong.
    extra : bytes, optional
        Tags that come first in the header.

    Examples
    --------
    >>> from tptools import io
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "point.ptu")
    ...     write_ptu(path, np.array([[0, 5, 3, 1]]), 0.1, 50.0)
    ...     io.read_decay(path, time_zero_ns=0).counts[:4].values
    array([0, 5, 3, 1])
    """
    channel, late = photons(counts)
    records = (channel << 25 | late << 10).astype("<u4")
    # an overflow of the counter of pulses, and a marker
    records = np.concatenate([records, np.array([0xFE000000, 0x82000000], "<u4")])
    tags: dict[str, int | float] = {
        "Measurement_Mode": 3 if kind == T3 else 2,
        "Measurement_SubMode": 1,
        "MeasDesc_GlobalResolution": period_ns * 1e-9,
        "MeasDesc_Resolution": bin_ns * 1e-9,
        "TTResult_SyncRate": round(1e9 / period_ns),
        "TTResult_NumberOfRecords": records.size if n_stated is None else n_stated,
        "TTResultFormat_TTTRRecType": kind,
        "TTResultFormat_BitsPerRecord": 32,
    }
    header = b"PQTTTR\0\0" + b"1.0.00\0\0" + extra
    header += b"".join(tag(*one) for one in tags.items()) + tag("Header_End", None)
    Path(path).write_bytes(header + records.tobytes())


def photons(counts: IntArray) -> tuple[IntArray, IntArray]:
    """Channel and time bin of every photon, shuffled.

    Parameters
    ----------
    counts : ndarray of shape (n_channels, n_times)
        Photons in every bin.

    Returns
    -------
    tuple of ndarray
        Of as many numbers as there are photons.

    Examples
    --------
    >>> [sorted(one.tolist()) for one in photons(np.array([[2, 0], [0, 1]]))]
    [[0, 0, 1], [0, 0, 1]]
    """
    channel, late = np.nonzero(counts)
    n = counts[channel, late]
    order = np.random.default_rng(0).permutation(n.sum())
    return np.repeat(channel, n)[order], np.repeat(late, n)[order]


def tag(name: str, value: float | bool | None, index: int = -1) -> bytes:
    """One entry of the header of a PicoQuant file.

    Parameters
    ----------
    name : str
        Of the entry.
    value : bool, int, float or None
        What it says.
    index : int, optional
        Of a curve; -1 without one.

    Returns
    -------
    bytes
        48 of them.

    Examples
    --------
    >>> len(tag("Header_End", None))
    48
    """
    kind, code = _KINDS[type(value)]
    data = struct.pack(code, value) if code else b""
    return struct.pack("<32siI8s", name.encode(), index, kind, data)
