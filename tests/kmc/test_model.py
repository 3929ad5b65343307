"""Tests of what tptools.kmc.model computes without a simulation."""

import numpy as np
import pytest

from tptools.kmc import ExcitonModel, slab_diffusivity_ratio


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
