"""The referee: every claim of the paper, recomputed where it can be, with a verdict.

``table(note="6")`` gives the verdicts on a part of the paper, `scoreboard` counts all of them. The
claims stand in ``tptools/companion/claims.csv``; the modules beside this one recompute them, each
for a part of the physics.
"""

from tptools.companion.claims import (
    diffusion,
    excitation,
    heat,
    light,
    memory,
    microscopy,
    samples,
    surfaces,
    validation,
)
from tptools.companion.claims.ledger import (
    Judgement,
    claim,
    function_of,
    judge,
    recompute,
    scoreboard,
    select,
    table,
)
from tptools.companion.claims.tables import side_by_side, summarise
from tptools.companion.claims.verdict import VERDICTS, Bounds, asked, compare, describe
from tptools.companion.paper import CLAIMS

__all__ = [
    "CLAIMS",
    "VERDICTS",
    "Bounds",
    "Judgement",
    "asked",
    "claim",
    "compare",
    "describe",
    "diffusion",
    "excitation",
    "function_of",
    "heat",
    "judge",
    "light",
    "memory",
    "microscopy",
    "recompute",
    "samples",
    "scoreboard",
    "select",
    "side_by_side",
    "summarise",
    "surfaces",
    "table",
    "validation",
]
