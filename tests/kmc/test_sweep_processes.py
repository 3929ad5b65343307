"""Tests of tptools.kmc.sweep over processes that die, meet, or are forked from busy ones."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import pytest
from distributed import Client, LocalCluster

from tptools.kmc import ExcitonModel, Recording, sweep

FORK = get_context("fork")
MODEL = ExcitonModel(lattice_size=201)
GRID = {
    "excitation_density": [0.1, 0.3],
    "period_us": [2.0, 5.0, 10.0],
    "spot_sigma_sites": 4,
    "n_pulses": 100,
    "burn_in_pulses": 0,
}


def run(cache_dir=None, executor=None):
    """Sweep for some tenths of a second of processor time."""
    options = {"n_trains": 2, "progress": False, "recording": Recording(until_ns=0.5)}
    return sweep(MODEL, GRID, executor=executor, cache_dir=cache_dir, **options)


def stored(cache):
    """Finished conditions in a cache folder, with when they were stored."""
    return {path: path.stat().st_mtime_ns for path in cache.rglob("output.pkl")}


@contextmanager
def when(condition: Callable[[], object], act: Callable[[], object]):
    """Do something once, as soon as a condition holds, while the block runs."""
    done = threading.Event()

    def watch():
        while not condition():
            time.sleep(0.002)
        act()
        done.set()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    yield done
    watcher.join(60)
    assert done.is_set()


@pytest.fixture(scope="module")
def reference():
    """Give the sweep as it comes out on one thread."""
    with ThreadPoolExecutor(1) as pool:
        return run(executor=pool)


def test_two_sweeps_on_one_cache(reference, tmp_path):
    """Two processes that sweep at once have the same, and leave each condition once."""
    with FORK.Pool(2) as pool:
        both = pool.map(run, [tmp_path] * 2, chunksize=1)
    assert all(one.identical(reference) for one in both)
    before = stored(tmp_path)
    assert len(before) == 6
    assert run(tmp_path).identical(reference)
    assert stored(tmp_path) == before


def test_killed_sweep_goes_on(reference, tmp_path):
    """What a killed process had finished is not made again, and the result is the same."""
    process = FORK.Process(target=run, args=[tmp_path])
    process.start()
    while not stored(tmp_path):
        time.sleep(0.002)
    process.kill()
    process.join()
    before = stored(tmp_path)
    assert process.exitcode == -signal.SIGKILL
    assert 1 <= len(before) < 6
    assert run(tmp_path).identical(reference)
    assert len(stored(tmp_path)) == 6
    assert before.items() <= stored(tmp_path).items()


def test_fork_while_threads_are_at_work(reference, tmp_path):
    """Processes forked from one with busy threads give the same, as does the latter."""
    with ThreadPoolExecutor(1) as thread:
        beside = thread.submit(run)
        with ProcessPoolExecutor(2, mp_context=FORK) as pool:
            assert run(executor=pool, cache_dir=tmp_path).identical(reference)
        assert beside.result().identical(reference)


def test_dask_worker_that_is_killed(reference, tmp_path):
    """When one of two workers dies in mid-sweep, the other and its successor finish the same."""
    folder = tmp_path / "dask"
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=folder
        ) as two,
        Client(two) as client,
    ):
        victim, *_ = client.run(os.getpid).values()
        with when(lambda: stored(tmp_path), lambda: os.kill(victim, signal.SIGKILL)) as killed:
            swept = run(tmp_path, client.get_executor())
            assert killed.is_set()
    assert swept.identical(reference)
    assert len(stored(tmp_path)) == 6
