"""Between the network and the WebDAV application: carries out fault orders and writes the journal."""

from __future__ import annotations

import contextlib
import io
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import CONNECTION_KINDS, Fault, FaultKind
from include.sandbox.standins.journal import without_secrets

CLIENT_SOCKET = "sandbox.client_socket"

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

_REASONS = {
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    423: "Locked",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    507: "Insufficient Storage",
}
_CHUNK_BYTES = 1 << 16


class WebDavTraffic:
    """WSGI middleware around the WebDAV application.

    Orders are for requests that bring a login: the unauthenticated first try that a digest login begins with
    does nothing and would only use them up.
    """

    def __init__(self, application: Any, context: Context) -> None:
        self._application = application
        self._context = context
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let go of the clients that an order keeps waiting."""
        self._stopping.set()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        started = time.perf_counter()
        method, path = environ["REQUEST_METHOD"], _path(environ)
        fault = self._fault(environ, method, path)
        request_bytes = int(environ.get("CONTENT_LENGTH") or 0)
        exchange = _Exchange(start_response)
        if fault is None or fault.kind in ("slow", "timeout_after_accepting"):
            exchange.run(self._application, environ)
        elif fault.kind == "truncate_upload":
            _cut_in_half(environ)
            exchange.run(self._application, environ)
        elif fault.kind == "drop_connection":
            pass
        else:
            _read_all(environ)
            exchange.refuse(501 if fault.kind == "refuse_move" else fault.status or 503, fault.retry_after)
        unanswered = fault is not None and fault.kind in ("drop_connection", "timeout_after_accepting")
        # The journal is written before the client hears anything, so that it may look there at once.
        self._context.journal.record(
            "webdav",
            method,
            path,
            status=None if unanswered else exchange.status,
            started=started,
            query=environ.get("QUERY_STRING", ""),
            headers=_headers(environ),
            request_bytes=request_bytes,
            response_bytes=0 if unanswered else exchange.content_length,
            fault=fault.kind if fault else None,
        )
        if fault is not None and unanswered:
            exchange.close()
            return self._leave_unanswered(fault, environ[CLIENT_SOCKET], start_response)
        if fault is not None and fault.kind == "slow":
            self._stopping.wait(fault.seconds)
        return exchange.answer()

    def _fault(self, environ: Environ, method: str, path: str) -> Fault | None:
        if "HTTP_AUTHORIZATION" not in environ:
            return None
        kinds: set[FaultKind] = set(CONNECTION_KINDS)
        if method == "PUT":
            kinds.add("truncate_upload")
        elif method == "MOVE":
            kinds.add("refuse_move")
        return self._context.faults.take("webdav", method, path, kinds)

    def _leave_unanswered(
        self, fault: Fault, client: socket.socket, start_response: StartResponse
    ) -> Iterable[bytes]:
        if fault.kind == "timeout_after_accepting":
            self._wait_for_hang_up(client, fault.seconds or 0)
        # Whatever the server writes from here on goes nowhere.
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        start_response("500 Internal Server Error", [("Content-Length", "0"), ("Connection", "close")])
        return []

    def _wait_for_hang_up(self, client: socket.socket, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._stopping.is_set():
            readable, _, _ = select.select([client], [], [], 0.05)
            if readable:
                try:
                    if client.recv(1, socket.MSG_PEEK) == b"":
                        return
                except OSError:
                    return
                self._stopping.wait(0.05)


class _Exchange:
    """One answer of the application, held until the journal is written, but not its whole body."""

    def __init__(self, start_response: StartResponse) -> None:
        self._start_response = start_response
        self._started: tuple[Any, ...] = ("500 Internal Server Error", [])
        self._result: Iterable[bytes] = ()
        self._rest: Iterator[bytes] = iter(())
        self._first: bytes = b""

    @property
    def status(self) -> int:
        return int(str(self._started[0]).partition(" ")[0])

    @property
    def content_length(self) -> int:
        for name, value in self._started[1]:
            if name.lower() == "content-length":
                return int(value)
        return len(self._first)

    def run(self, application: Any, environ: Environ) -> None:
        self._result = application(environ, self._note_start)
        self._rest = iter(self._result)
        # The application works, and calls `start_response`, when its first part is asked for.
        self._first = next(self._rest, b"")

    def refuse(self, status: int, retry_after: float | None) -> None:
        headers = [("Content-Length", "0")]
        if retry_after is not None:
            headers.append(("Retry-After", str(round(retry_after))))
        self._started = (f"{status} {_REASONS.get(status, 'Error')}", headers)

    def answer(self) -> Iterator[bytes]:
        self._start_response(*self._started)
        try:
            yield self._first
            yield from self._rest
        finally:
            self.close()

    def close(self) -> None:
        close = getattr(self._result, "close", None)
        if close is not None:
            close()

    def _note_start(self, *arguments: Any) -> Callable[[bytes], None]:
        self._started = arguments
        return _no_writing


def _no_writing(_data: bytes) -> None:
    raise NotImplementedError("the WebDAV application answers by iteration")


def _cut_in_half(environ: Environ) -> None:
    body = _read_all(environ)
    half = body[: len(body) // 2]
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ["wsgi.input"] = io.BytesIO(half)
    environ["CONTENT_LENGTH"] = str(len(half))


def _read_all(environ: Environ) -> bytes:
    source = environ["wsgi.input"]
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        return b"".join(iter(lambda: source.read(_CHUNK_BYTES), b""))
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return bytes(source.read(length)) if length else b""


def _path(environ: Environ) -> str:
    # WSGI hands the bytes of the path over as if they were Latin-1.
    return str(environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace")


def _headers(environ: Environ) -> dict[str, str]:
    names = {name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")}
    names |= {name: name for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)}
    return without_secrets((short.replace("_", "-"), str(environ[name])) for name, short in names.items())
