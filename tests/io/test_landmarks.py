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
