"""Pictures of a recording: any camera's view, what was there, and what the agent believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from roadworthy.agents.evaluation.backdrop import Backdrop
from roadworthy.agents.evaluation.drive import VIDEO_CAMERA
from roadworthy.agents.evaluation.picture import Caption, Image, compose
from roadworthy.agents.recording.replay import Replay
from roadworthy.agents.recording.stage import ego_pose
from roadworthy.agents.recording.views import View
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.files import write_whole
from roadworthy.sim.frame import Control
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite


class Film:
    """Draws the moments of a recording as `drive --video` draws a drive."""

    def __init__(self, replay: Replay, view: View | None = None) -> None:
        """Prepare.

        Args:
            replay: the recording in its town.
            view: the camera; the agent's first one by default, or one as videos have where the
                agent had none.

        Raises:
            SettingsError: the camera makes no picture.
        """
        recording = replay.recording
        head = recording.head
        rig = head.driver.rig
        if view is None:
            view = View(rig.cameras[0] if rig is not None and rig.cameras else VIDEO_CAMERA)
        self.replay, self._view = replay, view
        bare = rig if rig is not None else SensorRig(cameras=())
        self._suite = SensorSuite(
            replay.town,
            replace(
                bare,
                cameras=(view.camera,),
                lidar=None,
                lidars=(),
                semantic_lidars=(),
                radars=(),
            ),
            head.seed,
        )
        self._backdrop = Backdrop(replay.town.network)
        self._log = (
            list(recording.result.log)
            if recording.result is not None
            else [(incident.time, incident.message) for incident in recording.incidents]
        )

    def picture(self, index: int) -> Image:
        """Draw one moment, RGB uint8 [480, 1280, 3].

        Raises:
            IndexError: there is no such moment.
        """
        recording = self.replay.recording
        moment = recording[index]
        truth = self.replay.truth(index)
        frame = self.replay.stage.sense(self._suite, ego=self._view.ego)
        head = recording.head
        caption = Caption(
            f"{head.driver.name} on {head.town}, route {head.route}",
            moment.time,
            float(truth.ego[0]),
            moment.completion,
            moment.score,
            [text for time, text in self._log if time <= moment.time + 1e-6],
        )
        x, y, _, yaw = ego_pose(moment.actors)
        return compose(
            frame.images[self._view.camera.name],
            truth,
            moment.belief,
            moment.plan,
            moment.control or Control(),
            caption,
            self._backdrop.around(x, y, yaw),
        )

    def pictures(self, first: int = 0, last: int | None = None) -> Iterator[Image]:
        """Pictures of the moments from `first` to `last`, both drawn."""
        end = len(self.replay.recording) - 1 if last is None else last
        return (self.picture(index) for index in range(first, end + 1))


def beside(above: Film, below: Film, first: int, last: int) -> Iterator[Image]:
    """Two drives of one route, the one above the other, moment by moment: [960, 1280, 3].

    The shorter one shows its last moment until the other ends.

    Args:
        above: drawn above.
        below: drawn below.
        first: index of the first moment.
        last: index of the last one, of the longer drive at most.
    """
    held: list[Image | None] = [None, None]
    for index in range(first, last + 1):
        for k, film in enumerate((above, below)):
            here = min(index, len(film.replay.recording) - 1)
            if here == index or held[k] is None:
                held[k] = film.picture(here)
        yield np.concatenate([picture for picture in held if picture is not None])


def write_picture(path: Path, picture: Image) -> None:
    """Write a picture as .png (or .jpg).

    Raises:
        SettingsError: the name ends in something else.
        StorageError: it cannot be written.
    """
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise SettingsError(f"picture {path}: the name must end in .png or .jpg")
    _, data = cv2.imencode(path.suffix.lower(), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    write_whole(path, data.tobytes())
