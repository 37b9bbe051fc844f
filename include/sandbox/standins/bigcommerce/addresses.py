"""The addresses that the shop makes of names."""

from __future__ import annotations

import re


def slug(name: str) -> str:
    """A name as a part of an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:200] or "unnamed"
