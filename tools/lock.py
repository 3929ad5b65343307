"""One at a time: what writes into a checkout waits for what does so already."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

NAME, HOLDER = ".lock", ".lock-holder"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other process holds the lock of a checkout, and hold it.

    The system gives it back when the process ends, however it ends. The files stay, outside of
    what is built: a file that comes and goes could be locked twice.

    Parameters
    ----------
    root : Path
        The checkout.
    """
    lock, holder = FileLock(root / NAME), root / HOLDER  # Windows lets nobody read a locked file
    try:
        lock.acquire(blocking=False)
    except Timeout:
        name = holder.read_text(encoding="utf-8") if holder.exists() else "unknown"
        print(f"waiting for process {name} in {root}", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        holder.write_text(str(os.getpid()), encoding="utf-8")
        yield
    finally:
        lock.release()
