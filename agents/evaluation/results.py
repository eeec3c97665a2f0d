"""The leaderboard's result file: written after each route, resumed where it was left.

The schema is that of `leaderboard/utils/{statistics_manager,checkpoint_tools}.py` (branch
leaderboard-2.0), which every downstream tool reads; what Roadworthy adds stands under the extra
key `roadworthy` and in each record's `meta`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roadworthy.agents.evaluation.score import INFRACTIONS, ROUND_DIGITS_SCORE
from roadworthy.sim.errors import InputError
from roadworthy.sim.files import write_whole

_KM_DIGITS = 3
_INDENT = " " * 4
_NO_RECORDS = '"records": []'
# Labels of the leaderboard's table, each with what it shows.
_LABELS = (
    ("Avg. driving score", "score_composed"),
    ("Avg. route completion", "score_route"),
    ("Avg. infraction penalty", "score_penalty"),
    ("Collisions with pedestrians", "collisions_pedestrian"),
    ("Collisions with vehicles", "collisions_vehicle"),
    ("Collisions with layout", "collisions_layout"),
    ("Red lights infractions", "red_light"),
    ("Stop sign infractions", "stop_infraction"),
    ("Off-road infractions", "outside_route_lanes"),
    ("Route deviations", "route_dev"),
    ("Route timeouts", "route_timeout"),
    ("Agent blocked", "vehicle_blocked"),
    ("Yield emergency vehicles infractions", "yield_emergency_vehicle_infractions"),
    ("Scenario timeouts", "scenario_timeouts"),
    ("Min speed infractions", "min_speed_infractions"),
)


class Scores(BaseModel):
    """The three scores of a route, or their means or deviations."""

    score_route: float = 0.0
    score_penalty: float = 0.0
    score_composed: float = 0.0


class Involved(BaseModel):
    """Somebody or something that an infraction was about."""

    # Of sim.world.columns.Kind, of sim.scenery.layout.Prop, or EMERGENCY, LIGHT, STOP_SIGN.
    kind: str
    index: int  # of the actor, of a Prop's box in the scenery, of a LIGHT or STOP_SIGN's signal


class Incident(BaseModel):
    """One infraction with its time and place; where a message is not enough."""

    kind: str  # of INFRACTIONS
    time: float  # [s] since the drive began
    x: float  # [m] of the ego, CARLA's axes
    y: float  # [m]
    z: float  # [m]
    message: str  # as in `infractions`
    route_s: float = 0.0  # [m] of the ego along its route
    decision: int = 0  # number of the agent's decision, from 0, in whose step it happened
    actors: list[Involved] = Field(default_factory=list)


class Criterion(BaseModel):
    """What one criterion of a scenario's own story says of a drive."""

    name: str  # as the story writes it
    success: bool
    actual: float  # what was measured
    expected: float  # what was asked for


class RecordMeta(BaseModel):
    """Circumstances of one route's drive."""

    model_config = ConfigDict(extra="allow")

    route_length: float = 0.0  # [m]
    duration_game: float = 0.0  # [s]
    duration_system: float = 0.0  # [s]
    town: str = ""
    seed: int = 0
    score_composed_2_1: float = 0.0  # the driving score by the leaderboard's 2.1 rules
    events: list[str] = Field(default_factory=list)  # "KIND at S m"
    # What the scenario's source asked for and this world lacks; never dropped in silence.
    missing: list[str] = Field(default_factory=list)
    verdicts: list[Criterion] = Field(default_factory=list)
    story_end: str = ""  # why the scenario's story ended, where it did
    # Mean ego speed as a percentage of the traffic's, one for each checkpoint passed.
    min_speed_percents: list[float] = Field(default_factory=list)
    smoothness: float | None = None  # [0, 1] share of the drive that was comfortable (Bench2Drive)
    metrics: dict[str, float | None] = Field(default_factory=dict)  # by names of METRICS
    first_junction: float | None = None  # [m] along the route where its first junction ends
    incidents: list[Incident] = Field(default_factory=list)
    trajectory: str = ""  # hash of the ego's states: equal where the drive was equal
    failure: str = ""  # what the agent or the simulation did wrong, where one of them ended it


