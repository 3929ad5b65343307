"""What the command lines of the tools have in common."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence


def choose(
    description: str | None,
    kind: str = "",
    known: Collection[str] = (),
    arguments: Sequence[str] | None = None,
) -> list[str]:
    """Return the names on the command line, or all that there are.

    Ends the program with status 2 and one line on a name that is unknown, or on any argument where
    nothing is to be named.

    Parameters
    ----------
    description : str or None
        Its first line is shown by ``--help``.
    kind : str
        What is named, such as "chapter".
    known : collection of str
        What there is; empty where nothing can be named.
    arguments : sequence of str, optional
        Instead of those of the command line.
    """
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    there = f"there are: {', '.join(known)}"
    if known:
        parser.add_argument(kind, nargs="*", default=[], help=f"default: all; {there}")
    options, surplus = parser.parse_known_args(arguments)
    if surplus:
        rule = f"names of a {kind}" if known else "no arguments"
        parser.exit(2, f"{parser.prog} takes {rule}, not {' '.join(surplus)}\n")
    named = getattr(options, kind) if known else []
    if unknown := [name for name in named if name not in known]:
        parser.exit(2, f"no {kind} is named {', '.join(unknown)}; {there}\n")
    return named or list(known)
