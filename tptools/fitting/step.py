"""The thickness of a film from the step at its edge, as a scanning probe maps it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import scipy
import skimage
import xarray as xr
from numpy.typing import NDArray

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_choice, check_number
from tptools.estimate import Estimate
from tptools.fitting.image import as_image, clearly_apart, filled

__all__ = ["Step", "fit_step"]

Levelling = Literal["both", "substrate"]

N_BLOCKS = 16  # of lines, left out in turn
LEAST_OF_A_LINE = 0.5  # share of its pixels that a line must have
MOST_LOST = 0.5  # share of the lines
# Of simulated lines, none differs from its neighbours by more than 1.5 times the median line, and
# no pixel stands out by more than 9 times what a twentieth of them exceeds.
UNLIKE_LINE, UNLIKE_PIXEL = 4.0, 15.0
COHERENT = 0.8  # share of lines with film at one place less that at another
MOST_EDGES = 4  # in a line: two scratches; what is cut up more is roughness
ROUNDING = 1e-9  # of all heights' range: differences of floats


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
        Which pixels the fit used: those away from the edge, and neither lost nor spikes.
    n_lost_lines : int
        Lines left out: masked for the most part, of one height throughout, or unlike the lines
        beside them. Their `levelled` height is NaN.
    n_spikes : int
        Single pixels, and short scars of one or two lines, left out because they stand out.
    """

    thickness: Estimate
    roughness: Estimate
    levelled: xr.DataArray
    film: xr.DataArray
    used: xr.DataArray
    n_lost_lines: int = 0
    n_spikes: int = 0


def fit_step(
    height_nm: xr.DataArray, *, margin_nm: float = 400.0, levelling: Levelling = "both"
) -> Step:
    r"""Measure a film's thickness from a topography that shows the film and the bare substrate.

    Each line k along x has an offset; tilt and bow are the same for all:

    .. math:: h_k(x) = o_k + a x + b x^2 + d \, F_k(x) + \text{roughness},

    where F is 1 on the film and 0 on the substrate. Least squares over all pixels away from the
    edge give the thickness d. Lost lines and spikes are found, left out and counted.

    Parameters
    ----------
    height_nm : DataArray
        Over (y_nm, x_nm), with square pixels and the fast axis along x. NaN is a masked pixel.
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
    TypeError
        If `height_nm` is no such record.
    ValueError
        If the axes or units are others, pixels are not square, most lines are lost, the image shows
        no step, the step runs along x, or no line has film and substrate beyond the margin.

    Notes
    -----
    Roughness is correlated over many pixels. Errors are those of a jackknife over blocks of lines,
    which have to be wider than the roughness is long.

    Examples
    --------
    >>> from tptools.instruments import ForceMicroscope, Topography
    >>> scan = ForceMicroscope(n_pixels=512).measure(Topography(thickness_nm=35), seed=1)
    >>> step = fit_step(scan.height_nm)
    >>> bool(abs(step.thickness.z(35.0)) < 3), step.n_lost_lines
    (True, 0)
    """
    margin_nm = check_number("margin_nm", margin_nm, at_least=0)
    check_choice("levelling", levelling, get_args(Levelling))
    frame, pixel_nm = as_image(height_nm, "height_nm", signed=True)
    check_choice("units of height_nm", frame.attrs.get("units", "nm"), ("nm",))
    height, lost, spikes = _mended(frame.to_numpy())
    film = _film(height)
    for _ in range(2):  # the first round only finds the film under its tilt and bow
        beyond = _beyond(film, margin_nm / pixel_nm)
        used = _of_whole_lines(beyond & ~spikes & ~lost[:, None] & frame.notnull().to_numpy(), film)
        if np.count_nonzero(used.any(axis=1)) < 2:  # a jackknife leaves one out
            otherwise = (
                f"no line has film and substrate beyond margin_nm = {margin_nm:g} from the edge; "
                "reduce the margin or scan a larger field"
            )
            raise ValueError(_cause(height, otherwise))
        lines = np.flatnonzero(used.any(axis=1))
        blocks = np.array_split(lines, min(N_BLOCKS, lines.size))
        thickness, level = _step_height(height, film, used, blocks, levelling)
        film = height - level > thickness.value / 2
    return Step(
        thickness,
        _roughness(height - level, film & used, blocks),
        frame.copy(data=np.where(lost[:, None], np.nan, frame - level)),
        frame.copy(data=film & ~lost[:, None]),
        frame.copy(data=used),
        int(lost.sum()),
        int((spikes & beyond).sum()),
    )


def _mended(height: FloatArray) -> tuple[FloatArray, BoolArray, BoolArray]:
    """Heights with all that is not to be trusted filled in, the lost lines, and the spikes."""
    lost = _lost_lines(height)
    if lost.mean() > MOST_LOST:
        raise ValueError(
            f"{lost.sum()} of {lost.size} lines are lost: masked, of one height throughout, or "
            "unlike the lines beside them; scan again, or cut out the part that is whole"
        )
    good = np.isfinite(height) & ~lost[:, None]
    whole = filled(height, good)
    spikes = _spikes(whole) & good
    return filled(whole, ~spikes), lost, spikes


