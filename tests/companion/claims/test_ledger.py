"""Tests of tptools.companion.claims.ledger, and the verdict on each claim of the paper."""

import csv
import re
from dataclasses import FrozenInstanceError
from functools import cache, partial
from operator import setitem
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tptools.companion import claims
from tptools.companion.claims import ledger, records
from tptools.companion.paper import CLAIMS
from tptools.estimate import Estimate

VERDICTS_CSV = Path(__file__).parent / "verdicts.csv"
with VERDICTS_CSV.open(encoding="utf-8", newline="") as stream:
    AGREED = {row["claim"]: row for row in csv.DictReader(stream)}
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_verdict_and_numbers_are_those_agreed_on(claim_id):
    """A flipped verdict is seen, and a number that changed by 1 % where no verdict would tell.

    ``python -m tptools.companion.claims`` writes the new list.
    """
    judged, agreed = claims.judge(claim_id), AGREED[claim_id]
    assert judged.verdict == agreed["verdict"]
    found = judged.found if judged.computed else ""
    assert NUMBER.sub("0", found) == NUMBER.sub("0", agreed["recomputed"])
    wanted = [*map(float, NUMBER.findall(agreed["recomputed"]))]
    assert [*map(float, NUMBER.findall(found))] == pytest.approx(wanted, rel=0.01)


def test_claim_is_judged_in_exactly_one_way():
    """Each claim has a function, or claims that it rests on, or a reason; and a name."""
    ways = {k: (k in ledger._RECIPES, bool(v.rests_on), bool(v.why)) for k, v in CLAIMS.items()}
    assert [claim_id for claim_id, those in ways.items() if sum(those) != 1] == []
    assert all(one.quantity for one in CLAIMS.values())


def test_at_least_170_claims_are_computed():
    """The referee computes; more than half of the claims have a function."""
    assert claims.scoreboard().loc["all", "computed"] >= 170


def test_scoreboard_counts_every_claim_once():
    """Rows and columns add up to all claims, and panels of figures stand apart from them."""
    board = claims.scoreboard()
    panels = board.loc["figure panel"]
    assert board.loc["all", "all"] + panels["all"] == len(CLAIMS) == 320
    assert panels["all"] == sum(one.kind == "figure panel" for one in CLAIMS.values())
    assert (board[list(claims.VERDICTS)].sum(axis=1) == board["all"]).all()
    assert board.drop(["all", "figure panel"]).sum().equals(board.loc["all"])


def test_scoreboard_has_a_place_for_every_verdict(monkeypatch):
    """Where no claim of a kind has a verdict there is a nought, in rows with names."""
    kept = {name: CLAIMS[name] for name in ("s6-Psurf", "fig2f", "s1-wash")}
    monkeypatch.setattr(ledger, "CLAIMS", kept)
    monkeypatch.setattr(
        ledger, "_judged", lambda one: ledger.Judgement(kept[one], "", "reproduced", computed=True)
    )
    board = claims.scoreboard()
    assert board.columns.tolist() == [*claims.VERDICTS, "computed", "all"]
    assert board.index.tolist()[-2:] == ["all", ledger.PANEL]
    assert board["reproduced"].tolist() == board["all"].tolist() == board["computed"].tolist()
    assert not board[[*claims.VERDICTS[1:]]].to_numpy().any()
    assert board.columns.name == "kind of claim"


def test_numbers_beside_a_claim_stand_where_it_stands():
    """Place, digits and unit are those of what the paper says there."""
    for one in (claims.samples.DROP, claims.samples.TMA_VOLUME):
        claim = CLAIMS[one.claim]
        assert one.place == claim.place
        assert f"{one.printed} {one.unit}" in claim.reported


def test_what_a_claim_rests_on_exists():
    """Panels name claims, never themselves or other panels."""
    bases = {basis for one in CLAIMS.values() for basis in one.rests_on}
    assert all(not CLAIMS[basis].rests_on for basis in bases)


def test_panel_has_the_worst_verdict_of_its_claims(monkeypatch):
    """One contradicted number spoils a panel; what cannot be checked does not."""
    verdicts = dict(zip("abc", ("reproduced", "contradicted", "not checkable"), strict=True))
    panel = CLAIMS["fig2f"].__class__(
        "p", "Fig 2", "figure panel", "", "", None, ("a", "b", "c"), ""
    )
    whole = {"p": panel} | {
        name: panel.__class__(name, "", "procedure", "", "", None, (), "words") for name in verdicts
    }
    judge = ledger._judged
    monkeypatch.setattr(ledger, "CLAIMS", whole)
    monkeypatch.setattr(
        ledger,
        "_judged",
        lambda one: ledger.Judgement(whole[one], "", verdicts[one], computed=True),
    )
    found = judge("p")
    assert (found.verdict, found.found) == ("contradicted", "see a, b, c")


def test_notes_and_figures_are_found():
    """Tables S1 and S2 belong to Note 6; a figure is all its panels."""
    assert "tabS2-1nW-F" in claims.select(note="6")
    assert claims.select(figure="S7") == ["figS7a", "figS7b"]
    assert "abs-order" in claims.select(note="main")
    with pytest.raises(ValueError, match="note = '11'"):
        claims.select(note="11")


