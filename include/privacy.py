"""Words without anything personal in them, for logs and messages."""

from __future__ import annotations

import re
from collections.abc import Iterable

_EMAIL = re.compile(r"[\w.+%'-]+@[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(
    r"(?:\+|%2B)\d[\d ().-]{6,16}\d"
    r"|(?<!\d)(?<!\d\.)(?:1[ .-]?)?\(?[2-9]\d{2}\)?[ .-][2-9]\d{2}[ .-]\d{4}(?!\d)"
    r"|(?<!\d)(?:1[ .-]?)?\([2-9]\d{2}\)[2-9]\d{2}[ .-]?\d{4}(?!\d)"
    r"|(?<!\d)(?<!\d\.)1?[2-9]\d{2}[2-9]\d{6}(?!\.?\d)",
    re.IGNORECASE,
)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without the given secrets, e-mail addresses and phone numbers (the last two digits stay)."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = "".join(letter if letter.isprintable() else " " for letter in text)
    text = _EMAIL.sub("***@***", text)
    return _PHONE.sub(lambda found: f"***{found.group()[-2:]}", text)
