"""Tests of tptools.fitting.response on recorded flashes."""

import math
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

from tptools.fitting.response import (
    PROMPT,
    Response,
    _above_level,
    _around_peak,
    _level,
    response_of,
)

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
    """It only comes late, in any unit; without light it is none."""
    for light in (5.0, 0.5, 1e-40):
        one = response_of(record([light], [0.3]), 0.05)
        assert (one.delay_ns.tolist(), one.share.tolist()) == ([0.3], [1.0])
    with pytest.raises(ValueError, match=r"^irf = 0"):
        response_of(record([0.0], [0.3]), 0.05)
    with pytest.raises(ValueError, match=r"^sum of irf = 0"):
        response_of(record(0 * FLASH), 0.05)
    with pytest.raises(ValueError, match=r"^irf must be finite"):
        response_of(record(FLASH + np.where(TIME_NS > 5, np.inf, 0)), 0.05)


@pytest.mark.parametrize("most", [1, 2, 3, 5, 9])
def test_merged_parts_are_neighbours_at_their_mean_delay(most):
    """All light stays, parts in a row come together evenly, and light below zero weighs as much."""
    delay, share = np.array([0.0, 1, 2, 4, 8]), np.array([0.4, 0.3, -0.1, 0.3, 0.1])
    merged = Response(delay, share).merged(most)
    size = math.ceil(5 / most)
    rows = [slice(i, i + size) for i in range(0, 5, size)]
    assert len(rows) <= most
    np.testing.assert_allclose(merged.share, [share[one].sum() for one in rows])
    means = [np.average(delay[one], weights=np.abs(share[one])) for one in rows]
    np.testing.assert_allclose(merged.delay_ns, means)


def test_an_ideal_response_is_all_light_at_once():
    """One share of one, not late."""
    assert (PROMPT.delay_ns.tolist(), PROMPT.share.tolist()) == ([0.0], [1.0])


@pytest.mark.parametrize("step_ns", [0.1, 0.25, 1.0])
def test_shares_are_the_density_at_the_middles_of_equal_parts(step_ns):
    """Bins of any width are cut into the fewest parts that are no longer than a step."""
    edges = np.array([0, 0.1, 0.2, 0.5, 0.6, 1.6, 1.7])
    light, width = np.array([1.0, 6.0, 12.0, 2.0, 3.0, 0.1]), np.diff(edges)
    middle = (edges[1:] + edges[:-1]) / 2
    widths = {"time_width_ns": ("time_ns", width)}
    found = response_of(record(light, middle).assign_coords(widths), step_ns)
    delays, shares = [], []
    for lower, upper in pairwise(edges):
        parts = math.ceil((upper - lower) / step_ns - 1e-3)
        ends = np.linspace(lower, upper, parts + 1)
        delays += [*(ends[1:] + ends[:-1]) / 2]
        shares += parts * [(upper - lower) / parts]
    shares *= np.interp(delays, middle, light / width)
    np.testing.assert_allclose(found.delay_ns, delays)
    np.testing.assert_allclose(found.share, shares / shares.sum())


@pytest.mark.parametrize(("peak", "higher"), [(0, 12), (7, 12), (25, 40)])
def test_one_period_lies_around_its_densest_bin(peak, higher):
    """Bins move by whole periods only, in order, to within half a period of the highest."""
    edges = np.concatenate([np.arange(-5, 5, 0.5), np.arange(5, 15.1, 1.0)])
    lower, upper = edges[:-1], edges[1:]
    light = np.arange(30.0) % 7 + 9 * (upper - lower)
    light[peak] += higher
    low, high, moved = _around_peak(lower, upper, light, 20.0)
    top = int(np.argmax(moved / (high - low)))
    middle = (low + high) / 2
    assert low[top] == lower[peak]
    assert (np.abs(middle - middle[top]) <= 10).all()
    np.testing.assert_allclose(low[1:], high[:-1])
    back = np.argsort(np.mod(low + 5, 20))
    for one, before in ((np.mod(low + 5, 20) - 5, lower), (high - low, upper - lower)):
        np.testing.assert_allclose(one[back], before)
    np.testing.assert_array_equal(moved[back], light)


def test_what_is_longer_than_a_period_is_left_as_it_is():
    """Only a record that fits within a period goes on at its other end, before its rise."""
    echo = FLASH + 300 * np.exp(-((TIME_NS - 13) ** 2) / (2 * 0.1**2))
    for period_ns, share in ((None, 3 / 13), (19.96, 3 / 13), (19.99, 0), (20.0, 0)):
        found = response_of(record(echo), 0.05, period_ns)
        late = np.abs(found.delay_ns - 13) < 1
        assert found.share @ late == pytest.approx(share, abs=1e-3)


