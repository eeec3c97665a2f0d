"""Whatever one connection does, the others notice nothing, and memory stays bounded."""

from __future__ import annotations

import random
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgpack
import pytest
from carla_client import Served, run, spawn

carla = pytest.importorskip("carla")

VEHICLE = [1, "vehicle.tesla.model3", [["role_name", 4, "hero"]]]
POSE = [[10.0, 20.0, 0.5], [0.0, 90.0, 0.0]]
CONTROL = [0.5, 0.1, 0.0, False, False, False, 0]
# Calls of all kinds with arguments that are right; 30 stands for some actor.
CALLS: tuple[tuple[str, list[Any]], ...] = (
    ("version", []), ("get_episode_info", []), ("get_episode_settings", []),
    ("get_sensor_token", [999_999]), ("get_map_info", []), ("get_available_maps", []),
    ("get_required_files", [""]), ("request_file", ["Nav"]), ("get_spectator", []),
    ("get_actors_by_id", [[1, 2, 30]]), ("get_actor_bounding_box", [30]),
    ("spawn_actor", [VEHICLE, POSE]), ("destroy_actor", [30]),
    ("spawn_actor_with_parent",
     [[1, "sensor.other.gnss", [["sensor_tick", 3, "0.0"]]], POSE, 30, 0, ""]),
    ("set_actor_transform", [30, POSE]), ("set_actor_location", [30, [1.0, 2.0, 3.0]]),
    ("set_actor_target_velocity", [30, [1.0, 2.0, 0.0]]), ("add_actor_impulse", [30, [1, 2, 3]]),
    ("set_actor_simulate_physics", [30, True]), ("set_actor_collisions", [30, True]),
    ("apply_control_to_vehicle", [30, CONTROL]),
    ("apply_control_to_walker", [30, [[1, 0, 0], 1, False]]),
    ("apply_ackermann_control_to_vehicle", [30, [0.1, 0.0, 5.0, 1.0, 0.0]]),
    ("get_physics_control", [30]), ("set_vehicle_light_state", [30, [3]]),
    ("get_vehicle_light_states", []), ("get_telemetry_data", [30]),
    ("set_traffic_light_state", [2, 1]), ("set_traffic_light_green_time", [2, 5.0]),
    ("get_group_traffic_lights", [2]), ("freeze_traffic_light", [2, True]),
    ("set_weather_parameters", [[1.0] * 14]), ("get_weather_parameters", []),
    ("is_traffic_manager_running", [8000]), ("add_traffic_manager_running", [["10.0.0.1", 8000]]),
    ("query_lights_state", ["me"]), ("draw_debug_shape", [[]]),
    ("cast_ray", [[0.0, 0.0, 5.0], [10.0, 0.0, -5.0]]),
    ("project_point", [[0.0, 0.0, 5.0], [0.0, 0.0, -1.0], 10.0]),
    ("get_all_level_BBs", [255]), ("get_environment_objects", [255]),
    ("apply_batch", [[[[2, [30, CONTROL]]], [[0, [VEHICLE, POSE, [False], 0, "", []]]]], False]),
    ("set_episode_settings", [[True, False, [True, 0.05]]]), ("tick_cue", []),
    ("load_new_episode", ["Nowhere", True, 65535]), ("no_such_method", [1, 2, 3]),
    ("start_recorder", ["fuzz.log", False]), ("show_recorder_file_info", ["fuzz.log", True]),
)  # fmt: skip


