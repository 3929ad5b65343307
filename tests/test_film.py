"""Tests of tptools.film and tptools.film_file."""

import math
import pickle
import re
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tptools.film import FILMS, PARAMETERS, Film, Lattice, Solid, load
from tptools.film_file import Origin, unit_of
from tptools.hopping_law import HoppingLaw, dipole_hop_factor
from tptools.kinetics import annihilation_yield, saturation_yield
from tptools.kmc import ExcitonModel
from tptools.material import INDEX_ALUMINA, INDEX_LIGAND
from tptools.spectra import HC_EV_NM, absorption_shape, confined_emission_eV

BARE, TOLUENE = FILMS["OLA/OA"], FILMS["OLA/OA in toluene"]
SOLID = {name: film for name, film in FILMS.items() if film.solid}
COATED = [name for name in SOLID if "ALD" in name]
HOPS = ("hop_rate_ground_per_ps", "hop_rate_modified_per_ps")
MINE = """\
["mine"]
title = "OLA/OA with another memory"
based_on = "OLA/OA"

["mine".hopping]
relaxation_time_us = { value = 2.0, unit = "us", origin = "assumed", reason = "to try" }
"""


@pytest.fixture
def written(tmp_path):
    """Write a file of films and give its path."""

    def write(text):
        path = tmp_path / "mine.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize("film", FILMS.values(), ids=FILMS)
def test_every_number_says_where_it_is_from(film):
    """It has a reason, an origin of the four, and the unit that its name says."""
    assert film.origins
    for key, origin in film.origins.items():
        assert origin.reason.strip(), key
        assert origin.unit == unit_of(key), key
        assert origin.origin in ("reported", "calibrated", "literature", "assumed"), key


def test_nothing_is_left_out():
    """A film has every number of its parts, and a solution those of its optics."""
    models = {f"hopping.{one.name}" for one in fields(ExcitonModel)}
    assert models - set(PARAMETERS) == {"hopping.lattice_size", "hopping.film"}
    for film in FILMS.values():
        own = PARAMETERS if film.solid else ("edge_nm", *TOLUENE.numbers())
        assert set(film.numbers()) == set(film.origins) == set(own)


@pytest.mark.parametrize("name", FILMS)
def test_table_says_what_the_film_holds(name):
    """One row per number, with its digits, unit, origin and reason."""
    film = FILMS[name]
    table, numbers = film.table(), film.numbers()
    assert list(table.index) == list(numbers)
    for key, row in table.iterrows():
        digits, _, unit = row["value"].partition(" ")
        if isinstance(numbers[key], float):
            assert float(digits) == pytest.approx(numbers[key], rel=1e-3)
        own = film.origins[key]
        assert (unit, row["origin"], row["reason"]) == (own.unit, own.origin, own.reason)


def test_films_go_by_their_names_and_stay():
    """Films, models and colours carry the name; nobody can change the mapping or a film."""
    for name, film in FILMS.items():
        assert film.name == film.optics.film == name
    assert all(film.hopping.film == name for name, film in SOLID.items())
    with pytest.raises(TypeError):
        FILMS["OLA/OA"] = FILMS["Note 2"]
    with pytest.raises(TypeError):
        BARE.origins["edge_nm"] = Origin("nm", "assumed", "no")
    with pytest.raises(KeyError, match=r"no film 'c-ALD 5'; there are .*c-ALD 4"):
        FILMS["c-ALD 5"]


@pytest.mark.parametrize("name", FILMS)
def test_films_can_be_sent_to_another_process(name):
    """Pickled and back, a film and its origins are the same."""
    again = pickle.loads(pickle.dumps(FILMS[name]))
    assert again == FILMS[name]
    assert again.origins == FILMS[name].origins


def test_nothing_hops_in_a_solution():
    """What needs a lattice refuses one by name."""
    for part in ("lattice", "hopping", "heat"):
        with pytest.raises(ValueError, match="'OLA/OA in toluene' is a solution"):
            getattr(TOLUENE, part)


