"""Ports: the one that was asked for, or another one where it is taken."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class Ports:
    """The ports that the stand-ins should listen on; 0 is any free port."""

    http: int = 0
    webdav: int = 0
    smtp: int = 0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `port`, or on another free port when that one is taken or not allowed."""
    try:
        return _listener(host, port)
    except OSError:
        return _listener(host, 0)


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Only a listening socket keeps others off the port.
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
