"""Detections over time: which is which, and how fast each one moves.

Constant-velocity Kalman filters in the odometry frame (where standing things stand still while
the ego drives), greedy nearest-neighbour association within a gate. A thing counts once it was
seen twice, and is kept for half a second after it was last seen. Weak detections keep alive what
is followed and begin nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.perception.decode import THRESHOLDS
from roadworthy.perception.scene import MAX_USERS, USER_RANGE, User, UserClass

MAX_TRACKS: Final = 64
CONFIRMED_AFTER: Final = 2  # hits
KEPT_FOR: Final = 0.5  # [s] after the last hit
_GATE: Final = 3.5  # standard deviations
_NOISE: Final = 0.3  # [m] of a detection's position
# By UserClass: how the speed of one that is new is spread, and what acceleration to expect.
_FIRST_SPEED: Final = np.array([5.0, 1.2, 3.5], np.float32)  # [m/s]
_ACCEL: Final = np.array([2.5, 1.5, 2.0], np.float32)  # [m/s^2]
_TOP_SPEED: Final = np.array([40.0, 4.0, 15.0], np.float32)  # [m/s]
_NEW_FROM: Final = np.array(THRESHOLDS, np.float32)  # score from which a thing is new
_FORGET: Final = 0.7  # of size, heading and class, for each new detection
_COURSE_FROM: Final = 1.5  # [m/s] from which the velocity decides front from back

# Columns of a track. P_* is the covariance of one axis; both axes share it.
_X, _Y, _VX, _VY, _P00, _P01, _P11, _HX, _HY, _L, _W, _SCORE, _HITS, _AGE = range(14)
_CLASS = 14  # first of three class weights
_COLUMNS = 17


@njit(cache=True, nogil=True, error_model="numpy")
def _kind(track):  # type: ignore[no-untyped-def]
    """The likeliest class of a track."""
    return int(np.argmax(track[_CLASS : _CLASS + 3]))


@njit(cache=True, nogil=True, error_model="numpy")
def _predict(tracks, count, dt):  # type: ignore[no-untyped-def]
    """Move tracks by dt; drop old ones; return how many stay."""
    kept = 0
    for i in range(count):
        track = tracks[i]
        track[_AGE] += dt
        if track[_AGE] > KEPT_FOR + 1e-6:
            continue
        accel = _ACCEL[_kind(track)]
        track[_X] += track[_VX] * dt
        track[_Y] += track[_VY] * dt
        q = accel * accel
        track[_P00] += 2.0 * dt * track[_P01] + dt * dt * track[_P11] + 0.25 * q * dt**4
        track[_P01] += dt * track[_P11] + 0.5 * q * dt**3
        track[_P11] += q * dt * dt
        tracks[kept] = track
        kept += 1
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _correct(track, x, y, hx, hy, length, width, kind, score):  # type: ignore[no-untyped-def]
    """Take a detection into a track."""
    total = track[_P00] + _NOISE * _NOISE
    k0, k1 = track[_P00] / total, track[_P01] / total
    ix, iy = x - track[_X], y - track[_Y]
    track[_X] += k0 * ix
    track[_Y] += k0 * iy
    track[_VX] += k1 * ix
    track[_VY] += k1 * iy
    track[_P11] -= k1 * track[_P01]
    track[_P01] *= 1.0 - k0
    track[_P00] *= 1.0 - k0
    # Headings are averaged as vectors: front and back mixed up cancel until one side wins.
    track[_HX] = _FORGET * track[_HX] + (1.0 - _FORGET) * hx
    track[_HY] = _FORGET * track[_HY] + (1.0 - _FORGET) * hy
    track[_L] = _FORGET * track[_L] + (1.0 - _FORGET) * length
    track[_W] = _FORGET * track[_W] + (1.0 - _FORGET) * width
    for k in range(3):
        track[_CLASS + k] *= _FORGET
    track[_CLASS + kind] += (1.0 - _FORGET) * score
    track[_SCORE] = _FORGET * track[_SCORE] + (1.0 - _FORGET) * score
    track[_HITS] += 1.0
    track[_AGE] = 0.0
    top = _TOP_SPEED[_kind(track)]
    speed = np.hypot(track[_VX], track[_VY])
    if speed > top:
        track[_VX] *= top / speed
        track[_VY] *= top / speed


@njit(cache=True, nogil=True, error_model="numpy")
def _update(tracks, count, detections, pose, dt):  # type: ignore[no-untyped-def]
    """One step: predict, associate, correct, begin new tracks. Returns the number of tracks."""
    count = _predict(tracks, count, dt)
    n = detections.shape[0]
    c, s = np.cos(pose[2]), np.sin(pose[2])
    world = np.empty((n, 4), np.float64)
    for j in range(n):
        world[j, 0] = pose[0] + c * detections[j, 0] - s * detections[j, 1]
        world[j, 1] = pose[1] + s * detections[j, 0] + c * detections[j, 1]
        world[j, 2] = c * detections[j, 2] - s * detections[j, 3]
        world[j, 3] = s * detections[j, 2] + c * detections[j, 3]
    cost = np.full((count, n), np.inf)
    for i in range(count):
        kind, deviation = _kind(tracks[i]), np.sqrt(tracks[i, _P00] + _NOISE * _NOISE)
        for j in range(n):
            if (kind == 0) != (detections[j, 6] == 0.0):
                continue  # a vehicle does not become a walker or a cyclist
            distance = np.hypot(world[j, 0] - tracks[i, _X], world[j, 1] - tracks[i, _Y])
            if distance < min(_GATE * deviation, 4.0):
                cost[i, j] = distance / deviation
    taken = np.zeros(n, np.bool_)
    while n > 0 and count > 0:
        at = np.argmin(cost)
        i, j = at // n, at % n
        if not np.isfinite(cost[i, j]):
            break
        d = detections[j]
        _correct(
            tracks[i], world[j, 0], world[j, 1], world[j, 2], world[j, 3],
            d[4], d[5], int(d[6]), d[7],
        )  # fmt: skip
        cost[i, :] = np.inf
        cost[:, j] = np.inf
        taken[j] = True
    for j in range(n):
        track, d = tracks[min(count, tracks.shape[0] - 1)], detections[j]
        if taken[j] or count == tracks.shape[0] or d[7] < _NEW_FROM[int(d[6])]:
            continue
        track[:] = 0.0
        track[_X], track[_Y] = world[j, 0], world[j, 1]
        track[_P00], track[_P11] = _NOISE * _NOISE, _FIRST_SPEED[int(d[6])] ** 2
        track[_HX], track[_HY], track[_L], track[_W] = world[j, 2], world[j, 3], d[4], d[5]
        track[_CLASS + int(d[6])], track[_SCORE], track[_HITS] = d[7], d[7], 1.0
        count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _report(tracks, count, pose, users, valid):  # type: ignore[no-untyped-def]
    """Write confirmed tracks as road users, nearest first."""
    c, s = np.cos(pose[2]), np.sin(pose[2])
    users[:] = 0.0
    valid[:] = False
    square = np.full(count, np.inf)
    for i in range(count):
        if tracks[i, _HITS] >= CONFIRMED_AFTER:
            square[i] = (tracks[i, _X] - pose[0]) ** 2 + (tracks[i, _Y] - pose[1]) ** 2
    order = np.argsort(square, kind="mergesort")
    for slot in range(min(count, MAX_USERS)):
        track = tracks[order[slot]]
        if square[order[slot]] > USER_RANGE * USER_RANGE:
            break
        dx, dy = track[_X] - pose[0], track[_Y] - pose[1]
        vx, vy = c * track[_VX] + s * track[_VY], c * track[_VY] - s * track[_VX]
        hx, hy = c * track[_HX] + s * track[_HY], c * track[_HY] - s * track[_HX]
        norm = np.hypot(hx, hy)
        speed = np.hypot(vx, vy)
        if norm < 1e-3:
            hx, hy, norm = 1.0, 0.0, 1.0
        if speed > _COURSE_FROM and hx * vx + hy * vy < 0.0:
            hx, hy = -hx, -hy
        row = users[slot]
        row[0], row[1] = c * dx + s * dy, c * dy - s * dx
        row[2], row[3] = hx / norm, hy / norm
        row[4], row[5] = vx, vy
        row[6], row[7] = track[_L], track[_W]
        row[8] = _kind(track)
        # A thing that was not seen just now is less certain the longer ago it was seen.
        row[9] = track[_SCORE] * (1.0 - 0.5 * track[_AGE] / KEPT_FOR)
        valid[slot] = True


class Tracker:
    """Follows road users from frame to frame."""

    def __init__(self) -> None:
        assert len(UserClass) == 3
        self._tracks = np.zeros((MAX_TRACKS, _COLUMNS))
        self._count = 0
        self.users = np.zeros((MAX_USERS, len(User)), np.float32)
        self.valid = np.zeros(MAX_USERS, np.bool_)

    def reset(self) -> None:
        """Forget everything."""
        self._count = 0
        self.users[:] = 0.0
        self.valid[:] = False

    def update(self, detections: NDArray[np.float32], pose: NDArray[np.float64], dt: float) -> None:
        """Take in one frame; `users` [MAX_USERS, User] and `valid` then hold what is believed.

        Args:
            detections: [n, UserBox], ego frame.
            pose: x, y, yaw of the ego in the odometry frame.
            dt: [s] since the call before.
        """
        self._count = int(_update(self._tracks, self._count, detections, pose, float(dt)))
        _report(self._tracks, self._count, pose, self.users, self.valid)