def test_a_response_of_several_positions_is_refused():
    """It is that of an instrument, over time alone."""
    with pytest.raises(ValueError, match="must have 'time_ns' only"):
        response_of(record(FLASH).expand_dims(position_nm=[0.0, 30.0]), 0.05)


def above(light, width=1.0):
    """Places of the light of a flash and this light, in bins of one width."""
    lower = width * np.arange(len(light))
    used, excess = _above_level(np.array(light, float), lower, lower + width)
    return np.flatnonzero(used).tolist(), excess


def test_rounding_of_a_level_is_no_response():
    """Without noise a level leaves its last digits, which stand out of nothing."""
    light = np.full(450, 1000.1)
    light[50:52] += 6, 4
    assert above(light, 0.1)[0] == [50, 51]


@pytest.mark.parametrize("width", [1.0, 0.25, 8.0])
@pytest.mark.parametrize(("n_high", "first"), [(1, 10), (2, 9), (4, 6)])
def test_light_starts_a_width_and_a_half_before_the_peak(width, n_high, first):
    """What lies before is level; what comes later counts to its last bin, also below the level."""
    light = np.full(22, 2.0)
    light[12 : 12 + n_high] = 100
    light[[first, 18, 20]] = 3, 1, 7
    seen, excess = above(light, width)
    assert seen == [first, *range(12, 12 + n_high), 18, 20]
    assert excess.tolist() == (light - 2).tolist()
    light[first - 1] = 3
    mean = 2 + 1 / first
    seen, excess = above(light, width)
    assert seen[0] == first
    np.testing.assert_allclose(excess[first:], light[first:] - mean)
    assert not excess[:first].any()


def test_a_peak_is_as_wide_as_half_its_height():
    """Bins that reach just this belong to it."""
    light = np.zeros(20)
    light[[6, 7, 12, 13, 14]] = 1, 1, 50, 100, 50
    assert above(light)[0][0] == 7
    light[13] = 102
    assert above(light)[0][0] == 11


@pytest.mark.parametrize("width", [1.0, 0.25])
def test_light_late_in_a_record_is_a_level_where_none_is_early(width):
    """From ten widths after the peak on, in no fewer than three bins; else all is light."""
    light = np.full(14, 2.0)
    light[0] = 100
    assert above(light, width)[0] == [0]
    assert above(light[:13], width)[0] == [*range(13)]
    light[[3, 4]] = 0, 2.5
    seen, excess = above(light, width)
    assert seen == [0, 3, 4]
    assert excess[[3, 4]].tolist() == [-2, 0.5]
    assert above(light[:13], width)[0] == [0, 1, 2, *range(4, 13)]
    early = [2.0, 2, 2, 0, 0, 100, 0]
    assert above(early, width)[0] == [3, 4, 5]
    assert above(early[1:], width)[0] == [0, 1, 4]


@pytest.mark.parametrize(("width", "unit"), [(1.0, 1.0), (0.25, 1.0), (4.0, 1e6)])
@pytest.mark.parametrize("n_high", [1, 2])
def test_late_light_is_five_standard_errors_of_what_a_peak_is_wide(width, unit, n_high):
    """The noise before the rise counts once for these bins and once for the level itself."""
    before = np.tile([1.0, 3.0], 8)
    variance = 16 / 15
    error = math.sqrt(variance * n_high * (1 + n_high / 16))
    for errors, last in ((4.99, 16 + 2 * n_high), (5.01, 21 + 3 * n_high)):
        peak = [2, *n_high * [2], *n_high * [1e4], *5 * [2]]
        late = [*n_high * [2 + errors * error / n_high], 2.5, 1.5, 2.5]
        light = unit * np.array([*before, *peak, *late])
        assert above(light, width)[0][-1] == last


@pytest.mark.parametrize("width", [1.0, 0.25])
def test_the_noisier_of_both_levels_counts(width):
    """Bins before the rise that agree by chance make no light of the noise after it."""
    light = np.concatenate([4 * [10.0], [10, 10, 1000], np.full(10, 10.0), np.tile([5, 15], 10)])
    assert above(light, width)[0] == [6]


def test_mean_and_variance_of_a_level_are_per_width():
    """In even bins they are those of textbooks; in uneven ones of light that scatters as they."""
    light = np.array([3.0, 5.0, 4.0, 9.0])
    level, variance, known = _level(light, np.full(4, 0.5))
    assert level == pytest.approx(light.mean() / 0.5)
    assert variance == pytest.approx(light.var(ddof=1) / 0.5)
    assert known == 2
    width, pulls = np.array([1.0, 4.0, 9.0]), np.array([1.0, 1.0, -1.0])
    level, variance, known = _level(7 * width + 0.2 * np.sqrt(width) * pulls, width)
    assert (level, known) == (pytest.approx(7), 14)
    assert variance == pytest.approx(3 * 0.04 / 2)
