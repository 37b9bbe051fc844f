"""Schema of `store_reports.yaml`."""

from __future__ import annotations

import re
from functools import lru_cache

from pydantic import Field, field_validator, model_validator

from include.counterpoint.items import folded
from include.settings.codes import Code
from include.settings.days import ClosedDays
from include.settings.loader import Settings, load_settings

OTHER_STORES = "Other stores"


class Channel(Settings):
    """A place of sales and the Counterpoint stores that belong to it."""

    title: str = Field(min_length=1)
    stores: tuple[Code, ...] = Field(min_length=1)
    till: bool = False


class LowStockSettings(Settings):
    """Which good sellers are short."""

    best_sellers: int = Field(ge=1)
    at_most: int = Field(ge=0)
    rows: int = Field(ge=1)


class ItemCheckSettings(Settings):
    """What counts as wrong in the item file."""

    leave_categories: tuple[Code, ...] = ()
    hidden_title: Code
    short_description: int = Field(ge=1, le=1000)
    binding_id: str

    @field_validator("binding_id")
    @classmethod
    def _a_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from None
        return value


class PayGroup(Settings):
    """Pay codes that are shown together."""

    title: str = Field(min_length=1)
    codes: tuple[Code, ...] = Field(min_length=1)


class StoreReportSettings(Settings):
    """The whole file."""

    channels: tuple[Channel, ...] = Field(min_length=1)
    closed: ClosedDays
    weeks: int = Field(ge=1, le=26)
    years: int = Field(ge=2, le=6)
    top_items: int = Field(ge=1, le=1000)
    sales_reps: int = Field(ge=1, le=1000)
    wholesale_customers: int = Field(ge=1, le=1000)
    categories: int = Field(ge=1, le=1000)
    category_items: int = Field(ge=1, le=1000)
    mail_rows: int = Field(ge=1, le=100)
    wholesale_category: Code
    forecast_days: int = Field(ge=1, le=180)
    low_stock: LowStockSettings
    items: ItemCheckSettings
    pay_codes: tuple[PayGroup, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> StoreReportSettings:
        for what, codes in (
            ("store", [code for channel in self.channels for code in channel.stores]),
            ("channel", [channel.title for channel in self.channels]),
            ("pay code", [code for group in self.pay_codes for code in group.codes]),
        ):
            if twice := sorted({code for code in codes if codes.count(code) > 1}):
                raise ValueError(f"the {what} {twice[0]} stands twice")
        return self

    def channel_of(self, store: str | None) -> str:
        """The title of a store's channel."""
        code = folded(store)
        return next((one.title for one in self.channels if code in one.stores), OTHER_STORES)

    @property
    def tills(self) -> frozenset[str]:
        """The titles of the channels with opening hours."""
        return frozenset(one.title for one in self.channels if one.till)

    @property
    def till_stores(self) -> tuple[str, ...]:
        """The Counterpoint stores with opening hours."""
        return tuple(code for one in self.channels if one.till for code in one.stores)


@lru_cache(maxsize=1)
def store_report_settings() -> StoreReportSettings:
    """The settings of `store_reports.yaml`, read once in each process."""
    return load_settings(StoreReportSettings, "store_reports")
