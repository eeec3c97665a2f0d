"""Parameters ($name) and expressions (${...}) of OpenSCENARIO, put in before anything is read."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from roadworthy.sim.openscenario.reading import Node

_NAME = re.compile(r"\$([A-Za-z_][A-Za-z0-9_.]*)")
_MAX_LENGTH = 300  # characters of an expression
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: math.fmod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
# The functions of OpenSCENARIO 1.1, section 6.13; `pow` is bounded by what a float holds.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "pow": math.pow,
    "abs": abs,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "max": max,
    "min": min,
}
_INTEGERS = frozenset({"int", "integer", "unsignedInt", "unsignedShort"})


def substitute(node: Node, known: Mapping[str, str]) -> Node:
    """A copy of a node in which no attribute refers to a parameter any more.

    Parameters that an element declares hold in all that is below it.

    Args:
        node: the element.
        known: values by name, from outside of it.

    Raises:
        OpenScenarioError: a parameter is not declared, or an expression makes no sense.
    """
    declared = node.find("ParameterDeclarations")
    scope = dict(known)
    if declared is not None:
        for entry in declared.all("ParameterDeclaration"):
            name = entry.attributes.get("name", "")
            given = entry.attributes.get("value", "")
            scope.setdefault(name, _typed(entry, _value(entry, given, scope)))
    attributes = {
        name: value if "$" not in value or _names(node, name) else _value(node, value, scope)
        for name, value in node.attributes.items()
    }
    children = tuple(
        child if child.tag == "ParameterDeclarations" else substitute(child, scope)
        for child in node.children
    )
    return replace(node, attributes=attributes, children=children)


def _names(node: Node, attribute: str) -> bool:
    """Whether an attribute names a parameter instead of using its value."""
    return attribute == "parameterRef" and node.tag != "ParameterCondition"


def _typed(entry: Node, value: str) -> str:
    kind = entry.attributes.get("parameterType", "string")
    try:
        if kind == "double":
            float(value)
        elif kind in _INTEGERS:
            int(value)
    except ValueError:
        raise entry.fault(f"value={value!r} is no {kind}; correct it") from None
    return value


def _value(node: Node, text: str, scope: Mapping[str, str]) -> str:
    if text.startswith("${"):
        return _text(_evaluate(node, text, scope))
    match = _NAME.fullmatch(text)
    if match is None:
        if "$" in text:
            raise node.fault(
                f"{text!r} is neither a parameter ($name) nor an expression (${{...}})"
            )
        return text
    name = match.group(1)
    if name not in scope:
        known = ", ".join(sorted(scope)) or "none"
        raise node.fault(f"the parameter ${name} is not declared; declared are {known}")
    return scope[name]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def _evaluate(node: Node, text: str, scope: Mapping[str, str]) -> float | bool:
    if not text.endswith("}") or len(text) > _MAX_LENGTH:
        raise node.fault(f"{text[:60]!r} is no expression of at most {_MAX_LENGTH} characters")
    inner = _NAME.sub(lambda match: f"({_value(node, match.group(0), scope)})", text[2:-1])
    inner = re.sub(r"\btrue\b", "True", re.sub(r"\bfalse\b", "False", inner))
    if len(inner) > 4 * _MAX_LENGTH:
        raise node.fault(f"the expression {text[:60]!r} is too long with its parameters put in")
    try:
        result = _reduce(ast.parse(inner.strip(), mode="eval").body)
        if isinstance(result, float) and not math.isfinite(result):
            raise ValueError("not a finite number")
    except (SyntaxError, ValueError, ArithmeticError, TypeError, RecursionError) as error:
        raise node.fault(f"the expression {text!r} makes no sense: {error}") from None
    return result


def _reduce(tree: ast.expr) -> Any:
    if isinstance(tree, ast.Constant) and isinstance(tree.value, bool | int | float):
        return tree.value
    if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
        return _OPERATORS[type(tree.op)](float(_reduce(tree.left)), float(_reduce(tree.right)))
    if isinstance(tree, ast.UnaryOp) and type(tree.op) in _OPERATORS:
        return _OPERATORS[type(tree.op)](_reduce(tree.operand))
    if isinstance(tree, ast.BoolOp):
        parts = [bool(_reduce(part)) for part in tree.values]
        return all(parts) if isinstance(tree.op, ast.And) else any(parts)
    if isinstance(tree, ast.Compare) and len(tree.ops) == 1 and type(tree.ops[0]) in _OPERATORS:
        return _OPERATORS[type(tree.ops[0])](_reduce(tree.left), _reduce(tree.comparators[0]))
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.keywords:
        function = _FUNCTIONS.get(tree.func.id)
        if function is not None:
            return function(*(_reduce(argument) for argument in tree.args))
    raise ValueError("only numbers, + - * / %, comparisons, and, or, not and simple functions")
