"""The conversation with a mail server about one mail, which tells when a mail may have been accepted.

A server accepts a mail with its answer to the final dot. What fails before the dot was certainly not
accepted; what fails after it may have been.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP
from typing import NoReturn

from include.errors import BadCredentials, OutcomeUnknown, VendorRefusal, VendorUnavailable
from include.privacy import masked

_LOGIN_CODES = (530, 534, 535, 538)
_LONGEST_ANSWER = 200

Connect = Callable[[], smtplib.SMTP]


class MailServer:
    """One connection after the other to a mail server; `connect` opens one that is logged in.

    `sender` is the address that errors go back to. `answer_seconds` is how long the server may take for its
    answer to a whole mail: who gives up early does not know whether the mail was accepted (RFC 5321, 4.5.3.2,
    asks for ten minutes).
    """

    def __init__(self, connect: Connect, sender: str, answer_seconds: float) -> None:
        self._connect, self._sender, self._answer_seconds = connect, sender, answer_seconds
        self._client: smtplib.SMTP | None = None

    def __enter__(self) -> MailServer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._hang_up()

    def ready(self) -> None:
        """Connect, unless it is connected; raises what `connect` raises."""
        self._connected()

    def _connected(self) -> smtplib.SMTP:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def send(self, message: EmailMessage, recipient: str) -> str:
        """Hand over a mail; returns the server's words.

        Raises `VendorRefusal` for what will be refused again (`field` is the step: MAIL, RCPT or DATA),
        `BadCredentials`, `VendorUnavailable` when the mail was certainly not accepted and may be tried again,
        and `OutcomeUnknown` when it may have been accepted.
        """
        content = re.sub(rb"(?m)^\.", b"..", message.as_bytes(policy=SMTP))
        client = self._connected()
        try:
            self._envelope(client, recipient, content)
        except OSError as error:
            self._hang_up()
            raise VendorUnavailable(
                f"the connection to the mail server was lost before the mail was sent: {_words(error)}"
            ) from None
        except (VendorUnavailable, BadCredentials):
            self._hang_up()
            raise
        except VendorRefusal:
            self._begin_anew(client)
            raise
        try:
            if client.sock is not None:
                client.sock.settimeout(self._answer_seconds)
            client.send(b".\r\n")
            code, answer = client.getreply()
            if client.sock is not None:
                client.sock.settimeout(client.timeout)
        except OSError as error:
            self._hang_up()
            raise OutcomeUnknown(
                f"the mail was sent, and the mail server did not say whether it took it: {_words(error)}"
            ) from None
        if 200 <= code < 300:
            return _said(code, answer)
        self._hang_up()
        if not 400 <= code < 600:
            raise OutcomeUnknown(f"the mail server's answer cannot be understood: {_said(code, answer)}")
        return _refuse(code, answer, "DATA")

    def _envelope(self, client: smtplib.SMTP, recipient: str, content: bytes) -> None:
        client.ehlo_or_helo_if_needed()
        options = [f"size={len(content)}"] if client.has_extn("size") else []
        _expect(client.mail(self._sender, options), 250, "MAIL")
        _expect(client.rcpt(recipient), 250, "RCPT")
        _expect(client.docmd("DATA"), 354, "DATA")
        client.send(content if content.endswith(b"\r\n") else content + b"\r\n")

    def _begin_anew(self, client: smtplib.SMTP) -> None:
        try:
            client.rset()
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        try:
            if client.sock is not None:
                client.quit()
        except OSError:
            client.close()


def _expect(reply: tuple[int, bytes], wanted: int, step: str) -> None:
    code, answer = reply
    if code != wanted and not (wanted == 250 and code == 251):
        _refuse(code, answer, step)


def _refuse(code: int, answer: bytes, step: str) -> NoReturn:
    said = _said(code, answer)
    if code in _LOGIN_CODES:
        raise BadCredentials(f"the mail server wants another login: {said}; mend the connection smtp_default")
    if 500 <= code < 600:
        raise VendorRefusal(f"the mail server refuses: {said}", code=code, field=step)
    if 400 <= code < 500:
        raise VendorUnavailable(f"the mail server cannot take the mail now: {said}")
    raise VendorUnavailable(f"the mail server's answer cannot be understood: {said}")


def _said(code: int, answer: bytes) -> str:
    return masked(f"{code} {answer.decode('utf-8', 'replace')}")[:_LONGEST_ANSWER]


def _words(error: OSError) -> str:
    return masked(str(error) or type(error).__name__)[:_LONGEST_ANSWER]
