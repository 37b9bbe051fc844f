"""What every part of the house needs to know about the store."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from include.settings.loader import Settings, load_settings


class StoreSettings(Settings):
    """The store's name, clock and places."""

    name: str = Field(min_length=1)
    time_zone: str = "America/New_York"
    stock_locations: tuple[str, ...] = Field(min_length=1)
    alert_recipients: tuple[str, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; an IANA name such as America/New_York is expected") from None
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The store's time zone."""
        return ZoneInfo(self.time_zone)


@lru_cache(maxsize=1)
def store_settings() -> StoreSettings:
    """The settings of `store.yaml`, read once in each process."""
    return load_settings(StoreSettings, "store")
