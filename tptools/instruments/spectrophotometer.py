r"""The spectrophotometer: two beams, one through the sample (Supplementary Note 1).

In the time for one wavelength a detector counts

.. math::
    n_\mathrm{sample} = n_0 \frac{10^{-A} + s}{1 + s} + d, \qquad n_\mathrm{reference} = n_0 + d,

with lamp :math:`n_0(\lambda)`, absorbance :math:`A(\lambda)` blurred by the bandwidth, dark counts
d, and stray light s: light of other wavelengths, which the sample lets pass and which ends the
range at :math:`A = -\log_{10} s`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_fits, check_number, make_plain
from tptools.film import Optics
from tptools.instruments.protocol import check_optics, simulated
from tptools.randomness import generator
from tptools.spectra import HC_EV_NM, blurred

__all__ = ["Spectrophotometer"]

_BYTES_PER_STEP = 8 * 36  # of numbers that a scan holds at once
_BOLTZMANN_EV_K = scipy.constants.k / scipy.constants.e


@dataclass(frozen=True)
class Spectrophotometer:
    """Lamp, monochromator and detector, and how they are set.

    Parameters
    ----------
    start_nm, end_nm, step_nm : float
        Wavelengths of a scan; assumed.
    bandwidth_nm : float
        Full width of the light that passes, a box; assumed.
    lamp_temperature_K : float
        Of the tungsten lamp, whose spectrum is that of a black body; assumed.
    brightest_rate_Hz : float
        Counts per second of the reference at the brightest wavelength of the scan; assumed.
    dwell_s : float
        Time at each wavelength; assumed.
    stray_fraction : float
        Stray light relative to the reference: 0.00007 % for a Lambda 950, by the page below.
    dark_rate_Hz : float
        Counts per second without light; assumed.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    http://light1952.blogspot.com/2013/11/stray-light-max-absorbance-limit-of.html

    Examples
    --------
    >>> round(Spectrophotometer().largest_absorbance, 2)
    6.15
    """

    start_nm: float = 360.0
    end_nm: float = 620.0
    step_nm: float = 1.0
    bandwidth_nm: float = 2.0
    lamp_temperature_K: float = 3000.0
    brightest_rate_Hz: float = 1e8
    dwell_s: float = 0.5
    stray_fraction: float = 7e-7
    dark_rate_Hz: float = 100.0

    def __post_init__(self) -> None:
        """Refuse settings that no spectrophotometer can have."""
        make_plain(self)
        for name in ("start_nm", "step_nm", "lamp_temperature_K", "brightest_rate_Hz", "dwell_s"):
            check_number(name, getattr(self, name), above=0)
        for name in ("bandwidth_nm", "dark_rate_Hz"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("stray_fraction", self.stray_fraction, at_least=0, below=1)
        check_number("end_nm", self.end_nm, at_least=self.start_nm + self.step_nm)
        n_steps = (self.end_nm - self.start_nm) / self.step_nm
        what = f"a scan of {n_steps:.1e} steps of step_nm = {self.step_nm}"
        check_fits(what, _BYTES_PER_STEP * n_steps, "raise it")

    @property
    def wavelength_nm(self) -> FloatArray:
        """Wavelengths of a scan, in nm."""
        n_steps = int((self.end_nm - self.start_nm) / self.step_nm + 1e-9)
        return self.start_nm + self.step_nm * np.arange(n_steps + 1.0)

    @property
    def largest_absorbance(self) -> float:
        """Absorbance that an opaque sample seems to have."""
        return float(-np.log10(self.stray_fraction)) if self.stray_fraction else np.inf

    @property
    def lamp(self) -> FloatArray:
        """Mean counts of the reference without dark counts, over the wavelengths."""
        heat = HC_EV_NM / (self.wavelength_nm * _BOLTZMANN_EV_K * self.lamp_temperature_K)
        # photons per wavelength of a black body
        light = 1 / (self.wavelength_nm**4 * np.expm1(heat))
        return self.brightest_rate_Hz * self.dwell_s * light / light.max()

    def expected(self, sample: Optics) -> xr.Dataset:
        """Mean counts of both beams.

        Parameters
        ----------
        sample : Optics
            What absorbs.

        Returns
        -------
        Dataset
            ``sample`` and ``reference`` over wavelength_nm. The attributes hold all parameters of
            sample and instrument.

        Raises
        ------
        TypeError
            If `sample` is of another type.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> mean = Spectrophotometer().expected(FILMS["OLA/OA"].optics)
        >>> float((mean["sample"] / mean.reference).sel(wavelength_nm=405).round(2))
        0.72
        """
        check_optics(sample)
        passed = blurred(
            lambda wavelength: 10 ** -sample.absorbance(wavelength),
            self.wavelength_nm,
            self.bandwidth_nm,
        )
        through = self.lamp * (passed + self.stray_fraction) / (1 + self.stray_fraction)
        dark = self.dark_rate_Hz * self.dwell_s
        axis = ("wavelength_nm", self.wavelength_nm, {"units": "nm", "long_name": "wavelength"})
        return xr.Dataset(
            {
                name: ("wavelength_nm", beam + dark, {"units": "1"})
                for name, beam in {"sample": through, "reference": self.lamp}.items()
            },
            {"wavelength_nm": axis},
            simulated("counts of two beams", sample.settings(), asdict(self)),
        )

    def measure(self, sample: Optics, *, seed: int) -> xr.Dataset:
        """Scan a sample against a blank.

        Parameters
        ----------
        sample : Optics
            What absorbs.
        seed : int
            Of the photon noise.

        Returns
        -------
        Dataset
            As `expected`, with integer counts, and the seed among the attributes.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> record = Spectrophotometer().measure(FILMS["OLA/OA"].optics, seed=1)
        >>> bool((record.sample < record.reference).sel(wavelength_nm=405))
        True
        """
        rng = generator(seed, "spectrophotometer")
        drawn = self.expected(sample).map(lambda mean: mean.copy(data=rng.poisson(mean)))
        return drawn.assign_attrs(seed=int(seed))
