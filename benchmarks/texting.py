"""Texting at the speed of Twilio's answers: texts per second, and the memory that a large campaign needs.

Ours is `send_texts` with all its guards, as campaigns use it. The old way, for comparison, is the loop that
automations of this kind usually have: Twilio's own client, one text after another, and no ledger. Both talk
to the same stand-in, whose answers take about as long as Twilio's.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import URL, func, select

from benchmarks.measuring import in_own_process, show_and_store
from include.database.engines import engine_for
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.sandbox.standins.state import texts as received
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext
from include.storedb.text_rows import PlannedText
from include.storedb.texts import Texts

TEXTS = 400
ANSWER_SECONDS = 0.15
EXPECTED_TIMES = 5
FEW, MANY = 10_000, 100_000
MOST_MORE_MB = 20
CAMPAIGN, ANCHOR = "sms_first_time_1", "2026-11-19"
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
RUN = RunContext("sms", "benchmark", "send", -1)


def phone(number: int) -> str:
    return f"+1518{200 + number // 10_000}{number % 10_000:04d}"


def body(number: int) -> str:
    return f"Hi! Customer {number}, thank you for your visit yesterday. See you soon!"


def planned(number: int) -> PlannedText:
    return PlannedText(
        campaign=CAMPAIGN,
        anchor=ANCHOR,
        cust_no=f"C-{number}",
        phone=phone(number),
        body=body(number),
        media=None,
        segments=1,
        cost=Decimal("0.0113"),
    )


def store(folder: Path, texts: int) -> str:
    """The path of a store database in which so many texts are planned."""
    url = URL.create("sqlite", database=str(folder / f"store_{texts}.db"))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    upgrade(url)
    Texts(engine_for(url), RUN).add(planned(number) for number in range(texts))
    engine_for(url).dispose()
    return str(url.database)


def ours(connection: dict[str, Any], database: str, vendor: str) -> Callable[[], int]:
    """Send what is planned; `vendor` "none" takes texts without a network, to see the task's own memory."""
    from include.messaging.pace import Pace
    from include.messaging.reconciling import Vendor
    from include.messaging.sending import send_texts
    from include.messaging.settings import messaging_settings
    from retail_ops.hooks.twilio_messaging import TwilioHook
    from retail_ops.texting import twilio_vendor

    os.environ["AIRFLOW_CONN_TWILIO"] = json.dumps(connection)
    twilio = (
        twilio_vendor(TwilioHook())
        if vendor == "twilio"
        else Vendor(lambda phone, *_: f"SM{phone}", lambda *_: [])
    )
    engine = engine_for(URL.create("sqlite", database=database))
    settings, zone = messaging_settings(), ZoneInfo("America/New_York")

    def work() -> int:
        report = send_texts(
            engine, RUN, CAMPAIGN, ANCHOR, twilio, settings, zone, pace=Pace(None), clock=lambda: NOON
        )
        return report.outcomes["sent"]

    return work


def one_by_one(connection: dict[str, Any]) -> Callable[[], int]:
    """Twilio's client in a loop."""
    from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped]
    from twilio.rest import Client  # type: ignore[import-untyped]

    class Elsewhere(TwilioHttpClient):
        def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
            there = url.replace("https://api.twilio.com", connection["host"])
            return super().request(method, there, *arguments, **options)

    client = Client(connection["login"], connection["password"], http_client=Elsewhere(timeout=30))
    sender = connection["extra"]["messaging_service_sid"]

    def work() -> int:
        for number in range(TEXTS):
            client.messages.create(to=phone(number), body=body(number), messaging_service_sid=sender)
        return TEXTS

    return work


def speed(vendors: StandIns, way: Callable[..., Callable[[], int]], *arguments: Any) -> float:
    """Texts per second of one way; raises `RuntimeError` when not every text arrived once."""
    with vendors.context.engine.begin() as connection:
        connection.execute(received.delete())
    vendors.clear_faults()
    vendors.order_fault("twilio", "slow", method="POST", seconds=ANSWER_SECONDS, count=1_000_000)
    found = in_own_process(way, connections(vendors)["twilio"], *arguments)
    with vendors.context.engine.connect() as connection:
        arrived = connection.scalar(select(func.count(received.c.to_number.distinct())))
        total = connection.scalar(select(func.count()).select_from(received))
    if not found["answer"] == arrived == total == TEXTS:
        raise RuntimeError(f"{found['answer']} texts were counted, {total} arrived at {arrived} phones")
    return TEXTS / found["seconds"]


def main() -> None:
    """Measure both ways and two sizes, print and store."""
    with tempfile.TemporaryDirectory(prefix="texting-") as name:
        folder = Path(name)
        with StandIns(folder / "vendors") as vendors:
            mine = speed(vendors, ours, store(folder, TEXTS), "twilio")
            theirs = speed(vendors, one_by_one)
            connection = connections(vendors)["twilio"]
        memory = {size: in_own_process(ours, connection, store(folder, size), "none") for size in (FEW, MANY)}
    rows = [
        {"way": "ours, 8 threads", "texts": TEXTS, "texts_per_second": mine, "more_mb": "-"},
        {"way": "one by one", "texts": TEXTS, "texts_per_second": theirs, "more_mb": "-"},
    ]
    more = {size: found["peak_mb"] - found["base_mb"] for size, found in memory.items()}
    for size, found in memory.items():
        rows.append(
            {
                "way": "ours, without a network",
                "texts": size,
                "texts_per_second": size / found["seconds"],
                "more_mb": more[size],
            }
        )
    fast = "met" if mine / theirs >= EXPECTED_TIMES else "NOT met"
    flat = "met" if more[MANY] - more[FEW] <= MOST_MORE_MB else "NOT met"
    notes = [
        f"expected: at least {EXPECTED_TIMES} x as fast; {mine / theirs:.1f} x: {fast}",
        f"an answer takes {ANSWER_SECONDS:g} s and what the stand-in needs; nobody limits the segments",
        f"expected: {MANY:,} texts need at most {MOST_MORE_MB} MB more than {FEW:,}; "
        f"{more[MANY] - more[FEW]:.1f} MB: {flat}",
    ]
    show_and_store("texting", rows, notes)


if __name__ == "__main__":
    main()
