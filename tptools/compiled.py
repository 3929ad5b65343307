"""How the kernels of the package are compiled, wherever it is installed and however it is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numba import config, njit

_Kernel = TypeVar("_Kernel", bound=Callable[..., object])


def compiled(kernel: _Kernel) -> _Kernel:
    """Compile a function that Python calls; it runs without the lock of the interpreter.

    The machine code is kept beside the source or in the home of the user. Where neither can be
    written, every process compiles anew. With ``NUMBA_DISABLE_JIT=1`` the function runs as it
    stands, to the same numbers, and as silently: unsigned integers wrap around there too.

    Parameters
    ----------
    kernel : callable
        Loops over arrays, in what numba understands.

    Returns
    -------
    callable
        That takes what `kernel` takes.

    Examples
    --------
    >>> @compiled
    ... def last(values):
    ...     return values[-1]
    >>> int(last(np.arange(3)))
    2
    """
    if config.DISABLE_JIT:
        return np.errstate(all="ignore")(kernel)
    try:
        return njit(nogil=True, cache=True)(kernel)
    except RuntimeError:  # numba has no folder for it
        return njit(nogil=True)(kernel)
