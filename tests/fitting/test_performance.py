"""Tests of tptools.fitting.performance."""

import math

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.optimize import curve_fit

from tptools.estimate import Estimate
from tptools.fitting import diffusivity, fit_profiles, line_through_slices, variance_growth
from tptools.fitting.performance import (
    METHODS,
    compare_experiments,
    detected,
    detection_limit,
    mean_over_records,
    repeat,
    second_moment,
    summarise_repetitions,
    variance_err_photons,
    variance_err_white_noise,
)
from tptools.noise import add_noise, noisy_profiles, simulate_map
from tptools.randomness import derive_seed, generator

TIME_NS = np.arange(0, 3, 0.1)
TRACE = xr.DataArray(np.exp(-TIME_NS / 2.3), {"time_ns": TIME_NS})
CLEAN = simulate_map(TRACE, seed=0, noise="none", background_counts=0)
SIGMA_NM, PIXEL_NM, WINDOW_NM = 600 / 2.35482, 50.0, 3050.0


def by_hand(counts, background):
    """D from scipy's fits to every slice and an unweighted line through the origin."""

    def gaussian(x, a, c, v, b=0.0):
        return a * np.exp(-((x - c) ** 2) / (2 * v)) + b

    x, start = counts.position_nm.values, [300, 0, 65000, 1][: 3 + background]
    variance = np.array([curve_fit(gaussian, x, row, start)[0][2] for row in counts.values])
    growth, time = variance - variance[0], counts.time_ns.values
    return float((growth @ time) / (time @ time) / 2e5)


def test_slices_are_the_default():
    """With a fitted background and a line through the origin it is method `slices`."""
    record = add_noise(CLEAN, seed=1, noise="poisson")
    one, other = line_through_slices(record), diffusivity(record)
    assert (one.value, one.std_err) == (other.value, other.std_err)


@pytest.mark.parametrize("noise", ["one_sided_mean", "none"])
@pytest.mark.parametrize("background", ["fitted", "ignored"])
@pytest.mark.filterwarnings("ignore:Covariance of the parameters")
def test_bias_is_that_of_another_fit(noise, background):
    """What Eq. 12 and an ignored background do to D is the same with scipy's fit."""
    mean = add_noise(CLEAN, seed=0, noise=noise)
    expected = by_hand(mean, background == "fitted")
    found = line_through_slices(mean, background=background).value
    assert found == pytest.approx(expected, rel=0.03)  # other weights
    biased = background == "ignored" or noise == "one_sided_mean"
    assert (found > 0.0115) == biased


def test_background_from_edges_is_right_in_a_wide_window_only():
    """Signal at the edges of a narrow window is taken for background, and D is too small."""
    mean = add_noise(CLEAN, seed=0, noise="none")
    narrow = mean.sel(position_nm=slice(-600, 600))
    assert line_through_slices(mean, background="edges").value == pytest.approx(0.01, rel=0.02)
    assert line_through_slices(narrow, background="edges").value < 0.006
    assert line_through_slices(narrow).value == pytest.approx(0.01, rel=1e-3)


def test_a_record_without_widths_is_nan():
    """A flat map has no slice with a width, and the note says so."""
    found = line_through_slices(xr.zeros_like(CLEAN))
    assert math.isnan(found.value)
    assert found.note == "first slice: no counts"


def test_methods_agree_on_a_bright_record():
    """All five find the same D where there is little noise."""
    record = add_noise(1000 * CLEAN, seed=2, noise="poisson")
    for name, method in METHODS.items():
        assert method(record).value == pytest.approx(0.01, rel=0.05), name


def test_repetitions_follow_the_seed():
    """Every record has a seed of its own; a method with fewer records is NaN beyond them."""
    methods = {"seed": lambda r: Estimate(float(r), 1.0, "cm2/s", "seed")}
    methods |= {"less": methods["seed"]}
    found = repeat(lambda seed: xr.DataArray(seed), {"seed": 3, "less": 2}, methods, seed=7)
    seeds = [float(derive_seed(7, "record", k)) for k in range(3)]
    np.testing.assert_array_equal(found.value, [seeds, [*seeds[:2], np.nan]])
    with pytest.raises(ValueError, match=r"^n_records = 0"):
        repeat(lambda seed: xr.DataArray(seed), 0, methods)


