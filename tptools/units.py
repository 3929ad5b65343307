"""Factors between units and widths that several modules share."""

import math

__all__ = ["CM_PER_NM", "FWHM_PER_SIGMA", "NM2_PER_NS_IN_CM2_S"]

CM_PER_NM = 1e-7
"""1 nm in cm."""

FWHM_PER_SIGMA = math.sqrt(8 * math.log(2))
"""Full width at half maximum of a Gaussian over its standard deviation."""

NM2_PER_NS_IN_CM2_S = 1e-5
"""1 nm2/ns in cm2/s."""
