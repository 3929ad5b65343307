"""Note 2 word by word, site by site and step by step: slow, and independent of the kernels."""

import math
import random
from dataclasses import dataclass

from tptools.kmc import ExcitonModel, PulseTrain


@dataclass
class Sums:
    """What one pulse adds to the sums at one recorded time."""

    excitons: int = 0
    r2: int = 0
    visited: int = 0
    modified: int = 0


def run_reference(
    model: ExcitonModel, pulses: PulseTrain, times_ps: list[int], seed: int
) -> list[list[Sums]]:
    """Sums for every recorded pulse (outer list) and time (inner list)."""
    rng = random.Random(seed)
    size = model.lattice_size
    modified = [[False] * size for _ in range(size)]
    recorded = []
    for pulse in range(pulses.burn_in(model) + pulses.n_pulses):
        sums = _one_pulse(model, pulses, times_ps, modified, rng)
        if pulse >= pulses.burn_in(model):
            recorded.append(sums)
        for row in modified:
            for x in range(size):
                if row[x]:
                    relaxation_us = -model.relaxation_time_us * math.log(1 - rng.random())
                    row[x] = relaxation_us > pulses.period_us
    return recorded


def _one_pulse(
    model: ExcitonModel,
    pulses: PulseTrain,
    times_ps: list[int],
    modified: list[list[bool]],
    rng: random.Random,
) -> list[Sums]:
    size, centre = model.lattice_size, model.lattice_size // 2
    excitons = []
    for y in range(size):
        for x in range(size):
            r2 = (x - centre) ** 2 + (y - centre) ** 2
            probability = pulses.excitation_density * math.exp(
                -r2 / (2 * pulses.spot_sigma_sites**2)
            )
            if rng.random() < probability:
                excitons.append((x, y))
                _visit(model, modified, x, y, rng)
    visited = set(excitons)
    sums = []
    for step in range(times_ps[-1] + 1):
        if step in times_ps:
            r2 = sum((x - centre) ** 2 + (y - centre) ** 2 for x, y in excitons)
            sums.append(Sums(len(excitons), r2, len(visited), sum(map(sum, modified))))
        excitons = _one_step(model, excitons, visited, modified, rng)
    while excitons:
        excitons = _one_step(model, excitons, visited, modified, rng)
    return sums


def _one_step(
    model: ExcitonModel,
    excitons: list[tuple[int, int]],
    visited: set[tuple[int, int]],
    modified: list[list[bool]],
    rng: random.Random,
) -> list[tuple[int, int]]:
    occupied = set(excitons)
    survivors = []
    for x, y in excitons:
        dx, dy = rng.choice([(1, 0), (-1, 0), (0, 1), (0, -1)])
        there = (x + dx, y + dy)
        fast = modified[there[1]][there[0]]
        probability = model.hop_rate_modified_per_ps if fast else model.hop_rate_ground_per_ps
        here = (x, y)
        if there not in occupied and rng.random() < probability:
            occupied.remove(here)
            occupied.add(there)
            visited.add(there)
            if model.modified_by == "visits":
                _visit(model, modified, *there, rng)
            here = there
        elif there in occupied and rng.random() < model.annihilation_rate_per_ps:
            occupied.remove(here)
            continue
        if rng.random() < 1e-3 / model.lifetime_ns:
            occupied.discard(here)
        else:
            survivors.append(here)
    return survivors


def _visit(
    model: ExcitonModel, modified: list[list[bool]], x: int, y: int, rng: random.Random
) -> None:
    if rng.random() < model.modification_probability:
        modified[y][x] = True
