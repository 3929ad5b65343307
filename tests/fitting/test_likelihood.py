"""Tests of method ``global`` and of the bound that it has to reach."""

import numpy as np
import pytest
from spots import INTENSITY, POSITION_NM, TIME_NS, records

from tptools.fitting import cramer_rao_bound, diffusivity, likelihood, spreading, spreading_spot
from tptools.fitting.records import slices_of_window
from tptools.units import NM2_PER_NS_IN_CM2_S as UNIT

D = 0.05
SPOT = {"diffusivity_cm2_s": D, "variance_nm2": 212.0**2, "centre_nm": 20.0}
N_RECORDS = 1500


@pytest.fixture(scope="module")
def repetitions():
    """Values and errors of D from many records of one map, and the bound."""
    every_third = TIME_NS[::3], POSITION_NM, 2000 * INTENSITY[::3]
    mean = spreading_spot(*every_third, **SPOT, background=2.0)
    drawn = records(mean, N_RECORDS, seed=1)
    # what checks a record and judges a fit takes ten times as long as the fit
    seen = slices_of_window(mean, (0.0, 3.0), exposures=True)
    spots = [likelihood._likeliest(seen._replace(counts=record.to_numpy())) for record in drawn]
    values = np.array([spot.shared[spreading.DIFFUSIVITY] for spot in spots]) * UNIT
    errors = np.sqrt([spot.variance for spot in spots]) * UNIT
    for record, value, error in zip(drawn[:9], values, errors, strict=False):
        public = diffusivity(record, "global")
        assert (public.value, public.std_err) == (value, error)
    return values, errors, cramer_rao_bound(*every_third, **SPOT, background=2.0)


def test_no_bias_on_gaussian_spots(repetitions):
    """The mean over repetitions is the truth, within a tenth of an error bar."""
    values, _, bound = repetitions
    assert abs(values.mean() - D) < 4 * bound / np.sqrt(N_RECORDS)


def test_error_bars_cover_the_truth(repetitions):
    """One standard error holds the truth in 60 to 76 % of repetitions."""
    values, errors, _ = repetitions
    assert 0.60 < np.mean(np.abs(values - D) < errors) < 0.76


def test_variance_reaches_the_bound(repetitions):
    """The variance over repetitions is within 10 % of the Cramér-Rao bound, as the errors say."""
    values, errors, bound = repetitions
    assert values.var() == pytest.approx(bound**2, rel=0.10)
    assert np.mean(errors**2) == pytest.approx(bound**2, rel=0.10)


@pytest.mark.parametrize("diffusivity_cm2_s", [-0.02, 0.0, 0.3])
@pytest.mark.parametrize("background", [0.0, 1e-3, 20.0])
def test_exact_maps_give_the_truth(diffusivity_cm2_s, background):
    """Without noise D comes back, whether the spot narrows, stays or spreads, on any background."""
    spot = SPOT | {"diffusivity_cm2_s": diffusivity_cm2_s, "background": background}
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **spot)
    found = diffusivity(mean, "global")
    bound = cramer_rao_bound(TIME_NS, POSITION_NM, 2000 * INTENSITY, **spot)
    assert abs(found.value - diffusivity_cm2_s) < 1e-2 * bound
    assert found.std_err == pytest.approx(bound, rel=1e-2)


def test_bound_of_a_wide_clean_map_is_that_of_a_line():
    """Without background and truncation the slices have var = 2 v^2 / N, and D that of a line."""
    counts = 1e4 * INTENSITY
    wide = np.linspace(-3000, 3000, 401)
    weight = counts / (2 * (SPOT["variance_nm2"] + 2 * D * 1e5 * TIME_NS) ** 2)
    mean_time = np.average(TIME_NS, weights=weight)
    line = 0.5e-5 / np.sqrt((weight * (TIME_NS - mean_time) ** 2).sum())
    assert cramer_rao_bound(TIME_NS, wide, counts, **SPOT) == pytest.approx(line, rel=1e-3)


def test_bound_falls_with_the_square_root_of_the_counts():
    """Four times the counts on four times the background halve the bound."""
    bounds = [
        cramer_rao_bound(TIME_NS, POSITION_NM, n * INTENSITY, **SPOT, background=n / 1e3)
        for n in (1e3, 4e3)
    ]
    assert bounds[1] == pytest.approx(bounds[0] / 2, rel=1e-9)


def test_bound_knows_no_units():
    """Lengths in um and any number of counts change it as they have to, also on no background."""
    plain = cramer_rao_bound(TIME_NS, POSITION_NM, INTENSITY, **SPOT)
    in_um = {"diffusivity_cm2_s": 1e-6 * D, "variance_nm2": 0.212**2, "centre_nm": 0.02}
    found = cramer_rao_bound(TIME_NS, 1e-3 * POSITION_NM, INTENSITY, **in_um)
    assert 1e6 * found == pytest.approx(plain, rel=1e-6)
    for root in (1e4, 1e-4):
        found = cramer_rao_bound(TIME_NS, POSITION_NM, root**2 * INTENSITY, **SPOT)
        assert root * found == pytest.approx(plain, rel=1e-6)


def test_a_single_time_has_no_bound():
    """D cannot be found from slices at one time only."""
    assert cramer_rao_bound([0.0], POSITION_NM, 1e4, **SPOT) == np.inf


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"variance_nm2": -1.0}, "variance_nm2 = -1.0"),
        ({"background": -1.0}, "background = -1.0"),
        ({"diffusivity_cm2_s": -0.1}, "smallest variance_nm2"),
        ({"slice_counts": 0.0}, "lowest of slice_counts"),
    ],
)
def test_impossible_spots_are_refused(changed, message):
    """A number out of range is a ValueError that names it."""
    arguments = {"time_ns": TIME_NS, "position_nm": POSITION_NM, "slice_counts": 10.0, **SPOT}
    with pytest.raises(ValueError, match=message):
        cramer_rao_bound(**arguments | changed)


def test_a_search_that_is_cut_short_is_not_converged(monkeypatch):
    """What did not settle is NaN, and says so as a field and in its text."""
    mean = spreading_spot(TIME_NS, POSITION_NM, 2000 * INTENSITY, **SPOT, background=2.0)
    (record,) = records(mean, 1, seed=3)
    assert diffusivity(record, "global").converged
    monkeypatch.setattr(spreading, "MAX_STEPS", 1)
    found = diffusivity(record + 1, "global")
    assert np.isnan(found.value)
    assert (found.method, found.note, found.converged) == ("global", "did not settle", False)
