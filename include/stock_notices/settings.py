"""Schema of `stock_notifications.yaml`."""

from __future__ import annotations

import string
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import Field, field_validator

from include.settings.budgets import BudgetSettings
from include.settings.codes import Code
from include.settings.loader import Settings, load_settings

Dollars = Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=2)]
WORDS = ("company", "item", "offer", "link", "opt_out_hint")
OFFER = ("amount", "min_purchase", "code", "expires")


def _with_names(text: str, names: tuple[str, ...]) -> str:
    try:
        found = [
            (name, spec, how) for _, name, spec, how in string.Formatter().parse(text) if name is not None
        ]
    except ValueError as error:
        raise ValueError(f"its braces cannot be read: {error}") from None
    if wrong := [name for name, spec, how in found if name not in names or spec or how]:
        raise ValueError(
            f"{{{wrong[0]}}} cannot be filled in; {', '.join(f'{{{name}}}' for name in names)} can"
        )
    return text


class CouponSettings(Settings):
    """The coupon in a mail: dollars, days, characters."""

    enabled: bool = True
    amount: Dollars = Decimal(10)
    min_purchase: Dollars = Decimal(100)
    valid_days: int = Field(default=3, ge=1, le=60)
    code_length: int = Field(default=10, ge=8, le=20)
    excluded_items: tuple[Code, ...] = ()


class NoticeTextSettings(Settings):
    """The text to those who agreed to one."""

    enabled: bool = True
    words: str = "{company}: {item} is back in stock. {offer} {link} {opt_out_hint}"
    offer: str = "${amount} off ${min_purchase} with code {code} until {expires}."
    longest_item: int = Field(default=60, ge=10, le=200)

    @field_validator("words")
    @classmethod
    def _known_words(cls, value: str) -> str:
        if "{opt_out_hint}" not in value:
            raise ValueError("{opt_out_hint} is missing: every such text says how to get no more")
        return _with_names(value, WORDS)

    @field_validator("offer")
    @classmethod
    def _known_offer(cls, value: str) -> str:
        return _with_names(value, OFFER)


class StockNoticeSettings(Settings):
    """The whole file."""

    at_least: int = Field(default=1, ge=1)
    keep_days: int = Field(default=365, ge=1, le=3660)
    shop_url: str = Field(default="", pattern=r"^(https?://[^\s\"<>?#]*[^/\s\"<>?#])?$")
    postal_address: str = ""
    signature: str = ""
    shortest_description: int = Field(default=25, ge=0)
    longest_description: int = Field(default=600, ge=50, le=5000)
    coupon: CouponSettings = CouponSettings()
    text: NoticeTextSettings = NoticeTextSettings()
    budget: BudgetSettings = BudgetSettings()


@lru_cache(maxsize=1)
def stock_notice_settings() -> StockNoticeSettings:
    """The settings of `stock_notifications.yaml`, read once in each process."""
    return load_settings(StockNoticeSettings, "stock_notifications")