class Wire:
    """A bare connection."""

    def __init__(self, port: int, patience: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), patience)
        self._unpacker = msgpack.Unpacker(strict_map_key=False)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a method: [1, id, error, result]; None where the server hangs up."""
        try:
            self.socket.sendall(msgpack.packb([0, 7, name, [[False], *arguments]]))
        except OSError:
            return None
        return self.reply()

    def reply(self) -> Any:
        while True:
            for message in self._unpacker:
                return message
            try:
                data = self.socket.recv(1 << 16)
            except ConnectionError:
                return None
            if not data:
                return None
            self._unpacker.feed(data)


def memory(served: Served) -> int:
    """Resident memory of the server [bytes]."""
    text = Path(f"/proc/{served.process.pid}/statm").read_text()
    return int(text.split()[1]) * 4096


def junk(draw: random.Random) -> Any:
    """A value that hardly any method takes."""
    return draw.choice([
        None, True, -1, 0, 2**63, -(2**63), 1e308, float("nan"), float("inf"), "", "x" * 300,
        b"\xff", [], [[]], [[[[]]]], {}, {"a": 1}, [1] * 50, [None] * 3, "vehicle.*", 30,
    ])  # fmt: skip


def mutated(value: Any, draw: random.Random) -> Any:
    """The value with something about it changed."""
    if isinstance(value, list) and value and draw.random() < 0.8:
        copy = list(value)
        at = draw.randrange(len(copy))
        what = draw.random()
        if what < 0.15:
            del copy[at]
        elif what < 0.25:
            copy.insert(at, junk(draw))
        else:
            copy[at] = mutated(copy[at], draw)
        return copy
    return junk(draw)


def test_ten_thousand_mutated_messages_do_no_harm(served: Served, world: Any) -> None:
    draw = random.Random(5)
    patience = 0.3  # a damaged length lets the server wait for more, and us for an answer
    wire = Wire(served.port, patience)
    hung_up = 0
    for i in range(10_000):
        name, arguments = CALLS[draw.randrange(len(CALLS))]
        request: Any = [0, i, name, [[False], *arguments]]
        request = mutated(request, draw)
        data = msgpack.packb(request)
        if draw.random() < 0.15:  # and bytes that are no message at all
            at = draw.randrange(len(data))
            data = data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
        try:
            wire.socket.sendall(data)
            if i % 20 == 0 and wire.call("version") is None:
                raise ConnectionError
        except OSError:
            hung_up += 1
            wire.socket.close()
            wire = Wire(served.port, patience)
    assert served.process.poll() is None
    assert hung_up > 100  # what is no request closes the connection
    fresh = Wire(served.port)
    assert fresh.call("version") == [1, 7, None, [[1, "0.9.16"]]]
    client = served.client()
    client.load_world("Rivertown")
    assert client.get_world().tick() > 0


def test_garbage_and_half_messages_close_only_their_own_connection(
    served: Served, world: Any
) -> None:
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\xc1" * 100, b"\x94\x00", bytes(range(256)) * 20,
                 b"\xdf\xff\xff\xff\xff", b"\x94\x00\x01\xa7version\x91"):  # fmt: skip
        wire = Wire(served.port)
        wire.socket.sendall(data)
        wire.socket.close()
    assert world.tick() > 0


def test_an_unknown_method_is_an_error_for_who_waits(served: Served) -> None:
    message = Wire(served.port).call("fly_to_the_moon", 1)
    assert "could not find function" in message[2]


def test_a_client_that_dies_in_a_call_is_forgotten(served: Served, world: Any) -> None:
    for _ in range(20):
        wire = Wire(served.port)
        wire.socket.sendall(msgpack.packb([0, 1, "get_actor_definitions", [[False]]]))
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wire.socket.close()
    assert world.tick() > 0


def test_streams_that_nobody_reads_are_bounded(served: Served, world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    for axis in "xy":
        blueprint.set_attribute(f"image_size_{axis}", "512")
    camera = world.spawn_actor(blueprint, carla.Transform(), attach_to=car)
    world.tick()
    wire = Wire(served.port)
    info = wire.call("get_actors_by_id", [camera.id])
    stream, port = struct.unpack_from("<IH", info[3][0][1][0][5])
    idle = socket.create_connection(("127.0.0.1", port))
    idle.sendall(struct.pack("<I", stream))
    run(world, 20)
    before = memory(served)
    run(world, 60)  # 60 MB
    assert memory(served) - before < 40e6
    idle.close()
    assert world.tick() > 0


def test_answers_that_nobody_reads_are_bounded(served: Served, world: Any) -> None:
    wire = Wire(served.port)
    wire.socket.settimeout(5.0)
    request = msgpack.packb([0, 1, "get_actor_definitions", [[False]]])
    before = memory(served)
    wire.socket.sendall(request * 2000)  # asks for 90 MB
    time.sleep(3.0)
    assert memory(served) - before < 60e6
    received = 0
    try:
        while data := wire.socket.recv(1 << 20):
            received += len(data)
    except ConnectionError:
        pass
    assert received < 60e6
    assert world.tick() > 0


TEXT = b"\x94\x00\x01\xb6copy_opendrive_to_file\x93\x91\xc2"
LIST = b"\x94\x00\x01\xabapply_batch\x93\x91\xc2\xdd\x03\0\0\0"
HALVES = {  # the beginning of a request that is never whole, how it goes on, and how often
    "a promise of fifty million": (LIST, b"", 1),
    "lists in lists": (LIST, b"\x90" * 65536, 100),
    "a long text": (TEXT + b"\xdb\x05\0\0\0", b"x" * (1 << 20), 80),
    "lists where a text should be": (TEXT + b"\xdd\x05\0\0\0", b"\x90" * 65536, 100),
}  # fmt: skip


@pytest.mark.parametrize("name", HALVES)
def test_half_requests_of_many_connections_are_bounded_together(
    served: Served, world: Any, name: str
) -> None:
    head, rest, times = HALVES[name]
    before, most = memory(served), 0
    wires = [Wire(served.port) for _ in range(20)]
    for wire in wires:
        try:
            wire.socket.sendall(head)
            for _ in range(times):
                wire.socket.sendall(rest)
        except OSError:
            pass  # it was hung up on
        most = max(most, memory(served) - before)
    assert world.tick() > 0
    assert most < 600e6
    for wire in wires:
        wire.socket.close()


def test_ten_thousand_calls_of_one_leave_the_others_their_turn(served: Served, world: Any) -> None:
    greedy, other = Wire(served.port), Wire(served.port)
    ray = ["cast_ray", [[False], [0.0, 0.0, 2.0], [900.0, 900.0, 1.0]]]
    slow = b"".join(msgpack.packb([0, i, *ray]) for i in range(10_000))
    greedy.socket.setblocking(False)
    sent = greedy.socket.send(slow)
    assert sent > 50_000
    for _ in range(10):
        begin = time.monotonic()
        assert other.call("version") is not None
        assert time.monotonic() - begin < 2.0
    greedy.socket.close()


def test_thousands_of_connections_are_held_off(served: Served, world: Any) -> None:
    held = []
    for _ in range(2000):
        try:
            held.append(socket.create_connection(("127.0.0.1", served.port), 5.0))
        except OSError:
            break
        if len(held) > 500:
            held.pop(0).close()
    assert world.tick() > 0
    assert served.client().get_server_version() == "0.9.16"
    for sock in held:
        sock.close()


def test_actors_are_bounded(served: Served, world: Any) -> None:
    wire = Wire(served.port)
    gnss = [1, "sensor.other.gnss", [["role_name", 4, "x"]]]
    commands = [[[0, [gnss, POSE, [False], 0, "", []]]]] * 11_000
    answers = wire.call("apply_batch", commands, False)[3]
    refused = [answer for answer in answers if answer[0][0] == 0]
    assert 1000 <= len(refused) < 1100
    assert world.tick() > 0


def test_a_client_that_is_killed_leaves_the_world_to_the_others(served: Served, world: Any) -> None:
    code = (
        "import carla, sys, time\n"
        f"world = carla.Client('127.0.0.1', {served.port}).get_world()\n"
        "world.on_tick(lambda _: None)\nprint('on', flush=True)\ntime.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "on\n"
    child.kill()
    child.wait()
    child.stdout.close()
    run(world, 20)
    spawn(world)


def test_sigterm_ends_it_cleanly() -> None:
    server = Served("--map", "Rivertown")
    client = server.client()
    client.get_world()
    begin = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - begin < 5.0


def test_sigterm_ends_it_in_the_middle_of_a_load() -> None:
    server = Served("--map", "Rivertown")
    wire = Wire(server.port)
    xodr = wire.call("get_map_data")[3][0][1]
    wire.call("copy_opendrive_to_file", xodr, [2.0, 50.0, 1.0, 0.6, True, True, True])
    wire.socket.sendall(
        msgpack.packb([0, 1, "load_new_episode", [[False], "OpenDriveMap", True, 65535]])
    )
    time.sleep(0.2)
    begin = time.monotonic()
    assert server.end() == 0
    assert time.monotonic() - begin < 3.0


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code = "from roadworthy.agents.cli import main; main()"
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-c", code, "serve", "--port", port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr
