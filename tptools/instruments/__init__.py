"""Forward models: what each instrument would have recorded of a simulated sample.

Every instrument has two methods (`Instrument`): ``expected(sample, ...)`` returns the means of what
it measures, and ``measure(sample, ..., seed=...)`` one record with noise.
"""

from tptools.instruments.detector import Detector
from tptools.instruments.electron_microscope import ElectronMicroscope, Nanocrystals
from tptools.instruments.force_microscope import ForceMicroscope, Topography
from tptools.instruments.integrating_sphere import IntegratingSphere
from tptools.instruments.microscope import Microscope
from tptools.instruments.objective import Objective, diffraction_limit_nm, magnification
from tptools.instruments.protocol import Instrument
from tptools.instruments.scan import ColumnScan, Scan, WholeSpot
from tptools.instruments.spectrometer import Spectrometer
from tptools.instruments.spectrophotometer import Spectrophotometer
from tptools.instruments.timer import Timer

__all__ = [
    "ColumnScan",
    "Detector",
    "ElectronMicroscope",
    "ForceMicroscope",
    "Instrument",
    "IntegratingSphere",
    "Microscope",
    "Nanocrystals",
    "Objective",
    "Scan",
    "Spectrometer",
    "Spectrophotometer",
    "Timer",
    "Topography",
    "WholeSpot",
    "diffraction_limit_nm",
    "magnification",
]
