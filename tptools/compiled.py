"""How the kernels of the package are compiled, wherever it is installed and however it is run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numba import config, njit

_Kernel = TypeVar("_Kernel", bound=Callable[..., object])


def compiled_in_place(kernel: _Kernel) -> _Kernel:
    """Compile a function that Python calls and that changes arrays it is given, making none.

    It runs without the lock of the interpreter. The machine code is kept beside the source or in
    the home of the user; where neither can be written, every process compiles anew. With
    ``NUMBA_DISABLE_JIT=1`` the function runs as it stands, to the same numbers, and as silently:
    unsigned integers wrap around there too.

    Nothing is allocated, so that nothing needs to be freed and no references are counted. Each
    count is a locked addition, and every call makes several for each array that it passes on,
    which took a third of the time of a pulse of few excitons.

    Parameters
    ----------
    kernel : callable
        Loops over arrays, in what numba understands; numba refuses it if it, or what it calls,
        makes an array.

    Returns
    -------
    callable
        That takes what `kernel` takes.

    Examples
    --------
    >>> @compiled_in_place
    ... def double(values):
    ...     for i in range(values.size):
    ...         values[i] *= 2
    >>> values = np.arange(3)
    >>> double(values)
    >>> values
    array([0, 2, 4])
    """
    if config.DISABLE_JIT:
        return np.errstate(all="ignore")(kernel)
    alone = partial(njit, nogil=True, _nrt=False)
    try:
        return alone(cache=True)(kernel)
    except RuntimeError:  # numba has no folder for it
        return alone()(kernel)


def compiled_within(function: _Kernel) -> _Kernel:
    """Compile a function that only kernels call.

    Python gets no way in: to translate arguments takes the compiler longer than most functions.

    Parameters
    ----------
    function : callable
        As for `compiled_in_place`.

    Returns
    -------
    callable
        For use in kernels.

    Examples
    --------
    >>> @compiled_within
    ... def double(value):
    ...     return 2 * value
    >>> @compiled_in_place
    ... def four_times(value):
    ...     return double(double(value))
    >>> four_times(3)
    12
    """
    return njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def compiled_sums(function: _Kernel) -> _Kernel:
    """Compile as `compiled_within`, free to add the terms of sums in any order, several at a time.

    How many at a time depends on the processor, and on that the last digit of a sum.

    Parameters
    ----------
    function : callable
        As for `compiled_in_place`.

    Returns
    -------
    callable
        For use in kernels.

    Examples
    --------
    >>> @compiled_sums
    ... def total(values):
    ...     total = 0.0
    ...     for value in values:
    ...         total += value
    ...     return total
    >>> @compiled_in_place
    ... def mean(values):
    ...     return total(values) / values.size
    >>> mean(np.arange(5.0))
    2.0
    """
    freedom = {"reassoc", "contract"}
    return njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, fastmath=freedom)(function)
