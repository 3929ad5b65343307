"""Results that are kept on disk as soon as there are any, for whoever asks for the same again."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, ParamSpec, TypeVar

import joblib

from tptools.files import whole

_P = ParamSpec("_P")
_R = TypeVar("_R")


def kept(
    function: Callable[_P, _R],
    cache_dir: str | os.PathLike[str] | None,
    *,
    ignore: Collection[str] = (),
) -> Callable[_P, _R]:
    """Let a function keep what it returns.

    Any number of threads and processes may share a folder. Each result is written whole or not at
    all, and none is ever removed: what a result was made by has to be one of the arguments (see
    `tptools.provenance`).

    Parameters
    ----------
    function : callable
        Of arguments that `joblib.hash` understands.
    cache_dir : path or None
        Where results go, made if it is not there; None keeps nothing.
    ignore : collection of str
        Arguments on which the result does not depend.

    Returns
    -------
    callable
        That takes what `function` takes. It can be pickled where `function` can.

    Raises
    ------
    ValueError
        If there is no such folder and it cannot be made.

    Warns
    -----
    RuntimeWarning
        If a result cannot be kept, as on a full disk; it is returned all the same.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> def double(number):
    ...     print("at work")
    ...     return 2 * number
    >>> with TemporaryDirectory() as folder:
    ...     kept(double, folder)(2) + kept(double, folder)(2)
    at work
    8
    """
    if cache_dir is None:
        return function
    home = Path(cache_dir, f"{function.__module__}.{function.__qualname__}")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cache_dir = {str(cache_dir)!r} must be a folder, or a name for one, not this: "
            f"{error.strerror}; name another"
        ) from error
    return _Kept(function, home, frozenset(ignore))


@dataclass(frozen=True)
class _Kept(Generic[_P, _R]):
    """A function and the folder of its results."""

    function: Callable[_P, _R]
    folder: Path
    ignore: frozenset[str]

    def __call__(self, *args: _P.args, **options: _P.kwargs) -> _R:
        given = inspect.signature(self.function).bind(*args, **options).arguments
        inputs = {name: one for name, one in given.items() if name not in self.ignore}
        path = self.folder / str(joblib.hash(inputs)) / "output.pkl"
        if path.is_file():
            try:
                return joblib.load(path)
            except Exception as error:
                warnings.warn(f"{path} is made anew: {error!r}", RuntimeWarning, stacklevel=2)
        result = self.function(*args, **options)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as beside:
                joblib.dump(result, beside)
        except OSError as error:
            warnings.warn(
                f"a result cannot be kept in {self.folder} and has to be made anew next time: "
                f"{error.strerror}",
                RuntimeWarning,
                stacklevel=2,
            )
        return result
