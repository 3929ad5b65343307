"""Note 2 word by word, site by site and step by step: slow, and independent of the kernels."""

import itertools
import math
import random
from dataclasses import dataclass
from functools import cache

from tptools.kmc import ExcitonModel, PulseTrain

Site = tuple[int, int, int]
"""Column, row and layer."""

UNSEEN = 1e-12
"""Chance of a site to be excited, that is never drawn in the pulses of these tests."""

Exciton = tuple[Site, bool]
"""Where it is, and whether it is of the last pulse."""


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
    modified: set[Site] = set()
    left: list[Exciton] = []
    recorded = []
    for pulse in range(pulses.burn_in(model) + pulses.n_pulses):
        sums, left = _one_pulse(model, pulses, times_ps, modified, left, rng)
        if pulse >= pulses.burn_in(model):
            recorded.append(sums)
        for site in sorted(modified - {site for site, _ in left}):
            relaxation_us = -model.relaxation_time_us * math.log(1 - rng.random())
            if relaxation_us <= pulses.period_us:
                modified.remove(site)
    return recorded


def _one_pulse(
    model: ExcitonModel,
    pulses: PulseTrain,
    times_ps: list[int],
    modified: set[Site],
    earlier: list[Exciton],
    rng: random.Random,
) -> tuple[list[Sums], list[Exciton]]:
    centre = model.lattice_size // 2
    excitons = [(site, False) for site, _ in earlier]
    visited = {site for site, _ in earlier}
    for site, chance in _lit_sites(model, pulses):
        if rng.random() < chance and site not in visited:
            excitons.append((site, True))
            _visit(model, modified, site, rng)
    visited |= {site for site, _ in excitons}
    sums: list[Sums] = []
    step = 0
    while True:
        if step in times_ps:
            new = [
                (x - centre) ** 2 + (y - centre) ** 2 for (x, y, _), is_new in excitons if is_new
            ]
            sums.append(Sums(len(new), sum(new), len(visited), len(modified)))
        over = step == round(1e6 * pulses.period_us) if pulses.excitons_stay else not excitons
        if step >= times_ps[-1] and over:
            return sums, excitons
        excitons = _one_step(model, excitons, visited, modified, rng)
        step += 1


@cache
def _lit_sites(model: ExcitonModel, pulses: PulseTrain) -> list[tuple[Site, float]]:
    """Sites that a pulse excites, and how likely; but for those that are never seen."""
    size, centre = model.lattice_size, model.lattice_size // 2
    passed = 1 - model.absorption_cross_section_nm2 / model.lattice_spacing_nm**2
    lit = []
    for x, y, layer in itertools.product(range(size), range(size), range(model.n_layers)):
        r2 = (x - centre) ** 2 + (y - centre) ** 2
        shape = math.exp(-r2 / (2 * pulses.spot_sigma_sites**2))
        chance = pulses.excitation_density * shape * passed**layer
        if chance > UNSEEN:
            lit.append(((x, y, layer), chance))
    return lit


def _one_step(
    model: ExcitonModel,
    excitons: list[Exciton],
    visited: set[Site],
    modified: set[Site],
    rng: random.Random,
) -> list[Exciton]:
    occupied = {site for site, _ in excitons}
    survivors = []
    for site, is_new in excitons:
        here, there = site, rng.choice(_neighbours(model, *site))
        fast = there in modified
        probability = model.hop_rate_modified_per_ps if fast else model.hop_rate_ground_per_ps
        if there not in occupied and rng.random() < probability:
            occupied.remove(here)
            occupied.add(there)
            visited.add(there)
            if model.modified_by == "visits":
                _visit(model, modified, there, rng)
            here = there
        elif there in occupied and rng.random() < model.annihilation_rate_per_ps:
            occupied.remove(here)
            continue
        if rng.random() < 1e-3 / model.lifetime_ns:
            occupied.discard(here)
        else:
            survivors.append((here, is_new))
    return survivors


def _neighbours(model: ExcitonModel, x: int, y: int, layer: int) -> list[Site]:
    in_plane = [(x + 1, y, layer), (x - 1, y, layer), (x, y + 1, layer), (x, y - 1, layer)]
    layers = [one for one in (layer - 1, layer + 1) if 0 <= one < model.n_layers]
    return in_plane + [(x, y, one) for one in layers]


def _visit(model: ExcitonModel, modified: set[Site], site: Site, rng: random.Random) -> None:
    if rng.random() < model.modification_probability:
        modified.add(site)
