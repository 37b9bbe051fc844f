"""Twilio's signature of its requests, by which a forged STOP or delivery report is told from a true one."""

from __future__ import annotations

from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

HEADER = "X-Twilio-Signature"


class Signature:
    """Checks signatures made with an account's auth token over addresses below `public_url`."""

    def __init__(self, auth_token: str, public_url: str) -> None:
        self._validator = RequestValidator(auth_token)
        self._public_url = public_url

    def holds(self, path: str, query: str, fields: ImmutableMultiDict[str, str], given: str | None) -> bool:
        """Whether `given` signs a form that was posted to a path of ours; compared in constant time."""
        address = f"{self._public_url}{path}?{query}" if query else f"{self._public_url}{path}"
        return bool(given) and bool(self._validator.validate(address, fields, given))
