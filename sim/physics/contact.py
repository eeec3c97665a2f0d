"""Two bodies on the ground plane touch: where, and what impulse they exchange.

Bodies are upright boxes. Velocities are over ground, yaw rates positive from x to y; the
formulas hold in CARLA's left-handed axes as they stand. The impulse is that of rigid bodies
with restitution and Coulomb friction, normal part first (Catto, Iterative Dynamics with Temporal
Coherence, 2005); each part alone takes energy away or leaves it, so the two together do.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from roadworthy.sim.kernel import kernel

CREEP = 0.25  # [m/s] slower bodies are parted by the least push instead of the way they came
# Cars rebound little: 0.1 and less above walking pace (Brach & Brach, Vehicle Accident Analysis
# and Reconstruction Methods, ch. 6); nothing at all below BOUNCE_SPEED, so that bodies settle.
RESTITUTION = 0.1
BOUNCE_SPEED = 1.0  # [m/s]
RUB = 0.4  # coefficient of friction between two bodies


class Touch(NamedTuple):
    """How two boxes touch; `depth` is 0 where they do not."""

    depth: float  # [m] to part them along the normal
    nx: float  # unit normal, from the first body to the second
    ny: float
    x: float  # [m] place
    y: float


class Body(NamedTuple):
    """What an impulse needs to know of a body; zeros in the last two mean: it cannot be moved."""

    x: float  # [m] centre
    y: float
    vx: float  # [m/s]
    vy: float
    spin: float  # [rad/s]
    per_mass: float  # [1/kg]
    per_inertia: float  # [1/(kg m^2)]


@kernel
def _overlap_along(
    dx: float,
    dy: float,
    ux: float,
    uy: float,
    half: float,
    ax: float,
    ay: float,
    al: float,
    aw: float,
) -> float:
    """Overlap [m] along the axis u of a box of extent `half` and one with the axis a, al by aw."""
    reach = half + al * abs(ax * ux + ay * uy) + aw * abs(-ay * ux + ax * uy)
    return reach - abs(dx * ux + dy * uy)


@kernel
def _parting_time(
    dx: float, dy: float, ux: float, uy: float, overlap: float, vx: float, vy: float
) -> float:
    """Seconds since the boxes began to overlap along u, at the closing velocity v."""
    side = 1.0 if dx * ux + dy * uy >= 0.0 else -1.0
    return overlap / max(side * (vx * ux + vy * uy), CREEP)


@kernel
def _inside(
    px: float, py: float, x: float, y: float, c: float, s: float, al: float, aw: float
) -> bool:
    dx, dy = px - x, py - y
    return bool(abs(dx * c + dy * s) <= al and abs(dy * c - dx * s) <= aw)


@kernel
def may_touch(
    dx: float, dy: float, a_length: float, a_width: float, b_length: float, b_width: float
) -> bool:
    """Whether boxes whose centres are (dx, dy) apart are near enough to touch, however turned.

    |a| + |b| of the half diagonals is at most sqrt(2 (a^2 + b^2)). Asked before `touch` and all
    that it needs, it spares nearly every one of them.
    """
    squares = a_length * a_length + a_width * a_width + b_length * b_length + b_width * b_width
    return bool(dx * dx + dy * dy <= 0.5 * squares)


@kernel
def touch(
    ax: float, ay: float, a_yaw: float, a_length: float, a_width: float,
    bx: float, by: float, b_yaw: float, b_length: float, b_width: float,
    vx: float, vy: float,
) -> Touch:  # fmt: skip
    """How two boxes touch.

    Of the four edge normals the one counts along which they came together last; that is the
    face that was hit, however far a fast body got into it within a tick.

    Args:
        ax: centre of the first box [m].
        ay: likewise.
        a_yaw: [rad].
        a_length: full length [m].
        a_width: full width [m].
        bx: of the second box, likewise.
        by: likewise.
        b_yaw: likewise.
        b_length: likewise.
        b_width: likewise.
        vx: velocity of the first box seen from the second [m/s].
        vy: likewise.
    """
    none = Touch(0.0, 0.0, 0.0, 0.0, 0.0)
    dx, dy = bx - ax, by - ay
    if not may_touch(dx, dy, a_length, a_width, b_length, b_width):
        return none
    al, aw, bl, bw = 0.5 * a_length, 0.5 * a_width, 0.5 * b_length, 0.5 * b_width
    ac, as_, bc, bs = math.cos(a_yaw), math.sin(a_yaw), math.cos(b_yaw), math.sin(b_yaw)
    best, depth, ux, uy = 1e18, 0.0, 0.0, 0.0
    o = _overlap_along(dx, dy, ac, as_, al, bc, bs, bl, bw)
    if o <= 0.0:
        return none
    time = _parting_time(dx, dy, ac, as_, o, vx, vy)
    if time < best:
        best, depth, ux, uy = time, o, ac, as_
    o = _overlap_along(dx, dy, -as_, ac, aw, bc, bs, bl, bw)
    if o <= 0.0:
        return none
    time = _parting_time(dx, dy, -as_, ac, o, vx, vy)
    if time < best:
        best, depth, ux, uy = time, o, -as_, ac
    o = _overlap_along(dx, dy, bc, bs, bl, ac, as_, al, aw)
    if o <= 0.0:
        return none
    time = _parting_time(dx, dy, bc, bs, o, vx, vy)
    if time < best:
        best, depth, ux, uy = time, o, bc, bs
    o = _overlap_along(dx, dy, -bs, bc, bw, ac, as_, al, aw)
    if o <= 0.0:
        return none
    time = _parting_time(dx, dy, -bs, bc, o, vx, vy)
    if time < best:
        depth, ux, uy = o, -bs, bc
    if dx * ux + dy * uy < 0.0:
        ux, uy = -ux, -uy
    # The place: the mean of the corners that lie within the other box.
    x, y, count = 0.0, 0.0, 0
    for k in range(4):
        fl, fw = (1.0 if k < 2 else -1.0), (1.0 if k % 2 == 0 else -1.0)
        px, py = ax + fl * al * ac - fw * aw * as_, ay + fl * al * as_ + fw * aw * ac
        if _inside(px, py, bx, by, bc, bs, bl, bw):
            x, y, count = x + px, y + py, count + 1
        px, py = bx + fl * bl * bc - fw * bw * bs, by + fl * bl * bs + fw * bw * bc
        if _inside(px, py, ax, ay, ac, as_, al, aw):
            x, y, count = x + px, y + py, count + 1
    if count == 0:
        return Touch(depth, ux, uy, 0.5 * (ax + bx), 0.5 * (ay + by))
    return Touch(depth, ux, uy, x / count, y / count)


@kernel
def _push(body: Body, jx: float, jy: float, px: float, py: float) -> Body:
    """Give `body` the impulse j [N s] at the place p."""
    turn = (px - body.x) * jy - (py - body.y) * jx
    return Body(
        body.x,
        body.y,
        body.vx + jx * body.per_mass,
        body.vy + jy * body.per_mass,
        body.spin + turn * body.per_inertia,
        body.per_mass,
        body.per_inertia,
    )


@kernel
def _approach(a: Body, b: Body, ux: float, uy: float, px: float, py: float) -> float:
    """Speed [m/s] with which b leaves a at the place p, along u."""
    vx = b.vx - b.spin * (py - b.y) - a.vx + a.spin * (py - a.y)
    vy = b.vy + b.spin * (px - b.x) - a.vy - a.spin * (px - a.x)
    return vx * ux + vy * uy


@kernel
def _give(a: Body, b: Body, ux: float, uy: float, px: float, py: float) -> float:
    """Change of speed along u [1/kg] that an impulse of 1 N s along it makes at the place p."""
    ra = (px - a.x) * uy - (py - a.y) * ux
    rb = (px - b.x) * uy - (py - b.y) * ux
    return a.per_mass + b.per_mass + ra * ra * a.per_inertia + rb * rb * b.per_inertia


@kernel
def collide_bodies(a: Body, b: Body, hit: Touch) -> tuple[Body, Body, float, float]:
    """Let two bodies that touch exchange an impulse.

    Returns:
        Both bodies after it, and the impulse on the first one [N s], x and y; zero where they
        part already.
    """
    nx, ny, px, py = hit.nx, hit.ny, hit.x, hit.y
    closing = -_approach(a, b, nx, ny, px, py)
    give = _give(a, b, nx, ny, px, py)
    if closing <= 0.0 or give <= 0.0:
        return a, b, 0.0, 0.0
    bounce = RESTITUTION if closing > BOUNCE_SPEED else 0.0
    push = (1.0 + bounce) * closing / give
    jx, jy = push * nx, push * ny
    a, b = _push(a, -jx, -jy, px, py), _push(b, jx, jy, px, py)
    tx, ty = -ny, nx
    rub = -_approach(a, b, tx, ty, px, py) / _give(a, b, tx, ty, px, py)
    rub = min(max(rub, -RUB * push), RUB * push)
    a, b = _push(a, -rub * tx, -rub * ty, px, py), _push(b, rub * tx, rub * ty, px, py)
    return a, b, -jx - rub * tx, -jy - rub * ty
