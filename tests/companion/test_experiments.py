"""Tests of tptools.companion.experiments and tptools.companion.readings."""

import numpy as np
import pytest
import xarray as xr

from tptools.companion import datasets, experiments, readings
from tptools.companion.search import PRIOR
from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel


@pytest.fixture
def outcomes():
    """Films whose memory shows in switching on, and in nothing else."""
    noise = np.random.default_rng(1)
    names = [name for name, shots in experiments.EXPERIMENTS.items() for _ in shots]
    memory_us, q = np.repeat([1.0, 5.0, 20.0], 12), np.tile([0.05, 0.9], 18)
    D = noise.normal(0.03, 5e-4, (36, len(names)))
    D[:, np.array(names) == "switching on"] += np.log10(memory_us)[:, None] * np.linspace(
        0, 0.04, 5
    )
    return xr.Dataset(
        {
            "diffusivity_cm2_s": (("film", "shot"), D),
            "relaxation_time_us": ("film", memory_us),
            "modification_probability": ("film", q),
            "spot_fwhm_nm": ("film", np.full(36, 400.0)),
        },
        {"experiment": ("shot", names)},
    )


def test_experiments_are_those_of_the_file(monkeypatch):
    """The outcomes that the book reads are of these shots, under their names."""
    monkeypatch.delenv("TPTOOLS_DATA_DIR", raising=False)
    stored = datasets.load("deciding_experiments")
    shots = [(name, one.label) for name, some in experiments.EXPERIMENTS.items() for one in some]
    pairs = zip(stored.experiment.values, stored.label.values, strict=True)
    assert [*map(tuple, pairs)] == shots


def test_experiments_do_what_their_names_say():
    """Lasers, spots, stretches of time and delays are those in the words."""
    tried = experiments.EXPERIMENTS
    usual = {one.laser.rep_rate_MHz for one in tried["relaxation curve again"]}
    assert usual == {2.5}
    for lowest_MHz in (1, 0.25):
        lasers = [one.laser for one in tried[f"constant power, to {lowest_MHz} MHz"]]
        assert {one.power_nW for one in lasers} == {5}
        assert min(one.rep_rate_MHz for one in lasers) == lowest_MHz
    assert {one.spot_ratio for one in tried["two spot sizes"]} == {0.5, 1}
    stretches = [one.since_fresh for one in tried["switching on"]]
    assert [start for start, _ in stretches] == [0, *(end for _, end in stretches[:-1])]
    for name, aside, wide in (
        ("burst, then a probe", 0, 1),
        ("bright neighbour, then a probe", 1, 1),
        ("wide burst, then a probe", 0, 2),
    ):
        after = [one for one in tried[name] if one.label != "at rest"]
        assert all(f"{one.delay_us:g} µs" in one.label for one in after)
        assert {(one.burst_aside, one.burst_ratio) for one in after} == {(aside, wide)}
        assert all(one.n_burst == 0 for one in tried[name] if one not in after)
    burst = tried["burst, then a probe"][0]
    assert burst.burst.period_us * burst.n_burst == pytest.approx(0.1)
    bright = Excitation(25, 2.5).excitation_density
    assert burst.burst.excitation_density == pytest.approx(bright)


def test_films_have_what_the_search_has_but_how_they_are_read():
    """Every number of a film of the prior acts, except the choice of a reading."""
    assert {*experiments.OF_A_FILM} == {*PRIOR.ranges} - {"projection"}


def test_experiment_that_shows_the_memory_comes_first(outcomes):
    """What tells memories apart is ranked first and needs the fewest photons."""
    seen = experiments.with_photon_noise(outcomes, 1e6)
    found = experiments.ranking(seen, photons=1e6, short=0, long=35, seed=1)
    assert found.index[0] == "switching on"
    assert found.memory.iloc[0].value > 1.3
    assert found.memory.iloc[1].value < 0.3
    assert found.photons.astype(float).idxmin() == "switching on"


def test_class_of_one_film_joins_its_neighbour(outcomes):
    """A film that is alone with its memory does not end the ranking."""
    alone = outcomes.isel(film=slice(11, None))
    seen = experiments.with_photon_noise(alone, 1e6)
    found = experiments.ranking(seen, photons=1e6, short=0, long=24, seed=1)
    assert found.memory["switching on"].value > 0.7


def test_photons_are_shared_between_shots(outcomes):
    """Errors grow as the root of the number of shots, and a smaller spot has smaller ones."""
    seen = experiments.with_photon_noise(outcomes, 1e6)
    error = {
        name: seen.std_err_cm2_s.values[seen.experiment.values == name]
        for name in experiments.EXPERIMENTS
    }
    five, two = error["relaxation curve again"][0], error["wide burst, then a probe"][0]
    assert five / two == pytest.approx((5 / 2) ** 0.5, rel=0.02)
    small, usual = error["two spot sizes"][:2]
    assert small < usual


def test_choices_read_one_film(monkeypatch):
    """Each choice gives three numbers of the same film; what is chosen alike reads alike."""
    usual = readings.CHOICES["as in this book"]
    chosen = {"usual": usual, "again": usual, "no traps": readings.CHOICES["no traps"]}
    monkeypatch.setattr(readings, "CHOICES", chosen)
    film = ExcitonModel(relaxation_time_us=1.0, lifetime_ns=1.0, trap_rate_per_ps=1e-3)
    found = readings.read_by_choices(film, seed=1, n_excitons=200)
    assert found.choice.values.tolist() == list(chosen)
    assert np.isfinite(found.highest_cm2_s).all()
    assert found.highest_cm2_s[0] == found.highest_cm2_s[1] != found.highest_cm2_s[2]


def test_charges_that_stay_longer_make_roads(monkeypatch):
    """Under strong light a film with long charges is faster than one with short ones."""
    monkeypatch.setattr(readings, "LASERS", (Excitation(100, 2.5),))
    monkeypatch.setattr(readings, "CHARGE_TIMES_US", (0.1, 5.0))
    found = readings.charged_curves(seed=1, n_excitons=1000).charged_cm2_s
    assert found.dims == ("charge_us", "laser")
    assert found[1, 0] > 2 * found[0, 0]
