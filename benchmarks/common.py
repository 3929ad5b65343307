"""What every benchmark shares: a row of the table, and two timings taken in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One measured ratio and the bar it has to reach."""

    what: str
    ours: str
    yardstick: str
    ratio: float
    bar: float | None = None


def paired(ours: Callable[[], float], other: Callable[[], float]) -> tuple[float, float, float]:
    """Medians of both and of the ratio other/ours over runs in turn, after one warm-up."""
    ours()
    pairs = [(ours(), other()) for _ in range(REPEATS)]
    return (
        median(a for a, _ in pairs),
        median(b for _, b in pairs),
        median(b / a for a, b in pairs),
    )
