"""Plans: the error that they promise is the scatter of scans that are drawn by them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy

from tptools.fitting import cramer_rao_bound, diffusivity
from tptools.planning import alternatives, plan_scan

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
