"""Loops that are compiled to machine code, typed as the plain functions they are."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["compiled"]

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Return ``function`` compiled at its first call and kept on disk where that is possible.

    Multiplications and additions may be fused, which changes no result between block sizes: the
    vector and the scalar part of a loop round alike. It lets go of the interpreter, so that other
    threads run meanwhile.
    """
    jit = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
    return cast("_F", jit(function))
