"""The types of the package are right, and reach those who check their own code against them."""

from pathlib import Path

from mypy import api

ROOT = Path(__file__).resolve().parent.parent
WRONG_CALL = """
from tptools.kmc import ExcitonModel, PulseTrain, simulate

run = simulate(ExcitonModel(), PulseTrain(0.08, 10), seed="one")
"""


def test_types_hold(monkeypatch):
    """Package, tools and benchmarks fit their types, as strictly as mypy can tell."""
    monkeypatch.chdir(ROOT)
    report, _, status = api.run(["tptools", "tools", "benchmarks"])
    assert status == 0, report


def test_a_wrong_call_is_refused(tmp_path, monkeypatch):
    """The types reach code outside the package: a seed that is a text is found without running."""
    monkeypatch.chdir(ROOT)
    script = tmp_path / "script.py"
    script.write_text(WRONG_CALL)
    report, _, status = api.run([str(script)])
    assert status == 1
    assert 'Argument "seed" to "simulate" has incompatible type "str"; expected "int"' in report
