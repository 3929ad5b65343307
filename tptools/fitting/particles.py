"""Sizes from images: edges of particles, and what a sample of them says about all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import expand_labels, watershed

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_number
from tptools.estimate import Estimate
from tptools.fitting.image import as_image, clearly_apart
from tptools.records import as_columns, check_errors

__all__ = ["Sizes", "find_particles", "mean_size"]

BAND = 0.5  # share of the edge that is used to measure the other: free of rounded corners
LEAST_FILLED, MOST_FILLED = 0.85, 1.1  # share of its own rectangle that a single particle fills
MOST_OF_MEDIAN = 2.5  # area over the median: a block of several, taken for one
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
    counts: xr.DataArray, *, smoothing_nm: float = 0.4, least_edge_nm: float = 3.0
) -> xr.Dataset:
    r"""Find dark, nearly square particles in an image and measure their edges.

    A threshold after Otsu on the smoothed image tells particle from support; a watershed on the
    distance to the rim parts those that touch. An edge is the darkness summed over a band around
    the middle of the particle,

    .. math:: a = \frac{1}{h} \sum_{|v| < h/2} \frac{n_0 - n}{n_0 - n_1} \, \Delta^2,

    with the counts n, those of the support around and of the particle's own inside,
    :math:`n_0` and :math:`n_1`, and half the particle's edge for the height h of the band. It
    depends neither on the threshold nor on rounded corners, nor on a symmetric blur.

    Parameters
    ----------
    counts : DataArray
        Image over (y_nm, x_nm), with square pixels.
    smoothing_nm : float, optional
        Standard deviation of the Gaussian that the threshold sees through.
    least_edge_nm : float, optional
        Regions with less than the area of this square are taken for noise.

    Returns
    -------
    Dataset
        Over ``particle``: ``x_nm``, ``y_nm``, the two edges ``long_edge_nm`` and ``short_edge_nm``,
        their mean ``edge_nm`` with its noise ``edge_err_nm``, ``angle_deg`` of one of them in
        [-45, 45), and ``weight``, the inverse of the chance that a particle as large lies wholly
        inside the image. The attributes count what was left out: ``cut_by_border``, and
        ``not_single``, where neighbours were not parted or a particle was.

    Raises
    ------
    ValueError
        If the dimensions are others, a count is not finite, a parameter is not positive, the image
        has one grey level only, or no whole particle is found.

    Notes
    -----
    Large particles are cut by the border more often than small ones; the weights make up for it
    (Miles and Lantuéjoul). Nothing makes up for clusters that are not parted and count as not
    single: large particles touch more often, so that the mean is low where there are many.

    Examples
    --------
    >>> from tptools.instruments import ElectronMicroscope, Nanocrystals
    >>> crystals = Nanocrystals(edge_spread_nm=0, aspect_spread=0)
    >>> particles = find_particles(ElectronMicroscope().measure(crystals, seed=1).counts)
    >>> round(float(particles.edge_nm.mean()), 1)
    8.3
    """
    record, pixel_nm = as_image(counts, "counts", signed=True)
    image = record.to_numpy()
    if not np.isfinite(image).all():
        raise ValueError("image holds values that are not finite; cut them out")
    for name, value in {"smoothing_nm": smoothing_nm, "least_edge_nm": least_edge_nm}.items():
        check_number(name, value, above=0)
    labels = _segment(image, smoothing_nm / pixel_nm, least_edge_nm / pixel_nm)
    # what is blurred beyond the rim belongs to the particle, as far as no other claims it
    reach = 2 * smoothing_nm / pixel_nm
    whole, cut = _measure_all(image, labels, expand_labels(labels, distance=reach))
    if not whole:
        raise ValueError(f"all of {cut} particles are cut by the border; enlarge the field")
    largest = MOST_OF_MEDIAN * np.median([one["area"] for one in whole])
    single = [one for one in whole if one["square"] and one["area"] <= largest]
    if not single:
        raise ValueError(f"none of {len(whole)} particles is nearly square")
    found = _tabulate(single, record, pixel_nm, reach)
    return found.assign_attrs(cut_by_border=cut, not_single=len(whole) - len(single))


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
    method = f"{edge.size} particles"
    if scatter > noise:
        spread = math.sqrt(scatter - noise)
        found = Estimate(spread, scatter_err / (2 * spread), "nm", method)
    else:
        found = Estimate(0.0, math.sqrt(scatter_err), "nm", method, "within the noise of an edge")
    return Sizes(Estimate(mean, mean_err, "nm", method), found, edge.size)


def _segment(image: FloatArray, smoothing: float, least_edge: float) -> NDArray[np.int32]:
    """Labels of particles; lengths in pixels."""
    smooth = gaussian_filter(image, smoothing)
    dark = smooth <= threshold_otsu(smooth)
    if not clearly_apart(smooth, ~dark):
        raise ValueError("image has one grey level only, so that it shows no particles")
    depth = gaussian_filter(distance_transform_edt(dark), smoothing)
    tops = peak_local_max(depth, min_distance=max(round(least_edge / 2), 1), labels=dark)
    markers = np.zeros(image.shape, np.int32)
    markers[tuple(tops.T)] = np.arange(1, len(tops) + 1)
    labels = watershed(-depth, markers, mask=dark)
    small = np.bincount(labels.ravel()) < least_edge**2
    return np.where(small[labels], 0, labels)


def _measure_all(
    image: FloatArray, labels: IntArray, zones: IntArray
) -> tuple[list[dict[str, Any]], int]:
    """Every particle that lies wholly inside the image, and the number of others."""
    support = image[zones == 0].mean()
    whole, cut = [], 0
    for label, window in enumerate(find_objects(zones), start=1):
        if window is None:
            continue
        if any(one.start == 0 or one.stop == n for one, n in zip(window, image.shape, strict=True)):
            cut += 1
            continue
        core, zone = labels[window] == label, zones[window] == label
        one = _measure(support - image[window], core, zone)
        corner = np.array([part.start for part in window])
        whole.append(one | {"centre": one["centre"] + corner})
    return whole, cut


def _measure(darkness: FloatArray, core: BoolArray, zone: BoolArray) -> dict[str, Any]:
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
    filled = np.where(zone, darkness, 0) / darkness[middle].mean()
    halves = np.array([_widths(filled, offset, half_band) for offset in (across, along)])
    edges = halves.mean(axis=1)
    # two halves of a band are two measurements of one edge; their mean has a quarter of the square
    edge_variance = float((np.diff(halves) ** 2).sum()) / 16
    shortest, longest = np.linalg.eigvalsh(np.cov(x[core], y[core]))
    area = float(filled.sum())
    share = area / edges.prod()
    square = longest <= LARGEST_ASPECT**2 * shortest and LEAST_FILLED <= share <= MOST_FILLED
    return {
        "centre": centre,
        "edges": edges,
        "edge_variance": edge_variance,
        "angle": angle,
        "area": area,
        "square": square,
    }


def _widths(filled: FloatArray, offset: FloatArray, half_band: float) -> list[float]:
    """Widths in the two halves of a band; pixels at its rims count in part."""
    sides = (np.clip(0.5 + side * offset, 0, 1) for side in (-1, 1))
    band = np.clip(half_band + 0.5 - np.abs(offset), 0, 1)
    return [float((filled * band * side).sum() / half_band) for side in sides]


def _tabulate(
    particles: list[dict[str, Any]], counts: xr.DataArray, pixel_nm: float, reach: float
) -> xr.Dataset:
    """Particles as a dataset in nm."""
    edges = pixel_nm * np.array([one["edges"] for one in particles])
    centre = pixel_nm * np.array([one["centre"] for one in particles])
    angle = np.array([one["angle"] for one in particles])
    variance = np.array([one["edge_variance"] for one in particles])
    extent = np.abs(np.stack([np.cos(angle), np.sin(angle)]))
    height, width = (pixel_nm * (counts.sizes[name] - 2 * reach) for name in ("y_nm", "x_nm"))
    chance = (width - (extent.T * edges).sum(axis=1)) * (
        height - (extent[::-1].T * edges).sum(axis=1)
    )
    columns = {
        "x_nm": (centre[:, 1] + float(counts["x_nm"][0]), "nm"),
        "y_nm": (centre[:, 0] + float(counts["y_nm"][0]), "nm"),
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
