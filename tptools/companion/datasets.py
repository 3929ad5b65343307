"""The files the book reads: find, check, open, describe.

Files lie in ``data/`` of the checkout, and ``data_registry.txt`` holds their sha256; an installed
package has copies of both inside. Two environment variables, both read at each call, change where
files come from:

``TPTOOLS_DATA_DIR``
    Another folder for the files.
``TPTOOLS_DATA_URL``
    A mirror, from which files that are missing in the folder are downloaded; into the cache of the
    user, if the package was installed without them. Without it nothing touches the network, unless
    the release has an address of its own (`BASE_URL`).

Examples
--------
>>> "printed_tables" in names()
True
>>> load("printed_tables").sizes["row"]
13
"""

import logging
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pandas as pd
import xarray as xr

from tptools.companion.download import Download
from tptools.files import whole

with warnings.catch_warnings():
    # pooch loads a progress bar that complains in notebooks without ipywidgets; none is shown here
    warnings.filterwarnings("ignore", message="IProgress not found")
    import pooch

__all__ = ["DatasetError", "catalogue", "describe", "load", "names", "register"]

BASE_URL = ""
"""Where a release that has its files somewhere says so."""

STORED = Path(__file__).resolve().parent / "stored"
"""Where a wheel has the registry and the files."""

CHECKOUT = Path(__file__).resolve().parents[2]
REGISTRY = (CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else STORED) / "data_registry.txt"
RETRIES = 2


class DatasetError(RuntimeError):
    """A dataset is missing, damaged or cannot be fetched; the message gives the remedy."""


def names() -> list[str]:
    """List the datasets.

    Returns
    -------
    list of str
        Names that `load` takes, sorted.

    Raises
    ------
    DatasetError
        If the registry is missing.

    Examples
    --------
    >>> "tplm_10nW" in names()
    True
    """
    return sorted(_files(_shelf()))


def load(name: str) -> xr.Dataset:
    """Open a dataset, after a check of its sha256.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    Dataset
        In memory, and the caller's own; its attributes say what it is and how it was made.

    Raises
    ------
    ValueError
        If there is no such dataset.
    DatasetError
        If the file is missing, does not match its sha256, or cannot be downloaded. A file that does
        not match is left as it is.

    Examples
    --------
    >>> load("printed_tables").excitation_density.values[:2].tolist()
    [0.0041, 0.0082]
    """
    shelf = _shelf()
    files = _files(shelf)
    if name not in files:
        raise ValueError(f"no dataset is named {name!r}; there are: {', '.join(sorted(files))}")
    path = _fetch(shelf, files[name])
    return _read(path, shelf.registry[files[name]]).copy(deep=True)


def describe(name: str) -> str:
    """Say what a dataset is.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    str
        Attributes, then each variable with its dimensions, one per line.

    Raises
    ------
    ValueError, DatasetError
        As for `load`.

    Examples
    --------
    >>> print(describe("printed_tables").splitlines()[0])
    title: Tables S1 and S2 of the paper, as printed
    """
    dataset = load(name)
    lines = [f"{key}: {text}" for key, text in dataset.attrs.items()]
    lines += [f"{key}{one.dims} {one.shape}" for key, one in dataset.variables.items()]
    return "\n".join(lines)


