"""The lidar's arithmetic on short vectors: four corners of a panel, eight neighbouring columns.

Loops as short as a panel's four edges or its few columns are left scalar by the compiler, and
their branches are hard to predict. Written for vectors, the steps have no branches at all; LLVM
turns them into whatever the processor has. Every operation is IEEE's, lane by lane, so results
do not depend on the processor's vectors.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from roadworthy.sim.sensors.vectors import FLOAT, INT, Maker

LANES = 8  # columns per step
FAR = 1e30  # a bound that excludes nothing
EDGES = 24  # floats of a panel: the 18 that `project` writes, and room for its plane
GROUP = 3 * LANES  # floats of a group of columns: `bound` writes 2 LANES + 2

# atan(x) for x in [0, 1], error below 1e-5: Abramowitz and Stegun, 4.4.47.
_ATAN = (0.9998660, -0.3302995, 0.1801410, -0.0851330, 0.0208351)


def _project(
    typing: Any,
    corner: Any,
    one: Any,
    other: Any,
    x: Any,
    y: Any,
    z: Any,
    pose: Any,
    away_one: Any,
    away_other: Any,
    begin: Any,
    per_angle: Any,
    full: Any,
    edges: Any,
    at: Any,
) -> Any:
    """Turn the corners of two panels into bounds of their rays; tells which lie around the axis.

    In a kernel: `project(corner, one, other, x, y, z, pose, away_one, away_other, begin,
    per_angle, full, edges, at)`. The flat memory of `corner` (float32) holds, from `one` and from
    `other` on, four x, four y and four z; the sensor is at (x, y, z) with the axes pose[1:]
    (float32 [4, 3]); `away_...` are the distances of the panels' planes along their normals.
    Column k of the fan has azimuth `begin + (k + 0.5) / per_angle`, `full` columns make a circle.

    The plane through the sensor and an edge has the panel on one side: a ray (cos, sin, t) of
    azimuth and tangent of elevation meets the panel if for each edge `t <= A cos + B sin +
    upper` and `t >= A cos + B sin + lower`; one of `upper` and `lower` is 0, the other out of
    reach (Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997).
    `edges` (float32, two rows of EDGES from `at` on) receives four A, four B, four `upper`, four
    `lower`, and the least and the greatest column number (fractional) of the corners, the least
    between -`full` / 2 and `full`. They mean nothing for a panel around the axis: bit 0 of what
    is returned for the first panel, bit 1 for the second.
    """
    floats = [types.float32] * 3
    signature = types.intp(
        corner, types.intp, types.intp, *floats, pose, types.float32, types.float32, *floats,
        edges, types.intp,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        v = Maker(context, builder, signature, args)
        kind = ir.VectorType(FLOAT, 8)
        zero = v.constant(0.0, kind)

        def both(a: Any, b: Any) -> Any:
            mask = ir.Constant(ir.VectorType(INT, 8), list(range(8)))
            return builder.shuffle_vector(a, b, mask)

        def write(value: Any, row: int) -> None:
            """Store the halves of a vector, `row` floats into the panels' edges."""
            for panel in range(2):
                half = v.shuffle(value, [4 * panel + k for k in range(4)])
                v.store(half, 12, builder.add(args[13], v.at(EDGES * panel + row)))

        world = []
        for axis in range(3):
            places = (builder.add(args[index], v.at(4 * axis)) for index in (1, 2))
            value = both(*(v.load(0, place, FLOAT, 4) for place in places))
            world.append(builder.fsub(value, v.spread(args[3 + axis], 8)))
        local = [
            v.dot(tuple(world), tuple(v.spread(v.scalar(6, 3 * row + k), 8) for k in range(3)))
            for row in (1, 2, 3)
        ]
        ahead, right, up = local
        after = [1, 2, 3, 0, 5, 6, 7, 4]
        ahead_b, right_b, up_b = (v.shuffle(value, after) for value in local)
        side = v.cross(ahead, right, ahead_b, right_b)
        around = builder.bitcast(builder.fcmp_ordered(">", side, zero), ir.IntType(8))
        # An upright edge bounds the azimuth: as a bound of t it is nearly infinite.
        tiny = v.constant(1e-12, kind)
        flat = builder.and_(
            builder.fcmp_ordered("<", side, tiny),
            builder.fcmp_ordered(">", side, builder.fneg(tiny)),
        )
        side = builder.select(flat, tiny, side)
        inverse = builder.fdiv(v.constant(-1.0, kind), side)
        write(builder.fmul(v.cross(right, up, right_b, up_b), inverse), 0)
        write(builder.fmul(v.cross(up, ahead, up_b, ahead_b), inverse), 4)
        away = both(v.spread(args[7], 4), v.spread(args[8], 4))
        above = builder.fcmp_ordered("<", builder.fmul(side, away), zero)
        write(builder.select(above, zero, v.constant(FAR, kind)), 8)
        write(builder.select(above, v.constant(-FAR, kind), zero), 12)
        columns = _columns(v, ahead, right, args[9:12])
        for panel in range(2):
            half = v.shuffle(columns, [4 * panel + k for k in range(4)])
            for row, sign in ((16, "<"), (17, ">")):
                place = builder.add(args[13], v.at(EDGES * panel + row))
                v.store(v.fold(sign, half), 12, place)
        flags: Any = ir.Constant(ir.IntType(64), 0)
        for panel in range(2):
            bits = builder.and_(around, ir.Constant(ir.IntType(8), 15 << 4 * panel))
            inside = builder.or_(
                builder.icmp_unsigned("==", bits, ir.Constant(ir.IntType(8), 0)),
                builder.icmp_unsigned("==", bits, ir.Constant(ir.IntType(8), 15 << 4 * panel)),
            )
            flag = builder.shl(builder.zext(inside, ir.IntType(64)), v.at(panel))
            flags = builder.or_(flags, flag)
        return flags

    return signature, codegen


