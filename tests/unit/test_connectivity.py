"""Hosts that are asked for real, the operator's command, the settings, and what people read."""

from __future__ import annotations

import http.server
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from include.connectivity.action import run_command
from include.connectivity.hosts import Answer, ask_all
from include.connectivity.letters import ConnectionState, duration, outage_letter, status_page
from include.connectivity.limits import all_within
from include.connectivity.outage_log import write_outages
from include.connectivity.settings import connectivity_settings
from include.connectivity.watch import verdict
from include.errors import InvalidRequest, InvalidSettings
from include.reporting.page import as_page
from include.storedb.connectivity import Outage

ZONE = ZoneInfo("America/New_York")
BEGAN = datetime(2026, 11, 20, 15)
OUTAGE = Outage(1, "internet", BEGAN, BEGAN, 3, "=cmd: refuses connections", BEGAN, None, None, None)


class Quiet(http.server.BaseHTTPRequestHandler):
    """Answers everything with 503."""

    def do_HEAD(self) -> None:
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def web_server(certificate: Path | None = None) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of localhost, for which nobody vouches."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("certificate") / "localhost.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(pem))
    return file


def ask(address: str, seconds: float = 3) -> Answer:
    (answer,) = ask_all({"it": address}, seconds)
    return answer


def test_any_answer_of_a_web_server_counts(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_server() as port:
        assert ask(f"http://127.0.0.1:{port}").verdict == "reached"
        assert ask(f"tcp://127.0.0.1:{port}").verdict == "reached"
        assert ask(f"https://127.0.0.1:{port}").verdict == "failed", "it speaks no TLS"
    with web_server(certificate) as port:
        answer = ask(f"https://localhost:{port}")
        assert (answer.verdict, "certificate is not trusted" in answer.words) == ("failed", True)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        assert ask(f"https://localhost:{port}").verdict == "reached"


def test_what_cannot_be_reached_says_why() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert ask(f"http://127.0.0.1:{port}", 0.5).words == "no answer in time"
    assert ask(f"tcp://127.0.0.1:{port}").words == "refuses connections"
    assert ask(f"http://127.0.0.1:{port}").words == "refuses connections"
    assert "name is not known" in ask("https://nobody.invalid").words


@pytest.fixture
def ping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a ping of our own on the path."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(script: str) -> None:
        (tmp_path / "ping").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "ping").chmod(0o755)

    return put


def test_a_ping_that_cannot_be_made_is_left_out_and_said(ping: Callable[[str], None]) -> None:
    answer = ask("ping://192.0.2.1")
    assert (answer.verdict, answer.words) == ("not asked", "this machine has no ping")
    ping("echo 'ping: socket: Operation not permitted' >&2; exit 2")
    assert ask("ping://192.0.2.1").verdict == "not asked"
    ping("exit 1")
    assert ask("ping://192.0.2.1").verdict == "failed"
    ping('[ "$6" = 192.0.2.1 ]')
    assert ask("ping://192.0.2.1").verdict == "reached"


def test_it_takes_all_of_those_that_were_asked() -> None:
    reached, failed = Answer("a", "", "reached", ""), Answer("b", "", "failed", "")
    left_out = Answer("c", "", "not asked", "")
    assert verdict([failed, left_out, reached]) is True
    assert verdict([failed, left_out, failed]) is False
    assert verdict([left_out]) is None


def test_one_that_hangs_holds_up_none_of_the_others() -> None:
    released = threading.Event()

    def fails() -> str:
        raise InvalidRequest("no such thing")

    found = all_within(0.5, {"hangs": lambda: str(released.wait()), "quick": lambda: "yes", "fails": fails})
    released.set()
    assert found["quick"] == "yes"
    assert isinstance(found["hangs"], TimeoutError)
    assert isinstance(found["fails"], InvalidRequest)


def test_the_command_gets_its_words_as_they_are_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", "secret")
    code = "import os, sys; print(sys.argv[1:], sorted(os.environ))"
    said = run_command([sys.executable, "-c", code, "$HOME; touch it"], 20)
    assert "['$HOME; touch it']" in said
    assert "AIRFLOW" not in said


def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(300)
"""
    with pytest.raises(InvalidRequest, match="took longer than 3 s"):
        run_command([sys.executable, "-c", code], 3)
    for pid in map(int, pids.read_text().split()):
        deadline = time.monotonic() + 10
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_command_that_is_not_there_says_so() -> None:
    with pytest.raises(InvalidRequest, match="/no/such/program cannot be started: No such file"):
        run_command(["/no/such/program"], 5)


def test_the_log_has_two_lines_for_an_outage_however_often_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "outages.csv"
    over = Outage(1, "internet", BEGAN, BEGAN, 3, "=cmd", BEGAN, None, BEGAN + timedelta(minutes=45), None)
    assert write_outages(file, [OUTAGE], ZONE) == 1
    assert write_outages(file, [OUTAGE], ZONE) == 0
    assert write_outages(file, [over], ZONE) == 1
    assert write_outages(file, [over], ZONE) == 0
    lines = file.read_text().splitlines()
    assert lines[1].startswith("2026-11-20 10:00:00,began,2026-11-20 10:00:00,,'=cmd")
    assert lines[2] == "2026-11-20 10:45:00,ended,2026-11-20 10:00:00,45,"


def test_page_and_mail_say_what_happened_in_store_time() -> None:
    over = Outage(
        1, "internet", BEGAN, BEGAN, 3, "web: no", BEGAN, BEGAN, BEGAN + timedelta(minutes=125), None
    )
    letter = outage_letter(over, ZONE)
    assert letter.subject == "The internet was away for 2 h 5 min"
    for text in (letter.html, letter.text):
        assert "2026-11-20 10:00" in text
        assert "2026-11-20 12:05" in text
        assert "web: no" in text
    tested = [
        ConnectionState("webdav", "fails", "<b>refused</b>", 2),
        ConnectionState("store_db", "answers", "yes"),
    ]
    answers = [Answer("web shop", "api.example.com", "failed", "no answer in time")]
    at = datetime(2026, 11, 20, 16, tzinfo=UTC)
    page = as_page(status_page(answers, tested, [OUTAGE], at, ZONE)).decode()
    assert "The internet is away." in page
    assert "Not working: webdav" in page
    assert "&lt;b&gt;refused&lt;/b&gt;" in page
    assert "1 of 2" in page
    assert status_page([], tested[1:], [], at, ZONE).subject == "Connections: all work"
    assert [duration(n) for n in (1, 59, 60, 61)] == ["1 minute", "59 minutes", "1 h", "1 h 1 min"]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"internet": {"hosts": {"a": {"address": "ftp://x"}}}}, "https://host"),
        ({"internet": {"hosts": {"a": {"address": "tcp://host"}}}}, "tcp://host:port"),
        ({"internet": {"hosts": {"a": {"address": "https://me:word@host"}}}}, "without login"),
        ({"internet": {"hosts": {"a": {"address": "ping://-f"}}}}, "ping://host"),
        (
            {"internet": {"hosts": {"a": {"address": "tcp://h:1", "connection": "b"}}}},
            "either a connection or",
        ),
        ({"internet": {"tries": 0}}, "internet.tries"),
        ({"action": {"command": ["reboot"]}}, "whole path"),
        ({"action": {"command": "/sbin/reboot now"}}, "action.command"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    values: dict[str, object], complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    (tmp_path / "connectivity.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(InvalidSettings, match=complaint):
        connectivity_settings()


def test_no_command_is_run_unless_an_operator_wants_it() -> None:
    assert connectivity_settings().action.command == ()
