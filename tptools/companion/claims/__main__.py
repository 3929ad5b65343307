"""Print the verdict on every claim, as kept in ``tests/companion/claims/verdicts.csv``."""

import sys

from tptools.companion.claims.ledger import judge
from tptools.companion.paper import CLAIMS

if __name__ == "__main__":
    rows = (f"{one},{judge(one).verdict}\n" for one in CLAIMS)
    sys.stdout.writelines(["claim,verdict\n", *rows])
