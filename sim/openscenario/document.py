"""One scenario file as it is after parameters and catalogs were put in and all was checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from roadworthy.sim.errors import OpenScenarioError
from roadworthy.sim.openscenario.catalogs import Catalogs
from roadworthy.sim.openscenario.elements import check, word
from roadworthy.sim.openscenario.parameters import substitute
from roadworthy.sim.openscenario.reading import Library, Node


@dataclass(frozen=True, eq=False)
class Document:
    """A checked scenario file.

    Attributes:
        name: of the file, without folder and ending.
        root: its element <OpenSCENARIO>.
        left_handed: whether y, t, offset and h are positive to the right, as in CARLA.
        parameters: values of the file's parameters, by name.
        texts: what it was read from, by path relative to its folder; the first is the file itself.
    """

    name: str
    root: Node
    left_handed: bool
    parameters: Mapping[str, str]
    texts: Mapping[str, str]

    @property
    def town(self) -> str:
        """Name of the town, or path of an .xodr file, as the file gives it."""
        return word(self.root.child("RoadNetwork").child("LogicFile"), "filepath")

    @property
    def storyboard(self) -> Node:
        """The storyboard."""
        return self.root.child("Storyboard")

    def objects(self) -> list[Node]:
        """The elements <ScenarioObject>."""
        return self.root.child("Entities").all("ScenarioObject")


def read_document(path: str | os.PathLike[str]) -> Document:
    """Read and check a scenario file with its catalogs; no world and no map are needed.

    Raises:
        OpenScenarioError: it cannot be read, or holds what is unknown, unsupported or wrong; the
            message names file, line and element.
    """
    file = Path(path).expanduser()
    return _document(Library(file.parent), file.name)


def document_of(texts: Mapping[str, str]) -> Document:
    """Make a document of the texts that another one kept.

    Raises:
        OpenScenarioError: as `read_document`.
    """
    library = Library(None, texts)
    for name in texts:
        if name.endswith(".xosc") and library.read(name).find("Storyboard") is not None:
            return _document(Library(None, texts), name)
    raise OpenScenarioError("none of the texts is an OpenSCENARIO scenario")


def _document(library: Library, name: str) -> Document:
    raw = library.read(name)
    header = raw.child("FileHeader")
    if word(header, "revMajor") != "1":
        raise header.fault(
            f"revMajor={word(header, 'revMajor')!r} is another OpenSCENARIO; 1.0 to 1.3 are read"
        )
    if raw.find("Catalog") is not None:
        raise raw.fault("is a catalog; give the scenario that refers to it")
    for needed in ("RoadNetwork", "Entities", "Storyboard"):
        raw.child(needed)
    filled = substitute(raw, {})
    root = Catalogs(filled, library).expand(filled)
    names = [word(node, "name") for node in root.child("Entities").all("ScenarioObject")]
    for node, entity in zip(root.child("Entities").all("ScenarioObject"), names, strict=True):
        if names.count(entity) > 1:
            raise node.fault(f"there is more than one entity {entity!r}")
    check(root, names)
    _check_story_references(root)
    declared = raw.find("ParameterDeclarations")
    values = {
        word(entry, "name"): entry.attributes.get("value", "")
        for entry in (declared.all("ParameterDeclaration") if declared is not None else ())
    }
    left_handed = word(header, "description").startswith("CARLA:")
    return Document(Path(name).stem, root, left_handed, values, dict(library.texts))


_STORY_TAGS = {
    "story": "Story",
    "act": "Act",
    "maneuverGroup": "ManeuverGroup",
    "maneuver": "Maneuver",
    "event": "Event",
    "action": "Action",
}


def _check_story_references(root: Node) -> None:
    """Check that states are asked of what is there.

    Raises:
        OpenScenarioError: there is no such part of the story.
    """
    named: set[tuple[str, str]] = set()
    asking: list[Node] = []
    for node in root.child("Storyboard").walk():
        named.add((node.tag, word(node, "name")))
        if node.tag == "StoryboardElementStateCondition":
            asking.append(node)
    for node in asking:
        tag = _STORY_TAGS[word(node, "storyboardElementType")]
        wanted = word(node, "storyboardElementRef").rsplit("::", 1)[-1].rsplit("/", 1)[-1]
        if (tag, wanted) not in named:
            known = sorted(name for kind, name in named if kind == tag)
            raise node.fault(
                f"the story has no {tag} {wanted!r}; there are {', '.join(known[:20]) or 'none'}"
            )
