from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from roadworthy.agents.evaluation.report import Driven, Report
from roadworthy.agents.evaluation.results import Incident, Record, RecordMeta, Scores
from roadworthy.agents.evaluation.series import Series
from roadworthy.control.timing import StageTimes
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of


@pytest.fixture(scope="session")
def network() -> RoadNetwork:
    return load_network_of("Marlow")


@pytest.fixture(scope="session")
def routes(network: RoadNetwork) -> list[Route]:
    return random_routes(network, 1, 1, min_length=100.0, max_length=300.0)


def _incident(kind: str, time: float, x: float, y: float, message: str) -> Incident:
    return Incident(kind=kind, time=time, x=x, y=y, z=0.0, message=message)


def _record(route: str, seed: int, score: float, *found: Incident, status: str = "") -> Record:
    """A record of a route of 500 m in Marlow; it arrived unless `status` says how it failed."""
    kinds: dict[str, list[str]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one.message)
    completion = 50.0 if status else 100.0
    return Record(
        index=seed,
        route_id=f"RouteScenario_{route}_rep{seed}",
        status=status or ("Completed" if found else "Perfect"),
        infractions=kinds,
        scores=Scores(
            score_route=completion, score_penalty=score / completion, score_composed=score
        ),
        meta=RecordMeta(
            route_length=500.0,
            town="Marlow",
            seed=seed,
            incidents=list(found),
            duration_game=33.0,
            score_composed_2_1=score,
        ),
    )


@pytest.fixture
def incident() -> Callable[..., Incident]:
    """Makes an infraction of (kind, time, x, y, message)."""
    return _incident


@pytest.fixture
def record() -> Callable[..., Record]:
    """Makes a drive of (route, seed, score, *incidents, status=how it failed)."""
    return _record


@pytest.fixture
def poor() -> Record:
    """A drive with three infractions, two of them at one place."""
    return _record(
        "a<b",
        0,
        24.5,
        _incident("red_light", 12.5, 1.0, 2.0, "Agent ran a <red> light at (x=1.00)"),
        _incident("red_light", 20.0, 1.0, 2.0, "Agent ran a red light at (x=1.00)"),
        _incident("route_dev", 33.0, 50.0, 2.0, "Agent deviated from the route at (x=50.00)"),
        status="Failed - Agent deviated from the route",
    )


@pytest.fixture
def samples() -> Series:
    """Ten seconds at 5 m/s where 10 m/s are allowed."""
    time = np.arange(100, dtype=np.float32) / 10
    one = np.ones(100, np.float32)
    return Series(time, 5 * time, 5 * one, 0 * one, 0 * one, 5 * time, 0 * one, 10 * one)


@pytest.fixture
def report(network: RoadNetwork, routes: list[Route], poor: Record, samples: Series) -> Report:
    """Two agents on one route, with everything that a page may have, and hostile names."""
    return Report(
        title="Two agents & <script>alert(1)</script>",
        parts=[
            Driven(
                "<b>",
                [_record("a<b", 0, 100.0)],
                stages=[StageTimes("planning", 300, 0.3, 0.25, 0.75, 3.0)],
            ),
            Driven("poor", [poor], "new & bad", series={poor.route_id: samples}),
        ],
        routes=routes,
        networks={"Marlow": network},
        settings={"seed": 3, "settings": {"vehicles": 20}, "tasks": [["a", 0]]},
        curve=[
            {"phase": "imitate", "round": 1.0, "agreement": 0.5},
            {"phase": "imitate", "round": 2.0, "agreement": 0.75},
            {"phase": "ppo", "steps": 8192.0, "return": -3.0, "completion": 0.4},
            {"phase": "ppo", "steps": 16384.0, "return": 5.0, "completion": 0.6},
        ],
        pictures=[("a moment", np.full((20, 40, 3), 90, np.uint8))],
        video="drive.mp4",
    )
