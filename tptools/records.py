"""Records and columns of other people as arrays that can be trusted: types, axes, units, bins."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import ArrayLike

from tptools.arrays import FloatArray
from tptools.checks import LARGEST, SMALLEST, as_number, check_holds

__all__ = [
    "as_array",
    "as_columns",
    "as_dataset",
    "as_numbers",
    "as_record",
    "bin_edges",
    "even_step",
]

Labelled = TypeVar("Labelled", xr.DataArray, xr.Dataset)

EVEN = 1e-3
"""Largest deviation of a step from the mean step that still counts as even."""

_PREFIXES = {"": 0, "m": -3, "u": -6, "µ": -6, "μ": -6, "n": -9, "p": -12, "f": -15}
_WORDS = {"milli": "m", "micro": "u", "nano": "n", "pico": "p", "femto": "f"}
_SYMBOLS = {"second": "s", "sec": "s", "meter": "m", "metre": "m", "electronvolt": "eV"}


def as_numbers(name: str, values: Any) -> FloatArray:
    """Values of any number type and byte order as native floats; what is masked becomes NaN.

    Parameters
    ----------
    name : str
        What an error calls them.
    values : array_like
        Integers, floats or booleans, also as objects, of numpy, pandas, xarray or dask.

    Returns
    -------
    ndarray
        Of the same shape.

    Raises
    ------
    TypeError
        If they are complex, text, times or other things.

    Examples
    --------
    >>> as_numbers("counts", np.array([1, 2], ">u2"))
    array([1., 2.])
    >>> as_numbers("counts", ["1", "2"])
    Traceback (most recent call last):
    TypeError: counts holds text and must hold real numbers; convert it first
    """
    if isinstance(values, np.ma.MaskedArray):
        return np.ma.filled(values.astype(float), np.nan)
    if values is None or isinstance(values, xr.Dataset):
        kind = type(values).__name__
        raise TypeError(f"{name} is a {kind} and must be a number or an array of numbers; pass one")
    try:
        array = np.asarray(values)
    except ValueError:
        raise TypeError(f"{name} has rows of unequal length and must be a plain array") from None
    if array.dtype.kind == "O":
        array = _from_objects(array)
    if array.dtype.kind not in "biuf":
        kinds = {"c": "complex numbers", "U": "text", "S": "text", "M": "dates", "m": "durations"}
        held = kinds.get(array.dtype.kind, f"{type(values).__name__} objects")
        raise TypeError(f"{name} holds {held} and must hold real numbers; convert it first")
    return np.array(array, np.float64, order="C")


def as_positive(name: str, values: Any) -> FloatArray:
    """Numbers as `as_numbers` gives them, missing ones too, all others of a size above zero.

    Examples
    --------
    >>> as_positive("wavelength_nm", [500, 0])
    Traceback (most recent call last):
    ValueError: wavelength_nm = 0 must be above 0 and of a size from 1e-30 to 1e+30
    """
    numbers = as_numbers(name, values)
    wrong = numbers[~((numbers >= SMALLEST) & (numbers <= LARGEST) | np.isnan(numbers))]
    if wrong.size:
        raise ValueError(
            f"{name} = {wrong[0]:g} must be above 0 and of a size from {SMALLEST:g} to {LARGEST:g}"
        )
    return numbers


def _from_objects(array: Any) -> Any:
    """Numbers kept as objects as numbers, None and pandas' NA as NaN; anything else as it is."""
    known = ~pd.isna(array)
    if all(isinstance(one, Real | Decimal) for one in array[known].flat):
        plain = [as_number("values", one) for one in np.where(known, array, np.nan).flat]
        return np.reshape(np.array(plain, float), array.shape)
    if all(isinstance(one, str) for one in array[known].flat):
        return array.astype(str)
    return array


