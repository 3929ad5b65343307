r"""The atomic force microscope: topography of a film that was scratched to the substrate (Note 1).

A tip of finite size touches the surface z at the point that it reaches first, so that it traces

.. math:: h(x, y) = \max_{u, v} \left[z(x + u, y + v) - T(u, v)\right],

the grey dilation of the surface by the tip T. To this the scanner adds tilt, bow and an offset of
every line, and the converter counts.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.checks import check_fits, check_integer, check_number, check_type, make_plain
from tptools.instruments.protocol import simulated
from tptools.randomness import generator
from tptools.records import as_numbers

__all__ = ["ForceMicroscope", "Topography"]

_BYTES_PER_PIXEL = 8 * 12  # of numbers that a measurement holds at once
EDGE_WAVINESS = 0.3  # standard deviation of the scratch's edge over its correlation length


@dataclass(frozen=True)
class Topography:
    """The surface of a spun film on a flat substrate, with a scratch along y.

    Reported is a thickness of 30 to 40 nm, of a film that is "relatively smooth and uniform"
    (Note 4). The rest is assumed.

    Parameters
    ----------
    thickness_nm : float
        Mean height of the film's surface above the substrate.
    roughness_nm, correlation_nm : float
        Standard deviation of the film's height on long scales, and the distance over which its
        correlation falls to 1/e (Gaussian).
    grain_nm, grain_relief_nm : float
        Mean distance of grains, and the standard deviation of the height that they add.
    substrate_roughness_nm : float
        Standard deviation of the bare substrate, at the correlation length of the grains.
    scratch_from_nm, scratch_to_nm : float
        Where the scratch begins and ends along x. An end beyond the image leaves one edge in it.
    rim_height_nm, rim_width_nm : float
        Material that the scratch has pushed up at its edges: height, and length of its decay.
    specimen : int
        Which of the many surfaces with these numbers: seed of roughness and grains.

    Raises
    ------
    ValueError
        If the thickness is not positive, another length is negative, the scratch ends before it
        begins, or `specimen` is no integer of at least 0.

    Examples
    --------
    >>> Topography(thickness_nm=30).roughness_nm
    2.0
    """

    thickness_nm: float = 35.0
    roughness_nm: float = 2.0
    correlation_nm: float = 120.0
    grain_nm: float = 50.0
    grain_relief_nm: float = 1.0
    substrate_roughness_nm: float = 0.3
    scratch_from_nm: float = 3000.0
    scratch_to_nm: float = 8000.0
    rim_height_nm: float = 12.0
    rim_width_nm: float = 80.0
    specimen: int = 0

    def __post_init__(self) -> None:
        """Refuse what no film can be."""
        make_plain(self)
        for name in ("thickness_nm", "correlation_nm", "grain_nm", "rim_width_nm"):
            check_number(name, getattr(self, name), above=0)
        for name in ("roughness_nm", "grain_relief_nm", "substrate_roughness_nm", "rim_height_nm"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("scratch_from_nm", self.scratch_from_nm)
        check_number("scratch_to_nm", self.scratch_to_nm, above=self.scratch_from_nm)
        check_integer("specimen", self.specimen, at_least=0)

    def surface(self, axis_nm: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Surface of this specimen on square pixels.

        Parameters
        ----------
        axis_nm : ndarray of shape (n,)
            Even positions of the pixels, along x and y alike; two at least.

        Returns
        -------
        height_nm : ndarray of shape (n, n)
            Over (y, x), above the mean of the substrate.
        film : ndarray of shape (n, n)
            Where there is film.

        Raises
        ------
        TypeError
            If `axis_nm` holds no real numbers.
        ValueError
            If it has no two positions.
        """
        axis_nm = as_numbers("axis_nm", axis_nm)
        if axis_nm.ndim != 1 or axis_nm.size < 2 or not np.all(np.diff(axis_nm) > 0):
            raise ValueError(f"axis_nm = {axis_nm} must be two increasing positions or more")
        rng = generator(self.specimen, "topography")
        shape, pixel_nm = (axis_nm.size, axis_nm.size), float(axis_nm[1] - axis_nm[0])
        rough = self.roughness_nm * _rough(shape, self.correlation_nm / pixel_nm, rng)
        grains = self.grain_relief_nm * _grains(shape, self.grain_nm / pixel_nm, rng)
        substrate_nm = self.substrate_roughness_nm * _rough(shape, self.grain_nm / pixel_nm, rng)
        waves = _rough(shape, self.correlation_nm / pixel_nm, rng)[:, :2]
        near, far = EDGE_WAVINESS * self.correlation_nm * waves.T[..., None]
        before = self.scratch_from_nm + near - axis_nm
        beyond = axis_nm - self.scratch_to_nm - far
        inside_film = np.maximum(before, beyond)
        film = inside_film > 0
        rim_nm = self.rim_height_nm * np.exp(-np.maximum(inside_film, 0) / self.rim_width_nm)
        return np.where(film, self.thickness_nm + rough + grains + rim_nm, substrate_nm), film


