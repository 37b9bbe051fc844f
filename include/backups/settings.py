"""Schema of `backups.yaml`: what is backed up, how it is stored and how long it is kept."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator

from include.errors import InvalidSettings
from include.settings.loader import Settings, load_settings

NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")


class Folder(Settings):
    """One folder with all that is below it."""

    kind: Literal["folder"] = "folder"
    path: str = Field(min_length=1)
    exclude: tuple[str, ...] = ()
    required: bool = True


class Files(Settings):
    """Single files, kept in one archive."""

    kind: Literal["files"] = "files"
    paths: tuple[str, ...] = Field(min_length=1)
    required: bool = True

    @field_validator("paths")
    @classmethod
    def _each_once(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        names = [PurePosixPath(path).name for path in paths]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two files of one target have the same name: {', '.join(twice)}")
        return paths


class Database(Settings):
    """The database of an Airflow connection; `restore_connection` names another server for restoring."""

    kind: Literal["database"] = "database"
    connection: str = Field(min_length=1)
    restore_connection: str | None = None
    required: bool = True


Target = Folder | Files | Database


class Retention(Settings):
    """For how many days, weeks and months that have one a backup is kept; see `include.backups.retention`."""

    daily: int = Field(default=7, ge=1)
    weekly: int = Field(default=5, ge=0)
    monthly: int = Field(default=12, ge=0)


class Checks(Settings):
    """When a backup is not begun, and when a finished one is called suspicious."""

    smallest_share: float = Field(default=0.5, ge=0, le=1)
    keep_free_mb: int = Field(default=500, ge=0)


class Encryption(Settings):
    """Public keys in the format of age; without one backups are stored as they are."""

    recipients: tuple[str, ...] = ()

    @field_validator("recipients")
    @classmethod
    def _public_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        import pyrage  # type: ignore[import-untyped]

        for key in keys:
            if key.upper().startswith("AGE-SECRET-KEY-"):
                # Not the usual message, which would show the key.
                raise InvalidSettings(
                    "backups.yaml: encryption.recipients has a private key. It belongs into the connection "
                    "offsite_key or, better, away from this machine; here the public one (age1...) is needed"
                )
            try:
                pyrage.x25519.Recipient.from_str(key)
            except pyrage.RecipientError:
                raise ValueError("no public key of age; it begins with age1 (age-keygen prints it)") from None
        return keys


class BackupSettings(Settings):
    """Everything that a store decides about its backups. A target set to null is left out."""

    folders: dict[str, Folder | None] = Field(default_factory=dict)
    files: dict[str, Files | None] = Field(default_factory=dict)
    databases: dict[str, Database | None] = Field(default_factory=dict)
    encryption: Encryption = Encryption()
    retention: Retention = Retention()
    checks: Checks = Checks()
    compression_level: int = Field(default=3, ge=1, le=19)

    @model_validator(mode="after")
    def _names(self) -> BackupSettings:
        sections = (self.folders, self.files, self.databases)
        names = [name for section in sections for name in section]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"the name of a target stands in two sections: {', '.join(twice)}")
        for name in names:
            if not NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r}: the name of a target has small letters, digits and _ only, at most 40"
                )
        return self

    @property
    def targets(self) -> dict[str, Target]:
        """What is backed up, by name; databases first, since they are small and matter most."""
        sections: tuple[dict[str, Target | None], ...] = (
            {**self.databases},
            {**self.files},
            {**self.folders},
        )
        return {name: target for section in sections for name, target in section.items() if target}


def backup_settings() -> BackupSettings:
    """The settings of `backups.yaml`."""
    return load_settings(BackupSettings, "backups")


def place(text: str) -> Path | None:
    """A path of the settings on this machine; None when it names a variable that is not set.

    Variables stand as `$NAME` or `${NAME}`, and may hold a file:// URL. Raises `InvalidSettings` for a place
    that is in object storage, or that is no absolute path.
    """
    names = _VARIABLE.findall(text)
    if any(not os.environ.get(name) for name in names):
        return None
    full = _VARIABLE.sub(lambda match: os.environ[match[1]], text)
    url = urlsplit(full)
    if url.scheme == "file":
        full = unquote(url.path)
    elif "://" in full:
        raise InvalidSettings(
            f"backups.yaml: {text} is {full}, in object storage; only folders of this machine are backed up. "
            "Set the target to null and use the storage's own versions"
        )
    if not full.startswith("/"):
        raise InvalidSettings(f"backups.yaml: {text}: an absolute path is expected, found {full!r}")
    return Path(full)
