"""The avalanche photodiode of the microscope and the filter in front of it (Note 3)."""

from __future__ import annotations

from dataclasses import dataclass

from tptools.arrays import FloatArray
from tptools.checks import check_number, make_plain
from tptools.records import as_numbers

__all__ = ["Detector"]


@dataclass(frozen=True)
class Detector:
    """A single-photon detector with a small square area.

    Parameters
    ----------
    apd_edge_um : float
        Edge of the active area (Note 3).
    apd_jitter_fwhm_ps : float
        Full width of its response in time (Note 3).
    detection_efficiency : float
        Chance that a photon emitted anywhere reaches the image plane and is counted there, in
        (0, 1]; assumed. The brightest bin of a scan at 1 nW and 2.5 MHz then holds about 220
        counts, where the data that Note 7 imitates have 313. It includes the number of layers in
        the film: a run is a single one.
    filter_transmission : float
        Neutral-density filter in front of the detector, in (0, 1].
    dark_rate_Hz, background_rate_Hz : float
        Counts without light, and those of stray light, which passes the filter too; assumed.
    dead_time_ns : float
        After each count, not prolonged by photons that arrive meanwhile; assumed.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> Detector(filter_transmission=0.1).stray_rate_Hz
    55.0
    """

    apd_edge_um: float = 50.0
    apd_jitter_fwhm_ps: float = 50.0
    detection_efficiency: float = 1.8e-3
    filter_transmission: float = 1.0
    dark_rate_Hz: float = 50.0
    background_rate_Hz: float = 50.0
    dead_time_ns: float = 77.0

    def __post_init__(self) -> None:
        """Refuse settings that no detector can have."""
        make_plain(self)
        check_number("apd_edge_um", self.apd_edge_um, above=0)
        for name in ("detection_efficiency", "filter_transmission"):
            check_number(name, getattr(self, name), above=0, at_most=1)
        for name in ("apd_jitter_fwhm_ps", "dark_rate_Hz", "background_rate_Hz", "dead_time_ns"):
            check_number(name, getattr(self, name), at_least=0)

    @property
    def stray_rate_Hz(self) -> float:
        """Counts per second that are not the film's: dark counts and filtered background."""
        return self.dark_rate_Hz + self.background_rate_Hz * self.filter_transmission

    def live_fraction(self, arrivals_Hz: FloatArray) -> FloatArray:
        r"""Share of the photons that the dead time leaves, :math:`1 / (1 + R \tau)`.

        Parameters
        ----------
        arrivals_Hz : ndarray
            Rate R at which photons arrive, any shape.

        Returns
        -------
        ndarray
            Of the same shape, in (0, 1].

        Raises
        ------
        TypeError
            If `arrivals_Hz` holds no real numbers.
        """
        return 1 / (1 + 1e-9 * self.dead_time_ns * as_numbers("arrivals_Hz", arrivals_Hz))
