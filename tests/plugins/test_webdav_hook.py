"""The WebDAV hook against a real WebDAV server with digest login, on loopback."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from include.errors import (
    BadCredentials,
    InvalidRequest,
    NotFound,
    VendorUnavailable,
    VerificationFailed,
)
from include.sandbox.standins.credentials import WEBDAV_PASSWORD, connections
from include.sandbox.standins.server import StandIns
from retail_ops.hooks.vendor_session import Patience
from retail_ops.hooks.webdav import RemoteFile, WebDavHook
from retail_ops.hooks.webdav_listing import entries

QUICK = Patience(connect=5, attempts=3, first_pause=0, longest_pause=0)
NAME = "content/available_items.csv"


@pytest.fixture
def vendors(running: StandIns, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    running.clear_faults()
    running.clear_requests()
    connect(running, monkeypatch)
    return running


@pytest.fixture
def hook(vendors: StandIns) -> WebDavHook:
    return WebDavHook(patience=QUICK)


def connect(vendors: StandIns, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    values = {**connections(vendors)["webdav"], **changes}
    monkeypatch.setenv("AIRFLOW_CONN_WEBDAV", json.dumps(values))


def file_of(folder: Path, content: bytes, name: str = "local.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def stored(vendors: StandIns, name: str = NAME) -> bytes:
    return (vendors.webdav_dir / name).read_bytes()


def leftovers(vendors: StandIns) -> list[str]:
    return [path.name for path in vendors.webdav_dir.rglob("part-*")]


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "content/available items (retail).csv",
        "product_images/10003^1.jpg",
        "product_images/50% off #2 & more+; 1 = ?.jpg",
        "product_images/100%20.jpg",
        "content/Stauden für den Süden – Größe L.csv",
        "content/日本の楓.csv",
        'content/it\'s "quoted" [1] {2} ~ $ @ , !.csv',
    ],
)
def test_names_arrive_as_they_are(hook: WebDavHook, vendors: StandIns, tmp_path: Path, name: str) -> None:
    content = name.encode() * 50
    sent = hook.upload(file_of(tmp_path, content), name)
    assert stored(vendors, name) == content
    assert (sent.path, sent.size, sent.sha256) == (name, len(content), hashlib.sha256(content).hexdigest())
    assert name in [entry.path for entry in hook.list(name.rpartition("/")[0])]

    fetched = hook.download(name, tmp_path / "back" / "fetched")
    assert (tmp_path / "back" / "fetched").read_bytes() == content
    assert fetched.etag == sent.etag
    assert hook.delete(name) and not hook.exists(name) and not hook.delete(name)


@pytest.mark.parametrize("name", ["../secret", "content/../../secret", "content\\secret", "a\r\nb", "", "/"])
def test_names_that_lead_astray_are_refused(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path, name: str
) -> None:
    with pytest.raises(InvalidRequest):
        hook.upload(file_of(tmp_path, b"x"), name)
    assert vendors.requests("webdav", "PUT") == []


def test_missing_folders_are_made(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    name = "content/feeds/2025/nov 21/items.csv"
    hook.upload(file_of(tmp_path, b"one"), name)
    hook.upload(file_of(tmp_path, b"two"), name)
    assert stored(vendors, name) == b"two"
    with pytest.raises(InvalidRequest, match="is a file"):
        hook.make_folders(name)


def test_the_content_is_sent_once_and_whole(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    # Digest refuses a first request without a login: content that goes along is sent for nothing, or arrives
    # empty.
    content = os.urandom(3_000_000)
    hook.upload(file_of(tmp_path, content), NAME)
    puts = [(put.status, put.request_bytes) for put in vendors.requests("webdav", "PUT")]
    assert puts == [(201, len(content))]
    assert stored(vendors) == content


def test_an_empty_file_stays_an_empty_file(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    assert hook.upload(file_of(tmp_path, b""), NAME).size == 0
    assert stored(vendors) == b""
    # Left to itself requests would send it in chunked encoding, which not every server takes.
    headers = {name.lower() for name in vendors.requests("webdav", "PUT")[0].headers}
    assert "content-length" in headers and "transfer-encoding" not in headers


@pytest.mark.parametrize("verify", ["hash", "size"])
def test_a_cut_upload_is_noticed_and_the_old_file_stays(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path, verify: Any
) -> None:
    hook.upload(file_of(tmp_path, b"yesterday"), NAME)
    vendors.order_fault("webdav", "truncate_upload")
    with pytest.raises(VerificationFailed, match="1000 bytes on the server, 2000 bytes were sent"):
        hook.upload(file_of(tmp_path, b"x" * 2000), NAME, verify=verify)
    assert stored(vendors) == b"yesterday"
    assert leftovers(vendors) == []


def test_other_content_of_the_same_size_is_noticed(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.upload(file_of(tmp_path, b"yesterday"), NAME)
    local = file_of(tmp_path, b"a good file")
    make_folders = hook.make_folders

    def rewritten_meanwhile(remote: str) -> None:
        local.write_bytes(b"a bad file!")
        make_folders(remote)

    monkeypatch.setattr(hook, "make_folders", rewritten_meanwhile)
    good, bad = (hashlib.sha256(content).hexdigest() for content in (b"a good file", b"a bad file!"))
    with pytest.raises(VerificationFailed, match=f"{bad} on the server, {good} was sent"):
        hook.upload(local, NAME)
    assert stored(vendors) == b"yesterday"


def test_a_server_that_cannot_move_gets_the_file_directly(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vendors.order_fault("webdav", "refuse_move", count=10)
    for content in (b"first", b"second"):
        hook.upload(file_of(tmp_path, content), NAME)
        assert stored(vendors) == content
    assert leftovers(vendors) == []
    assert caplog.text.count("refuses to move files") == 1
    assert len([move for move in vendors.requests("webdav", "MOVE") if move.status == 501]) == 1

    vendors.order_fault("webdav", "truncate_upload")
    with pytest.raises(VerificationFailed):
        hook.upload(file_of(tmp_path, b"third time"), NAME)


def test_a_move_whose_answer_got_lost_counts_when_it_was_done(
    vendors: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(vendors, monkeypatch, extra={"timeout_seconds": 0.5})
    hook = WebDavHook(patience=QUICK)
    hook.upload(file_of(tmp_path, b"yesterday"), NAME)
    vendors.order_fault("webdav", "timeout_after_accepting", method="MOVE")
    hook.upload(file_of(tmp_path, b"today"), NAME)
    assert stored(vendors) == b"today"


def test_a_move_that_was_not_done_leaves_the_old_file(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path
) -> None:
    hook.upload(file_of(tmp_path, b"yesterday"), NAME)
    vendors.order_fault("webdav", "drop_connection", method="MOVE")
    with pytest.raises(VendorUnavailable):
        hook.upload(file_of(tmp_path, b"today"), NAME)
    assert stored(vendors) == b"yesterday"
    assert leftovers(vendors) == []


def test_readers_see_the_old_content_or_the_new(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    versions = [file_of(tmp_path, letter * 400_000, f"{letter!r}.csv") for letter in (b"o", b"n")]
    whole = {hashlib.sha256(version.read_bytes()).hexdigest() for version in versions}
    hook.upload(versions[0], NAME)
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        reader = WebDavHook(patience=QUICK)
        while not done.is_set():
            try:
                seen.append(reader.sha256(NAME))
            except NotFound:
                # The server deletes the old file before it renames the new one.
                continue

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for turn in range(12):
            hook.upload(versions[turn % 2], NAME, verify="size")
    finally:
        done.set()
        thread.join()
    assert seen and set(seen) <= whole


@pytest.mark.parametrize("kind", ["status", "drop_connection"])
def test_a_short_outage_is_outlasted(hook: WebDavHook, vendors: StandIns, tmp_path: Path, kind: Any) -> None:
    vendors.order_fault("webdav", kind, method="PUT", count=2)
    hook.upload(file_of(tmp_path, b"content " * 1000), NAME)
    assert stored(vendors) == b"content " * 1000


def test_a_long_outage_is_reported(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    vendors.order_fault("webdav", "status", method="PUT", count=10)
    with pytest.raises(VendorUnavailable, match=r"PUT /content/part-.* answered 503"):
        hook.upload(file_of(tmp_path, b"x"), NAME)


def test_a_failed_download_leaves_the_local_file(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    hook.upload(file_of(tmp_path, b"remote"), NAME)
    local = file_of(tmp_path / "", b"local", "kept.csv")
    vendors.order_fault("webdav", "drop_connection", method="GET", count=QUICK.attempts)
    with pytest.raises(VendorUnavailable):
        hook.download(NAME, local)
    assert local.read_bytes() == b"local"
    with pytest.raises(NotFound):
        hook.download("content/no such file.csv", local)
    assert local.read_bytes() == b"local"
    assert list(tmp_path.glob(".*")) == []


def test_moving_and_listing(hook: WebDavHook, vendors: StandIns, tmp_path: Path) -> None:
    for name in ("import_files/b.csv", "import_files/a b.csv", "import_files/sub/c.csv"):
        hook.upload(file_of(tmp_path, name.encode()), name)
    listed = [(entry.path, entry.is_folder, entry.size) for entry in hook.list("import_files")]
    assert listed == [
        ("import_files/a b.csv", False, len("import_files/a b.csv")),
        ("import_files/b.csv", False, len("import_files/b.csv")),
        ("import_files/sub", True, None),
    ]
    with pytest.raises(InvalidRequest):
        hook.move("import_files/b.csv", "import_files/a b.csv")
    assert stored(vendors, "import_files/a b.csv") == b"import_files/a b.csv"
    hook.move("import_files/b.csv", "import_files/a b.csv", overwrite=True)
    assert stored(vendors, "import_files/a b.csv") == b"import_files/b.csv"
    assert hook.stat("import_files/b.csv") is None
    with pytest.raises(InvalidRequest, match="is a folder"):
        hook.delete("import_files/sub")
    with pytest.raises(NotFound):
        hook.list("no such folder")


def test_leftovers_of_killed_uploads_are_removed_by_age(
    hook: WebDavHook, vendors: StandIns, tmp_path: Path
) -> None:
    folder = vendors.webdav_dir / "template"
    for name in ("part-0a1b2c3d-items.csv", "part-9f8e7d6c-items.csv", "part-list.csv", "items.csv"):
        (folder / name).write_bytes(b"x")
    noon = datetime(2025, 11, 21, 12, tzinfo=UTC)
    for path in folder.iterdir():
        os.utime(path, (noon.timestamp(), noon.timestamp()))
    os.utime(folder / "part-9f8e7d6c-items.csv")
    assert hook.remove_leftovers("template", before=noon) == 0
    assert hook.remove_leftovers("template", before=noon.replace(hour=13)) == 1
    assert {path.name for path in folder.iterdir()} == {
        "part-9f8e7d6c-items.csv",
        "part-list.csv",
        "items.csv",
    }


def test_a_wrong_password_is_named_and_not_told(
    vendors: StandIns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    connect(vendors, monkeypatch, password="mistyped-password")
    hook = WebDavHook(patience=QUICK)
    with (
        caplog.at_level(logging.DEBUG),
        pytest.raises(BadCredentials, match="login or the password") as caught,
    ):
        hook.upload(file_of(tmp_path, b"x"), NAME)
    assert "mistyped-password" not in caplog.text + str(caught.value)
    good, words = hook.test_connection()
    assert not good and "the login or the password is wrong" in words


def test_the_connection_test_says_what_is_wrong(
    hook: WebDavHook, vendors: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, words = hook.test_connection()
    assert good and vendors.webdav_url in words and WEBDAV_PASSWORD not in words

    cases: list[tuple[dict[str, Any], str]] = [
        ({"host": f"{vendors.webdav_url}/no/such"}, "there is no folder at"),
        ({"host": vendors.http_url}, "no WebDAV folder"),
        ({"host": "http://127.0.0.1:9/dav"}, "no connection to the server"),
        ({"host": None}, "the connection 'webdav' has no host (address of the WebDAV folder)"),
        ({"password": None}, "the connection 'webdav' has no password"),
        ({"extra": {"authentication": "basic"}}, "does not offer basic authentication"),
        ({"extra": {"authentication": "kerberos"}}, "'kerberos' instead of digest or basic"),
        ({"extra": {"timeout_seconds": "soon"}}, "'soon' instead of a number of seconds in timeout_seconds"),
        ({"host": "https://me:secret@example.com/dav"}, "has more than an address"),
    ]
    for changes, expected in cases:
        connect(vendors, monkeypatch, **changes)
        good, words = WebDavHook(patience=QUICK).test_connection()
        assert not good and expected in words, words
        assert "secret" not in words


def test_an_upload_to_a_wrong_address_says_so(
    vendors: StandIns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(vendors, monkeypatch, host=f"{vendors.webdav_url}/no/such")
    with pytest.raises(NotFound, match="there is no folder at"):
        WebDavHook(patience=QUICK).upload(file_of(tmp_path, b"x"), NAME)


def test_listings_of_other_servers_are_read() -> None:
    # Absolute addresses, another prefix than ours (a proxy), a namespace prefix, a property without a value.
    xml = b"""<?xml version="1.0"?>
    <d:multistatus xmlns:d="DAV:">
      <d:response><d:href>http://inner:81/storage/content/feeds/</d:href>
        <d:propstat><d:prop><d:resourcetype><d:collection/></d:resourcetype></d:prop>
          <d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
      <d:response><d:href>http://inner:81/storage/content/feeds/a%20%231.csv</d:href>
        <d:propstat><d:prop><d:getcontentlength>12</d:getcontentlength><d:getetag>W/"abc"</d:getetag>
          <d:getlastmodified>Fri, 21 Nov 2025 10:00:00 GMT</d:getlastmodified><d:resourcetype/></d:prop>
          <d:status>HTTP/1.1 200 OK</d:status></d:propstat>
        <d:propstat><d:prop><d:getcontentlength/></d:prop>
          <d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
      </d:response>
    </d:multistatus>"""
    folder, file = entries(xml, "content/feeds")
    assert folder == RemoteFile("content/feeds", is_folder=True)
    assert file == RemoteFile(
        "content/feeds/a #1.csv", size=12, etag="abc", modified=datetime(2025, 11, 21, 10, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "xml",
    [
        b"<html><body>Welcome to our shop</body></html>",
        b"not xml",
        b'<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]><multistatus xmlns="DAV:">&e;</multistatus>',
        b'<multistatus xmlns="DAV:"/>',
    ],
)
def test_other_answers_are_refused(xml: bytes) -> None:
    with pytest.raises(ValueError, match="WebDAV answer"):
        entries(xml, "content")