class Record(BaseModel):
    """One route, driven once."""

    index: int
    route_id: str  # "RouteScenario_12_rep0"
    status: str
    num_infractions: int = 0
    infractions: dict[str, list[str]] = Field(default_factory=dict)
    scores: Scores = Field(default_factory=Scores)
    meta: RecordMeta = Field(default_factory=RecordMeta)


class GlobalRecord(BaseModel):
    """All routes together."""

    index: int = -1
    route_id: int = -1
    status: str = "Perfect"
    infractions: dict[str, float] = Field(default_factory=dict)  # a kilometre
    scores_mean: Scores = Field(default_factory=Scores)
    scores_std_dev: Scores = Field(default_factory=Scores)
    meta: dict[str, Any] = Field(default_factory=dict)


class Checkpoint(BaseModel):
    """Everything driven so far."""

    global_record: GlobalRecord | dict[str, Any] = Field(default_factory=dict)
    progress: list[int] = Field(default_factory=lambda: [0, 0])
    records: list[Record] = Field(default_factory=list)


class Results(BaseModel):
    """A whole result file."""

    model_config = ConfigDict(populate_by_name=True)

    checkpoint: Checkpoint = Field(alias="_checkpoint", default_factory=Checkpoint)
    entry_status: str = "Started"
    eligible: bool = False
    sensors: list[str] = Field(default_factory=list)
    values: list[str] = Field(default_factory=list)
    labels: list[str] = Field(default_factory=list)
    roadworthy: dict[str, Any] = Field(default_factory=dict)  # what was evaluated, and how


def read_results(path: Path) -> Results:
    """Read a result file.

    Raises:
        InputError: it cannot be read, is no JSON, or has another schema.
    """
    try:
        return Results.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"result file {path}: cannot be read ({error.strerror or error})"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        told = ": ".join(part for part in (".".join(map(str, first["loc"])), first["msg"]) if part)
        raise InputError(
            f"result file {path}: {told}; delete it or choose another --out"
        ) from error


def check_replaceable(path: Path) -> None:
    """Find out whether one drive may replace what is there: one drive, but no evaluation.

    Raises:
        InputError: the file holds an evaluation, or is no result file.
    """
    if path.exists() and "tasks" in read_results(path).roadworthy:
        raise InputError(
            f"result file {path} is of an evaluation, which one drive does not replace; "
            "delete it or choose another --out"
        )


