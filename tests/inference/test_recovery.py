"""Tests of tptools.inference.recovery."""

from itertools import count

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tptools.inference import (
    LogUniform,
    Observation,
    Prior,
    likelihood_of,
    rank_statistics,
    reprinted,
    share_below,
)

PRIOR = Prior({"rate": LogUniform(0.1, 10), "time": LogUniform(0.1, 10)})
PRINTED = [
    Observation("product", 1.8, 2.2, 0.05, "rounds to 2"),
    Observation("ratio", 0.5, 1.5, 0.1, "rounds to 1"),
]
FEW = pd.DataFrame({"product": [1.9, 2.1]})


@pytest.fixture(scope="module")
def sample():
    """Films of the prior and what is read of them."""
    films = PRIOR.design(2**14, seed=1)
    return films, pd.DataFrame(
        {"product": films.rate * films.time, "ratio": films.rate / films.time}
    )


def test_an_honest_inference_has_uniform_ranks(sample):
    """The truth lies anywhere in the posterior, for both parameters."""
    ranks = rank_statistics(*sample, PRINTED, seed=1)
    assert len(ranks) == 100
    assert ranks.effective_size.median() > 100
    for name in PRIOR.ranges:
        assert stats.kstest(ranks[name], "uniform").pvalue > 0.01


def test_each_film_is_the_truth_once(sample):
    """As many papers as films are all different."""
    films, numbers = (one[:40] for one in sample)
    ranks = rank_statistics(films, numbers, PRINTED, seed=1, n_papers=40)
    assert len(ranks.drop_duplicates()) == 40


def test_a_likelihood_that_is_too_sharp_is_noticed(sample):
    """Where prints are vaguer than they are taken for, the truth lies at the ends."""
    films, numbers = sample
    biased = numbers.assign(product=1.2 * numbers["product"])
    ranks = []
    for k in range(0, 4000, 40):
        truth = dict(biased.iloc[k])
        weights = likelihood_of(numbers, reprinted(PRINTED, truth, seed=k))
        ranks.append(np.average(films.rate < films.rate[k], weights=weights))
    assert stats.kstest(ranks, "uniform").pvalue < 0.01


def test_a_reprint_is_as_vague_as_the_print():
    """Interval and edge keep their relative widths, and the number lies inside as often as not."""
    shifts = [
        np.log(np.sqrt(one.low * one.high) / 3.0)
        for seed in range(400)
        for one in reprinted(PRINTED[:1], {"product": 3.0}, seed=seed)
    ]
    expected = np.log(2.2 / 1.8) ** 2 / 12 + 0.05**2
    assert np.mean(shifts) == pytest.approx(0, abs=3 * np.sqrt(expected / 400))
    assert np.var(shifts) == pytest.approx(expected, rel=0.25)
    with pytest.raises(ValueError, match="two ends"):
        reprinted([Observation("rise", 1.0, np.inf, 0.1, "")], {"rise": 2.0}, seed=1)


def test_likelihoods_multiply():
    """Two data leave what both leave, and a number that is not there is named."""
    numbers = pd.DataFrame({"product": [2.0, 2.0, 5.0], "ratio": [1.0, 2.0, 1.0]})
    both = likelihood_of(numbers, PRINTED)
    each = [likelihood_of(numbers, [one]) for one in PRINTED]
    np.testing.assert_allclose(both, each[0] * each[1])
    with pytest.raises(ValueError, match="ratio"):
        likelihood_of(numbers[["product"]], PRINTED)


def test_ranks_of_a_choice_are_uniform_too():
    """Films equal to the truth count by chance, so that few values make no steps."""
    random = np.random.default_rng(1)
    films = pd.DataFrame({"trap": random.integers(0, 2, 1000)})
    weights = random.uniform(size=1000)
    ranks = [
        share_below(films, {"trap": float(truth)}, weights, seed=k)["trap"]
        for k, truth in enumerate(random.choice(films.trap, 300, p=weights / weights.sum()))
    ]
    assert stats.kstest(ranks, "uniform").pvalue > 0.01
    with pytest.raises(ValueError, match=r"^weights"):
        share_below(films, {"trap": 1.0}, np.zeros(1000), seed=1)


