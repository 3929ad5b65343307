"""What writes into a checkout waits for what does so already: tried with processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from lock import alone

TOOLS = Path(__file__).resolve().parent.parent / "tools"
WRITER = """
import sys, time
from pathlib import Path
sys.path.append(sys.argv[1])
from lock import alone
with alone(Path.cwd()), open("log", "a", buffering=1) as log:
    print("starts", file=log)
    time.sleep(float(sys.argv[2]))
    print("ends", file=log)
"""


@pytest.fixture
def start(tmp_path):
    """Give a function that starts a writer, which holds the lock for some seconds."""
    processes = []

    def starter(seconds):
        command = [sys.executable, "-c", WRITER, str(TOOLS), str(seconds)]
        processes.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True))
        return processes[-1]

    yield starter
    for one in processes:
        one.kill()
        one.communicate()


def log(folder):
    """What the writers have said."""
    path = folder / "log"
    return path.read_text().split() if path.exists() else []


def test_one_at_a_time(start, tmp_path):
    """Of several that start together each ends before the next starts, and those behind say so."""
    together = [start(0.2) for _ in range(3)]
    said = [one.communicate(timeout=60)[1] for one in together]
    assert log(tmp_path) == ["starts", "ends"] * 3
    assert sum("waiting for process" in one for one in said) >= 1
    assert all(one.returncode == 0 for one in together)


def test_lock_of_a_dead_process_is_free(start, tmp_path):
    """A process that is killed leaves no lock behind."""
    killed = start(600)
    while not log(tmp_path):
        time.sleep(0.01)
    killed.kill()
    killed.wait()
    with alone(tmp_path):
        assert log(tmp_path) == ["starts"]


def test_waiting_names_the_process(start, tmp_path):
    """Who waits is told for which process, and gets on when that has ended."""
    first = start(600)
    while not log(tmp_path):
        time.sleep(0.01)
    second = start(0)
    assert second.stderr.readline() == f"waiting for process {first.pid} in {tmp_path}\n"
    assert second.poll() is None
    first.kill()
    assert second.wait(60) == 0
    assert log(tmp_path) == ["starts", "starts", "ends"]
