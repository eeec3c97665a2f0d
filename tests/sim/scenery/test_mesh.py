from __future__ import annotations

import numpy as np

from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.scenery.kinds import prototypes
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.scenery.material import Label
from roadworthy.sim.scenery.mesh import town_mesh
from roadworthy.sim.sensors.camera import Camera
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import CameraSpec
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Kind


def test_triangles_lie_in_the_bounds_of_their_cell(rivertown: Town) -> None:
    mesh = town_mesh(rivertown)
    corners = mesh.soup.corners
    assert np.isfinite(corners).all()
    assert mesh.start[0] == 0
    assert mesh.start[-1] == len(corners)
    for cell in range(len(mesh.bounds)):
        rows = slice(mesh.start[cell], mesh.start[cell + 1])
        assert (corners[rows] >= mesh.bounds[cell, :3] - 1e-4).all()
        assert (corners[rows] <= mesh.bounds[cell, 3:] + 1e-4).all()
        detail = mesh.soup.tag[rows, 4]
        split = mesh.detail_start[cell] - mesh.start[cell]
        assert not detail[:split].any()
        assert detail[split:].all()


def test_normals_are_unit_vectors_on_the_side_of_the_cross_product(rivertown: Town) -> None:
    soup = town_mesh(rivertown).soup
    a, b, c = soup.corners.astype(np.float64).transpose(1, 0, 2)
    cross = np.cross(b - a, c - a)
    size = np.linalg.norm(cross, axis=1)
    big = size > 1e-3
    np.testing.assert_allclose(np.linalg.norm(soup.normal[big], axis=1), 1.0, atol=1e-3)
    assert ((cross * soup.normal).sum(axis=1)[big] > 0.9 * size[big]).all()


def test_paint_is_flat_and_no_obstacle_to_the_lidar(rivertown: Town) -> None:
    soup = town_mesh(rivertown).soup
    paint = soup.tag[:, 0] == Label.ROAD_LINES
    assert paint.sum() > 100
    assert not soup.tag[paint, 3].any()
    assert soup.tag[~paint, 3].all()


def test_from_above_every_driven_lane_is_road_without_cracks(rivertown: Town) -> None:
    # A camera 25 m above lane points looks straight down; all that lies within a lane must be
    # road or paint: no grass through cracks, nothing that hangs over the road below 25 m but the
    # lamps of street lights and the crowns of trees.
    network = rivertown.network
    camera = Camera(
        rivertown, CameraSpec(width=200, height=200, fov=1.0, x=0, z=25.0, pitch=-np.pi / 2)
    )
    driven = network.points[network.lane_type[network.point_lane] == LaneType.DRIVING]
    junction = network.points[network.lane_junction[network.point_lane] >= 0]
    ego = np.zeros(len(Actor), np.float32)
    nobody = ActorSoup(0)
    lights = np.zeros(len(network.signals), np.uint8)
    allowed = [Label.ROADS, Label.ROAD_LINES, Label.VEGETATION, Label.POLES, Label.TRAFFIC_LIGHT]
    for place in (*driven[::701], *junction[::397]):
        ego[[Actor.X, Actor.Y, Actor.Z]] = place[:3]
        _, _, semantic = camera.render(nobody, ego, lights)
        pose = camera.pose(ego)
        offset = driven[:, :3] - pose[0]
        depth, right, up = (pose[1:] @ offset.T).astype(np.float64)
        column = np.floor(100 + camera.focal * right / depth).astype(int)
        row = np.floor(100 - camera.focal * up / depth).astype(int)
        inside = (column >= 0) & (column < 200) & (row >= 0) & (row < 200)
        assert inside.any()
        assert np.isin(semantic[row[inside], column[inside]], allowed).all()


def test_every_prototype_fills_its_unit_box() -> None:
    kinds = prototypes()
    for kind in Kind:
        for level in (0, 1):
            row = 2 * kind + level
            corners = kinds.soup.corners[kinds.start[row] : kinds.start[row + 1]].reshape(-1, 3)
            low, high = corners.min(axis=0), corners.max(axis=0)
            assert (low > [-0.52, -0.61, -0.01]).all(), kind
            assert (high < [0.52, 0.61, 1.06]).all(), kind
            if kind <= Kind.BUS:
                assert (high - low > 0.95).all(), kind


def test_a_building_is_as_large_as_its_box(rivertown: Town) -> None:
    boxes = rivertown.scenery.boxes
    buildings = boxes[boxes[:, Box.PROP] == Prop.BUILDING]
    box = buildings[buildings[:, Box.HEIGHT].argmax()]
    soup = town_mesh(rivertown).soup
    own = np.hypot(*(soup.anchor - box[[Box.X, Box.Y]]).T) < 0.01
    own &= soup.tag[:, 0] == Label.BUILDINGS
    points = soup.corners[own].reshape(-1, 3) - box[[Box.X, Box.Y, Box.Z]]
    c, s = np.cos(box[Box.YAW]), np.sin(box[Box.YAW])
    along = c * points[:, 0] + s * points[:, 1]
    assert abs(np.ptp(along) - box[Box.LENGTH]) < 0.1
    assert box[Box.HEIGHT] <= points[:, 2].max() < box[Box.HEIGHT] + 3.0


def test_the_road_surface_is_at_the_height_of_the_lanes(rivertown: Town) -> None:
    network = rivertown.network
    soup = town_mesh(rivertown).soup
    road = soup.corners[soup.tag[:, 0] == Label.ROADS].reshape(-1, 3)
    for place in network.points[network.lane_type[network.point_lane] == LaneType.DRIVING][::997]:
        near = np.hypot(road[:, 0] - place[Point.X], road[:, 1] - place[Point.Y])
        assert abs(road[near.argmin(), 2] - place[Point.Z]) < 0.5
