"""Tests of tptools.companion.chapter."""

import importlib
import re
import runpy
import sys
from types import SimpleNamespace

import myst_nb
import numpy as np
import pandas as pd
import pytest

from tptools.companion import chapter
from tptools.companion.claims import excitation
from tptools.estimate import Estimate

TAU = Estimate(6.02, 0.13, "us", "fit")


@pytest.fixture
def stored(monkeypatch):
    """What reaches the notebook."""
    found = {}

    def store(key, value, display):
        assert not display
        found[key] = value

    monkeypatch.setattr(myst_nb, "glue", store)
    return found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.30", "0.30"),
        (3, 3),
        (np.int64(3), 3),
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (TAU, "6.02 ± 0.13"),
        (-TAU, "−6.02 ± 0.13"),
        (Estimate(0.5, 0.1, "", "fit"), "0.50 ± 0.10"),
        (Estimate(0.5, 0.1, "us", "fit", converged=False), "0.50 ± 0.10 (not converged)"),
    ],
    ids=repr,
)
def test_value_is_stored_as_the_text_needs_it(value, shown, stored):
    """Texts stay, numbers are Python's own, Estimates lose their unit and own up."""
    chapter.glue({"a-key": value}, name=value)
    assert stored == {"a-key": shown, "name": shown}
    assert {type(one) for one in stored.values()} <= {str, int, float}


@pytest.mark.parametrize("value", [None, [1.0], np.zeros(2), pd.DataFrame()], ids=repr)
def test_what_is_no_number_is_refused(value, stored):
    """An array or table has no place in a sentence."""
    with pytest.raises(TypeError, match="tau: "):
        chapter.glue(tau=value)
    assert stored == {}


def test_number_reaches_the_role_with_a_format():
    """What is stored can be read back as the number that the format of a role needs."""
    from IPython.core.formatters import format_display_data

    (text,) = {format_display_data(chapter._shown("k", 1 / 3))[0]["text/plain"]}
    assert f"{float(text):.3f}" == "0.333"


def test_table_is_text():
    """A shared unit moves to the head, numbers take the format of their column, gaps are dashes."""
    rows = {"a": {"tau": TAU, "n": 3, "z": 1.23456}, "b": {"tau": "none", "z": np.nan}}
    written = chapter.table(rows, {"z": ".2f"})
    assert written.to_numpy().tolist() == [["6.02 ± 0.13 µs", "3", "1.23"], ["none", "–", "–"]]
    assert chapter.table(pd.DataFrame(rows).T, ".1f").loc["a", "z"] == "1.2"
    alone = chapter.table({"a": {"tau": TAU}, "b": {"tau": -TAU}, "c": {}})
    assert alone["tau (µs)"].to_list() == ["6.02 ± 0.13", "−6.02 ± 0.13", "–"]


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ("cooling_time_ns", "cooling time (ns)"),
        ("slope_cm2_s", "slope (cm²/s)"),
        ("escape_rate_per_ps", "escape rate (1/ps)"),
        ("relaxation_time_us", chapter.HEADS["relaxation_time_us"]),
        ("excitation_density", "⟨N⟩"),
        ("std_err", "error"),
        ("bias_err_us", "error of bias (µs)"),
        ("hopping.lattice_spacing_nm", "hopping.lattice_spacing_nm"),
        ("tplm_10nW", "tplm_10nW"),
        ("s1-TOPBr2-M", "s1-TOPBr2-M"),
        ("time (ns)", "time (ns)"),
        (2.5, "2.5"),
        (10.0, "10"),
        (5, "5"),
    ],
)
def test_heads_are_words_with_units(head, shown):
    """Names of code become words with a unit; names of data, claims and parameters stay."""
    frame = pd.DataFrame({head: ["x"]}, index=[head])
    written = chapter.typeset(frame)
    assert (written.columns[0], written.index[0]) == (shown, shown)
    nested = chapter.typeset(
        pd.DataFrame([["x"]], columns=pd.MultiIndex.from_tuples([("a", head)]))
    )
    assert nested.columns[0] == ("a", shown)
    assert nested.columns.nlevels == 2


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("7.12e+04", "7.12 × 10⁴"),
        ("-2.2e-03", "−2.2 × 10⁻³"),
        (np.inf, "∞"),
        (-0.5, "−0.5"),
        (0.123456, "0.1235"),
        (3, "3"),
        (np.nan, "–"),
        (None, "–"),
        pytest.param("nan", "–", id="nan as a text"),
        ("-0.5 ± 0.1", "−0.5 ± 0.1"),
        ("0.006 ps-1", "0.006 1/ps"),
        ("film ALD > OLA/OA", "film ALD > OLA/OA"),
        ("3 cows", "3 cows"),
        ("s1-Cs-OA", "s1-Cs-OA"),
        ("1.00 [-0.23, 0.88]", "1.00 [−0.23, 0.88]"),
        ("1.38e7 cm-1 M-1", "1.38 × 10⁷ 1/cm M-1"),
        ("from 0.3 uJ/cm2 on, or 6 us", "from 0.3 µJ/cm² on, or 6 µs"),
        ("tplm_10nW 3e", "tplm_10nW 3e"),
        ("as 1 to 5, about 2-4 ns", "as 1 to 5, about 2-4 ns"),
    ],
)
def test_cells_are_written_as_people_do(cell, shown):
    """Numbers get signs and powers of ten, words stay, and setting twice changes nothing."""
    once = chapter.typeset(pd.DataFrame({"a": [cell, "other words"]}))
    assert once.loc[0, "a"] == shown
    assert chapter.typeset(once).equals(once)


