"""The mail server stand-in: takes mails from those who log in, and delivers them nowhere."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from include.sandbox.standins import credentials
from include.sandbox.standins.context import Context
from include.sandbox.standins.mailbox import Mailbox

LARGEST_MAIL_BYTES = 32 * 1024 * 1024
_START_SECONDS = 20.0


class _Session(SMTP):
    """One client; remembered as long as it is connected, so that stopping can hang up on it."""

    connected: set[_Session]

    def connection_made(self, transport: Any) -> None:
        self.connected.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.connected.discard(self)
        super().connection_lost(error)


class SmtpServer:
    """An SMTP server with login and STARTTLS in a thread of this process."""

    def __init__(self, context: Context, listener: socket.socket, certificate: ssl.SSLContext) -> None:
        self._listener = listener
        self._certificate = certificate
        self._mailbox = Mailbox(context)
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="standins-smtp", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._listener.getsockname()[1]
        return port

    def start(self) -> None:
        """Start serving; returns when mails are taken."""
        # At lower levels its log holds the addresses of everybody who was written to.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise RuntimeError("the mail server stand-in did not start")

    def stop(self) -> None:
        """Stop serving and hang up on whoever is connected."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        connected: set[_Session] = set()

        def session() -> _Session:
            client = _Session(
                self._mailbox,
                hostname="mail.sandbox.example.com",
                ident="sandbox",
                data_size_limit=LARGEST_MAIL_BYTES,
                enable_SMTPUTF8=True,
                tls_context=self._certificate,
                require_starttls=False,
                auth_require_tls=False,
                authenticator=_authenticate,
            )
            client.connected = connected
            return client

        server = await self._loop.create_server(session, sock=self._listener)
        self._ready.set()
        await self._stop.wait()
        server.close()
        for client in list(connected):
            if isinstance(client.transport, asyncio.Transport):
                client.transport.abort()


def _authenticate(
    _server: SMTP, _session: Any, _envelope: Any, mechanism: str, login: LoginPassword | Any
) -> AuthResult:
    right = (
        mechanism in ("LOGIN", "PLAIN")
        and isinstance(login, LoginPassword)
        and login.login == credentials.SMTP_USER.encode()
        and login.password == credentials.SMTP_PASSWORD.encode()
    )
    # `handled` false lets the server word the refusal.
    return AuthResult(success=right, handled=False)
