"""Tests of tptools.inference.experiment."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.inference import Shot, conditions, experiment, run_shots
from tptools.inference.forward import burn_in_pulses
from tptools.kmc import ExcitonModel, PulseTrain, diffusivity, simulate

MODEL = ExcitonModel()
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
        ({"since_fresh": (-1, 2)}, r"since_fresh\[0\] = -1"),
        ({"delay_us": 0.0}, "delay_us"),
        ({"spot_ratio": -1.0}, "spot_ratio"),
        ({"burst_ratio": 0.0}, "burst_ratio"),
        ({"burst_aside": -0.1}, "burst_aside"),
        ({"n_burst": -1}, "n_burst"),
        ({"burst": "strong"}, "burst"),
        ({"label": 5}, "label"),
        ({"laser": "strong"}, "laser"),
    ],
)
def test_what_is_no_experiment_is_refused(changes, said):
    """Each part of a shot is checked, with the reason."""
    with pytest.raises((TypeError, ValueError), match=f"^{said}|{said}$"):
        Shot(**{"label": "no", "laser": LASER} | changes)


def test_the_smallest_shots_there_are():
    """One pulse after the first, and what follows a burst by less than a microsecond.

    What is not said is the usual spot in its steady state.
    """
    assert Shot("on", LASER) == Shot("on", LASER, None, None, 0, 1.0, 1.0, 1.0, 0.0)
    assert Shot("second", LASER, (1, 2)).since_fresh == (1, 2)
    assert shot(delay_us=0.1, spot_ratio=0.5, burst_ratio=0.5, burst_aside=0.3).burst is BURST


class Captured(Exception):
    """Ends a run where its simulation would start."""


def simulated(monkeypatch, given, model=MODEL, n_excitons=3000):
    """What a film in a shot is simulated with: its model, pulses and settings."""

    def capture(*args, **settings):
        raise Captured(args, settings)

    monkeypatch.setattr(experiment, "simulate", capture)
    with pytest.raises(Captured) as caught:
        run_shots(FILMS[:1], [given], seed=1, model=model, n_excitons=n_excitons)
    (film, pulses), settings = caught.value.args
    return film, pulses, settings


def per_pulse(film, pulses):
    """Excitons that a pulse makes: the density under a Gaussian, in all layers."""
    area = 2 * math.pi * pulses.spot_sigma_sites**2
    return area * pulses.excitation_density * film.illuminated_layers


@pytest.mark.parametrize("given", [Shot("on", LASER), Shot("first", LASER, (3, 7)), shot()])
@pytest.mark.parametrize("n_layers", [1, 3])
def test_trains_are_as_many_as_the_excitons_need(monkeypatch, given, n_layers):
    """No fewer than are asked for, in all layers together, and less than a train or pulse more."""
    film, pulses, settings = simulated(monkeypatch, given, replace(MODEL, n_layers=n_layers))
    one = per_pulse(film, pulses)
    made = one * pulses.n_pulses * settings["n_trains"]
    assert 3000 <= made < 3000 + one * max(pulses.n_pulses, 10)
    assert film.n_layers == n_layers
    assert settings["n_threads"] == 1


def test_few_excitons_are_spread_over_pulses_and_many_over_trains(monkeypatch):
    """The steady state is read from ten pulses at least; no shot has more than 400 trains."""
    few = simulated(monkeypatch, Shot("on", LASER), n_excitons=1)
    assert (few[1].n_pulses, few[2]["n_trains"]) == (10, 1)
    dark = Shot("weak", replace(LASER, power_nW=1e-4), (0, 1))
    assert simulated(monkeypatch, dark)[2]["n_trains"] == 400


def test_pulses_that_count_are_those_of_the_shot(monkeypatch):
    """After switching on those from the first to the last; else those of the steady state."""
    film, pulses, settings = simulated(monkeypatch, Shot("first", LASER, (3, 7)))
    assert (pulses.burn_in_pulses, pulses.n_pulses, settings["history"]) == (3, 4, ())
    film, pulses, settings = simulated(monkeypatch, Shot("on", LASER))
    assert pulses.burn_in_pulses == burn_in_pulses(film, LASER) > 0
    assert settings["history"] == ()


def test_a_burst_comes_before_the_single_pulse(monkeypatch):
    """As many pulses of its own laser as are wanted, then the delay in the dark."""
    _, pulses, settings = simulated(monkeypatch, shot(0.7, n_burst=4))
    burst, dark = settings["history"]
    assert (pulses.n_pulses, pulses.burn_in_pulses) == (1, 0)
    assert (burst.n_pulses, burst.burn_in_pulses, burst.aside_sites) == (4, 0, 0)
    assert (burst.period_us, burst.excitation_density) == (
        BURST.period_us,
        pytest.approx(BURST.excitation_density),
    )
    assert dark == PulseTrain(dark.excitation_density, 0.7, burst.spot_sigma_sites, 1, 0)
    assert dark.excitation_density < 1e-9
    assert simulated(monkeypatch, shot(n_burst=0))[2]["history"] == ()


@pytest.mark.parametrize("spacing_nm", [10.0, 5.0])
def test_ratios_widen_a_spot_and_leave_its_density(monkeypatch, spacing_nm):
    """On a lattice of any spacing; a neighbour's distance counts in widths of the usual spot."""
    model = replace(MODEL, lattice_spacing_nm=spacing_nm)
    sigma = LASER.spot_fwhm_nm / math.sqrt(8 * math.log(2)) / spacing_nm
    wide = shot(spot_ratio=2.0, burst_ratio=0.5, burst_aside=1.5)
    _, pulses, settings = simulated(monkeypatch, wide, model)
    burst, dark = settings["history"]
    assert pulses.spot_sigma_sites == pytest.approx(2 * sigma)
    assert pulses.excitation_density == pytest.approx(LASER.excitation_density)
    assert burst.spot_sigma_sites == dark.spot_sigma_sites == pytest.approx(sigma / 2)
    assert burst.excitation_density == pytest.approx(BURST.excitation_density)
    assert burst.aside_sites == round(1.5 * BURST.spot_fwhm_nm / spacing_nm)


