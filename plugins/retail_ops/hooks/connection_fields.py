"""Reading an Airflow connection's fields, with messages that name the connection and the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.errors import InvalidRequest

if TYPE_CHECKING:
    from airflow.sdk import Connection

_STANDARD = ("host", "login", "password")
_YES = {"true", "yes", "on", "1"}
_NO = {"false", "no", "off", "0"}


class ConnectionFields:
    """The fields of one connection.

    `labels` are the names that the connection form shows, for the messages: `{"password": "access token"}`.
    """

    def __init__(self, connection: Connection, labels: Mapping[str, str] | None = None) -> None:
        self.conn_id: str = connection.conn_id
        self._labels = dict(labels or {})
        self._values: dict[str, Any] = {
            **connection.extra_dejson,
            **{name: getattr(connection, name) for name in _STANDARD},
        }
        self._port: int | None = connection.port

    def wrong(self, name: str, complaint: str) -> InvalidRequest:
        """The error to raise about a field; `complaint` continues "the connection 'x' ..."."""
        label = self._labels.get(name)
        return InvalidRequest(
            f"the connection {self.conn_id!r} {complaint} {name}" + (f" ({label})" if label else "")
        )

    def text(self, name: str) -> str | None:
        """A field without blanks around it; None when it is missing or empty."""
        value = self._values.get(name)
        return str(value).strip() or None if value is not None else None

    def required(self, name: str) -> str:
        """A field that must be there. Raises `InvalidRequest` naming connection and field."""
        value = self.text(name)
        if value is None:
            raise self.wrong(name, "has no")
        return value

    def secret(self, name: str) -> str:
        """A required password, to the character: blanks around it may belong to it."""
        self.required(name)
        return str(self._values[name])

    def flag(self, name: str, default: bool) -> bool:
        """A yes/no field; `default` when it is missing or empty."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() in _YES | _NO:
            return value.lower() in _YES
        raise self.wrong(name, f"has {value!r} instead of true or false in")

    def seconds(self, name: str, default: float) -> float:
        """A number of seconds above zero; `default` when it is missing or empty."""
        value = self.text(name)
        if value is None:
            return default
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise self.wrong(name, f"has {value!r} instead of a number of seconds in")
        return seconds

    def base_url(self, default: str | None = None) -> str:
        """The connection's host as a URL without a slash at its end; https when it names no scheme.

        Raises `InvalidRequest` when it is missing, is no address, or carries a login or a query.
        """
        host = self.text("host") or default
        if host is None:
            raise self.wrong("host", "has no")
        url = host if "://" in host else f"https://{host}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise self.wrong("host", "has no usable address in") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise self.wrong("host", "has no usable address in")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise self.wrong(
                "host", "has more than an address (login, password or query belong elsewhere) in"
            )
        netloc = parts.netloc if port or not self._port else f"{parts.netloc}:{self._port}"
        return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"
