"""The entities of a scenario: what they are, how large, and who drives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from roadworthy.sim.openscenario.document import Document
from roadworthy.sim.openscenario.elements import number, word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.physics.bodies import usual_mass
from roadworthy.sim.scenery.material import BODY_COLORS
from roadworthy.sim.world.columns import Kind, PropModel
from roadworthy.sim.world.guests import Body

Size = tuple[float, float, float]  # [m] length, width, height

# CARLA spawns its blueprints in their own size, whatever a file's box says; the sizes are those
# of CARLA's vehicle catalogue, to about 5 cm. The bicycle's is with its rider.
_BLUEPRINTS: dict[str, tuple[Kind, Size]] = {
    "vehicle.lincoln.mkz_2017": (Kind.CAR, (4.90, 1.84, 1.49)),
    "vehicle.lincoln.mkz_2020": (Kind.CAR, (4.89, 1.84, 1.49)),
    "vehicle.tesla.model3": (Kind.CAR, (4.79, 1.85, 1.49)),
    "vehicle.audi.tt": (Kind.CAR, (4.18, 1.84, 1.39)),
    "vehicle.nissan.micra": (Kind.CAR, (3.63, 1.67, 1.50)),
    "vehicle.volkswagen.t2": (Kind.VAN, (4.48, 1.77, 2.04)),
    "vehicle.diamondback.century": (Kind.BICYCLE, (1.64, 0.58, 1.73)),
    "vehicle.gazelle.omafiets": (Kind.BICYCLE, (1.84, 0.58, 1.73)),
    "vehicle.bh.crossbike": (Kind.BICYCLE, (1.49, 0.58, 1.73)),
}
_VEHICLES: dict[str, tuple[Kind, Size]] = {
    "car": (Kind.CAR, (4.6, 1.85, 1.5)),
    "van": (Kind.VAN, (5.3, 2.0, 2.3)),
    "truck": (Kind.TRUCK, (8.0, 2.5, 3.2)),
    "semitrailer": (Kind.TRUCK, (12.0, 2.5, 3.6)),
    "trailer": (Kind.TRUCK, (7.0, 2.5, 3.0)),
    "bus": (Kind.BUS, (11.0, 2.5, 3.0)),
    "motorbike": (Kind.MOTORCYCLE, (2.2, 0.8, 1.6)),
    "bicycle": (Kind.BICYCLE, (1.7, 0.6, 1.73)),
    "train": (Kind.BUS, (15.0, 2.7, 3.6)),
    "tram": (Kind.BUS, (15.0, 2.4, 3.4)),
}
_WALKER: Size = (0.5, 0.5, 1.75)  # and of CARLA's blueprints, walker.pedestrian.NNNN
_PROPS: dict[PropModel, Size] = {
    PropModel.CONE: (0.4, 0.4, 0.7),
    PropModel.BARRIER: (0.4, 1.6, 1.0),
    PropModel.WARNING: (1.5, 1.5, 2.0),
    PropModel.DEBRIS: (0.8, 0.8, 0.4),
    PropModel.CRATE: (1.2, 1.0, 1.7),
}
_THIN = 0.05  # [m] a body that is smaller has no size of its own


class Driver(Enum):
    """Who drives an entity; the values are ScenarioRunner's names of its controllers."""

    EXTERNAL = "external_control"
    NPC = "npc_vehicle_control"
    SIMPLE = "simple_vehicle_control"
    LONGITUDINAL = "vehicle_longitudinal_control"
    WALKER = "pedestrian_control"
    AUTOPILOT = "carla_autopilot"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a vehicle can do (Performance)."""

    speed: float  # [m/s]
    accel: float  # [m/s^2]
    brake: float  # [m/s^2]


UNLIMITED = Limits(1e3, 1e6, 1e6)


@dataclass(frozen=True, eq=False)
class Role:
    """One entity as the file declares it."""

    name: str
    node: Node  # its <Vehicle>, <Pedestrian> or <MiscObject>
    model: str
    body: Body
    limits: Limits
    properties: Mapping[str, str]

    @property
    def category(self) -> str:
        """Its type in the words of a CollisionCondition's ByType."""
        return {"Vehicle": "vehicle", "Pedestrian": "pedestrian"}.get(
            self.node.tag, "miscellaneous"
        )


def roles(document: Document) -> dict[str, Role]:
    """All entities of a scenario, by name, in the file's order."""
    found = {}
    for entry in document.objects():
        node = entry.child("Vehicle", "Pedestrian", "MiscObject")
        found[word(entry, "name")] = _role(word(entry, "name"), node)
    return found