def test_the_lattice_holds_a_neighbour(monkeypatch):
    """Three spots of the paper lie on it side by side, each to where a thousandth is left."""
    film = simulated(monkeypatch, Shot("on", LASER))[0]
    reach_nm = film.lattice_size * film.lattice_spacing_nm / 2
    assert 2.5 * LASER.spot_fwhm_nm < reach_nm - 3 * LASER.spot_fwhm_nm
    [(usual, _)] = conditions(dict(FILMS.iloc[0]), [LASER])
    assert replace(film, lattice_size=usual.lattice_size) == usual


def test_nothing_to_run_is_refused():
    """Without films or shots there is no outcome."""
    with pytest.raises(ValueError, match="at least one"):
        run_shots(FILMS, [], seed=1)
    with pytest.raises(ValueError, match="at least one"):
        run_shots(FILMS[:0], [shot()], seed=1)
    for name, wrong in {"films": [1], "seed": -1, "model": None, "n_excitons": 0}.items():
        given = {"films": FILMS, "shots": [shot()], "seed": 1} | {name: wrong}
        with pytest.raises((TypeError, ValueError), match=f"^{name} "):
            run_shots(**given)


@pytest.fixture
def runs(monkeypatch):
    """What is simulated, in a list that grows."""
    kept = []

    def keeping(*args, **more):
        kept.append(simulate(*args, **more))
        return kept[-1]

    monkeypatch.setattr(experiment, "simulate", keeping)
    return kept


@pytest.mark.parametrize("given", [Shot("on", LASER), Shot("first", LASER, (0, 2)), shot(0.05)])
def test_as_many_excitons_as_are_asked_for(runs, given):
    """Within the chance of their number; the last pulse, or the last train, is whole."""
    run_shots(FILMS[:1], [given], seed=1, n_excitons=300)
    made = float(runs[0].created_count.sum())
    in_a_train = made / runs[0].attrs["n_trains"]
    assert made > 300 - 4 * 300**0.5
    assert made < 300 + 4 * 300**0.5 + in_a_train


def test_a_table_says_what_it_holds(runs, monkeypatch, capsys):
    """Values and errors at 1 ns, film by shot, with units, labels, and how they were made."""
    found = run_shots(FILMS[:1], [Shot("first", LASER, (0, 2))], seed=0, n_excitons=300)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(experiment, "_run", lambda *_: Estimate(1.0, 0.1, "cm2/s", ""))
    assert run_shots(FILMS[:1], [shot()], seed=1).attrs["n_excitons"] == 3000
    run_shots(FILMS, [shot()], seed=1, progress=True)
    assert "2/2" in capsys.readouterr().err
    one = diffusivity(runs[0], 1.0)
    assert found.diffusivity_cm2_s.dims == found.simulation_err_cm2_s.dims == ("film", "shot")
    assert found.diffusivity_cm2_s.item() == one.value
    assert found.simulation_err_cm2_s.item() == one.std_err
    assert {found[name].attrs["units"] for name in found if found[name].ndim == 2} == {"cm2/s"}
    assert found.label.dims == ("shot",)
    assert found.relaxation_time_us.dims == ("film",)
    assert found.attrs == {"origin": "simulated", "seed": 0, "n_excitons": 300}
