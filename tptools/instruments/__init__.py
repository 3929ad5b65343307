"""Forward models: what each instrument would have recorded of a simulated sample."""

from tptools.instruments.integrating_sphere import IntegratingSphere
from tptools.instruments.microscope import (
    Microscope,
    expected,
    measure,
    relay_magnification,
    simulation_noise_ratio,
)
from tptools.instruments.spectrometer import Spectrometer
from tptools.instruments.spectrophotometer import Spectrophotometer

__all__ = [
    "IntegratingSphere",
    "Microscope",
    "Spectrometer",
    "Spectrophotometer",
    "expected",
    "measure",
    "relay_magnification",
    "simulation_noise_ratio",
]