def as_record(
    given: Any,
    *axes: str,
    name: str = "counts",
    only: bool = False,
    masked: bool = False,
    signed: bool = False,
) -> xr.DataArray:
    """A record as native floats on increasing axes, each in the unit that its name ends with.

    Parameters
    ----------
    given : DataArray, Dataset, Series or DataFrame
        A dataset gives its variable `name`, or the only one that it has; rows and columns of a
        data frame are the axes. Lazy (dask) arrays are computed. An axis may be in another unit, by
        its attribute ``units``, by its name (``time_ps`` for ``time_ns``), or as durations or
        dates, which count from the first; it may descend, and be of any number type. ``delay_ns``
        passes for ``time_ns``.
    *axes : str
        Dimensions that the record must have, such as ``"time_ns"``.
    name : str, optional
        What an error calls the record.
    only : bool, optional
        Whether no other dimension is allowed; the record comes back in the order of `axes`.
    masked : bool, optional
        Whether NaN, as ``counts.where(good)`` gives, stands for a reading that is to be left out.
    signed : bool, optional
        Whether negative values are allowed.

    Returns
    -------
    DataArray
        With all other coordinates and attributes of `given`.

    Raises
    ------
    TypeError
        If `given` is no such container, or holds no real numbers.
    ValueError
        If an axis is missing, has an unknown unit, is not finite or neither increases nor
        decreases throughout, or a value is missing, infinite or negative.

    Examples
    --------
    >>> late_first = xr.DataArray([1, 7], {"time_ps": np.array([3000, 50], ">u2")})
    >>> record = as_record(late_first, "time_ns")
    >>> record.values, record.time_ns.values
    (array([7., 1.]), array([0.05, 3.  ]))
    >>> as_record(xr.DataArray([3, -1], {"time_ns": [0.0, 0.1]}), "time_ns")
    Traceback (most recent call last):
    ValueError: counts must be at least 0, and 1 of 2 are negative, the lowest -1; \
fit the counts as recorded, with the background in the fit
    """
    record = _container(given, axes, name)
    parts = record.variable, *record.coords.variables.values()
    # what indexes an axis is in memory, and asking each variable takes as long as a fit
    if any(one.chunks is not None for one in parts if not isinstance(one, xr.IndexVariable)):
        record = record.compute()
    for axis in axes:
        record = _with_axis(record, axis, name)
    if only and set(record.dims) != set(axes):
        raise ValueError(
            f"{name} has dimensions {record.dims} and must have {' and '.join(map(repr, axes))} "
            "only; select one map or curve, or sum over the rest"
        )
    if only and record.dims != axes:
        record = record.transpose(*axes)
    values = as_numbers(name, record.to_numpy())
    _check_values(name, values, masked, signed)
    return record.copy(deep=False, data=values)


def as_dataset(given: Any, needed: Iterable[str], name: str, source: str, *axes: str) -> xr.Dataset:
    """A dataset in memory that holds all variables, coordinates and attributes that are needed.

    Parameters
    ----------
    given : Dataset
        Lazy (dask) arrays are computed.
    needed : iterable of str
        Names of variables, coordinates or attributes.
    name, source : str
        What an error calls the dataset, and what makes one.
    *axes : str
        Dimensions that it must have; they are treated as by `as_record`.

    Returns
    -------
    Dataset

    Raises
    ------
    TypeError
        If it is no dataset.
    ValueError
        If something is missing, or an axis is none.

    Examples
    --------
    >>> as_dataset([1, 2], ["counts"], "record", "an instrument")
    Traceback (most recent call last):
    TypeError: record is a list and must be an xarray.Dataset, as an instrument returns
    """
    if not isinstance(given, xr.Dataset):
        raise TypeError(
            f"{name} is a {type(given).__name__} and must be an xarray.Dataset, as {source} returns"
        )
    found = given.compute()
    for axis in axes:
        found = _with_axis(found, axis, name)
    check_holds(name, {*found.variables, *found.attrs}, needed, source)
    return found


def as_array(name: str, values: Any) -> xr.DataArray:
    """Numbers as `as_numbers` gives them, with axes where they have some.

    Parameters
    ----------
    name : str
        What an error calls them.
    values : array_like, DataArray, Series or DataFrame
        Of any shape.

    Returns
    -------
    DataArray

    Raises
    ------
    TypeError
        As for `as_numbers`.

    Examples
    --------
    >>> as_array("power_nW", pd.Series([1, 10], pd.Index([0.5, 2.5], name="rate"))).dims
    ('rate',)
    """
    if isinstance(values, pd.Series | pd.DataFrame):
        values = xr.DataArray(values)
    numbers = as_numbers(name, values)
    return values.copy(data=numbers) if isinstance(values, xr.DataArray) else xr.DataArray(numbers)


def as_columns(at_least: int, /, **columns: ArrayLike) -> list[FloatArray]:
    """Columns as native floats of one length, without gaps.

    Parameters
    ----------
    at_least : int
        Number of points that are needed.
    **columns : array_like
        By the name that an error calls them; more dimensions than one are made flat.

    Returns
    -------
    list of ndarray
        In the order given, each of shape (n,).

    Raises
    ------
    TypeError
        If a column holds no real numbers.
    ValueError
        If lengths differ or are too small, or a value is missing or infinite.

    Examples
    --------
    >>> as_columns(2, x=[1, 2], y=[1.0, float("nan")])
    Traceback (most recent call last):
    ValueError: y must be finite, and point 1 is nan; leave out what is missing
    """
    arrays = {name: np.ravel(as_numbers(name, one)) for name, one in columns.items()}
    sizes = {name: one.size for name, one in arrays.items()}
    if len(set(sizes.values())) > 1 or min(sizes.values()) < at_least:
        raise ValueError(
            f"columns have {sizes} points and must have the same number, at least {at_least}"
        )
    for name, one in arrays.items():
        wrong = np.flatnonzero(~np.isfinite(one))
        if wrong.size:
            raise ValueError(
                f"{name} must be finite, and point {wrong[0]} is {one[wrong[0]]}; leave out what "
                "is missing"
            )
    return list(arrays.values())


