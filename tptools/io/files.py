"""Which files, and which reader each takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tptools.checks import check_integer, check_number
from tptools.io.arrays import read_mat, read_nc, read_npz, read_tif
from tptools.io.fixed_records import read_pt3, read_spc, read_t3r
from tptools.io.histograms import read_phu, read_sdt
from tptools.io.photons import read_photon_hdf5, read_ptu
from tptools.io.positions import natural
from tptools.io.reading import Reading, Told, unreadable
from tptools.io.tables import axis_told, read_table
from tptools.progress import Bar

READERS: dict[str, Callable[[Path, Told], Reading]] = {
    ".ptu": read_ptu, ".phu": read_phu, ".pt3": read_pt3, ".t3r": read_t3r,
    ".sdt": read_sdt, ".spc": read_spc, ".h5": read_photon_hdf5, ".hdf5": read_photon_hdf5,
    ".nc": read_nc, ".npz": read_npz, ".mat": read_mat, ".tif": read_tif, ".tiff": read_tif,
    ".csv": read_table, ".tsv": read_table, ".txt": read_table, ".asc": read_table,
    ".dat": read_table,
}  # fmt: skip
TEXT = {ending for ending, reader in READERS.items() if reader is read_table}


def told_by_hand(
    bin_ns: Any, first_column: Any, first_row: Any, chunk_records: Any, progress: Any
) -> Told:
    """What was said by hand, checked."""
    if bin_ns is not None:
        bin_ns = check_number("bin_ns", bin_ns, above=0)
    axis_told("first_column", first_column)
    axis_told("first_row", first_row)
    chunk_records = check_integer("chunk_records", chunk_records, at_least=1)
    return Told(bin_ns, first_column, first_row, chunk_records, bool(progress))


def one_path(source: Any) -> Path:
    """A file that is there."""
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"source is a {type(source).__name__} and must be the path of a file")
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"source = {str(source)!r} is no file; mend the path")
    return path


def paths_of(source: Any) -> list[Path]:
    """Files of a scan, in the order of their names, or as given."""
    if not isinstance(source, str | os.PathLike):
        if not isinstance(source, list | tuple) or not source:
            kind = type(source).__name__
            raise TypeError(f"source is a {kind} and must be a path or a list of paths of files")
        return [one_path(one) for one in source]
    if not Path(source).is_dir():
        return [one_path(source)]
    files = [one for one in Path(source).iterdir() if one.suffix.lower() in READERS]
    kinds = {one.suffix.lower() for one in files} - TEXT
    kinds = kinds or {one.suffix.lower() for one in files}
    if len(kinds) != 1:
        raise ValueError(
            f"source = {str(source)!r} holds files of {len(kinds)} kinds that are read "
            f"({', '.join(sorted(kinds)) or 'none'}) and must hold one; give a list of files"
        )
    return sorted((one for one in files if one.suffix.lower() in kinds), key=natural)


def read_all(paths: list[Path], told: Told) -> list[Reading]:
    """What the files hold, each by the reader of its ending."""
    unknown = next((one for one in paths if one.suffix.lower() not in READERS), None)
    if unknown is not None:
        raise unreadable(
            unknown,
            f"files of the kind {unknown.suffix!r} are not known",
            f"give one of {', '.join(READERS)}",
        )
    empty = next((one for one in paths if not one.stat().st_size), None)
    if empty is not None:
        raise unreadable(empty, "it is empty", "copy it again")
    several = len(paths) > 1
    own = told._replace(progress=told.progress and not several)
    bar = Bar(paths, desc="files", disable=not (told.progress and several), leave=False)
    return [READERS[path.suffix.lower()](path, own) for path in bar]