def test_repetitions_of_different_seeds_share_no_record():
    """Neighbouring seeds are different experiments, and so are the values of a comparison."""
    drawn = []

    def draw(seed):
        drawn.append(seed)
        return xr.DataArray(0.0)

    nothing = {"": lambda record: Estimate(0.0, 1.0, "cm2/s", "nothing")}
    for seed in range(3):
        repeat(draw, 50, nothing, seed=seed)
        compare_experiments("D_cm2_s", {0.1: draw, 0.2: draw}, 10, nothing, seed=seed)
    assert len(set(drawn)) == len(drawn) == 210


def test_an_experiment_more_changes_no_other():
    """What is found at one value does not depend on the values beside it."""
    one = {"D": lambda r: Estimate(float(r), 1.0, "cm2/s", "draw")}
    draws = dict.fromkeys([0.3, 0.1, 5], lambda seed: xr.DataArray(generator(seed).normal()))
    many = compare_experiments("D_cm2_s", draws, 3, one)
    for value in draws:
        alone = compare_experiments("D_cm2_s", {float(value): draws[value]}, 3, one)
        xr.testing.assert_equal(many.sel(D_cm2_s=[value]), alone)


def test_summary_of_a_known_distribution():
    """Bias, spread and coverage of shifted normal numbers are what was put in."""
    rng = np.random.default_rng(3)
    value = xr.DataArray(rng.normal(1.2, 0.5, 40_000), dims="record")
    value[0] = np.nan
    found = xr.Dataset({"value": value, "std_err": xr.full_like(value, 0.5)})
    summary = summarise_repetitions(found, 1.2)
    assert abs(float(summary.bias)) < 4 * float(summary.bias_err)
    assert float(summary.spread) == pytest.approx(0.5, abs=4 * float(summary.spread_err))
    assert float(summary.coverage) == pytest.approx(0.683, abs=4 * float(summary.coverage_err))
    assert float(summary.stated) == 0.5


def test_detection_limit_has_both_error_rates():
    """At the limit, 95 % are above the threshold that 5 % pass at zero."""
    rng = np.random.default_rng(4)
    zero, moved = (xr.DataArray(rng.normal(d, 1, 40_000), dims="record") for d in (0, 3.2897))
    assert detection_limit(1.0) == pytest.approx(3.2897, rel=1e-4)
    assert float(detected(moved, zero)) == pytest.approx(0.95, abs=0.006)
    assert float(detected(zero, zero)) == pytest.approx(0.05, abs=0.001)


def test_variance_error_in_white_noise():
    """Scatter of fits is that of the formula, with the price of a fitted background."""
    profile = 1000 + 100 * CLEAN[0] / CLEAN[0].max()
    noisy = noisy_profiles(profile, 4000, seed=5, white_noise=5)
    scatter = float(fit_profiles(noisy).variance_nm2.std("record"))
    formula = variance_err_white_noise(SIGMA_NM, PIXEL_NM, 20, WINDOW_NM)
    assert scatter == pytest.approx(formula, rel=0.05)


def test_variance_error_from_the_fisher_matrix():
    """Formulas are those of the numerical Fisher matrix, with and without background."""
    x = np.arange(-4000, 4000, 20.0)
    g = np.exp(-(x**2) / (2 * SIGMA_NM**2))
    rows = [g, g * x**2 / (2 * SIGMA_NM**4), np.ones_like(x)]
    for n, window in ((2, math.inf), (3, 8000.0)):
        fisher = 20**2 * np.array([[a @ b for b in rows[:n]] for a in rows[:n]])
        expected = math.sqrt(np.linalg.inv(fisher)[1, 1])
        assert variance_err_white_noise(SIGMA_NM, 20, 20, window) == pytest.approx(
            expected, rel=1e-3
        )


def test_variance_error_of_photons():
    """The second moment reaches the bound, and least squares its own larger error."""
    draws = noisy_profiles(CLEAN[0] * 5000 / CLEAN[0].sum(), 4000, seed=6)
    moment = float(second_moment(draws).std("record"))
    fit = float(fit_profiles(draws, background=False).variance_nm2.std("record"))
    assert moment == pytest.approx(variance_err_photons(SIGMA_NM, 5000), rel=0.05)
    expected = variance_err_photons(SIGMA_NM, 5000, least_squares=True)
    assert fit == pytest.approx(expected, rel=0.05)


