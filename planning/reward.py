"""Reward: progress along the route, scaled down by what was not nice, less terminal penalties.

The simple reward of CaRL (Jaeger et al., CaRL: Learning Scalable Planning Policies with Simple
Rewards, 2025; arXiv 2504.17838): progress times a product of soft terms in [0, 1], minus a
penalty that ends the episode. There is no term for a target speed: standing still pays nothing
anywhere, and costs a trifle (`RewardSettings.waiting`).
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import MAX_USERS, EgoCol, LightCol, LightState, Scene, User
from roadworthy.sim.kernel import kernel
from roadworthy.sim.world.columns import Actor, Ego, Event


@dataclass(frozen=True)
class RewardSettings:
    """Constants of the reward; those without a source were chosen here."""

    # [1/m] A perfect drive of 60 s at 8 m/s, about 480 m, returns about 25 (FIELD_NOTES 3.3).
    per_metre: float = 0.05
    # [m] off the route's centre before the factor below applies (CaRL).
    centre_tolerance: float = 0.5
    centre_factor: float = 0.75  # CaRL: 0.5, after 3 s; here at once, hence milder
    # [m/s] above the limit at which progress counts nothing (CaRL: 5 mph).
    overspeed_range: float = 2.23
    # [s] time to collision below which the factor applies (CaRL, 1 s).
    ttc: float = 1.0
    ttc_factor: float = 0.3  # CaRL: 0.5
    ttc_hold: float = 2.0  # [s] it goes on to apply; episodes are short (FIELD_NOTES 3.3)
    # Comfort bounds of nuPlan (Caesar et al., 2021): longitudinal [m/s^2], lateral [m/s^2],
    # jerk [m/s^3], yaw rate [rad/s]; each that is broken costs 0.5 / 4.
    max_accel: float = 2.40
    max_braking: float = 4.05
    max_lateral: float = 4.89
    max_jerk: float = 8.37
    max_yaw_rate: float = 0.95
    # Half a route's return: with 2 the policy drove 17 % faster than its teacher, into others.
    collision: float = 6.0
    collision_per_speed: float = 0.3  # [s/m] as in GIGAFLOW, arXiv 2502.03349
    walker_factor: float = 2.0  # leaderboard: a walker weighs more than a vehicle
    red_light: float = 5.0  # CaRL: as much as a collision
    off_road: float = 4.0
    blocked: float = 4.0  # a stand-still of `blocked_time` (training only)
    blocked_time: float = 90.0  # [s] longer than a red phase of four groups
    # Per step below 0.5 m/s, whatever the reason: breaks ties in stand-offs. A red phase of 20 s
    # costs 0.1, as much as 2 m of progress pay.
    waiting: float = 0.0005
    # Per decision that asks to accelerate towards what must not be passed or touched: a red line
    # or a standing bumper less than `creep_reach` ahead. Rate limits swallow single wishes, so
    # without this a policy that stands at a red light wishes to go in half of its decisions, and
    # does so in any town that differs a little.
    creep: float = 0.05
    creep_reach: float = 1.5  # [m]

    def packed(self) -> NDArray[np.float64]:
        """The constants in the order of their fields, as the kernel reads them."""
        return np.array([getattr(self, name) for name in self.__dataclass_fields__], np.float64)


_PARALLEL_FROM = 64  # worlds
_X, _Y, _YAW_RATE, _SPEED = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW_RATE),
    int(Actor.SPEED),
)
_ACCEL = int(Actor.ACCEL)
_S = int(Ego.ROUTE_S)
_PROGRESS, _LATERAL, _LAT_ACC = int(Ego.PROGRESS), int(Ego.ROUTE_LATERAL), int(Ego.LATERAL_ACCEL)
_BLOCKED = int(Ego.BLOCKED_TIME)
_E_VEHICLE, _E_WALKER, _E_STATIC = (
    int(Event.COLLISION_VEHICLE),
    int(Event.COLLISION_WALKER),
    int(Event.COLLISION_STATIC),
)
_E_RED, _E_OFF, _E_WRONG = int(Event.RED_LIGHT), int(Event.OFF_ROAD), int(Event.WRONG_LANE)
_E_DEVIATION, _E_BLOCKED = int(Event.ROUTE_DEVIATION), int(Event.BLOCKED)
_E_FINISHED, _E_TIMEOUT = int(Event.FINISHED), int(Event.TIMEOUT)
_LIMIT, _EL, _EW = int(EgoCol.SPEED_LIMIT), int(EgoCol.LENGTH), int(EgoCol.WIDTH)
_LSTATE, _LDISTANCE, _RED = int(LightCol.STATE), int(LightCol.DISTANCE), int(LightState.RED)
# [m] of the ego's front beyond a red light's line at which the penalty comes. The leaderboard
# counts the tail; but by then the light is out of the Scene (after 1 m), and the policy would
# learn that creeping over the line makes red lights go away. Until then it should know how to stay.
_OVER = 0.8
_STANDS = 0.5  # [m/s] a slower user ahead is no reason to close up
_UX, _UY, _UVX, _UVY = int(User.X), int(User.Y), int(User.VX), int(User.VY)
_UL, _UW, _UC, _US = int(User.LENGTH), int(User.WIDTH), int(User.COS), int(User.SIN)


@kernel
def _about_to_collide(users, valid, ego, yaw_rate, speed, horizon):
    """True where constant speeds lead the ego's box into a user's within the horizon."""
    hl, hw = 0.5 * ego[_EL], 0.5 * ego[_EW]
    first, last = MAX_USERS, -1
    for u in range(MAX_USERS):
        if valid[u] and not (users[u, _UX] < -hl or users[u, _UX] > 20.0):
            first, last = min(first, u), u
    if last < 0:
        return False
    # The ego drives an arc: its chord points half as far round as its heading.
    half = 0.1 * horizon * yaw_rate
    half_c, half_s = np.cos(half), np.sin(half)
    chord_c, chord_s = 1.0, 0.0
    for i in range(1, 6):
        t = 0.2 * i * horizon
        chord_c, chord_s = chord_c * half_c - chord_s * half_s, chord_s * half_c + chord_c * half_s
        ex, ey = speed * t * chord_c, speed * t * chord_s
        c, s = chord_c * chord_c - chord_s * chord_s, 2.0 * chord_c * chord_s
        for u in range(first, last + 1):
            user = users[u]
            if not valid[u] or user[_UX] < -hl or user[_UX] > 20.0:
                continue
            dx = user[_UX] + user[_UVX] * t - ex
            dy = user[_UY] + user[_UVY] * t - ey
            ul = 0.5 * (abs(user[_UC]) * user[_UL] + abs(user[_US]) * user[_UW])
            uw = 0.5 * (abs(user[_US]) * user[_UL] + abs(user[_UC]) * user[_UW])
            if abs(c * dx + s * dy) < hl + ul and abs(c * dy - s * dx) < hw + uw:
                return True
    return False


@kernel
def _must_not_creep(users, valid, ego, light, reach):
    """True where a red line or a standing user's bumper is less than `reach` [m] ahead."""
    if light[_LSTATE] == _RED and -1.0 < light[_LDISTANCE] < reach:
        return True
    hl, hw = 0.5 * ego[_EL], 0.5 * ego[_EW]
    for u in range(MAX_USERS):
        user = users[u]
        if not valid[u] or user[_UX] < 0.0 or user[_UX] > 20.0 or abs(user[_UVX]) > _STANDS:
            continue
        ul = 0.5 * (abs(user[_UC]) * user[_UL] + abs(user[_US]) * user[_UW])
        uw = 0.5 * (abs(user[_US]) * user[_UL] + abs(user[_UC]) * user[_UW])
        if user[_UX] - hl - ul < reach and abs(user[_UY]) < hw + uw:
            return True
    return False


