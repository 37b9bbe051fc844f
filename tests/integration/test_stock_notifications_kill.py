"""Answering stock requests killed with -9: nobody is mailed twice, nobody is forgotten, codes stay."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import func, select

from include.sandbox.standins.state import coupons as shop_coupons
from include.sandbox.standins.state import mails as received
from include.stock_notices.standing import mail_standings
from include.storedb.runs import moment
from include.storedb.stock_requests import StockRequest, StockRequests
from tests.integration.conftest import Sandbox
from tests.integration.stock_worker import start
from tests.integration.test_stock_notifications import numbers, ours, rows

__all__ = ["numbers"]

REQUESTS, KILLS, SEED = 24, 3, 20261120
LONGEST_SECONDS = 90


def events(sandbox: Sandbox) -> int:
    """Mails taken and coupons made so far."""
    with sandbox.vendors.context.engine.connect() as connection:
        return sum(
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (received, shop_coupons)
        )


def mailed(sandbox: Sandbox) -> Counter[str]:
    with sandbox.vendors.context.engine.connect() as connection:
        return Counter(one for found in connection.scalars(select(received.c.recipients)) for one in found)


def kill_at(worker: subprocess.Popen[str], sandbox: Sandbox, many: int, wait: float, log: Path) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while events(sandbox) < many:
        assert worker.poll() is None and time.monotonic() < until, log.read_text()[-3000:]
        time.sleep(0.002)
    time.sleep(wait)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(LONGEST_SECONDS)


def test_killed_again_and_again(sandbox: Sandbox, numbers: list[str], tmp_path: Path) -> None:
    requests, log, chance = StockRequests(sandbox.store_db), tmp_path / "worker.log", random.Random(SEED)
    emails = [f"customer{number}@example.com" for number in range(REQUESTS)]
    for number, email in enumerate(emails):
        requests.add(StockRequest(numbers[number % 5].upper(), email, moment()))
    order, before = {"files": str(sandbox.files), "run_id": "noon"}, events(sandbox)
    for _ in range(4):
        sandbox.vendors.order_fault("bigcommerce", "slow", method="POST", seconds=0.001, count=12)
        sandbox.vendors.order_fault("bigcommerce", "drop_connection", method="POST")
    codes: dict[str, str] = {}
    for many in sorted(chance.sample(range(1, REQUESTS * 3 // 2), KILLS)):
        kill_at(start(order, log), sandbox, before + many, chance.random() * 0.01, log)
        kept = {email: row.coupon_code for email, row in rows(sandbox).items() if row.coupon_code}
        assert codes.items() <= kept.items()
        codes = kept
    for _ in range(2):
        worker = start(order, log)
        assert worker.wait(LONGEST_SECONDS) == 0, log.read_text()[-3000:]

    found = mailed(sandbox)
    assert max(found.values()) == 1
    open_ids = {request.id: request.email for request in requests.open()}
    standings = mail_standings(sandbox.store_db, requests.open())
    # What is not closed is seen: one mail at most for each kill, which was on its way at that moment.
    assert set(standings.values()) <= {"unknown"}
    assert len(open_ids) <= KILLS
    assert set(emails) - set(found) <= set(open_ids.values())
    kept = {email: row.coupon_code for email, row in rows(sandbox).items()}
    assert codes.items() <= kept.items()
    made = ours(sandbox)
    assert Counter(document["code"] for document in made) == Counter(kept.values())

    lost = [request.id for request in requests.open() if request.email in found]
    for request_id in lost:
        requests.close(int(request_id or 0), "sent")
    worker = start({**order, "run_id": "evening", "mail_again": True}, log)
    assert worker.wait(LONGEST_SECONDS) == 0, log.read_text()[-3000:]
    assert mailed(sandbox) == dict.fromkeys(emails, 1)
    assert requests.open() == []
    assert len(ours(sandbox)) == REQUESTS
