"""Catalogs: put what a CatalogReference names in its place."""

from __future__ import annotations

from dataclasses import replace

from roadworthy.sim.openscenario.parameters import substitute
from roadworthy.sim.openscenario.reading import Library, Node

# What a catalog holds, by the element of CatalogLocations that gives its folder.
_KINDS = {
    "VehicleCatalog": "Vehicle",
    "PedestrianCatalog": "Pedestrian",
    "MiscObjectCatalog": "MiscObject",
    "ControllerCatalog": "Controller",
    "EnvironmentCatalog": "Environment",
    "ManeuverCatalog": "Maneuver",
    "TrajectoryCatalog": "Trajectory",
    "RouteCatalog": "Route",
}
# Elements that may stand where a catalog is referred to.
_PLACES = {
    "ScenarioObject": ("Vehicle", "Pedestrian", "MiscObject"),
    "ObjectController": ("Controller",),
    "AssignControllerAction": ("Controller",),
    "EnvironmentAction": ("Environment",),
    "ManeuverGroup": ("Maneuver",),
    "AssignRouteAction": ("Route",),
    "FollowTrajectoryAction": ("Trajectory",),
    "TrajectoryRef": ("Trajectory",),
}


class Catalogs:
    """The catalogs of one scenario; they are read when something of them is asked for."""

    def __init__(self, root: Node, library: Library) -> None:
        self._library = library
        self._folders: dict[str, tuple[Node, str]] = {}
        self._found: dict[tuple[str, str], dict[str, Node]] = {}
        locations = root.find("CatalogLocations")
        for place in locations.children if locations is not None else ():
            directory = place.find("Directory")
            if place.tag in _KINDS and directory is not None:
                self._folders[_KINDS[place.tag]] = (place, directory.attributes.get("path", ""))

    def expand(self, node: Node) -> Node:
        """A copy in which each CatalogReference is what it names.

        Raises:
            OpenScenarioError: there is no such catalog or entry, or its file is broken.
        """
        kinds = _PLACES.get(node.tag, ())
        children = tuple(
            self.expand(self._entry(child, kinds) if child.tag == "CatalogReference" else child)
            for child in node.children
        )
        return replace(node, children=children)

    def _entry(self, reference: Node, kinds: tuple[str, ...]) -> Node:
        if not kinds:
            raise reference.fault("a catalog cannot be referred to here")
        catalog = reference.attributes.get("catalogName", "")
        name = reference.attributes.get("entryName", "")
        for kind in kinds:
            entries = self._entries(kind, catalog)
            if name in entries:
                return _assigned(entries[name], reference)
        where = [self._folders[kind][1] for kind in kinds if kind in self._folders]
        known = sorted({e for kind in kinds for e in self._entries(kind, catalog)})
        if not where:
            raise reference.fault(
                f"<CatalogLocations> names no folder for a {kinds[0]}; add one, or write it here"
            )
        raise reference.fault(
            f"no {' or '.join(kinds)} {name!r} in the catalog {catalog!r} below {where[0]!r}; "
            + (f"it holds {', '.join(known[:20])}" if known else "there is no such catalog")
        )

    def _entries(self, kind: str, catalog: str) -> dict[str, Node]:
        if kind not in self._folders:
            return {}
        key = (kind, catalog)
        if key not in self._found:
            entries: dict[str, Node] = {}
            for name in self._library.listed(self._folders[kind][1]):
                found = self._library.read(name).find("Catalog")
                if found is not None and found.attributes.get("name") == catalog:
                    entries |= {e.attributes.get("name", ""): e for e in found.all(kind)}
            self._found[key] = entries
        return self._found[key]


def _assigned(entry: Node, reference: Node) -> Node:
    """An entry with the parameters that the reference gives."""
    given = reference.find("ParameterAssignments")
    values = {
        assignment.attributes.get("parameterRef", "").lstrip("$"): assignment.attributes["value"]
        for assignment in (given.all("ParameterAssignment") if given is not None else ())
        if "value" in assignment.attributes
    }
    return substitute(entry, values)