def test_ranks_need_tables():
    """Films and numbers that are none are named."""
    films = pd.DataFrame({"tau_us": np.geomspace(1, 100, 5)})
    for tables, name in ((({}, films), "films"), ((films, {}), "numbers")):
        with pytest.raises(TypeError, match=f"^{name} .*give a row for each film"):
            rank_statistics(*tables, PRINTED, seed=1)


def test_errors_of_numbers_widen_their_own_observation():
    """Where none is given, there is none."""
    numbers = pd.DataFrame({"product": [1.5, 2.0, 2.3], "ratio": [1.0, 2.0, 0.1]})
    found = likelihood_of(numbers, PRINTED, {"product": 0.3})
    product = PRINTED[0].likelihood(numbers["product"], 0.3)
    np.testing.assert_allclose(found, product * PRINTED[1].likelihood(numbers["ratio"]))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: likelihood_of([1.0], PRINTED), "numbers"),
        (lambda: likelihood_of(FEW, PRINTED[0]), "observations"),
        (lambda: likelihood_of(FEW, [1.0]), r"observations\[0\]"),
        (lambda: likelihood_of(FEW, PRINTED), "numbers .*what curve numbers returns"),
        (lambda: reprinted(PRINTED[0], {}, seed=1), "observations"),
        (lambda: reprinted([1.0], {}, seed=1), r"observations\[0\]"),
        (lambda: reprinted([Observation("a", 0.0, 1.0, 0.1, "")], {"a": 1}, seed=1), "obs.*ends"),
        (lambda: share_below([1.0], {}, [1.0], seed=1), "films"),
        (lambda: share_below(FEW, {"product": 1.0}, [1.0], seed=1), "weights"),
        (lambda: share_below(FEW, {}, [1.0, 1.0], seed=1), "truth .*what the films returns"),
        (lambda: rank_statistics(FEW, FEW, PRINTED[:1], seed=1, n_papers=3), "n_papers = 3"),
        (lambda: rank_statistics(FEW, FEW, PRINTED[:1], seed=1, n_papers=0), "n_papers = 0"),
    ],
    ids=count(),
)
def test_what_cannot_be_weighed_is_refused(make, said):
    """By the name of what is wrong."""
    with pytest.raises((TypeError, ValueError), match=f"^{said}"):
        make()


def test_equal_films_count_in_part():
    """Those below in full, those equal by one chance for all, those above not at all."""
    films = pd.DataFrame({"a": [1.0, 2.0, 2.0, 3.0]})
    found = [share_below(films, {"a": 2.0}, [0.1, 0.1, 0.1, 0.2], seed=k)["a"] for k in range(40)]
    assert 0.2 < min(found) < 0.3 < 0.5 < max(found) < 0.6


def test_a_film_is_no_evidence_for_itself():
    """Where no other film reads what it does, nothing is left of the posterior."""
    films = pd.DataFrame({"product": [1.0, 10.0, 100.0]})
    with pytest.raises(ValueError, match=r"^weights .* sum 0"):
        rank_statistics(films, films, PRINTED[:1], seed=1, n_papers=1)


def test_a_print_is_of_the_number_and_says_so():
    """Its ends are apart by the factor that they were, and chance is that of its seed."""
    [one], [again], [other] = (reprinted(PRINTED[:1], {"product": 50}, seed=k) for k in (1, 1, 2))
    assert one == again != other
    assert one.high / one.low == pytest.approx(2.2 / 1.8)
    assert 35 < one.low < one.high < 70
    assert (one.name, one.edge, one.reason) == ("product", 0.05, "of a known film")
