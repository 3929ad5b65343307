"""Time zero, window and bad positions are found where they are, and only where there are any."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from tptools.fitting import spreading_spot
from tptools.io import find_bad_positions, find_time_zero, find_window


def decay(zero_ns, lifetime_ns, counts, level, bin_ns=0.05, end_ns=50.0, seed=None):
    """A pulse with a response of 80 ps; counts in the highest bin."""
    fine = np.arange(0, end_ns, bin_ns / 10) + bin_ns / 20
    light = np.exp(-np.maximum(fine - zero_ns, 0) / lifetime_ns) * (fine > zero_ns)
    kernel = np.exp(-((np.arange(-60, 61) * bin_ns / 10) ** 2) / (2 * 0.034**2))
    light = np.convolve(light, kernel / kernel.sum(), "same")
    mean = counts * light.reshape(-1, 10).mean(1) + level
    time = (np.arange(mean.size) + 0.5) * bin_ns
    values = mean if seed is None else np.random.default_rng(seed).poisson(mean)
    return xr.DataArray(values, {"time_ns": time})


@settings(max_examples=40, deadline=None)
@given(
    zero_ns=st.floats(1, 20),
    lifetime_ns=st.floats(0.8, 15),
    counts=st.floats(30, 1e5),
    level=st.floats(0, 0.1),
    seed=st.integers(0, 1000),
)
def test_time_zero_is_found(zero_ns, lifetime_ns, counts, level, seed):
    """Bright pulses to a fifth of a bin, dim ones to some bins, wherever they come."""
    found = find_time_zero(decay(zero_ns, lifetime_ns, counts, level * counts, seed=seed))
    assert found == pytest.approx(zero_ns, abs=0.03 + 6 * 0.05 * np.sqrt(400 / counts) / 4)


def test_a_constant_and_a_slow_rise_have_no_time_zero():
    """Noise alone, at any level, and what rises all along are no pulse."""
    time = {"time_ns": np.arange(0.0, 50, 0.05)}
    for seed, level in enumerate([0.01, 1, 100, 1e4]):
        flat = xr.DataArray(np.random.default_rng(seed).poisson(level, 1000), time)
        assert np.isnan(find_time_zero(flat))
    assert np.isnan(find_time_zero(xr.DataArray(np.linspace(0, 1e4, 1000), time)))


@pytest.mark.parametrize("lifetime_ns", [0.5, 2.2, 8.0])
@pytest.mark.parametrize("counts", [50, 1e4])
def test_the_window_ends_at_a_quarter_of_the_light(lifetime_ns, counts):
    """The end is the lifetime times ln 4, which is 3 ns for 2.2 ns, for any brightness."""
    one = decay(5, lifetime_ns, counts, 0.01 * counts, seed=4)
    start, end = find_window(one.assign_coords(time_ns=one.time_ns - 5))
    assert start == 0
    assert end == pytest.approx(lifetime_ns * np.log(4), abs=0.15 + lifetime_ns * 4 / counts**0.5)


def scan(step_nm, photons, background, seed):
    at = np.arange(-1500, 1501, step_nm)
    time = np.arange(0, 3, 0.1)
    spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 250.0**2, "background": background}
    mean = spreading_spot(time, at, np.full(time.size, photons / time.size), **spot)
    return mean.copy(data=np.random.default_rng(seed).poisson(mean).astype(float))


@pytest.mark.parametrize("step_nm", [50, 100, 150])
@pytest.mark.parametrize("photons", [1e3, 1e5, 1e7])
def test_good_positions_stay(step_nm, photons):
    """No position of a spot is bad, whether few or many photons tell it from its neighbours."""
    for seed in range(4):
        assert not find_bad_positions(scan(step_nm, photons, 0.5, seed)).any()


@settings(max_examples=15, deadline=None)
@given(
    dead=st.integers(18, 27),
    hot=st.integers(32, 42),
    gain=st.floats(1.5, 30),
    seed=st.integers(0, 99),
)
def test_dead_and_hot_positions_are_found(dead, hot, gain, seed):
    """One without light and one with too much, beside the centre, are the bad ones."""
    counts = scan(50, 1e6, 0.5, seed)
    counts[:, dead] = 0
    counts[:, hot] *= gain
    assert np.flatnonzero(find_bad_positions(counts)).tolist() == [dead, hot]
    assert not find_bad_positions(counts.isel(position_nm=slice(None, None, 8))).any()


def test_what_no_record_shows_is_refused():
    """Uneven times, a record that ends before the pulse, and a wrong fraction are named."""
    time = xr.DataArray(np.ones(5), {"time_ns": np.arange(-5.0, 0)})
    with pytest.raises(ValueError, match="ends before time zero"):
        find_window(time)
    with pytest.raises(ValueError, match="fraction = 2"):
        find_window(time, fraction=2)
    with pytest.raises(ValueError, match="equally spaced"):
        find_time_zero(xr.DataArray(np.ones(4), {"time_ns": [0.0, 1, 2, 4]}))
    with pytest.raises(ValueError, match="at least 3"):
        find_time_zero(xr.DataArray(np.ones(2), {"time_ns": [0.0, 1]}))


def over_time(values, step_ns=0.1, start_ns=0.0):
    return xr.DataArray(
        np.asarray(values, float), {"time_ns": start_ns + step_ns * np.arange(len(values))}
    )


@pytest.mark.parametrize("zero_ns", [4.0, 5.33, 6.71])
@pytest.mark.parametrize(("level", "height"), [(50, 1e5), (10, 40)])
def test_time_zero_is_the_middle_of_a_straight_rise(zero_ns, level, height):
    """To the last digit, whether single bins tell light from darkness or sums of four."""
    time = np.arange(0, 20, 0.1)
    light = level + height * np.clip((time - zero_ns) / 0.2 + 0.5, 0, 1)
    assert find_time_zero(over_time(light)) == pytest.approx(zero_ns, abs=1e-9)


def test_the_level_is_that_of_some_well_before_the_rise():
    """Where light of the pulse before still falls: three bins before the last that is dark."""
    light = np.append(300.0 - 10 * np.arange(20), np.full(40, 1e4))
    part = ((light[16] + 1e4) / 2 - light[19]) / (1e4 - light[19])
    assert find_time_zero(over_time(light)) == pytest.approx(0.1 * (19 + part), abs=1e-9)


@pytest.mark.parametrize(
    ("level", "height"), [(100.0, 84.31), (0.0, 25.0), (1e6, 1e6 / 9), (4e4, 4e4 / 9)]
)
def test_a_rise_counts_from_five_errors_and_a_tenth_of_the_light(level, height):
    """Of the noise of both levels; of the highest counts. Light from the start never rose."""
    for factor, known in ((0.998, False), (1.002, True)):
        light = np.append(np.full(8, level), np.full(11, level + factor * height))
        assert np.isfinite(find_time_zero(over_time(light))) == known
    assert np.isnan(find_time_zero(over_time(light[::-1])))


@pytest.mark.parametrize(("n_times", "known"), [(19, False), (20, True)])
def test_what_rises_for_long_is_no_pulse(n_times, known):
    """From half of the rise, the peak comes within half of what follows."""
    light = 1e4 * np.clip((np.arange(n_times) - 5) / 10, 0, 1)
    found = find_time_zero(over_time(light))
    assert found == pytest.approx(1.1) if known else np.isnan(found)


@pytest.mark.parametrize(("fraction", "end_ns"), [(0.25, 7.6), (0.5, 5.1), (0.9, 1.1)])
def test_the_window_ends_where_the_light_is_below_a_fraction(fraction, end_ns):
    """Above the level of early times; of a straight fall it is known to a bin."""
    time = np.arange(-20, 101) / 10
    early = np.where(time < -0.31, 1e4, 9e4)  # just before time zero there may be light
    light = np.where(time < 0, early, 1e4 + 1e6 * (1 - time / 10))
    counts = over_time(light, start_ns=-2.0)
    assert find_window(counts, fraction=fraction) == (0, pytest.approx(end_ns))
    # without three early times, the level is that of the last tenth: 0.045 of the height higher
    late_ns = np.ceil(95.5 * (1 - fraction)) / 10
    assert find_window(counts[17:], fraction=fraction)[1] == pytest.approx(late_ns)


def test_the_level_is_that_of_the_last_tenth_where_no_time_is_early():
    """The light falls to a quarter above it, or the record ends."""
    light = np.append(np.linspace(101e4, 1e4, 91), np.full(9, 1e4))
    assert find_window(over_time(light)) == (0, pytest.approx(6.8))
    step = np.append(np.full(90, 5e4), [2e4] * 9 + [1.2e4])
    assert find_window(over_time(step), fraction=0.3)[1] == pytest.approx(9.0)
    assert find_window(over_time(np.full(50, 1e4))) == (0, pytest.approx(4.9))
    assert find_window(over_time(np.zeros(50))) == (0, pytest.approx(4.9))
    assert find_window(over_time(np.ones(3), start_ns=-0.1)) == (0, pytest.approx(0.1))


@pytest.mark.parametrize("fraction", [0, 1])
def test_a_fraction_is_between_nothing_and_all(fraction):
    """Neither is a window."""
    with pytest.raises(ValueError, match=f"^fraction = {fraction} "):
        find_window(over_time(np.ones(9)), fraction=fraction)


def bad(values, at=None):
    """Indices of bad positions."""
    at = np.arange(len(values)) * 50.0 if at is None else at
    return np.flatnonzero(find_bad_positions(xr.DataArray(values, {"position_nm": at}))).tolist()


@pytest.mark.parametrize(
    ("level", "good", "wrong"), [(0, 16, 17), (100, 181, 183), (1e4, 11990, 12010)]
)
def test_a_position_is_bad_from_five_errors_and_a_fifth(level, good, wrong):
    """Of a level: the noise of one position and of the cubic, 1 + 34/36, on the root of counts."""
    flat = np.full(25, float(level))
    if level < 1e3:
        error = np.sqrt(1 + 34 / 36)
        root = np.sqrt(np.array([good, wrong]) + 3 / 8) - np.sqrt(level + 3 / 8)
        assert 2 * root[0] < 5 * error < 2 * root[1]
    for value, found in ((good, []), (wrong, [12])):
        flat[12] = value
        assert bad(flat) == found
    flat[12] = level / 1.19
    assert bad(flat) == []


@pytest.mark.parametrize("seed", range(4))
def test_where_all_scatter_more_than_photons_none_is_bad(seed):
    """Three times the noise of photons at every position is nobody's fault."""
    root = 20 + 3 / 2 * np.random.default_rng(seed).standard_normal(41)
    assert bad(root**2) == []


