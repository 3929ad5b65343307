"""Tests of tptools.noise."""

import math

import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import gaussian_filter1d
from scipy.special import ndtr

from tptools.noise import (
    add_noise,
    lifetime_trace,
    noisy_profiles,
    noisy_records,
    photon_records,
    simulate_map,
)

TIME_NS = np.arange(0, 10, 0.05)
TRACE = xr.DataArray(np.exp(-TIME_NS / 2.3), {"time_ns": TIME_NS})


def test_without_noise_it_is_a_spreading_gaussian():
    """Area is A I(t) and variance is that of the spot plus 2Dt, at 1 nm²/ps = 0.01 cm²/s."""
    clean = simulate_map(TRACE, seed=0, noise="none", background_counts=0)
    x = clean.position_nm
    area = clean.integrate("position_nm")
    np.testing.assert_allclose(area, 2e5 * TRACE, rtol=1e-6)
    variance = (clean * x**2).integrate("position_nm") / area
    spot_nm2 = (600 / math.sqrt(8 * math.log(2))) ** 2
    np.testing.assert_allclose(variance, spot_nm2 + 2 * 1e3 * TIME_NS, rtol=1e-5)
    assert clean.dims == ("time_ns", "position_nm")
    dim = simulate_map(1e-200 * TRACE, seed=0, noise="none", background_counts=0)
    np.testing.assert_allclose(dim, clean)  # of a trace only its shape counts


def test_one_sided_noise_is_that_of_eq_12():
    """It only adds, at most the root of the signal, and half of that on average."""
    clean = simulate_map(TRACE, seed=1, noise="none", background_counts=0)
    noisy = simulate_map(TRACE, seed=1, background_counts=0)
    share = ((noisy - clean) / np.sqrt(clean)).where(clean > 1)
    assert 0 <= float(share.min()) < float(share.max()) < 1
    assert float(share.mean()) == pytest.approx(0.5, abs=0.02)


def test_background_is_uniform():
    """Far from the spot the printed background is flat between 0 and its upper end."""
    far = np.linspace(5e3, 6e3, 200)
    background = simulate_map(TRACE, seed=2, position_nm=far, background_counts=4)
    assert float(background.mean()) == pytest.approx(2, abs=0.05)
    assert float(background.std()) == pytest.approx(4 / math.sqrt(12), rel=0.02)


def test_poisson_noise_has_its_mean_and_variance():
    """Counts are whole and scatter around signal plus mean background."""
    mean = simulate_map(TRACE, seed=3, noise="none")
    counts = simulate_map(TRACE, seed=3, noise="poisson")
    assert np.issubdtype(counts.dtype, np.integer)
    pull = (counts - mean) ** 2 / mean
    assert float(pull.mean()) == pytest.approx(1, abs=0.06)
    assert counts.attrs["noise"] == "poisson"


def test_seed_fixes_the_map():
    """One seed one map, another seed another."""
    xr.testing.assert_identical(simulate_map(TRACE, seed=4), simulate_map(TRACE, seed=4))
    assert not simulate_map(TRACE, seed=4).equals(simulate_map(TRACE, seed=5))


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (TRACE.expand_dims("power_nW"), "trace .* must have 'time_ns' only"),
        (TRACE.assign_coords(time_ns=TIME_NS - 1), "first time_ns of trace = -1"),
        (TRACE.where(TIME_NS > 0, 0), "first value of trace = 0"),
        (TRACE.where(TIME_NS < 5), "trace must be finite"),
        (TRACE.where(TIME_NS < 5, -1), "trace must be at least 0"),
    ],
)
def test_bad_traces_are_refused(trace, message):
    """A trace that cannot be a decay from time zero is named as such."""
    with pytest.raises(ValueError, match=message):
        simulate_map(trace, seed=0)


@pytest.mark.parametrize(
    "change",
    [
        {"D_cm2_s": -1},
        {"spot_fwhm_nm": 0},
        {"background_counts": -1},
        {"noise": "pink"},
        {"shape": "star"},
    ],
)
def test_bad_parameters_are_refused(change):
    """The error names the parameter and its value."""
    with pytest.raises(ValueError, match=f"^{next(iter(change))} = "):
        simulate_map(TRACE, seed=0, **change)


