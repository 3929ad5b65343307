"""Tests of tptools.kmc.cost."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tptools.kmc import ExcitonModel, PulseTrain, Recording, cost
from tptools.kmc.records import allocate
from tptools.kmc.simulate import _fresh, _rules, _spot

MODEL = ExcitonModel(lattice_size=101, lifetime_ns=2.0)
LAYERS = replace(MODEL, n_layers=3, absorption_cross_section_nm2=20.0, hop_rule="each_neighbour")
PULSES = PulseTrain(0.5, 4, spot_sigma_sites=4, n_pulses=7, burn_in_pulses=3)
RECORDING = Recording(until_ns=1)


def allocated(*parts):
    """Bytes of all arrays."""
    return sum(one.nbytes for part in parts for one in part if isinstance(one, np.ndarray))


@pytest.mark.parametrize("recording", [RECORDING, Recording()])
def test_memory_of_a_record_is_what_is_allocated(recording):
    """The estimate counts every array."""
    assert cost.record_bytes(MODEL, recording) == allocated(allocate(MODEL, recording))


@pytest.mark.parametrize("model", [MODEL, LAYERS])
@pytest.mark.parametrize("stay", [False, True])
def test_memory_of_a_train_is_what_is_allocated(model, stay):
    """Lattice, lists of its sites, and rows for all excitons, to a percent."""
    pulses = replace(PULSES, excitation_density=1, excitons_stay=stay)
    spot, rules = _spot(model, pulses), _rules(model, pulses)
    needed = allocated(spot, _fresh(model, [(rules, spot)], 1, 0))
    assert cost._state_bytes(model, pulses) == pytest.approx(needed, rel=0.01)


def test_what_all_threads_hold_is_counted(monkeypatch):
    """Each thread fills a record and a lattice, results are kept, and snapshots are of bytes."""
    wide = replace(PULSES, excitation_density=1, spot_sigma_sites=6)
    needed = (6 + 2) * allocated(allocate(MODEL, RECORDING)) + 3 * 5 * 103 * 103
    needed += 2 * cost._state_bytes(MODEL, wide)
    monkeypatch.setattr(cost, "MOST_GB", 1.01e-9 * needed)
    cost.check_memory(MODEL, [PULSES, wide], RECORDING, 6, 2, 5)
    monkeypatch.setattr(cost, "MOST_GB", 0.99e-9 * needed)
    with pytest.raises(ValueError, match="6 records, 2 threads and 5 snapshots"):
        cost.check_memory(MODEL, [PULSES, wide], RECORDING, 6, 2, 5)


def test_steps_are_counted_for_all_excitons_that_can_be_seen():
    """Those of all layers and of the burn-in too, for as long as they live or are followed."""
    steps = cost.expected_steps(MODEL, PULSES, RECORDING)
    excitons = 2 * math.pi * 4**2 * 0.5
    assert steps == pytest.approx((7 + 3) * excitons * 2000 * MODEL.attempts_per_ps)
    in_layers = cost.expected_steps(LAYERS, PULSES, RECORDING)
    assert in_layers / LAYERS.attempts_per_ps == pytest.approx(
        LAYERS.illuminated_layers * steps / MODEL.attempts_per_ps
    )
    for follow_ns, share in ((1.0, 0.5), (2.5, 1.0)):
        recording = replace(RECORDING, follow_ns=follow_ns)
        assert cost.expected_steps(MODEL, PULSES, recording) == pytest.approx(share * steps)


@pytest.mark.parametrize("limit", ["MOST_STEPS", "MOST_PULSES"])
def test_a_run_may_take_its_limits_and_no_more(limit, monkeypatch):
    """Pulses and steps of all trains and of their history count, in each train."""
    trains = [*[replace(PULSES, n_pulses=10, burn_in_pulses=0)] * 2, PULSES]
    steps = sum(cost.expected_steps(MODEL, one, RECORDING) for one in trains)
    with pytest.raises(ValueError, match=r"may take 1e\+15 in 1e\+09"):
        cost.check_steps(MODEL, trains, RECORDING, 10**16)
    most = 4 * {"MOST_STEPS": steps, "MOST_PULSES": 30.0}[limit]
    monkeypatch.setattr(cost, limit, most)
    cost.check_steps(MODEL, trains, RECORDING, 4)
    monkeypatch.setattr(cost, limit, 0.99 * most)
    with pytest.raises(ValueError, match="n_trains = 4, n_pulses = 7, burn_in_pulses = 3"):
        cost.check_steps(MODEL, trains, RECORDING, 4)