def even_step(record: xr.DataArray, axis: str) -> float:
    """The step of an axis that is even to one part in a thousand.

    Parameters
    ----------
    record : DataArray
        From `as_record`.
    axis : str
        One of its axes, with at least two values.

    Returns
    -------
    float
        Mean step, in the unit of the axis.

    Raises
    ------
    ValueError
        If steps differ by more, or there is none.

    Examples
    --------
    >>> even_step(xr.DataArray([1, 2, 3], {"position_nm": [0.0, 33.333, 66.667]}), "position_nm")
    33.3335
    """
    values, stem_width = record[axis].to_numpy(), _named(axis, "width")
    if values.size < 2:
        raise ValueError(
            f"{axis} has {values.size} values, which have no step; give the widths as {stem_width}"
        )
    step = float(values[-1] - values[0]) / (values.size - 1)
    steps = np.diff(values)
    if np.abs(steps - step).max() > EVEN * step:
        raise ValueError(
            f"{axis} has steps of {steps.min():g} to {steps.max():g} and must be equally spaced, "
            f"to {EVEN:g} of a step; rebin, or give the width of every bin as the coordinate "
            f"{stem_width!r} where widths are understood"
        )
    return step


def bin_edges(record: xr.DataArray, axis: str) -> tuple[FloatArray, FloatArray]:
    """Lower and upper edges of bins, as the record says, or half a step around an even axis.

    Parameters
    ----------
    record : DataArray
        From `as_record`. For the axis ``time_ns`` it may have the coordinates ``time_start_ns``
        and ``time_end_ns``, of which a missing one is the axis itself, or ``time_width_ns`` of bins
        around it.
    axis : str
        One of its axes.

    Returns
    -------
    tuple of ndarray
        In the unit of the axis; the last may be infinite.

    Raises
    ------
    ValueError
        If bins are not known, empty, or do not hold their own place on the axis.

    Examples
    --------
    >>> decay = xr.DataArray([5, 3, 2], {"time_ns": [0.5, 1.5, 4.0]})
    >>> bin_edges(decay.assign_coords(time_width_ns=("time_ns", [1, 1, 4])), "time_ns")
    (array([0., 1., 2.]), array([1., 2., 6.]))
    """
    start, end, width = (_named(axis, part) for part in ("start", "end", "width"))
    at = record[axis].to_numpy()
    if start in record.coords or end in record.coords:
        lower = record[start].to_numpy() if start in record.coords else at
        upper = record[end].to_numpy() if end in record.coords else at
    else:
        whole = record[width].to_numpy() if width in record.coords else even_step(record, axis)
        lower, upper = at - whole / 2, at + whole / 2
    lower, upper = np.minimum(lower, upper), np.maximum(lower, upper)
    wrong = np.flatnonzero(~((lower < upper) & (lower <= at) & (at <= upper)))
    if wrong.size:
        i = wrong[0]
        raise ValueError(
            f"the bin at {axis} = {at[i]:g} runs from {lower[i]:g} to {upper[i]:g} and must hold "
            f"it, with a width above 0; mend {start}, {end} or {width}"
        )
    return lower, upper


def check_errors(name: str, errors: FloatArray) -> None:
    """Raise ValueError unless every point has an error that can weigh it.

    Examples
    --------
    >>> check_errors("std_err", np.array([0.1, 0.0]))
    Traceback (most recent call last):
    ValueError: std_err must be positive and finite, and that of point 1 is 0.0; leave the point out
    """
    wrong = np.flatnonzero(~(np.isfinite(errors) & (errors > 0)))
    if wrong.size:
        raise ValueError(
            f"{name} must be positive and finite, and that of point {wrong[0]} is "
            f"{errors[wrong[0]]}; leave the point out"
        )


