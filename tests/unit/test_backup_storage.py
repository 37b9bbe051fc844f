"""Backups in a folder: whole or not there at all, whatever interrupts them, and back as they were."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from upath import UPath

from include.backups.archive import Archive
from include.backups.backup import back_up, known_backups
from include.backups.manifest import Manifest
from include.backups.restore import Restored, restore_files
from include.backups.settings import BackupSettings, Checks, Encryption
from include.backups.sources import ArchiveSource
from include.backups.storage import OffsiteStorage
from include.backups.streams import seal, unseal
from include.errors import InvalidRequest, RetailOpsError, VendorUnavailable, VerificationFailed

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2026, 11, 21, 3, 30, tzinfo=UTC)
SETTINGS = BackupSettings(checks=Checks(keep_free_mb=0))


def store(folder: Path) -> OffsiteStorage:
    return OffsiteStorage(UPath(folder.as_uri()))


def fill(folder: Path) -> Path:
    (folder / "empty").mkdir(parents=True)
    (folder / "Größen").mkdir()
    (folder / "Größen" / "a, b.csv").write_text("ä\n")
    (folder / "big.bin").write_bytes(os.urandom(3_000_000))
    (folder / ("long" * 60)).write_text("a name that the oldest tar cannot hold")
    (folder / "link").symlink_to("big.bin")
    (folder / "script").write_text("x")
    (folder / "script").chmod(0o750)
    os.utime(folder / "script", (1_600_000_000, 1_600_000_000))
    return folder


def save(offsite: Path, folder: Path, at: datetime = AT, settings: BackupSettings = SETTINGS) -> Manifest:
    return back_up(store(offsite), "files", ArchiveSource(Archive({"": folder})), at, settings, "test")


def restore(offsite: Path, manifest: Manifest, into: Path, identity: str | None = None) -> Restored:
    return restore_files(store(offsite), manifest, into, identity, 0)


def listing(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Mode, time and content of all that is no link."""
    found = {}
    for path in folder.rglob("*"):
        if not path.is_symlink():
            status = path.stat()
            content = path.read_bytes() if path.is_file() else b""
            found[str(path.relative_to(folder))] = (status.st_mode, int(status.st_mtime), content)
    return found


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    made = save(tmp_path / "offsite", folder)
    restored = restore(tmp_path / "offsite", made, tmp_path / "back")
    assert listing(tmp_path / "back") == listing(folder)
    assert (tmp_path / "back" / "link").read_bytes() == (folder / "big.bin").read_bytes()
    assert restored.counts == made.counts == {"files": 4, "folders": 2, "links": 1, "bytes": 3_000_042}
    assert (tmp_path / "offsite" / "files" / made.name).stat().st_mode & 0o777 == 0o600


def test_tar_and_zstd_read_a_backup_without_this_house(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    made = save(tmp_path / "offsite", folder)
    (tmp_path / "back").mkdir()
    file = tmp_path / "offsite" / "files" / made.name
    done = subprocess.run(
        ["tar", "--zstd", "-xf", file, "-C", tmp_path / "back"], capture_output=True, text=True, check=False
    )
    if "zstd" in done.stderr and "exec" in done.stderr:
        pytest.skip("this machine has no zstd")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "back" / "big.bin").read_bytes() == (folder / "big.bin").read_bytes()


