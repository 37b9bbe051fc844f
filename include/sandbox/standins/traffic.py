"""Between the network and the HTTP stand-ins: carries out fault orders and writes the journal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.standins.answers import Answer
from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import CONNECTION_KINDS, Fault, Vendor
from include.sandbox.standins.http_server import CUT_CONNECTION
from include.sandbox.standins.journal import without_secrets

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
FaultAnswer = Callable[[Fault, Context], Answer]


@dataclass(frozen=True)
class HttpVendor:
    """An HTTP stand-in: its name, the start of its paths, and how it words an ordered error."""

    name: Vendor
    prefix: str
    fault_answer: FaultAnswer


@dataclass
class _Exchange:
    status: int | None = None
    sent: list[Message] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(len(message.get("body", b"")) for message in self.sent)

    async def collect(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent.append(message)

    async def answer(self, answer: Answer) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
        headers.append((b"content-length", str(len(answer.body)).encode()))
        await self.collect({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self.collect({"type": "http.response.body", "body": answer.body})


class VendorTraffic:
    """ASGI middleware around all HTTP stand-ins."""

    def __init__(self, app: Application, context: Context, vendors: tuple[HttpVendor, ...]) -> None:
        self._app = app
        self._context = context
        self._vendors = vendors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        vendor = self._vendor(scope)
        if vendor is None:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        body = await _read_body(receive)
        if body is None:
            return
        method, path = scope["method"], scope["path"]
        fault = await asyncio.to_thread(
            self._context.faults.take, vendor.name, method, path, CONNECTION_KINDS
        )
        state: dict[str, Any] = scope.setdefault("state", {})
        exchange = _Exchange()
        if fault is None or fault.kind in ("slow", "timeout_after_accepting"):
            await self._serve(scope, _replay(body, receive), exchange)
        elif fault.kind == "status":
            await exchange.answer(vendor.fault_answer(fault, self._context))
        unanswered = fault is not None and fault.kind in ("drop_connection", "timeout_after_accepting")
        # The journal is written before the client hears anything, so that it may look there at once.
        await asyncio.to_thread(
            self._context.journal.record,
            vendor.name,
            method,
            path,
            status=None if unanswered else exchange.status,
            started=started,
            query=scope["query_string"].decode("latin-1"),
            headers=_headers(scope),
            request_bytes=len(body),
            response_bytes=0 if unanswered else exchange.bytes,
            fault=fault.kind if fault else state.get("fault"),
        )
        if fault is not None and unanswered:
            await _leave_unanswered(fault, scope, receive)
            return
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds or 0)
        for message in exchange.sent:
            await send(message)

    async def _serve(self, scope: Scope, receive: Receive, exchange: _Exchange) -> None:
        try:
            await self._app(scope, receive, exchange.collect)
        except Exception:
            # The application has answered 500 before it raises: the client and the journal must see that.
            log.exception("A stand-in failed at %s %s", scope["method"], scope["path"])

    def _vendor(self, scope: Scope) -> HttpVendor | None:
        if scope["type"] != "http":
            return None
        path = scope["path"]
        return next(
            (
                vendor
                for vendor in self._vendors
                if path == vendor.prefix or path.startswith(vendor.prefix + "/")
            ),
            None,
        )


async def _leave_unanswered(fault: Fault, scope: Scope, receive: Receive) -> None:
    if fault.kind == "timeout_after_accepting":
        try:
            async with asyncio.timeout(fault.seconds):
                await _disconnected(receive)
        except TimeoutError:
            pass
        else:
            return
    scope["extensions"][CUT_CONNECTION]()
    await _disconnected(receive)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_body(receive: Receive) -> bytes | None:
    """The whole body; None when the client went away before it had sent all of it."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    pending: list[Mapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return dict(pending.pop()) if pending else await receive()

    return replay


def _headers(scope: Scope) -> dict[str, str]:
    return without_secrets(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]
    )
