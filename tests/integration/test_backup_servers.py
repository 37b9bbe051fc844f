"""Backups of databases on real servers, and in the object storage of a real server of S3's protocol."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
import requests
from sqlalchemy import URL, create_engine, text
from upath import UPath

from include.backups import planning
from include.backups.archive import Archive
from include.backups.backup import back_up, known_backups
from include.backups.manifest import Manifest
from include.backups.removing import remove
from include.backups.restore import restore_database, restore_files
from include.backups.server_databases import UNFINISHED, ServerDatabase
from include.backups.settings import BackupSettings, Checks, Retention
from include.backups.sources import ArchiveSource, server_database
from include.backups.storage import OffsiteStorage
from include.database.engines import engine_for
from include.errors import BadCredentials, InvalidRequest, RetailOpsError, VerificationFailed
from tests.databases import fresh_database
from tests.integration.conftest import Sandbox, states

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
SETTINGS = BackupSettings(checks=Checks(keep_free_mb=0))
ODD = (
    "O'Hare; DROP TABLE x",
    'back\\slash "quoted"',
    "two\nlines\nINSERT INTO `item` VALUES (1)",
    "Größe 🌱",
    None,
)
TOOLS = {"postgresql": ("pg_dump", "pg_restore"), "mysql": ("mariadb-dump", "mysqldump")}


@pytest.fixture(params=["postgresql", "mysql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerDatabase]:
    """A database with awkward rows on a real server."""
    if not any(map(shutil.which, TOOLS[request.param])):
        pytest.skip(f"this machine has no {TOOLS[request.param][0]}")
    with fresh_database(request.param, tmp_path) as url:
        with engine_for(url).begin() as connection:
            blob = "BYTEA" if request.param == "postgresql" else "BLOB"
            connection.execute(
                text(f"CREATE TABLE item (id INTEGER PRIMARY KEY, words VARCHAR(200), photo {blob})")
            )
            connection.execute(text("CREATE TABLE nothing (id INTEGER PRIMARY KEY)"))
            rows = [
                {"id": number, "words": ODD[number % len(ODD)], "photo": os.urandom(50)}
                for number in range(3000)
            ]
            connection.execute(text("INSERT INTO item VALUES (:id, :words, :photo)"), rows)
        found = server_database(url)
        assert found
        yield found


def store(folder: Path) -> OffsiteStorage:
    return OffsiteStorage(UPath(folder.as_uri()))


def save(storage: OffsiteStorage, database: ServerDatabase, at: datetime = AT) -> Manifest:
    found = server_database(database.url)
    assert found
    return back_up(storage, "db", found, at, SETTINGS, "test")


def rows(url: URL, name: str) -> list[Any]:
    engine = create_engine(url.set(database=name))
    with engine.connect() as connection:
        found = list(connection.execute(text("SELECT id, words, photo FROM item ORDER BY id")))
    engine.dispose()
    return [(row[0], row[1], bytes(row[2])) for row in found]


def databases(database: ServerDatabase) -> set[str]:
    query = (
        "SELECT datname FROM pg_database"
        if database.kind == "postgresql"
        else "SELECT schema_name FROM information_schema.schemata"
    )
    with engine_for(database.url).connect() as connection:
        return set(connection.scalars(text(query)))


def test_a_database_is_loaded_into_a_new_one_row_by_row(database: ServerDatabase, tmp_path: Path) -> None:
    storage = store(tmp_path / "offsite")
    made = save(storage, database)
    prefix = "public." if database.kind == "postgresql" else ""
    assert made.counts == {f"{prefix}item": 3000, f"{prefix}nothing": 0}
    name = f"restore_{database.url.database}"
    restored = restore_database(storage, made, database, name, None)
    try:
        assert restored.counts == made.counts
        assert rows(database.url, name) == rows(database.url, str(database.url.database))
        with pytest.raises(InvalidRequest, match="already"):
            restore_database(storage, made, database, name, None)
        with pytest.raises(InvalidRequest, match="already"):
            restore_database(storage, made, database, str(database.url.database), None)
        assert len(rows(database.url, name)) == 3000
    finally:
        database.drop(name)


def test_a_drill_and_a_damaged_backup_leave_no_database(database: ServerDatabase, tmp_path: Path) -> None:
    storage = store(tmp_path / "offsite")
    made = save(storage, database)
    restore_database(storage, made, database, "restore_drill_test", None, keep=False)
    wrong = made.model_copy(update={"counts": {**made.counts, next(iter(made.counts)): 2999}})
    with pytest.raises(VerificationFailed, match="3000 instead of 2999"):
        restore_database(storage, wrong, database, "restore_drill_test", None)
    file = tmp_path / "offsite" / "db" / made.name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(RetailOpsError):
        restore_database(storage, made, database, "restore_drill_test", None)
    assert "restore_drill_test" not in databases(database)


def test_what_a_killed_restore_left_is_replaced(database: ServerDatabase, tmp_path: Path) -> None:
    storage = store(tmp_path / "offsite")
    made = save(storage, database)
    name = f"restore_{database.url.database}"
    with engine_for(database.url).execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        engine = create_engine(database.url.set(database=name))
        with engine.begin() as connection:
            connection.execute(text(f"CREATE TABLE {UNFINISHED} (since INTEGER)"))
            connection.execute(text("CREATE TABLE item (id INTEGER)"))
        engine.dispose()
        assert restore_database(storage, made, database, name, None).counts == made.counts
    finally:
        database.drop(name)


def test_rows_that_others_write_meanwhile_are_no_contradiction(
    database: ServerDatabase, tmp_path: Path
) -> None:
    storage = store(tmp_path / "offsite")
    code = (
        "import itertools, sys; from sqlalchemy import create_engine, text\n"
        "engine = create_engine(sys.argv[1])\n"
        "for n in itertools.count(10_000):\n"
        "    with engine.begin() as c: c.execute(text('INSERT INTO item (id) VALUES (:n)'), {'n': n})\n"
        "    if n == 10_000: print('writing', flush=True)\n"
    )
    url = database.url.render_as_string(hide_password=False)
    writer = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE)
    try:
        assert writer.stdout and writer.stdout.readline()
        for number in range(3):
            made = save(storage, database, AT + timedelta(hours=number))
            restore_database(storage, made, database, "restore_drill_busy", None, keep=False)
    finally:
        writer.kill()
        writer.communicate()


def test_a_wrong_password_is_named_and_never_on_a_command_line(
    database: ServerDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The real tools, seen through a wrapper that keeps their command line.
    folder, seen = tmp_path / "bin", tmp_path / "seen"
    folder.mkdir()
    for tool in TOOLS[database.kind][:1]:
        real = shutil.which(tool)
        (folder / tool).write_text(f'#!/bin/sh\necho "$@" >> {seen}\nexec {real} "$@"\n')
        (folder / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    database.url = database.url.set(password="s3cret:with\\odd\"signs'")
    try:
        save(store(tmp_path / "offsite"), database)
    except RetailOpsError as error:
        assert "s3cret" not in str(error)
    if seen.exists():
        assert "s3cret" not in seen.read_text()


def test_missing_tools_are_named(
    database: ServerDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidRequest, match="install the system package"):
        save(store(tmp_path / "offsite"), database)
    assert not list((tmp_path / "offsite").rglob("*.*"))


def test_a_dump_that_breaks_off_is_no_backup(
    database: ServerDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in TOOLS[database.kind][:1]:
        real = shutil.which(tool)
        script = (
            f'#!/bin/sh\ncase "$1" in --version) exec {real} --version;; esac\n{real} "$@" | head -c 5000\n'
        )
        # A dump in SQL says itself whether it is complete, whatever its tool believes.
        code = 3 if database.kind == "postgresql" else 0
        (folder / tool).write_text(script + f"echo the disk went away >&2; exit {code}\n")
        (folder / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(RetailOpsError):
        save(store(tmp_path / "offsite"), database)
    assert not list((tmp_path / "offsite" / "db").iterdir())


@pytest.mark.parametrize("database", ["postgresql", "mysql"], indirect=True)
def test_a_login_without_the_right_to_make_databases_is_told_how_to_get_it(
    database: ServerDatabase, tmp_path: Path
) -> None:
    storage = store(tmp_path / "offsite")
    made = save(storage, database)
    login = f"plain_{os.getpid()}"
    admin = engine_for(database.url).execution_options(isolation_level="AUTOCOMMIT")
    name = database.url.database
    postgres = database.kind == "postgresql"
    with admin.connect() as connection:
        if postgres:
            connection.execute(text(f"CREATE ROLE {login} LOGIN"))
        else:
            connection.execute(text(f"CREATE USER {login}@'%'"))
            connection.execute(text(f"GRANT ALL ON {name}.* TO {login}@'%'"))
    try:
        plain = server_database(database.url.set(username=login, password=None))
        assert plain
        with pytest.raises(BadCredentials, match=r"CREATEDB|GRANT ALL ON `restore"):
            restore_database(storage, made, plain, "restore_drill_plain", None)
        engine_for(plain.url).dispose()
        with admin.connect() as connection:
            words = plain.grant.format(login=login)
            connection.execute(text(words))
        restore_database(storage, made, plain, "restore_drill_plain", None, keep=False)
        engine_for(plain.url).dispose()
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP {'ROLE' if postgres else 'USER'} {login}"))


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A server that speaks S3, with the bucket `store`; yields the connection's fields."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    # The servers of one process share what they keep.
    requests.post(f"{url}/moto-api/reset", timeout=10).raise_for_status()
    client(url).create_bucket(Bucket="store")
    extra = {"endpoint_url": url, "region_name": "us-east-1"}
    yield {
        "conn_type": "generic",
        "host": "s3://store/backups",
        "login": "key",
        "password": "secret",
        "extra": extra,
    }
    server.stop()


def client(url: str) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )


def s3_storage(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> OffsiteStorage:
    from retail_ops.hooks.offsite import OffsiteHook

    monkeypatch.setenv("AIRFLOW_CONN_OFFSITE", json.dumps(fields))
    return OffsiteHook().storage


def keys(fields: dict[str, Any]) -> list[str]:
    found = client(fields["extra"]["endpoint_url"]).list_objects_v2(Bucket="store")
    return [entry["Key"] for entry in found.get("Contents", ())]


def uploads(fields: dict[str, Any]) -> int:
    found = client(fields["extra"]["endpoint_url"]).list_multipart_uploads(Bucket="store")
    return len(found.get("Uploads", ()))


def archive(tmp_path: Path, size: int) -> ArchiveSource:
    folder = tmp_path / "files"
    folder.mkdir(exist_ok=True)
    (folder / "a.bin").write_bytes(os.urandom(size))
    return ArchiveSource(Archive({"": folder}))


@pytest.mark.parametrize("size", [10, 40_000_000])
def test_object_storage_keeps_and_gives_back(
    s3: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    storage = s3_storage(s3, monkeypatch)
    made = back_up(storage, "files", archive(tmp_path, size), AT, SETTINGS, "")
    assert keys(s3) == [f"backups/files/{made.name}", f"backups/files/{made.name}.json"]
    assert uploads(s3) == 0
    restore_files(storage, made, tmp_path / "back", None, 0)
    assert (tmp_path / "back" / "a.bin").read_bytes() == (tmp_path / "files" / "a.bin").read_bytes()
    change = planning.Change(planning.OFFSITE, ("files", made.name), planning.MANIFEST, "0" * 64, None, "")
    assert remove(storage, change).status == "conflicted"
    assert remove(storage, replace(change, old=made.stored.sha256)).status == "applied"
    assert keys(s3) == []


def test_a_source_that_breaks_off_leaves_no_object_and_no_upload(
    s3: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = s3_storage(s3, monkeypatch)
    source = archive(tmp_path, 80_000_000)
    whole = Archive.pieces

    def breaks(self: Archive) -> Iterator[bytes]:
        for number, piece in enumerate(whole(self)):
            if number == 250:
                raise OSError("the disk went away")
            yield piece

    monkeypatch.setattr(Archive, "pieces", breaks)
    with pytest.raises(RetailOpsError, match="went away"):
        back_up(storage, "files", source, AT, SETTINGS, "")
    assert (keys(s3), uploads(s3)) == ([], 0)


def test_killed_in_the_middle_of_an_upload(
    s3: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = s3_storage(s3, monkeypatch)
    archive(tmp_path, 80_000_000)
    code = (
        "import os, sys, signal; sys.path.insert(0, 'plugins')\n"
        "from include.backups.archive import Archive\n"
        "whole = Archive.pieces\n"
        "def pieces(self):\n"
        "    for number, piece in enumerate(whole(self)):\n"
        "        if number == 250: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield piece\n"
        "Archive.pieces = pieces\n"
        "from pathlib import Path; from include.backups.backup import back_up\n"
        "from include.backups.sources import ArchiveSource\n"
        "from retail_ops.hooks.offsite import OffsiteHook\n"
        "from tests.integration.test_backup_servers import AT, SETTINGS\n"
        "source = ArchiveSource(Archive({'': Path(sys.argv[1])}))\n"
        "back_up(OffsiteHook().storage, 'files', source, AT, SETTINGS, '')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "files"], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    assert uploads(s3) == 1
    assert keys(s3) == []
    assert not known_backups(storage, "files").backups
    made = back_up(storage, "files", ArchiveSource(Archive({"": tmp_path / "files"})), AT, SETTINGS, "")
    restore_files(storage, made, tmp_path / "back", None, 0)

    # Retention ends the lost upload (this server dates every upload to 2010) and nothing else.
    found = {
        "files": (
            known_backups(storage, "files"),
            storage.files("files"),
            storage.unfinished_uploads("files"),
        )
    }
    plan = planning.plan_retention(found, Retention(), datetime.now(UTC), UTC)
    assert [remove(storage, change).status for change in plan.changes] == ["applied"]
    assert uploads(s3) == 0
    assert len(keys(s3)) == 2


def test_storage_that_cannot_be_used_is_named(
    s3: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        "bucket": {**s3, "host": "s3://elsewhere/backups"},
        "127.0.0.1:9": {**s3, "extra": {**s3["extra"], "endpoint_url": "http://127.0.0.1:9"}},
    }
    for word, fields in wrong.items():
        storage = s3_storage(fields, monkeypatch)
        with pytest.raises(RetailOpsError, match=word):
            storage.check()
        with pytest.raises(RetailOpsError):
            back_up(storage, "files", archive(tmp_path, 10), AT, SETTINGS, "")
    for host in ("", "backups", "s3://", "s3://key:secret@store/x"):
        with pytest.raises(InvalidRequest, match="offsite"):
            s3_storage({**s3, "host": host}, monkeypatch)


def test_the_dags_work_with_object_storage(
    run_dag: Callable[..., Any], sandbox: Sandbox, s3: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OFFSITE", json.dumps(s3))
    sandbox.files.mkdir(exist_ok=True)
    run = run_dag("offsite_backups")
    assert str(run.state) == "success", states(run)
    drill = run_dag("backup_restore_drill")
    assert str(drill.state) == "success", states(drill)
    assert {key.split("/")[1] for key in keys(s3)} == {"store_db", "store_files", "photos"}
