r"""The integrating sphere: the four measurements behind a quantum yield (Supplementary Note 1).

A sphere sends the same share of all light to the detector, wherever it comes from. Of
:math:`n` lamp photons that would reach the detector,

.. math::
    B_\mathrm{exc} = n, \quad S_\mathrm{exc} = n (1 - a), \quad
    B_\mathrm{em} = b, \quad S_\mathrm{em} = b + n a Q',

with absorptance :math:`a = 1 - 10^{-A}` at the lamp's wavelength, background b, and

.. math:: Q' = \frac{Q (1 - r)}{1 - r Q}

the apparent quantum yield if a share r of the emitted light is absorbed again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from tptools.checks import check_fits, check_integer, check_number, make_plain
from tptools.film import Optics
from tptools.instruments.protocol import check_optics, simulated
from tptools.randomness import generator

__all__ = ["IntegratingSphere"]

_BYTES_PER_REPEAT = 8 * 8  # of numbers that are held at once


@dataclass(frozen=True)
class IntegratingSphere:
    """Lamp, sphere and detector, and how they are set.

    Parameters
    ----------
    excitation_nm : float
        Wavelength of the lamp (Note 1).
    lamp_photons : float
        Photons that the lamp sends into the sphere in one measurement; assumed.
    throughput : float
        Share of the light in the sphere that is counted, in (0, 1]; assumed. Differences between
        the two wavelengths are taken as corrected for.
    background_counts : float
        Counts of the blank at the wavelengths of emission, dark counts included; assumed.
    lamp_drift : float
        Standard deviation of the lamp from one measurement to the next, relative; assumed.
    reabsorption : float
        Share r of the emitted light that the sample absorbs again, in [0, 1).
    n_repeats : int
        Times that all four are measured (Note 1).

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> f"{IntegratingSphere().counts:.0e}"
    '1e+08'
    """

    excitation_nm: float = 370.0
    lamp_photons: float = 1e11
    throughput: float = 1e-3
    background_counts: float = 1e4
    lamp_drift: float = 0.003
    reabsorption: float = 0.0
    n_repeats: int = 3

    def __post_init__(self) -> None:
        """Refuse settings that no sphere can have."""
        make_plain(self)
        for name in ("excitation_nm", "lamp_photons"):
            check_number(name, getattr(self, name), above=0)
        check_number("throughput", self.throughput, above=0, at_most=1)
        check_number("background_counts", self.background_counts, at_least=0)
        check_number("lamp_drift", self.lamp_drift, at_least=0, below=0.2)
        check_number("reabsorption", self.reabsorption, at_least=0, below=1)
        check_integer("n_repeats", self.n_repeats, at_least=1)
        what = f"a measurement of n_repeats = {self.n_repeats}"
        check_fits(what, _BYTES_PER_REPEAT * self.n_repeats, "lower it")

    @property
    def counts(self) -> float:
        """Mean counts of the lamp with a blank in the sphere."""
        return self.lamp_photons * self.throughput

    def apparent_yield(self, quantum_yield: float) -> float:
        r"""Quantum yield after reabsorption, :math:`\eta (1 - r) / (1 - r \eta)`.

        Parameters
        ----------
        quantum_yield : float
            Photons per absorbed photon, :math:`\eta`, before any is absorbed again.

        Returns
        -------
        float
            Photons that leave the sample per photon that it absorbed of the lamp.

        Raises
        ------
        ValueError
            If the yield is not between 0 and 1.
        """
        quantum_yield = check_number("quantum_yield", quantum_yield, at_least=0, at_most=1)
        left = 1 - self.reabsorption
        return quantum_yield * left / (1 - self.reabsorption * quantum_yield)

    def absorptance(self, sample: Optics) -> float:
        """Share of the lamp's light that the sample absorbs, its baseline left out.

        Parameters
        ----------
        sample : Optics
            Its absorbance A at the lamp's wavelength, less the baseline, counts.

        Returns
        -------
        float
            1 - 10^-A.

        Raises
        ------
        TypeError
            If `sample` is of another type.
        """
        check_optics(sample)
        absorbed = sample.absorbance(self.excitation_nm) - sample.baseline(self.excitation_nm)
        return float(1 - 10**-absorbed)

    def expected(self, sample: Optics) -> xr.Dataset:
        """Mean counts of sample and blank, at excitation and emission.

        Parameters
        ----------
        sample : Optics
            What absorbs and emits. Its baseline counts as scattering, which the sphere collects.

        Returns
        -------
        Dataset
            ``sample_emission``, ``blank_emission``, ``sample_excitation`` and
            ``blank_excitation``, without dimension. The attributes hold all parameters of sample
            and sphere.

        Raises
        ------
        TypeError
            If `sample` is of another type.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> float(IntegratingSphere().expected(FILMS["OLA/OA"].optics).blank_emission)
        10000.0
        """
        absorptance = self.absorptance(sample)
        per_lamp = {
            "sample_emission": absorptance * self.apparent_yield(sample.quantum_yield),
            "blank_emission": 0.0,
            "sample_excitation": 1 - absorptance,
            "blank_excitation": 1.0,
        }
        means = {
            name: ((), self.counts * share + self._background(name), {"units": "1"})
            for name, share in per_lamp.items()
        }
        title = "four measurements in an integrating sphere"
        return xr.Dataset(means, attrs=simulated(title, sample.settings(), asdict(self)))

    def measure(self, sample: Optics, *, seed: int) -> xr.Dataset:
        """Measure sample and blank, at excitation and emission.

        Parameters
        ----------
        sample : Optics
            As for `expected`.
        seed : int
            Of lamp and photon noise.

        Returns
        -------
        Dataset
            As `expected`, with integer counts over ``repeat``, and the seed among the attributes.

        Raises
        ------
        ValueError
            If `seed` is no integer of at least 0.

        Examples
        --------
        >>> from tptools.film import FILMS
        >>> record = IntegratingSphere().measure(FILMS["OLA/OA"].optics, seed=1)
        >>> dict(record.sizes), record.attrs["origin"]
        ({'repeat': 3}, 'simulated')
        """
        rng = generator(seed, "integrating sphere")
        expected, record = self.expected(sample), {}
        for name, mean in expected.items():
            background = self._background(str(name))
            z = rng.standard_normal(self.n_repeats)
            drifted = np.exp(self.lamp_drift * z - self.lamp_drift**2 / 2)
            counts = rng.poisson((mean.item() - background) * drifted + background)
            record[name] = ("repeat", counts, mean.attrs)
        return xr.Dataset(record, attrs=expected.attrs | {"seed": int(seed)})

    def _background(self, name: str) -> float:
        """Counts of a blank in one of the four measurements."""
        return self.background_counts if name.endswith("emission") else 0.0
