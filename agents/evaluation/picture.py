"""One picture of a drive: the camera, what is there, what the driver believes and what it does.

Pictures are RGB, uint8 [HEIGHT, WIDTH, 3]. On the left are the camera and below it the caption;
on the right two Scenes from above, the true one and the believed one, the ego's forward axis up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import (
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Scene,
    User,
    UserClass,
)
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control
from roadworthy.sim.road.network import LaneType

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
Roads = Sequence[tuple[int, NDArray[np.float32]]]  # LaneType and outline [n, 2], ego frame

WIDTH, HEIGHT = 1280, 480  # even, as H.264 wants them
_VIEW_W, _VIEW_H = 640, 320  # camera
_TOP_W = (WIDTH - _VIEW_W) // 2  # a Scene from above, as high as the picture
_SCALE = 6.5  # [pixels/m]
_EGO_X, _EGO_Y = _TOP_W // 2, 380  # pixel of the ego's centre

_GROUND: Colour = (38, 42, 48)
_ROAD: Colour = (74, 80, 88)
_ASPHALT: Colour = (58, 63, 70)
_PAVEMENT: Colour = (47, 51, 57)
_ROUTE: Colour = (64, 132, 214)
_PLAN: Colour = (245, 245, 245)
_EGO: Colour = (92, 200, 120)
_TEXT: Colour = (230, 230, 230)
_FAINT: Colour = (150, 155, 162)
_BAR: Colour = (24, 26, 30)
_BAD: Colour = (240, 120, 100)
_USERS: dict[int, Colour] = {
    int(UserClass.VEHICLE): (240, 160, 60),
    int(UserClass.WALKER): (236, 96, 130),
    int(UserClass.CYCLIST): (190, 130, 240),
}
_LIGHTS: dict[int, Colour] = {
    int(LightState.GREEN): (80, 210, 100),
    int(LightState.YELLOW): (250, 205, 60),
    int(LightState.RED): (240, 64, 56),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """What stands below the picture."""

    title: str  # "roadworthy on Marlow, route 3"
    time: float  # [s]
    speed: float  # [m/s]
    completion: float  # [%]
    score: float  # driving score so far
    notes: list[str] = field(default_factory=list)  # last infractions


def compose(
    camera: Image | None,
    truth: Scene | None,
    belief: Scene | None,
    plan: Plan | None,
    control: Control,
    caption: Caption,
    roads: Roads = (),
) -> Image:
    """Draw one picture.

    Args:
        camera: RGB of any size; None leaves that part empty.
        truth: what is there; None leaves that part empty.
        belief: what the driver perceives; None leaves that part empty.
        plan: what it intends; None draws none.
        control: what it does.
        caption: text below.
        roads: what `Backdrop.around` found; the ground that the Scenes are drawn on.

    Returns:
        RGB, uint8 [HEIGHT, WIDTH, 3].
    """
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = _BAR
    if camera is None:
        picture[:_VIEW_H, :_VIEW_W] = _GROUND
        _text(picture, "no camera", (_VIEW_W // 2 - 60, _VIEW_H // 2), _FAINT)
    else:
        picture[:_VIEW_H, :_VIEW_W] = cv2.resize(
            camera, (_VIEW_W, _VIEW_H), interpolation=cv2.INTER_LINEAR
        )
    middle = _VIEW_W + _TOP_W
    # Who drives on the truth itself has its plan drawn there.
    picture[:, _VIEW_W:middle] = from_above(truth, plan if belief is None else None, roads)
    nothing = "this agent perceives nothing"
    picture[:, middle:] = from_above(belief, plan, roads, nothing)
    picture[:, [_VIEW_W, middle]] = _BAR
    _label(picture, "camera", 0)
    _label(picture, "bird's-eye view: what is there", _VIEW_W)
    _label(picture, "what perception sees, and the plan", middle)
    _caption(picture, control, caption)
    return picture


def from_above(
    scene: Scene | None, plan: Plan | None, roads: Roads = (), nothing: str = "no scene"
) -> Image:
    """Draw a Scene from above, RGB uint8 [480, 320, 3]; without one, say `nothing`."""
    view = np.empty((HEIGHT, _TOP_W, 3), np.uint8)
    view[:] = _GROUND
    for kind, outline in roads:
        colour = _ASPHALT if kind == LaneType.DRIVING else _PAVEMENT
        cv2.fillPoly(view, [_pixels(outline)], colour, cv2.LINE_AA)
    if scene is None:
        _text(view, nothing, (_TOP_W // 2 - 4 * len(nothing), HEIGHT // 2), _FAINT, 0.45)
        return view
    _route(view, scene)
    _light(view, scene)
    for row, valid in zip(scene.users, scene.valid, strict=True):
        if valid:
            _user(view, row)
    if plan is not None and len(plan.path):
        path = np.concatenate([np.zeros((1, 2), np.float32), plan.path])
        cv2.polylines(view, [_pixels(path)], False, _PLAN, 2, cv2.LINE_AA)
    ego = scene.ego
    _box(view, 0.0, 0.0, 1.0, 0.0, float(ego[EgoCol.LENGTH]), float(ego[EgoCol.WIDTH]), _EGO)
    return view


def _pixels(points: NDArray[Any]) -> NDArray[np.int32]:
    """Ego frame [N, 2] to pixels [N, 1, 2]: forward is up, right is right."""
    x = _EGO_X + points[:, 1] * _SCALE
    y = _EGO_Y - points[:, 0] * _SCALE
    return np.clip(np.stack([x, y], 1), -4000, 4000).round().astype(np.int32)[:, None, :]


def _route(view: Image, scene: Scene) -> None:
    rows = scene.route
    centre = rows[:, [RouteCol.X, RouteCol.Y]]
    right = np.stack([-rows[:, RouteCol.SIN], rows[:, RouteCol.COS]], 1)
    half = right * (rows[:, RouteCol.WIDTH] / 2.0)[:, None]
    behind = -6.0 * np.stack([rows[:1, RouteCol.COS], rows[:1, RouteCol.SIN]], 1)
    left_edge = np.concatenate([behind + centre[:1] - half[:1], centre - half])
    right_edge = np.concatenate([behind + centre[:1] + half[:1], centre + half])
    outline = np.concatenate([left_edge, right_edge[::-1]])
    cv2.fillPoly(view, [_pixels(outline)], _ROAD, cv2.LINE_AA)
    cv2.polylines(view, [_pixels(centre)], False, _ROUTE, 2, cv2.LINE_AA)


def _light(view: Image, scene: Scene) -> None:
    colour = _LIGHTS.get(int(scene.light[LightCol.STATE]))
    if colour is None:
        return
    ahead = float(scene.light[LightCol.DISTANCE] + scene.ego[EgoCol.LENGTH] / 2.0)
    rows = scene.route
    along = np.hypot(rows[:, RouteCol.X], rows[:, RouteCol.Y])
    x, y, cos, sin = (
        float(np.interp(ahead, along, rows[:, column]))
        for column in (RouteCol.X, RouteCol.Y, RouteCol.COS, RouteCol.SIN)
    )
    line = np.array([[x - 2.2 * -sin, y - 2.2 * cos], [x + 2.2 * -sin, y + 2.2 * cos]])
    cv2.polylines(view, [_pixels(line)], False, colour, 4, cv2.LINE_AA)
    cv2.circle(view, (_TOP_W - 22, 46), 11, colour, -1, cv2.LINE_AA)


def _user(view: Image, row: NDArray[np.float32]) -> None:
    colour = _USERS.get(int(row[User.CLASS]), _FAINT)
    length, width = max(float(row[User.LENGTH]), 0.7), max(float(row[User.WIDTH]), 0.7)
    x, y = float(row[User.X]), float(row[User.Y])
    _box(view, x, y, float(row[User.COS]), float(row[User.SIN]), length, width, colour)
    tip = np.array([[x, y], [x + float(row[User.VX]), y + float(row[User.VY])]])
    cv2.polylines(view, [_pixels(tip)], False, colour, 1, cv2.LINE_AA)


def _box(
    view: Image,
    x: float,
    y: float,
    cos: float,
    sin: float,
    length: float,
    width: float,
    colour: Colour,
) -> None:
    a, b = length / 2.0, width / 2.0
    corners = np.array([[a, -b], [a, b], [-a, b], [-a, -b]])
    turned = corners @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    cv2.fillPoly(view, [_pixels(turned)], colour, cv2.LINE_AA)


def _label(picture: Image, text: str, left: int) -> None:
    """Say what a part shows, on a bar that is dark enough for any camera."""
    width = _VIEW_W if left == 0 else _TOP_W
    strip = picture[:24, left : left + width]
    strip[:] = strip // 3
    _text(picture, text, (left + 10, 17), _TEXT, 0.45)


def _caption(picture: Image, control: Control, caption: Caption) -> None:
    top = _VIEW_H
    _text(picture, caption.title, (16, top + 30), _TEXT, 0.55)
    clock = f"{caption.time:6.1f} s   {caption.speed * 3.6:5.1f} km/h"
    _text(picture, clock, (16, top + 62), _TEXT)
    so_far = f"route {caption.completion:3.0f} %   driving score {caption.score:5.1f}"
    _text(picture, so_far, (300, top + 62), _TEXT)
    _bar(picture, 16, top + 98, "throttle", control.throttle, (92, 200, 120))
    _bar(picture, 190, top + 98, "brake", control.brake, (240, 64, 56))
    _wheel(picture, 364, top + 98, control.steer)
    if caption.notes:
        _text(picture, caption.notes[-1].split(" at (")[0], (16, top + 136), _BAD, 0.48)


def _bar(picture: Image, x: int, y: int, name: str, share: float, colour: Colour) -> None:
    _text(picture, name, (x, y + 4), _FAINT, 0.42)
    left, width = x + 62, 80
    cv2.rectangle(picture, (left, y - 6), (left + width, y + 4), _ROAD, -1)
    if share > 0.0:
        end = left + max(round(width * min(share, 1.0)), 1)
        cv2.rectangle(picture, (left, y - 6), (end, y + 4), colour, -1)


def _wheel(picture: Image, x: int, y: int, steer: float) -> None:
    _text(picture, "steer", (x, y + 4), _FAINT, 0.42)
    middle, reach = x + 100, 50
    cv2.rectangle(picture, (middle - reach, y - 6), (middle + reach, y + 4), _ROAD, -1)
    if math.isfinite(steer):
        end = middle + round(reach * max(-1.0, min(steer, 1.0)))
        low, high = min(middle, end), max(middle, end)
        cv2.rectangle(picture, (low, y - 6), (high, y + 4), _ROUTE, -1)


def _text(
    picture: Image, text: str, at: tuple[int, int], colour: Colour, size: float = 0.52
) -> None:
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
