"""The way of bytes into the storage and back, piece by piece: hashed, compressed, encrypted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import IO, Any, Protocol

import pyrage  # type: ignore[import-untyped]
import zstandard

from include.backups.manifest import Content
from include.errors import BadCredentials, InvalidRequest, RetailOpsError, VerificationFailed

PIECE = 256 * 1024


class Writer(Protocol):
    """Something that takes bytes."""

    def write(self, data: bytes, /) -> int: ...


class Tally:
    """Counts and hashes what passes through, on its way from a reader or to a writer.

    It remembers the error that interrupted it: libraries in between report it as one of their own.
    """

    def __init__(self, reader: Any = None, writer: Writer | None = None) -> None:
        self._reader, self._writer = reader, writer
        self._hash, self._count = hashlib.sha256(), 0
        self.error: BaseException | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the reader; none at its end."""
        try:
            data: bytes = self._reader.read(size)
        except BaseException as error:
            self.error = error
            raise
        return self._count_in(data)

    def write(self, data: bytes) -> int:
        """Pass bytes on to the writer."""
        try:
            if self._writer:
                self._writer.write(data)
        except BaseException as error:
            self.error = error
            raise
        return len(self._count_in(data))

    def flush(self) -> None:
        """Nothing is kept back."""

    def _count_in(self, data: bytes) -> bytes:
        self._hash.update(data)
        self._count += len(data)
        return data

    @property
    def content(self) -> Content:
        """What has passed so far."""
        return Content(sha256=self._hash.hexdigest(), bytes=self._count)


class PiecesReader:
    """A reader over pieces of bytes that an iterator makes one after another."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes; fewer, but one at least, where a piece ends. -1 means one piece."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._rest = memoryview(piece)
        size = len(self._rest) if size < 0 else size
        data, self._rest = self._rest[:size], self._rest[size:]
        return bytes(data)


def seal(source: Any, target: Writer, level: int, recipients: Iterable[str]) -> tuple[Content, Content]:
    """Compress `source` (anything with `read`), encrypt it for the recipients' public keys if there are any,
    and write it to `target`. Returns the content as it was read and as it was written.
    """
    plain, stored = Tally(source), Tally(writer=target)
    compressed = zstandard.ZstdCompressor(level=level, threads=1, write_checksum=True).stream_reader(
        plain,  # type: ignore[arg-type]
        read_size=PIECE,
    )
    keys = [pyrage.x25519.Recipient.from_str(key) for key in recipients]
    try:
        if keys:
            pyrage.encrypt_io(compressed, stored, keys)
        else:
            _copy(compressed, stored)
    except Exception as error:
        raise plain.error or stored.error or error from None
    return plain.content, stored.content


def unseal(source: Any, target: Writer, identity: str | None, *, encrypted: bool) -> tuple[Content, Content]:
    """Decrypt and decompress what `seal` wrote, into `target`; returns the same two as `seal`.

    Raises `BadCredentials` when `identity` (a private key) is not the right one, `VerificationFailed` when
    the stored bytes are damaged. What was damaged may have reached `target` in part.
    """
    stored, plain = Tally(source), Tally(writer=target)
    opened = zstandard.ZstdDecompressor().stream_writer(plain, closefd=False)  # type: ignore[arg-type]
    try:
        if encrypted:
            pyrage.decrypt_io(stored, opened, [_identity(identity)])
        else:
            _copy(stored, opened)
    except RetailOpsError:
        raise
    except Exception as error:
        if cause := stored.error or plain.error:
            raise cause from None
        if isinstance(error, pyrage.DecryptError) and "No matching keys" in str(error):
            raise BadCredentials(
                "the private key in the connection offsite_key is not one that this backup was encrypted for"
            ) from None
        if isinstance(error, (pyrage.DecryptError, zstandard.ZstdError, OSError)):
            raise VerificationFailed(f"the stored file is damaged: {error}") from None
        raise
    return plain.content, stored.content


def content_of(source: IO[bytes]) -> Content:
    """Size and hash of all that `source` gives."""
    tally = Tally(source)
    while tally.read(PIECE):
        pass
    return tally.content


def _identity(key: str | None) -> Any:
    if not key:
        raise InvalidRequest(
            "the backup is encrypted: put the private key (AGE-SECRET-KEY-1...) into the password of the "
            "connection offsite_key"
        )
    try:
        return pyrage.x25519.Identity.from_str(key.strip())
    except pyrage.IdentityError:
        raise BadCredentials(
            "the password of the connection offsite_key is no private key of age (AGE-SECRET-KEY-1...)"
        ) from None


def _copy(source: Any, target: Any) -> None:
    while data := source.read(PIECE):
        target.write(data)
