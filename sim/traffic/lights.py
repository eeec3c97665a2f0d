"""Traffic lights: each group has a clock, and a signal's state follows from its phase."""

from __future__ import annotations

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.world.columns import Light, Tuning
from roadworthy.sim.world.layout import Roads, Rules, State

RED, YELLOW, GREEN, OFF = int(Light.RED), int(Light.YELLOW), int(Light.GREEN), int(Light.OFF)

T_GREEN = int(Tuning.GREEN)


@kernel
def light_state(clock: float, phase: int, green: float, yellow: float, all_red: float) -> int:
    """State of a light in `phase` of a group whose cycle began `clock` seconds ago."""
    within = clock - (green + yellow + all_red) * phase
    if within < 0.0 or within >= green + yellow:
        return RED
    return GREEN if within < green else YELLOW


@kernel
def cycle_time(phases: int, green: float, yellow: float, all_red: float) -> float:
    """Seconds in which each phase of a group has its turn; a lone phase has a red one too."""
    return (green + yellow + all_red) * max(phases, 2)


@inlined_kernel
def show_lights(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Set `state.lights[w]` from the clocks of the groups."""
    green = rules.green * state.tuning[w, T_GREEN]
    for k in range(roads.signal_group.shape[0]):
        group = roads.signal_group[k]
        if group < 0:
            state.lights[w, k] = OFF
        else:
            state.lights[w, k] = light_state(
                state.light_clock[w, group],
                roads.signal_phase[k],
                green,
                rules.yellow,
                rules.all_red,
            )


@inlined_kernel
def run_lights(w: int, time: float, roads: Roads, state: State, rules: Rules) -> None:
    """Let `time` seconds pass for the lights of world `w`."""
    green = rules.green * state.tuning[w, T_GREEN]
    for g in range(roads.group_phases.shape[0]):
        cycle = cycle_time(roads.group_phases[g], green, rules.yellow, rules.all_red)
        clock = state.light_clock[w, g] + time
        state.light_clock[w, g] = clock - cycle if clock >= cycle else clock
    show_lights(w, roads, state, rules)
