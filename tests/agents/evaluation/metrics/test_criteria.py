"""Criteria with a state of their own, each by cases worked out by hand and by what always holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.metrics.emergency import EmergencyYield
from roadworthy.agents.evaluation.metrics.in_route import InRoute
from roadworthy.agents.evaluation.metrics.outside_lanes import OutsideLanes
from roadworthy.agents.evaluation.metrics.route_completion import RouteCompletion
from roadworthy.agents.evaluation.metrics.route_timeout import RouteTimeout
from roadworthy.agents.evaluation.metrics.scenario_timeout import ScenarioTimeouts
from roadworthy.sim.road.route import Route, RoutePoint


def straight(limits: list[float]) -> Route:
    """A route of 1 m steps with the given speed limits."""
    points = np.zeros((len(limits), len(RoutePoint)), np.float32)
    points[:, RoutePoint.S] = np.arange(len(limits))
    points[:, RoutePoint.SPEED_LIMIT] = limits
    return Route("1", "Nowhere", points)


class TestRouteTimeout:
    def test_the_limit_is_300_s_and_each_driven_metre_at_a_tenth_of_its_limit(self) -> None:
        test = RouteTimeout(straight([10.0] * 51 + [20.0] * 50))
        assert not test.note(300.0, 0.0)
        assert test.note(300.1, 0.9)  # no point was passed yet
        assert not test.note(350.9, 51.0)
        assert test.limit == pytest.approx(300.0 + 51 * 1.0)
        assert not test.note(350.9, 30.0)  # going back takes nothing away
        assert test.limit == pytest.approx(351.0)
        test.note(0.0, 100.0)
        assert test.limit == pytest.approx(300.0 + 51 * 1.0 + 49 * 0.5)

    def test_other_rules_and_none(self) -> None:
        assert RouteTimeout(straight([10.0] * 9), base=5.0).note(5.1, 0.0)
        assert not RouteTimeout(straight([10.0] * 9), share=0.0).note(1e9, 0.0)

    def test_a_limit_of_zero_is_no_endless_one(self) -> None:
        test = RouteTimeout(straight([0.0] * 11))
        test.note(0.0, 10.0)
        assert test.limit == pytest.approx(400.0)  # as of 1 m/s

    @given(st.lists(st.floats(0.0, 100.0), max_size=20))
    def test_the_limit_never_falls_and_depends_on_the_farthest_place_alone(
        self, places: list[float]
    ) -> None:
        step, once = (RouteTimeout(straight([9.0] * 101)) for _ in range(2))
        limits = []
        for place in places:
            step.note(0.0, place)
            limits.append(step.limit)
        once.note(0.0, max(places, default=0.0))
        assert limits == sorted(limits)
        assert step.limit == pytest.approx(once.limit)


class TestInRoute:
    def test_30_percent_of_the_route_beyond_15_metres_are_too_much(self) -> None:
        test = InRoute(100.0)
        assert not test.note(0.0, 0.0)
        assert not test.note(30.0, 15.1)
        assert test.percent == pytest.approx(30.0)
        assert not test.note(60.0, -15.0)  # 15 m are still safe
        assert test.note(60.1, -15.1)

    def test_standing_and_going_back_beside_it_cost_nothing(self) -> None:
        test = InRoute(100.0)
        for s in (10.0, 10.0, 5.0, 10.0):
            assert not test.note(s, 20.0)
        assert test.far == 0.0

    @given(st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(-29.0, 29.0)), max_size=20))
    def test_the_share_never_falls_and_never_exceeds_the_route(
        self, steps: list[tuple[float, float]]
    ) -> None:
        test, shares = InRoute(100.0), [0.0]
        for s, lateral in steps:
            test.note(s, lateral)
            shares.append(test.percent)
        assert shares == sorted(shares)
        assert shares[-1] <= 100.0 + 1e-9


class TestOutsideLanes:
    def test_the_share_is_of_what_was_driven(self) -> None:
        test = OutsideLanes()
        for driven, outside in ((30.0, 0.0), (10.0, 5.0), (10.0, 10.0)):
            test.note(driven, outside)
        assert test.percent == pytest.approx(20.0)

    def test_who_has_not_moved_has_no_share(self) -> None:
        test = OutsideLanes()
        test.note(0.9, 0.9)
        assert test.percent == 0.0

    @given(st.lists(st.tuples(st.floats(0.0, 9.0), st.floats(0.0, 9.0)), max_size=9))
    def test_it_stays_within_0_and_100(self, steps: list[tuple[float, float]]) -> None:
        test, outside = OutsideLanes(), 0.0
        for driven, more in steps:
            outside += more
            test.note(driven, outside)
            assert 0.0 <= test.percent <= 100.0


class TestRouteCompletion:
    def test_it_is_the_farthest_place_and_100_when_done(self) -> None:
        test = RouteCompletion(200.0)
        test.note(120.0)
        test.note(80.0)
        assert test.percent == 60.0
        test.note(199.0)
        assert test.percent == 99.5
        test.note(199.0, finished=True)
        assert test.percent == 100.0
        test.note(150.0)
        assert test.percent == 100.0

    @given(st.lists(st.floats(-50.0, 1e4), max_size=9))
    def test_it_never_falls_and_stays_within_0_and_100(self, places: list[float]) -> None:
        test, shares = RouteCompletion(200.0), [0.0]
        for place in places:
            test.note(place)
            shares.append(test.percent)
        assert shares == sorted(shares)
        assert shares[-1] <= 100.0


class TestScenarioTimeouts:
    def test_an_event_counts_once_after_240_s(self) -> None:
        test = ScenarioTimeouts(3)
        assert test.note([240.0, 0.0, 239.9]) == []
        assert test.note([240.1, 0.0, 240.0]) == [0]
        assert test.note([240.2, 0.0, 241.0]) == [2]
        assert test.note([999.0, 0.0, 999.0]) == []

    def test_rows_that_are_no_events_of_the_route_do_not_count(self) -> None:
        assert ScenarioTimeouts(1).note([0.0, 500.0]) == []


class TestEmergencyYield:
    def test_who_drives_slowly_before_it_holds_it_up(self) -> None:
        test = EmergencyYield(14.0)
        for _ in range(10):
            test.note(8.0, 7.0, 7.0, 0.0)
        assert test.percent == 50.0
        assert test.close() == 50.0
        assert test.close() is None  # once

    def test_70_percent_are_enough(self) -> None:
        test = EmergencyYield(10.0)
        test.note(8.0, 7.0, 7.0, 0.0)
        assert test.close() is None

    @pytest.mark.parametrize(
        ("own_speed", "aside"), [(3.0, 0.61), (0.2, 0.0)], ids=["to the right", "standing"]
    )
    def test_who_makes_way_is_free(self, own_speed: float, aside: float) -> None:
        test = EmergencyYield(14.0)
        for _ in range(10):
            test.note(8.0, 2.0, own_speed, aside)
        assert test.percent == 100.0

    def test_a_vehicle_that_others_slow_down_is_not_the_egos_fault(self) -> None:
        test = EmergencyYield(14.0)
        test.note(20.0, 2.0, 12.0, 0.0)
        assert test.percent == pytest.approx(85.71)

    def test_only_the_time_close_behind_counts(self) -> None:
        test = EmergencyYield(14.0)
        for gap in (30.1, 90.0, 0.0, -12.0):
            test.note(gap, 1.0, 1.0, 0.0)
        assert test.percent is None
        assert test.close() is None

    def test_yielding_late_is_a_share_of_the_time(self) -> None:
        test = EmergencyYield(10.0)
        for _ in range(30):
            test.note(8.0, 5.0, 5.0, 0.0)
        for _ in range(20):
            test.note(8.0, 5.0, 5.0, 0.7)
        assert test.percent == pytest.approx(70.0)
        assert test.close() is None

    @given(
        st.lists(
            st.tuples(st.floats(-50, 50), st.floats(-5, 40), st.floats(-5, 40), st.floats(-4, 4)),
            max_size=30,
        )
    )
    def test_the_percentage_stays_within_bounds_and_no_order_matters(
        self, steps: list[tuple[float, float, float, float]]
    ) -> None:
        there, back = EmergencyYield(14.0), EmergencyYield(14.0)
        for step in steps:
            there.note(*step)
        for step in reversed(steps):
            back.note(*step)
        if there.percent is None:
            assert back.percent is None
        else:
            assert 0.0 <= there.percent <= 100.0
            assert back.percent == pytest.approx(there.percent, abs=0.011)
