"""The referee: every claim of the paper, recomputed where it can be, with a verdict.

``table(note="6")`` gives the verdicts on a part of the paper, `scoreboard` counts all of them. The
claims stand in ``tptools/companion/claims.csv``; the modules beside this one recompute them, each
for a part of the physics.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from tptools.companion.claims.ledger import (
    Judgement,
    claim,
    function_of,
    judge,
    judged_by,
    recompute,
    scoreboard,
    select,
    table,
)
from tptools.companion.claims.tables import side_by_side, summarise
from tptools.companion.claims.verdict import VERDICTS, Bounds, asked, compare, describe
from tptools.companion.paper import CLAIMS

if TYPE_CHECKING:
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
    "judged_by",
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


def __getattr__(name: str) -> ModuleType:
    """Load a module that recomputes claims when it is first used: a chapter rests on few."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.{name}")
