"""flit's builder of wheels, which also puts the datasets and their hashes into the package.

They lie beside the package in a checkout, where people look for them. Of a wheel only the package
is installed, so that there they are in ``tptools/companion/stored``.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flit_core import buildapi
from flit_core.buildapi import (
    build_editable,
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

STORED = Path("tptools", "companion", "stored")


def build_wheel(*arguments: Any, **options: Any) -> str:
    """Build a wheel in the working directory, as flit does, with the data inside."""
    with _stored():
        return str(buildapi.build_wheel(*arguments, **options))


@contextmanager
def _stored() -> Iterator[None]:
    """Copy the data into the package for as long as a wheel is built."""
    try:
        shutil.copytree("data", STORED / "data", dirs_exist_ok=True)
        shutil.copy("data_registry.txt", STORED)
        yield
    finally:
        shutil.rmtree(STORED, ignore_errors=True)
