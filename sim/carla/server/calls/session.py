"""Methods about the session: versions, maps, settings, ticks, weather."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from roadworthy.sim.carla.server.blueprints import definitions
from roadworthy.sim.carla.server.maps import available, load_map, map_of_text
from roadworthy.sim.carla.server.methods import method
from roadworthy.sim.carla.server.settings import Settings, read_settings
from roadworthy.sim.carla.server.streams import EPISODE
from roadworthy.sim.carla.server.values import RefusedError, anything, flag, many, real, text, whole
from roadworthy.sim.errors import MapError, SettingsError
from roadworthy.sim.weather import Weather

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.server import Server


@method("version")
def version(server: Server) -> str:
    """The version that clients compare with their own."""
    return "0.9.16"


@method("get_episode_info")
def get_episode_info(server: Server) -> list[Any]:
    """Number of the episode, and where its state is streamed."""
    return [server.episode.number, [server.streams.token(EPISODE)]]


@method("get_sensor_token", whole)
def get_sensor_token(server: Server, stream: int) -> list[bytes]:
    """Where to read a stream."""
    server.streams.expect(stream)
    return [server.streams.token(stream & 0xFFFFFFFF)]


@method("get_map_info")
def get_map_info(server: Server) -> list[Any]:
    """Name and spawn points of the map."""
    map_ = server.episode.map
    return [map_.name, [pose.wire() for pose in map_.spawns]]


@method("get_map_data")
def get_map_data(server: Server) -> str:
    """The map as OpenDRIVE text."""
    return server.episode.map.xodr


@method("get_available_maps")
def get_available_maps(server: Server) -> list[str]:
    """Names of all maps that can be loaded."""
    return available(server.map_dir)


@method("load_new_episode", text, flag, anything)
def load_new_episode(server: Server, name: str, reset: bool, layers: Any) -> None:
    """Load a map; an empty name loads the one in force again."""
    if name.endswith("OpenDriveMap") and server.sent_xodr is not None:
        import tempfile
        from pathlib import Path

        try:
            with tempfile.TemporaryDirectory(prefix="roadworthy-serve-") as folder:
                map_ = map_of_text(server.sent_xodr, Path(folder))
        except MapError as error:
            raise RefusedError(f"failed to generate opendrive world: {error}") from None
    elif not name or name.split("/")[-1] == server.episode.map.name.split("/")[-1]:
        map_ = server.episode.map
    else:
        if name.lower().endswith(".xodr"):
            raise RefusedError("map not found")  # clients name towns, never files of this machine
        try:
            map_ = load_map(name, server.map_dir)
        except MapError:
            raise RefusedError("map not found") from None
    server.begin(map_, Settings() if reset else None)


@method("copy_opendrive_to_file", text, anything)
def copy_opendrive_to_file(server: Server, xodr: str, parameters: Any) -> None:
    """Take OpenDRIVE text for the next load_new_episode of "OpenDriveMap"."""
    if not xodr.strip():
        raise RefusedError("failed to generate opendrive world: the text is empty")
    server.sent_xodr = xodr


@method("load_map_layer", anything, honoured="no")
def load_map_layer(server: Server, layers: Any) -> None:
    """Towns have one layer."""


@method("unload_map_layer", anything, honoured="no")
def unload_map_layer(server: Server, layers: Any) -> None:
    """Towns have one layer."""


@method("get_required_files", text)
def get_required_files(server: Server, folder: str) -> list[str]:
    """Files that a client should keep a copy of: for the folder "Nav", the walkers' mesh."""
    if folder != "Nav":
        return []
    return list(server.navigation())


@method("request_file", text)
def request_file(server: Server, name: str) -> bytes:
    """One of those files."""
    files = server.navigation()
    if name not in files:
        raise RefusedError(f"file not found: {name:.200}")
    return files[name]


@method("get_actor_definitions")
def get_actor_definitions(server: Server) -> list[Any]:
    """The blueprint library."""
    return definitions()


@method("get_spectator")
def get_spectator(server: Server) -> list[Any]:
    """The spectator's actor."""
    return server.episode.spectator.wire()


@method("get_episode_settings")
def get_episode_settings(server: Server) -> list[Any]:
    """Settings in force."""
    return server.settings.wire()


@method("set_episode_settings", read_settings)
def set_episode_settings(server: Server, settings: Settings) -> int:
    """Put settings in force; the frame from which on they hold."""
    server.episode.check(settings)
    server.settings = settings
    return server.frame


@method("tick_cue")
def tick_cue(server: Server) -> int:
    """Go on by one frame; its number."""
    return server.tick()


@method("get_weather_parameters")
def get_weather_parameters(server: Server) -> list[float]:
    """Weather in force."""
    w = server.episode.weather
    return [
        w.cloudiness, w.precipitation, w.precipitation_deposits, w.wind_intensity,
        w.sun_azimuth_angle, w.sun_altitude_angle, w.fog_density, w.fog_distance, w.fog_falloff,
        w.wetness, w.scattering_intensity, w.mie_scattering_scale, w.rayleigh_scattering_scale,
        w.dust_storm,
    ]  # fmt: skip


@method("set_weather_parameters", many(real, 32))
def set_weather_parameters(server: Server, values: list[float]) -> None:
    """Put a weather in force; values out of CARLA's ranges are taken as its nearest ones."""
    v = values + [0.0] * (14 - len(values))

    def share(value: float) -> float:
        return min(max(value, 0.0), 100.0)

    azimuth = v[4] % 360.0 if abs(v[4]) > 360.0 else v[4]
    try:
        weather = Weather(
            share(v[0]), share(v[1]), share(v[2]), share(v[3]), azimuth,
            min(max(v[5], -90.0), 90.0), share(v[6]), max(v[7], 0.0), share(v[9]),
            max(v[8], 0.0), max(v[10], 0.0), max(v[11], 0.0), max(v[12], 0.0), share(v[13]),
        ).validate()  # fmt: skip
    except SettingsError as error:
        raise RefusedError(str(error)) from None
    server.episode.set_weather(weather)


@method("get_imui_gravity", honoured="partly")
def get_imui_gravity(server: Server) -> float:
    """Gravity that an IMU feels [m/s^2]."""
    return 9.81


@method("set_imui_gravity", real, honoured="no")
def set_imui_gravity(server: Server, gravity: float) -> None:
    """Gravity is the Earth's."""
