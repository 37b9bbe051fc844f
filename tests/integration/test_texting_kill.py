"""Texting killed with -9 and run by two at once: every phone gets its text, and none gets it twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select

from include.database.engines import engine_for
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.sandbox.standins.state import texts as received
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.tables import LEDGER, TEXT_MESSAGE
from include.storedb.text_rows import PlannedText
from include.storedb.texts import Texts
from tests.databases import KINDS, fresh_database
from tests.integration.texting_worker import start

RECIPIENTS = int(os.environ.get("TEST_TEXT_RECIPIENTS", "1000"))
KILLS = 5
SEED = 20261120
LONGEST_SECONDS = 60 + RECIPIENTS // 10
CAMPAIGN, ANCHOR = "sms_first_time_1", "2026-11-19"
RUN = RunContext("sms_test", "plan", "plan", -1)


@pytest.fixture
def vendors(tmp_path: Path) -> Iterator[StandIns]:
    with StandIns(tmp_path / "vendors") as running:
        yield running


def phone(number: int) -> str:
    return f"+1518{200 + number // 10_000}{number % 10_000:04d}"


def plan(engine: Engine, recipients: int) -> set[str]:
    """Plan a text for each recipient; answers the phones."""
    planned = [
        PlannedText(
            campaign=CAMPAIGN,
            anchor=ANCHOR,
            cust_no=f"C-{number}",
            phone=phone(number),
            body=f"Hi! Customer {number}, thank you for your visit.",
            media=None,
            segments=1,
            cost=Decimal("0.0113"),
        )
        for number in range(recipients)
    ]
    assert Texts(engine, RUN).add(planned) == recipients
    return {text.phone for text in planned}


def lose_answers(vendors: StandIns, recipients: int) -> None:
    """One answer in a hundred does not come although the text was taken."""
    for _ in range(recipients // 100):
        vendors.order_fault("twilio", "slow", method="POST", seconds=0.001, count=99)
        vendors.order_fault("twilio", "timeout_after_accepting", method="POST")


def arrived(vendors: StandIns) -> int:
    with vendors.context.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(received)) or 0


def check(vendors: StandIns, engine: Engine, phones: set[str]) -> None:
    with vendors.context.engine.connect() as connection:
        sids = {row.to_number: row.sid for row in connection.execute(select(received))}
        times = Counter(connection.scalars(select(received.c.to_number)))
    assert {number: count for number, count in times.items() if count != 1} == {}
    assert set(times) == phones
    with engine.connect() as connection:
        texts = {row.phone: (row.status, row.sid) for row in connection.execute(select(TEXT_MESSAGE))}
        entries = {row.recipient: (row.status, row.vendor_id) for row in connection.execute(select(LEDGER))}
    assert texts == entries == {number: ("sent", sid) for number, sid in sids.items()}


def ended(worker: subprocess.Popen[str], log: Path) -> None:
    assert worker.wait(LONGEST_SECONDS) == 0, log.read_text()[-5000:]


def kill_at(worker: subprocess.Popen[str], vendors: StandIns, many: int, log: Path) -> None:
    """Kill the worker when so many texts have arrived."""
    until = time.monotonic() + LONGEST_SECONDS
    while arrived(vendors) < many:
        assert worker.poll() is None and time.monotonic() < until, log.read_text()[-5000:]
        time.sleep(0.005)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(LONGEST_SECONDS) == -signal.SIGKILL


def twilio(vendors: StandIns) -> dict[str, Any]:
    """The connection, with little patience."""
    found = connections(vendors)["twilio"]
    return {**found, "extra": {**found["extra"], "timeout_seconds": 1}}


def test_killed_five_times_every_phone_gets_one_text(vendors: StandIns, tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        engine, log = engine_for(url), tmp_path / "worker.log"
        phones = plan(engine, RECIPIENTS)
        lose_answers(vendors, RECIPIENTS)
        address = url.render_as_string(hide_password=False)
        order = {"url": address, "campaign": CAMPAIGN, "anchor": ANCHOR, "run_id": "evening"}
        for many in sorted(random.Random(SEED).sample(range(1, RECIPIENTS), KILLS)):
            kill_at(start(order, twilio(vendors), log), vendors, many, log)
        ended(start(order, twilio(vendors), log), log)
        check(vendors, engine, phones)


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_at_once_text_every_phone_once(kind: str, vendors: StandIns, tmp_path: Path) -> None:
    recipients = RECIPIENTS // 4
    with fresh_database(kind, tmp_path) as url:
        upgrade(url)
        engine, log = engine_for(url), tmp_path / "worker.log"
        phones = plan(engine, recipients)
        lose_answers(vendors, recipients)
        address = url.render_as_string(hide_password=False)
        order = {"url": address, "campaign": CAMPAIGN, "anchor": ANCHOR}
        both = [start({**order, "run_id": name}, twilio(vendors), log) for name in ("one", "two")]
        for worker in both:
            ended(worker, log)
        check(vendors, engine, phones)