def test_note_2_is_the_reference():
    """It is the model's defaults, but for the traps that Note 2 leaves out."""
    traps = ("trap_rate_per_ps", "trap_time_minimum_ns", "trap_exponent", "lifetime_ns")
    changed = {name: getattr(ExcitonModel(), name) for name in traps}
    assert replace(FILMS["Note 2"].hopping, **changed) == ExcitonModel()


# Rules: what follows from other numbers.


@pytest.mark.parametrize("name", COATED)
def test_alumina_slows_as_between_dipoles(name):
    """Both hop rates fall by one factor, that of dipoles in alumina at the film's spacing."""
    film, bare = FILMS[name].hopping, BARE.hopping
    factors = [getattr(film, hop) / getattr(bare, hop) for hop in HOPS]
    stretch = (bare.lattice_spacing_nm / film.lattice_spacing_nm) ** 6
    expected = stretch * (INDEX_LIGAND / INDEX_ALUMINA) ** 4
    assert factors == pytest.approx([expected, expected])
    assert expected < 0.8
    assert film.relaxation_time_us > bare.relaxation_time_us
    # a longer step does not make up for the rarer ones
    assert factors[0] * (film.lattice_spacing_nm / bare.lattice_spacing_nm) ** 2 < 1


def test_thicker_shells_are_slower():
    """Every cycle of colloidal ALD moves nanocrystals apart; a coat on the film does not."""
    films = [FILMS[name].hopping for name in ("OLA/OA", "c-ALD 4", "c-ALD 8", "c-ALD 12")]
    spacings = [film.lattice_spacing_nm for film in films]
    assert spacings == pytest.approx([10.0, 10.8, 11.6, 12.4])
    assert (np.diff([film.hop_rate_modified_per_ps for film in films]) < 0).all()
    assert FILMS["film ALD"].hopping.lattice_spacing_nm == spacings[0]


def test_ligands_change_both_hops_alike():
    """The zwitterionic film is a little slower, and its memory the same."""
    film, bare = FILMS["ASC18"].hopping, BARE.hopping
    assert [getattr(film, hop) / getattr(bare, hop) for hop in HOPS] == pytest.approx([0.9, 0.9])
    assert film.relaxation_time_us == bare.relaxation_time_us


lattices = st.builds(
    Lattice,
    ligand_spacing_nm=st.floats(9, 12),
    medium=st.sampled_from(["ligands", "alumina"]),
    ligand_hop_factor=st.floats(0.1, 2),
    shell_cycles=st.integers(0, 20),
    shell_growth_nm=st.floats(0, 0.2),
)


@given(one=lattices, other=lattices)
def test_hop_factors_cancel_there_and_back(one, other):
    """From one lattice to another and back is 1; without ligands it is the law of dipoles."""
    assert one.hop_factor(other) * other.hop_factor(one) == pytest.approx(1)
    alike = replace(one, ligand_hop_factor=other.ligand_hop_factor)
    assert alike.hop_factor(other) == pytest.approx(
        dipole_hop_factor(
            one.spacing_nm,
            one.refractive_index,
            reference_spacing_nm=other.spacing_nm,
            reference_index=other.refractive_index,
        )
    )


@pytest.mark.parametrize("name", FILMS)
def test_colour_is_that_of_the_edge_and_a_shift(name):
    """Emission in solution from the edge, the shift above it, and the exciton above that."""
    optics = FILMS[name].optics
    shift_eV = optics.emission_eV - confined_emission_eV(FILMS[name].edge_nm)
    assert shift_eV == pytest.approx(1e-3 * optics.emission_shift_meV)
    assert optics.exciton_eV - optics.emission_eV == pytest.approx(1e-3 * optics.stokes_shift_meV)
    wanted = optics.exciton_absorbance + optics.baseline(optics.exciton_nm)
    assert optics.absorbance(optics.exciton_nm) == pytest.approx(wanted)
    assert optics.baseline(1000) / optics.baseline(500) == pytest.approx(
        2.0**-optics.baseline_exponent
    )


