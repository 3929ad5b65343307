"""Tests of tptools.companion.reagents."""

import pytest

from tptools.companion.claims import compare
from tptools.companion.paper import REPORTED
from tptools.companion.reagents import REAGENTS, amounts


def test_reagents_are_named_rightly():
    """Every reagent of the recipes holds the element or group that it is for."""
    assert {name: one.formula for name, one in REAGENTS.items()} == {
        "caesium carbonate": "Cs2CO3",
        "lead acetate trihydrate": "Pb(C2H3O2)2(H2O)3",
        "oleic acid": "C18H34O2",
        "trioctylphosphine": "C24H51P",
        "bromine": "Br2",
        "ASC18": "C23H49NO3S",
    }


def test_every_number_of_the_recipe_is_recomputed():
    """All claims of the zwitterionic synthesis are there, and their first reading is near."""
    found = amounts()
    for claim, readings in found.items():
        first = next(iter(readings.values()))
        assert first == pytest.approx(REPORTED[claim].value, rel=0.1), claim
    verdicts = {claim: compare(REPORTED[claim], [*r.values()]) for claim, r in found.items()}
    assert "contradicted" not in verdicts.values()
    assert [c for c, v in verdicts.items() if v == "rounding"] == ["s1-Br2"]


def test_readings_have_few_names():
    """A reading that is made in the same way has the same name for every amount."""
    volumes = {"volumes added", "all volumes added", "2 Cs per carbonate, volumes added"}
    others = {"as pure", "as labelled", "as printed", "recomputed", "toluene alone"}
    assert {name for readings in amounts().values() for name in readings} == volumes | others
    named = [claim for claim, readings in amounts().items() if "as printed" in readings]
    assert named == ["s1-Cs-dose", "s1-Pb-dose", "s1-Br-dose"]
    for claim, name in {"s1-Cs-OA": "oleic acid", "s1-TOP": "trioctylphosphine"}.items():
        pure, labelled = amounts()[claim].values()
        assert labelled / pure == pytest.approx(REAGENTS[name].purity)


def test_recipe_by_hand():
    """The stocks and doses, worked out with the numbers on the page."""
    found = amounts()
    assert found["s1-Cs-M"].popitem()[1] == pytest.approx(2 * 1.628 / 325.82 / 0.025, rel=1e-4)
    bromine_mmol = 0.6 * 3.1028 / 159.807 * 1e3
    assert found["s1-TOPBr2-M"]["all volumes added"] == pytest.approx(bromine_mmol / 25.3)
    assert found["s1-Br-dose"]["recomputed"] == pytest.approx(10 * bromine_mmol / 25.3)
    assert found["s1-Pb-dose"]["recomputed"] == pytest.approx(5 * 4607 / 379.33 / 24, rel=1e-4)
