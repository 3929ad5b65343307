"""Tests of tptools.fitting.response on recorded flashes."""

import numpy as np
import pytest
import xarray as xr

from tptools.fitting.response import response_of

TIME_NS = np.arange(-1, 19, 0.05)
FLASH = 1000 * np.exp(-((TIME_NS - 0.1) ** 2) / (2 * 0.1**2))


def record(values, time_ns=TIME_NS):
    return xr.DataArray(values, {"time_ns": time_ns})


def moments(response):
    mean = response.delay_ns @ response.share
    return mean, np.sqrt((response.delay_ns - mean) ** 2 @ response.share)


@pytest.mark.parametrize("level", [0.0, 3.0, 300.0, -20.0])
def test_a_constant_level_is_none_of_the_response(level):
    """Mean and width are those of the flash, whatever it stands on."""
    response = response_of(record(FLASH + level), 0.05)
    assert response.share.sum() == pytest.approx(1)
    np.testing.assert_allclose(moments(response), [0.1, 0.1], atol=1e-3)


def test_dark_counts_are_none_of_the_response():
    """With their noise mean and width stay those of the flash."""
    rng = np.random.default_rng(1)
    found = [moments(response_of(record(rng.poisson(FLASH + 10)), 0.05)) for _ in range(40)]
    np.testing.assert_allclose(np.mean(found, axis=0), [0.1, 0.1], atol=5e-3)
    assert np.std(found, axis=0).max() < 0.02


def test_a_level_is_found_after_a_flash_that_starts_the_record():
    """Where there is nothing before the rise, the level is that long after it."""
    late = TIME_NS > 0.02
    found = response_of(record((FLASH + 30)[late], TIME_NS[late]), 0.05)
    known = response_of(record(FLASH[late], TIME_NS[late]), 0.05)
    np.testing.assert_allclose(moments(found), moments(known), atol=1e-3)


def test_a_flash_across_the_end_of_a_period_is_one():
    """What lies before the pulse may be recorded at the end of its period."""
    time = np.mod(TIME_NS, 20.0)
    order = np.argsort(time)
    wrapped = record((FLASH + 3)[order], time[order])
    np.testing.assert_allclose(moments(response_of(wrapped, 0.05, 20.0)), [0.1, 0.1], atol=1e-3)


def test_a_wide_bin_is_no_flash():
    """Within a period the flash is where light is densest, not where a bin holds most."""
    edges = np.concatenate([np.arange(0, 1, 0.05), [1, 6, 11, 16], np.arange(19, 20.01, 0.05)])
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    away = (middle - 0.1 + 10) % 20 - 10
    light = (2e4 * np.exp(-(away**2) / (2 * 0.1**2)) + 600) * width
    widths = {"time_width_ns": ("time_ns", width)}
    found = response_of(record(light, middle).assign_coords(widths), 0.05, 20.0)
    np.testing.assert_allclose(moments(found), [0.1, 0.1], atol=1e-3)


@pytest.mark.parametrize("unit", [1e-40, 1e40])
def test_light_may_be_in_any_unit(unit):
    """Shares and delays are those of plain counts."""
    plain, other = (response_of(record(one * (FLASH + 3)), 0.05) for one in (1.0, unit))
    np.testing.assert_allclose(other.delay_ns, plain.delay_ns)
    np.testing.assert_allclose(other.share, plain.share, rtol=1e-6, atol=1e-12)


def test_coarse_and_uneven_bins_are_taken_as_they_are():
    """Shares of wide bins are spread over steps of the record; unknown widths are refused."""
    time = np.arange(-1, 3, 0.1)
    coarse = response_of(record(np.exp(-((time - 0.1) ** 2) / 0.02), time), 0.05)
    assert np.diff(coarse.delay_ns).max() < 0.051
    np.testing.assert_allclose(moments(coarse), [0.1, 0.1], atol=0.02)
    uneven = record(FLASH)[np.r_[0:30, 30:400:2]]
    with pytest.raises(ValueError, match="time_width_ns"):
        response_of(uneven, 0.05)


def test_one_bin_is_a_flash_without_width():
    """It only comes late; without light it is none."""
    one = response_of(record([5.0], [0.3]), 0.05)
    assert (one.delay_ns.tolist(), one.share.tolist()) == ([0.3], [1.0])
    with pytest.raises(ValueError, match="irf"):
        response_of(record([0.0], [0.3]), 0.05)
