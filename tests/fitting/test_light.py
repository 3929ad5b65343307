"""Tests of tptools.fitting.light on spots whose light, and films whose yield, is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from tptools.film import FILMS
from tptools.fitting import quantum_yield, whole_spot_light
from tptools.fitting.light import radii_of
from tptools.instruments import IntegratingSphere

X_NM = np.arange(-1500.0, 1501.0, 50.0)
TIME_NS = np.arange(-1.0, 5.0, 0.1)
PEAK = 40.0


def scan(sigma_nm, background=0.0):
    """A spot of one peak height that is there after the pulse, on a background."""
    spot = PEAK * np.exp(-(X_NM**2) / (2 * sigma_nm**2))
    counts = np.where(TIME_NS[:, None] > -0.05, spot, 0) + background
    return xr.DataArray(counts, {"time_ns": TIME_NS, "position_nm": X_NM})


@pytest.mark.parametrize("sigma_nm", [150.0, 250.0, 350.0])
@pytest.mark.parametrize("background", [0.0, 3.0])
def test_light_is_the_integral_over_the_plane(sigma_nm, background):
    """A Gaussian spot holds 2 pi sigma^2 times its peak, whatever its background."""
    n_bins = int((TIME_NS > -0.05).sum())
    wanted = 2 * np.pi * sigma_nm**2 * PEAK * n_bins
    assert whole_spot_light(scan(sigma_nm, background)).value == pytest.approx(wanted, rel=0.02)


def test_error_is_the_scatter_of_noisy_records():
    """Over Poisson records the light has pulls of mean 0 and width 1."""
    mean, rng = scan(200.0, 2.0), np.random.default_rng(1)
    found = [whole_spot_light(mean.copy(data=rng.poisson(mean))) for _ in range(200)]
    wanted = whole_spot_light(mean).value
    pulls = np.array([one.z(wanted) for one in found])
    assert abs(pulls.mean()) < 3 / np.sqrt(200)
    assert abs(pulls.std() - 1) < 3 / np.sqrt(400)


def test_records_without_a_background_are_refused():
    """A record that starts with the pulse, or is spaced unevenly, is named as such."""
    with pytest.raises(ValueError, match="starts before the pulse"):
        whole_spot_light(scan(200.0).sel(time_ns=slice(0, None)))
    with pytest.raises(ValueError, match="equally spaced"):
        whole_spot_light(scan(200.0).isel(position_nm=[0, 1, 3, 4, 5]))


@pytest.mark.parametrize("shift_nm", [-700.0, -130.0, 12.0, 700.0])
@pytest.mark.parametrize("background", [0.0, 3.0])
def test_light_does_not_depend_on_where_zero_is(shift_nm, background):
    """A scan whose positions count from elsewhere holds the same light."""
    here = scan(200.0, background)
    there = here.assign_coords(position_nm=X_NM + shift_nm)
    wanted = whole_spot_light(here)
    assert whole_spot_light(there).value == pytest.approx(wanted.value, rel=1e-6)
    assert whole_spot_light(there, centre_nm=shift_nm).value == pytest.approx(wanted.value)


@pytest.mark.parametrize("first", [10, 25, 28])
def test_what_one_side_lacks_the_other_stands_for(first):
    """A scan that starts near the centre, or far off, holds the same light as a whole one."""
    whole, part = scan(200.0, 1.0), scan(200.0, 1.0).isel(position_nm=slice(first, None))
    wanted = whole_spot_light(whole).value
    assert whole_spot_light(part).value == pytest.approx(wanted, rel=0.02)


def test_scans_without_a_centre_are_refused():
    """One position, a spot beyond the scan, and a scan without a spot have no rings."""
    with pytest.raises(ValueError, match="number of positions = 1 "):
        whole_spot_light(scan(200.0).isel(position_nm=[30]))
    with pytest.raises(ValueError, match="to both sides"):
        whole_spot_light(scan(200.0).isel(position_nm=slice(35, None)), centre_nm=0.0)
    with pytest.raises(ValueError, match=r"shows no spot .*give centre_nm"):
        whole_spot_light(scan(200.0).isel(position_nm=slice(36, None)))
    empty = xr.full_like(scan(200.0), 5.0)
    with pytest.raises(ValueError, match="shows no spot"):
        whole_spot_light(empty)
    assert whole_spot_light(empty, centre_nm=0.0).value == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("exciton_absorbance", [0.01, 0.04, 0.07])
def test_quantum_yield_has_right_errors(exciton_absorbance):
    """From the thinnest to the thickest film of Note 1 the yield comes back within its error."""
    film = replace(FILMS["OLA/OA"].optics, exciton_absorbance=exciton_absorbance)
    found = [quantum_yield(IntegratingSphere().measure(film, seed=s)) for s in range(300)]
    pulls = np.array([one.z(0.68) for one in found])
    assert abs(pulls.mean()) < 4 / math.sqrt(pulls.size)
    assert abs(pulls.std() - 1) < 4 / math.sqrt(2 * pulls.size)


@pytest.mark.parametrize("sample_excitation", [1001, 1000, 950])
def test_sample_that_absorbs_nothing_has_no_yield(sample_excitation):
    """A difference of the wrong sign, or within its noise, gives NaN and says why."""
    counts = {"sample_emission": 10, "blank_emission": 10}
    counts |= {"sample_excitation": sample_excitation, "blank_excitation": 1000}
    repeats = {name: ("repeat", [n]) for name, n in counts.items()}
    found = quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": 0.0}))
    assert math.isnan(found.value)
    assert found.note == "the sample took no light off the lamp"


def test_lamp_of_unknown_drift_is_refused():
    """A drift that is NaN would make the error NaN, and is named instead."""
    names = ("sample_emission", "blank_emission", "sample_excitation", "blank_excitation")
    repeats = {name: ("repeat", [n]) for name, n in zip(names, (15, 1, 80, 100), strict=True)}
    with pytest.raises(ValueError, match=r"^lamp_drift = nan"):
        quantum_yield(xr.Dataset(repeats, attrs={"lamp_drift": math.nan}))
    with pytest.raises(ValueError, match="record lacks lamp_drift"):
        quantum_yield(xr.Dataset(repeats))


SMALL_NM = 2.0 * np.arange(-2, 4)


def small(seed=1):
    """Counts of six positions at five times, two of them before the pulse."""
    counts = np.random.default_rng(seed).integers(1, 9, (5, 6))
    return xr.DataArray(counts, {"time_ns": [-2.0, -1.0, 0.0, 1.0, 2.0], "position_nm": SMALL_NM})


def test_rings_around_a_centre_by_hand():
    """Each position stands for half a ring, the last one, which has no other side, for a whole.

    The background of two bins counts one and a half times for three, with its own noise.
    """
    counts = small()
    found = whole_spot_light(counts, background_until_ns=-1.0, centre_nm=0.0)
    ring = math.pi * 2 * np.array([4, 2, 0, 2, 4, 2 * 6])
    off, on = counts.values[:2].sum(axis=0), counts.values[2:].sum(axis=0)
    assert found.value == pytest.approx(ring @ (on - 1.5 * off))
    assert found.std_err == pytest.approx(math.sqrt(ring**2 @ (on + 1.5**2 * off)))
    assert (found.unit, found.method) == ("counts nm2", "rings around the centre")


@pytest.mark.parametrize(
    ("centre_nm", "twice"), [(3.25, [8, 9, 10]), (6.75, [0, 1, 2]), (5.0, []), (9.9, range(10))]
)
def test_positions_without_another_side_count_twice(centre_nm, twice):
    """One that lies beyond the mirrored end by no more than half a step has another side."""
    x = 1.0 * np.arange(11)
    counts = xr.DataArray(np.ones((1, 11)), {"time_ns": [0.0], "position_nm": x})
    factor = np.isin(np.arange(11), twice) + 1
    np.testing.assert_allclose(radii_of(counts, centre_nm), abs(x - centre_nm) * factor)


@pytest.mark.parametrize("centre_nm", [-4.0, 6.0, 7.0])
def test_a_centre_at_an_end_is_refused(centre_nm):
    """There is a side without positions."""
    with pytest.raises(ValueError, match="to both sides"):
        whole_spot_light(small(), background_until_ns=-1.0, centre_nm=centre_nm)


def test_what_rings_need():
    """Five positions, every reading, one record, and a background from before the pulse."""
    usual = whole_spot_light(scan(200.0, 2.0))
    assert usual == whole_spot_light(scan(200.0, 2.0), background_until_ns=-0.3)
    five = small().isel(position_nm=slice(1, None))
    assert whole_spot_light(five, background_until_ns=-1.0, centre_nm=0.0).value != 0
    for counts, said in (
        (five.isel(position_nm=slice(1, None)), "number of positions = 4 "),
        (small().where(small().time_ns > -2.0), "counts is masked at 6 readings"),
        (small().expand_dims("record"), "counts"),
        (small().rename(time_ns="time"), "counts"),
    ):
        with pytest.raises(ValueError, match=f"^{said}"):
            whole_spot_light(counts, background_until_ns=-1.0, centre_nm=0.0)
    with pytest.raises(ValueError, match=r"^background_until_ns = 0"):
        whole_spot_light(small(), background_until_ns=0.0)


def sphere(lamp_drift, **counts):
    """Record of the four measurements."""
    repeats = {name: ("repeat", np.atleast_1d(one)) for name, one in counts.items()}
    return xr.Dataset(repeats, attrs={"lamp_drift": lamp_drift})


def test_yield_and_its_error_by_hand():
    """Poisson noise of every count, and drift of the lamp in what it drives, by differences."""
    counts = {
        "sample_emission": np.array([4000.0, 4400.0]),
        "blank_emission": np.array([500.0, 450.0]),
        "sample_excitation": np.array([12_000.0, 12_500.0]),
        "blank_excitation": np.array([17_000.0, 17_400.0]),
    }

    def value(changed=None, by=0.0, k=0):
        c = {
            name: one + by * (np.arange(2) == k) * (name == changed) for name, one in counts.items()
        }
        emitted = c["sample_emission"] - c["blank_emission"]
        return float((emitted / (c["blank_excitation"] - c["sample_excitation"])).mean())

    variance = 0.0
    for name, numbers in counts.items():
        driven = numbers - counts["blank_emission"] * (name == "sample_emission")
        drift = 0.05 * driven * (name != "blank_emission")
        for k in range(2):
            slope = value(name, 0.5, k) - value(name, -0.5, k)
            variance += slope**2 * (numbers[k] + drift[k] ** 2)
    found = quantum_yield(sphere(0.05, **counts))
    assert found.value == pytest.approx(value())
    assert found.std_err == pytest.approx(math.sqrt(variance), rel=1e-5)
    assert (found.unit, found.method) == ("", "integrating sphere")


@pytest.mark.parametrize(("errors", "known"), [(2.9, False), (3.1, True)])
def test_absorbed_light_must_be_three_errors(errors, known):
    """In every repetition: of the lamp's counts with and without the sample."""
    blank = 100.0
    sample = blank + errors**2 / 2 - errors * math.sqrt(2 * blank + errors**2 / 4)
    assert blank - sample == pytest.approx(errors * math.sqrt(blank + sample))
    found = quantum_yield(
        sphere(
            0.0,
            sample_emission=[900.0, 900.0],
            blank_emission=[10.0, 10.0],
            sample_excitation=[50.0, sample],
            blank_excitation=[blank, blank],
        )
    )
    assert math.isnan(found.value) != known
    assert (found.unit, found.method) == ("", "integrating sphere")
