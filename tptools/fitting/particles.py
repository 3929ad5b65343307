"""Sizes from images: edges of particles, and the thickness of a film from the step at its edge."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import (
    distance_transform_edt,
    find_objects,
    gaussian_filter,
)
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.segmentation import expand_labels, watershed

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_choice, check_number
from tptools.estimate import Estimate
from tptools.records import as_columns, check_errors

__all__ = ["Sizes", "Step", "find_particles", "fit_step", "mean_size"]

Levelling = Literal["both", "substrate"]

# Two levels split by Otsu's threshold lie 2.65 of their standard deviations apart where there is
# only one, normally distributed; four cannot come from noise.
CLEAREST_NOISE = 4.0
N_BLOCKS = 16  # of lines, left out in turn
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
    image, pixel_nm = _checked(counts)
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
    found = _tabulate(single, counts, pixel_nm, reach)
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


@dataclass(frozen=True)
class Step:
    """What the step at the edge of a film says about the film.

    Parameters
    ----------
    thickness : Estimate
        Mean height of the film above the substrate, in nm.
    roughness : Estimate
        Standard deviation of the film's height about it, in nm.
    levelled : DataArray
        Height in nm over (y_nm, x_nm), without tilt, bow and offsets of lines; the substrate
        is at zero.
    film : DataArray
        Where there is film, over the same dimensions.
    used : DataArray
        Which pixels the fit used: those away from the edge.
    """

    thickness: Estimate
    roughness: Estimate
    levelled: xr.DataArray
    film: xr.DataArray
    used: xr.DataArray


def fit_step(
    height_nm: xr.DataArray, *, margin_nm: float = 400.0, levelling: Levelling = "both"
) -> Step:
    r"""Measure a film's thickness from a topography that shows the film and the bare substrate.

    Each line k along x has an offset; tilt and bow are the same for all:

    .. math:: h_k(x) = o_k + a x + b x^2 + d \, F_k(x) + \text{roughness},

    where F is 1 on the film and 0 on the substrate. Least squares over all pixels away from the
    edge give the thickness d.

    Parameters
    ----------
    height_nm : DataArray
        Over (y_nm, x_nm), with square pixels and the fast axis along x.
    margin_nm : float, optional
        Pixels as close as this to the edge are left out: what a scratch has pushed up is no film.
    levelling : {"both", "substrate"}, optional
        Whether tilt and bow come from film and substrate together, or from the substrate alone and
        are extrapolated over the film.

    Returns
    -------
    Step

    Raises
    ------
    ValueError
        If the dimensions are others, a height is not finite, the image shows no step, or no line
        has both film and substrate beyond the margin.

    Notes
    -----
    Roughness is correlated over many pixels. Errors are those of a jackknife over blocks of lines,
    which have to be wider than the roughness is long.

    Examples
    --------
    >>> from tptools.instruments import ForceMicroscope, Topography
    >>> scan = ForceMicroscope().measure(Topography(thickness_nm=35), seed=1)
    >>> step = fit_step(scan.height_nm)
    >>> bool(abs(step.thickness.z(35.0)) < 3)
    True
    """
    check_number("margin_nm", margin_nm, at_least=0)
    check_choice("levelling", levelling, get_args(Levelling))
    height, pixel_nm = _checked(height_nm)
    blocks = np.array_split(np.arange(len(height)), min(N_BLOCKS, len(height)))
    film = _film(height)
    for _ in range(2):  # the first round only finds the film under its tilt and bow
        used = _beyond(film, margin_nm / pixel_nm)
        if not used.any():
            raise ValueError(
                f"no line has film and substrate beyond margin_nm = {margin_nm:g} from the edge; "
                "reduce the margin or scan a larger field"
            )
        thickness, level = _step_height(height, film, used, blocks, levelling)
        film = height - level > thickness.value / 2
    frame = height_nm.transpose("y_nm", "x_nm")
    return Step(
        thickness,
        _roughness(height - level, film & used, blocks),
        frame.copy(data=height - level),
        frame.copy(data=film),
        frame.copy(data=used),
    )


def _checked(counts: xr.DataArray) -> tuple[FloatArray, float]:
    if set(counts.dims) != {"y_nm", "x_nm"} or min(counts.shape, default=0) < 2:
        raise ValueError(
            f"image has sizes {dict(counts.sizes)} and must be over y_nm and x_nm, "
            "at least two pixels along each"
        )
    image = counts.transpose("y_nm", "x_nm").to_numpy().astype(float)
    if not np.isfinite(image).all():
        raise ValueError("image holds values that are not finite; cut them out")
    steps = np.concatenate([np.diff(counts["x_nm"]), np.diff(counts["y_nm"])])
    if not np.allclose(steps, steps[0], rtol=1e-6) or steps[0] <= 0:
        raise ValueError("pixels must be square and of one size, at increasing x_nm and y_nm")
    return image, float(steps[0])


def _clearly_apart(values: FloatArray, high: BoolArray) -> bool:
    """Whether a threshold has found two levels, and not cut the noise of one."""
    if high.all() or not high.any():
        return False
    within = math.sqrt((values[high].var() + values[~high].var()) / 2)
    return bool(values[high].mean() - values[~high].mean() > CLEAREST_NOISE * within)


def _segment(image: FloatArray, smoothing: float, least_edge: float) -> NDArray[np.int32]:
    """Labels of particles; lengths in pixels."""
    smooth = gaussian_filter(image, smoothing)
    dark = smooth <= threshold_otsu(smooth)
    if not _clearly_apart(smooth, ~dark):
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


def _film(height: FloatArray) -> BoolArray:
    """Where the surface is high, once the tilt and the offsets that most pixels share are off."""
    offsets = np.cumsum(np.median(np.diff(height, axis=0), axis=1))
    level = height - np.concatenate([[0], offsets])[:, None]
    level -= np.median(np.diff(height, axis=1)) * np.arange(height.shape[1])
    film = level > threshold_otsu(level)
    if not _clearly_apart(level, film):
        raise ValueError("image shows no step from film to substrate; scan across the scratch")
    return film


def _beyond(film: BoolArray, margin: float) -> BoolArray:
    """Pixels farther than the margin from the edge, in lines that have them on both sides."""
    distance = np.where(film, distance_transform_edt(film), distance_transform_edt(~film))
    used = distance > margin
    # a line without both would only add an offset of its own
    return used & ((film & used).any(axis=1) & (~film & used).any(axis=1))[:, None]


def _roughness(levelled: FloatArray, where: BoolArray, blocks: Sequence[IntArray]) -> Estimate:
    parts = [levelled[rows][where[rows]] for rows in blocks]
    variances = np.array([part.var() for part in parts if part.size > 1])
    roughness = math.sqrt(variances.mean())
    variance_err = float(variances.std(ddof=1)) / math.sqrt(variances.size)
    return Estimate(roughness, variance_err / (2 * roughness), "nm", "standard deviation")


def _step_height(
    height: FloatArray,
    film: BoolArray,
    used: BoolArray,
    blocks: Sequence[IntArray],
    levelling: Levelling,
) -> tuple[Estimate, FloatArray]:
    """Thickness by jackknife, and the level of the substrate under every pixel."""
    x = np.linspace(-1, 1, height.shape[1])
    shapes = np.stack([np.broadcast_to(x, height.shape), np.broadcast_to(x**2, height.shape)])
    if levelling == "both":
        shapes = np.concatenate([shapes, film[None]])
    levelled_on = used if levelling == "both" else used & ~film
    # offsets of lines drop out where every line is taken relative to its own mean
    height_mean = _line_means(height, levelled_on)
    means = np.stack([_line_means(one, levelled_on) for one in shapes])
    relative, own = shapes - means, height - height_mean
    sums = {
        "left": np.einsum("iyx,jyx,yx->yij", relative, relative, levelled_on, optimize=True),
        "right": np.einsum("iyx,yx,yx->yi", relative, own, levelled_on, optimize=True),
        "film": np.einsum("yx,yx->y", own, film & used),
        "film_shapes": np.einsum("iyx,yx->yi", relative, film & used, optimize=True),
        "n_film": (film & used).sum(axis=1),
    }
    total = {name: values.sum(axis=0) for name, values in sums.items()}
    slopes, found = _solve(total)
    left_out = np.array(
        [_solve({n: total[n] - sums[n][rows].sum(axis=0) for n in sums})[1] for rows in blocks]
    )
    n_blocks = len(blocks)
    error = math.sqrt((n_blocks - 1) * left_out.var())
    level = np.tensordot(slopes, relative, axes=1) + height_mean
    if levelling == "both":
        level -= slopes[2] * film
    method = f"step, levelled on {'film and substrate' if levelling == 'both' else 'substrate'}"
    return Estimate(found, error, "nm", method), level


def _line_means(values: FloatArray, where: BoolArray) -> FloatArray:
    return np.mean(values, axis=1, keepdims=True, where=where)


def _solve(sums: dict[str, FloatArray]) -> tuple[NDArray[np.floating], float]:
    """Coefficients of tilt, bow and, if it was fitted, film; and the thickness."""
    slopes = np.linalg.solve(sums["left"], sums["right"])
    if slopes.size == 3:
        return slopes, float(slopes[2])
    return slopes, float((sums["film"] - slopes @ sums["film_shapes"]) / sums["n_film"])
