"""One look for all figures: readable sizes, colours that colour-blind readers can tell apart."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import matplotlib as mpl
from cycler import cycler

__all__ = ["OKABE_ITO", "colours", "use_style"]

OKABE_ITO = {
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "yellow": "#F0E442",
}
"""Okabe and Ito's colours (https://jfly.uni-koeln.de/color/), best contrast on white first."""

_STYLE = {
    "figure.figsize": (7.2, 3.6),
    "figure.dpi": 150,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.dpi": 150,
    "font.size": 10,
    "axes.labelsize": 10,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=list(OKABE_ITO.values())),
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 6,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "animation.html": "jshtml",
}

Key = TypeVar("Key")


def use_style() -> None:
    """Set matplotlib's defaults for all figures that follow."""
    mpl.rcParams.update(_STYLE)


def colours(keys: Iterable[Key], ramp: str | None = None) -> dict[Key, str]:
    """Give each key its colour.

    Parameters
    ----------
    keys : iterable
        What is drawn, in order; at most eight keys without a `ramp`.
    ramp : str, optional
        Name of a matplotlib colour map, for keys that are steps of one quantity. The lightest
        tenth of the map is left out, since it vanishes on white.

    Returns
    -------
    dict
        Colour by key, as ``#rrggbb``.

    Raises
    ------
    ValueError
        If there are more keys than colours.

    Examples
    --------
    >>> colours(["S1", "S2"])
    {'S1': '#0072B2', 'S2': '#D55E00'}
    >>> colours([1, 10], ramp="viridis")[1]
    '#440154'
    """
    keys = list(keys)
    palette = list(OKABE_ITO.values()) if ramp is None else _steps(ramp, len(keys))
    if len(keys) > len(palette):
        raise ValueError(f"{len(keys)} keys for {len(palette)} colours; name a ramp instead")
    return dict(zip(keys, palette, strict=False))


def _steps(ramp: str, count: int) -> Sequence[str]:
    colour_map = mpl.colormaps[ramp]
    return [mpl.colors.to_hex(colour_map(0.9 * i / max(count - 1, 1))) for i in range(count)]