@pytest.mark.parametrize("shape", ["gaussian", "pedestal", "flat_top", "sinc2"])
def test_spots_diffuse_as_by_convolution(shape):
    """Every shape after 3 ns is the first one, convolved with a Gaussian of variance 2Dt."""
    step, D_cm2_s = 10.0, 0.05
    x = np.arange(-15_000, 15_000 + step, step)
    trace = xr.DataArray([1.0, 1.0], {"time_ns": [0.0, 3.0]})
    options = {"seed": 0, "noise": "none", "background_counts": 0, "D_cm2_s": D_cm2_s}
    first, last = simulate_map(trace, shape=shape, position_nm=x, **options).values
    blurred = gaussian_filter1d(first, math.sqrt(2 * D_cm2_s * 1e5 * 3) / step, truncate=8)
    np.testing.assert_allclose(last, blurred, atol=2e-3 * first.max())
    assert first.sum() * step == pytest.approx(2e5, rel=0.02)  # the wings of sinc² reach far


@pytest.mark.parametrize("shape", ["gaussian", "flat_top", "sinc2"])
def test_spots_have_their_width(shape):
    """At half of the width from the centre the first profile is at half its height."""
    x = np.array([0.0, 300.0])
    options = {"seed": 0, "noise": "none", "background_counts": 0, "position_nm": x}
    centre, edge = simulate_map(TRACE, shape=shape, **options)[0].values
    assert edge / centre == pytest.approx(0.5, rel=1e-3)


SHAPES = {
    "pedestal": lambda x: (0.5 ** (4 * x**2) + 0.25 * 0.5 ** (4 * (x * 3 / 8) ** 2)) / 1.25,
    "flat_top": lambda x: (ndtr((x + 0.5) / 0.1) - ndtr((x - 0.5) / 0.1)) / (2 * ndtr(5) - 1),
    "sinc2": lambda x: np.sinc(0.885893 * x) ** 2,
}
"""What each spot is over its centre, against the distance in widths."""


@pytest.mark.parametrize("shape", SHAPES)
def test_spots_are_what_their_names_say(shape):
    """Two Gaussians, a box with soft edges, and the image of a slit, in plain space."""
    x = np.arange(-12.0, 12.1, 0.1)
    options = {"seed": 0, "noise": "none", "background_counts": 0, "spot_fwhm_nm": 500.0}
    first = simulate_map(TRACE[:1], shape=shape, position_nm=500 * x, **options)[0].to_numpy()
    np.testing.assert_allclose(first / first.max(), SHAPES[shape](x), atol=2e-3)


def test_a_map_says_how_it_was_made():
    """Attributes hold all parameters, those left out as well, and its axis is that of the docs."""
    found = simulate_map(TRACE, seed=7)
    assert found.name == "counts"
    assert found.attrs == {
        "long_name": "simulated signal", "units": "counts", "origin": "simulated", "seed": 7,
        "noise": "one_sided", "background_counts": 3.0, "shape": "gaussian", "D_cm2_s": 0.01,
        "spot_fwhm_nm": 600.0, "area_counts_nm": 2e5,
    }  # fmt: skip
    assert found.position_nm.to_numpy().tolist() == [*range(-1500, 1501, 50)]


def test_mean_of_one_sided_noise():
    """Records of Eq. 12 average to n + sqrt(n)/2 + B/2."""
    clean = simulate_map(TRACE[:2], seed=0, noise="none", background_counts=0)
    mean = sum(add_noise(clean, seed=seed) for seed in range(400)) / 400
    expected = add_noise(clean, seed=0, noise="one_sided_mean")
    variance = (clean + 3**2) / 12 / 400
    assert float(np.abs((mean - expected) / np.sqrt(variance)).max()) < 5
    assert abs(float((mean - expected).sum())) < 4 * math.sqrt(float(variance.sum()))


def test_profiles_have_the_noise_asked_for():
    """White noise is the same everywhere, counting noise has the variance of its mean."""
    expected = xr.DataArray([4.0, 100.0], {"position_nm": [0.0, 1.0]})
    white = noisy_profiles(expected, 20_000, seed=1, white_noise=0.3)
    counted = noisy_profiles(expected, 20_000, seed=1)
    np.testing.assert_allclose(white.std("record"), 0.3, rtol=0.03)
    np.testing.assert_allclose(counted.var("record"), expected, rtol=0.05)
    np.testing.assert_allclose(counted.mean("record"), expected, rtol=0.02)


