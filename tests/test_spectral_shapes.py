"""Tests of tptools.spectra against numbers known without it."""

import numpy as np
import pytest

from tptools.spectra import (
    HC_EV_NM,
    absorption_shape,
    blurred,
    confined_emission_eV,
    emission_shape,
    photon_energy_eV,
)

NM = np.arange(350.0, 800.0, 0.05)


def test_emission_holds_all_photons_at_its_energy():
    """The line has area one, and as many photons on either side of its centre."""
    shape = emission_shape(NM, 2.4, 0.09)
    assert shape.sum() * 0.05 == pytest.approx(1, abs=1e-6)
    mean_eV = (shape * photon_energy_eV(NM)).sum() / shape.sum()
    assert mean_eV == pytest.approx(2.4, abs=1e-5)


def test_emission_is_as_wide_as_stated():
    """Per unit of energy, half the height is reached half a width from the centre."""
    at_nm = HC_EV_NM / np.array([2.4, 2.445])
    per_eV = emission_shape(at_nm, 2.4, 0.09) * at_nm**2
    assert per_eV[1] / per_eV[0] == pytest.approx(0.5)


def test_absorption_far_above_the_gap_is_that_of_free_carriers():
    """With no binding energy left, the continuum grows as the root of the excess (Elliott)."""
    above = 2.4 + np.array([0.2, 0.8])
    low, high = absorption_shape(above, 2.4, 0.05, 1e-9, 0.0)
    assert high / low == pytest.approx(2, rel=1e-3)


def test_exciton_weighs_against_the_continuum_as_in_elliott():
    """The line's area over the continuum at the gap is 2R, when the broadening is small."""
    energy = np.linspace(2.3, 2.5, 40001)
    binding, narrow = 0.04, 0.002
    shape = absorption_shape(energy, 2.4, narrow, binding, 0.0)
    line = shape[np.abs(energy - 2.4) < 0.01].sum() * 5e-6
    edge = shape[np.searchsorted(energy, 2.4 + binding + 3 * narrow)]
    assert line / edge == pytest.approx(2 * binding, rel=0.02)


def test_pull_of_the_hole_is_that_of_sommerfeld():
    """The continuum is twice that at the gap where exp(-2π sqrt(R / x)) is one half."""
    binding = 1e-3
    twice = binding * (2 * np.pi / np.log(2)) ** 2
    gap, above = absorption_shape(2.4 + binding + np.array([6e-5, twice]), 2.4, 2e-5, binding, 0.0)
    assert above / gap == pytest.approx(2, rel=1e-6)


def test_bands_that_are_not_parabolic_rise_above_the_gap_alone():
    """By their share per eV of excess over the gap, and not below it."""
    energy = np.array([2.3, 2.4, 2.44, 2.64, 2.84])
    plain, steep = (absorption_shape(energy, 2.4, 0.02, 0.04, rise) for rise in (0.0, 1.5))
    np.testing.assert_allclose(steep / plain, [1, 1, 1, 1 + 1.5 * 0.2, 1 + 1.5 * 0.4], rtol=1e-9)


def test_size_series_passes_through_its_ends():
    """The interpolation gives the two printed pairs of edge and wavelength."""
    found = [HC_EV_NM / confined_emission_eV(edge) for edge in (3.5, 16.0)]
    assert found == pytest.approx([479, 518])
    with pytest.raises(ValueError, match="edge_nm = 20"):
        confined_emission_eV(20)


def test_box_blur_adds_the_variance_of_the_box():
    """Slit and pixel widen a line by their width squared over twelve."""

    def line(nm):
        return np.exp(-((nm - 515) ** 2) / (2 * 8.0**2))

    shape = blurred(line, NM, 2.3, 3.0)
    mean = (shape * NM).sum() / shape.sum()
    variance = (shape * (NM - mean) ** 2).sum() / shape.sum()
    assert mean == pytest.approx(515, abs=1e-6)
    assert variance == pytest.approx(8.0**2 + (2.3**2 + 3.0**2) / 12, rel=1e-6)
