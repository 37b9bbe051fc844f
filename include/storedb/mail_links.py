"""Signed links of our mails: whoever holds one may take the address in it off a list, and nobody else."""

from __future__ import annotations

from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from itsdangerous import BadData, URLSafeSerializer

from include.errors import InvalidRequest

MailList = Literal["newsletter", "stock"]
"""What a link ends: the newsletter, or the mails about items that are back in stock."""

UNSUBSCRIBE_PATH = "/forms/unsubscribe/"

_SHORTEST_SECRET = 16


class MailLinks:
    """Makes and reads the links. They hold for ever: a mail may be opened after years."""

    def __init__(self, secret: str, public_url: str) -> None:
        """`public_url` is how the internet reaches the forms, such as https://texts.store.example.

        Raises `InvalidRequest` for a secret that could be guessed, or an address that is none.
        """
        if len(secret) < _SHORTEST_SECRET:
            raise InvalidRequest(f"the secret of the links has fewer than {_SHORTEST_SECRET} characters")
        parts = urlsplit(public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise InvalidRequest("the public address of the forms does not begin with https:// and a name")
        self.public_url = public_url.rstrip("/")
        self._signed = URLSafeSerializer(secret, salt="retail-ops unsubscribe")

    def unsubscribe(self, email: str, mail_list: MailList) -> str:
        """The address at which `email` (as `mail_address` spells it) can leave the list."""
        return f"{self.public_url}{UNSUBSCRIBE_PATH}{self._signed.dumps([email, mail_list])}"

    def headers(self, email: str, mail_list: MailList) -> dict[str, str]:
        """The headers by which mail programs offer to unsubscribe at once (RFC 2369 and 8058)."""
        return {
            "List-Unsubscribe": f"<{self.unsubscribe(email, mail_list)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }

    def read(self, token: str) -> tuple[str, MailList] | None:
        """The address and list of a link's last part; None where we have not signed it."""
        try:
            found: Any = self._signed.loads(token)
        except BadData:
            return None
        email, mail_list = found
        return (email, mail_list) if mail_list in get_args(MailList) else None