def test_experiment_counts_its_photons():
    """Records hold the photons asked for and the background, and scatter by their root."""
    draw = photon_records(TRACE, 1e5, background_counts=2, D_cm2_s=0.05)
    assert draw(1).equals(draw(1))
    dark = photon_records(TRACE, 1e8, background_counts=0, D_cm2_s=0, spot_fwhm_nm=300)(1)
    assert int(dark[:, [0, -1]].sum()) == 0
    totals = np.array([int(draw(seed).sum()) for seed in range(100)])
    wanted = 1e5 + draw(0).size
    assert abs(totals.mean() - wanted) < 4 * math.sqrt(wanted / 100)
    assert totals.std(ddof=1) == pytest.approx(math.sqrt(wanted), rel=0.3)


@pytest.mark.parametrize("gap", [False, True])
def test_lifetime_trace_is_the_decay_of_a_spot_that_spreads(gap):
    """A round spot that doubles its area comes back with its lifetime, where its line does not."""
    time_ns, x = np.arange(-2, 6, 0.5), np.arange(-2000.0, 2001.0, 50.0)
    since = np.maximum(time_ns, 0)[:, None]
    variance = 250**2 * (1 + since / 4)
    light = np.where(time_ns[:, None] < 0, 0, 900 * np.exp(-since / 2))
    axes = {"time_ns": time_ns, "position_nm": x + 20}
    line = light / variance * 250**2 * np.exp(-(x**2) / (2 * variance))
    counts = xr.DataArray(line + 7, axes, ("time_ns", "position_nm"))
    if gap:
        counts[5, 33] = np.nan
    trace = lifetime_trace(counts, until_ns=4)
    exact = np.exp(-trace.time_ns / 2)
    np.testing.assert_allclose(trace / trace[0], exact, rtol=0.03 if gap else 0.01)
    summed = (counts - 7).sum("position_nm").sel(time_ns=slice(0, 4))
    assert summed[-1] / summed[0] < 0.8 * exact[-1]
    assert (trace.time_ns[0], trace.time_ns[-1]) == (0, 4)
    assert trace.attrs == {"long_name": "light of the whole spot", "units": "counts nm2"}
    with pytest.raises(ValueError, match="number of slices before"):
        lifetime_trace(counts.sel(time_ns=slice(0, None)))


def test_five_positions_and_a_slice_before_the_pulse_are_enough():
    """Not four, and none later than 0.3 ns before it; 8 ns from the maximum on are kept."""
    time_ns, x = np.array([-0.3, 0.5, 4.5, 8.5, 9]), np.arange(-400.0, 401, 200)
    line = np.array([0, 8, 4, 2, 1])[:, None] * np.exp(-((x / 200) ** 2)) + 7
    counts = xr.DataArray(line, {"time_ns": time_ns, "position_nm": x})
    trace = lifetime_trace(counts)
    assert trace.time_ns.values.tolist() == [0, 4, 8]
    np.testing.assert_allclose(trace / trace[0], [1, 0.5, 0.25])
    dip = lifetime_trace(counts.where(counts.time_ns < 9, -1.0))  # as where a dark count was taken
    np.testing.assert_allclose(dip, trace)
    with pytest.raises(ValueError, match=r"positions of counts = 4 must be .* at least 5"):
        lifetime_trace(counts[:, :-1])
    with pytest.raises(ValueError, match=r"number of slices before -0\.3 ns = 0"):
        lifetime_trace(counts.assign_coords(time_ns=[-0.2, 0, 4, 8, 9]))


def test_records_of_one_map_differ_by_their_noise_only():
    """A seed gives what `add_noise` gives, and other seeds other noise around the same counts."""
    clean = xr.DataArray(np.full(2000, 100.0), dims="point")
    draw = noisy_records(clean, noise="poisson", background_counts=2)
    settings = {"noise": "poisson", "background_counts": 2}
    xr.testing.assert_identical(draw(3), add_noise(clean, seed=3, **settings))
    assert not draw(3).equals(draw(4))
    assert float(draw(4).mean()) == pytest.approx(101, abs=1)
