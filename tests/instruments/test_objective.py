"""Tests of tptools.instruments.objective against the textbook."""

import math

import pytest
from scipy.special import j1

from tptools.instruments import diffraction_limit_nm, magnification


def test_diffraction_limit_is_the_width_of_an_airy_pattern():
    """At half of it from the centre the pattern (2 J1(v) / v)^2 has fallen to one half."""
    half_nm = diffraction_limit_nm(405, 0.85) / 2
    v = 2 * math.pi * 0.85 * half_nm / 405
    assert (2 * j1(v) / v) ** 2 == pytest.approx(0.5, abs=2e-4)
    with pytest.raises(ValueError, match="objective_NA"):
        diffraction_limit_nm(405, 1.2)


def test_magnification_is_that_of_the_focal_lengths():
    """An objective magnifies as engraved with its own tube lens, and a telescope by f2/f1."""
    assert magnification(tube_lens_mm=164.5, telescope_mm=(30, 30)) == pytest.approx(100)
    objective_mm = 164.5 / 100
    assert magnification() == pytest.approx(200 / objective_mm * 125 / 30)
    with pytest.raises(ValueError, match="tube_lens_mm"):
        magnification(tube_lens_mm=0)
    with pytest.raises(TypeError, match=r"^telescope_mm .*give two focal lengths"):
        magnification(telescope_mm=125.0)
    with pytest.raises(ValueError, match="must be two focal lengths"):
        magnification(telescope_mm=(30, 60, 125))
