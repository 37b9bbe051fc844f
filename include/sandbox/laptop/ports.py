"""Free ports on this machine."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def any_free(count: int) -> list[int]:
    """`count` different ports that are free now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def preferred(port: int) -> int:
    """`port` if it is free, else another."""
    return port if is_free(port) else any_free(1)[0]
