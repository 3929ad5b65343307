"""Tests of tptools.fitting.misfit: fits that are right pass, and what is wrong is said."""

from functools import cache

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from scipy.special import xlogy

from tptools.estimate import Estimate, Goodness
from tptools.fitting import diffusivity, line_through_slices, misfit, spreading_spot

METHODS = ["slices", "global", "convolution", "moment"]
TIME_NS = np.arange(0, 3, 0.05)
POSITION_NM = np.linspace(-900, 900, 61)
SPOT = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212.0**2, "background": 1.0}


def expected(slice_counts=1e4, **changed):
    return spreading_spot(
        TIME_NS, POSITION_NM, slice_counts * np.exp(-TIME_NS / 2), **SPOT | changed
    )


def drawn(mean, seed=1):
    return mean.copy(data=np.random.default_rng(seed).poisson(mean).astype(float))


GOOD = drawn(expected())
N_RECORDS = {"slices": 40, "global": 40, "moment": 40, "convolution": 8}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("slice_counts", [30, 1000, 20000])
def test_good_records_pass(method, slice_counts):
    """At few counts as at many, p-values of good records are even or high, and no value is lost."""
    mean = expected(slice_counts, background=0.05)
    found = [diffusivity(drawn(mean, seed), method) for seed in range(N_RECORDS[method])]
    chances = np.array([one.goodness.p_value for one in found])
    assert np.sum(chances < 0.1) < 3 + 0.2 * chances.size
    assert not [one.note for one in found if "does not fit" in one.note]
    assert np.isfinite([one.value for one in found]).all()


def dead(counts):
    counts[:, 30] = 0
    return counts


def stuck(counts):
    counts[:, 34] = counts[:, 34].max()
    return counts


def hot_reading(counts):
    counts[20, 40] += 3000
    return counts