def test_spectra_of_a_film_are_as_wide_as_its_numbers():
    """Half the photons per eV half a width from the centre; all absorption has its own scale."""
    optics = BARE.optics
    assert optics.baseline(500) == pytest.approx(optics.baseline_absorbance)
    half_eV = 0.5e-3 * optics.emission_fwhm_meV
    at_nm = HC_EV_NM / (optics.emission_eV + np.array([-half_eV, 0, half_eV]))
    per_eV = optics.emission(at_nm) * at_nm**2
    np.testing.assert_allclose(per_eV / per_eV[1], [0.5, 1, 0.5])
    numbers = optics.exciton_fwhm_meV, optics.binding_meV, 1e3 * optics.continuum_rise_per_eV
    energy = np.linspace(2.2, 3.5, 20)
    shape = absorption_shape(energy, optics.exciton_eV, *(1e-3 * one for one in numbers))
    found = optics.absorbance(HC_EV_NM / energy) - optics.baseline(HC_EV_NM / energy)
    np.testing.assert_allclose(found, optics.exciton_absorbance * shape)


def test_what_is_known_of_one_film_is_assumed_for_another():
    """Reported or calibrated; what comes from other works, or was chosen, stays so."""
    for origin, heir in (("reported", "assumed"), ("calibrated", "assumed"),
                         ("literature", "literature"), ("assumed", "assumed")):  # fmt: skip
        own = Origin("nm", origin, "page 3").inherited("A")
        assert own == Origin("nm", heir, "as A: page 3")


def test_where_numbers_are_from_is_no_part_of_a_film():
    """Films of the same numbers are one, and their text stays short."""
    other = replace(BARE, origins=dict.fromkeys(BARE.origins, Origin("nm", "assumed", "no")))
    assert other == BARE
    assert "Origin(" not in repr(BARE)
    assert "Solid(" not in repr(BARE)
    assert replace(BARE.optics, film="another") == BARE.optics


def test_relative_yield_joins_what_is_switched_on():
    """Off by default; each switch multiplies its own yield."""
    assert BARE.optics.relative_yield(0.16) == 1
    both = replace(BARE.optics, saturates=True, annihilation_partners=5.0)
    wanted = saturation_yield(0.16) * annihilation_yield(0.16, 5.0)
    assert both.relative_yield(0.16) == pytest.approx(wanted)


@pytest.mark.parametrize("name", SOLID)
@given(temperature_K=st.floats(60, 330))
def test_temperature_scales_both_hops_alike(name, temperature_K):
    """Their ratio stays; the relaxation time follows its own factor; nothing else changes."""
    law = HoppingLaw(relaxation_activation_meV=20)
    room, cold = FILMS[name].hopping, FILMS[name].at_temperature(temperature_K, law)
    for hop in HOPS:
        factor = getattr(cold, hop) / getattr(room, hop)
        assert factor == pytest.approx(float(law.factor(temperature_K)))
    ratio = cold.relaxation_time_us / room.relaxation_time_us
    assert ratio == pytest.approx(law.relaxation_factor(temperature_K))
    back = {one: getattr(room, one) for one in (*HOPS, "relaxation_time_us")}
    assert replace(cold, **back) == room


PARTS = [BARE, BARE.optics, BARE.solid.lattice, BARE.solid.heat]
NUMBERS_OF_PARTS = [
    pytest.param(part, one.name, id=f"{type(part).__name__}, {one.name}")
    for part in PARTS
    for one in fields(part)
    if isinstance(getattr(part, one.name), float | int)
    and not isinstance(getattr(part, one.name), bool)
]


@pytest.mark.parametrize(("part", "name"), NUMBERS_OF_PARTS)
def test_impossible_numbers_of_a_film_are_refused(part, name):
    """Every number of every part is finite, and positive but for a shift, or the error names it."""
    impossible = [math.nan, math.inf, "1", True] + [-1] * (name != "emission_shift_meV")
    for value in impossible:
        with pytest.raises(ValueError, match=f"^{name} = {value!r}"):
            replace(part, **{name: value})


def test_gaps_hold_what_has_an_index():
    """Ligands or alumina, and nothing else."""
    with pytest.raises(ValueError, match=r"^medium = 'air' must be .*ligands.*alumina"):
        replace(BARE.solid.lattice, medium="air")


def test_optics_of_a_film_are_attributes():
    """A record holds every number of the optics by its name, and what follows from two of them."""
    kept = BARE.optics.settings()
    assert kept["emission_eV"] == BARE.optics.emission_eV
    assert kept["saturates"] == 0
    assert kept.items() >= {(k, v) for k, v in vars(BARE.optics).items() if k != "saturates"}


