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
from tptools import analysis, fitting, io, planning, plotting
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
    home = (tmp_path / "new").resolve()
    assert out.endswith(f"\n\nWritten: report.html, results.json and results.csv in {home}\n")
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
    assert out.startswith("For D = 0.05 ± 0.005 cm2/s\n  photons ")
    for word in (
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


def options_of(command, capsys):
    """What the help of a command says of each option, by the option with its value."""
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = re.sub(r"\n {10,}(?=\S)", "  ", capsys.readouterr().out)
    return dict(re.findall(r"^  (--[a-z-]+(?: [A-Z_]+)*)  +(.*)$", said, re.MULTILINE))


def test_help_says_what_each_option_takes(capsys, monkeypatch):
    """A value, its unit, and what is taken without it."""
    monkeypatch.setenv("COLUMNS", "200")
    plan = options_of("plan", capsys)
    assert plan["--diffusivity D"] == "expected, in cm2/s"
    assert plan["--error ERROR"] == "wanted standard error: 10% of D, or in cm2/s"
    assert plan["--background-rate HZ"] == "(default: 100)"
    assert plan["--lifetime-ns NS"] == "(default: 2.2)"
    assert plan["--rep-rate-mhz MHZ"].endswith(" (default: 2.5)")
    assert plan["--spot-fwhm-nm NM"].endswith(" (default: 600)")
    assert plan.keys() >= {"--count-rate HZ", "--redraws N"}
    for option in ("--window-ns NS", "--step-nm NM", "--span-nm NM"):
        assert plan[option] == "keep this one"
    analyse = options_of("analyse", capsys)
    assert analyse.keys() >= {
        "--series TABLE", "--output FOLDER", "--window-ns START END", "--keep-bad",
        "--position-nm TABLE", "--step-nm STEP_NM", "--channel CHANNEL",
    }  # fmt: skip
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    said = capsys.readouterr().out
    assert stopped.value.code == 0
    assert said.startswith("usage: tptools [-h] [--version] COMMAND ...\n")
    with pytest.raises(SystemExit):
        main(["analyse", "--help"])
    said = capsys.readouterr().out
    assert "[SCAN ...]" in said
    assert "\nthe analysis:\n" in said


def test_version_is_that_of_the_package(capsys):
    """In one line."""
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"tptools {tptools.__version__}\n"


class Stopped(ValueError):
    """Raised by what a command calls, instead of its work."""


def calls(monkeypatch, module, name):
    """Arguments of the calls of a function, which then stops."""
    made = []

    def called(*given, **options):
        made.append((given, options))
        raise Stopped("stopped here")

    monkeypatch.setattr(module, name, called)
    return made


def test_options_are_those_of_the_reader(folder, tmp_path, monkeypatch, capsys):
    """Each as a number or a text under its name, and None where it is not given."""
    made = calls(monkeypatch, io, "read_scan")
    scan = str(folder / "scan0.csv")
    own = {
        "position_nm": "a.csv", "pattern": "x(1)", "step_nm": 50.0, "channel": "sum",
        "time_zero_ns": 1.5, "bin_ns": 0.1, "period_ns": 25.0, "first_column": "time_ps",
        "first_row": "x_nm",
    }  # fmt: skip
    given = [text for name, one in own.items() for text in (f"--{name.replace('_', '-')}", one)]
    for words in (given, [], ["--channel", 1], ["--channel=-1"]):
        assert run(capsys, "analyse", scan, *words, "--output", tmp_path)[0] == 1
    kept, without, number, negative = ({**options} for _, options in made)
    assert [one.pop("progress") for one in (kept, without)] == [False, False]
    assert (kept, without) == (own, dict.fromkeys(own))
    assert [one["channel"] for one in (number, negative)] == [1, -1]
    run(capsys, "analyse", scan, scan, "--output", tmp_path)
    run(capsys, "analyse", folder, "--output", tmp_path)
    assert [one[0][0] for one in made] == [scan] * 4 + [[scan, scan], str(folder)]


def test_options_are_those_of_the_analysis(folder, tmp_path, monkeypatch, capsys):
    """Window, what is kept, and the name of the scan; results go to a folder that is made."""
    made = calls(monkeypatch, analysis, "analyse")
    scan = folder / "scan0.csv"
    for words in (["--window-ns", 0.5, 2, "--keep-bad"], []):
        code, _, err = run(capsys, "analyse", scan, *words, "--output", tmp_path / "a" / "b")
        assert (code, err) == (1, "tptools analyse: stopped here\n")
    assert (tmp_path / "a" / "b").is_dir()
    given, default = (options for _, options in made)
    assert given == {"name": "scan0.csv", "window_ns": (0.5, 2.0), "keep_bad": True}
    assert default == {"name": "scan0.csv", "window_ns": None, "keep_bad": False}


def test_options_are_those_of_a_plan(monkeypatch, capsys):
    """Rates and lengths under their names; the error in cm2/s or as a part of D."""
    made = calls(monkeypatch, planning, "plan_scan")
    start = ["plan", "--diffusivity", "0.05", "--count-rate", "2000", "--error"]
    every = ["--background-rate", "7", "--spot-fwhm-nm", "500", "--lifetime-ns", "4"]
    every += ["--rep-rate-mhz", "5", "--window-ns", "3", "--step-nm", "50", "--span-nm", "900"]
    assert run(capsys, *start, "10%", *every) == (2, "", "tptools plan: stopped here\n")
    assert run(capsys, *start, " 0.002 ", "--redraws", "3")[0] == 2
    (values, options), (others, default) = made
    assert values == pytest.approx((0.05, 0.005))
    assert others == (0.05, 0.002)
    assert options == {
        "count_rate_Hz": 2000, "background_rate_Hz": 7, "spot_fwhm_nm": 500, "lifetime_ns": 4,
        "period_ns": 200, "window_ns": 3, "step_nm": 50, "span_nm": 900,
    }  # fmt: skip
    assert default == {
        "count_rate_Hz": 2000, "background_rate_Hz": 100, "spot_fwhm_nm": 600, "lifetime_ns": 2.2,
        "period_ns": 400, "window_ns": None, "step_nm": None, "span_nm": None,
    }  # fmt: skip
    for wrong in (["--redraws", "2"], ["--rep-rate-mhz", "0"]):
        code, _, err = run(capsys, *start, "1%", *wrong)
        assert code == 2
        assert f"{wrong[0]} {wrong[1]} must be" in err
    assert len(made) == 2


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("step_nm = 3\n; give step_nm"), 2, "--step-nm = 3 ; give --step-nm"),
        (ValueError("a.csv lacks it; give first_row"), 1, "a.csv lacks it; give --first-row"),
        (ValueError("source = 'a' is in source = 'b'"), 1, "SCAN 'a' is in source = 'b'"),
        (FileNotFoundError("a is no file"), 2, "a is no file"),
        (OSError("disk is full"), 1, "disk is full"),
        (ImportError("a reader"), 1, "a reader"),
        (TypeError("window_ns is a str"), 2, "--window-ns is a str"),
        (MemoryError(), 1, "MemoryError"),
        (KeyboardInterrupt(), 130, "stopped"),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_its_code(folder, tmp_path, monkeypatch, capsys, error, code, said):
    """Options are wrong use, and records that cannot be read are not; in one line each."""

    def fails(*_, **__):
        raise error

    monkeypatch.setattr(io, "read_scan", fails)
    found = run(capsys, "analyse", folder / "scan0.csv", "--output", tmp_path)
    assert found == (code, "", f"tptools analyse: {said}\n")


