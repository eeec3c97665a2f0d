"""Recordings that somebody has broken, by accident or on purpose, give sentences."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from roadworthy.agents.evaluation.drive import DriveResult
from roadworthy.agents.recording import Recording, RecordingError, Replay
from roadworthy.agents.recording.codec import MOST_BYTES, pack, unpack
from roadworthy.agents.recording.container import (
    MAGIC,
    VERSION,
    ChunkWriter,
    list_chunks,
    read_chunk,
)
from roadworthy.sim.errors import RoadworthyError
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

KINDS = ("<f4", "<f8", "<i4", "<i8", "<u8", "|u1", "|b1")


@given(
    st.lists(
        st.sampled_from(KINDS).flatmap(
            lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=1, max_dims=3, max_side=7))
        ),
        max_size=4,
    )
)
def test_the_codec_gives_back_every_byte(arrays: list[Any]) -> None:
    given_ = {f"a{i}": array for i, array in enumerate(arrays)}
    back = unpack(pack(given_))
    assert list(back) == list(given_)
    for name, array in given_.items():
        assert back[name].dtype == array.dtype
        assert back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_chunk_are_refused(data: bytes) -> None:
    with pytest.raises(RecordingError):
        unpack(data)


@pytest.mark.parametrize(
    "table",
    [
        [["a", "<f4", [1 << 40]]],
        [["a", "<f4", [1 << 20, 1 << 20]]],
        [["a", "<f4", [-4, -4]]],
        [["a", "|O", [4]]],
        [["a", "<f4", [MOST_BYTES]]],
        [["a", "<f4", [2, 3]], ["b", "<f4", [2, 3]]],
        [[["x"], "<f4", [2]]],
        {"a": 1},
        [[1]],
        [["a", "|b1", [2, 8]]],
    ],
)
def test_a_table_that_lies_takes_no_memory(table: object) -> None:
    head = json.dumps(table).encode()
    body = len(head).to_bytes(4, "little") + head + b"\x07" * 24
    with pytest.raises(RecordingError, match="damaged"):
        unpack(len(body).to_bytes(4, "little") + zlib.compress(body))


def test_a_bomb_is_not_blown_up() -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    with pytest.raises(RecordingError, match="damaged"):
        unpack((1000).to_bytes(4, "little") + bomb)
    with pytest.raises(RecordingError, match="out of range"):
        unpack((1 << 31).to_bytes(4, "little") + bomb)


@given(
    changes=st.lists(
        st.tuples(st.floats(0.0, 1.0, exclude_max=True), st.integers(0, 255)),
        min_size=1,
        max_size=8,
    ),
    end=st.floats(0.0, 1.0),
)
@settings(max_examples=40)
def test_a_file_with_other_bytes_is_a_sentence_or_a_shorter_drive(
    driven: tuple[Path, DriveResult],
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[float, int]],
    end: float,
) -> None:
    data = bytearray(driven[0].read_bytes())
    for place, value in changes:
        data[int(place * len(data))] = value
    path = tmp_path_factory.mktemp("fuzz") / "drive.rwr"
    path.write_bytes(data[: max(int((0.5 + end) * len(data)), 1)])
    try:
        recording = Recording.read(path)
    except RecordingError:
        return
    whole = Recording.read(driven[0])
    assert 0 < len(recording) <= len(whole)
    assert recording[-1].actors.tobytes() == whole[len(recording) - 1].actors.tobytes()


def written(path: Path, chunks: list[tuple[str, bytes]]) -> Path:
    writer = ChunkWriter(path)
    for kind, content in chunks:
        writer.add(kind, content)
    writer.close()
    return path


def contents(path: Path) -> list[tuple[str, bytes]]:
    return [(chunk.kind, read_chunk(path, chunk)) for chunk in list_chunks(path)[0]]


@given(st.data())
@settings(max_examples=30)
def test_a_head_with_other_values_is_a_sentence_or_a_head(
    driven: tuple[Path, DriveResult], tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    chunks = contents(driven[0])
    head = json.loads(chunks[0][1])
    name = data.draw(st.sampled_from(sorted(head)))
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    value = data.draw(st.recursive(plain, lambda s: st.lists(s, max_size=3), max_leaves=4))
    head[name] = value
    path = tmp_path_factory.mktemp("head") / "drive.rwr"
    chunks[0] = ("HEAD", json.dumps(head).encode())
    try:
        recording = Recording.read(written(path, chunks))
        list(recording)
        recording.scenario()
    except RoadworthyError:
        pass  # anything else fails the test


@pytest.mark.parametrize("column", [Actor.KIND, Actor.X, Actor.LANE, Actor.LENGTH, Actor.COLOR])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e30, 4e9, -7.0])
def test_states_that_no_world_has_never_reach_a_kernel(
    driven: tuple[Path, DriveResult], town: Town, tmp_path: Path, column: Actor, value: float
) -> None:
    chunks = contents(driven[0])
    at = next(i for i, (kind, _) in enumerate(chunks) if kind == "STEP")
    arrays = unpack(chunks[at][1])
    arrays["actors"][:, 1:, column] = value
    chunks[at] = ("STEP", pack(arrays))
    path = written(tmp_path / "drive.rwr", chunks)
    rig = SensorRig(cameras=(CameraSpec(width=32, height=16),), lidar=None)

    def look() -> None:
        replay = Replay(Recording.read(path), town)
        replay.truth(3)
        next(iter(replay.frames(rig)))

    if column in (Actor.LANE, Actor.COLOR) and np.isfinite(value):
        look()  # what points nowhere is taken for nothing
    elif column == Actor.X and value == -7.0:
        look()
    else:
        with pytest.raises(RecordingError, match="none that a world can have"):
            look()


def test_a_route_over_lanes_that_do_not_exist_is_refused(
    driven: tuple[Path, DriveResult], town: Town, tmp_path: Path
) -> None:
    chunks = contents(driven[0])
    route = unpack(chunks[1][1])
    route["route"][5, 7] = 1e9
    chunks[1] = ("ROUT", pack(route))
    recording = Recording.read(written(tmp_path / "drive.rwr", chunks))
    with pytest.raises(RecordingError, match="lanes that Marlow does not have"):
        Replay(recording, town)


def test_a_chunk_that_claims_too_much_ends_the_file(tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    path.write_bytes(
        struct.pack("<8sH6x", MAGIC, VERSION)
        + struct.pack("<4sII", b"HEAD", 0xFFFFFFFF, 0)
        + b"x" * 64
    )
    chunks, damage = list_chunks(path)
    assert not chunks
    assert "claims 4294967295 bytes" in damage


@pytest.mark.parametrize("data", [b"", b"x", MAGIC, MAGIC + bytes(8), b"GIF89a" + bytes(60)])
def test_what_is_no_recording_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "drive.rwr"
    path.write_bytes(data)
    with pytest.raises(RecordingError):
        Recording.read(path)


def test_another_format_is_told_with_both_numbers(tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    path.write_bytes(struct.pack("<8sH6x", MAGIC, 9))
    with pytest.raises(RecordingError, match=rf"format 9, .* reads format {VERSION}"):
        Recording.read(path)


def test_a_recording_with_other_columns_is_read_by_their_names(
    driven: tuple[Path, DriveResult], town: Town, tmp_path: Path
) -> None:
    chunks = contents(driven[0])
    head = json.loads(chunks[0][1])
    names = head["columns"]["actors"]
    order = [names.index(n) for n in sorted(names) if n != "STEER"]
    head["columns"]["actors"] = [names[i] for i in order]
    chunks[0] = ("HEAD", json.dumps(head).encode())
    for i, (kind, content) in enumerate(chunks):
        if kind == "STEP":
            arrays = unpack(content)
            chunks[i] = (kind, pack(arrays | {"actors": arrays["actors"][..., order]}))
    recording = Recording.read(written(tmp_path / "drive.rwr", chunks))
    whole = Recording.read(driven[0])
    np.testing.assert_array_equal(
        recording[30].actors[:, : Actor.STEER], whole[30].actors[:, : Actor.STEER]
    )
    assert (recording[30].actors[:, Actor.STEER] == 0.0).all()
