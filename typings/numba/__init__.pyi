# numba ships py.typed and no types: with its own, every compiled function would be Any to callers.
from collections.abc import Callable
from typing import Any, TypeVar, overload

_Function = TypeVar("_Function", bound=Callable[..., object])

class _Config:
    DISABLE_JIT: int

config: _Config
types: Any

def typeof(value: object) -> Any: ...
@overload
def njit(function: _Function) -> _Function: ...
@overload
def njit(
    *,
    cache: bool = False,
    nogil: bool = False,
    inline: str = "never",
    fastmath: bool | set[str] = False,
    no_cfunc_wrapper: bool = False,
    no_cpython_wrapper: bool = False,
    _nrt: bool = True,
) -> Callable[[_Function], _Function]: ...
