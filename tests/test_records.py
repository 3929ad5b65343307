"""Records of any container, number type, direction and unit become one plain record."""

from __future__ import annotations

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tptools.records import (
    as_columns,
    as_dataset,
    as_numbers,
    as_positive,
    as_record,
    bin_edges,
    check_varied,
    even_step,
)

TIME_NS = np.arange(8) * 0.25
PLAIN = xr.DataArray([3.0, 9, 7, 5, 4, 2, 1, 0], {"time_ns": TIME_NS}, name="counts")
DTYPES = ("<f8", ">f8", "<f4", ">f4", "<i2", ">i4", "<u2", ">u2", "u1", "O")
UNITS = {"ns": 1.0, "ps": 1e-3, "us": 1e3, "µs": 1e3, "s": 1e9, "picoseconds": 1e-3}
UNITS |= {"ms": 1e6, "fs": 1e-6, "μs": 1e3}
CONTAINERS = {
    "array": lambda one: one,
    "lazy": lambda one: one.chunk(),
    "dataset": lambda one: one.to_dataset(name="counts"),
    "sole variable": lambda one: one.to_dataset(name="photons"),
    "series": lambda one: one.to_series(),
}


@pytest.mark.parametrize(
    ("axis", "unit", "in_it"),
    [
        ("time_ns", "nanoseconds", 1.0),
        ("time_ns", "Micro-sec", 1e3),
        ("position_nm", "micrometers", 1e3),
        ("position_nm", "metre", 1e9),
        ("position_nm", "Å", 0.1),
        ("energy_eV", "millielectronvolts", 1e-3),
    ],
)
def test_units_may_be_written_out(axis, unit, in_it):
    """Words mean what their symbols do, with or without a prefix, in any case and number."""
    given = xr.DataArray([1.0, 2.0], {axis: (axis, [2.0, 5.0], {"units": unit})})
    np.testing.assert_allclose(as_record(given, axis)[axis], np.array([2.0, 5.0]) * in_it)


PREFIXES = {"": 0, "milli": -3, "micro": -6, "nano": -9, "pico": -12, "femto": -15}
WORDS = {"second": ("time_ns", 9), "sec": ("time_ns", 9), "meter": ("position_nm", 9),
         "metre": ("position_nm", 9), "electronvolt": ("energy_eV", 0)}  # fmt: skip


@pytest.mark.parametrize("word", WORDS)
def test_prefixes_are_powers_of_ten(word):
    """In words and in symbols, of times, lengths and energies."""
    axis, power = WORDS[word]
    symbol = {"time_ns": "s", "position_nm": "m", "energy_eV": "eV"}[axis]
    for prefix, of_ten in PREFIXES.items():
        symbols = ("u", "µ", "μ") if prefix == "micro" else (prefix[:1],)
        for unit in (prefix + word, *(f"{one}{symbol}" for one in symbols)):
            given = xr.DataArray([1.0, 2.0], {axis: (axis, [2.0, 5.0], {"units": unit})})
            wanted = np.array([2.0, 5.0]) * 10.0 ** (of_ten + power)
            np.testing.assert_allclose(as_record(given, axis)[axis], wanted, rtol=1e-12)


@pytest.mark.parametrize("unit", ["Å", "\N{ANGSTROM SIGN}", "angstrom", "Angstroms"])
def test_angstroms_are_tenths_of_nanometres(unit):
    """By either of its letters and as a word."""
    given = xr.DataArray([1.0, 2.0], {"x_nm": ("x_nm", [20.0, 50.0], {"units": unit})})
    np.testing.assert_allclose(as_record(given, "x_nm").x_nm, [2, 5])


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (np.array([1j]), "complex numbers"),
        (["1"], "text"),
        ([b"1"], "text"),
        (np.array(["2026-11-27"], "M8[D]"), "dates"),
        (np.array([1], "m8[s]"), "durations"),
        (np.array(["1", "2"], object), "text"),
    ],
)
def test_what_is_no_number_is_said_to_be_what_it_is(values, held):
    """The message says what the values are, for the caller to convert."""
    with pytest.raises(TypeError, match=f"x holds {held} and must hold real numbers"):
        as_numbers("x", values)


def test_positive_numbers_have_a_size():
    """From 1e-30 to 1e30, both included; what is missing is let through."""
    numbers = [1e-30, 0.5, 1e30, np.nan]
    np.testing.assert_array_equal(as_positive("x", numbers), numbers)
    for wrong in (0.0, -1.0, 0.99e-30, 1.01e30, np.inf):
        with pytest.raises(ValueError, match=r"x = .* above 0 and of a size"):
            as_positive("x", [1.0, wrong])


