"""Every command line of the project answers a wrong name with one line, and starts nothing."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import chapters
import pytest
from commands import choose

from tptools.companion.claims import __main__ as claims

ROOT = Path(__file__).resolve().parent.parent


def start(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script, or the program of a package, with the command line of this process."""
    if program.endswith(".py"):
        runpy.run_path(str(ROOT / program), run_name="__main__")
    else:
        # it may have been imported before, as here
        monkeypatch.delitem(sys.modules, f"{program}.__main__", raising=False)
        runpy.run_module(program, run_name="__main__")


@pytest.mark.parametrize(
    ("program", "names", "said"),
    [
        ("tools/execute.py", "glossary", "no chapter is named glossary; there are: audit, "),
        ("tools/execute.py", "heating heting", "no chapter is named heting; there are: audit, "),
        (
            "tools/try_chapter.py",
            "heting",
            "no chapter to try is named 'heting'; there are: heating",
        ),
        ("tools/build_book.py", "heating", "takes no arguments, not heating"),
        ("tools/print_book.py", "--a5", "takes no arguments, not --a5"),
        (
            "tptools.companion.claims",
            "fig",
            "no claim is named fig; there are: abs-no-nonlin, abs-",
        ),
        ("benchmarks", "het", "no benchmark is named het; there are: fitting, heat, hopping"),
    ],
)
def test_wrong_name_lists_the_right_ones(program, names, said, monkeypatch, capsys):
    """One line says what is wrong and what there is, the exit code is 2, and nothing runs.

    Not even what has a right name and comes before the wrong one.
    """
    monkeypatch.setattr(sys, "argv", [program, *names.split()])
    monkeypatch.setattr(chapters, "run", None)
    with pytest.raises(SystemExit) as stopped:
        start(program, monkeypatch)
    report = capsys.readouterr()
    assert (stopped.value.code, report.out) == (2, "")
    assert said in report.err
    assert report.err.count("\n") == 1


def test_names_are_chosen():
    """Names come back in their order, and none means all."""
    assert choose("", "fruit", ["apple", "pear"], ["pear", "apple"]) == ["pear", "apple"]
    assert choose("", "fruit", ["apple", "pear"], []) == ["apple", "pear"]
    assert choose("", arguments=[]) == []


def test_some_claims_are_judged_alone(capsys):
    """A name on the command line gives verdict and number of this claim, and of no other."""
    claims.main(["s6-Psurf"])
    assert capsys.readouterr().out == "claim,verdict,recomputed\ns6-Psurf,reproduced,0.374 nW\n"


def test_without_a_name_all_claims_are_judged(monkeypatch, capsys):
    """In the order of the ledger, and help says in a line what the program does."""
    judged = []
    monkeypatch.setattr(claims, "judge", lambda one: judged.append(one) or JUDGED)
    claims.main([])
    assert judged == [*claims.CLAIMS]
    assert capsys.readouterr().out.splitlines()[1:] == ["a,open,"] * len(judged)
    with pytest.raises(SystemExit):
        claims.main(["--help"])
    said = capsys.readouterr().out
    assert said.startswith("usage: python -m tptools.companion.claims ")
    assert "\n\nPrint verdicts on claims\n\n" in said


JUDGED = SimpleNamespace(claim=SimpleNamespace(id="a"), verdict="open", found="", computed=False)