def test_links_that_lead_out_are_kept_out_of_a_restore(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    (folder / "out").symlink_to("/etc/passwd")
    made = save(tmp_path / "offsite", folder)
    restored = restore(tmp_path / "offsite", made, tmp_path / "back")
    assert [text.split(":")[0] for text in restored.left_out] == ["out"]
    assert not (tmp_path / "back" / "out").is_symlink()
    assert (tmp_path / "back" / "script").exists()


def test_what_is_excluded_and_the_storage_itself_are_left_out(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    offsite = folder / "offsite"
    archive = Archive({"": folder}, exclude=["/Größen/", "*.bin"], never=offsite)
    made = back_up(store(offsite), "files", ArchiveSource(archive), AT, SETTINGS, "")
    restore(offsite, made, tmp_path / "back")
    names = {path.name for path in (tmp_path / "back").iterdir()}
    assert names == {"empty", "link", "script", "long" * 60}


def test_a_second_try_of_a_run_makes_no_second_backup(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    first = save(tmp_path / "offsite", folder)
    (folder / "later").write_text("x")
    assert save(tmp_path / "offsite", folder) == first
    assert len(list((tmp_path / "offsite" / "files").iterdir())) == 2
    save(tmp_path / "offsite", folder, AT + timedelta(days=1))
    assert len(known_backups(store(tmp_path / "offsite"), "files").backups) == 2


def test_a_second_try_replaces_a_backup_that_was_damaged(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    first = save(tmp_path / "offsite", folder)
    file = tmp_path / "offsite" / "files" / first.name
    file.write_bytes(b"x" * file.stat().st_size)
    again = save(tmp_path / "offsite", folder)
    restore(tmp_path / "offsite", again, tmp_path / "back")


@pytest.mark.parametrize("encrypted", [False, True])
def test_every_kind_of_damage_is_found(tmp_path: Path, encrypted: bool) -> None:
    key = pyrage.x25519.Identity.generate()
    recipients = (str(key.to_public()),) if encrypted else ()
    settings = BackupSettings(checks=SETTINGS.checks, encryption=Encryption(recipients=recipients))
    made = save(tmp_path / "offsite", fill(tmp_path / "files"), settings=settings)
    file = tmp_path / "offsite" / "files" / made.name
    whole = file.read_bytes()
    places = [0, 5, 40, 300, len(whole) // 3, len(whole) // 2, len(whole) - 200, len(whole) - 1]
    damaged = [whole[:n] + bytes([whole[n] ^ 1]) + whole[n + 1 :] for n in places]
    for content in [*damaged, whole[: len(whole) // 2], whole[:-1], whole + b"x", b""]:
        file.write_bytes(content)
        with pytest.raises(RetailOpsError):
            restore(tmp_path / "offsite", made, tmp_path / "back", str(key))
        assert not any(path.name.startswith((".back", "back")) for path in tmp_path.iterdir())
    file.write_bytes(whole)
    restore(tmp_path / "offsite", made, tmp_path / "back", str(key))


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    made = save(tmp_path / "offsite", fill(tmp_path / "files"))
    (tmp_path / "file").write_text("mine")
    (tmp_path / "to_folder").symlink_to(tmp_path / "files")
    for taken in ("files", "file", "to_folder"):
        with pytest.raises(InvalidRequest, match="there already"):
            restore(tmp_path / "offsite", made, tmp_path / taken)
    assert (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    restore(tmp_path / "offsite", made, tmp_path / "empty")


def test_a_manifest_without_its_object_is_no_backup(tmp_path: Path) -> None:
    made = save(tmp_path / "offsite", fill(tmp_path / "files"))
    file = tmp_path / "offsite" / "files" / made.name
    file.write_bytes(file.read_bytes()[:-1])
    assert not known_backups(store(tmp_path / "offsite"), "files").backups
    file.unlink()
    known = known_backups(store(tmp_path / "offsite"), "files")
    assert not known.backups
    assert "not there" in next(iter(known.broken.values()))


def test_a_file_that_shrinks_while_it_is_read_fails_the_backup(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    pieces = Archive({"": folder}).pieces()
    with pytest.raises(VendorUnavailable, match=r"big\.bin became shorter"):
        for number, _ in enumerate(pieces):
            if number == 3:
                os.truncate(folder / "big.bin", 10)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tests.unit.test_backup_storage import save\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "save(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "offsite"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "VendorUnavailable" in done.stderr and "the storage is full" in done.stderr, done.stderr
    assert not list((tmp_path / "offsite" / "files").iterdir())
    save(tmp_path / "offsite", folder)


def test_a_restore_onto_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    made = save(tmp_path / "offsite", fill(tmp_path / "files"))
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from include.backups.backup import known_backups\n"
        "from tests.unit.test_backup_storage import restore, store\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "offsite, into = map(Path, sys.argv[1:])\n"
        "made = known_backups(store(offsite), 'files').newest_good\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "restore(offsite, made, into)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "offsite"), str(tmp_path / "back")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert "VendorUnavailable" in done.stderr and "full" in done.stderr, done.stderr
    assert not any("back" in path.name for path in tmp_path.iterdir())
    restore(tmp_path / "offsite", made, tmp_path / "back")


def test_too_little_space_stops_a_backup_before_it_begins(tmp_path: Path) -> None:
    settings = BackupSettings(checks=Checks(keep_free_mb=10**9))
    with pytest.raises(VendorUnavailable, match="keep_free_mb"):
        save(tmp_path / "offsite", fill(tmp_path / "files"), settings=settings)


def test_the_way_through_needs_little_memory_however_much_passes() -> None:
    code = (
        "import resource; from tests.unit.test_backup_storage import through\n"
        "through(20); before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "through(600); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert int(done.stdout) < 40_000


class Zeros:
    """So many MB of zeros: compressed they are next to nothing, so that a small piece becomes a large one."""

    def __init__(self, size: int) -> None:
        self.left = size * 1_000_000

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else self.left, self.left)
        self.left -= size
        return bytes(size)


def through(size: int) -> None:
    key = pyrage.x25519.Identity.generate()
    sealed, opened = BytesIO(), open(os.devnull, "wb")  # noqa: SIM115, PTH123
    content, _ = seal(Zeros(size), sealed, 3, [str(key.to_public())])
    sealed.seek(0)
    assert unseal(sealed, opened, str(key), encrypted=True)[0] == content
    assert content.bytes == size * 1_000_000
    opened.close()


# Runs in a process of its own: each child is killed before its n-th file operation in the storage or its n-th
# piece of the source, n = 1, 2, ... until one gets to the end.
KILLER = """
import os, signal, sys
from pathlib import Path
from include.backups.archive import Archive
from tests.unit.test_backup_storage import save
folder, root = Path(sys.argv[1]), Path(sys.argv[2])
operations = {"open", "os.rename", "os.remove", "os.mkdir"}
save(root / "warm", folder)
for number in range(1, 300):
    offsite = root / f"{number:03d}"
    child = os.fork()
    if child == 0:
        seen = 0
        def count():
            global seen
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)
        def hook(event, arguments):
            if event in operations and any(str(offsite) in str(argument) for argument in arguments):
                count()
        sys.addaudithook(hook)
        whole = Archive.pieces
        def pieces(archive):
            for piece in whole(archive):
                count()
                yield piece
        Archive.pieces = pieces
        save(offsite, folder)
        os._exit(0)
    if os.WIFEXITED(os.waitpid(child, 0)[1]):
        break
"""


def test_killed_at_any_moment_there_is_no_half_backup_and_a_new_try_makes_one(tmp_path: Path) -> None:
    folder = fill(tmp_path / "files")
    root = tmp_path / "killed"
    command = [sys.executable, "-c", KILLER, str(folder), str(root)]
    subprocess.run(command, check=True, cwd=ROOT, timeout=120)
    *killed, finished = sorted(path for path in root.iterdir() if path.name != "warm")
    assert len(killed) > 20
    assert len(known_backups(store(finished), "files").backups) == 1
    for number, offsite in enumerate(killed):
        left = known_backups(store(offsite), "files")
        assert not left.broken
        for manifest in left.backups:
            restore(offsite, manifest, tmp_path / f"half-{number}")
        save(offsite, folder)
        (made,) = known_backups(store(offsite), "files").backups
        restore(offsite, made, tmp_path / f"back-{number}")
        seen = [p for p in (offsite / "files").iterdir() if not p.name.startswith(".")]
        assert len(seen) == 2


def test_the_wrong_identity_is_told_from_damage(tmp_path: Path) -> None:
    key, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    sealed = BytesIO()
    seal(BytesIO(b"text"), sealed, 3, [str(key.to_public())])
    for identity, message in (
        (str(other), "not one that"),
        ("nonsense", "no private key"),
        (None, "put the"),
    ):
        sealed.seek(0)
        with pytest.raises(RetailOpsError, match=message) as failure:
            unseal(sealed, BytesIO(), identity, encrypted=True)
        assert not isinstance(failure.value, VerificationFailed)
