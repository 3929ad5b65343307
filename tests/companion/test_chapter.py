"""Tests of tptools.companion.chapter."""

import myst_nb
import numpy as np
import pandas as pd
import pytest

from tptools.companion import chapter
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
    """Estimates keep their unit, numbers take the format of their column, nothing is a dash."""
    rows = {"a": {"tau": TAU, "n": 3, "z": 1.23456}, "b": {"tau": "none", "z": np.nan}}
    written = chapter.table(rows, {"z": ".2f"})
    assert written.to_numpy().tolist() == [["6.02 ± 0.13 us", "3", "1.23"], ["none", "-", "-"]]
    assert chapter.table(pd.DataFrame(rows).T, ".1f").loc["a", "z"] == "1.2"


def test_verdicts_keep_the_order_asked_for():
    """A chapter decides which claims end it."""
    ids = ["s6-sigma-abs", "s6-Psurf"]
    written = chapter.verdicts(ids)
    assert written.index.to_list() == ids
    assert written.columns.to_list() == ["quantity", "reported", "recomputed", "verdict"]
