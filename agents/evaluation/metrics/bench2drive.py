"""Bench2Drive's measures: driving score, success, five abilities, efficiency and smoothness.

- Driving score: the leaderboard's 2.0 without the minimum speed (since August 2024).
- Success: the drive arrived, with no infraction but of the minimum speed.
- Ability: share of successes among the drives with one of its scenarios. Traffic signs also
  counts a drive that failed otherwise but passed the first junction of its route without a red
  light or a stop sign run. The mean of the five is that of abilities that were tested.
- Efficiency: mean of the ego's speed as a percentage of the traffic's over all checkpoints of
  all drives, those above 1000 % left out.
- Smoothness: share of 2 s windows within nuPlan's six comfort bounds; `metrics/comfort.py`.

Bench2Drive's routes hold one scenario each; a drive with several counts in each ability that one
of them belongs to. Its 220 routes are of CARLA's towns and are not part of this project: figures
of other routes carry the same names, not the same difficulty.

Source: `Thinklab-SJTU/Bench2Drive` 0.0.3, `tools/ability_benchmark.py` and
`tools/efficiency_smoothness_benchmark.py`. The lists of scenarios are theirs by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from roadworthy.agents.evaluation.metrics import leaderboard_2_0
from roadworthy.agents.evaluation.metrics.offences import Offences
from roadworthy.agents.evaluation.results import Record

VERSION = "0.0.3"
MOST_PERCENT = 1000.0  # [%] above, a checkpoint's speed is not believed
_ARRIVED = ("Perfect", "Completed")
_FORGIVEN = "min_speed_infractions"
_SIGNS = ("red_light", "stop_infraction")

_AT_JUNCTIONS = (
    "CrossingBicycleFlow",
    "EnterActorFlow",
    "NonSignalizedJunctionLeftTurn",
    "NonSignalizedJunctionLeftTurnEnterFlow",
    "NonSignalizedJunctionRightTurn",
    "SignalizedJunctionLeftTurn",
    "SignalizedJunctionLeftTurnEnterFlow",
    "SignalizedJunctionRightTurn",
)
ABILITIES: Mapping[str, frozenset[str]] = {
    "overtaking": frozenset(
        {
            "Accident",
            "AccidentTwoWays",
            "ConstructionObstacle",
            "ConstructionObstacleTwoWays",
            "HazardAtSideLane",
            "HazardAtSideLaneTwoWays",
            "ParkedObstacle",
            "ParkedObstacleTwoWays",
            "VehicleOpensDoorTwoWays",
        }
    ),
    "merging": frozenset(
        {
            *_AT_JUNCTIONS,
            "HighwayCutIn",
            "HighwayExit",
            "InterurbanActorFlow",
            "InterurbanAdvancedActorFlow",
            "MergerIntoSlowTraffic",
            "MergerIntoSlowTrafficV2",
            "ParkingExit",
            "SequentialLaneChange",
        }
    ),
    "emergency_brake": frozenset(
        {
            "BlockedIntersection",
            "ControlLoss",
            "DynamicObjectCrossing",
            "HardBreakRoute",
            "OppositeVehicleRunningRedLight",
            "OppositeVehicleTakingPriority",
            "ParkingCrossingPedestrian",
            "ParkingCutIn",
            "PedestrianCrossing",
            "StaticCutIn",
            "VehicleTurningRoute",
            "VehicleTurningRoutePedestrian",
        }
    ),
    "give_way": frozenset({"InvadingTurn", "YieldToEmergencyVehicle"}),
    "traffic_signs": frozenset(
        {
            *_AT_JUNCTIONS,
            "OppositeVehicleRunningRedLight",
            "OppositeVehicleTakingPriority",
            "PedestrianCrossing",
            "T_Junction",
            "VanillaNonSignalizedTurn",
            "VanillaNonSignalizedTurnEncounterStopsign",
            "VanillaSignalizedTurnEncounterGreenLight",
            "VanillaSignalizedTurnEncounterRedLight",
            "VehicleTurningRoute",
            "VehicleTurningRoutePedestrian",
        }
    ),
}


def driving_score(completion: float, offences: Offences) -> float:
    """Driving score [0, 100] of a drive that came `completion` percent far."""
    return max(completion * leaderboard_2_0.penalty(replace(offences, min_speed_percents=())), 0.0)


def success(record: Record) -> bool:
    """Whether a drive arrived with no infraction but of the minimum speed."""
    bad = any(found for name, found in record.infractions.items() if name != _FORGIVEN)
    return record.status in _ARRIVED and not bad


def scenarios(record: Record) -> set[str]:
    """Kinds of the events of a drive."""
    return {event.partition(" at ")[0] for event in record.meta.events}


def ability(record: Record, name: str) -> float | None:
    """1 where a drive showed an ability of ABILITIES, 0 where not, None where it did not ask it."""
    if not scenarios(record) & ABILITIES[name]:
        return None
    return float(success(record) or (name == "traffic_signs" and _passed_first_junction(record)))


def _passed_first_junction(record: Record) -> bool:
    """Whether the first junction of the route was passed without running its light or sign."""
    end = record.meta.first_junction
    if end is None or record.scores.score_route / 100.0 * record.meta.route_length < end:
        return False
    return not any(
        incident.kind in _SIGNS and incident.route_s <= end for incident in record.meta.incidents
    )


def efficiency(percents: Sequence[float]) -> float | None:
    """Mean of the percentages of the checkpoints [%]; None where there is none."""
    believed = [percent for percent in percents if percent <= MOST_PERCENT]
    return sum(believed) / len(believed) if believed else None


@dataclass(frozen=True, slots=True)
class Bench2Drive:
    """The figures of a set of drives, as Bench2Drive's tables show them."""

    drives: int
    driving_score: float | None  # [0, 100]; None where a record does not tell it
    success: float  # [%]
    efficiency: float | None  # [%]
    smoothness: float | None  # [0, 1]
    abilities: Mapping[str, float | None]  # [%]; None where no drive asked it
    ability_mean: float | None  # [%] of those that were asked

    @classmethod
    def of(cls, records: Sequence[Record]) -> Bench2Drive:
        """Sum up records."""
        count = len(records)
        percents = [p for record in records for p in record.meta.min_speed_percents]
        smooth = [r.meta.smoothness for r in records if r.meta.smoothness is not None]
        shares: dict[str, float | None] = {}
        for name in ABILITIES:
            asked = [a for record in records if (a := ability(record, name)) is not None]
            shares[name] = 100.0 * sum(asked) / len(asked) if asked else None
        tested = [share for share in shares.values() if share is not None]
        told = [record.meta.metrics.get("bench2drive_score") for record in records]
        scores = [score for score in told if score is not None]
        return cls(
            drives=count,
            driving_score=sum(scores) / count if count and len(scores) == count else None,
            success=100.0 * sum(map(success, records)) / max(count, 1),
            efficiency=efficiency(percents),
            smoothness=sum(smooth) / len(smooth) if smooth else None,
            abilities=shares,
            ability_mean=sum(tested) / len(tested) if tested else None,
        )
