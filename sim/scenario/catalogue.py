"""The catalogue: for each kind what happens, where it can stand, and its parameters."""

from __future__ import annotations

from roadworthy.sim.scenario.kinds import Entry, EventKind, Param, Support

YES, PARTLY, NO = Support.YES, Support.PARTLY, Support.NO
K = EventKind

_DISTANCE = Param("distance", 80.0, 40.0, 150.0, "m from the trigger to where it happens")
_HIDDEN = Param("distance", 60.0, 40.0, 150.0, "m from the trigger to where it happens")
_ONCOMING = (
    Param("oncoming", 2.0, 0.0, 6.0, "number of staged vehicles that come the other way"),
    Param("interval", 3.5, 2.0, 20.0, "s between them"),
    Param("oncoming_speed", 8.0, 3.0, 20.0, "m/s"),
)
_FLOW = (
    Param("count", 4.0, 1.0, 8.0, "number of vehicles in the flow"),
    Param("interval", 4.0, 2.0, 20.0, "s between them"),
    Param("flow_speed", 8.0, 3.0, 25.0, "m/s"),
)
_LENGTH = Param("length", 14.0, 6.0, 40.0, "m of lane that is closed")
_SPEED_WALK = Param("speed", 1.6, 0.8, 4.0, "m/s of who crosses")
_MARGIN = Param(
    "reaction", 3.2, 1.5, 6.0, "s that the ego is away from the path when somebody steps out"
)
_DIRECTION = Param("direction", 0.0, -1.0, 1.0, "-1 from the left, 1 from the right, 0 either")
_STREET = "a stretch without junctions"
_ONE_WAY = f"{_STREET} with a neighbour lane of the same direction"
_TWO_WAYS = f"{_STREET} with an oncoming lane at the left"
_JUNCTION = "before a junction"

