"""Print the verdict on every claim, as kept in ``tests/claims/verdicts.csv``."""

import sys

from tptools.claims.ledger import judge
from tptools.paper import CLAIMS

sys.stdout.writelines(["claim,verdict\n", *(f"{one},{judge(one).verdict}\n" for one in CLAIMS)])
