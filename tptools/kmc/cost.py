"""What a run takes, estimated before it starts, so that none starts that cannot end or fit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tptools.checks import MOST_GB
from tptools.kmc.engine import N_COLUMNS
from tptools.kmc.model import NEGLIGIBLE_EXCITATION_PROBABILITY, ExcitonModel, PulseTrain
from tptools.kmc.records import TAIL_BINS_PER_DECADE, TAIL_DECADES, Recording

MOST_STEPS = 1e15
"""Three months of one core, at 7 ns a step."""
MOST_PULSES = 1e9
"""Half a day of one core, at 50 us a pulse of no excitons."""


def check_steps(
    model: ExcitonModel, trains: Sequence[PulseTrain], recording: Recording, n_trains: int
) -> None:
    """Raise ValueError if all these pulses take too long."""
    pulses = sum(float(one.burn_in(model) + one.n_pulses) for one in trains) * n_trains
    steps = sum(expected_steps(model, one, recording) for one in trains) * n_trains
    if pulses > MOST_PULSES or steps > MOST_STEPS:
        one = trains[-1]
        raise ValueError(
            f"the run would take {steps:.1e} steps in {pulses:.1e} pulses and may take "
            f"{MOST_STEPS:.0e} in {MOST_PULSES:.0e}, at n_trains = {n_trains}, n_pulses = "
            f"{one.n_pulses}, burn_in_pulses = {one.burn_in_pulses}, period_us = {one.period_us}, "
            f"lifetime_ns = {model.lifetime_ns}; lower one of these, or raise period_us"
        )


def expected_steps(model: ExcitonModel, pulses: PulseTrain, recording: Recording) -> float:
    """Hop attempts of all excitons of one train on average, those of the burn-in included."""
    followed_ns = math.inf if recording.follow_ns is None else recording.follow_ns
    walked = 1e3 * model.attempts_per_ps * min(model.lifetime_ns, followed_ns)
    brightness = pulses.excitation_density * model.illuminated_layers
    excitons = 2 * math.pi * pulses.spot_sigma_sites**2 * brightness
    return float(pulses.burn_in(model) + pulses.n_pulses) * excitons * walked


def check_memory(
    model: ExcitonModel,
    trains: Sequence[PulseTrain],
    recording: Recording,
    n_records: int,
    n_threads: int,
    n_frames: int,
) -> None:
    """Raise ValueError if the records of all trains and blocks take more than there is."""
    # those that the kernels fill, and at most as much for each that is kept, cut to its excitons
    needed = (n_records + n_threads) * float(record_bytes(model, recording))
    needed += n_threads * max(_state_bytes(model, one) for one in trains)
    needed += 3 * n_frames * math.prod(model.lattice_shape)
    if 1e-9 * needed > MOST_GB:
        raise ValueError(
            f"the run would hold {1e-9 * needed:.1e} GB and may hold {MOST_GB:g} GB, at "
            f"lattice_size = {model.lattice_size}, n_layers = {model.n_layers}, "
            f"{recording.n_times:.1e} instants to until_ns = {recording.until_ns}, {n_records} "
            f"records, {n_threads} threads and {n_frames} snapshots; lower one of these, or raise "
            "interval_ps"
        )


def record_bytes(model: ExcitonModel, recording: Recording) -> int:
    """Bytes that `tptools.kmc.records.allocate` takes."""
    size, n_times = model.lattice_size, recording.n_times
    n_radii = math.ceil(size / math.sqrt(2)) + 2
    n_delays = n_times + TAIL_BINS_PER_DECADE * TAIL_DECADES - 1
    width = 2 * (size // 2) + 1
    return 24 + n_times * (5 * 8 + 4 * (2 * width + 2 * n_radii)) + 4 * n_delays * n_radii


def _state_bytes(model: ExcitonModel, pulses: PulseTrain) -> float:
    """Bytes for a lattice, its two lists of sites, and two rows for each site of the spot."""
    faintest = -math.log(NEGLIGIBLE_EXCITATION_PROBABILITY)
    excited = 2 * math.pi * faintest * pulses.spot_sigma_sites**2 * model.n_layers
    sites = float(math.prod(model.lattice_shape))
    most_excitons = sites if pulses.excitons_stay else min(excited, sites)
    columns = N_COLUMNS + pulses.excitons_stay
    return 9 * sites + 2 * 8 * columns * most_excitons + 16 * min(excited, sites)
