"""Eight rays of one column at once: the innermost step of the lidar, as one vector operation.

Loops as short as a triangle's few rays are left scalar by the compiler, and their branches are
hard to predict. Written for vectors, the step has no branches at all; LLVM turns it into whatever
the processor has.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.extending import intrinsic

LANES = 8  # rays per step; columns are padded to a multiple


def _keep_nearer(
    typing: Any,
    recip: Any,
    number: Any,
    tangent: Any,
    at: Any,
    channel: Any,
    top: Any,
    bottom: Any,
    base: Any,
    slope: Any,
    most: Any,
    value: Any,
) -> Any:
    """Give LANES rays the value of a surface where it covers them and is nearer than before.

    In a kernel: `keep_nearer(recip, number, tangent, at, channel, top, bottom, base, slope, most,
    value)`. Ray i has tangent `t = tangent[channel + i]` and lies at `at + i` of the flat memory
    of `recip` (float32) and `number` (int32), all contiguous. Where `bottom <= t <= top` and
    `w = min(base + slope * t, most)` exceeds `recip`, `w` and `value` replace what is there.
    """
    signature = types.void(
        recip, number, tangent, types.intp, types.intp, *([types.float32] * 5), types.int32
    )

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        floats = ir.VectorType(ir.FloatType(), LANES)
        integers = ir.VectorType(ir.IntType(32), LANES)

        def place(index: int, offset: Any, kind: Any) -> Any:
            array = context.make_array(signature.args[index])(context, builder, args[index])
            return builder.bitcast(builder.gep(array.data, [offset]), kind.as_pointer())

        def spread(value: Any, kind: Any) -> Any:
            one = builder.insert_element(
                ir.Constant(kind, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
            )
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
            return builder.shuffle_vector(one, ir.Constant(kind, ir.Undefined), zeros)

        at, channel = args[3], args[4]
        top, bottom, base, slope, most = (spread(value, floats) for value in args[5:10])
        old_w, old_number = place(0, at, floats), place(1, at, integers)
        t = builder.load(place(2, channel, floats), align=4)
        seen, owner = builder.load(old_w, align=4), builder.load(old_number, align=4)
        w = builder.fadd(base, builder.fmul(slope, t))
        w = builder.select(builder.fcmp_ordered("<", w, most), w, most)
        hit = builder.and_(
            builder.fcmp_ordered("<=", t, top), builder.fcmp_ordered(">=", t, bottom)
        )
        hit = builder.and_(hit, builder.fcmp_ordered(">", w, seen))
        builder.store(builder.select(hit, w, seen), old_w, align=4)
        builder.store(builder.select(hit, spread(args[10], integers), owner), old_number, align=4)
        return context.get_dummy_value()

    return signature, codegen


keep_nearer: Any = intrinsic(_keep_nearer)
