"""Schema of `inbound.yaml`."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from include.settings import load_settings
from include.settings.loader import Settings

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class InboundSettings(Settings):
    """The whole file."""

    public_url: str = ""
    requests_per_minute: int = Field(default=3000, ge=60)
    help_text: str = Field(default="", max_length=320)

    @field_validator("public_url")
    @classmethod
    def _base(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("it begins with https:// and the server's name")
        if parts.query or parts.fragment:
            raise ValueError("it ends before a ? or #")
        return value.rstrip("/")

    @field_validator("help_text")
    @classmethod
    def _says_how_to_stop(cls, value: str) -> str:
        unknown = set(_PLACEHOLDER.findall(value)) - {"store"}
        if unknown:
            raise ValueError(f"{{{unknown.pop()}}} is unknown here; only {{store}} is replaced")
        if value.strip() and not re.search(r"\bSTOP\b", value):
            raise ValueError("it has to say that STOP ends the texts")
        return value.strip()

    def help_for(self, store: str) -> str:
        """The answer to HELP; empty for none."""
        return self.help_text.replace("{store}", store)


@lru_cache(maxsize=1)
def inbound_settings() -> InboundSettings:
    """The settings of `inbound.yaml`, read once in each process."""
    return load_settings(InboundSettings, "inbound")