def _columns(v: Maker, x: Any, y: Any, fan: Any) -> Any:
    """Column numbers of two panels' corners, none half a circle away from the panel's first."""
    builder, kind = v.builder, x.type
    zero = v.constant(0.0, kind)
    negative_x, negative_y = (builder.fcmp_ordered("<", value, zero) for value in (x, y))
    ax, ay = (v.pick(">", value, builder.fneg(value)) for value in (x, y))
    most = v.pick(">", v.pick(">", ax, ay), v.constant(1e-9, kind))
    ratio = builder.fdiv(v.pick("<", ax, ay), most)
    square = builder.fmul(ratio, ratio)
    angle = v.constant(_ATAN[-1], kind)
    for factor in _ATAN[-2::-1]:
        angle = builder.fadd(builder.fmul(angle, square), v.constant(factor, kind))
    angle = builder.fmul(angle, ratio)
    half = v.constant(0.5 * math.pi, kind)
    angle = builder.select(builder.fcmp_ordered(">", ay, ax), builder.fsub(half, angle), angle)
    angle = builder.select(negative_x, builder.fsub(v.constant(math.pi, kind), angle), angle)
    angle = builder.select(negative_y, builder.fneg(angle), angle)
    begin, per_angle, full = (v.spread(value, kind.count) for value in fan)
    place = builder.fmul(builder.fsub(angle, begin), per_angle)
    place = builder.fsub(place, v.constant(0.5, kind))
    place = builder.select(builder.fcmp_ordered("<", place, zero), builder.fadd(place, full), place)
    first = v.shuffle(place, [0, 0, 0, 0, 4, 4, 4, 4])
    apart = builder.fsub(place, first)
    middle = builder.fmul(full, v.constant(0.5, kind))
    apart = builder.select(
        builder.fcmp_ordered(">", apart, middle), builder.fsub(apart, full), apart
    )
    apart = builder.select(
        builder.fcmp_ordered("<", apart, builder.fneg(middle)), builder.fadd(apart, full), apart
    )
    return builder.fadd(first, apart)


def _bound(typing: Any, edges: Any, cosine: Any, sine: Any, column: Any, group: Any) -> Any:
    """Bound the tangents of the rays of LANES columns that meet a panel.

    In a kernel: `bound(edges, cosine, sine, column, group)`, with `edges` from `project` and the
    azimuths' cosines and sines from `column` on. `group` (float32 [GROUP]) receives the greatest
    tangent of each column, the least of each, and the greatest and the least of all.
    """
    signature = types.void(edges, cosine, sine, types.intp, group)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        v = Maker(context, builder, signature, args)
        c, s = (v.load(index, args[3], FLOAT, LANES) for index in (1, 2))
        top: Any = None
        bottom: Any = None
        for edge in range(4):
            a, b, upper, lower = (v.spread(v.scalar(0, edge + 4 * row), LANES) for row in range(4))
            value = builder.fadd(builder.fmul(a, c), builder.fmul(b, s))
            high, low = builder.fadd(value, upper), builder.fadd(value, lower)
            top = high if edge == 0 else v.pick("<", top, high)
            bottom = low if edge == 0 else v.pick(">", bottom, low)
        v.store(top, 4, v.at(0))
        v.store(bottom, 4, v.at(LANES))
        # Columns beside the panel have their top below their bottom; they must not count.
        met = builder.fcmp_ordered("<=", bottom, top)
        kind = top.type
        none = v.constant(FAR, kind)
        v.store(v.fold(">", builder.select(met, top, builder.fneg(none))), 4, v.at(2 * LANES))
        v.store(v.fold("<", builder.select(met, bottom, none)), 4, v.at(2 * LANES + 1))
        return context.get_dummy_value()

    return signature, codegen


