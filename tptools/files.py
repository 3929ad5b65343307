"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a place beside a file, which takes the place of the file when all is written.

    Until then, and after any error, the file is what it was, and others who read or write it at the
    same time see it whole.

    Parameters
    ----------
    path : path
        Of the file, which need not be there yet; its folder must.

    Yields
    ------
    Path
        Where to write. It is not there yet, and removed after an error.

    Raises
    ------
    OSError
        If it cannot be written, as on a full disk.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with whole(Path(folder, "notes.txt")) as beside:
    ...         _ = beside.write_text("all of it")
    ...     [(one.name, one.read_text()) for one in Path(folder).iterdir()]
    [('notes.txt', 'all of it')]
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        yield beside
        with beside.open("rb+") as file:
            os.fsync(file.fileno())  # some disks say only now that they are full
        if path.exists():
            shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
