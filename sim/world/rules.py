"""Rules: WorldSettings as the kernels read them."""

from __future__ import annotations

from roadworthy.sim.physics.profile import VehicleProfile
from roadworthy.sim.world.layout import Rules
from roadworthy.sim.world.settings import WorldSettings


def rules_of(settings: WorldSettings, staged: int, profile: VehicleProfile) -> Rules:
    """Make the rules of a world.

    Args:
        settings: of the world.
        staged: slots for the actors of scenario events and for guests.
        profile: the ego's vehicle.
    """
    s = settings
    return Rules(
        tick=s.tick,
        vehicles=s.vehicles,
        staged=staged,
        walkers=s.walkers,
        first_walker=1 + s.vehicles + staged,
        everybody=1 + s.vehicles + staged + s.walkers,
        spawn_near=s.spawn_near,
        spawn_far=s.spawn_far,
        green=s.green_time,
        yellow=s.yellow_time,
        all_red=s.all_red_time,
        light_spread=s.light_spread,
        late_brake_share=s.late_brake_share,
        no_look_share=s.no_look_share,
        red_runner_share=s.red_runner_share,
        tailgate_share=s.tailgate_share,
        jaywalk_share=s.jaywalk_share,
        deviation=s.deviation,
        blocked_time=s.blocked_time,
        profile=profile.arrays(),
    )
