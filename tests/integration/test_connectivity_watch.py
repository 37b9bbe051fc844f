"""connectivity_watch on the sandbox: outages with real sockets, the mail afterwards, the connections."""

from __future__ import annotations

import csv
import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import yaml
from sqlalchemy import select, update

from include.sandbox.standins.credentials import connections
from include.storedb.tables import CONNECTIVITY
from tests.integration.conftest import Sandbox, states

RunDag = Callable[..., Any]
DAG = "connectivity_watch"
OPERATOR = "operations@example.com"


class Listener:
    """A host on a port of its own that can be stopped and started again."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._server: socketserver.ThreadingTCPServer | None = None

    def start(self) -> None:
        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), socketserver.BaseRequestHandler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


@pytest.fixture
def host() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.stop()


@pytest.fixture
def configure(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Write the store's own connectivity.yaml."""
    folder = sandbox.folder / "settings"
    folder.mkdir()
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(folder))

    def write(hosts: dict[str, Any], **more: Any) -> None:
        shipped = {"web shop": None, "texts": None, "web shop's files": None}
        internet = {"tries": 3, "tries_in_a_run": 1, "pause_seconds": 0, "answer_seconds": 3}
        values = {"internet": {**internet, **more.pop("internet", {}), "hosts": {**shipped, **hosts}}, **more}
        (folder / "connectivity.yaml").write_text(yaml.safe_dump(values))

    return write


def tcp(host: Listener) -> dict[str, Any]:
    return {"host": {"address": f"tcp://127.0.0.1:{host.port}"}}


def summary(run: Any, task_id: str = "report") -> dict[str, Any]:
    found: dict[str, Any] = run.get_task_instance(task_id).xcom_pull(task_ids=task_id, key="summary")
    return found


def logged(sandbox: Sandbox) -> list[dict[str, str]]:
    file = sandbox.files / "connectivity" / "outages.csv"
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def told(sandbox: Sandbox) -> list[Any]:
    """The mails about outages."""
    files = sorted((sandbox.folder / "vendors" / "mails").glob("*.eml"))
    found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
    return [mail for mail in found if "internet" in str(mail["Subject"])]


def test_all_is_well_on_the_settings_as_shipped(run_dag: RunDag, sandbox: Sandbox) -> None:
    for _ in range(2):
        run = run_dag(DAG)
        assert states(run) == {
            "internet": "skipped",
            "mail": "skipped",
            "connections": "success",
            "report": "success",
        }
        assert summary(run)["applied"] == summary(run)["failed"] == 0
        assert any(reason.startswith("nothing to change: the internet") for reason in summary(run)["reasons"])
    found = summary(run, "connections")["details"]["connections"]
    assert [name for name, state in found.items() if state == "not set up"] == ["offsite", "lgs_warehouse"]
    assert set(found.values()) == {"answers", "not set up"}
    page = (sandbox.files / "reports" / "connectivity_watch" / "latest.html").read_text()
    assert "counterpoint_api" in page and "takes the login" in page
    with sandbox.store_db.connect() as connection:
        assert connection.execute(select(CONNECTIVITY)).all() == []


