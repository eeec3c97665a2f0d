"""A scenario that is told while the hero stands, and snippets for it."""

from __future__ import annotations

from pathlib import Path

from roadworthy.sim.frame import Control
from roadworthy.sim.openscenario import load
from roadworthy.sim.openscenario.play import OscTelling
from roadworthy.sim.town import Town
from roadworthy.sim.world.world import World

DT = 0.05


class Told:
    """A story that is told tick by tick while the hero stands."""

    def __init__(self, path: Path, town: Town, push: float = 0.0) -> None:
        self.scenario = load(path)
        self.world = World.of(self.scenario, town, 0)
        assert isinstance(self.world.telling, OscTelling)
        self.telling = self.world.telling
        self.stage = self.telling.stage
        self._control = Control(throttle=push, brake=0.0 if push else 1.0)

    def to(self, time: float) -> Told:
        while self.world.time < time - 0.5 * DT:
            self.world.step(self._control, 1)
        return self

    def player(self, name: str = "other"):  # type: ignore[no-untyped-def]
        return self.stage.players[name]

    def state(self, name: str, kind: str = "action") -> str:
        return self.stage.parts[(kind, name)][0].state


def speed(value: float, shape: str = "step", amount: float = 0.0, dimension: str = "time") -> str:
    return (
        f'<LongitudinalAction><SpeedAction><SpeedActionDynamics dynamicsShape="{shape}" '
        f'value="{amount}" dynamicsDimension="{dimension}"/><SpeedActionTarget>'
        f'<AbsoluteTargetSpeed value="{value}"/></SpeedActionTarget></SpeedAction>'
        "</LongitudinalAction>"
    )
