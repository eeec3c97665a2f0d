"""Where an evaluation drives: in embedded worlds, or on CARLA servers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from roadworthy.agents.evaluation.drive import OpenWorld
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.world.driven import EMBEDDED
from roadworthy.sim.world.world import World

LONGEST_WAIT = 86_400.0  # [s] for a server


def opener(world: str, patience: float = 0.0, anew: bool = False) -> OpenWorld:
    """What makes worlds; a server is connected to at once.

    Args:
        world: EMBEDDED, or `carla://HOST:PORT`.
        patience: how long a server may take to come [s].
        anew: a server loads its town anew for each drive, so that nothing is left of the last one.

    Raises:
        NoServerError: there is no such server.
        SettingsError: it is neither.
    """
    if world == EMBEDDED:
        return World.of
    from roadworthy.sim.carla.client.link import Address, Link
    from roadworthy.sim.carla.client.world import CarlaWorld

    return partial(CarlaWorld, Link.when_there(Address.of(world), patience), anew=anew)


def checked(worlds: str | Sequence[str], patience: float = 0.0) -> tuple[str, ...]:
    """Worlds that can be driven in together: the embedded one, or different servers.

    Raises:
        SettingsError: they cannot.
    """
    from roadworthy.sim.carla.client.link import Address

    listed = (worlds,) if isinstance(worlds, str) else tuple(worlds)
    if not 0.0 <= patience <= LONGEST_WAIT:
        raise SettingsError(
            f"--wait-for-server is {patience:g}; give seconds from 0 to {LONGEST_WAIT:g}"
        )
    if listed in ((), (EMBEDDED,)):
        return (EMBEDDED,)
    if EMBEDDED in listed:
        raise SettingsError(
            f"--world is given as {', '.join(listed)}; one run drives in the embedded world or on "
            "servers"
        )
    servers = tuple(str(Address.of(world)) for world in listed)
    if len(set(servers)) < len(servers):
        raise SettingsError(f"--world names a server twice ({', '.join(servers)})")
    return servers


def named(worlds: Sequence[str]) -> str:
    """How a result file names them: servers without their addresses, which may change."""
    from roadworthy.sim.carla.client.link import VERSION

    return EMBEDDED if EMBEDDED in worlds else f"CARLA {VERSION}"
