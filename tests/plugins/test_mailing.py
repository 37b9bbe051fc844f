"""Mails handed to the mail server's stand-in: what happens to each recipient when things go wrong."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import Engine, select, update

from include.database.engines import engine_for
from include.errors import BadCredentials, InvalidRequest, InvalidSettings, VendorUnavailable
from include.reporting.delivery import Delivering, mail_to
from include.reporting.letter import Letter
from include.reporting.smtp import MailServer
from include.sandbox.standins.credentials import SMTP_PASSWORD, SMTP_USER, connections
from include.sandbox.standins.server import StandIns
from include.storedb.ledger import Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.tables import LEDGER
from retail_ops.mail_connection import connected, mail_sender
from retail_ops.mailing import AGAIN, send_mails
from retail_ops.task_run import SKIPPED_BECAUSE, SUMMARY, TaskRun
from tests.databases import fresh_database

REPORT, WEEK = "weekly", "2026-11-13 to 2026-11-19"
ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
LETTER = Letter("Weekly", "<html><head></head><body>.\n.dots</body></html>", "First\n.\n.dots\n..two\n")
WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Outcome:
    """What a try left behind: its summary, why it was skipped, and what it raised."""

    def __init__(self, summary: dict[str, Any], skipped: str, error: Exception | None) -> None:
        self.summary, self.skipped, self.error = summary, skipped, error

    def counts(self) -> tuple[int, int, int]:
        return self.summary["applied"], self.summary["skipped"], self.summary["failed"]

    def rejects(self) -> str:
        return Path(self.summary["details"]["rejects"].removeprefix("file://")).read_text(encoding="utf-8")


class House:
    """A store database, the stand-in, and the mailing task of one run after the other."""

    def __init__(self, engine: Engine, vendors: StandIns) -> None:
        self.engine, self.vendors = engine, vendors

    def mail(
        self, *recipients: str, run: str = "monday", tries_left: bool = True, again: bool = False
    ) -> Outcome:
        left: dict[str, Any] = {}
        ti = SimpleNamespace(
            dag_id="weekly_report",
            run_id=run,
            task_id="mail",
            map_index=-1,
            try_number=1,
            max_tries=1 if tries_left else 0,
            xcom_push=left.__setitem__,
        )
        dag_run = SimpleNamespace(logical_date=WHEN, clear_number=0)
        context = cast("Context", {"ti": ti, "dag_run": dag_run, "params": {AGAIN: again}})
        error: Exception | None = None
        try:
            send_mails(TaskRun(context), [mail_to(one, REPORT, WEEK, LETTER) for one in recipients])
        except AirflowSkipException:
            pass
        except Exception as raised:
            error = raised
        return Outcome(left.get(SUMMARY, {}), left.get(SKIPPED_BECAUSE, ""), error)

    def letters(self) -> list[EmailMessage]:
        files = sorted(self.vendors.context.mail_dir.glob("*.eml"))
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def arrived(self) -> list[str]:
        """To whom mails came, in order of the alphabet."""
        return sorted(str(letter["To"]) for letter in self.letters())

    def status(self, recipient: str) -> str:
        wanted = select(LEDGER.c.status).where(LEDGER.c.recipient == recipient)
        with self.engine.connect() as connection:
            return str(connection.scalar(wanted))

    def age(self, recipient: str, claimed_at: datetime) -> None:
        with self.engine.begin() as connection:
            these = update(LEDGER).where(LEDGER.c.recipient == recipient)
            connection.execute(these.values(claimed_at=claimed_at))


@pytest.fixture
def house(running: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(connections(running)["smtp_default"]))
    with fresh_database("sqlite", tmp_path) as url:
        upgrade(url)
        fields = {"conn_type": "sqlite", "host": str(url.database)}
        monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", json.dumps(fields))
        yield House(engine_for(url), running)
    running.clear_faults()
    for file in running.context.mail_dir.glob("*.eml"):
        file.unlink()


def test_each_recipient_gets_the_mail_once_however_often_the_task_runs(house: House) -> None:
    first = house.mail(ADA, BOB)
    assert first.error is None
    again, next_run = house.mail(ADA, BOB, CY), house.mail(ADA, BOB, CY, run="tuesday")
    assert house.arrived() == [ADA, BOB, CY]
    assert first.counts() == (2, 0, 0)
    assert again.counts() == (3, 0, 0)
    assert next_run.counts() == (0, 3, 0)
    assert "nothing to change" in next_run.skipped
    assert len({letter["Message-ID"] for letter in house.letters()}) == 3
    # Lines that begin with a dot end the mail early, or lose it, where they are not doubled.
    text = house.letters()[0].get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == LETTER.text.splitlines()


def test_a_refused_recipient_stops_nobody_and_is_named(house: House) -> None:
    house.vendors.order_fault("smtp", "refuse_recipient", match=BOB)
    first = house.mail(ADA, BOB, CY)
    assert house.arrived() == [ADA, CY]
    assert first.error is None
    assert first.counts() == (2, 0, 1)
    assert "refuses this recipient" in first.rejects()
    assert BOB not in first.rejects()
    assert house.status(BOB) == "refused"
    assert house.mail(ADA, BOB, CY).counts() == (2, 0, 1)
    assert house.arrived() == [ADA, CY]


@pytest.mark.parametrize("order", [{"kind": "drop_before_data"}, {"kind": "refuse_recipient", "status": 450}])
def test_what_the_server_has_not_taken_is_tried_again(house: House, order: dict[str, Any]) -> None:
    house.vendors.order_fault("smtp", match=BOB, **order)
    first = house.mail(ADA, BOB, CY)
    assert isinstance(first.error, VendorUnavailable)
    assert house.arrived() == [ADA, CY]
    assert first.counts() == (2, 0, 1)
    second = house.mail(ADA, BOB, CY)
    assert house.arrived() == [ADA, BOB, CY]
    assert second.error is None
    assert second.counts() == (3, 0, 0)


def test_a_refusal_after_the_mail_was_seen_is_no_reason_to_stop(house: House) -> None:
    house.vendors.order_fault("smtp", "status", status=554, match=ADA)
    house.vendors.order_fault("smtp", "status", status=451, match=BOB)
    assert house.mail(ADA, BOB, CY).counts() == (1, 0, 2)
    assert house.mail(ADA, BOB, CY).counts() == (2, 0, 1)
    assert house.arrived() == [BOB, CY]


@pytest.mark.parametrize(("kind", "came"), [("drop_connection", 0), ("timeout_after_accepting", 1)])
def test_what_may_have_been_taken_is_never_mailed_again_by_itself(house: House, kind: Any, came: int) -> None:
    house.vendors.order_fault("smtp", kind, match=BOB, seconds=0.2)
    first = house.mail(ADA, BOB, CY)
    # A retry would not help: the task ends, and its report says that a mail is open.
    assert first.error is None
    assert first.counts() == (2, 0, 1)
    assert "not known whether this mail was taken" in first.rejects()
    for run in ("monday", "tuesday"):
        later = house.mail(ADA, BOB, CY, run=run)
        assert later.counts()[2] == 1
        assert not later.skipped
    assert house.arrived().count(BOB) == came
    assert house.status(BOB) == "unknown"

    wanted = house.mail(ADA, BOB, CY, run="by hand", again=True)
    assert wanted.counts() == (1, 2, 0)
    assert house.arrived().count(BOB) == came + 1
    assert house.arrived().count(ADA) == 1


KILLED = """
import os, signal, smtplib, sys
from datetime import UTC, datetime
from email.headerregistry import Address
from sqlalchemy import make_url
from include.database.engines import engine_for
from include.reporting.delivery import Delivering, mail_to
from include.reporting.letter import Letter
from include.reporting.smtp import MailServer
from include.storedb.ledger import Ledger
from include.storedb.runs import RunContext

