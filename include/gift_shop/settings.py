"""Schema of `gift_shop.yaml`."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator, model_validator

from include.settings.loader import Settings, load_settings

UNKNOWN = "Unknown"


class DeliverySettings(Settings):
    """How files are read, and when a delivery is refused."""

    folder: str = Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")
    parts: Literal["separate", "together"] = "separate"
    day_first: bool = False
    most_rejects: float = Field(default=0.02, ge=0, le=1)
    smallest_share: float = Field(default=0.5, ge=0, le=1)
    largest_quantity: int = Field(default=1_000_000, ge=1)
    highest_price: int = Field(default=100_000, ge=1)


class RfmSettings(Settings):
    """The choices that RFM leaves open."""

    ties: Literal["equal", "published"] = "equal"
    days: Literal["day", "published"] = "day"
    reference: Literal["day_after_last"] | date = "day_after_last"
    month_ends: int = Field(default=12, ge=0, le=120)


class GiftShopSettings(Settings):
    """The whole file."""

    deliveries: DeliverySettings
    rfm: RfmSettings = RfmSettings()
    usual_invoices_percentile: float = Field(default=85, gt=0, le=100)
    advice: dict[str, str] = Field(default_factory=dict)
    continents: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("advice")
    @classmethod
    def _known_segments(cls, advice: dict[str, str]) -> dict[str, str]:
        from include.gift_shop.segments import SEGMENTS

        if wrong := sorted(set(advice) - set(SEGMENTS)):
            raise ValueError(f"{wrong[0]!r} is no segment; there are {', '.join(SEGMENTS)}")
        return advice

    @model_validator(mode="after")
    def _once(self) -> GiftShopSettings:
        every = [country for countries in self.continents.values() for country in countries]
        if twice := sorted({country for country in every if every.count(country) > 1}):
            raise ValueError(f"continents: {twice[0]!r} stands twice")
        return self

    def continent(self, country: str) -> str:
        """The continent of a country as a delivery names it."""
        return next((name for name, countries in self.continents.items() if country in countries), UNKNOWN)


@lru_cache(maxsize=1)
def gift_shop_settings() -> GiftShopSettings:
    """The settings of `gift_shop.yaml`, read once in each process."""
    return load_settings(GiftShopSettings, "gift_shop")