def test_a_probability_cannot_grow_beyond_one():
    """Where cooling would make it, the model refuses; no film is colder than 0 K."""
    law = HoppingLaw(disorder_meV=0, phonon_broadening_meV=100)
    with pytest.raises(ValueError, match=r"hop_rate_modified_per_ps = .* at most 1"):
        FILMS["Note 2"].at_temperature(50.0, law)
    with pytest.raises(ValueError, match="temperature_K = 0"):
        BARE.at_temperature(0.0)


# Files of one's own.


def test_what_a_film_leaves_out_is_as_in_its_base(written):
    """One number is its own; the others are those of OLA/OA, and only assumed where calibrated."""
    mine = load(written(MINE))["mine"]
    assert mine.hopping == replace(BARE.hopping, relaxation_time_us=2.0)
    assert replace(mine.optics, film="") == BARE.optics
    assert mine.origins["hopping.relaxation_time_us"] == Origin("us", "assumed", "to try")
    heir = mine.origins["hopping.hop_rate_ground_per_ps"]
    assert heir.origin == "assumed"
    assert heir.reason.startswith("as OLA/OA: ")
    kept = mine.origins["heat.thermal_diffusivity_m2_s"]
    assert kept.origin == BARE.origins["heat.thermal_diffusivity_m2_s"].origin == "literature"


def _toml(film: Film) -> str:
    """Write a film down in full, as a file of its own."""
    derived = (
        "hopping.lattice_spacing_nm",
        "hopping.absorption_cross_section_nm2",
        "optics.solution_emission_eV",
    )
    lines = [f'["{film.name}"]', f'title = "{film.title}"']
    for key, value in film.numbers().items():
        if key not in derived:
            own = film.origins[key]
            shown = (
                {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
            )
            entry = f'value = {shown}, unit = "{own.unit}", origin = "{own.origin}"'
            lines.append(f'{key} = {{ {entry}, reason = "{own.reason}" }}'.replace("'", '"'))
    return "\n".join(lines)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_written_in_full_is_the_same_film(name, written):
    """No rule acts on what is stated: written down and read, nothing has changed."""
    film = FILMS[name]
    again = load(written(_toml(film)))[name]
    assert again == film
    assert again.numbers() == film.numbers()


@given(value=st.floats(1e-3, 1e3), growth_nm=st.floats(0, 1), cycles=st.integers(0, 50))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_arrive_as_written(written, value, growth_nm, cycles):
    """Floats keep all digits, and the rules take those of the file."""
    own = 'origin = "assumed", reason = "drawn"'
    text = MINE.replace("value = 2.0", f"value = {value!r}") + (
        f'["mine".lattice]\nshell_cycles = {{ value = {cycles}, unit = "", {own} }}\n'
        f'shell_growth_nm = {{ value = {growth_nm!r}, unit = "nm", {own} }}\n'
    )
    film = load(written(text))["mine"]
    assert film.hopping.relaxation_time_us == value
    spacing_nm = 10 + 2 * cycles * growth_nm
    assert film.hopping.lattice_spacing_nm == pytest.approx(spacing_nm)
    ratio = film.hopping.hop_rate_ground_per_ps / BARE.hopping.hop_rate_ground_per_ps
    assert ratio == pytest.approx((10 / spacing_nm) ** 6)


def test_films_may_be_based_on_those_further_up(written):
    """A chain of films of one file, and the last word is the heir's."""
    more = '["heir"]\ntitle = "of mine"\nbased_on = "mine"\n'
    heir = load(written(MINE + more))["heir"]
    assert heir.hopping.relaxation_time_us == 2.0
    assert heir.origins["hopping.relaxation_time_us"].reason == "as mine: to try"
    with pytest.raises(
        ValueError, match=r"film 'heir': based_on = 'mine' is unknown; .*further up"
    ):
        load(written(more + MINE))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"OLA/OA"\n', '"OLA"\n', "film 'mine': based_on = 'OLA' is unknown; .*OLA/OA, Note 2"),
        ("relaxation_time_us", "relaxation_us", "hopping.relaxation_us is unknown; the parameters"),
        ("hopping]", "heating]", "heating.relaxation_time_us is unknown"),
        (', unit = "us"', "", "hopping.relaxation_time_us lacks unit; a number has value, unit"),
        (', reason = "to try"', "", "hopping.relaxation_time_us lacks reason"),
        ('"to try"', '" "', "hopping.relaxation_time_us: reason = ' ' is empty; say where"),
        ('"us"', '"ns"', "relaxation_time_us: unit = 'ns' must be 'us', as the name says; convert"),
        ('"assumed"', '"guessed"', "origin = 'guessed' must be one of 'reported', 'calibrated'"),
        (', unit = "us"', ', unit = "us", error = 1', "relaxation_time_us has error; a number has"),
        ("2.0", "-2.0", "film 'mine': relaxation_time_us = -2.0 must be a finite number above 0"),
        ("2.0", '"long"', "relaxation_time_us = 'long' must be a finite number"),
        ("based_on", "# based_on", "film 'mine': edge_nm, .*lattice.* missing; add them, or name"),
        (MINE, '["mine"]\ntitle = "a"', r"film 'mine': edge_nm(, optics\.\w+)+ missing; add them"),
        ('title = "OLA/OA with another memory"', "", "film 'mine': title is missing; say in words"),
        ('title = "', "title = ", "mine.toml: no TOML: "),
        (MINE, "mine = 3", "film 'mine' = 3 must be a table"),
        (
            '{ value = 2.0, unit = "us", origin = "assumed", reason = "to try" }',
            "2.0",
            "hopping.relaxation_time_us = 2.0 must be a table; write { value = 2.0, unit",
        ),
    ],
)
def test_faults_of_a_file_are_named(old, new, message, written):
    """The error names file, film, parameter, rule and remedy."""
    path = written(MINE.replace(old, new))
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        load(path)
    assert re.search(message.replace("{", r"\{"), str(error.value))


