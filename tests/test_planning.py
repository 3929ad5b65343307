"""Plans: the error that they promise is the scatter of scans that are drawn by them."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
import scipy

from tptools import planning
from tptools.fitting import cramer_rao_bound, diffusivity
from tptools.fitting.performance import detection_limit
from tptools.planning import ScanPlan, alternatives, plan_scan

N_DRAWS = 40


@pytest.mark.parametrize(("d", "error", "fwhm_nm"), [(0.01, 0.001, 600), (0.1, 0.01, 500)])
def test_the_error_is_that_of_redraws(d, error, fwhm_nm):
    """Many scans by the plan scatter by the wanted error about what was put in, within chance."""
    plan = plan_scan(d, error, count_rate_Hz=3000, spot_fwhm_nm=fwhm_nm)
    window = (0.0, plan.window_ns)
    found = [diffusivity(plan.draw(k), "global", window_ns=window).value for k in range(N_DRAWS)]
    chi_square = np.sum((np.array(found) - d) ** 2) / error**2
    low, high = scipy.stats.chi2.ppf([1e-3, 1 - 1e-3], N_DRAWS)
    assert low < chi_square < high


def test_time_goes_as_one_over_the_error_squared():
    """Half the error takes four times the time, the same window and step."""
    one, half = (plan_scan(0.05, error, count_rate_Hz=2000) for error in (0.004, 0.002))
    assert half.total_s == pytest.approx(4 * one.total_s)
    assert (half.window_ns, half.step_nm, half.span_nm) == (
        one.window_ns, one.step_nm, one.span_nm,
    )  # fmt: skip


def test_photons_are_counted_as_the_counter_does():
    """With the detector at rest on the centre, all light in all times is the count rate."""
    plan = plan_scan(0.05, 0.005, count_rate_Hz=2000, window_ns=44.0, background_rate_Hz=0)
    centre = plan.expected().sel(position_nm=0, method="nearest")
    assert float(centre.sum()) == pytest.approx(2000 * plan.dwell_s, rel=0.02)


def test_the_plan_is_hardly_worse_than_any_other():
    """No window within three lifetimes and no step that is tried saves more than a tenth."""
    plan = plan_scan(0.02, 0.002, count_rate_Hz=2000)
    others = alternatives(plan)
    allowed = (others.choice == "step_nm") | (others.value <= 3 * plan.lifetime_ns + 1e-9)
    assert others.time[allowed].min() > 0.9
    assert others.time.max() > 2


def test_what_is_given_is_kept_and_its_bound_is_the_error():
    """Window, step and span by hand stay, and the time makes up for them."""
    by_hand = {"window_ns": 3.0, "step_nm": 50.0, "span_nm": 3000.0}
    plan = plan_scan(0.05, 0.002, count_rate_Hz=2000, **by_hand)
    assert (plan.window_ns, plan.step_nm, plan.span_nm) == (3.0, 50.0, 3000.0)
    counts = plan.expected()
    background = 100 * plan.dwell_s * 3.0 / 400 / 60
    bound = cramer_rao_bound(
        counts.time_ns, counts.position_nm, (counts - background).sum("position_nm"),
        diffusivity_cm2_s=0.05, variance_nm2=(600 / 2.3548) ** 2, background=background,
    )  # fmt: skip
    assert bound == pytest.approx(0.002, rel=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [{"count_rate_Hz": 0}, {"window_ns": 500.0}, {"step_nm": 900.0, "span_nm": 1000.0},
     {"lifetime_ns": -1}, {"period_ns": float("nan")}],
)  # fmt: skip
def test_what_no_scan_can_have_is_refused(wrong):
    """By name, before anything is worked out."""
    (name, *_) = wrong
    with pytest.raises(ValueError, match=name.split("_")[0]):
        plan_scan(0.05, 0.005, **{"count_rate_Hz": 2000, **wrong})


SIGMA_NM = 600 / np.sqrt(8 * np.log(2))


@pytest.fixture(scope="module")
def plan():
    """A plan for the spot of the paper."""
    return plan_scan(0.05, 0.005, count_rate_Hz=2000)


def chosen(values, times):
    """First of some values that costs no more than 5 % beyond the best."""
    return next(one for one, t in zip(values, times, strict=True) if t <= 1.05 * min(times))


def test_a_number_that_no_scan_can_have_is_refused_by_its_name(plan):
    """Zero is allowed for D and for the background alone, and nothing is below it."""
    for one in fields(ScanPlan):
        for value in (-1.0, 0.0, float("nan")):
            if value == 0 and one.name in ("diffusivity_cm2_s", "background_rate_Hz"):
                assert replace(plan, **{one.name: value}).n_positions == plan.n_positions
            else:
                with pytest.raises(ValueError, match=f"^{one.name}"):
                    replace(plan, **{one.name: value})
    for name in ("lifetime_ns", "period_ns", "spot_fwhm_nm"):
        with pytest.raises(ValueError, match=f"^{name} = -1"):
            plan_scan(0.05, 0.005, count_rate_Hz=2000, **{name: -1})
    assert type(replace(plan, step_nm=np.float64(50)).step_nm) is float


@pytest.mark.parametrize(
    ("within", "beyond", "reason"),
    [
        (
            {"window_ns": 200, "period_ns": 200},
            {"window_ns": 200, "period_ns": 199},
            "window_ns = ",
        ),
        (
            {"window_ns": 100, "lifetime_ns": 1},
            {"window_ns": 101, "lifetime_ns": 1},
            "window_ns / lifetime_ns = 101.0 .* 100",
        ),
        (
            {"span_nm": 4, "step_nm": 1},
            {"span_nm": 3.9, "step_nm": 1},
            "span_nm / step_nm = 3.9 .* 4",
        ),
        (
            {"span_nm": 1e4, "step_nm": 1},
            {"span_nm": 10001, "step_nm": 1},
            "span_nm / step_nm = 10001.0 .* 10000",
        ),
    ],
)
def test_ratios_have_their_limits(plan, within, beyond, reason):
    """The limit itself is allowed."""
    assert replace(plan, **within).total_s > 0
    with pytest.raises(ValueError, match=f"^{reason}"):
        replace(plan, **beyond)


def test_defaults_are_the_spot_and_the_laser_of_the_paper(plan):
    """600 nm as scanned, 2.2 ns, 2.5 MHz, and a hundred dark counts."""
    told = plan.spot_fwhm_nm, plan.lifetime_ns, plan.period_ns, plan.background_rate_Hz
    assert told == (600, 2.2, 400, 100)


def test_expected_counts_are_those_of_a_spot_that_spreads(plan):
    """Light at the centre falls by spreading and lifetime, at the edge there is background."""
    mean = plan.expected()
    at, time = mean.position_nm.to_numpy(), mean.time_ns.to_numpy()
    np.testing.assert_allclose(at, -at[::-1], atol=1e-9)
    np.testing.assert_allclose(np.diff(at), plan.step_nm)
    assert at.size == plan.n_positions == int(plan.span_nm / plan.step_nm) + 1
    np.testing.assert_allclose(time, (np.arange(60) + 0.5) * plan.window_ns / 60)
    background = 100 * plan.dwell_s * plan.window_ns / 60 / 400
    wide = replace(plan, span_nm=20 * SIGMA_NM).expected()
    np.testing.assert_allclose(wide[:, 0], background, rtol=1e-3)
    assert float((wide - background).sum()) == pytest.approx(plan.n_photons)
    variance = SIGMA_NM**2 + 2 * 0.05e5 * time
    light = np.exp(-time / 2.2 - at[:, None] ** 2 / (2 * variance)) * SIGMA_NM**2 / variance
    shape = (mean - background).to_numpy().T
    np.testing.assert_allclose(shape / shape.max(), light / light.max(), rtol=1e-6, atol=1e-9)
    assert plan.total_s == pytest.approx(at.size * plan.dwell_s)
    assert plan.photons_per_pulse == pytest.approx(2000 * 400e-9)


def test_drawn_counts_are_whole_and_their_seed_is_kept(plan):
    """Another seed gives other counts, on the same axes and about the same mean."""
    first, again, other = (plan.draw(seed) for seed in (1, 1, 2))
    assert first.identical(again)
    assert not first.equals(other)
    assert first.dtype.kind == "i"
    mean = plan.expected()
    assert first.sizes == mean.sizes
    assert abs(float((first - mean).sum())) < 4 * float(mean.sum()) ** 0.5


def test_what_is_told_from_zero_is_that_of_a_scan_without_spreading():
    """The limit is that of the wanted error where D is zero, whatever D is expected."""
    still = plan_scan(0.0, 0.002, count_rate_Hz=2000)
    assert still.detection_limit_cm2_s == pytest.approx(detection_limit(0.002))
    spreading = replace(still, diffusivity_cm2_s=0.05)
    assert spreading.detection_limit_cm2_s == pytest.approx(detection_limit(0.002))


def test_units_do_not_matter():
    """Lengths a thousand times smaller and times ten times shorter give the same scan."""
    large = {"spot_fwhm_nm": 600.0, "lifetime_ns": 2.2, "period_ns": 4.0}
    small = {"spot_fwhm_nm": 0.6, "lifetime_ns": 0.22, "period_ns": 0.4}
    one, other = (
        plan_scan(0.05 * scale, 0.005 * scale, count_rate_Hz=2000, **given)
        for scale, given in ((1, large), (1e-5, small))
    )
    assert other.n_positions == one.n_positions
    assert other.dwell_s == pytest.approx(one.dwell_s)
    assert other.window_ns == pytest.approx(one.window_ns / 10)
    assert other.span_nm == pytest.approx(one.span_nm / 1e3)


def gaps_are_small(tried):
    """Whether each is longer than the one before, by a half at most."""
    ratio = np.divide(tried[1:], tried[:-1])
    return min(ratio) > 1 and max(ratio) < 1.5 + 1e-9


def test_spans_leave_no_gap():
    """No plan tells which were tried."""
    assert gaps_are_small(planning.SPANS)


def test_alternatives_are_plans_with_this_choice(plan):
    """Their time is that of a plan where window, or step, is given; ends and gaps are bounded."""
    others = alternatives(plan)
    kinds = {name: rows.set_index("value").time for name, rows in others.groupby("choice")}
    assert kinds.keys() == {"window_ns", "step_nm"}
    for window_ns, time in kinds["window_ns"].items():
        given = {"window_ns": window_ns, "step_nm": plan.step_nm}
        own = plan_scan(0.05, 0.005, count_rate_Hz=2000, **given)
        assert own.total_s / plan.total_s == pytest.approx(time)
    for step_nm, time in kinds["step_nm"].items():
        given = {"window_ns": plan.window_ns, "step_nm": step_nm, "span_nm": plan.span_nm}
        own = plan_scan(0.05, 0.005, count_rate_Hz=2000, **given)
        assert own.total_s / plan.total_s == pytest.approx(time)
    for tried, unit, low, high in (
        (kinds["window_ns"].index, plan.lifetime_ns, 0.5, 6),
        (kinds["step_nm"].index, SIGMA_NM, 0.2, 0.8),
    ):
        np.testing.assert_allclose(tried[[0, -1]], [low * unit, high * unit])
        assert gaps_are_small(tried)
    with pytest.raises(TypeError, match=r"^plan is"):
        alternatives(None)


def test_the_shortest_window_that_costs_hardly_more_is_taken():
    """Of those within three lifetimes, at most 5 % above the best; and within the period."""
    for d in (0.0, 0.5):
        plan = plan_scan(d, 0.005, count_rate_Hz=2000, step_nm=100.0)
        others = alternatives(plan)
        rows = others[(others.choice == "window_ns") & (others.value < 3.01 * plan.lifetime_ns)]
        assert plan.window_ns == chosen(rows.value, rows.time)
    slow = plan_scan(0.05, 0.005, count_rate_Hz=2000, lifetime_ns=300.0, step_nm=100.0)
    windows = alternatives(slow).query("choice == 'window_ns'").value
    assert windows.max() == 400
    assert not windows.duplicated().any()
    assert plan_scan(0.05, 0.005, count_rate_Hz=2000, lifetime_ns=500.0).window_ns <= 400


def test_the_largest_step_that_costs_hardly_more_is_taken():
    """At most 5 % above the best, of those of which the span holds five."""
    given = {"window_ns": 3.0, "count_rate_Hz": 2000.0}
    for background_rate_Hz in (1.0, 1e4):
        own = {**given, "background_rate_Hz": background_rate_Hz}
        plan = plan_scan(0.05, 0.005, span_nm=2000.0, **own)
        rows = alternatives(plan).query("choice == 'step_nm'")[::-1]
        assert plan.step_nm == chosen(rows.value, rows.time)
    for edge, largest in ((1 + 1e-9, 0.5), (1 - 1e-9, 0.4)):
        plan = plan_scan(0.05, 0.005, span_nm=2.5 * SIGMA_NM * edge, **given)
        steps = alternatives(plan).query("choice == 'step_nm'").value
        assert steps.max() == pytest.approx(largest * SIGMA_NM)


@pytest.mark.parametrize("background_rate_Hz", [0.0, 3e3])
def test_the_narrowest_span_that_costs_hardly_more_is_taken(background_rate_Hz):
    """Of six to twelve widths that the spot has at the end, and of four steps at least."""
    given = {"window_ns": 6.0, "count_rate_Hz": 2000.0, "background_rate_Hz": background_rate_Hz}
    given |= {"step_nm": 120.0}
    plan = plan_scan(0.2, 0.02, **given)
    spans = np.array([6, 7, 8, 9, 10, 12]) * np.sqrt(SIGMA_NM**2 + 2 * 0.2e5 * 6)
    times = [plan_scan(0.2, 0.02, span_nm=one, **given).total_s for one in spans]
    assert plan.span_nm == pytest.approx(chosen(spans, times))
    coarse = plan_scan(0.05, 0.005, count_rate_Hz=2000, window_ns=3.0, step_nm=700.0)
    assert coarse.span_nm == 2800