def test_impossible_arguments_are_refused():
    """The error names the number."""
    with pytest.raises(ValueError, match=r"^contrast_to_noise = 0"):
        variance_err_white_noise(255, 50, 0)
    with pytest.raises(ValueError, match="window_nm / sigma_nm"):
        variance_err_white_noise(255, 50, 20, 1000)
    with pytest.raises(ValueError, match=r"^n_photons = -1"):
        variance_err_photons(255, -1)
    with pytest.raises(ValueError, match=r"^background = 'guess'"):
        line_through_slices(CLEAN, background="guess")


def test_mean_over_records_has_the_error_of_a_mean():
    """It is the mean of what `repeat` finds, and scatters as little as it says."""

    def noisy(record):
        return Estimate(float(record), 1.0, "cm2/s", "draw")

    def draw(seed):
        return xr.DataArray(np.random.default_rng(seed).normal(5, 2))

    mean = mean_over_records(draw, 400, noisy, seed=7)
    assert mean.value == float(repeat(draw, 400, {"one": noisy}, seed=7).value.mean())
    assert mean.std_err == pytest.approx(0.1, rel=0.15)
    assert abs(mean.z(5.0)) < 4


@pytest.mark.parametrize("window_ns", [(3, 0), (1, 1), (math.nan, 2), (0.0, 0.05), (5, 9)])
@pytest.mark.parametrize(
    "measure", [line_through_slices, diffusivity, variance_growth, METHODS["global"]]
)
def test_windows_that_hold_nothing_are_refused(measure, window_ns):
    """A reversed, empty or short window is an error that names it, in every function alike."""
    with pytest.raises(ValueError, match=r"^window_ns = "):
        measure(CLEAN, window_ns=window_ns)


def test_an_unknown_error_bar_does_not_count_against_coverage():
    """Records whose error is NaN are left out of the coverage, and of its error."""
    known = xr.Dataset({"value": ("record", [1.0, 1.0]), "std_err": ("record", [0.1, 0.1])})
    some = xr.Dataset(
        {"value": ("record", [1.0, 1.0, 1.0]), "std_err": ("record", [0.1, 0.1, np.nan])}
    )
    truths = [1.0, 2.0]
    for true in truths:
        assert float(summarise_repetitions(some, true).coverage) == float(
            summarise_repetitions(known, true).coverage
        )


def test_a_mean_says_how_many_records_it_lacks():
    """Records without a value are counted in the note."""

    def every_other(record):
        value = float(record)
        return Estimate(math.nan if value > 0 else value, 1.0, "cm2/s", "half")

    signs = np.random.default_rng(0).choice([-1.0, 1.0], 9)
    draws = iter(signs)
    found = mean_over_records(lambda seed: xr.DataArray(next(draws)), 9, every_other)
    assert found.note == f"{(signs > 0).sum()} of them gave no value"
    assert found.value == -1.0


def test_positions_beyond_do_not_count():
    """A cut window gives what a record of that width gives."""
    x = np.linspace(-1500, 1500, 61)
    spot = simulate_map(TRACE, seed=0, noise="none", position_nm=x)
    cut = spot.sel(position_nm=slice(-600, 600))
    assert line_through_slices(spot, within_nm=600) == line_through_slices(cut)


def test_methods_are_those_of_the_library_without_a_look_at_the_fit():
    """By their names; the free intercept belongs to a line through slices."""
    record = add_noise(CLEAN, seed=3, noise="poisson")
    found = {name: method(record) for name, method in METHODS.items()}
    for name in ("slices", "global", "convolution", "moment"):
        assert found[name].value == diffusivity(record, name).value
    assert {one.goodness for one in found.values()} == {None}
    free = line_through_slices(record, free_intercept=True)
    assert found.pop("slices, free intercept").value == free.value
    assert {*found} == {"slices", "global", "convolution", "moment"}


def test_summary_of_three_records_by_hand():
    """Errors of mean, spread and share; a value that is missing counts nowhere."""
    value = [1.0, 2.0, 4.0, np.nan]
    found = xr.Dataset({"value": ("record", value), "std_err": ("record", [1.5, 0.2, 1.0, 0.7])})
    summary = summarise_repetitions(found, 1.75)
    spread = np.std([1, 2, 4], ddof=1)
    expected = {
        "bias": 7 / 3 - 1.75,
        "bias_err": spread / math.sqrt(3),
        "spread": spread,
        "spread_err": spread / math.sqrt(2 * 2),
        "stated": 0.85,
        "coverage": 1 / 3,
        "coverage_err": math.sqrt(1 / 3 * 2 / 3 / 3),
    }
    assert {name: float(one) for name, one in summary.items()} == pytest.approx(expected)


