"""Tests of tptools.instruments.scan."""

import numpy as np
import pytest

from tptools.instruments import ColumnScan, Microscope, Scan, WholeSpot
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


@pytest.mark.parametrize("kind", [Scan, ColumnScan])
def test_light_of_a_radius_is_the_mean_of_its_sites(kind):
    """Of each site by itself, for a detector that takes more from one side than from the other."""
    scan = kind(scan_span_nm=40, scan_step_nm=20)

    def lopsided(offset_nm):
        return 1 / (1 + np.exp(-offset_nm / 25))

    found = scan.collection(5, 10.0, lopsided)
    x, y = np.meshgrid(np.arange(-6, 7), np.arange(-6, 7))
    nearest = np.rint(np.sqrt(x**2 + y**2))
    for radius in range(5):
        at = nearest == radius
        for column, centre_nm in enumerate((-20, 0, 20)):
            along = lopsided(10.0 * x[at] - centre_nm)
            across = lopsided(10.0 * y[at]) if kind is Scan else 1
            assert found[radius, column] == pytest.approx((along * across).mean())


def test_positions_lie_evenly_about_the_spot():
    """As many whole steps as the span holds, which rounding does not change."""
    assert Scan(scan_span_nm=0.3, scan_step_nm=0.1).positions_nm.size == 4
    wide = Scan(scan_span_nm=99, scan_step_nm=30)
    np.testing.assert_allclose(wide.positions_nm, [-45, -15, 15, 45])
    name, positions_nm, attrs = Scan().coordinates["position_nm"]
    assert (name, attrs, positions_nm[0]) == ("position_nm", {"units": "nm"}, -1500)


def test_a_detector_that_stands_still_sees_all():
    """From every radius, at one position; it has no position to tell, and needs a radius."""
    for n in (1, 3):
        np.testing.assert_array_equal(WholeSpot().collection(n, 10.0, narrow), np.ones((n, 1)))
    with pytest.raises(ValueError, match=r"^n_radii = 0 "):
        WholeSpot().collection(0, 10.0, narrow)
    seen = [one.seen for one in (Scan(), ColumnScan(), WholeSpot())]
    assert seen == ["scanned APD", "scanned column", "whole spot"]


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
