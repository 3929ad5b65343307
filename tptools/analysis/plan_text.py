"""A plan as lines of plain text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from tptools.analysis.scan import METHODS
from tptools.fitting import diffusivity
from tptools.fitting.performance import Method, repeat
from tptools.planning import ScanPlan, alternatives

PILE_UP = 0.05
"""Photons of a pulse from which the first hides the later ones (first-photon timing)."""


def lines_of_plan(plan: ScanPlan, n_redraws: int = 0) -> Iterator[str]:
    """Lines that a console shows of a plan.

    Examples
    --------
    ::

        print(*lines_of_plan(plan_scan(0.05, 0.005, count_rate_Hz=2000)), sep=chr(10))
    """
    yield f"For D = {plan.diffusivity_cm2_s:g} ± {plan.error_cm2_s:.2g} cm2/s"
    yield f"  photons     {plan.n_photons:.2g} in the window, all positions together"
    each = f"{plan.n_positions} positions of {plan.dwell_s:.2g} s"
    yield f"  time        {_time(plan.total_s)}: {each}"
    yield f"  window      0 to {plan.window_ns:.2g} ns"
    yield f"  step        {plan.step_nm:.0f} nm, over {plan.span_nm:.0f} nm"
    yield f"  told from zero in such a scan: D above {plan.detection_limit_cm2_s:.2g} cm2/s"
    yield ""
    yield "Time for the same error with another"
    others = alternatives(plan)
    for name, unit in (("window_ns", "ns"), ("step_nm", "nm")):
        rows = others[others["choice"] == name]
        cells = (f"{row.value:.3g} {unit} x{row.time:.2f}" for row in rows.itertuples())
        yield f"  {name.split('_')[0]:8}{', '.join(cells)}"
    yield ""
    yield f"Assumed: a Gaussian spot of {plan.spot_fwhm_nm:g} nm (full width) as scanned, one D, a"
    yield f"lifetime of {plan.lifetime_ns:g} ns, {plan.count_rate_Hz:g} counts a second of light on"
    yield f"its centre, {plan.background_rate_Hz:g} of background, and"
    yield f"{plan.period_ns:g} ns between pulses."
    if plan.photons_per_pulse > PILE_UP:
        yield (
            f"Warning: {plan.photons_per_pulse:.2g} photons a pulse; above {PILE_UP:g} the first "
            "hides the later ones. Use a filter."
        )
    if n_redraws:
        yield from _redraws(plan, n_redraws)


def _redraws(plan: ScanPlan, n_redraws: int) -> Iterator[str]:
    window = (0.0, plan.window_ns)
    methods: dict[str, Method] = {
        one: partial(diffusivity, method=one, window_ns=window, goodness=False) for one in METHODS
    }
    found = repeat(plan.draw, n_redraws, methods)
    own = 100 / math.sqrt(2 * (n_redraws - 1))
    yield ""
    yield f"Scatter over {n_redraws} drawn scans (known to {own:.0f} %)"
    for name in found["estimator"].to_numpy().tolist():
        spread = float(found["value"].sel(estimator=name).std(ddof=1))
        times = (spread / plan.error_cm2_s) ** 2
        yield f"  {name:12}{spread:.2g} cm2/s: {times:.1f} times the light for the same error"


def _time(seconds: float) -> str:
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.2g} {name}"
    return f"{seconds:.2g} s"
