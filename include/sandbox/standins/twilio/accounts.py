"""Accounts: the account itself, the cheapest request that proves a login."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from include.sandbox.standins import credentials
from include.sandbox.standins.twilio.errors import TwilioError

router = APIRouter()

_SINCE = "Mon, 01 Jan 2024 09:00:00 +0000"


@router.get("/Accounts/{account_sid}.json")
def read_account(account_sid: str) -> dict[str, Any]:
    """The account: name, status and type."""
    check_account(account_sid)
    uri = f"/2010-04-01/Accounts/{account_sid}"
    return {
        "sid": account_sid,
        "owner_account_sid": account_sid,
        "friendly_name": "Garden Centre",
        "status": "active",
        "type": "Full",
        "auth_token": None,
        "date_created": _SINCE,
        "date_updated": _SINCE,
        "uri": f"{uri}.json",
        "subresource_uris": {"messages": f"{uri}/Messages.json"},
    }


def check_account(account_sid: str) -> None:
    """Raise 20404 for an account that is not the caller's."""
    if account_sid != credentials.TWILIO_ACCOUNT_SID:
        raise TwilioError(20404)