def test_folder_is_no_file_of_films(tmp_path):
    """A folder that is named instead of a file is refused by name."""
    with pytest.raises(ValueError, match=f"{tmp_path.name}.* is a folder and must be a file"):
        load(tmp_path)


def test_mark_of_the_byte_order_changes_nothing(tmp_path):
    """A file that an editor saved with such a mark holds the same films."""
    path = tmp_path / "films.toml"
    path.write_text(MINE, encoding="utf-8-sig")
    assert list(load(path)) == ["mine"]


def test_nanocrystals_do_not_overlap(written):
    """A lattice closer than the edge is refused, and a model of another lattice."""
    own = 'ligand_spacing_nm = { value = 8.0, unit = "nm", origin = "assumed", reason = "no" }'
    with pytest.raises(ValueError, match=r"film 'mine': lattice.spacing_nm = 8.0 .* at least 8.3"):
        load(written(f'{MINE}\n["mine".lattice]\n{own}'))
    other = replace(BARE.hopping, lattice_spacing_nm=11.0)
    with pytest.raises(ValueError, match=r"lattice_spacing_nm = 11.0 must be the 10.0 nm"):
        Solid(BARE.lattice, other, BARE.heat)


def test_a_film_has_an_origin_for_each_number():
    """Neither a number without origin nor an origin without number is accepted."""
    fewer = {key: one for key, one in BARE.origins.items() if key != "edge_nm"}
    with pytest.raises(ValueError, match=r"origins .* wrong are \['edge_nm'\]"):
        replace(BARE, origins=fewer)
    with pytest.raises(ValueError, match="name = ' ' is empty"):
        replace(BARE, name=" ")


@pytest.mark.parametrize(
    "change",
    [
        {"quantum_yield": 1.2},
        {"solution_emission_eV": 0},
        {"exciton_absorbance": -0.1},
        {"annihilation_partners": math.nan},
        {"saturates": 1},
        {"emission_shift_meV": math.inf},
    ],
)
def test_impossible_colours_are_refused(change):
    """The error names the parameter and its value."""
    with pytest.raises(ValueError, match=f"^{next(iter(change))} = "):
        replace(BARE.optics, **change)
