"""What customers answer, and the words that Twilio obeys by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import requests
from sqlalchemy import Engine, delete

from include.errors import InvalidRequest
from include.sandbox.standins.state import opt_outs
from include.sandbox.standins.twilio.message_store import receive
from include.sandbox.standins.twilio.messages import opt_out
from include.sandbox.standins.twilio.webhooks import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    headers,
    inbound_form,
    is_local,
)

# The whole message has to be the word, in any case.
_STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
_START = frozenset({"START", "YES", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that came in: its message's id, and what the store's address answered (None: not asked)."""

    sid: str
    status: int | None


def reply(engine: Engine, number: str, body: str, url: str | None = None, media: Sequence[str] = ()) -> Reply:
    """Let the owner of `number` (E.164) answer `body`, and report it to `url` as a signed inbound message.

    STOP and the like opt the number out, START and the like in again. Raises `InvalidRequest` for an address
    that is not of this machine, or where nobody answers.
    """
    if url is not None and not is_local(url):
        raise InvalidRequest(f"the sandbox calls no address but those of this machine, not {url}")
    word = body.strip().upper()
    kind = _kind(word)
    if kind == "STOP":
        opt_out(engine, number)
    elif kind == "START":
        with engine.begin() as connection:
            connection.execute(delete(opt_outs).where(opt_outs.c.number == number))
    row = receive(engine, number, body, list(media))
    if url is None:
        return Reply(row["sid"], None)
    form = inbound_form(row, kind)
    with requests.Session() as session:
        # A proxy of the machine's settings would not find this machine.
        session.trust_env = False
        try:
            answer = session.post(
                url,
                data=form,
                headers=headers(url, form),
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise InvalidRequest(f"{url} did not take the reply: {type(error).__name__}") from error
    return Reply(row["sid"], answer.status_code)


def _kind(word: str) -> str | None:
    if word in _STOP:
        return "STOP"
    if word in _START:
        return "START"
    return "HELP" if word in _HELP else None
