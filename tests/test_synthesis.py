"""Tests of tptools.synthesis against textbook numbers, limits and round trips."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tptools.material import ALUMINA_DENSITY_G_CM3, DENSITY, molar_mass
from tptools.synthesis import (
    Dispersion,
    Reagent,
    alumina_per_cycle_nm2,
    atoms_per_surface_nm2,
    limiting_yield,
    shell_thickness_nm,
    solids_thickness_nm,
)

positive = st.floats(1e-3, 1e3)


def test_amount_of_a_volume_is_that_of_its_mass():
    """A volume counts by its density, and purity takes its share."""
    acid = Reagent("C18H34O2", 0.9, 0.887)
    assert acid.amount_mmol(volume_mL=2) == pytest.approx(acid.amount_mmol(mass_g=1.774))
    ratio = acid.amount_mmol(mass_g=1, as_pure=False) / acid.amount_mmol(mass_g=1)
    assert ratio == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Reagent("Br2").amount_mmol(), "either mass_g or volume_mL"),
        (lambda: Reagent("Br2", 1, 3.1).amount_mmol(mass_g=1, volume_mL=1), "either"),
        (lambda: Reagent("Br2").amount_mmol(volume_mL=1), "Br2 has no density"),
        (lambda: Reagent("Br2").amount_mmol(mass_g=-1), "mass_g = -1"),
        (lambda: Reagent("Br2", 1, 3.1).amount_mmol(volume_mL=-1), "volume_mL = -1"),
        (lambda: Reagent("Br2", 1.1), "purity = 1.1"),
        (lambda: Reagent("Br2", 1, 0), "density_g_mL = 0"),
        (lambda: Dispersion(0, "nanocrystals"), "concentration_mM = 0"),
        (lambda: Dispersion(1, "moles"), "counted = 'moles'"),
        (lambda: Dispersion.from_mass(-3), "mass_mg_mL = -3"),
        (lambda: limiting_yield(1, -1, 1), "pb_mmol = -1"),
        (lambda: alumina_per_cycle_nm2(-0.1), "growth_nm = -0.1"),
        (lambda: solids_thickness_nm(-1, 30), "mass_mg_mL = -1"),
        (lambda: atoms_per_surface_nm2(Dispersion(1, "nanocrystals"), 0, 1), "volume_mL = 0"),
        (lambda: shell_thickness_nm(Dispersion(1, "nanocrystals"), 1, 1.5, 1), "cycles = 1.5"),
        (lambda: shell_thickness_nm(Dispersion(1, "nanocrystals"), 1, 1, -1), "aluminium_umol"),
    ],
)
def test_impossible_inputs_are_refused(call, message):
    """The error names the value and the rule."""
    with pytest.raises(ValueError, match=message):
        call()


@given(cs=positive, pb=positive, br=positive)
def test_yield_uses_up_exactly_what_limits(cs, pb, br):
    """At the yield one element is used up and no other overdrawn."""
    element, amount = limiting_yield(cs, pb, br)
    left = {"Cs": cs - amount, "Pb": pb - amount, "Br": br - 3 * amount}
    assert left[element] == pytest.approx(0, abs=1e-9)
    assert min(left.values()) > -1e-9


@given(concentration=positive, edge=st.floats(2, 30))
def test_both_ways_of_counting_describe_one_dispersion(concentration, edge):
    """Moles of crystals times units per crystal are moles of units; mass and volume agree."""
    crystals = Dispersion(concentration, "nanocrystals", edge)
    units = Dispersion(concentration * crystals.units_per_nanocrystal, "formula_units", edge)
    for name in ("nanocrystals_uM", "volume_fraction", "mass_mg_mL", "surface_nm2_mL"):
        assert getattr(crystals, name) == pytest.approx(getattr(units, name))
    again = Dispersion.from_mass(units.mass_mg_mL, edge)
    assert again.concentration_mM == pytest.approx(units.concentration_mM)
    assert units.mass_mg_mL == pytest.approx(1e3 * DENSITY.value * units.volume_fraction)


def test_eight_millimolar_of_nanocrystals_do_not_fit():
    """8 mM of 8.3 nm cubes, in numbers per volume: 8e-3 N_A times 572 nm³ in a litre is 2.75."""
    wanted = 8e-3 * 6.02214076e23 * 8.3**3 / 1e24
    assert Dispersion(8, "nanocrystals").volume_fraction == pytest.approx(wanted)
    assert wanted > 1


@given(edge=st.floats(3, 20), volume=positive, cycles=st.integers(0, 50), dose=st.floats(0, 100))
def test_shells_hold_all_aluminium(edge, volume, cycles, dose):
    """Volume of all shells times the density of oxide is the mass of the oxide dosed."""
    one = Dispersion(8, "formula_units", edge)
    shell = shell_thickness_nm(one, volume, cycles, dose)
    shells_cm3 = one.nanocrystals_per_mL * volume * ((edge + 2 * shell) ** 3 - edge**3) * 1e-21
    oxide_g = 1e-6 * cycles * dose / 2 * molar_mass("Al2O3")
    assert shells_cm3 * ALUMINA_DENSITY_G_CM3 == pytest.approx(oxide_g, rel=1e-6, abs=1e-15)


def test_thin_shell_is_a_flat_film():
    """Far from full, the shell is the atoms per nm² over those in a nanometre of oxide."""
    one = Dispersion(8, "formula_units")
    flat = atoms_per_surface_nm2(one, 100, 1.6) / alumina_per_cycle_nm2(1.0)
    assert shell_thickness_nm(one, 100, 1, 1.6) == pytest.approx(flat, rel=2e-3)


def test_drop_leaves_its_mass_over_its_density():
    """3 mg/mL in 30 µL/cm² are 90 µg/cm² of a solid of 4.86 g/cm³."""
    assert solids_thickness_nm(3, 30) == pytest.approx(90e-6 / 4.856 * 1e7, rel=1e-3)
    assert math.isclose(solids_thickness_nm(6, 15), solids_thickness_nm(3, 30))
