"""Verdicts that tests and chapters share: what one of many processes has judged, no other has to.

They are kept only where the environment variable ``TPTOOLS_VERDICTS_SINCE`` holds a time in seconds
since 1970, as in ``make test`` and ``make book``. Each lies in ``_build/verdicts`` with a hash of
all that it may rest on: every file of the package, whether it concerns the claim or not, the
registry of the data, the versions of all libraries. If one of these files is younger than that
time, what is loaded may be older than what would be hashed: then none is kept or taken.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from tptools.companion import datasets
from tptools.files import whole

SINCE = "TPTOOLS_VERDICTS_SINCE"


def kept(claim_id: str, judged: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """What was found for a claim, and the verdict, as `judged` gives them."""
    if not _may_be_kept():
        return judged()
    path = _folder() / f"{claim_id}.json"
    rests_on = [claim_id, _everything()]
    if path.is_file():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["rests_on"] == rests_on:
            return stored["found"], stored["verdict"]
    found, verdict = judged()
    if _may_be_kept():
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as beside:
            stored = {"rests_on": rests_on, "found": found, "verdict": verdict}
            beside.write_text(json.dumps(stored), encoding="utf-8")
    return found, verdict


def _folder() -> Path:
    return datasets.CHECKOUT / "_build" / "verdicts"


def _may_be_kept() -> bool:
    """Whether it is wanted, here is a checkout, and all files are as old as what is loaded."""
    since = os.environ.get(SINCE)
    if not since or not (datasets.CHECKOUT / "pyproject.toml").is_file():
        return False
    # the time of a change of the file itself, which copying and moving do not set back
    return all(path.exists() and path.stat().st_ctime < float(since) for path in _files())


@cache
def _files() -> tuple[Path, ...]:
    """All files of the package and the registry of data."""
    package = (datasets.CHECKOUT / "tptools").rglob("*")
    own = [path for path in package if path.is_file() and "__pycache__" not in path.parts]
    return *sorted(own), datasets.REGISTRY


@cache
def _everything() -> str:
    """Hash all that a verdict may rest on."""
    libraries = Path(np.__file__).parents[1].glob("*.dist-info")
    numba = {name: one for name, one in os.environ.items() if name.startswith("NUMBA_")}
    total = hashlib.sha256(repr((sys.version, sorted(p.name for p in libraries))).encode())
    total.update(repr(sorted(numba.items())).encode())
    for path in _files():
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(datasets.CHECKOUT)} {content}\n".encode())
    return total.hexdigest()
