"""Schema of `inbound.yaml`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from include.settings import load_settings
from include.settings.loader import Settings

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


Word = Annotated[str, Field(pattern=r"^\S(.{0,48}\S)?$")]


class FormSettings(Settings):
    """The web forms: who may show them, how often and how fast they may be sent, and what can be chosen."""

    sites: tuple[str, ...] = ()
    check_origin: bool = True
    views_per_minute: int = Field(default=120, ge=1)
    posts_per_minute: int = Field(default=20, ge=1)
    fastest_seconds: int = Field(default=2, ge=0, le=60)
    longest_hours: int = Field(default=24, ge=1)
    interests: tuple[Word, ...] = Field(default=("Free sketch",), min_length=1, max_length=50)
    timelines: tuple[Word, ...] = Field(default=("Today",), min_length=1)
    text_consent: str = Field(default="I agree to get one text.", min_length=1)
    privacy_url: str = Field(default="", pattern=r"^(https?://\S+)?$")

    @field_validator("sites")
    @classmethod
    def _origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        for value in values:
            parts = urlsplit(value)
            if parts.scheme not in ("http", "https") or f"{parts.scheme}://{parts.netloc}" != value.lower():
                raise ValueError(f"{value!r} is not like https://www.store.example, without a path")
            if not re.fullmatch(r"[a-z0-9.:-]+", parts.netloc):
                raise ValueError(f"{value!r} names no single site")
        return tuple(value.lower() for value in values)

    @field_validator("text_consent")
    @classmethod
    def _known_words(cls, value: str) -> str:
        if unknown := set(_PLACEHOLDER.findall(value)) - {"store"}:
            raise ValueError(f"{{{unknown.pop()}}} is unknown here; only {{store}} is replaced")
        return value.strip()


class InboundSettings(Settings):
    """The whole file."""

    public_url: str = ""
    forms: FormSettings = FormSettings()
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
