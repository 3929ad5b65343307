"""Tests of tptools.progress: no process waits for a bar of another one."""

from __future__ import annotations

import threading
import time
from multiprocessing import get_context

import pytest
from tqdm import tqdm

from tptools.progress import Bar

FORK = get_context("fork")


def hold(held):
    """Hold the lock of all bars for ever."""
    with Bar.get_lock():
        held.set()
        time.sleep(600)


def count():
    """Count with a bar that is not shown."""
    return sum(Bar(range(3), disable=True))


@pytest.fixture
def ends():
    """Give a function that tells whether something ends soon."""

    def within_seconds(start):
        start.start()
        start.join(20)
        return not start.is_alive()

    return within_seconds


def test_a_process_that_is_killed_with_the_lock_stops_no_other(ends):
    """Bars of the process that forked it go on."""
    count()  # so that there is a lock to inherit
    held = FORK.Event()
    killed = FORK.Process(target=hold, args=[held])
    killed.start()
    held.wait()
    killed.kill()
    killed.join()
    assert ends(threading.Thread(target=count, daemon=True))


def test_a_thread_that_holds_the_lock_stops_no_forked_process(ends):
    """Bars of a process that is forked meanwhile go on."""
    process = FORK.Process(target=_forks_while_it_holds)
    assert ends(process)
    assert process.exitcode == 0


def _forks_while_it_holds():
    held = threading.Event()
    threading.Thread(target=hold, args=[held], daemon=True).start()
    held.wait()
    process = FORK.Process(target=count)
    process.start()
    process.join(10)
    alive = process.is_alive()
    process.kill()
    assert not alive


def test_bars_of_others_keep_their_lock():
    """What a user counts with tqdm itself is as it was."""
    assert tqdm.get_lock() is not Bar.get_lock()
