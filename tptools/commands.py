"""The commands ``tptools analyse`` and ``tptools plan``, also as ``python -m tptools``.

They take words from a command line to functions of `tptools.io`, `tptools.analysis` and
`tptools.planning`, and what these find, or refuse, to the console. No number is worked out here.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import tptools
from tptools.console import shown

if TYPE_CHECKING:
    from tptools.analysis import Analysis, SeriesAnalysis

DONE, NOT_ANALYSED, WRONG_USE = 0, 1, 2

ABOUT = """\
What a transient-photoluminescence microscope says of diffusion.

  tptools analyse SCAN ...   D by every method, with its error and what speaks against it
  tptools plan ...           photons, time, window and step that a wanted error needs

Each explains itself: tptools analyse --help"""

ANALYSE = """\
Read a scan of the detector over a spot of light, and find the diffusivity by every method.

SCAN is a folder with one file for each position, one file with a whole line or map, or several
files of one scan. Read are .ptu .phu .pt3 .t3r .sdt .spc .h5 .hdf5 .nc .npz .mat .csv .tsv .txt
.asc .dat. Nothing is guessed: where a file does not say its positions, its time bins or its
channel, the command stops and names the option that says it.

Written are report.html (one page that needs no other file), results.json and results.csv.

examples:
  tptools analyse my_scan/                     positions in the names, as in x_-150nm.ptu
  tptools analyse my_scan/ --step-nm 50        files are numbered, 50 nm apart
  tptools analyse map.csv --bin-ns 0.05        a table without times
  tptools analyse --series powers.csv          a power series; the table has the columns scan
                                               (a path beside the table), power_nW and rep_rate_MHz

exit codes: 0 done; 1 a record that cannot be analysed; 2 wrong use"""

PLAN = """\
Say what a scan needs for a wanted error of D: photons, time, window, step and span.

The numbers are those of the best possible fit (Cramer-Rao), which the method "global" reaches on a
Gaussian spot. Slices need more light; --redraws says how much, from scans that are drawn.

  --diffusivity   what you expect, in cm2/s (0 asks what is told from none)
  --error         what you want: 10% of it, or a number in cm2/s
  --count-rate    what the counter shows on the centre of the spot, less what it shows in the dark

examples:
  tptools plan --diffusivity 0.01 --error 10% --count-rate 2000
  tptools plan --diffusivity 0.05 --error 0.002 --count-rate 5000 --spot-fwhm-nm 450 --redraws 20

