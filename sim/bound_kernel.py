"""Kernels bound to the types of their arguments, for those that take hundreds of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import typeof


def bound(kernel: Any, *arguments: Any) -> Callable[..., None]:
    """Compile a kernel for arguments of these types, once and for all.

    A kernel that is called as usual finds out the type of each array of each bundle anew: 20 µs
    for `Roads`, `State` and their like, which is as long as a world alone takes to step.

    Args:
        kernel: made by `sim.kernel.kernel`.
        arguments: what it will be called with, in number and type.

    Returns:
        What it compiled to. It checks nothing: it must be called with these very arguments, or
        others of the same types (Python integers and truth values may differ).
    """
    types = tuple(typeof(argument) for argument in arguments)  # type: ignore[no-untyped-call]
    kernel.compile(types)
    entry: Callable[..., None] = kernel.overloads[types].entry_point
    return entry
