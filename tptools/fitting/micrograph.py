"""A micrograph made fit for measuring: what to mask, the uneven illumination, and two levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy
import skimage
from numpy.polynomial.legendre import leggrid2d, legvander2d

from tptools.arrays import BoolArray, FloatArray
from tptools.fitting.image import filled

FLAT = 0.1  # range within 3 x 3 pixels over the usual one: no camera's noise is as low
MOST_DRAWN = 0.5  # share of an image: beyond it, what is drawn is the sample
SQUARE = np.ones((3, 3), bool)
N_BLOCKS = 16  # along each side, of which the means are fitted
DEGREE = 2  # of the illumination along either side
N_ROUNDS = 4  # of telling two levels apart, each with the illumination of the last
ROUNDING = 1e-9  # of the range of an image: differences of floats
RANK = 1e-6  # of the largest singular value: what the places of a level do not determine


def mask(image: FloatArray, *, drawn: bool = True) -> tuple[FloatArray, BoolArray]:
    """Fill single faulty pixels, and find larger areas that show no sample.

    Faulty are pixels that are NaN, or outside the range of all but two in a hundred, and farther
    from the median of their neighbours than this range is wide. No sample are larger areas of NaN,
    and scale bars, text and frames: of one exact value in an image that has noise, with a rim as
    sharp as no lens draws it.

    Parameters
    ----------
    image : ndarray of shape (n, m)
    drawn : bool, optional
        Whether scale bars and the like are looked for.

    Returns
    -------
    image : ndarray of shape (n, m)
        Without NaN; in masked areas some value of their neighbourhood.
    masked : ndarray of shape (n, m)
        Where there is no sample.

    Examples
    --------
    >>> image = np.random.default_rng(1).normal(100, 5, (64, 64))
    >>> image[50:60, 10:40], image[5, 5] = 255, np.nan
    >>> whole, masked = mask(image)
    >>> bool(np.isfinite(whole).all()), bool(masked[50:60, 10:40].all()), bool(masked[:45].any())
    (True, True, False)
    """
    missing = np.isnan(image)
    whole = filled(image, ~missing)
    whole = filled(whole, ~_far(whole))
    large = scipy.ndimage.binary_opening(missing, SQUARE)
    if not drawn:
        return whole, large
    bars = _drawn(whole, large)
    return filled(whole, ~bars), large | bars


def _far(image: FloatArray) -> BoolArray:
    """Hot and dead pixels: far outside the range of the others, and far from their neighbours."""
    lowest, highest = np.quantile(image, [0.01, 0.99])
    width = highest - lowest
    far = (image > highest + width) | (image < lowest - width)
    if width > 0 and far.any():
        return far & (np.abs(image - scipy.ndimage.median_filter(image, 3)) > width)
    return np.zeros_like(far)


def _drawn(image: FloatArray, masked: BoolArray) -> BoolArray:
    """Scale bars and the like, with the pixels beside them, which may have been blended."""
    spread = scipy.ndimage.maximum_filter(image, 3) - scipy.ndimage.minimum_filter(image, 3)
    flat = (spread <= FLAT * np.median(spread)) & ~masked
    # an image without noise is flat everywhere, and nothing drawn can be told from it
    if not flat.any() or np.median(spread) <= 0:
        return np.zeros_like(flat)
    areas, count = skimage.measure.label(flat, return_num=True)
    numbers = np.arange(1, count + 1)
    levels = scipy.ndimage.median(image, areas, numbers)
    full, around = (skimage.segmentation.expand_labels(areas, distance) for distance in (1.5, 3))
    rim = np.where(full == 0, around, 0)
    jumps = np.full(count, np.inf)  # of text inside a box, which has no rim of its own
    seen = np.isin(numbers, rim)
    jumps[seen] = scipy.ndimage.median(
        np.abs(image - np.append(0, levels)[rim]), rim, numbers[seen]
    )
    sharp = np.append(False, jumps > image[full == 0].std())
    drawn = sharp[skimage.segmentation.expand_labels(areas, 4)]
    return drawn & (drawn.mean() < MOST_DRAWN)


class Levels(NamedTuple):
    """Two levels under one illumination."""

    flat: FloatArray
    """The image less the middle between its two levels, wherever it is."""
    high: BoolArray
    """Where it is nearer to the higher level."""
    low: FloatArray
    """The lower level under every pixel."""
    step: float
    """The higher level less the lower."""


def levels(smooth: FloatArray, good: BoolArray, stride: int = 1) -> Levels:
    """Tell two levels apart under an illumination that varies slowly.

    The illumination is a polynomial of second degree along either side. It is fitted together with
    the step between the levels, so that an uneven coverage is not taken for it; pixels are put
    to a level after Otsu, and both are repeated. Of two starts, even illumination and a single
    level, that with the smaller residual counts.

    Parameters
    ----------
    smooth : ndarray of shape (n, m)
        The image, without its noise.
    good : ndarray of shape (n, m)
        Pixels that count.
    stride : int, optional
        Every so many pixels are used.

    Returns
    -------
    Levels

    Examples
    --------
    >>> dark = np.tile(np.repeat([True, False], 8), (64, 4))
    >>> found = levels(np.linspace(100, 150, 64) - 10 * dark, dark | True)
    >>> round(found.step), bool((found.high != dark).all())
    (10, True)
    """
    coarse, counted = smooth[::stride, ::stride], good[::stride, ::stride]
    y, x = (side[::stride] for side in _sides(smooth))
    starts = np.zeros_like(coarse), _values(y, x, _fit(coarse, y, x, [counted])[0])
    found = [_settle(coarse, counted, y, x, start) for start in starts]
    coefficients, step, _ = min(found, key=lambda one: one[2])
    y, x = _sides(smooth)
    low = _values(y, x, coefficients)
    flat = smooth - low - step / 2
    threshold = _threshold(flat[good], ROUNDING * float(np.ptp(smooth[good])))
    return Levels(flat, flat > threshold, low, step)


def level_of(image: FloatArray, where: BoolArray) -> FloatArray:
    """The slowly varying level that an image has in some places, under every pixel.

    Examples
    --------
    >>> image = np.add.outer(np.arange(40.0), np.arange(50.0))
    >>> where = image % 3 == 0
    >>> bool(np.allclose(level_of(np.where(where, image, 0), where), image, atol=0.2))
    True
    """
    y, x = _sides(image)
    return _values(y, x, _fit(image, y, x, [where])[0])


def _sides(image: FloatArray) -> list[FloatArray]:
    """Places of rows and of columns, from -1 to 1."""
    return [np.linspace(-1, 1, n) for n in image.shape]


def _values(y: FloatArray, x: FloatArray, coefficients: FloatArray) -> FloatArray:
    return np.asarray(leggrid2d(y, x, coefficients), float)


def _settle(
    image: FloatArray, good: BoolArray, y: FloatArray, x: FloatArray, low: FloatArray
) -> tuple[FloatArray, float, float]:
    """Coefficients of the lower level, step and sum of squared residuals, from a first level."""
    least = ROUNDING * float(np.ptp(image[good]))
    for _ in range(N_ROUNDS):
        flat = image - low
        high = flat > _threshold(flat[good], least)
        coefficients, step = _fit(image, y, x, [good & ~high, good & high])
        low = _values(y, x, coefficients)
    residual = (image - low - step * high)[good]
    return coefficients, step, float(residual @ residual)


def _threshold(values: FloatArray, least: float) -> float:
    """Otsu's threshold; infinite where all values are the same but for rounding."""
    return float(skimage.filters.threshold_otsu(values)) if np.ptp(values) > least else math.inf


