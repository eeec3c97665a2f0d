"""Witness: what a tally gets to see of each world, in one definition for single and batched drives.

witness = Witness(worlds)
tally = witness.tally(w)          # for each world, once it drives its route
worlds.step(...)
witness.look()                    # once for all worlds
tally.note(witness.step(w))       # for each world
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.course import (
    Course,
    Emergency,
    Line,
    Step,
    first_junction_end,
)
from roadworthy.agents.evaluation.sight import Ground, Sight, look
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.perception.oracle import lines_of_routes
from roadworthy.perception.stop_lines import RouteLine
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.script import Cast, Mode, Stage
from roadworthy.sim.world.batch import BatchWorld

_KINDS = tuple(EventKind)


class Witness:
    """Looks at the worlds of a batch after each step."""

    def __init__(self, worlds: BatchWorld) -> None:
        """Prepare; nothing is read before `look`."""
        self._worlds = worlds
        network, routes = worlds.network, worlds.routes
        self._ground = Ground(
            network.points,
            network.point_lane,
            float(network.cell),
            network.grid_origin,
            network.grid_shape,
            network.grid_start,
            network.grid_point,
            network.lane_junction,
            routes.points,
            routes.start,
        )
        self._lines, self._line_start = lines_of_routes(network, routes.points, routes.start)
        self._everyone = np.ones(worlds.worlds, np.bool_)
        self.sight = np.zeros((worlds.worlds, len(Sight)), np.float32)

    def course(self, world: int) -> Course:
        """What is known of the drive that this world is on."""
        worlds, settings = self._worlds, self._worlds.settings
        number = int(worlds.route_index[world])
        route, script = worlds.routes.routes[number], worlds.script
        first, last = (int(script.event_start[number + k]) for k in (0, 1))
        emergencies = []
        for e in range(first, last):
            for c in range(
                int(script.events[e, Stage.CAST_FIRST]), int(script.events[e, Stage.CAST_LAST])
            ):
                cast = script.cast[c]
                if cast[Cast.MODE] == Mode.CHASE:
                    actor = 1 + settings.vehicles + int(cast[Cast.SLOT])
                    emergencies.append(Emergency(e - first, actor, float(cast[Cast.TOP])))
        lines = self._lines[self._line_start[number] : self._line_start[number + 1]]
        return Course(
            route,
            timeout_base=settings.timeout_base,
            timeout_share=settings.timeout_speed_share,
            stages=tuple(
                str(_KINDS[int(script.events[e, Stage.KIND])]) for e in range(first, last)
            ),
            emergencies=tuple(emergencies),
            lines=tuple(
                Line(
                    float(line[RouteLine.S]),
                    int(line[RouteLine.SIGNAL]),
                    bool(line[RouteLine.KIND] == SignalKind.LIGHT),
                )
                for line in lines
            ),
            first_junction=first_junction_end(route, worlds.network),
        )

    def tally(self, world: int) -> Tally:
        """Begin the tally of the drive that this world is on."""
        return Tally(self.course(world))

    def look(self, which: NDArray[np.bool_] | None = None) -> None:
        """Look at the worlds, after a step; at those of `which`, bool [W], or all."""
        worlds = self._worlds
        look(
            self._everyone if which is None else which,
            worlds.settings.vehicles,
            worlds.actors,
            worlds.ego,
            worlds.events,
            worlds.route_index,
            worlds.state.event_state,
            self._ground,
            self.sight,
        )

    def step(self, world: int) -> Step:
        """What one world shows; valid until the worlds go on."""
        worlds = self._worlds
        state = worlds.state
        return Step(
            float(worlds.time[world]),
            worlds.events[world],
            worlds.ego[world],
            worlds.actors[world],
            self.sight[world],
            worlds.hits[world, : state.hit_count[world]],
            state.event_state[world],
        )
