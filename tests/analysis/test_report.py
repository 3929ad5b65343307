"""What is written: a page that stands alone, and files that other programs read."""

from __future__ import annotations

import html
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import scans

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
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert page.links
    assert all(one.startswith("data:image/png;base64,") for one in page.links)
    assert len(page.alts) == 5
    assert all(page.alts)
    assert "script" not in page.tags
    assert "<script>scan & co" in page.words
    plain = page.words.replace("\xa0", " ")
    for one in (*found.diffusivities.values(), found.lifetime_of_spot):
        assert str(one).replace("cm2/s", "cm²/s") in plain


def test_the_page_of_a_series_has_all_scans(tmp_path, series, monkeypatch):
    """Conditions, the curve, and a part for each scan."""
    monkeypatch.setattr(plotting, "as_png", lambda *_: b"")
    analysis.write_report(series, tmp_path / "report.html")
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    assert len(page.alts) == 11
    assert page.tags.count("details") >= 4


def cells(text):
    """Rows of all tables of a page, as texts."""
    rows = re.findall(r"<tr>(.*?)</tr>", text, re.DOTALL)
    found = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>|\s+|&nbsp;", " ", cell).strip() for cell in row] for row in found]


def test_tables_say_how_well_each_method_fits(tmp_path, found):
    """Reduced chi square, its chance and the note of every method, under their names."""
    analysis.write_report(found, tmp_path / "report.html")
    rows = cells((tmp_path / "report.html").read_text("utf-8"))
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
        text = report._relaxations({"slices": fit})
        assert cells(text)[1][4] == shown


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
    fit = content["lifetime"]["covariance"]
    variance = found.lifetime["lifetime_ns"].std_err ** 2
    assert fit["matrix"][fit["of"].index("lifetime_ns")][-1] == pytest.approx(variance)


def test_csv_has_every_number(tmp_path, found, series):
    """One row for each quantity, with the value to the last digit."""
    analysis.write_csv(found, tmp_path / "results.csv")
    table = pd.read_csv(tmp_path / "results.csv").set_index(["quantity", "method"])
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