def _reward(
    wish,
    actors,
    ego,
    events,
    light,
    scene_ego,
    users,
    valid,
    k,
    dt,
    progress,
    accel,
    hold,
    impact,
    line,
    reward,
    ended,
):
    for w in prange(len(ego)):
        me, e, ev = actors[w, 0], ego[w], events[w]
        speed = float(me[_SPEED])
        gain = k[0] * max(float(e[_PROGRESS]) - progress[w], 0.0)
        soft = 1.0
        if abs(e[_LATERAL]) > k[1]:
            soft *= k[2]
        over = speed - scene_ego[w, _LIMIT] - 0.3
        if over > 0.0:
            soft *= max(0.0, 1.0 - over / k[3])
        if ev[_E_WRONG] > 0 or ev[_E_OFF] > 0:
            soft = 0.0
        bad = 0
        if me[_ACCEL] > k[7] or me[_ACCEL] < -k[8]:
            bad += 1
        if abs(e[_LAT_ACC]) > k[9]:
            bad += 1
        if abs(me[_ACCEL] - accel[w]) / dt > k[10]:
            bad += 1
        if abs(me[_YAW_RATE]) > k[11]:
            bad += 1
        soft *= 1.0 - 0.125 * bad
        hold[w] = max(hold[w] - dt, 0.0)
        rate = float(me[_YAW_RATE])
        if speed > 0.5 and _about_to_collide(users[w], valid[w], scene_ego[w], rate, speed, k[4]):
            hold[w] = k[6]
        if hold[w] > 0.0:
            soft *= k[5]
        r = gain * soft
        if speed < 0.5:
            r -= k[19]
        if wish[w] > 0.0 and _must_not_creep(users[w], valid[w], scene_ego[w], light[w], k[21]):
            r -= k[20]
        end = 0
        hit = ev[_E_VEHICLE] > 0 or ev[_E_WALKER] > 0 or ev[_E_STATIC] > 0
        if hit and impact[w] < 0.05 and speed < 0.05:
            end = 2  # run into while standing: nothing to learn from
        elif hit:
            factor = k[14] if ev[_E_WALKER] > 0 else 1.0
            r -= factor * (k[12] + k[13] * impact[w])
            end = 1
        elif ev[_E_RED] > 0 or (line[w, 1] > -_OVER and line[w, 1] - (e[_S] - line[w, 0]) < -_OVER):
            r -= k[15]
            end = 1
        elif ev[_E_DEVIATION] > 0 or abs(e[_LATERAL]) > 4.0:
            r -= k[16]
            end = 1
        elif ev[_E_BLOCKED] > 0 or e[_BLOCKED] > k[18]:
            r -= k[17]
            end = 1
        elif ev[_E_FINISHED] > 0 or ev[_E_TIMEOUT] > 0:
            end = 2
        reward[w], ended[w] = r, end
        line[w, 0] = e[_S]
        line[w, 1] = light[w, _LDISTANCE] if light[w, _LSTATE] == _RED else -10.0
        progress[w] = max(progress[w], float(e[_PROGRESS]))
        accel[w] = me[_ACCEL]
        impact[w] = speed


