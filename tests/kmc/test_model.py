"""Tests of what tptools.kmc.model computes without a simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.excitation import Excitation
from tptools.kmc import ExcitonModel, PulseTrain, pulse_train, slab_diffusivity_ratio
from tptools.kmc.model import check_spot_fits

LASER = Excitation(10, 2.5)
PULSES = PulseTrain(0.5, 4.0)


@pytest.mark.parametrize("n_layers", [1, 2, 3, 4, 9])
def test_slab_agrees_with_a_walk_over_layers(n_layers):
    """The stationary walk over the layers hops in the plane as often as the formula has it."""
    layer = np.arange(n_layers)
    to_above, to_below = layer < n_layers - 1, layer > 0
    neighbours = 4 + to_above + to_below
    moves = np.diag(4 / neighbours)
    moves += np.diag((to_above / neighbours)[:-1], 1) + np.diag((to_below / neighbours)[1:], -1)
    occupied = np.linalg.matrix_power(moves, 20_000)[0]
    assert occupied.sum() == pytest.approx(1)
    assert slab_diffusivity_ratio(n_layers) == pytest.approx(occupied @ (4 / neighbours))


def test_no_layer_is_refused():
    """A film has a layer at least."""
    with pytest.raises(ValueError, match="n_layers = 0"):
        slab_diffusivity_ratio(0)


@pytest.mark.parametrize("n_layers", [1, 2, 5])
def test_light_is_absorbed_layer_by_layer(n_layers):
    """Each absorbs its cross section over the area of a site of what the ones before let pass."""
    film = ExcitonModel(n_layers=n_layers, lattice_spacing_nm=4.0, absorption_cross_section_nm2=2.0)
    assert film.absorption_per_layer == 2 / 4**2
    absorbed = 1 - (1 - 2 / 4**2) ** n_layers
    assert film.illuminated_layers == pytest.approx(absorbed / film.absorption_per_layer)
    black = ExcitonModel(n_layers=n_layers, absorption_cross_section_nm2=1e9)
    assert (black.absorption_per_layer, black.illuminated_layers) == (1, 1)


films = st.builds(
    ExcitonModel,
    hop_rate_ground_per_ps=st.floats(0, 1),
    hop_rate_modified_per_ps=st.floats(0, 1),
    annihilation_rate_per_ps=st.floats(0, 1),
    n_layers=st.sampled_from([1, 2, 5]),
    hop_rule=st.sampled_from(["chosen_neighbour", "each_neighbour"]),
)


@given(film=films)
def test_attempts_are_as_few_as_keep_their_chance_below_one(film):
    """One per ps for a neighbour that is chosen; else a hop to any succeeds at all their rates."""
    rates = (
        film.hop_rate_ground_per_ps,
        film.hop_rate_modified_per_ps,
        film.annihilation_rate_per_ps,
    )
    for rate in rates:
        hops = film.attempts_per_ps * film.attempt_probability(rate)
        chosen = film.hop_rule == "chosen_neighbour"
        assert hops == pytest.approx(rate if chosen else film.n_neighbours * rate)
    most = max(map(film.attempt_probability, rates))
    assert most <= 1
    n = film.attempts_per_ps
    assert n == 1 or most * n / (n - 1) > 1


@given(film=films, rate=st.floats(0, 1), spacing_nm=st.floats(1, 30))
def test_free_walk_is_that_of_its_hops_in_the_plane(film, rate, spacing_nm):
    """Each is l^2, which is 4D of a walk in the plane: 1 nm2/ps are 0.01 cm2/s."""
    film = replace(film, lattice_spacing_nm=spacing_nm)
    if film.hop_rule == "each_neighbour":
        in_plane = 4 * rate
    else:
        in_plane = rate * slab_diffusivity_ratio(film.n_layers)
    wanted = in_plane * spacing_nm**2 / 4 * 0.01
    assert film.free_walk_diffusivity_cm2_s(rate) == pytest.approx(wanted)


def test_a_lattice_has_a_frame_and_layers_a_wall():
    """A site has neighbours in memory wherever it lies."""
    film = ExcitonModel(lattice_size=7)
    assert (film.lattice_shape, film.n_neighbours) == ((9, 9, 1), 4)
    layers = replace(film, n_layers=2)
    assert (layers.lattice_shape, layers.n_neighbours) == ((9, 9, 3), 6)


def test_sites_of_the_largest_lattices_can_be_numbered():
    """By 32 bits with a sign, the frame included; one row or layer more cannot."""
    for good, bad in (
        ({"lattice_size": 46_338}, {"lattice_size": 46_339}),
        ({"lattice_size": 1022, "n_layers": 2046}, {"lattice_size": 1022, "n_layers": 2047}),
    ):
        assert math.prod(ExcitonModel(**good).lattice_shape) < 2**31
        name, value = [*bad.items()][-1]
        with pytest.raises(ValueError, match=f"^{name} = {value} "):
            ExcitonModel(**bad)
    assert ExcitonModel(lattice_size=3, n_layers=9999).n_layers == 9999
    with pytest.raises(ValueError, match=r"^n_layers = 10000 must be an integer .* below 10000"):
        ExcitonModel(lattice_size=3, n_layers=10_000)


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("hop_rule", ["chosen_neighbour", "each_neighbour"]),
        ("modified_by", ["visits", "excitation"]),
    ],
)
def test_a_choice_is_one_of_those_there_are(name, choices):
    """Each of them makes a model, and the error lists them."""
    assert [getattr(ExcitonModel(**{name: one}), name) for one in choices] == choices
    listed = ", ".join(map(repr, choices))
    with pytest.raises(ValueError, match=rf"^{name} = 'both' must be one of {listed}$"):
        ExcitonModel(**{name: "both"})


def test_times_may_be_of_any_size():
    """Memory that never fades, excitons that never decay, and pulses that never come again."""
    assert ExcitonModel(lifetime_ns=1e300, relaxation_time_us=1e300).lifetime_ns == 1e300
    assert ExcitonModel(relaxation_time_us=1e-300).relaxation_time_us == 1e-300
    for period_us in (1e-300, 1e300, math.inf):
        assert PulseTrain(0.5, period_us).period_us == period_us
    assert PulseTrain(0.5, math.inf, excitons_stay=True).excitons_stay is True
    assert PulseTrain(0.5, 1e-6, excitons_stay=1).excitons_stay is True
    with pytest.raises(ValueError, match=r"^period_us = 9e-07 must be .* at least 1e-06"):
        PulseTrain(0.5, 9e-7, excitons_stay=True)


def test_history_lasts_five_relaxation_times():
    """In whole pulses, unless it is given; there is none before isolated pulses."""
    film = ExcitonModel(relaxation_time_us=6.5)
    periods_us = (4, 32.5, 33, math.inf)
    assert [replace(PULSES, period_us=one).burn_in(film) for one in periods_us] == [9, 1, 1, 0]
    assert [replace(PULSES, burn_in_pulses=one).burn_in(film) for one in (0, 3)] == [0, 3]
    endless = replace(PULSES, period_us=1e-300).burn_in(replace(film, relaxation_time_us=1e300))
    assert isinstance(endless, int)
    assert endless > 1e308
    with pytest.raises(TypeError, match=r"^model is of type Excitation"):
        PULSES.burn_in(LASER)


@pytest.mark.parametrize(("sigma", "aside"), [(4.0, 0), (4.1, 0), (4.0, 5), (4.0, -5)])
def test_a_spot_fits_with_six_standard_deviations_on_each_side(sigma, aside):
    """Of its own centre, wherever that lies; a lattice of one site less is too small."""
    pulses = replace(PULSES, spot_sigma_sites=sigma, aside_sites=aside)
    needed = 2 * (math.ceil(6 * sigma) + abs(aside)) + 1
    check_spot_fits(ExcitonModel(lattice_size=needed), pulses)
    with pytest.raises(ValueError, match=f"^lattice_size = {needed - 1} .*>= {needed}$"):
        check_spot_fits(ExcitonModel(lattice_size=needed - 1), pulses)


@pytest.mark.parametrize("name", ["excitation_density", "period_us"])
def test_pulses_are_those_of_the_laser_they_name(name):
    """Both its light and its period, or the error says which; and it is a laser."""
    train = pulse_train(LASER, 2)
    assert train.laser is LASER
    with pytest.raises(ValueError, match=rf"^{name} = 0\.3 must be the .*laser=None"):
        replace(train, **{name: 0.3})
    with pytest.raises(TypeError, match=r"^laser is of type str"):
        replace(train, laser="405 nm")


def test_what_is_for_the_record_makes_no_other_film_or_train():
    """Names of film and laser stand in no comparison, and the laser in no text."""
    train = pulse_train(LASER, 2)
    assert (train, repr(train)) == (bare := replace(train, laser=None), repr(bare))
    assert ExcitonModel(film="OLA/OA") == ExcitonModel()
