"""ONNX Runtime as the closed loop needs it: the right provider, one thread, checked models.

ONNX Runtime falls back to the CPU in silence when CUDA does not load, and lists CUDA as available
on machines without a GPU. So the provider is chosen before the session is made (CUDA only where
a driver answers) and compared with what the session really got.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import ModelError, SettingsError

DEVICES = ("auto", "cpu", "cuda")
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"

_DTYPES: dict[str, Any] = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True, slots=True)
class Contract:
    """What the code expects of a model file.

    A size of None in a shape matches any; `metadata` must be in the file with these very values.
    """

    inputs: Mapping[str, tuple[int | None, ...]]
    outputs: tuple[str, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)


def has_cuda_driver() -> bool:
    """Whether NVIDIA's driver is on this machine."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


def choose_providers(device: str) -> list[str]:
    """Choose the providers to ask for.

    Args:
        device: `cpu`, `cuda`, or `auto` (CUDA where there is a driver).

    Raises:
        SettingsError: the device is unknown, or CUDA is required and no driver is there.
    """
    if device not in DEVICES:
        raise SettingsError(f"unknown device {device!r}; choose one of {', '.join(DEVICES)}")
    if device == "cpu":
        return [CPU]
    if not has_cuda_driver():
        if device == "cuda":
            raise SettingsError(
                "device cuda was required, but this machine has no NVIDIA driver; "
                "use --device auto or --device cpu"
            )
        return [CPU]
    import onnxruntime

    if CUDA not in onnxruntime.get_available_providers():
        if device == "cuda":
            raise SettingsError(
                "device cuda was required, but the installed onnxruntime is a CPU build; "
                "install onnxruntime-gpu alone (`roadworthy doctor` shows what is installed)"
            )
        return [CPU]
    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()  # CUDA and cuDNN from the wheels that torch brought
    return [CUDA, CPU]


class OnnxModel:
    """A loaded, checked and warmed-up model; call it with named arrays."""

    def __init__(
        self,
        path: str | Path,
        contract: Contract | None = None,
        *,
        device: str = "auto",
        threads: int = 1,
    ) -> None:
        """Load a model.

        Args:
            path: the .onnx file.
            contract: what the model must look like; None takes any.
            device: `auto`, `cpu` or `cuda` (an error where CUDA cannot be had).
            threads: threads within one operator. One is the fastest choice that stays fast when
                the machine is busy.

        Raises:
            ModelError: the file is missing, is no ONNX model, or breaks the contract.
            SettingsError: the device is unknown or cannot be had.
        """
        self.path = Path(path)
        if not self.path.is_file():
            raise ModelError(
                f"model {self.path}: there is no such file; export one with `roadworthy export`"
            )
        wanted = choose_providers(device)
        self._session = _open_session(self.path, wanted, threads)
        self.provider: str = self._session.get_providers()[0]
        self.fell_back = self.provider != wanted[0]
        if self.fell_back and device == "cuda":
            raise SettingsError(
                f"device cuda was required, but ONNX Runtime gave {self.provider}: its CUDA "
                "libraries did not load (see the lines above); install roadworthy[gpu]"
            )
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.inputs: dict[str, tuple[Any, tuple[int | None, ...]]] = {
            node.name: (_DTYPES.get(node.type), tuple(_size(n) for n in node.shape))
            for node in self._session.get_inputs()
        }
        self.outputs: tuple[str, ...] = tuple(node.name for node in self._session.get_outputs())
        if contract is not None:
            self._check(contract)

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Run the model.

        Args:
            inputs: one array for each input, by name.

        Returns:
            One array for each output, by name.

        Raises:
            ModelError: an input is missing or has another type or shape than the model takes.
        """
        try:
            values = self._session.run(None, dict(inputs))
        except Exception as error:
            raise ModelError(f"model {self.path}: {_first_line(error)}") from error
        return dict(zip(self.outputs, values, strict=True))

    def warm_up(self, runs: int = 3) -> float:
        """Run on zeros so that the first real call is as fast as the others.

        Returns:
            Time of the last run [ms].
        """
        zeros = {
            name: np.zeros([size or 1 for size in shape], dtype or np.float32)
            for name, (dtype, shape) in self.inputs.items()
        }
        begin = time.perf_counter()
        for _ in range(max(runs, 1)):
            begin = time.perf_counter()
            self(zeros)
        return (time.perf_counter() - begin) * 1e3

    def describe(self) -> str:
        """Say where the model runs, in a few words."""
        where = {CPU: "CPU", CUDA: "CUDA"}.get(self.provider, self.provider)
        return f"{self.path.name} on {where}" + (
            " (CUDA was asked for and did not load)" if self.fell_back else ""
        )

    def _check(self, contract: Contract) -> None:
        for name, expected in contract.inputs.items():
            if name not in self.inputs:
                raise self._mismatch(f"has no input {name!r}; its inputs are {_list(self.inputs)}")
            shape = self.inputs[name][1]
            if len(shape) != len(expected) or any(
                have is not None and want is not None and have != want
                for have, want in zip(shape, expected, strict=False)
            ):
                raise self._mismatch(
                    f"takes {name!r} as {_shape(shape)}, this version gives {_shape(expected)}"
                )
        surplus = set(self.inputs) - set(contract.inputs)
        if surplus:
            raise self._mismatch(f"wants inputs that this version does not give: {_list(surplus)}")
        missing = set(contract.outputs) - set(self.outputs)
        if missing:
            raise self._mismatch(
                f"lacks the outputs {_list(missing)}; it has {_list(self.outputs)}"
            )
        for key, value in contract.metadata.items():
            have = self.metadata.get(key)
            if have != value:
                raise self._mismatch(
                    f"its metadata say {key}={have!r}, this version needs {value!r}"
                )

    def _mismatch(self, what: str) -> ModelError:
        return ModelError(f"model {self.path}: {what}; train and export it with this version")


def _open_session(path: Path, providers: list[str], threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # ONNX Runtime's own exceptions share no base but Exception
        raise ModelError(
            f"model {path}: ONNX Runtime cannot load it ({_first_line(error)}); "
            "the file is damaged or no ONNX model"
        ) from error


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:200] if text else type(error).__name__


def _list(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _shape(shape: tuple[int | None, ...]) -> str:
    return "[" + ", ".join("batch" if n is None else str(n) for n in shape) + "]"
