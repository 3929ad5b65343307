"""Diffusivity of a film under a laser, in one call."""

from __future__ import annotations

from tptools.checks import check_number, check_type
from tptools.estimate import Estimate
from tptools.excitation import Excitation
from tptools.kmc.laser import pulse_train
from tptools.kmc.model import ExcitonModel, PulseTrain
from tptools.kmc.observables import diffusivity
from tptools.kmc.records import Recording
from tptools.kmc.simulate import simulate
from tptools.randomness import derive_seed

__all__ = ["film_diffusivity"]


def film_diffusivity(
    model: ExcitonModel,
    light: Excitation | PulseTrain,
    *,
    seed: int,
    n_excitons: float = 10_000,
    n_trains: int = 4,
    time_ns: float = 1.0,
) -> Estimate:
    """Simulate a film under a laser and read the diffusivity of its excitons, as no microscope can.

    Parameters
    ----------
    model : ExcitonModel
        The film.
    light : Excitation or PulseTrain
        Laser, or its pulses.
    seed : int
        Each film and each laser draws from a stream of its own.
    n_excitons : float, optional
        Excitons in a train of pulses, about; a `PulseTrain` has its own number.
    n_trains : int, optional
        Independent trains, from which the error comes.
    time_ns : float, optional
        Time after the pulse at which the second moment is read.

    Returns
    -------
    Estimate
        In cm2/s, as of `tptools.kmc.diffusivity`.

    Raises
    ------
    ValueError
        As for `tptools.kmc.pulse_train` and `tptools.kmc.simulate`.

    Examples
    --------
    >>> film = ExcitonModel(relaxation_time_us=1)
    >>> D = film_diffusivity(film, Excitation(25, 40), seed=1, n_excitons=300)
    >>> 0.01 < D.value < 0.2
    True
    """
    check_type("model", model, ExcitonModel)
    check_type("light", light, Excitation, PulseTrain)
    time_ns = check_number("time_ns", time_ns, above=0)
    n_excitons = check_number("n_excitons", n_excitons, above=0)
    if isinstance(light, PulseTrain):
        pulses = light
    else:
        in_first_layer = n_excitons / model.illuminated_layers
        spacing_nm = model.lattice_spacing_nm
        pulses = pulse_train(light, n_excitons=in_first_layer, lattice_spacing_nm=spacing_nm)
    recording = Recording(until_ns=time_ns)
    stream = derive_seed(seed, "film diffusivity", model, pulses)
    run = simulate(model, pulses, seed=stream, n_trains=n_trains, recording=recording)
    return diffusivity(run, time_ns)
