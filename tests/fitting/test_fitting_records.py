"""Tests of tptools.fitting.records."""

import numpy as np
import pytest
import xarray as xr

from tptools.fitting.records import (
    Slices,
    check_window,
    found_once,
    relative_exposures,
    select_window,
    slices_of_window,
    steps_in_common,
)

TIME_NS = np.array([0.5, 1.0, 1.5, 2.0, 2.5])
COUNTS = xr.DataArray(
    np.arange(25.0).reshape(5, 5), {"time_ns": TIME_NS, "position_nm": np.arange(5.0)}
)


@pytest.mark.parametrize("window_ns", [(3, 0), (2, 2), (1,), (0, 1, 2), (0, 1, None), (0, None), 3])
def test_a_window_is_two_times_in_order(window_ns):
    """Anything else is refused by its name, and what comes back are plain floats."""
    with pytest.raises(ValueError, match=r"window_ns = .* must be two times"):
        check_window(window_ns)
    assert check_window(np.array([1, 3], np.uint8)) == (1.0, 3.0)


def test_both_ends_belong_to_a_window():
    """Slices at either end are kept, and times count from the first, in plain arrays too."""
    for (first, last), kept in (((0.5, 1.5), slice(0, 3)), ((1.0, 2.0), slice(1, 4))):
        found = select_window(COUNTS, (first, last))
        np.testing.assert_array_equal(found, COUNTS[kept])
        np.testing.assert_array_equal(found.time_ns, [0, 0.5, 1])
        plain = slices_of_window(COUNTS, (first, last), exposures=True)
        np.testing.assert_array_equal(plain.counts, found)
        np.testing.assert_array_equal(plain.time_ns, found.time_ns)
        assert plain.exposure.tolist() == [1, 1, 1]


def test_what_is_masked_throughout_does_not_count():
    """Slices go before they are counted, and so do positions."""
    late = COUNTS.where(COUNTS.time_ns > 0.5)
    np.testing.assert_array_equal(select_window(late, (0, 9)), COUNTS[1:])
    with pytest.raises(ValueError, match="holds 2 slices"):
        select_window(late, (0, 1.5))
    narrow = COUNTS.where(COUNTS.position_nm > 0)
    wide = xr.DataArray(np.ones((5, 6)), {"time_ns": TIME_NS, "position_nm": np.arange(6.0)})
    found = slices_of_window(wide.where(wide.position_nm > 0), (0, 9)).without_masked_positions()
    np.testing.assert_array_equal(found.position_nm, np.arange(1.0, 6))
    assert found.counts.shape == (5, 5)
    with pytest.raises(ValueError, match="has 4 positions"):
        select_window(narrow, (0, 9))


def test_a_record_has_two_axes_and_counts():
    """Another axis, or no photons that can be counted, is refused before anything is selected."""
    with pytest.raises(ValueError, match="detector"):
        select_window(COUNTS.expand_dims(detector=2), (0, 9))
    with pytest.raises(ValueError, match="position_nm"):
        select_window(COUNTS.rename(position_nm="x_nm"), (0, 9))


def test_bins_are_the_same_however_they_are_told():
    """By where they start, by where they end or by their widths; only then are they uneven."""
    edges = np.array([0.0, 1.0, 2.3, 4.5, 9.0])
    width = np.diff(edges)
    told = {"start": (edges[1:], edges[:-1]), "end": (edges[:-1], edges[1:])}
    for part, (at, other) in (told | {"width": (edges[:-1] + width / 2, width)}).items():
        counts = xr.DataArray(np.ones(4), {"time_ns": at}, "time_ns")
        bins = counts.assign_coords({f"time_{part}_ns": ("time_ns", other)})
        np.testing.assert_allclose(relative_exposures(bins), width / width.mean())
        with pytest.raises(ValueError, match=r"time_ns has steps of .* equally spaced"):
            relative_exposures(counts)
    with pytest.raises(ValueError, match="no end"):
        relative_exposures(counts.assign_coords(time_end_ns=("time_ns", [1, 2.3, 4.5, np.inf])))


@pytest.mark.parametrize("step", [0.02, 1.0, 30.0])
def test_gaps_are_steps_without_slices(step):
    """Rounded times may be off by a thousandth of a step, and of the gap where there is one."""
    steps = np.array([1.0, 1.0, 1.0, 3.0, 2.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(steps_in_common(step * np.cumsum(steps)), [1, 1, 3, 2, 1, 1, 1])
    assert steps_in_common(np.array([0.0, 1000, 2000, 3001])).tolist() == [1, 1, 1]  # just within
    for at, most in ((1, 0.9e-3), (3, 3.9e-3), (4, 2.9e-3)):
        off = np.zeros(8)
        off[at] = most
        assert steps_in_common(step * np.cumsum(steps + off)) is not None
        assert steps_in_common(step * np.cumsum(steps + 1.3 * off)) is None


def test_what_was_found_is_found_again_for_the_same_only():
    """Another reading, axis, shape or option is another question."""
    asked = []

    def question(record, option=0, *, named=0):
        asked.append(record)
        return len(asked)

    record = Slices(np.arange(2.0), np.arange(3.0), np.ones((2, 3)), np.ones(2))
    assert found_once(question, record) == found_once(question, record) == 1
    wide = record._replace(counts=np.ones((3, 2)))
    for number, other in enumerate((record._replace(counts=np.zeros((2, 3))), wide, record), 2):
        assert found_once(question, other) == number
    assert found_once(question, record, 1) == 5
    assert found_once(question, record, named=1) == found_once(question, record, named=1) == 6


def test_widths_of_bins_are_asked_for_where_they_count():
    """Uneven slices are all alike unless exposures are wanted."""
    uneven = COUNTS.assign_coords(time_ns=[0.0, 1.0, 2.5, 4.5, 9.0])
    assert slices_of_window(uneven, (0, 9)).exposure.tolist() == [1] * 5
    with pytest.raises(ValueError, match="equally spaced"):
        slices_of_window(uneven, (0, 9), exposures=True)


def test_three_slices_and_five_positions_are_enough():
    """One less of either is too few."""
    assert slices_of_window(COUNTS, (0.5, 1.5)).counts.shape == (3, 5)
    with pytest.raises(ValueError, match="holds 2 slices"):
        slices_of_window(COUNTS, (0.5, 1.4))
    with pytest.raises(ValueError, match="has 4 positions"):
        slices_of_window(COUNTS[:, 1:], (0.5, 1.5))
