from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from hypothesis import settings

# The first call of a kernel compiles it, which no deadline should count; and a failure in CI
# must be the same failure at home.
settings.register_profile("roadworthy", deadline=None, derandomize=True)
settings.load_profile("roadworthy")


@pytest.fixture
def full_disk() -> Callable[..., AbstractContextManager[None]]:
    """A disk that is full, in earnest: within, the system lets no file grow beyond `most` bytes."""

    @contextmanager
    def full(most: int = 4096) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)

    return full
