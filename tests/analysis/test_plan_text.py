"""A plan in lines says the numbers of the plan, each in its own unit."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tptools.analysis.plan_text import lines_of_plan
from tptools.planning import alternatives, plan_scan


@pytest.fixture(scope="module")
def plan():
    """A scan that finds 0.05 cm2/s to 0.01."""
    return plan_scan(0.05, 0.01, count_rate_Hz=4000)


def said(scan, n_redraws=0):
    """Numbers of each line, by its first word."""
    lines = [line for line in lines_of_plan(scan, n_redraws) if line]
    return {
        line.split()[0]: [*map(float, re.findall(r"\d+(?:\.\d+)?(?:e[+-]\d+)?", line))]
        for line in lines
    }


def test_numbers_are_those_of_the_plan(plan):
    """To the digits that are shown, and what another choice costs is as it was computed."""
    found = said(plan)
    assert found["For"][:2] == [plan.diffusivity_cm2_s, plan.error_cm2_s]
    assert found["photons"] == pytest.approx([plan.n_photons], rel=0.05)
    assert found["time"][1:] == pytest.approx([plan.n_positions, plan.dwell_s], rel=0.05)
    assert found["told"] == pytest.approx([plan.detection_limit_cm2_s, 2], rel=0.05)
    others = alternatives(plan)
    for name in ("window", "step"):
        rows = others[others.choice.str.startswith(name)]
        pairs = rows[["value", "time"]].to_numpy().ravel()
        assert found[name] == pytest.approx(pairs, rel=0.01)
    text = "\n".join(lines_of_plan(plan))
    assert re.search(r"^  window +\S+ ns x.*\n  step +\S+ nm x", text, re.MULTILINE)


def test_parts_are_set_apart(plan):
    """Plan, alternatives and assumptions are three paragraphs, and what was drawn is a fourth."""
    for n_redraws, parts in ((0, 3), (2, 4)):
        text = "\n".join(lines_of_plan(plan, n_redraws))
        assert len(text.split("\n\n")) == parts


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(119, "1.2e+02 s"), (121, "2 min"), (7199, "1.2e+02 min"), (7201, "2 h"), (172801, "2 days")],
)
def test_times_are_in_the_largest_unit_of_which_there_are_two(plan, seconds, shown):
    """Two minutes, hours and days and no less."""
    long = replace(plan, dwell_s=seconds / plan.n_positions)
    assert f"  time        {shown}: " in "\n".join(lines_of_plan(long))


def test_full_counters_are_told():
    """Above the limit of photons a pulse there is a warning, at it and below there is none."""
    dim, bright = (plan_scan(0.05, 0.01, count_rate_Hz=rate) for rate in (4000, 4e5))
    assert "Warning" not in said(dim)
    assert "Warning" not in said(plan_scan(0.05, 0.01, count_rate_Hz=1e6, period_ns=50))
    assert said(bright)["Warning:"][0] == pytest.approx(bright.photons_per_pulse, rel=0.05)


def test_what_scatters_more_takes_more_light(plan):
    """A method takes the square of its scatter over the error, and few scans tell little."""
    found = said(plan, 3)
    assert found["Scatter"] == [3, 50]
    for name in ("slices", "global", "moment", "convolution"):
        scatter, times = found[name][0], found[name][-1]
        assert times == pytest.approx((scatter / plan.error_cm2_s) ** 2, rel=0.1, abs=0.1)
