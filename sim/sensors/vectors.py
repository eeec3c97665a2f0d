"""Emits the vector instructions of `lanes` into a kernel."""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]

FLOAT, INT = ir.FloatType(), ir.IntType(32)


class Maker:
    """Emits vector instructions; `of` holds the type of each argument, `args` its value."""

    def __init__(self, context: Any, builder: Any, signature: Any, args: Any) -> None:
        self.context, self.builder, self.of, self.args = context, builder, signature.args, args

    def pointer(self, index: int, offset: Any) -> Any:
        """Address of an element of the array argument `index`."""
        array = self.context.make_array(self.of[index])(
            self.context, self.builder, self.args[index]
        )
        return self.builder.gep(array.data, [offset])

    def load(self, index: int, offset: Any, element: Any, lanes: int) -> Any:
        """Load a vector from the flat memory of an array argument."""
        kind = ir.VectorType(element, lanes)
        place = self.builder.bitcast(self.pointer(index, offset), kind.as_pointer())
        return self.builder.load(place, align=4)

    def store(self, value: Any, index: int, offset: Any) -> None:
        """Store a vector into the flat memory of an array argument."""
        place = self.builder.bitcast(self.pointer(index, offset), value.type.as_pointer())
        self.builder.store(value, place, align=4)

    def scalar(self, index: int, offset: int) -> Any:
        """Load one element of an array argument."""
        return self.builder.load(self.pointer(index, self.at(offset)))

    def at(self, offset: int) -> Any:
        """Make an offset."""
        return ir.Constant(ir.IntType(64), offset)

    def spread(self, value: Any, lanes: int) -> Any:
        """Repeat a value in all lanes."""
        kind = ir.VectorType(value.type, lanes)
        one = self.builder.insert_element(
            ir.Constant(kind, ir.Undefined), value, ir.Constant(INT, 0)
        )
        return self.shuffle(one, [0] * lanes)

    def shuffle(self, value: Any, order: list[int]) -> Any:
        """Pick lanes of one vector."""
        mask = ir.Constant(ir.VectorType(INT, len(order)), order)
        return self.builder.shuffle_vector(value, ir.Constant(value.type, ir.Undefined), mask)

    def constant(self, number: float, kind: Any) -> Any:
        """Repeat a number in all lanes of a type."""
        return ir.Constant(kind, [number] * kind.count)

    def pick(self, sign: str, a: Any, b: Any) -> Any:
        """`a` where `a sign b` holds, else `b`: the lesser or the greater of both."""
        return self.builder.select(self.builder.fcmp_ordered(sign, a, b), a, b)

    def fold(self, sign: str, value: Any) -> Any:
        """The least or the greatest of a vector's values."""
        half = value.type.count // 2
        while half:
            order = [(i + half) % value.type.count for i in range(value.type.count)]
            value = self.pick(sign, value, self.shuffle(value, order))
            half //= 2
        return self.builder.extract_element(value, ir.Constant(INT, 0))

    def dot(self, a: tuple[Any, ...], b: tuple[Any, ...]) -> Any:
        """Sum of products."""
        total = self.builder.fmul(a[0], b[0])
        for one, other in zip(a[1:], b[1:], strict=True):
            total = self.builder.fadd(total, self.builder.fmul(one, other))
        return total

    def cross(self, a: Any, b: Any, c: Any, d: Any) -> Any:
        """`a * d - b * c`."""
        return self.builder.fsub(self.builder.fmul(a, d), self.builder.fmul(b, c))