def catalogue() -> pd.DataFrame:
    """List the datasets with what they hold.

    Returns
    -------
    DataFrame
        By name: ``title``, ``origin``, ``values`` (how many numbers) and ``kB`` (size of the file).

    Raises
    ------
    DatasetError
        As for `load`.

    Examples
    --------
    >>> catalogue().loc["tplm_10nW", "origin"]
    'simulated'
    """
    shelf, rows = _shelf(), {}
    for name in names():
        data = load(name)
        size = (shelf.abspath / _files(shelf)[name]).stat().st_size
        values = sum(one.size for one in data.variables.values())
        rows[name] = [data.title, data.origin, values, size / 1000]
    columns = ["title", "origin", "values", "kB"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def register(line: str) -> None:
    """Write the sha256 of a file that was made into ``data_registry.txt``, in its place there.

    Parameters
    ----------
    line : str
        From `tptools.companion.make.write`: file and sha256.

    Examples
    --------
    ::

        register(write(make("power_series"), "data/power_series.nc"))
    """
    head, *lines = REGISTRY.read_text(encoding="utf-8-sig").splitlines()
    known = {one.partition(" ")[0]: one for one in [*lines, line]}
    with whole(REGISTRY) as beside:
        beside.write_text("\n".join([head, *sorted(known.values()), ""]), encoding="utf-8")


def _shelf() -> pooch.Pooch:
    """Build the pooch: folder, mirror and registry as they are now."""
    if not REGISTRY.is_file():
        raise DatasetError(
            f"the registry {REGISTRY} is missing; run from a checkout of the repository, "
            "or install the package from one with pip install --editable"
        )
    shelf = pooch.create(
        path=_folder(),
        base_url=os.environ.get("TPTOOLS_DATA_URL", BASE_URL),
        env="TPTOOLS_DATA_DIR",
        retry_if_failed=RETRIES,
        # pooch would otherwise overwrite a tracked file that does not match
        allow_updates=False,
    )
    try:
        with REGISTRY.open(encoding="utf-8-sig") as registry:
            shelf.load_registry(registry)
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(
            f"the registry {REGISTRY} cannot be read: {error}; "
            f"take that of the repository (git checkout -- {REGISTRY.name})"
        ) from error
    if os.path.lexists(shelf.abspath) and not shelf.abspath.is_dir():
        raise DatasetError(
            f"{shelf.abspath} is no folder; set TPTOOLS_DATA_DIR to one, or unset it for data/ of "
            "the checkout"
        )
    return shelf


def _folder() -> Path:
    """Where files are: beside the registry, or in the user's cache if they were not installed."""
    beside = REGISTRY.parent / "data"
    return beside if beside.is_dir() or REGISTRY.parent != STORED else pooch.os_cache("tptools")


def _files(shelf: pooch.Pooch) -> dict[str, str]:
    return {Path(file).stem: file for file in shelf.registry_files}


def _fetch(shelf: pooch.Pooch, file: str) -> Path:
    path, expected = shelf.abspath / file, shelf.registry[file]
    fault = _fault(path)
    if fault is None and not path.exists():
        return _download(shelf, file)
    try:
        found = fault or pooch.file_hash(str(path))
    except OSError as error:
        fault = error.strerror
    if fault:
        raise DatasetError(
            f"{path} cannot be read as a file: {fault}; move it away and put data/{file} "
            f"of the repository there (git checkout -- data/{file})"
        )
    if found != expected:
        raise DatasetError(
            f"{path} is damaged or was edited: its sha256 is {found}, "
            f"the registry says {expected}. It is left as it is; "
            f"replace it by data/{file} of the repository (git checkout -- data/{file}), "
            "or remove it and set TPTOOLS_DATA_URL to a mirror"
        )
    return path


def _fault(path: Path) -> str | None:
    """What is in the place of a file and is none; None for a file, and where nothing is."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        nowhere = path.is_symlink()
        return f"it is a link to {path.readlink()}, where nothing is" if nowhere else None
    except OSError as error:
        return f"it is a link to {path.readlink()}: {error.strerror}"
    if stat.S_ISREG(mode):
        return None
    return "it is a folder" if stat.S_ISDIR(mode) else "it is a pipe or a device"


def _download(shelf: pooch.Pooch, file: str) -> Path:
    if not shelf.base_url.strip("/"):
        raise DatasetError(
            f"{shelf.abspath / file} is missing; put data/{file} of the repository there "
            f"(git checkout -- data/{file}), or set TPTOOLS_DATA_URL to a mirror"
        )
    download = Download(pooch.HTTPDownloader)
    try:
        with _without_news():
            return Path(shelf.fetch(file, downloader=download))
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"{shelf.get_url(file)} could not be fetched in {download.attempts} attempts: {error}. "
            "Nothing was stored; check the network, TPTOOLS_DATA_URL and that the mirror is of "
            f"this version, or put data/{file} of the repository into {shelf.abspath}"
        ) from error


@contextmanager
def _without_news() -> Iterator[None]:
    """Let pooch say nothing below a warning, here only."""
    # no level: a logger in no registry keeps what it once found enabled, whatever is set later
    logger = pooch.get_logger()

    def is_warning(record: logging.LogRecord) -> bool:
        """Whether a message is more than news."""
        return record.levelno >= logging.WARNING

    logger.addFilter(is_warning)
    try:
        yield
    finally:
        logger.removeFilter(is_warning)


@cache
def _read(path: Path, sha256: str) -> xr.Dataset:
    """Read a file that has this sha256, once in a process: opening takes up to a second."""
    return _READERS[path.suffix](path)


def _read_csv(path: Path) -> xr.Dataset:
    with path.open(encoding="utf-8-sig") as stream:
        header = [line[1:].strip() for line in stream if line.startswith("#")]
    attrs = dict(line.split(": ", 1) for line in header)
    frame = pd.read_csv(path, comment="#", encoding="utf-8-sig").rename_axis("row")
    return frame.to_xarray().set_coords(attrs.pop("coords").split()).assign_attrs(attrs)


def _read_netcdf(path: Path) -> xr.Dataset:
    return xr.load_dataset(path, engine="h5netcdf")


_READERS: dict[str, Callable[[Path], xr.Dataset]] = {".csv": _read_csv, ".nc": _read_netcdf}
