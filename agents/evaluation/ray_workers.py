"""Workers on a Ray cluster: an actor on each node keeps a worker process and passes messages on.

The process is the same as on one machine (`workers.ProcessWorker`), so what hangs or crashes is
found and ended in the same way; Ray finds the nodes, starts the actors and tells of those that
are lost. Roadworthy must be installed on the nodes, and `--map-dir` must exist there.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from roadworthy.agents.evaluation.messages import Answer, Order, Outfit
from roadworthy.agents.evaluation.workers import (
    Crew,
    Onlooker,
    ProcessWorker,
    WorkerGoneError,
)
from roadworthy.sim.errors import InputError, WorldError

RAY = "ray"  # the cluster that this machine belongs to, or one that is started here
CLIENT = "ray://"  # a cluster far away, through Ray's client
_STORE = 100 * 2**20  # [bytes] of shared memory where Ray is started here; messages are small
_AT_ONCE = 4  # calls of one actor: it listens to its worker while it takes orders


class Relay:
    """Runs in an actor: a worker process of that node."""

    def __init__(self) -> None:
        self._worker = ProcessWorker()

    def send(self, order: Order) -> None:
        """Pass an order on."""
        self._worker.send(order)

    def receive(self) -> Answer | str:
        """Wait for an answer; how the worker ended where there will be none."""
        try:
            return self._worker.receive()
        except WorkerGoneError as gone:
            return str(gone)


class RayWorker:
    """A worker somewhere in the cluster."""

    def __init__(self, ray: Any) -> None:
        """Start an actor, as soon as a processor is free."""
        self._ray = ray
        self._actor = (
            ray.remote(Relay).options(num_cpus=1, max_concurrency=_AT_ONCE, max_restarts=0).remote()
        )

    def send(self, order: Order) -> None:
        """Give an order."""
        with suppress(self._ray.exceptions.RayError):
            self._actor.send.remote(order)

    def receive(self) -> Answer:
        """Wait for its next answer."""
        try:
            answer: Answer | str = self._ray.get(self._actor.receive.remote())
        except self._ray.exceptions.RayError as error:
            raise WorkerGoneError(f"Ray: {str(error).splitlines()[0]}") from error
        if isinstance(answer, str):
            raise WorkerGoneError(answer)
        return answer

    def kill(self) -> None:
        """End the actor; its process ends with it."""
        with suppress(self._ray.exceptions.RayError):
            self._ray.kill(self._actor)


@contextmanager
def ray_crew(
    address: str, outfit: Outfit, most: int, onlooker: Onlooker | None = None
) -> Iterator[Crew]:
    """Have a worker on each processor of a cluster, for as long as the context lasts.

    Args:
        address: RAY, or CLIENT with host and port.
        outfit: what each worker is told.
        most: workers that are of use.
        onlooker: is told how it goes.

    Raises:
        InputError: Ray is not installed, or there is no cluster at the address.
    """
    try:
        ray: Any = importlib.import_module("ray")
    except ImportError as error:
        raise InputError(
            f"--workers {address} needs Ray ({error}); install roadworthy[ray]"
        ) from error
    ours = not ray.is_initialized()
    if ours:
        _connect(ray, address)
    try:
        processors = int(ray.cluster_resources().get("CPU", 0))
        if processors < 1:
            raise WorldError(f"--workers {address}: the cluster has no processor to drive on")
        crew = Crew(outfit, min(processors, most), lambda: RayWorker(ray), onlooker)
        try:
            yield crew
        finally:
            crew.close()
    finally:
        if ours:
            ray.shutdown()


def _connect(ray: Any, address: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if address != RAY:
            ray.init(address=address, **quiet)
            return
        try:
            ray.init(address="auto", **quiet)
        except ConnectionError:  # no cluster runs here: start one
            ray.init(include_dashboard=False, object_store_memory=_STORE, **quiet)
    except (ImportError, ConnectionError, ValueError, RuntimeError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise InputError(
            f"--workers {address}: no Ray cluster answers there ({first}); check the address, and "
            "that roadworthy[ray] is installed on both sides with the same version of Ray"
        ) from error
