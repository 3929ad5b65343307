r"""The optics between film and detector: how sharp the image is, and how large (Note 3)."""

from __future__ import annotations

from dataclasses import dataclass

from tptools.checks import check_number, check_type, make_plain
from tptools.units import FWHM_PER_SIGMA

__all__ = ["Objective", "diffraction_limit_nm", "magnification"]

AIRY_FWHM = 0.5145  # full width at half maximum of the Airy pattern in units of wavelength / NA


@dataclass(frozen=True)
class Objective:
    r"""Objective, tube lens and telescope.

    Parameters
    ----------
    objective_NA : float
        Numerical aperture in vacuum (Note 3), in (0, 1].
    magnification : float
        From sample to detector (Note 3).
    emission_wavelength_nm : float
        Wavelength that sets the point-spread function; assumed, the film's spectrum is drawn in
        Fig. 1b without a number.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Notes
    -----
    The point-spread function is the Gaussian that is as wide at half maximum as the Airy pattern,
    :math:`0.5145 \lambda / \mathrm{NA}`; the rings of the pattern are left out.

    Examples
    --------
    >>> round(Objective().psf_sigma_nm)
    132
    """

    objective_NA: float = 0.85
    magnification: float = 495.0
    emission_wavelength_nm: float = 515.0

    def __post_init__(self) -> None:
        """Refuse settings that no objective can have."""
        make_plain(self)
        check_number("objective_NA", self.objective_NA, above=0, at_most=1)
        check_number("magnification", self.magnification, above=0)
        check_number("emission_wavelength_nm", self.emission_wavelength_nm, above=0)

    @property
    def psf_sigma_nm(self) -> float:
        """Standard deviation of the point-spread function along each axis, in nm."""
        limit_nm = diffraction_limit_nm(self.emission_wavelength_nm, self.objective_NA)
        return limit_nm / FWHM_PER_SIGMA


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
    wavelength_nm = check_number("wavelength_nm", wavelength_nm, above=0)
    objective_NA = check_number("objective_NA", objective_NA, above=0, at_most=1)
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
    check_type("telescope_mm", telescope_mm, tuple, list, remedy="give two focal lengths")
    if len(telescope_mm) != 2:
        raise ValueError(f"telescope_mm = {telescope_mm!r} must be two focal lengths")
    parts = {"engraved": engraved, "designed_for_mm": designed_for_mm, "tube_lens_mm": tube_lens_mm}
    lenses = {f"telescope_mm[{k}]": focal_mm for k, focal_mm in enumerate(telescope_mm)}
    engraved, designed_for_mm, tube_lens_mm, first_mm, second_mm = (
        check_number(name, value, above=0) for name, value in (parts | lenses).items()
    )
    return engraved * tube_lens_mm / designed_for_mm * second_mm / first_mm