def test_neither_a_cubic_nor_its_ends_are_bad():
    """At any positions; the first and the last two have no neighbours on either side."""
    at = np.cumsum([20.0, 25, 18, 22, 30] * 5)
    root = 400 + 200 * ((at - 250) / 250) ** 3 + 300 * (at / 500) ** 2
    counts = root**2 - 3 / 8
    assert bad(counts, at) == []
    for k in range(at.size):
        wrong = counts.copy()
        wrong[k] *= 3
        found = bad(wrong, at)
        assert (k in found) == (2 <= k < at.size - 2)


def test_a_record_that_is_no_cubic_has_its_usual_deviation():
    """Every other position brighter by half is no fault, and one far beyond is."""
    counts = np.where(np.arange(25) % 2, 1.5e4, 1e4)
    assert bad(counts) == []
    counts[12] = 2e5
    assert bad(counts) == [12]


@pytest.mark.parametrize(("step_ns", "early_ns"), [(0.05, -0.3), (0.2, -0.6)])
def test_times_are_early_0_3_ns_or_three_steps_before_the_pulse(step_ns, early_ns):
    """Whichever is more; later light is no part of the level that a straight fall is above."""
    time = step_ns * np.arange(-20, 1 + round(10 / step_ns))
    light = np.where(time < 0.99 * early_ns, 1e4, 1e6)
    light = np.where(time < 0, light, 1e4 + 1e6 * (1 - time / 10))
    end_ns = find_window(xr.DataArray(light, {"time_ns": time}))[1]
    assert 7.5 < end_ns < 7.5 + 1.1 * step_ns
