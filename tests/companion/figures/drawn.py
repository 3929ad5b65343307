"""What a figure shows and how, in words and numbers: one line for each thing that is drawn."""

from collections import defaultdict
from functools import singledispatch

import numpy as np
from matplotlib.artist import Artist, getp
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import Collection, LineCollection
from matplotlib.colors import Colormap, to_hex
from matplotlib.figure import FigureBase
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.spines import Spine
from matplotlib.text import Text

LINE = "linestyle", "linewidth"
MARKER = "marker", "markersize", "markerfacecolor", "markeredgecolor"
EDGE = *LINE, "edgecolor", "facecolor"
SHADES = "array", "clim", "cmap"
PLAIN = "", "0", "solid", "-"


def drawn(figure):
    """Describe a figure as it lies on its page: the whole, then its parts."""
    figure.draw_without_rendering()
    return "\n".join([f"figure {numbers(figure.get_size_inches())}", *parts(figure)])


def parts(whole):
    """Lines of all that is seen within an artist, from back to front; its own ground is not.

    Artists that differ in nothing but their place share a line.
    """
    ground = getattr(whole, "patch", None)
    off = isinstance(whole, Axes) and not whole.axison
    seen = [
        one
        for one in whole.get_children()
        if one.get_visible() and one is not ground and not (off and isinstance(one, Axis | Spine))
    ]
    seen.sort(key=Artist.get_zorder)
    alike = defaultdict(list)
    for one in seen:
        look = looks(one)
        alike[one if look is None else look].append(one)
    return [f" {line}" for several in alike.items() for line in told(*several)]


def told(look, artists):
    """Lines that tell of artists with one look, or of one that has none and of what is in it."""
    match look:
        case "":
            return []
        case str() if isinstance(artists[0], Axis | Spine):
            return [look]
        case str():
            x, y = map(numbers, np.concatenate([points(one) for one in artists]).T)
            count = f"{len(artists)} " * (len(artists) > 1)
            return [f"{count}{look}: {x} by {y}"]
        case FigureBase() | Axes() | Legend():
            x, y = map(numbers, points(look).T)
            return [f"{type(look).__name__.lower()}: {x} by {y}", *parts(look)]
    return parts(look)


@singledispatch
def looks(artist):
    """Say in words what tells an artist from others, apart from its place; None if it has parts."""


@looks.register
def _(spine: Spine):
    return f"spine {spine.spine_type}"


@looks.register
def _(axis: Axis):
    limits = axis.get_view_interval()
    ticks = [(tick.get_loc(), (tick.label1, tick.label2)) for tick in axis.get_major_ticks()]
    labels = [
        " ".join([numbers([at]), *(repr(one.get_text()) for one in both if one.get_visible())])
        for at, both in ticks
        if min(limits) <= at <= max(limits)
    ]
    name = f"{axis.axis_name} {axis.get_label_text()!r} {axis.get_scale()} {numbers(limits)}"
    sizes = numbers(sorted({one.get_fontsize() for one in (axis.label, *axis.get_ticklabels())}))
    return f"{name} at {', '.join(labels)}, {len(axis.get_minorticklocs())} between, sizes {sizes}"


@looks.register
def _(line: Line2D):
    seen = [names for names in (LINE, MARKER) if getp(line, names[0]) != "None"]
    return label(line) + properties(line, "color", *sum(seen, ()))


@looks.register
def _(text: Text):
    words, arrow = text.get_text(), getattr(text, "arrow_patch", None)
    shown = f"text {words!r}" + (f" and an arrow{properties(arrow, *EDGE)}" if arrow else "")
    return shown + properties(text, "color", "fontsize", "rotation") if words or arrow else ""


@looks.register
def _(patch: Patch):
    return label(patch) + properties(patch, *EDGE, "hatch")


@looks.register
def _(image: AxesImage):
    return label(image) + properties(image, *SHADES, "extent", "interpolation")


@looks.register
def _(collection: Collection):
    shaded = collection.get_array() is not None
    names = [*LINE, "edgecolor", *SHADES] if shaded else [*EDGE]
    if len(collection.get_offsets()) > 1:
        names = ["offsets", "sizes", *names]
    return label(collection) + properties(collection, *names)


def points(artist):
    """Data of a line or of several; of anything else, two corners on the page in inches."""
    if isinstance(artist, Line2D):
        return artist.get_xydata()
    if isinstance(artist, LineCollection):
        return np.concatenate([np.empty((0, 2)), *(path.vertices for path in artist.get_paths())])
    return artist.get_window_extent().get_points() / artist.get_figure(root=True).dpi


def label(artist):
    """Kind of an artist, and its label unless nobody gave it one."""
    name = artist.get_label() or "_"
    return type(artist).__name__ + f" {name!r}" * (not name.startswith("_"))


def properties(artist, *names):
    """Properties that an artist has."""
    known = [name for name in (*names, "alpha", "zorder") if hasattr(artist, f"get_{name}")]
    values = {name: getp(artist, name) for name in known}
    kept = {name: brief(value, name) for name, value in values.items() if value is not None}
    return "".join(f", {name} {value}" for name, value in kept.items() if value not in PLAIN)


def brief(value, name):
    """Write the value of a property in a few words."""
    if isinstance(value, Colormap):
        return value.name
    if "color" in name:
        several = [value] if isinstance(value, str | tuple) else np.atleast_2d(value)
        different = [*dict.fromkeys(map(colour, several))]
        return " ".join(
            different if len(different) <= 4 else [str(len(different)), *different[::9]]
        )
    if name == "linestyle" and not isinstance(value, str):
        return " ".join(numbers(dashes) for _, dashes in value if dashes)
    if name == "offsets":
        return " by ".join(map(numbers, np.transpose(value)))
    return value if isinstance(value, str) else numbers(value)


def colour(value):
    """Write a colour as red, green and blue, and how much it hides if that is not all."""
    hidden = isinstance(value, str) and value == "none"
    return "none" if hidden else to_hex(value, keep_alpha=True).removesuffix("ff")


def numbers(values):
    """Write numbers; of many only how many they are, their least, mean and largest."""
    finite = np.ma.masked_invalid(np.ma.asarray(values, dtype=float)).compressed()
    if finite.size <= 4:
        return " ".join(map(figures, finite))
    least, mean, largest = map(figures, (finite.min(), finite.mean(), finite.max()))
    return f"{finite.size} of {least} {mean} {largest}"


def figures(number):
    """Write a number in three figures, the same ones if its last bit differs."""
    return f"{number * (1 + 1e-9):.3g}"
