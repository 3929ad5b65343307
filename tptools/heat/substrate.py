r"""A wide film on a substrate: exact in space and Laplace time, then inverted numerically.

For each radial wave number :math:`\kappa` heat flows along z only. With
:math:`q^2 = \kappa^2 + s / D` in each solid, the film's transform is a sum of waves that the top
reflects fully and the interface in the proportion

.. math::
    \rho = \frac{k q - Y}{k q + Y}, \qquad
    \frac{1}{Y} = \frac{1}{G} + \frac{1}{k_s q_s} ,

where `G` is the conductance of the interface, `k` conductivity, and `s` marks the substrate. The
temperature is the integral over :math:`\kappa` with the transform of the Gaussian spot,
:math:`\sigma^2 \kappa\, e^{-\kappa^2 \sigma^2 / 2} J_0(\kappa r)`.
"""

import math

import numpy as np
import scipy

from tptools.arrays import ComplexArray, FloatArray
from tptools.heat.model import HeatedFilm

# A transform is real at s = 0 and complex on the contour.
Transform = FloatArray | ComplexArray

_CONTOUR_NODES = 16
_WAVES = 80
_DIRECT_PULSES = 10
_REST = {0: 1 / 2, 1: -1 / 12, 3: 1 / 720}  # Euler-Maclaurin: order of derivative, weight


def after_one_pulse(
    film: HeatedFilm, times_s: FloatArray, r_m: FloatArray, z_m: FloatArray
) -> FloatArray:
    """Temperature of shape (time, r, z)."""
    started = times_s > 0
    start = np.exp(
        -((r_m[:, None] / film.spot_sigma_m) ** 2) / 2 - 1e9 * z_m / film.absorption_length_nm
    )
    field = np.empty((times_s.size, r_m.size, z_m.size))
    field[~started] = start
    field[started] = _invert(film, times_s[started], r_m, z_m)
    return field


def after_many_pulses(
    film: HeatedFilm, times_s: FloatArray, r_m: FloatArray, z_m: FloatArray, period_s: float
) -> FloatArray:
    """Temperature of shape (time, r, z) when endless pulses have made it periodic.

    The latest pulses are added one by one, those before by the Euler-Maclaurin formula: an integral
    over all the past, and derivatives at its end.
    """
    latest = sum(
        after_one_pulse(film, times_s + k * period_s, r_m, z_m) for k in range(_DIRECT_PULSES)
    )
    past = times_s + _DIRECT_PULSES * period_s
    rest = _invert(film, past, r_m, z_m, order=-1) / period_s
    for order, weight in _REST.items():
        rest += weight * period_s**order * _invert(film, past, r_m, z_m, order=order)
    return latest + rest


def _invert(
    film: HeatedFilm, times_s: FloatArray, r_m: FloatArray, z_m: FloatArray, order: int = 0
) -> FloatArray:
    """Time derivative of some order, or for -1 the integral over all later times."""
    contour, contour_weights = _talbot()
    waves, wave_weights = _wave_numbers(film)
    spot = (wave_weights * scipy.special.j0(np.outer(r_m, waves))).T
    result = np.empty((times_s.size, r_m.size, z_m.size))
    for index, time in enumerate(times_s):
        s = contour[:, None, None] / time
        transform = _transform(film, s, waves, z_m)
        if order < 0:
            transform = (_transform(film, np.zeros((1, 1, 1)), waves, z_m) - transform) / s
        else:
            transform = transform * s**order
        along_z = np.einsum("s,szk->zk", contour_weights / time, transform).real
        result[index] = (along_z @ spot).T
    return result


def _talbot() -> tuple[ComplexArray, ComplexArray]:
    """Nodes s t and weights of Talbot's contour, upper half, for the inverse transform.

    The contour is the one that Weideman (SIAM J. Numer. Anal. 44, 2342, 2006) found best; its error
    falls as 3.89 to the minus number of nodes, so that rounding is what is left.
    """
    n = 2 * _CONTOUR_NODES
    angle = np.pi * (2 * np.arange(_CONTOUR_NODES) + 1) / n
    bend = 0.6407 * angle
    nodes = n * (0.5017 * angle / np.tan(bend) - 0.6122 + 0.2645j * angle)
    slope = n * (0.5017 * (1 / np.tan(bend) - bend / np.sin(bend) ** 2) + 0.2645j)
    return nodes, -2j / n * np.exp(nodes) * slope


def _wave_numbers(film: HeatedFilm) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights for the integral over radial wave numbers, dense towards zero.

    At late times the smallest wave numbers are all that is left.
    """
    u, weights = np.polynomial.legendre.leggauss(_WAVES)
    u, weights = (u + 1) / 2, weights / 2
    sigma = film.spot_sigma_m
    last = math.sqrt(2 * math.log(1e12)) / sigma
    waves = last * u**4
    spot = sigma**2 * waves * np.exp(-((waves * sigma) ** 2) / 2)
    return waves, spot * weights * 4 * last * u**3


def _transform(film: HeatedFilm, s: Transform, waves: FloatArray, z_m: FloatArray) -> Transform:
    """Laplace transform of the film's temperature for each wave number, of shape (s, z, wave)."""
    diffusivity = film.thermal_diffusivity_m2_s
    thickness, decay = 1e-9 * film.thickness_nm, 1e9 / film.absorption_length_nm
    q = np.sqrt(waves**2 + s / diffusivity)
    z = z_m[:, None]
    rest = thickness - z
    reflected = _reflection(film, s, waves, q)

    def from_above(depth: FloatArray | float) -> Transform:
        """Heat of the layer down to `depth`, as seen from its lower end."""
        return np.exp(-decay * depth) * depth * _saturate((q - decay) * depth)

    def from_below(height: FloatArray | float) -> Transform:
        """Heat of a layer of this height, as seen from its upper end, per heat there."""
        return -np.expm1(-(q + decay) * height) / (q + decay)

    # direct and from the top; then what the interface reflects, first of waves that go down
    # at once, then of those that were reflected by the top or go up
    waves_at_z = from_above(z) + np.exp(-decay * z) * from_below(rest)
    waves_at_z = waves_at_z + np.exp(-q * z) * from_below(thickness)
    echo = np.exp(-q * rest) * from_above(thickness)
    echo = echo + np.exp(-q * (thickness + rest)) * from_below(z)
    echo = echo + np.exp(-q * (thickness + z) - decay * z) * from_above(rest)
    rounds = 1 - reflected * np.exp(-2 * q * thickness)
    return (waves_at_z + reflected * echo) / (2 * diffusivity * q * rounds)


def _saturate(x: Transform) -> Transform:
    """(1 - exp(-x)) / x, also at 0."""
    small = np.abs(x) < 1e-9
    return np.where(small, 1.0, -np.expm1(-x) / np.where(small, 1.0, x))


def _reflection(film: HeatedFilm, s: Transform, waves: FloatArray, q: Transform) -> Transform:
    """Share of a thermal wave that the interface sends back."""
    below = film.substrate
    assert below is not None, "films without a substrate are solved by modes"
    leak = below.conductivity_W_mK * np.sqrt(waves**2 + s / below.thermal_diffusivity_m2_s)
    conductance = 1e6 * below.interface_conductance_MW_m2K
    if math.isfinite(conductance):
        leak = conductance * leak / (conductance + leak)
    return (film.conductivity_W_mK * q - leak) / (film.conductivity_W_mK * q + leak)