CATALOGUE: dict[EventKind, Entry] = {
    K.CONTROL_LOSS: Entry(
        YES,
        "the road is slippery: the ego's steering is disturbed for some seconds",
        "anywhere",
        (
            Param("distance", 10.0, 0.0, 150.0, "m from the trigger to where it happens"),
            Param("noise", 0.08, 0.01, 0.3, "amplitude, of full steering"),
            Param("time", 5.0, 0.5, 20.0, "s that it lasts"),
        ),
    ),
    K.HARD_BREAK_ROUTE: Entry(
        YES,
        "the vehicle ahead brakes hard, stands for a while, and drives on",
        _STREET,
        (
            Param("distance", 90.0, 50.0, 200.0, "m from the trigger to where it brakes"),
            Param("gap", 16.0, 8.0, 40.0, "m that it keeps before the ego"),
            Param("deceleration", 7.0, 6.0, 9.0, "m/s^2"),
            Param("hold", 3.0, 0.0, 20.0, "s that it stands"),
        ),
    ),
    K.HIGHWAY_CUT_IN: Entry(
        YES,
        "a vehicle on the neighbour lane changes to the ego's lane close before it and slows down",
        _ONE_WAY,
        (
            Param("distance", 90.0, 50.0, 200.0, "m from the trigger to where it cuts in"),
            Param("gap", 9.0, 5.0, 30.0, "m that it keeps before the ego"),
            Param("slowdown", 0.6, 0.2, 1.0, "share of the speed limit that it drives then"),
        ),
    ),
    K.STATIC_CUT_IN: Entry(
        YES,
        "a vehicle in a standing row on the neighbour lane pulls out in front of the ego",
        _ONE_WAY,
        (
            _DISTANCE,
            Param("reaction", 4.0, 2.0, 8.0, "s that the ego is away when it pulls out"),
            Param("speed", 6.0, 2.0, 15.0, "m/s of who pulls out"),
        ),
    ),
    K.PARKING_CUT_IN: Entry(
        YES,
        "a parked vehicle pulls out in front of the ego",
        f"{_STREET}; it parks on a parking lane or shoulder, else on the kerb",
        (
            _DISTANCE,
            Param("reaction", 4.0, 2.0, 8.0, "s that the ego is away when it pulls out"),
            Param("speed", 6.0, 2.0, 15.0, "m/s of who pulls out"),
        ),
    ),
    K.PARKING_EXIT: Entry(
        PARTLY,
        "the ego begins its drive parked between two vehicles, with traffic beside it",
        "the beginning of a route (s = 0), where it parks right of the lane",
        (
            Param("front_vehicle_distance", 9.0, 7.0, 20.0, "m from the ego's centre"),
            Param("behind_vehicle_distance", 9.0, 7.0, 20.0, "m from the ego's centre"),
            *_FLOW,
        ),
    ),
    K.DYNAMIC_OBJECT_CROSSING: Entry(
        YES,
        "a walker steps out from behind a crate at the roadside and crosses",
        _STREET,
        (_HIDDEN, _SPEED_WALK, _MARGIN, Param("blocker", 1.0, 0.0, 1.0, "1: a crate hides it")),
    ),
    K.PARKING_CROSSING_PEDESTRIAN: Entry(
        YES,
        "a walker steps out from behind a parked vehicle and crosses",
        _STREET,
        (_HIDDEN, _SPEED_WALK, _MARGIN),
    ),
    K.PEDESTRIAN_CROSSING: Entry(
        YES,
        "three walkers cross one after the other at a crosswalk that the route passes",
        "before a crosswalk on the route",
        (_SPEED_WALK, Param("reaction", 4.5, 1.5, 8.0, _MARGIN.text)),
    ),
    K.VEHICLE_TURNING_ROUTE: Entry(
        YES,
        "a cyclist crosses the street that the ego turns into",
        "before a junction where the route turns",
        (
            Param("speed", 3.0, 1.0, 6.0, "m/s of the cyclist"),
            Param("reaction", 3.0, 1.5, 6.0, _MARGIN.text),
        ),
    ),
    K.VEHICLE_TURNING_ROUTE_PEDESTRIAN: Entry(
        YES,
        "a walker crosses the street that the ego turns into",
        "before a junction where the route turns",
        (_SPEED_WALK, Param("reaction", 3.5, 1.5, 6.0, _MARGIN.text)),
    ),
    K.BLOCKED_INTERSECTION: Entry(
        YES,
        "behind the junction a vehicle stands in the lane, out of sight until the ego turns",
        "before a junction where the route turns",
        (Param("hold", 4.0, 1.0, 30.0, "s that the ego waits behind it before it drives on"),),
    ),
    K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT: Entry(
        YES,
        "a vehicle from the side runs its red light while the ego has green",
        "before a junction with lights where the route goes straight on",
        (Param("speed", 9.0, 4.0, 20.0, "m/s at most"), _DIRECTION),
    ),
    K.OPPOSITE_VEHICLE_TAKING_PRIORITY: Entry(
        YES,
        "a vehicle from the side takes the ego's right of way",
        "before a junction without lights or signs where the route goes straight on",
        (Param("speed", 8.0, 4.0, 20.0, "m/s at most"), _DIRECTION),
    ),
    K.PRIORITY_AT_JUNCTION: Entry(
        YES,
        "the ego's light turns green in time: it has the right to go",
        "before a junction with lights",
    ),
    K.SIGNALIZED_JUNCTION_LEFT_TURN: Entry(
        YES,
        "the ego turns left through oncoming traffic while both have green",
        "before a junction with lights where the route turns left",
        _FLOW,
    ),
    K.SIGNALIZED_JUNCTION_RIGHT_TURN: Entry(
        YES,
        "the ego turns right into the lane of a flow from the left",
        "before a junction with lights where the route turns right",
        _FLOW,
    ),
    K.NON_SIGNALIZED_JUNCTION_LEFT_TURN: Entry(
        YES,
        "the ego turns left through oncoming traffic",
        "before a junction without lights where the route turns left",
        _FLOW,
    ),
    K.NON_SIGNALIZED_JUNCTION_RIGHT_TURN: Entry(
        YES,
        "the ego turns right into the lane of a flow from the left",
        "before a junction without lights where the route turns right",
        _FLOW,
    ),
    K.CONSTRUCTION_OBSTACLE: Entry(
        YES, "a building site closes the lane: sign, barrier, cones", _ONE_WAY, (_DISTANCE, _LENGTH)
    ),
    K.CONSTRUCTION_OBSTACLE_TWO_WAYS: Entry(
        YES,
        "a building site closes the lane, and the way around it is the oncoming lane",
        _TWO_WAYS,
        (_DISTANCE, _LENGTH, *_ONCOMING),
    ),
    K.ACCIDENT: Entry(
        YES,
        "two crashed vehicles and a police car with flashing lights stand in the lane",
        _ONE_WAY,
        (_DISTANCE,),
    ),
    K.ACCIDENT_TWO_WAYS: Entry(
        YES,
        "an accident closes the lane, and the way around it is the oncoming lane",
        _TWO_WAYS,
        (_DISTANCE, *_ONCOMING),
    ),
    K.PARKED_OBSTACLE: Entry(YES, "a vehicle is parked in the lane", _ONE_WAY, (_DISTANCE,)),
    K.PARKED_OBSTACLE_TWO_WAYS: Entry(
        YES,
        "a vehicle is parked in the lane, and the way around it is the oncoming lane",
        _TWO_WAYS,
        (_DISTANCE, *_ONCOMING),
    ),
    K.VEHICLE_OPENS_DOOR_TWO_WAYS: Entry(
        YES,
        "a vehicle parked at the roadside opens its door into the ego's lane",
        _TWO_WAYS,
        (
            _DISTANCE,
            Param("reaction", 3.5, 1.5, 6.0, "s that the ego is away when the door opens"),
            *_ONCOMING,
        ),
    ),
    K.INVADING_TURN: Entry(
        YES,
        "oncoming vehicles keep too far left and invade the ego's lane",
        _TWO_WAYS,
        (
            _DISTANCE,
            Param("offset", 0.9, 0.2, 1.5, "m that they keep nearer to the ego's lane"),
            Param("count", 3.0, 1.0, 6.0, "number of vehicles"),
            Param("interval", 4.0, 2.0, 20.0, "s between them"),
            Param("speed", 7.0, 3.0, 15.0, "m/s"),
        ),
    ),
    K.HAZARD_AT_SIDE_LANE: Entry(
        YES,
        "slow cyclists ride at the right side of the ego's lane",
        _ONE_WAY,
        (
            Param("distance", 60.0, 40.0, 150.0, "m from the trigger to the last cyclist"),
            Param("speed", 3.0, 1.0, 6.0, "m/s of the cyclists"),
            Param("drive_distance", 60.0, 20.0, 200.0, "m that they ride before they leave"),
        ),
    ),
    K.HAZARD_AT_SIDE_LANE_TWO_WAYS: Entry(
        YES,
        "slow cyclists ride at the right side of the ego's lane; beside is the oncoming lane",
        _TWO_WAYS,
        (
            Param("distance", 60.0, 40.0, 150.0, "m from the trigger to the last cyclist"),
            Param("speed", 3.0, 1.0, 6.0, "m/s of the cyclists"),
            Param("drive_distance", 60.0, 20.0, 200.0, "m that they ride before they leave"),
            *_ONCOMING,
        ),
    ),
    K.YIELD_TO_EMERGENCY_VEHICLE: Entry(
        YES,
        "an ambulance with flashing lights comes from behind and wants to pass",
        _STREET,
        (
            Param("speed", 14.0, 8.0, 30.0, "m/s"),
            Param("behind", 60.0, 40.0, 120.0, "m behind the ego where it appears"),
            Param("patience", 12.0, 0.0, 60.0, "s behind the ego before it goes round it"),
        ),
    ),
    K.MERGER_INTO_SLOW_TRAFFIC: Entry(
        PARTLY,
        "the ego merges into a slow row of vehicles",
        "before a place where the route's lane joins another",
        (*_FLOW[:2], Param("flow_speed", 5.0, 3.0, 25.0, "m/s")),
    ),
    K.MERGER_INTO_SLOW_TRAFFIC_V2: Entry(NO, "see MergerIntoSlowTraffic", "-"),
    K.ENTER_ACTOR_FLOW: Entry(
        PARTLY,
        "the ego merges into flowing traffic",
        "before a place where the route's lane joins another",
        _FLOW,
    ),
    K.ENTER_ACTOR_FLOW_V2: Entry(NO, "see EnterActorFlow", "-"),
    K.INTERURBAN_ADVANCED_ACTOR_FLOW: Entry(NO, "needs flows on both carriageways", "-"),
    K.INTERURBAN_ACTOR_FLOW: Entry(NO, "needs a left exit across a carriageway", "-"),
    K.HIGHWAY_EXIT: Entry(NO, "needs a flow on the lane that the ego must cross", "-"),
    K.CROSSING_BICYCLE_FLOW: Entry(
        PARTLY,
        "cyclists ride on straight at the right while the ego turns right",
        "before a junction where the route turns right",
        (
            Param("count", 3.0, 1.0, 6.0, "number of cyclists"),
            Param("interval", 3.0, 2.0, 20.0, "s between them"),
            Param("flow_speed", 4.0, 2.0, 7.0, "m/s"),
        ),
    ),
}

SUPPORTED: dict[str, Support] = {str(kind): entry.support for kind, entry in CATALOGUE.items()}
"""For the leaderboard's names: whether an event of ours does what the scenario does."""
