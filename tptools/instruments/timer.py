r"""Time-correlated photon counting: at which delay after the pulse a photon is recorded (Note 3).

A photon emitted at delay t is recorded at t plus a Gaussian error, modulo the period of the
laser. Emission that is uniform over a delay bin [a, b] is recorded before time s with the chance

.. math:: \frac{\sigma}{b - a} \left[G\!\left(\frac{s - a}{\sigma}\right)
    - G\!\left(\frac{s - b}{\sigma}\right)\right], \qquad
    G(z) = z\, \Phi(z) + \frac{e^{-z^2/2}}{\sqrt{2\pi}},

with :math:`\Phi` the normal distribution function and G its integral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_fits, check_number, make_plain
from tptools.records import as_numbers
from tptools.units import FWHM_PER_SIGMA

__all__ = ["Timer"]

MOST_BINS = 10**6
_BYTES_PER_BIN = 8 * 6  # of numbers that are held at once
RESPONSE_SIGMAS = 3.5  # beyond them the response counts as zero


@dataclass(frozen=True)
class Timer:
    """Laser pulse and counting electronics.

    Parameters
    ----------
    laser_pulse_fwhm_ps : float
        As the main text prints it.
    electronics_fwhm_ps : float
        Assumed: what brings the whole response to the ~80 ps of the main text.
    tcspc_bin_ps : float
        Width of a time bin; assumed, the narrowest power of two with which 65536 bins hold the
        2 µs between pulses at 0.5 MHz.
    window_start_ns, window_end_ns : float
        Delays that are kept; assumed.
    first_photon_only : bool
        Whether each period records only its first photon after the window opens (pile-up).

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> Timer(window_start_ns=0, window_end_ns=1).edges_ns.size
    32
    """

    laser_pulse_fwhm_ps: float = 50.0
    electronics_fwhm_ps: float = 37.0
    tcspc_bin_ps: float = 32.0
    window_start_ns: float = -1.024
    window_end_ns: float = 20.0
    first_photon_only: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that no timer can have."""
        make_plain(self)
        for name in ("laser_pulse_fwhm_ps", "tcspc_bin_ps"):
            check_number(name, getattr(self, name), above=0)
        check_number("electronics_fwhm_ps", self.electronics_fwhm_ps, at_least=0)
        check_number("window_start_ns", self.window_start_ns)
        check_number(
            "window_end_ns", self.window_end_ns, at_least=self.window_start_ns + self.bin_ns
        )
        n_bins = (self.window_end_ns - self.window_start_ns) / self.bin_ns
        what = f"a window of {n_bins:.1e} bins of tcspc_bin_ps = {self.tcspc_bin_ps}"
        check_fits(what, _BYTES_PER_BIN * n_bins, "raise it, or narrow the window")

    @property
    def bin_ns(self) -> float:
        """Width of a time bin, in ns."""
        return 1e-3 * self.tcspc_bin_ps

    @property
    def edges_ns(self) -> FloatArray:
        """Edges of the time bins; 0 is when an undelayed photon is recorded on average."""
        n_bins = math.floor((self.window_end_ns - self.window_start_ns) / self.bin_ns + 1e-9)
        return self.window_start_ns + self.bin_ns * np.arange(n_bins + 1.0)

    def response(self, fwhm_ps: float) -> xr.DataArray:
        """Chance that an undelayed photon is recorded this late.

        Parameters
        ----------
        fwhm_ps : float
            Full width of the Gaussian error, of detector and timer together.

        Returns
        -------
        DataArray
            Over ``time_ns``, whole time bins before and after the mean; sums to 1.

        Raises
        ------
        ValueError
            If the width is not positive.

        Examples
        --------
        >>> Timer().response(80.0).sizes["time_ns"]
        9
        """
        fwhm_ps = check_number("fwhm_ps", fwhm_ps, above=0)
        sigma_ns = 1e-3 * fwhm_ps / FWHM_PER_SIGMA
        n_bins = math.ceil(RESPONSE_SIGMAS * sigma_ns / self.bin_ns)
        what = f"fwhm_ps = {fwhm_ps} in {2.0 * n_bins:.1e} bins of {self.tcspc_bin_ps} ps"
        check_fits(what, 2 * _BYTES_PER_BIN * n_bins, "give it in ps, or widen the bins")
        if n_bins > MOST_BINS:
            raise ValueError(
                f"{what} may take {MOST_BINS:.0e} on either side; give it in ps, or widen the bins"
            )
        edges = self.bin_ns * (np.arange(-n_bins, n_bins + 2) - 0.5)
        chance = np.diff(scipy.special.ndtr(edges / sigma_ns))
        time = ("time_ns", (edges[:-1] + edges[1:]) / 2, {"units": "ns"})
        return xr.DataArray(chance / chance.sum(), {"time_ns": time}, name="response")

    def folded(
        self,
        start_ns: FloatArray,
        end_ns: FloatArray,
        period_ns: float,
        fwhm_ps: float,
    ) -> FloatArray:
        """Chance that a photon of each delay bin is recorded in each time bin.

        Photons delayed beyond the period fall into later windows, at their delay modulo the period.

        Parameters
        ----------
        start_ns, end_ns : ndarray of shape (n_delays,)
            Edges of the delay bins, within which emission is uniform; the last end may be inf.
        period_ns : float
            Time between two pulses.
        fwhm_ps : float
            Full width of the Gaussian error, of detector and timer together.

        Returns
        -------
        ndarray of shape (n_times, n_delays)

        Raises
        ------
        TypeError
            If edges are no real numbers.
        ValueError
            If there is not one end for each start, or the period or the width is not positive.
        """
        start_ns, end_ns = as_numbers("start_ns", start_ns), as_numbers("end_ns", end_ns)
        if start_ns.ndim != 1 or start_ns.shape != end_ns.shape:
            raise ValueError(
                f"start_ns and end_ns have shapes {start_ns.shape} and {end_ns.shape} and must be "
                "two columns of one length"
            )
        if not (end_ns > start_ns).all():
            raise ValueError("every end_ns must be above its start_ns; leave out empty bins")
        period_ns = check_number("period_ns", period_ns, above=0)
        fwhm_ps = check_number("fwhm_ps", fwhm_ps, above=0)
        n_bins = self.edges_ns.size
        check_fits(
            f"{n_bins} bins by {start_ns.size} delays",
            _BYTES_PER_BIN * n_bins * start_ns.size,
            "raise tcspc_bin_ps, or narrow the window",
        )
        # the phase of a photon from a bin wider than the period is anything
        narrow = end_ns - start_ns < period_ns
        chance = np.full((self.edges_ns.size - 1, start_ns.size), self.bin_ns / period_ns)
        chance[:, narrow] = 0
        sigma_ns = 1e-3 * fwhm_ps / FWHM_PER_SIGMA
        # one period before the first: a window that opens early sees the next pulse's response
        for period in range(-1, math.ceil(end_ns[narrow].max(initial=0) / period_ns) + 1):
            time_ns = self.edges_ns + period * period_ns
            passed = _recorded_before(time_ns, start_ns[narrow], end_ns[narrow], sigma_ns)
            chance[:, narrow] += np.diff(passed, axis=0)
        return chance

    def first_photons(self, per_pulse: FloatArray) -> FloatArray:
        """Chance per period of each bin to hold the first photon, if others are not recorded.

        Parameters
        ----------
        per_pulse : ndarray of shape (n_times, ...)
            Mean photons per period that fall into each bin.

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        TypeError
            If `per_pulse` holds no real numbers.
        """
        per_pulse = np.atleast_1d(as_numbers("per_pulse", per_pulse))
        before = np.cumsum(per_pulse, axis=0) - per_pulse
        return np.exp(-before) * -np.expm1(-per_pulse)


def _recorded_before(
    time_ns: FloatArray,
    start_ns: FloatArray,
    end_ns: FloatArray,
    sigma_ns: float,
) -> FloatArray:
    """Chance that a photon uniform on [start, end], blurred by a Gaussian, is recorded by then."""
    since_start = _normal_integral((time_ns[:, None] - start_ns) / sigma_ns)
    since_end = _normal_integral((time_ns[:, None] - end_ns) / sigma_ns)
    return sigma_ns * (since_start - since_end) / (end_ns - start_ns)


def _normal_integral(z: FloatArray) -> FloatArray:
    """Antiderivative of the normal distribution function.

    Examples
    --------
    >>> _normal_integral(np.array([-50.0, 0.0, 50.0])).round(4).tolist()
    [0.0, 0.3989, 50.0]
    """
    found = np.maximum(z, 0.0)
    # beyond, it is this to the last digit of a float, and most bins are far from most delays
    near = (z > -39.0) & (z < 9.0)
    at = z[near]
    found[near] = at * scipy.special.ndtr(at) + np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi)
    return found