def _lost_lines(height: FloatArray) -> BoolArray:
    """Lines that are masked, of one height throughout, or unlike both of their neighbours."""
    finite = np.isfinite(height)
    highest, lowest = (
        edge(np.where(finite, height, fill), axis=1)
        for edge, fill in ((np.max, -np.inf), (np.min, np.inf))
    )
    constant, masked = highest <= lowest, finite.mean(axis=1) < LEAST_OF_A_LINE
    # where every line is of one height, so is what was scanned
    lost = masked | (constant & ~constant[~masked].all())
    good = np.flatnonzero(~lost)
    if good.size < 3:
        return lost
    change = np.diff(filled(height, finite)[good], axis=0)
    change -= np.median(change, axis=1, keepdims=True)
    unlike = np.quantile(np.abs(change), 0.9, axis=1)
    nearest = np.minimum(np.append(unlike, np.inf), np.insert(unlike, 0, np.inf))
    least = ROUNDING * (highest[good].max() - lowest[good].min())
    lost[good] = nearest > np.maximum(UNLIKE_LINE * np.median(nearest), least)
    return lost


def _spikes(height: FloatArray) -> BoolArray:
    """Pixels that stand out of the surface around them, which the medians of five lines show."""
    aligned = height - _offsets(height)
    around = scipy.ndimage.median_filter(aligned, size=(5, 1))
    excess = np.maximum(
        aligned - scipy.ndimage.maximum_filter(around, 5),
        scipy.ndimage.minimum_filter(around, 5) - aligned,
    )
    usual = UNLIKE_PIXEL * np.quantile(np.abs(aligned - around), 0.95)
    return excess > max(usual, ROUNDING * np.ptp(aligned))


def _offsets(height: FloatArray) -> FloatArray:
    """Offsets of the lines, which most pixels share, as a column."""
    return np.append(0, np.cumsum(np.median(np.diff(height, axis=0), axis=1)))[:, None]


def _film(height: FloatArray) -> BoolArray:
    """Where the surface is high, once the tilt and the offsets that most pixels share are off."""
    film = _high(height)
    if film is None:
        otherwise = (
            "image shows no step from film to substrate that stands out of their roughness; scan "
            "across the scratch"
        )
        raise ValueError(_cause(height, otherwise))
    return film


def _high(height: FloatArray) -> BoolArray | None:
    """Pixels above the step; None where there is no step, or one that roughness hides."""
    level = height - _offsets(height)
    level -= np.median(np.diff(height, axis=1)) * np.arange(height.shape[1])
    if np.ptp(level) <= ROUNDING * np.ptp(height):
        return None
    film = level > skimage.filters.threshold_otsu(level)
    if not clearly_apart(level, film):
        return None
    edges = np.count_nonzero(np.diff(film, axis=1), axis=1)
    return film if np.median(edges[edges > 0]) <= MOST_EDGES else None


def _of_whole_lines(used: BoolArray, film: BoolArray) -> BoolArray:
    """What is used of lines that have film and substrate; others add but an offset of their own."""
    has_film, has_substrate = (np.any(one & used, axis=1, keepdims=True) for one in (film, ~film))
    return used & has_film & has_substrate


def _cause(height: FloatArray, otherwise: str) -> str:
    """Why a step cannot be measured: it lies between the lines, or what is otherwise the cause."""
    turned = _high(height.T)
    # film in most lines at one place, and in few at another, where roughness is anywhere
    if turned is not None and np.ptp(turned.mean(axis=0)) > COHERENT:
        return (
            "the step runs along x, so that the offsets of lines hide it; scan across the scratch, "
            "or exchange the names of x_nm and y_nm if y is the fast axis"
        )
    return otherwise


def _beyond(film: BoolArray, margin: float) -> BoolArray:
    """Pixels farther than the margin from the edge."""
    return (
        np.where(
            film,
            scipy.ndimage.distance_transform_edt(film),
            scipy.ndimage.distance_transform_edt(~film),
        )
        > margin
    )


def _roughness(levelled: FloatArray, where: BoolArray, blocks: Sequence[IntArray]) -> Estimate:
    parts = [levelled[rows][where[rows]] for rows in blocks]
    variances = np.array([part.var() for part in parts if part.size > 1])
    roughness = math.sqrt(variances.mean())
    variance_err = float(variances.std(ddof=1)) / math.sqrt(variances.size)
    error = variance_err / (2 * roughness) if roughness else 0.0
    return Estimate(roughness, error, "nm", "standard deviation")


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
    # a line that has film or substrate alone still shows its offset
    where = np.where(levelled_on.any(axis=1, keepdims=True), levelled_on, True)
    surface = slopes[0] * shapes[0] + slopes[1] * shapes[1]
    level = surface + _line_means(height - surface - found * film, where)
    method = f"step, levelled on {'film and substrate' if levelling == 'both' else 'substrate'}"
    return Estimate(found, error, "nm", method), level


def _line_means(values: FloatArray, where: BoolArray) -> FloatArray:
    """Means of the lines over some pixels, as a column; zero where a line has none."""
    count = np.maximum(where.sum(axis=1, keepdims=True), 1)
    return np.sum(values, axis=1, keepdims=True, where=where) / count


def _solve(sums: dict[str, FloatArray]) -> tuple[NDArray[np.floating], float]:
    """Coefficients of tilt, bow and, if it was fitted, film; and the thickness."""
    slopes = np.linalg.solve(sums["left"], sums["right"])
    if slopes.size == 3:
        return slopes, float(slopes[2])
    return slopes, float((sums["film"] - slopes @ sums["film_shapes"]) / sums["n_film"])
