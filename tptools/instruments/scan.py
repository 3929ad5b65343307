"""Where the detector stands in the image: step by step along a line, or over all of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tptools.arrays import FloatArray
from tptools.checks import check_callable, check_fits, check_integer, check_number, make_plain

__all__ = ["ColumnScan", "Scan", "WholeSpot"]

Acceptance = Callable[[FloatArray], FloatArray]
_BYTES_PER_POSITION = 8 * 4  # of numbers that are held at once


@dataclass(frozen=True)
class Scan:
    """The detector moves along a line through the centre of the spot (Note 3).

    Parameters
    ----------
    scan_span_nm, scan_step_nm : float
        Range of positions, in the object plane and centred on the spot, and the step between
        them; assumed.
    dwell_s : float
        Time at each position; 61 positions then take 18 min, between the 15 and 20 of Note 3.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> Scan(scan_span_nm=100).positions_nm.tolist()
    [-50.0, 0.0, 50.0]
    """

    seen: ClassVar[str] = "scanned APD"

    scan_span_nm: float = 3000.0
    scan_step_nm: float = 50.0
    dwell_s: float = 18.0

    def __post_init__(self) -> None:
        """Refuse settings that no scan can have."""
        make_plain(self)
        check_number("scan_span_nm", self.scan_span_nm, at_least=0)
        check_number("scan_step_nm", self.scan_step_nm, above=0)
        n_steps = self.scan_span_nm / self.scan_step_nm
        what = f"a scan of {n_steps:.1e} steps of scan_step_nm = {self.scan_step_nm}"
        check_fits(what, _BYTES_PER_POSITION * n_steps, "raise it, or lower scan_span_nm")
        check_number("dwell_s", self.dwell_s, above=0)

    @property
    def positions_nm(self) -> FloatArray:
        """Positions of the detector's centre in the object plane, in nm."""
        n_steps = math.floor(self.scan_span_nm / self.scan_step_nm + 1e-9)
        return (np.arange(n_steps + 1.0) - n_steps / 2) * self.scan_step_nm

    @property
    def coordinates(self) -> dict[str, Any]:
        """Coordinates of a record beside time."""
        return {"position_nm": ("position_nm", self.positions_nm, {"units": "nm"})}

    def collection(self, n_radii: int, spacing_nm: float, acceptance: Acceptance) -> FloatArray:
        """Chance that a photon from each radius falls on the detector at each position.

        Parameters
        ----------
        n_radii : int
            Distances from the centre of the spot, in whole lattice spacings, from 0.
        spacing_nm : float
            Lattice spacing.
        acceptance : callable
            Chance along one axis, of a distance from the detector's centre in nm.

        Returns
        -------
        ndarray of shape (n_radii, n_positions)
            Means over the sites at each radius.

        Raises
        ------
        TypeError
            If `acceptance` is no function.
        ValueError
            If there is no radius, or the spacing is not positive.
        """
        n_radii = check_integer("n_radii", n_radii, at_least=1)
        spacing_nm = check_number("spacing_nm", spacing_nm, above=0)
        check_callable("acceptance", acceptance, "give one of a distance")
        n_positions = self.positions_nm.size
        check_fits(
            f"light from n_radii = {n_radii} distances at {n_positions} positions",
            8 * n_radii * (9 * n_radii + 5 * n_positions),
            "lower n_radii, or raise scan_step_nm",
        )
        site = np.arange(1.0 - n_radii, n_radii)
        # rounded as the simulation bins its photons
        radius = np.floor(np.hypot(site[:, None], site) + 0.5).astype(int).ravel()
        across = self._across(site * spacing_nm, acceptance)
        columns = [
            np.bincount(radius, np.outer(across, acceptance(site * spacing_nm - x_nm)).ravel())
            for x_nm in self.positions_nm
        ]
        return np.stack(columns, axis=1)[:n_radii] / np.bincount(radius)[:n_radii, None]

    def _across(self, offset_nm: FloatArray, acceptance: Acceptance) -> FloatArray:
        """Chance across the line of the scan that a photon from there falls on the detector."""
        return acceptance(offset_nm)


@dataclass(frozen=True)
class ColumnScan(Scan):
    """A scan by a detector so tall that it takes all light of a column, as a slit or a line camera.

    The profile is the projection of the image on the line, where `Scan` cuts it along the line.
    For a Gaussian spot both have one width; that of a flat top is narrower in projection.

    Parameters
    ----------
    scan_span_nm, scan_step_nm, dwell_s : float
        As for `Scan`.

    Examples
    --------
    >>> tall, square = (one.collection(1, 10.0, lambda x: 0.5 + 0 * x) for one in (
    ...     ColumnScan(scan_span_nm=0), Scan(scan_span_nm=0)))
    >>> float(tall[0, 0]), float(square[0, 0])
    (0.5, 0.25)
    """

    seen: ClassVar[str] = "scanned column"

    def _across(self, offset_nm: FloatArray, acceptance: Acceptance) -> FloatArray:
        return np.ones_like(offset_nm)


@dataclass(frozen=True)
class WholeSpot:
    """The detector sees the whole image plane at once, as for the decays of Fig. 1d.

    Parameters
    ----------
    dwell_s : float
        Time of the measurement; assumed, that of one position of a scan.

    Raises
    ------
    ValueError
        If the time is not positive.

    Examples
    --------
    >>> WholeSpot().coordinates
    {}
    """

    seen: ClassVar[str] = "whole spot"

    dwell_s: float = 18.0

    def __post_init__(self) -> None:
        """Refuse a time that no measurement can take."""
        make_plain(self)
        check_number("dwell_s", self.dwell_s, above=0)

    @property
    def coordinates(self) -> dict[str, Any]:
        """Coordinates of a record beside time: none."""
        return {}

    def collection(self, n_radii: int, spacing_nm: float, acceptance: Acceptance) -> FloatArray:
        """Chance that a photon from each radius falls on the detector: one.

        Parameters
        ----------
        n_radii, spacing_nm, acceptance
            As for `Scan.collection`; only the first counts.

        Returns
        -------
        ndarray of shape (n_radii, 1)

        Raises
        ------
        ValueError
            If there is no radius.
        """
        n_radii = check_integer("n_radii", n_radii, at_least=1)
        check_fits(f"light from n_radii = {n_radii} distances", 8 * n_radii, "lower it")
        return np.ones((n_radii, 1))
