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
import scipy
import xarray as xr

from tptools.arrays import BoolArray, FloatArray, IntArray
from tptools.checks import check_fits, check_integer, check_number, check_type, make_plain
from tptools.instruments.protocol import simulated
from tptools.material import EDGE_NM
from tptools.randomness import generator
from tptools.units import FWHM_PER_SIGMA

__all__ = ["ElectronMicroscope", "Nanocrystals"]

MOST_CRYSTALS_ACROSS = 1000
_BYTES_PER_PIXEL = 8 * 8  # of numbers that a measurement holds at once

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
    specimen : int
        Which of the many layers with these numbers: seed of positions, edges and rotations.

    Raises
    ------
    ValueError
        If a length is negative or zero where it cannot be, the spread exceeds a third of the
        edge, the corner radius half of it, or `specimen` is no integer of at least 0.

    Examples
    --------
    >>> crystals = Nanocrystals()
    >>> crystals.edge_nm + crystals.gap_nm
    10.0
    """

    edge_nm: float = EDGE_NM
    edge_spread_nm: float = 0.8
    aspect_spread: float = 0.04
    corner_radius_nm: float = 1.2
    gap_nm: float = 1.7
    position_jitter_nm: float = 0.5
    rotation_spread_deg: float = 4.0
    vacancy_fraction: float = 0.06
    specimen: int = 0

    def __post_init__(self) -> None:
        """Refuse what no crystal can be."""
        make_plain(self)
        check_number("edge_nm", self.edge_nm, above=0)
        check_number("edge_spread_nm", self.edge_spread_nm, at_least=0, at_most=self.edge_nm / 3)
        check_number("aspect_spread", self.aspect_spread, at_least=0, at_most=0.2)
        half_edge = self.edge_nm / 2
        check_number("corner_radius_nm", self.corner_radius_nm, at_least=0, at_most=half_edge)
        for name in ("gap_nm", "position_jitter_nm", "rotation_spread_deg"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("vacancy_fraction", self.vacancy_fraction, at_least=0, below=1)
        check_integer("specimen", self.specimen, at_least=0)

    def scattered(self, field_nm: float) -> xr.Dataset:
        """Crystals of this specimen that reach into a square field.

        Parameters
        ----------
        field_nm : float
            Edge of the field.

        Returns
        -------
        Dataset
            Over ``particle``: ``true_x_nm``, ``true_y_nm``, the mean ``true_edge_nm`` of the two
            visible edges, ``true_aspect`` (half their difference over that mean),
            ``true_thickness_nm``, ``true_angle_deg`` and ``true_whole``, whether the border of the
            field leaves the crystal uncut.

        Raises
        ------
        ValueError
            If no crystal reaches into the field.

        Examples
        --------
        >>> crystals = Nanocrystals(edge_spread_nm=0).scattered(field_nm=100.0)
        >>> round(float(crystals.true_edge_nm.mean()), 3)
        8.3
        """
        field_nm = check_number("field_nm", field_nm, above=0)
        rng = generator(self.specimen, "nanocrystals")
        sites = self._occupied(field_nm, rng)
        edge, aspect, thickness = self._shapes(len(sites), rng)
        pitch = self.edge_nm + self.gap_nm
        spots = sites * pitch + rng.normal(0, self.position_jitter_nm, sites.shape)
        spots = _settle(spots, np.stack([edge * (1 + aspect), edge * (1 - aspect)], axis=1), pitch)
        turn = rng.uniform(0, math.pi / 2)
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
        x, y = rotation @ spots.T + field_nm / 2
        angle = np.degrees(turn) + rng.normal(0, self.rotation_spread_deg, len(sites))
        inside, whole = _within(field_nm, np.stack([x, y]), edge, aspect, angle)
        if not inside.any():
            raise ValueError(
                f"no crystal reaches into a field of {field_nm:g} nm at a vacancy_fraction of "
                f"{self.vacancy_fraction:g}; enlarge the field or fill more lattice points"
            )
        columns = {
            "true_x_nm": (x, "nm", "position along x"),
            "true_y_nm": (y, "nm", "position along y"),
            "true_edge_nm": (edge, "nm", "mean visible edge"),
            "true_aspect": (aspect, "1", "half the difference of the edges over their mean"),
            "true_thickness_nm": (thickness, "nm", "thickness along the beam"),
            "true_angle_deg": (angle, "degree", "direction of the first edge"),
            "true_whole": (whole, "1", "wholly inside the image"),
        }
        return xr.Dataset(
            {
                name: ("particle", values[inside], {"units": units, "long_name": long_name})
                for name, (values, units, long_name) in columns.items()
            }
        )

    def _occupied(self, field_nm: float, rng: np.random.Generator) -> FloatArray:
        """Lattice points with a crystal, shape (n, 2), in units of the pitch."""
        # the lattice is turned, so that it has to cover the circle around the field
        half = math.ceil(field_nm / math.sqrt(2) / (self.edge_nm + self.gap_nm)) + 2
        if half > MOST_CRYSTALS_ACROSS:
            raise ValueError(
                f"field_nm = {field_nm:g} holds {4.0 * half**2:.1e} crystals and may hold "
                f"{4.0 * MOST_CRYSTALS_ACROSS**2:.0e}; take a smaller field"
            )
        sites = np.stack(np.meshgrid(*[np.arange(-half, half + 1)] * 2), axis=-1).reshape(-1, 2)
        return sites[rng.random(len(sites)) >= self.vacancy_fraction] + rng.random(2)

    def _shapes(
        self, n: int, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Mean edge, aspect and thickness of n crystals."""
        sigma = math.sqrt(math.log1p((self.edge_spread_nm / self.edge_nm) ** 2))
        edge = self.edge_nm * np.exp(rng.normal(-(sigma**2) / 2, sigma, n))
        aspect, along_beam = np.clip(rng.normal(0, self.aspect_spread, (2, n)), -0.5, 0.5)
        return edge, aspect, edge * (1 + along_beam)


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
        Relative standard deviation of the electrons through the bare support, and its grain.
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
        make_plain(self)
        check_integer("n_pixels", self.n_pixels, at_least=1)
        what = f"an image of n_pixels = {self.n_pixels} along each edge"
        check_fits(what, _BYTES_PER_PIXEL * self.n_pixels**2, "lower it")
        check_integer("full_scale_counts", self.full_scale_counts, at_least=1)
        for name in ("pixel_nm", "electrons_per_nm2", "attenuation_nm", "counts_per_electron"):
            check_number(name, getattr(self, name), above=0)
        for name in ("blur_fwhm_nm", "support_contrast", "support_grain_nm", "read_noise_counts"):
            check_number(name, getattr(self, name), at_least=0)

    @property
    def field_nm(self) -> float:
        """Edge of the image on the sample, in nm."""
        return self.n_pixels * self.pixel_nm

    def expected(self, sample: Nanocrystals) -> xr.Dataset:
        """Mean image of a specimen, and the truth about every crystal in it.

        Parameters
        ----------
        sample : Nanocrystals
            What lies on the support.

        Returns
        -------
        Dataset
            ``counts`` over (y_nm, x_nm), without grain of the support and without saturation, and
            the variables of `Nanocrystals.scattered`. The attributes hold all parameters.

        Raises
        ------
        ValueError
            If no crystal reaches into the image.

        Examples
        --------
        >>> mean = ElectronMicroscope(n_pixels=128, pixel_nm=0.4).expected(Nanocrystals()).counts
        >>> float(mean.max().round())
        16000.0
        """
        check_type("sample", sample, Nanocrystals)
        crystals = sample.scattered(self.field_nm)
        electrons = self._electrons(crystals, sample)
        return self._labelled(crystals, self.counts_per_electron * electrons, sample)

    def measure(self, sample: Nanocrystals, *, seed: int) -> xr.Dataset:
        """Take an image, and keep the truth about every crystal in it.

        Parameters
        ----------
        sample : Nanocrystals
            What lies on the support.
        seed : int
            Of support and noise.

        Returns
        -------
        Dataset
            As `expected`, with integer ``counts``, and among the attributes the seed and
            ``saturated_pixels``, the number of pixels at full scale.

        Raises
        ------
        ValueError
            If no crystal reaches into the image, or `seed` is no integer of at least 0.

        Examples
        --------
        >>> image = ElectronMicroscope(n_pixels=256).measure(Nanocrystals(), seed=1)
        >>> image.counts.shape, image.counts.dtype.kind, image.attrs["saturated_pixels"]
        ((256, 256), 'i', 0)
        """
        check_type("sample", sample, Nanocrystals)
        rng = generator(seed, "electron microscope")
        crystals = sample.scattered(self.field_nm)
        counts = self._expose(self._electrons(crystals, sample), rng)
        full = int((counts == self.full_scale_counts).sum())
        return self._labelled(crystals, counts, sample).assign_attrs(
            seed=int(seed), saturated_pixels=full
        )

    def _electrons(self, crystals: xr.Dataset, sample: Nanocrystals) -> FloatArray:
        """Mean electrons per pixel on an even support, shape (y, x)."""
        blur_pixels = self.blur_fwhm_nm / FWHM_PER_SIGMA / self.pixel_nm
        dose = self.electrons_per_nm2 * self.pixel_nm**2
        return dose * scipy.ndimage.gaussian_filter(_project(crystals, sample, self), blur_pixels)

    def _expose(self, electrons: FloatArray, rng: np.random.Generator) -> IntArray:
        """Counts of the camera behind a grainy support."""
        grain = scipy.ndimage.gaussian_filter(
            rng.standard_normal(electrons.shape), self.support_grain_nm / self.pixel_nm
        )
        support = 1 + self.support_contrast * grain / max(grain.std(), 1e-12)
        counted = rng.poisson(electrons * np.maximum(support, 0))
        noise = rng.normal(0, self.read_noise_counts, electrons.shape)
        counts = np.rint(self.counts_per_electron * counted + noise)
        return np.clip(counts, 0, self.full_scale_counts).astype(np.int32)

    def _labelled(
        self, crystals: xr.Dataset, counts: FloatArray | IntArray, sample: Nanocrystals
    ) -> xr.Dataset:
        """Counts over (y_nm, x_nm) beside the crystals, with all parameters."""
        pixels = (np.arange(float(self.n_pixels)) + 0.5) * self.pixel_nm
        axes = {name: (name, pixels, {"units": "nm"}) for name in ("y_nm", "x_nm")}
        attrs = {"long_name": "camera counts", "units": "1"}
        image = crystals.assign(counts=(("y_nm", "x_nm"), counts, attrs)).assign_coords(axes)
        title = "bright-field image of nanocrystals"
        return image.assign_attrs(simulated(title, asdict(sample), asdict(self)))


