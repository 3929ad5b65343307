"""Tests of tptools.fitting.micrograph: what is masked, and levels under uneven light."""

import numpy as np
import pytest
from scipy.ndimage import binary_dilation, gaussian_filter

from tptools.fitting.micrograph import _far, _sides, level_of, levels, mask

Y, X = np.mgrid[-1:1:120j, -1:1:150j]
SQUARES = ((np.arange(120) % 20 < 9)[:, None]) & (np.arange(150) % 20 < 9)


def noisy(seed=0):
    """Dark squares in noise."""
    return 100 - 30 * SQUARES + np.random.default_rng(seed).normal(0, 4, SQUARES.shape)


@pytest.mark.parametrize("level", [0.0, 100.0, 255.0, 6e4])
def test_bar_and_text_are_masked(level):
    """Whatever their grey, a bar and letters of one exact value are masked, and little besides."""
    image, drawn = noisy(), np.zeros(SQUARES.shape, bool)
    drawn[100:108, 10:60] = drawn[85:95, 20:24] = drawn[85:88, 20:30] = True
    whole, masked = mask(np.where(drawn, level, image))
    assert masked[drawn].all() == (level != 100)  # grey as the support itself does no harm
    assert masked.sum() <= binary_dilation(drawn, iterations=4).sum()
    untouched = ~masked & ~drawn
    np.testing.assert_array_equal(whole[untouched], image[untouched])


def test_text_in_a_banner_is_masked_with_it():
    """White letters on a black banner that reaches from side to side."""
    image = noisy()
    image[100:] = 0
    image[105:112, 20:25] = image[105:112, 30:35] = 255
    masked = mask(image)[1]
    assert masked[100:].all()
    assert not masked[:97].any()


def test_samples_are_not_masked():
    """Neither noise, nor particles without it, blurred or clipped, nor most of an image is drawn.

    Where all pixels but one are equal, none is far from the others.
    """
    speck = np.full_like(X, 7.0)
    speck[60, 70] = 9.0
    for image in (
        np.where(Y < -0.01, 0.0, noisy()),
        speck,
        noisy(),
        np.where(SQUARES, 70.0, 100.0),
        noisy().round(),
        100 + 20 * X,
        np.full_like(X, 7.0),
        np.minimum(gaussian_filter(noisy(), 1), 98.0),
    ):
        whole, masked = mask(image)
        assert not masked.any()
        np.testing.assert_array_equal(whole, image)


def test_single_faulty_pixels_are_filled_and_larger_gaps_masked():
    """Hot, dead and missing pixels get a value of their neighbours; a masked corner stays so."""
    image = noisy()
    faulty = image.copy()
    at = np.random.default_rng(1).integers(30, 115, (2, 60))
    faulty[at[0], at[1]] = np.resize([6e4, -6e4, np.nan], 60)
    faulty[:20, :20] = np.nan
    whole, masked = mask(faulty)
    assert np.isfinite(whole).all()
    assert whole.min() > 50
    assert whole.max() < 130
    np.testing.assert_array_equal(np.argwhere(masked).max(axis=0), [19, 19])
    changed = whole != image
    changed[:20, :20] = False
    assert changed.sum() <= 60


@pytest.mark.parametrize("slope", [0.0, 0.15, 0.6])
@pytest.mark.parametrize("vignetting", [0.0, 0.3])
@pytest.mark.parametrize("sign", [-1, 1])
def test_levels_are_told_apart_under_any_light(slope, vignetting, sign):
    """Gradient and vignetting move few pixels, whether particles are dark or bright."""
    light = (1 + slope * X / 2) * (1 - vignetting * (X**2 + Y**2) / 2)
    found = levels((100 + 30 * sign * SQUARES) * light, np.ones(X.shape, bool))
    assert np.mean(found.high != ((sign > 0) == SQUARES)) < 0.003


def test_uneven_coverage_is_not_taken_for_light():
    """Squares on one side of the image only leave the level of the support even."""
    found = levels(100.0 - 30 * (SQUARES & (X > 0)), np.ones(X.shape, bool))
    assert found.step == pytest.approx(30, rel=1e-9)
    np.testing.assert_allclose(found.low, 70, rtol=1e-9)


