"""What Twilio sends to the store's web addresses: signed forms, here to this machine only."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from include.sandbox.standins import credentials

SIGNATURE = "X-Twilio-Signature"
IDEMPOTENCY = "I-Twilio-Idempotency-Token"
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 15.0
"""How long Twilio waits."""


def is_local(url: str) -> bool:
    """Whether the address is one of this machine, by its name alone; the stand-in calls no other."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def headers(url: str, form: Mapping[str, str]) -> dict[str, str]:
    """The headers of a POST of `form` to `url`, with the signature by the account's token."""
    # Twilio's library has no types.
    validator: Any = import_module("twilio.request_validator").RequestValidator(credentials.TWILIO_AUTH_TOKEN)
    # What follows the # says how Twilio shall call and is no part of the address that it calls.
    signature = validator.compute_signature(url.partition("#")[0], dict(form))
    return {SIGNATURE: signature, "User-Agent": "TwilioProxy/1.1"}


def status_form(row: Mapping[str, Any], status: str, raw_done: str | None) -> dict[str, str]:
    """The form of a status callback for a text; `raw_done` is when the network was done with it."""
    form = {
        "MessageSid": row["sid"],
        "SmsSid": row["sid"],
        "AccountSid": credentials.TWILIO_ACCOUNT_SID,
        "MessageStatus": status,
        "SmsStatus": status,
        "To": row["to_number"],
        "From": row["from_number"] or credentials.TWILIO_FROM_NUMBER,
        "ApiVersion": "2010-04-01",
    }
    if row["service_sid"]:
        form["MessagingServiceSid"] = row["service_sid"]
    if status in ("failed", "undelivered"):
        form["ErrorCode"] = str(row["error_code"])
    if raw_done and status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = raw_done
    return form


def inbound_form(row: Mapping[str, Any], opt_out_type: str | None) -> dict[str, str]:
    """The form in which a customer's answer arrives; `opt_out_type` for a word that Twilio obeys."""
    form = {
        "MessageSid": row["sid"],
        "SmsSid": row["sid"],
        "SmsMessageSid": row["sid"],
        "AccountSid": credentials.TWILIO_ACCOUNT_SID,
        "MessagingServiceSid": row["service_sid"],
        "From": row["from_number"],
        "To": row["to_number"],
        "Body": row["body"],
        "NumMedia": str(len(row["media"])),
        "NumSegments": str(row["segments"]),
        "SmsStatus": "received",
        "FromCountry": "US",
        "ToCountry": "US",
        "ApiVersion": "2010-04-01",
    }
    for index, url in enumerate(row["media"]):
        form |= {f"MediaUrl{index}": url, f"MediaContentType{index}": "image/jpeg"}
    if opt_out_type:
        form["OptOutType"] = opt_out_type
    return form
