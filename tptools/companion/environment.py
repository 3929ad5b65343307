"""What the package runs on: versions of Python and of the libraries that it needs."""

from __future__ import annotations

import platform
import re
from importlib import metadata

import tptools

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Versions of Python, of this package, and of what it depends on.

    Returns
    -------
    dict of str to str
        By name: Python and tptools first, then the libraries in alphabetical order.

    Examples
    --------
    >>> list(versions())[:3]
    ['Python', 'tptools', 'emcee']
    """
    needed = [re.split(r"[^\w.-]", one)[0] for one in metadata.requires("tptools") or ()]
    first = {"Python": platform.python_version(), "tptools": tptools.__version__}
    return first | {name: metadata.version(name) for name in sorted(needed)}
