"""Heat after a laser pulse (Supplementary Note 8): as printed, exactly, and with a substrate."""

from tptools.heat.explicit import stable_step_ns
from tptools.heat.model import (
    FUSED_SILICA,
    QUARTZ_ACROSS_AXIS,
    QUARTZ_ALONG_AXIS,
    HeatedFilm,
    Substrate,
    temperature_step,
)
from tptools.heat.solve import (
    centre_temperature,
    cooling_time,
    heat_accumulation,
    temperature,
)

__all__ = [
    "FUSED_SILICA",
    "QUARTZ_ACROSS_AXIS",
    "QUARTZ_ALONG_AXIS",
    "HeatedFilm",
    "Substrate",
    "centre_temperature",
    "cooling_time",
    "heat_accumulation",
    "stable_step_ns",
    "temperature",
    "temperature_step",
]
