"""Tests of method ``convolution``, which should not mind the shape of the spot."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm
from spots import FINE_NM, INTENSITY, POSITION_NM, SHAPES, TIME_NS, records, spread

from tptools.fitting import convolution, diffusivity, spreading_spot
from tptools.fitting.records import Slices, slices_of_window
from tptools.noise import photon_records

D = 0.02
GAUSSIAN = np.exp(-((FINE_NM - 20) ** 2) / (2 * 212**2))


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_the_spot_does_not_matter(shape):
    """D is right to 10 % where Gaussian slices err by 20 to 70 %, without noise and on average."""
    mean = spread(SHAPES[shape], D, slice_counts=2e4, background=5.0)
    assert diffusivity(mean, "convolution").value == pytest.approx(D, rel=0.10)
    assert 0.20 < abs(diffusivity(mean, "slices").value / D - 1) < 0.70
    found = [diffusivity(record, "convolution") for record in records(mean, 30, seed=1)]
    assert np.mean([e.value for e in found]) == pytest.approx(D, rel=0.10)


@pytest.mark.parametrize(
    ("shape", "true_cm2_s"), [(GAUSSIAN, 0.0), (GAUSSIAN, 0.05), (SHAPES["flat top"], 0.02)]
)
def test_noise_of_the_first_profile_is_accounted_for(shape, true_cm2_s):
    """Repetitions are right on average, to half an error bar, and the error bars cover."""
    mean = spread(shape, true_cm2_s, slice_counts=2e4, background=5.0)
    found = [diffusivity(record, "convolution") for record in records(mean, 150, seed=2)]
    values, errors = (np.array([getattr(e, name) for e in found]) for name in ("value", "std_err"))
    assert abs(values.mean() - true_cm2_s) < 0.5 * np.median(errors)
    assert 0.55 < np.mean(np.abs(values - true_cm2_s) < errors) < 0.78


def test_light_beyond_the_window_is_no_loss():
    """A window of 2.4 standard deviations of the last profile still gives D to 2 %."""
    mean = spreading_spot(
        TIME_NS,
        POSITION_NM[10:-10],
        1e5 * INTENSITY,
        diffusivity_cm2_s=0.05,
        variance_nm2=180.0**2,
    )
    assert diffusivity(mean, "convolution").value == pytest.approx(0.05, rel=0.02)


def test_errors_cover_for_a_flat_top_that_does_not_spread():
    """Pulls scatter by 1 about 0, though counts do not tell how much light is beyond the window."""
    mean = spread(np.exp(-((FINE_NM / 300) ** 8)), 0.0, slice_counts=2e4, background=5.0)
    found = [diffusivity(one, "convolution", goodness=False) for one in records(mean, 30, seed=4)]
    pulls = np.array([e.value / e.std_err for e in found])
    assert abs(pulls.mean()) < 3 / np.sqrt(30)
    assert abs(pulls.std() - 1) < 3 / np.sqrt(2 * 30)


def test_a_window_that_cuts_the_spot_is_no_edge():
    """Where the first profile ends at a tenth of its height, D is right within its error."""
    mean = spread(GAUSSIAN, 0.05, slice_counts=2e5, background=5.0)[:, 14:-14]
    found = diffusivity(records(mean, 1, seed=5)[0], "convolution")
    assert abs(found.value - 0.05) < 3 * found.std_err
    assert (found.unit, found.method, found.converged) == ("cm2/s", "convolution", True)
    assert found.std_err < 0.0015


def test_chance_far_from_the_other_cosines_is_no_part_of_the_spot():
    """A fast cosine that is noise, which one dim record in 300 has, does not hold D at 0."""
    mean = spread(GAUSSIAN, 0.02, slice_counts=2e3, background=5.0)
    found = diffusivity(records(mean, 1, seed=378)[0], "convolution")
    assert abs(found.value - 0.02) < 3 * found.std_err


def test_sharp_edges_in_the_dark_fit():
    """Flat tops that diffuse without background do not seem to misfit: p is no small chance."""
    trace = xr.DataArray(INTENSITY, {"time_ns": TIME_NS})
    flat = {"shape": "flat_top", "D_cm2_s": 0.02, "position_nm": np.linspace(-1500, 1500, 61)}
    draw = photon_records(trace, 1_000_000, **flat)
    chances = [diffusivity(draw(seed), "convolution").goodness.p_value for seed in range(8)]
    assert np.median(chances) > 0.02


@pytest.mark.parametrize("seed", [46, 47, 48])
def test_half_a_dim_spot_in_a_narrow_window_gives_a_number_or_a_reason(seed):
    """Where the fit ends at a D that leaves nothing of a first profile, that is no exception."""
    position_nm = np.arange(-250.0, 1, 50)
    profile = np.exp(-(position_nm**2) / (2 * 255**2))
    mean = xr.DataArray(
        9 * INTENSITY[:, None] * profile, {"time_ns": TIME_NS, "position_nm": position_nm}
    )
    found = diffusivity(mean.copy(data=np.random.default_rng(seed).poisson(mean)), "convolution")
    assert (np.isfinite(found.value) and found.std_err > 0) or found.note
    assert (found.unit, found.method) == ("cm2/s", "convolution")


def test_unequal_positions_are_refused():
    """Cosines need equal steps, and the message says which method does not."""
    uneven = POSITION_NM + np.where(POSITION_NM > 0, 10, 0)
    counts = xr.DataArray(np.ones((61, 61)), {"time_ns": TIME_NS, "position_nm": uneven})
    with pytest.raises(ValueError, match="equally spaced"):
        diffusivity(counts, "convolution")


@pytest.mark.parametrize(
    ("filled", "note"),
    [
        ([], "no counts"),
        ([7], "all counts are in one slice"),
        (range(61), "no spot stands out of the noise"),
    ],
)
def test_what_does_not_spread_is_nan(filled, note):
    """A map with fewer than two profiles gives NaN and says so."""
    counts = xr.DataArray(np.zeros((61, 61)), {"time_ns": TIME_NS, "position_nm": POSITION_NM})
    counts[filled] = 3.0
    found = diffusivity(counts, "convolution")
    assert np.isnan(found.value)
    assert (found.note, found.method, found.unit) == (note, "convolution", "cm2/s")


def test_a_search_that_is_cut_short_is_not_converged(monkeypatch):
    """What did not settle is NaN, and says so as a field and in its text."""
    monkeypatch.setattr(convolution, "MAX_EVALUATIONS", 1)
    mean = spread(GAUSSIAN, D, slice_counts=2e4, background=5.0)
    found = diffusivity(records(mean, 1, seed=3)[0], "convolution")
    assert np.isnan(found.value)
    assert not found.converged
    assert (found.method, found.unit) == ("convolution", "cm2/s")
    assert "converged=False" in repr(found)


def sums_of(profile, in_group, seen):
    """Sums of slices of one profile, of which a share is seen."""
    rows = in_group[:, None] * profile * seen
    return convolution._Sums(np.arange(in_group.size) * 1.0, rows, seen, seen, in_group)


def test_what_is_masked_is_filled_as_the_others_say():
    """From other groups, from the share that is seen, or from neighbours where none is."""
    profile, in_group = np.arange(2.0, 12), np.array([1.0, 10, 4])
    seen = np.ones((3, 10))
    seen[:, 5] = 0
    seen[1, 2:4] = 0
    seen[2, 7] = 0.25
    filled = sums_of(profile, in_group, seen).filled()
    np.testing.assert_allclose(filled, np.outer(in_group, profile))


def grouped(counts, groups, monkeypatch):
    monkeypatch.setattr(convolution, "GROUPS", groups)
    return convolution._grouped(slices_of_window(counts, (0, 3), exposures=True))


def test_groups_are_sums_at_the_mean_time_of_their_counts(monkeypatch):
    """Counts and exposures add up; a reading that is masked is seen in the rest of its group."""
    profile, amplitude = np.array([1.0, 4, 6, 4, 1, 2]), np.array([6.0, 2, 4, 2, 4, 6])
    widths = np.array([0.1, 0.1, 0.2, 0.2, 0.2, 0.4])
    time = np.cumsum(widths) - widths / 2
    axes = {"time_ns": time, "position_nm": 100.0 * np.arange(6)}
    counts = xr.DataArray(np.outer(amplitude, profile), axes)
    counts = counts.assign_coords(time_width_ns=("time_ns", widths))
    sums = grouped(counts, 4, monkeypatch)
    parts = [slice(0, 1), slice(1, 3), slice(3, 5), slice(5, 6)]
    relative = widths / np.median(widths)
    means = np.array([np.average(time[one], weights=amplitude[one]) for one in parts])
    np.testing.assert_allclose(sums.times, means - means[0])
    np.testing.assert_allclose(sums.rows, [counts.values[one].sum(0) for one in parts])
    np.testing.assert_allclose(sums.in_group, [18 * amplitude[one].sum() for one in parts])
    exposure = np.array([relative[one].sum() for one in parts])
    ratio = sums.exposure[0, 0] / exposure[0]
    np.testing.assert_allclose(sums.exposure, np.outer(ratio * exposure, np.ones(6)))
    np.testing.assert_allclose(sums.seen, 1)
    even = xr.DataArray(np.outer(np.full(6, 3.0), profile), axes | {"time_ns": np.arange(6) / 2})
    even[0, :2] = even[3, 2] = np.nan
    masked = grouped(even, 3, monkeypatch)
    np.testing.assert_allclose(masked.in_group, 108)
    np.testing.assert_allclose(masked.seen[0], [0.5, 0.5, 1, 1, 1, 1])
    np.testing.assert_allclose(masked.seen[1], [1, 1, 0.5, 1, 1, 1])
    np.testing.assert_allclose(masked.rows, 6 * profile * masked.seen)
    np.testing.assert_allclose(masked.exposure, 2 * masked.seen)
    np.testing.assert_allclose(masked.times, [0, 1, 2])


def test_numbers_end_before_the_first_large_gap():
    """A cosine more than twice as fast as the one before it is not of the spot."""
    for numbers, n_kept in (
        ([0, 2, 6, 14], 4),
        ([0, 3, 4], 1),
        ([0, 1, 2, 7], 3),
        ([0, 1, 5, 6], 2),
        ([4], 1),
    ):
        kept = convolution._without_stray(np.array(numbers))
        assert kept.tolist() == numbers[:n_kept]


@pytest.mark.parametrize(("errors", "numbers"), [(4.1, [0, 2]), (3.9, [0])])
def test_cosines_stand_out_by_four_errors(errors, numbers):
    """The error of a mode is that of all counts; modes are those that sum to the profile."""
    n, level = 40, 90.0
    amplitude = errors * np.sqrt(2 * n * level) / n
    profile = level + amplitude * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    found, values, cosines = convolution._modes(profile, np.full(n, level), level)
    assert found.tolist() == numbers
    np.testing.assert_allclose(values, [level, amplitude][: len(numbers)])
    if len(numbers) > 1:
        np.testing.assert_allclose(cosines @ values, profile)


def test_cosines_are_taken_until_the_profile_is_met():
    """Misses of more than three deviations of chi-square call for modes that stand out less."""
    n = 400
    place = np.pi * (np.arange(n) + 0.5) / n
    error, slow = np.sqrt(2 * 100 / n), [5, 9, 13, 21, 30, 40, 55, 75]
    for height, enough in ((3.2, True), (3.4, False)):
        # of one mode, errors squared are chi-square, here beside the noise of counts
        noise = np.sqrt(101) * np.where(np.arange(n) % 2, 1, -1)
        small = height * error * np.cos(np.outer(place, slow)).sum(1)
        profile = 100 + 30 * np.cos(2 * place) + small
        chi_square = (small**2 / 101).sum()
        found, *_ = convolution._modes(profile, np.full(n, 100.0), 100.0)
        assert chi_square < n
        assert found.tolist() == [0, 2]
        found, *_ = convolution._modes(profile + noise, np.full(n, 100.0), 100.0)
        assert (found.size == 2) == (chi_square < 3 * np.sqrt(2 * n)) == enough


@pytest.mark.parametrize("level", [3, 2, 1])
def test_cosines_are_taken_from_the_highest_level_that_meets_the_profile(level):
    """Of 3, 2 or 1 errors, with all that stand out as far and none that does not."""
    n, heights = 200, np.r_[np.full(90, level + 0.9), level + 0.1, level - 0.1]
    place, numbers = np.pi * (np.arange(n) + 0.5) / n, np.arange(5, 97)
    small = np.sqrt(2 * 100 / n) * np.cos(np.outer(place, numbers)) @ heights
    profile = 100 + 30 * np.cos(2 * place) + small
    found, *_ = convolution._modes(profile, np.full(n, 100.0), 100.0)
    assert found.tolist() == [0, 2, *numbers[:-1]]


@pytest.fixture(scope="module")
def groups():
    """Sums of a record, the parameters that they were made with, and their model."""
    return groups_of(slice_counts=2e4, background=5.0)


def groups_of(**light):
    record = records(spread(GAUSSIAN, 0.05, **light), 1, seed=8)[0].astype(float)
    record[:, 9] = np.nan
    slices = slices_of_window(record, (0, 3))
    return convolution._prepared(30.0, convolution._grouped(slices))


def test_derivatives_of_groups_are_those_of_their_residuals(groups):
    """Those by D, background, intensities and cosines are differences of the model."""
    model, start = groups
    at = start + np.append(0.3e5 * 0.05, np.zeros(start.size - 1))
    step = 1e-6 * np.maximum(np.abs(at), 1)
    steps = np.diag(step)
    differences = [
        (model.residual(at + one) - model.residual(at - one)) / (2 * one.sum()) for one in steps
    ]
    np.testing.assert_allclose(model.jacobian(at), np.transpose(differences), rtol=1e-4, atol=1e-5)


def test_error_of_groups_is_that_of_linear_least_squares(groups):
    """Of weighted counts with Poisson noise, and of dark beyond the window."""
    model, start = groups
    jacobian = model.jacobian(start)
    gain = np.linalg.pinv(jacobian, rcond=1e-12)[0]
    noise = np.append((model.rows / model.deviation**2).ravel(), np.ones(len(model.beyond)))
    assert model.error_of_first(jacobian) == pytest.approx(np.sqrt(gain**2 @ noise), rel=1e-3)


def test_goodness_of_groups_is_chi_square_of_poisson_counts(groups):
    """Whatever the weights, with a degree of freedom less for each parameter."""
    model, start = groups
    mean = np.maximum(model.mean(start), 0.1)
    rows = np.random.default_rng(1).poisson(mean) * (model.seen > 0)
    known = model.seen > 0
    found = []
    for weight in (1.0, 5.0):
        deviation = np.where(known, weight * np.sqrt(mean), np.inf)
        other = replace(model, rows=rows, deviation=deviation)
        found.append(other.misfit(start, other.jacobian(start), POSITION_NM).goodness)
    one, other = found
    pearson = float(((rows - mean) ** 2 / mean)[known].sum())
    assert one.chi_square == pytest.approx(pearson, rel=1e-3)
    assert one.n_free == pytest.approx(known.sum() - start.size, abs=start.size / 2)
    assert other.chi_square == pytest.approx(one.chi_square / 25)
    assert other.p_value == pytest.approx(one.p_value, rel=0.2)
    spread = np.sqrt(2 * one.n_free)
    assert one.p_value == pytest.approx(norm.sf((pearson - one.n_free) / spread), abs=0.05)
    larger = np.sqrt((one.n_free + 3 * spread) / one.chi_square)
    rows, deviation = mean + larger * (rows - mean), np.where(known, np.sqrt(mean), np.inf)
    worse = replace(model, rows=rows, deviation=deviation)
    p_value = worse.misfit(start, worse.jacobian(start), POSITION_NM).goodness.p_value
    assert norm.isf(p_value) == pytest.approx(3, abs=0.3)


def start_of(profile, background=3.0):
    """The model and its start, of exact sums of a profile at rest whose light halves each time."""
    in_group, seen = 2.0 ** -np.arange(4), np.ones((4, profile.size))
    exposure = seen * np.array([1.0, 1, 2, 2])[:, None]
    rows = in_group[:, None] * profile + background * exposure
    sums = convolution._Sums(np.arange(4.0), rows, seen, exposure, rows.sum(1))
    return convolution._prepared(30.0, sums)


def test_a_fit_starts_at_the_record_if_nothing_spreads():
    """Its background is that of both ends, its light that of each time, its shape the profile."""
    profile = 1e6 * np.exp(-((np.arange(80) - 40) ** 2) / (2 * 5.0**2))
    model, start = start_of(profile)
    assert start[0] == 0
    assert start[1] == pytest.approx(3)
    np.testing.assert_allclose(start[2:5], 2.0 ** -np.arange(1, 4), rtol=1e-6)
    np.testing.assert_allclose(model.mean(start), model.rows, atol=4 * np.sqrt(model.rows.max()))
    columns, total = model.rows.sum(0), model.rows.sum()
    for row, variance in zip(model.rows, model.deviation**2, strict=True):
        np.testing.assert_allclose(variance, row.sum() * (columns + 1) / total)
    beyond = model.residual(start)[model.rows.size :]
    assert beyond.size == 2 * 20
    np.testing.assert_allclose(beyond, 0, atol=0.01)


@pytest.mark.parametrize("end", [slice(None), slice(None, None, -1)])
def test_light_at_an_end_is_ramped_to_nothing_beyond(end):
    """In heights of the spot, from what there is at the end; no ramp where that is noise."""
    profile = 1e5 * np.exp(-((np.arange(80) - 10) ** 2) / (2 * 12.0**2))
    model, start = start_of(profile[end], background=0.0)
    beyond = model.residual(start)[model.rows.size :].reshape(2, 20)
    before, after = beyond[0], beyond[1, ::-1]
    lit, dark = (before, after) if end == slice(None) else (after, before)
    # some of the light at the ends is taken for background, as in six slices
    assert 6 * start[1] == pytest.approx(15 / 8 * profile[[0, 1, -2, -1]].mean())
    signal = 15 / 8 * profile - 6 * start[1]
    np.testing.assert_allclose(lit, signal[0] / signal.max() * np.arange(20) / 20, atol=0.02)
    np.testing.assert_allclose(dark, signal[-1] / signal.max() * np.arange(20) / 20, atol=0.02)


@pytest.mark.parametrize(("errors", "lit"), [(1.95, False), (2.05, True)])
@pytest.mark.parametrize("end", [0, -1])
def test_an_end_is_lit_by_two_errors_of_its_own_position(end, errors, lit):
    """Less light than twice its error is taken for noise, with nothing beyond it."""
    profile = 30 * np.exp(-((np.arange(80) - 40) ** 2) / (2 * 5.0**2))
    # three of the four outermost positions hold 3 counts, and light is what is above their mean
    more = (errors**2 + errors * np.sqrt(errors**2 + 9)) / (9 / 8)
    profile[end] = more / (15 / 8)
    model, start = start_of(profile, background=0.5)
    beyond = model.residual(start)[model.rows.size :]
    assert (np.abs(beyond).max() > 0.05) == lit


def test_share_that_is_explained_is_that_of_all_there_is(monkeypatch):
    """Of chi-square about even rows, above what noise leaves with three standard deviations."""
    model, start = groups_of(slice_counts=50.0, background=1.0)
    shares = []
    monkeypatch.setattr(convolution, "judged", lambda _, share, __: shares.append(share))
    jacobian = model.jacobian(start)
    other = replace(model, rows=model.rows * np.linspace(0.5, 1.5, model.rows.shape[1]))
    other.misfit(start, jacobian, POSITION_NM)
    mean, weight = np.maximum(other.mean(start), 0), 1 / other.deviation**2
    hat = (jacobian @ np.linalg.pinv(jacobian, rcond=1e-12)).diagonal()[: mean.size]
    free = 1 - hat.reshape(mean.shape)
    noise, ratio = (free * mean * weight).sum(), mean * weight
    spread = (free * (2 * free * ratio**2 + ratio * weight)).sum()
    seen = other.seen > 0
    level = np.array([row[one].mean() for row, one in zip(other.rows, seen, strict=True)])
    flat = ((other.rows - level[:, None] * other.seen) ** 2 * weight).sum() - noise
    left = ((other.rows - other.mean(start)) ** 2 * weight).sum() - noise - 3 * np.sqrt(spread)
    assert shares == [pytest.approx(1 - left / flat, rel=1e-3)]


def test_two_groups_are_enough():
    """Light in two slices is a first profile and what became of it."""
    mean = spread(GAUSSIAN, 0.05, slice_counts=2e5, background=0.0)
    mean[1:-1] = 0
    found = diffusivity(mean, "convolution")
    assert found.value == pytest.approx(0.05, rel=0.02)
    assert found.goodness.n_free > 0


def test_positions_that_are_left_out_are_masked():
    """On the steps that they have in common; even ones stay as they are."""
    position = np.array([-30.0, 0, 30, 90, 120, 210])
    counts = np.arange(18.0).reshape(3, 6)
    record = Slices(np.arange(3.0), position, counts, np.ones(3))
    even = convolution._on_even_positions(record)
    np.testing.assert_allclose(even.position_nm, np.arange(-30, 211, 30))
    assert even.counts.shape == (3, 9)
    np.testing.assert_array_equal(even.counts[:, [0, 1, 2, 4, 5, 8]], counts)
    assert np.isnan(even.counts[:, [3, 6, 7]]).all()
    assert convolution._on_even_positions(even) is even