url, port, user, password, point, week, *recipients = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Mortal(smtplib.SMTP):
    def rcpt(self, recip, options=()):
        if point == "before" and recip == recipients[1]:
            die()
        self.to = recip
        return super().rcpt(recip, options)

    def send(self, s):
        super().send(s)
        if point == "after" and s == b".\\r\\n" and self.to == recipients[1]:
            self.getreply()
            die()

def connect():
    client = Mortal("127.0.0.1", int(port), timeout=10)
    client.login(user, password)
    return client

ledger = Ledger(engine_for(make_url(url)), RunContext("weekly_report", "monday", "mail"))
letter = Letter("Weekly", "<html></html>", "First")
with MailServer(connect, user, 10) as server:
    sending = Delivering(server, Address(addr_spec=user), ledger, datetime.now(UTC))
    list(sending.deliver([mail_to(one, "weekly", week, letter) for one in recipients]))
"""


@pytest.mark.parametrize(("point", "came"), [("before", 0), ("after", 1)])
def test_who_is_killed_in_the_middle_mails_nobody_twice(
    house: House, root: Path, point: str, came: int
) -> None:
    arguments = [str(house.engine.url), str(house.vendors.smtp_port), SMTP_USER, SMTP_PASSWORD, point, WEEK]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments, ADA, BOB, CY],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    retried = house.mail(ADA, BOB, CY)
    assert house.arrived() == sorted([ADA, *([BOB] * came), CY])
    assert retried.counts() == (2, 0, 1)
    assert "not known" in retried.rejects()
    # A claim this young may be at work in another process, whatever a person thinks.
    assert house.mail(ADA, BOB, CY, again=True).counts() == (2, 0, 1)
    assert house.arrived().count(BOB) == came
    house.age(BOB, moment().replace(year=2025))
    assert house.mail(ADA, BOB, CY, again=True).counts() == (3, 0, 0)
    assert house.arrived().count(BOB) == came + 1


def test_two_processes_that_found_the_same_open_mail_send_one(house: House) -> None:
    house.vendors.order_fault("smtp", "drop_before_data", match=ADA)
    house.mail(ADA)
    runs = [RunContext("weekly_report", run, "mail") for run in ("one", "two")]
    ledgers = [Ledger(house.engine, run) for run in runs]
    mail = mail_to(ADA, REPORT, WEEK, LETTER)
    other: list[Any] = []

    def connect_late() -> smtplib.SMTP:
        # The second process takes the mail over after the first has seen that it may be sent.
        if not other:
            other.append(None)
            with MailServer(connected, SMTP_USER, 10) as server:
                other.extend(Delivering(server, mail_sender(), ledgers[1], WHEN).deliver([mail]))
        return connected()

    with MailServer(connect_late, SMTP_USER, 10) as server:
        first = list(Delivering(server, mail_sender(), ledgers[0], WHEN).deliver([mail]))
    assert other[1].outcome == "sent"
    assert first[0].outcome == "sent_before"
    assert house.arrived() == [ADA]


def changed(fields: dict[str, Any], running: StandIns) -> str:
    found = connections(running)["smtp_default"]
    extra = {**found["extra"], **fields.pop("extra", {})}
    return json.dumps({**found, **fields, "extra": extra})


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"password": "not-the-password"}, BadCredentials, "smtp_default"),
        ({"port": 1}, VendorUnavailable, "does not answer"),
        ({"extra": {"disable_ssl": False}}, InvalidRequest, "disable_ssl"),
        ({"extra": {"disable_tls": False}}, InvalidRequest, "disable_tls"),
        ({"extra": {"from_email": ""}}, InvalidSettings, "from_email"),
    ],
)
def test_what_is_wrong_with_the_connection_is_said_and_claims_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], kind: Any, words: str
) -> None:
    good = os.environ["AIRFLOW_CONN_SMTP_DEFAULT"]
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", changed(dict(fields), house.vendors))
    failed = house.mail(ADA)
    assert isinstance(failed.error, kind)
    assert words in str(failed.error)
    monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", good)
    assert house.mail(ADA).counts() == (1, 0, 0)


def test_on_the_last_try_what_is_left_is_in_the_summary(house: House) -> None:
    house.vendors.order_fault("smtp", "refuse_recipient", match=BOB, status=450)
    last = house.mail(ADA, BOB, tries_left=False)
    assert last.error is None
    assert last.counts() == (1, 0, 1)
    assert "was not taken yet" in last.rejects()
    send: Callable[..., Outcome] = house.mail
    assert send(ADA, BOB, run="tuesday").counts() == (1, 1, 0)
    assert house.arrived() == [ADA, BOB]
