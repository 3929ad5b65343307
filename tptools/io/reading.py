"""What one file holds, and how a reader of its maker is called so that only our words get out."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray, IntArray
from tptools.records import as_record

SECOND_NS = 1e9


class Told(NamedTuple):
    """What a caller says by hand of files that may not say it themselves."""

    bin_ns: float | None
    first_column: str | None
    first_row: str | None
    chunk_records: int
    progress: bool


class Reading(NamedTuple):
    """Counts of one file over (channel, [y_nm, x_nm] or [position_nm], time_ns), as stored.

    Places have no coordinate where the file does not say how far they are apart.
    """

    counts: xr.DataArray
    reader: str
    period_ns: float | None
    settings: Mapping[str, Any]

    @property
    def places(self) -> list[str]:
        """Dimensions beside channel and time, but for those of one value."""
        own = ("channel", "time_ns")
        return [str(one) for one, n in self.counts.sizes.items() if one not in own and n > 1]

    @property
    def bin_ns(self) -> float:
        """Median step of the time axis; not a number where there is none."""
        times = self.counts["time_ns"].to_numpy()
        return float(np.median(np.diff(times))) if times.size > 1 else np.nan


class Unreadable(ValueError):
    """A file that is damaged, empty or of another kind, in our own words."""


def unreadable(path: Path, reason: object, remedy: str = "") -> Unreadable:
    r"""The error for a file that is damaged, empty or of another kind.

    Examples
    --------
    >>> str(unreadable(Path("scan/x.ptu"), "no\nphotons."))
    'x.ptu cannot be read: no photons; save it again from the software of the instrument'
    """
    text = " ".join(str(reason).split()).rstrip(".")
    advice = remedy or "save it again from the software of the instrument"
    return Unreadable(f"{path.name} cannot be read: {text}; {advice}")


@contextmanager
def quietly(path: Path) -> Iterator[None]:
    """Turn what a vendor's reader raises into our error, and keep its warnings and logs to itself.

    Examples
    --------
    >>> with quietly(Path("x.sdt")):
    ...     raise OSError("no header")
    Traceback (most recent call last):
    tptools.io.reading.Unreadable: x.sdt cannot be read: no header; it may be damaged, cut off or \
of another kind: save it again from the software of the instrument
    """
    hint = "it may be damaged, cut off or of another kind: save it again from the software of the "
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Unreadable, MemoryError):
        raise
    except ImportError as error:
        raise ImportError(
            f"{path.name} needs a reader that is not installed ({error.name}): "
            "pip install 'tptools[io]'"
        ) from None
    except FileNotFoundError as error:
        raise unreadable(path, f"{error.filename} is missing", "put it beside this file") from None
    except Exception as error:  # readers raise what happens to go wrong in them
        reason = str(error) or type(error).__name__
        raise unreadable(path, reason, hint + "instrument") from None
    finally:
        logging.disable(before)


def named(library: str) -> str:
    """Name and version of a reader.

    Examples
    --------
    >>> named("numpy").split()[0]
    'numpy'
    """
    return f"{library} {version(library)}"


def bins(counts: Any, bin_ns: float, *places: str, **coords: Any) -> xr.DataArray:
    """Counts over (channel, places, time bins that start at 0), with the middles of the bins.

    Examples
    --------
    >>> bins([[1, 2]], 0.5).time_ns.values
    array([0.25, 0.75])
    """
    counts = np.asarray(counts)
    axes = {
        "channel": np.arange(counts.shape[0]),
        "time_ns": (np.arange(counts.shape[-1]) + 0.5) * bin_ns,
    }
    return xr.DataArray(counts, axes | coords, ("channel", *places, "time_ns"))


def labelled(path: Path, given: xr.DataArray, *axes: str) -> xr.DataArray:
    """Counts on checked axes in our units; whole ones as integers.

    Examples
    --------
    >>> given = xr.DataArray([1.0, 2.0], {"time_ps": [500, 1500]})
    >>> labelled(Path("x.csv"), given, "time_ns").time_ns.values
    array([0.5, 1.5])
    """
    try:
        record = as_record(given, *axes)
    except (TypeError, ValueError) as error:
        raise unreadable(path, error, "mend it there") from None
    return record.copy(data=whole_numbers(record.to_numpy()))


def whole_numbers(values: FloatArray) -> FloatArray | IntArray:
    """Counts as integers where they are such.

    Examples
    --------
    >>> whole_numbers(np.array([1.0, 2.5]))
    array([1. , 2.5])
    """
    if ((values == np.round(values)) & (np.abs(values) < 2**53)).all():
        return values.astype(np.int64)
    return values


def plain_settings(settings: Mapping[Any, Any]) -> dict[str, Any]:
    """Settings that a netCDF attribute can hold: texts and numbers, under their own names.

    Examples
    --------
    >>> plain_settings({"Sync": np.int32(5), "Name": b"PH 300", "Blob": bytes(9), "Curves": [1, 2]})
    {'Sync': 5, 'Name': 'PH 300', 'Curves': [1, 2]}
    """
    plain: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, np.generic | np.ndarray):
            value = value.tolist()
        if isinstance(value, bytes):
            value = value.decode("cp1252", "ignore").split("\0")[0].strip()
        if isinstance(value, bool):
            value = int(value)
        numbers = value if isinstance(value, list) else [value]
        kept = bool(numbers) and {type(one) for one in numbers} <= {int, float}
        if isinstance(value, str):
            kept = value.isprintable() and bool(value)
        elif kept:
            kept = all(abs(one) < 2**63 for one in numbers)
        if kept:
            plain[str(name)] = value
    return plain
