"""Text messages through Twilio: the vendor's own client on our session, so that it fails in our classes."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from requests.auth import HTTPBasicAuth
from twilio.http import HttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]

from include.errors import InvalidRequest, RetailOpsError
from retail_ops.hooks.connection_fields import ConnectionFields
from retail_ops.hooks.vendor_hook import VendorHook
from retail_ops.hooks.vendor_session import Patience, VendorSession

if TYPE_CHECKING:
    from twilio.rest import Client  # type: ignore[import-untyped]

_ACCOUNT_SID = re.compile(r"^AC[0-9a-fA-F]{32}$")
_PATIENCE = Patience(read=30.0)
_JSON_KINDS = {"application/json", "application/scim+json"}


class TwilioSession(VendorSession):
    """Requests to Twilio's hosts, or to one other server that stands in for all of them.

    A refusal carries Twilio's error code (21610: the recipient has sent STOP) as `code`.
    """

    vendor = "Twilio"
    hints: ClassVar[Mapping[int, str]] = {401: "the account SID or the auth token is wrong"}

    def __init__(self, base_url: str | None, **options: Any) -> None:
        self._elsewhere = base_url
        super().__init__(base_url or "https://api.twilio.com", **options)

    def url(self, path: str) -> str:
        """The address of a path, or of a whole Twilio address as the vendor's client makes it."""
        if "://" not in path:
            return super().url(path)
        parts = urlsplit(path)
        if parts.scheme != "https" or not (parts.hostname or "").endswith(".twilio.com"):
            raise InvalidRequest(f"Twilio: the address {parts.hostname} is not one of Twilio's")
        whole = f"{parts.path}?{parts.query}" if parts.query else parts.path
        return f"{self._elsewhere}{whole}" if self._elsewhere else path


class SessionHttpClient(HttpClient):
    """What Twilio's client sends its requests through: the session with its time-outs, repeats and errors.

    Twilio's own has no time-out unless told, and logs recipients' numbers.
    """

    def __init__(self, session: TwilioSession) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=session.patience.read)
        self._session = session

    def request(
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,  # noqa: ARG002 - the session holds the login
        timeout: float | None = None,  # noqa: ARG002 - the session's time-outs hold
        allow_redirects: bool = False,  # noqa: ARG002 - the session decides
    ) -> Response:
        """Send a request; raises the classes of `VendorSession` for everything but a success."""
        kind = "json" if (headers or {}).get("Content-Type") in _JSON_KINDS else "data"
        options: dict[str, Any] = {"params": params, "headers": headers, kind: data}
        answer = self._session.request(method, url, **options)
        return Response(answer.status_code, answer.text, answer.headers)


class TwilioHook(VendorHook["Client"]):
    """The Twilio account of a connection, by default `twilio`.

    The calls of its client raise the classes of `VendorSession` instead of Twilio's own: sending a text that
    may have gone out in spite of a time-out, a dropped connection or a 5xx raises `OutcomeUnknown`.
    """

    default_conn_name = "twilio"
    conn_type = "twilio"
    hook_name = "Twilio"
    usual_patience = _PATIENCE

    def _open(self, patience: Patience) -> Client:
        from twilio.rest import Client

        fields = self._fields()
        sid, token = fields.required("login"), fields.required("password")
        if not _ACCOUNT_SID.match(sid):
            raise fields.wrong("login", "has something else than AC and 32 hexadecimal digits in")
        session = TwilioSession(
            fields.base_url() if fields.text("host") else None,
            auth=HTTPBasicAuth(sid, token),
            patience=replace(patience, read=fields.seconds("timeout_seconds", patience.read)),
            secrets=(token,),
        )
        return Client(sid, token, http_client=SessionHttpClient(session))

    def _fields(self) -> ConnectionFields:
        labels = {"login": "account SID", "password": "auth token", "host": "other API address"}
        return ConnectionFields(self.get_connection(self.conn_id), labels)

    def sender(self) -> dict[str, str]:
        """The arguments of `messages.create` that name the sender: the messaging service, else the number.

        Raises `InvalidRequest` when the connection names neither.
        """
        fields = self._fields()
        if service := fields.text("messaging_service_sid"):
            return {"messaging_service_sid": service}
        if number := fields.text("from_number"):
            return {"from_": number}
        raise fields.wrong("messaging_service_sid", "has neither a from_number nor a")

    def status_callback(self) -> str | None:
        """The address that Twilio reports a text's fate to, where the connection names one."""
        return self._fields().text("status_callback_url")

    def is_stand_in(self) -> bool:
        """Whether a simulation stands behind the connection, whose texts reach nobody (`stand_in`).

        Raises `InvalidRequest` when the connection says so and yet leads to Twilio.
        """
        fields = self._fields()
        if not fields.flag("stand_in", False):
            return False
        if not fields.text("host") or (urlsplit(fields.base_url()).hostname or "").endswith("twilio.com"):
            raise fields.wrong("stand_in", "leads to Twilio itself and may not have")
        return True

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the account; one that is suspended or closed counts as a failure."""
        try:
            client = self._open(replace(self._patience, attempts=1))
            account = client.api.v2010.accounts(client.account_sid).fetch()
        except RetailOpsError as error:
            return False, str(error)
        status = str(account.status)
        if status != "active":
            return False, f"Twilio accepts the login, but the account {account.friendly_name!r} is {status}"
        kind = " trial" if str(account.type).lower() == "trial" else ""
        return (
            True,
            f"Twilio accepts the login for the{kind} account {account.friendly_name!r}{self._remark()}",
        )

    def _remark(self) -> str:
        try:
            self.sender()
        except InvalidRequest:
            return "; the connection names no sender, so texts cannot be sent yet"
        return ""
