"""Working off events, killed with -9 before each commit in turn: nothing is lost, nothing done twice."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import URL, Engine, Select, event, insert, select

from include.changes import read_plan, write_plan
from include.counterpoint.tables import AR_CUST, metadata
from include.counterpoint.writer import write_changes
from include.database.engines import engine_for
from include.messaging.customer_changes import plan_customers
from include.messaging.feedback import Feedback
from include.messaging.lost_reports import Message, look
from include.messaging.reply_log import log_replies, writers
from include.messaging.settings import StrikeSettings
from include.storedb.audit import Audit
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.suppression import Suppressions
from include.storedb.tables import AUDIT, SUPPRESSION, TEXT_EVENT, TEXT_MESSAGE
from include.storedb.text_events import TextEvent, TextEvents
from tests.unit.test_text_outcomes import ANN, AT, HOUR, SETTINGS, fill, report

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

BOB, CY, DEE, EVE = (f"+1518234560{number}" for number in (2, 3, 4, 5))
NOW = AT + 3 * HOUR
ZONE = ZoneInfo("America/New_York")
MOST_COMMITS = 200


class House:
    """Both databases and the files of a folder, and the steps of a run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store, self.till = (
            engine_for(URL.create("sqlite", database=str(folder / f"{name}.db")))
            for name in ("store", "till")
        )
        self.feedback = Feedback(self.store, StrikeSettings(), ZONE)

    @property
    def engines(self) -> tuple[Engine, Engine]:
        return self.store, self.till

    @contextmanager
    def stream(self, query: Select[Any]) -> Iterator[Iterator[Any]]:
        with self.till.connect() as connection:
            yield iter(connection.execute(query).all())

    def read(self, query: Select[Any]) -> list[Any]:
        with self.till.connect() as connection:
            return list(connection.execute(query))

    def keep(self, replies: list[TextEvent]) -> None:
        customers = writers(self.stream, self.read, {reply.phone for reply in replies})
        log_replies(replies, customers, lambda name: self.folder / name, ZONE)

    def work(self, run_id: str) -> None:
        """One run, in the order of the DAG's tasks; tried again, it carries out the plan that it has."""
        feedback, lost = self.feedback, [Message(report("SM2", "undelivered", AT, 30006), Decimal("0.0079"))]
        look(self.store, lambda _first, _last: iter(lost), SETTINGS, NOW)
        feedback.follow(NOW, HOUR)
        stored = self.folder / f"{run_id}.jsonl.gz"
        if not stored.exists():
            events, before = feedback.concerning(), feedback.stopped_before
            write_plan(plan_customers(self.stream, feedback.judged(events), before), stored)
        plan = read_plan(stored)
        audit = Audit(self.store, RunContext("text_feedback", run_id, "apply"))
        audit.begin(plan.changes)
        for results in write_changes(self.till, plan.changes, datetime(2026, 11, 20, 15)):
            audit.finish(results)
        feedback.settle(
            self.stream,
            feedback.concerning(),
            lambda ended: self.keep([one for one in ended if one.kind == "reply"]),
            NOW - timedelta(days=3),
        )
        replies = feedback.replies()
        self.keep(replies)
        feedback.events.done(reply.id or 0 for reply in replies)

    def state(self) -> dict[str, Any]:
        """Everything that a person could miss or find twice."""
        texts = select(TEXT_MESSAGE.c.sid, TEXT_MESSAGE.c.status, TEXT_MESSAGE.c.price)
        phones = select(SUPPRESSION.c.phone, SUPPRESSION.c.reason).where(SUPPRESSION.c.cleared_at.is_(None))
        events = select(TEXT_EVENT.c.event_hash, TEXT_EVENT.c.processed_at.is_(None))
        made = select(AUDIT.c.row_key, AUDIT.c.field, AUDIT.c.old_value).distinct()
        with self.store.connect() as connection:
            found: dict[str, Any] = {
                name: sorted(map(tuple, connection.execute(wanted)), key=str)
                for name, wanted in {"texts": texts, "phones": phones, "events": events, "made": made}.items()
            }
        columns = ("CUST_NO", "PHONE_1", "MBL_PHONE_1", "INCLUDE_IN_MARKETING_MAILOUTS")
        found["people"] = sorted(map(tuple, self.read(select(*(AR_CUST.c[name] for name in columns)))))
        files = self.folder.glob("*.csv")
        found["lines"] = sorted(line for file in files for line in file.read_text().splitlines())
        found["given back"] = [number in self.feedback.stopped_before for number in ("1", "2", "3", "4")]
        return found

    def close(self) -> None:
        for engine in self.engines:
            engine.dispose()


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A folder with what waits for the run: ends, a landline, a STOP, a START, a question, a lost report."""
    folder = tmp_path / "prepared"
    folder.mkdir()
    house = House(folder)
    upgrade(house.store.url)
    metadata.create_all(house.till, tables=[AR_CUST])
    names = ("CUST_NO", "NAM", "PHONE_1", "INCLUDE_IN_MARKETING_MAILOUTS")
    people = [("1", "Ann", ANN, "Y"), ("2", "Bob", BOB, "Y"), ("3", "Cy", CY, "Y"), ("4", "Dee", DEE, "Y")]
    with house.till.begin() as connection:
        connection.execute(insert(AR_CUST), [dict(zip(names, row, strict=True)) for row in people])
    fill(house.store, {}, {"phone": CY}, {"phone": ANN, "sent_at": NOW - 2 * HOUR})
    events = TextEvents(house.store)

    def reply(phone: str, meaning: Any) -> TextEvent:
        return TextEvent("reply", f"SM{phone}{meaning}", phone, AT, body=meaning, meaning=meaning)

    # Bob's opt-in was taken by an earlier run.
    events.add(reply(BOB, "stop"))
    house.work("earlier")
    for one in (reply(DEE, "stop"), reply(BOB, "start"), reply(EVE, "other")):
        events.add(one)
    events.add_reports([report("SM0"), TextEvent("status", "SM1", CY, AT, "undelivered", 30006)])
    house.close()
    return folder


def in_child(folder: Path, kill_before: int) -> int:
    """Run in a process that is killed before its n-th commit; returns how it ended."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        house, commits = House(folder), 0

        def count(_connection: Any) -> None:
            nonlocal commits
            commits += 1
            if commits == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)

        for engine in house.engines:
            event.listen(engine, "commit", count)
        house.work("killed")
        os._exit(0)
    except BaseException:
        os._exit(1)


