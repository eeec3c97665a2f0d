"""Traffic lights: each group has a clock and times of its own; a signal follows its phase.

A group's times are drawn when a drive begins. Lights can be frozen, and set by hand: what was set
stays until it is given back.
"""

from __future__ import annotations

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.world.columns import Light, Tuning
from roadworthy.sim.world.layout import Roads, Rules, State

RED, YELLOW, GREEN, OFF = int(Light.RED), int(Light.YELLOW), int(Light.GREEN), int(Light.OFF)
T_GREEN = int(Tuning.GREEN)
BY_CLOCK = -1  # value of `State.light_hand` of a light that nobody set


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
def draw_times(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Draw the times of each group, and where in its cycle it is; all lights follow them."""
    state.frozen[w] = False
    state.light_hand[w, :] = BY_CLOCK
    for g in range(roads.group_phases.shape[0]):
        times = state.light_times[w, g]
        share = draw(w, state)
        times[0] = (
            rules.green
            * state.tuning[w, T_GREEN]
            * (1.0 + rules.light_spread * (2.0 * draw(w, state) - 1.0))
        )
        times[1] = rules.yellow
        times[2] = rules.all_red * (1.0 + rules.light_spread * (2.0 * draw(w, state) - 1.0))
        cycle = cycle_time(roads.group_phases[g], times[0], times[1], times[2])
        state.light_clock[w, g] = share * cycle


@inlined_kernel
def show_group(w: int, group: int, roads: Roads, state: State) -> None:
    """Set the lights of one group from its clock, and note for how long they stay so."""
    clock, times = state.light_clock[w, group], state.light_times[w, group]
    green, yellow, all_red = times[0], times[1], times[2]
    for k in range(roads.group_start[group], roads.group_start[group + 1]):
        signal = roads.group_signal[k]
        if state.light_hand[w, signal] == BY_CLOCK:
            phase = roads.signal_phase[signal]
            state.lights[w, signal] = light_state(clock, phase, green, yellow, all_red)
    slot = green + yellow + all_red
    begin = int(clock / slot) * slot
    span = state.light_span[w, group]
    within = clock - begin
    if within < green:
        span[0], span[1] = begin, begin + green
    elif within < green + yellow:
        span[0], span[1] = begin + green, begin + green + yellow
    else:
        span[0], span[1] = begin + green + yellow, begin + slot


@kernel
def show_lights(w: int, roads: Roads, state: State) -> None:
    """Set `state.lights[w]` from the clocks of the groups and what was set by hand."""
    for signal in range(roads.signal_group.shape[0]):
        hand = state.light_hand[w, signal]
        if hand != BY_CLOCK:
            state.lights[w, signal] = hand
        elif roads.signal_group[signal] < 0:
            state.lights[w, signal] = OFF
    for group in range(roads.group_phases.shape[0]):
        show_group(w, group, roads, state)


@inlined_kernel
def run_lights(w: int, time: float, roads: Roads, state: State) -> None:
    """Let `time` seconds pass for the lights of world `w`."""
    if state.frozen[w]:
        return
    for g in range(roads.group_phases.shape[0]):
        clock, span = state.light_clock[w, g] + time, state.light_span[w, g]
        if clock >= span[1] or clock < span[0]:
            times = state.light_times[w, g]
            cycle = cycle_time(roads.group_phases[g], times[0], times[1], times[2])
            state.light_clock[w, g] = clock - cycle if clock >= cycle else clock
            show_group(w, g, roads, state)
        else:
            state.light_clock[w, g] = clock


@inlined_kernel
def red_since(w: int, signal: int, roads: Roads, state: State) -> float:
    """Seconds for which a light has been red; a long time where it was set by hand."""
    group = roads.signal_group[signal]
    if group < 0 or state.frozen[w] or state.light_hand[w, signal] != BY_CLOCK:
        return 1e6
    green, yellow, all_red = (
        state.light_times[w, group, 0],
        state.light_times[w, group, 1],
        state.light_times[w, group, 2],
    )
    phase = roads.signal_phase[signal]
    since = state.light_clock[w, group] - (green + yellow + all_red) * phase - green - yellow
    if since < 0.0:
        since += cycle_time(roads.group_phases[group], green, yellow, all_red)
    return float(since)
