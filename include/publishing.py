"""Publishing files on a file server: only what changed, verified, and remembered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from include.changes import Change, Result
from include.errors import BadCredentials, RetailOpsError, VendorUnavailable
from include.files import sha256_of
from include.storedb.published import PublishedFile, PublishedFiles
from include.storedb.runs import RunContext

TARGET = "webdav"


class RemoteFile(Protocol):
    """What a file server tells about a file."""

    @property
    def size(self) -> int | None: ...

    @property
    def etag(self) -> str | None: ...


class FileServer(Protocol):
    """A server that keeps files; `upload` verifies what it stored and raises when it differs."""

    def upload(self, local: Path, remote: str) -> RemoteFile: ...

    def stat(self, remote: str) -> RemoteFile | None: ...

    def list(self, remote: str) -> Sequence[RemoteFile]: ...

    def sha256(self, remote: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A local file that shall be on the server under `remote`; `row_count` where it has rows."""

    local: Path
    remote: str
    row_count: int | None = None

    def state(self) -> str:
        """A cheap mark of the local content: size and time of last change."""
        status = self.local.stat()
        return f"{status.st_size}:{status.st_mtime_ns}"


def plan_publication(
    candidates: Iterable[Candidate], remote: Mapping[str, RemoteFile], known: Mapping[str, PublishedFile]
) -> list[Change]:
    """One change for each file whose content differs from what the server has.

    `remote` is what the server has now, `known` what we published there, both by path. A file that somebody
    replaced or removed on the server is published again.
    """
    changes = []
    for candidate in candidates:
        last = known.get(candidate.remote)
        there = remote.get(candidate.remote)
        intact = last is not None and there is not None and (there.size, there.etag) == (last.size, last.etag)
        if last and intact and last.source_state == candidate.state():
            continue
        sha256 = sha256_of(candidate.local)
        if last and intact and last.sha256 == sha256:
            continue
        reason = _why(candidate, last, there, intact)
        old = last.sha256 if last and intact else None
        changes.append(Change(TARGET, candidate.remote, "sha256", old, sha256, reason))
    return changes


def _why(candidate: Candidate, last: PublishedFile | None, there: RemoteFile | None, intact: bool) -> str:
    if there is None:
        return "is not on the server"
    if last is None:
        return "was not published by us yet"
    if not intact:
        return "was changed on the server"
    if candidate.row_count is None or last.row_count is None:
        return "its content changed"
    return f"its content changed: {candidate.row_count} lines, {last.row_count} before"


def publish(
    changes: Iterable[Change],
    candidates: Mapping[str, Candidate],
    server: FileServer,
    published: PublishedFiles,
    run: RunContext,
) -> list[Result]:
    """Upload what a plan wants, one result for each file; one file's failure leaves the others.

    What an earlier try that was killed has brought to the server counts as applied and is not uploaded again.
    A local file that changed since the plan is not uploaded (`conflicted`). A refused login is raised, since
    it stops every file.
    """
    return [
        _publish_one(change, candidates.get(str(change.key)), server, published, run) for change in changes
    ]


def _publish_one(
    change: Change,
    candidate: Candidate | None,
    server: FileServer,
    published: PublishedFiles,
    run: RunContext,
) -> Result:
    if candidate is None or not candidate.local.exists():
        return Result(change, "conflicted", "the local file is gone")
    try:
        state, size = candidate.state(), candidate.local.stat().st_size
        if sha256_of(candidate.local) != change.new:
            return Result(change, "conflicted", "the local file changed after the plan was made")
        stored = _found_there(server, candidate, str(change.new))
        stored = stored or server.upload(candidate.local, candidate.remote)
    except BadCredentials:
        raise
    except VendorUnavailable as error:
        return Result(change, "failed", str(error), retry=True)
    except (RetailOpsError, OSError) as error:
        return Result(change, "failed", str(error))
    published.put(
        PublishedFile(
            candidate.remote,
            str(change.new),
            size,
            stored.etag,
            candidate.row_count,
            state,
        ),
        run,
    )
    return Result(change, "applied")


def _found_there(server: FileServer, candidate: Candidate, sha256: str) -> RemoteFile | None:
    there = server.stat(candidate.remote)
    if there is None or there.size != candidate.local.stat().st_size:
        return None
    return there if server.sha256(candidate.remote) == sha256 else None
