"""How the kernels of this project are compiled.

`_nrt=False` leaves out Numba's reference counting: our kernels allocate nothing, they only view
rows of arrays that outlive the call. With it, each view of a row costs two atomic operations,
and a step of the world took 15 times as long (see docs/decisions.md).

`forceinline` spares the calls: a bundle such as `State` is passed as hundreds of values, and
copying them for each call took as long as the world's own work.

An index counts from the front, always: see `kernel_compiler`. `array[-1]` is possible, for a
constant is seen; a variable that is negative reads what lies before the array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.kernel_compiler import FrontCompiler

_OPTIONS: dict[str, Any] = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "forceinline": True,
    "no_cfunc_wrapper": True,
    "pipeline_class": FrontCompiler,
}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function that allocates no array and is called from Python or a kernel."""
    return njit(**_OPTIONS | {"_nrt": False})(function)


def inlined_kernel(function: Callable[..., Any]) -> Any:
    """Compile a kernel into those that call it; for large ones that are called from one place.

    A tuple of arrays is passed by value, word for word: a call with Roads, Paths, State and Rules
    copies some 5 kB, 0.1 µs each, which was half of what a world without traffic cost. Python
    cannot call it: the code that unpacks those arrays would take as long to compile as the kernel.
    """
    return njit(**_OPTIONS | {"_nrt": False, "forceinline": True, "no_cpython_wrapper": True})(
        function
    )


LINE = 64  # [bytes] of a cache line


def aligned_zeros(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Make an array that begins with a line of the cache, so that rows of 16 fill whole ones."""
    count = int(np.prod(shape))
    whole = np.zeros(count + LINE // 4, np.float32)
    first = -whole.ctypes.data % LINE // 4
    return whole[first : first + count].reshape(shape)