def _keep_nearer(
    typing: Any,
    group: Any,
    cosine: Any,
    sine: Any,
    column: Any,
    tangent: Any,
    first: Any,
    last: Any,
    ahead: Any,
    right: Any,
    up: Any,
    value: Any,
    recip: Any,
    number: Any,
    stride: Any,
) -> Any:
    """Give rays of LANES columns the value of a panel where they meet it nearer than before.

    In a kernel: `keep_nearer(group, cosine, sine, column, tangent, first, last, ahead, right, up,
    value, recip, number, stride)`, with `group` from `bound`, for the channels `first`..`last - 1`
    with their tangents. The panel's plane is `ahead x + right y + up z = 1` in the sensor's axes;
    `recip` (float32) and `number` (int32) [channels, stride] take the reciprocal of the
    horizontal distance and `value`.
    """
    signature = types.void(
        group, cosine, sine, types.intp, tangent, types.intp, types.intp, types.float32,
        types.float32, types.float32, types.int32, recip, number, types.intp,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        v = Maker(context, builder, signature, args)
        column, stride = args[3], args[13]
        c, s = (v.load(index, column, FLOAT, LANES) for index in (1, 2))
        top, bottom = v.load(0, v.at(0), FLOAT, LANES), v.load(0, v.at(LANES), FLOAT, LANES)
        ahead, right, up, value = (v.spread(args[index], LANES) for index in range(7, 11))
        base = builder.fadd(builder.fmul(ahead, c), builder.fmul(right, s))
        with cgutils.for_range(builder, args[6], start=args[5]) as loop:
            t = v.spread(builder.load(v.pointer(4, loop.index)), LANES)
            at = builder.add(builder.mul(loop.index, stride), column)
            w = builder.fadd(base, builder.fmul(up, t))
            _keep(v, w, t, (top, bottom), value, (11, 12), at)
        return context.get_dummy_value()

    return signature, codegen


def _keep_slanted(
    typing: Any,
    group: Any,
    cosine: Any,
    sine: Any,
    column: Any,
    slant: Any,
    ahead: Any,
    right: Any,
    up: Any,
    value: Any,
    recip: Any,
    number: Any,
) -> Any:
    """Give LANES single rays the value of a panel where they meet it nearer than before.

    In a kernel: `keep_slanted(group, cosine, sine, column, slant, ahead, right, up, value, recip,
    number)`, as `keep_nearer`, but the ray of a column has the tangent `slant[column]`.
    """
    signature = types.void(
        group, cosine, sine, types.intp, slant, types.float32, types.float32, types.float32,
        types.int32, recip, number,
    )  # fmt: skip

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        v = Maker(context, builder, signature, args)
        column = args[3]
        c, s = (v.load(index, column, FLOAT, LANES) for index in (1, 2))
        top, bottom = v.load(0, v.at(0), FLOAT, LANES), v.load(0, v.at(LANES), FLOAT, LANES)
        ahead, right, up, value = (v.spread(args[index], LANES) for index in range(5, 9))
        t = v.load(4, column, FLOAT, LANES)
        _keep(v, v.dot((ahead, right, up), (c, s, t)), t, (top, bottom), value, (9, 10), column)
        return context.get_dummy_value()

    return signature, codegen


def _keep(
    v: Maker, w: Any, t: Any, bounds: tuple[Any, Any], value: Any, out: tuple[int, int], at: Any
) -> None:
    """Where `t` is within the bounds and `w` greater than what is there, replace it."""
    builder, (top, bottom) = v.builder, bounds
    seen, owner = v.load(out[0], at, FLOAT, LANES), v.load(out[1], at, INT, LANES)
    hit = builder.and_(builder.fcmp_ordered("<=", t, top), builder.fcmp_ordered(">=", t, bottom))
    hit = builder.and_(hit, builder.fcmp_ordered(">", w, seen))
    v.store(builder.select(hit, w, seen), out[0], at)
    v.store(builder.select(hit, value, owner), out[1], at)


project: Any = intrinsic(_project)
bound: Any = intrinsic(_bound)
keep_nearer: Any = intrinsic(_keep_nearer)
keep_slanted: Any = intrinsic(_keep_slanted)
