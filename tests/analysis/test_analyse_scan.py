"""One scan: its numbers are those of the fits, and its words are true."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import scans
import xarray as xr

from tptools import fitting
from tptools.analysis import METHODS, analyse, spot_shape
from tptools.analysis import shape as shapes
from tptools.analysis.scan import _decay, _lifetime_of_spot, _lights, any_shape, best_of
from tptools.estimate import Estimate, Goodness
from tptools.noise import simulate_map


@pytest.fixture(scope="module")
def found():
    """The analysis of a Gaussian spot."""
    return analyse(scans.scan(across=True))


def test_numbers_are_those_of_the_fits(found):
    """Each method gives what it gives by itself, and the window is that of the record."""
    counts = scans.scan(across=True).counts
    for method in METHODS:
        alone = fitting.diffusivity(counts, method, window_ns=(0, 3))
        assert found.diffusivities[method].value == alone.value
    decay = counts.sum("position_nm")
    level = fitting.level_before_pulse(decay)
    alone = fitting.fit_decay(decay, window_ns=(0, 3), background=level)
    assert found.lifetime["lifetime_ns"].value == alone["lifetime_ns"].value
    assert found.background == level
    xr.testing.assert_identical(found.growth, fitting.variance_growth(counts, window_ns=(0, 6)))
    assert (found.name, found.best.method, found.best.unit) == ("scan", "global", "cm2/s")
    assert abs(found.best.z(scans.D)) < 4


def test_a_gaussian_spot_speaks_for_itself(found):
    """Slices are trusted, and there is nothing to warn of."""
    assert found.slices_reasons == ()
    assert found.warnings == ()
    assert found.shape.slices_factor.value == pytest.approx(1, abs=0.1)


def test_the_lifetime_is_that_of_the_whole_spot(found):
    """A scan by a small detector loses what spreads across its line; this is put back."""
    seen, whole = found.lifetime["lifetime_ns"], found.lifetime_of_spot
    assert seen.z(scans.LIFETIME_NS) < -5
    assert abs(whole.z(scans.LIFETIME_NS)) < 4


@pytest.mark.parametrize("seed", range(4))
def test_kurtosis_of_a_gaussian_is_zero(seed):
    """Within its error, at first and at last."""
    shape = spot_shape(scans.scan(seed).counts, scans.D)
    assert abs(shape.kurtosis_at_first.z(0)) < 4
    assert abs(shape.kurtosis_at_last.z(0)) < 4


@pytest.mark.parametrize("diffusivity_cm2_s", [0.0, -0.01, math.nan])
def test_nothing_is_misread_where_nothing_spreads(diffusivity_cm2_s):
    """There is no factor, and a note says why."""
    factor = spot_shape(scans.scan().counts, diffusivity_cm2_s).slices_factor
    assert math.isnan(factor.value)
    assert factor.note == "no spreading that slices could misread"


@pytest.mark.parametrize(("shape", "sign"), [("flat_top", -1), ("pedestal", 1)])
def test_other_shapes_are_named_and_what_slices_make_of_them_is_foretold(shape, sign):
    """The factor is the one that noise-free slices have, by another way to spread the spot."""
    trace = xr.DataArray(np.exp(-np.arange(0, 3.05, 0.1) / 2.2), {"time_ns": np.arange(31) * 0.1})
    spot = {"D_cm2_s": 0.05, "spot_fwhm_nm": 500, "shape": shape, "area_counts_nm": 2e6}
    clean = simulate_map(trace, seed=1, noise="none", background_counts=0, **spot)
    noisy = simulate_map(trace, seed=1, noise="poisson", background_counts=1, **spot)
    truth = fitting.line_through_slices(clean + 1e-6).value / 0.05
    found = analyse(noisy.to_dataset(name="counts"))
    assert sign * found.shape.kurtosis_at_first.value > 5 * found.shape.kurtosis_at_first.std_err
    assert found.shape.slices_factor.value == pytest.approx(truth, abs=0.1)
    word = "flat top" if sign < 0 else "wings"
    assert any(word in one for one in found.slices_reasons)
    assert found.best.method != "slices"


def test_bad_positions_are_left_out_and_named():
    """A dead position does not count, unless it is kept by hand."""
    scan = scans.scan()
    bad = xr.zeros_like(scan.position_nm, bool)
    bad[25] = True
    scan["counts"][{"position_nm": 25}] = 0
    scan["bad_position"] = bad
    found = analyse(scan)
    assert bool(found.counts.isel(position_nm=25).isnull().all())
    assert "300 nm" in found.warnings[0]
    assert abs(found.best.z(scans.D)) < 4
    kept = analyse(scan, keep_bad=True, methods=["global"])
    assert not kept.counts.isnull().any()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"counts": 100.0}, "which are few"),
        ({"position_nm": np.linspace(-500, 500, 41)}, "widths from the centre"),
        ({"background": 20.0}, "Before the pulse there is"),
        ({"d": 0.0}, "not told from zero"),
    ],
)
def test_warnings_say_what_is_there(given, words):
    """Few counts, a narrow scan, light before the pulse and no spreading are noticed."""
    found = analyse(scans.scan(2, **given), methods=["global", "moment"])
    assert any(words in one for one in found.warnings)


def test_no_spot_no_diffusivity():
    """Where there is only a level, nothing is believed."""
    level = xr.full_like(scans.scan().counts, 5.0)
    drawn = level.copy(data=np.random.default_rng(1).poisson(level))
    found = analyse(drawn.to_dataset(name="counts"))
    assert math.isnan(found.best.value)
    assert any("No method gives" in one for one in found.warnings)


def test_the_first_that_fits_is_believed():
    """The order of the methods holds among those that fit; else one for a spot of any shape."""
    fits, not_ = Goodness(10.0, 10.0, 0.4), Goodness(100.0, 10.0, 1e-9)
    one = {name: Estimate(0.1, 0.01, "cm2/s", name, goodness=not_) for name in METHODS}
    assert best_of(one).method == "convolution"
    assert best_of({name: one[name] for name in ("global", "slices", "moment")}).method == "moment"
    assert best_of(one | {"slices": replace(one["slices"], goodness=fits)}).method == "slices"
    assert best_of(one | {"global": replace(one["global"], goodness=fits)}).method == "global"
    nothing = replace(one["global"], value=math.nan)
    assert math.isnan(best_of(one | {"global": nothing}).value)


def test_a_record_without_light_is_refused():
    """The error says what is missing."""
    with pytest.raises(ValueError, match="scan holds no counts"):
        analyse(xr.zeros_like(scans.scan()))
    with pytest.raises(ValueError, match="'run'"):
        analyse(scans.scan().expand_dims(run=2))


def test_a_lifetime_that_cannot_be_known_says_why(found):
    """In ns all the same: without a decay, without D, or with a spot that is gone in the window."""
    given = (found.counts, found.window_ns)
    d = found.best
    known = _lifetime_of_spot(*given, found.lifetime, d)
    assert (known.unit, known.method) == ("ns", "lifetime of the whole spot")
    assert known.value > found.lifetime["lifetime_ns"].value
    for lifetime, one, note in (
        (None, d, "no lifetime, or no spot that spreads"),
        (found.lifetime, replace(d, value=math.nan), "no lifetime, or no spot that spreads"),
        (found.lifetime, replace(d, value=1.0), "the spot spreads too far in the window"),
    ):
        unknown = _lifetime_of_spot(*given, lifetime, one)
        assert math.isnan(unknown.value)
        assert (unknown.unit, unknown.method, unknown.note) == ("ns", known.method, note)


def test_the_error_of_a_lifetime_has_that_of_the_spreading(found):
    """What D may be wrong by moves the lifetime, as far as it would be moved by hand."""
    given = (found.counts, found.window_ns, found.lifetime)
    still = replace(found.best, value=0.0)
    sure, unsure = (_lifetime_of_spot(*given, replace(still, std_err=e)) for e in (0.0, 0.01))
    moved = [_lifetime_of_spot(*given, replace(still, value=d)).value for d in (-0.01, 0.01)]
    assert sure.value == pytest.approx(found.lifetime["lifetime_ns"].value)
    own = (unsure.std_err**2 - sure.std_err**2) ** 0.5
    assert own == pytest.approx((moved[1] - moved[0]) / 2, rel=0.01)


def test_a_value_for_any_shape_is_the_first_of_two():
    """Of the convolution, or of moments; not of methods that take a Gaussian."""
    values = {"global": 1.0, "convolution": 2.0, "moment": 3.0, "slices": 4.0}
    one = {name: Estimate(value, 0.1, "cm2/s", name) for name, value in values.items()}
    assert any_shape(one) == 2
    assert any_shape(one | {"convolution": replace(one["convolution"], value=math.nan)}) == 3
    assert math.isnan(any_shape({name: one[name] for name in ("global", "slices")}))
    lost = {"global": replace(one["global"], value=math.nan)}
    misfit = replace(one["slices"], goodness=Goodness(100.0, 10.0, 1e-9))
    for none in (best_of(lost), best_of({}), best_of(lost | {"slices": misfit})):
        assert (none.unit, none.method) == ("cm2/s", "none")


def test_a_spread_gaussian_is_a_wider_one():
    """Variances add, and no light is lost; what is not spread stays as it is."""
    x = np.arange(-2000.0, 2001, 40)
    variance = np.array([0.0, 100.0**2, 300.0**2])
    light = 7 * np.exp(-(x**2) / (2 * 150**2))
    wide = 150**2 + variance[:, None]
    wanted = 7 * np.sqrt(150**2 / wide) * np.exp(-(x**2) / (2 * wide))
    np.testing.assert_allclose(shapes._spread(light[None], variance, 40.0)[0], wanted, atol=1e-6)


def test_kurtosis_is_that_of_the_light_within_three_widths():
    """Zero of a Gaussian on its background, and by hand of a spot with wings."""
    x = xr.DataArray(np.arange(-900.0, 901, 20), dims="position_nm")
    x = x.assign_coords(position_nm=x.values)
    values = {"amplitude": 50.0, "centre_nm": 40.0, "variance_nm2": 150.0**2, "background": 3.0}
    gaussian = 50 * np.exp(-((x - 40) ** 2) / (2 * 150**2))
    fits = xr.Dataset(values)
    assert shapes._kurtosis(gaussian + 3, fits) == pytest.approx(0, abs=1e-12)
    winged = gaussian + 5 * np.exp(-((x - 40) ** 2) / (2 * 300**2))
    near = np.abs(x.values - 40) <= 450
    own = [
        np.average((x.values - 40)[near] ** 4, weights=one.values[near])
        / np.average((x.values - 40)[near] ** 2, weights=one.values[near]) ** 2
        for one in (winged, gaussian)
    ]
    assert shapes._kurtosis(winged + 3, fits) == pytest.approx(own[0] - own[1])


@pytest.mark.parametrize(
    ("counts", "first", "last"),
    [([1] * 8, 2, 3), ([9, 1, 1], 1, 3), ([1, 1, 9], 2, 1), ([0, 5, 0], 1, 2)],
)
def test_quarters_hold_a_quarter_of_the_light(counts, first, last):
    """At most at first and at least at last, and one slice in any case."""
    record = xr.DataArray(np.array(counts)[:, None], dims=("time_ns", "position_nm"))
    start, end = shapes._quarters(record)
    assert record[start].sizes["time_ns"] == first
    assert record[end].sizes["time_ns"] == last


def test_the_window_is_what_the_record_says():
    """Of the fits, the growth being shown twice as far; a shape alone is of the first 3 ns."""
    whole = scans.scan(position_nm=np.linspace(-900, 900, 21))
    scan = whole.isel(time_ns=slice(0, 25))
    scan.attrs["fit_window_ns"] = [0.0, 0.62]
    found = analyse(scan, methods=["slices"])
    assert found.window_ns == (0, 0.62)
    assert 1.05 < float(found.growth.time_ns[-1]) < 1.25
    few = partial(spot_shape, whole.counts, scans.D, n_resamples=2)
    assert few() == few(window_ns=(0, 3))


def test_light_before_the_pulse_ends_0_3_ns_before_it():
    """Its level is that of what is earlier, and not known where nothing is."""
    time = np.arange(-5, 1) / 10
    counts = xr.DataArray([2.0, 4, 6, 50, 70, 90], {"time_ns": time}).expand_dims(
        position_nm=[0, 50]
    )
    counts = counts.transpose("time_ns", "position_nm")
    assert _decay(counts)[1] == pytest.approx(8)
    assert _decay(counts[2:])[1] == pytest.approx(12)
    decay, level = _decay(counts[3:])
    assert level is None
    assert decay.values.tolist() == [100, 140, 180]


@pytest.mark.parametrize("n_filled", [6, 7])
def test_a_decay_takes_seven_times_with_light(n_filled):
    """In the window for the exponential, and after it for the tail; however little it is."""
    time = np.arange(0.05, 6, 0.1)
    light = np.where(np.arange(time.size) % 30 < n_filled, 1 / (1 + time) ** 2, 0)
    decay = xr.DataArray(light, {"time_ns": time})
    assert [fit is not None for fit in _lights(decay, (0.0, 3.0), None)] == [n_filled == 7] * 2
    assert _lights(decay, (-1.0, 0.0), None) == (None, None)


def test_a_shape_is_the_first_value_with_the_scatter_of_the_others():
    """Where half of them are known, the first among these."""
    one = shapes._estimate(np.array([1.0, 2.0, 4.0, 3.5, math.nan]), "m")
    assert (one.value, one.unit, one.method, one.note) == (1, "", "m", "")
    assert one.std_err == pytest.approx(np.sqrt(13 / 12))
    for values in ([1.0, 2.0, 4.0, math.nan, math.nan], [math.nan, 1.0, 2.0, 3.0, 4.0]):
        lost = shapes._estimate(np.array(values), "m")
        assert (lost.unit, lost.method, lost.note) == ("", "m", "no spot with a width")
        assert math.isnan(lost.value)
    at = np.append(scans.POSITION_NM[:-1], 1250.0)
    factor = spot_shape(scans.scan(position_nm=at).counts, scans.D, n_resamples=2).slices_factor
    assert factor.note == "positions are not equally spaced"
