"""Tests of tptools.inference.priors."""

import pickle
from itertools import count

import numpy as np
import pytest
from scipy import stats

from tptools.inference import Choice, LogUniform, Prior, Uniform

PRIOR = Prior({"a": Uniform(1.0, 3.0), "b": LogUniform(0.1, 10.0), "c": Choice((0.0, 1.0, 5.0))})


def test_design_has_the_distributions_it_says():
    """Marginals are uniform, uniform on the logarithm, and alike for every choice."""
    films = PRIOR.design(2048, seed=1)
    assert stats.kstest(films.a, stats.uniform(1, 2).cdf).pvalue > 0.01
    assert stats.kstest(films.b, stats.loguniform(0.1, 10).cdf).pvalue > 0.01
    shares = films.c.value_counts(normalize=True)
    np.testing.assert_allclose(shares.sort_index(), 1 / 3, atol=0.01)


def test_design_is_that_of_its_seed_and_grows():
    """A larger design starts with the smaller one, and another seed gives another."""
    small, large = PRIOR.design(64, seed=1), PRIOR.design(128, seed=1)
    np.testing.assert_array_equal(small, large[:64])
    assert (PRIOR.design(64, seed=2).a != small.a).all()


def test_one_film_is_a_design():
    """The smallest there is."""
    assert len(PRIOR.design(1, seed=1)) == 1


def test_corners_of_the_cube_are_ends_of_the_ranges():
    """Shares of 0 and 1 give the first and the last value."""
    films = PRIOR.at([[0, 0, 0], [1, 1, 1]])
    np.testing.assert_allclose(films, [[1, 0.1, 0], [3, 10, 5]])


def test_other_ranges_and_copies():
    """One range changes, the others stay, and a prior survives being sent to another process."""
    fixed = PRIOR.with_(b=Choice((2.0,)))
    assert set(fixed.design(8, seed=1).b) == {2.0}
    np.testing.assert_array_equal(fixed.design(8, seed=1).a, PRIOR.design(8, seed=1).a)
    assert pickle.loads(pickle.dumps(PRIOR)) == PRIOR
    with pytest.raises(ValueError, match="d"):
        PRIOR.with_(d=Uniform(0, 1))


def test_a_prior_stays_what_it_was():
    """Neither the mapping that it was made from nor its own can change it."""
    given = {"a": Uniform(1.0, 3.0)}
    prior = Prior(given)
    given["b"] = Choice((2.0,))
    assert [*prior.ranges] == ["a"]
    with pytest.raises(TypeError, match="item assignment"):
        prior.ranges["b"] = Choice((2.0,))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Uniform(1.0, 1.0), "high"),
        (lambda: Uniform("a", 1.0), "low"),
        (lambda: Uniform(np.nan, 1.0), "low"),
        (lambda: LogUniform(0.0, 1.0), "low"),
        (lambda: LogUniform(2.0, 1.0), "high"),
        (lambda: Choice(()), "values is empty"),
        (lambda: Choice(5.0), "values"),
        (lambda: Choice(("a",)), "values"),
        (lambda: Prior({}), "ranges is empty"),
        (lambda: Prior([Uniform(0, 1)]), "ranges"),
        (lambda: Prior({"a": (0, 1)}), r"ranges\['a'\]"),
        (lambda: PRIOR.with_(d=Uniform(0, 1)), "ranges .*what this prior returns"),
        (lambda: PRIOR.at(0.5), "shares"),
        (lambda: PRIOR.at([[0.5, 0.5]]), "shares"),
        (lambda: PRIOR.at(np.zeros((1, 1, 3))), "shares"),
        (lambda: PRIOR.shares(0, seed=1), "n = 0"),
        (lambda: PRIOR.shares(2**24 + 1, seed=1), "n = 16777217"),
        (lambda: PRIOR.shares(2, seed=-1), "seed"),
        (lambda: Choice((1.0,)).at(np.nan), "share has NaN"),
    ],
    ids=count(),
)
def test_what_is_no_prior_is_refused(make, said):
    """By the name of what is wrong."""
    with pytest.raises((TypeError, ValueError), match=f"^{said}"):
        make()


def test_shares_are_what_lies_below():
    """A quarter of a range, of its logarithm or of the values, and beyond the ends the last."""
    assert Uniform(-1.0, 3.0).at(0.25) == 0.0
    assert LogUniform(0.5, 8.0).at(0.25) == 1.0
    found = Choice([3.0, 1.0, 2.0, 5.0]).at([-9.0, 0.2, 0.3, 0.74, 0.99, 1.0, 7.0, np.inf])
    assert found.tolist() == [3, 3, 1, 2, 5, 5, 5, 5]
    one = PRIOR.at([0.5, 0.5, 0.5])  # a single film
    assert one.iloc[0].tolist() == pytest.approx([2, 1, 1])
    assert len(PRIOR.shares(3, seed=0)) == 3


def test_ranges_are_said_in_words():
    """As a table of a page does."""
    said = [str(one) for one in PRIOR.ranges.values()]
    assert said == ["1 to 3", "0.1 to 10, by the logarithm", "0 or 1 or 5"]
