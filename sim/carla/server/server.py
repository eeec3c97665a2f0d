"""The server: an episode, its clock, and the sockets."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from roadworthy.sim.carla.server import calls
from roadworthy.sim.carla.server.episode import Episode
from roadworthy.sim.carla.server.loop import Loop
from roadworthy.sim.carla.server.maps import Map
from roadworthy.sim.carla.server.methods import Hold, answer
from roadworthy.sim.carla.server.navigation import file_name, navigation_mesh
from roadworthy.sim.carla.server.recorder import Recorder
from roadworthy.sim.carla.server.records import state_header
from roadworthy.sim.carla.server.replayer import Wishes
from roadworthy.sim.carla.server.settings import Settings
from roadworthy.sim.carla.server.staged import Stage, StagedEpisode
from roadworthy.sim.carla.server.streams import EPISODE, Streams
from roadworthy.sim.carla.server.values import RefusedError
from roadworthy.sim.carla.server.warming import warm_up

VERSION = "0.9.16"
RATE = 0.05  # [s] of a tick where nobody has set one
LONGEST = 0.1  # [s] a tick of a variable step may take, however long the last one was ago
MAP_CHANGE = 1  # flag of the state: the client drops its map
CALLS = calls.__all__


class Stopped(BaseException):
    """The server was told to end while it was answering, perhaps for minutes."""


class Server:
    """Serves the embedded world to CARLA clients until `stop`."""

    def __init__(
        self, map_: Map, *, host: str = "127.0.0.1", port: int = 2000, seed: int = 0,
        map_dir: Path | None = None,
        recordings: Path = Path("out/recordings"),
        stage: Stage | None = None,
    ) -> None:  # fmt: skip
        """Listen; `run` serves.

        Args:
            map_: the town to begin with.
            host: address to listen at.
            port: of the calls; 0 takes any that is free.
            seed: of the sensors' noise.
            map_dir: folder with further TOWN.xodr files.
            recordings: folder of what clients let us record.
            stage: the scenario to play, whose town is `map_`; None leaves the town empty.

        Raises:
            WorldError: the port cannot be had.
            EventError, RouteError, SettingsError: see `Stage.begin`.
        """
        self.stage = stage
        self.seed, self.map_dir = seed, map_dir
        self.recordings = recordings
        self.recorder: Recorder | None = None
        self.wishes = Wishes()
        self.local = host in ("127.0.0.1", "localhost")
        self.settings = Settings()
        self.streams = Streams()
        self.frame = 0
        self.episode = self._episode(1, map_, 1)
        warm_up(map_)
        self.managers: dict[int, str] = {}  # hosts of Traffic Managers by port
        self.sent_xodr: str | None = None  # OpenDRIVE text for the next load_new_episode
        self._navigation: tuple[Map, dict[str, bytes]] | None = None
        self._flags = MAP_CHANGE
        self._answering = False
        self._started = self._last = time.monotonic()
        self.loop = Loop(host, port, self.streams, self.answer)

    def _episode(self, number: int, map_: Map, next_id: int) -> Episode:
        """Begin an episode: an empty town, or the scenario from its start."""
        if self.stage is None:
            return Episode(number, map_, self.streams, next_id, self.seed)
        return StagedEpisode(number, map_, self.streams, next_id, self.stage)

    @property
    def port(self) -> int:
        """TCP port of the calls."""
        return self.loop.port

    def run(self) -> None:
        """Serve until `stop`."""
        try:
            self.loop.run(self._idle)
        except Stopped:
            pass
        finally:
            if self.recorder is not None:
                self.recorder.end()

    def stop(self) -> None:
        """Let `run` return after the call that is being answered; from whatever thread."""
        self.loop.stop()

    def interrupt(self) -> None:
        """Let `run` return at once; for signal handlers.

        Raises:
            Stopped: a call is being answered, which may load a map for minutes.
        """
        self.stop()
        if self._answering:
            raise Stopped

    def answer(self, name: str, params: Any, late: bool) -> tuple[str | None, Any]:
        """Answer a call; see `methods.answer`.

        Raises:
            Hold: a sensor's reader is about to connect, and would miss the frame.
        """
        if self.streams.awaited and _ticks(name, params):
            if not late:
                raise Hold
            self.streams.awaited.clear()
        self._answering = True
        try:
            return answer(self, name, params)
        except (Hold, KeyboardInterrupt):
            raise
        except Exception as error:  # a mistake of ours must not end the server for the others
            print(f"error: {name:.80}: {type(error).__name__}: {error}", file=sys.stderr)
            return f"internal error in {name:.80}", None
        finally:
            self._answering = False

    def tick(self) -> int:
        """What `tick_cue` does; the number of the frame that the caller waits for."""
        if not self.settings.synchronous:
            return self.frame + 1  # comes by itself
        self.advance(self.settings.fixed_delta or self.episode.step or RATE)
        return self.frame

    def advance(self, dt: float) -> None:
        """Go on by one frame of dt [s], and tell everybody."""
        self._last = time.monotonic()
        self.episode.advance(dt)
        self.frame += 1
        if self.recorder is not None:
            self.recorder.note(self.episode)
        self.publish()

    def publish(self) -> None:
        """Send the state of this frame."""
        episode = self.episode
        if self.streams.wanted(EPISODE):
            head = state_header(
                self.frame, episode.time, episode.number, time.monotonic() - self._started,
                episode.delta, self._flags,
            )  # fmt: skip
            self.streams.publish(EPISODE, head + episode.ledger.pack())
            self._flags = 0
        episode.sense(self.frame)

    def navigation(self) -> dict[str, bytes]:
        """The file of the walkers' mesh by its name; none where there are no sidewalks."""
        map_ = self.episode.map
        if self._navigation is None or self._navigation[0] is not map_:
            content = navigation_mesh(map_.town.network)
            name = file_name(map_.name.rsplit("/", 1)[-1], content)
            self._navigation = (map_, {name: content} if content else {})
        return self._navigation[1]

    def begin(self, map_: Map, settings: Settings | None = None) -> None:
        """Begin a new episode; `settings` replace those in force. A recording ends with the old.

        Raises:
            RefusedError: a scenario is played, and this is another map than its.
        """
        if self.stage is not None and map_ is not self.episode.map:
            raise RefusedError(
                f"this server plays a scenario in {self.episode.town.name}; it has no other map. "
                "reload_world begins the scenario anew"
            )
        if self.recorder is not None:
            self.recorder.end()
            self.recorder = None
        self.episode.end()
        before = self.episode
        self.episode = self._episode(before.number + 1, map_, before.next_id)
        self._flags = MAP_CHANGE
        if settings is not None:
            self.settings = settings

    def _idle(self) -> float:
        """Let time pass where no client does; seconds until the next look."""
        if self.settings.synchronous:
            return 1.0
        step = self.settings.fixed_delta or self.episode.step or RATE
        now = time.monotonic()
        passed = now - self._last
        if passed < step:
            return step - passed
        variable = min(max(passed, 1e-3), LONGEST)
        self.advance(self.settings.fixed_delta or variable)
        return max(step - (time.monotonic() - now), 0.0)


def _ticks(name: str, params: Any) -> bool:
    """Whether a call lets the world go on."""
    return name == "tick_cue" or (name == "apply_batch" and params[-1:] == [True])