def test_a_table_names_its_axes():
    """Index and columns give the axes their names; where one has none, the message asks for it."""
    table = pd.DataFrame([[1.0, 2.0]], pd.Index([0.5], name="time_ns"), [0.0, 1.0])
    with pytest.raises(TypeError, match="name index and columns after 'time_ns' and 'position_nm'"):
        as_record(table, "time_ns", "position_nm")
    named = as_record(table.rename_axis(columns="position_nm"), "time_ns", "position_nm")
    assert named.sizes == {"time_ns": 1, "position_nm": 2}


def test_a_single_bin_has_its_edges():
    """There is no direction to turn."""
    one = xr.Dataset({"counts": ("time_ns", [0.5]), "time_edges_ns": ("edge", [0.0, 2.0])})
    record = as_record(one.assign_coords(time_ns=[1.0]), "time_ns")
    assert [float(edge[0]) for edge in bin_edges(record, "time_ns")] == [0, 2]


def test_messages_say_where_an_axis_turns():
    """By the value after which it does."""
    for axis, after in (([0.0, 1.0, 1.0], 1), ([0.0, 3.0, 2.0, 5.0], 3), ([4.0, 4.0, 5.0], 4)):
        with pytest.raises(ValueError, match=f"does not after time_ns = {after};"):
            as_record(xr.DataArray(axis, {"time_ns": axis}, ("time_ns",)), "time_ns")


@settings(deadline=None)
@given(
    st.sampled_from(DTYPES),
    st.sampled_from(("f8", ">f8", "f4", "O")),
    st.sampled_from([*UNITS]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([*CONTAINERS]),
)
def test_any_form_of_a_record_is_the_plain_record(values, axis, unit, by_name, descends, container):
    """Neither number type, byte order, unit, direction nor container changes what a record says."""
    if by_name and unit in ("picoseconds", "µs", "μs"):
        by_name = False
    name = f"time_{unit}" if by_name else "time_ns"
    attrs = {} if by_name else {"units": unit}
    if container == "series" and not by_name:
        # a series has no place for an attribute
        unit, attrs = "ns", {}
    coordinate = (name, (TIME_NS / UNITS[unit]).astype(axis), attrs)
    record = xr.DataArray(PLAIN.values.astype(values), {name: coordinate}, (name,), name="counts")
    record = record[::-1] if descends else record
    found = as_record(CONTAINERS[container](record), "time_ns")
    np.testing.assert_array_equal(found, PLAIN)
    np.testing.assert_allclose(found.time_ns, TIME_NS, rtol=1e-6)
    assert found.dtype == found.time_ns.dtype == np.dtype("=f8")
    assert found.time_ns.attrs["units"] == "ns"


def test_what_is_lazy_is_computed():
    """Also what only stands beside the counts."""
    power = ("time_ns", dask.array.ones(TIME_NS.size))
    assert as_record(PLAIN.assign_coords(power_uW=power), "time_ns").power_uW.chunks is None


def test_a_record_of_no_more_than_its_axes_comes_in_their_order():
    """Where others are allowed, it keeps the order it has."""
    counts = xr.DataArray(np.ones((2, 3)), {"position_nm": [0.0, 1.0], "time_ns": [0.0, 1.0, 2.0]})
    axes = "time_ns", "position_nm"
    assert as_record(counts, *axes, only=True).dims == axes
    assert as_record(counts, *axes).dims == axes[::-1]


def test_an_axis_may_have_a_long_name():
    """Widths of bins go by the whole name of their axis but for its unit."""
    axes = {"delay_time_ns": [0.5, 2.0], "delay_time_width_ns": ("delay_time_ns", [1.0, 2.0])}
    record = as_record(xr.DataArray([1, 2], axes, ("delay_time_ns",)), "delay_time_ns")
    lower, upper = bin_edges(record, "delay_time_ns")
    np.testing.assert_allclose([lower, upper], [[0, 1], [1, 3]])
    plain = xr.DataArray([1, 2], {"delay_time_ns": [0.0, 1.0]}, ("delay_time_ns",))
    assert as_record(plain, "delay_time_ns").delay_time_ns.attrs == {"units": "ns"}


@pytest.mark.parametrize("value", [0.0, -3.0, 1e-20])
def test_a_column_of_one_value_is_refused(value):
    """Of zeros as well, and up to rounding."""
    check_varied(x=value + np.array([0.0, 1e-3]))
    with pytest.raises(ValueError, match=f"x holds one value only, {value:g}; vary it"):
        check_varied(x=value * np.array([1.0, 1.0 + 1e-13]))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("kind", ["timedelta64", "datetime64"])
def test_durations_and_dates_of_any_resolution_are_times(kind, unit):
    """A duration counts by its own unit, and a date from the first one."""
    times = np.arange(3).astype(f"timedelta64[{unit}]")
    if kind == "datetime64":
        times = times + np.datetime64("2026-11-26T12:00:00")
    found = as_record(xr.DataArray([1, 2, 3], {"time_ns": times}, ("time_ns",)), "time_ns")
    np.testing.assert_allclose(found.time_ns, np.arange(3) * UNITS.get(unit, 1e6))


def test_long_durations_are_counted_in_short_units():
    """Four months in ps are more than 64 bits hold as a whole number."""
    times = np.array([0, 120], "m8[D]").astype("m8[ns]")
    found = as_record(xr.DataArray([1, 2], {"time_ps": times}, ("time_ps",)), "time_ps")
    np.testing.assert_allclose(found.time_ps, [0, 120 * 86400e12])


@pytest.mark.parametrize(
    ("axis", "rule"),
    [
        ([0.0, 1.0, 1.0], "must increase"),
        ([0.0, 2.0, 1.0], "must increase"),
        ([0.0, 1.0, np.nan], "must increase"),
        (["a", "b", "c"], "text"),
        ([0j, 1j, 2j], "complex"),
        (("time_ns", [0, 1, 2], {"units": "parsec"}), "is not known"),
        (("time_ns", [0, 1, 2], {"units": "nm"}), "must be in a unit like 'ns'"),
    ],
)
def test_axes_that_cannot_be_one_are_refused(axis, rule):
    """What is no axis is an error that says why, whatever the rest of the record."""
    with pytest.raises((TypeError, ValueError), match=rule):
        as_record(xr.DataArray([1, 2, 3], {"time_ns": axis}, ("time_ns",)), "time_ns")


@pytest.mark.parametrize(
    "given",
    [
        np.ones(3),
        [1, 2],
        None,
        "counts",
        1.0,
        pd.DataFrame({"a": [1]}),
        pd.DataFrame([[1, 2]], pd.Index([0.5], name="time_ns")),
        xr.DataArray(["1", "2"], {"time_ns": [0, 1]}),
        xr.DataArray([1j, 2], {"time_ns": [0, 1]}),
        xr.DataArray([object(), 2], {"time_ns": [0, 1]}),
        xr.DataArray(np.array([0, 1], "m8[ns]"), {"time_ns": [0, 1]}),
    ],
)
def test_what_is_no_record_is_a_type_error(given):
    """Bare arrays, text, complex numbers and other things are named in a TypeError."""
    with pytest.raises(TypeError, match="counts"):
        as_record(given, "time_ns")


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.0])
def test_missing_infinite_and_negative_counts_are_refused(value):
    """Without a mask every reading has to be a count; with one, NaN is what is left out."""
    record = PLAIN.copy(data=[value, *PLAIN.values[1:]])
    with pytest.raises(ValueError, match="1 of 8"):
        as_record(record, "time_ns")
    if np.isnan(value):
        assert np.isnan(as_record(record, "time_ns", masked=True)[0])


