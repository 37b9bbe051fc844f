"""The Counterpoint API server: session, authentication and its error codes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import requests
from requests.auth import HTTPBasicAuth

from include.errors import BadCredentials, NotFound, RetailOpsError, VendorRefusal
from include.privacy import masked
from retail_ops.hooks.connection_fields import ConnectionFields
from retail_ops.hooks.vendor_answers import reason_of
from retail_ops.hooks.vendor_failures import Call
from retail_ops.hooks.vendor_hook import VendorHook
from retail_ops.hooks.vendor_session import Patience, VendorSession

log = logging.getLogger(__name__)


class CounterpointApiSession(VendorSession):
    """Requests to one company of an API server.

    A success is a 2xx status with the error code SUCCESS; anything else raises.
    """

    vendor = "Counterpoint API"
    hints: ClassVar[Mapping[int, str]] = {
        401: "the company alias, the user or the password is wrong",
        403: "the API key is missing, wrong or out of date, or the server's licence lacks the API option",
    }

    def judge(self, response: requests.Response, call: Call) -> RetailOpsError | None:
        """Besides the status look at the error code, which says more and may contradict it."""
        error = super().judge(response, call)
        if isinstance(error, BadCredentials):
            return error
        reason = reason_of(response)
        if reason.code in {None, "SUCCESS", "ERROR_UNKNOWN"} and error is not None:
            return error
        if reason.code in {None, "SUCCESS"}:
            return None
        text = masked(f"{call} answered {response.status_code}: {reason.text}", self._secrets)
        if reason.code == "ERROR_RECORD_NOT_FOUND":
            return NotFound(text)
        if reason.code == "ERROR_INVALID_APIKEY":
            return BadCredentials(f"{text} ({self.hints[403]})")
        return VendorRefusal(text, status=response.status_code, code=reason.code)


class CounterpointApiHook(VendorHook[CounterpointApiSession]):
    """The Counterpoint API server of a connection, by default `counterpoint_api`."""

    default_conn_name = "counterpoint_api"
    conn_type = "counterpoint_api"
    hook_name = "Counterpoint API"

    def _open(self, patience: Patience) -> CounterpointApiSession:
        labels = {"host": "API server", "login": "user", "company": "company alias", "api_key": "API key"}
        fields = ConnectionFields(self.get_connection(self.conn_id), labels)
        base = fields.base_url()
        company, user = fields.required("company"), fields.required("login")
        password, api_key = fields.secret("password"), fields.required("api_key")
        return CounterpointApiSession(
            base,
            # The server takes UTF-8; given text, requests would send Latin-1.
            auth=HTTPBasicAuth(f"{company}.{user}".encode(), password.encode()),
            headers={"APIKey": api_key, "Accept": "application/json"},
            verify=self._verify(fields),
            patience=replace(patience, read=fields.seconds("timeout_seconds", patience.read)),
            secrets=(password, api_key),
        )

    def _verify(self, fields: ConnectionFields) -> bool | str:
        ca_file = fields.text("ca_file")
        if not fields.flag("verify_tls", default=True):
            log.warning(
                "the connection %r does not check the server's certificate: whoever sits between can read "
                "the password; name the certificate in ca_file instead",
                fields.conn_id,
            )
            return False
        if ca_file and not Path(ca_file).is_file():
            raise fields.wrong("ca_file", f"names the missing file {ca_file!r} in")
        return ca_file or True

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        repeatable: bool | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the answer's body.

        Raises the classes of `VendorSession`; a `VendorRefusal` carries Counterpoint's error code as `code`.
        """
        answer = self.get_conn().request(method, path, params=params, json=json, repeatable=repeatable)
        return _body(answer)

    def test_connection(self) -> tuple[bool, str]:
        """Ask for the company's record: the smallest answer that needs both the login and the API key."""
        try:
            session = self._open(replace(self._patience, attempts=1))
            company = _body(session.request("GET", "/Company")).get("SY_COMP") or {}
        except RetailOpsError as error:
            return False, str(error)
        name = company.get("NAM") or "the company"
        return True, f"the Counterpoint API accepts the login and the API key for {name!r}"


def _body(answer: requests.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise VendorRefusal(
            f"Counterpoint API: the answer to {answer.request.method} is not JSON: another server's address?",
            status=answer.status_code,
        )
    return body
