"""Careless drivers: what they do wrong, and how many do it."""

from __future__ import annotations

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.traffic.kinds import D_HEADWAY
from roadworthy.sim.world.columns import Actor, Flaw, Tuning
from roadworthy.sim.world.layout import Rules, State

FLAWS, SPEED = int(Actor.FLAWS), int(Actor.SPEED)
T_CARELESS = int(Tuning.CARELESS)
LATE_BRAKE, NO_LOOK, RUNS_RED, TAILGATES, JAYWALKS = (
    int(Flaw.LATE_BRAKE),
    int(Flaw.NO_LOOK),
    int(Flaw.RUNS_RED),
    int(Flaw.TAILGATES),
    int(Flaw.JAYWALKS),
)

LATE = 3.5  # [m/s^2] a late braker does not brake for less
LATE_FROM = 4.0  # [m/s] nor is late below
CLOSE = 0.45  # of the headway is what a tailgater keeps
RED_RUN = 1.5  # [s] of red that a runner takes for yellow


@inlined_kernel
def give_flaws(w: int, a: int, state: State, rules: Rules) -> None:
    """Draw what the driver of vehicle `a` does wrong."""
    flaws, careless = 0, state.tuning[w, T_CARELESS]
    if draw(w, state) < rules.late_brake_share * careless:
        flaws |= LATE_BRAKE
    if draw(w, state) < rules.no_look_share * careless:
        flaws |= NO_LOOK
    if draw(w, state) < rules.red_runner_share * careless:
        flaws |= RUNS_RED
    if draw(w, state) < rules.tailgate_share * careless:
        flaws |= TAILGATES
        state.driver[w, a, D_HEADWAY] *= CLOSE
    state.actors[w, a, FLAWS] = flaws


@kernel
def brake_late(accel: float, speed: float) -> float:
    """What a late braker makes of the acceleration that it should choose."""
    if -LATE < accel < 0.0 and speed > LATE_FROM:
        return 0.0
    return accel