def test_masked_arrays_are_masks():
    """Numpy's masked readings become NaN, as numbers and as a record."""
    masked = np.ma.masked_equal([1, 2, 3], 2)
    np.testing.assert_array_equal(as_numbers("counts", masked), [1, np.nan, 3])
    record = as_record(xr.DataArray(masked, {"time_ns": [0, 1, 2]}), "time_ns", masked=True)
    np.testing.assert_array_equal(record, [1, np.nan, 3])


EDGES = np.array([0.0, 1, 3, 7, 20])


@pytest.mark.parametrize(
    "record",
    [
        xr.DataArray(range(4), {"time_ns": pd.IntervalIndex.from_breaks(EDGES)}, ("time_ns",)),
        xr.Dataset(
            {"counts": ("time_ns", range(4)), "time_edges_ns": ("edge", EDGES)},
            {"time_ns": (EDGES[1:] + EDGES[:-1]) / 2},
        ),
        xr.DataArray(
            range(4),
            {
                "time_ns": (EDGES[1:] + EDGES[:-1]) / 2,
                "time_width_ns": ("time_ns", np.diff(EDGES)),
            },
            ("time_ns",),
        ),
        xr.DataArray(
            range(4),
            {"delay_ns": EDGES[:-1], "delay_end_ns": ("delay_ns", EDGES[1:])},
            ("delay_ns",),
        ),
    ],
)
def test_bins_have_the_edges_that_the_record_states(record):
    """Intervals, edges, widths and ends say the same, in either direction."""
    axis = "delay_ns" if "delay_ns" in record.dims else "time_ns"
    for one in (record, record.isel({axis: slice(None, None, -1)})):
        lower, upper = bin_edges(as_record(one, "time_ns"), "time_ns")
        np.testing.assert_allclose([*lower, upper[-1]], EDGES)
        np.testing.assert_allclose(upper[:-1], lower[1:])


