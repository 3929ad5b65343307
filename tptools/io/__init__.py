"""Records of real instruments as the records that the models of `tptools.instruments` give."""

from tptools.io.images import line_profile, radial_profile
from tptools.io.landmarks import find_bad_positions, find_time_zero, find_window
from tptools.io.scan import read_decay, read_image, read_scan

__all__ = [
    "find_bad_positions",
    "find_time_zero",
    "find_window",
    "line_profile",
    "radial_profile",
    "read_decay",
    "read_image",
    "read_scan",
]
