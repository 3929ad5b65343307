"""Tests of tptools.companion.series."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from tptools.companion import series
from tptools.fitting import relaxation_curve


@pytest.fixture
def measured():
    """Four records of two films, by two methods."""
    value = np.array([[0.1, 0.2, 0.3, 0.4], [1.0, 2.0, 3.0, 4.0]])
    table = xr.Dataset(
        {
            name: (("estimator", "record"), scale * value, {"units": "cm2/s"})
            for name, scale in (("value", 1.0), ("scatter", 0.1))
        }
    )
    return table.assign_coords(
        estimator=["slices", "global"],
        film=("record", ["a", "a", "b", "b"]),
        power_nW=("record", [1.0, 10.0, 1.0, 10.0]),
    )


def test_records_are_picked_by_what_they_are(measured):
    """All conditions have to be met, and the order stays."""
    assert series.pick(measured, power_nW=10).value.values.tolist() == [[0.2, 0.4], [2.0, 4.0]]
    one = series.pick(measured, "global", power_nW=10, film="b")
    assert one.value.values.tolist() == [4.0]


def test_no_record_is_an_error(measured):
    """A condition that no record has is no empty series."""
    with pytest.raises(ValueError, match=r"no record has \{'power_nW': 2\}"):
        series.pick(measured, power_nW=2)


def test_joined_series_come_apart_again(measured):
    """Every record knows its series."""
    both = series.joined({"one": measured, "two": measured})
    xr.testing.assert_equal(series.pick(both, series="two").drop_vars("series"), measured)


def test_mean_of_equal_records_is_their_value():
    """Records that agree have no chi-square, and their mean the error of all together."""
    table = xr.Dataset({"value": ("record", [0.2] * 4), "scatter": ("record", [0.02] * 4)})
    mean, test = series.weighted_mean(table)
    assert mean.method == "weighted mean"
    assert (mean.value, mean.std_err) == pytest.approx((0.2, 0.01))
    assert (test.chi2, test.n_points) == (pytest.approx(0), 4)


def test_two_records_agree_with_their_mean_as_with_each_other():
    """The mean of the same records takes a degree of freedom: p is that of their difference."""
    table = xr.Dataset({"value": ("record", [0.1, 0.3]), "scatter": ("record", [0.03, 0.04])})
    p_value = series.weighted_mean(table)[1].p_value
    assert p_value == pytest.approx(2 * stats.norm.sf(0.2 / 0.05))


@pytest.mark.parametrize("wrong", [0.0, -0.1, np.nan, np.inf])
def test_mean_without_a_usable_scatter_is_refused(wrong):
    """A record whose scatter cannot weigh it is named, and nothing else warns."""
    columns = {"value": ("record", [0.1, 0.3]), "scatter": ("record", [0.1, wrong])}
    with pytest.raises(ValueError, match=r"scatter must be positive and finite.* point 1"):
        series.weighted_mean(xr.Dataset(columns))


def test_change_is_last_less_first(measured):
    """Independent errors add in squares."""
    found = series.change(measured.sel(estimator="slices"))
    assert (found.value, found.std_err) == pytest.approx((0.3, np.hypot(0.01, 0.04)))
    assert found.unit == "cm2/s"


def test_rank_is_of_one_method(measured):
    """What rises with power within each film correlates, and not perfectly over both."""
    falling = measured.assign(value=measured.value * [[1], [-1]])
    assert 0 < series.rank(falling, "power_nW", "slices").value < 1
    assert -1 < series.rank(falling, "power_nW").value < 0


def test_fits_are_over_the_time_of_the_disc(measured):
    """The time constant of the axis that the paper shows comes back, by each method."""
    time_us = np.linspace(1, 40, 12)
    curve = relaxation_curve(time_us, 0.01, 0.14, 6.0)
    table = xr.Dataset(
        {"value": (("estimator", "record"), [curve, 2 * curve])},
        {
            "estimator": ["slices", "global"],
            "disc_time_between_excitations_us": ("record", time_us),
            "time_between_excitations_us": ("record", time_us / np.log(2)),
        },
    )
    found = series.relaxation_fits(table)
    assert {name: fit["tau_us"].value for name, fit in found.items()} == pytest.approx(
        {"slices": 6.0, "global": 6.0}
    )


def test_displacements_are_named_by_what_was_varied():
    """Each record has its value and unit as label, and is followed from the pulse to 6 ns."""
    spot = np.exp(-(np.linspace(-3, 3, 41) ** 2))
    counts = xr.DataArray(
        np.tile(1000 * spot, (2, 18, 1)),
        {
            "rep_rate_MHz": ("record", [0.5, 40.0]),
            "time_ns": np.arange(-2, 16) * 0.5,
            "position_nm": np.linspace(-900, 900, 41),
        },
        ("record", "time_ns", "position_nm"),
    )
    records = counts.to_dataset(name="counts")
    found = series.displacements(records, "rep_rate_MHz", "MHz", [1])
    assert list(found) == ["40 MHz"]
    time_ns = found["40 MHz"].time_ns
    assert (float(time_ns[0]), float(time_ns[-1])) == (0, 6)