def test_a_series_needs_a_table_of_scans_that_differ(folder, tmp_path, monkeypatch, capsys):
    """With any separator and mark of encoding; scans are named as they are read."""
    made = calls(monkeypatch, io, "read_scan")
    table = tmp_path / "powers.csv"
    out = ["--output", tmp_path]
    for text, said in (
        ("scan,power_nW\na,1\na,2\n", "names a scan twice"),
        ("scan,power\na,1\n", "has the columns scan, power and must have scan and power_nW"),
        ("name,power_nW\na,1\n", "has the columns name, power_nW and must have scan"),
        ("", "is no table"),
    ):
        table.write_text(text, encoding="utf-8")
        code, _, err = run(capsys, "analyse", "--series", table, *out)
        assert code == 2
        assert f"--series {table} {said}" in err
    assert not made
    table.write_text("scan;power_nW\n1;2\n", encoding="utf-8-sig")
    code, _, err = run(capsys, "analyse", "--series", table, *out)
    assert (code, err) == (1, "1 ...\ntptools analyse: stopped here\n")
    assert [given for given, _ in made] == [(str(tmp_path / "1"),)]


def test_nothing_to_do_is_wrong_use(capsys):
    """Without a command, what there is is said."""
    code, out, err = run(capsys)
    assert (code, err) == (2, "")
    assert out.startswith("What a transient-photoluminescence microscope says of diffusion.\n")
