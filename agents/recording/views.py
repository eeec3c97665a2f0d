"""Cameras and sensors in words, as the command line takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec, RadarSpec, SensorRig

Spec = TypeVar("Spec", CameraSpec, LidarSpec, RadarSpec)


@dataclass(frozen=True, slots=True)
class View:
    """A camera, and whether it shows the vehicle that carries it."""

    camera: CameraSpec
    ego: bool = False


def _view(name: str, x: float, z: float, angles: tuple[float, float, float]) -> View:
    """A view from (x, 0, z) [m] with pitch, yaw and field of view [degrees]."""
    pitch, yaw, fov = (math.radians(angle) for angle in angles)
    camera = CameraSpec(name=name, x=x, z=z, pitch=pitch, yaw=yaw, fov=fov, width=640, height=320)
    return View(camera, ego=name in ("chase", "top"))


VIEWS: dict[str, View] = {
    "front": _view("front", 0.6, 1.9, (0.0, 0.0, 100.0)),
    "chase": _view("chase", -8.5, 4.2, (-14.0, 0.0, 80.0)),
    "top": _view("top", 6.0, 32.0, (-89.0, 0.0, 75.0)),
    "left": _view("left", 0.6, 1.9, (0.0, -90.0, 100.0)),
    "right": _view("right", 0.6, 1.9, (0.0, 90.0, 100.0)),
    "rear": _view("rear", -0.6, 1.9, (0.0, 180.0, 100.0)),
}
KINDS = ("camera", "lidar", "semantic_lidar", "radar")
# Angles that people give in degrees, as CARLA's attributes have them.
_ANGLES = (
    "pitch",
    "yaw",
    "roll",
    "fov",
    "upper_fov",
    "lower_fov",
    "horizontal_fov",
    "vertical_fov",
)


def parse_view(text: str) -> View:
    """Read a camera: a name of VIEWS, KEY=VALUE pairs, or both, with commas between them.

    "chase", "chase,x=-12", "y=-0.4,z=1.2,yaw=-30,width=800,height=600,ego=1". Keys are the
    fields of CameraSpec, angles in degrees; `ego=1` shows the vehicle itself.

    Raises:
        SettingsError: there is no such view or field, or the camera makes no picture.
    """
    base, values = _pairs(text, "camera", tuple(VIEWS))
    view = VIEWS[base or "front"]
    ego = values.pop("ego", None)
    camera = _filled(view.camera, values, text)
    return View(camera.validate(), view.ego if ego is None else ego not in ("0", "false", "no"))


def parse_sensors(texts: Sequence[str], views: Sequence[View] = ()) -> SensorRig:
    """Read sensors, each "KIND" or "KIND,KEY=VALUE,...", into one rig with some cameras.

    Raises:
        SettingsError: there is no such kind or field, or two sensors share a name.
    """
    cameras = [view.camera for view in views]
    lidars: list[LidarSpec] = []
    semantic: list[LidarSpec] = []
    radars: list[RadarSpec] = []
    for text in texts:
        kind, values = _pairs(text, "sensor", KINDS)
        if kind == "camera":
            cameras.append(_filled(CameraSpec(), values, text))
        elif kind == "lidar":
            lidars.append(_filled(LidarSpec(), values, text))
        elif kind == "semantic_lidar":
            semantic.append(_filled(LidarSpec(name="semantic_lidar"), values, text))
        elif kind == "radar":
            radars.append(_filled(RadarSpec(), values, text))
        else:
            raise SettingsError(f"--sensor {text!r}: begin with one of {', '.join(KINDS)}")
    return SensorRig(
        cameras=tuple(cameras),
        lidar=lidars[0] if lidars else None,
        lidars=tuple(lidars[1:]),
        semantic_lidars=tuple(semantic),
        radars=tuple(radars),
    ).validate()


def _pairs(text: str, what: str, names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Split "NAME,KEY=VALUE,..." into the name, "" where there is none, and the pairs."""
    base, values = "", {}
    for number, part in enumerate(text.split(",")):
        key, sign, value = part.strip().partition("=")
        if not sign and number == 0 and key in names:
            base = key
        elif sign and key:
            values[key.strip()] = value.strip()
        else:
            raise SettingsError(
                f"--{what} {text!r}: {part.strip()!r} is neither one of {', '.join(names)} nor "
                "KEY=VALUE"
            )
    return base, values


def _filled(spec: Spec, values: dict[str, str], text: str) -> Spec:
    """A spec with some of its fields given in words.

    Raises:
        SettingsError: there is no such field, or a value is none of its kind.
    """
    kinds = {part.name: type(getattr(spec, part.name)) for part in fields(spec)}
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            raise SettingsError(
                f"{text!r}: there is no {name!r}; it has {', '.join(kinds)} (angles in degrees)"
            )
        kind = kinds[name]
        try:
            if kind is bool:
                found[name] = value.lower() in ("1", "true", "yes")
            else:
                found[name] = kind(value)
                if name in _ANGLES:
                    found[name] = math.radians(found[name])
        except ValueError:
            raise SettingsError(f"{text!r}: {name}={value} is no {kind.__name__}") from None
    return replace(spec, **found)
