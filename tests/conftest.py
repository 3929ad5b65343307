"""Not beside the chapters, whose runs need no hypothesis: loading it takes a third of a second."""

from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
