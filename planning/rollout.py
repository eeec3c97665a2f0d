"""Rollouts: how well a planner drives on true Scenes, over many routes at once.

No sensors and no perception are involved: this measures planning alone, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.oracle import Oracle
from roadworthy.perception.scene import Scene
from roadworthy.planning.env import TICKS, SceneSource, Worlds
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.world.columns import Ego, Event

_DEBOUNCE = 20  # decisions (2 s) without contact before the next contact counts anew


class BatchDriver(Protocol):
    """Decides for a batch of worlds."""

    def act(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Acceleration [m/s^2] and curvature [1/m], [W] each."""
        ...


@dataclass(frozen=True)
class RouteResult:
    """How one drive went."""

    route: str
    outcome: str  # finished, blocked, deviated, timeout, or unfinished (cut off)
    completion: float  # share of the route
    collisions_vehicle: int
    collisions_walker: int
    collisions_static: int
    red_lights: int
    off_road: float  # [m]
    time: float  # [s] of the drive
    mean_speed: float  # [m/s]
    worst_lateral: float  # [m] farthest from the route's centre

    @property
    def clean(self) -> bool:
        """Finished without a collision or a red light."""
        bad = self.collisions_vehicle + self.collisions_walker + self.collisions_static
        return self.outcome == "finished" and bad + self.red_lights == 0


def evaluate(
    worlds: Worlds,
    driver: BatchDriver,
    *,
    scenes: SceneSource | None = None,
    max_time: float = 600.0,
    tell: Callable[[float, int], None] | None = None,
    watch: Callable[[Scene, NDArray[np.bool_]], None] | None = None,
) -> list[RouteResult]:
    """Drive world w along route w modulo the number of routes, once.

    Args:
        worlds: fresh batch; is reset.
        driver: decides for all of them.
        scenes: where Scenes come from; an Oracle by default.
        max_time: [s] after which what still drives is cut off.
        tell: called now and then with the time [s] and the number of worlds still driving.
        watch: called after every decision with the Scene and who still drives.

    Returns:
        One result per world.
    """
    n = len(worlds.actors)
    source = scenes or Oracle(worlds)
    count = len(worlds.routes.routes)
    index = (np.arange(n) % count).astype(np.int32)
    worlds.reset(np.ones(n, np.bool_), routes=index)
    hits = np.zeros((n, 3), np.int64)
    since = np.full((n, 3), _DEBOUNCE)
    reds, outcome = np.zeros(n, np.int64), np.full(n, "unfinished", dtype="<U10")
    driving, time = np.ones(n, np.bool_), np.zeros(n)
    done, off, lateral = np.zeros(n), np.zeros(n), np.zeros(n)
    steps = int(max_time * 10)
    for step in range(steps):
        scene = source.scene()
        accel, curvature = driver.act(scene)
        worlds.step_plan(accel, curvature, ticks=TICKS)
        touched = worlds.events[:, Event.COLLISION_VEHICLE : Event.COLLISION_STATIC + 1] > 0
        since += 1
        hits += touched & (since > _DEBOUNCE) & driving[:, None]
        since[touched] = 0
        reds += (worlds.events[:, Event.RED_LIGHT] > 0) & driving
        time[driving] = (step + 1) * 0.1
        done[driving] = worlds.ego[driving, Ego.PROGRESS]
        off[driving] = worlds.ego[driving, Ego.OFFROAD_DISTANCE]
        now = np.abs(worlds.ego[driving, Ego.ROUTE_LATERAL])
        lateral[driving] = np.maximum(lateral[driving], now)
        if watch is not None:
            watch(scene, driving)
        for name, event in (
            ("finished", Event.FINISHED),
            ("blocked", Event.BLOCKED),
            ("deviated", Event.ROUTE_DEVIATION),
            ("timeout", Event.TIMEOUT),
        ):
            over = driving & (worlds.events[:, event] > 0)
            outcome[over] = name
            driving &= ~over
        if tell is not None and step % 100 == 0:
            tell(step * 0.1, int(driving.sum()))
        if not driving.any():
            break
    ends = worlds.routes.points[worlds.routes.start[index + 1] - 1, RoutePoint.S]
    results = []
    for w in range(n):
        finished = outcome[w] == "finished"
        share = 1.0 if finished else min(float(done[w] / max(ends[w], 1.0)), 1.0)
        results.append(
            RouteResult(
                worlds.routes.routes[index[w]].id,
                str(outcome[w]),
                share,
                int(hits[w, 0]),
                int(hits[w, 1]),
                int(hits[w, 2]),
                int(reds[w]),
                float(off[w]),
                float(time[w]),
                float(done[w] / max(time[w], 0.1)),
                float(lateral[w]),
            )
        )
    return results


def summary(results: list[RouteResult]) -> dict[str, float]:
    """Means over drives: shares of outcomes, and counts per route and per kilometre."""
    n = max(len(results), 1)
    metres = sum(r.mean_speed * r.time for r in results)
    out = {"routes": float(len(results)), "km": metres / 1000.0}
    for name in ("finished", "blocked", "deviated", "timeout", "unfinished"):
        out[name] = sum(r.outcome == name for r in results) / n
    out["completion"] = sum(r.completion for r in results) / n
    out["clean"] = sum(r.clean for r in results) / n
    for name in ("collisions_vehicle", "collisions_walker", "collisions_static", "red_lights"):
        total = sum(asdict(r)[name] for r in results)
        out[f"{name}_per_route"] = total / n
        out[f"{name}_per_km"] = total / max(metres / 1000.0, 1e-3)
    out["mean_speed"] = sum(r.mean_speed for r in results) / n
    return out