@kernel
def _begin(mask, actors, ego, progress, accel, hold, speed, line):
    for w in range(len(mask)):
        if mask[w]:
            progress[w] = ego[w, _PROGRESS]
            accel[w] = actors[w, 0, _ACCEL]
            speed[w] = actors[w, 0, _SPEED]
            hold[w], line[w, 1] = 0.0, -10.0


_serial = njit(cache=True, nogil=True, error_model="numpy")(_reward)
_parallel = njit(cache=True, nogil=True, error_model="numpy", parallel=True)(_reward)


class Reward:
    """Reward of a batch of worlds, with the little it must remember of each.

    Shapes: W worlds; `value` float32 [W]; `ended` int8 [W]: 0 goes on, 1 over (no future),
    2 cut off (finished or out of time: the future is worth what the critic says).
    """

    def __init__(self, worlds: int, settings: RewardSettings | None = None) -> None:
        self.settings = settings or RewardSettings()
        self._packed = self.settings.packed()
        self._progress = np.zeros(worlds)
        self._accel = np.zeros(worlds)
        self._hold = np.zeros(worlds)
        self._speed = np.zeros(worlds)  # before the step: at impact it is lost already
        # Route position, and metres to a red light's line as of then; -10 where there is none.
        self._line = np.zeros((worlds, 2))
        self.value = np.zeros(worlds, np.float32)
        self.ended = np.zeros(worlds, np.int8)

    def begin(
        self, mask: NDArray[np.bool_], actors: NDArray[np.float32], ego: NDArray[np.float32]
    ) -> None:
        """Forget the past of the worlds in `mask`, bool [W], which have just been reset."""
        _begin(mask, actors, ego, self._progress, self._accel, self._hold, self._speed, self._line)

    def step(
        self,
        actors: NDArray[np.float32],
        ego: NDArray[np.float32],
        events: NDArray[np.int32],
        scene: Scene,
        dt: float,
        wish: NDArray[np.float32],
    ) -> None:
        """Write `value` and `ended` of the step that has just been made.

        Args:
            actors: float32 [W, A, Actor].
            ego: float32 [W, Ego].
            events: int32 [W, Event] of this step.
            scene: the true Scene after the step, batched.
            dt: [s] that the step took.
            wish: float32 [W] acceleration [m/s^2] that was asked for, before limits of its rate.
        """
        run = _parallel if len(ego) >= _PARALLEL_FROM and get_num_threads() > 1 else _serial
        run(
            wish,
            actors,
            ego,
            events,
            scene.light,
            scene.ego,
            scene.users,
            scene.valid,
            self._packed,
            dt,
            self._progress,
            self._accel,
            self._hold,
            self._speed,
            self._line,
            self.value,
            self.ended,
        )
