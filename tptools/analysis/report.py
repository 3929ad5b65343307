"""One page that shows a result: text, tables and pictures in a single file."""

from __future__ import annotations

import base64
import html
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from tptools.analysis.model import expected_counts
from tptools.analysis.results import versions
from tptools.analysis.scan import Analysis
from tptools.analysis.series import SeriesAnalysis, correlations_of
from tptools.checks import check_type
from tptools.estimate import Estimate
from tptools.files import whole
from tptools.fitting import Fit, fit_profiles
from tptools.fitting.records import select_window

__all__ = ["write_report"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0 auto;
  max-width: 60rem; padding: 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; } h2 { font-size: 1.25rem; margin-top: 2rem; }
.headline { font-size: 1.25rem; border-left: 5px solid #0072B2; padding: .4rem 1rem; margin: 1rem 0;
  background: #eef5fa; }
.verdict { border-left: 5px solid #009E73; padding: .2rem 1rem; }
.verdict.no, .warnings { border-left: 5px solid #D55E00; padding: .2rem 1rem; }
ul.verdict.no, ul.warnings { padding-left: 2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid #ccc;
  vertical-align: top; white-space: nowrap; }
td:last-child { white-space: normal; min-width: 12rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr));
  gap: 1rem; } figure { margin: 0; max-width: 40rem; } img { max-width: 100%; height: auto; }
figcaption { font-size: .9rem; color: #444; } summary { cursor: pointer; font-weight: 600; }
td code, td:last-child { overflow-wrap: anywhere; } td:empty::before { content: "–"; }
@media (max-width: 40rem) {
  thead { position: absolute; left: -100vw; } table, tbody, tr, td { display: block; }
  tr { border-bottom: 1px solid #ccc; padding: .4rem 0; } td:empty { display: none; }
  td { border: 0; padding: 0; white-space: normal; }
  td::before { content: attr(data-head) ": "; color: #555; }
  td:first-child { font-weight: 600; } td:first-child::before { content: ""; }
}
"""

LASER = ("power_nW", "rep_rate_MHz", "excitation_density", "time_between_excitations_us")
N_SLICES = 5
N_ROWS = 30
"""Times of the map of deviations: few, so that noise does not hide the rest."""


def write_report(found: Analysis | SeriesAnalysis, path: str | os.PathLike[str]) -> None:
    """Write a result as a page that needs no other file and no network, whole or not at all.

    Parameters
    ----------
    found : Analysis or SeriesAnalysis
        From `analyse` or `analyse_series`.
    path : path
        Of the page.

    Raises
    ------
    TypeError
        If `found` is neither.
    OSError
        If it cannot be written.

    Examples
    --------
    ::

        write_report(analyse(tptools.io.read_scan("scan")), "report.html")
    """
    check_type("found", found, Analysis, SeriesAnalysis, remedy="give what analyse returns")
    if isinstance(found, SeriesAnalysis):
        title, body = f"Series of {len(found.scans)} scans", _of_series(found)
    else:
        title, body = found.name, _of_scan(found)
    text = "".join(
        [
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}: tptools analyse</title><style>{STYLE}</style></head>",
            "<body><main>",
            f"<h1>{_text(title)}</h1>\n",
            *body,
            _versions(),
            "</main></body></html>\n",
        ]
    )
    with whole(path) as beside:
        beside.write_text(text, encoding="utf-8", newline="\n")


def _of_scan(found: Analysis, level: int = 2) -> Iterator[str]:
    """Parts of the page of one scan."""
    best, heading = found.best, f"h{level}"
    if math.isfinite(best.value):
        by = f"<small>({_text(best.method)})</small>"
        yield f'<p class="headline"><i>D</i> = {_number(best)} {by}</p>'
    else:
        yield f'<p class="headline">This record gives no diffusivity: {_text(best.note)}.</p>'
    yield _listed("warnings", "What to know of this record", found.warnings, heading)
    yield f"<{heading}>Diffusivity by every method</{heading}>"
    yield (
        f"<p>From {found.window_ns[0]:g} to {found.window_ns[1]:.3g} ns. Errors are one standard "
        "error from photon noise. <i>p</i> is the chance of a misfit at least as large if the "
        "model of the method is right; below 0.001 the model does not fit.</p>"
    )
    yield _diffusivities(found)
    yield f"<{heading}>Are slices to be trusted here?</{heading}>"
    if found.slices_reasons:
        yield _listed("verdict no", "No:", found.slices_reasons)
    else:
        yield '<p class="verdict">Nothing in this record speaks against them.</p>'
    yield f"<{heading}>Light</{heading}>" + _lights(found)
    yield f"<{heading}>Pictures</{heading}>" + '<div class="figures">'
    yield from _pictures(found)
    yield "</div>" + _settings(found.settings)


def _of_series(found: SeriesAnalysis) -> Iterator[str]:
    """Parts of the page of a series."""
    yield _listed("warnings", "What to know of this series", found.warnings, "h2")
    methods = list(next(iter(found.scans.values())).diffusivities)
    rows = []
    for name, one in found.scans.items():
        row = found.conditions.loc[name]
        laser = [f"{row[key]:.4g}" for key in LASER]
        rows.append([_text(name), *laser, *(_bare(one.diffusivities[m]) for m in methods)])
    head = ["scan", "power (nW)", "rate (MHz)", "⟨N⟩ at the centre", "T (µs)", *methods]
    yield "<h2>Conditions and diffusivities (cm²/s)</h2>" + _table(head, rows)
    curve = "<i>D</i>(<i>T</i>) = <i>D</i><sub>∞</sub> + <i>A</i> exp(−<i>T</i>/τ)"
    yield f"<h2>Relaxation</h2><p>{curve}, least squares with the errors of the points; "
    yield "errors are scaled to the scatter.</p>"
    if found.relaxations:
        yield _relaxations(found.relaxations)
    yield '<div class="figures">' + _series_pictures(found, methods) + "</div>"
    tests = sorted(found.tests, key=lambda one: one.question)
    rows = [[_text(one.question), _text(one.method), _text(one.answer)] for one in tests]
    if rows:
        yield "<h2>Tests</h2>" + _table(["question", "method", "answer"], rows)
    for name, one in found.scans.items():
        yield f"<details><summary>{_text(name)}</summary>"
        yield from _of_scan(one, 3)
        yield "</details>"


def _diffusivities(found: Analysis) -> str:
    rows = []
    for name, one in found.diffusivities.items():
        fit, how = one.goodness, ["–", "–"]
        if fit and math.isfinite(fit.p_value):
            how = [f"{fit.reduced_chi_square:.2f}", f"{fit.p_value:.2g}"]
        rows.append([_text(name), _number(one), *how, _text(one.note)])
    return _table(["method", "D", "χ²/ν", "p", "note"], rows)


def _relaxations(fits: Mapping[str, Fit]) -> str:
    """Parameters with their covariance, as correlations."""
    rows = []
    for method, fit in fits.items():
        between = ", ".join(f"{one:+.2f}" for one in correlations_of(fit).values())
        notes = "; ".join(dict.fromkeys(one.note for one in fit.values() if one.note))
        values = (_number(one) for one in fit.values())
        rows.append([_text(method), *values, between or "–", _text(notes)])
    return _table(["method", "D∞", "A", "τ", "correlations (D∞ A, D∞ τ, A τ)", "note"], rows)


def _lights(found: Analysis) -> str:
    rows = []
    if found.lifetime is not None:
        one = found.lifetime["lifetime_ns"]
        rows.append(["lifetime of the sum of the scan", _number(one), _text(one.note)])
        note = "for a detector that is small beside the spot: less what spreads across the line"
        rows.append(["lifetime of the whole spot", _number(found.lifetime_of_spot), note])
    if found.tail is not None:
        one = found.tail["exponent"]
        rows.append(["exponent of the tail after the window", _number(one), _text(one.note)])
    if found.background is not None:
        rows.append(
            ["counts of a bin before the pulse, all positions", f"{found.background:.4g}", ""]
        )
    if not rows:
        return "<p>The record is too short for a lifetime.</p>"
    return _table(["quantity", "value", "note"], rows)


def _pictures(found: Analysis) -> Iterator[str]:
    """Figures of one scan."""
    from tptools import plotting

    yield _figure(
        "The record. Positions that are left out are blank.",
        "Map of counts over position and time.",
        plotting.plot_maps,
        {"": found.counts},
    )
    slices = found.diffusivities.get("slices")
    if slices is not None and math.isfinite(slices.value):
        yield _figure(
            "Growth of the variance of Gaussians through the slices, and the line of slices; "
            "dashed, beyond the window.",
            "Points that rise with time about a straight line through the origin.",
            plotting.plot_variance_growth,
            {"slices": found.growth},
            {"slices": slices},
            found.window_ns,
        )
    model = expected_counts(found)
    if model is not None:
        yield _figure(
            "What the likeliest Gaussian spot that spreads leaves of the record, times summed. "
            "Where it fits, there is noise and no pattern.",
            "Map of deviations over position and time, in red and blue.",
            plotting.plot_deviations,
            _coarse(model["counts"]),
            _coarse(model["expected"]),
        )
    yield from _slices_and_decay(found)


def _slices_and_decay(found: Analysis) -> Iterator[str]:
    from tptools import plotting

    sums = _coarse(select_window(found.counts, found.window_ns), N_SLICES)
    fits = fit_profiles(sums.dropna("position_nm", how="any"))
    good = np.flatnonzero(fits["reason"].to_numpy() == "")
    if good.size:
        yield _figure(
            "Sums of the slices of the window in five parts, each with its Gaussian.",
            "Profiles with Gaussian curves, one above the other.",
            plotting.plot_slices,
            sums.isel(time_ns=good),
            fits.isel(time_ns=good),
        )
    fitted = {
        "exponential": (found.lifetime, found.window_ns),
        "power law": (found.tail, (found.window_ns[1], math.inf)),
    }
    curves = {
        label: (fit, window)
        for label, (fit, window) in fitted.items()
        if fit is not None and all(math.isfinite(one.value) for one in fit.values())
    }
    yield _figure(
        "Decay of the sum of all positions, less the level before the pulse.",
        "Falling points on a logarithmic scale, with the fitted curves.",
        plotting.plot_decay,
        found.decay,
        curves,
        found.background or 0.0,
    )


def _series_pictures(found: SeriesAnalysis, methods: Sequence[str]) -> str:
    from tptools import plotting

    return _figure(
        "Diffusivity against the mean time between excitations of one nanocrystal at the centre "
        "of the spot, by every method, with the fitted exponentials.",
        "Points that fall with time, and curves through them.",
        plotting.plot_relaxation,
        found.conditions["time_between_excitations_us"].tolist(),
        {name: found.diffusivities(name) for name in methods},
        found.relaxations,
    )


def _coarse(record: xr.DataArray, n_rows: int = N_ROWS) -> xr.DataArray:
    """Sums of neighbouring slices, few enough to see."""
    step = max(record.sizes["time_ns"] // n_rows, 1)
    return record.coarsen(time_ns=step, boundary="trim").reduce(np.sum)


def _figure(caption: str, alt: str, draw: Callable[..., Any], *given: Any) -> str:
    """A picture inside the page."""
    from tptools import plotting

    data = base64.b64encode(plotting.as_png(draw, *given)).decode()
    image = f'<img alt="{_text(alt)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{_text(caption)}</figcaption></figure>"


def _settings(settings: Mapping[str, Any]) -> str:
    """What the record says of itself, folded, and the sums of its files."""
    known = dict(settings)
    files = json.loads(known.pop("files", "{}"))
    rows = [[_text(name), _text(value)] for name, value in known.items()]
    sums = [[_text(name), f"<code>{_text(value)}</code>"] for name, value in files.items()]
    parts = f"<details><summary>Settings of the record</summary>{_table(['name', 'value'], rows)}"
    if sums:
        parts += f"</details><details><summary>Files ({len(sums)})</summary>"
        parts += _table(["file", "SHA-256"], sums)
    return parts + "</details>"


def _versions() -> str:
    said = ", ".join(f"{name} {one}" for name, one in versions().items())
    return f"<hr><p><small>Made by <code>tptools analyse</code>: {_text(said)}.</small></p>"


def _listed(kind: str, title: str, items: Iterable[str], heading: str = "p") -> str:
    listed = "".join(f"<li>{_text(one)}</li>" for one in items)
    return f'<{heading}>{title}</{heading}><ul class="{kind}">{listed}</ul>' if listed else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells; each cell knows its head, for screens too narrow for columns."""
    names = [_text(one) for one in head]
    top = "".join(f'<th scope="col">{one}</th>' for one in names)
    lines = (
        "".join(
            f'<td data-head="{name}">{cell}</td>' for name, cell in zip(names, row, strict=True)
        )
        for row in rows
    )
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide" tabindex="0">{table}</div>'


def _number(one: Estimate) -> str:
    if not math.isfinite(one.value):
        return "–"
    return _text(one).replace(" ", "&nbsp;")


def _bare(one: Estimate) -> str:
    """Without its unit, which the head of the table says."""
    return _number(one).removesuffix("&nbsp;cm²/s")


def _text(value: object) -> str:
    return html.escape(str(value).replace("cm2/s", "cm²/s"))
