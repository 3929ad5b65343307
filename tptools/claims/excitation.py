"""From laser power to excitations per nanocrystal: Note 6, Tables S1 and S2, and the main text."""

from functools import partial

from tptools.claims.ledger import claim
from tptools.excitation import Excitation
from tptools.paper import CLAIMS

# what the cells of a table row are called in the ids of its claims
_COLUMNS = {
    "Pact": "surface_power_nW",
    "I": "intensity_W_cm2",
    "F": "fluence_uJ_cm2",
    "N": "excitation_density",
}
_RATE_MHZ = {"tabS1": 2.5, "tabS2": 5.0}


def table_cell(claim_id: str) -> float:
    """Compute a cell of Table S1 or S2, named such as ``tabS1-0.5nW-Pact``."""
    table, power, column = claim_id.split("-")
    condition = Excitation(float(power.removesuffix("nW")), _RATE_MHZ[table])
    return getattr(condition, _COLUMNS[column])


for _id, _claim in CLAIMS.items():
    if _claim.kind == "table cell":
        claim(_id)(partial(table_cell, _id))


@claim("s6-Psurf")
def power_at_the_sample() -> float:
    """Take the throughput of 37.4 % off a nominal nanowatt."""
    return Excitation(1, 2.5).surface_power_nW


@claim("s6-I")
def intensity() -> float:
    """Spread that power over a disc as wide as the spot."""
    return Excitation(1, 2.5).intensity_W_cm2


@claim("s6-F", "s6-photons")
def fluence() -> float:
    """Share the intensity among the pulses of a second."""
    return Excitation(1, 2.5).fluence_uJ_cm2


@claim("s6-eps")
def molar_absorptivity() -> float:
    """Multiply the absorptivity per volume with the volume of the nanocrystal."""
    return Excitation(1, 2.5).molar_absorptivity_cm_M


@claim("s6-sigma-abs")
def absorption_cross_section() -> float:
    """Turn the decadic molar absorptivity into an area."""
    return Excitation(1, 2.5).absorption_cross_section_cm2


@claim("s6-Nav", "s6-table-N-per-nW")
def excitation_density_per_nW() -> float:
    """Multiply the photons per area with the cross section."""
    return Excitation(1, 2.5).excitation_density


@claim("main-N-low")
def excitation_density_at_lowest_power() -> float:
    """Follow the chain at 0.5 nW, the lowest power of Fig. 1c."""
    return Excitation(0.5, 2.5).excitation_density


@claim("main-N-high")
def excitation_density_at_highest_power() -> float:
    """Follow the chain at 20 nW, the highest power of Fig. 1c."""
    return Excitation(20, 2.5).excitation_density


@claim("main-1e-fluence")
def fluence_of_the_map() -> float:
    """Follow the chain to the fluence of Fig. 1e."""
    return Excitation(10, 2.5).fluence_uJ_cm2


@claim("main-1e-N")
def excitation_density_of_the_map() -> float:
    """Follow the chain to the excitation density of Fig. 1e."""
    return Excitation(10, 2.5).excitation_density
