"""Excitons hopping over nanocrystals that remember (Supplementary Note 2)."""

from tptools.kmc.film_diffusivity import film_diffusivity
from tptools.kmc.laser import pulse_train
from tptools.kmc.model import ExcitonModel, PulseTrain, slab_diffusivity_ratio
from tptools.kmc.observables import (
    compare_at_equal_time,
    density,
    diffusivities,
    diffusivity,
    mean_square_displacement,
)
from tptools.kmc.records import Recording
from tptools.kmc.simulate import LatticeEdgeError, simulate, snapshot
from tptools.kmc.sweep import SweepInterrupted, sweep

__all__ = [
    "ExcitonModel",
    "LatticeEdgeError",
    "PulseTrain",
    "Recording",
    "SweepInterrupted",
    "compare_at_equal_time",
    "density",
    "diffusivities",
    "diffusivity",
    "film_diffusivity",
    "mean_square_displacement",
    "pulse_train",
    "simulate",
    "slab_diffusivity_ratio",
    "snapshot",
    "sweep",
]
