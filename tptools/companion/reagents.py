"""The amounts of the zwitterionic synthesis in Supplementary Note 1, recomputed."""

from collections.abc import Mapping
from types import MappingProxyType

from tptools.companion.paper import REPORTED
from tptools.synthesis import Reagent

__all__ = ["REAGENTS", "amounts"]

REAGENTS: Mapping[str, Reagent] = MappingProxyType(
    {
        "caesium carbonate": Reagent("Cs2CO3"),
        "lead acetate trihydrate": Reagent("Pb(C2H3O2)2(H2O)3", 0.9999),
        "oleic acid": Reagent("C18H34O2", 0.90, 0.887),
        "trioctylphosphine": Reagent("C24H51P", 0.97, 0.831),
        "bromine": Reagent("Br2", 0.999, 3.1028),
        "ASC18": Reagent("C23H49NO3S", 0.99),
    }
)
"""Reagents of the second synthesis. Purities as in Note 1; densities of oleic acid and
trioctylphosphine as on their suppliers' labels, that of bromine from the CRC Handbook."""


def amounts() -> dict[str, dict[str, float]]:
    """Recompute every amount, molarity and volume of the zwitterionic synthesis.

    Returns
    -------
    dict
        By claim, then by reading, in the unit of the claim. Masses and volumes are those that Note
        1 prints (lines 426 to 438). "as pure" takes a reagent for pure, "as labelled" multiplies
        with its purity; "as printed" uses the concentration that the paper prints for a stock, and
        "recomputed" the one found here.

    Examples
    --------
    >>> {reading: round(value, 2) for reading, value in amounts()["s1-TOPBr2-M"].items()}
    {'all volumes added': 0.46, 'toluene alone': 0.62}
    """
    caesium = REAGENTS["caesium carbonate"].amount_mmol(mass_g=1.628)
    lead = REAGENTS["lead acetate trihydrate"].amount_mmol(mass_g=4.607)
    bromine = REAGENTS["bromine"].amount_mmol(volume_mL=0.6)
    lead_M, bromine_M = lead / (7.6 + 16.4), bromine / (18.7 + 6 + 0.6)
    return {
        "s1-Cs2CO3": {"as pure": caesium},
        "s1-Cs-OA": _liquid("oleic acid", 5),
        "s1-Cs-M": {"2 Cs per carbonate, volumes added": 2 * caesium / (5 + 20)},
        "s1-Pb": {"as pure": lead},
        "s1-Pb-OA": _liquid("oleic acid", 7.6),
        "s1-Pb-M": {"volumes added": lead_M},
        "s1-TOP": _liquid("trioctylphosphine", 6),
        "s1-Br2": _liquid("bromine", 0.6),
        "s1-TOPBr2-M": {"all volumes added": bromine_M, "toluene alone": bromine / 18.7},
        "s1-Cs-dose": {"as printed": 4 * REPORTED["s1-Cs-M"].value},
        "s1-Pb-dose": {"as printed": 5 * REPORTED["s1-Pb-M"].value, "recomputed": 5 * lead_M},
        "s1-ASC18": {"as pure": REAGENTS["ASC18"].amount_mmol(mass_g=0.215)},
        "s1-Br-dose": {
            "as printed": 2 * 5 * REPORTED["s1-TOPBr2-M"].value,
            "recomputed": 2 * 5 * bromine_M,
        },
        "s1-crude": {"volumes added": 4 + 5 + 5 + 5},
    }


def _liquid(name: str, volume_mL: float) -> dict[str, float]:
    reagent = REAGENTS[name]
    return {
        "as pure": reagent.amount_mmol(volume_mL=volume_mL),
        "as labelled": reagent.amount_mmol(volume_mL=volume_mL, as_pure=False),
    }
