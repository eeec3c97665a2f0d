from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.physics.bicycle import inverse
from roadworthy.sim.physics.kinds import profile_of
from roadworthy.sim.physics.profile import SPEED_STEP, VehicleProfile
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Kind
from roadworthy.sim.world.settings import WorldSettings

SIZES = {
    Kind.CAR: (4.5, 1.85, 1.5),
    Kind.VAN: (5.5, 2.0, 2.4),
    Kind.TRUCK: (7.5, 2.4, 3.2),
    Kind.BUS: (10.3, 2.5, 3.2),
    Kind.MOTORCYCLE: (2.2, 0.8, 1.5),
    Kind.BICYCLE: (1.8, 0.6, 1.7),
}


def seconds_to(profile: VehicleProfile, speed: float) -> float:
    """Time from a stand to `speed` [m/s] at full throttle, from the table."""
    rows = profile.accel_table[: round(speed / SPEED_STEP), -1]
    return float((SPEED_STEP / rows).sum()) if (rows > 0).all() else np.inf


def test_kinds_differ_as_they_do_on_the_road() -> None:
    p = {kind: profile_of(kind, *size) for kind, size in SIZES.items()}
    # A family car needs about 10 s to 100 km/h, a truck or a bus 15 to 40 s to 50 km/h and no
    # cyclist gets there.
    assert 7.0 < seconds_to(p[Kind.CAR], 100 / 3.6) < 13.0
    assert seconds_to(p[Kind.MOTORCYCLE], 100 / 3.6) < seconds_to(p[Kind.CAR], 100 / 3.6)
    for kind in (Kind.TRUCK, Kind.BUS):
        assert 7.0 < seconds_to(p[kind], 50 / 3.6) < 40.0
    assert seconds_to(p[Kind.BICYCLE], 50 / 3.6) == np.inf
    assert p[Kind.BUS].grip < p[Kind.CAR].grip  # it would tip over before it slides
    assert p[Kind.BUS].l_rear > p[Kind.CAR].l_rear


def test_a_load_makes_a_truck_slow_and_its_way_to_a_stop_long() -> None:
    empty = profile_of(Kind.TRUCK, *SIZES[Kind.TRUCK], mass=6000.0)
    full = profile_of(Kind.TRUCK, *SIZES[Kind.TRUCK], mass=12000.0)
    assert seconds_to(full, 14.0) > 1.5 * seconds_to(empty, 14.0)
    assert full.accel_table[20, 0] > empty.accel_table[20, 0]


@given(
    st.sampled_from(list(SIZES)), st.floats(0.6, 1.6), st.floats(0.5, 2.0), st.floats(0, 40),
    st.floats(-9, 5), st.floats(-0.3, 0.3),
)  # fmt: skip
def test_any_size_and_mass_gives_a_profile_that_can_be_inverted(
    kind: Kind, scale: float, load: float, speed: float, accel: float, curvature: float
) -> None:
    length, width, height = (side * scale for side in SIZES[kind])
    usual = profile_of(kind, length, width, height)
    profile = profile_of(kind, length, width, height, usual.mass * load)
    assert np.isfinite(profile.accel_table).all()
    assert (np.diff(profile.accel_table, axis=1) > 0).all()
    assert (profile.accel_table[:, 0] < 0).all()
    throttle, brake, steer = inverse(profile, speed, accel, curvature)
    assert min(throttle, brake) == 0.0
    assert 0.0 <= max(throttle, brake) <= 1.0
    assert -1.0 <= steer <= 1.0


@pytest.mark.parametrize("kind", list(SIZES))
def test_every_kind_can_be_the_ego(rivertown: Town, river_routes: RouteSet, kind: Kind) -> None:
    profile = profile_of(kind, *SIZES[kind])
    settings = WorldSettings(vehicles=0, walkers=0)
    batch = BatchWorld(rivertown, river_routes, 1, settings=settings, profile=profile)
    for _ in range(40):
        batch.step(np.array([[1, 0, 0]], np.float32))
    assert batch.actors[0, 0, Actor.SPEED] > 2.0
    for _ in range(60):
        batch.step(np.array([[0, 1, 0]], np.float32))
    assert batch.actors[0, 0, Actor.SPEED] == 0.0


def test_what_is_no_vehicle_is_refused() -> None:
    with pytest.raises(SettingsError, match="walker is no vehicle"):
        profile_of(Kind.WALKER, 0.5, 0.6, 1.8)
    with pytest.raises(SettingsError, match="above 0"):
        profile_of(Kind.CAR, 4.5, 1.8, 1.5, 0.0)
