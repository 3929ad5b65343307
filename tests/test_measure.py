"""The stored times: of known commands, measured, and with the machine that they hold for."""

from __future__ import annotations

import importlib.util
import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

spec = importlib.util.spec_from_file_location("measure", ROOT / "tools" / "measure.py")
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)

ROWS = tool.read_table()


@pytest.mark.parametrize("what", ROWS)
def test_time_says_how_when_and_where(what):
    """Every stored time is positive, of a step that can be measured again, dated and placed."""
    row = ROWS[what]
    assert (what, row["command"].strip("`")) in {step[:2] for step in tool.STEPS.values()}
    assert float(row["minutes"]) > 0
    assert date.fromisoformat(row["measured"]) <= date.today()
    assert re.fullmatch(r"\d+ cores, .+, Python 3\.\d+\.\d+", row["on"])


def test_machine_is_described():
    """The description has cores and the version of Python."""
    assert re.fullmatch(r"\d+ cores, .+, Python 3\.\d+\.\d+", tool.machine())


def test_missing_table_is_empty(tmp_path):
    """The first measurement starts a table."""
    assert tool.read_table(tmp_path / "none.csv") == {}


def test_failure_is_not_timed(monkeypatch):
    """A command that fails gives an error and no time."""
    monkeypatch.setitem(tool.STEPS, "again", ("x", "x", ["-c", "raise SystemExit(3)"]))
    with pytest.raises(tool.subprocess.CalledProcessError):
        tool.minutes("again")