class ResultFile:
    """A result file on disk that grows by one record a route."""

    def __init__(
        self,
        path: Path,
        what: dict[str, Any],
        total: int,
        sensors: Sequence[str] = (),
        *,
        replace: bool = False,
    ) -> None:
        """Open a result file, taking over what an interrupted run left there.

        Args:
            path: the file.
            what: agent and settings; a file of other ones is not continued.
            total: how many records there will be.
            sensors: the agent's sensors, by the leaderboard's names.
            replace: do not go on with what is there but write anew.

        Raises:
            InputError: the file there is damaged or of another agent or other settings.
            StorageError: it cannot be written.
        """
        self.path = path
        self._texts: dict[str, str] = {}  # of records, by route_id
        self.results = Results(roadworthy=what, sensors=list(sensors))
        if path.exists() and not replace:
            self.results = read_results(path)
            # What is compared went through JSON once, so tuples have become lists.
            expected = json.loads(json.dumps(what))
            different = sorted(
                key
                for key in expected.keys() | self.results.roadworthy.keys()
                if expected.get(key) != self.results.roadworthy.get(key)
            )
            if different:
                raise InputError(
                    f"result file {path} is of another run ({', '.join(different)} differ); "
                    "delete it or choose another --out"
                )
            self.results.sensors = list(sensors)
        self._done = {record.route_id for record in self.results.checkpoint.records}
        self.results.checkpoint.progress = [len(self._done), total]
        if not replace:  # else the old one stays until there is something to replace it with
            self._write()  # a folder that cannot be written is told before hours of driving

    @property
    def records(self) -> list[Record]:
        """What is finished."""
        return self.results.checkpoint.records

    def has(self, route_id: str) -> bool:
        """Whether this route is finished already."""
        return route_id in self._done

    def add(self, record: Record) -> None:
        """Add one record and write the file.

        Raises:
            StorageError: it could not be written; the file has what it had before.
        """
        records = self.results.checkpoint.records
        records.append(record)
        records.sort(key=lambda r: r.index)
        self._done.add(record.route_id)
        self.results.checkpoint.progress[0] = len(self._done)
        self._write()

    def finish(self) -> GlobalRecord:
        """Sum up over all records and write the file as finished.

        Raises:
            StorageError: it could not be written.
        """
        total = summarize(self.records)
        results = self.results
        results.checkpoint.global_record = total
        results.entry_status, results.eligible = "Finished", True
        results.labels = [label for label, _ in _LABELS]
        results.values = [
            str(getattr(total.scores_mean, name, total.infractions.get(name, 0.0)))
            for _, name in _LABELS
        ]
        self._write()
        return total

    def _write(self) -> None:
        """Write the file; texts of records are kept, for of a thousand only one is new."""
        checkpoint = self.results.checkpoint
        bare = self.results.model_copy(
            update={"checkpoint": checkpoint.model_copy(update={"records": []})}
        )
        text = json.dumps(bare.model_dump(by_alias=True), indent=4)
        if checkpoint.records:
            listed = ",\n".join(self._text(record) for record in checkpoint.records)
            # Within a string the quotes would be escaped: this is the key itself.
            text = text.replace(_NO_RECORDS, f'"records": [\n{listed}\n{_INDENT * 2}]', 1)
        write_whole(self.path, text.encode() + b"\n")

    def _text(self, record: Record) -> str:
        """A record as it stands in the file; records do not change any more."""
        text = self._texts.get(record.route_id)
        if text is None:
            lines = json.dumps(record.model_dump(), indent=4).split("\n")
            text = "\n".join(_INDENT * 3 + line for line in lines)
            self._texts[record.route_id] = text
        return text


def summarize(records: Sequence[Record]) -> GlobalRecord:
    """Mean, spread and infractions a kilometre over records, by the leaderboard's rules."""
    total = GlobalRecord(
        infractions=dict.fromkeys(INFRACTIONS, 0.0),
        meta={"total_length": 0.0, "duration_game": 0.0, "duration_system": 0.0, "exceptions": []},
    )
    if not records:
        return total
    for name in Scores.model_fields:
        values = [getattr(record.scores, name) for record in records]
        mean = sum(values) / len(values)
        spread = 0.0
        if len(values) > 1:
            spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        setattr(total.scores_mean, name, round(mean, ROUND_DIGITS_SCORE))
        setattr(total.scores_std_dev, name, round(spread, ROUND_DIGITS_SCORE))
    driven = sum(r.meta.route_length * r.scores.score_route / 100.0 for r in records) / 1000.0
    for name in INFRACTIONS:
        count = sum(len(record.infractions.get(name, [])) for record in records)
        total.infractions[name] = round(count / driven, _KM_DIGITS) if driven > 0.0 else 0.0
    for name in ("duration_game", "duration_system"):
        total.meta[name] = round(sum(getattr(r.meta, name) for r in records), 3)
    total.meta["total_length"] = round(sum(r.meta.route_length for r in records), 3)
    failed = [record for record in records if record.status.startswith("Failed")]
    total.meta["exceptions"] = [[r.route_id, r.index, r.status] for r in failed]
    if failed:
        total.status = "Failed"
    elif any(record.status != "Perfect" for record in records):
        total.status = "Completed"
    return total
