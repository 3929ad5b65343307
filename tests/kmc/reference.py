"""Note 2 word by word, site by site and step by step: slow, and independent of the kernels."""

import math
import random
from dataclasses import dataclass

from tptools.kmc import ExcitonModel, PulseTrain

Exciton = tuple[int, int, bool]
"""Column, row, and whether it is of the last pulse."""


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
    left: list[Exciton] = []
    recorded = []
    for pulse in range(pulses.burn_in(model) + pulses.n_pulses):
        sums, left = _one_pulse(model, pulses, times_ps, modified, left, rng)
        if pulse >= pulses.burn_in(model):
            recorded.append(sums)
        occupied = {(x, y) for x, y, _ in left}
        for y, row in enumerate(modified):
            for x in range(size):
                if row[x] and (x, y) not in occupied:
                    relaxation_us = -model.relaxation_time_us * math.log(1 - rng.random())
                    row[x] = relaxation_us > pulses.period_us
    return recorded


def _one_pulse(
    model: ExcitonModel,
    pulses: PulseTrain,
    times_ps: list[int],
    modified: list[list[bool]],
    earlier: list[Exciton],
    rng: random.Random,
) -> tuple[list[Sums], list[Exciton]]:
    size, centre = model.lattice_size, model.lattice_size // 2
    excitons = [(x, y, False) for x, y, _ in earlier]
    visited = {(x, y) for x, y, _ in earlier}
    for y in range(size):
        for x in range(size):
            r2 = (x - centre) ** 2 + (y - centre) ** 2
            probability = pulses.excitation_density * math.exp(
                -r2 / (2 * pulses.spot_sigma_sites**2)
            )
            if rng.random() < probability and (x, y) not in visited:
                excitons.append((x, y, True))
                _visit(model, modified, x, y, rng)
    visited |= {(x, y) for x, y, _ in excitons}
    sums: list[Sums] = []
    step = 0
    while True:
        if step in times_ps:
            new = [(x - centre) ** 2 + (y - centre) ** 2 for x, y, is_new in excitons if is_new]
            sums.append(Sums(len(new), sum(new), len(visited), sum(map(sum, modified))))
        over = step == round(1e6 * pulses.period_us) if pulses.excitons_stay else not excitons
        if step >= times_ps[-1] and over:
            return sums, excitons
        excitons = _one_step(model, excitons, visited, modified, rng)
        step += 1


def _one_step(
    model: ExcitonModel,
    excitons: list[Exciton],
    visited: set[tuple[int, int]],
    modified: list[list[bool]],
    rng: random.Random,
) -> list[Exciton]:
    occupied = {(x, y) for x, y, _ in excitons}
    survivors = []
    for x, y, is_new in excitons:
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
            survivors.append((*here, is_new))
    return survivors


def _visit(
    model: ExcitonModel, modified: list[list[bool]], x: int, y: int, rng: random.Random
) -> None:
    if rng.random() < model.modification_probability:
        modified[y][x] = True
