from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from roadworthy.control import runtime
from roadworthy.control.runtime import Contract, OnnxModel, choose_providers
from roadworthy.sim.errors import ModelError, SettingsError

CONTRACT = Contract({"x": (None, 3)}, ("y",), {"format": "1"})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The model y = 2 x."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "double",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(made, {"format": "1"})
    path = tmp_path / "double.onnx"
    onnx.save(made, str(path))
    return path


def test_a_good_model_runs_on_the_cpu_and_says_so(model: Path) -> None:
    loaded = OnnxModel(model, CONTRACT, device="cpu")
    assert loaded.warm_up() > 0.0
    out = loaded({"x": np.array([[1, 2, 3]], np.float32)})
    np.testing.assert_array_equal(out["y"], [[2, 4, 6]])
    assert loaded.describe() == "double.onnx on CPU"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.onnx: there is no such file"):
        OnnxModel(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize("keep", [0, 20, 60])
def test_a_damaged_file_is_named(model: Path, keep: int) -> None:
    model.write_bytes(model.read_bytes()[:keep] + b"\xff" * 8)
    with pytest.raises(ModelError, match=r"double\.onnx: .*"):
        OnnxModel(model, CONTRACT, device="cpu")


@pytest.mark.parametrize(
    ("contract", "says"),
    [
        (Contract({"image": (1, 3)}, ("y",)), "no input 'image'; its inputs are x"),
        (Contract({"x": (None, 4)}, ("y",)), r"takes 'x' as \[batch, 3\].*gives \[batch, 4\]"),
        (Contract({"x": (None, 3, 1)}, ("y",)), r"takes 'x' as \[batch, 3\]"),
        (Contract({}, ("y",)), "does not give: x"),
        (Contract({"x": (None, 3)}, ("z",)), "lacks the outputs z; it has y"),
        (Contract({"x": (None, 3)}, ("y",), {"format": "2"}), "format='1'.*needs '2'"),
        (Contract({"x": (None, 3)}, ("y",), {"rig": "a"}), "rig=None"),
    ],
)
def test_each_mismatch_is_told_with_the_file(model: Path, contract: Contract, says: str) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        OnnxModel(model, contract, device="cpu")
    assert str(model) in str(caught.value)


def test_a_wrong_array_at_run_time_is_a_model_error(model: Path) -> None:
    loaded = OnnxModel(model, CONTRACT, device="cpu")
    with pytest.raises(ModelError, match=r"double\.onnx"):
        loaded({"x": np.zeros((1, 4), np.float32)})


def test_cuda_is_only_asked_for_where_a_driver_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "has_cuda_driver", lambda: False)
    assert choose_providers("auto") == [runtime.CPU]
    assert choose_providers("cpu") == [runtime.CPU]
    with pytest.raises(SettingsError, match="no NVIDIA driver"):
        choose_providers("cuda")
    with pytest.raises(SettingsError, match="auto, cpu, cuda"):
        choose_providers("gpu")
