"""Where received mails go: a .eml file each, and a row that says what it is."""

from __future__ import annotations

import asyncio
import secrets
import time
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import insert

from include.sandbox.standins.context import Context
from include.sandbox.standins.faults import CONNECTION_KINDS, Fault, FaultKind
from include.sandbox.standins.state import mails

_ACCEPTED = "250 2.0.0 Message accepted"
_KINDS_FOR_RECIPIENTS: frozenset[FaultKind] = frozenset({"refuse_recipient", "drop_before_data"})


class Mailbox:
    """What the mail server does with a mail: keep it, or carry out a fault order."""

    def __init__(self, context: Context) -> None:
        self._context = context
        context.mail_dir.mkdir(parents=True, exist_ok=True)

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a sender's address: only those who logged in may send."""
        if not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer to a recipient's address."""
        started = time.perf_counter()
        fault = await asyncio.to_thread(
            self._context.faults.take, "smtp", "RCPT", address, _KINDS_FOR_RECIPIENTS
        )
        if fault is None:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
            return "250 2.1.5 OK"
        dropped = fault.kind == "drop_before_data"
        reply = _refusal(fault, "1.1")
        await asyncio.to_thread(
            self._context.journal.record,
            "smtp",
            "RCPT",
            address,
            status=None if dropped else int(reply[:3]),
            started=started,
            headers={"from": envelope.mail_from or ""},
            request_bytes=0,
            response_bytes=0 if dropped else len(reply),
            fault=fault.kind,
        )
        if dropped and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return reply

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Answer to a mail that has been received."""
        started = time.perf_counter()
        content = bytes(envelope.original_content or b"")
        recipients = ", ".join(envelope.rcpt_tos)
        fault = await asyncio.to_thread(
            self._context.faults.take, "smtp", "DATA", recipients, CONNECTION_KINDS
        )
        reply = _ACCEPTED
        if fault is None or fault.kind in ("slow", "timeout_after_accepting"):
            await asyncio.to_thread(self._keep, envelope, content)
        elif fault.kind == "status":
            reply = _refusal(fault)
        unanswered = fault is not None and fault.kind in ("drop_connection", "timeout_after_accepting")
        await asyncio.to_thread(
            self._context.journal.record,
            "smtp",
            "DATA",
            recipients,
            status=None if unanswered else int(reply[:3]),
            started=started,
            headers={"from": envelope.mail_from or ""},
            request_bytes=len(content),
            response_bytes=0 if unanswered else len(reply),
            fault=fault.kind if fault else None,
        )
        if fault is not None and fault.kind in ("slow", "timeout_after_accepting"):
            # A client that hangs up ends this wait: the server cancels what it was doing for it.
            await asyncio.sleep(fault.seconds or 0)
        if unanswered and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return reply

    def _keep(self, envelope: Envelope, content: bytes) -> None:
        now = time.time()
        name = f"{int(now * 1000)}-{secrets.token_hex(4)}.eml"
        target = self._context.mail_dir / name
        partial = target.with_suffix(".part")
        partial.write_bytes(content)
        partial.replace(target)
        row: dict[str, Any] = {
            "at": now,
            "sender": envelope.mail_from or "",
            "recipients": list(envelope.rcpt_tos),
            "subject": _subject(content),
            "bytes": len(content),
            "file": name,
        }
        with self._context.engine.begin() as connection:
            connection.execute(insert(mails), [row])


def _subject(content: bytes) -> str:
    return str(message_from_bytes(content, policy=policy.default).get("Subject", ""))


def _refusal(fault: Fault, detail: str = "3.0") -> str:
    status = fault.status or 451
    return f"{status} {status // 100}.{detail} Ordered by the sandbox"
