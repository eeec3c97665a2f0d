"""How one drive went, and its record in the result file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from roadworthy.agents.evaluation.course import Course
from roadworthy.agents.evaluation.results import Criterion, Incident, Record, RecordMeta, Scores
from roadworthy.agents.evaluation.score import Score
from roadworthy.agents.evaluation.series import Series
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.scenario.story import Verdict

# Why drives end that are no infractions, in the leaderboard's words; see `status_of`.
CRASHED, TIMED_OUT = "Agent crashed", "Agent timed out"
NOT_SET_UP, BAD_SENSORS = "Agent couldn't be set up", "Agent's sensors were invalid"
SIMULATION_CRASHED = "Simulation crashed"
AGENT_FAILURES = frozenset(f"Failed - {why}" for why in (CRASHED, NOT_SET_UP, BAD_SENSORS))


@dataclass(frozen=True, slots=True)
class DriveResult:
    """How a drive went."""

    agent: str
    town: str
    route: str
    seed: int
    status: str
    score: Score  # leaderboard 2.0
    score_2_1: Score
    events: tuple[str, ...]  # "KIND at S m", in the order of the route
    infractions: dict[str, list[str]]
    log: list[tuple[float, str]]
    incidents: list[Incident]  # the infractions with time and place
    route_length: float  # [m]
    duration_game: float  # [s]
    duration_system: float  # [s]
    min_speed_percents: tuple[float, ...]  # one for each checkpoint passed
    smoothness: float | None  # [0, 1] share of the drive that was comfortable
    trajectory: str  # hash of the ego's states
    metrics: dict[str, float | None] = field(default_factory=dict)  # by names of METRICS
    missing: tuple[str, ...] = ()  # what the scenario asked for and this world lacks
    verdicts: tuple[Verdict, ...] = ()  # of the criteria of the scenario's story
    story_end: str = ""  # why the story ended, where one was told and it did
    first_junction: float | None = None  # [m] along the route where its first junction ends
    failure: str = ""  # what the agent or the simulation did wrong, in words
    series: Series | None = field(default=None, compare=False, repr=False)  # sample by sample

    @classmethod
    def of(
        cls,
        agent: str,
        town: str,
        route: Route,
        seed: int,
        tally: Tally,
        ended: float,
        spent: float,
        events: Sequence[ScenarioEvent] = (),
        missing: Sequence[str] = (),
    ) -> DriveResult:
        """Sum up a closed tally; `ended` and `spent` are seconds of the world's and of ours."""
        return cls(
            agent=agent,
            town=town,
            route=route.id,
            seed=seed,
            status=tally.status(),
            score=tally.score(),
            score_2_1=tally.score("2.1"),
            events=tuple(f"{event.kind} at {event.s:.0f} m" for event in events),
            infractions=tally.infractions,
            log=tally.log,
            incidents=tally.incidents,
            route_length=route.length,
            duration_game=ended,
            duration_system=spent,
            min_speed_percents=tuple(tally.pace.percents),
            smoothness=tally.smoothness(),
            trajectory=tally.trajectory,
            metrics=tally.metrics(),
            missing=tuple(missing),
            first_junction=tally.course.first_junction,
            failure=tally.reason,
            series=tally.series(),
        )

    def record(self, index: int, repetition: int) -> Record:
        """Make the record of the result file."""
        return Record(
            index=index,
            route_id=record_id(self.route, repetition),
            status=self.status,
            num_infractions=sum(len(found) for found in self.infractions.values()),
            infractions=self.infractions,
            scores=Scores(
                score_route=self.score.route,
                score_penalty=self.score.penalty,
                score_composed=self.score.composed,
            ),
            meta=RecordMeta(
                route_length=round(self.route_length, 3),
                duration_game=round(self.duration_game, 3),
                duration_system=round(self.duration_system, 3),
                town=self.town,
                seed=self.seed,
                score_composed_2_1=self.score_2_1.composed,
                events=list(self.events),
                min_speed_percents=list(self.min_speed_percents),
                smoothness=self.smoothness,
                incidents=self.incidents,
                trajectory=self.trajectory,
                metrics=self.metrics,
                missing=list(self.missing),
                verdicts=[Criterion(**asdict(verdict)) for verdict in self.verdicts],
                story_end=self.story_end,
                first_junction=self.first_junction,
                failure=self.failure,
            ),
        )


def status_of(sentence: str) -> str:
    """Status of the result file for a drive that ended so."""
    return f"Failed - {sentence}"


def undriven(agent: str, scenario: Scenario, seed: int, sentence: str, why: str) -> DriveResult:
    """Result of a drive of which nothing is known but how it ended.

    Its events are those set in the scenario, so that it counts for the abilities they ask.

    Args:
        agent: its name.
        scenario: that it should have driven.
        seed: of the drive.
        sentence: how it ended, such as SIMULATION_CRASHED.
        why: kept in the record.
    """
    route = scenario.route
    tally = Tally(Course(route))
    tally.fail(0.0, sentence, why)
    tally.close()
    return DriveResult.of(
        agent, route.town, route, seed, tally, 0.0, 0.0, scenario.events, scenario.missing
    )


def record_id(route: str, repetition: int) -> str:
    """Name a route's repetition as the leaderboard does."""
    return f"RouteScenario_{route}_rep{repetition}"
