"""Sizes from images: edges of particles, and what a sample of them says about all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import scipy
import skimage
import xarray as xr

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_choice, check_number
from tptools.estimate import Estimate, joined
from tptools.fitting.image import as_image, clearly_apart
from tptools.fitting.micrograph import Levels, level_of, levels, mask
from tptools.records import as_columns, as_dataset, check_errors

__all__ = ["Sizes", "find_particles", "mean_size"]

Contrast = Literal["auto", "dark", "bright"]

BAND = 0.5  # share of the edge that is used to measure the other: free of rounded corners
LEAST_FILLED, MOST_FILLED = 0.85, 1.1  # share of its own rectangle that a single particle fills
MOST_OF_MEDIAN = 2.5  # area over the median: a block of several, taken for one
LEAST_FOURFOLD = 0.1  # `_fourfold` of a square with corners as round as its edge is long by half
ROUND = 0.98  # of the ellipse with its axes, a square fills 0.955
CONVEX = 0.88  # share of its convex hull that a particle fills
LARGEST_ASPECT = 1.35  # beyond it, a particle was split or two were taken for one


@dataclass(frozen=True)
class Sizes:
    """What a sample of particles says about all of them.

    Parameters
    ----------
    mean, spread : Estimate
        Mean and standard deviation of the edge, in nm.
    count : int
        Particles measured.
    """

    mean: Estimate
    spread: Estimate
    count: int


def find_particles(
    counts: xr.DataArray,
    *,
    smoothing_nm: float = 0.4,
    least_edge_nm: float = 3.0,
    particles: Contrast = "auto",
) -> xr.Dataset:
    r"""Find nearly square particles in an image and measure their edges.

    Faulty pixels, scale bars and what is masked are left out. The illumination, a polynomial of
    second degree along x and y, is fitted together with the step between two grey levels; a
    threshold after Otsu on the smoothed and levelled image tells them apart. The level with pieces
    that stand alone and are convex is that of the particles. A watershed on the distance to the rim
    parts those that touch. An edge is the darkness summed over a band around the middle of the
    particle,

    .. math:: a = \frac{1}{h} \sum_{|v| < h/2} \frac{n_0 - n}{n_0 - n_1} \, \Delta^2,

    with the counts n, those of the support around and of the particle's own inside,
    :math:`n_0` and :math:`n_1`, and half the particle's edge for the height h of the band. It
    depends neither on the threshold nor on rounded corners, nor on a symmetric blur.

    Parameters
    ----------
    counts : DataArray
        Image over (y_nm, x_nm), with square pixels. NaN, as from ``counts.where(good)``, is masked.
    smoothing_nm : float, optional
        Standard deviation of the Gaussian that the threshold sees through.
    least_edge_nm : float, optional
        Regions with less than the area of this square are taken for noise.
    particles : {"auto", "dark", "bright"}, optional
        Whether particles are darker or brighter than the support.

    Returns
    -------
    Dataset
        Over ``particle``: ``x_nm``, ``y_nm``, the two edges ``long_edge_nm`` and ``short_edge_nm``,
        their mean ``edge_nm`` with its noise ``edge_err_nm``, ``angle_deg`` of one of them in
        [-45, 45), and ``weight``, the inverse of the chance that a particle as large lies clear of
        border and mask. The attributes say what ``particles`` are, dark or bright, how many pixels
        are masked (``masked_pixels``), and count what was left out: ``cut_by_border``,
        ``cut_by_mask``, ``not_single`` (neighbours that were not parted, or parts of a particle),
        ``not_square`` (of another shape, and alone) and ``too_small``. Where most are left out as
        not single or not square, ``note`` says so.

    Raises
    ------
    TypeError
        If `counts` is no such record.
    ValueError
        If the axes are others, pixels are not square, a parameter is outside its range, the image
        has one grey level only, or no whole, single, square particle is found; the message then
        names what most are.

    Notes
    -----
    Large particles are cut by the border more often than small ones; the weights make up for it
    (Miles and Lantuéjoul). Nothing makes up for clusters that are not parted and count as not
    single: large particles touch more often, so that the mean is low where there are many.

    Examples
    --------
    >>> from tptools.instruments import ElectronMicroscope, Nanocrystals
    >>> crystals = Nanocrystals(edge_spread_nm=0, aspect_spread=0)
    >>> image = ElectronMicroscope(n_pixels=512).measure(crystals, seed=1)
    >>> particles = find_particles(image.counts)
    >>> round(float(particles.edge_nm.mean()), 1), particles.attrs["particles"]
    (8.3, 'dark')
    """
    check_choice("particles", particles, get_args(Contrast))
    record, pixel_nm = as_image(counts, "counts", signed=True)
    smoothing_nm = check_number("smoothing_nm", smoothing_nm, above=0)
    least_edge_nm = check_number("least_edge_nm", least_edge_nm, above=0)
    smoothing, least_edge = smoothing_nm / pixel_nm, least_edge_nm / pixel_nm
    if least_edge > min(record.shape):
        raise ValueError(
            f"least_edge_nm = {least_edge_nm:g} is {least_edge:g} pixels of {pixel_nm:g} nm, more "
            f"than the image has with {dict(record.sizes)}; reduce it, or mend the unit of the axes"
        )
    image, masked, parted = _part(record.to_numpy(), smoothing)
    contrast, inside, split = _side(parted.high, masked, particles, least_edge)
    labels, small = _labels(inside, smoothing, least_edge, split)
    # what is blurred beyond the rim belongs to the particle, as far as no other claims it
    reach = 2 * smoothing
    zones = skimage.segmentation.expand_labels(labels, distance=reach)
    support = parted.low + (parted.step if contrast == "dark" else 0)
    support += level_of(image - support, (zones == 0) & ~masked)
    whole, cut = _measure_all(np.where(masked, 0, image - support), labels, zones, masked)
    single, left_out, shape = _judged(whole)
    left_out = cut | left_out | {"too_small": small.size}
    specks = small.sum() <= np.count_nonzero(labels)  # of noise
    counted = left_out | {"too_small": 0} if specks else left_out
    cause = _cause(counted, len(whole) if specks else 0, shape, least_edge_nm)
    if not single:
        counts_of = ", ".join(f"{name} {number}" for name, number in left_out.items() if number)
        raise ValueError(f"{cause} (left out: {counts_of})")
    found = _tabulate(single, record, masked, pixel_nm, reach)
    if len(whole) > 2 * len(single):
        found.attrs["note"] = cause
    return found.assign_attrs(left_out, particles=contrast, masked_pixels=int(masked.sum()))


def mean_size(particles: xr.Dataset) -> Sizes:
    """Mean and spread of the edges, with their standard errors.

    Parameters
    ----------
    particles : Dataset
        As from `find_particles`; ``edge_nm``, ``edge_err_nm`` and ``weight`` are used.

    Returns
    -------
    Sizes

    Raises
    ------
    ValueError
        If there are fewer than 4 particles, a number is not finite, or a weight not positive.

    Notes
    -----
    Errors are those of weighted means of independent particles. The variance of the edges is that
    found less the mean of ``edge_err_nm`` squared. The error of the spread follows from the
    fourth moment, so that sizes need not be normal.

    Examples
    --------
    >>> edges = {"edge_nm": [8.0, 8.2, 8.4, 8.6], "edge_err_nm": 4 * [0.1], "weight": 4 * [1.0]}
    >>> particles = xr.Dataset({name: ("particle", values) for name, values in edges.items()})
    >>> round(mean_size(particles).mean.value, 2)
    8.3
    """
    names = ("edge_nm", "edge_err_nm", "weight")
    particles = as_dataset(particles, names, "particles", "find_particles")
    edge, edge_err, weight = as_columns(4, **{name: particles[name] for name in names})
    check_errors("weight", weight)
    weight = weight / weight.sum()
    mean = float(weight @ edge)
    residual = edge - mean
    effective = 1 / (weight @ weight)
    scatter = float(weight @ residual**2) * effective / (effective - 1)
    noise = float(weight @ edge_err**2)
    mean_err = math.sqrt(float(weight**2 @ residual**2) * effective / (effective - 1))
    scatter_err = math.sqrt(float(weight**2 @ (residual**2 - scatter) ** 2))
    method, note = f"{edge.size} particles", str(particles.attrs.get("note", ""))
    if scatter > noise:
        spread = math.sqrt(scatter - noise)
        found = Estimate(spread, scatter_err / (2 * spread), "nm", method, note)
    else:
        small = joined("; ", note, "within the noise of an edge")
        found = Estimate(0.0, math.sqrt(scatter_err), "nm", method, small)
    return Sizes(Estimate(mean, mean_err, "nm", method, note), found, edge.size)


def _part(values: FloatArray, smoothing: float) -> tuple[FloatArray, BoolArray, Levels]:
    """The image without its faults, what is masked of it, and its two levels."""
    for drawn in (True, False):  # particles of one exact value look like what was drawn
        image, masked = mask(values, drawn=drawn)
        good = ~masked
        parted = levels(
            scipy.ndimage.gaussian_filter(image, smoothing), good, max(int(smoothing), 1)
        )
        if clearly_apart(parted.flat[good], parted.high[good]):
            return image, masked, parted
    raise ValueError(
        "image has one grey level only, as far as its noise shows, and so no particles; if it has "
        "faint or crowded ones, raise smoothing_nm, the dose or the magnification"
    )


def _side(
    high: BoolArray, masked: BoolArray, particles: str, least_edge: float
) -> tuple[str, BoolArray, bool]:
    """Whether particles are dark or bright, where they are, and whether touching ones are parted.

    What stands alone, whole and convex, is a particle; the support is not.
    """
    sides = {"dark": ~high & ~masked, "bright": high & ~masked}
    if particles != "auto":
        sides = {particles: sides[particles]}
    alone = {
        name: _convex(side, least_edge)
        for name, side in sorted(sides.items(), key=lambda item: item[1].sum())
    }
    contrast = max(alone, key=lambda name: sum(area for area, _ in alone[name]))
    # rods would be cut into squares
    elongated = [aspect > LARGEST_ASPECT for _, aspect in alone[contrast]]
    return contrast, sides[contrast], 2 * sum(elongated) <= len(elongated)


def _convex(side: BoolArray, least_edge: float) -> list[tuple[float, float]]:
    """Area and aspect of all that stands alone, whole and convex."""
    areas = skimage.measure.label(side, connectivity=1)
    large = np.bincount(areas.ravel()) >= least_edge**2
    found = []
    for number, window in enumerate(scipy.ndimage.find_objects(areas), start=1):
        if large[number] and not _at_border(window, side.shape):
            inside = areas[window] == number
            if _solidity(inside) > CONVEX:
                shortest, longest = _axes(*np.nonzero(inside))
                found.append((float(inside.sum()), float(longest / shortest)))
    return found


def _axes(x: FloatArray | IntArray, y: FloatArray | IntArray) -> FloatArray:
    """Standard deviations of points along their short and their long axis, of pixels at least."""
    return np.sqrt(np.linalg.eigvalsh(np.cov(x, y)) + 1 / 12)


def _labels(
    inside: BoolArray, smoothing: float, least_edge: float, split: bool
) -> tuple[IntArray, IntArray]:
    """Regions, and the areas of those left out as too small.

    A watershed on the distance to the rim parts those that touch.
    """
    if split:
        depth = scipy.ndimage.gaussian_filter(
            scipy.ndimage.distance_transform_edt(inside), smoothing
        )
        tops = skimage.feature.peak_local_max(
            depth, min_distance=max(round(least_edge / 2), 1), labels=inside
        )
        markers = np.zeros(inside.shape, np.int32)
        markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
        labels = skimage.segmentation.watershed(-depth, markers, mask=inside)
    else:
        labels = skimage.measure.label(inside, connectivity=1)
    areas = np.bincount(labels.ravel())
    small = areas < least_edge**2
    return np.where(small[labels], 0, labels), areas[1:][small[1:]]


def _at_border(window: tuple[slice, ...], shape: tuple[int, ...]) -> bool:
    return any(one.start == 0 or one.stop == n for one, n in zip(window, shape, strict=True))


def _solidity(inside: BoolArray) -> float:
    """Area over that of the convex hull of all pixels' corners."""
    rows = np.flatnonzero(inside.any(axis=1))
    first, beyond = inside[rows].argmax(axis=1), inside.shape[1] - inside[rows, ::-1].argmax(axis=1)
    corners = [[row, column] for row in (rows, rows + 1) for column in (first, beyond)]
    hull = scipy.spatial.ConvexHull(np.concatenate([np.column_stack(one) for one in corners]))
    return float(inside.sum() / hull.volume)