FAULTS = {
    "dead": (dead, METHODS[:3], "position 0 nm"),
    "stuck": (stuck, METHODS, "position 120 nm"),
    "hot reading": (hot_reading, METHODS[1:], "the reading at 1 ns and 300 nm"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_position_is_named(fault):
    """A dead or stuck position and a hot reading are misfits, and the note says where to mask."""
    change, methods, named = FAULTS[fault]
    for method in methods:
        found = diffusivity(change(GOOD.copy(deep=True)), method)
        assert found.goodness.p_value < 1e-3
        # a first profile of any shape has room for a hot reading
        assert named in found.note or (method == "convolution" and "does not fit" in found.note)


@pytest.mark.parametrize(
    ("counts", "methods"),
    [
        (GOOD.clip(None, float(GOOD.max()) / 2), METHODS),
        (drawn(GOOD * (1 + 0.1 * np.sin(GOOD.position_nm / 60))), METHODS[:3]),
        (drawn(GOOD + 60 * (GOOD.position_nm + 900) / 1800), ["slices", "global", "moment"]),
        (drawn(expected() + 0.5 * expected(centre_nm=350.0)), METHODS[:2]),
        (4 * GOOD, METHODS),
    ],
    ids=["saturated", "ripple", "gradient", "two spots", "gain"],
)
def test_what_is_no_gaussian_spot_in_photons_is_said(counts, methods):
    """Other shapes, saturation and counts that are no photons are noted by all that assume else."""
    for method in methods:
        assert "the model does not fit" in diffusivity(counts, method).note


def test_a_spot_that_drifts_is_said():
    """Methods with one centre say that it moves; slices have their own and stay quiet."""
    rows = [
        spreading_spot([t], POSITION_NM, 1e4, **SPOT, centre_nm=60 * t).values[0] for t in TIME_NS
    ]
    counts = drawn(GOOD.copy(data=rows))
    assert all("does not fit" in diffusivity(counts, method).note for method in METHODS[1:])
    assert "does not fit" not in diffusivity(counts).note


def test_what_only_sums_of_some_slices_show_is_said():
    """A faint shift that turns back halfway hides in readings and in the total; it is no noise."""
    mean = np.full((400, 40), 0.5)
    none = np.empty((0, *mean.shape))
    side = np.where(np.arange(40) < 20, -1, 1) * np.where(np.arange(400) < 200, -1, 1)[:, None]
    counts = np.random.default_rng(1).poisson(mean * (1 + 0.15 * side)).astype(float)
    model = misfit.Model(counts, mean, none, none)
    levels = [
        model.summed(first) for first in (np.arange(400), np.array([0, 200]), np.zeros(1, int))
    ]
    axes = np.arange(400.0), np.arange(40.0)
    assert not misfit.map_misfit(levels[::2], *axes).reason
    found = misfit.map_misfit(levels, *axes)
    assert found.goodness.p_value < 1e-6
    assert found.reason == misfit.misfit_note(found.goodness)


def test_what_a_fit_takes_up_is_its_projection():
    """Leverages, and what follows a target, are those of one design matrix of all derivatives."""
    rng, shape = np.random.default_rng(1), (3, 7)
    own, shared, target = (rng.normal(size=(*size, *shape)) for size in ((3,), (2,), ()))
    own *= np.array([1e-12, 1e4, 1])[:, None, None]
    shared[1] = 2 * shared[0] + 1e3 * own[1]  # which tells nothing new
    row = np.arange(3)[:, None, None] == np.arange(3)[:, None]
    design = np.concatenate([(own[:, None] * row).reshape(9, 21), shared.reshape(2, 21)])
    design /= np.linalg.norm(design, axis=1, keepdims=True)
    projection = np.linalg.pinv(design, rcond=1e-9) @ design
    leverage, followed = misfit._taken_up(own, shared, target)
    np.testing.assert_allclose(leverage.ravel(), np.diag(projection), atol=1e-9)
    assert leverage.sum() == pytest.approx(10)
    assert followed == pytest.approx(target.ravel() @ projection @ target.ravel())


@pytest.mark.parametrize("method", ["slices", "global", "moment"])
def test_a_dip_is_no_spot(method):
    """A hole in a bright field gives NaN with a reason, or the growth of the hole is said."""
    bright = expected(background=0.0).max() * 1.2
    found = diffusivity(drawn(bright - expected(background=0.0)), method)
    assert np.isnan(found.value)
    assert found.note


def test_gain_leaves_the_value():
    """Counts of more than one for a photon have the same D, and the note says why they misfit."""
    found = diffusivity(4 * GOOD, "global")
    assert found.value == pytest.approx(diffusivity(GOOD, "global").value, rel=1e-4)
    assert "counts scatter more than photons do" in found.note
    sparse = diffusivity(4 * drawn(expected(100, background=0.05)), "global")
    assert "counts scatter more than photons do" in sparse.note


def test_counts_that_are_averaged_are_said():
    """A quarter of the counts, whole again, scatter less than photons do."""
    assert "counts scatter less than photons do" in diffusivity((GOOD / 4).round(), "global").note


@pytest.mark.parametrize("method", METHODS)
def test_expected_counts_are_not_too_good(method):
    """A map without noise is no misfit."""
    found = diffusivity(expected(), method)
    assert "does not fit" not in found.note
    assert "less than photons" not in found.note


@pytest.mark.parametrize("method", METHODS)
def test_masks_are_understood(method):
    """Dead positions, cosmic rays and lost slices, masked, leave D within an error bar, unnoted."""
    plain = diffusivity(GOOD, method)
    broken = hot_reading(dead(GOOD.copy(deep=True)))
    broken[30] = 0
    good = xr.ones_like(GOOD, dtype=bool)
    good[:, 30] = good[30] = good[20, 40] = False
    found = diffusivity(broken.where(good), method)
    assert abs(found.value - plain.value) < plain.std_err
    assert found.std_err == pytest.approx(plain.std_err, rel=0.1)
    assert "does not fit" not in found.note


@pytest.mark.parametrize("method", METHODS)
def test_what_is_masked_throughout_is_what_is_left_out(method):
    """Whole positions and slices that are masked give what the record without them does."""
    rows, columns = np.arange(60) != 30, np.arange(61) != 30
    masked = GOOD.where(rows[:, None] & columns)
    assert diffusivity(masked, method).value == diffusivity(GOOD[rows][:, columns], method).value


def test_a_background_scales_with_the_width_of_its_bins():
    """Bins of twice the width have twice the background; without widths they are refused."""
    fine = expected(300, background=20.0)
    late = fine[30:].coarsen(time_ns=2).sum()
    counts = drawn(xr.concat([fine[:30], late], "time_ns"))
    widths = np.where(np.arange(45) < 30, 0.05, 0.1)
    for method in METHODS[1:]:
        found = diffusivity(counts.assign_coords(time_width_ns=("time_ns", widths)), method)
        assert abs(found.value - 0.05) < 4 * found.std_err
        assert "does not fit" not in found.note
        with pytest.raises(ValueError, match="time_width_ns"):
            diffusivity(counts.assign_coords(time_ns=np.geomspace(0.1, 3, 45)), method)


@cache
def shifted_value(method):
    """D where positions count from an end."""
    return diffusivity(GOOD.assign_coords(position_nm=POSITION_NM + 900), method).value


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["<u2", ">u2", ">f8", "<i4"])
def test_positions_of_any_type_and_direction_are_the_same(method, dtype):
    """Unsigned positions that descend, and those of another byte order, give the same D."""
    at = (POSITION_NM + 900).astype(dtype)
    other = GOOD.assign_coords(position_nm=at)[:, ::-1]
    assert diffusivity(other, method).value == shifted_value(method)


def test_times_in_other_units_are_the_same():
    """Durations and picoseconds are what they say."""
    plain = diffusivity(GOOD, "global").value
    picoseconds = ("time_ns", TIME_NS * 1000, {"units": "ps"})
    durations = (TIME_NS * 1e6).round().astype("timedelta64[ns]")
    assert diffusivity(GOOD.assign_coords(time_ns=picoseconds), "global").value == plain
    slower = diffusivity(GOOD.assign_coords(time_ns=durations), "global", window_ns=(0, 3e6))
    assert slower.value == pytest.approx(plain / 1e6, rel=1e-6)


def test_bright_expected_maps_settle():
    """A noise-free map of any brightness has an optimum, down to the rounding of logarithms."""
    for slice_counts in (1e2, 1e6, 1e10, 1e13):
        found = diffusivity(expected(slice_counts, background=slice_counts / 1e4), "global")
        assert found.value == pytest.approx(0.05, rel=1e-3)


def test_lines_know_their_goodness():
    """Every way through slices carries a goodness of fit, and only the free background a NaN."""
    for background in ("fitted", "ignored", "edges"):
        found = line_through_slices(GOOD, background=background)
        assert found.goodness.n_free > 0
        assert np.isfinite(found.value)


def poisson_deviance(counts, mean):
    """Deviance of each count."""
    return 2 * (xlogy(counts, counts / mean) - counts + mean)


@pytest.mark.parametrize("mean", [1e-3, 0.03, 0.8, 7.0, 150.0])
def test_moments_of_a_deviance_are_sums_over_counts(mean):
    """Mean and variance are expectations, the others derivatives of the mean by that of counts."""

    def moments_at(one):
        law = stats.poisson(one)
        counts = np.arange(law.ppf(1 - 1e-15) + 5)
        deviance, chance = poisson_deviance(counts, one), law.pmf(counts)
        return chance @ deviance, chance @ deviance**2 - (chance @ deviance) ** 2

    found = [float(one[0]) for one in misfit._moments(np.array([mean]))]
    step = 0.02 * mean
    low, middle, high = (moments_at(mean + one)[0] for one in (-step, 0, step))
    assert found[:2] == pytest.approx(moments_at(mean), rel=0.01)
    assert found[2] == pytest.approx((high - low) / (2 * step), rel=0.02, abs=1e-5)
    curvature = (high - 2 * middle + low) / step**2
    assert found[3] == pytest.approx(1 + mean * curvature / 2, rel=0.02, abs=1e-3)


def test_deviances_of_bright_and_dark_counts_have_limits():
    """Those of chi-square for many counts, and of one certain zero for none."""
    bright, dark = np.transpose(misfit._moments(np.array([1e6, 1e-12])))
    assert bright == pytest.approx([1, 2, 0, 1], abs=0.01)
    assert dark[:2] == pytest.approx([0, 0], abs=3e-5)


@pytest.mark.parametrize("chance", [0.9, 0.3, 0.01, 1e-4])
def test_goodness_of_bright_counts_is_that_of_chi_square(chance):
    """Of points less parameters, own and shared, where these are as many as what is left."""
    rng, mean = np.random.default_rng(1), np.full((4, 6), 1e4)
    own, shared = rng.normal(size=(2, 4, 6)), rng.normal(size=(3, 4, 6))
    residual = rng.normal(size=(4, 6))
    size = np.sqrt(stats.chi2.isf(chance, 13) / (residual**2).sum())
    counts = mean + size * residual * np.sqrt(mean)
    found = misfit.poisson_goodness(misfit.Model(counts, mean, own, shared))
    assert found.chi_square == pytest.approx(poisson_deviance(counts, mean).sum())
    assert found.n_free == pytest.approx(24 - 8 - 3, rel=0.01)
    assert found.p_value == pytest.approx(chance, rel=0.1)


def test_masked_readings_have_no_goodness():
    """Neither misfit nor freedom nor what parameters take up comes from what is masked."""
    rng, shape = np.random.default_rng(2), (3, 8)
    counts, mean = rng.poisson(5, shape).astype(float), np.full(shape, 5.0)
    own, shared = rng.normal(size=(1, *shape)), rng.normal(size=(1, *shape))
    masked = counts.copy()
    masked[:, 6:] = np.nan
    models = (
        misfit.Model(masked, mean, own, shared),
        misfit.Model(counts[:, :6], mean[:, :6], own[..., :6], shared[..., :6]),
    )
    part, alone = (
        (one.chi_square, one.n_free, one.p_value) for one in map(misfit.poisson_goodness, models)
    )
    assert part == pytest.approx(alone)
    none = misfit.Model(np.full(shape, np.nan), mean, own[:0], shared[:0])
    found = misfit.poisson_goodness(none)
    assert (found.chi_square, found.n_free) == (0, 0)
    assert np.isnan(found.p_value)


def test_sums_of_a_model_leave_out_what_is_masked():
    """Means and derivatives of masked readings are in no sum; one of none but these is masked."""
    counts = np.array([[1.0, 2], [3, np.nan], [np.nan, 4], [np.nan, 5]])
    whole = np.array([[10.0, 20], [30, 40], [50, 60], [70, 80]])
    found = misfit.Model(counts, whole, whole[None], -whole[None]).summed(np.array([0, 2]))
    np.testing.assert_array_equal(found.counts, [[4, 2], [np.nan, 9]])
    for one, sign in ((found.mean, 1), (found.own[0], 1), (found.shared[0], -1)):
        np.testing.assert_array_equal(one, [[sign * 40, sign * 20], [0, sign * 140]])


def test_groups_have_equal_counts_but_for_rounding():
    """Slices alike are a group each; without counts all are one group."""
    assert misfit.group_starts(np.full(10, 0.7), 10).tolist() == [*range(10)]
    assert misfit.group_starts(np.full(10, 0.7), 5).tolist() == [0, 2, 4, 6, 8]
    assert misfit.group_starts(np.zeros(10), 5).tolist() == [0]


def test_the_worst_of_some_tests_counts():
    """Those without a chance count for nothing, and a certain one stays certain."""
    none, fair, bad = (Goodness(1.0, 2.0, chance) for chance in (np.nan, 1.0, 0.1))
    assert np.isnan(misfit.combined([none, none]).p_value)
    assert misfit.combined([none, bad]) == bad
    assert misfit.combined([fair, none, fair]).p_value == 1
    assert misfit.combined([fair, bad, bad, none]).p_value == pytest.approx(1 - 0.9**3)


def test_a_spot_that_explains_less_than_half_means_nothing():
    """Its D is NaN with the share as the reason, where else what is to blame is named."""
    found = Estimate(1.0, 0.1, "cm2/s", "given", "noted")
    misses = Goodness(60.0, 20.0, 7e-6)
    text = "the model does not fit (chi2/nu = 3, p = 7e-06)"
    half = misfit.judged(misses, 0.5, "this").applied(found)
    assert (half.value, half.std_err, half.goodness) == (1.0, 0.1, misses)
    assert half.note == f"noted; {text}; this"
    for share, percent in ((0.49, 49), (-3.0, 0)):
        none = misfit.judged(misses, share, "this").applied(found)
        assert np.isnan([none.value, none.std_err]).all()
        assert none.note == f"noted; {text}; a spot explains {percent}% of the map"
    fits = misfit.judged(Goodness(25.0, 20.0, 0.2), 0.1, "this")
    assert (fits.reason, fits.meaningless) == ("", False)


def test_sums_may_scatter_a_quarter_more_than_readings():
    """More than that, by a chance of a thousandth, is no noise; nor is what does not scatter."""
    readings = Goodness(1600.0, 400.0, 0.0)
    most = 4 * 1.25 * stats.chi2.isf(1e-3, 20)
    for size, noisy in ((0.99, True), (1.01, False)):
        sums = Goodness(80.0, 20.0, 0.0), Goodness(size * most, 20.0, 0.0)
        assert bool(misfit.too_noisy(readings, *sums)) == noisy
    assert not misfit.too_noisy(Goodness(400.0, 400.0, 0.5), Goodness(20.0, 20.0, 0.5))


def test_whole_counts_too_even_by_chance_of_a_millionth_are_said():
    """Neither less even ones nor what is no count; what is masked is none."""
    counts, none = np.array([[7.0, 8, np.nan]]), np.empty((0, 1, 3))
    model = misfit.Model(counts, counts, none, none)
    for chance, said in ((1 - 1e-7, True), (1 - 1e-5, False)):
        note = misfit.too_even(model, Goodness(30.0, 400.0, chance))
        assert ("(chi2/nu = 0.075)" in note) == said
    broken = misfit.Model(counts / 2, counts, none, none)
    assert not misfit.too_even(broken, Goodness(30.0, 400.0, 1.0))


def test_share_that_is_explained_is_of_what_exceeds_the_noise():
    """Beyond three standard errors of chi-square, over what a level in every row leaves."""
    place = np.arange(200)
    truth = np.stack([1000 + 400 * np.sin(place / 9), 3000 + 100 * np.cos(place / 5)])
    model = truth + 0.3 * (truth.mean(1, keepdims=True) - truth)
    none = np.empty((0, *truth.shape))
    left = poisson_deviance(truth, model).sum() - 400 - 3 * np.sqrt(2 * 400)
    of = poisson_deviance(truth, truth.mean(1, keepdims=True)).sum() - (400 - 2)
    share = misfit.explained(misfit.Model(truth, model, none, none))
    assert share == pytest.approx(1 - left / of, abs=2e-4)
    flat = np.full_like(truth, 1000.0)
    assert misfit.explained(misfit.Model(flat, flat, none, none)) > 400


def deviant(excess, mean=25.0):
    """What is named where readings exceed a level, at 0, 1, ... ns and nm."""
    level = np.full(np.shape(excess), mean)
    none = np.empty((0, *level.shape))
    model = misfit.Model(level + excess, level, none, none)
    total = model.summed(np.zeros(1, int))
    return misfit.deviant(model, total, *(np.arange(float(n)) for n in level.shape))


def test_a_position_five_errors_off_its_neighbours_is_named():
    """Their errors count too; a reading is named if it is over half, of three or more."""
    error = np.sqrt(100 * (1 + 1 / 2))
    excess = np.zeros((4, 21))
    for errors, said in (
        (4.99, ""),
        (-4.99, ""),
        (5.01, "position 7 nm"),
        (-5.01, "position 7 nm"),
    ):
        excess[:, 7] = errors * error / 4
        assert deviant(excess).startswith(said)
        assert bool(deviant(excess)) == bool(said)
    assert "differs from its neighbours by 5 standard errors: mask it" in deviant(excess)
    assert deviant(15.0 * (np.arange(21) == 7)[None], 6.0)  # of 15 / 3, which is five exactly
    excess[:, 7] = np.array([0.2, 0.1, 0.51, 0.19]) * 8 * error
    named = deviant(excess)
    assert named.startswith("the reading at 2 ns and 7 nm differs from others there by 8 standard")
    excess[2:, 7] = np.array([0.49, 0.21]) * 8 * error
    assert deviant(excess).startswith("position 7 nm")
    excess[:2, 7] = np.array([0.02, 0.78]) * 8 * error
    assert deviant(excess[:3]).startswith("the reading at 1 ns")
    assert deviant(excess[:2] * 2, 50.0).startswith("position 7 nm")


def test_no_position_is_blamed_for_a_slope_or_a_misfit_of_all():
    """A straight excess has no kink; where all zigzag, one more zag is usual."""
    slope = np.tile(30.0 * np.arange(21), (4, 1))
    assert not deviant(slope)
    zigzag = 10.0 * np.random.default_rng(1).normal(size=(1, 61)) * np.ones((4, 1))
    assert not deviant(zigzag)
    zigzag[:, 30] += 150
    assert deviant(zigzag).startswith("position 30 nm")
    few = np.zeros((4, 21))
    few[:, 5] = 5.1 * np.sqrt(1.5) / 4
    assert deviant(few, 1e-3).startswith("position 5 nm")
    few[:, 5] *= 4.8 / 5.1
    assert not deviant(few, 1e-3)


def test_kinks_of_a_misfit_are_in_deviations_of_all():
    """The scale is the median deviation of normal kinks, where this is above one error."""
    excess, error = np.zeros((1, 401)), np.sqrt(1.5 * 25)
    excess[:, 1::2] = 40 * np.random.default_rng(3).normal(size=200)
    excess[:, 200:205] = 0
    kinks = excess[0, 1:-1] - (excess[0, 2:] + excess[0, :-2]) / 2
    scale = stats.median_abs_deviation(kinks / error, scale="normal")
    for errors, said in ((4.9, False), (5.1, True)):
        excess[:, 202] = errors * scale * error
        assert bool(deviant(excess)) == said


def test_smooth_means_are_medians_of_five_along_positions():
    """Ends repeat, masked readings are dark, and there are no derivatives."""
    counts = np.array([[1.0, 9, 2, 8, 3, 7], [5, 5, np.nan, 5, 5, 5]])
    model = misfit.smooth_model(counts)
    assert model.mean.tolist() == [[1, 2, 3, 7, 7, 7], [5, 5, 5, 5, 5, 5]]
    three = np.array([[0.0] * 4 + [9.0] * 3 + [0.0] * 4])
    np.testing.assert_array_equal(misfit.smooth_model(three).mean, three)
    assert model.own.shape == model.shared.shape == (0, 2, 6)
    np.testing.assert_array_equal(model.counts, counts)
