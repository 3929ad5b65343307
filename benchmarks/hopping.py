"""Speed of `tptools.kmc.simulate` against other ways to run Note 2."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.common import REPEATS, Row, paired
from benchmarks.vectorised import run_vectorised
from tptools.kmc import ExcitonModel, PulseTrain, simulate

MODEL = ExcitonModel()
STEPS_PER_LIFETIME = MODEL.lifetime_ns * 1e3
PERIOD_US = 0.4
SOURCES = {"plain C++": "note2.cpp", "sharp C++": "note2_sharp.cpp"}
PULSES = {0.08: 1000, 0.005: 10_000}
BARS = {"plain C++": (7, 40), "sharp C++": (3.5, 4), "record": (0.9, 0.77)}
SAME_PHYSICS_SEEDS, SAME_PHYSICS_PULSES, SAME_PHYSICS_STD_ERRORS = 12, 20, 5


def train(excitation_density: float, n_pulses: int) -> PulseTrain:
    """Pulses without burn-in, so that every exciton made is counted."""
    return PulseTrain(excitation_density, PERIOD_US, n_pulses=n_pulses, burn_in_pulses=0)


def ours_ns_per_step(excitation_density: float, n_pulses: int) -> float:
    """Processor time of `simulate` on one thread per exciton and step."""
    start = time.process_time()
    result = simulate(MODEL, train(excitation_density, n_pulses), seed=1, n_threads=1)
    elapsed = time.process_time() - start
    return elapsed * 1e9 / (int(result.created_count.sum()) * STEPS_PER_LIFETIME)


def vectorised_ns_per_step(excitation_density: float, n_pulses: int) -> float:
    """The same for the NumPy version."""
    start = time.process_time()
    created = run_vectorised(MODEL, train(excitation_density, n_pulses), seed=1)
    return (time.process_time() - start) * 1e9 / (created * STEPS_PER_LIFETIME)


def run_compiled(
    program: Path, excitation_density: float, n_pulses: int, seed: int
) -> tuple[float, ...]:
    """Excitons made, sum of r^2 in sites at 1 ns, excitons at 1 ns, and processor seconds."""
    command = [str(program), *map(str, (excitation_density, PERIOD_US, n_pulses, seed))]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return tuple(map(float, output.split()))


def compiled_ns_per_step(program: Path, excitation_density: float, n_pulses: int) -> float:
    """The same for a C++ version, which times itself."""
    created, _, _, seconds = run_compiled(program, excitation_density, n_pulses, seed=1)
    return seconds * 1e9 / (created * STEPS_PER_LIFETIME)


def against_compiled(folder: Path) -> Iterator[Row]:
    """`simulate` against C++, where there is a compiler."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        print("No C++ compiler here: the comparison with C++ is left out.")
        return
    for name, source in SOURCES.items():
        program, text = folder / source.removesuffix(".cpp"), Path(__file__).with_name(source)
        subprocess.run([compiler, "-O3", "-march=native", "-o", program, text], check=True)
        check_same_physics(name, program)
        for (excitation_density, n_pulses), bar in zip(PULSES.items(), BARS[name], strict=True):
            ours, other, ratio = paired(
                partial(ours_ns_per_step, excitation_density, n_pulses),
                partial(compiled_ns_per_step, program, excitation_density, n_pulses // 10),
            )
            yield Row(f"{name}, <N> = {excitation_density}", _ns(ours), _ns(other), ratio, bar)


def check_same_physics(name: str, program: Path) -> None:
    """Refuse to compare with a program that makes, keeps or moves its excitons otherwise."""
    condition = 0.08, SAME_PHYSICS_PULSES
    result = simulate(MODEL, train(*condition), seed=1, n_trains=SAME_PHYSICS_SEEDS)
    at_1ns = result.sel(time_ns=1)
    sites = at_1ns.r2_sum_nm2 / MODEL.lattice_spacing_nm**2
    ours = np.array([result.created_count, sites, at_1ns.exciton_count])
    seeds = range(SAME_PHYSICS_SEEDS)
    other = np.transpose([run_compiled(program, *condition, seed)[:3] for seed in seeds])
    of_both = [
        np.array([created / SAME_PHYSICS_PULSES, alive / created, r2 / alive])
        for created, r2, alive in (ours, other)
    ]
    difference = of_both[0].mean(axis=1) - of_both[1].mean(axis=1)
    variance = sum(one.var(axis=1, ddof=1) / SAME_PHYSICS_SEEDS for one in of_both)
    worst = np.abs(difference / np.sqrt(variance)).max()
    if worst > SAME_PHYSICS_STD_ERRORS:
        raise AssertionError(f"{name} differs from simulate by {worst:.1f} standard errors")


def pulses_us(excitation_density: float, n_pulses: int, recorded: bool) -> float:
    """Processor time per pulse of one and the same train, recorded or run as burn-in."""
    pulses = train(excitation_density, n_pulses)
    if not recorded:
        pulses = replace(pulses, n_pulses=1, burn_in_pulses=n_pulses - 1)
    start = time.process_time()
    simulate(MODEL, pulses, seed=1, n_threads=1)
    return (time.process_time() - start) * 1e6 / n_pulses


def recording() -> Iterator[Row]:
    """What it costs to record a pulse."""
    for (excitation_density, n_pulses), bar in zip(PULSES.items(), BARS["record"], strict=True):
        recorded, bare, ratio = paired(
            partial(pulses_us, excitation_density, n_pulses, True),
            partial(pulses_us, excitation_density, n_pulses, False),
        )
        what = f"the same, not recorded, <N> = {excitation_density}"
        yield Row(what, f"{recorded:.0f} us", f"{bare:.0f} us", ratio, bar)


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
    yield from recording()
    yield from against_processes()
    yield from scaling()