def _role(name: str, node: Node) -> Role:
    model = word(node, "model") or word(node, "name")
    bundle = node.find("Properties")
    properties = {
        word(entry, "name"): word(entry, "value")
        for entry in (bundle.all("Property") if bundle is not None else ())
    }
    color = 0
    if node.tag == "Vehicle":
        category = _VEHICLES[word(node, "vehicleCategory")]
        kind, size = _BLUEPRINTS.get(model, (category[0], _size(node, category[1])))
        color = _colour(properties.get("color", ""))
    elif node.tag == "Pedestrian":
        kind = Kind.WALKER
        size = _WALKER if model.startswith("walker.") else _size(node, _WALKER)
    else:
        prop = _prop(node, model)
        kind, size, color = Kind.PROP, _size(node, _PROPS[prop]), int(prop)
    length, width, height = size
    mass = number(node, "mass", 0.0)
    if mass <= 0.0:
        mass = float(usual_mass(int(kind), color, length, width, height))
    return Role(
        name, node, model, Body(kind, length, width, height, mass, color), _limits(node), properties
    )


def _size(node: Node, usual: Size) -> Size:
    box = node.child("BoundingBox").child("Dimensions")
    given = tuple(number(box, name) for name in ("length", "width", "height"))
    length, width, height = (
        value if _THIN < value < 100.0 else standard
        for value, standard in zip(given, usual, strict=True)
    )
    return length, width, height


def _limits(node: Node) -> Limits:
    performance = node.find("Performance")
    if performance is None:
        return UNLIMITED
    return Limits(
        max(number(performance, "maxSpeed"), 0.0),
        max(number(performance, "maxAcceleration"), 0.1),
        max(number(performance, "maxDeceleration"), 0.1),
    )


def _prop(node: Node, model: str) -> PropModel:
    name = f"{model} {word(node, 'name')}".lower()
    words = {
        "cone": PropModel.CONE,
        "warning": PropModel.WARNING,
        "debris": PropModel.DEBRIS,
        "dirt": PropModel.DEBRIS,
        "barrier": PropModel.BARRIER,
        "container": PropModel.CRATE,
    }
    for part, prop in words.items():
        if part in name:
            return prop
    return PropModel.BARRIER if word(node, "miscObjectCategory") == "barrier" else PropModel.CRATE


def _colour(text: str) -> int:
    """The body colour nearest to "R,G,B"."""
    try:
        wanted = np.array([float(part) for part in text.split(",")])
    except ValueError:
        return 0
    if wanted.shape != (3,) or not np.isfinite(wanted).all():
        return 0
    return int(np.argmin(((BODY_COLORS - wanted) ** 2).sum(1)))


def ego_of(document: Document, cast: Mapping[str, Role]) -> str:
    """The entity that is tested.

    It is the one with the property type=ego_vehicle; else the one with an external controller;
    else the one that is called hero or ego; else the first vehicle.

    Raises:
        OpenScenarioError: there is no vehicle.
    """
    vehicles = [name for name, role in cast.items() if role.node.tag == "Vehicle"]
    marked = [name for name in vehicles if cast[name].properties.get("type") == "ego_vehicle"]
    outside = [name for name in vehicles if controller_of(document, name)[0] is Driver.EXTERNAL]
    called = [name for name in vehicles if name.lower() in ("hero", "ego", "ego_vehicle")]
    for choice in (marked, outside, called, vehicles):
        if choice:
            return choice[0]
    raise document.root.child("Entities").fault("there is no <Vehicle>, so nothing to be driven")


def controller_of(document: Document, name: str) -> tuple[Driver | None, Mapping[str, str]]:
    """The controller that an entity begins with and its properties; None where it has none.

    Raises:
        OpenScenarioError: the controller is none of ScenarioRunner's.
    """
    holders = [entry for entry in document.objects() if word(entry, "name") == name]
    for private in document.storyboard.child("Init").child("Actions").all("Private"):
        if word(private, "entityRef") == name:
            holders.append(private)
    found: tuple[Driver | None, Mapping[str, str]] = (None, {})
    for holder in holders:
        for node in holder.walk():
            if node.tag == "Controller":
                found = driver_of(node)
    return found


def driver_of(controller: Node) -> tuple[Driver | None, Mapping[str, str]]:
    """Which of ScenarioRunner's controllers a <Controller> names, and its properties.

    Raises:
        OpenScenarioError: it names another one.
    """
    properties = {
        word(entry, "name"): word(entry, "value")
        for entry in controller.child("Properties").all("Property")
    }
    module = properties.get("module", "").rsplit("/", 1)[-1].removesuffix(".py")
    if not module:
        return None, properties
    names = [driver.value for driver in Driver]
    if module not in names:
        raise controller.fault(
            f"the controller {module!r} is not known here; there are {', '.join(names)}"
        )
    return Driver(module), properties
