"""The story of an OpenSCENARIO file, and how it is told to a world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from roadworthy.sim.openscenario.along import Speed
from roadworthy.sim.openscenario.cast import Driver, Role, controller_of
from roadworthy.sim.openscenario.criteria import Criterion, Drive, criteria_of
from roadworthy.sim.openscenario.document import Document
from roadworthy.sim.openscenario.opening import Opening
from roadworthy.sim.openscenario.player import Player
from roadworthy.sim.openscenario.roads import RoadFrame
from roadworthy.sim.openscenario.stage import Setting, Stage
from roadworthy.sim.openscenario.storyboard import Storyboard
from roadworthy.sim.scenario.story import Verdict
from roadworthy.sim.world.columns import Actor, Kind
from roadworthy.sim.world.guests import Body
from roadworthy.sim.world.world import World

ROADS = "roads.json"  # name of the text with the lengths of the roads


class OscStory:
    """A checked OpenSCENARIO file that can be told to worlds of its town.

    Attributes:
        name: of the file.
        guests: slots that its entities need.
        criteria: ScenarioRunner's criteria that it names.
        ego: the entity that is tested.
        played: whether the story drives that one itself.
    """

    def __init__(
        self, document: Document, roads: RoadFrame, cast: Mapping[str, Role], ego: str, played: bool
    ) -> None:
        self.name, self.ego, self.played = document.name, ego, played
        self.guests = len(cast) - 1
        self.criteria: tuple[Criterion, ...] = tuple(criteria_of(document.storyboard))
        self._document, self._roads, self._cast = document, roads, cast

    def begin(self, world: World) -> OscTelling:
        """Set the stage.

        Raises:
            OpenScenarioError: the world has no place for what the file puts there.
        """
        players = {}
        for name, role in self._cast.items():
            driver, properties = controller_of(self._document, name)
            if name == self.ego:
                role = _as_driven(role, world)
            if name == self.ego and not self.played:
                driver = Driver.EXTERNAL
            elif name == self.ego and driver in (None, Driver.EXTERNAL):
                driver = Driver.NPC
            players[name] = Player(role, driver, properties, self._roads)
        tags = {node.tag for node in self._document.storyboard.walk()}
        setting = Setting(
            self._document.left_handed, self.ego, self.played, "OffroadCondition" in tags
        )
        stage = Stage(world, players, self._roads, setting, self._document.parameters)
        return OscTelling(stage, self._document, self.criteria)

    def source(self) -> Mapping[str, str]:
        """Texts by file name; `story_of` makes the same story of them.

        Where places of the scenario count along roads, their lengths are among them.
        """
        table = self._roads.table()
        return dict(self._document.texts) | ({ROADS: table} if table else {})


def _as_driven(role: Role, world: World) -> Role:
    """The ego's role with the body that the world gives it, whatever the file says."""
    row = world.actors[0]
    length, width, height, mass = (
        float(row[c]) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT, Actor.MASS)
    )
    return replace(role, body=Body(Kind.CAR, length, width, height, mass))


class OscTelling:
    """A story on its way.

    Attributes:
        stage: what is there; tests and viewers look at it.
    """

    def __init__(self, stage: Stage, document: Document, criteria: tuple[Criterion, ...]) -> None:
        self.stage = stage
        self._criteria, self._drive = criteria, Drive()
        opening = Opening.of(document)
        for name, pose in opening.poses(stage.roads).items():
            if name not in opening.deleted:
                stage.appear(name, pose)
        self._background = stage.begin(opening.others)
        for doing in self._background:
            # What <Init> sets in one step is so from the beginning.
            if isinstance(doing, Speed) and doing.shape == "step":
                player = stage.players[doing.actor]
                player.speed = player.order = doing.target(stage)
        self._push_ego(opening)
        self._background, _ = stage.step(self._background)
        self._storyboard = Storyboard(document.storyboard, stage)

    def _push_ego(self, opening: Opening) -> None:
        """Give the ego the speed that <Init> wants it to have; then its agent drives it."""
        stage, ego = self.stage, self.stage.ego
        for doing in opening.others:
            if isinstance(doing, Speed) and doing.actor == ego.name:
                ego.speed = ego.order = doing.target(stage)
                pose = ego.pose
                place = (pose.x, pose.y, pose.z, pose.yaw)
                stage.world.batch.place_ego(0, place, ego.speed)

    def tick(self) -> None:
        """Act for the tick that comes."""
        stage = self.stage
        self._storyboard.tick(stage)
        self._background, _ = stage.step(self._background)
        stage.turn_sun()
        stage.move()

    def ticked(self) -> None:
        """See what the tick did."""
        self.stage.see()
        self._drive.note(self.stage)

    @property
    def over(self) -> str | None:
        """Why the story has ended; None while it goes on."""
        return self._storyboard.over

    def verdicts(self) -> list[Verdict]:
        """What the file's criteria say by now."""
        return [criterion.verdict(self._drive) for criterion in self._criteria]
