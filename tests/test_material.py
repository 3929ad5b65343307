"""Tests of tptools.material: literature, limits, and what follows from what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.material import (
    DENSITY,
    FORMULA_UNIT_NM3,
    HEAT_CAPACITY,
    LIGAND_HEAT_CAPACITY_J_M3K,
    SPECIFIC_HEAT,
    absorption_coefficient_per_cm,
    absorption_cross_section_cm2,
    absorption_length_nm,
    crystal_heat_fraction,
    filling_fraction,
    film_heat_capacity_J_m3K,
    molar_absorptivity_per_cm_M,
    molar_mass,
)

shares = st.floats(0.01, 1)
NO_FORMULAE = [
    "", "cs2", "Xx2", "H2O)", "(H2O", "Cs-Br", "MeOH", "H2O+H2O", "peptide(GG)", "H: 0.11, O: 0.89"
]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("H2O", 18.015),
        ("Cs2CO3", 325.82),
        ("Pb(C2H3O2)2(H2O)3", 379.33),
        ("C18H34O2", 282.46),
        ("C24H51P", 370.64),
        ("Br2", 159.81),
        ("C23H49NO3S", 419.71),
        ("Al(CH3)3", 72.09),
        ("CsPbBr3", 579.82),
    ],
)
def test_molar_masses_are_those_on_bottles(formula, wanted):
    """Against molar masses as suppliers print them, to 0.01 %."""
    assert molar_mass(formula) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("formula", NO_FORMULAE)
def test_what_is_no_formula_is_refused(formula):
    """The error names the formula; abbreviations, shares and sums of formulae are none."""
    with pytest.raises(ValueError, match=r"formula = .* must be elements with numbers"):
        molar_mass(formula)


def test_density_is_mass_over_volume():
    """A mole weighs what its volume holds; the error covers the cell of another group."""
    mole_cm3 = FORMULA_UNIT_NM3 * 1e-21 * 6.02214076e23
    assert DENSITY.value * mole_cm3 == pytest.approx(molar_mass("CsPbBr3"))
    other = molar_mass("CsPbBr3") / (0.8207 * 0.8255 * 1.1759 / 4 * 1e-21 * 6.02214076e23)
    assert DENSITY.value - other == pytest.approx(DENSITY.std_err, rel=0.1)


def test_errors_of_the_heat_capacity_add_in_quadrature():
    """Density and specific heat are independent."""
    assert HEAT_CAPACITY.value == pytest.approx(1e6 * DENSITY.value * SPECIFIC_HEAT.value)
    relative = (one.std_err / one.value for one in (DENSITY, SPECIFIC_HEAT))
    assert HEAT_CAPACITY.std_err / HEAT_CAPACITY.value == pytest.approx(math.hypot(*relative))
    units = [one.unit for one in (DENSITY, SPECIFIC_HEAT, HEAT_CAPACITY)]
    assert units == ["g/cm3", "J/(g K)", "J/(m3 K)"]


@given(edge=st.floats(1, 30))
def test_absorption_is_proportional_to_volume(edge):
    """Cubes absorb by their volume, so that a film's coefficient holds no edge."""
    ratio = edge**3 / 8.3**3
    assert molar_absorptivity_per_cm_M(edge) == pytest.approx(ratio * molar_absorptivity_per_cm_M())
    per_cm = absorption_cross_section_cm2(edge) / (1e-7 * edge) ** 3
    assert per_cm == pytest.approx(absorption_coefficient_per_cm(1.0))


def test_coefficient_is_cross_section_times_number():
    """One nanocrystal in every (10 nm)³."""
    wanted = absorption_cross_section_cm2() / (10e-7) ** 3
    assert absorption_coefficient_per_cm() == pytest.approx(wanted)


@given(phi=shares, relative=st.floats(0.1, 2), gain=st.floats(0.5, 2))
def test_absorption_length_is_the_inverse_of_the_coefficient(phi, relative, gain):
    """Over its length the light falls to 1/e; factors multiply the coefficient."""
    factors = {"relative": relative, "gain": gain}
    found = absorption_coefficient_per_cm(phi, **factors)
    assert 1e-7 * absorption_length_nm(phi, **factors) * found == pytest.approx(1)
    assert found == pytest.approx(relative * gain * absorption_coefficient_per_cm(phi))


def test_cubes_that_touch_fill_space():
    """Without a gap there is nothing between."""
    assert filling_fraction(8, 8) == 1
    assert filling_fraction(5, 10) == 1 / 8


@given(phi=shares)
def test_film_holds_heat_of_crystals_and_ligands(phi):
    """A film is all crystal, all ligand, or between, and the share of the crystals grows."""
    ends = LIGAND_HEAT_CAPACITY_J_M3K, HEAT_CAPACITY.value
    assert film_heat_capacity_J_m3K(0) == ends[0]
    assert film_heat_capacity_J_m3K(1) == ends[1]
    assert min(ends) <= film_heat_capacity_J_m3K(phi) <= max(ends)
    assert crystal_heat_fraction(0) < crystal_heat_fraction(phi / 2) < crystal_heat_fraction(phi)
    assert crystal_heat_fraction(1) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: filling_fraction(-8), "edge_nm = -8"),
        (lambda: filling_fraction(8.3, 8.0), "spacing_nm = 8.0"),
        (lambda: absorption_cross_section_cm2(0), "edge_nm = 0"),
        (lambda: absorption_coefficient_per_cm(1.2), "volume_fraction = 1.2"),
        (lambda: absorption_coefficient_per_cm(0.5, relative=0), "relative = 0"),
        (lambda: absorption_length_nm(0.5, gain=-1), "gain = -1"),
        (lambda: film_heat_capacity_J_m3K(1.1), "volume_fraction = 1.1"),
    ],
)
def test_impossible_inputs_are_refused(call, message):
    """The error names the value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()


def test_specific_heat_is_that_of_five_atoms():
    """A mole of formula units holds 3 R per mole of atoms (Dulong and Petit)."""
    grams = 132.905 + 207.2 + 3 * 79.904
    assert SPECIFIC_HEAT.value == pytest.approx(15 * 8.31446 / grams, rel=1e-4)
    assert [one.method for one in (DENSITY, SPECIFIC_HEAT)] == ["unit cell", "Dulong-Petit"]


def test_errors_of_literature_are_what_their_notes_say():
    """Of the density what another cell gives, of the specific heat five to ten per cent."""
    other = DENSITY.value * 4 * FORMULA_UNIT_NM3 / 0.7967
    assert DENSITY.std_err == pytest.approx(abs(other - DENSITY.value), rel=0.3)
    assert 0.05 < SPECIFIC_HEAT.std_err / SPECIFIC_HEAT.value < 0.1
