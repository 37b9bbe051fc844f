"""Schema of `lead_mails.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from pydantic import Field

from include.settings.loader import Settings, load_settings

WebAddress = Annotated[str, Field(pattern=r"^(https?://[^\s\"<>]+)?$")]


class LeadMailSettings(Settings):
    """The whole file."""

    oldest_days: int = Field(default=30, ge=1, le=366)
    urgent_timelines: tuple[Annotated[str, Field(pattern=r"\S")], ...] = ("today",)
    worklist_url: WebAddress = ""

    def is_urgent(self, timeline: str) -> bool:
        """Whether somebody wants it now."""
        wanted = {" ".join(words.split()).casefold() for words in self.urgent_timelines}
        return " ".join(timeline.split()).casefold().rstrip("!.") in wanted


@lru_cache(maxsize=1)
def lead_mail_settings() -> LeadMailSettings:
    """The settings of `lead_mails.yaml`, read once in each process."""
    return load_settings(LeadMailSettings, "lead_mails")
