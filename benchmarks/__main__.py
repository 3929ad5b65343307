"""Run every benchmark and print a table; the exit status says whether all bars are reached."""

from __future__ import annotations

import sys
from itertools import chain

from benchmarks import fitting, heat, hopping


def main() -> int:
    """Print one line per comparison."""
    print(f"{'against':38} {'ours':>9} {'yardstick':>10} {'ratio':>7} {'bar':>6}")
    missed = 0
    for row in chain(fitting.rows(), heat.rows(), hopping.rows()):
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
