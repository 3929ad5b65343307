"""Arrays with names: .npz, .mat and .nc, and stacks of images (.tif)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray
from tptools.io.reading import (
    Reading,
    Told,
    labelled,
    named,
    plain_settings,
    quietly,
    unreadable,
)
from tptools.io.tables import axis_of

OURS = {
    "time": "time_ns",
    "delay": "time_ns",
    "position": "position_nm",
    "x": "x_nm",
    "y": "y_nm",
}
"""Our name of an axis by the word that its name starts with."""

ORDER = ("channel", "y_nm", "x_nm", "position_nm", "time_ns")


def read_npz(path: Path, told: Told) -> Reading:
    """An .npz file with counts, and axes named after what they hold, such as ``time_ps``."""
    with quietly(path), np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return _from_arrays(path, arrays, told, named("numpy"))


def read_mat(path: Path, told: Told) -> Reading:
    """A .mat file of MATLAB up to version 7 (scipy), with variables as in an .npz file."""
    with quietly(path):
        from scipy.io import loadmat

        try:
            found = loadmat(path, squeeze_me=True)
        except NotImplementedError:
            raise unreadable(
                path, "it is of version 7.3", "save it with save(..., '-v7')"
            ) from None
    arrays = {name: np.asarray(one) for name, one in found.items() if not name.startswith("__")}
    return _from_arrays(path, arrays, told, named("scipy"))


def read_nc(path: Path, told: Told) -> Reading:
    """A netCDF file (xarray) whose ``counts``, or only variable, has named axes with units."""
    with quietly(path):
        data = xr.load_dataset(path)
    names = [name for name in data.data_vars if data[name].ndim and data[name].dtype.kind in "iuf"]
    wanted = "counts" if "counts" in names else names[0] if len(names) == 1 else None
    if wanted is None:
        raise unreadable(path, f"it holds {names}", "name the counts 'counts'")
    return _labelled(path, data[wanted], named("xarray"), plain_settings(data.attrs))


def read_tif(path: Path, told: Told) -> Reading:
    """A .tif image, or a stack over time (scikit-image), whose pixels and times are asked for."""
    with quietly(path):
        import skimage.io

        image = np.asarray(skimage.io.imread(path, plugin="tifffile"))
    if image.ndim not in (2, 3):
        raise unreadable(path, f"it has {image.ndim} axes", "save one channel, over time at most")
    stack = image[None] if image.ndim == 2 else image
    return _from_arrays(path, {"counts": np.moveaxis(stack, 0, -1)}, told, named("scikit-image"))


def _from_arrays(path: Path, arrays: Mapping[str, Any], told: Told, reader: str) -> Reading:
    """Counts with the axes that stand beside them, or that were told."""
    several = {
        name: one for name, one in arrays.items() if one.ndim > 1 and one.dtype.kind in "biuf"
    }
    only = next(iter(several)) if len(several) == 1 else None
    name = next((one for one in ("counts", "data", "histogram") if one in arrays), only)
    if name is None or arrays[name].dtype.kind not in "biuf":
        raise unreadable(path, f"it holds {[*arrays]}", "name the counts 'counts'")
    counts = np.squeeze(arrays[name]) if arrays[name].shape[-1:] != (1,) else arrays[name]
    axes = {key: one for key, one in arrays.items() if key != name and one.ndim == 1}
    dims, coords = _axes(path, counts, axes, told)
    scalars = {key: one.item() for key, one in arrays.items() if one.ndim == 0}
    settings = plain_settings(scalars)
    return _labelled(path, xr.DataArray(counts, coords, dims), reader, settings)


def _axes(
    path: Path, counts: FloatArray, axes: Mapping[str, FloatArray], told: Told
) -> tuple[list[str], dict[str, Any]]:
    """Names and values of the axes of counts, told apart by their lengths.

    Where no axis of places is named, times come last, and one place axis is a curve each, two are
    an image.
    """
    known = {key: one for key, one in axes.items() if _axis_name(key)}
    dims: list[str] = []
    for place, n in enumerate(counts.shape):
        fits = [key for key, one in known.items() if one.size == n]
        if len(fits) > 1:
            raise unreadable(
                path,
                f"{' and '.join(fits)} are of one length",
                "save it as .nc, which names its axes",
            )
        usual = _usual(counts.ndim, place, told)
        dims.append(_axis_name(fits[0]) if fits else usual)
    coords: dict[str, Any] = {
        _axis_name(key): one for key, one in known.items() if _axis_name(key) in dims
    }
    if len(set(dims)) < len(dims):
        raise unreadable(
            path,
            f"its axes of lengths {counts.shape} have no names",
            "save time_ns, and position_nm or y_nm and x_nm, beside them",
        )
    if "time_ns" in dims and "time_ns" not in coords:
        n = counts.shape[dims.index("time_ns")]
        if told.bin_ns is None and n > 1:
            raise unreadable(
                path,
                f"it does not say its times ({', '.join(axes) or 'no axes'})",
                "save them as time_ns, or give bin_ns",
            )
        coords["time_ns"] = (np.arange(n) + 0.5) * (told.bin_ns or 1.0)
    return dims, coords


def _usual(ndim: int, place: int, told: Told) -> str:
    """Name of an axis without one: times last, before them curves, or the sides of an image."""
    names = ("time_ns", "channel" if ndim == 2 else "x_nm", "y_nm", "channel")
    return (*names, *["unknown"] * ndim)[ndim - 1 - place]


def _axis_name(key: str) -> str:
    """The dimension that an array of this name is, in its own unit; empty if it is none."""
    if key.split("_")[0] in ("x", "y") and axis_of("x" + key[1:]):
        return key
    axis = axis_of(key)
    return axis.name if axis else ""


def _labelled(path: Path, given: xr.DataArray, reader: str, settings: Mapping[str, Any]) -> Reading:
    """A reading from counts whose dimensions are axes in any unit."""
    stems = {str(dim).split("_")[0] for dim in given.dims}
    if "y" in stems and not {"time", "delay"} & stems:
        given = given.expand_dims(time_ns=[0.5])
    needed = [
        OURS[stem]
        for dim in given.dims
        if dim in given.coords and (stem := str(dim).split("_")[0]) in OURS
    ]
    record = labelled(path, given, *needed)
    if "channel" not in record.dims:
        record = record.expand_dims(channel=[0])
    if not {*record.dims} <= {*ORDER} or "time_ns" not in record.dims:
        raise unreadable(
            path, f"its axes are {(*given.dims,)}", "name them time_ns and position_nm"
        )
    record = record.transpose(*(one for one in ORDER if one in record.dims))
    if not (record > 0).any():
        raise unreadable(path, "it has no counts")
    return Reading(record, reader, _period_ns(settings), settings)


def _period_ns(settings: Mapping[str, Any]) -> float | None:
    """Time between pulses, where settings have it under one of our names."""
    for name, per_ns in {"period_ns": 1.0, "period_us": 1e3, "period_ps": 1e-3}.items():
        if isinstance(settings.get(name), int | float) and settings[name] > 0:
            return per_ns * settings[name]
    rate_MHz = settings.get("rep_rate_MHz")
    return 1e3 / rate_MHz if isinstance(rate_MHz, int | float) and rate_MHz > 0 else None
