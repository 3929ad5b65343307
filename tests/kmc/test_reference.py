"""The kernels against a slow reading of Note 2 that shares no code with them."""

from dataclasses import replace

import numpy as np
import pytest
from reference import run_reference

from tptools.kmc import ExcitonModel, PulseTrain, Recording, simulate

N_TRAINS = 60
TIMES_PS = [0, 10, 40, 100, 150]
NAMES = ("exciton_count", "r2_sum_nm2", "visited_sites", "modified_sites")


def random_condition(seed: int, kind: str) -> tuple[ExcitonModel, PulseTrain]:
    """Parameters over the whole range in which a small lattice holds every exciton."""
    rng = np.random.default_rng(seed)
    annihilation, chance = rng.uniform(0.1, 1), rng.uniform(0.1, 0.9)
    model = ExcitonModel(
        hop_rate_ground_per_ps=rng.uniform(0, 0.3),
        hop_rate_modified_per_ps=rng.uniform(0.2, 1),
        lifetime_ns=rng.uniform(0.02, 0.06),
        relaxation_time_us=rng.uniform(0.5, 3),
        lattice_spacing_nm=1,
        absorption_cross_section_nm2=0.3,
        n_layers=3 if "layers" in kind else 1,
        lattice_size=75,
        annihilation_rate_per_ps=annihilation if "annihilation" in kind else 0.0,
        modification_probability=chance if "chance" in kind else 1.0,
        modified_by="excitation" if "excitation" in kind else "visits",
    )
    period_us = rng.uniform(0.5, 3)
    if "staying" in kind:
        # a fifth of the excitons, and most of the memory, outlive the period
        relaxation_time_us = model.relaxation_time_us / 2000
        model = replace(
            model, lifetime_ns=0.1, relaxation_time_us=relaxation_time_us, lattice_size=101
        )
        period_us = 1.6e-4
    pulses = PulseTrain(
        excitation_density=rng.uniform(0.1, 1),
        period_us=period_us,
        spot_sigma_sites=rng.uniform(1, 3),
        n_pulses=4,
        burn_in_pulses=3,
        excitons_stay="staying" in kind,
    )
    return model, pulses


def kernel_means(model: ExcitonModel, pulses: PulseTrain) -> np.ndarray:
    """Train means per pulse, shape (trains, quantities, times)."""
    recording = Recording(interval_ps=10, until_ns=0.15)
    result = simulate(model, pulses, seed=1, n_trains=4 * N_TRAINS, recording=recording)
    chosen = result.sel(time_ns=np.array(TIMES_PS) / 1e3, method="nearest")
    return np.stack([chosen[name].values for name in NAMES], axis=1) / pulses.n_pulses


def reference_means(model: ExcitonModel, pulses: PulseTrain, seed: int) -> np.ndarray:
    """The same of the reference."""
    means = []
    for train in range(N_TRAINS):
        recorded = run_reference(model, pulses, TIMES_PS, seed=1000 * seed + train)
        values = [[[s.excitons, s.r2, s.visited, s.modified] for s in pulse] for pulse in recorded]
        means.append(np.mean(values, axis=0).T)
    return np.array(means)


@pytest.mark.parametrize(
    ("seed", "kind"),
    [
        *((seed, "Note 2") for seed in range(6)),
        (6, "annihilation"),
        (7, "annihilation"),
        (8, "chance"),
        (9, "chance"),
        (10, "annihilation by chance"),
        (11, "excitation by chance"),
        (12, "staying"),
        (13, "staying, annihilation by chance"),
        (14, "layers, annihilation by chance"),
        (15, "layers, staying"),
    ],
)
def test_kernel_and_reference_agree_within_statistics(seed, kind):
    """Excitons, <r^2>, visited and modified sites have the same mean at every time."""
    condition = random_condition(seed, kind)
    kernel, reference = kernel_means(*condition), reference_means(*condition, seed)
    difference = kernel.mean(axis=0) - reference.mean(axis=0)
    variance = sum(sample.var(axis=0, ddof=1) / len(sample) for sample in (kernel, reference))
    # one exciton in one reference train is the finest step there is, where nothing varies
    resolution = (1 / (N_TRAINS * condition[1].n_pulses)) ** 2
    z = difference / np.sqrt(variance + resolution)
    assert np.abs(z).max() < 4.5, z
