"""What goes on inside an agent, as rows of arrays: its control, its Plan and its Scene."""

from __future__ import annotations

import numpy as np

from roadworthy.agents.recording.codec import Arrays
from roadworthy.agents.recording.container import RecordingError
from roadworthy.perception.scene import Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control

MOST_POINTS = 64  # of a Plan's path that are kept
_SCENE = ("users", "valid", "light", "route", "ego")
_EMPTY = Scene.empty()
# Shape of each array of a decision (the decision's number comes first), and its type.
SHAPES: dict[str, tuple[tuple[int, ...], str]] = {
    "control": ((3,), "<f8"),  # throttle, brake, steer, exactly as given
    "switches": ((2,), "|b1"),  # reverse, hand brake
    "wish": ((2,), "<f8"),  # acceleration and curvature of the Plan
    "path": ((MOST_POINTS, 2), "<f4"),  # or fewer points
    "path_points": ((), "<i4"),  # of `path` that count; -1: no Plan
    "completion": ((), "<f4"),  # [%]
    "score": ((), "<f4"),
    "scene": ((), "|b1"),  # whether there is one
    "scene_users": (_EMPTY.users.shape, "<f4"),
    "scene_valid": (_EMPTY.valid.shape, "|b1"),
    "scene_light": (_EMPTY.light.shape, "<f4"),
    "scene_route": (_EMPTY.route.shape, "<f4"),
    "scene_ego": (_EMPTY.ego.shape, "<f4"),
}


class Decisions:
    """What an agent decided, and why, collected until a chunk is full."""

    def __init__(self, most: int, believes: bool) -> None:
        """Make room.

        Args:
            most: decisions.
            believes: the agent has Scenes of its own, which are kept; else it drives on the
                truth, which the states tell.
        """
        self._rows = {
            name: np.zeros((most, *shape), kind)
            for name, (shape, kind) in SHAPES.items()
            if believes or not name.startswith("scene")
        }
        self._believes = believes
        self.count = 0

    def add(
        self,
        control: Control,
        plan: Plan | None,
        scene: Scene | None,
        completion: float,
        score: float,
    ) -> None:
        """Copy one decision."""
        rows, at = self._rows, self.count
        rows["control"][at] = control.throttle, control.brake, control.steer
        rows["switches"][at] = control.reverse, control.hand_brake
        rows["completion"][at], rows["score"][at] = completion, score
        rows["path_points"][at] = -1
        rows["path"][at] = 0.0
        if plan is not None:
            rows["wish"][at] = plan.acceleration, plan.curvature
            points = plan.path[:MOST_POINTS]
            rows["path"][at, : len(points)] = points
            rows["path_points"][at] = len(points)
        if self._believes:
            rows["scene"][at] = scene is not None
            if scene is not None:
                for name in _SCENE:
                    rows[f"scene_{name}"][at] = getattr(scene, name)
        self.count = at + 1

    def take(self) -> Arrays:
        """The decisions so far, forgotten here; views that the next `add` overwrites."""
        count, self.count = self.count, 0
        taken = {name: rows[:count] for name, rows in self._rows.items()}
        longest = max(int(taken["path_points"].max(initial=0)), 0)
        return taken | {"path": taken["path"][:, :longest]}


def control_of(arrays: Arrays, row: int) -> Control:
    """The control of a row.

    Raises:
        SettingsError: it is none.
    """
    throttle, brake, steer = (float(value) for value in arrays["control"][row])
    reverse, hand_brake = (bool(value) for value in arrays["switches"][row])
    return Control(throttle, brake, steer, reverse, hand_brake).validate()


def plan_of(arrays: Arrays, row: int) -> Plan | None:
    """The Plan of a row."""
    count = int(arrays["path_points"][row])
    if count < 0:
        return None
    wish = arrays["wish"][row]
    return Plan(float(wish[0]), float(wish[1]), arrays["path"][row, :count])


def scene_of(arrays: Arrays, row: int) -> Scene | None:
    """The believed Scene of a row; None where the agent had none or drove on the truth."""
    if "scene" not in arrays or not arrays["scene"][row]:
        return None
    return Scene(**{name: arrays[f"scene_{name}"][row] for name in _SCENE})


def check_decisions(arrays: Arrays, moments: int) -> None:
    """Refuse arrays of a chunk that are not what an agent decides.

    Raises:
        RecordingError: a shape or a type is wrong, or their number is not that of the moments.
        SettingsError: a control is none.
    """
    count = len(arrays.get("control", ()))
    if count not in (moments, moments - 1):
        raise RecordingError("it does not have a control for each moment")
    if not count:
        return
    for name, (shape, kind) in SHAPES.items():
        if name.startswith("scene") and "scene" not in arrays:
            continue
        array = arrays.get(name)
        if array is None or array.dtype.str != kind or array.ndim != 1 + len(shape):
            raise RecordingError(f"its {name} have another type than a decision's")
        found = array.shape[1:]
        if len(array) != count or (found[1:] != shape[1:] if name == "path" else found != shape):
            raise RecordingError(f"its {name} have another shape than a decision's")
    for row in range(count):
        control_of(arrays, row)