def finished(folder: Path, work: Callable[[House], None]) -> dict[str, Any]:
    house = House(folder)
    work(house)
    found = house.state()
    house.close()
    return found


@pytest.mark.parametrize("completed_by", ["killed", "next"])
def test_a_run_that_is_killed_anywhere_is_completed(
    prepared: Path, tmp_path: Path, completed_by: str
) -> None:
    """By its own retry, or by the next run; the next does not hear whether the last change was made."""
    shutil.copytree(prepared, tmp_path / "unharmed")
    expected = finished(tmp_path / "unharmed", lambda house: house.work("killed"))
    assert [row[3] for row in expected["people"]] == ["Y", "Y", "Y", "N"]
    assert expected["people"][2][1:3] == (None, CY)
    assert not any(waits for _, waits in expected["events"])
    assert len(expected["lines"]) == 5
    assert expected["phones"] == [(ANN, "landline"), (CY, "landline"), (DEE, "opted_out")]
    kills = 0
    for number in range(1, MOST_COMMITS):
        folder = tmp_path / f"killed {number}"
        shutil.copytree(prepared, folder)
        code = in_child(folder, number)
        assert code in (0, -signal.SIGKILL)
        found = finished(folder, lambda house: house.work(completed_by))
        told = expected if completed_by == "killed" else {**expected, "given back": found["given back"]}
        assert found == told, f"before commit {number}"
        assert found["given back"][3], f"what was taken from Dee, before commit {number}"
        if code == 0:
            break
        kills += 1
    assert 10 < kills < MOST_COMMITS
    house = House(prepared)
    assert Suppressions(house.store).active([DEE]) == {DEE: "opted_out"}, "before any run"
    house.close()
