"""A rotating lidar: rays against exactly the triangles that the cameras see (but no paint).

The rays are cast in `rays`; what comes back is made in `returns`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import derive
from roadworthy.sim.scenery.mesh import TownMesh, town_mesh
from roadworthy.sim.sensors.camera import FIRST_BOX, axes
from roadworthy.sim.sensors.fan import Fan, Hits, bodies_of, make_fan, make_hits
from roadworthy.sim.sensors.lanes import LANES
from roadworthy.sim.sensors.panels import town_panels
from roadworthy.sim.sensors.rays import cast_all
from roadworthy.sim.sensors.returns import collect, label, loss_of
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import TICK, LidarSpec
from roadworthy.sim.town import Town

FloatArray = NDArray[np.float32]

_KEPT = 16  # fans; most heads come back to the same few angles


class Lidar:
    """One lidar in one town. Not shared between threads: it owns its buffers.

    Ray (channel c, column k) has elevation `elevation[c]` (channel 0 is the highest) and azimuth
    `azimuth(number)[k]` [rad], positive to the right of the sensor's x axis. A head that makes a
    full turn per frame begins at -pi.
    """

    def __init__(self, town: Town, spec: LidarSpec, tick: float = TICK) -> None:
        """Prepare tables; the town's mesh is built if this is its first sensor.

        Args:
            town: where it drives.
            spec: of the lidar.
            tick: [s] of the world; it matters for heads that turn slower than once per tick.

        Raises:
            SettingsError: a setting is out of range.
        """
        self.spec = spec.validate()
        self.columns = spec.columns(tick)
        self.elevation = np.linspace(spec.upper_fov, spec.lower_fov, spec.channels)
        self._turn = spec.turn(tick)
        self._mesh: TownMesh = town_mesh(town)
        self._panels = town_panels(self._mesh)
        self._axes = axes(spec.yaw, spec.pitch, spec.roll)
        self._place = np.array([spec.x, spec.y, spec.z])
        self._pose = np.empty((4, 3))
        self._fans: dict[int, list[tuple[Fan, Hits]]] = {}
        self._points = np.empty((self.columns * spec.channels, 4), np.float32)
        self._scratch = np.empty((5, self.columns), np.float32)
        decay = np.exp(-spec.attenuation * np.arange(int(spec.range) + 2))
        self._decay = decay.astype(np.float32)  # by whole metres

    def pose(self, ego: FloatArray) -> NDArray[np.float64]:
        """Position, forward, right and up in world axes, [4, 3], for an ego row [Actor]."""
        mount(ego, self._place, self._axes, self._pose)
        return self._pose.copy()

    def azimuth(self, number: int = 0) -> NDArray[np.float64]:
        """Azimuths of the columns of a tick [rad], [columns]."""
        return np.concatenate(
            [begin + (np.arange(n) + 0.5) * gap for begin, n, gap in self._parts(number)]
        )

    def sweep(
        self,
        others: ActorSoup,
        ego: FloatArray,
        key: np.uint64,
        number: int = 0,
        weather: FloatArray | None = None,
    ) -> FloatArray:
        """Cast the rays of one tick.

        Args:
            others: triangles of all actors but the ego.
            ego: the actor row that carries the lidar, [Actor].
            key: of the noise; the same key gives the same noise.
            number: of the tick; it tells where a head stands that turns slower than once a tick.
            weather: float32 [WeatherColumn]; None is clear.

        Returns:
            One row per return, float32 [N, 4]: x, y, z [m] in the sensor's axes and intensity,
            channel by channel.
        """
        loss, soup = loss_of(self.spec, weather), self._mesh.soup
        count = 0
        for part, (fan, hits) in enumerate(self._cast(others, ego, number)):
            count += collect(
                hits.recip, hits.number, fan, soup.intensity, others.intensity, self._decay,
                loss, np.uint64(derive(key, part)), self._scratch, self._points[count:],
            )  # fmt: skip
        return self._points[:count].copy()

    def semantics(self, others: ActorSoup, ego: FloatArray, number: int = 0) -> FloatArray:
        """Cast the rays of one tick, without noise, and tell what they met.

        Args:
            others: triangles of all actors but the ego.
            ego: the actor row that carries the lidar, [Actor].
            number: of the tick.

        Returns:
            One row per return, float32 [N, 6], as CARLA's semantic lidar: x, y, z [m] in the
            sensor's axes, cosine of the angle of incidence, number of the object and semantic
            tag. Numbers are those of the instance camera: 0 what is no single object, 1 to 4095
            the actor's row, from FIRST_BOX on the box of the scenery.
        """
        soup, rows = self._mesh.soup, np.empty((len(self._points), 6), np.float32)
        count = 0
        for fan, hits in self._cast(others, ego, number):
            count += label(
                hits.recip, hits.number, fan, self._pose, soup.normal, soup.tag,
                self._mesh.owner, others.normal, others.tag, others.start, FIRST_BOX,
                rows[count:],
            )  # fmt: skip
        return rows[:count].copy()

    def ranges(self, others: ActorSoup, ego: FloatArray, number: int = 0) -> FloatArray:
        """Cast the rays of one tick, without noise.

        Returns:
            Distance along each ray [m], float32 [channels, columns]; 0 where nothing is hit.
        """
        parts = []
        for fan, hits in self._cast(others, ego, number):
            recip = hits.recip[:, : hits.recip.shape[1] - LANES]
            hit = recip > 0.0
            stretch = np.sqrt(1.0 + fan.tangent**2)[:, None]
            distance = stretch / np.where(hit, recip, 1.0)
            parts.append(np.where(hit & (distance <= self.spec.range), distance, 0.0))
        return np.concatenate(parts, axis=1).astype(np.float32)

    def _parts(self, number: int) -> list[tuple[float, int, float]]:
        """Begin [rad], columns and their distance [rad] of what the head sweeps in a tick.

        Source: CARLA, RayCastSemanticLidar.cpp, SimulateLidar: the head goes on by its share of
        `horizontal_fov` each tick and begins again where it ends.
        """
        fov = self.spec.horizontal_fov
        gap = self._turn * fov / self.columns
        begin = math.fmod(number * self._turn, 1.0) * fov if self._turn < 1.0 else 0.0
        if fov > 6.2831:
            return [(begin - math.pi, self.columns, gap)]
        first = min(self.columns, math.ceil((fov - begin) / gap - 0.5))
        parts = [(begin - 0.5 * fov, first, gap)]
        if first < self.columns:
            parts.append((begin + first * gap - 1.5 * fov, self.columns - first, gap))
        return parts

    def _cast(self, others: ActorSoup, ego: FloatArray, number: int) -> list[tuple[Fan, Hits]]:
        code = round(1e9 * math.fmod(number * self._turn, 1.0)) if self._turn < 1.0 else 0
        if code not in self._fans:
            parts = self._parts(number)
            if len(self._fans) >= _KEPT:
                self._fans.pop(next(iter(self._fans)))
            fans = [
                make_fan((begin, n * gap), n, self.elevation, self.spec.range)
                for begin, n, gap in parts
            ]
            self._fans[code] = [(fan, make_hits(fan, len(self._mesh.bounds))) for fan in fans]
        mount(ego, self._place, self._axes, self._pose)
        bodies, still = bodies_of(others), len(self._mesh.soup.normal)
        for fan, hits in self._fans[code]:
            cast_all(self._panels, still, bodies, self._pose, fan, hits)
        return self._fans[code]


@kernel
def mount(
    actor: FloatArray,
    place: NDArray[np.float64],
    turned: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Position, forward, right and up [4, 3] of a sensor that is fixed to an actor.

    `place` [3] and the axes `turned` [3, 3] are the sensor's in the actor's axes; see
    `camera.mounted`.
    """
    yaw, pitch = float(actor[3]), float(actor[4])
    cy, sy, cp, sp = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch)
    for k in range(3):
        # The body's forward, right and up along world axis k.
        if k == 0:
            ahead, right, up = cp * cy, -sy, -cy * sp
        elif k == 1:
            ahead, right, up = cp * sy, cy, -sy * sp
        else:
            ahead, right, up = sp, 0.0, cp
        out[0, k] = actor[k] + place[0] * ahead + place[1] * right + place[2] * up
        for row in range(3):
            out[row + 1, k] = turned[row, 0] * ahead + turned[row, 1] * right + turned[row, 2] * up
