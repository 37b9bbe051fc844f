"""Schema of `web_shop.yaml`."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator

from include.counterpoint.items import folded
from include.settings import load_settings
from include.settings.budgets import BudgetSettings
from include.settings.loader import Settings


def _quoted(values: Any) -> Any:
    # Without quotes YAML reads 0012 as ten and 1_2 as twelve: another item, and nobody would notice.
    for value in values if isinstance(values, list) else ():
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"numbers of items and stores stand in quotes; found {value!r}")
    return values


Codes = Annotated[tuple[str, ...], BeforeValidator(_quoted)]
Days = Annotated[int, Field(ge=1, le=366)]


class RuleSettings(Settings):
    """What every rule has. No `stores` means all of them."""

    stores: Codes = ()
    budget: BudgetSettings


class TotalSoldSettings(RuleSettings):
    """How often a product was sold, as the web shop shows it."""

    since: date | None = None


class RelatedItemsSettings(RuleSettings):
    """What the web shop shows beside a product. Categories of `staff_lists` are folded."""

    staff_lists: dict[str, Codes] = Field(default_factory=dict)
    popular: int = Field(default=8, ge=0)
    period: Literal["this_time_last_year", "last_14_days"] = "this_time_last_year"
    days: Days = 45
    at_most: int = Field(default=20, ge=1)
    skip_sold_out: bool = False

    @field_validator("staff_lists")
    @classmethod
    def _folded(cls, lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {folded(category): numbers for category, numbers in lists.items()}


class AlwaysOnlineSettings(RuleSettings):
    """Which best sellers stay in the web shop when they run out."""

    top: int = Field(default=200, ge=1)
    count: Literal["all_items", "web_items"] = "all_items"
    clear_others: bool = False


class NewArrivalSettings(Settings):
    """Which items count as newly received, and how near to the top they go. `min_price` is in dollars."""

    days: int = Field(default=14, ge=0, le=366)
    min_price: Decimal = Field(default=Decimal("14.95"), ge=0)
    behind_top: int = Field(default=8, ge=0, le=1_000_000)
    who: Literal["received", "without_sales"] = "received"


class SortOrderSettings(RuleSettings):
    """In which order the web shop lists its products."""

    days: Days = 45
    new_arrivals: NewArrivalSettings = NewArrivalSettings()


class FeaturedSettings(RuleSettings):
    """What the web shop shows on its front page."""

    top: int = Field(default=15, ge=0)
    days: Days = 45
    keep: Codes = ()
    fill_up: bool = False


class CouponSettings(Settings):
    """Which expired coupons are deleted from the web shop."""

    keep_days: int = Field(default=0, ge=0)
    only_codes: str | None = None
    budget: BudgetSettings

    @field_validator("only_codes")
    @classmethod
    def _readable(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"this is no regular expression: {error}") from None
        return pattern


class WebShopSettings(Settings):
    """The whole file."""

    total_sold: TotalSoldSettings
    related_items: RelatedItemsSettings
    always_online: AlwaysOnlineSettings
    sort_order: SortOrderSettings
    featured: FeaturedSettings
    coupons: CouponSettings

    @property
    def budgets(self) -> dict[str, BudgetSettings]:
        """The budget of each rule, by the rule's name."""
        return {name: getattr(self, name).budget for name in type(self).model_fields}


@lru_cache(maxsize=1)
def web_shop_settings() -> WebShopSettings:
    """The settings of `web_shop.yaml`, read once in each process."""
    return load_settings(WebShopSettings, "web_shop")
