"""The leaderboard's agent interface, as its 2.x branches have it."""

from __future__ import annotations

from enum import Enum
from typing import Any


class Track(Enum):
    SENSORS = "SENSORS"
    MAP = "MAP"


class AutonomousAgent:
    def __init__(self, carla_host: str, carla_port: int, debug: bool = False) -> None:
        self.track = Track.SENSORS
        self._global_plan: Any = None
        self._global_plan_world_coord: Any = None
        self.data: dict[str, tuple[int, Any]] = {}  # stands for the sensor interface
        self.time = 0.0

    def setup(self, path_to_conf_file: str) -> None:
        raise NotImplementedError

    def sensors(self) -> list[dict[str, Any]]:
        raise NotImplementedError

    def run_step(self, input_data: dict[str, tuple[int, Any]], timestamp: float) -> Any:
        raise NotImplementedError

    def destroy(self) -> None:
        pass

    def __call__(self) -> Any:
        control = self.run_step(self.data, self.time)
        control.manual_gear_shift = False
        return control

    def set_global_plan(self, gps: list[Any], world: list[Any]) -> None:
        self._global_plan, self._global_plan_world_coord = gps, world
