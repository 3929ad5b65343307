"""Print the verdict on every claim, as kept in ``tests/claims/verdicts.csv``."""

import sys

from tptools.companion.claims.ledger import judge
from tptools.companion.paper import CLAIMS

sys.stdout.writelines(["claim,verdict\n", *(f"{one},{judge(one).verdict}\n" for one in CLAIMS)])
