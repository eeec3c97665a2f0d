"""The contact sheet: one street in ten weathers, seen by four sensors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.files import write_whole
from roadworthy.sim.road.network import Point
from roadworthy.sim.road.towns import load_town, town_names
from roadworthy.sim.scenery.material import Label
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec, SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.columns import Actor, Ego, Kind, Lamp, PropModel

Image = NDArray[np.uint8]
FloatArray = NDArray[np.float32]

# CARLA's colours of its semantic labels (docs, ref_sensors, 0.9.16: CityScapes palette).
PALETTE = np.zeros((256, 3), np.uint8)
PALETTE[: len(Label)] = [
    [0, 0, 0], [128, 64, 128], [244, 35, 232], [70, 70, 70], [102, 102, 156], [190, 153, 153],
    [153, 153, 153], [250, 170, 30], [220, 220, 0], [107, 142, 35], [152, 251, 152],
    [70, 130, 180], [220, 20, 60], [255, 0, 0], [0, 0, 142], [0, 0, 70], [0, 60, 100],
    [0, 80, 100], [0, 0, 230], [119, 11, 32], [110, 190, 160], [170, 120, 50], [55, 90, 80],
    [45, 60, 150], [157, 234, 50], [81, 0, 81], [150, 100, 100], [230, 150, 140], [180, 165, 180],
]  # fmt: skip

WEATHERS: dict[str, Weather] = {
    "clear noon": PRESETS["ClearNoon"],
    "cloudy noon": PRESETS["CloudyNoon"],
    "wet noon, puddles": replace(PRESETS["WetNoon"], wetness=70.0),
    "hard rain, noon": PRESETS["HardRainNoon"],
    "fog": Weather(cloudiness=60.0, fog_density=55.0, fog_falloff=0.1),
    "clear sunset": replace(PRESETS["ClearSunset"], sun_altitude_angle=9.0),
    "mid rain, sunset": PRESETS["MidRainSunset"],
    "clear night": PRESETS["ClearNight"],
    "hard rain, night": PRESETS["HardRainNight"],
    "dust storm": PRESETS["DustStorm"],
}
WIDTH, HEIGHT = 320, 160  # [pixels] of one picture
_LABEL = 18  # [pixels] of the line above each picture
_SIDE = 150  # [pixels] of the column with the weathers' names
_RIG = SensorRig(
    cameras=(CameraSpec(width=2 * WIDTH, height=2 * HEIGHT, depth=True, semantic=True),),
    lidar=LidarSpec(channels=64, steps=720),
)


def contact_sheet(town: Town | None = None) -> Image:
    """Draw the sheet, uint8 [rows, columns, 3] RGB."""
    town = (
        load_town("Rivertown" if "Rivertown" in town_names() else town_names()[0])
        if (town is None)
        else town
    )
    actors, lights = street(town)
    suite = SensorSuite(town, _RIG, 0)
    ego = np.zeros(len(Ego), np.float32)
    headings = ("RGB", "depth", "semantic", "lidar")
    lines = [_heading(headings)]
    for number, (name, weather) in enumerate(WEATHERS.items()):
        # The noon's sun stands behind the camera, the evening's at the end of the street.
        turn = 12.0 if weather.sun_altitude_angle < 20.0 else 132.0
        sun = (float(np.degrees(actors[0, Actor.YAW])) + turn + 180.0) % 360.0 - 180.0
        weather = replace(weather, sun_azimuth_angle=sun)
        row = weather.validate().row()
        frame = suite.sense(actors, ego, lights, number, 0.1, np.uint64(7), row)
        cells = [
            _half(frame.images["front"]),
            _half(_depth_picture(frame.depths["front"])),
            np.asarray(PALETTE[frame.semantics["front"][::2, ::2]], np.uint8),
            _sweep_picture(frame.lidar),
        ]
        lines.append(_line(name, weather, cells))
    return np.concatenate(lines)


def check_name(path: Path) -> None:
    """Refuse a name that is none of a PNG or JPEG file.

    Raises:
        SettingsError: it ends otherwise.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise SettingsError(f"{path}: a contact sheet is a .png or .jpg file; name it so")