def _measure_all(
    excess: FloatArray, labels: IntArray, zones: IntArray, masked: BoolArray
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Every particle that lies wholly inside the image, and the numbers of others."""
    touching, whole, cut = _touching(labels), [], {"cut_by_border": 0, "cut_by_mask": 0}
    for number, window in enumerate(scipy.ndimage.find_objects(zones), start=1):
        if window is None:
            continue
        core, zone = labels[window] == number, zones[window] == number
        if _at_border(window, zones.shape):
            cut["cut_by_border"] += 1
        elif masked[window][zone].any():
            cut["cut_by_mask"] += 1
        else:
            one = _measure(excess[window], core, zone)
            corner = np.array([part.start for part in window])
            one["alone"] = not touching[number] and _solidity(core) > CONVEX
            whole.append(one | {"centre": one["centre"] + corner})
    return whole, cut


def _touching(labels: IntArray) -> BoolArray:
    """Which labels, by number, were parted from another."""
    touching = np.zeros(int(labels.max()) + 1, bool)
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        contact = (one != other) & (one > 0) & (other > 0)
        touching[one[contact]] = touching[other[contact]] = True
    return touching


def _measure(excess: FloatArray, core: BoolArray, zone: BoolArray) -> dict[str, Any]:
    """Centre (row, column), edges, area and angle of one particle, in pixels and radians.

    A square at the angle t has a fourth moment, the sum of (x + iy)^4, along -exp(4it).
    """
    places = np.indices(core.shape)
    rows, columns = places[0], places[1]
    centre = np.array([rows[core].mean(), columns[core].mean()])
    x, y = columns - centre[1], rows - centre[0]
    angle = float(np.angle(-((x[core] + 1j * y[core]) ** 4).sum())) / 4
    along = math.cos(angle) * x + math.sin(angle) * y
    across = math.cos(angle) * y - math.sin(angle) * x
    half_band = BAND * math.sqrt(core.sum()) / 2
    middle = core & (np.maximum(np.abs(along), np.abs(across)) < half_band)
    filled = np.where(zone, excess, 0) / excess[middle].mean()
    halves = np.array([_widths(filled, offset, half_band) for offset in (across, along)])
    edges = halves.mean(axis=1)
    # two halves of a band are two measurements of one edge; their mean has a quarter of the square
    edge_variance = float((np.diff(halves) ** 2).sum()) / 16
    area, (shortest, longest) = float(filled.sum()), _axes(x[core], y[core])
    aspect, in_ellipse = longest / shortest, core.sum() / (4 * math.pi * longest * shortest)
    shape = "elongated" if aspect > LARGEST_ASPECT else "round" if in_ellipse > ROUND else "angular"
    square = (
        aspect <= LARGEST_ASPECT
        and LEAST_FILLED <= area / edges.prod() <= MOST_FILLED
        and _fourfold(x[core], y[core]) >= LEAST_FOURFOLD
    )
    return {
        "centre": centre,
        "edges": edges,
        "edge_variance": edge_variance,
        "angle": angle,
        "area": area,
        "square": square,
        "shape": shape,
    }


def _fourfold(x: FloatArray, y: FloatArray) -> float:
    """Fourth moment that turns with a square, over that of the distance, once both axes are equal.

    It is 3/7 for a rectangle and 0 for an ellipse or a triangle.
    """
    (first, _), (mixed, second) = np.linalg.inv(np.linalg.cholesky(np.cov(x, y)))
    square = (first * x + 1j * (mixed * x + second * y)) ** 2
    return float(np.abs((square * square).sum()) / (np.abs(square) ** 2).sum())


def _widths(filled: FloatArray, offset: FloatArray, half_band: float) -> list[float]:
    """Widths in the two halves of a band; pixels at its rims count in part."""
    sides = (np.clip(0.5 + side * offset, 0, 1) for side in (-1, 1))
    band = np.clip(half_band + 0.5 - np.abs(offset), 0, 1)
    return [float((filled * band * side).sum() / half_band) for side in sides]


def _judged(
    whole: list[dict[str, Any]],
) -> tuple[list[dict[str, Any]], dict[str, int], str]:
    """Single squares, how many others there are, and the shape that most others have."""
    largest = MOST_OF_MEDIAN * np.median([one["area"] for one in whole]) if whole else 0
    square = [one["square"] and one["area"] <= largest for one in whole]
    single = [one for one, good in zip(whole, square, strict=True) if good]
    others = [one for one, good in zip(whole, square, strict=True) if not good]
    shapes = [one["shape"] for one in others if one["alone"]]
    rejected = {"not_single": len(others) - len(shapes), "not_square": len(shapes)}
    return single, rejected, max(shapes, key=shapes.count, default="")


def _cause(left_out: dict[str, int], n_whole: int, shape: str, least_edge_nm: float) -> str:
    """Why most of the whole particles were left out, or all others, and the remedy."""
    causes = {
        "not_single": "in clusters that cannot be parted; spread them more thinly",
        "not_square": f"{shape}; find_particles measures squares",
        "cut_by_border": "cut by the border; enlarge the field",
        "cut_by_mask": "cut by what is masked; take an image without it",
        "too_small": f"smaller than a square of least_edge_nm = {least_edge_nm:g}; reduce it, or "
        "mend the unit of the axes",
    }
    of_whole = ("not_single", "not_square")
    names = of_whole if n_whole else [name for name in causes if name not in of_whole]
    reason = max(names, key=lambda name: left_out[name])
    number, total = left_out[reason], n_whole or sum(left_out[name] for name in names)
    return f"{'all' if number == total else number} of {total} particles are {causes[reason]}"


def _tabulate(
    particles: list[dict[str, Any]],
    record: xr.DataArray,
    masked: BoolArray,
    pixel_nm: float,
    reach: float,
) -> xr.Dataset:
    """Particles as a dataset in nm."""
    edges = pixel_nm * np.array([one["edges"] for one in particles])
    centre = pixel_nm * np.array([one["centre"] for one in particles])
    angle = np.array([one["angle"] for one in particles])
    variance = np.array([one["edge_variance"] for one in particles])
    # a turned square reaches as far along x as along y
    extent = edges.mean(axis=1) * (np.abs(np.cos(angle)) + np.abs(np.sin(angle)))
    chance = _room(masked, extent / 2 / pixel_nm + reach)
    columns = {
        "x_nm": (centre[:, 1] + float(record["x_nm"][0]), "nm"),
        "y_nm": (centre[:, 0] + float(record["y_nm"][0]), "nm"),
        "edge_nm": (edges.mean(axis=1), "nm"),
        "edge_err_nm": (pixel_nm * variance**0.5, "nm"),
        "long_edge_nm": (edges.max(axis=1), "nm"),
        "short_edge_nm": (edges.min(axis=1), "nm"),
        "angle_deg": (np.degrees(angle), "degree"),
        "weight": (chance.mean() / chance, "1"),
    }
    return xr.Dataset(
        {name: ("particle", values, {"units": units}) for name, (values, units) in columns.items()}
    )


def _room(masked: BoolArray, half: FloatArray) -> FloatArray:
    """Pixels at which the middle of a box of so many pixels can lie, clear of border and mask."""
    distance = scipy.ndimage.distance_transform_cdt(np.pad(~masked, 1), "chessboard")
    beyond = np.bincount(distance.ravel())[::-1].cumsum()[::-1]
    return np.interp(half + 1, np.arange(beyond.size), beyond)
