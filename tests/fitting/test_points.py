"""Tests of tptools.fitting.points."""

import numpy as np
import pytest
import xarray as xr

from tptools.estimate import Estimate
from tptools.fitting.points import Points, as_points


def estimate(value, std_err=0.1, unit="nm", *, converged=True):
    """A point with an error."""
    return Estimate(value, std_err, unit, "fit", converged=converged)


def columns(points):
    """All that is known of points."""
    return (
        points.value.tolist(),
        points.std_err.tolist(),
        points.unit,
        points.note,
        points.converged,
    )


def test_numbers_have_the_errors_that_are_given():
    """And none where there are none; no unit and nothing to be said."""
    assert columns(as_points("y", [1, 2])) == ([1.0, 2.0], [0.0, 0.0], "", "", True)
    assert columns(as_points("y", [1, 2], [3, 4])) == ([1.0, 2.0], [3.0, 4.0], "", "", True)
    assert columns(Points(np.ones(1), np.ones(1))) == ([1.0], [1.0], "", "", True)


@pytest.mark.parametrize("unit", [None, "nm"])
def test_estimates_bring_unit_and_errors(unit):
    """Beside them plain numbers are exact; errors that are given go before theirs."""
    given = [estimate(1.0), 2.0, estimate(3.0, 0.3)]
    assert columns(as_points("y", given, unit=unit)) == ([1, 2, 3], [0.1, 0, 0.3], "nm", "", True)
    assert as_points("y", given, [4, 5, 6], unit=unit).std_err.tolist() == [4, 5, 6]
    assert columns(as_points("y", estimate(1.0))) == ([1.0], [0.1], "nm", "", True)


def test_fits_that_did_not_converge_are_counted():
    """Among all points, numbers too."""
    failed = estimate(1.0, converged=False)
    found = as_points("y", [failed, 2.0, estimate(3.0), failed])
    assert found.note == "fits of 2 of 4 points did not converge"
    assert found.converged is False


@pytest.mark.parametrize(
    ("units", "wanted", "said"),
    [
        (["nm", "us"], None, "y is in 'nm' and 'us' and must be in one unit; convert it first"),
        (["us"], "nm", "y is in 'us' and must be in 'nm'; convert it first"),
        (["us", "nm"], "nm", "y is in 'nm' and 'us' and must be in 'nm'; convert it first"),
    ],
)
def test_points_have_one_unit(units, wanted, said):
    """The one that is wanted, if any."""
    with pytest.raises(ValueError, match=f"^{said}$"):
        as_points("y", [estimate(1.0, unit=unit) for unit in units], unit=wanted)


@pytest.mark.parametrize(
    "given", ["text", [[1, 2], [3]], xr.Dataset({"a": 1.0}), [object()], [1j]], ids=range(5)
)
def test_what_holds_no_numbers_is_refused(given):
    """By its name, and so are errors that are none."""
    with pytest.raises(TypeError, match=r"^y "):
        as_points("y", given)
    with pytest.raises(TypeError, match=r"^y "):
        as_points("y", [estimate(1.0)], given)


def test_points_are_not_compared_as_a_whole():
    """Nor can they be changed."""
    one = as_points("y", [1.0, 2.0])
    assert one != as_points("y", [1.0, 2.0])
    with pytest.raises(AttributeError):
        one.unit = "nm"
