"""Which films read the numbers that a paper prints: one film by calibration, or all by a search.

A search takes a `Prior` over films, simulates a designed sample of them (`measure_films`), learns a
smooth stand-in (`Emulator`), and draws from the `posterior` that each `Observation` leaves.
"""

from tptools.inference.calibration import (
    CONTROLS,
    Calibration,
    calibrate,
    curve_numbers,
    measure_curve,
)
from tptools.inference.curves import relaxation_numbers
from tptools.inference.emulator import Emulator
from tptools.inference.experiment import Shot, run_shots
from tptools.inference.forward import READINGS, conditions, measure_films
from tptools.inference.information import (
    expected_information,
    photon_error_cm2_s,
    photons_needed,
)
from tptools.inference.observations import Observation
from tptools.inference.posterior import effective_size, posterior
from tptools.inference.priors import Choice, LogUniform, Prior, Uniform
from tptools.inference.recovery import likelihood_of, rank_statistics, reprinted, share_below

__all__ = [
    "CONTROLS",
    "READINGS",
    "Calibration",
    "Choice",
    "Emulator",
    "LogUniform",
    "Observation",
    "Prior",
    "Shot",
    "Uniform",
    "calibrate",
    "conditions",
    "curve_numbers",
    "effective_size",
    "expected_information",
    "likelihood_of",
    "measure_curve",
    "measure_films",
    "photon_error_cm2_s",
    "photons_needed",
    "posterior",
    "rank_statistics",
    "relaxation_numbers",
    "reprinted",
    "run_shots",
    "share_below",
]
