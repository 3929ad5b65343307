"""What an import costs in a new process, against the libraries that it cannot do without."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from benchmarks.common import Row, paired

NEEDED = "import numba, xarray"
MODULES = ("tptools.kmc", "tptools.fitting", "tptools.instruments", "tptools.inference")
BAR = 0.6  # of the time that these libraries take by themselves


def _seconds(code: str) -> float:
    """Processor time of a new process, which the load of the machine leaves as it is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows() -> Iterator[Row]:
    """Measure each module against numba and xarray alone."""
    for name in MODULES:
        ours, needed, ratio = paired(partial(_seconds, f"import {name}"), partial(_seconds, NEEDED))
        yield Row(f"import {name}", f"{ours:.2f} s", f"{needed:.2f} s", ratio, BAR)
