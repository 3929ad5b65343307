r"""The transient photoluminescence microscope: scanned APD, photon counting (Note 3).

A run of `tptools.kmc.simulate` says at which delay after the pulse, and at which distance from the
centre of the spot, photons leave the film. Two matrices turn them into counts per pulse,

.. math::
    n_{ix} = \eta \sum_{jr} T_{ij} E_{jr} S_{rx},

with :math:`E_{jr}` the photons emitted per pulse in delay bin j at radius r, :math:`S_{rx}` the
chance that a photon from that radius falls on the APD at scan position x
(`tptools.instruments.scan`), :math:`T_{ij}` the chance that one from that delay bin is recorded in
time bin i (`tptools.instruments.timer`), and :math:`\eta` quantum yield times detection efficiency
times filter transmission.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
import scipy
import xarray as xr

from tptools.arrays import FloatArray
from tptools.checks import check_fits, check_number, make_plain
from tptools.instruments.detector import Detector
from tptools.instruments.emission import Emission
from tptools.instruments.objective import Objective
from tptools.instruments.protocol import simulated
from tptools.instruments.scan import Scan, WholeSpot
from tptools.instruments.timer import Timer
from tptools.randomness import generator
from tptools.records import as_numbers
from tptools.units import FWHM_PER_SIGMA

__all__ = ["Microscope"]


@dataclass(frozen=True)
class Microscope:
    r"""The microscope: objective, detector, timer, and how the detector is moved.

    The laser belongs to the run, which says it in its attributes.

    Parameters
    ----------
    objective : Objective
        Sharpness and magnification of the image.
    detector : Detector
        Area, efficiency and noise of the APD, and the filter in front of it.
    timer : Timer
        Laser pulse, electronics and time bins.
    scan : Scan or WholeSpot
        Positions of the detector along a line, or none.
    quantum_yield : float
        Photons per recombined exciton, in (0, 1] (main text).

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    With the spot of 500 nm and the APD the image at time zero is 593 nm wide, where Note 7 takes
    600 nm.

    Examples
    --------
    >>> microscope = Microscope(scan=WholeSpot(dwell_s=5), timer=Timer(window_end_ns=100))
    >>> round(microscope.footprint_nm), round(microscope.response_fwhm_ps)
    (101, 80)
    >>> round(microscope.image_fwhm_nm(spot_fwhm_nm=500))
    593
    """

    objective: Objective = field(default_factory=Objective)
    detector: Detector = field(default_factory=Detector)
    timer: Timer = field(default_factory=Timer)
    scan: Scan | WholeSpot = field(default_factory=Scan)
    quantum_yield: float = 0.68

    def __post_init__(self) -> None:
        """Refuse parts of another kind, and a yield that no film can have."""
        make_plain(self)
        kinds = {"objective": Objective, "detector": Detector, "timer": Timer}
        for name, kind in (kinds | {"scan": Scan | WholeSpot}).items():
            if not isinstance(getattr(self, name), kind):
                raise ValueError(
                    f"{name} = {getattr(self, name)!r} must be a part of this kind; see Microscope"
                )
        check_number("quantum_yield", self.quantum_yield, above=0, at_most=1)

    def with_(self, **settings: Any) -> Self:
        """Change settings by their own names, whichever part they belong to.

        Parameters
        ----------
        **settings
            Such as ``dwell_s`` of the scan or ``filter_transmission`` of the detector, or whole
            parts.

        Returns
        -------
        Microscope

        Raises
        ------
        ValueError
            If there is no such setting, or a value is outside its range.

        Examples
        --------
        >>> Microscope().with_(objective_NA=0.7, dwell_s=5.0).scan.dwell_s
        5.0
        """
        own = {one.name for one in fields(self)}
        unknown = sorted(settings.keys() - own - self.settings().keys())
        if unknown:
            raise ValueError(
                f"{', '.join(unknown)} must be settings of the microscope, which are "
                f"{', '.join(self.settings())}"
            )
        changed = replace(self, **{name: settings[name] for name in settings.keys() & own})
        for name, part in changed._parts().items():
            of_part = {one.name for one in fields(part)} & settings.keys()
            part = replace(part, **{setting: settings[setting] for setting in of_part})
            changed = replace(changed, **{name: part})
        return changed

    def settings(self) -> dict[str, Any]:
        """All settings of all parts by their own names, as the attributes of a record have them.

        Returns
        -------
        dict
        """
        merged = {
            key: value for part in self._parts().values() for key, value in asdict(part).items()
        }
        merged["first_photon_only"] = int(self.timer.first_photon_only)  # netCDF has no bool
        return merged | {"quantum_yield": self.quantum_yield}

    def _parts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("objective", "detector", "timer", "scan")}

    @property
    def footprint_nm(self) -> float:
        """Edge of the APD in the object plane, in nm."""
        return 1e3 * self.detector.apd_edge_um / self.objective.magnification

    @property
    def response_fwhm_ps(self) -> float:
        """Width of the instrument response: laser pulse, APD and electronics, in ps."""
        return math.hypot(
            self.timer.laser_pulse_fwhm_ps,
            self.detector.apd_jitter_fwhm_ps,
            self.timer.electronics_fwhm_ps,
        )

    @property
    def brightness(self) -> float:
        """Counts per recombined exciton that the APD could see."""
        detector = self.detector
        return self.quantum_yield * detector.detection_efficiency * detector.filter_transmission

    def response(self) -> xr.DataArray:
        """Instrument response (`Timer.response`).

        Returns
        -------
        DataArray
            Over ``time_ns``; sums to 1.
        """
        return self.timer.response(self.response_fwhm_ps)

    def image_fwhm_nm(self, spot_fwhm_nm: float) -> float:
        """Width of a scan over a Gaussian spot: spot, point-spread function and APD.

        Parameters
        ----------
        spot_fwhm_nm : float
            Full width at half maximum of the emission on the sample.

        Returns
        -------
        float
            Full width in nm, from the sum of the variances.

        Raises
        ------
        ValueError
            If the width is negative.
        """
        spot_fwhm_nm = check_number("spot_fwhm_nm", spot_fwhm_nm, at_least=0)
        aperture = FWHM_PER_SIGMA * self.footprint_nm / math.sqrt(12)
        return math.hypot(spot_fwhm_nm, FWHM_PER_SIGMA * self.objective.psf_sigma_nm, aperture)

    def acceptance(self, offset_nm: FloatArray) -> FloatArray:
        """Chance along one axis that a photon emitted this far from the APD's centre hits it.

        Parameters
        ----------
        offset_nm : ndarray
            Distance from the centre in the object plane, any shape.

        Returns
        -------
        ndarray
            Of the same shape: point-spread function, integrated over the APD.

        Raises
        ------
        TypeError
            If `offset_nm` holds no real numbers.
        """
        offset_nm = as_numbers("offset_nm", offset_nm)
        half, sigma = self.footprint_nm / 2, self.objective.psf_sigma_nm
        return scipy.special.ndtr((offset_nm + half) / sigma) - scipy.special.ndtr(
            (offset_nm - half) / sigma
        )

    def expected(self, run: xr.Dataset) -> xr.Dataset:
        r"""Mean counts of a scan, or of a decay of the whole spot.

        Dead time :math:`\tau` leaves the fraction :math:`1 / (1 + R \tau)` of the counts at a
        position where photons arrive at rate R.

        Parameters
        ----------
        run : Dataset
            One condition from `tptools.kmc.simulate`, with pulses from
            `tptools.kmc.pulse_train`; all its trains are averaged.

        Returns
        -------
        Dataset
            ``counts`` over (time_ns, position_nm), or (time_ns,); times are the centres of their
            bins. The attributes hold all parameters of run, laser and microscope, and
            ``simulation_noise_ratio`` and ``simulated_photons``.

        Raises
        ------
        ValueError
            If `run` is no run of one condition, does not say its laser, or the window is longer
            than the period.

        Notes
        -----
        The ratio is that of the noise which the finite simulation leaves to photon noise,

        .. math:: \sqrt{\sum_i \mathrm{var}_\mathrm{sim}(N_i) / \sum_i \langle N_i \rangle},

        with :math:`N_i` the counts of time slice i at all positions together, and the variance that
        between trains, or blocks of a single one; NaN for one pulse. This is stricter than a
        comparison pixel by pixel: neighbouring positions share the simulation's noise. Excitons
        that the run dropped (`Recording.follow_ns`) are missing.

        Examples
        --------
        >>> from tptools.excitation import Excitation
        >>> from tptools.kmc import ExcitonModel, pulse_train, simulate
        >>> pulses = pulse_train(Excitation(power_nW=10, rep_rate_MHz=2.5), n_excitons=4000)
        >>> run = simulate(ExcitonModel(), pulses, seed=1)
        >>> dict(Microscope().expected(run).sizes)
        {'time_ns': 657, 'position_nm': 61}
        """
        path = _Path(self, Emission.of(run))
        mean = path.mean()
        own = {
            "simulation_seed": run.attrs["seed"],
            "simulated_photons": round(float(run["expected_emission"].sum())),
            "simulation_noise_ratio": path.noise_ratio(mean),
        }
        attrs = simulated(f"photon counts of the {self.scan.seen}", run.attrs, self.settings(), own)
        del attrs["seed"]  # that of the simulation; a mean has no other
        return self._labelled(mean).assign_attrs(attrs)

    def measure(self, run: xr.Dataset, *, seed: int) -> xr.Dataset:
        """Counts of one measurement: a draw from Poisson distributions around `expected`.

        Parameters
        ----------
        run : Dataset
            As for `expected`.
        seed : int
            Of the photon noise.

        Returns
        -------
        Dataset
            As `expected`, with integer ``counts`` and `seed` among the attributes.

        Raises
        ------
        ValueError
            As for `expected`, or if `seed` is no integer of at least 0.

        Examples
        --------
        >>> from tptools.excitation import Excitation
        >>> from tptools.kmc import ExcitonModel, pulse_train, simulate
        >>> pulses = pulse_train(Excitation(power_nW=10, rep_rate_MHz=2.5), n_excitons=4000)
        >>> run = simulate(ExcitonModel(), pulses, seed=1)
        >>> record = Microscope(scan=WholeSpot()).measure(run, seed=2)
        >>> record.counts.dims, record.attrs["origin"], record.attrs["seed"]
        (('time_ns',), 'simulated', 2)
        """
        rng = generator(seed, "microscope")
        mean = self.expected(run)
        counts = mean["counts"].copy(data=rng.poisson(mean["counts"]).astype(np.int32))
        return mean.assign(counts=counts).assign_attrs(seed=int(seed))

    def _labelled(self, counts: FloatArray) -> xr.Dataset:
        """Name the axes of counts over (time, position)."""
        edges = self.timer.edges_ns
        dims = ["time_ns", *self.scan.coordinates]
        attrs = {"long_name": "photon counts", "units": "1"}
        time = ("time_ns", (edges[:-1] + edges[1:]) / 2, {"units": "ns"})
        values = counts if len(dims) == 2 else counts[:, 0]
        coords = {"time_ns": time} | self.scan.coordinates
        return xr.Dataset({"counts": (dims, values, attrs)}, coords)


class _Path:
    """Way of the photons of one run through one microscope; its matrices are worked out once."""

    def __init__(self, microscope: Microscope, emission: Emission) -> None:
        self.microscope, self.emission = microscope, emission
        period_ns = 1e3 * emission.laser.period_us
        timer = microscope.timer
        length_ns = timer.window_end_ns - timer.window_start_ns
        check_number("window_end_ns - window_start_ns", length_ns, at_most=period_ns)
        n_times = timer.edges_ns.size - 1
        n_positions = math.prod(at.size for _, at, _ in microscope.scan.coordinates.values())
        what = f"a map of {n_times} times at {n_positions} positions"
        check_fits(what, 8 * 4 * n_times * n_positions, "raise tcspc_bin_ps or scan_step_nm")
        self.timing = timer.folded(
            emission.start_ns, emission.end_ns, period_ns, microscope.response_fwhm_ps
        )
        self.collection = microscope.brightness * microscope.scan.collection(
            emission.per_pulse.shape[-1], emission.spacing_nm, microscope.acceptance
        )

    @property
    def n_pulses(self) -> float:
        """Pulses of the laser while the detector stays at one position."""
        return 1e6 * self.emission.laser.rep_rate_MHz * self.microscope.scan.dwell_s

    def mean(self) -> FloatArray:
        """Mean counts, shape (time, position)."""
        detector, timer = self.microscope.detector, self.microscope.timer
        arriving = self.emission.per_pulse.sum(axis=0) @ self.collection
        per_pulse = self.timing @ arriving + 1e-9 * timer.bin_ns * detector.stray_rate_Hz
        if timer.first_photon_only:
            per_pulse = timer.first_photons(per_pulse)
        rate_Hz = 1e6 * self.emission.laser.rep_rate_MHz
        arrivals_Hz = rate_Hz * arriving.sum(axis=0) + detector.stray_rate_Hz
        counts = per_pulse * detector.live_fraction(arrivals_Hz) * self.n_pulses
        # the timer's chances are differences, whose rounding a dark detector would show below zero
        return np.maximum(counts, 0)

    def noise_ratio(self, mean: FloatArray) -> float:
        """Noise of the simulation over that of the photons (`Microscope.expected`)."""
        n_groups = len(self.emission.per_pulse)
        if n_groups == 1:
            return math.nan
        everywhere = self.emission.per_pulse @ self.collection.sum(axis=1)
        counts = self.n_pulses * everywhere @ self.timing.T
        return math.sqrt(n_groups * counts.var(axis=0, ddof=1).sum() / mean.sum())
