"""Downloads that come to an end, whatever the other side does."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

DEADLINE_S = 60.0
SILENCE_S = 10.0
MOST_BYTES = 2**24
"""Thirty times the largest dataset."""


class Download:
    """Downloader for pooch, over HTTP: in bounded time, memory and disk.

    The deadline holds for all attempts together. What comes is kept in memory and written when it
    is whole, so that a process that is killed meanwhile leaves nothing behind.

    Parameters
    ----------
    source : callable
        `pooch.HTTPDownloader`, or what takes the same.
    """

    def __init__(self, source: Callable[..., Any]) -> None:
        self.attempts = 0
        self._source = source
        self._end = time.monotonic() + DEADLINE_S

    def __call__(self, url: str, output_file: str, _shelf: object) -> None:
        """Fetch a file.

        Raises
        ------
        OSError, ValueError
            If it does not come whole, in time, or within the size; pooch tries again only after
            faults of the connection.
        """
        self.attempts += 1
        received, done = _Received(), Future[object]()
        source = self._source(timeout=SILENCE_S, hooks={"response": received.follow})
        # A timeout of a socket starts anew with every byte, so the clock runs beside. The thread
        # ends with the connection, or with the process.
        Thread(target=received.fetch, args=(source, url, done), daemon=True).start()
        try:
            done.result(self._end - time.monotonic())
        except TimeoutError:
            raise TimeoutError(f"it did not come within {DEADLINE_S:g} s") from None
        finally:
            if not done.done():
                received.hang_up()
        Path(output_file).write_bytes(received.getvalue())


class _Received(io.BytesIO):
    """What has come of a file."""

    _response: Any = None

    def fetch(self, source: Callable[..., object], url: str, done: Future[object]) -> None:
        """Receive all of a file, and say how it ended."""
        try:
            done.set_result(source(url, self, None))
        except Exception as error:
            done.set_exception(error)
        finally:
            if self._response is not None:
                self._response.close()

    def write(self, some: Any) -> int:
        """Take some bytes more."""
        if self.tell() + len(some) > MOST_BYTES:
            raise OSError(f"it is longer than {MOST_BYTES} bytes, which no dataset is")
        return super().write(some)

    def follow(self, response: Any, **_options: object) -> None:
        """Take note of who answers."""
        self._response = response
        if response.is_redirect:
            response.close()  # or all that comes with the new address is read

    def hang_up(self) -> None:
        """Wake and end a thread that still receives."""
        if self._response is not None:
            with suppress(OSError, RuntimeError, ValueError):  # it has just ended by itself
                self._response.raw.shutdown()