def write_sheet(path: Path) -> None:
    """Draw the sheet into a PNG or JPEG file.

    Raises:
        SettingsError: the file's name ends otherwise.
        StorageError: it cannot be written.
    """
    check_name(path)
    done, code = cv2.imencode(path.suffix, contact_sheet()[..., ::-1], _quality(path))
    if not done:
        raise SettingsError(f"{path}: the picture could not be encoded; choose .png")
    write_whole(path, code.tobytes(), what="the picture")


def _quality(path: Path) -> list[int]:
    if path.suffix.lower() == ".png":
        return [cv2.IMWRITE_PNG_COMPRESSION, 9]
    return [cv2.IMWRITE_JPEG_QUALITY, 88]


def street(town: Town) -> tuple[FloatArray, NDArray[np.uint8]]:
    """Put an ego before a light and road users ahead of it: actors [A, Actor], lights [K]."""
    network = town.network
    lane, at = _place(town)
    points = network.lane_points(lane)

    def row(
        ahead: float,
        right: float,
        kind: Kind,
        size: tuple[float, float, float],
        color: int,
        turn: float = 0.0,
        lamps: int = 0,
        brake: float = 0.0,
    ) -> FloatArray:
        s = float(points[at, Point.S]) + ahead
        place = points[int(np.abs(points[:, Point.S] - s).argmin())].astype(np.float64)
        beyond = s - float(place[Point.S])
        yaw = float(place[Point.YAW])
        out = np.zeros(len(Actor), np.float32)
        out[Actor.X] = place[Point.X] + np.cos(yaw) * beyond - np.sin(yaw) * right
        out[Actor.Y] = place[Point.Y] + np.sin(yaw) * beyond + np.cos(yaw) * right
        out[Actor.Z], out[Actor.YAW] = place[Point.Z], yaw + turn
        out[[Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT]] = size
        out[[Actor.KIND, Actor.COLOR, Actor.LAMPS, Actor.BRAKE]] = kind, color, lamps, brake
        out[[Actor.ALIVE, Actor.PHASE]] = 1.0, 1.2
        return out

    car, van, bus = (4.6, 1.9, 1.5), (5.4, 2.05, 2.4), (11.0, 2.6, 3.1)
    half = 0.5 * float(points[at, Point.WIDTH])
    curb = half + 1.3
    actors = [
        row(0.0, 0.0, Kind.CAR, car, 0),
        row(15.0, 0.1, Kind.CAR, car, 2, 0.0, int(Lamp.RIGHT_BLINKER), 1.0),
        row(14.0, -2.0 * half, Kind.CAR, car, 3, np.pi, int(Lamp.SPECIAL)),
        row(25.0, 0.0, Kind.VAN, van, 4),
        row(21.0, -2.0 * half, Kind.BICYCLE, (1.8, 0.6, 1.75), 6, np.pi),
        row(46.0, -2.0 * half, Kind.BUS, bus, 7, np.pi),
        row(9.0, curb, Kind.WALKER, (0.5, 0.5, 1.75), 10, 0.4),
        row(17.0, curb + 0.8, Kind.WALKER, (0.5, 0.5, 1.7), 3, 2.6),
        row(7.5, half - 0.35, Kind.PROP, (0.5, 0.5, 0.75), PropModel.CONE),
        row(11.0, half - 0.3, Kind.PROP, (0.5, 0.5, 0.75), PropModel.CONE),
    ]
    return np.stack(actors), np.full(len(network.signals), 2, np.uint8)


