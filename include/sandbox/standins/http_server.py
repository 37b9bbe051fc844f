"""One uvicorn server in a thread, whose connections can be cut on order."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

CUT_CONNECTION = "sandbox.cut_connection"
"""The ASGI extension that cuts the client's connection: a function without arguments."""

_START_SECONDS = 20.0


class CuttableProtocol(H11Protocol):
    """HTTP/1.1 that hands the application a way to cut the connection, which ASGI has no word for."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        application = self.app

        async def with_cut(
            scope: MutableMapping[str, Any],
            receive: Callable[[], Awaitable[Any]],
            send: Callable[[Any], Awaitable[None]],
        ) -> None:
            scope.setdefault("extensions", {})[CUT_CONNECTION] = transport.abort
            await application(scope, receive, send)

        self.app = with_cut


class HttpServer:
    """A uvicorn server in a thread of this process."""

    def __init__(self, app: Callable[..., Any], listener: socket.socket) -> None:
        self._listener = listener
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=CuttableProtocol,
                ws="none",
                lifespan="off",
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, name="standins-http", daemon=True)
        self._ended = threading.Event()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Start serving; returns when requests are answered."""
        self._thread.start()
        for _ in range(int(_START_SECONDS / 0.01)):
            if self._server.started:
                return
            if self._ended.wait(0.01):
                break
        raise RuntimeError("the HTTP stand-ins did not start")

    def stop(self) -> None:
        """Stop serving; requests that hang are cut off after a second."""
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._ended.set()
