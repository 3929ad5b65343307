"""Tests side by side: ``--numprocesses auto`` takes every core, and linear algebra its share."""

from __future__ import annotations

import gc
import os
import re
import time
from collections.abc import Generator
from pathlib import Path

import pytest

# Verdicts that one process has judged, others take; see tptools/companion/claims/kept.py.
os.environ.setdefault("TPTOOLS_VERDICTS_SINCE", str(time.time()))

# Not those of simulations: they wait for nothing, and the last chapter that runs needs every core.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")

# What Windows does not have, or not for everybody: tests that need it stay away there.
POSIX_ONLY = re.compile(r'import resource|"fork"|SIGKILL|symlink_to|killpg|"make"|find-python')


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out, on Windows, the files of tests that ask the system for what it lacks."""
    if os.name != "nt" or not collection_path.is_file() or collection_path.suffix != ".py":
        return None
    return bool(POSIX_ONLY.search(collection_path.read_text(encoding="utf-8"))) or None


def pytest_xdist_auto_num_workers() -> int:
    """Cores that this process may use, by its affinity and its container."""
    import joblib  # with numpy behind it, which chapters that run in one process do without

    return joblib.cpu_count()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Share the threads that spin among processes, keep what chapters give, let examples last."""
    if processes := config.getoption("numprocesses"):
        share = str(max(1, pytest_xdist_auto_num_workers() // processes))
        os.environ |= {name: os.environ.get(name, share) for name in THREADS}
    if config.getoption("nbval") or config.getoption("nbval_lax"):
        from keeper import Keeper

        config.pluginmanager.register(Keeper(config))
    if not config.getoption("nbval_lax"):  # that of a build, with no test beside its chapters
        from hypothesis import settings

        settings.register_profile("busy", deadline=None)
        settings.load_profile("busy")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None]:
    """Look for no garbage among the thousands of tests, which live until the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
