r"""The spectrometer for steady-state emission: fibre, grating and CCD (Supplementary Note 1).

Light of the spot falls on pixel i of the CCD as

.. math::
    n_i = \langle N \rangle \frac{2 \pi \sigma^2}{l^2}\, f\, t\, Q\, y\, \eta
    \int_i (S * s)(\lambda)\, d\lambda,

with the nanocrystals in the spot, :math:`2\pi\sigma^2/l^2` for spot :math:`\sigma` and spacing l,
repetition rate f, exposure t, quantum yield Q, relative yield y
(`tptools.film.Optics.relative_yield`), detection efficiency :math:`\eta`, and emission S
blurred by the image s of the fibre. The first factors are those of the hopping model's runs: a
Gaussian spot with :math:`\langle N \rangle` at its centre, on a single layer.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
import xarray as xr

from tptools.arrays import FloatArray, IntArray
from tptools.checks import check_fits, check_integer, check_number, check_type, make_plain
from tptools.excitation import Excitation
from tptools.film import Optics
from tptools.instruments.protocol import check_optics, simulated
from tptools.material import SPACING_NM
from tptools.randomness import generator
from tptools.spectra import blurred
from tptools.units import FWHM_PER_SIGMA

__all__ = ["Spectrometer"]

_NM_PER_MM = 1e6
_BYTES_PER_PIXEL = 8 * 6  # of numbers that a frame holds at once


@dataclass(frozen=True)
class Spectrometer:
    """Spectrograph and camera, and how they are set.

    Parameters
    ----------
    grooves_per_mm : float
        Of the grating (Note 1).
    focal_length_mm : float
        Of the spectrograph; that of an SP2150.
    fibre_core_um : float
        Width of the entrance: the core of one fibre of the bundle, assumed from its name, 105.
    pixel_um : float
        Edge of a pixel of the CCD, 20 µm in a camera of 1340 x 100 pixels.
    n_rows : int
        Rows that are added up on the chip.
    window_start_nm, window_end_nm : float
        Wavelengths that are read out; assumed.
    detection_efficiency : float
        Electrons per photon that the spot emits; assumed, that of the microscope, layers of the
        film included.
    exposure_s, n_frames : float, int
        Of one frame, and how many; assumed. Several frames tell cosmic rays from light.
    electrons_per_count, bias_counts : float
        Gain and offset of the converter; assumed.
    converter_bits : int
        The largest count is 2**converter_bits - 1.
    full_well_electrons : float
        Where a sum of rows saturates; assumed.
    read_noise_electrons : float
        Standard deviation of one reading; assumed, typical of slow readout.
    dark_electrons_s : float
        Per pixel; assumed, typical of a CCD at -75 °C.
    cosmic_rays_cm2_min : float
        Hits per area and time; 0.9 was counted at sea level (Davies).
    cosmic_ray_electrons : float
        Mean of what a hit leaves in one column, with an exponential distribution; assumed.
    laser_drift : float
        Standard deviation of the power from one record to the next, relative; assumed. It is the
        same within a record.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    References
    ----------
    B. Davies, http://ben.davies.net/cosmicrays2.htm

    Examples
    --------
    >>> spectrometer = Spectrometer()
    >>> round(spectrometer.pixel_nm, 2), round(spectrometer.slit_nm, 1)
    (0.44, 2.3)
    """

    grooves_per_mm: float = 300.0
    focal_length_mm: float = 150.0
    fibre_core_um: float = 105.0
    pixel_um: float = 20.0
    n_rows: int = 100
    window_start_nm: float = 450.0
    window_end_nm: float = 600.0
    detection_efficiency: float = 1.8e-3
    exposure_s: float = 4.0
    n_frames: int = 5
    electrons_per_count: float = 4.0
    bias_counts: float = 600.0
    converter_bits: int = 16
    full_well_electrons: float = 3e5
    read_noise_electrons: float = 4.0
    dark_electrons_s: float = 0.002
    cosmic_rays_cm2_min: float = 0.9
    cosmic_ray_electrons: float = 2000.0
    laser_drift: float = 0.01

    def __post_init__(self) -> None:
        """Refuse settings that no spectrometer can have."""
        make_plain(self)
        for name in ("grooves_per_mm", "focal_length_mm", "pixel_um", "exposure_s"):
            check_number(name, getattr(self, name), above=0)
        for name in ("electrons_per_count", "full_well_electrons", "window_start_nm"):
            check_number(name, getattr(self, name), above=0)
        for name in ("fibre_core_um", "bias_counts", "read_noise_electrons", "dark_electrons_s"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("cosmic_rays_cm2_min", "cosmic_ray_electrons"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("n_rows", "n_frames", "converter_bits"):
            check_integer(name, getattr(self, name), at_least=1)
        check_number("detection_efficiency", self.detection_efficiency, above=0, at_most=1)
        check_number("laser_drift", self.laser_drift, at_least=0, below=0.2)
        check_number("window_end_nm", self.window_end_nm, at_least=self.window_start_nm + 10)
        n_pixels = (self.window_end_nm - self.window_start_nm) / self.pixel_nm
        check_fits(
            f"n_frames = {self.n_frames} spectra of {n_pixels:.1e} pixels",
            _BYTES_PER_PIXEL * math.ceil(n_pixels) * (self.n_frames + 10),
            "lower n_frames, narrow the window, or widen the pixels",
        )

    @property
    def pixel_nm(self) -> float:
        """Width of a pixel in wavelength: first order, near the grating's normal, in nm."""
        dispersion_nm_mm = _NM_PER_MM / (self.grooves_per_mm * self.focal_length_mm)
        return 1e-3 * self.pixel_um * dispersion_nm_mm

    @property
    def slit_nm(self) -> float:
        """Width of the fibre's image in wavelength, in nm."""
        return self.pixel_nm * self.fibre_core_um / self.pixel_um

    @property
    def wavelength_nm(self) -> FloatArray:
        """Centres of the pixels that are read out, in nm."""
        return np.arange(self.window_start_nm, self.window_end_nm, self.pixel_nm)

    @property
    def largest_count(self) -> int:
        """Largest number that the converter can give."""
        return 2**self.converter_bits - 1

    def expected(self, sample: Optics, excitation: Excitation) -> xr.Dataset:
        """Mean counts of one frame, cosmic rays included, without saturation.

        Parameters
        ----------
        sample : Optics
            What emits.
        excitation : Excitation
            Power, repetition rate and spot.

        Returns
        -------
        Dataset
            ``counts`` over wavelength_nm. The attributes hold all parameters of sample, excitation
            and spectrometer.

        Raises
        ------
        TypeError
            If `sample` or `excitation` is of another type.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
        >>> mean = Spectrometer().expected(FILMS["OLA/OA"].optics, laser).counts
        >>> float(mean.idxmax().round())
        515.0
        """
        check_type("excitation", excitation, Excitation)
        electrons = self._electrons(sample, excitation)
        electrons += self._hits_per_column * self.cosmic_ray_electrons
        mean = electrons / self.electrons_per_count + self.bias_counts
        axis = ("wavelength_nm", self.wavelength_nm, {"units": "nm", "long_name": "wavelength"})
        derived = {"slit_nm": self.slit_nm, "pixel_nm": self.pixel_nm}
        settings = sample.settings(), asdict(excitation), asdict(self), derived
        return xr.Dataset(
            {"counts": ("wavelength_nm", mean, {"long_name": "counts", "units": "1"})},
            {"wavelength_nm": axis},
            simulated("steady-state photoluminescence", *settings),
        )

    def measure(self, sample: Optics, excitation: Excitation, *, seed: int) -> xr.Dataset:
        """Record the spectrum of a sample.

        Parameters
        ----------
        sample : Optics
            What emits.
        excitation : Excitation
            Nominal power, repetition rate and spot. The power drifts by `laser_drift`.
        seed : int
            Of the power, photons, readings and cosmic rays.

        Returns
        -------
        Dataset
            Integer ``counts`` and bool ``saturated`` over (frame, wavelength_nm), attributes as
            `expected`, and the seed.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
        >>> record = Spectrometer().measure(FILMS["OLA/OA"].optics, laser, seed=1)
        >>> dict(record.sizes), record.attrs["origin"], bool(record.saturated.any())
        ({'frame': 5, 'wavelength_nm': 338}, 'simulated', False)
        """
        check_type("excitation", excitation, Excitation)
        rng = generator(seed, "spectrometer")
        relative = math.exp(self.laser_drift * rng.standard_normal() - self.laser_drift**2 / 2)
        drifted = replace(excitation, power_nW=excitation.power_nW * relative)
        mean = self._electrons(sample, drifted)
        electrons = rng.poisson(mean, (self.n_frames, mean.size)) + self._cosmic_rays(rng)
        counts = self._read(electrons, rng)
        full = (electrons >= self.full_well_electrons) | (counts >= self.largest_count)
        dims = ("frame", "wavelength_nm")
        record = self.expected(sample, excitation)
        return record.assign(
            counts=(dims, counts, record["counts"].attrs),
            saturated=(dims, full, {"long_name": "saturated"}),
        ).assign_attrs(seed=int(seed))

    @property
    def _hits_per_column(self) -> float:
        """Mean number of cosmic rays in one column and frame."""
        column_cm2 = 1e-8 * self.pixel_um**2 * self.n_rows
        return self.cosmic_rays_cm2_min * column_cm2 * self.exposure_s / 60

    def _electrons(self, sample: Optics, excitation: Excitation) -> FloatArray:
        """Mean electrons in one frame, without cosmic rays, over the pixels."""
        check_optics(sample)
        density = excitation.excitation_density
        spot_sigma_nm = excitation.spot_fwhm_nm / FWHM_PER_SIGMA
        nanocrystals = 2 * math.pi * (spot_sigma_nm / SPACING_NM) ** 2
        pulses = 1e6 * excitation.rep_rate_MHz * self.exposure_s
        photons = density * nanocrystals * pulses * sample.quantum_yield
        photons *= sample.relative_yield(density)
        shape = blurred(sample.emission, self.wavelength_nm, self.slit_nm, self.pixel_nm)
        dark = self.dark_electrons_s * self.n_rows * self.exposure_s
        return photons * self.detection_efficiency * shape * self.pixel_nm + dark

    def _cosmic_rays(self, rng: np.random.Generator) -> FloatArray:
        """Electrons left by cosmic rays, over frames and pixels."""
        struck = rng.poisson(self._hits_per_column, (self.n_frames, self.wavelength_nm.size))
        left = rng.gamma(np.maximum(struck, 1), self.cosmic_ray_electrons)
        return np.where(struck > 0, np.rint(left), 0.0)

    def _read(self, electrons: FloatArray, rng: np.random.Generator) -> IntArray:
        """Counts of the converter."""
        well = np.minimum(electrons, self.full_well_electrons)
        noisy = well + self.read_noise_electrons * rng.standard_normal(well.shape)
        counts = np.rint(noisy / self.electrons_per_count + self.bias_counts)
        return np.clip(counts, 0, self.largest_count).astype(np.int32)
