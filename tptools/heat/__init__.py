"""Heat after a laser pulse (Supplementary Note 8): as printed, exactly, and with a substrate."""

from tptools.heat.explicit import stable_step_ns
from tptools.heat.model import (
    CORE_HEAT_CAPACITY,
    DENSITY,
    FUSED_SILICA,
    SPECIFIC_HEAT,
    HeatedFilm,
    Substrate,
    absorption_length_nm,
    core_share,
    film_heat_capacity,
    temperature_step,
)
from tptools.heat.solve import (
    centre_temperature,
    cooling_time,
    mean_temperature,
    pile_up,
    temperature,
)

__all__ = [
    "CORE_HEAT_CAPACITY",
    "DENSITY",
    "FUSED_SILICA",
    "SPECIFIC_HEAT",
    "HeatedFilm",
    "Substrate",
    "absorption_length_nm",
    "centre_temperature",
    "cooling_time",
    "core_share",
    "film_heat_capacity",
    "mean_temperature",
    "pile_up",
    "stable_step_ns",
    "temperature",
    "temperature_step",
]
