"""Run every benchmark and print a table; the exit status says whether all bars are reached."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import chain

from benchmarks import fitting, heat, hopping, imports

ROWS = {
    "fitting": fitting.rows,
    "heat": heat.rows,
    "hopping": hopping.rows,
    "imports": imports.rows,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print one line per comparison of the benchmarks on the command line, or of all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("benchmark", nargs="*", help="which benchmarks (default: all)")
    chosen = parser.parse_args(arguments).benchmark or list(ROWS)
    if unknown := [one for one in chosen if one not in ROWS]:
        known = ", ".join(ROWS)
        parser.exit(2, f"no benchmark is named {', '.join(unknown)}; there are: {known}\n")
    print(f"{'against':38} {'ours':>9} {'yardstick':>10} {'ratio':>7} {'bar':>6}")
    missed = 0
    for row in chain.from_iterable(ROWS[one]() for one in chosen):
        bar = "" if row.bar is None else f"{row.bar:g}"
        short = row.bar is not None and row.ratio < row.bar
        missed += short
        print(
            f"{row.what:38} {row.ours:>9} {row.yardstick:>10} {row.ratio:7.2f} {bar:>6}"
            f"{'  MISSED' if short else ''}",
            flush=True,
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
