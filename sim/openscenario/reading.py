"""Read OpenSCENARIO files: XML from outside, which may be hostile, as a tree of plain nodes.

No entity is expanded, no document type is accepted, nothing is fetched, and the size is limited.
Each node knows its file and its line, so that whoever finds fault with it can say where.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from roadworthy.sim.errors import OpenScenarioError

MAX_BYTES = 8_000_000  # of one file; those of ScenarioRunner have 20 kB
MAX_FILES = 200  # in one folder of catalogs
MAX_ELEMENTS = 200_000


@dataclass(frozen=True, eq=False)
class Node:
    """One element."""

    tag: str
    attributes: Mapping[str, str]
    children: tuple[Node, ...]
    file: str
    line: int

    def fault(self, message: str) -> OpenScenarioError:
        """Make the error that says what is wrong here: "FILE, line N, <TAG>: message"."""
        return OpenScenarioError(f"{self.file}, line {self.line}, <{self.tag}>: {message}")

    def child(self, *tags: str) -> Node:
        """The first child with one of the tags.

        Raises:
            OpenScenarioError: there is none.
        """
        found = self.find(*tags)
        if found is None:
            raise self.fault(f"needs a <{'> or <'.join(tags)}> inside; add it")
        return found

    def find(self, *tags: str) -> Node | None:
        """The first child with one of the tags, or None."""
        return next((child for child in self.children if child.tag in tags), None)

    def all(self, *tags: str) -> list[Node]:
        """The children with one of the tags, in their order."""
        return [child for child in self.children if child.tag in tags]

    def walk(self) -> Iterator[Node]:
        """This node and all below it, in the file's order."""
        yield self
        for child in self.children:
            yield from child.walk()


class Library:
    """The texts of a scenario and its catalogs, from a folder or from what a recording kept.

    Attributes:
        texts: what was read so far, by path relative to the scenario's folder.
    """

    def __init__(self, folder: Path | None, texts: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._given = texts
        self.texts: dict[str, str] = {}

    def read(self, name: str) -> Node:
        """Read one file.

        Raises:
            OpenScenarioError: it is missing, too large, or no well-formed XML.
        """
        data = self._bytes(name)
        root = _parse(data, self._shown(name))
        self.texts[name] = data.decode("utf-8-sig", "replace")
        return root

    def listed(self, folder: str) -> list[str]:
        """Names of the .xosc files in a folder, sorted; none where there is no such folder.

        Raises:
            OpenScenarioError: there are too many.
        """
        if self._given is not None:
            inside = PurePosixPath(folder)
            names = [name for name in self._given if PurePosixPath(name).parent == inside]
        else:
            assert self._folder is not None
            found = sorted((self._folder / folder).glob("*.xosc"))
            if len(found) > MAX_FILES:
                raise OpenScenarioError(
                    f"{self._shown(folder)} holds {len(found)} .xosc files; catalogs of more than "
                    f"{MAX_FILES} are not searched"
                )
            names = [str(PurePosixPath(folder) / path.name) for path in found]
        return sorted(names)

    def _shown(self, name: str) -> str:
        return name if self._folder is None else str(self._folder / name)

    def _bytes(self, name: str) -> bytes:
        if self._given is not None:
            if name not in self._given:
                raise OpenScenarioError(f"{name} is not among the texts that were kept")
            return self._given[name].encode()
        assert self._folder is not None
        path = self._folder / name
        try:
            if not path.is_file():
                raise OpenScenarioError(f"there is no OpenSCENARIO file {path}; check the path")
            if path.stat().st_size > MAX_BYTES:
                raise OpenScenarioError(
                    f"{path} has more than {MAX_BYTES / 1e6:.0f} MB; it is not read"
                )
            return path.read_bytes()
        except OSError as error:
            raise OpenScenarioError(f"cannot read {path}: {error.strerror or error}") from None


def _parse(data: bytes, file: str) -> Node:
    from lxml import etree  # takes a moment

    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise OpenScenarioError(
            f"{file} is not well-formed XML ({str(error) or 'nothing in it'}); correct it"
        ) from None
    if root is None:
        raise OpenScenarioError(f"{file} is empty; it should be an OpenSCENARIO file")
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise OpenScenarioError(
            f"{file} declares a document type (<!DOCTYPE>), which no OpenSCENARIO file needs and "
            "which is not read for safety; delete it"
        )
    for count, _ in enumerate(root.iter(), 1):
        if count > MAX_ELEMENTS:
            raise OpenScenarioError(f"{file} has more than {MAX_ELEMENTS} elements")
    node = _node(root, file)
    if node.tag != "OpenSCENARIO":
        raise node.fault("the root of an OpenSCENARIO 1.x file is <OpenSCENARIO>")
    return node


def _node(element: Any, file: str) -> Node:
    return Node(
        tag=_local(element.tag),
        attributes={_local(name): str(value) for name, value in element.attrib.items()},
        children=tuple(_node(child, file) for child in element if isinstance(child.tag, str)),
        file=file,
        line=int(element.sourceline or 0),
    )


def _local(name: object) -> str:
    """A name without its namespace."""
    return str(name).rsplit("}", 1)[-1]
