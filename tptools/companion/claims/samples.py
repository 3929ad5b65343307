"""The films, and how they are made and measured: Notes 1 and 4, and the main text."""

import math
from functools import partial

import numpy as np

from tptools import absorption, fitting, material, synthesis
from tptools.companion import reagents
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.verdict import Bounds
from tptools.companion.paper import REPORTED, Reported
from tptools.estimate import Estimate
from tptools.film import FILMS
from tptools.instruments import (
    ElectronMicroscope,
    ForceMicroscope,
    IntegratingSphere,
    Nanocrystals,
    Topography,
)
from tptools.randomness import derive_seed

# what two claims print beside their number
DROP = Reported("s1-film-ETH", "drop for spin-coating", "30", "uL/cm2", "Note 1, L445-451")
TMA_VOLUME = Reported("s1-cALD-TMA", "volume of TMA for a cycle", "1", "mL", "Note 1, L376")

# absorption at the first exciton over that at 400 nm, where Note 6 has the cross section: assumed
EXCITON_RATIO, EXCITON_RATIOS = 0.3, (0.2, 0.4)


def amount(claim_id: str) -> dict[str, float]:
    """Compute an amount of the recipes in Note 1 from masses and volumes."""
    return reagents.amounts()[claim_id]


for _id in reagents.amounts():
    claim(_id)(partial(amount, _id))


def _coefficient_per_cm(ratio: float) -> float:
    return material.absorption_coefficient_per_cm(relative=ratio)


@claim("s1-OD")
def optical_densities() -> dict[str, float]:
    """Take the thinnest film with the weakest assumed exciton, and the thickest with the strongest.

    Thickness as in the main text, cross section of Note 6, spacing of Note 2.
    """
    thickness = REPORTED["main-thickness"]
    ends = zip((thickness.value, thickness.upper), EXCITON_RATIOS, strict=True)
    return {
        f"{nm:g} nm, ratio {ratio:g}": absorption.optical_density(nm, _coefficient_per_cm(ratio))
        for nm, ratio in ends
    }


@claim("main-thickness", "s4-thickness", readings_of="model")
def thicknesses() -> dict[str, float]:
    """Find the films that have the optical densities of Note 1: both ends, geometric middle.

    By the cross section of Note 6, the spacing of Note 2, and an exciton that absorbs 0.3 times as
    well as 400 nm (assumed). The ends differ by a factor of seven whatever is assumed, where the
    printed thicknesses differ by a third; the middle film has 57 nm for 0.2 and 29 nm for 0.4.
    """
    density = REPORTED["s1-OD"]
    middle = math.sqrt(density.value * density.upper)
    return {
        f"density {one:.2g}": absorption.thickness_for_nm(one, _coefficient_per_cm(EXCITON_RATIO))
        for one in (density.value, middle, density.upper)
    }


@claim("s1-cALD-conc", expects=Bounds("share of the flask that is nanocrystal", high=1))
def share_of_the_flask() -> dict[str, float]:
    """Add up the volumes of all nanocrystals in a litre, for two meanings of a mole."""
    most = REPORTED["s1-cALD-conc"].value
    return {
        "moles of nanocrystals": synthesis.Dispersion(most, "nanocrystals").volume_fraction,
        "moles of CsPbBr3": synthesis.Dispersion(most, "formula_units").volume_fraction,
    }


@claim(
    "s1-film-ETH",
    expects=Bounds("thickest film of a drop", low=REPORTED["main-thickness"].upper, unit="nm"),
)
def thickest_film_of_a_drop() -> float:
    """Let nothing be spun off a drop, and fill the film as Note 2's lattice is filled.

    A drop has to hold at least the film that is left of it.
    """
    solid = synthesis.solids_thickness_nm(REPORTED["s1-film-ETH"].value, DROP.value)
    return solid / material.filling_fraction()


@claim("s1-AFM", expects=Bounds("thickness found less that put in", low=-5, high=5, unit="nm"))
def error_of_the_step() -> Estimate:
    """Scratch a simulated film, map it, and fit the step.

    The interval is half the range of thicknesses that the paper reads from such a map.
    """
    film = Topography()
    found = fitting.fit_step(ForceMicroscope().measure(film, seed=1).height_nm).thickness
    return found - film.thickness_nm


@claim("s1-TEM-EPFL", expects=Bounds("error of the mean edge", high=0.1, unit="nm"))
def error_of_the_mean_edge() -> Estimate:
    """Find the spread of edges in a simulated micrograph, over the root of the particles sized.

    The bound is one unit of the last digit that is printed of the edge. The spread is a tenth of
    the edge, which is assumed; 17 % would be too much.
    """
    image = ElectronMicroscope().measure(Nanocrystals(), seed=1)
    spread = fitting.mean_size(fitting.find_particles(image.counts)).spread
    root = math.sqrt(REPORTED["s1-TEM-EPFL"].value)
    return spread / root


@claim("s1-QY-eq", expects=Bounds("yield found less that put in", low=-0.005, high=0.005))
def error_of_the_yield() -> Estimate:
    """Measure a film in a simulated sphere, with a steady lamp and no light lost.

    The interval is half a unit of the last digit of the printed yield. Where the film absorbs half
    of its own light again, the formula is 0.16 too low.
    """
    film = FILMS["OLA/OA"].optics
    found = fitting.quantum_yield(IntegratingSphere(lamp_drift=0).measure(film, seed=1))
    return found - film.quantum_yield


@claim("s1-QY-avg", expects=Bounds("scatter of the mean of three, of one", low=0.5, high=0.67))
def gain_by_averaging() -> Estimate:
    """Measure the yield many times, once and as the mean of three, with a lamp that drifts.

    The errors of the three are independent if the ratio is one over the root of three, 0.58.
    """
    film, n = FILMS["OLA/OA"].optics, 1000

    def scatter(n_repeats: int) -> float:
        """Standard deviation of yields that are means of some repeats."""
        sphere = IntegratingSphere(n_repeats=n_repeats)
        records = (sphere.measure(film, seed=derive_seed(1, n_repeats, k)) for k in range(n))
        return float(np.std([fitting.quantum_yield(one).value for one in records]))

    ratio = scatter(3) / scatter(1)
    return Estimate(ratio, ratio / math.sqrt(n), "", f"{n} measurements")
