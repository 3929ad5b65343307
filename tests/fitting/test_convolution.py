"""Tests of method ``convolution``, which should not mind the shape of the spot."""

import numpy as np
import pytest
import xarray as xr
from spots import FINE_NM, INTENSITY, POSITION_NM, SHAPES, TIME_NS, records, spread

from tptools.fitting import convolution, diffusivity, spreading_spot
from tptools.noise import photon_records

D = 0.02
GAUSSIAN = np.exp(-((FINE_NM - 20) ** 2) / (2 * 212**2))


@pytest.mark.parametrize("shape", SHAPES)
def test_shape_of_the_spot_does_not_matter(shape):
    """D is right to 10 % where Gaussian slices err by 20 to 70 %, without noise and on average."""
    mean = spread(SHAPES[shape], D, slice_counts=2e4, background=5.0)
    assert diffusivity(mean, "convolution").value == pytest.approx(D, rel=0.10)
    assert 0.20 < abs(diffusivity(mean, "slices").value / D - 1) < 0.70
    found = [diffusivity(record, "convolution") for record in records(mean, 30, seed=1)]
    assert np.mean([e.value for e in found]) == pytest.approx(D, rel=0.10)


@pytest.mark.parametrize(
    ("shape", "true_cm2_s"), [(GAUSSIAN, 0.0), (GAUSSIAN, 0.05), (SHAPES["flat top"], 0.02)]
)
def test_noise_of_the_first_profile_is_accounted_for(shape, true_cm2_s):
    """Repetitions are right on average, to half an error bar, and the error bars cover."""
    mean = spread(shape, true_cm2_s, slice_counts=2e4, background=5.0)
    found = [diffusivity(record, "convolution") for record in records(mean, 150, seed=2)]
    values, errors = (np.array([getattr(e, name) for e in found]) for name in ("value", "std_err"))
    assert abs(values.mean() - true_cm2_s) < 0.5 * np.median(errors)
    assert 0.55 < np.mean(np.abs(values - true_cm2_s) < errors) < 0.78


def test_light_beyond_the_window_is_no_loss():
    """A window of 2.4 standard deviations of the last profile still gives D to 2 %."""
    mean = spreading_spot(
        TIME_NS,
        POSITION_NM[10:-10],
        1e5 * INTENSITY,
        diffusivity_cm2_s=0.05,
        variance_nm2=180.0**2,
    )
    assert diffusivity(mean, "convolution").value == pytest.approx(0.05, rel=0.02)


def test_errors_cover_for_a_flat_top_that_does_not_spread():
    """Pulls scatter by 1 about 0, though counts do not tell how much light is beyond the window."""
    mean = spread(np.exp(-((FINE_NM / 300) ** 8)), 0.0, slice_counts=2e4, background=5.0)
    found = [diffusivity(one, "convolution", goodness=False) for one in records(mean, 30, seed=4)]
    pulls = np.array([e.value / e.std_err for e in found])
    assert abs(pulls.mean()) < 3 / np.sqrt(30)
    assert abs(pulls.std() - 1) < 3 / np.sqrt(2 * 30)


def test_a_window_that_cuts_the_spot_is_no_edge():
    """Where the first profile ends at a tenth of its height, D is right within its error."""
    mean = spread(GAUSSIAN, 0.05, slice_counts=2e5, background=5.0)[:, 14:-14]
    found = diffusivity(records(mean, 1, seed=5)[0], "convolution")
    assert abs(found.value - 0.05) < 3 * found.std_err
    assert found.std_err < 0.0015


def test_chance_far_from_the_other_cosines_is_no_part_of_the_spot():
    """A fast cosine that is noise, which one dim record in 300 has, does not hold D at 0."""
    mean = spread(GAUSSIAN, 0.02, slice_counts=2e3, background=5.0)
    found = diffusivity(records(mean, 1, seed=378)[0], "convolution")
    assert abs(found.value - 0.02) < 3 * found.std_err


def test_sharp_edges_in_the_dark_fit():
    """Flat tops that diffuse without background do not seem to misfit: p is no small chance."""
    trace = xr.DataArray(INTENSITY, {"time_ns": TIME_NS})
    flat = {"shape": "flat_top", "D_cm2_s": 0.02, "position_nm": np.linspace(-1500, 1500, 61)}
    draw = photon_records(trace, 1_000_000, **flat)
    chances = [diffusivity(draw(seed), "convolution").goodness.p_value for seed in range(8)]
    assert np.median(chances) > 0.02


@pytest.mark.parametrize("seed", [46, 47, 48])
def test_half_a_dim_spot_in_a_narrow_window_gives_a_number_or_a_reason(seed):
    """Where the fit ends at a D that leaves nothing of a first profile, that is no exception."""
    position_nm = np.arange(-250.0, 1, 50)
    profile = np.exp(-(position_nm**2) / (2 * 255**2))
    mean = xr.DataArray(
        9 * INTENSITY[:, None] * profile, {"time_ns": TIME_NS, "position_nm": position_nm}
    )
    found = diffusivity(mean.copy(data=np.random.default_rng(seed).poisson(mean)), "convolution")
    assert (np.isfinite(found.value) and found.std_err > 0) or found.note


def test_unequal_positions_are_refused():
    """Cosines need equal steps, and the message says which method does not."""
    uneven = POSITION_NM + np.where(POSITION_NM > 0, 10, 0)
    counts = xr.DataArray(np.ones((61, 61)), {"time_ns": TIME_NS, "position_nm": uneven})
    with pytest.raises(ValueError, match="equally spaced"):
        diffusivity(counts, "convolution")


@pytest.mark.parametrize(
    ("filled", "note"),
    [
        ([], "no counts"),
        ([7], "all counts are in one slice"),
        (range(61), "no spot stands out of the noise"),
    ],
)
def test_what_does_not_spread_is_nan(filled, note):
    """A map with fewer than two profiles gives NaN and says so."""
    counts = xr.DataArray(np.zeros((61, 61)), {"time_ns": TIME_NS, "position_nm": POSITION_NM})
    counts[filled] = 3.0
    found = diffusivity(counts, "convolution")
    assert np.isnan(found.value)
    assert found.note == note


def test_a_search_that_is_cut_short_is_not_converged(monkeypatch):
    """What did not settle is NaN, and says so as a field and in its text."""
    monkeypatch.setattr(convolution, "MAX_EVALUATIONS", 1)
    mean = spread(GAUSSIAN, D, slice_counts=2e4, background=5.0)
    found = diffusivity(records(mean, 1, seed=3)[0], "convolution")
    assert np.isnan(found.value)
    assert not found.converged
    assert "converged=False" in repr(found)
