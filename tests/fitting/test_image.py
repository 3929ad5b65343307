"""Tests of tptools.fitting.image: what both kinds of pictures must be, and may be."""

import numpy as np
import pytest
import xarray as xr

from tptools.fitting import find_particles, fit_step
from tptools.fitting.image import as_image, clearly_apart, filled
from tptools.records import EVEN

GREY = xr.DataArray(
    np.random.default_rng(1).poisson(100, (64, 64)),
    {"y_nm": np.arange(64.0), "x_nm": np.arange(64.0)},
)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (GREY[:1], "at least two pixels"),
        (GREY[:0], "at least two pixels"),
        (GREY.rename(x_nm="x"), "must have 'x_nm'"),
        (GREY.where(GREY.x_nm < 0), "masked throughout"),
        (GREY.assign_coords(x_nm=2 * GREY.x_nm), "square"),
        (GREY.assign_coords(x_nm=GREY.x_nm**2), "equally spaced"),
    ],
)
def test_images_of_other_forms_are_refused(image, message):
    """Dimensions, number and shape of pixels are checked before anything is measured."""
    for measure in (find_particles, fit_step):
        with pytest.raises(ValueError, match=message):
            measure(image)


def test_array_without_axes_is_refused():
    """A bare array has no pixel size."""
    for measure in (find_particles, fit_step):
        with pytest.raises(TypeError, match="has no axes"):
            measure(GREY.to_numpy())


def test_pixels_of_rounded_coordinates_are_square():
    """Rounding to a thousandth of a pixel is no reason to refuse an image."""
    rounded = GREY.assign_coords(x_nm=(GREY.x_nm / 3).round(4), y_nm=GREY.y_nm / 3)
    assert as_image(rounded, "counts", signed=False)[1] == pytest.approx(1 / 3, rel=1e-3)


def test_filling_takes_the_nearest():
    """Good pixels stay; a bad one gets the value of a good pixel at the least distance."""
    values = np.arange(25.0).reshape(5, 5)
    good = np.ones((5, 5), bool)
    good[1:4, 1] = False
    whole = filled(values, good)
    np.testing.assert_array_equal(whole[good], values[good])
    assert set(whole[2, 1:2]) <= {values[2, 0], values[2, 2]}


@pytest.mark.parametrize("spreads", [(1.0, 1.0), (0.2, 1.4), (1.4, 0.2)])
@pytest.mark.parametrize(("step", "apart"), [(3.9, False), (4.1, True)])
def test_levels_are_four_spreads_apart(spreads, step, apart):
    """Root mean square of those of both, whatever the unit and the number of pixels of each."""
    low, high = (spread * np.array([-1.0, 1.0]) for spread in spreads)
    values = 100 + np.concatenate([low, low, high + step])
    for unit in (1e-3, 50.0):
        assert clearly_apart(unit * values, np.arange(6) > 3) == apart
    assert not clearly_apart(values, np.ones(6, bool))
    assert not clearly_apart(values, np.zeros(6, bool))


def test_pixels_may_be_uneven_by_their_rounding():
    """Twice what steps may be uneven; the edge of a square is that of the mean area."""
    for factor, even in ((1 + 1.9 * EVEN, True), (1 + 2.1 * EVEN, False)):
        image = GREY.assign_coords(x_nm=4 * GREY.x_nm, y_nm=4 * factor * GREY.y_nm)
        if even:
            assert as_image(image, "n", signed=False)[1] == pytest.approx(4 * factor**0.5, rel=1e-9)
        else:
            with pytest.raises(ValueError, match=r"^pixels of n are 4 nm wide and 4\.00"):
                as_image(image, "n", signed=False)


def test_two_pixels_are_an_image_and_heights_may_be_negative():
    """Counts may not, and masked pixels are NaN."""
    small = GREY[:2, :2] - 1000
    assert as_image(small, "n", signed=True)[0].shape == (2, 2)
    with pytest.raises(ValueError, match=r"^n "):
        as_image(small, "n", signed=False)
    with pytest.raises(ValueError, match=r"^n "):
        as_image(GREY.expand_dims("z"), "n", signed=False)
    masked = as_image(GREY.where(GREY.x_nm != 3), "n", signed=False)[0]
    assert np.isnan(masked.sel(x_nm=3)).all()
