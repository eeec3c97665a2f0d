"""A compiler for kernels whose indices are never negative.

Numba lets an index count from the end of an array, as Python does, and so looks at each one
whether it is negative. Ours never are. Telling the compiler so makes the step of a world 4 %
shorter: it reads tens of arrays at indices that were read off others.
"""

# Numba's types and passes are not typed.
# mypy: allow-any-generics, disallow-subclassing-any=False, allow-untyped-calls
from __future__ import annotations

from typing import Any

from numba.core import ir, types
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import FunctionPass, register_pass
from numba.core.typed_passes import NopythonTypeInference


def _unsigned(index: Any) -> Any:
    """Type of an index as if it came from an unsigned number; constants stay what they are."""
    is_tuple = isinstance(index, types.BaseTuple)
    if is_tuple:
        return types.Tuple([_unsigned(part) for part in index.types])
    constant = isinstance(index, types.IntegerLiteral)
    return types.uintp if isinstance(index, types.Integer) and not constant else index


@register_pass(mutates_CFG=False, analysis_only=False)
class CountFromFront(FunctionPass):
    """Takes the indices of arrays as unsigned, once all types are known."""

    _name = "count_from_front"

    def __init__(self) -> None:
        FunctionPass.__init__(self)

    def run_pass(self, state: Any) -> bool:
        """Change the types with which elements are read and written."""
        calls = state.calltypes
        for block in state.func_ir.blocks.values():
            for access in (*block.find_exprs(op="getitem"), *block.find_insts(ir.SetItem)):
                call = calls.pop(access)  # nothing in there is ever overwritten
                array, index, *value = call.args
                if isinstance(array, types.Array):
                    call = call.replace(args=(array, _unsigned(index), *value))
                calls[access] = call
        return True


class FrontCompiler(CompilerBase):
    """Numba's usual compiler with `CountFromFront`."""

    def define_pipelines(self) -> list[Any]:
        """Numba asks for them."""
        passes = DefaultPassBuilder.define_nopython_pipeline(self.state)
        passes.add_pass_after(CountFromFront, NopythonTypeInference)
        passes.finalize()
        return [passes]
