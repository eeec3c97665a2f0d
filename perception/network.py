"""The network: camera image and lidar raster in; heat map, boxes and the light's state out.

Three parts. The camera stem makes features at a quarter of the picture's size, which a constant
table lays onto the ground (and onto a plane a metre above it) as one gather: inverse perspective
mapping without sampling. The bird's-eye part joins them with the lidar raster in a small U.
The light part looks at the upper picture at full resolution, since a lamp is few pixels wide,
and finds the lamp that matters by attention; what the map says about the next light (`hint`)
points the attention there but can be absent.

All scaling happens inside, so the raw arrays are the inputs. Shapes with batch B:

- image uint8 [B, height, width, 3], RGB
- raster uint8 [B, CHANNELS, RASTER_SIZE, RASTER_SIZE] from `grid.Rasteriser`
- route float32 [B, 12, RouteCol], ego frame
- hint float32 [B, HintCol], ego frame
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from roadworthy.perception import grid
from roadworthy.perception.scene import (
    LIGHT_RANGE,
    ROUTE_DISTANCES,
    LightState,
    RouteCol,
    UserClass,
)
from roadworthy.perception.signature import BoxCol, HintCol
from roadworthy.sim.sensors.specs import CameraSpec

STRIDE: Final = 4  # of the camera features that are laid onto the ground
HEIGHTS: Final = (0.0, 1.0)  # [m] of the planes that they are laid onto
LIGHT_ROWS: Final = 96  # rows of the picture, from the top, where lamps can be
N_CLASSES: Final = len(UserClass)
N_STATES: Final = len(LightState)
_ATTENTIONS: Final = 4


class Raw(NamedTuple):
    """Outputs before the activations; what training works on."""

    heat: Tensor  # [B, N_CLASSES, SIZE, SIZE] logits
    box: Tensor  # [B, BoxCol, SIZE, SIZE]
    light: Tensor  # [B, N_STATES] logits
    light_distance: Tensor  # [B] m


def _conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU; the norm folds into the convolution at export."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class CameraStem(nn.Module):
    """Picture to bird's-eye features, [B, 3, h, w] -> [B, channels * planes, SIZE, SIZE]."""

    def __init__(self, camera: CameraSpec, channels: int) -> None:
        super().__init__()
        self.fine = nn.Sequential(_conv(3, 12, 3, 2), _conv(12, 20, 3, 2))
        self.coarse = nn.Sequential(_conv(20, 32, 3, 2), _conv(32, 32), _conv(32, 24, 1))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.join = _conv(20 + 24, channels, 1)
        self.table: Tensor
        table = torch.from_numpy(grid.ground_table(camera, STRIDE, HEIGHTS))
        self.register_buffer("table", table, persistent=False)
        self.channels = channels

    def forward(self, image: Tensor) -> Tensor:
        """Run on a picture in [-1, 1]."""
        fine = self.fine(image)
        features = self.join(torch.cat([fine, self.up(self.coarse(fine))], 1))
        flat = nn.functional.pad(features.flatten(2), (0, 1))  # the last one is "nowhere"
        laid = flat.index_select(2, self.table)
        return laid.reshape(-1, self.channels * len(HEIGHTS), grid.SIZE, grid.SIZE)


