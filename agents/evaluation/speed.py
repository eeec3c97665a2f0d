"""How fast an evaluation drives: simulated seconds for each second of one core."""

from __future__ import annotations

import time

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import drive
from roadworthy.agents.evaluation.routes import load_scenarios
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town

SUITE = "ci"
_WARM = 2.0  # [s] driven before it counts: kernels load, a town's roads are arranged


def simulated_rate(
    agent: Agent, *, seeds: int = 3, seed: int = 0, time_limit: float | None = None
) -> float:
    """Simulated seconds for each second of processor time, over the suite ci.

    Worlds are made and scores are summed up within; loading towns and models is not.

    Args:
        agent: who drives.
        seeds: how often the suite is driven; the best of them counts, for others on the machine
            only ever slow it.
        seed: the first one.
        time_limit: [s] of the world's time after which a drive ends.
    """
    scenarios = load_scenarios(SUITE)
    towns: dict[str, Town] = {}
    for scenario in scenarios:
        if scenario.town not in towns:
            towns[scenario.town] = load_town(scenario.town)
            drive(agent, towns[scenario.town], scenario, time_limit=_WARM)
    best = 0.0
    for k in range(seeds):
        simulated, begin = 0.0, time.process_time()
        for scenario in scenarios:
            town = towns[scenario.town]
            simulated += drive(
                agent, town, scenario, seed=seed + k, time_limit=time_limit
            ).duration_game
        best = max(best, simulated / (time.process_time() - begin))
    return best
