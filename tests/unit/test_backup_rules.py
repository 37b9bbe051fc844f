"""What backups are kept, how they are described, and what the settings refuse."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pyrage  # type: ignore[import-untyped]
import pytest

from include.backups.backup import Known
from include.backups.manifest import Content, Manifest, object_name, read_manifest
from include.backups.planning import FILE, MANIFEST, plan_retention
from include.backups.retention import expired
from include.backups.settings import BackupSettings, Retention, backup_settings, place
from include.backups.storage import Stored
from include.errors import InvalidRequest, InvalidSettings

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
HASH = "0" * 64


def backup(at: datetime, warning: str = "", target: str = "photos") -> Manifest:
    return Manifest(
        target=target,
        kind="archive",
        at=at,
        name=object_name(target, at, "tar", encrypted=False),
        content=Content(sha256=HASH, bytes=1),
        stored=Content(sha256=HASH, bytes=1),
        encrypted=False,
        counts={},
        warning=warning,
    )


def nightly(nights: int, until: datetime = NOW) -> list[Manifest]:
    return [backup(until - timedelta(days=number)) for number in range(nights)]


def kept(backups: list[Manifest], **retention: int) -> list[Manifest]:
    gone = expired(backups, Retention(**retention), NOW, ZONE)
    return sorted((b for b in backups if b.name not in gone), key=lambda b: b.at, reverse=True)


def test_two_years_of_nights_leave_days_weeks_and_months() -> None:
    left = kept(nightly(730), daily=7, weekly=5, monthly=12)
    days = [b.at.astimezone(ZONE).date() for b in left]
    assert days[:7] == [(NOW.astimezone(ZONE) - timedelta(days=n)).date() for n in range(7)]
    assert len({day.isocalendar()[:2] for day in days[:9]}) <= 5
    assert {(day.year, day.month) for day in days} == {
        *((2026, month) for month in range(1, 12)),
        (2025, 12),
    }
    # Outside the last weeks each month is there with its last night.
    assert all((day + timedelta(days=1)).day == 1 for day in days if (day.year, day.month) < (2026, 10))


def test_what_one_night_leaves_the_next_agrees_with() -> None:
    # Pruned every night or once after two years: the same backups are left.
    start = NOW - timedelta(days=729)
    left: list[Manifest] = []
    for number in range(730):
        now = start + timedelta(days=number)
        left.append(backup(now))
        gone = expired(left, Retention(), now, ZONE)
        left = [b for b in left if b.name not in gone]
    assert {b.name for b in left} == {b.name for b in kept(nightly(730))}


def test_each_week_is_there_with_its_last_night() -> None:
    days = [b.at.astimezone(ZONE).date() for b in kept(nightly(60), daily=1, weekly=3, monthly=0)]
    assert [str(day) for day in days] == ["2026-11-20", "2026-11-15", "2026-11-08"]


def test_a_long_pause_deletes_nothing() -> None:
    old = [backup(NOW - timedelta(days=400 + number)) for number in range(7)]
    assert kept(old, daily=7, weekly=0, monthly=0) == old


def test_all_backups_of_a_day_stay_as_long_as_the_day_does() -> None:
    twice = [backup(NOW), backup(NOW - timedelta(minutes=10))]
    assert kept(twice, daily=1, weekly=0, monthly=0) == twice


def test_the_store_s_midnight_parts_the_days() -> None:
    # 23:30 and 00:30 in New York, on one day in UTC.
    late, early = datetime(2026, 11, 20, 4, 30, tzinfo=UTC), datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
    assert kept([backup(late), backup(early)], daily=1, weekly=0, monthly=0) == [backup(early)]


def test_a_suspicious_backup_never_takes_the_place_of_a_good_one() -> None:
    good = backup(NOW - timedelta(days=30))
    small = [backup(NOW - timedelta(days=n), warning="small") for n in range(10)]
    left = kept([good, *small], daily=1, weekly=0, monthly=0)
    assert good in left
    assert left[:-1] == small[:2]
    assert kept(small, daily=1, weekly=0, monthly=0) == small


def test_what_has_no_manifest_goes_only_when_it_is_old() -> None:
    described = backup(NOW - timedelta(days=1))
    files = [
        Stored(described.name, 1, NOW - timedelta(days=9)),
        Stored(described.name + ".json", 1, NOW - timedelta(days=9)),
        Stored(".photos-x.tar.zst.1.part", 5, NOW - timedelta(hours=47)),
        Stored(".photos-y.tar.zst.2.part", 5, NOW - timedelta(hours=49)),
        Stored("photos-20261101T033000Z.tar.zst", 5, NOW - timedelta(days=9)),
        Stored("broken.tar.zst", 5, NOW - timedelta(days=9)),
        Stored("broken.tar.zst.json", 5, NOW - timedelta(days=9)),
    ]
    known = Known((described,), {"broken.tar.zst.json": "no JSON"})
    plan = plan_retention({"photos": (known, files, [])}, Retention(), NOW, ZONE)
    assert [(c.key[1], c.field) for c in plan.changes] == [
        (".photos-y.tar.zst.2.part", FILE),
        ("photos-20261101T033000Z.tar.zst", FILE),
    ]
    assert [reject.reason for reject in plan.rejects] == ["no JSON"]


def test_an_expired_backup_goes_by_its_manifest() -> None:
    backups = (backup(NOW - timedelta(days=1)), backup(NOW))
    files = [Stored(b.name + end, 1, b.at) for b in backups for end in ("", ".json")]
    retention = Retention(daily=1, weekly=0, monthly=0)
    plan = plan_retention({"photos": (Known(backups, {}), files, [])}, retention, NOW, ZONE)
    assert [(c.key, c.field, c.old) for c in plan.changes] == [(("photos", backups[0].name), MANIFEST, HASH)]


def test_a_manifest_comes_back_as_it_was_written() -> None:
    written = backup(NOW)
    assert read_manifest(written.as_bytes(), "photos", f"{written.name}.json") == written


@pytest.mark.parametrize(
    ("content", "file", "word"),
    [
        (b"{", "photos-20261121T033000Z.tar.zst.json", "JSON"),
        (backup(NOW).as_bytes(), "photos-20261120T033000Z.tar.zst.json", "describes"),
        (backup(NOW).as_bytes().replace(HASH.encode(), b"1", 1), backup(NOW).name + ".json", "sha256"),
        (backup(NOW, target="other").as_bytes(), backup(NOW).name + ".json", "other"),
        (
            backup(NOW).as_bytes().replace(b'"format": 1', b'"format": 2'),
            backup(NOW).name + ".json",
            "format",
        ),
    ],
)
def test_a_manifest_that_is_not_sound_is_refused(content: bytes, file: str, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word):
        read_manifest(content, "photos", file)


def test_the_shipped_settings_save_the_store_s_database_first() -> None:
    assert next(iter(backup_settings().targets)) == "store_db"
    assert {"store_files", "photos"} <= backup_settings().targets.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("folders: {Photos: {path: /x}}", "small letters"),
        ("folders: {../x: {path: /x}}", "small letters"),
        ("folders: {store_db: {path: /x}}", "two sections"),
        ("files: {keys: {paths: [/a/x, /b/x]}}", "same name"),
        ("folders: {a: {path: /x, excluded: [y]}}", "excluded"),
        ("encryption: {recipients: [age1nonsense]}", "public key"),
        ("retention: {daily: 0}", "daily"),
    ],
)
def test_wrong_settings_are_named(
    text: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backups.yaml").write_text(text)
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    with pytest.raises(InvalidSettings, match=message):
        backup_settings()


def test_a_private_key_in_the_settings_is_refused_and_not_shown() -> None:
    key = str(pyrage.x25519.Identity.generate())
    with pytest.raises(InvalidSettings, match="private key") as failure:
        BackupSettings.model_validate({"encryption": {"recipients": [key]}})
    assert key not in str(failure.value)


def test_a_target_set_to_null_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "backups.yaml").write_text("folders: {photos: null}")
    monkeypatch.setenv("RETAIL_OPS_SETTINGS", str(tmp_path))
    assert "photos" not in backup_settings().targets


def test_places_are_folders_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_PLACE", (tmp_path / "with blank").as_uri())
    assert place("${STORE_PLACE}/x") == tmp_path / "with blank" / "x"
    monkeypatch.delenv("STORE_PLACE")
    assert place("$STORE_PLACE") is None
    monkeypatch.setenv("STORE_PLACE", "s3://bucket/files")
    with pytest.raises(InvalidSettings, match="object storage"):
        place("$STORE_PLACE")
    with pytest.raises(InvalidSettings, match="absolute"):
        place("var/files")