exit codes: 0 done; 2 wrong use"""

READING = (
    "position_nm", "pattern", "step_nm", "channel", "time_zero_ns", "bin_ns", "period_ns",
    "first_column", "first_row",
)  # fmt: skip
OPTIONS = re.compile(rf"\b({'|'.join((*READING, 'window_ns', 'keep_bad'))})\b")


class _WrongUse(Exception):
    """What the user can mend on the command line."""


class _Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, and where help is."""

    def error(self, message: str) -> NoReturn:
        """End with the code for wrong use."""
        self.exit(WRONG_USE, shown(f"{self.prog}: {message}; see {self.prog} --help\n"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the command line.

    Returns
    -------
    int
        Exit code: 0 done, 1 a record that cannot be analysed, 2 wrong use.

    Raises
    ------
    SystemExit
        For ``--help``, ``--version``, and options that do not exist.

    Examples
    --------
    >>> main(["analyse", "no/such/folder"])
    2
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if "run" not in given:
        print(ABOUT)
        return WRONG_USE
    try:
        return int(given.run(given))
    except (_WrongUse, FileNotFoundError) as error:
        return _failed(given, error, WRONG_USE)
    except (ValueError, TypeError, ImportError, OSError, MemoryError) as error:
        return _failed(given, error, WRONG_USE if OPTIONS.match(str(error)) else NOT_ANALYSED)
    except KeyboardInterrupt:
        return _failed(given, "stopped", 130)


def _failed(given: argparse.Namespace, error: object, code: int) -> int:
    """Say in one line what is wrong, in the words of the command line."""
    said = " ".join(str(error).split()) or type(error).__name__
    said = said.replace("source = ", "SCAN ", 1)
    said = OPTIONS.sub(lambda one: "--" + one[0].replace("_", "-"), said)
    print(shown(f"tptools {given.command}: {said}"), file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = _Parser("tptools", description=ABOUT, formatter_class=raw)
    parser.add_argument("--version", action="version", version=f"tptools {tptools.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_analyse(commands.add_parser("analyse", help="find D in a scan or a power series",
                                     description=ANALYSE, formatter_class=raw))  # fmt: skip
    _add_plan(commands.add_parser("plan", help="photons, time, window and step for a wanted error",
                                  description=PLAN, formatter_class=raw))  # fmt: skip
    return parser


def _add_analyse(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("scan", nargs="*", metavar="SCAN", help="folder or files of one scan")
    add("--series", metavar="TABLE", help="CSV of a power series: scan, power_nW, rep_rate_MHz")
    add("--output", metavar="FOLDER", default=".", help="where results go (default: here)")
    own = parser.add_argument_group("the analysis")
    own.add_argument(
        "--window-ns",
        nargs=2,
        type=float,
        metavar=("START", "END"),
        help="times of the fits (default: until the light has fallen to a quarter)",
    )
    own.add_argument(
        "--keep-bad",
        action="store_true",
        help="keep positions with too few or too many counts for their neighbours",
    )
    files = parser.add_argument_group("what files do not say")
    files.add_argument(
        "--step-nm", type=float, help="distance of positions, curves or numbered files"
    )
    files.add_argument(
        "--position-nm", metavar="TABLE", help="CSV with names of files and position_nm"
    )
    files.add_argument("--pattern", help="regular expression: its first group, times the step, is "
                       "the position")  # fmt: skip
    files.add_argument("--channel", help="number of the detector, or sum")
    files.add_argument("--time-zero-ns", type=float, help="of the pulse, on the clock of the file")
    files.add_argument("--bin-ns", type=float, help="width of the time bins")
    files.add_argument("--period-ns", type=float, help="time between pulses")
    files.add_argument("--first-column", help="what it holds, with the unit: position_um, time_ps")
    files.add_argument("--first-row", help="what the row over the columns holds, with the unit")
    parser.set_defaults(run=_analyse)


def _analyse(given: argparse.Namespace) -> int:
    from tptools import analysis

    folder = _folder(given.output)
    found = _series(given) if given.series else _one(given.scan, given)
    analysis.write_json(found, folder / "results.json")
    analysis.write_csv(found, folder / "results.csv")
    analysis.write_report(found, folder / "report.html")
    print(shown(analysis.describe(found)))
    print(shown(f"\nWritten: report.html, results.json and results.csv in {folder.resolve()}"))
    scans = found.scans.values() if isinstance(found, analysis.SeriesAnalysis) else [found]
    known = [one for one in scans if one.best.value == one.best.value]
    return DONE if known else NOT_ANALYSED


def _folder(name: str) -> Path:
    """The folder for results, made if it is not there."""
    folder = Path(name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _WrongUse(f"--output {name} can be no folder: {error.strerror}") from None
    return folder


def _one(scan: Sequence[str], given: argparse.Namespace, name: str | None = None) -> Analysis:
    """Read and analyse one scan."""
    from tptools import analysis, io

    if not scan:
        raise _WrongUse("no SCAN is given: name a folder or files, or see tptools analyse --help")
    folders = [one for one in scan if Path(one).is_dir()]
    if folders and len(scan) > 1:
        raise _WrongUse(
            f"{len(scan)} scans are given; a series needs a table of their powers (--series), and "
            "scans that are no series are analysed one by one"
        )
    options: dict[str, Any] = {one: getattr(given, one) for one in READING}
    if options["channel"] is not None and options["channel"].lstrip("-").isdigit():
        options["channel"] = int(options["channel"])
    record = io.read_scan(scan[0] if len(scan) == 1 else list(scan), progress=sys.stderr.isatty(),
                          **options)  # fmt: skip
    window = None if given.window_ns is None else tuple(given.window_ns)
    name = name or Path(scan[0]).resolve().name
    return analysis.analyse(record, name=name, window_ns=window, keep_bad=given.keep_bad)


def _series(given: argparse.Namespace) -> SeriesAnalysis:
    """Read a table and the scans that it names."""
    import pandas as pd

    from tptools import analysis

    if given.scan:
        raise _WrongUse("the table of --series names the scans; leave out SCAN")
    path = Path(given.series)
    if not path.is_file():
        raise _WrongUse(f"--series {given.series} is no file")
    try:
        table = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
    except (ValueError, csv.Error) as error:
        raise _WrongUse(f"--series {given.series} is no table: {error}; save a CSV") from None
    if "scan" not in table or "power_nW" not in table:
        raise _WrongUse(
            f"--series {given.series} has the columns {', '.join(table)} and must have scan and "
            "power_nW"
        )
    names = [str(one) for one in table["scan"]]
    if len({*names}) < len(names):
        raise _WrongUse(f"--series {given.series} names a scan twice; each needs one row")
    scans = {}
    for name in names:
        print(shown(f"{name} ..."), file=sys.stderr)
        scans[name] = _one([str(path.parent / name)], given, name)
    return analysis.analyse_series(scans, table.assign(scan=names).set_index("scan"))


def _add_plan(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--diffusivity", type=float, required=True, metavar="D", help="expected, in cm2/s")
    add("--error", required=True, help="wanted standard error: 10%% of D, or in cm2/s")
    add("--count-rate", type=float, required=True, metavar="HZ", help="of light at the centre")
    add("--background-rate", type=float, default=100.0, metavar="HZ", help="(default: 100)")
    add("--spot-fwhm-nm", type=float, default=600.0, metavar="NM",
        help="width of the first slice as scanned (default: 600)")  # fmt: skip
    add("--lifetime-ns", type=float, default=2.2, metavar="NS", help="(default: 2.2)")
    add(
        "--rep-rate-mhz", type=float, default=2.5, metavar="MHZ", help="of the laser (default: 2.5)"
    )
    for name, unit in (("window", "ns"), ("step", "nm"), ("span", "nm")):
        add(f"--{name}-{unit}", type=float, metavar=unit.upper(), help="keep this one")
    add("--redraws", type=int, default=0, metavar="N", help="scans drawn to try every method")
    parser.set_defaults(run=_plan)


def _plan(given: argparse.Namespace) -> int:
    from tptools import planning
    from tptools.analysis.plan_text import lines_of_plan

    text = given.error.strip()
    try:
        error = float(text.removesuffix("%"))
    except ValueError:
        raise _WrongUse(
            f"--error {text} must be a number in cm2/s, or a part of D as 10%"
        ) from None
    if text.endswith("%"):
        error *= given.diffusivity / 100
    if given.redraws and given.redraws < 3:
        raise _WrongUse(f"--redraws {given.redraws} must be at least 3, or left out")
    if not given.rep_rate_mhz > 0:
        raise _WrongUse(f"--rep-rate-mhz {given.rep_rate_mhz:g} must be above 0")
    try:
        plan = planning.plan_scan(
            given.diffusivity,
            error,
            count_rate_Hz=given.count_rate,
            background_rate_Hz=given.background_rate,
            spot_fwhm_nm=given.spot_fwhm_nm,
            lifetime_ns=given.lifetime_ns,
            period_ns=1e3 / given.rep_rate_mhz,
            window_ns=given.window_ns,
            step_nm=given.step_nm,
            span_nm=given.span_nm,
        )
    except ValueError as error_:
        raise _WrongUse(str(error_)) from None
    print(shown("\n".join(lines_of_plan(plan, given.redraws))))
    return DONE
