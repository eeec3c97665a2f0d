"""The table of all methods that clients can call, and how their answers are wrapped.

A method is a function `(server, *arguments)`, registered under CARLA's name with the readers of
its arguments. `docs/carla.md` is made from this table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from roadworthy.sim.carla.server.values import MalformedError, Reader, RefusedError

VOID = [[False]]
Call = TypeVar("Call", bound=Callable[..., Any])


class Hold(Exception):  # noqa: N818 - no error: the loop asks again a moment later
    """A call cannot be answered yet."""


@dataclass(frozen=True, slots=True)
class Method:
    """One entry of the table."""

    name: str
    call: Callable[..., Any]
    readers: tuple[Reader, ...]
    bare: bool  # the answer is not wrapped
    honoured: str  # "yes", "partly" or "no", for the docs
    void: bool  # its Response is of void, and so is that of its errors


METHODS: dict[str, Method] = {}


def method(
    name: str, *readers: Reader, bare: bool = False, honoured: str = "yes"
) -> Callable[[Call], Call]:
    """Register a function as one of CARLA's methods.

    Args:
        name: CARLA's.
        readers: one for each argument.
        bare: whether the answer goes out without rpc::Response around it.
        honoured: what the docs say: yes, partly, or no (accepted, without effect).
    """

    def register(function: Call) -> Call:
        void = function.__annotations__.get("return") == "None"
        METHODS[name] = Method(name, function, readers, bare, honoured, void)
        return function

    return register


def wrapped(value: Any) -> list[Any]:
    """Write rpc::Response of a success; None is Response<void>."""
    return VOID if value is None else [[1, value]]


def failed(message: str, void: bool) -> list[Any]:
    """Write rpc::Response of an error."""
    return [[True, [message]]] if void else [[0, [message]]]


def answer(server: Any, name: str, params: Any) -> tuple[str | None, Any]:
    """Call a method: (error, result) of the reply.

    Raises:
        Hold: it has to be asked again.
    """
    method_ = METHODS.get(name)
    if method_ is None:
        return f"rpclib: server could not find function '{name:.80}'", None
    try:
        given = list(params)[1:] if isinstance(params, list | tuple) else []
        if len(given) < len(method_.readers):
            raise MalformedError(f"takes {len(method_.readers)} arguments, but {len(given)} came")
        arguments = [read(item) for read, item in zip(method_.readers, given, strict=False)]
        result = method_.call(server, *arguments)
        return None, result if method_.bare else wrapped(result)
    except RefusedError as refusal:
        return None, failed(str(refusal), method_.void)
    except MalformedError as wrong:
        return None, failed(f"{name}: {wrong}", method_.void)
