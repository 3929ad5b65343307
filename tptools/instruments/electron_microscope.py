r"""The transmission electron microscope: bright-field images of nanocrystals on a support (Note 1).

Fewer electrons pass where the crystal is thicker. Behind a thickness t the camera expects

.. math:: n = n_0 \, s \, e^{-t/\Lambda}

electrons per pixel, with the dose :math:`n_0`, the granularity :math:`s` of the support film and
the length :math:`\Lambda` over which electrons are scattered past the aperture. Fringes of the
defocus and diffraction contrast are left out.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

import tptools
from tptools.checks import check_integer, check_number
from tptools.companion.paper import REPORTED
from tptools.units import FWHM_PER_SIGMA

__all__ = ["ElectronMicroscope", "Nanocrystals", "measure"]

SETTLING_ROUNDS = 30  # after which fewer than one pair in a hundred still overlaps


@dataclass(frozen=True)
class Nanocrystals:
    """A layer of nearly cubic nanocrystals, packed face to face on a square lattice.

    Only the mean edge is reported (main text). The rest is assumed; the chapter shows what
    the size that comes out of an image owes to it.

    Parameters
    ----------
    edge_nm : float
        Mean edge, face to face.
    edge_spread_nm : float
        Standard deviation of the edge between crystals; edges are log-normal.
    aspect_spread : float
        Standard deviation of the relative difference of a crystal's edges from their mean.
    corner_radius_nm : float
        Rounding of the corners, seen from above.
    gap_nm : float
        Mean distance between facing crystals. With the edge it makes the 10 nm of Note 2.
    position_jitter_nm : float
        Standard deviation of each coordinate about the lattice point. Where crystals would
        overlap they are moved apart until they touch.
    rotation_spread_deg : float
        Standard deviation of the rotation about the lattice direction.
    vacancy_fraction : float
        Share of lattice points without a crystal.

    Raises
    ------
    ValueError
        If a length is negative or zero where it cannot be, the spread exceeds a third of the
        edge, or the corner radius half of it.

    Examples
    --------
    >>> crystals = Nanocrystals()
    >>> crystals.edge_nm + crystals.gap_nm
    10.0
    """

    edge_nm: float = REPORTED["main-NC-size"].value
    edge_spread_nm: float = 0.8
    aspect_spread: float = 0.04
    corner_radius_nm: float = 1.2
    gap_nm: float = 1.7
    position_jitter_nm: float = 0.5
    rotation_spread_deg: float = 4.0
    vacancy_fraction: float = 0.06

    def __post_init__(self) -> None:
        """Refuse what no crystal can be."""
        check_number("edge_nm", self.edge_nm, above=0)
        check_number("edge_spread_nm", self.edge_spread_nm, at_least=0, at_most=self.edge_nm / 3)
        check_number("aspect_spread", self.aspect_spread, at_least=0, at_most=0.2)
        half_edge = self.edge_nm / 2
        check_number("corner_radius_nm", self.corner_radius_nm, at_least=0, at_most=half_edge)
        for name in ("gap_nm", "position_jitter_nm", "rotation_spread_deg"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("vacancy_fraction", self.vacancy_fraction, at_least=0, below=1)


@dataclass(frozen=True)
class ElectronMicroscope:
    """How the image is taken.

    Note 1 names instruments and voltages and none of these numbers; all are assumed, such that the
    image looks like a routine one.

    Parameters
    ----------
    n_pixels : int
        Along each side of the square image.
    pixel_nm : float
        Edge of a pixel on the sample.
    electrons_per_nm2 : float
        Dose.
    attenuation_nm : float
        Thickness of nanocrystal that lets 1/e of the electrons through to the camera.
    blur_fwhm_nm : float
        Resolution of lens and camera together.
    support_contrast, support_grain_nm : float
        Relative standard deviation of the light through the bare support, and its grain.
    counts_per_electron : float
        Gain of the camera.
    read_noise_counts : float
        Standard deviation of the read-out.
    full_scale_counts : int
        Largest number a pixel can hold.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(ElectronMicroscope().field_nm)
    184
    """

    n_pixels: int = 1024
    pixel_nm: float = 0.18
    electrons_per_nm2: float = 5000.0
    attenuation_nm: float = 30.0
    blur_fwhm_nm: float = 0.5
    support_contrast: float = 0.02
    support_grain_nm: float = 0.6
    counts_per_electron: float = 20.0
    read_noise_counts: float = 8.0
    full_scale_counts: int = 65535

    def __post_init__(self) -> None:
        """Refuse settings that no microscope can have."""
        check_integer("n_pixels", self.n_pixels, at_least=1)
        check_integer("full_scale_counts", self.full_scale_counts, at_least=1)
        for name in ("pixel_nm", "electrons_per_nm2", "attenuation_nm", "counts_per_electron"):
            check_number(name, getattr(self, name), above=0)
        for name in ("blur_fwhm_nm", "support_contrast", "support_grain_nm", "read_noise_counts"):
            check_number(name, getattr(self, name), at_least=0)

    @property
    def field_nm(self) -> float:
        """Edge of the image on the sample, in nm."""
        return self.n_pixels * self.pixel_nm


def measure(
    sample: Nanocrystals, microscope: ElectronMicroscope = ElectronMicroscope(), *, seed: int
) -> xr.Dataset:
    """Take an image, and keep the truth about every crystal in it.

    Parameters
    ----------
    sample : Nanocrystals
        What lies on the support.
    microscope : ElectronMicroscope
        How it is imaged.
    seed : int
        Of crystals, support and noise.

    Returns
    -------
    Dataset
        Integer ``counts`` over (y_nm, x_nm). Over ``particle``, for every crystal that reaches
        into the image: ``true_x_nm``, ``true_y_nm``, the mean ``true_edge_nm`` of its two visible
        edges, ``true_aspect`` (half their difference over that mean), ``true_thickness_nm``,
        ``true_angle_deg`` and ``true_whole``, whether the border leaves it uncut. The attributes
        hold all parameters, the seed and ``saturated_pixels``, the number of pixels at full scale.

    Raises
    ------
    ValueError
        If no crystal reaches into the image, or `seed` is no integer of at least 0.

    Examples
    --------
    >>> image = measure(Nanocrystals(), ElectronMicroscope(n_pixels=256), seed=1)
    >>> image.counts.shape, image.counts.dtype.kind, image.attrs["saturated_pixels"]
    ((256, 256), 'i', 0)
    """
    check_integer("seed", seed, at_least=0)
    rng = np.random.default_rng(seed)
    crystals = _scatter(sample, microscope.field_nm, rng)
    if crystals.sizes["particle"] == 0:
        raise ValueError(
            f"no crystal reaches into a field of {microscope.field_nm:g} nm at a vacancy_fraction "
            f"of {sample.vacancy_fraction:g}; enlarge the field or fill more lattice points"
        )
    counts = _expose(_project(crystals, sample, microscope), microscope, rng)
    axis = (np.arange(microscope.n_pixels) + 0.5) * microscope.pixel_nm
    attrs = {"long_name": "camera counts", "units": "1"}
    image = crystals.assign(counts=(("y_nm", "x_nm"), counts, attrs))
    image = image.assign_coords(
        y_nm=("y_nm", axis, {"units": "nm"}), x_nm=("x_nm", axis, {"units": "nm"})
    )
    own = {
        "title": "bright-field image of nanocrystals",
        "origin": "simulated",
        "seed": int(seed),
        "saturated_pixels": int((counts == microscope.full_scale_counts).sum()),
        "version": tptools.__version__,
    }
    return image.assign_attrs(asdict(sample) | asdict(microscope) | own)


def _scatter(sample: Nanocrystals, field_nm: float, rng: np.random.Generator) -> xr.Dataset:
    """Crystals that reach into the field: positions, edges, rotations."""
    pitch = sample.edge_nm + sample.gap_nm
    # the lattice is turned, so that it has to cover the circle around the field
    half = math.ceil(field_nm / math.sqrt(2) / pitch) + 2
    sites = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * 2), axis=-1).reshape(-1, 2)
    sites = sites[rng.random(len(sites)) >= sample.vacancy_fraction] + rng.random(2)
    relative = sample.edge_spread_nm / sample.edge_nm
    sigma = math.sqrt(math.log1p(relative**2))
    edge = sample.edge_nm * np.exp(rng.normal(-(sigma**2) / 2, sigma, len(sites)))
    aspect = np.clip(rng.normal(0, sample.aspect_spread, len(sites)), -0.5, 0.5)
    thickness = edge * (1 + np.clip(rng.normal(0, sample.aspect_spread, len(sites)), -0.5, 0.5))
    spots = sites * pitch + rng.normal(0, sample.position_jitter_nm, sites.shape)
    spots = _settle(spots, np.stack([edge * (1 + aspect), edge * (1 - aspect)], axis=1), pitch)
    turn = rng.uniform(0, math.pi / 2)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    x, y = rotation @ spots.T + field_nm / 2
    angle = np.degrees(turn) + rng.normal(0, sample.rotation_spread_deg, len(sites))
    half = edge / 2 * np.stack([1 + aspect, 1 - aspect])
    turned = np.abs(np.stack([np.cos(np.radians(angle)), np.sin(np.radians(angle))]))
    reach = np.stack([(half * turned).sum(axis=0), (half * turned[::-1]).sum(axis=0)])
    from_middle = np.abs(np.stack([x, y]) - field_nm / 2)
    whole = (from_middle + reach < field_nm / 2).all(axis=0)
    columns = {
        "true_x_nm": (x, "nm", "position along x"),
        "true_y_nm": (y, "nm", "position along y"),
        "true_edge_nm": (edge, "nm", "mean visible edge"),
        "true_aspect": (aspect, "1", "half the difference of the edges over their mean"),
        "true_thickness_nm": (thickness, "nm", "thickness along the beam"),
        "true_angle_deg": (angle, "degree", "direction of the first edge"),
        "true_whole": (whole, "1", "wholly inside the image"),
    }
    inside = (from_middle - reach < field_nm / 2).all(axis=0)
    return xr.Dataset(
        {
            name: ("particle", values[inside], {"units": units, "long_name": long_name})
            for name, (values, units, long_name) in columns.items()
        }
    )


def _settle(spots: NDArray, edges: NDArray, pitch: float) -> NDArray:
    """Push overlapping neighbours apart along the lattice direction in which they face."""
    spots = spots.copy()
    for _ in range(SETTLING_ROUNDS):
        first, second = cKDTree(spots).query_pairs(1.4 * pitch, output_type="ndarray").T
        apart = spots[second] - spots[first]
        lack = (edges[first] + edges[second]) / 2 - np.abs(apart)
        overlap = (lack > 0).all(axis=1)
        rows = np.flatnonzero(overlap)
        axis = lack[rows].argmin(axis=1)
        push = np.zeros_like(apart)
        push[rows, axis] = lack[rows, axis] * np.where(apart[rows, axis] < 0, -0.5, 0.5)
        np.subtract.at(spots, first, push)
        np.add.at(spots, second, push)
    return spots


def _project(
    crystals: xr.Dataset, sample: Nanocrystals, microscope: ElectronMicroscope
) -> NDArray[np.float64]:
    """Share of electrons that pass; where two crystals still overlap, that of the thicker."""
    passed = np.ones((microscope.n_pixels, microscope.n_pixels))
    for _, one in crystals.to_dataframe().iterrows():
        edges = one.true_edge_nm * np.array([1 + one.true_aspect, 1 - one.true_aspect])
        reach = np.hypot(*edges) / 2 + microscope.pixel_nm
        rows, y = _pixels(one.true_y_nm, reach, microscope)
        columns, x = _pixels(one.true_x_nm, reach, microscope)
        cover = _cover(x, y[:, None], edges, one.true_angle_deg, sample, microscope.pixel_nm)
        stopped = -math.expm1(-one.true_thickness_nm / microscope.attenuation_nm)
        patch = passed[rows, columns]
        np.minimum(patch, 1 - cover * stopped, out=patch)
    return passed


def _pixels(
    centre_nm: float, reach_nm: float, microscope: ElectronMicroscope
) -> tuple[slice, NDArray[np.float64]]:
    """Pixels within reach of a point along one axis, and their distances from it."""
    first = max(math.floor((centre_nm - reach_nm) / microscope.pixel_nm), 0)
    last = min(math.ceil((centre_nm + reach_nm) / microscope.pixel_nm), microscope.n_pixels)
    return slice(first, last), (np.arange(first, last) + 0.5) * microscope.pixel_nm - centre_nm


def _cover(
    x: NDArray, y: NDArray, edges: NDArray, angle_deg: float, sample: Nanocrystals, pixel_nm: float
) -> NDArray[np.float64]:
    """Share of each pixel inside a rectangle with rounded corners, from the distance to its rim."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    radius = min(sample.corner_radius_nm, *(edges / 2))
    across = np.abs(cos * x + sin * y) - edges[0] / 2 + radius
    along = np.abs(cos * y - sin * x) - edges[1] / 2 + radius
    outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    distance = outside + np.minimum(np.maximum(across, along), 0) - radius
    return np.clip(0.5 - distance / pixel_nm, 0, 1)


def _expose(
    passed: NDArray, microscope: ElectronMicroscope, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Counts of the camera."""
    blur_pixels = microscope.blur_fwhm_nm / FWHM_PER_SIGMA / microscope.pixel_nm
    grain = gaussian_filter(
        rng.standard_normal(passed.shape), microscope.support_grain_nm / microscope.pixel_nm
    )
    support = 1 + microscope.support_contrast * grain / max(grain.std(), 1e-12)
    dose = microscope.electrons_per_nm2 * microscope.pixel_nm**2
    electrons = rng.poisson(dose * np.maximum(gaussian_filter(passed, blur_pixels) * support, 0))
    noise = rng.normal(0, microscope.read_noise_counts, passed.shape)
    counts = np.rint(microscope.counts_per_electron * electrons + noise)
    return np.clip(counts, 0, microscope.full_scale_counts).astype(np.int32)
