"""Forward models: what each instrument would have recorded of a simulated sample."""

from tptools.instruments.integrating_sphere import IntegratingSphere
from tptools.instruments.microscope import (
    Microscope,
    diffraction_limit_nm,
    expected,
    magnification,
    measure,
    simulation_noise_ratio,
)
from tptools.instruments.spectrometer import Spectrometer
from tptools.instruments.spectrophotometer import Spectrophotometer

__all__ = [
    "IntegratingSphere",
    "Microscope",
    "Spectrometer",
    "Spectrophotometer",
    "diffraction_limit_nm",
    "expected",
    "magnification",
    "measure",
    "simulation_noise_ratio",
]
