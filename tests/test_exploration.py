"""Tests of tptools.exploration."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr

from tptools.excitation import Excitation
from tptools.exploration import CHANGEABLE, METHODS, explore
from tptools.film import FILMS
from tptools.instruments import Microscope, Timer

FAST = {
    "n_excitons": 1500,
    "photons": 2e4,
    "microscope": Microscope(timer=Timer(window_end_ns=4, tcspc_bin_ps=256)),
    "lattice_size": 601,
    "trap_rate_per_ps": 0.0,
    "relaxation_time_us": 0.1,
}
EVEN = {"hop_rate_ground_per_ps": 0.5, "hop_rate_modified_per_ps": 0.5}
LASER = Excitation(5, 2.5)


@pytest.fixture(scope="module")
def even():
    """A film without memory or traps, in which everything is known."""
    return explore("Note 2", LASER, **FAST | EVEN | {"n_excitons": 8000, "photons": 6e4})


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_diffusivity_of_an_even_film(even, method):
    """Where profiles stay Gaussian, each reading is that of a free walk, within its error."""
    wanted = even.model.free_walk_diffusivity_cm2_s(0.5)
    assert abs(even.diffusivities[method].z(wanted)) < 4
    assert even.diffusivities[method].std_err < 0.1 * wanted


def test_the_truth_of_an_even_film_is_that_of_a_free_walk(even):
    """Over 6 ns, second moment and growth are those of the law, 1 cm²/s being 1e5 nm²/ns."""
    wanted = even.model.free_walk_diffusivity_cm2_s(0.5)
    assert float(even.run["time_ns"].max()) == 6
    assert abs(even.truth.z(wanted)) < 4
    assert float(even.displacement.sel(time_ns=1)) == pytest.approx(
        2e5 * even.truth.value, rel=0.02
    )


@pytest.fixture(scope="module")
def plain():
    """The calibrated film with a short memory."""
    return explore("OLA/OA", LASER, **FAST)


def test_a_film_is_its_name_and_the_same_seed_gives_the_same_bits(plain):
    """A name means the film of that name, and what is changed stands in the model and the run."""
    found = explore(FILMS["OLA/OA"], replace(LASER, edge_nm=9.0), **FAST)
    xr.testing.assert_identical(found.record, plain.record)
    xr.testing.assert_identical(found.run, plain.run)
    assert repr(found) == repr(plain)
    assert found != plain  # is no number, and arrays have no one answer
    changes = {name: value for name, value in FAST.items() if name in CHANGEABLE}
    assert len(changes) == 3
    assert found.model == replace(FILMS["OLA/OA"].hopping, **changes)
    assert changes.items() <= found.run.attrs.items()


def test_another_seed_gives_other_excitons_and_photons(plain):
    """Both the simulation and the noise draw from the seed."""
    other = explore("OLA/OA", LASER, seed=2, **FAST)
    assert not np.array_equal(plain.record.counts, other.record.counts)
    assert plain.truth != other.truth


def test_as_many_photons_as_asked_for_are_counted(plain):
    """The sum of the map is a Poisson number of this mean."""
    assert abs(int(plain.record.counts.sum()) - 2e4) < 5 * 2e4**0.5


def test_as_many_excitons_as_asked_for_are_made(plain):
    """About, since all trains have the same number of pulses, and pulses a Poisson number."""
    made = int(plain.run.created_count.sum())
    assert abs(made - FAST["n_excitons"]) < 0.3 * FAST["n_excitons"]


def test_longer_memory_helps(plain):
    """At the same light, a film that remembers for longer has a larger truth."""
    longer = explore("OLA/OA", LASER, **FAST | {"relaxation_time_us": 2})
    assert longer.truth.z(plain.truth) > 4


@pytest.mark.parametrize(
    ("film", "changes", "message"),
    [
        ("OLA", {}, r"film = 'OLA' must be one of 'OLA/OA', 'Note 2'"),
        ("OLA/OA in toluene", {}, "must be one of 'OLA/OA'"),
        ("OLA/OA", {"memory_us": 2}, "change = 'memory_us' must be .*'relaxation_time_us'"),
        ("OLA/OA", {"photons": 0}, "photons = 0 must be"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(film, changes, message):
    """An unknown film or number of a film is answered with the list of those there are."""
    with pytest.raises(ValueError, match=message):
        explore(film, LASER, **FAST | changes)


def test_table_and_picture_show_every_reading(even):
    """Truth and methods have a row each, and marks at their values; no array is in the text."""
    assert "xarray" not in repr(even)
    table = even.table()
    assert table.index.to_list() == ["truth", *METHODS]
    assert [*table] == ["value", "std_err", "over_truth", "note"]
    assert table.over_truth["truth"] == 1
    with mpl.rc_context():
        mpl.use("agg")
        figure = even.plot()
    right = figure.axes[2]
    (marks,) = [one for one in right.lines if len(one.get_xdata()) == len(METHODS)]
    assert [*marks.get_xdata()] == [even.diffusivities[method].value for method in METHODS]
    assert [one.get_text() for one in right.get_yticklabels()] == [*METHODS]
    mpl.pyplot.close(figure)
