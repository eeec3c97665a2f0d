"""The kinds of scenario events, named as the CARLA leaderboard 2.x names its scenarios."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What can happen on a route; the value is the leaderboard's `type` of the scenario."""

    CONTROL_LOSS = "ControlLoss"
    HARD_BREAK_ROUTE = "HardBreakRoute"  # sic
    HIGHWAY_CUT_IN = "HighwayCutIn"
    STATIC_CUT_IN = "StaticCutIn"
    PARKING_CUT_IN = "ParkingCutIn"
    PARKING_EXIT = "ParkingExit"
    DYNAMIC_OBJECT_CROSSING = "DynamicObjectCrossing"
    PARKING_CROSSING_PEDESTRIAN = "ParkingCrossingPedestrian"
    PEDESTRIAN_CROSSING = "PedestrianCrossing"
    VEHICLE_TURNING_ROUTE = "VehicleTurningRoute"
    VEHICLE_TURNING_ROUTE_PEDESTRIAN = "VehicleTurningRoutePedestrian"
    BLOCKED_INTERSECTION = "BlockedIntersection"
    OPPOSITE_VEHICLE_RUNNING_RED_LIGHT = "OppositeVehicleRunningRedLight"
    OPPOSITE_VEHICLE_TAKING_PRIORITY = "OppositeVehicleTakingPriority"
    SIGNALIZED_JUNCTION_LEFT_TURN = "SignalizedJunctionLeftTurn"
    SIGNALIZED_JUNCTION_RIGHT_TURN = "SignalizedJunctionRightTurn"
    NON_SIGNALIZED_JUNCTION_LEFT_TURN = "NonSignalizedJunctionLeftTurn"
    NON_SIGNALIZED_JUNCTION_RIGHT_TURN = "NonSignalizedJunctionRightTurn"
    CONSTRUCTION_OBSTACLE = "ConstructionObstacle"
    CONSTRUCTION_OBSTACLE_TWO_WAYS = "ConstructionObstacleTwoWays"
    ACCIDENT = "Accident"
    ACCIDENT_TWO_WAYS = "AccidentTwoWays"
    PARKED_OBSTACLE = "ParkedObstacle"
    PARKED_OBSTACLE_TWO_WAYS = "ParkedObstacleTwoWays"
    VEHICLE_OPENS_DOOR_TWO_WAYS = "VehicleOpensDoorTwoWays"
    INVADING_TURN = "InvadingTurn"
    HAZARD_AT_SIDE_LANE = "HazardAtSideLane"
    HAZARD_AT_SIDE_LANE_TWO_WAYS = "HazardAtSideLaneTwoWays"
    YIELD_TO_EMERGENCY_VEHICLE = "YieldToEmergencyVehicle"
    MERGER_INTO_SLOW_TRAFFIC = "MergerIntoSlowTraffic"
    MERGER_INTO_SLOW_TRAFFIC_V2 = "MergerIntoSlowTrafficV2"
    ENTER_ACTOR_FLOW = "EnterActorFlow"
    ENTER_ACTOR_FLOW_V2 = "EnterActorFlowV2"
    INTERURBAN_ADVANCED_ACTOR_FLOW = "InterurbanAdvancedActorFlow"
    INTERURBAN_ACTOR_FLOW = "InterurbanActorFlow"
    HIGHWAY_EXIT = "HighwayExit"
    CROSSING_BICYCLE_FLOW = "CrossingBicycleFlow"
    PRIORITY_AT_JUNCTION = "PriorityAtJunction"


class Support(StrEnum):
    """How much of the leaderboard's scenario a kind of ours does."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Param:
    """A number that shapes an event."""

    name: str
    default: float
    low: float
    high: float
    text: str  # what it is, with its unit


@dataclass(frozen=True, slots=True)
class Entry:
    """What the catalogue says of one kind."""

    support: Support
    happens: str  # what happens
    place: str  # where on a route it can stand
    params: tuple[Param, ...] = ()

    def param(self, name: str) -> Param | None:
        """The parameter of that name."""
        return next((p for p in self.params if p.name == name), None)
