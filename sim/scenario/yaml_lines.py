"""Read YAML from outside: plain values, and on which line each of them stands.

Only what a scenario file needs is let in: maps with text as keys, lists, texts, numbers, true,
false and nothing. What YAML can do besides (objects, dates, keys that stand twice, aliases that
unfold to millions of values) is refused with file and line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from roadworthy.sim.errors import InputError

LARGEST = 200_000  # bytes of a file; reading them takes some seconds
MOST_VALUES = 50_000  # in a file, with its aliases unfolded
DEEPEST = 20  # maps and lists within each other
Place = tuple[str | int, ...]  # of a value: keys and numbers from the top

# PyYAML reads 1e3 as a text, because YAML 1.1 wants a dot in such a number.
_POWER = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
_PLAIN = ("null", "bool", "int", "float", "str")


@dataclass(frozen=True, slots=True)
class Lined:
    """What a file holds, and where.

    Attributes:
        file: its name.
        value: maps, lists, texts, numbers, booleans and None.
        lines: on which line each value stands; 1 is the first.
    """

    file: str
    value: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def error(self, place: Place, what: str) -> InputError:
        """An error that names file, line and key."""
        key = text_of(place)
        return InputError(f"{self.file}, line {self.line(place)}: {key and key + ': '}{what}")


def text_of(place: Place) -> str:
    """A place as people write it: `scenarios[2].traffic.vehicles`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_yaml(path: str | os.PathLike[str]) -> Lined:
    """Read a file.

    Raises:
        InputError: it cannot be read or is not what this module lets in; the message names file
            and line.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise InputError(f"cannot read {source}: {error.strerror or error}") from None
    if len(data) > LARGEST:
        raise InputError(f"{source} has over {LARGEST:,} bytes; no scenario file needs so many")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    return parse_yaml(text, str(source))


def parse_yaml(text: str, file: str) -> Lined:
    """Parse the text of a file; see `read_yaml`."""
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise InputError(f"{file}, line {line}: no YAML ({error.problem or error})") from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"{file}: no YAML ({error})") from None
    except RecursionError:
        raise InputError(f"{file}: maps and lists are nested too deeply; flatten it") from None
    if node is None:
        raise InputError(f"{file} is empty; see docs/scenarios.md for what a scenario file says")
    walker = _Walker(file)
    return Lined(file, walker.value(node, ()), walker.lines)


class _Walker:
    """Turns nodes to values."""

    def __init__(self, file: str) -> None:
        import yaml

        self.file = file
        self.lines: dict[Place, int] = {}
        self._count = 0
        self._yaml = yaml
        self._scalars = yaml.SafeLoader("")

    def value(self, node: Any, place: Place) -> Any:
        line = node.start_mark.line + 1
        self.lines.setdefault(place, line)
        self._count += 1
        if self._count > MOST_VALUES or len(place) > DEEPEST:
            what = f"over {MOST_VALUES:,} values" if self._count > MOST_VALUES else "nested so deep"
            raise InputError(
                f"{self.file}, line {line}: {what}; aliases unfold to more than is sane"
            )
        if isinstance(node, self._yaml.MappingNode) and node.tag.endswith(":map"):
            return {
                key: self.value(child, (*place, key)) for key, child in self._items(node, place)
            }
        if isinstance(node, self._yaml.SequenceNode) and node.tag.endswith(":seq"):
            return [self.value(child, (*place, i)) for i, child in enumerate(node.value)]
        return self._scalar(node, line)

    def _items(self, node: Any, place: Place) -> list[tuple[str, Any]]:
        items: dict[str, Any] = {}
        for name, child in node.value:
            line = name.start_mark.line + 1
            if not isinstance(name, self._yaml.ScalarNode) or name.tag.endswith(":merge"):
                raise InputError(
                    f"{self.file}, line {line}: a key must be plain text; what several scenarios "
                    "share stands under 'defaults'"
                )
            key = name.value
            if key in items:
                raise InputError(
                    f"{self.file}, line {line}: the key {key!r} stands twice in one map (first on "
                    f"line {self.lines[(*place, key)]}); delete one"
                )
            self.lines[(*place, key)] = line
            items[key] = child
        return list(items.items())

    def _scalar(self, node: Any, line: int) -> Any:
        kind = node.tag.rsplit(":", 1)[-1]
        if kind == "timestamp":  # `2026-11-22` is a text to whoever writes an id
            return str(node.value)
        if not isinstance(node, self._yaml.ScalarNode) or kind not in _PLAIN:
            raise InputError(f"{self.file}, line {line}: {node.tag!r} is nothing for this file")
        if kind == "str" and node.style is None and _POWER.fullmatch(node.value):
            return float(node.value)
        try:
            return self._scalars.construct_object(node)
        except (ValueError, OverflowError, self._yaml.YAMLError):
            shown = node.value[:40]
            raise InputError(f"{self.file}, line {line}: {shown!r} is not understood") from None
