"""The methods that clients call, by what they are about; importing it fills the table."""

from __future__ import annotations

from roadworthy.sim.carla.server.calls import (
    actors,
    batch,
    driving,
    lights,
    recorder,
    sensors,
    session,
    traffic,
    walking,
    world,
)

__all__ = [
    "actors",
    "batch",
    "driving",
    "lights",
    "recorder",
    "sensors",
    "session",
    "traffic",
    "walking",
    "world",
]
