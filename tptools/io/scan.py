"""A scan, a decay or an image from files, as the model of the microscope gives them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from tptools.checks import check_number
from tptools.io.assembly import check_apart, common_period, joined_files, line_of_file, selected
from tptools.io.files import one_path, paths_of, read_all, told_by_hand
from tptools.io.landmarks import find_bad_positions
from tptools.io.positions import positions_of
from tptools.io.reading import unreadable
from tptools.io.record import as_dataset, attributes, from_time_zero, landmarks
from tptools.io.streams import CHUNK_RECORDS

__all__ = ["read_decay", "read_image", "read_scan"]


def read_scan(
    source: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    position_nm: Any = None,
    pattern: str | None = None,
    step_nm: float | None = None,
    channel: int | str | None = None,
    time_zero_ns: float | None = None,
    window_ns: tuple[float, float] | None = None,
    bin_ns: float | None = None,
    period_ns: float | None = None,
    first_column: str | None = None,
    first_row: str | None = None,
    progress: bool = False,
    chunk_records: int = CHUNK_RECORDS,
) -> xr.Dataset:
    r"""Read a scan of the detector over a line, from one file or from one for each position.

    Parameters
    ----------
    source : path or sequence of paths
        A file with a line or a map, a folder with the files of one scan, or these files. Read are
        .ptu, .phu, .pt3, .t3r, .sdt, .spc (with its .set), Photon-HDF5 (.h5, .hdf5), .nc, .npz,
        .mat, and text (.csv, .tsv, .txt, .asc, .dat).
    position_nm : array_like, mapping, path or DataFrame, optional
        Positions: in the order of the files (by name, numbers by their size) or curves, by the
        names of the files, or a table of both. By default what the file says, or the one number
        with a unit that differs between the names of the files, as in ``x_-150nm.ptu``.
    pattern : str, optional
        Regular expression of which the first group is a number in the name of a file; times
        `step_nm` it is the position.
    step_nm : float, optional
        Distance between neighbours: of the pixels or curves of a file, or of files whose names
        are numbered.
    channel : int or str, optional
        Detector, as the file numbers them, or ``"sum"``; needed if several have photons.
    time_zero_ns : float, optional
        Of the pulse on the clock of the file. By default `find_time_zero` finds it; a table with
        times before 0 has it at 0.
    window_ns : tuple of float, optional
        First and last time, after time zero, that are kept; by default all.
    bin_ns : float, optional
        Width of the time bins, for files that do not say it.
    period_ns : float, optional
        Time between pulses, for files that do not say it.
    first_column, first_row : str, optional
        What the first column of a text, and the row of numbers over the others, hold, with the
        unit: ``"position_um"``, ``"time_ps"``. By default what the headers of the columns say.
    progress : bool, optional
        Whether to show bars.
    chunk_records : int, optional
        Records of a photon stream that are in memory at a time.

    Returns
    -------
    Dataset
        ``counts`` over (time_ns, position_nm), and ``bad_position`` (`find_bad_positions`). Among
        the attributes are ``period_ns`` and ``rep_rate_MHz`` where known, ``tcspc_bin_ps``,
        ``time_zero_ns`` with ``time_zero_from``, ``fit_window_ns`` (`find_window`),
        ``background_counts`` of a bin and position where there is light from before the pulse, the
        settings of the instrument that all files have in common, ``reader``, and ``files`` with
        their SHA-256 sums, as JSON.

    Raises
    ------
    FileNotFoundError
        If there is no such file or folder.
    ImportError
        If the reader of a format is not installed; the message names the remedy.
    TypeError
        If `source` is no path.
    ValueError
        If a file is empty, cut off, damaged or of an unknown kind; if positions, the channel, a
        unit or a width are not known; or if files differ in bin width, period or start.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "scan.csv")
    ...     _ = path.write_text("time (ps),-50 nm,0 nm,50 nm\n0,1,2,1\n100,5,9,5\n200,3,5,3")
    ...     scan = read_scan(path, time_zero_ns=0.1)
    >>> scan.counts.dims, scan.position_nm.values, scan.time_ns.values.round(3)
    (('time_ns', 'position_nm'), array([-50.,   0.,  50.]), array([-0.1,  0. ,  0.1]))
    """
    told = told_by_hand(bin_ns, first_column, first_row, chunk_records, progress)
    paths = paths_of(source)
    readings = read_all(paths, told)
    if len(paths) > 1:
        at = positions_of(paths, position_nm, pattern, step_nm)
        counts = joined_files(paths, readings, at, channel)
    else:
        counts = line_of_file(paths[0], readings[0], position_nm, step_nm, channel)
    counts = counts.sortby("position_nm").transpose("time_ns", "position_nm")
    check_apart(paths[0], counts)
    period_ns = common_period(paths, readings, period_ns)
    counts, zero = from_time_zero(counts, time_zero_ns, window_ns)
    attrs = attributes("measured photon counts over time and position", paths, readings, period_ns)
    scan = as_dataset(counts, attrs | zero)
    return scan.assign(bad_position=find_bad_positions(counts)).assign_attrs(landmarks(counts))


def read_decay(
    source: str | os.PathLike[str],
    *,
    channel: int | str | None = None,
    time_zero_ns: float | None = None,
    window_ns: tuple[float, float] | None = None,
    bin_ns: float | None = None,
    period_ns: float | None = None,
    first_column: str | None = None,
    progress: bool = False,
    chunk_records: int = CHUNK_RECORDS,
) -> xr.Dataset:
    r"""Read one decay: a file of one curve, or the sum over all places of a line, map or image.

    Parameters
    ----------
    source : path
        A file of one of the formats of `read_scan`.
    channel, time_zero_ns, window_ns, bin_ns, period_ns, first_column, progress, chunk_records
        As for `read_scan`.

    Returns
    -------
    Dataset
        ``counts`` over (time_ns,), with attributes as those of `read_scan`.

    Raises
    ------
    FileNotFoundError, ImportError, TypeError, ValueError
        As `read_scan`.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "decay.txt")
    ...     _ = path.write_text("#ns/channel\n0.05\n#counts\n" + "\n".join("0 0 9 6 4".split()))
    ...     decay = read_decay(path, time_zero_ns=0.1)
    >>> decay.counts.values, decay.attrs["tcspc_bin_ps"]
    (array([0, 0, 9, 6, 4]), 50.0)
    """
    told = told_by_hand(bin_ns, first_column, None, chunk_records, progress)
    path = one_path(source)
    (reading,) = read_all([path], told)
    counts = selected(path, reading, channel)
    counts = counts.sum([one for one in counts.dims if one != "time_ns"], keep_attrs=True)
    period_ns = common_period([path], [reading], period_ns)
    counts, zero = from_time_zero(counts, time_zero_ns, window_ns)
    attrs = attributes("measured photon counts over time", [path], [reading], period_ns)
    return as_dataset(counts, attrs | zero).assign_attrs(landmarks(counts))


def read_image(
    source: str | os.PathLike[str],
    *,
    pixel_nm: float | None = None,
    channel: int | str | None = None,
    time_zero_ns: float | None = None,
    window_ns: tuple[float, float] | None = None,
    bin_ns: float | None = None,
    period_ns: float | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Read an image over x and y, at each time: of a camera, or a scan.

    `line_profile` and `radial_profile` make a profile of it.

    Parameters
    ----------
    source : path
        A file with an image: .ptu, .sdt, .nc, .npz, .mat, or .tif.
    pixel_nm : float, optional
        Distance between pixels on the sample, for files that do not say it.
    channel, time_zero_ns, window_ns, bin_ns, period_ns, progress
        As for `read_scan`.

    Returns
    -------
    Dataset
        ``counts`` over (time_ns, y_nm, x_nm), with attributes as those of `read_scan`. A single
        image has one time.

    Raises
    ------
    FileNotFoundError, ImportError, TypeError, ValueError
        As `read_scan`, and if the file holds no image or its pixels are not known.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "image.npz")
    ...     np.savez(path, counts=np.ones((4, 5, 6)))  # y, x, time
    ...     image = read_image(path, pixel_nm=50, bin_ns=0.1)
    >>> dict(image.counts.sizes)
    {'time_ns': 6, 'y_nm': 4, 'x_nm': 5}
    """
    told = told_by_hand(bin_ns, None, None, CHUNK_RECORDS, progress)
    path = one_path(source)
    (reading,) = read_all([path], told)
    counts = selected(path, reading, channel)
    if not {"y_nm", "x_nm"} <= {*counts.dims}:
        raise unreadable(path, "it holds no image", "read it with read_scan or read_decay")
    for axis in ("y_nm", "x_nm"):
        if pixel_nm is not None:
            step = check_number("pixel_nm", pixel_nm, above=0)
            counts = counts.assign_coords({axis: np.arange(counts.sizes[axis]) * step})
        if axis not in counts.coords:
            raise unreadable(path, "it does not say how far its pixels are apart", "give pixel_nm")
        counts = counts.assign_coords({axis: counts[axis].assign_attrs(units="nm")})
    counts, zero = from_time_zero(
        counts.transpose("time_ns", "y_nm", "x_nm"), time_zero_ns, window_ns
    )
    period_ns = common_period([path], [reading], period_ns)
    attrs = attributes("measured photon counts of an image", [path], [reading], period_ns)
    return as_dataset(counts, attrs | zero)