@pytest.mark.parametrize(
    "unit",
    [
        *("cm2/s", "m2/s", "nm2", "uJ/cm2", "W/cm2", "ps-1", "eV-1", "cm-1", "us", "um", "uM"),
        *("ps", "ns", "s", "nm", "nW", "MHz", "K", "meV", "eV", "mL", "mmol"),
        *("cm2_s", "m2_s", "uJ_cm2", "W_cm2", "per_ps", "per_eV"),
    ],
)
def test_units_follow_a_rule(unit):
    """Squares are raised, micro has its sign, and a reciprocal is one over its unit."""
    shown = re.sub("^u", "µ", unit.replace("2", "²"))
    shown = re.sub("^per_(.*)|^(.*)-1$", r"1/\1\2", shown).replace("_", "/")
    if "_" not in unit:
        assert chapter.typeset(pd.DataFrame({"a": [f"3 {unit}"]})).columns == [f"a ({shown})"]
    if unit[-2:] != "-1":
        head = f"measured_by_us_{unit.replace('/', '_')}"
        assert chapter.typeset(pd.DataFrame({head: [3]})).columns == [f"measured by us ({shown})"]


def test_a_notebook_sets_all_tables_in_type():
    """Rows without names have no numbers, symbols are in italics, and nothing is cut."""
    page = chapter._as_html(pd.DataFrame({"D (cm²/s)": [0.1], "note": ["long" * 50]}))
    assert "<i>D</i> (cm²/s)" in page
    assert "<th>0</th>" not in page
    assert "border" not in page
    assert "text-align: left" in page
    assert "long" * 50 in page
    claim = chapter._as_html(pd.DataFrame({"x": [1]}, index=["main-D-inf"]))
    assert "<th>main-D-inf</th>" in claim
    with pytest.raises(TypeError, match=r"^frame "):
        chapter.typeset([1])


def test_importing_it_in_a_notebook_sets_tables_so(monkeypatch):
    """The shell that runs, and only that, is told how to show a table as a page."""
    told = []
    page = SimpleNamespace(for_type=lambda *given: told.append(given))
    shell = SimpleNamespace(display_formatter=SimpleNamespace(formatters={"text/html": page}))
    for running in (shell, None):
        notebook = SimpleNamespace(get_ipython=lambda running=running: running)
        monkeypatch.setitem(sys.modules, "IPython", notebook)
        runpy.run_path(chapter.__file__)
    monkeypatch.delitem(sys.modules, "IPython")
    runpy.run_path(chapter.__file__)
    ((kind, show),) = told
    assert (kind, show.__name__) == (pd.DataFrame, "_as_html")


def test_rows_have_their_names_put_in_words():
    """On every level; numbers are written as in cells, and an index without a name stays so."""
    index = pd.MultiIndex.from_tuples(
        [("tau_us", 0.5), ("n_layers", 1e-5)], names=["n_layers", None]
    )
    written = chapter.typeset(pd.DataFrame({"a": [1, 2]}, index=index))
    assert written.index.tolist() == [("fitted time (µs)", "0.5"), ("layers", "1 × 10⁻⁵")]
    assert [*written.index.names] == ["layers", None]
    alone = chapter.typeset(pd.DataFrame({"a": [1]}, index=pd.Index([10.0], name="power_nW")))
    assert (alone.index.tolist(), alone.index.name) == (["10"], "power (nW)")


def test_unit_of_a_column_is_said_once():
    """A head that has a unit keeps it, and units that differ stay in their cells."""
    frame = pd.DataFrame({"D (cm²/s)": ["3 cm2/s", "4 cm2/s"], "t": ["3 ns", "4 us"]})
    written = chapter.typeset(frame)
    assert written.columns.tolist() == ["D (cm²/s)", "t"]
    assert written["D (cm²/s)"].tolist() == ["3", "4"]
    assert written["t"].tolist() == ["3 ns", "4 µs"]


def test_verdicts_keep_the_order_asked_for():
    """A chapter decides which claims end it."""
    ids = ["s6-sigma-abs", "s6-Psurf"]
    written = chapter.verdicts(ids, excitation)
    assert written.index.to_list() == ids
    assert written.columns.to_list() == ["quantity", "reported", "recomputed", "verdict"]


def test_a_chapter_names_what_judges_its_claims():
    """A claim of another module, also one behind a panel, is refused with the way to it."""
    with pytest.raises(ValueError, match="'s6-Psurf' is not recomputed by any module; add"):
        chapter.verdicts(["s6-Psurf"])
    with pytest.raises(ValueError, match=r"not recomputed by tptools.+excitation; add"):
        chapter.verdicts(["fig3b"], excitation)


def test_names_of_the_code_are_put_in_words():
    """Neither a head nor a label of a table is a name that only the code has."""
    names = dict.fromkeys(chapter.HEADS, 1.0)
    written = chapter.table({"tau_us": names})
    assert written.index.tolist() == [chapter.HEADS["tau_us"]]
    assert not any("_" in head for head in written.columns)
    search = importlib.import_module("tptools.companion.search")
    numbers = search.numbers_of(np.full((1, len(search.LASERS)), 0.05))
    due = {*search.PRIOR.ranges, *search.OBSERVATIONS, *numbers, "memory_us"}
    assert due == {*chapter.HEADS}
    for name, words in chapter.HEADS.items():
        unit = chapter.typeset(pd.DataFrame({f"a_{name}": [1]})).columns[0].partition("(")[2]
        assert words.endswith(unit)
    assert chapter.HEADS["memory_us"] == chapter.HEADS["relaxation_time_us"] == "memory (µs)"