def _place(town: Town) -> tuple[int, int]:
    """Lane and point from which a long straight street with a light at its end is seen."""
    network = town.network
    inner = (network.lane_junction < 0) & (network.lane_length > 70.0) & (network.lane_type == 0)
    best, choice = -1.0, (0, 0)
    for lane in np.flatnonzero(inner):
        points = network.lane_points(int(lane))
        bend = float(np.abs(np.unwrap(points[:, Point.YAW]) - points[0, Point.YAW]).max())
        lit = float(network.stop_start[lane + 1] > network.stop_start[lane])
        middle = points[len(points) // 2]
        away = np.hypot(*(town.scenery.boxes[:, :2] - middle[:2]).T)
        worth = lit + min(1.0, (away < 60.0).sum() / 60.0) - 4.0 * bend
        if worth > best:
            begin = float(network.lane_length[lane]) - 52.0
            best = worth
            choice = (int(lane), int(np.abs(points[:, Point.S] - begin).argmin()))
    return choice


def _half(picture: NDArray[Any]) -> Image:
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def _depth_picture(depth: FloatArray) -> Image:
    near = 1.0 - np.log(np.clip(depth, 2.0, 150.0) / 2.0) / np.log(75.0)
    colored = cv2.applyColorMap((near * 255.0).astype(np.uint8), cv2.COLORMAP_MAGMA)
    return np.asarray(colored[..., ::-1], np.uint8)


def _sweep_picture(points: FloatArray) -> Image:
    """The lidar's points from above and behind, near ones bright."""
    out = np.full((HEIGHT, WIDTH, 3), 12, np.uint8)
    # A camera 16 m behind the ego and 13 m above it looks down at the street ahead.
    x, y, z = points[:, 0] + 16.0, points[:, 1], points[:, 2] - 11.0
    c, s = np.cos(0.45), np.sin(0.45)
    depth, up = c * x - s * z, s * x + c * z
    seen = depth > 1.0
    column = (0.5 * WIDTH + 170.0 * y[seen] / depth[seen]).astype(int)
    row = (0.42 * HEIGHT - 170.0 * up[seen] / depth[seen]).astype(int)
    height = np.clip((points[seen, 2] + 2.4) / 6.0, 0.0, 1.0)
    tint = cv2.applyColorMap((55 + height * 200).astype(np.uint8)[:, None], cv2.COLORMAP_TURBO)
    inside = (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
    order = np.argsort(-depth[seen][inside], kind="stable")
    out[row[inside][order], column[inside][order]] = tint[:, 0, ::-1][inside][order]
    return out


def _text(picture: Image, text: str, x: int, y: int, size: float, level: int = 235) -> None:
    cv2.putText(
        picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (level, level, level), 1, cv2.LINE_AA
    )


def _heading(names: tuple[str, ...]) -> Image:
    out = np.full((_LABEL + 8, _SIDE + len(names) * (WIDTH + 4), 3), 24, np.uint8)
    for column, name in enumerate(names):
        _text(out, name, _SIDE + column * (WIDTH + 4) + 4, _LABEL, 0.5)
    return out


def _line(name: str, weather: Weather, cells: list[Image]) -> Image:
    out = np.full((HEIGHT + 4, _SIDE + len(cells) * (WIDTH + 4), 3), 24, np.uint8)
    _text(out, name, 8, 24, 0.42)
    facts = (
        f"sun {weather.sun_altitude_angle:.0f} deg",
        f"clouds {weather.cloudiness:.0f}",
        f"rain {weather.precipitation:.0f}",
        f"wetness {weather.wetness:.0f}",
        f"fog {weather.fog_density:.0f}",
        f"dust {weather.dust_storm:.0f}",
    )
    for line, fact in enumerate(facts):
        _text(out, fact, 8, 46 + 17 * line, 0.36, 150)
    for column, cell in enumerate(cells):
        at = _SIDE + column * (WIDTH + 4)
        out[:HEIGHT, at : at + WIDTH] = cell
    return out
