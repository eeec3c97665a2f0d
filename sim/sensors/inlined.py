"""Functions that become part of the kernel that calls them.

A NamedTuple of arrays is handed to a called kernel word by word: some hundred words for what
the shader needs, for each of some thousand calls in a picture. Inlined it costs nothing, and a
picture takes two thirds of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into each kernel that calls it; see `sim.kernel` for what it may do."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "inline": "always"}
    return njit(**options | {"_nrt": False})(function)
