"""Agents that drive with trained models: the policy on true Scenes, and the whole stack."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from roadworthy.agents.expert import PrivilegedAgent
from roadworthy.control.controller import Controller
from roadworthy.control.loop import ClosedLoop
from roadworthy.control.policy import PLANNER_CONTRACT, PolicyPlanner
from roadworthy.control.runtime import Contract, OnnxModel
from roadworthy.perception import signature as net
from roadworthy.perception.grid import CHANNELS, RASTER_SIZE
from roadworthy.perception.pipeline import Perceiver
from roadworthy.perception.scene import ROUTE_DISTANCES, RouteCol, Scene
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.physics.bicycle import inverse
from roadworthy.sim.physics.profile import carla_mkz
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town


class OracleAgent(PrivilegedAgent):
    """The learned planner on the true Scene."""

    def __init__(self, planner: OnnxModel, name: str = "oracle") -> None:
        self._policy = PolicyPlanner(planner)
        self.models = (planner,)
        super().__init__(name, self._policy)

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        super().start(town, route, seed)
        self._policy.start()


def make_oracle(
    planner: Path, *, device: str = "auto", threads: int = 1, name: str = "oracle"
) -> OracleAgent:
    """Load the planner and make the agent.

    Raises:
        ModelError: the model is missing or does not fit this version.
    """
    return OracleAgent(OnnxModel(planner, PLANNER_CONTRACT, device=device, threads=threads), name)


class RoadworthyAgent:
    """The whole stack: camera and lidar through the network, the policy, and the controller."""

    privileged = False

    def __init__(
        self,
        perception: OnnxModel,
        planner: OnnxModel,
        name: str = "roadworthy",
        rig: SensorRig | None = None,
    ) -> None:
        profile = carla_mkz()
        self.name = name
        self._rig = rig or SensorRig()
        self._perceiver = Perceiver(
            perception, self._rig, ego_length=profile.length, ego_width=profile.width
        )
        self._policy = PolicyPlanner(planner)
        controller = Controller(partial(inverse, profile))
        self.loop = ClosedLoop(self._perceiver.perceive, self._policy, controller)
        self.models = (perception, planner)

    def rig(self) -> SensorRig | None:
        """One camera, a lidar, IMU and GNSS."""
        return self._rig

    def start(self, town: Town, route: Route, seed: int) -> None:
        """Begin a drive."""
        self._perceiver.start(town.network, route)
        self._policy.start()
        self.loop.start()

    def act(self, frame: Frame, truth: Scene | None) -> Control:
        """Decide for one step.

        Raises:
            ModelError: a model cannot be run.
            SettingsError: the frame is not of this agent's rig.
        """
        return self.loop.step(frame)

    def last_plan(self) -> Plan | None:
        """Plan behind the last control."""
        return self.loop.plan

    def last_scene(self) -> Scene | None:
        """Scene behind the last control."""
        return self.loop.scene


def perception_contract(rig: SensorRig) -> Contract:
    """What a perception model must look like for a rig."""
    camera = rig.cameras[0]
    return Contract(
        inputs={
            net.IMAGE: (1, camera.height, camera.width, 3),
            net.RASTER: (1, CHANNELS, RASTER_SIZE, RASTER_SIZE),
            net.ROUTE: (1, len(ROUTE_DISTANCES), len(RouteCol)),
            net.HINT: (1, len(net.HintCol)),
        },
        outputs=net.OUTPUTS,
    )


def make_roadworthy(
    perception: Path,
    planner: Path,
    *,
    device: str = "auto",
    threads: int = 1,
    name: str = "roadworthy",
) -> RoadworthyAgent:
    """Load both models and make the agent, warmed up.

    Raises:
        ModelError: a model is missing or does not fit this version.
    """
    rig = SensorRig()
    eyes = OnnxModel(perception, perception_contract(rig), device=device, threads=threads)
    # The planner is too small to be worth the way to a GPU and back.
    policy = OnnxModel(planner, PLANNER_CONTRACT, device="cpu", threads=threads)
    eyes.warm_up()
    policy.warm_up()
    return RoadworthyAgent(eyes, policy, name, rig)
