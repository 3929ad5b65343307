"""Tests of tptools.companion.download: mirrors that misbehave, each a real server on loopback."""

from __future__ import annotations

import gzip
import socketserver
import subprocess
import sys
import threading
import time

import pytest

from tptools.companion import datasets, download

FILE = "printed_tables.csv"
OK = b"HTTP/1.1 200 OK\r\n"
MOVED = b"HTTP/1.1 302 Found\r\nLocation: /again\r\n"
BOMB = OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(2**25))
GOOD = (datasets.REGISTRY.parent / "data" / FILE).read_bytes()


def endless(start):
    """Give a start, then zeros for ever."""

    def pieces():
        yield start
        while True:
            yield bytes(2**16)

    return pieces


def drip(start, rest):
    """Give a start, then the rest, over and over, byte by byte."""

    def pieces():
        yield start
        while True:
            for one in rest:
                yield bytes([one])
                time.sleep(0.02)

    return pieces


def silence():
    """Say nothing, and keep the line."""
    time.sleep(1)
    yield b""


def plain(*pieces):
    """Give pieces, then hang up."""
    return lambda: iter(pieces)


LONG, LATE = "longer than 16777216 bytes", "did not come within 0.5 s"
FAULTS = {
    "endless body": (endless(OK + b"\r\n"), LONG),
    "endless body of a promised length": (endless(OK + b"Content-Length: 99999999\r\n\r\n"), LONG),
    "little that unpacks to much": (plain(BOMB), LONG),
    "dripping body": (drip(OK + b"\r\n", b"x"), LATE),
    "dripping header": (drip(OK, b"X-Header: more\r\n"), LATE),
    "silence": (silence, "timed out"),
    "redirects in a circle": (plain(MOVED + b"\r\n"), "Exceeded 30 redirects"),
    "redirect with an endless body": (endless(MOVED + b"\r\n"), "Exceeded 30 redirects"),
    "not found, endlessly": (endless(b"HTTP/1.1 404 Not Found\r\n\r\n"), "404"),
    "less than promised": (plain(OK + b"Content-Length: 999\r\n\r\n" + GOOD), "999|IncompleteRead"),
    "more than promised": (plain(OK + b"Content-Length: 99\r\n\r\n" + GOOD), "hash"),
    "length that is no number": (plain(OK + b"Content-Length: much\r\n\r\n" + GOOD), "much"),
    "no HTTP": (plain(b"SSH-2.0-OpenSSH_9.2\r\n"), "BadStatusLine"),
}


class Handler(socketserver.BaseRequestHandler):
    """Answers everything as the server was told, until nobody listens."""

    def handle(self):
        """Send what there is."""
        self.request.recv(2**16)
        try:
            for piece in self.server.answer():
                self.request.sendall(piece)
        except OSError:
            pass


class Server(socketserver.ThreadingTCPServer):
    """A server on loopback."""

    daemon_threads = True
    block_on_close = False


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Give a function that starts a mirror with one answer to everything, for an empty folder."""
    monkeypatch.setenv("TPTOOLS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    servers = []

    def start(answer):
        servers.append(Server(("127.0.0.1", 0), Handler))
        servers[-1].answer = answer
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,)).start()
        monkeypatch.setenv("TPTOOLS_DATA_URL", f"http://127.0.0.1:{servers[-1].server_address[1]}")

    yield start
    for one in servers:
        one.shutdown()
        one.server_close()


@pytest.mark.parametrize("fault", FAULTS)
def test_every_download_ends_and_leaves_nothing(serve, tmp_path, monkeypatch, fault):
    """Whatever a mirror does, an error says so within the deadline, and no file is left."""
    answer, message = FAULTS[fault]
    monkeypatch.setattr(datasets, "RETRIES", 0)
    monkeypatch.setattr(download, "DEADLINE_S", 0.5 if message == LATE else 30.0)
    monkeypatch.setattr(download, "SILENCE_S", 0.2 if answer is silence else 20.0)
    serve(answer)
    start = time.monotonic()
    with pytest.raises(datasets.DatasetError, match=rf"in 1 attempts: .*({message})"):
        datasets.load("printed_tables")
    assert time.monotonic() - start < 10
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_end_is_not_asked_again(serve):
    """After a mirror that is too slow or sends too much there is no second attempt."""
    asked = []

    def answer():
        asked.append(1)
        return FAULTS["endless body"][0]()

    serve(answer)
    with pytest.raises(datasets.DatasetError, match="in 1 attempts"):
        datasets.load("printed_tables")
    assert len(asked) == 1


def test_as_much_as_is_allowed_is_taken(monkeypatch):
    """A file of just the largest size comes whole, and one byte more is refused."""
    monkeypatch.setattr(download, "MOST_BYTES", 10)
    received = download._Received()
    assert received.write(b"1234567") + received.write(b"890") == 10
    with pytest.raises(OSError, match="longer than 10 bytes"):
        received.write(b"1")
    assert received.getvalue() == b"1234567890"


def test_no_thread_goes_on_receiving(serve, monkeypatch):
    """At the deadline the connection is shut, and what waited for it ends, or with the process."""
    monkeypatch.setattr(download, "DEADLINE_S", 0.3)
    serve(FAULTS["dripping body"][0])
    before = set(threading.enumerate())
    with pytest.raises(datasets.DatasetError, match="did not come"):
        datasets.load("printed_tables")
    ours = [one for one in set(threading.enumerate()) - before if "fetch" in one.name]
    assert all(one.daemon for one in ours)
    for one in ours:
        one.join(5)
    assert not any(one.is_alive() for one in ours)


def test_good_file_over_a_slow_line(serve, tmp_path):
    """A file that comes in pieces with pauses is stored as it is."""

    def answer():
        yield OK + b"\r\n"
        for start in range(0, len(GOOD), 200):
            yield GOOD[start : start + 200]
            time.sleep(0.02)

    serve(answer)
    assert datasets.load("printed_tables").sizes["row"] == 13
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_full_disk_keeps_nothing_of_a_download(serve, tmp_path):
    """A file that does not fit is an error of its own kind, and nothing of it stays."""
    serve(plain(OK + b"\r\n" + GOOD))
    code = """
import resource
from tptools.companion import datasets
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    datasets.load("printed_tables")
except datasets.DatasetError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "File too large" in done.stdout
    assert list(tmp_path.iterdir()) == []