def check_varied(**columns: FloatArray) -> None:
    """Raise ValueError for a column that holds one value only, but for rounding.

    Examples
    --------
    >>> check_varied(x=np.array([2.0, 2.0]))
    Traceback (most recent call last):
    ValueError: x holds one value only, 2; vary it
    """
    for name, column in columns.items():
        if np.ptp(column) <= 1e-12 * np.abs(column).max():
            raise ValueError(f"{name} holds one value only, {column[0]:g}; vary it")


def _container(given: Any, axes: tuple[str, ...], name: str) -> xr.DataArray:
    """The data array in what was given."""
    if isinstance(given, pd.Series | pd.DataFrame):
        named = [*given.axes]
        if len(axes) == len(named) == 1 and given.index.name is None:
            given = given.rename_axis(axes[0])
        if any(one.name is None for one in given.axes):
            raise TypeError(
                f"{name} is a {type(given).__name__} whose index has no name; name index and "
                f"columns after {' and '.join(map(repr, axes))}"
            )
        return xr.DataArray(given)
    if isinstance(given, xr.Dataset):
        return _variable(given, axes, name)
    if not isinstance(given, xr.DataArray):
        names = ", ".join(f"{axis!r}: ..." for axis in axes)
        raise TypeError(
            f"{name} is a {type(given).__name__}, which has no axes, and must be an "
            f"xarray.DataArray; give xarray.DataArray({name}, {{{names}}})"
        )
    return given


def _variable(given: xr.Dataset, axes: tuple[str, ...], name: str) -> xr.DataArray:
    """The record in a dataset, with the edges of its bins where the dataset holds them."""
    edges = {axis: _named(axis, "edges") for axis in axes if _named(axis, "edges") in given}
    names = [str(one) for one in given.data_vars if one not in edges.values()]
    wanted = name if name in names else names[0] if len(names) == 1 else None
    if wanted is None:
        raise ValueError(f"{name} is a Dataset of {names}; select one, such as dataset[...]")
    record = given[wanted]
    for axis, edge in edges.items():
        values = given[edge].to_numpy()
        if values.shape != (record.sizes.get(axis, 0) + 1,):
            raise ValueError(f"{edge} must have one value more than {axis}, in one dimension")
        if (values[-1] > values[0]) != (record[axis][-1] >= record[axis][0]):
            values = values[::-1]
        parts = {_named(axis, "start"): values[:-1], _named(axis, "end"): values[1:]}
        record = record.assign_coords({part: (axis, one) for part, one in parts.items()})
    return record


def _with_axis(record: Labelled, axis: str, name: str) -> Labelled:
    """The record with an axis of increasing floats in its own unit."""
    # xarray takes as long for each step as a fit, also where it changes nothing
    if _is_plain(record.coords, axis):
        return _with_unit(record, axis)
    found = next((dim for dim in _synonyms(axis, record) if dim in record.coords), None)
    if found is None:
        raise ValueError(
            f"{name} has dimensions {(*record.dims,)} and must have {axis!r}, with its coordinate"
        )
    values, attrs = record[found].variable, dict(record[found].attrs)
    parts: dict[str, str] = {part: _named(found, part) for part in ("start", "end", "width")}
    bins = {part: record[old].variable for part, old in parts.items() if old in record.coords}
    intervals = record.indexes.get(found)
    if isinstance(intervals, pd.IntervalIndex):
        values, start, end = (
            xr.Variable(found, one, attrs)
            for one in (intervals.mid, intervals.left, intervals.right)
        )
        bins = {"start": start, "end": end}
    at = _in_unit(values, found, axis)
    order = slice(None, None, -1 if at.size > 1 and (np.diff(at) < 0).all() else 1)
    # compiled loops are made anew for every memory layout: all numbers lie in a row
    at = np.ascontiguousarray(at[order])
    _check_increasing(at, axis, name)
    edges = {
        _named(axis, part): (axis, np.ascontiguousarray(_in_unit(one, found, axis)[order]))
        for part, one in bins.items()
    }
    attrs["units"] = axis.rpartition("_")[2]
    bare = record.drop_vars([found, *(old for old in parts.values() if old in record.coords)])
    bare = bare.rename({found: axis}) if found != axis else bare
    return bare.isel({axis: order}).assign_coords({axis: (axis, at, attrs), **edges})


def _is_plain(coords: Any, axis: str) -> bool:
    """Whether an axis has the numbers it would have, without edges of bins that may not."""
    if axis not in coords or any(_named(axis, one) in coords for one in ("start", "end", "width")):
        return False
    values = coords.variables[axis]
    unit = axis.rpartition("_")[2]
    if (values.dims, values.dtype) != ((axis,), np.float64):
        return False
    if values.attrs.get("units") not in (None, "", unit):
        return False
    at = values.values
    return bool((at[1:] > at[:-1]).all() and np.isfinite(at).all())


