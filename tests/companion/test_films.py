"""Tests of the films of the library against what the paper prints."""

import pytest

from tptools.companion.paper import CLAIMS, REPORTED
from tptools.film import FILMS

PRINTED = {(one.place, one.value, one.unit) for one in REPORTED.values()}
PLACES = {claim.place for claim in CLAIMS.values()}
REPORTED_NUMBERS = [
    pytest.param(film, key, id=f"{film.name}, {key}")
    for film in FILMS.values()
    for key, origin in film.origins.items()
    if origin.origin == "reported"
]


@pytest.mark.parametrize(("film", "key"), REPORTED_NUMBERS)
def test_reported_numbers_are_printed_in_the_paper(film, key):
    """A number called reported is printed at the place that it names, with its value and unit."""
    place, value, unit = film.origins[key].reason, film.numbers()[key], film.origins[key].unit
    if isinstance(value, str):
        assert place in PLACES
    elif key == "lattice.shell_cycles":
        assert str(value) in CLAIMS["s1-cALD-cycles"].reported.split(", ")
        assert place == CLAIMS["s1-cALD-cycles"].place
    else:
        # a yield is printed in per cent, and a rate of Note 2 as probability in its step of 1 ps
        same = {(value, unit), (100 * value, "%"), (value, unit.removesuffix("ps-1"))}
        assert PRINTED & {(place, *one) for one in same}


def test_nothing_else_is_called_reported():
    """What the paper prints and a film uses is said to be reported of one of them at least."""
    found = {film.origins[key].reason for film, key in (one.values for one in REPORTED_NUMBERS)}
    used = "main-NC-size", "main-l", "main-PLQY", "s2-l", "s2-P-slow", "s2-tau-relax"
    assert {REPORTED[one].place for one in used} <= found


def test_film_is_as_thin_and_thin_coloured_as_the_paper_says():
    """Thickness and absorbance, assumed, lie within the printed ranges."""
    film = FILMS["OLA/OA"]
    assert REPORTED["main-thickness"].value <= film.heat.thickness_nm
    assert film.heat.thickness_nm <= REPORTED["main-thickness"].upper
    assert 0.01 <= film.optics.exciton_absorbance <= 0.07
