from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.traffic.lights import cycle_time, light_state
from roadworthy.sim.world.columns import Light


def test_a_cycle_runs_green_yellow_red_at_the_times_set() -> None:
    # Slots of 10 + 3 + 2 seconds: phase 0 is green from 0 to 10, yellow to 13, then red.
    states = [light_state(t, 0, 10.0, 3.0, 2.0) for t in (0.0, 9.9, 10.0, 12.9, 13.0, 29.9)]
    expected = [Light.GREEN, Light.GREEN, Light.YELLOW, Light.YELLOW, Light.RED, Light.RED]
    assert states == expected
    assert light_state(15.0, 1, 10.0, 3.0, 2.0) == Light.GREEN
    assert cycle_time(2, 10.0, 3.0, 2.0) == 30.0
    assert cycle_time(1, 10.0, 3.0, 2.0) == 30.0  # a lone phase is red for as long as it is open


@given(st.floats(0, 75), st.integers(2, 5))
def test_two_phases_of_one_junction_are_never_open_together(clock: float, phases: int) -> None:
    states = [light_state(clock, phase, 10.0, 3.0, 2.0) for phase in range(phases)]
    assert sum(state in (Light.GREEN, Light.YELLOW) for state in states) <= 1
