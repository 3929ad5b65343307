"""Print verdicts on claims, as kept in ``tests/companion/claims/verdicts.csv``.

Beside the verdict stands what was found, where a function recomputed it.
"""

import argparse
import csv
import sys
from collections.abc import Sequence

from tptools.companion.claims.ledger import judge
from tptools.companion.paper import CLAIMS


def main(arguments: Sequence[str] | None = None) -> None:
    """Judge the claims that are named on the command line, or all.

    Parameters
    ----------
    arguments : sequence of str, optional
        Instead of those of the command line.
    """
    parser = argparse.ArgumentParser(
        prog="python -m tptools.companion.claims", description=__doc__.partition(",")[0]
    )
    parser.add_argument("claim", nargs="*", help="which claims (default: all)")
    chosen = parser.parse_args(arguments).claim or list(CLAIMS)
    if unknown := [one for one in chosen if one not in CLAIMS]:
        known = ", ".join(CLAIMS)
        parser.exit(2, f"no claim is named {', '.join(unknown)}; there are: {known}\n")
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["claim", "verdict", "recomputed"])
    for found in map(judge, chosen):
        table.writerow([found.claim.id, found.verdict, found.found if found.computed else ""])


if __name__ == "__main__":
    main()
