"""Tests of tptools.absorption: limits, round trips, and an independent mixing rule."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.absorption import (
    local_field_gain,
    mean_relative_intensity,
    optical_density,
    thickness_for_nm,
)
from tptools.material import absorption_coefficient_per_cm


@given(od=st.floats(1e-3, 3), phi=st.floats(0.01, 1), relative=st.floats(0.1, 2))
def test_thickness_and_density_are_inverse(od, phi, relative):
    """The thickness for an optical density has it."""
    coefficient = absorption_coefficient_per_cm(phi, relative=relative)
    assert optical_density(thickness_for_nm(od, coefficient), coefficient) == pytest.approx(od)


@given(od=st.floats(0, 4))
def test_mean_intensity_is_the_average_over_depth(od):
    """Against the mean of exp(-depth) on a fine grid."""
    depth = (np.arange(20_000) + 0.5) / 20_000 * od * math.log(10)
    assert mean_relative_intensity(od) == pytest.approx(np.exp(-depth).mean(), rel=1e-6)


@pytest.mark.parametrize("phi", [0.05, 0.3, 0.572])
def test_gain_follows_from_the_complex_index_of_the_mixture(phi):
    """Weak absorption in Maxwell Garnett's complex index of film and of dilute solution."""
    crystal = (2.0 + 1e-6j) ** 2

    def per_volume(medium, share):
        beta = (crystal - medium) / (crystal + 2 * medium)
        index = np.sqrt(medium * (1 + 2 * share * beta) / (1 - share * beta))
        return index.imag / share

    wanted = per_volume(1.46**2, phi) / per_volume(1.497**2, 1e-5)
    assert local_field_gain(phi) == pytest.approx(wanted, rel=1e-4)


def test_gain_is_one_where_nothing_changes():
    """A few nanocrystals in the same medium as before absorb as before."""
    assert local_field_gain(1e-9, 2.2, 1.497, 1.497) == pytest.approx(1)
    assert local_field_gain(0.5, 1.5, 1.5, 1.5) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optical_density(-1, 1), "thickness_nm = -1"),
        (lambda: thickness_for_nm(0.1, 0), "coefficient_per_cm = 0"),
        (lambda: mean_relative_intensity(-0.1), "density = -0.1"),
        (lambda: local_field_gain(0), "volume_fraction = 0"),
        (lambda: local_field_gain(0.5, index_crystal=0.9), "index_crystal = 0.9"),
    ],
)
def test_impossible_inputs_are_refused(call, message):
    """The error names the value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()
