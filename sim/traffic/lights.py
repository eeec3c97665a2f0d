"""Traffic lights: the state of a signal is a function of time, group and phase."""

from __future__ import annotations

from roadworthy.sim.kernel import kernel
from roadworthy.sim.world.columns import Light
from roadworthy.sim.world.layout import Roads, Rules, State

RED, YELLOW, GREEN, OFF = int(Light.RED), int(Light.YELLOW), int(Light.GREEN), int(Light.OFF)


@kernel
def light_state(
    time: float, phase: int, phases: int, green: float, yellow: float, all_red: float
) -> int:
    """State of a light in `phase` of a group with `phases` phases, `time` seconds in."""
    slot = green + yellow + all_red
    within = time % (slot * phases) - slot * phase
    if within < 0.0 or within >= slot:
        return RED
    if within < green:
        return GREEN
    if within < green + yellow:
        return YELLOW
    return RED


@kernel
def update_lights(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Set `state.lights[w]` from the world's time and its groups' offsets."""
    for k in range(roads.signal_group.shape[0]):
        group = roads.signal_group[k]
        if group < 0:
            state.lights[w, k] = OFF
            continue
        state.lights[w, k] = light_state(
            state.time[w] + state.light_offset[w, group],
            roads.signal_phase[k],
            max(roads.group_phases[group], 2),
            rules.green,
            rules.yellow,
            rules.all_red,
        )