def test_bins_hold_their_places_and_have_a_width():
    """What is before, after or without a bin is refused; its edges are in it."""
    record = xr.DataArray([1, 2], {"time_ns": [1.0, 2.0]})
    for start, end, held in ((1, 3, True), (0, 2, True), (2.1, 3, False), (0, 1.9, False),
                             (2, 2, False)):  # fmt: skip
        bins = {"time_start_ns": ("time_ns", [0.5, start]), "time_end_ns": ("time_ns", [1.5, end])}
        stated = as_record(record.assign_coords(bins), "time_ns")
        if held:
            assert bin_edges(stated, "time_ns")[0].tolist() == [0.5, start]
        else:
            with pytest.raises(
                ValueError, match=r"the bin at time_ns = 2 runs from .* must hold it"
            ):
                bin_edges(stated, "time_ns")


def test_an_axis_goes_before_what_can_stand_for_it():
    """In any order of dimensions; what is not finite is dropped, or masked where it may be."""
    axes = {"delay_ps": [1.0, 2.0], "time_ns": [3.0, 4.0]}
    both = xr.DataArray(np.ones((2, 2)), axes)
    for record in (both, both.T):
        assert as_record(record, "time_ns").time_ns.values.tolist() == [3, 4]
    for masked, remedy in ((False, "drop or fill them"), (True, "mask them")):
        with pytest.raises(ValueError, match=f"1 of 4 are not; {remedy}$"):
            as_record(both.copy(data=[[1, 1], [1, np.inf]]), "time_ns", masked=masked)


def test_edges_follow_the_unit_of_their_axis():
    """Widths in picoseconds belong to an axis in picoseconds."""
    axes = {"time_ps": [500.0, 1500.0], "time_width_ps": ("time_ps", [1000.0, 1000.0])}
    lower, upper = bin_edges(
        as_record(xr.DataArray([1, 2], axes, ("time_ps",)), "time_ns"), "time_ns"
    )
    np.testing.assert_allclose([lower, upper], [[0, 1], [1, 2]])


@given(st.floats(-9e-4, 9e-4), st.integers(1, 18))
def test_a_step_may_waver_by_a_thousandth(waver, which):
    """An axis is even up to one part in a thousand of a step, and no further."""
    axis = np.arange(20.0) * 33.0 - 300.0
    axis[which] += waver * 33.0
    record = xr.DataArray(np.ones(20), {"position_nm": axis})
    assert even_step(record, "position_nm") == pytest.approx(33.0)
    axis[which] += 0.1
    with pytest.raises(ValueError, match="equally spaced"):
        even_step(record.assign_coords(position_nm=axis), "position_nm")


@pytest.mark.parametrize(
    "column", [[1, 2], (1.0, 2.0), np.array([1, 2], ">u1"), pd.Series([1, 2]), dask.array.ones(2)]
)
def test_columns_may_be_of_any_sequence(column):
    """Lists, arrays, pandas and dask are columns alike."""
    (found,) = as_columns(2, x=column)
    assert found.dtype == float
    assert found.shape == (2,)


@pytest.mark.parametrize("column", [["a", "b"], [1j, 2], [[1], [2, 3]], [None, {}]])
def test_columns_of_other_things_are_type_errors(column):
    """Text, complex numbers, ragged rows and objects are no columns."""
    with pytest.raises(TypeError, match="x "):
        as_columns(1, x=column)


@pytest.mark.parametrize("made", [as_record, lambda one, axis: as_dataset(one, [], "a", "b", axis)])
def test_what_is_given_stays_as_it_is(made):
    """An axis without a unit gets one in the record that is made, not in the one that is given."""
    given_one = PLAIN.to_dataset()
    assert made(given_one, "time_ns").time_ns.attrs == {"units": "ns"}
    assert given_one.time_ns.attrs == {}


def test_only_a_dataset_is_a_dataset():
    """Another container is a TypeError; a variable that is missing is named."""
    with pytest.raises(TypeError, match=r"record is a DataArray and must be an xarray\.Dataset"):
        as_dataset(PLAIN, ["counts"], "record", "an instrument")
    with pytest.raises(ValueError, match="lacks saturated"):
        as_dataset(PLAIN.to_dataset(), ["counts", "saturated"], "record", "an instrument")


def test_the_axes_of_a_dataset_are_those_of_a_record():
    """A dataset in another unit and direction comes back plain, all variables alike."""
    late_first = PLAIN.assign_coords(time_ns=TIME_NS * 1e3).rename(time_ns="time_ps")[::-1]
    two = xr.Dataset({"counts": late_first, "again": late_first})
    found = as_dataset(two, ["time_ns"], "record", "an instrument", "time_ns")
    for one in found.values():
        np.testing.assert_array_equal(one, PLAIN)
        np.testing.assert_allclose(one.time_ns, TIME_NS)
