"""Tests of tptools.randomness: equal conditions share a stream, different ones never do."""

import hashlib
import math
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tptools.randomness import OFF_BY_DEFAULT, derive_seed, generator, seed_sequence

NUMBERS = st.integers() | st.floats(allow_nan=False)
LEAVES = NUMBERS | st.text() | st.none()
KEYS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@dataclass(frozen=True)
class Laser:
    power_nW: float
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class Film:
    power_nW: float


OLD_FILM = Film(5)


def test_a_parameter_that_is_off_leaves_streams_as_they_were():
    """A class with a new parameter names the streams of the old one until it is switched on."""

    @dataclass(frozen=True)
    class Film:
        power_nW: float
        layers: int = field(default=1, metadata=OFF_BY_DEFAULT)

    old = derive_seed(1, OLD_FILM)
    assert derive_seed(1, Film(5)) == derive_seed(1, Film(5, layers=1)) == old
    assert len({old, derive_seed(1, Film(5, layers=2)), derive_seed(1, Film(5, layers=3))}) == 3


@settings(max_examples=50)
@given(KEYS, KEYS)
def test_keys_share_a_seed_just_if_they_are_equal(one, other):
    """Equality as Python means it decides, for numbers of any type and nested keys."""
    assert (derive_seed(0, one) == derive_seed(0, other)) == (one == other)


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_are_one_key_in_every_type(number):
    """Integers, floats and those of numpy are the same condition."""
    types = (float, np.int64, np.float64)
    assert {derive_seed(0, kind(number)) for kind in types} == {derive_seed(0, number)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.uint8(5), 5.0),
        (-0.0, 0),
        (math.inf, np.inf),
        (np.True_, True),
        ((1, 2.0), [1, 2]),
        ({"a": 1, "b": 2}, MappingProxyType({"b": 2, "a": 1})),
        (Laser(5), Laser(5.0, note="green")),
    ],
)
def test_what_is_equal_shares_a_stream(one, other):
    """What the eye sees as one condition is one, and labels are no part of it."""
    assert generator(1, one).random() == generator(1, other).random()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.3, 0.1 + 0.2),
        (5, "5"),
        (5, -5),
        (2**53, 2**53 + 1),
        (True, 1),
        (None, "None"),
        (["a", "b"], ["a,b"]),
        ([[1], 2], [1, [2]]),
        ({"a": "b"}, ["a", "b"]),
        (Laser(5), Film(5)),
        (Laser(5), Laser(5.1)),
    ],
)
def test_what_differs_has_streams_of_its_own(one, other):
    """Values, types of meaning and nesting tell keys apart."""
    assert generator(1, one).random() != generator(1, other).random()


def test_names_are_part_of_the_key_and_their_order_is_not():
    """A number is a power or a rate by its name."""
    assert derive_seed(1, a=1, b=2) == derive_seed(1, b=2, a=1)
    assert len({derive_seed(1, a=1), derive_seed(1, b=1), derive_seed(1, 1), derive_seed(1)}) == 4


def test_the_three_are_one_source():
    """Generator, sequence and derived seed come from the same entropy."""
    sequence = seed_sequence(3, "what", 1)
    assert generator(3, "what", 1).random() == np.random.default_rng(sequence).random()
    assert derive_seed(3, "what", 1) == int(sequence.generate_state(1, np.uint64)[0]) // 2


def test_streams_are_the_same_in_every_version():
    """A stored seed gives its numbers for ever: SHA-256 of the written keys, as eight words."""
    words = np.frombuffer(hashlib.sha256(b'[["a",1,0.5],{"b":None}]').digest(), "<u4")
    first, _ = np.random.SeedSequence(3, spawn_key=words.tolist()).generate_state(2, np.uint64)
    assert derive_seed(3, "a", 1, 0.5, b=None) == first // 2 == 4882214542157199363


@given(st.integers(0, 2**200), st.text())
def test_derived_seeds_fit_a_file(seed, key):
    """Every seed gives one that netCDF can hold and that is a seed again."""
    derived = derive_seed(seed, key)
    assert 0 <= derived < 2**63
    assert derive_seed(derived, key) != derived


def test_streams_are_independent():
    """Numbers of many neighbouring streams are uniform and uncorrelated."""
    draws = np.array([generator(k // 50, "what", k % 50).random(200) for k in range(500)])
    assert draws.mean() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / draws.size))
    between = np.corrcoef(draws)[np.triu_indices(500, 1)]
    assert between.std() == pytest.approx(1 / math.sqrt(200), rel=0.05)


@pytest.mark.parametrize("seed", [-1, 1.0, True, "1", None])
def test_seeds_are_whole_numbers(seed):
    """Anything else is refused by name."""
    with pytest.raises(ValueError, match="seed = "):
        generator(seed, "what")


def test_nan_names_no_stream():
    """It is equal to nothing, itself included."""
    with pytest.raises(ValueError, match="NaN"):
        generator(1, [1.0, np.float32("nan")])


@pytest.mark.parametrize("key", [{1, 2}, b"text", np.arange(3), Laser, 1j])
def test_keys_without_a_canonical_form_are_refused(key):
    """The error says what can be a key."""
    with pytest.raises(TypeError, match="use text, numbers"):
        generator(1, key)