class BirdsEye(nn.Module):
    """Joined features to heat map and boxes: a U over three scales."""

    def __init__(self, camera_channels: int) -> None:
        super().__init__()
        # Two by two cells become channels: nothing is lost, and no layer runs at full size.
        self.lidar = nn.Sequential(nn.PixelUnshuffle(2), _conv(4 * grid.CHANNELS, 24))
        self.join = _conv(24 + camera_channels, 28, 1)
        self.top = _conv(28, 28)
        self.down1 = nn.Sequential(_conv(28, 40, 3, 2), _conv(40, 40))
        self.down2 = nn.Sequential(_conv(40, 64, 3, 2), _conv(64, 64), _conv(64, 64))
        self.lateral1 = _conv(64, 40, 1)
        self.merge1 = _conv(40, 40)
        self.lateral0 = _conv(40, 28, 1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.head = _conv(28, 28)
        self.heat = nn.Conv2d(28, N_CLASSES, 1)
        self.box = nn.Conv2d(28, len(BoxCol), 1)
        # Nearly all cells are empty: begin there (Lin et al., Focal Loss, 2017, section 4.1).
        nn.init.constant_(_bias(self.heat), -math.log((1 - 0.02) / 0.02))

    def forward(self, raster: Tensor, camera: Tensor) -> tuple[Tensor, Tensor]:
        """Return heat logits and boxes for a scaled raster and laid-out camera features."""
        full = self.top(self.join(torch.cat([self.lidar(raster), camera], 1)))
        half = self.down1(full)
        quarter = self.down2(half)
        half = self.merge1(half + self.up(self.lateral1(quarter)))
        full = self.head(full + self.up(self.lateral0(half)))
        return self.heat(full), self.box(full)


class LightHead(nn.Module):
    """Upper picture, route and hint to the state of the light that governs the ego."""

    def __init__(self, camera: CameraSpec) -> None:
        super().__init__()
        # Pixels become channels, then a maximum: small bright spots stay, which a mean would lose.
        self.fine = nn.Sequential(
            nn.PixelUnshuffle(2), _conv(12, 16), nn.MaxPool2d(2), _conv(16, 16)
        )
        self.route = nn.Sequential(nn.Linear(len(ROUTE_DISTANCES) * len(RouteCol), 32), nn.ReLU())
        self.place = nn.Linear(32, 8)
        self.mix = nn.Sequential(_conv(16 + 8 + 4, 24), _conv(24, 24))
        self.attention = nn.Conv2d(24 + 2, _ATTENTIONS, 1)
        self.read = nn.Sequential(
            nn.Linear(_ATTENTIONS * 40 + 32 + len(HintCol), 64), nn.ReLU(), nn.Linear(64, 5)
        )
        rows, columns = LIGHT_ROWS // 4, camera.width // 4
        v, u = torch.meshgrid(
            (torch.arange(rows) + 0.5) * 4, (torch.arange(columns) + 0.5) * 4, indexing="ij"
        )
        self.u: Tensor
        self.v: Tensor
        self.register_buffer("u", u[None], persistent=False)
        self.register_buffer("v", v[None], persistent=False)
        self.camera = camera

    def forward(self, image: Tensor, route: Tensor, hint: Tensor) -> tuple[Tensor, Tensor]:
        """Return state logits [B, N_STATES] and distance [B], m."""
        fine = self.fine(image[:, :, :LIGHT_ROWS])
        way = self.route(route.flatten(1))
        rows, columns = fine.shape[2], fine.shape[3]
        place = self.place(way)[:, :, None, None].expand(-1, -1, rows, columns)
        near = self._nearness(hint)
        where = torch.stack([self.u / self.camera.width - 0.5, self.v / LIGHT_ROWS - 0.5], 1)
        where = where.expand(near.shape[0], -1, -1, -1)
        mixed = self.mix(torch.cat([fine, place, near, where], 1))
        weight = self.attention(torch.cat([mixed, near], 1)).flatten(2).softmax(2)
        values = torch.cat([mixed, fine], 1).flatten(2)
        seen = torch.matmul(weight, values.transpose(1, 2)).flatten(1)
        scale = hint.new_tensor([1.0, 1 / LIGHT_RANGE, 1 / 60.0, 1 / 20.0, 1 / 6.0])
        out = self.read(torch.cat([seen, way, hint * scale], 1))
        return out[:, :N_STATES], out[:, N_STATES].sigmoid() * LIGHT_RANGE

    def _nearness(self, hint: Tensor) -> Tensor:
        """Two bells, a narrow and a wide one, around where the hint's head is in the picture."""
        camera = self.camera
        focal = camera.width / (2.0 * math.tan(camera.fov / 2.0))
        depth = (hint[:, HintCol.X] - camera.x).clamp(min=0.5)
        u = camera.width / 2 + focal * (hint[:, HintCol.Y] - camera.y) / depth
        # The picture's pitch moves all of it alike, and pitch is small.
        v = camera.height / 2 - focal * ((hint[:, HintCol.Z] - camera.z) / depth - camera.pitch)
        square = (self.u - u[:, None, None]) ** 2 + (self.v - v[:, None, None]) ** 2
        present = hint[:, HintCol.PRESENT, None, None]
        narrow = torch.exp(-square / (2 * 6.0**2)) * present
        wide = torch.exp(-square / (2 * 24.0**2)) * present
        return torch.stack([narrow, wide], 1)


class PerceptionNet(nn.Module):
    """The whole network, as it is trained."""

    def __init__(self, camera: CameraSpec | None = None) -> None:
        super().__init__()
        self.camera_spec = (camera or CameraSpec()).validate()
        self.camera = CameraStem(self.camera_spec, 16)
        self.birdseye = BirdsEye(16 * len(HEIGHTS))
        self.light = LightHead(self.camera_spec)
        scale = [1 / 60.0, 1 / 60.0, 1.0, 1.0, 1 / 4.0, 1 / 30.0, 1.0]  # by RouteCol
        self.route_scale: Tensor
        self.register_buffer("route_scale", torch.tensor(scale), persistent=False)

    def forward(self, image: Tensor, raster: Tensor, route: Tensor, hint: Tensor) -> Raw:
        """Run on raw arrays (the module's docstring has their shapes)."""
        picture = image.float().permute(0, 3, 1, 2) * (2.0 / 255.0) - 1.0
        heat, box = self.birdseye(raster.float() * (1.0 / 64.0), self.camera(picture))
        light, distance = self.light(picture, route * self.route_scale, hint)
        return Raw(heat, box, light, distance)


class Deployed(nn.Module):
    """The network as it is exported: probabilities out, and only the peaks of the heat map."""

    def __init__(self, net: PerceptionNet) -> None:
        super().__init__()
        self.net = net
        self.pool = nn.MaxPool2d(3, 1, 1)

    def forward(
        self, image: Tensor, raster: Tensor, route: Tensor, hint: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return heat (probabilities; 0 where no peak), box, light (probabilities), distance."""
        raw = self.net(image, raster, route, hint)
        peaks = self.peaks(raw.heat.sigmoid())
        return peaks, raw.box, raw.light.softmax(1), raw.light_distance

    def peaks(self, heat: Tensor) -> Tensor:
        """Keep what is the largest of its three by three cells; 0 elsewhere."""
        return heat * (self.pool(heat) == heat).float()


def _bias(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
