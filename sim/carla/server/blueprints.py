"""The blueprint library: what can be spawned, with CARLA's ids and attributes.

Source: CARLA 0.9.16, docs bp_library and ActorBlueprintFunctionLibrary.cpp.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from roadworthy.sim.carla.server.props import PROPS
from roadworthy.sim.carla.server.vehicles import MODELS, Model

BOOL, INT, FLOAT, STRING, COLOR = 1, 2, 3, 4, 5
ADULT, CHILD = (0.1875, 0.1875, 0.93), (0.25, 0.25, 0.55)  # [m] half sizes
PEDESTRIANS = 52
FRICTION = "static.trigger.friction"
CHILDREN = frozenset((9, 10, 11, 12, 13, 14, 48, 49))
WOMEN = frozenset((1, 4, 5, 7, 8, 9, 10, 13, 14, 22, 24, 27, 30, 34, 36, 37, 38, 41, 43, 45))


class Attribute(NamedTuple):
    """One attribute of a blueprint."""

    id: str
    kind: int
    value: str
    recommended: tuple[str, ...] = ()
    modifiable: bool = True
    restricted: bool = False  # to the recommended values

    def wire(self) -> list[Any]:
        """Write it as rpc::ActorAttribute."""
        return [self.id, self.kind, self.value, list(self.recommended), self.modifiable,
                self.restricted]  # fmt: skip


class Blueprint(NamedTuple):
    """One blueprint."""

    id: str
    tags: str
    attributes: tuple[Attribute, ...]


def _fixed(name: str, kind: int, value: str) -> Attribute:
    return Attribute(name, kind, value, modifiable=False)


def _role(*more: str) -> Attribute:
    return Attribute("role_name", STRING, more[0], more)


def _ros() -> Attribute:
    return Attribute("ros_name", STRING, "")


def _vehicle(model: Model) -> Blueprint:
    attributes = [
        _role("autopilot", "scenario", "ego_vehicle", "hero"),
        _ros(),
        Attribute("sticky_control", BOOL, "true"),
        Attribute("terramechanics", BOOL, "false"),
        _fixed("object_type", STRING, ""),
        _fixed("base_type", STRING, model.base),
        _fixed("special_type", STRING, model.special),
        _fixed("number_of_wheels", INT, str(model.wheels)),
        _fixed("generation", INT, str(model.generation)),
        _fixed("has_dynamic_doors", BOOL, str(model.doors).lower()),
        _fixed("has_lights", BOOL, str(model.lights).lower()),
    ]
    if model.colors:
        attributes.append(Attribute("color", COLOR, model.colors[0], model.colors))
    if model.base in ("bicycle", "motorcycle"):
        attributes.append(Attribute("driver_id", INT, "1", ("1",)))
    _, maker, name = model.id.split(".")
    return Blueprint(model.id, f"vehicle,{maker},{name}", tuple(attributes))


def _walker(number: int) -> Blueprint:
    child = number in CHILDREN
    walk, run = ("1.1", "2.2") if child else ("1.4", "3.0")
    attributes = (
        _role("pedestrian"),
        _ros(),
        Attribute("is_invincible", BOOL, "true"),
        Attribute("speed", FLOAT, walk, ("0.0", walk, run)),
        Attribute("can_use_wheelchair", BOOL, "false", modifiable=False),
        Attribute("use_wheelchair", BOOL, "false"),
        _fixed("gender", STRING, "female" if number in WOMEN else "male"),
        _fixed("age", STRING, "child" if child else "adult"),
        _fixed("generation", INT, "1" if number < 15 else "2"),
    )
    name = f"{number:04d}"
    return Blueprint(f"walker.pedestrian.{name}", f"walker,pedestrian,{name}", attributes)


def _prop(name: str) -> Blueprint:
    attributes = (_role("prop"), _ros(), _fixed("size", STRING, "medium"))
    return Blueprint(name, name.replace(".", ","), attributes)


def _sensor(name: str, *attributes: Attribute, ticks: bool = True) -> Blueprint:
    first = [_role("front", "back", "left", "right"), _ros()]
    if ticks:
        first.append(Attribute("sensor_tick", FLOAT, "0.0"))
    return Blueprint(f"sensor.{name}", f"sensor,{name.replace('.', ',')}", (*first, *attributes))


def _floats(text: str) -> tuple[Attribute, ...]:
    """Attributes of kind float from "name=value ..."."""
    pairs = (item.split("=") for item in text.split())
    return tuple(Attribute(name, FLOAT, value) for name, value in pairs)


_PICTURE = (
    Attribute("image_size_x", INT, "800"),
    Attribute("image_size_y", INT, "600"),
    *_floats(
        "fov=90.0 lens_circle_falloff=5.0 lens_circle_multiplier=0.0 lens_k=-1.0 "
        "lens_kcube=0.0 lens_x_size=0.08 lens_y_size=0.08"
    ),
)
_RGB = (
    Attribute("enable_postprocess_effects", BOOL, "true"),
    Attribute("exposure_mode", STRING, "histogram", ("histogram", "manual")),
    *_floats(
        "gamma=2.2 motion_blur_intensity=0.45 motion_blur_max_distortion=0.35 "
        "motion_blur_min_object_screen_size=0.1 iso=100.0 shutter_speed=200.0 fstop=1.4 "
        "min_fstop=1.2 bloom_intensity=0.675 lens_flare_intensity=0.1 focal_distance=1000.0 "
        "blade_count=5 temp=6500.0 tint=0.0 slope=0.88 toe=0.55 shoulder=0.26 black_clip=0.0 "
        "white_clip=0.04 chromatic_aberration_intensity=0.0 chromatic_aberration_offset=0.0 "
        "exposure_compensation=0.0 exposure_min_bright=10.0 exposure_max_bright=12.0 "
        "exposure_speed_up=3.0 exposure_speed_down=1.0 calibration_constant=16.0 "
        "depth_blur_amount=1.0 depth_blur_radius=0.0"
    ),
)
_LIDAR = (
    Attribute("channels", INT, "32"),
    Attribute("points_per_second", INT, "56000"),
    *_floats(
        "range=10.0 rotation_frequency=10.0 upper_fov=10.0 lower_fov=-30.0 horizontal_fov=360.0"
    ),
)
_NOISE = "noise_lat_bias noise_lat_stddev noise_lon_bias noise_lon_stddev noise_alt_bias " \
    "noise_alt_stddev"  # fmt: skip
_INERTIAL = "noise_accel_stddev_x noise_accel_stddev_y noise_accel_stddev_z noise_gyro_stddev_x " \
    "noise_gyro_stddev_y noise_gyro_stddev_z noise_gyro_bias_x noise_gyro_bias_y " \
    "noise_gyro_bias_z"  # fmt: skip


def _zeros(names: str) -> tuple[Attribute, ...]:
    return tuple(Attribute(name, FLOAT, "0.0") for name in names.split())


def _sensors() -> list[Blueprint]:
    seed = Attribute("noise_seed", INT, "0")
    return [
        _sensor("camera.rgb", *_PICTURE, *_RGB),
        _sensor("camera.depth", *_PICTURE),
        _sensor("camera.semantic_segmentation", *_PICTURE),
        _sensor("camera.instance_segmentation", *_PICTURE),
        _sensor("camera.normals", *_PICTURE),
        _sensor("camera.optical_flow", *_PICTURE),
        _sensor(
            "camera.dvs", *_PICTURE, *_floats("positive_threshold=0.3 negative_threshold=0.3 "
            "sigma_positive_threshold=0 sigma_negative_threshold=0 log_eps=0.001"),
            Attribute("refractory_period_ns", INT, "0"), Attribute("use_log", BOOL, "true"),
        ),
        _sensor(
            "lidar.ray_cast", *_LIDAR,
            *_floats("atmosphere_attenuation_rate=0.004 dropoff_general_rate=0.45 "
                     "dropoff_intensity_limit=0.8 dropoff_zero_intensity=0.4 noise_stddev=0.0"),
            seed,
        ),
        _sensor("lidar.ray_cast_semantic", *_LIDAR),
        _sensor(
            "other.radar", *_floats("horizontal_fov=30 vertical_fov=30 range=100"),
            Attribute("points_per_second", INT, "1500"), seed,
        ),
        _sensor("other.gnss", *_zeros(_NOISE), seed),
        _sensor("other.imu", *_zeros(_INERTIAL), seed),
        _sensor("other.collision", ticks=False),
        _sensor("other.lane_invasion", ticks=False),
        _sensor(
            "other.obstacle", *_floats("distance=5 hit_radius=0.5"),
            Attribute("only_dynamics", BOOL, "false"), Attribute("debug_linetrace", BOOL, "false"),
        ),
    ]  # fmt: skip


@cache
def library() -> dict[str, Blueprint]:
    """All blueprints by id, in CARLA's order of kinds."""
    found = [_vehicle(model) for model in MODELS]
    found += [_walker(number) for number in range(1, PEDESTRIANS + 1)]
    found += [_prop(name) for name in PROPS]
    found += _sensors()
    patch = _floats("friction=3.5 extent_x=100.0 extent_y=100.0 extent_z=100.0")
    found.append(Blueprint(FRICTION, "static,trigger,friction", (_role("trigger"), *patch)))
    found.append(Blueprint("controller.ai.walker", "controller,ai,walker", (_role("walker"),)))
    found.append(Blueprint("util.actor.empty", "util,actor,empty", (_role("empty"),)))
    return {blueprint.id: blueprint for blueprint in found}


@cache
def definitions() -> list[list[Any]]:
    """The library as rpc::ActorDefinition, numbered from 1."""
    return [
        [uid, blueprint.id, blueprint.tags, [item.wire() for item in blueprint.attributes]]
        for uid, blueprint in enumerate(library().values(), 1)
    ]
