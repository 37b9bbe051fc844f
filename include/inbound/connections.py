"""What the service needs of the connections `twilio` and `store_db`: variables AIRFLOW_CONN_*, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL

from include.database.urls import url_of_connection_json
from include.errors import InvalidRequest
from include.inbound.app import STATUS_PATH
from include.inbound.signature import Signature

STORE_DB, TWILIO = "AIRFLOW_CONN_STORE_DB", "AIRFLOW_CONN_TWILIO"


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
    fields = _fields(text)
    token = str(fields.get("password") or "")
    if not token:
        raise InvalidRequest(f"{TWILIO} has no password; the account's auth token belongs there")
    found = public_url or _public_url(str(fields["extra"].get("status_callback_url") or ""))
    if not found:
        return f"neither public_url in inbound.yaml nor status_callback_url in {TWILIO} is set"
    return Signature(token, found)


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
        extra = fields.get("extra") or {}
        return {**fields, "extra": dict(json.loads(extra) if isinstance(extra, str) else extra)}
    except (ValueError, TypeError, AttributeError):
        raise InvalidRequest(f"{TWILIO} is no connection in JSON") from None


def _public_url(status_callback_url: str) -> str:
    # Behind # stand words for Twilio, which it neither sends nor signs.
    address = status_callback_url.partition("#")[0].partition("?")[0].strip()
    if address and not address.endswith(STATUS_PATH):
        raise InvalidRequest(
            f"status_callback_url in {TWILIO} does not end with {STATUS_PATH}; "
            "if it is right, set public_url in inbound.yaml"
        )
    return address.removesuffix(STATUS_PATH)
