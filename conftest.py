"""Tests side by side: ``--numprocesses auto`` takes every core, and linear algebra its share."""

from __future__ import annotations

import os

import joblib
import pytest
from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

# Not those of simulations: they wait for nothing, and the last chapter that runs needs every core.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def pytest_xdist_auto_num_workers() -> int:
    """Cores that this process may use, by its affinity and its container."""
    return joblib.cpu_count()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Leave each process, and the kernels that it starts, its share of the threads that spin."""
    if processes := config.getoption("numprocesses"):
        share = str(max(1, joblib.cpu_count() // processes))
        os.environ |= {name: os.environ.get(name, share) for name in THREADS}
    if config.getoption("nbval") or config.getoption("nbval_lax"):
        from chapters import Keeper

        config.pluginmanager.register(Keeper(config))
