"""`make demo` as a stranger runs it: twice, after a kill of everything, and with a broken connection."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sqlalchemy import URL, delete, select
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from include.database.engines import engine_for
from include.sandbox.laptop import airflow_settings, house, processes
from include.sandbox.laptop.airflow_api import ENDED, AirflowApi
from include.sandbox.laptop.demo import THINKING_SECONDS
from include.sandbox.laptop.places import Places
from include.sandbox.standins import credentials
from include.sandbox.standins.state import texts
from include.storedb.tables import LEDGER, TEXT_MESSAGE
from include.storedb.text_events import TextEvents
from scripts.dag_docs import load_dags

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
# A backup is a new one every time, and what Twilio tells may come after the first demo's end.
ALWAYS_NEW = {"offsite_backups", "backup_restore_drill", "text_feedback"}


@dataclass
class Laptop:
    places: Places

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        return subprocess.run(
            [sys.executable, "-m", "include.sandbox", *words],
            cwd=ROOT,
            text=True,
            capture_output=True,
            check=False,
            env={
                **variables,
                "RETAIL_OPS_VAR": str(self.places.var),
                "RETAIL_OPS_SETTINGS": str(self.own_settings()),
            },
            timeout=4 * SECONDS,
        )

    def own_settings(self) -> Path:
        """A store that wants to approve every text campaign."""
        folder = self.places.var.parent / "own_settings"
        folder.mkdir(exist_ok=True)
        (folder / "messaging.yaml").write_text("approval_above: 0\n")
        return folder

    def mails(self, words: str) -> list[str]:
        found = [file.read_text() for file in sorted((self.places.sandbox / "mails").glob("*.eml"))]
        return [mail for mail in found if words in mail]

    def demo(self) -> dict[str, dict[str, Any]]:
        done = self.command("demo", "--scale", "0.05")
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(self.places.summary.read_text())["dags"]
        assert {dag["dag_id"] for dag in found} == set(load_dags())
        return {dag["dag_id"]: dag for dag in found}

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(json.loads(self.places.state.read_text())["airflow_url"])


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    places = Places(tmp_path_factory.mktemp("laptop"))
    try:
        yield Laptop(places)
    finally:
        house.down(places)


def wait_for(ready: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := ready():
            return found
        time.sleep(0.5)
    raise AssertionError(f"{what} did not happen within {SECONDS} s")


def texts_at_twilio(laptop: Laptop) -> list[dict[str, Any]]:
    engine = engine_for(URL.create("sqlite", database=str(laptop.places.sandbox / "vendors.db")))
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(texts)).mappings()]


def files_of(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(f): (f.stat().st_size, f.stat().st_mtime_ns) for f in folder.rglob("*") if f.is_file()}


def test_a_demo_after_kill_9_of_everything_succeeds_and_changes_nothing(laptop: Laptop) -> None:
    first = laptop.demo()
    worked = {dag_id for dag_id, dag in first.items() if dag["state"] == "success"}
    assert {"undo_run", "restore_backup"} <= set(first) - worked
    assert worked == {dag_id for dag_id, dag in first.items() if dag["state"] != "skipped"}
    found = first["hourly_inventory"]["summary"]
    assert all(part in found for part in ("retail 2", "wholesale 2", "photos "))
    assert all(part in first["product_upkeep"]["summary"] for part in ("stock_buffers ", "email_lists 2"))
    assert "update_shop " in first["nightly_bigcommerce_sync"]["summary"]
    webdav, photos = laptop.places.sandbox / "webdav", laptop.places.photos
    before = files_of(webdav) | files_of(photos)

    for process in processes.belonging_to(laptop.places.var):
        process.kill()
    wait_for(lambda: not processes.belonging_to(laptop.places.var), "the end of all processes")

    second = laptop.demo()
    again = {dag_id: dag for dag_id, dag in second.items() if dag_id in worked and dag["state"] != "skipped"}
    assert {dag["state"] for dag in again.values()} == {"success"}
    told = {dag_id: dag["summary"] for dag_id, dag in again.items() if dag_id not in ALWAYS_NEW}
    assert {i: words for i, words in told.items() if not words.startswith("nothing to change")} == {}
    sent = [text["to_number"] + text["body"] for text in texts_at_twilio(laptop)]
    assert len(sent) == len(set(sent)) > 0
    assert files_of(webdav) | files_of(photos) == before


def test_servers_listen_on_this_machine_only(laptop: Laptop) -> None:
    addresses = set()
    for process in processes.belonging_to(laptop.places.var):
        addresses |= {c.laddr.ip for c in process.net_connections() if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}


def test_what_twilio_calls_runs_and_believes_what_the_sandbox_signs(laptop: Laptop) -> None:
    state = json.loads(laptop.places.state.read_text())
    assert processes.runs(state["processes"]["inbound"])
    extra = laptop.api.call("GET", "/connections/twilio")["extra"]
    callback = json.loads(extra)["status_callback_url"]
    assert callback == f"{state['inbound_url']}/twilio/status"

    form = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered", "To": "+15182345601"}
    right = RequestValidator(credentials.TWILIO_AUTH_TOKEN).compute_signature(callback, form)
    for signature, status in ((right, 204), ("forged", 403)):
        headers = {"X-Twilio-Signature": signature}
        assert requests.post(callback, data=form, headers=headers, timeout=30).status_code == status
    events = TextEvents(engine_for(URL.create("sqlite", database=str(laptop.places.store_db)))).unprocessed()
    assert [event.status for event in events if event.sid == form["MessageSid"]] == ["delivered"]
    log = (laptop.places.logs / "inbound.log").read_text()
    assert "new status: delivered" in log
    assert "2345601" not in log


def test_every_connection_of_the_sandbox_answers_its_test(laptop: Laptop) -> None:
    answers = {}
    inbound_url = json.loads(laptop.places.state.read_text())["inbound_url"]
    for name, fields in airflow_settings.connections(laptop.places, inbound_url).items():
        if fields["conn_type"] == "generic":
            continue
        extra = fields.get("extra")
        text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
        found = laptop.api.call("POST", "/connections/test", {"connection_id": name, **fields, "extra": text})
        answers[name] = (found["status"], found["message"])
    assert {name for name, (status, _) in answers.items() if not status} == set(), answers


def test_a_refused_login_turns_the_run_red_and_sends_one_alert(laptop: Laptop) -> None:
    api, right = laptop.api, airflow_settings.connections(laptop.places)["webdav"]
    api.set_connections({"webdav": {**right, "password": "no-longer-valid"}})
    run_id = api.trigger("hourly_inventory", {"only": ["retail"]})
    run = wait_for(
        lambda: (r := api.run("hourly_inventory", run_id))["state"] in ENDED and r, "the end of the run"
    )
    assert run["state"] == "failed"
    mails = wait_for(lambda: laptop.mails("hourly_inventory failed"), "the alert")
    assert len(mails) == 1
    log = next((laptop.places.store_files / "business_automations").glob("*.txt")).read_text()
    assert "the login or the password is wrong" in log
    assert "no-longer-valid" not in log

    api.set_connections({"webdav": right})
    run_id = api.trigger("hourly_inventory", {"only": ["retail"]})
    run = wait_for(
        lambda: (r := api.run("hourly_inventory", run_id))["state"] in ENDED and r, "the end of the run"
    )
    assert run["state"] == "success"


def test_a_person_decides_about_a_campaign(laptop: Laptop) -> None:
    api, campaign = laptop.api, "sms_returning_3_review"
    store_db = engine_for(URL.create("sqlite", database=str(laptop.places.store_db)))
    wanted = select(TEXT_MESSAGE.c.status).where(TEXT_MESSAGE.c.campaign == campaign)
    today = TEXT_MESSAGE.c.run_id.startswith("manual")
    with store_db.begin() as connection:
        connection.execute(delete(LEDGER).where(LEDGER.c.campaign == campaign))
        connection.execute(delete(TEXT_MESSAGE).where(TEXT_MESSAGE.c.campaign == campaign, today))

    def answered(option: str) -> tuple[str, list[str]]:
        run_id = api.trigger(campaign, {})

        def waiting() -> list[str]:
            return [t["task_id"] for t in api.tasks(campaign, run_id) if t["state"] == "awaiting_input"]

        assert wait_for(waiting, "the question") == ["approve"]
        body = api.question(campaign, run_id, "approve")["body"]
        time.sleep(THINKING_SECONDS)

        def ended() -> bool:
            for task_id in waiting():
                api.answer(campaign, run_id, task_id, option)
            return api.run(campaign, run_id)["state"] in ENDED

        wait_for(ended, "the end of the run")
        assert api.run(campaign, run_id)["state"] == "success"
        with store_db.connect() as connection:
            return body, list(connection.scalars(wanted.where(today)))

    body, statuses = answered("Reject")
    assert statuses
    assert "planned" not in statuses
    assert "sent" not in statuses
    assert f"**{statuses.count('set_aside')} texts**" in body
    assert laptop.mails(f"{campaign} waits for your approval")
    _, statuses = answered("Approve")
    assert "sent" in statuses
    assert "planned" not in statuses


def test_down_leaves_no_process_behind(laptop: Laptop) -> None:
    assert processes.belonging_to(laptop.places.var)
    assert laptop.command("down").returncode == 0
    assert processes.belonging_to(laptop.places.var) == []
    assert "Nothing was running" in laptop.command("down").stdout
