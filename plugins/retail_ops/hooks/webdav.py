"""Files on the shop's WebDAV server, written so that a visitor never sees a half or damaged one."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from requests.auth import AuthBase, HTTPBasicAuth, HTTPDigestAuth

from include.errors import (
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    RetailOpsError,
    VendorUnavailable,
    VerificationFailed,
)
from retail_ops.hooks.connection_fields import ConnectionFields
from retail_ops.hooks.vendor_answers import http_date
from retail_ops.hooks.vendor_hook import VendorHook
from retail_ops.hooks.vendor_session import Patience
from retail_ops.hooks.webdav_listing import RemoteFile, bare_etag
from retail_ops.hooks.webdav_names import (
    fit_to_move_to,
    folder_of,
    is_temporary,
    quoted,
    remote_name,
    temporary_beside,
)
from retail_ops.hooks.webdav_session import WebDavSession

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["RemoteFile", "WebDavHook"]

Verify = Literal["hash", "size"]

log = logging.getLogger(__name__)

_PATIENCE = Patience(read=120.0)
_NO_MOVE = {400, 403, 405, 501, 502}


class WebDavHook(VendorHook[WebDavSession]):
    """Reads and writes files below one WebDAV folder, by default that of the connection `webdav`.

    Remote names count from that folder: `content/feeds/available items.csv`. Every method raises the classes
    of `VendorSession`.
    """

    default_conn_name = "webdav"
    conn_type = "webdav"
    hook_name = "WebDAV"
    usual_patience = _PATIENCE
    _can_move = True

    def _open(self, patience: Patience) -> WebDavSession:
        fields = ConnectionFields(self.get_connection(self.conn_id), {"host": "address of the WebDAV folder"})
        login, password = fields.required("login"), fields.secret("password")
        kind = (fields.text("authentication") or "digest").lower()
        if kind not in {"digest", "basic"}:
            raise fields.wrong("authentication", f"has {kind!r} instead of digest or basic in")
        auth: AuthBase = (HTTPBasicAuth if kind == "basic" else HTTPDigestAuth)(login, password)
        return WebDavSession(
            fields.base_url(),
            auth=auth,
            patience=replace(patience, read=fields.seconds("timeout_seconds", patience.read)),
            secrets=(password,),
        )

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the folder itself; the sentence names what is wrong: login, address or no answer."""
        try:
            session = self._open(replace(self._patience, attempts=1))
            folder = session.look("", "0")[0]
        except NotFound:
            return False, f"the server answers, but there is no folder at {session.base_url}"
        except RetailOpsError as error:
            return False, str(error)
        if not folder.is_folder:
            return False, f"{session.base_url} is a file, not a folder"
        return True, f"the WebDAV folder {session.base_url} answers and the login is accepted"

    def upload(self, local: Path, remote: str, *, verify: Verify = "hash") -> RemoteFile:
        """Put a local file on the server under a name, in place of what has that name now.

        The content goes to a temporary name beside it, is checked there, and only then moved, so that a
        reader gets the old content or the new. A server that refuses to move, or may misread the name when
        moving, gets the content directly under its name, checked afterwards. Missing folders are made. The
        file is streamed, never held in memory.

        `verify="hash"` compares the size and reads the content back for its SHA-256, `"size"` the size only.
        Raises `VerificationFailed` naming both sizes or hashes; with a server that moves, the old content is
        then still in place.
        """
        name = remote_name(remote)
        if not name:
            raise InvalidRequest("an upload needs a remote file name")
        with local.open("rb") as source:
            wanted = RemoteFile(
                name,
                size=local.stat().st_size,
                sha256=hashlib.file_digest(source, "sha256").hexdigest(),
            )
            # Asking for the folder also brings digest's challenge, so that the content is not sent twice.
            self.make_folders(folder_of(name))
            if self._can_move and fit_to_move_to(name) and self._upload_and_move(source, wanted, verify):
                return self._verified(wanted, "size")
            self._put(source, wanted)
        return self._verified(wanted, verify)

    def _upload_and_move(self, source: BinaryIO, wanted: RemoteFile, verify: Verify) -> bool:
        temporary = replace(wanted, path=temporary_beside(wanted.path))
        moved = False
        try:
            self._put(source, temporary)
            self._verified(temporary, verify)
            refusal = self._move(temporary.path, wanted.path, overwrite=True)
            moved = refusal is None
        finally:
            if not moved:
                self._discard(temporary.path)
        if refusal is not None:
            self._can_move = False
            log.warning(
                "WebDAV: the server refuses to move files (status %d); uploads replace the old content "
                "directly from now on, so a reader may meet an unfinished file",
                refusal,
            )
        return moved

    def _put(self, source: BinaryIO, target: RemoteFile) -> None:
        # An empty file object would go out in chunked encoding, which not every server takes.
        data: BinaryIO | bytes = source if target.size else b""
        headers = {"Content-Type": "application/octet-stream"}
        self.get_conn().request("PUT", quoted(target.path), data=data, headers=headers)

    def _verified(self, wanted: RemoteFile, verify: Verify) -> RemoteFile:
        found = self.stat(wanted.path)
        if found is None:
            raise VerificationFailed(f"WebDAV: {wanted.path} is not on the server after its upload")
        if found.size is not None and found.size != wanted.size:
            raise VerificationFailed(
                f"WebDAV: {wanted.path} has {found.size} bytes on the server, {wanted.size} bytes were sent"
            )
        if verify == "hash" or found.size is None:
            digest = self.sha256(wanted.path)
            if digest != wanted.sha256:
                raise VerificationFailed(
                    f"WebDAV: {wanted.path} has SHA-256 {digest} on the server, {wanted.sha256} was sent"
                )
        return replace(found, size=wanted.size, sha256=wanted.sha256)

    def stat(self, remote: str) -> RemoteFile | None:
        """Size, etag and time of a file or folder; None when there is none of that name."""
        try:
            return self.get_conn().look(remote_name(remote), "0")[0]
        except NotFound:
            return None

    def exists(self, remote: str) -> bool:
        """Whether a file or folder of that name is there."""
        return self.stat(remote) is not None

    def list(self, remote: str = "") -> Sequence[RemoteFile]:
        """The files and folders directly in a folder, by name. Raises `NotFound` when there is none."""
        return self.get_conn().look(remote_name(remote), "1")[1:]

    def sha256(self, remote: str) -> str:
        """SHA-256 of a file's content on the server, in hexadecimal, read piece by piece."""

        def digest(pieces: Iterator[bytes]) -> str:
            hasher = hashlib.sha256()
            for piece in pieces:
                hasher.update(piece)
            return hasher.hexdigest()

        headers = {"Cache-Control": "no-cache"}
        return self.get_conn().stream("GET", quoted(remote_name(remote)), digest, headers=headers)[1]

    def download(self, remote: str, local: Path) -> RemoteFile:
        """Fetch a file; `local` holds the whole content or what it held before, never a part."""
        name = remote_name(remote)
        local.parent.mkdir(parents=True, exist_ok=True)
        partial = local.with_name(f".webdav-{secrets.token_hex(4)}.part")

        def keep(pieces: Iterator[bytes]) -> tuple[int, str]:
            hasher = hashlib.sha256()
            with partial.open("wb") as out:
                for piece in pieces:
                    hasher.update(piece)
                    out.write(piece)
                return out.tell(), hasher.hexdigest()

        try:
            answer, (size, digest) = self.get_conn().stream("GET", quoted(name), keep)
            partial.replace(local)
        finally:
            partial.unlink(missing_ok=True)
        etag, modified = bare_etag(answer.headers.get("ETag")), http_date(answer.headers.get("Last-Modified"))
        return RemoteFile(name, size, etag, modified, digest)

    def delete(self, remote: str) -> bool:
        """Remove a file; False when there was none. Raises `InvalidRequest` for a folder."""
        found = self.stat(remote)
        if found is None:
            return False
        if found.is_folder:
            raise InvalidRequest(
                f"WebDAV: {found.path or 'the folder itself'} is a folder and is not deleted"
            )
        return self.get_conn().request("DELETE", quoted(found.path), accept={404}).status_code != 404

    def move(self, source: str, target: str, *, overwrite: bool = False) -> None:
        """Rename a file on the server.

        Raises `NotFound` when it is missing, `InvalidRequest` when the server refuses to move or the target
        is there and `overwrite` is not set.
        """
        name, new_name = remote_name(source), remote_name(target)
        if not fit_to_move_to(new_name):
            raise InvalidRequest(
                f"WebDAV: {new_name!r} has characters that servers misread when moving a file"
            )
        refusal = self._move(name, new_name, overwrite=overwrite)
        if refusal is not None:
            raise InvalidRequest(
                f"WebDAV: MOVE {name} to {new_name} answered {refusal}: refused by the server"
            )

    def _move(self, name: str, new_name: str, *, overwrite: bool) -> int | None:
        session = self.get_conn()
        headers = {"Destination": session.url(quoted(new_name)), "Overwrite": "T" if overwrite else "F"}
        try:
            answer = session.request("MOVE", quoted(name), headers=headers, accept=_NO_MOVE)
        except OutcomeUnknown as error:
            # Which of the two names exists tells whether it was done, so the doubt ends here.
            if self.stat(name) is None and self.stat(new_name) is not None:
                return None
            raise VendorUnavailable(str(error)) from None
        return answer.status_code if answer.status_code in _NO_MOVE else None

    def make_folders(self, remote: str) -> None:
        """Make a folder and those above it that are missing."""
        name = remote_name(remote)
        found = self.stat(name)
        if found is None:
            if not name:
                raise NotFound(f"WebDAV: there is no folder at {self.get_conn().base_url}")
            self.make_folders(folder_of(name))
            # 405: another task has made it in the meantime.
            self.get_conn().request("MKCOL", f"{quoted(name)}/", accept={405}, repeatable=True)
        elif not found.is_folder:
            raise InvalidRequest(f"WebDAV: {name} is a file, so no folder of that name can be made")

    def remove_leftovers(self, folder: str, before: datetime) -> int:
        """Remove what killed uploads have left in a folder: unfinished files last written before that moment.

        Answers how many were removed. Nothing else has such a name (`part-<8 hex digits>-...`).
        """
        removed = 0
        for entry in self.list(folder):
            if is_temporary(entry.path) and entry.modified is not None and entry.modified < before:
                removed += self.delete(entry.path)
        return removed

    def _discard(self, name: str) -> None:
        try:
            self.get_conn().request("DELETE", quoted(name), accept={404})
        except RetailOpsError as error:
            log.warning("WebDAV: the unfinished upload %s stays on the server: %s", name, error)
