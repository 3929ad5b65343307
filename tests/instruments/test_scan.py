"""Tests of tptools.instruments.scan."""

import numpy as np
import pytest

from tptools.instruments import ColumnScan, Microscope, Scan
from tptools.kmc.records import sites_per_radius

RADII = np.arange(60)


def narrow(offset_nm):
    """A detector that is hardly wider than a site."""
    return np.exp(-(offset_nm**2) / (2 * 15**2))


def profiles(light_by_radius):
    """Cut and projection of a spot with so much light per site at each radius, without blur."""
    weight = light_by_radius * sites_per_radius(RADII.size)
    scans = (one(scan_span_nm=1000.0, scan_step_nm=20.0) for one in (Scan, ColumnScan))
    return [weight @ one.collection(RADII.size, 10.0, narrow) for one in scans]


def variance(profile):
    """Second moment of a profile over its positions."""
    position = np.linspace(-500, 500, profile.size)
    return profile @ position**2 / profile.sum()


def test_cut_and_projection_of_a_gaussian_are_alike():
    """A Gaussian spot has one width, whichever detector scans it."""
    cut, projection = profiles(np.exp(-((10.0 * RADII) ** 2) / (2 * 100**2)))
    assert variance(cut) == pytest.approx(variance(projection), rel=0.01)


def test_projection_of_a_disc_is_rounder_than_its_cut():
    """The cut of a disc is flat, its projection a half-ellipse: variances R^2/3 and R^2/4."""
    cut, projection = profiles(1.0 * (RADII <= 30))
    assert variance(projection) / variance(cut) == pytest.approx(3 / 4, rel=0.03)


def test_a_column_takes_all_light_of_the_plane():
    """Over all positions of a fine scan every photon is seen once for each step it is wide."""
    scan = ColumnScan(scan_span_nm=4000.0, scan_step_nm=20.0)
    seen = scan.collection(40, 10.0, Microscope().acceptance).sum(axis=1)
    np.testing.assert_allclose(seen, Microscope().footprint_nm / 20.0, rtol=1e-3)


@pytest.mark.parametrize("scan", [Scan(), ColumnScan()])
@pytest.mark.parametrize(
    ("light", "error", "name"),
    [
        ((0, 10.0, narrow), ValueError, "n_radii"),
        ((3, 0.0, narrow), ValueError, "spacing_nm"),
        ((3, 10.0, 0.5), TypeError, "acceptance"),
    ],
)
def test_light_from_nowhere_is_refused(scan, light, error, name):
    """No radius, no distance and no detector are named."""
    with pytest.raises(error, match=f"^{name} "):
        scan.collection(*light)
