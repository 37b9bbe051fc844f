"""Schema of `campaign_report.yaml`."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from pydantic import Field, model_validator

from include.settings.codes import Code
from include.settings.loader import Settings, load_settings


class CouponMark(Settings):
    """How a redeemed coupon shows in a ticket: `dollars_off` its goods' prices, or an `item` of its own."""

    dollars_off: Decimal | None = Field(default=None, gt=0, le=10_000)
    minimum: Decimal = Field(default=Decimal(0), ge=0)
    item: Code | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> CouponMark:
        if (self.dollars_off is None) == (self.item is None):
            raise ValueError("either dollars_off or item (an item number) is expected")
        return self


class CampaignReportSettings(Settings):
    """The whole file."""

    days: int = Field(ge=1, le=366)
    follow_days: int = Field(ge=1, le=90)
    smallest_group: int = Field(ge=2)
    coupons: dict[str, CouponMark | None]

    @property
    def marks(self) -> dict[str, CouponMark]:
        """How coupons show, by campaign."""
        return {campaign: mark for campaign, mark in self.coupons.items() if mark is not None}


@lru_cache(maxsize=1)
def campaign_report_settings() -> CampaignReportSettings:
    """The settings of `campaign_report.yaml`, read once in each process."""
    return load_settings(CampaignReportSettings, "campaign_report")
