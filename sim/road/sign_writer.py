"""Write the lights, signs and crosswalks of a generated town as OpenDRIVE elements."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from roadworthy.sim.road.road_writer import add
from roadworthy.sim.road.town_parts import SIDEWALK_WIDTH, Arm, Junction, Rule, TownPlan

_SIGNAL_ID = 20_000
_CONTROLLER_ID = 30_000
_CROSSWALK_ID = 40_000
CROSSWALK_WIDTH = 3.0  # [m] along the road
CROSSWALK_SETBACK = 1.0  # [m] between junction and crosswalk
SIGNAL_SETBACK = 0.3  # [m] between junction and signal; it is seen from the stop line
SIGNAL_OFFSET = 0.8  # [m] to the right of the outer lane
_SIGNALS = {
    Rule.LIGHTS: ("1000001", "Signal_3Light_Post01", "yes"),
    Rule.STOP: ("206", "Sign_Stop", "no"),
    Rule.ALL_STOP: ("206", "Sign_Stop", "no"),
    Rule.YIELD: ("205", "Sign_Yield", "no"),
}


class SignWriter:
    """Puts up the signs of one town; counts their ids."""

    def __init__(self, plan: TownPlan, roads: Sequence[ET.Element]) -> None:
        self.plan = plan
        self.roads = roads
        self.signals = 0
        self.crosswalks = 0
        self.controllers: list[list[int]] = []

    def put_up(self, junction: Junction) -> list[int]:
        """Put up the signals of one junction; return the ids of its controllers."""
        phases: dict[int, list[int]] = {}
        for arm in junction.arms:
            lit = junction.rule == Rule.LIGHTS
            enters = self.plan.roads[arm.road].lanes_in(arm.at_end) > 0
            if enters and (lit or (arm.minor and junction.rule != Rule.NONE)):
                signal_id = self._signal(junction.rule, arm)
                if lit:
                    phases.setdefault(arm.phase, []).append(signal_id)
            if lit and self.plan.roads[arm.road].sidewalks:
                self._crosswalk(arm)
        owned = []
        for phase in sorted(phases):
            owned.append(_CONTROLLER_ID + len(self.controllers))
            self.controllers.append(phases[phase])
        return owned

    def write_controllers(self, root: ET.Element) -> None:
        """Write down which lights are green together."""
        for number, signals in enumerate(self.controllers):
            controller = add(root, "controller", name=f"ctrl{number}", id=_CONTROLLER_ID + number)
            for signal in signals:
                add(controller, "control", signalId=signal, type="")

    def _signal(self, rule: Rule, arm: Arm) -> int:
        signal_id = _SIGNAL_ID + self.signals
        self.signals += 1
        road = self.plan.roads[arm.road]
        code, name, dynamic = _SIGNALS[rule]
        lanes = road.lanes_in(arm.at_end)
        offset = lanes * road.width + SIGNAL_OFFSET
        signals = self.roads[arm.road].find("signals")
        assert signals is not None
        signal = add(
            signals, "signal", name=name, id=signal_id,
            s=road.length - SIGNAL_SETBACK if arm.at_end else SIGNAL_SETBACK,
            t=-offset if arm.at_end else offset,
            zOffset=0.0, hOffset=0.0 if arm.at_end else math.pi, roll=0.0, pitch=0.0,
            orientation="+" if arm.at_end else "-", dynamic=dynamic, country="OpenDRIVE",
            type=code, subtype="-1", value=-1, text="", height=1.0, width=0.5,
        )  # fmt: skip
        first, last = (-lanes, -1) if arm.at_end else (1, lanes)
        add(signal, "validity", fromLane=first, toLane=last)
        return signal_id

    def _crosswalk(self, arm: Arm) -> None:
        road = self.plan.roads[arm.road]
        setback = CROSSWALK_SETBACK + CROSSWALK_WIDTH / 2
        reach, half = road.forward * road.width + SIDEWALK_WIDTH / 2, CROSSWALK_WIDTH / 2
        objects = self.roads[arm.road].find("objects")
        assert objects is not None
        crosswalk = add(
            objects, "object", id=_CROSSWALK_ID + self.crosswalks, name="Crosswalk",
            s=road.length - setback if arm.at_end else setback, t=0.0, zOffset=0.0,
            hdg=math.pi / 2, roll=0.0, pitch=0.0, orientation="+", type="crosswalk",
            width=CROSSWALK_WIDTH, length=2 * reach,
        )  # fmt: skip
        self.crosswalks += 1
        outline = add(crosswalk, "outline")
        corners = [(-reach, -half), (reach, -half), (reach, half), (-reach, half), (-reach, -half)]
        for u, v in corners:  # CARLA tells polygons apart by their repeated first corner
            add(outline, "cornerLocal", u=u, v=v, z=0.0)
