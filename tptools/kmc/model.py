"""What is simulated: the hopping model and the train of laser pulses that drives it."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from typing import Literal, get_args

from tptools.checks import (
    LARGEST,
    check_choice,
    check_flag,
    check_integer,
    check_number,
    check_type,
    make_plain,
)
from tptools.excitation import Excitation
from tptools.material import absorption_cross_section_cm2
from tptools.randomness import OFF_BY_DEFAULT
from tptools.units import CM_PER_NM

HopRule = Literal["chosen_neighbour", "each_neighbour"]
ModifiedBy = Literal["visits", "excitation"]

RELAXATION_TIMES_OF_BURN_IN = 5
SPOT_SIGMAS_ON_LATTICE = 6
NEGLIGIBLE_EXCITATION_PROBABILITY = 1e-15
SITES_TO_NUMBER = 46_339
"""Side of the first lattice whose sites, framed, 32 bits cannot number."""
NUMBERS_OF_SITES = 2**31
TOO_MANY_LAYERS = 10_000


@dataclass(frozen=True)
class ExcitonModel:
    r"""Excitons hopping over nanocrystals that remember (Note 2).

    A site of the lattice, a square one by default, is one nanocrystal, in its ground or in its
    modified configuration. An exciton turns its site modified at once, by default; an unoccupied
    modified site relaxes with time constant `relaxation_time_us`.

    Parameters
    ----------
    hop_rate_ground_per_ps, hop_rate_modified_per_ps : float
        Rate of hops to a neighbour in that configuration, in [0, 1] per ps.
    lifetime_ns : float
        Mean exciton lifetime, at least one step of 1 ps; infinity is allowed where the run is
        told how long to follow a pulse.
    relaxation_time_us : float
        Time constant of the modified configuration.
    lattice_spacing_nm : float
        Distance between neighbouring sites.
    lattice_size : int
        Sites along each side of the lattice.
    hop_rule : {"chosen_neighbour", "each_neighbour"}
        What the rates mean. ``"chosen_neighbour"``: each ps an exciton picks one neighbour and
        hops there with rate times 1 ps as probability (Note 2). ``"each_neighbour"``: they are
        rates to each of the neighbours (main text), four in a plane, which makes hops four times
        as frequent there.
    trap_rate_per_ps : float
        Rate at which a walking exciton is trapped, in [0, 1) per ps. Zero as in Note 2.
    trap_time_minimum_ns, trap_exponent : float
        A trapped exciton stays dark and still for a time t with
        P(t > s) = (trap_time_minimum_ns / s)**trap_exponent, then walks on.
    annihilation_rate_per_ps : float
        Rate at which an attempt towards an occupied neighbour ends the exciton that makes it, in
        [0, 1] per ps, read as the hop rates are. Zero as in Note 2: occupied sites only block.
    modification_probability : float
        Chance that a visit of an exciton modifies the site, its creation there included, each on
        its own. One as in Note 2. Rates are those of the site of arrival: who hops to a modified
        site among others in the ground state leaves it at their rate, so that a few modified sites
        hold excitons back, and only many let them spread.
    modified_by : {"visits", "excitation"}
        What modifies a site. ``"visits"``: every exciton that comes, excited there or by a hop
        (Note 2). ``"excitation"``: the absorption of a photon only, and hops leave no trace. That
        is the main text's alternative, a nanocrystal that its own exciton charges: the
        probability is then that of charging, the relaxation time the life of the charge, and
        excitons hop to charged neighbours at `hop_rate_modified_per_ps`.
    n_layers : int
        Layers of a simple cubic lattice, each as large as the one of Note 2; light comes from the
        first. A site has six neighbours, and five in the outermost layers: no exciton picks one
        outside the film. Excitons, sites and photons are counted over all layers, by their place
        in the plane.
    absorption_cross_section_nm2 : float
        Of one nanocrystal. Each of several layers absorbs this share of the area of a site of the
        light that reaches it (`absorption_per_layer`) and passes on the rest; the laser's
        excitation density is that of the first. So no more photons are absorbed than come.
        Default: `tptools.material.absorption_cross_section_cm2`.
    film : str
        Name of the film, for the record: models that differ in nothing else are equal.

    Raises
    ------
    ValueError
        If a parameter is outside its range; the message names value and rule.

    Examples
    --------
    >>> model = ExcitonModel()
    >>> round(model.free_walk_diffusivity_cm2_s(model.hop_rate_modified_per_ps), 3)
    0.175
    """

    hop_rate_ground_per_ps: float = 0.006
    hop_rate_modified_per_ps: float = 0.7
    lifetime_ns: float = 2.5
    relaxation_time_us: float = 8.1
    lattice_spacing_nm: float = 10.0
    lattice_size: int = 1000
    hop_rule: HopRule = "chosen_neighbour"
    trap_rate_per_ps: float = 0.0
    trap_time_minimum_ns: float = 1.0
    trap_exponent: float = 0.5
    annihilation_rate_per_ps: float = 0.0
    modification_probability: float = field(default=1.0, metadata=OFF_BY_DEFAULT)
    modified_by: ModifiedBy = field(default="visits", metadata=OFF_BY_DEFAULT)
    n_layers: int = field(default=1, metadata=OFF_BY_DEFAULT)
    absorption_cross_section_nm2: float = field(
        default=absorption_cross_section_cm2() / CM_PER_NM**2, metadata=OFF_BY_DEFAULT
    )
    film: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        make_plain(self)
        check_number("hop_rate_ground_per_ps", self.hop_rate_ground_per_ps, at_least=0, at_most=1)
        check_number(
            "hop_rate_modified_per_ps", self.hop_rate_modified_per_ps, at_least=0, at_most=1
        )
        check_number("lifetime_ns", self.lifetime_ns, at_least=1e-3, finite=False, any_size=True)
        check_number("relaxation_time_us", self.relaxation_time_us, above=0, any_size=True)
        check_number("lattice_spacing_nm", self.lattice_spacing_nm, above=0)
        check_integer("lattice_size", self.lattice_size, at_least=3, below=SITES_TO_NUMBER)
        check_choice("hop_rule", self.hop_rule, ("chosen_neighbour", "each_neighbour"))
        check_number("trap_rate_per_ps", self.trap_rate_per_ps, at_least=0, below=1)
        check_number("trap_time_minimum_ns", self.trap_time_minimum_ns, above=0)
        check_number("trap_exponent", self.trap_exponent, above=0)
        check_number(
            "annihilation_rate_per_ps", self.annihilation_rate_per_ps, at_least=0, at_most=1
        )
        check_number(
            "modification_probability", self.modification_probability, at_least=0, at_most=1
        )
        check_choice("modified_by", self.modified_by, get_args(ModifiedBy))
        check_number("absorption_cross_section_nm2", self.absorption_cross_section_nm2, at_least=0)
        _check_layers(self)

    @property
    def n_neighbours(self) -> int:
        """Neighbours of a site with layers, if there are any, above and below it."""
        return 4 if self.n_layers == 1 else 6

    @property
    def absorption_per_layer(self) -> float:
        """Share of the light that a layer absorbs: cross section over area of a site, 1 at most."""
        return min(1.0, self.absorption_cross_section_nm2 / self.lattice_spacing_nm**2)

    @property
    def illuminated_layers(self) -> float:
        """Excitons that a weak pulse makes in all layers over those in the first one."""
        passed = 1 - self.absorption_per_layer
        return float(sum(passed**layer for layer in range(self.n_layers)))

    @property
    def lattice_shape(self) -> tuple[int, int, int]:
        """Rows, columns and layers in memory: with a frame and, of several layers, a wall."""
        framed = self.lattice_size + 2
        return framed, framed, 1 if self.n_layers == 1 else self.n_layers + 1

    @property
    def attempts_per_ps(self) -> int:
        """Hop attempts of an exciton per ps.

        One by Note 2. With a rate to each neighbour, as many as keep the probability of an
        attempt, `n_neighbours` times the rate over this number, at or below one.
        """
        if self.hop_rule == "chosen_neighbour":
            return 1
        fastest = max(
            self.hop_rate_ground_per_ps,
            self.hop_rate_modified_per_ps,
            self.annihilation_rate_per_ps,
        )
        return max(1, math.ceil(self.n_neighbours * fastest))

    def attempt_probability(self, hop_rate_per_ps: float) -> float:
        """Chance that one attempt towards a neighbour at this rate succeeds.

        Parameters
        ----------
        hop_rate_per_ps : float
            That of the neighbour's configuration.

        Returns
        -------
        float
            In [0, 1].

        Raises
        ------
        ValueError
            If the rate is negative.

        Examples
        --------
        >>> ExcitonModel().attempt_probability(0.7)
        0.7
        """
        hop_rate_per_ps = check_number("hop_rate_per_ps", hop_rate_per_ps, at_least=0)
        neighbours = 1 if self.hop_rule == "chosen_neighbour" else self.n_neighbours
        return neighbours * hop_rate_per_ps / self.attempts_per_ps

    def free_walk_diffusivity_cm2_s(self, hop_rate_per_ps: float) -> float:
        r"""Diffusivity of a lone exciton where every site has this hop rate.

        Per-axis variance grows as 2Dt (Eq. 1), so that :math:`D = p l^2 / 4` per ps for one
        chosen neighbour, and :math:`D = k l^2` with a rate to each; on several layers the former
        is less by `slab_diffusivity_ratio`.

        Parameters
        ----------
        hop_rate_per_ps : float
            That of every site.

        Returns
        -------
        float
            D in cm2/s.

        Raises
        ------
        ValueError
            If the rate is negative.

        Examples
        --------
        >>> round(ExcitonModel(hop_rule="each_neighbour").free_walk_diffusivity_cm2_s(0.7), 2)
        0.7
        """
        hops_per_ps = self.attempts_per_ps * self.attempt_probability(hop_rate_per_ps)
        in_plane = 4 / self.n_neighbours
        if self.hop_rule == "chosen_neighbour":
            in_plane = slab_diffusivity_ratio(self.n_layers)
        return in_plane * hops_per_ps * self.lattice_spacing_nm**2 / 4 * 1e-2


def _check_layers(model: ExcitonModel) -> None:
    """Raise ValueError if there is no layer, or if all have more sites than can be numbered."""
    check_integer("n_layers", model.n_layers, at_least=1, below=TOO_MANY_LAYERS)
    sites = math.prod(model.lattice_shape)
    if sites >= NUMBERS_OF_SITES:
        raise ValueError(
            f"n_layers = {model.n_layers} of lattice_size = {model.lattice_size} have {sites:.1e} "
            f"sites and must have fewer than {NUMBERS_OF_SITES:.1e}; lower one of the two"
        )


@dataclass(frozen=True)
class PulseTrain:
    r"""Equal laser pulses at equal intervals on one spot (Note 2).

    Every pulse excites the site at distance r from the centre with probability
    :math:`\alpha \exp(-r^2 / 2 \sigma^2)`, in the first layer if there are several.

    Parameters
    ----------
    excitation_density : float
        Excitation probability at the centre of the spot, alpha, in (0, 1].
    period_us : float
        Time between pulses; infinity gives isolated pulses, each on a relaxed lattice.
    spot_sigma_sites : float
        Standard deviation of the spot in lattice spacings.
    n_pulses : int
        Pulses that are recorded.
    burn_in_pulses : int, optional
        Pulses before the recorded ones. None: as many as fit in five relaxation times, rounded
        up. Zero: the paper's protocol, which starts on a fresh lattice.
    laser : Excitation, optional
        What makes these pulses, for the record: trains that differ in nothing else are equal.
    excitons_stay : bool
        Whether excitons that the next pulse finds, walking or in traps, stay on the lattice. False,
        as in Note 2: each pulse is followed to its end before the next one comes, which is right
        where the period is far longer than any delay. True: they go on after the next pulse (to
        the nearest attempt). Their sites do not relax while they are there, and absorb no second
        photon. A run then still sorts by the time since an exciton's own pulse: what it says at a
        time after a pulse is of that pulse's excitons, and photons of all earlier ones that are
        emitted during the recorded periods stand in ``emission_count`` at their whole delay, which
        the microscope folds into the period. In traps with an exponent of 1 or less their number
        grows without end.
    aside_sites : int
        Column of the spot's centre, counted from that of the lattice: a bright neighbour of the
        spot that is recorded, whose own must be 0 since distances are counted from there.

    Raises
    ------
    ValueError
        If a parameter is outside its range, or the laser has another <N> or period; the message
        names value and rule.

    Examples
    --------
    >>> pulses = PulseTrain(excitation_density=0.08, period_us=0.4)
    >>> pulses.time_between_excitations_us
    5.0
    >>> pulses.burn_in(ExcitonModel())
    102
    """

    excitation_density: float
    period_us: float
    spot_sigma_sites: float = 10.62
    n_pulses: int = 1000
    burn_in_pulses: int | None = None
    laser: Excitation | None = field(default=None, compare=False, repr=False)
    excitons_stay: bool = field(default=False, metadata=OFF_BY_DEFAULT)
    aside_sites: int = field(default=0, metadata=OFF_BY_DEFAULT)

    def __post_init__(self) -> None:
        make_plain(self)
        stay = check_flag("excitons_stay", self.excitons_stay)
        object.__setattr__(self, "excitons_stay", stay)
        check_number("excitation_density", self.excitation_density, above=0, at_most=1)
        check_number("period_us", self.period_us, above=0, finite=False, any_size=True)
        if stay:
            check_number("period_us", self.period_us, at_least=1e-6, finite=False)
        check_number("spot_sigma_sites", self.spot_sigma_sites, above=0)
        check_integer("aside_sites", self.aside_sites, at_least=-round(LARGEST), below=LARGEST)
        check_integer("n_pulses", self.n_pulses, at_least=1, below=LARGEST)
        if self.burn_in_pulses is not None:
            check_integer("burn_in_pulses", self.burn_in_pulses, at_least=0, below=LARGEST)
        if self.laser is not None:
            _check_laser(self, self.laser)

    @property
    def time_between_excitations_us(self) -> float:
        """Mean time between direct excitations of the site at the centre, T = period / alpha."""
        return self.period_us / self.excitation_density

    def burn_in(self, model: ExcitonModel) -> int:
        """Pulses run before the first recorded one.

        Parameters
        ----------
        model : ExcitonModel
            The relaxation time of its memory decides, unless `burn_in_pulses` is given.

        Returns
        -------
        int

        Raises
        ------
        TypeError
            If `model` is of another type.
        """
        check_type("model", model, ExcitonModel)
        if self.burn_in_pulses is not None:
            return self.burn_in_pulses
        n_pulses = RELAXATION_TIMES_OF_BURN_IN * model.relaxation_time_us / self.period_us
        return math.ceil(min(n_pulses, sys.float_info.max))


def _check_laser(pulses: PulseTrain, laser: Excitation) -> None:
    """Raise ValueError if the pulses are not those of the laser that they name."""
    check_type("laser", laser, Excitation)
    for name in ("excitation_density", "period_us"):
        own, wanted = getattr(pulses, name), getattr(laser, name)
        if own != wanted:
            raise ValueError(
                f"{name} = {own} must be the {wanted} of {laser}; use tptools.kmc.pulse_train, or "
                "laser=None"
            )


def check_spot_fits(model: ExcitonModel, pulses: PulseTrain) -> None:
    """Raise ValueError if the lattice does not hold the spot out to six standard deviations."""
    reach = math.ceil(SPOT_SIGMAS_ON_LATTICE * pulses.spot_sigma_sites) + abs(pulses.aside_sites)
    needed = 2 * reach + 1
    if model.lattice_size < needed:
        raise ValueError(
            f"lattice_size = {model.lattice_size} is too small for "
            f"spot_sigma_sites = {pulses.spot_sigma_sites}, aside_sites = {pulses.aside_sites}: "
            "the lattice must hold six standard deviations on each side of the spot's centre; use "
            f"lattice_size >= {needed}"
        )


def slab_diffusivity_ratio(n_layers: int) -> float:
    r"""In-plane diffusivity in a slab of layers over that in one layer, hop probabilities alike.

    An exciton that picks one neighbour at random wastes picks on the layers above and below. On
    :math:`L` layers of a cubic lattice a site has :math:`6 - 2/L` neighbours on average, four of
    them in its plane. A walk visits sites in proportion to their neighbours, so that

    .. math:: D_L / D_1 = \frac{4}{6 - 2/L}.

    With a rate to each neighbour the ratio is one.

    Parameters
    ----------
    n_layers : int
        L, at least 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If `n_layers` is below 1.

    Examples
    --------
    >>> [round(slab_diffusivity_ratio(n), 3) for n in (1, 3, 4)]
    [1.0, 0.75, 0.727]
    """
    n_layers = check_integer("n_layers", n_layers, at_least=1)
    return 4 / (6 - 2 / n_layers)
