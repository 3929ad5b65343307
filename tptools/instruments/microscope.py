r"""The transient photoluminescence microscope: scanned APD, photon counting (Note 3).

A run of `tptools.kmc.simulate` says at which delay after the pulse, and at which distance from the
centre of the spot, photons leave the film. The microscope sees them through two matrices:

.. math::
    n_{ix} = \eta \sum_{jr} T_{ij} E_{jr} S_{rx},

with :math:`E_{jr}` the photons emitted per pulse in delay bin j at radius r, :math:`S_{rx}` the
chance that a photon from that radius falls on the APD at scan position x, :math:`T_{ij}` the chance
that one from that delay bin is filed in time bin i, and :math:`\eta` quantum yield times detection
efficiency times filter transmission.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import ndtr

import tptools
from tptools.checks import check_integer, check_number
from tptools.excitation import Excitation
from tptools.units import FWHM_PER_SIGMA

__all__ = [
    "Microscope",
    "diffraction_limit_nm",
    "expected",
    "magnification",
    "measure",
    "simulation_noise_ratio",
]

RESPONSE_SIGMAS = 3.5  # beyond them the response counts as zero
AIRY_FWHM = 0.5145  # full width at half maximum of the Airy pattern in units of wavelength / NA


@dataclass(frozen=True)
class Microscope:
    r"""The parts of the microscope and how they are set.

    Laser wavelength, repetition rate and spot belong to `tptools.excitation.Excitation`; the
    simulated run already carries the spot.

    Parameters
    ----------
    objective_NA : float
        Numerical aperture in vacuum (Note 3), in (0, 1].
    emission_wavelength_nm : float
        Wavelength that sets the point-spread function; assumed, the film's spectrum is drawn in
        Fig. 1b without a number.
    magnification, apd_edge_um : float
        From sample to APD, and edge of the square active area (Note 3).
    laser_pulse_fwhm_ps, apd_jitter_fwhm_ps : float
        As the main text and Note 3 print them.
    electronics_fwhm_ps : float
        Assumed: what brings the whole response to the ~80 ps of the main text.
    tcspc_bin_ps : float
        Width of a time bin; assumed, the narrowest power of two with which 65536 bins hold the
        2 µs between pulses at 0.5 MHz.
    window_start_ns, window_end_ns : float
        Delays that are kept; assumed.
    scan_span_nm, scan_step_nm : float
        Range of APD positions, in the object plane and centred on the spot, and the step between
        them; assumed.
    dwell_s : float
        Time at each position; 61 positions then take 18 min, between the 15 and 20 of Note 3.
    quantum_yield : float
        Photons per recombined exciton (main text).
    detection_efficiency : float
        Chance that a photon emitted anywhere reaches the image plane and is counted there;
        assumed, such that the brightest bin of a scan at 1 nW and 2.5 MHz holds as many counts as
        in the data that Note 7 imitates, 313. It includes the number of layers in the film: a run
        is a single one.
    filter_transmission : float
        Neutral-density filter in front of the APD, in (0, 1].
    dark_rate_Hz, background_rate_Hz : float
        Counts without light, and those of stray light, which passes the filter too; assumed.
    dead_time_ns : float
        After each count, not prolonged by photons that arrive meanwhile; assumed.
    first_photon_only : bool
        Whether each period files only its first photon after the window opens (pile-up).

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    The point-spread function is the Gaussian that is as wide at half maximum as the Airy pattern,
    0.5145 λ/NA; the rings of the pattern are left out. With the spot of 500 nm and the APD the
    image at time zero is 593 nm wide, where Note 7 takes 600 nm.

    Examples
    --------
    >>> microscope = Microscope()
    >>> round(microscope.footprint_nm), round(microscope.response_fwhm_ps)
    (101, 80)
    >>> round(microscope.image_fwhm_nm(spot_fwhm_nm=500))
    593
    """

    objective_NA: float = 0.85
    emission_wavelength_nm: float = 515.0
    magnification: float = 495.0
    apd_edge_um: float = 50.0
    laser_pulse_fwhm_ps: float = 50.0
    apd_jitter_fwhm_ps: float = 50.0
    electronics_fwhm_ps: float = 37.0
    tcspc_bin_ps: float = 32.0
    window_start_ns: float = -1.024
    window_end_ns: float = 20.0
    scan_span_nm: float = 3000.0
    scan_step_nm: float = 50.0
    dwell_s: float = 18.0
    quantum_yield: float = 0.68
    detection_efficiency: float = 1.8e-3
    filter_transmission: float = 1.0
    dark_rate_Hz: float = 50.0
    background_rate_Hz: float = 50.0
    dead_time_ns: float = 77.0
    first_photon_only: bool = False

    def __post_init__(self) -> None:
        """Refuse settings that no microscope can have."""
        for name in ("objective_NA", "quantum_yield", "detection_efficiency"):
            check_number(name, getattr(self, name), above=0, at_most=1)
        check_number("filter_transmission", self.filter_transmission, above=0, at_most=1)
        for name in ("emission_wavelength_nm", "magnification", "apd_edge_um", "tcspc_bin_ps"):
            check_number(name, getattr(self, name), above=0)
        for name in ("laser_pulse_fwhm_ps", "scan_step_nm", "dwell_s"):
            check_number(name, getattr(self, name), above=0)
        for name in ("apd_jitter_fwhm_ps", "electronics_fwhm_ps", "scan_span_nm", "dead_time_ns"):
            check_number(name, getattr(self, name), at_least=0)
        for name in ("dark_rate_Hz", "background_rate_Hz"):
            check_number(name, getattr(self, name), at_least=0)
        check_number("window_start_ns", self.window_start_ns)
        shortest_ns = self.window_start_ns + 1e-3 * self.tcspc_bin_ps
        check_number("window_end_ns", self.window_end_ns, at_least=shortest_ns)

    @property
    def footprint_nm(self) -> float:
        """Edge of the APD in the object plane, in nm."""
        return 1e3 * self.apd_edge_um / self.magnification

    @property
    def psf_sigma_nm(self) -> float:
        """Standard deviation of the point-spread function along each axis, in nm."""
        limit_nm = diffraction_limit_nm(self.emission_wavelength_nm, self.objective_NA)
        return limit_nm / FWHM_PER_SIGMA

    @property
    def response_fwhm_ps(self) -> float:
        """Width of the instrument response: laser pulse, APD and electronics, in ps."""
        parts = (self.laser_pulse_fwhm_ps, self.apd_jitter_fwhm_ps, self.electronics_fwhm_ps)
        return math.hypot(*parts)

    @property
    def positions_nm(self) -> NDArray[np.float64]:
        """Scan positions of the APD's centre in the object plane, in nm."""
        n_steps = math.floor(self.scan_span_nm / self.scan_step_nm + 1e-9)
        return (np.arange(n_steps + 1) - n_steps / 2) * self.scan_step_nm

    @property
    def time_edges_ns(self) -> NDArray[np.float64]:
        """Edges of the time bins; 0 is when an undelayed photon is recorded on average."""
        bin_ns = 1e-3 * self.tcspc_bin_ps
        n_bins = math.floor((self.window_end_ns - self.window_start_ns) / bin_ns + 1e-9)
        return self.window_start_ns + bin_ns * np.arange(n_bins + 1)

    def image_fwhm_nm(self, spot_fwhm_nm: float) -> float:
        """Width of a scan over a Gaussian spot: spot, point-spread function and APD.

        Parameters
        ----------
        spot_fwhm_nm : float
            Full width at half maximum of the light on the sample.

        Returns
        -------
        float
            Full width in nm, from the sum of the variances.
        """
        aperture = FWHM_PER_SIGMA * self.footprint_nm / math.sqrt(12)
        return math.hypot(spot_fwhm_nm, FWHM_PER_SIGMA * self.psf_sigma_nm, aperture)

    def response(self) -> xr.DataArray:
        """Instrument response: chance that an undelayed photon is filed this late.

        Returns
        -------
        DataArray
            Over ``time_ns``, whole time bins before and after the mean; sums to 1.

        Examples
        --------
        >>> Microscope().response().sizes["time_ns"]
        9
        """
        bin_ns = 1e-3 * self.tcspc_bin_ps
        sigma_ns = 1e-3 * self.response_fwhm_ps / FWHM_PER_SIGMA
        n_bins = math.ceil(RESPONSE_SIGMAS * sigma_ns / bin_ns)
        edges = bin_ns * (np.arange(-n_bins, n_bins + 2) - 0.5)
        chance = np.diff(ndtr(edges / sigma_ns))
        time = ("time_ns", (edges[:-1] + edges[1:]) / 2, {"units": "ns"})
        return xr.DataArray(chance / chance.sum(), {"time_ns": time}, name="response")

    def acceptance(self, offset_nm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Chance along one axis that a photon emitted this far from the APD's centre hits it.

        Parameters
        ----------
        offset_nm : ndarray
            Distance from the centre in the object plane, any shape.

        Returns
        -------
        ndarray
            Of the same shape: point-spread function, integrated over the APD.
        """
        half = self.footprint_nm / 2
        sigma = self.psf_sigma_nm
        return ndtr((offset_nm + half) / sigma) - ndtr((offset_nm - half) / sigma)


def diffraction_limit_nm(wavelength_nm: float, objective_NA: float) -> float:
    r"""Full width at half maximum of the Airy pattern, :math:`0.5145 \lambda / \mathrm{NA}`.

    Parameters
    ----------
    wavelength_nm : float
        Of the light, in vacuum.
    objective_NA : float
        Numerical aperture, in (0, 1].

    Returns
    -------
    float
        In nm.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> round(diffraction_limit_nm(405, 0.85))
    245
    """
    check_number("wavelength_nm", wavelength_nm, above=0)
    check_number("objective_NA", objective_NA, above=0, at_most=1)
    return AIRY_FWHM * wavelength_nm / objective_NA


def magnification(
    engraved: float = 100.0,
    designed_for_mm: float = 164.5,
    tube_lens_mm: float = 200.0,
    telescope_mm: tuple[float, float] = (30.0, 125.0),
) -> float:
    r"""Magnification from sample to APD that follows from the lenses.

    .. math:: M = M_0 \frac{f_\mathrm{tube}}{f_0} \frac{f_2}{f_1}

    Parameters
    ----------
    engraved : float, optional
        :math:`M_0`, what the objective says: 100X in Note 3.
    designed_for_mm : float, optional
        :math:`f_0`, focal length of the tube lens for which it says so: Zeiss designs for 164.5 mm.
    tube_lens_mm : float, optional
        Focal length of the tube lens in use, by the part number in Note 3, TTL200-S8.
    telescope_mm : tuple of float, optional
        Focal lengths :math:`f_1, f_2` of the telescope, by AC254-030-A and AC254-125-A.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is not positive.

    Examples
    --------
    >>> round(magnification())
    507
    """
    parts = {"engraved": engraved, "designed_for_mm": designed_for_mm, "tube_lens_mm": tube_lens_mm}
    for name, value in (parts | dict(zip(("first", "second"), telescope_mm, strict=True))).items():
        check_number(name, value, above=0)
    return engraved * tube_lens_mm / designed_for_mm * telescope_mm[1] / telescope_mm[0]


def expected(
    run: xr.Dataset,
    excitation: Excitation,
    microscope: Microscope = Microscope(),
    *,
    integrated: bool = False,
) -> xr.DataArray:
    r"""Mean counts of a scan, or of a decay of the whole spot.

    Light delayed beyond the period falls into later windows, where it is filed under its delay
    modulo the period. Dead time :math:`\tau` leaves the fraction :math:`1 / (1 + R \tau)` of the
    counts at a position where photons arrive at rate R.

    Parameters
    ----------
    run : Dataset
        From `tptools.kmc.simulate`, for this excitation; all its trains are averaged.
    excitation : Excitation
        Power, repetition rate and spot.
    microscope : Microscope, optional
        How the parts are set.
    integrated : bool, optional
        Whether the detector sees the whole image plane for `dwell_s`, as for Fig. 1d.

    Returns
    -------
    DataArray
        Over (time_ns, position_nm), or (time_ns,); times are the centres of their bins.

    Raises
    ------
    ValueError
        If `run` was not made with this excitation, or holds more than one condition, or the
        window is longer than the period.

    Notes
    -----
    Excitons that the run dropped (`Recording.follow_ns`) are missing.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
    >>> pulses = PulseTrain(laser.excitation_density, 0.4, 21.233, n_pulses=20)
    >>> run = simulate(ExcitonModel(), pulses, seed=1)
    >>> dict(expected(run, laser).sizes)
    {'time_ns': 657, 'position_nm': 61}
    """
    _check_run(run, excitation, microscope)
    emitted = _emission(run).sum("group").to_numpy() / _n_pulses(run)
    brightness = _brightness(microscope)
    per_pulse = brightness * emitted @ _seen(run, microscope, integrated)
    stray_Hz = microscope.dark_rate_Hz
    stray_Hz += microscope.background_rate_Hz * microscope.filter_transmission
    filed = _filed(run, microscope) @ per_pulse + stray_Hz * 1e-12 * microscope.tcspc_bin_ps
    if microscope.first_photon_only:
        filed = np.exp(filed - np.cumsum(filed, axis=0)) * -np.expm1(-filed)
    rate_Hz = 1e6 * excitation.rep_rate_MHz
    arrivals_Hz = rate_Hz * per_pulse.sum(axis=0) + stray_Hz
    live = 1 / (1 + 1e-9 * microscope.dead_time_ns * arrivals_Hz)
    return _label(filed * live * rate_Hz * microscope.dwell_s, microscope, integrated)


def measure(
    run: xr.Dataset,
    excitation: Excitation,
    microscope: Microscope = Microscope(),
    *,
    seed: int,
    integrated: bool = False,
) -> xr.Dataset:
    """Counts of one measurement: a draw from Poisson distributions around `expected`.

    Parameters
    ----------
    run, excitation, microscope, integrated
        As for `expected`.
    seed : int
        Of the photon noise.

    Returns
    -------
    Dataset
        Integer ``counts`` over (time_ns, position_nm), or (time_ns,). The attributes hold all
        parameters of run, excitation and microscope, the seeds, and `simulation_noise_ratio`.

    Raises
    ------
    ValueError
        As for `expected`, or if `seed` is no integer of at least 0.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
    >>> pulses = PulseTrain(laser.excitation_density, 0.4, 21.233, n_pulses=20)
    >>> run = simulate(ExcitonModel(), pulses, seed=1)
    >>> record = measure(run, laser, seed=2, integrated=True)
    >>> record.counts.dims, record.attrs["origin"]
    (('time_ns',), 'simulated')
    """
    check_integer("seed", seed, at_least=0)
    mean = expected(run, excitation, microscope, integrated=integrated)
    noisy = np.random.default_rng(seed).poisson(mean).astype(np.int32)
    counts = mean.copy(data=noisy)
    ratio = simulation_noise_ratio(run, excitation, microscope, integrated=integrated)
    own = {
        "title": f"photon counts of the {'whole spot' if integrated else 'scanned APD'}",
        "origin": "simulated",
        "seed": int(seed),
        "simulation_seed": run.attrs["seed"],
        "simulated_photons": round(float(run["expected_emission"].sum())),
        "simulation_noise_ratio": ratio,
        "version": tptools.__version__,
    }
    settings = asdict(microscope) | {"first_photon_only": int(microscope.first_photon_only)}
    return xr.Dataset({"counts": counts}, attrs=run.attrs | asdict(excitation) | settings | own)


def simulation_noise_ratio(
    run: xr.Dataset,
    excitation: Excitation,
    microscope: Microscope = Microscope(),
    *,
    integrated: bool = False,
) -> float:
    r"""Noise that the finite simulation leaves in a record, relative to photon noise.

    .. math:: \sqrt{\sum_i \mathrm{var}_\mathrm{sim}(N_i) / \sum_i \langle N_i \rangle},

    with :math:`N_i` the counts of time slice i at all positions together. This is stricter than a
    comparison pixel by pixel: neighbouring positions share the noise of the simulation.

    Parameters
    ----------
    run, excitation, microscope, integrated
        As for `expected`. The variance is that between trains, or blocks of a single train.

    Returns
    -------
    float
        Standard deviation over standard deviation; NaN where the run is one train of one pulse.

    Raises
    ------
    ValueError
        As for `expected`.

    Examples
    --------
    >>> from tptools.kmc import ExcitonModel, PulseTrain, simulate
    >>> laser = Excitation(power_nW=10, rep_rate_MHz=2.5)
    >>> pulses = PulseTrain(laser.excitation_density, 0.4, 21.233, n_pulses=20)
    >>> run = simulate(ExcitonModel(), pulses, seed=1)
    >>> simulation_noise_ratio(run, laser) > 1  # far too few excitons for 18 s of light
    True
    """
    mean = expected(run, excitation, microscope, integrated=integrated)
    emitted = _emission(run)
    n_groups = emitted.sizes["group"]
    if n_groups == 1:
        return math.nan
    light = emitted.to_numpy() @ _seen(run, microscope, integrated).sum(axis=1)
    per_pulse = _brightness(microscope) * light @ _filed(run, microscope).T / _n_pulses(run)
    counts = per_pulse * 1e6 * excitation.rep_rate_MHz * microscope.dwell_s
    return math.sqrt(n_groups * counts.var(axis=0, ddof=1).sum() / float(mean.sum()))


def _check_run(run: xr.Dataset, excitation: Excitation, microscope: Microscope) -> None:
    """Refuse a run of other conditions, and a window that two pulses share."""
    unknown = set(run["expected_emission"].dims) - {"train", "block", "delay_ns", "r_nm"}
    if unknown:
        raise ValueError(f"run holds conditions over {sorted(unknown)} and must hold one; select")
    sigma_sites = excitation.spot_fwhm_nm / FWHM_PER_SIGMA / run.attrs["lattice_spacing_nm"]
    wanted = {
        "excitation_density": excitation.excitation_density,
        "period_us": excitation.period_us,
        "spot_sigma_sites": sigma_sites,
    }
    for name, value in wanted.items():
        if not math.isclose(run.attrs[name], value, rel_tol=1e-3):
            raise ValueError(
                f"run has {name} = {run.attrs[name]:.6g} and must have the {value:.6g} of "
                f"{excitation}; simulate with this value"
            )
    length_ns = microscope.window_end_ns - microscope.window_start_ns
    check_number("window_end_ns - window_start_ns", length_ns, at_most=1e3 * run.attrs["period_us"])


def _emission(run: xr.Dataset) -> xr.DataArray:
    """Photons over (group, delay_ns, r_nm), a group being a train or a block of the only one."""
    groups = [name for name in ("train", "block") if name in run["expected_emission"].dims]
    stacked = run["expected_emission"].stack(group=groups, create_index=False)
    return stacked.transpose("group", "delay_ns", "r_nm")


def _n_pulses(run: xr.Dataset) -> int:
    return run.attrs["n_pulses"] * run.attrs["n_trains"]


def _brightness(microscope: Microscope) -> float:
    """Counts per recombined exciton that the APD could see."""
    return (
        microscope.quantum_yield * microscope.detection_efficiency * microscope.filter_transmission
    )


def _seen(run: xr.Dataset, microscope: Microscope, integrated: bool) -> NDArray[np.float64]:
    """Chance that a photon from radius r is seen at each position: mean over the sites there."""
    n_radii = run.sizes["r_nm"]
    if integrated:
        return np.ones((n_radii, 1))
    site = np.arange(-n_radii, n_radii + 1)
    # rounded as the simulation bins its photons
    radius = np.floor(np.hypot(site[:, None], site) + 0.5).astype(int).ravel()
    site_nm = site * run.attrs["lattice_spacing_nm"]
    across = microscope.acceptance(site_nm)
    columns = [
        np.bincount(radius, np.outer(across, microscope.acceptance(site_nm - x_nm)).ravel())
        for x_nm in microscope.positions_nm
    ]
    return np.stack(columns, axis=1)[:n_radii] / np.bincount(radius)[:n_radii, None]


def _filed(run: xr.Dataset, microscope: Microscope) -> NDArray[np.float64]:
    """Chance that a photon from delay bin j is filed in time bin i, shape (time, delay)."""
    period_ns = 1e3 * run.attrs["period_us"]
    start, end = run["delay_ns"].to_numpy(), run["delay_end_ns"].to_numpy()
    edges = microscope.time_edges_ns
    # the phase of a photon from a bin wider than the period is anything
    narrow = end - start < period_ns
    chance = np.full((edges.size - 1, start.size), 1e-3 * microscope.tcspc_bin_ps / period_ns)
    chance[:, narrow] = 0
    sigma_ns = 1e-3 * microscope.response_fwhm_ps / FWHM_PER_SIGMA
    # one period before the first: a window that opens early sees the response of the next pulse
    for period in range(-1, math.ceil(end[narrow].max(initial=0) / period_ns) + 1):
        shifted = edges + period * period_ns
        passed = _recorded_before(shifted, start[narrow], end[narrow], sigma_ns)
        chance[:, narrow] += np.diff(passed, axis=0)
    return chance


def _recorded_before(
    time_ns: NDArray, start_ns: NDArray, end_ns: NDArray, sigma_ns: float
) -> NDArray[np.float64]:
    """Chance that a photon uniform on [start, end], blurred by a Gaussian, is recorded by then."""

    def integral(z: NDArray) -> NDArray:
        """Antiderivative of the normal distribution function."""
        return z * ndtr(z) + np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)

    since_start = integral((time_ns[:, None] - start_ns) / sigma_ns)
    since_end = integral((time_ns[:, None] - end_ns) / sigma_ns)
    return sigma_ns * (since_start - since_end) / (end_ns - start_ns)


def _label(counts: NDArray, microscope: Microscope, integrated: bool) -> xr.DataArray:
    edges = microscope.time_edges_ns
    named = xr.DataArray(
        counts,
        coords={"time_ns": (edges[:-1] + edges[1:]) / 2},
        dims=("time_ns", "position_nm"),
        name="counts",
        attrs={"long_name": "photon counts", "units": "1"},
    )
    named["time_ns"].attrs["units"] = "ns"
    if integrated:
        return named.squeeze("position_nm")
    return named.assign_coords(
        position_nm=("position_nm", microscope.positions_nm, {"units": "nm"})
    )