def test_an_outage_is_found_after_enough_tries_and_told_of_once_when_it_is_over(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    configure(tcp(host))
    host.start()
    assert states(run_dag(DAG))["internet"] == "skipped"

    host.stop()
    for _ in range(2):
        run = run_dag(DAG)
        assert states(run)["internet"] == "skipped"
        assert logged(sandbox) == []
    began = run_dag(DAG)
    assert states(began) | {"mail": "skipped"} == states(began)
    assert summary(began)["applied"] == 1
    assert [line["Event"] for line in logged(sandbox)] == ["began"]
    goes_on = run_dag(DAG)
    assert states(goes_on)["internet"] == "skipped"
    assert any("goes on" in reason for reason in summary(goes_on)["reasons"])
    assert told(sandbox) == []

    with sandbox.store_db.begin() as connection:
        earlier = connection.scalars(select(CONNECTIVITY.c.began_at)).one() - timedelta(hours=2, minutes=5)
        connection.execute(update(CONNECTIVITY).values(began_at=earlier))
    host.start()
    over = run_dag(DAG)
    assert states(over)["mail"] == "success"
    (mail,) = told(sandbox)
    assert mail["Subject"] == "The internet was away for 2 h 5 min"
    assert mail["To"] == OPERATOR
    assert [(line["Event"], line["Minutes"]) for line in logged(sandbox)][-1] == ("ended", "125")

    after = run_dag(DAG)
    assert (states(after)["internet"], states(after)["mail"]) == ("skipped", "skipped")
    assert len(told(sandbox)) == 1


def test_a_host_that_comes_and_goes_is_no_outage(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    configure(tcp(host), internet={"tries": 2})
    for _ in range(3):
        host.stop()
        run_dag(DAG)
        host.start()
        run_dag(DAG)
    assert logged(sandbox) == []
    assert told(sandbox) == []


def test_one_host_of_several_is_enough(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    dead = {"other": {"address": "tcp://127.0.0.1:1"}, "name": {"address": "https://nobody.invalid"}}
    configure(tcp(host) | dead, internet={"tries": 1})
    host.start()
    assert any("the internet is there" in reason for reason in summary(run_dag(DAG))["reasons"])
    host.stop()
    assert summary(run_dag(DAG))["applied"] == 1


def test_the_mail_that_the_server_did_not_take_goes_out_with_the_next_run(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    configure(tcp(host), internet={"tries": 1})
    run_dag(DAG)
    host.start()
    sandbox.vendors.order_fault("smtp", "status", status=451, count=10)
    run = run_dag(DAG)
    assert (str(run.state), summary(run, "mail")["failed"]) == ("failed", 1)
    assert told(sandbox) == []
    sandbox.vendors.clear_faults()
    assert states(run_dag(DAG))["mail"] == "success"
    assert states(run_dag(DAG))["mail"] == "skipped"
    assert len(told(sandbox)) == 1


def test_the_operators_command_is_run_once_in_each_outage(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    ran = sandbox.folder / "ran.txt"
    code = f"import os; print(*sorted(os.environ), file=open({str(ran)!r}, 'a'))"
    configure(tcp(host), internet={"tries": 1}, action={"command": [sys.executable, "-c", code]})
    for _ in range(3):
        run_dag(DAG)
    (variables,) = ran.read_text().splitlines()
    assert "AIRFLOW" not in variables, "the command must not get the connections' passwords"
    host.start()
    run_dag(DAG)
    assert len(ran.read_text().splitlines()) == 1
    host.stop()
    run_dag(DAG)
    assert len(ran.read_text().splitlines()) == 2


def test_a_command_that_fails_makes_the_run_fail_once(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    code = "print('call 518-555-0142'); raise SystemExit(3)"
    configure(tcp(host), internet={"tries": 1}, action={"command": [sys.executable, "-c", code]})
    run = run_dag(DAG)
    assert (str(run.state), summary(run)["failed"]) == ("failed", 1)
    (rejects,) = (sandbox.files / "rejects").rglob("internet.csv")
    assert "ended with code 3" in rejects.read_text()
    assert "555-0142" not in rejects.read_text()
    assert str(run_dag(DAG).state) == "success"


def test_a_dry_run_remembers_nothing(
    run_dag: RunDag, sandbox: Sandbox, host: Listener, configure: Callable[..., None]
) -> None:
    ran = sandbox.folder / "ran.txt"
    code = f"open({str(ran)!r}, 'w')"
    configure(tcp(host), internet={"tries": 1}, action={"command": [sys.executable, "-c", code]})
    run = run_dag(DAG, dry_run=True)
    assert any("no host answers" in reason for reason in summary(run)["reasons"])
    assert logged(sandbox) == []
    assert not ran.exists()
    with sandbox.store_db.connect() as connection:
        assert connection.execute(select(CONNECTIVITY)).all() == []
    assert not (sandbox.files / "reports" / "connectivity_watch").exists()


def test_a_refused_login_is_seen_at_once_and_fails_the_second_run(
    run_dag: RunDag, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = connections(sandbox.vendors)
    for name, password in (("webdav", "wrong-files-word"), ("smtp_default", "wrong-mail-word")):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(good[name] | {"password": password}))
    first = run_dag(DAG)
    assert str(first.state) == "success"
    assert summary(first)["rejected"] == 2
    second = run_dag(DAG)
    assert str(second.state) == "failed"
    assert summary(second)["failed"] == 2
    page = (sandbox.files / "reports" / "connectivity_watch" / "latest.html").read_text()
    rejects = "".join(file.read_text() for file in (sandbox.files / "rejects").rglob("connections.csv"))
    assert "webdav" in rejects and "smtp_default" in rejects
    for text in (page, rejects):
        assert "wrong-" not in text
        assert str(good["webdav"]["login"]) not in text

    for name in ("webdav", "smtp_default"):
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(good[name]))
    assert str(run_dag(DAG).state) == "success"
    with sandbox.store_db.connect() as connection:
        assert connection.execute(select(CONNECTIVITY)).all() == []


def test_a_server_that_hangs_holds_up_nobody(
    run_dag: RunDag,
    sandbox: Sandbox,
    host: Listener,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        good = connections(sandbox.vendors)
        monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(good["webdav"] | {"host": address}))
        more = {"runs": 1, "answer_seconds": 2}
        hosts = tcp(host) | {"silent": {"address": address}}
        configure(hosts, internet={"answer_seconds": 1}, connections=more)
        host.start()
        run = run_dag(DAG)
    assert summary(run)["failed"] == 1
    found = summary(run, "connections")["details"]["connections"]
    assert [name for name, state in found.items() if state == "fails"] == ["webdav"]
    assert any("the internet is there" in reason for reason in summary(run)["reasons"])


def test_connections_that_fail_while_the_internet_is_away_do_not_count(
    run_dag: RunDag,
    sandbox: Sandbox,
    host: Listener,
    configure: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = connections(sandbox.vendors)["webdav"] | {"password": "not-the-password"}
    monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(bad))
    configure(tcp(host), internet={"tries": 1}, connections={"runs": 1})
    assert str(run_dag(DAG).state) == "success"
    host.start()
    assert str(run_dag(DAG).state) == "failed"


def test_a_required_connection_that_is_missing_fails(
    run_dag: RunDag, host: Listener, configure: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tcp(host), connections={"runs": 1})
    monkeypatch.delenv("AIRFLOW_CONN_COUNTERPOINT")
    host.start()
    run = run_dag(DAG)
    assert str(run.state) == "failed"
    assert summary(run, "connections")["details"]["connections"]["counterpoint"] == "fails"
