"""Tests of tptools.fitting.gaussians: one profile with scipy, and many compiled."""

import numpy as np
import pytest

from tptools.fitting import diffusivity, engine, spreading_spot
from tptools.fitting.gaussians import (
    GOOD,
    MASKED,
    NO_COUNTS,
    NO_PEAK,
    NOT_SETTLED,
    TOO_FEW_COUNTS,
    fit_one,
    fit_rows,
)

X = np.linspace(-900, 900, 61)


@pytest.mark.parametrize("height", [5, 50, 5000])
@pytest.mark.parametrize("masked", [0, 7])
def test_one_profile_has_the_fit_of_many(height, masked):
    """Both ways end in the same optimum, or refuse the same profiles, unless one found none."""
    random = np.random.default_rng(height)
    mean = 2 + height * np.exp(-((X - 100) ** 2) / (2 * 200**2))
    rows = random.poisson(mean, (20, X.size)).astype(float)
    rows[:, :masked] = np.nan
    fits, verdicts = fit_rows(X, rows, 4)
    assert (verdicts == GOOD).any()
    for row, fit, verdict in zip(rows, fits, verdicts, strict=True):
        if verdict != NOT_SETTLED:
            np.testing.assert_allclose(fit_one(X, row), fit[:4], rtol=1e-3, atol=0.1)


@pytest.mark.parametrize(
    "profile",
    [np.zeros(61), np.full(61, 7.0), np.where(np.abs(X) < 50, 3.0, 0.0), np.full(61, np.nan),
     1e3 - np.exp(-((X / 200) ** 2)), np.exp((X - 900) / 300)],
    ids=["empty", "flat", "few", "masked", "hole", "edge"],
)  # fmt: skip
def test_what_has_no_width_has_none_either_way(profile):
    """A profile without a peak of a width between the ends is refused by both."""
    _, verdicts = fit_rows(X, profile[None], 4)
    assert verdicts[0] != GOOD
    assert np.isnan(fit_one(X, profile)).all()


@pytest.mark.parametrize("masked", [0, 6])
def test_a_mask_hides_no_reason(masked):
    """What a profile lacks is said of what is not masked; only one without readings is masked."""
    few, level, good = (
        np.where(np.abs(X) < 50, 3.0, 0.0),
        np.full(61, 7.0),
        np.exp(-((X / 300) ** 2)),
    )
    rows = np.stack([0 * X, few, level, good, np.full(61, np.nan)])
    rows[:, :masked] = np.nan
    wanted = [NO_COUNTS, TOO_FEW_COUNTS, NO_PEAK, GOOD, MASKED]
    assert fit_rows(X, rows, 4)[1].tolist() == wanted


def test_one_position_more_than_parameters_is_enough():
    """Either way, and as many positions as parameters are too few."""
    x, wanted = np.linspace(-2, 2, 5), [100.0, 0.2, 0.8, 3.0]
    profile = 3 + 100 * np.exp(-((x - 0.2) ** 2) / (2 * 0.8))
    np.testing.assert_allclose(fit_one(x, profile), wanted, rtol=1e-5)
    np.testing.assert_allclose(fit_rows(x, profile[None], 4)[0][0, :4], wanted, rtol=1e-5)
    for fit in (lambda x, y: fit_one(x, y[0]), lambda x, y: fit_rows(x, y, 4)):
        with pytest.raises(ValueError, match="has 4 positions and must have more than the 4"):
            fit(x[1:], profile[None, 1:])


def test_unit_of_counts_changes_no_likeliest_width():
    """Poisson likelihood of all counts times a constant is highest at the same centre and width."""
    x = np.linspace(-900, 900, 601)
    counts = np.random.default_rng(1).poisson(5 + 80 * np.exp(-((x / 250) ** 2) / 2), (5, x.size))
    fits, verdicts = fit_rows(x, counts, 4, likeliest=True)
    scaled, _ = fit_rows(x, 0.01 * counts, 4, likeliest=True)
    assert (verdicts == GOOD).all()
    np.testing.assert_allclose(scaled[:, 1:3], fits[:, 1:3], rtol=0.01, atol=2)
    np.testing.assert_allclose(scaled[:, 0], 0.01 * fits[:, 0], rtol=0.01)


def test_global_fit_waits_for_no_compiler(monkeypatch):
    """The method does without the compiled loop, which a first user would wait for."""
    monkeypatch.setattr(engine, "fit_gaussians", None)
    spot = {"diffusivity_cm2_s": 0.05, "variance_nm2": 212**2}
    mean = spreading_spot(np.arange(4), X, 1e4, **spot)
    assert diffusivity(mean, "global").value == pytest.approx(0.05, rel=1e-3)
