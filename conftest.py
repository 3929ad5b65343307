"""Tests side by side: ``--numprocesses auto`` takes every core, and shares the threads out."""

from __future__ import annotations

import os

import joblib
import pytest

# Of linear algebra, of numba, and of what the package runs side by side by itself.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def pytest_xdist_auto_num_workers() -> int:
    """Cores that this process may use, by its affinity and its container."""
    return joblib.cpu_count()


def pytest_configure(config: pytest.Config) -> None:
    """Leave each process, and the kernels that it starts, its share of the cores."""
    if processes := config.getoption("numprocesses"):
        share = str(max(1, joblib.cpu_count() // processes))
        os.environ |= {name: os.environ.get(name, share) for name in THREADS}
