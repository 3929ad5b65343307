"""Results as lines of plain text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from textwrap import wrap

from tptools.analysis.scan import Analysis
from tptools.analysis.series import SeriesAnalysis, correlations_of
from tptools.checks import check_type
from tptools.estimate import Estimate

__all__ = ["describe"]

WIDTH = 96


def describe(found: Analysis | SeriesAnalysis) -> str:
    """Say what was found in plain text, as the command does.

    Parameters
    ----------
    found : Analysis or SeriesAnalysis
        From `analyse` or `analyse_series`.

    Returns
    -------
    str
        Lines of at most about a hundred characters; those of a series may be longer.

    Raises
    ------
    TypeError
        If `found` is neither.

    Examples
    --------
    ::

        print(describe(analyse(tptools.io.read_scan("scan"))))
    """
    check_type("found", found, Analysis, SeriesAnalysis, remedy="give what analyse returns")
    lines = _of_series(found) if isinstance(found, SeriesAnalysis) else _of_scan(found)
    return "\n".join(lines)


def _of_scan(found: Analysis) -> Iterator[str]:
    n_times, n_positions = found.counts.shape
    total = float(found.counts.sum())
    yield f"{found.name}: {n_positions} positions, {n_times} times, {total:.0f} counts"
    yield ""
    yield f"Diffusivity from {found.window_ns[0]:g} to {found.window_ns[1]:.3g} ns"
    for name, found_by in found.diffusivities.items():
        yield f"  {name:12}{_value(found_by):28}{_goodness(found_by)}"
        yield from _item(found_by.note, 14, "")
    yield ""
    best = found.best
    if math.isfinite(best.value):
        yield f"Most to be believed here: {best} ({best.method})"
    else:
        yield f"This record gives no diffusivity: {best.note}."
    if found.slices_reasons:
        yield "Slices are not to be trusted here:"
        for one in found.slices_reasons:
            yield from _item(one)
    else:
        yield "Nothing speaks against slices here."
    yield ""
    yield from _lights(found)
    yield from _all("What to know of this record:", found.warnings)


def _lights(found: Analysis) -> Iterator[str]:
    if found.lifetime is not None:
        yield f"Lifetime of the sum of the scan   {_value(found.lifetime['lifetime_ns'])}"
        yield f"Lifetime of the whole spot        {_value(found.lifetime_of_spot)}"
    if found.tail is not None:
        yield f"Exponent of the tail              {_value(found.tail['exponent'])}"


def _of_series(found: SeriesAnalysis) -> Iterator[str]:
    methods = list(next(iter(found.scans.values())).diffusivities)
    longest = max(map(len, found.scans))
    yield f"{'scan':{longest}}  power nW  rate MHz      T us  " + "".join(
        f"{one:20}" for one in methods
    )
    for name, one in found.scans.items():
        row = found.conditions.loc[name]
        time_us = row["time_between_excitations_us"]
        laser = f"{row['power_nW']:8.3g}  {row['rep_rate_MHz']:8.3g}  {time_us:8.3g}  "
        values = (str(d).removesuffix(" cm2/s") for d in one.diffusivities.values())
        yield f"{name:{longest}}  {laser}" + "".join(f"{value:20}" for value in values)
    yield f"{'':{longest}}  D in cm2/s; T, the time between excitations at the centre"
    if found.relaxations:
        yield ""
    for name, fit in found.relaxations.items():
        yield f"Relaxation by {name}: " + ", ".join(f"{k} {_value(one)}" for k, one in fit.items())
        for note in dict.fromkeys(one.note for one in fit.values() if one.note):
            yield from _item(note)
        correlations = ", ".join(f"{k} {one:+.2f}" for k, one in correlations_of(fit).items())
        if correlations:
            yield from _item(f"correlations: {correlations}")
    if found.tests:
        yield ""
    for question in dict.fromkeys(one.question for one in found.tests):
        yield question
        for test in found.tests:
            if test.question == question:
                yield from _item(f"{test.method}: {test.answer}")
    yield from _all("What to know of this series:", found.warnings)
    yield from _all("What to know of its scans:", shared_warnings(found))


def shared_warnings(found: SeriesAnalysis) -> Iterator[str]:
    """Each warning of the scans of a series once, with the scans that have it.

    Examples
    --------
    ::

        list(shared_warnings(analyse_series(scans, conditions)))
    """
    for warning in dict.fromkeys(text for one in found.scans.values() for text in one.warnings):
        names = [name for name, one in found.scans.items() if warning in one.warnings]
        yield f"{', '.join(names) if len(names) < len(found.scans) else 'All'}: {warning}"


def _value(one: Estimate) -> str:
    return str(one) if math.isfinite(one.value) else "not determined"


def _goodness(one: Estimate) -> str:
    fit = one.goodness
    if fit and math.isfinite(fit.p_value):
        return f"chi2/nu {fit.reduced_chi_square:.2f}, p {fit.p_value:.2g}"
    return ""


def _all(title: str, items: Iterable[str]) -> Iterator[str]:
    for k, one in enumerate(items):
        if k == 0:
            yield from ("", title)
        yield from _item(one)


def _item(text: str, indent: int = 2, mark: str = "- ") -> Iterator[str]:
    """A paragraph, wrapped, with a mark before it."""
    space = " " * indent
    yield from wrap(text, WIDTH, initial_indent=space + mark, subsequent_indent=space + "  ")
