"""Oriented boxes on the ground plane: do two of them overlap?"""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel


@kernel
def _separated(
    dx: float,
    dy: float,
    ux: float,
    uy: float,
    half: float,
    ax: float,
    ay: float,
    al: float,
    aw: float,
) -> bool:
    """Whether the axis (ux, uy) separates a box of extent `half` along it from the other one."""
    reach = half + al * abs(ax * ux + ay * uy) + aw * abs(-ay * ux + ax * uy)
    return bool(abs(dx * ux + dy * uy) > reach)


@kernel
def boxes_overlap(
    ax: float,
    ay: float,
    a_yaw: float,
    a_length: float,
    a_width: float,
    bx: float,
    by: float,
    b_yaw: float,
    b_length: float,
    b_width: float,
) -> bool:
    """Whether two boxes (centre [m], yaw [rad], full length and width [m]) overlap.

    Separating axis theorem on the four edge normals.
    """
    dx, dy = bx - ax, by - ay
    al, aw, bl, bw = 0.5 * a_length, 0.5 * a_width, 0.5 * b_length, 0.5 * b_width
    if dx * dx + dy * dy > (math.hypot(al, aw) + math.hypot(bl, bw)) ** 2:
        return False
    ac, as_, bc, bs = math.cos(a_yaw), math.sin(a_yaw), math.cos(b_yaw), math.sin(b_yaw)
    return not (
        _separated(dx, dy, ac, as_, al, bc, bs, bl, bw)
        or _separated(dx, dy, -as_, ac, aw, bc, bs, bl, bw)
        or _separated(dx, dy, bc, bs, bl, ac, as_, al, aw)
        or _separated(dx, dy, -bs, bc, bw, ac, as_, al, aw)
    )
