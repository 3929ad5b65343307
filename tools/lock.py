"""One at a time: what writes into a checkout waits for what does so already."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".lock"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Wait until no other process holds the lock of a checkout, and hold it.

    The system gives it back when the process ends, however it ends. The file stays, outside of
    what is built: a file that comes and goes could be locked twice.

    Parameters
    ----------
    root : Path
        The checkout.
    """
    with (root / NAME).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            print(f"waiting for process {file.read()} in {root}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
