"""Speed of `tptools.kmc.simulate` against other ways to run Note 2."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from benchmarks.common import REPEATS, Row, paired
from benchmarks.vectorised import run_vectorised
from tptools.kmc import ExcitonModel, PulseTrain, simulate

MODEL = ExcitonModel()
STEPS_PER_LIFETIME = MODEL.lifetime_ns * 1e3
SOURCE = Path(__file__).with_name("note2.cpp")


def train(excitation_density: float, n_pulses: int) -> PulseTrain:
    """Pulses without burn-in, so that every exciton made is counted."""
    return PulseTrain(excitation_density, period_us=0.4, n_pulses=n_pulses, burn_in_pulses=0)


def ours_ns_per_step(excitation_density: float, n_pulses: int) -> float:
    """Wall time of `simulate` on one thread per exciton and step."""
    start = time.perf_counter()
    result = simulate(MODEL, train(excitation_density, n_pulses), seed=1, n_threads=1)
    elapsed = time.perf_counter() - start
    return elapsed * 1e9 / (int(result.created_count.sum()) * STEPS_PER_LIFETIME)


def vectorised_ns_per_step(excitation_density: float, n_pulses: int) -> float:
    """The same for the NumPy version."""
    start = time.perf_counter()
    created = run_vectorised(MODEL, train(excitation_density, n_pulses), seed=1)
    return (time.perf_counter() - start) * 1e9 / (created * STEPS_PER_LIFETIME)


def compiled_ns_per_step(program: Path, excitation_density: float, n_pulses: int) -> float:
    """The same for the C++ version, which times itself."""
    command = [str(program), str(excitation_density), "0.4", str(n_pulses), "1"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(output[3]) * 1e9 / (int(output[0]) * STEPS_PER_LIFETIME)


def against_compiled(folder: Path) -> Iterator[Row]:
    """`simulate` against C++, where there is a compiler."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        print("No C++ compiler here: the comparison with C++ is left out.")
        return
    program = folder / "note2"
    subprocess.run([compiler, "-O3", "-march=native", "-o", program, SOURCE], check=True)
    for excitation_density, n_pulses, plain, bar in ((0.08, 500, 100, 5), (0.005, 5000, 300, 14)):
        ours, other, ratio = paired(
            partial(ours_ns_per_step, excitation_density, n_pulses),
            partial(compiled_ns_per_step, program, excitation_density, plain),
        )
        yield Row(f"plain C++, <N> = {excitation_density}", _ns(ours), _ns(other), ratio, bar)


def against_vectorised() -> Iterator[Row]:
    """`simulate` against NumPy."""
    ours, other, ratio = paired(
        lambda: ours_ns_per_step(0.08, 500), lambda: vectorised_ns_per_step(0.08, 3)
    )
    yield Row("NumPy over excitons, <N> = 0.08", _ns(ours), _ns(other), ratio, 20)


def _process(barrier: Barrier, seed: int) -> None:
    pulses = train(0.08, 2000)
    simulate(MODEL, train(0.08, 10), seed=seed, n_threads=1)
    for _ in range(2 * REPEATS):
        barrier.wait()
        simulate(MODEL, pulses, seed=seed, n_threads=1)
        barrier.wait()


def against_processes() -> Iterator[Row]:
    """Two threads of one process against two processes, in turn."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    workers = [context.Process(target=_process, args=(barrier, seed)) for seed in (1, 2)]
    for worker in workers:
        worker.start()

    def two_processes() -> float:
        barrier.wait()
        start = time.perf_counter()
        barrier.wait()
        return time.perf_counter() - start

    def two_threads() -> float:
        start = time.perf_counter()
        simulate(MODEL, train(0.08, 2000), seed=1, n_trains=2, n_threads=2)
        return time.perf_counter() - start

    two_threads()
    pairs = [(two_threads(), two_processes()) for _ in range(2 * REPEATS)]
    for worker in workers:
        worker.join()
    threads, processes = (median(column) for column in zip(*pairs, strict=True))
    ratio = median(b / a for a, b in pairs)
    yield Row("two processes, same work", f"{threads:.2f} s", f"{processes:.2f} s", ratio, 0.95)


def scaling() -> Iterator[Row]:
    """Cost per exciton-step when pulses, or excitons per pulse, grow eightfold."""
    for what, small, large in (
        ("8 times the pulses", (0.08, 250), (0.08, 2000)),
        ("8 times the excitons", (0.08, 500), (0.64, 500)),
    ):
        a, b, ratio = paired(partial(ours_ns_per_step, *small), partial(ours_ns_per_step, *large))
        yield Row(f"{what}: cost per step", _ns(a), _ns(b), ratio)


def _ns(value: float) -> str:
    return f"{value:.1f} ns"


def rows() -> Iterator[Row]:
    """Every comparison."""
    with tempfile.TemporaryDirectory() as folder:
        yield from against_compiled(Path(folder))
    yield from against_vectorised()
    yield from against_processes()
    yield from scaling()
