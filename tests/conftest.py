"""Examples of tests may take their time; not beside all tests, since chapters need none of this."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