@dataclass(frozen=True)
class ForceMicroscope:
    """How the film is scanned.

    Note 1 names instrument and probe and none of these numbers; all are assumed.

    Parameters
    ----------
    n_pixels : int
        Along each side of the square image.
    scan_nm : float
        Edge of the image.
    tip_radius_nm, tip_half_angle_deg : float
        Of the paraboloid at the end of the tip, and of the cone that continues it. A radius of 0
        is an ideal needle.
    tilt_nm, bow_nm : float
        Height that a tilted sample gains across the image along x, and the sagitta of the
        scanner's bow along x.
    line_noise_nm : float
        Standard deviation of the offset of a scan line.
    pixel_noise_nm : float
        Standard deviation of the noise of a pixel.
    z_range_nm : float
        Height that the converter spans, centred on the middle of the surface.
    n_bits : int
        Of the converter.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> round(ForceMicroscope().pixel_nm, 2)
    4.88
    """

    n_pixels: int = 1024
    scan_nm: float = 5000.0
    tip_radius_nm: float = 8.0
    tip_half_angle_deg: float = 20.0
    tilt_nm: float = 15.0
    bow_nm: float = 3.0
    line_noise_nm: float = 0.4
    pixel_noise_nm: float = 0.15
    z_range_nm: float = 1000.0
    n_bits: int = 16

    def __post_init__(self) -> None:
        """Refuse settings that no microscope can have."""
        make_plain(self)
        check_integer("n_pixels", self.n_pixels, at_least=2)
        what = f"a scan of n_pixels = {self.n_pixels} along each edge"
        check_fits(what, _BYTES_PER_PIXEL * self.n_pixels**2, "lower it")
        check_integer("n_bits", self.n_bits, at_least=1)
        for name in ("scan_nm", "z_range_nm"):
            check_number(name, getattr(self, name), above=0)
        for name in ("tip_radius_nm", "line_noise_nm", "pixel_noise_nm"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("tilt_nm", "bow_nm"):
            check_number(name, getattr(self, name))
        check_number("tip_half_angle_deg", self.tip_half_angle_deg, above=0, below=90)

    @property
    def pixel_nm(self) -> float:
        """Edge of a pixel, in nm."""
        return self.scan_nm / self.n_pixels

    def tip_height_nm(self, radius_nm: FloatArray) -> FloatArray:
        """Height of the tip's flank above its end, at a distance from its axis.

        Parameters
        ----------
        radius_nm : ndarray
            Distance from the axis, any shape.

        Returns
        -------
        ndarray
            Height in nm, of the same shape.

        Raises
        ------
        TypeError
            If `radius_nm` holds no real numbers.
        """
        radius_nm = as_numbers("radius_nm", radius_nm)
        slope = 1 / math.tan(math.radians(self.tip_half_angle_deg))
        if self.tip_radius_nm == 0:
            return slope * radius_nm
        joint = self.tip_radius_nm * slope
        paraboloid = np.minimum(radius_nm, joint) ** 2 / (2 * self.tip_radius_nm)
        return paraboloid + slope * np.maximum(radius_nm - joint, 0)

    def trace(self, surface_nm: FloatArray) -> FloatArray:
        """Heights at which the tip first touches: the grey dilation of a surface by the tip.

        Parameters
        ----------
        surface_nm : ndarray of shape (n, m)
            The surface, on the pixels of the microscope.

        Returns
        -------
        ndarray of shape (n, m)
            Never below the surface. Beyond the image the surface counts as infinitely deep.

        Raises
        ------
        TypeError
            If `surface_nm` holds no real numbers.
        ValueError
            If it has no rows and columns.

        Examples
        --------
        >>> spike = np.zeros((1, 5)); spike[0, 2] = 10.0
        >>> blunt = ForceMicroscope(n_pixels=5, scan_nm=25, tip_radius_nm=25, tip_half_angle_deg=1)
        >>> blunt.trace(spike).round(1).tolist()
        [[8.0, 9.5, 10.0, 9.5, 8.0]]
        """
        surface_nm = as_numbers("surface_nm", surface_nm)
        if surface_nm.ndim != 2:
            raise ValueError(f"surface_nm has shape {surface_nm.shape} and must have rows, columns")
        depth, traced = float(np.ptp(surface_nm)), surface_nm.copy()
        rows, columns = traced.shape
        reach = self._reach(depth, max(rows, columns))
        for down in range(-min(reach, rows - 1), min(reach, rows - 1) + 1):
            for right in range(-min(reach, columns - 1), min(reach, columns - 1) + 1):
                height = self._flank_nm(math.hypot(down, right))
                if height < depth:
                    target = traced[max(-down, 0) : rows - max(down, 0)]
                    target = target[:, max(-right, 0) : columns - max(right, 0)]
                    source = surface_nm[max(down, 0) : rows + min(down, 0)]
                    source = source[:, max(right, 0) : columns + min(right, 0)]
                    np.maximum(target, source - height, out=target)
        return traced

    def _flank_nm(self, pixels: float) -> float:
        """Height of the tip's flank, so many pixels from its axis."""
        return float(self.tip_height_nm(np.asarray(pixels * self.pixel_nm)))

    def _reach(self, depth_nm: float, largest: int) -> int:
        """Pixels beyond which the flank is above all there is, and no more than the largest."""
        return next((k for k in range(largest) if self._flank_nm(k) >= depth_nm), largest)

    def expected(self, sample: Topography) -> xr.Dataset:
        """Mean scan of a specimen, and the truth about its surface.

        Parameters
        ----------
        sample : Topography
            What lies under the tip.

        Returns
        -------
        Dataset
            Over (y_nm, x_nm): ``counts`` of the converter, without saturation, and the
            ``height_nm`` that they stand for, the ``true_surface_nm`` above the mean of the
            substrate, and ``true_film``, where there is film. The attributes hold all parameters.

        Raises
        ------
        TypeError
            If `sample` is of another type.

        Examples
        --------
        >>> mean = ForceMicroscope(n_pixels=128).expected(Topography())
        >>> float((mean.height_nm.max() + mean.height_nm.min()).round(9))
        0.0
        """
        check_type("sample", sample, Topography)
        axis = (np.arange(float(self.n_pixels)) + 0.5) * self.pixel_nm
        surface, film = sample.surface(axis)
        height = self._scanned(self.trace(surface), axis)
        columns = {
            "counts": (height / self._count_nm, "1", "converter counts"),
            "height_nm": (height, "nm", "height"),
            "true_surface_nm": (surface, "nm", "surface above the substrate"),
            "true_film": (film, "1", "film, not scratch"),
        }
        return xr.Dataset(
            {
                name: (("y_nm", "x_nm"), values, {"units": units, "long_name": long_name})
                for name, (values, units, long_name) in columns.items()
            },
            {name: (name, axis, {"units": "nm"}) for name in ("y_nm", "x_nm")},
            simulated("topography of a scratched film", asdict(sample), asdict(self)),
        )

    def measure(self, sample: Topography, *, seed: int) -> xr.Dataset:
        """Scan a film line by line along x, and keep the truth about its surface.

        Parameters
        ----------
        sample : Topography
            What lies under the tip.
        seed : int
            Of the noise.

        Returns
        -------
        Dataset
            As `expected`, with integer ``counts``, and among the attributes the seed and
            ``saturated_pixels``, the number of pixels at either end of the converter's range.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.

        Examples
        --------
        >>> scan = ForceMicroscope(n_pixels=128).measure(Topography(), seed=1)
        >>> scan.height_nm.shape, scan.counts.dtype.kind, scan.attrs["saturated_pixels"]
        ((128, 128), 'i', 0)
        """
        rng = generator(seed, "force microscope")
        scan = self.expected(sample)
        lines = rng.normal(0, self.line_noise_nm, (self.n_pixels, 1))
        noise = rng.normal(0, self.pixel_noise_nm, (self.n_pixels, self.n_pixels))
        lowest, highest = -(2 ** (self.n_bits - 1)), 2 ** (self.n_bits - 1) - 1
        wanted = np.rint(scan["counts"].to_numpy() + (lines + noise) / self._count_nm)
        counts = np.clip(wanted, lowest, highest).astype(np.int32)
        ends = int(((counts == lowest) | (counts == highest)).sum())
        return scan.assign(
            counts=scan["counts"].copy(data=counts),
            height_nm=scan["height_nm"].copy(data=self._count_nm * counts),
        ).assign_attrs(seed=int(seed), saturated_pixels=ends)

    @property
    def _count_nm(self) -> float:
        """Height of one count of the converter."""
        return self.z_range_nm / 2**self.n_bits

    def _scanned(self, traced_nm: FloatArray, axis_nm: FloatArray) -> FloatArray:
        """Add tilt and bow of the scanner, and centre the heights."""
        across = axis_nm / self.scan_nm - 0.5
        height = traced_nm + self.tilt_nm * across + self.bow_nm * (4 * across**2 - 1)
        return height - (height.max() + height.min()) / 2


def _rough(shape: tuple[int, int], correlation: float, rng: np.random.Generator) -> FloatArray:
    """Gaussian random field of unit variance with correlation exp(-(r / correlation)²), in pixels.

    White noise is filtered with the root of the power spectrum.
    """
    wave = np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1]))
    filtering = np.exp(-((math.pi * wave * correlation) ** 2) / 2)
    filtering /= math.sqrt(np.mean(filtering**2))
    return np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * filtering).real


def _grains(shape: tuple[int, int], distance: float, rng: np.random.Generator) -> FloatArray:
    """Domes around random points, down to grooves where they meet; zero mean, unit variance."""
    count = max(round(math.prod(shape) / distance**2), 1)
    empty = np.ones(shape, bool)
    empty.flat[rng.integers(empty.size, size=count)] = False
    dome = -(scipy.ndimage.distance_transform_edt(empty) ** 2)
    return (dome - dome.mean()) / max(dome.std(), 1e-12)
