"""Which films read the numbers that a paper prints: one film by calibration, or all by a search."""

from tptools.inference.calibration import (
    CONTROLS,
    Calibration,
    calibrate,
    curve_numbers,
    measure_curve,
)
from tptools.inference.information import (
    expected_information,
    photon_error_cm2_s,
    photons_needed,
)

__all__ = [
    "CONTROLS",
    "Calibration",
    "calibrate",
    "curve_numbers",
    "expected_information",
    "measure_curve",
    "photon_error_cm2_s",
    "photons_needed",
]
