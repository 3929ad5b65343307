"""How long the commands take that everybody runs: measure them and store it in book/timings.csv.

::

    python tools/measure.py             # all, which takes about half an hour
    python tools/measure.py book tests  # some

``book`` builds from nothing and removes what was built before. ``data`` makes all datasets in a
folder that is removed afterwards; those in ``data/`` stay as they are.
"""

from __future__ import annotations

import csv
import os
import platform
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from commands import choose
from lock import alone

from tptools.files import whole

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "book" / "timings.csv"

# key: what it is, what is typed, what runs
STEPS = {
    "book": ("the book, from nothing", "make book", ["tools/build_book.py"]),
    "again": ("the book again, nothing changed", "make book", ["tools/build_book.py"]),
    "tests": (
        "unit tests and doctests",
        "make test",
        ["-m", "pytest", "-q", "--numprocesses", "auto", "--dist", "worksteal"],
    ),
    "chapters": (
        "all chapters against their stored outputs",
        "make test",
        [
            *("-m", "pytest", "-q", "--numprocesses", "auto", "--dist", "loadfile"),
            *("--nbval", "--nbval-current-env", "book"),
        ],
    ),
    "panels": ("every figure of the index by itself", "tools/panels.py", ["tools/panels.py"]),
    "data": (
        "all datasets",
        "python -m tptools.companion.make --all",
        ["-m", "tptools.companion.make", "--all"],
    ),
}


def machine() -> str:
    """Say on what the commands ran, without a name of the host."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def minutes(key: str) -> float:
    """Run one step from the root of the repository; a failure is an error."""
    command = [sys.executable, *STEPS[key][2]]
    if key == "book":
        with alone(ROOT):
            shutil.rmtree(ROOT / "_build", ignore_errors=True)
    with TemporaryDirectory() as folder:
        if key == "data":
            command += ["--folder", folder, "--cache", f"{folder}/cache"]
        start = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True)
        return (time.perf_counter() - start) / 60


def read_table(path: Path = TABLE) -> dict[str, dict[str, str]]:
    """Read what was measured before, by what it is."""
    if not path.is_file():
        return {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["what"]: row for row in csv.DictReader(stream)}


def main() -> None:
    """Measure what is named on the command line, or all, and store it at once."""
    chosen = choose(__doc__, "step", STEPS)
    rows = read_table()
    for key in chosen:
        what, typed, _ = STEPS[key]
        spent = minutes(key)
        rows[what] = {
            "what": what,
            "command": f"`{typed}`",
            "minutes": f"{spent:.1f}",
            "measured": date.today().isoformat(),
            "on": machine(),
        }
        order = [rows[what] for what, *_ in STEPS.values() if what in rows]
        with whole(TABLE) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, order[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(order)


if __name__ == "__main__":
    main()
