"""Bars of progress that no other process can stop."""

from __future__ import annotations

import os
from threading import RLock

from tqdm import tqdm


class Bar(tqdm):  # type: ignore[misc]
    """A bar whose lock is that of one process.

    tqdm's own is one for all forked processes: one that is killed while it holds it, and every bar
    takes it, also one that is not shown, would let all others wait for ever.
    """


def _take_a_new_lock() -> None:
    """Hold none that a thread of another process holds."""
    Bar.set_lock(RLock())


_take_a_new_lock()
if hasattr(os, "register_at_fork"):  # where there is a fork
    os.register_at_fork(after_in_child=_take_a_new_lock)
