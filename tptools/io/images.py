"""Profiles of images: of a camera, an intensified camera, or a scan in x and y."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import xarray as xr

from tptools.checks import check_choice, check_number
from tptools.records import as_record, even_step

__all__ = ["line_profile", "radial_profile"]

AXES = ("y_nm", "x_nm")
SAYS = {
    "cut": "cut through the spot: keeps the variance of a Gaussian spot, not of another",
    "projection": "sum across the image: keeps the variance along the line of a spot of any shape",
}


def line_profile(
    image: xr.DataArray,
    along: Literal["x", "y"] = "x",
    reduction: Literal["cut", "projection"] = "projection",
    *,
    at_nm: float | None = None,
    width_nm: float | None = None,
) -> xr.DataArray:
    r"""Counts along a line through an image, as `tptools.fitting.diffusivity` takes them.

    Parameters
    ----------
    image : DataArray
        Counts over ``y_nm`` and ``x_nm``, and any other dimensions such as ``time_ns``.
    along : str
        Side of the image that the line runs along.
    reduction : str
        ``projection`` sums all rows, ``cut`` those of a strip; see Notes.
    at_nm : float, optional
        Middle of the strip of a cut; by default the centre of the light.
    width_nm : float, optional
        Width of the strip of a cut; by default one row.

    Returns
    -------
    DataArray
        Sums of counts, over ``position_nm`` and the other dimensions; its attribute ``reduction``
        says what it is.

    Raises
    ------
    ValueError
        If an axis is missing or uneven, a choice is unknown, a number out of range, or a strip or
        its place is given for a projection.

    Notes
    -----
    With I(x, y, t) the light and :math:`\langle x^2 \rangle` its second moment about the centre,
    which grows as 2Dt (Eq. 1), the second moment

    * of a projection, :math:`\int I\, dy`, is :math:`\langle x^2 \rangle`, for a spot of any shape;
    * of a cut, I(x, 0), is the same for a Gaussian spot only: a flat disc of radius a has
      :math:`a^2/3` as cut and :math:`a^2/4` as projection;
    * of the light at a distance r (`radial_profile`), weighted by r, is :math:`\langle r^2
      \rangle = 2 \langle x^2 \rangle` for a round spot.

    A projection sums the background and the bad pixels of whole columns; a cut has fewer photons.

    Examples
    --------
    >>> axis = np.arange(-4.0, 5) * 100
    >>> spot = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * 150**2))
    >>> image = xr.DataArray(spot, {"y_nm": axis, "x_nm": axis})
    >>> line_profile(image, "x", "cut").sizes
    Frozen({'position_nm': 9})
    """
    check_choice("along", along, ("x", "y"))
    check_choice("reduction", reduction, tuple(SAYS))
    image = as_record(image, *AXES, name="image", masked=True)
    along_nm, across_nm = f"{along}_nm", "y_nm" if along == "x" else "x_nm"
    attrs: dict[str, Any] = {"reduction": SAYS[reduction]}
    if reduction == "projection":
        if at_nm is not None or width_nm is not None:
            raise ValueError("at_nm and width_nm are of a cut; take reduction='cut'")
        strip = image
    else:
        step = even_step(image, across_nm)
        at = _centre(image, across_nm) if at_nm is None else check_number("at_nm", at_nm)
        width = step if width_nm is None else check_number("width_nm", width_nm, above=0)
        distance = np.abs(image[across_nm].to_numpy() - at)
        chosen = distance <= max(width / 2, float(distance.min())) * (1 + 1e-9)
        strip = image.isel({across_nm: np.flatnonzero(chosen)[: None if width > step else 1]})
        attrs |= {
            "cut_at_nm": float(strip[across_nm].mean()),
            "cut_rows": int(strip[across_nm].size),
        }
    line = strip.sum(across_nm, skipna=reduction == "projection", keep_attrs=True)
    line = line.rename({along_nm: "position_nm"}).assign_attrs(attrs)
    others = [one for one in line.dims if one != "position_nm"]
    return line.transpose(*others, "position_nm")


def radial_profile(
    image: xr.DataArray,
    *,
    centre_nm: tuple[float, float] | None = None,
    step_nm: float | None = None,
) -> xr.Dataset:
    r"""Light at each distance from the centre of a spot.

    Parameters
    ----------
    image : DataArray
        Counts over ``y_nm`` and ``x_nm``, and any other dimensions such as ``time_ns``.
    centre_nm : tuple of float, optional
        x and y of the centre; by default that of the light.
    step_nm : float, optional
        Width of the rings; by default the larger step of the image.

    Returns
    -------
    Dataset
        ``counts``, sums over the pixels of every ring, ``n_pixels`` of it, and ``mean``, over
        ``radius_nm`` and the other dimensions, and ``mean_square_nm2`` over these: the sum of
        :math:`r^2 I` over that of I, without background, which grows as 4Dt. Only rings that lie
        in the image all around are there.

    Raises
    ------
    ValueError
        If an axis is missing or uneven, a number out of range, or the centre not in the image.

    Examples
    --------
    >>> axis = np.arange(-20.0, 21) * 50
    >>> spot = np.exp(-(axis[:, None] ** 2 + axis**2) / (2 * 150**2))
    >>> rings = radial_profile(xr.DataArray(spot, {"y_nm": axis, "x_nm": axis}))
    >>> round(float(rings.mean_square_nm2) / (2 * 150**2), 2)
    1.0
    """
    image = as_record(image, *AXES, name="image", masked=True)
    step = max(even_step(image, one) for one in AXES)
    step = step if step_nm is None else check_number("step_nm", step_nm, above=0)
    found = tuple(_centre(image, one) for one in ("x_nm", "y_nm"))
    x0, y0 = (check_number("centre_nm", one) for one in (centre_nm or found))
    x, y = image["x_nm"], image["y_nm"]
    reach = min(float(x[-1]) - x0, x0 - float(x[0]), float(y[-1]) - y0, y0 - float(y[0]))
    if reach < step:
        raise ValueError(
            f"centre_nm = {(x0, y0)} must lie within the image, one ring from its edge"
        )
    radius = ((x - x0) ** 2 + (y - y0) ** 2) ** 0.5
    ring = (radius / step + 0.5).astype(int)
    inside = image.where(ring * step <= reach)
    stacked = inside.assign_coords(ring=ring).stack(pixel=AXES).dropna("pixel", how="all")
    by_ring = stacked.groupby("ring")
    counts, n_pixels = by_ring.sum(), by_ring.count()
    rings = xr.Dataset({"counts": counts, "n_pixels": n_pixels, "mean": counts / n_pixels})
    at = ("radius_nm", rings["ring"].to_numpy() * step, {"units": "nm"})
    moment = (radius**2 * inside).sum(AXES) / inside.sum(AXES)
    moment.attrs = {"units": "nm2"}
    rings = rings.rename(ring="radius_nm").assign_coords(radius_nm=at)
    rings = rings.assign(mean_square_nm2=moment)
    return rings.assign_attrs(reduction="rings around the centre", centre_x_nm=x0, centre_y_nm=y0)


def _centre(image: xr.DataArray, axis: str) -> float:
    """Middle of the light along an axis, above the median of the sum over all else."""
    others = [one for one in image.dims if one != axis]
    total = image.sum(others)
    light = (total - float(total.median())).clip(0)
    if not float(light.sum()) > 0:
        return math.nan
    return float((light * image[axis]).sum() / light.sum())