def _fit(
    image: FloatArray, y: FloatArray, x: FloatArray, levels: Sequence[BoolArray]
) -> tuple[FloatArray, float]:
    """Illumination of the first level, by least squares of means over blocks, and the step."""
    rows, columns = (np.arange(0, n, math.ceil(n / N_BLOCKS)) for n in image.shape)

    def sums(values: Any) -> FloatArray:
        """Sums over the boxes of the grid."""
        return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)

    size = sums(np.ones(image.shape))
    # a polynomial's mean over a block is that at its middle but for what a degree of 2 has left
    at = [sums(np.broadcast_to(one, image.shape)) / size for one in (y[:, None], x)]
    design, wanted = [], []
    for number, where in enumerate(levels):
        count = sums(where.astype(float))
        seen = count > 0
        if not seen.any():
            continue
        weight = np.sqrt(count[seen])
        terms = legvander2d(at[0][seen], at[1][seen], (DEGREE, DEGREE))
        terms = np.column_stack([terms, np.full(len(terms), float(number))])
        design.append(terms * weight[:, None])
        wanted.append(sums(np.where(where, image, 0))[seen] / weight)
    found = np.linalg.lstsq(np.concatenate(design), np.concatenate(wanted), rcond=RANK)[0]
    return found[:-1].reshape(DEGREE + 1, DEGREE + 1), float(found[-1])
