"""What is known about a backup: a JSON file beside it, written last. Without one, a file is no backup."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from include.errors import InvalidRequest

SUFFIX = ".json"
_STAMP = "%Y%m%dT%H%M%SZ"
_OBJECT = re.compile(r"[a-z0-9_]+-\d{8}T\d{6}Z\.[a-z.]+")
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0)]


class Content(BaseModel):
    """Bytes and their SHA-256."""

    model_config = ConfigDict(frozen=True)

    sha256: Sha256
    bytes: Count


class Manifest(BaseModel):
    """One backup that is whole: its stored object was read back and compared before this was written.

    `content` is the archive or dump itself, `stored` what lies in the storage after
    compression and encryption. `counts` are the archive's entries (`files`, `folders`, `links`, `bytes`) or
    the rows of each table. `left_out` says what could not be read; `warning` why the backup is suspicious,
    empty for a good one.
    """

    model_config = ConfigDict(frozen=True)

    format: Annotated[int, Field(ge=1, le=1)] = 1
    target: str
    kind: str
    at: datetime
    name: str
    content: Content
    stored: Content
    encrypted: bool
    counts: dict[str, Count]
    left_out: tuple[str, ...] = ()
    tools: dict[str, str] = {}
    run: str = ""
    warning: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against restoring it."""
        return not self.warning

    def as_bytes(self) -> bytes:
        """The JSON file."""
        return (self.model_dump_json(indent=2) + "\n").encode()


def object_name(target: str, at: datetime, ending: str, *, encrypted: bool) -> str:
    """The name of a backup made at the moment `at`, such as `photos-20261121T033000Z.tar.zst`."""
    return f"{target}-{at.astimezone(UTC).strftime(_STAMP)}.{ending}.zst" + (".age" if encrypted else "")


def stem(name: str) -> str:
    """A backup's name without endings: target and moment."""
    return name.split(".")[0]


def read_manifest(content: bytes, target: str, file: str) -> Manifest:
    """The manifest in a target's file named `file`; raises `InvalidRequest` when it is not a sound one."""
    try:
        found = Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise InvalidRequest(f"{target}/{file}: {where}: {first['msg']}") from None
    if found.name + SUFFIX != file or found.target != target or not _OBJECT.fullmatch(found.name):
        raise InvalidRequest(f"{target}/{file}: it describes {found.target}/{found.name}")
    if found.at.tzinfo is None:
        raise InvalidRequest(f"{target}/{file}: at: the time has no zone")
    return found
