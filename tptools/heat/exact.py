r"""A film that keeps its heat, in closed form.

Profile, walls and equation separate into r and z, and so does the temperature:

.. math::
    \Theta(r, z, t) = \sum_n c_n J_0(j_n r / R)\, e^{-D j_n^2 t / R^2}
        \sum_m b_m \cos(m \pi z / d)\, e^{-D m^2 \pi^2 t / d^2} ,

where :math:`J_1(j_n) = 0`, so that no heat flows at :math:`r = R`. In a wide film the first sum
is a Gaussian of variance :math:`\sigma^2 + 2Dt`.
"""

import math
from collections.abc import Callable

import numpy as np
import scipy
from numpy.polynomial import Polynomial

from tptools.arrays import FloatArray
from tptools.heat.model import HeatedFilm

_BLOCK = 256  # modes, and times, that are summed together
_NO_WALL = 9.0  # standard deviations at which a Gaussian is nothing to double precision
_SHARE = 0.01  # of the wanted accuracy, for what the sum leaves out


def along_r(film: HeatedFilm, r_m: FloatArray, times_s: FloatArray, accuracy: float) -> FloatArray:
    """Radial factor of the temperature, of shape (time, r)."""
    sigma = film.spot_sigma_m
    if math.isinf(film.radius_um):
        growth = 1 + 2 * film.thermal_diffusivity_m2_s * times_s[:, None] / sigma**2
        return np.exp(-((r_m / sigma) ** 2) / (2 * growth)) / growth
    radius = 1e-6 * film.radius_um
    wave_numbers = _radial_wave_numbers(film, times_s, accuracy)
    weights = _bessel_coefficients(wave_numbers * radius, radius / sigma)
    return _relax(
        np.exp(-((r_m / sigma) ** 2) / 2),
        lambda modes: weights[modes, None] * scipy.special.j0(wave_numbers[modes, None] * r_m),
        film.thermal_diffusivity_m2_s * wave_numbers**2,
        times_s,
        accuracy,
    )


def along_z(film: HeatedFilm, z_m: FloatArray, times_s: FloatArray, accuracy: float) -> FloatArray:
    """Axial factor of the temperature, of shape (time, z)."""
    thickness, depth = 1e-9 * film.thickness_nm, 1e-9 * film.absorption_length_nm
    wave_numbers = np.pi / thickness * np.arange(_axial_modes(film, times_s, accuracy), dtype=float)
    weights = _cosine_coefficients(wave_numbers, thickness, depth)
    return _relax(
        np.exp(-z_m / depth),
        lambda modes: weights[modes, None] * np.cos(wave_numbers[modes, None] * z_m),
        film.thermal_diffusivity_m2_s * wave_numbers**2,
        times_s,
        accuracy,
    )


def _relax(
    start: FloatArray,
    shapes: Callable[[slice], FloatArray],
    rates: FloatArray,
    times_s: FloatArray,
    accuracy: float,
) -> FloatArray:
    """Sum modes that decay: each block of modes at those times at which any of it is left."""
    total = np.zeros((times_s.size, start.size))
    for first in range(0, rates.size, _BLOCK):
        modes = slice(first, first + _BLOCK)
        shape = shapes(modes)
        alive = np.flatnonzero(rates[first] * times_s < _exponent(accuracy))
        # some times at once, so that the factors of all are never held together
        for some in np.split(alive, range(_BLOCK, alive.size, _BLOCK)):
            total[some] += np.exp(-np.outer(times_s[some], rates[modes])) @ shape
    total[times_s == 0] = start
    return total


def _exponent(accuracy: float) -> float:
    return -math.log(_SHARE * accuracy)


def _radial_wave_numbers(film: HeatedFilm, times_s: FloatArray, accuracy: float) -> FloatArray:
    """Zeros of J1 over the radius, as far as a Gaussian that the wall may cut has any weight."""
    radius, sigma = 1e-6 * film.radius_um, film.spot_sigma_m
    spread = film.thermal_diffusivity_m2_s * _first_positive(times_s)
    smooth = math.sqrt(_exponent(accuracy) / (sigma**2 / 2 + spread))
    slope_at_wall = (radius / sigma) ** 2 * math.exp(-((radius / sigma) ** 2) / 2)
    left = math.log(max(slope_at_wall / (_SHARE * accuracy), 1))
    count = math.ceil(radius * max(smooth, math.sqrt(left / spread)) / math.pi) + 2
    return np.concatenate([[0.0], scipy.special.jn_zeros(1, count)]) / radius


def _axial_modes(film: HeatedFilm, times_s: FloatArray, accuracy: float) -> int:
    spread = film.thermal_diffusivity_m2_s * _first_positive(times_s)
    return (
        math.ceil(1e-9 * film.thickness_nm / math.pi * math.sqrt(_exponent(accuracy) / spread)) + 2
    )


def _first_positive(times_s: FloatArray) -> float:
    return min(times_s[times_s > 0], default=math.inf)


def _bessel_coefficients(zeros: FloatArray, radius: float) -> FloatArray:
    """Weights c_n of a Gaussian that ends at a wall, `radius` standard deviations from the axis."""
    if radius > _NO_WALL:
        return 2 * np.exp(-((zeros / radius) ** 2) / 2) / (radius * scipy.special.j0(zeros)) ** 2
    overlaps = np.empty_like(zeros)
    low = zeros < 10 * (1 + radius**2)
    overlaps[low] = _overlap(zeros[low], radius)
    overlaps[~low] = _overlap_at_high_order(zeros[~low], radius)
    return 2 * overlaps / scipy.special.j0(zeros) ** 2


def _overlap(zeros: FloatArray, radius: float) -> FloatArray:
    """Integral of x exp(-radius^2 x^2 / 2) J0(j x) from 0 to 1, by Gauss's rule on panels."""
    x, weights = np.polynomial.legendre.leggauss(32)
    panels = 2 + int(zeros.max() / 40)
    x = ((x + 1) / 2 + np.arange(panels)[:, None]).ravel() / panels
    weights = np.tile(weights, panels) / (2 * panels)
    return scipy.special.j0(np.outer(zeros, x)) @ (weights * x * np.exp(-((radius * x) ** 2) / 2))


def _overlap_at_high_order(zeros: FloatArray, radius: float, terms: int = 6) -> FloatArray:
    """Evaluate the same by parts, with the slopes of the Gaussian's Laplacians at the wall.

    In y = x^2 all of them are exp(-radius^2 y / 2) times polynomials.
    """
    y, shape = Polynomial([0, 1]), Polynomial([1])

    def slope(p: Polynomial) -> Polynomial:
        """Derivative in y of a polynomial times the Gaussian, over the Gaussian."""
        return p.deriv() - radius**2 / 2 * p

    total = np.zeros_like(zeros)
    for k in range(terms):
        total += (-1) ** k * 2 * slope(shape)(1) / zeros ** (2 * k + 2)
        shape = 4 * (y * slope(slope(shape)) + slope(shape))
    return scipy.special.j0(zeros) * math.exp(-(radius**2) / 2) * total


def _cosine_coefficients(wave_numbers: FloatArray, thickness: float, depth: float) -> FloatArray:
    """Weights b_m of an exponential that ends at the bottom."""
    signs = np.where(np.arange(wave_numbers.size) % 2, -1.0, 1.0)
    weights = 2 * depth / thickness * (1 - signs * math.exp(-thickness / depth))
    weights[0] /= 2
    return weights / (1 + (wave_numbers * depth) ** 2)
