"""Status callbacks: what became of a text, posted to the address that its request named.

They are sent by a task in the server's own loop, and kept with the texts, so that they outlive a restart.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import aiohttp
from sqlalchemy import Engine, bindparam, func, select, update
from yarl import URL

from include.sandbox.standins.state import callbacks, texts
from include.sandbox.standins.twilio.habits import read_habits
from include.sandbox.standins.twilio.webhooks import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    IDEMPOTENCY,
    headers,
    is_local,
    status_form,
)

_BATCH = 200
_AT_ONCE = 8
_LOOK_AGAIN_SECONDS = 0.2
_RETRY_SECONDS = 0.2
MOST_TRIES = 2
_TIMEOUT = aiohttp.ClientTimeout(total=ANSWER_SECONDS, connect=CONNECT_SECONDS)
NO_ANSWER = 0
NOT_CALLED = -1

Row = dict[str, Any]


class Callbacks:
    """Sends the callbacks that are due. All but the database work happens in the server's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._task: asyncio.Task[None] | None = None
        self._news = False

    def resume(self) -> None:
        """Begin with what an earlier process left undone; does nothing after the first time."""
        if self._task is None:
            self.wake()

    def wake(self) -> None:
        """Say that there are new callbacks."""
        self._news = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as client:
            while True:
                self._news = False
                rows, wait = await asyncio.to_thread(self._due)
                if rows:
                    await self._send_all(client, rows)
                elif wait is not None:
                    await asyncio.sleep(min(wait, _LOOK_AGAIN_SECONDS))
                elif not self._news:
                    return

    def _due(self) -> tuple[list[Row], float | None]:
        """The callbacks that are due, those of one text together; else the seconds until the next."""
        now = time.time()
        waiting = select(callbacks).where(callbacks.c.done.is_(False), callbacks.c.due <= now)
        with self._engine.connect() as connection:
            copies = 2 if read_habits(connection).twice else 1
            batch = waiting.order_by(callbacks.c.due, callbacks.c.id).limit(_BATCH).subquery()
            joined = select(batch, texts).join(texts, texts.c.sid == batch.c.sid)
            found = connection.execute(joined.order_by(texts.c.id, batch.c.due, batch.c.id))
            rows = [
                {
                    "callback_id": row[batch.c.id],
                    "status": row[batch.c.status],
                    "due": row[batch.c.due],
                    "text": {column.name: row[column] for column in texts.c},
                    "copies": copies,
                }
                for row in found.mappings()
            ]
            if rows:
                return rows, None
            soonest = connection.scalar(select(func.min(callbacks.c.due)).where(callbacks.c.done.is_(False)))
        return [], None if soonest is None else max(0.0, soonest - now)

    async def _send_all(self, client: aiohttp.ClientSession, rows: Sequence[Row]) -> None:
        room = asyncio.Semaphore(_AT_ONCE)

        async def of_one_text(chain: list[Row]) -> list[Row]:
            async with room:
                return [await _send(client, row) for row in chain]

        chains = [list(group) for _, group in groupby(rows, key=lambda row: row["text"]["sid"])]
        done = [row for chain in await asyncio.gather(*map(of_one_text, chains)) for row in chain]
        await asyncio.to_thread(self._note, done)

    def _note(self, results: list[Row]) -> None:
        statement = (
            update(callbacks)
            .where(callbacks.c.id == bindparam("callback_id"))
            .values(tries=bindparam("of_tries"), answer=bindparam("of_answer"), done=True)
        )
        with self._engine.begin() as connection:
            connection.execute(statement, results)


async def _send(client: aiohttp.ClientSession, row: Row) -> Row:
    """Post one callback, once more where that fails."""
    text, url = row["text"], row["text"]["callback"]
    result = {"callback_id": row["callback_id"], "of_tries": 0, "of_answer": NOT_CALLED}
    if not is_local(url):
        return result
    done = datetime.fromtimestamp(row["due"], UTC).strftime("%y%m%d%H%M")
    form = status_form(text, row["status"], done)
    sent = {**headers(url, form), IDEMPOTENCY: str(uuid.uuid4())}
    for _ in range(row["copies"]):
        for tries in range(1, MOST_TRIES + 1):
            answer = await _post(client, url, form, sent)
            result |= {"of_tries": tries, "of_answer": answer}
            if answer != NO_ANSWER and answer < 500:
                break
            if tries < MOST_TRIES:
                await asyncio.sleep(_RETRY_SECONDS)
    return result


async def _post(client: aiohttp.ClientSession, url: str, form: dict[str, str], sent: dict[str, str]) -> int:
    try:
        # The address as it was given: the signature is over it.
        target = URL(url, encoded=True)
        async with client.post(target, data=form, headers=sent, allow_redirects=False) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return NO_ANSWER
