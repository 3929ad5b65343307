"""Note 2 in NumPy, one array operation for all excitons at a time: a yardstick."""

from __future__ import annotations

import numpy as np

from tptools.kmc import ExcitonModel, PulseTrain
from tptools.randomness import generator


def run_vectorised(model: ExcitonModel, pulses: PulseTrain, seed: int) -> int:
    """Run the recorded pulses on a fresh lattice and return how many excitons they made."""
    rng = generator(seed, "vectorised")
    size = model.lattice_size
    axis = np.arange(size) - size // 2
    excitation = pulses.excitation_density * np.exp(
        -(axis[:, None] ** 2 + axis**2) / (2 * pulses.spot_sigma_sites**2)
    )
    offsets = np.array([1, -1, size, -size])
    hop = np.array([model.hop_rate_ground_per_ps, model.hop_rate_modified_per_ps])
    decay = 1e-3 / model.lifetime_ns
    relaxed = -np.expm1(-pulses.period_us / model.relaxation_time_us)
    modified = np.zeros(size * size, np.uint8)
    occupied = np.zeros(size * size, bool)
    created = 0
    for _ in range(pulses.n_pulses):
        excitons = np.flatnonzero(rng.random((size, size)) < excitation)
        created += excitons.size
        occupied[excitons] = True
        modified[excitons] = 1
        while excitons.size:
            there = excitons + offsets[rng.integers(4, size=excitons.size)]
            hops = rng.random(excitons.size) < hop[modified[there]]
            hops &= ~occupied[there]
            # of several excitons that want one site, the first gets it
            wanted = np.flatnonzero(hops)
            _, first = np.unique(there[wanted], return_index=True)
            moving = wanted[first]
            occupied[excitons[moving]] = False
            excitons[moving] = there[moving]
            occupied[excitons[moving]] = True
            modified[excitons[moving]] = 1
            stays = rng.random(excitons.size) >= decay
            occupied[excitons[~stays]] = False
            excitons = excitons[stays]
        sites = np.flatnonzero(modified)
        modified[sites[rng.random(sites.size) < relaxed]] = 0
    return created
