"""What the service needs of the connections: variables AIRFLOW_CONN_*, as JSON."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from include.database.urls import url_of_connection_json
from include.errors import InvalidRequest
from include.inbound.app import STATUS_PATH
from include.inbound.signature import Signature
from include.storedb.mail_links import MailLinks

STORE_DB, TWILIO = "AIRFLOW_CONN_STORE_DB", "AIRFLOW_CONN_TWILIO"
WEB_FORMS = "AIRFLOW_CONN_WEB_FORMS"


def store_database(environment: Mapping[str, str]) -> URL:
    """Where the store database is; raises `InvalidRequest` when the variable does not say so."""
    return url_of_connection_json(environment.get(STORE_DB, ""), "store_db")


def signature_of(environment: Mapping[str, str], public_url: str) -> Signature | str:
    """The signature to check, or in words what is missing for it: a store may have no account yet.

    Without a `public_url` it is what stands before the path in the connection's `status_callback_url`. Raises
    `InvalidRequest` for a connection that is there and wrong.
    """
    text = environment.get(TWILIO, "").strip()
    if not text:
        return f"{TWILIO} is not set"
    fields = _fields(TWILIO, text)
    token = str(fields.get("password") or "")
    if not token:
        raise InvalidRequest(f"{TWILIO} has no password; the account's auth token belongs there")
    found = public_url or _public_url(str(fields["extra"].get("status_callback_url") or ""))
    if not found:
        return f"neither public_url in inbound.yaml nor status_callback_url in {TWILIO} is set"
    return Signature(token, found)


def form_secrets(environment: Mapping[str, str], public_url: str) -> tuple[str, MailLinks | str]:
    """The secret that signs forms, and the links of our mails, or in words what is missing for them.

    The connection's password is the secret, its host the forms' address (else `public_url`). Without it forms
    are signed with a secret that nobody keeps, and links cannot be read. Raises `InvalidRequest` for a
    connection that is there and wrong.
    """
    text = environment.get(WEB_FORMS, "").strip()
    if not text:
        return secrets.token_hex(32), f"{WEB_FORMS} is not set"
    fields = _fields(WEB_FORMS, text)
    secret, host = str(fields.get("password") or ""), str(fields.get("host") or public_url)
    if not secret:
        raise InvalidRequest(f"{WEB_FORMS} has no password; the secret that signs links belongs there")
    try:
        return secret, MailLinks(secret, host)
    except InvalidRequest as error:
        raise InvalidRequest(f"{WEB_FORMS}: {error}") from None


def _fields(variable: str, text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
        extra = fields.get("extra") or {}
        return {**fields, "extra": dict(json.loads(extra) if isinstance(extra, str) else extra)}
    except (ValueError, TypeError, AttributeError):
        raise InvalidRequest(f"{variable} is no connection in JSON") from None


def _public_url(status_callback_url: str) -> str:
    # Behind # stand words for Twilio, which it neither sends nor signs.
    address = status_callback_url.partition("#")[0].partition("?")[0].strip()
    if address and not address.endswith(STATUS_PATH):
        raise InvalidRequest(
            f"status_callback_url in {TWILIO} does not end with {STATUS_PATH}; "
            "if it is right, set public_url in inbound.yaml"
        )
    return address.removesuffix(STATUS_PATH)
