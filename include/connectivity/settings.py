"""Schema of `connectivity.yaml`."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from include.settings.loader import Settings, load_settings

Scheme = Literal["https", "http", "tcp", "ping"]
# Not a dash at its beginning: the system's ping would take it for an option.
_HOST = re.compile(r"(?!-)[A-Za-z0-9._:-]+")


def checked_address(value: str) -> str:
    """An address as it may be asked; raises `ValueError` saying what is expected."""
    wanted = "https://host, http://host, tcp://host:port or ping://host is expected"
    parts = urlsplit(value)
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{wanted}; the port is no number") from None
    if parts.scheme not in {"https", "http", "tcp", "ping"} or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError(wanted)
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(f"{wanted}, without login or query")
    if (parts.scheme == "tcp") != (port is not None) and parts.scheme in {"tcp", "ping"}:
        raise ValueError(wanted)
    return value


Address = Annotated[str, AfterValidator(checked_address)]


class Host(Settings):
    """One host: its own address, or the host of an Airflow connection."""

    connection: str | None = None
    address: Address | None = None
    otherwise: Address | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Host:
        if (self.connection is None) == (self.address is None):
            raise ValueError("a host has either a connection or an address")
        if self.otherwise and self.address:
            raise ValueError("otherwise goes with a connection only")
        return self


class Internet(Settings):
    """Which hosts stand for the internet, and when it counts as lost."""

    hosts: dict[str, Host | None] = Field(min_length=1)
    tries: int = Field(default=3, ge=1, le=20)
    tries_in_a_run: int = Field(default=3, ge=1, le=10)
    pause_seconds: float = Field(default=20, ge=0, le=120)
    answer_seconds: float = Field(default=5, gt=0, le=60)

    @property
    def asked(self) -> dict[str, Host]:
        """The hosts that are not turned off with null."""
        return {name: host for name, host in self.hosts.items() if host}


class Connections(Settings):
    """Which Airflow connections are tested."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    runs: int = Field(default=2, ge=1, le=100)
    answer_seconds: float = Field(default=30, gt=0, le=300)

    @field_validator("required", "optional")
    @classmethod
    def _short_enough(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if long := [name for name in names if not 0 < len(name) <= 60]:
            raise ValueError(f"{long[0]!r}: the id of a connection has 1 to 60 characters here")
        return names

    @property
    def tested(self) -> list[str]:
        """All of them, each once, the required ones first."""
        return list(dict.fromkeys([*self.required, *self.optional]))


class Action(Settings):
    """The operator's command; none while `command` is empty."""

    command: tuple[str, ...] = ()
    timeout_seconds: float = Field(default=60, ge=1, le=600)

    @field_validator("command")
    @classmethod
    def _absolute(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if command and not PurePosixPath(command[0]).is_absolute():
            raise ValueError("the command begins with the whole path of its program, such as /usr/bin/nmcli")
        return command


class ConnectivitySettings(Settings):
    """The whole file."""

    internet: Internet
    connections: Connections = Connections()
    action: Action = Action()


def connectivity_settings() -> ConnectivitySettings:
    """The settings of `connectivity.yaml`."""
    return load_settings(ConnectivitySettings, "connectivity")
