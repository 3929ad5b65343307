"""Which films read the numbers that a paper prints: one film by calibration, or all by a search."""

from tptools.inference.calibration import (
    CONTROLS,
    Calibration,
    calibrate,
    curve_numbers,
    measure_curve,
)

__all__ = ["CONTROLS", "Calibration", "calibrate", "curve_numbers", "measure_curve"]