def _within(
    field_nm: float,
    centre_nm: FloatArray,
    edge_nm: FloatArray,
    aspect: FloatArray,
    angle_deg: FloatArray,
) -> tuple[BoolArray, BoolArray]:
    """Which crystals, at centres of shape (2, n), reach into the field, and which lie inside."""
    half = edge_nm / 2 * np.stack([1 + aspect, 1 - aspect])
    turned = np.abs(np.stack([np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))]))
    reach = np.stack([(half * turned).sum(axis=0), (half * turned[::-1]).sum(axis=0)])
    from_middle = np.abs(centre_nm - field_nm / 2)
    inside = (from_middle - reach < field_nm / 2).all(axis=0)
    return inside, (from_middle + reach < field_nm / 2).all(axis=0)


def _settle(spots: FloatArray, edges: FloatArray, pitch: float) -> FloatArray:
    """Push overlapping neighbours apart along the lattice direction in which they face."""
    spots = spots.copy()
    for _ in range(SETTLING_ROUNDS):
        first, second = (
            scipy.spatial.cKDTree(spots).query_pairs(1.4 * pitch, output_type="ndarray").T
        )
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
) -> FloatArray:
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
) -> tuple[slice, FloatArray]:
    """Pixels within reach of a point along one axis, and their distances from it."""
    first = max(math.floor((centre_nm - reach_nm) / microscope.pixel_nm), 0)
    last = min(math.ceil((centre_nm + reach_nm) / microscope.pixel_nm), microscope.n_pixels)
    return slice(first, last), (
        np.arange(first, float(last)) + 0.5
    ) * microscope.pixel_nm - centre_nm


def _cover(
    x: FloatArray,
    y: FloatArray,
    edges: FloatArray,
    angle_deg: float,
    sample: Nanocrystals,
    pixel_nm: float,
) -> FloatArray:
    """Share of each pixel inside a rectangle with rounded corners, from the distance to its rim."""
    cos, sin = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    radius = min(sample.corner_radius_nm, *(edges / 2))
    across = np.abs(cos * x + sin * y) - edges[0] / 2 + radius
    along = np.abs(cos * y - sin * x) - edges[1] / 2 + radius
    outside = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
    distance = outside + np.minimum(np.maximum(across, along), 0) - radius
    return np.clip(0.5 - distance / pixel_nm, 0, 1)
