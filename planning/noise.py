"""Noise on Scenes: what perception does to the truth, so that the policy is used to it."""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import MAX_USERS, EgoCol, LightCol, Scene, User
from roadworthy.sim.rng import derive, normal, uniform


@dataclass(frozen=True)
class SceneNoise:
    """How far a perceived Scene is from the truth. Sigmas are of one frame."""

    position: float = 0.3  # [m]
    velocity: float = 0.4  # [m/s]
    heading: float = 0.05  # [rad]
    size: float = 0.1  # share of the size
    miss: float = 0.05  # probability that a user is not seen in one frame
    light: float = 0.01  # probability that a light's state is not seen
    # [m] White noise of this size hides where the line is, and the policy goes by other marks, such
    # as the junction behind it; map and pose are off by an error that changes slowly.
    light_distance: float = 0.1
    light_drift: float = 0.3  # [m] of the line, constant for `DRIFT_TIME`
    lateral: float = 0.05  # [m] of the ego beside the route
    course: float = 0.01  # [rad] of the ego against the route

    def packed(self) -> NDArray[np.float64]:
        """The constants in the order of their fields, as the kernel reads them."""
        return np.array([getattr(self, name) for name in self.__dataclass_fields__], np.float64)


DRIFT_TIME = 50  # observations
_X, _Y, _COS, _SIN = int(User.X), int(User.Y), int(User.COS), int(User.SIN)
_VX, _VY, _LENGTH, _WIDTH = int(User.VX), int(User.VY), int(User.LENGTH), int(User.WIDTH)
_STATE, _DISTANCE = int(LightCol.STATE), int(LightCol.DISTANCE)
_LATERAL, _HEADING = int(EgoCol.LATERAL), int(EgoCol.HEADING)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _disturb(users, valid, light, ego, rows, k, key, count):
    for i in prange(len(rows)):
        w = rows[i]
        world = derive(derive(key, w), count)
        for u in range(MAX_USERS):
            if not valid[w, u]:
                continue
            draw = derive(world, u)
            if uniform(draw, 99) < k[4]:
                valid[w, u] = False
                users[w, u, :] = 0.0
                continue
            row = users[w, u]
            row[_X] += k[0] * normal(draw, 0)
            row[_Y] += k[0] * normal(draw, 1)
            # Standing things are seen to stand: the tracker sees to it.
            share = min(1.0, 0.3 + 0.5 * np.hypot(float(row[_VX]), float(row[_VY])))
            row[_VX] += share * k[1] * normal(draw, 2)
            row[_VY] += share * k[1] * normal(draw, 3)
            turn = k[2] * normal(draw, 4)
            cos, sin = row[_COS], row[_SIN]
            row[_COS] = cos * np.cos(turn) - sin * np.sin(turn)
            row[_SIN] = sin * np.cos(turn) + cos * np.sin(turn)
            row[_LENGTH] *= 1.0 + k[3] * max(min(normal(draw, 5), 3.0), -3.0)
            row[_WIDTH] *= 1.0 + k[3] * max(min(normal(draw, 6), 3.0), -3.0)
        draw = derive(world, MAX_USERS)
        if light[w, _STATE] > 0.5:
            if uniform(draw, 99) < k[5]:
                light[w, _STATE] = 0.0
            light[w, _DISTANCE] += k[6] * normal(draw, 0)
            slow = derive(derive(key, w), (1 << 40) + count // DRIFT_TIME)
            light[w, _DISTANCE] += k[7] * normal(slow, 0)
        ego[w, _LATERAL] += k[8] * normal(draw, 1)
        ego[w, _HEADING] += k[9] * normal(draw, 2)


class Disturbance:
    """Applies SceneNoise to batched Scenes; the same seed draws the same noise."""

    def __init__(self, noise: SceneNoise, worlds: int, seed: int) -> None:
        self.noise = noise
        self._packed = noise.packed()
        self._key = np.uint64(derive(np.uint64(seed), 0x5CE))
        self._count = 0
        self._scene = Scene.empty(worlds)
        self._all = np.arange(worlds)

    def of(self, scene: Scene, rows: NDArray[np.int64] | None = None) -> Scene:
        """Return a disturbed copy (a buffer of its own, overwritten by the next call).

        Args:
            scene: the true, batched Scene.
            rows: of the worlds to copy and disturb; the others stay as they were in the copy
                before. All of them by default.
        """
        mine = self._scene
        if rows is None:
            rows = self._all
        for name in ("users", "valid", "light", "route", "ego"):
            getattr(mine, name)[rows] = getattr(scene, name)[rows]
        _disturb(
            mine.users, mine.valid, mine.light, mine.ego, rows, self._packed, self._key, self._count
        )
        self._count += 1
        return mine
