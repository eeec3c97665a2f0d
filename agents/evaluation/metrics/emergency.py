"""Yielding to emergency vehicles: did the ego hold one up that came from behind?

The leaderboard's YieldToEmergencyVehicleTest (scenario_runner, `atomic_criteria.py`, 0.9.16)
compares the mean speed of the emergency vehicle with its wanted one: below 70 % is an
infraction, one for each event. Here the mean is over the time that the vehicle is close behind
the ego, and the time in which the ego gives way counts as free:

    percent = 100 * mean over that time of (1 where the ego gives way, else
                                            min(max(vehicle's speed, ego's speed) / wanted, 1))

so that neither other traffic nor the moment in which the vehicle passes one that stopped for it
is the ego's fault. An ego gives way where it keeps at least 0.6 m to the right of the middle of
its lane, or stands; that is what makes the vehicle of our events pass (sim/scenario/chase.py).
The verdict falls when the vehicle has passed, the event is over, or the drive ends.
"""

from __future__ import annotations

ENOUGH = 70.0  # [%] success_value
BEHIND = 30.0  # [m] between the bodies; farther away it is not yet the ego that is in the way
MAKES_WAY = 0.6  # [m] to the right of the middle of the lane
STANDS = 0.3  # [m/s]


class EmergencyYield:
    """Collects how one emergency vehicle got on."""

    def __init__(self, wanted: float) -> None:
        """Begin with a vehicle that wants to drive `wanted` m/s."""
        self._wanted = wanted
        self._total = 0.0
        self._count = 0
        self._closed = False

    @property
    def percent(self) -> float | None:
        """Share of the wanted speed that the ego left it so far [%]; None if it never came near."""
        return round(100.0 * self._total / self._count, 2) if self._count else None

    def note(self, gap: float, speed: float, own_speed: float, aside: float) -> None:
        """Take in one step in which the vehicle is on the road.

        Args:
            gap: from its front to the ego's rear along the ego's heading [m]; negative where it
                is beside or past the ego.
            speed: of the vehicle [m/s].
            own_speed: of the ego [m/s].
            aside: of the ego to the right of the middle of its lane [m].
        """
        if self._closed or not 0.0 < gap <= BEHIND:
            return
        gives_way = aside > MAKES_WAY or abs(own_speed) < STANDS
        share = max(speed, own_speed) / self._wanted
        self._total += 1.0 if gives_way else min(max(share, 0.0), 1.0)
        self._count += 1

    def close(self) -> float | None:
        """Judge, once: the percentage where it is an infraction, else None."""
        if self._closed:
            return None
        self._closed = True
        percent = self.percent
        return percent if percent is not None and percent < ENOUGH else None
