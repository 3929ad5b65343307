"""Forward models: what each instrument would have recorded of a simulated sample."""

from tptools.instruments.microscope import Microscope, expected, measure, simulation_noise_ratio

__all__ = ["Microscope", "expected", "measure", "simulation_noise_ratio"]
