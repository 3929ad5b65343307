"""Tests of tptools.companion.experiments and tptools.companion.readings."""

import numpy as np
import pytest
import xarray as xr

from tptools.companion import datasets, experiments, readings
from tptools.companion.search import PRIOR
from tptools.excitation import Excitation
from tptools.inference import photon_error_cm2_s, photons_needed
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
    assert {one.laser.rep_rate_MHz for one in tried["two spot sizes"]} == {2.5}
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
        assert {one.laser for one in tried[name]} == {Excitation(10, 2.5)}
        # a wide one has as many photons in one pulse as a narrow one in four
        assert {one.n_burst * one.burst_ratio**2 for one in after} == {4}
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


def test_information_is_about_memory_and_chance_together_or_alone(outcomes, monkeypatch):
    """Without noise it is the entropy of the classes, with edges at 2 and 8 us and at 0.3."""
    names = "relaxation curve again", "switching on", "two spot sizes"
    few = {name: experiments.EXPERIMENTS[name] for name in names}
    monkeypatch.setattr(experiments, "EXPERIMENTS", few)
    memory_us = np.tile([1.9, 1.9, 2.1, 7.9, 8.1, 8.1], 6)
    q = np.repeat([0.29, 0.31], 18)
    films = outcomes.assign(
        relaxation_time_us=("film", memory_us), modification_probability=("film", q)
    )
    memory, often = np.tile([0, 0, 1, 1, 2, 2], 6), np.repeat([0, 1], 18)
    D = np.full(films.diffusivity_cm2_s.shape, 0.01)
    for name, told in {
        "relaxation curve again": memory,
        "switching on": often,
        "two spot sizes": 2 * memory + often,
    }.items():
        D[:, films.experiment.values == name] += 0.01 * told[:, None]
    seen = films.assign(
        diffusivity_cm2_s=(("film", "shot"), D),
        std_err_cm2_s=("shot", np.full(D.shape[1], 1e-4)),
    )
    found = experiments.ranking(seen, photons=1e6, short=0, long=4, seed=1)
    for name, bits in {
        "relaxation curve again": {"memory": 3, "q": 1, "both": 3},
        "switching on": {"memory": 1, "q": 2, "both": 2},
        "two spot sizes": {"memory": 3, "q": 2, "both": 6},
    }.items():
        for about, classes in bits.items():
            assert found[about][name].value == pytest.approx(np.log2(classes), abs=0.2)
    assert [*found.columns] == ["memory", "q", "both", "photons"]


def test_photons_tell_shapes_apart_whatever_their_heights():
    """Of curves of one mean it is their distance in errors; heights and order do not matter."""
    first, second = np.array([0.02, 0.04, 0.06]), np.array([0.03, 0.05, 0.04])
    error, photons = np.array([0.001, 0.002, 0.003]), 1e5
    wanted = photons_needed(first, second, error, photons)
    found = experiments._photons_by_shape(first, second, error, photons)
    assert found == pytest.approx(wanted)
    higher = experiments._photons_by_shape(first, 3 * second, error, photons)
    assert higher == pytest.approx(experiments._photons_by_shape(3 * second, first, error, photons))
    # errors count relative to the mean of either
    assert higher / found == pytest.approx((1 + 1 / 9) / 2)


def test_a_class_of_one_is_that_next_to_it():
    """Two films are a class."""
    labels = np.array([0, 0, 1, 1, 1, 5, 2])
    assert experiments._merged(labels).tolist() == [0, 0, 1, 1, 1, 1, 1]


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
    middle = float(outcomes.diffusivity_cm2_s[:, 0].mean())
    spot_nm = float(outcomes.spot_fwhm_nm[0])
    assert five == pytest.approx(photon_error_cm2_s(middle, 2e5, spot_fwhm_nm=spot_nm), rel=0.02)
    assert seen.std_err_cm2_s.dims == ("shot",)
    assert seen.std_err_cm2_s.units == "cm2/s"


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
