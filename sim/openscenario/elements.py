"""The elements of OpenSCENARIO 1.x that are known here, and how far each is supported.

They stand in `vocabulary.txt`, decide what a file may hold, and `docs/openscenario.md` shows them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from roadworthy.sim.openscenario.reading import Node

PARTS = ("Frame", "Actions", "Conditions")
_VOCABULARY = Path(__file__).with_name("vocabulary.txt")
RULES = ("greaterThan", "lessThan", "equalTo", "greaterOrEqual", "lessOrEqual", "notEqualTo")
DISTANCES = ("cartesianDistance", "euclidianDistance", "longitudinal", "lateral")


@dataclass(frozen=True, slots=True)
class Element:
    """What one element may hold."""

    tag: str
    support: str  # "yes", "partly" or "no"
    attributes: tuple[tuple[str, str, bool], ...]  # name, type, whether it may be left out
    free: bool  # any attributes, which nobody looks at
    children: frozenset[str]
    required: tuple[tuple[str, ...], ...]  # of each group, one must be there
    remark: str

    @classmethod
    def of_line(cls, line: str) -> Element:
        """Read one line of the vocabulary; its fields stand between bars with blanks around."""
        fields = [field.strip() for field in re.split(r" \|(?= |$)", line)] + [""] * 4
        tag, support, attributes, children, remark = fields[:5]
        allowed: list[str] = []
        required = []
        for token in children.split():
            names = token.rstrip("!").strip("()").split("|")
            allowed += names
            if token.endswith("!") or token.startswith("("):
                required.append(tuple(names))
        free = attributes == "*"
        entries = [] if free else [entry.split(":", 1) for entry in attributes.split()]
        return cls(
            tag,
            support,
            tuple((name, kind.rstrip("?"), kind.endswith("?")) for name, kind in entries),
            free,
            frozenset(allowed),
            tuple(required),
            remark,
        )


@cache
def elements(part: str | None = None) -> dict[str, Element]:
    """All known elements by name, in the order of the tables; or those of one of PARTS."""
    found, section = {}, ""
    for line in _VOCABULARY.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#") and part in (None, section):
            element = Element.of_line(line)
            found[element.tag] = element
    return found


def check(root: Node, entities: Iterable[str]) -> None:
    """Check a tree, with its parameters and catalogs put in, against the tables.

    Args:
        root: the element <OpenSCENARIO>.
        entities: names that entityRef may refer to.

    Raises:
        OpenScenarioError: an element or an attribute is unknown, unsupported, missing or wrong;
            the message names file, line and element.
    """
    names = frozenset(entities)
    for node in root.walk():
        _check_node(node, names)


def _check_node(node: Node, entities: frozenset[str]) -> None:
    element = elements().get(node.tag)
    if element is None:
        raise node.fault("is no element of OpenSCENARIO 1.x that is known here; check its name")
    if element.support == "no":
        reason = f": {element.remark}" if element.remark else ""
        raise node.fault(
            f"is not supported{reason}; take it out or write the scenario without it "
            "(docs/openscenario.md lists what is)"
        )
    for child in node.children:
        if child.tag not in element.children:
            if child.tag not in elements():
                _check_node(child, entities)
            may = ", ".join(sorted(element.children)) or "nothing"
            raise child.fault(f"cannot stand in <{node.tag}>, which may hold {may}")
    for group in element.required:
        if node.find(*group) is None:
            choice = "> or <".join(group)
            raise node.fault(f"needs a <{choice}> inside; add it")
    if not element.free:
        _check_attributes(node, element, entities)


def _check_attributes(node: Node, element: Element, entities: frozenset[str]) -> None:
    known = {name for name, _, _ in element.attributes}
    for name in node.attributes:
        if name not in known and ":" not in name and name != "noNamespaceSchemaLocation":
            may = ", ".join(sorted(known)) or "none"
            raise node.fault(f"has no attribute {name!r}; those it may have: {may}")
    for name, kind, optional in element.attributes:
        text = node.attributes.get(name)
        if text is None:
            if not optional:
                raise node.fault(f"lacks the attribute {name!r}; add it")
            continue
        wrong = _wrong(text.strip(), kind, entities)
        if wrong:
            raise node.fault(f"{name}={text!r} is {wrong}")


def _wrong(text: str, kind: str, entities: frozenset[str]) -> str | None:
    """What is wrong with the value of an attribute; None where nothing is."""
    if kind == "num":
        return _wrong_number(text)
    if kind in ("int", "uint"):
        whole = re.fullmatch(r"[-+]?\d{1,9}", text) is not None
        if not whole or (kind == "uint" and int(text) < 0):
            return "no whole number" + (" of 0 or more" if kind == "uint" else "")
    elif kind == "bool" and text not in ("true", "false", "1", "0"):
        return "neither true nor false"
    elif kind == "entity" and text not in entities:
        return f"no entity; there are {', '.join(sorted(entities)) or 'none'}"
    choices = {"rule": RULES, "distance": DISTANCES}.get(kind)
    if kind.startswith("{"):
        choices = tuple(kind.strip("{}").split(","))
    if choices is not None and text not in choices:
        return f"not supported; take one of {', '.join(choices)}"
    return None


def _wrong_number(text: str) -> str | None:
    try:
        value = float(text)
    except ValueError:
        return "no number"
    if not math.isfinite(value) and text.upper() not in ("INF", "-INF"):
        return "no number that can be worked with"
    return None if abs(value) <= 1e12 or math.isinf(value) else "far too large"


def markdown(part: str) -> str:
    """The table of one of PARTS for the documentation."""
    lines = ["| element | supported | remark |", "|---|---|---|"]
    lines += [
        f"| `{element.tag}` | {element.support} | {element.remark} |"
        for element in elements(part).values()
    ]
    return "\n".join(lines) + "\n"


# --- reading attributes that were checked


def number(node: Node, name: str, default: float | None = None) -> float:
    """A number of an element that was checked; `default` where it is left out."""
    text = node.attributes.get(name)
    if text is None:
        if default is None:
            raise node.fault(f"lacks the attribute {name!r}; add it")
        return default
    return float(text)


def whole(node: Node, name: str, default: int | None = None) -> int:
    """A whole number of an element that was checked."""
    return int(number(node, name, default))


def flag(node: Node, name: str, default: bool = False) -> bool:
    """A truth value of an element that was checked."""
    text = node.attributes.get(name)
    return default if text is None else text.strip() in ("true", "1")


def word(node: Node, name: str, default: str = "") -> str:
    """The text of an attribute."""
    return node.attributes.get(name, default).strip()
