"""Tests of tptools.fitting.statistics."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from tptools.estimate import Estimate
from tptools.fitting import agree, line, power_of_agreement, rank_correlation

# few distinct values, so that ties are common
tied = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=4, max_size=30)
points = st.lists(
    st.tuples(st.floats(-10, 10), st.floats(-10, 10), st.floats(0.1, 2)), min_size=3, max_size=20
)


def correlated(rng, size, coefficient=0.6):
    """Pairs of normal variables with this coefficient of correlation."""
    first, noise = rng.normal(size=(2, size))
    return first, coefficient * first + np.sqrt(1 - coefficient**2) * noise


@given(pairs=tied)
def test_rank_correlation_is_that_of_scipy(pairs):
    """Value and p-value agree with spearmanr, also with ties."""
    x, y = np.array(pairs, float).T
    assume(np.ptp(x) > 0 and np.ptp(y) > 0)
    found, known = rank_correlation(x, y, n_resamples=100), stats.spearmanr(x, y)
    assert found.value == pytest.approx(known.statistic)
    assert found.p_value == pytest.approx(known.pvalue)
    assert found.n_points == len(pairs)
    assert -1 - 1e-9 <= found.low <= found.high <= 1 + 1e-9


@given(seed=st.integers(0, 100))
def test_ranks_are_all_that_counts(seed):
    """A monotonic change of scale changes nothing, a reversal only the sign."""
    x, y = correlated(np.random.default_rng(seed), 12)
    found, bent = (rank_correlation(x, one, n_resamples=100) for one in (y, np.exp(y)))
    assert bent == found
    assert rank_correlation(x, -y, n_resamples=100).value == pytest.approx(-found.value)


def test_interval_holds_the_truth():
    """About 95 % of intervals hold the rank correlation of normal pairs, 6/pi asin(r/2)."""
    rng = np.random.default_rng(1)
    truth = 6 / np.pi * np.arcsin(0.6 / 2)
    draws = [rank_correlation(*correlated(rng, 40), n_resamples=200) for _ in range(300)]
    held = np.mean([one.low <= truth <= one.high for one in draws])
    # percentile intervals of 40 pairs are a little too short
    assert 0.90 < held < 0.98


def test_interval_is_that_of_its_seed():
    """The same seed gives the same interval, another one nearly the same."""
    x, y = correlated(np.random.default_rng(3), 30)
    one, again, other = (rank_correlation(x, y, seed=seed) for seed in (4, 4, 5))
    assert one == again
    assert (one.low, one.high) != (other.low, other.high)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.05)
    assert str(one) == f"{one.value:.2f} [{one.low:.2f}, {one.high:.2f}]"


@given(seed=st.integers(0, 100))
def test_partial_correlation_is_that_of_residuals(seed):
    """Ranks less their lines through the ranks of `given` correlate as much."""
    rng = np.random.default_rng(seed)
    z = rng.integers(0, 8, 15)
    x, y = (one + 2 * z for one in correlated(rng, 15))
    ranks = [stats.rankdata(one) for one in (x, y, z)]
    left = [one - np.polyval(np.polyfit(ranks[2], one, 1), ranks[2]) for one in ranks[:2]]
    known = stats.pearsonr(*left).statistic
    found = rank_correlation(x, y, given=z, n_resamples=100)
    assert found.value == pytest.approx(known)
    t = known * np.sqrt(12 / (1 - known**2))
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), 12))


def test_interval_of_a_common_cause_holds_zero():
    """Two variables that a third alone drives correlate, and not at equal values of it."""
    rng = np.random.default_rng(2)
    z = rng.normal(size=60)
    x, y = z + 0.5 * rng.normal(size=(2, 60))
    plain, partial = rank_correlation(x, y), rank_correlation(x, y, given=z)
    assert plain.low > 0.5
    assert partial.low < 0 < partial.high
    assert partial.std_err == pytest.approx((partial.high - partial.low) / 3.92, rel=1e-3)


@given(rows=points)
def test_line_solves_the_normal_equations(rows):
    """Slope, intercept and errors are those of the textbook sums for known errors."""
    x, y, std_err = np.array(rows).T
    assume(np.ptp(x) > 0.5)
    weight = std_err**-2
    centre = (weight * x).sum() / weight.sum()
    spread = (weight * (x - centre) ** 2).sum()
    slope = (weight * (x - centre) * y).sum() / spread
    intercept = (weight * y).sum() / weight.sum() - slope * centre
    expected = (slope, spread**-0.5), (intercept, (1 / weight.sum() + centre**2 / spread) ** 0.5)
    for found, (value, error) in zip(line(x, y, std_err), expected, strict=True):
        assert found.value == pytest.approx(value, abs=1e-6, rel=1e-6)
        assert found.std_err == pytest.approx(error, rel=1e-6)


def test_line_errors_hold_the_truth():
    """Over many draws the pulls of slope and intercept are standard normal."""
    rng = np.random.default_rng(5)
    x, std_err = np.linspace(0, 3, 8), np.linspace(0.1, 0.4, 8)
    draws = [line(x, rng.normal(2 * x - 1, std_err), std_err) for _ in range(500)]
    for k, truth in enumerate((2, -1)):
        pulls = [(one[k].value - truth) / one[k].std_err for one in draws]
        assert stats.kstest(pulls, "norm").pvalue > 0.01


def test_p_is_uniform_where_nothing_differs():
    """Two measurements of one thing give every p-value with the same chance."""
    rng = np.random.default_rng(6)
    truth, a_err, b_err = np.linspace(1, 5, 7), 0.3, np.linspace(0.1, 0.6, 7)
    found = [
        agree(rng.normal(truth, a_err), a_err, rng.normal(truth, b_err), b_err) for _ in range(1000)
    ]
    assert stats.kstest([one.p_value for one in found], "uniform").pvalue > 0.01
    assert np.mean([one.chi2 for one in found]) == pytest.approx(7, abs=4 * np.sqrt(14 / 1000))


def test_difference_is_found():
    """One point that is five errors off is enough, and the sum is its square."""
    found = agree([1.0, 2.0, 3.0], 0.3, [1.0, 4.5, 3.0], 0.4)
    assert found.chi2 == pytest.approx(25)
    assert found.p_value == pytest.approx(stats.chi2.sf(25, 3))


def test_a_plain_number_stands_for_all_points():
    """A constant compares with each point, and may be exact."""
    a, a_err = [1.0, 2.0, 4.0], [0.5, 1.0, 2.0]
    assert agree(a, a_err, 2.0, 0.0) == agree(a, a_err, [2.0] * 3, [0.0] * 3)
    assert agree(a, a_err, 2.0, 0.0).chi2 == pytest.approx(4 + 0 + 1)


@given(rows=points, size=st.floats(-200, 200), offset=st.floats(-1e6, 1e6))
def test_line_knows_no_smallest_or_largest_number(rows, size, offset):
    """Points in other units, and far from zero, give the same line in those units."""
    x, y, std_err = np.array(rows).T
    assume(np.ptp(x) > 0.5)
    scale = 10.0**size
    plain, scaled = (line(x, f * y, f * std_err) for f in (1.0, scale))
    for one, other in zip(plain, scaled, strict=True):
        assert other.std_err == pytest.approx(scale * one.std_err, rel=1e-9)
        assert other.value / scale == pytest.approx(one.value, abs=1e-9 * one.std_err, rel=1e-6)
    moved = line(x + offset, y + 1e3 * offset, std_err)
    assert moved[0].value == pytest.approx(plain[0].value, abs=1e-4 * plain[0].std_err)
    assert moved[0].std_err == pytest.approx(plain[0].std_err, rel=1e-6)


@pytest.mark.parametrize("least", [1e-3, 1e-12, 1e-30])
def test_line_goes_through_a_point_of_great_weight(least):
    """It then has the slope of a line through that point, however small its error."""
    x, y = np.array([5.0, 1.0, 2.0]), np.array([7.0, 3.0, 5.0])
    slope, start = line(x, y, [least, 1.0, 1.0])
    far = x[1:] - x[0]
    assert slope.value == pytest.approx(far @ (y[1:] - y[0]) / (far @ far), rel=1e-5)
    assert start.value + 5 * slope.value == pytest.approx(7)
    assert (start + 5 * slope).std_err < max(1.1 * least, 1e-7)


def test_estimates_bring_their_errors():
    """Points may be Estimates in all places, and single ones stand for all points."""
    a, b = ([Estimate(v, e, "us", "fit") for v, e in rows] for rows in ([(1, 0.1)], [(2, 0.2)]))
    assert agree(a, None, b, None) == agree([1], [0.1], [2], [0.2])
    assert agree(a[0], None, [*b, *b], None) == agree(1, 0.1, [2, 2], 0.2)
    y = [*a, *b, Estimate(5.0, 0.5, "us", "fit")]
    assert line(FOUR[:3], y) == line(FOUR[:3], [1, 2, 5], [0.1, 0.2, 0.5])
    assert rank_correlation(FOUR, [*y, *a]) == rank_correlation(FOUR, [1, 2, 5, 1])
    with pytest.raises(ValueError, match=r"^y is in 'ns' and 'us' and must be in one unit"):
        line(FOUR[:3], [*a, *b, Estimate(1.0, 0.1, "ns", "fit")])


def test_tiny_errors_are_errors():
    """Squares that double precision cannot hold do not make an error zero."""
    assert agree([1e-200, 2e-200], 1e-200, 0, 0).chi2 == pytest.approx(5)


FOUR = [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rank_correlation(FOUR, FOUR[:3]), "'x': 4, 'y': 3.* at least 4"),
        (lambda: rank_correlation(FOUR[:3], FOUR[:3]), "at least 4"),
        (
            lambda: rank_correlation([1, 2, np.nan, 4], FOUR),
            "x must be finite, and point 2 is nan",
        ),
        (lambda: rank_correlation(FOUR, [2, 2, 2, 2]), "y holds one value only, 2; vary it"),
        (lambda: rank_correlation(FOUR, [0, 0, 0, 0]), "y holds one value only, 0; vary it"),
        (lambda: rank_correlation(FOUR, FOUR, n_resamples=10), "n_resamples = 10 .* at least 100"),
        (lambda: rank_correlation(FOUR, FOUR, given=[1, 1, 1, 1]), "given holds one value only"),
        (
            lambda: rank_correlation([1, 1, 2, 2], [3, 1, 3, 4], given=[5, 5, 9, 9]),
            "nothing is left to correlate",
        ),
        (lambda: line(FOUR, FOUR), "that of point 0 is 0.0"),
        (lambda: line(FOUR[:2], FOUR[:2], [1, 1]), "at least 3"),
        (lambda: line(FOUR, FOUR, [1, 1, 0, 1]), "^std_err must be positive"),
        (lambda: line(FOUR, FOUR, [1, 1, np.inf, 1]), "must be finite"),
        (lambda: line([2, 2, 2], FOUR[:3], [1, 1, 1]), "^x holds one value only, 2; vary it"),
        (
            lambda: agree(FOUR, 0.1, FOUR, [0.1, np.nan, 0.1, 0.1]),
            "b_err must be finite",
        ),
        (lambda: agree(FOUR, [0.1, np.nan, 0.1, 0.1], FOUR, 0.1), "a_err must be finite"),
        (lambda: agree([1, np.nan], 0.1, 0, 0.1), "^a must be finite, and point 1 is nan"),
        (lambda: agree(FOUR, 0, FOUR, 0), "must not both be zero"),
        (lambda: agree(FOUR, -0.1, FOUR, 0.1), "must not be negative"),
        (lambda: power_of_agreement([1, np.nan], 1, 1), "^difference must .* point 1 is nan"),
        (lambda: agree(FOUR, 0.1, FOUR[:3], 0.1), "must have the same number"),
    ],
)
def test_unusable_columns_are_refused(call, message):
    """Unequal, short, missing, constant or errorless columns are ValueErrors that say so."""
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0, 2.0])
def test_power_is_the_share_of_rejections(shift):
    """Of series that are drawn apart, the test finds as many apart as predicted."""
    rng = np.random.default_rng(1)
    a_err, b_err = np.array([1.0, 0.5, 2.0]), np.array([0.3, 1.0, 1.0])
    true = shift * np.array([1.0, -1.0, 1.5])
    draws = 2000
    rejected = [
        agree(rng.normal(true, a_err), a_err, rng.normal(0, b_err), b_err).p_value < 0.05
        for _ in range(draws)
    ]
    predicted = power_of_agreement(true, a_err, b_err)
    assert abs(np.mean(rejected) - predicted) < 4 * np.sqrt(predicted * (1 - predicted) / draws)


def test_power_without_errors_is_refused():
    """A pair without an error, or a level outside (0, 1), has no answer."""
    with pytest.raises(ValueError, match=r"^difference"):
        power_of_agreement([np.nan, 1.0], 0.1, 0.1)
    with pytest.raises(ValueError, match="must not both be zero"):
        power_of_agreement([1, 1], [1, 0], [1, 0])
    with pytest.raises(ValueError, match=r"^level"):
        power_of_agreement([1], [1], [1], level=1.5)


def test_a_bootstrap_of_one_seed_has_one_result():
    """Its points are counted."""
    found = rank_correlation(FOUR, FOUR[::-1], n_resamples=100)
    assert found.n_points == 4
    assert found == rank_correlation(FOUR, FOUR[::-1], n_resamples=100)


def test_names_of_columns_are_those_of_the_arguments():
    """Where their numbers differ, and where one of them is missing."""
    for columns, said in (
        ((FOUR, 0.1, [1.0, np.nan, 2.0, 3.0], 0.1), "^b must be finite, and point 1"),
        ((FOUR, [0.1, 0.1], FOUR, 0.1), "'a': 4, 'a_err': 2, 'b': 4"),
        ((FOUR, 0.1, FOUR, -0.1), "a_err and b_err must not be negative"),
    ):
        with pytest.raises(ValueError, match=said):
            agree(*columns)
    for name in ("x", "y", "given"):
        columns = {"x": FOUR, "y": FOUR[::-1], "given": [1.0, 3.0, 2.0, 4.0]}
        with pytest.raises(ValueError, match=f"^{name} "):
            rank_correlation(**columns | {name: [1.0, np.nan, 2.0, 3.0]})
    assert rank_correlation(FOUR, FOUR[::-1]).p_value == 0


@pytest.mark.parametrize("level", [0.05, 0.3])
def test_power_without_a_difference_is_the_level(level):
    """And grows to one with it; by default the level is five per cent."""
    assert power_of_agreement([0.0, 0.0], 1, 1, level=level) == level
    small = power_of_agreement([1e-6, 0.0], 1, 1, level=level)
    assert small == pytest.approx(level, rel=1e-6)
    assert power_of_agreement([9.0, 9.0], 1, 1, level=level) > 0.999
    usual = power_of_agreement([2.0, 1.0], 1, 1)
    assert usual == power_of_agreement([2.0, 1.0], 1, 1, level=0.05)
