"""What surfaces are made of: colour, CARLA's semantic label, lidar intensity and texture."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Label(IntEnum):
    """CARLA 0.9.16's semantic labels (docs: ref_sensors, semantic segmentation camera)."""

    UNLABELED = 0
    ROADS = 1
    SIDEWALKS = 2
    BUILDINGS = 3
    WALLS = 4
    FENCES = 5
    POLES = 6
    TRAFFIC_LIGHT = 7
    TRAFFIC_SIGNS = 8
    VEGETATION = 9
    TERRAIN = 10
    SKY = 11
    PEDESTRIANS = 12
    RIDER = 13
    CAR = 14
    TRUCK = 15
    BUS = 16
    TRAIN = 17
    MOTORCYCLE = 18
    BICYCLE = 19
    STATIC = 20
    DYNAMIC = 21
    OTHER = 22
    WATER = 23
    ROAD_LINES = 24
    GROUND = 25
    BRIDGE = 26
    RAIL_TRACK = 27
    GUARD_RAIL = 28


class Texture(IntEnum):
    """Procedural patterns that the shader adds to a surface's colour."""

    PLAIN = 0
    WINDOWS = 1
    ASPHALT = 2
    GRASS = 3
    SLABS = 4
    LEAVES = 5
    LAMP = 6  # glows in its own colour while its light is in the state `lamp`
    GLOW = 7  # shines by itself: neither sun nor shade change it
    SLATS = 8


class Layer(IntEnum):
    """What wins where two surfaces lie on top of each other: the greater number."""

    TERRAIN = 0
    FILL = 1
    GROUND = 2
    ROAD = 3
    PAINT = 4


class Material(IntEnum):
    """Rows of `TABLE`."""

    ROAD = 0
    SHOULDER = 1
    SIDEWALK = 2
    KERB = 3
    VERGE = 4
    WHITE_PAINT = 5
    YELLOW_PAINT = 6
    TERRAIN = 7
    FACADE = 8
    ROOF = 9
    TRUNK = 10
    LEAVES = 11
    POLE = 12
    HOUSING = 13
    LAMP = 14
    SIGN = 15
    WALL = 16
    FENCE = 17
    BENCH = 18
    BODY = 19
    GLASS = 20
    TYRE = 21
    HEADLIGHT = 22
    TAILLIGHT = 23
    SKIN = 24
    CLOTH = 25
    TROUSERS = 26
    METAL = 27
    FILL = 28
    BLINKER = 29
    REVERSE_LAMP = 30
    BLUE_LAMP = 31


# One row per Material: red, green, blue, Label, lidar intensity, Texture, Layer, solid.
# What is not solid (paint) is seen by cameras only.
_G, _R, _P = Layer.GROUND, Layer.ROAD, Layer.PAINT
TABLE: NDArray[np.float32] = np.array(
    [
        [88, 88, 92, Label.ROADS, 0.25, Texture.ASPHALT, _R, 1],
        [98, 97, 98, Label.ROADS, 0.28, Texture.ASPHALT, _G, 1],
        [162, 158, 150, Label.SIDEWALKS, 0.45, Texture.SLABS, _G, 1],
        [142, 140, 136, Label.SIDEWALKS, 0.45, Texture.PLAIN, _G, 1],
        [104, 132, 76, Label.TERRAIN, 0.35, Texture.GRASS, _G, 1],
        [232, 232, 228, Label.ROAD_LINES, 0.8, Texture.PLAIN, _P, 0],
        [232, 186, 54, Label.ROAD_LINES, 0.8, Texture.PLAIN, _P, 0],
        [98, 128, 72, Label.TERRAIN, 0.35, Texture.GRASS, 0, 1],
        [190, 170, 150, Label.BUILDINGS, 0.5, Texture.WINDOWS, 0, 1],
        [120, 105, 100, Label.BUILDINGS, 0.4, Texture.PLAIN, 0, 1],
        [96, 74, 56, Label.VEGETATION, 0.3, Texture.PLAIN, 0, 1],
        [70, 112, 52, Label.VEGETATION, 0.4, Texture.LEAVES, 0, 1],
        [110, 114, 118, Label.POLES, 0.6, Texture.PLAIN, 0, 1],
        [22, 23, 24, Label.TRAFFIC_LIGHT, 0.5, Texture.PLAIN, 0, 1],
        [40, 40, 40, Label.TRAFFIC_LIGHT, 0.6, Texture.LAMP, 0, 1],
        [230, 230, 230, Label.TRAFFIC_SIGNS, 0.9, Texture.PLAIN, 0, 1],
        [168, 150, 130, Label.WALLS, 0.5, Texture.PLAIN, 0, 1],
        [150, 125, 95, Label.FENCES, 0.4, Texture.SLATS, 0, 1],
        [124, 88, 54, Label.STATIC, 0.4, Texture.PLAIN, 0, 1],
        [128, 128, 128, Label.CAR, 0.7, Texture.PLAIN, 0, 1],
        [42, 52, 64, Label.CAR, 0.15, Texture.PLAIN, 0, 1],
        [28, 28, 30, Label.CAR, 0.1, Texture.PLAIN, 0, 1],
        [244, 242, 226, Label.CAR, 0.9, Texture.GLOW, 0, 1],
        [120, 14, 16, Label.CAR, 0.9, Texture.GLOW, 0, 1],
        [214, 168, 140, Label.PEDESTRIANS, 0.4, Texture.PLAIN, 0, 1],
        [128, 128, 128, Label.PEDESTRIANS, 0.4, Texture.PLAIN, 0, 1],
        [52, 56, 74, Label.PEDESTRIANS, 0.35, Texture.PLAIN, 0, 1],
        [70, 72, 76, Label.CAR, 0.6, Texture.PLAIN, 0, 1],
        [90, 90, 93, Label.ROADS, 0.25, Texture.ASPHALT, Layer.FILL, 1],
        [168, 92, 24, Label.CAR, 0.8, Texture.GLOW, 0, 1],
        [190, 190, 190, Label.CAR, 0.8, Texture.GLOW, 0, 1],
        [30, 50, 160, Label.CAR, 0.7, Texture.GLOW, 0, 1],
    ],
    np.float32,
)

# The 16 colours that `Actor.COLOR` picks from: car paint, and the clothes of people.
BODY_COLORS: NDArray[np.float32] = np.array(
    [
        [200, 202, 206],
        [34, 36, 40],
        [168, 26, 30],
        [28, 68, 148],
        [236, 236, 234],
        [108, 112, 118],
        [20, 90, 70],
        [212, 166, 44],
        [96, 24, 40],
        [120, 160, 196],
        [210, 102, 32],
        [60, 80, 56],
        [150, 138, 118],
        [84, 60, 110],
        [64, 120, 130],
        [180, 184, 160],
    ],
    np.float32,
)

FACADE_COLORS: NDArray[np.float32] = np.array(
    [
        [196, 176, 148],
        [158, 92, 74],
        [176, 172, 164],
        [214, 202, 176],
        [132, 140, 150],
        [186, 132, 98],
        [205, 208, 205],
        [140, 112, 96],
        [170, 186, 192],
        [120, 124, 118],
    ],
    np.float32,
)

# Lit and unlit colours of the lamps, by Light state RED, YELLOW, GREEN.
LAMP_ON: NDArray[np.float32] = np.array([[255, 36, 24], [255, 190, 20], [30, 255, 110]], np.float32)
LAMP_OFF: NDArray[np.float32] = np.array([[52, 14, 12], [50, 40, 12], [12, 44, 24]], np.float32)
