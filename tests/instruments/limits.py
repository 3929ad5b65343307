"""Where settings end: what is just possible, and what no longer is."""

from collections.abc import Callable

import pytest

Limit = tuple[str, float, float]


def refuses_beyond(make: Callable, *limits: Limit) -> None:
    """Assert that a setting may be the first number, and is refused by its name at the second."""
    for name, within, beyond in limits:
        assert getattr(make(**{name: within}), name) == within
        with pytest.raises(ValueError, match=f"^(an? .* of )?{name} = {beyond} "):
            make(**{name: beyond})


def positive(*names: str) -> list[Limit]:
    """Limits of settings that may be any number above 0."""
    return [(name, 0.5, 0) for name in names]


def not_negative(*names: str) -> list[Limit]:
    """Limits of settings that may be 0 and any number above it."""
    return [(name, 0, -0.01) for name in names]


def share(*names: str) -> list[Limit]:
    """Limits of settings between 0 and 1, which may be 1."""
    return [*positive(*names), *((name, 1, 1.01) for name in names)]
