"""From laser power to excitations per nanocrystal: Note 6, Tables S1 and S2, and the main text.

All goes by the paper's own convention, in which a disc holds the power.
"""

import math
from functools import partial

import numpy as np
import xarray as xr

from tptools import absorption, material
from tptools.companion import datasets
from tptools.companion.claims.ledger import claim
from tptools.companion.claims.verdict import Bounds
from tptools.companion.paper import CLAIMS, REPORTED
from tptools.excitation import Excitation, tabulate
from tptools.film import FILMS

# what the cells of a table row are called in the ids of its claims
_COLUMNS = {
    "Pact": "surface_power_nW",
    "I": "intensity_W_cm2",
    "F": "fluence_uJ_cm2",
    "N": "excitation_density",
}
_disc = partial(Excitation, convention="paper")
_tabulate = partial(tabulate, convention="paper")
_RATE_MHZ = {"tabS1": 2.5, "tabS2": 5.0}


def _printed(table: str) -> xr.Dataset:
    """Rows of Table S1 or S2, as printed."""
    both = datasets.load("printed_tables")
    return both.isel(row=(both.table == table).to_numpy())


def table_cell(claim_id: str) -> float:
    """Compute a cell of Table S1 or S2, named such as ``tabS1-0.5nW-Pact``."""
    table, power, column = claim_id.split("-")
    condition = _disc(float(power.removesuffix("nW")), _RATE_MHZ[table])
    return getattr(condition, _COLUMNS[column])


for _id, _claim in CLAIMS.items():
    if _claim.kind == "table cell":
        claim(_id)(partial(table_cell, _id))


@claim("s6-Psurf")
def power_at_the_sample() -> float:
    """Take the throughput of 37.4 % off a nominal nanowatt."""
    return _disc(1, 2.5).surface_power_nW


@claim("s6-I")
def intensity() -> float:
    """Spread that power over a disc as wide as the spot."""
    return _disc(1, 2.5).intensity_W_cm2


@claim("s6-F", "s6-photons")
def fluence() -> float:
    """Share the intensity among the pulses of a second."""
    return _disc(1, 2.5).fluence_uJ_cm2


@claim("s6-eps")
def molar_absorptivity() -> float:
    """Multiply the absorptivity per volume with the volume of the nanocrystal."""
    return material.molar_absorptivity_per_cm_M()


@claim("s6-sigma-abs")
def absorption_cross_section() -> float:
    """Turn the decadic molar absorptivity into an area."""
    return material.absorption_cross_section_cm2()


@claim("s6-Nav", "s6-table-N-per-nW")
def excitation_density_per_nW() -> float:
    """Multiply the photons per area with the cross section."""
    return _disc(1, 2.5).excitation_density


@claim("main-N-low")
def excitation_density_at_lowest_power() -> float:
    """Follow the chain at 0.5 nW, the lowest power of Fig. 1c."""
    return _disc(0.5, 2.5).excitation_density


@claim("main-N-high")
def excitation_density_at_highest_power() -> float:
    """Follow the chain at 20 nW, the highest power of Fig. 1c."""
    return _disc(20, 2.5).excitation_density


@claim("main-1e-fluence")
def fluence_of_the_map() -> float:
    """Follow the chain to the fluence of Fig. 1e."""
    return _disc(10, 2.5).fluence_uJ_cm2


@claim("main-1e-N")
def excitation_density_of_the_map() -> float:
    """Follow the chain to the excitation density of Fig. 1e."""
    return _disc(10, 2.5).excitation_density


@claim("main-lambda-exc")
def wavelength() -> float:
    """Find the wavelength whose photons make Note 6's <N> out of its power."""
    per_nm = _disc(1, 2.5, wavelength_nm=1).excitation_density
    return REPORTED["s6-Nav"].value / per_nm


@claim("main-NC-size")
def edge() -> float:
    """Find the edge of the cube that has the molar absorptivity of Note 6."""
    per_nm3 = material.molar_absorptivity_per_cm_M(1)
    return math.cbrt(REPORTED["s6-eps"].value / per_nm3)


@claim("main-1c-power")
def powers_of_the_spectra() -> dict[str, float]:
    """Find the powers that give the two <N> of the main text."""
    per_nW = _disc(1, REPORTED["main-1c-frep"].value).excitation_density
    ends = {"lower <N>": "main-N-low", "higher <N>": "main-N-high"}
    return {end: REPORTED[one].value / per_nW for end, one in ends.items()}


@claim("main-1c-frep")
def rate_of_the_spectra() -> float:
    """Divide intensity by fluence in Table S1, and take the median of the rows."""
    return float(_printed("S1").pipe(lambda t: t.intensity_W_cm2 / t.fluence_uJ_cm2).median())


@claim("main-N-below-1", expects=Bounds("largest <N>", high=1))
def largest_excitation_density() -> float:
    """Follow the chain for all rows of Tables S1 and S2."""
    return max(
        float(_tabulate(rows.power_nW, rows.rep_rate_MHz).excitation_density.max())
        for rows in map(_printed, ("S1", "S2"))
    )


@claim("s6-spot")
def spot() -> float:
    """Find the disc on which the powers of Table S1 have its intensities."""
    rows = _printed("S1")
    on_1_nm = _tabulate(rows.surface_power_nW, 2.5, throughput=1, spot_fwhm_nm=1).intensity_W_cm2
    return float(np.sqrt(on_1_nm / rows.intensity_W_cm2).median())


@claim("s6-throughput")
def throughput() -> float:
    """Divide the powers at the sample of Table S1 by the nominal ones."""
    rows = _printed("S1")
    return float(100 * (rows.surface_power_nW / rows.power_nW).median())


@claim("s6-nominal", expects=Bounds("share of the power", low=0.36, high=0.39))
def share_of_the_nominal_power() -> float:
    """Divide the fluence that the main text prints for Fig. 1e by that of all the nominal power.

    It would be 1 if fluences were nominal. The interval is the 37.4 % of Note 6 or its rounding to
    37 %, with the two digits of the fluence.
    """
    return REPORTED["main-1e-fluence"].value / _disc(10, 2.5, throughput=1).fluence_uJ_cm2


@claim("s6-400vs405", expects=Bounds("ratio of absorption", low=0.9, high=1.1))
def absorption_at_405_nm() -> float:
    """Compare the two wavelengths on the book's spectrum in toluene, an Elliott line from 2.4 eV.

    The paper gives no error. A tenth is what <N> is uncertain by on account of what Note 6 leaves
    out, the field and the depth of a film.
    """
    toluene = FILMS["OLA/OA in toluene"].optics
    at_400, at_405 = (toluene.absorbance(one) - toluene.baseline(one) for one in (400, 405))
    return float(at_405 / at_400)


@claim("s6-beer", expects=Bounds("relative <N>", low=0.95, high=1.05))
def mean_over_the_depth() -> dict[str, float]:
    """Let the light fade through a film, and the neighbours of a nanocrystal add to its field.

    The interval is what two printed digits leave open. Fading alone takes 8 to 10 %; with an index
    of 1.8 instead of the assumed 2.0 the field makes up for less, and 7 % are missing at 40 nm.
    """
    gain = absorption.local_field_gain(material.filling_fraction())
    coefficient = material.absorption_coefficient_per_cm(gain=gain)
    ends = REPORTED["main-thickness"].value, REPORTED["main-thickness"].upper
    densities = {nm: absorption.optical_density(nm, coefficient) for nm in ends}
    return {
        f"{nm:g} nm": gain * absorption.mean_relative_intensity(density)
        for nm, density in densities.items()
    }