def _with_unit(record: Labelled, axis: str) -> Labelled:
    """The record with an axis that states the unit it is in."""
    unit = axis.rpartition("_")[2]
    if record.coords.variables[axis].attrs.get("units") == unit:
        return record
    # a shallow copy has attributes of its own
    record = record.copy(deep=False)
    record[axis].attrs["units"] = unit
    return record


def _synonyms(axis: str, record: xr.DataArray | xr.Dataset) -> list[str]:
    """Dimensions that can stand for an axis: itself, the same in another unit, a delay."""
    stem, unit = axis.rsplit("_", 1)
    stems = (stem, "delay") if stem == "time" else (stem,)
    base = _unit(unit)[0]
    parted = [(dim, *str(dim).rpartition("_")[::2]) for dim in record.dims]
    others = [
        str(dim)
        for dim, first, last in parted
        if first in stems and (_known(last) or ("", 0))[0] == base
    ]
    return sorted(others, key=lambda dim: dim != axis)


def _in_unit(values: Any, found: str, axis: str) -> FloatArray:
    """Values of an axis, or of its edges or widths, as floats in the unit of the axis."""
    wanted, raw = axis.rpartition("_")[2], values.to_numpy()
    if raw.dtype.kind in "mM":
        since = raw - raw[0] if raw.dtype.kind == "M" else raw
        base, power = _unit(wanted)
        if base != "s":
            raise TypeError(f"{axis} holds durations and must hold lengths; convert it first")
        # a duration over a duration is a float; NaT becomes NaN
        return since / np.timedelta64(1, "ns") / 10.0 ** (9 + power)
    stated = str(values.attrs.get("units", "")).strip()
    given = stated if stated not in ("", "1") else found.rpartition("_")[2]
    (base, power), (wanted_base, wanted_power) = _unit(given), _unit(wanted)
    if base != wanted_base:
        raise ValueError(
            f"{found} is in {given!r} and must be in a unit like {wanted!r}; mend its 'units'"
        )
    numbers = as_numbers(found, raw)
    # dividing by a power of ten rounds once; multiplying by its inverse would round twice
    shift = power - wanted_power
    return numbers * 10.0**shift if shift >= 0 else numbers / 10.0**-shift


def _unit(text: str) -> tuple[str, int]:
    """Base unit and power of ten; ValueError where a unit is not known."""
    known = _known(text)
    if known is None:
        raise ValueError(
            f"units = {text!r} is not known; use s, m or eV with a prefix, such as 'ps' or 'um'"
        )
    return known


def _known(text: str) -> tuple[str, int] | None:
    """Base unit and power of ten of a unit such as "ns", "µm", "picoseconds" or "Å"."""
    if text.lower() in ("å", "angstrom", "angstroms"):
        return "m", -10
    word = re.fullmatch(rf"({'|'.join(_WORDS)})?-?({'|'.join(_SYMBOLS)})s?", text.lower())
    if word:
        text = _WORDS.get(word[1] or "", "") + _SYMBOLS[word[2]]
    symbol = re.fullmatch(r"([munpfµμ]?)(s|m|eV|deg)", text)
    return (symbol[2], _PREFIXES[symbol[1]]) if symbol else None


def _named(axis: str, part: str) -> str:
    """Name of what belongs to an axis, such as time_width_ns."""
    stem, unit = axis.rsplit("_", 1)
    return f"{stem}_{part}_{unit}"


def _check_increasing(values: FloatArray, axis: str, name: str) -> None:
    wrong = np.flatnonzero(~(np.diff(values) > 0))
    if wrong.size or not np.isfinite(values).all():
        first = int(wrong[0]) if wrong.size else 0
        raise ValueError(
            f"{axis} must increase from one value to the next, and does not after "
            f"{axis} = {values[first]:g}; sort {name}, and merge what is recorded twice"
        )


def _check_values(name: str, values: FloatArray, masked: bool, signed: bool) -> None:
    missing = np.count_nonzero(~np.isfinite(values) & ~(masked & np.isnan(values)))
    if missing:
        remedy = "mask them" if masked else "drop or fill them"
        raise ValueError(f"{name} must be finite, and {missing} of {values.size} are not; {remedy}")
    if masked and values.size and np.isnan(values).all():
        raise ValueError(f"{name} is masked throughout; leave some readings")
    negative = 0 if signed else np.count_nonzero(values < 0)
    if negative:
        raise ValueError(
            f"{name} must be at least 0, and {negative} of {values.size} are negative, the lowest "
            f"{np.nanmin(values):g}; fit the counts as recorded, with the background in the fit"
        )
