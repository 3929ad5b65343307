"""What is written: a page that stands alone, and files that other programs read."""

from __future__ import annotations

import html
import json
import math
import platform
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import scans
import xarray as xr

import tptools
from tptools import analysis, fitting, plotting
from tptools.analysis import report
from tptools.estimate import Estimate


class Page(HTMLParser):
    """What a page refers to, its pictures, and its text."""

    def __init__(self, text):
        super().__init__()
        self.links, self.alts, self.words, self.tags = [], [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep references and alternative texts."""
        found = dict(attrs)
        self.tags.append(tag)
        self.links += [found[key] for key in ("src", "href") if key in found]
        if tag == "img":
            self.alts.append(found.get("alt", ""))

    def handle_data(self, data):
        """Keep the text."""
        self.words += data


@pytest.fixture(scope="module")
def found():
    """An analysis with a name that is no HTML."""
    return analysis.analyse(scans.scan(), name="<script>scan & co")


@pytest.fixture(scope="module")
def series(found):
    """The same scan twice."""
    table = pd.DataFrame({"power_nW": [1, 2], "rep_rate_MHz": [2.5, 2.5]}, ["a", "b"])
    return analysis.analyse_series({"a": found, "b": found}, table)


def test_the_page_needs_no_other_file(tmp_path, found):
    """Pictures are inside and described, nothing is fetched, and every number is there."""
    analysis.write_report(found, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.links
    assert all(one.startswith("data:image/png;base64,") for one in page.links)
    assert len(page.alts) == 5
    assert all(page.alts)
    assert "script" not in page.tags
    assert "<script>scan & co" in page.words
    plain = page.words.replace("\xa0", " ")
    for one in (*found.diffusivities.values(), found.lifetime_of_spot):
        assert str(one).replace("cm2/s", "cm²/s") in plain


def without_pictures(found, tmp_path, monkeypatch):
    """The page of a result, quickly."""
    monkeypatch.setattr(plotting, "as_png", lambda *_: b"")
    analysis.write_report(found, tmp_path / "report.html")
    return (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_page_of_a_series_has_all_scans(tmp_path, series, monkeypatch):
    """Conditions, the curve, and a part for each scan."""
    page = Page(without_pictures(series, tmp_path, monkeypatch))
    assert len(page.alts) == 11
    assert page.tags.count("details") >= 4


def cells(text):
    """Rows of all tables of a page, as texts."""
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>|\s+|&nbsp;", " ", cell).strip() for cell in row] for row in found]


def test_tables_say_how_well_each_method_fits(tmp_path, found, monkeypatch):
    """Reduced chi square, its chance and the note of every method, under their names."""
    rows = cells(without_pictures(found, tmp_path, monkeypatch))
    assert ["method", "D", "χ²/ν", "p", "note"] in rows
    for name, one in found.diffusivities.items():
        fit = one.goodness
        (row,) = [each for each in rows if each[0] == name]
        known = fit is not None and math.isfinite(fit.p_value)
        shown = [f"{fit.reduced_chi_square:.2f}", f"{fit.p_value:.2g}"] if known else ["–", "–"]
        assert row[2:4] == shown
        assert html.unescape(row[4]) == one.note


def test_table_of_relaxations_has_their_correlations(tmp_path, series, monkeypatch):
    """As they are, or a dash where nothing is known."""
    time_us = np.geomspace(1, 100, 6)
    values = 0.01 + 0.1 * np.exp(-time_us / 6)
    fit = fitting.fit_relaxation(time_us, [Estimate(one, 0.01, "cm2/s", "a") for one in values])
    for known, shown in (({}, "–"), ({"a": 0.5, "b": -0.25}, "+0.50, -0.25")):
        monkeypatch.setattr(report, "correlations_of", lambda fit, known=known: known)
        head, row = cells(report._relaxations({"slices": fit}))
        assert row[4] == shown
    assert head == ["method", "D∞", "A", "τ", "correlations (D∞ A, D∞ τ, A τ)", "note"]
    noted = {
        name: replace(each, note=note)
        for (name, each), note in zip(fit.items(), ("b", "a", "b"), strict=True)
    }
    assert cells(report._relaxations({"slices": replace(fit, parameters=noted)}))[1][5] == "b; a"


def test_lists_stand_under_what_they_are(tmp_path, found, monkeypatch):
    """Warnings and reasons against slices have their headings, and are left out where none is."""
    page = without_pictures(found, tmp_path, monkeypatch)
    assert "Nothing in this record speaks against them." in page
    assert "<ul" not in page
    told = replace(found, warnings=("a < b", "c"), slices_reasons=("d",))
    page = without_pictures(told, tmp_path, monkeypatch)
    listed = '<ul class="warnings"><li>a &lt; b</li><li>c</li></ul>'
    assert f"<h2>What to know of this record</h2>{listed}" in page
    assert '<p>No:</p><ul class="verdict no"><li>d</li></ul>' in page
    assert "Nothing in this record" not in page


def test_table_of_the_light_has_what_is_known_of_it(found):
    """Lifetimes, the tail and the level before the pulse, with their notes, where there are any."""
    noted = replace(found.tail["exponent"], note="steep")
    told = replace(found, tail=replace(found.tail, parameters={"exponent": noted}))
    head, *rows = cells(report._lights(told))
    assert head == ["quantity", "value", "note"]
    lifetime = found.lifetime["lifetime_ns"]
    assert [row[1] for row in rows] == [
        *map(str, (lifetime, found.lifetime_of_spot, noted)),
        f"{found.background:.4g}",
    ]
    assert rows[2][2] == "steep"
    dark = replace(found, lifetime=None, tail=None, background=None)
    assert report._lights(dark) == "<p>The record is too short for a lifetime.</p>"


def test_table_of_conditions_has_a_column_for_each(tmp_path, series, monkeypatch):
    """Laser, density and time of a scan stand under their heads, then D without its unit."""
    rows = cells(without_pictures(series, tmp_path, monkeypatch))
    (head,) = [row for row in rows if "power (nW)" in row]
    (row,) = [row for row in rows if row[0] == "a"]
    known, (d, *_) = series.conditions.loc["a"], series.scans["a"].diffusivities.values()
    density, time_us = known["excitation_density"], known["time_between_excitations_us"]
    assert head[:5] == ["scan", "power (nW)", "rate (MHz)", "⟨N⟩ at the centre", "T (µs)"]
    assert head[5:] == [*series.scans["a"].diffusivities]
    assert row[1:5] == ["1", "2.5", f"{density:.4g}", f"{time_us:.4g}"]
    assert row[5] == str(d).removesuffix(" cm2/s")


def test_settings_are_folded_with_the_sums_of_files():
    """Every setting has its row, and so has each file where the record names some."""
    assert cells(report._settings({"sample": "<x>"})) == [
        ["name", "value"],
        ["sample", "&lt;x&gt;"],
    ]
    text = report._settings({"sample": "x", "files": '{"a.txt": "01", "b.txt": "02"}'})
    assert "<summary>Files (2)</summary>" in text
    sums = [["file", "SHA-256"], ["a.txt", "01"], ["b.txt", "02"]]
    assert cells(text) == [["name", "value"], ["sample", "x"], *sums]
    assert text.count("<details>") == text.count("</details>") == 2


def test_json_is_strict_and_the_same_twice(tmp_path, found):
    """Numbers come back, what is not known is null, and one record gives the same bytes."""
    for name in ("a.json", "b.json"):
        analysis.write_json(found, tmp_path / name)

    def refuse(constant):
        raise AssertionError(constant)

    text = (tmp_path / "a.json").read_bytes()
    content = json.loads(text, parse_constant=refuse)
    assert text == (tmp_path / "b.json").read_bytes()
    for name, one in found.diffusivities.items():
        assert content["diffusivities"][name]["value"] == one.value
    assert content["slices_trusted"] is True
    assert content.keys() == {
        "versions", "name", "window_ns", "best", "diffusivities", "lifetime", "tail",
        "lifetime_of_spot", "background_counts", "shape", "slices_trusted", "slices_reasons",
        "warnings", "settings",
    }  # fmt: skip
    assert [*content["versions"]] == ["tptools", "python", "numpy", "scipy", "numba", "xarray"]
    assert (content["name"], content["window_ns"]) == (found.name, [0, 3])
    assert content["settings"] == found.settings
    assert (content["slices_reasons"], content["warnings"]) == ([], [])
    assert content["background_counts"] == found.background
    assert content["tail"]["parameters"]["exponent"]["value"] == found.tail["exponent"].value
    assert content["lifetime_of_spot"]["std_err"] == found.lifetime_of_spot.std_err
    assert {name: one["value"] for name, one in content["shape"].items()} == {
        name: one.value for name, one in vars(found.shape).items()
    }
    fit = content["lifetime"]["covariance"]
    variance = found.lifetime["lifetime_ns"].std_err ** 2
    assert fit["matrix"][fit["of"].index("lifetime_ns")][-1] == pytest.approx(variance)


def test_json_can_be_read_by_people(tmp_path, found):
    """With any letter as itself, a step of two for each level, and an end of the last line."""
    exact = replace(found.tail["exponent"], std_err=0.0)
    tail = replace(found.tail, parameters={**found.tail.parameters, "exponent": exact})
    analysis.write_json(replace(found, name="10 \u00b5W", tail=tail), tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert '\n  "name": "10 \u00b5W",\n' in text
    assert text.endswith("\n}\n")
    assert json.loads(text)["tail"]["covariance"]["of"] == ["amplitude"]  # known, but not exactly


def test_table_has_every_quantity(found, series):
    """What was fitted by its own name, and what a series says together under its own."""
    fits = {**found.lifetime.parameters, **found.tail.parameters}
    names = {"diffusivity", "lifetime_of_spot_ns", *fits, *vars(found.shape)}
    assert {*analysis.table_of(found)["quantity"]} == names
    rows = analysis.table_of(replace(series, relaxations={"m": found.lifetime}))
    assert [*rows.query("scan == 'series'")["quantity"]] == [*found.lifetime]


def test_json_of_a_series_has_all_of_it(tmp_path, series):
    """Conditions by scan, what is known of each, and what they say together."""
    fit = series.scans["a"].lifetime
    told = replace(series, relaxations={"m": fit}, tests=(analysis.Answer("q", "a", "m"),))
    analysis.write_json(told, tmp_path / "a.json")
    content = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    rows = [(one["scan"], one["power_nW"]) for one in content["conditions"]]
    assert rows == [("a", 1), ("b", 2)]
    assert content["scans"]["b"]["best"]["value"] == series.scans["b"].best.value
    lifetime = content["relaxations"]["m"]["parameters"]["lifetime_ns"]
    assert lifetime["value"] == fit["lifetime_ns"].value
    answer = {"question": "q", "answer": "a", "method": "m", "p_value": None}
    assert content["tests"] == [answer]
    assert content["warnings"] == [*series.warnings]


def test_table_has_all_that_is_known_of_a_number(found):
    """Value, error, unit and note, and how well the method fits."""
    table = analysis.table_of(found).set_index(["quantity", "method"])
    for name, one in found.diffusivities.items():
        known = {key: getattr(one, key) for key in ("value", "std_err", "unit", "note")}
        for key in ("chi_square", "n_free", "p_value"):
            known[key] = getattr(one.goodness, key, math.nan)
        row = table.loc[("diffusivity", name)].to_dict()
        np.testing.assert_equal(row, {"scan": found.name} | known)


def test_csv_has_every_number(tmp_path, found, series):
    """One row for each quantity, with the value to the last digit."""
    analysis.write_csv(found, tmp_path / "results.csv")
    table = pd.read_csv(tmp_path / "results.csv")
    assert [*table] == [*analysis.table_of(found)]
    table = table.set_index(["quantity", "method"])
    for name, one in found.diffusivities.items():
        assert table.loc[("diffusivity", name), "value"] == one.value
    assert table.loc["lifetime_ns", "value"].item() == found.lifetime["lifetime_ns"].value
    rows = analysis.table_of(series)
    assert {*rows["scan"]} == {found.name}
    assert not math.isnan(rows["value"].iloc[0])


def test_what_is_no_result_is_refused(tmp_path):
    """By name, and nothing is written."""
    for write in (analysis.write_csv, analysis.write_json, analysis.write_report):
        with pytest.raises(TypeError, match="found is of type dict and must be"):
            write({}, tmp_path / "file")
    assert not list(tmp_path.iterdir())


class Structure(HTMLParser):
    """Tags that are closed in their order, and text where none belongs."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.heads = [], [], []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag, attrs):
        """Keep what has to be closed."""
        if tag not in ("meta", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        """Close the last one."""
        if self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        """Keep text beside paragraphs, and the headings."""
        if self.open and self.open[-1] in ("h1", "h2", "h3", "summary"):
            self.heads.append((self.open[-1], data))
        elif data.strip() and (not self.open or self.open[-1] in CONTAINERS):
            self.wrong.append(data)


CONTAINERS = (
    "html", "head", "body", "main", "details", "div", "table", "thead", "tbody", "tr", "ul"
)  # fmt: skip
OF_A_SCAN = ["Diffusivity by every method", "Are slices to be trusted here?", "Light", "Pictures"]


def test_pages_are_well_formed(tmp_path, found, series, monkeypatch):
    """All that is opened is closed, no text stands between, and each part has its heading."""
    answers = tuple(analysis.Answer(one, "a < b", "m") for one in ("Why?", "How?"))
    warned = replace(found, warnings=("a",), slices_reasons=("b",))
    monkeypatch.setattr(report, "_relaxations", lambda fits: report._table(["a"], [["b"]]))
    told = replace(series, warnings=("a",), tests=answers, relaxations={"m": None})
    for one in (found, warned, series, told):
        page = Structure(without_pictures(one, tmp_path, monkeypatch))
        assert page.wrong == []
    heads = [text for tag, text in page.heads if tag == "h2"]
    assert heads == [
        "What to know of this series", "Conditions and diffusivities (cm²/s)", "Relaxation", "Tests"
    ]  # fmt: skip
    assert [text for tag, text in page.heads if tag == "h3"] == 2 * OF_A_SCAN
    assert page.heads[0] == ("h1", "Series of 2 scans")
    summaries = [text for tag, text in page.heads if tag == "summary"]
    assert summaries == ["a", "Settings of the record", "b", "Settings of the record"]
    page = without_pictures(told, tmp_path, monkeypatch)
    assert '</h2><ul class="warnings"><li>a</li></ul>' in page
    assert f"tptools {tptools.__version__}, python {platform.python_version()}, numpy " in page
    rows = cells(page)
    start = rows.index(["question", "method", "answer"])
    assert rows[start + 1 : start + 3] == [["How?", "m", "a &lt; b"], ["Why?", "m", "a &lt; b"]]
    alone = Structure(without_pictures(found, tmp_path, monkeypatch))
    assert [text for tag, text in alone.heads if tag == "h2"] == OF_A_SCAN


def test_what_is_not_known_is_a_dash(tmp_path, found, monkeypatch):
    """A value, its chi square and its chance; and the page says that there is no diffusivity."""
    unknown = Estimate(math.nan, math.nan, "cm2/s", "global", "too dark")
    told = replace(found, diffusivities={"global": unknown})
    page = without_pictures(told, tmp_path, monkeypatch)
    assert ["global", "–", "–", "–", "too dark"] in cells(page)
    assert "This record gives no diffusivity: " in page
    assert f"<i>D</i> = {report._number(found.best)} <small>({found.best.method})</small>" in (
        without_pictures(found, tmp_path, monkeypatch)
    )


def drawn(found, monkeypatch):
    """What the pictures of a scan are given, by the function that draws them."""
    given = {}
    monkeypatch.setattr(plotting, "as_png", lambda draw, *args: given.update({draw: args}) or b"")
    list(report._pictures(found))
    return given


def test_pictures_are_of_what_was_found(found, monkeypatch):
    """Five sums of slices, deviations of all times, and curves that are known in their windows."""
    given = drawn(found, monkeypatch)
    sums, fits = given[plotting.plot_slices]
    assert sums.sizes["time_ns"] == fits.sizes["time_ns"] == 5
    counts, expected = given[plotting.plot_deviations]
    assert counts.sizes == expected.sizes
    assert counts.sizes["time_ns"] == 30
    assert float(counts.sum()) == pytest.approx(float(expected.sum()), rel=0.01)
    decay, curves, background = given[plotting.plot_decay]
    assert decay is found.decay
    assert background == found.background
    windows = {label: window for label, (_, window) in curves.items()}
    assert windows == {"exponential": (0, 3), "power law": (3, math.inf)}
    (label,) = given[plotting.plot_maps][0]
    assert label == ""
    msds, lines, window = given[plotting.plot_variance_growth]
    assert msds.keys() == lines.keys() == {"slices"}
    assert window == (0, 3)


def test_what_is_not_known_is_not_drawn(found, monkeypatch):
    """Neither a fit without a value, nor one that was not made, nor slices that give none."""
    lost = {**found.tail.parameters, "exponent": Estimate(math.nan, math.nan, "", "")}
    nameless = {k: replace(one, value=math.nan) for k, one in found.diffusivities.items()}
    told = replace(
        found, lifetime=None, tail=replace(found.tail, parameters=lost), diffusivities=nameless,
        background=None,
    )  # fmt: skip
    given = drawn(told, monkeypatch)
    assert given[plotting.plot_decay][1:] == ({}, 0)
    assert plotting.plot_variance_growth not in given


def test_many_times_are_summed_to_few():
    """Neighbours together, at least as many as wanted; what is left over at the end is not."""
    record = scans.scan().counts[:67]
    assert report._coarse(record, 5).sizes["time_ns"] == 67 // 13
    np.testing.assert_allclose(report._coarse(record, 5)[0], record[:13].sum("time_ns"))
    assert report._coarse(record, 100).sizes["time_ns"] == 67


def test_what_is_expected_has_more_background_in_wide_bins(found):
    """Bins of the end of a decay may be twice as wide: darkness counts twice in them."""
    time = np.append(np.arange(0, 1.5, 0.1), np.arange(1.55, 3, 0.2))
    width = np.where(time < 1.5, 0.1, 0.2)
    spot = {"diffusivity_cm2_s": scans.D, "variance_nm2": scans.VARIANCE_NM2}
    light = fitting.spreading_spot(time, scans.POSITION_NM, 1e5 * width, **spot)
    counts = light + xr.DataArray(300 * width, {"time_ns": time})
    counts = counts.assign_coords(time_width_ns=("time_ns", width))
    counts = counts.where(counts.position_nm != 0)
    model = analysis.expected_counts(replace(found, counts=counts, window_ns=(0.0, 3.0)))
    assert 0 not in model.position_nm
    np.testing.assert_allclose(model.expected, model.counts, rtol=0.01)
    np.testing.assert_allclose(model.expected[:, 0], 300 * width, rtol=0.02)
