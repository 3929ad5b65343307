"""Tests of tptools.inference.experiment."""

import pandas as pd
import pytest

from tptools.excitation import Excitation
from tptools.inference import Shot, experiment, run_shots
from tptools.kmc import simulate

LASER, BURST = Excitation(10, 2.5), Excitation(400, 40)
RATES = {"hop_rate_ground_per_ps": 0.02, "hop_rate_modified_per_ps": 0.9, "lifetime_ns": 1.5}
FILMS = pd.DataFrame([RATES | {"relaxation_time_us": time_us} for time_us in (0.3, 30.0)])


def shot(delay_us=1.0, n_burst=4, **changes):
    """A probe after a burst."""
    return Shot("probe", LASER, burst=BURST, n_burst=n_burst, delay_us=delay_us, **changes)


def apart(found, first, second):
    """Difference of two shots of every film, in standard errors."""
    D, error = found["diffusivity_cm2_s"], found["simulation_err_cm2_s"]
    gain = D.isel(shot=first) - D.isel(shot=second)
    return (gain / (error.isel(shot=first) ** 2 + error.isel(shot=second) ** 2) ** 0.5).values


def test_probe_after_a_burst_reads_the_memory():
    """Three microseconds after a burst only a film with a long memory is faster than at rest."""
    shots = [shot(n_burst=0), shot(0.05), shot(3.0)]
    found = run_shots(FILMS, shots, seed=1, n_excitons=1000)
    soon, late = apart(found, 1, 0), apart(found, 2, 0)
    assert (soon > 3).all()
    assert late[1] > 3
    assert abs(late[0]) < 3


def test_a_bright_neighbour_reaches_as_far_as_its_excitons():
    """One spot away it makes the probe faster, and far away it does not."""
    shots = [shot(n_burst=0), *(shot(0.5, burst_aside=far) for far in (1.0, 2.5))]
    found = run_shots(FILMS.iloc[1:], shots, seed=4, n_excitons=1500)
    assert apart(found, 1, 0)[0] > 3
    assert abs(apart(found, 2, 0)[0]) < 3


def test_switching_on_ends_in_the_steady_state():
    """A long memory makes the first pulses slow, and the last ones as those of the steady state."""
    shots = [Shot("first", LASER, (0, 2)), Shot("last", LASER, (250, 280)), Shot("on", LASER)]
    found = run_shots(FILMS.iloc[1:], shots, seed=2, n_excitons=1500)
    assert apart(found, 2, 0)[0] > 3
    assert abs(apart(found, 2, 1)[0]) < 4


def test_films_are_the_same_in_any_company():
    """A film reads the same alone and beside others, and its numbers stand beside its outcomes."""
    shots = [shot(0.05, n_burst=1)]
    both = run_shots(FILMS, shots, seed=3, n_excitons=300)
    alone = run_shots(FILMS.iloc[1:], shots, seed=3, n_excitons=300)
    assert both.diffusivity_cm2_s[1, 0] == alone.diffusivity_cm2_s[0, 0]
    assert both.relaxation_time_us.values.tolist() == [0.3, 30.0]
    assert both.label.values.tolist() == ["probe"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"since_fresh": (2, 2)}, "since_fresh"),
        ({"since_fresh": (0, 2), "burst": BURST}, "give one of the two"),
        ({"delay_us": 0.0}, "delay_us"),
        ({"spot_ratio": -1.0}, "spot_ratio"),
    ],
)
def test_what_is_no_experiment_is_refused(changes, said):
    """Each part of a shot is checked, with the reason."""
    with pytest.raises(ValueError, match=said):
        Shot("no", LASER, **changes)


def test_nothing_to_run_is_refused():
    """Without films or shots there is no outcome."""
    with pytest.raises(ValueError, match="at least one"):
        run_shots(FILMS, [], seed=1)


@pytest.mark.parametrize("given", [Shot("on", LASER), Shot("first", LASER, (0, 2)), shot(0.05)])
def test_as_many_excitons_as_are_asked_for(monkeypatch, given):
    """Within the chance of their number; the last pulse, or the last train, is whole."""
    runs = []

    def keeping(*args, **more):
        runs.append(simulate(*args, **more))
        return runs[-1]

    monkeypatch.setattr(experiment, "simulate", keeping)
    run_shots(FILMS[:1], [given], seed=1, n_excitons=300)
    made = float(runs[0].created_count.sum())
    in_a_train = made / runs[0].attrs["n_trains"]
    assert made > 300 - 4 * 300**0.5
    assert made < 300 + 4 * 300**0.5 + in_a_train
