"""The ticket that a form carries: that it is ours, and when it was opened. No cookie, no third party."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

Verdict = Literal["good", "too fast", "too old", "forged"]


class Tickets:
    """Tickets signed with `secret`; times in seconds."""

    def __init__(self, secret: str, *, fastest: int, longest: int) -> None:
        self._signed = URLSafeTimedSerializer(secret, salt="retail-ops form ticket")
        self._fastest, self._longest = timedelta(seconds=fastest), longest

    def issue(self, form: str) -> str:
        """A ticket for a form that is opened now."""
        return str(self._signed.dumps(form))

    def check(self, form: str, ticket: str) -> Verdict:
        """Whether the ticket is one of this form's, opened neither too long nor too short a time ago."""
        try:
            found, opened = self._signed.loads(ticket, max_age=self._longest, return_timestamp=True)
        except SignatureExpired:
            return "too old"
        except BadData:
            return "forged"
        if found != form:
            return "forged"
        return "good" if datetime.now(UTC) - opened >= self._fastest else "too fast"