def test_limits_keep_their_container():
    """Of a number, an array or a column of spreads, each with its names."""
    array = detection_limit(xr.DataArray([1.0, 2.0], {"x": [5, 6]}))
    column = detection_limit(pd.Series([1.0, 2.0], ["a", "b"]))
    assert array.values.tolist() == column.tolist() == [detection_limit(1.0), detection_limit(2.0)]
    assert (array.x.values.tolist(), [*column.index]) == ([5, 6], ["a", "b"])


def test_shares_are_of_records_with_a_value():
    """Records without one are no sign of anything, and nothing is left but other dimensions."""
    zero = xr.DataArray(np.zeros((2, 5)), dims=("x", "record"))
    found = xr.DataArray([[1.0, -1.0, np.nan, np.nan, np.nan], 5 * [2.0]], dims=("x", "record"))
    share = detected(found, zero)
    assert share.values.tolist() == [0.5, 1.0]
    assert not share.coords
    for name in ("found", "at_zero"):
        given = {"found": found, "at_zero": zero}
        with pytest.raises(ValueError, match=f"^{name} lacks record .*what repeat returns"):
            detected(**given | {name: given[name].isel(record=0)})


def test_moments_of_signed_and_masked_profiles():
    """What a background has left below zero counts, a masked position does not."""
    x = np.array([-30.0, -10.0, 0.0, 20.0, 50.0])
    counts = np.array([-1.0, 4.0, np.nan, 6.0, 1.0])
    found = second_moment(xr.DataArray(counts, {"position_nm": x}))
    seen = ~np.isnan(counts)
    mean = counts[seen] @ x[seen] / 10
    assert float(found) == pytest.approx(counts[seen] @ (x[seen] - mean) ** 2 / 10)
    assert found.attrs == {"units": "nm2"}


def test_repetitions_have_a_seed_unless_told():
    """It is 0; one record is enough, and a hundred million are too many."""
    seeds = {"seed": lambda r: Estimate(float(r), 1.0, "cm2/s", "seed")}
    [[one]] = repeat(xr.DataArray, 1, seeds).value.values
    assert one == float(derive_seed(0, "record", 0))
    first = mean_over_records(xr.DataArray, 2, seeds["seed"])
    assert first == mean_over_records(xr.DataArray, 2, seeds["seed"], seed=0)
    assert (first.unit, first.note, first.method) == ("cm2/s", "", "mean of 2 records")
    draws = {1.0: lambda seed: xr.DataArray(float(seed % 7))}
    usual = compare_experiments("x", draws, 2, seeds)
    xr.testing.assert_identical(usual, compare_experiments("x", draws, 2, seeds, seed=0))
    shifted = compare_experiments("x", draws, 2, seeds, true_cm2_s=3.0)
    assert float((usual.bias - shifted.bias).item()) == pytest.approx(2.0)
    with pytest.raises(ValueError, match=r"^n_records = 100000000 "):
        repeat(xr.DataArray, 10**8, seeds)


def test_what_is_no_experiment_is_refused():
    """By the name of what is wrong."""
    nothing = xr.Dataset({"value": 1.0, "std_err": 1.0})
    for name, call in {
        "draw": lambda: repeat(1.0, 2),
        "methods": lambda: repeat(xr.DataArray, 2, [np.abs]),
        "name": lambda: compare_experiments(1, {1.0: xr.DataArray}, 2),
        "draws": lambda: compare_experiments("x", [xr.DataArray], 2),
        "draws is empty": lambda: compare_experiments("x", {}, 2),
        "found lacks record .*what repeat returns": lambda: summarise_repetitions(nothing, 1.0),
        "found lacks value.*what repeat returns": lambda: summarise_repetitions(xr.Dataset(), 1.0),
        "profiles": lambda: second_moment(1.0),
        "spread_at_zero": lambda: detection_limit("much"),
    }.items():
        with pytest.raises((TypeError, ValueError), match=f"^{name}"):
            call()


def test_a_window_of_eight_sigma_is_wide_enough():
    """And a known background needs none."""
    usual = variance_err_white_noise(100, 10, 20)
    assert variance_err_white_noise(100, 10, 20, 800) > 1.2 * usual
    assert variance_err_white_noise(100, 10, 20, math.inf) == usual
    with pytest.raises(ValueError, match="at least 8"):
        variance_err_white_noise(100, 10, 20, 799)
