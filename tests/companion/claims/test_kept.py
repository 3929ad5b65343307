"""Tests of tptools.companion.claims.kept."""

import json
import os
import time
from types import SimpleNamespace

import pytest

from tptools.companion import datasets
from tptools.companion.claims import kept, ledger
from tptools.companion.claims.kept import kept as judged_once

ledger._all_modules()  # before a test changes where they register


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with a package of one module and a table, all written before it is loaded."""
    files = ("pyproject.toml", "data_registry.txt", "tptools/one.py", "tptools/data/table.csv")
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(datasets, "CHECKOUT", tmp_path)
    monkeypatch.setattr(datasets, "REGISTRY", tmp_path / "data_registry.txt")
    later(monkeypatch)
    yield tmp_path
    forget()


def forget():
    """Forget what a process remembers of the files."""
    kept._files.cache_clear()
    kept._everything.cache_clear()


def later(monkeypatch):
    """Begin as another process does, after all that was written."""
    forget()
    monkeypatch.setenv("TPTOOLS_VERDICTS_SINCE", str(time.time() + 1))


def now(monkeypatch):
    """Begin as a process that is loaded before anything else is written."""
    monkeypatch.setenv(kept.SINCE, str(time.time()))
    time.sleep(0.02)  # clocks of files are coarse


def judge(times=1):
    """Judge a claim some times, and count how often it was computed."""
    calls = []

    def judged():
        calls.append(1)
        return "0.374 nW", "reproduced"

    found = {judged_once("s6-Psurf", judged) for _ in range(times)}
    assert found == {("0.374 nW", "reproduced")}
    return len(calls)


def test_another_process_takes_what_one_has_judged(checkout, monkeypatch):
    """What was judged once is taken as it was, here and in later processes."""
    assert judge(times=2) == 1
    later(monkeypatch)
    assert judge() == 0


@pytest.mark.parametrize("name", ["data_registry.txt", "tptools/one.py", "tptools/data/table.csv"])
def test_any_change_makes_it_new(checkout, monkeypatch, name):
    """A file of the package or the registry counts by its content; one more file counts too."""
    assert judge() == 1
    (checkout / name).write_text("changed")
    later(monkeypatch)
    assert judge(times=2) == 1
    (checkout / "tptools" / "another.py").write_text("")
    later(monkeypatch)
    assert judge(times=2) == 1


def test_another_version_of_a_library_counts(checkout, tmp_path, monkeypatch):
    """What is installed beside numpy is what a verdict was computed with."""
    (tmp_path / "site" / "numpy-1.dist-info").mkdir(parents=True)
    numpy = SimpleNamespace(__file__=str(tmp_path / "site" / "numpy" / "__init__.py"))
    monkeypatch.setattr(kept, "np", numpy)
    assert judge() == 1
    (tmp_path / "site" / "numpy-1.dist-info").rename(tmp_path / "site" / "numpy-2.dist-info")
    later(monkeypatch)
    assert judge() == 1
    later(monkeypatch)
    assert judge() == 0


def test_settings_of_the_compiler_and_the_claim_count(checkout, monkeypatch):
    """What other code was made into, and what was found for another claim, is not taken."""
    assert judge() == 1
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    later(monkeypatch)
    assert judge() == 1
    path = checkout / "_build" / "verdicts" / "s6-Psurf.json"
    stored = json.loads(path.read_text())
    stored["rests_on"][0] = "s6-psurf"
    path.write_text(json.dumps(stored))
    assert judge() == 1


@pytest.mark.parametrize("change", ["write", "set back", "remove"])
def test_nothing_is_kept_once_a_file_is_younger_than_what_is_loaded(checkout, monkeypatch, change):
    """While the package changes under a process, it neither keeps nor takes, whatever the date."""
    assert judge() == 1
    path = checkout / "tptools" / "one.py"
    now(monkeypatch)
    assert judge() == 0
    if change == "remove":
        path.unlink()
    else:
        path.write_text("changed")
    if change == "set back":
        os.utime(path, (0, 0))
    assert judge(times=2) == 2
    path.write_text("tptools/one.py")
    assert judge(times=2) == 2


def test_what_changes_while_it_is_judged_is_not_kept(checkout, monkeypatch):
    """A file that is written meanwhile leaves nothing behind."""
    now(monkeypatch)

    def judged():
        (checkout / "tptools" / "one.py").write_text("changed")
        return "", "reproduced"

    judged_once("s6-Psurf", judged)
    assert not (checkout / "_build").exists()


@pytest.mark.parametrize("lacking", [kept.SINCE, "pyproject.toml"])
def test_it_has_to_be_asked_for_and_needs_a_checkout(checkout, monkeypatch, lacking):
    """Without the variable, and in an installed package, all is judged anew."""
    monkeypatch.delenv(lacking, raising=False)
    (checkout / lacking).unlink(missing_ok=True)
    assert judge(times=2) == 2
    assert not (checkout / "_build").exists()


def test_functions_from_elsewhere_are_not_kept(checkout, monkeypatch):
    """A verdict on what no file of the package computes is found anew."""
    monkeypatch.setattr(ledger, "_RECIPES", {})
    ledger.claim("s6-Psurf")(lambda: 0.374)
    assert ledger.judge("s6-Psurf").verdict == "reproduced"
    assert not (checkout / "_build").exists()
