"""Tests of tptools.files: whole or not at all, tried with processes."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time

import pytest

from tptools.files import whole


def test_an_error_leaves_what_was_there(tmp_path):
    """After any error in mid-write the file is what it was, and nothing lies beside it."""
    path = tmp_path / "file"
    path.write_text("before")

    def stopped():
        with whole(path) as beside:
            beside.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_disk_is_asked_whether_all_is_there(tmp_path, monkeypatch):
    """What fails only when a disk has to write it down costs no file that was there before."""

    def full(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), whole(path) as beside:
        beside.write_text("after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_permissions_are_those_of_any_file(tmp_path):
    """A new file is readable for whom the user lets read, and one that was there stays so."""
    plain, new, old = (tmp_path / name for name in ("plain", "new", "old"))
    plain.touch()
    old.touch(0o640)
    for path in (new, old):
        with whole(path) as beside:
            beside.touch()
    assert new.stat().st_mode == plain.stat().st_mode
    assert old.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_an_error_and_not_half_a_file(tmp_path):
    """What does not fit leaves no trace, neither under the name nor beside it."""
    code = """
import resource, sys
import numpy, xarray
from tptools.companion.make import write
data = xarray.Dataset({"noise": ("x", numpy.random.default_rng(1).normal(size=50000))})
resource.setrlimit(resource.RLIMIT_FSIZE, (30000, 30000))
for name in sys.argv[1:]:
    try:
        write(data, name)
    except OSError as error:
        print(error.strerror)
"""
    old = tmp_path / "old.nc"
    old.write_bytes(b"before")
    command = [sys.executable, "-c", code, old, tmp_path / "new.nc"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["File too large"] * 2
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == b"before"


WRITER = """
import sys
from tptools.files import whole
letter = sys.argv[2].encode()
while True:
    with whole(sys.argv[1]) as beside:
        beside.write_bytes(letter * 2**20)
"""


def test_two_writers_and_a_kill_leave_one_whole_file(tmp_path):
    """Whenever it is looked at while two write and are killed, the file is all of one of them."""
    path = tmp_path / "file"
    path.write_bytes(b"a" * 2**20)
    either = {b"a" * 2**20, b"b" * 2**20}
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, one]) for one in "ab"]
    seen = set()
    try:
        end = time.monotonic() + 20
        while seen != either and time.monotonic() < end:
            seen.add(path.read_bytes())
    finally:
        for one in writers:
            one.kill()
            one.wait()
    assert seen == either
    assert path.read_bytes() in either
