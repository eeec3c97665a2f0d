"""A proxy in a process of its own that keeps what the real client asks: `capture.py PORT FOLDER`.

The client's native calls hold Python's lock, so that no thread of the same process could answer.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from pathlib import Path
from typing import Any


def pump(source: socket.socket, sink: socket.socket, file: Any) -> None:
    """Pass on what comes, and write it down."""
    try:
        while data := source.recv(1 << 16):
            if file is not None:
                file.write(data)
                file.flush()
            sink.sendall(data)
    except OSError:
        pass
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def main() -> None:
    """Listen, say where, and connect each who comes to the server."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        count = 0
        while True:
            here, _ = listener.accept()
            there = socket.create_connection(("127.0.0.1", port))
            file = (folder / f"{count}.bin").open("wb")
            count += 1
            threading.Thread(target=pump, args=(here, there, file), daemon=True).start()
            threading.Thread(target=pump, args=(there, here, None), daemon=True).start()


if __name__ == "__main__":
    main()