def test_level_is_that_of_some_pixels():
    """A curved level comes out of the pixels that show it, also under all others."""
    level = 100 + 10 * X + 5 * Y**2
    found = level_of(np.where(SQUARES, 0, level), ~SQUARES)
    np.testing.assert_allclose(found, level, atol=0.2)


def test_level_of_few_pixels_is_exact():
    """Where each is a block of its own: of second degree along both sides, from some of them."""
    y, x = np.mgrid[-1:1:10j, -1:1:12j]
    level = (3 + y - y**2) * (2 - x + x**2)
    where = np.random.default_rng(2).random(level.shape) < 0.7
    np.testing.assert_allclose(level_of(np.where(where, level, 0), where), level)


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-3, 5.0), (-40.0, -1e4)])
@pytest.mark.parametrize("side", [-1, 1])
def test_far_pixels_lie_a_range_beyond_the_others(scale, offset, side):
    """By more than its width, on either side of it, and unlike their neighbours, in any unit."""
    image = np.random.default_rng(1).uniform(-1, 1, (60, 70))
    lowest, highest = np.quantile(image, [0.01, 0.99])
    beyond = {-1: lowest, 1: highest}[side]
    image[10, 10] = beyond + side * 1.1 * (highest - lowest)
    image[10, 40] = beyond + side * 0.9 * (highest - lowest)
    image[40:43, 40:43] = beyond + side * 1.1 * (highest - lowest)
    far = _far(scale * image + offset)
    assert far[10, 10]
    assert far.sum() <= 1 + 4  # corners of a block have other neighbours
    assert not far[41, 40:43].any()
    assert not far[10, 40]


def test_every_pixel_counts_unless_told():
    """Fewer tell the levels as well, where there are enough."""
    image, good = gaussian_filter(noisy(), 1) + 10 * X, np.ones(X.shape, bool)
    usual, every, third = levels(image, good), levels(image, good, 1), levels(image, good, 3)
    np.testing.assert_array_equal(usual.low, every.low)
    assert not np.array_equal(usual.low, third.low)
    assert third.step == pytest.approx(usual.step, rel=0.05)
    np.testing.assert_allclose(usual.flat, image - usual.low - usual.step / 2)


def test_places_run_from_side_to_side():
    """Along either, whatever the shape of the image."""
    y, x = _sides(np.zeros((3, 5)))
    assert (y.tolist(), x.tolist()) == ([-1, 0, 1], [-1, -0.5, 0, 0.5, 1])


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_single_level_has_no_step(scale):
    """Where no pixel is above the others, what is fitted is the illumination alone."""
    light = scale * (100 + 10 * X * Y + 5 * Y**2)
    found = levels(light, np.ones(X.shape, bool))
    assert not found.high.any()
    assert found.step == 0
    np.testing.assert_allclose(found.low, light, atol=0.2 * scale)
    assert levels(light - scale * SQUARES, np.ones(X.shape, bool)).step == pytest.approx(
        scale, rel=0.1
    )


@pytest.mark.parametrize(
    ("height", "width", "large"),
    [(3, 3, True), (2, 9, False), (9, 2, False), (1, 30, False), (5, 3, True)],
)
def test_gaps_are_large_from_three_pixels_on(height, width, large):
    """Along both sides; lines of missing pixels are filled, whether drawings are sought or not."""
    image = noisy()
    image[20 : 20 + height, 40 : 40 + width] = np.nan
    gap = np.isnan(image)
    for drawn in (True, False):
        whole, masked = mask(image, drawn=drawn)
        np.testing.assert_array_equal(masked, gap & large)
        assert np.isfinite(whole).all()


def test_drawings_stay_unless_they_are_looked_for():
    """By default they are."""
    image = noisy()
    image[90:110, 10:60] = 255
    assert mask(image)[1][95:105, 15:55].all()
    assert not mask(image, drawn=False)[1].any()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("share", [0.4, 0.6])
def test_what_covers_most_of_an_image_is_the_sample(scale, share):
    """Up to half of it may be drawn, in any unit."""
    image = noisy()
    image[: int(share * 120)] = 255
    masked = mask(scale * image)[1]
    assert masked.any() == (share < 0.5)
    assert masked.mean() < 0.5