def test_table_keeps_the_order_asked_for():
    """A chapter decides which claims it shows, and in which order."""
    ids = ["s6-sigma-abs", "s6-Psurf"]
    assert claims.table(ids).index.to_list() == ids
    with pytest.raises(KeyError, match="s6-nothing"):
        claims.table(["s6-nothing"])


def test_bars_count_claims_where_they_are_asked_for(monkeypatch, capsys):
    """A table and a scoreboard print nothing unless they are told to."""
    monkeypatch.setattr(
        ledger, "CLAIMS", {"s6-Psurf": CLAIMS["s6-Psurf"], "fig2f": CLAIMS["fig2f"]}
    )
    judgement = partial(ledger.Judgement, found="", verdict="reproduced", computed=True)
    monkeypatch.setattr(ledger, "_judged", lambda one: judgement(CLAIMS[one]))
    for make in (partial(claims.table, ["s6-Psurf"]), claims.scoreboard):
        make()
        assert capsys.readouterr().err == ""
        make(progress=True)
        assert "claim" in capsys.readouterr().err


def test_what_no_function_recomputes_has_no_function():
    """A panel and a procedure name none, and are not said to be computed."""
    for one in ("fig2f", "s1-wash"):
        assert claims.function_of(one) == ""
        assert not claims.judge(one).computed
    with pytest.raises(FrozenInstanceError):
        claims.judge("s6-Psurf").verdict = "contradicted"


def test_table_says_where_and_what():
    """A column for all that a reader compares, filled from print and judgement."""
    found = claims.table(["s6-Psurf"])
    assert [*found] == ["quantity", "place", "reported", "recomputed", "verdict"]
    assert (found.index.name, found.columns.name) == (None, "claim")
    one = CLAIMS["s6-Psurf"]
    assert found.loc["s6-Psurf", ["quantity", "place"]].tolist() == [one.quantity, one.place]


@pytest.mark.parametrize(
    ("claim_id", "message"),
    [
        ("s6-nothing", "unknown"),
        ("s6-Psurf", "has a function already"),
        ("main-photocharge", "prints no number"),
    ],
)
def test_functions_need_a_claim_of_their_own(claim_id, message, monkeypatch):
    """No function is lost behind another, and none is judged by nothing."""
    free = CLAIMS["main-corr-P"].__class__("main-photocharge", "", "", "", "", None, (), "")
    monkeypatch.setattr(ledger, "CLAIMS", {**CLAIMS, "main-photocharge": free})
    monkeypatch.setattr(ledger, "_RECIPES", dict(ledger._RECIPES))
    ledger._RECIPES.pop("main-photocharge", None)
    with pytest.raises(ValueError, match=message):
        claims.claim(claim_id)(float)


def test_function_runs_once(monkeypatch):
    """Claims that share a function share its work."""
    monkeypatch.setattr(ledger, "_RECIPES", {})
    calls = []
    free = CLAIMS["s6-Psurf"]
    monkeypatch.setattr(ledger, "CLAIMS", {"a": free, "b": free})
    claims.claim("a", "b")(lambda: calls.append(1) or 0.374)
    assert claims.recompute("a") == claims.recompute("b") == 0.374
    assert calls == [1]


HALF = Estimate(0.5, 0.1, "nW", "fit")


@pytest.mark.parametrize(
    "found",
    [0.374, np.float64(0.374), HALF, None, [0.3, HALF], (0.3, None), {"one": 0.3, "two": HALF}],
    ids=lambda found: type(found).__name__,
)
def test_nobody_can_turn_a_verdict(found, monkeypatch):
    """Of no type can a result be changed by one who asks for it, nor by the function's own."""
    monkeypatch.setattr(ledger, "_RECIPES", {})
    claims.claim("s6-Psurf")(lambda: found)
    before, shared = claims.judge("s6-Psurf"), claims.recompute("s6-Psurf")
    change = partial(setattr, shared, "value") if shared is HALF else partial(setitem, shared, 0)
    with pytest.raises((TypeError, FrozenInstanceError)):
        change(7.0)
    assert not hasattr(shared, "append")
    if isinstance(found, dict):
        found["three"] = 7.0
    if isinstance(found, list):
        found.append(7.0)
    assert claims.judge("s6-Psurf") == before


@pytest.mark.parametrize("found", [np.zeros(2), xr.DataArray(1.0), {"one": [1.0]}, "0.374"])
def test_what_cannot_be_judged_is_refused(found, monkeypatch):
    """Arrays, texts and what is nested say so, and are not taken for a number."""
    monkeypatch.setattr(ledger, "_RECIPES", {})
    claims.claim("s6-Psurf")(lambda: found)
    with pytest.raises(TypeError, match="cannot be judged"):
        claims.recompute("s6-Psurf")


def test_series_that_claims_share_is_a_copy(monkeypatch):
    """What one claim does to a measured series reaches no other."""
    monkeypatch.setattr(records, "_measured", cache(lambda *key: xr.Dataset({"value": ("x", [1])})))
    records.measured("rate_series").value[:] = 2
    assert records.measured("rate_series").value == 1
