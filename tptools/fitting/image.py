"""What pictures of every kind need: checked pixels, and two levels told apart."""

from __future__ import annotations

import math
from typing import Any

import scipy
import xarray as xr

from tptools.arrays import BoolArray, FloatArray
from tptools.records import EVEN, as_record, even_step

# Two levels split by Otsu's threshold lie 2.65 of their standard deviations apart where there is
# only one, normally distributed; four cannot come from noise.
CLEAREST_NOISE = 4.0


def as_image(given: Any, name: str, *, signed: bool) -> tuple[xr.DataArray, float]:
    """An image over (y_nm, x_nm) as native floats, and the edge of its square pixels in nm.

    Masked pixels are NaN.

    Raises
    ------
    TypeError, ValueError
        As from `tptools.records.as_record`, or if pixels are uneven or not square.

    Examples
    --------
    >>> import numpy as np
    >>> axes = {"x_nm": np.arange(3)[::-1], "y_nm": np.arange(2)}
    >>> image, pixel_nm = as_image(xr.DataArray([[1, 4], [2, 5], [3, 6]], axes), "n", signed=False)
    >>> image.values.tolist(), pixel_nm
    ([[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]], 1.0)
    """
    axes = ("y_nm", "x_nm")
    image = as_record(given, *axes, name=name, only=True, masked=True, signed=signed)
    if min(image.shape) < 2:
        raise ValueError(
            f"{name} has sizes {dict(image.sizes)} and must have at least two pixels along each"
        )
    down_nm, right_nm = (even_step(image, axis) for axis in axes)
    if not math.isclose(down_nm, right_nm, rel_tol=2 * EVEN):
        raise ValueError(
            f"pixels of {name} are {right_nm:g} nm wide and {down_nm:g} nm high and must be "
            "square; interpolate to one pixel size"
        )
    return image, math.sqrt(down_nm * right_nm)


def filled(values: FloatArray, good: BoolArray) -> FloatArray:
    """Values where they are good, and elsewhere those of the nearest good pixel.

    Examples
    --------
    >>> import numpy as np
    >>> filled(np.array([[1.0, np.nan, np.nan, 4.0]]), np.array([[True, False, False, True]]))
    array([[1., 1., 4., 4.]])
    """
    if good.all():
        return values
    rows, columns = scipy.ndimage.distance_transform_edt(
        ~good, return_distances=False, return_indices=True
    )
    return values[rows, columns]


def clearly_apart(values: FloatArray, high: BoolArray) -> bool:
    """Whether a threshold has found two levels, and not cut the noise of one.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([1.0, 1.1, 5.0, 5.1])
    >>> clearly_apart(values, values > 3)
    True
    """
    if high.all() or not high.any():
        return False
    within = math.sqrt((values[high].var() + values[~high].var()) / 2)
    return bool(values[high].mean() - values[~high].mean() > CLEAREST_NOISE * within)
