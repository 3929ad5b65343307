"""``tptools analyse`` and ``tptools plan``: files come out, and what goes wrong is one line."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import tptools
from tptools import fitting, io, plotting
from tptools.commands import main
from tptools.fitting import spreading_spot


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A table of a scan, another without positions, and one without light."""
    home = tmp_path_factory.mktemp("scans")
    time, x = np.arange(-1, 5, 0.1).round(3), np.linspace(-1200, 1200, 31)
    late = np.maximum(time, 0)
    light = 5e3 * np.exp(-late / 2) * (time > -1e-9) + 1e-9
    spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 250**2, "background": 0.5}
    mean = spreading_spot(late, x, light, **spot).to_numpy()
    for k in range(4):
        counts = np.random.default_rng(k).poisson(mean)
        index = pd.Index(time, name="time (ns)")
        pd.DataFrame(counts, index, [f"{one:g} nm" for one in x]).to_csv(home / f"scan{k}.csv")
    pd.DataFrame(counts, index).to_csv(home / "nameless.csv")
    pd.DataFrame(0 * counts, index, [f"{one:g} nm" for one in x]).to_csv(home / "dark.csv")
    names = [f"scan{k}.csv" for k in range(4)]
    table = pd.DataFrame({"scan": names, "power_nW": [1, 2, 4, 8], "rep_rate_MHz": 2.5})
    table.to_csv(home / "powers.csv", index=False)
    (home / "notes.xyz").write_text("nothing")
    return home


@pytest.fixture(autouse=True)
def without_pictures(monkeypatch):
    """Pictures take most of the time, and are tried with the report."""
    monkeypatch.setattr(plotting, "as_png", lambda *_: b"")


def run(capsys, *arguments):
    """Exit code, output and errors of a command."""
    code = main([str(one) for one in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_scan_is_analysed(folder, tmp_path, capsys):
    """The console has what the library finds, and three files are written."""
    code, out, err = run(capsys, "analyse", folder / "scan0.csv", "--output", tmp_path / "new")
    assert (code, err) == (0, "")
    scan = io.read_scan(folder / "scan0.csv")
    window = tuple(scan.attrs["fit_window_ns"])
    found = fitting.diffusivity(scan.counts, "global", window_ns=window)
    assert f"Most to be believed here: {found}" in out
    assert "Nothing speaks against slices here." in out
    written = {one.name for one in (tmp_path / "new").iterdir()}
    assert written == {"report.html", "results.json", "results.csv"}
    stored = json.loads((tmp_path / "new" / "results.json").read_text("utf-8"))
    assert stored["best"]["value"] == found.value
    assert out.startswith("scan0.csv: ")
    versions = {"tptools": tptools.__version__, "python": platform.python_version()}
    assert versions.items() <= stored["versions"].items()


def test_a_series_is_analysed(folder, tmp_path, capsys):
    """The table names scans beside it; D is given against power and time, with the tests."""
    code, out, _ = run(capsys, "analyse", "--series", folder / "powers.csv", "--output", tmp_path)
    assert code == 0
    assert re.search(r"scan3.csv +8 +2.5", out)
    assert "Relaxation by global" in out
    assert "Does D follow the power?" in out
    stored = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert len(stored["scans"]) == 4
    assert stored["conditions"][0]["time_between_excitations_us"] == pytest.approx(70.2, abs=0.1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["analyse"], 2, "no SCAN is given"),
        (["analyse", "nowhere"], 2, "SCAN 'nowhere' is no file"),
        (["analyse", "scan0.csv", "--step-nm", "-50"], 2, "--step-nm = -50"),
        (["analyse", "scan0.csv", "--window-ns", "3", "0"], 2, "--window-ns = (3.0, 0.0)"),
        (["analyse", "scan0.csv", "--output", "notes.xyz"], 2, "--output"),
        (["analyse", ".", "scan0.csv"], 2, "needs a table of their powers (--series)"),
        (["analyse", "--series", "nowhere.csv"], 2, "--series"),
        (["analyse", "--series", "scan0.csv"], 2, "must have scan and power_nW"),
        (["analyse", "scan0.csv", "--series", "powers.csv"], 2, "leave out SCAN"),
        (["analyse", "notes.xyz"], 1, "notes.xyz cannot be read"),
        (["analyse", "nameless.csv"], 1, "nameless.csv cannot be read"),
        (["analyse", "dark.csv"], 1, "no counts"),
        (["plan", "--diffusivity", "0.1", "--error", "x", "--count-rate", "9"], 2, "--error x"),
        (["plan", "--diffusivity", "-1", "--error", "1", "--count-rate", "9"], 2, "diffusivity"),
        (["plan", "--diffusivity", "0", "--error", "5%", "--count-rate", "9"], 2, "error_cm2_s"),
    ],
)
def test_what_a_user_did_wrong_is_one_line(folder, tmp_path, monkeypatch, capsys, arguments, code,
                                           said):  # fmt: skip
    """With the exit code of its kind, and nothing is left behind."""
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    extra = ["--output", str(tmp_path)] if arguments[0] == "analyse" else []
    extra = [] if "--output" in arguments else extra
    found, out, err = run(capsys, *arguments, *extra)
    assert (found, out) == (code, "")
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plot"], "invalid choice: 'plot'"),
        (["analyse", "scan0.csv", "--step", "50", "--stop"], "--stop"),
        (["analyse", "scan0.csv", "--bin-ns", "wide"], "invalid float value: 'wide'"),
        (["plan", "--error", "10%"], "--diffusivity, --count-rate"),
    ],
)
def test_what_no_command_takes_is_one_line_too(arguments, said, capsys):
    """A wrong command, option or number, and a missing one, point at the help."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    err = capsys.readouterr().err
    assert stopped.value.code == 2
    assert said in err
    assert "--help" in err
    assert err.count("\n") == 1


def test_a_plan_says_photons_time_window_and_step(capsys):
    """And, where asked, what every method needs, from scans that are drawn."""
    arguments = ["plan", "--diffusivity", "0.05", "--error", "10%", "--count-rate", "4000"]
    code, out, err = run(capsys, *arguments, "--redraws", "3")
    assert (code, err) == (0, "")
    for word in (
        "photons",
        "time",
        "window",
        "step",
        "told from zero",
        "slices",
        "times the light",
    ):
        assert word in out


@pytest.mark.parametrize("command", ["analyse", "plan"])
def test_help_teaches(command, capsys):
    """Every option is explained, with examples and exit codes."""
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    out = capsys.readouterr().out
    assert stopped.value.code == 0
    assert "examples:" in out
    assert "exit codes:" in out


def test_the_module_is_the_command():
    """``python -m tptools`` says what there is, and that a command is missing."""
    done = subprocess.run([sys.executable, "-m", "tptools"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "tptools analyse SCAN" in done.stdout
    assert done.stderr == ""
