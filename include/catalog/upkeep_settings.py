"""Schema of `product_upkeep.yaml`: when items become inactive, which brand and which buffer they get."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, field_validator

from include.settings.budgets import BudgetSettings
from include.settings.codes import Code, as_code
from include.settings.loader import Settings, load_settings

V = TypeVar("V")


def _by_code(values: Any) -> Any:
    if not isinstance(values, dict):
        return values
    codes = [as_code(key) for key in values]
    if twice := sorted({code for code in codes if codes.count(code) > 1}):
        raise ValueError(f"named twice, with other capitals or blanks: {', '.join(twice)}")
    return {code: value for code, value in zip(codes, values.values(), strict=True) if value is not None}


ByCode = Annotated[dict[str, V], BeforeValidator(_by_code)]
"""Values by code; null takes an entry of the shipped file out."""

Units = Annotated[int, Field(ge=0, strict=True)]


def whole_words(pattern: str) -> re.Pattern[str]:
    """A regular expression that fits whole words only, whatever their case."""
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


class LeaveSettings(Settings):
    """What stays active although it is sold out."""

    categories: tuple[Code, ...] = ()
    no_category: bool = False
    vendors: tuple[Code, ...] = ()
    words: tuple[Annotated[str, Field(pattern=r"\S")], ...] = ()
    untracked: bool = True
    on_orders: bool = True
    on_holds: bool = True
    siblings_in_stock: bool = True

    def consignment_words(self) -> re.Pattern[str] | None:
        """What the words of goods on consignment look like; None when there are none."""
        return whole_words("|".join(re.escape(word.strip()) for word in self.words)) if self.words else None


class InactiveSettings(Settings):
    """When an item counts as sold out; `below` is in selling units."""

    below: Decimal = Field(default=Decimal(1), ge=0)
    leave: LeaveSettings = LeaveSettings()
    reactivate: bool = False
    budget: BudgetSettings = BudgetSettings()


class BrandPattern(Settings):
    """A regular expression for long descriptions, and the brand of the items that it fits."""

    pattern: str
    brand: Code

    @field_validator("pattern")
    @classmethod
    def _sound(cls, value: str) -> str:
        try:
            re.compile(value)
            found = whole_words(value)
        except re.error as error:
            raise ValueError(f"no valid regular expression: {error}") from None
        if not value.strip() or found.search(""):
            raise ValueError("fits every description; a pattern must name something")
        return value


class BrandSettings(Settings):
    """Which brand an item without one gets: `vendors` first, then `patterns` in order, then `company`."""

    company: Code
    vendors: ByCode[Code] = Field(default_factory=dict)
    patterns: tuple[BrandPattern, ...] = ()
    review_company_items: bool = False
    budget: BudgetSettings = BudgetSettings()


class Tier(Settings):
    """The buffer of items with a price strictly above `above` dollars; None is the tier of all others."""

    above: Decimal | None = Field(default=None, gt=0)
    buffer: Units


class BufferSettings(Settings):
    """How many units are held back from the web shop; which of these decides stands in the YAML file."""

    base: Units = 5
    brands: ByCode[Units] = Field(default_factory=dict)
    vendors: ByCode[Units] = Field(default_factory=dict)
    categories: ByCode[tuple[Tier, ...]] = Field(default_factory=dict)
    web_items_only: bool = False
    budget: BudgetSettings = BudgetSettings()

    @field_validator("categories")
    @classmethod
    def _one_for_each_price(cls, value: dict[str, tuple[Tier, ...]]) -> dict[str, tuple[Tier, ...]]:
        for category, tiers in value.items():
            limits = [tier.above for tier in tiers]
            if limits.count(None) != 1:
                raise ValueError(f"{category} needs exactly one tier without 'above'")
            if len(set(limits)) != len(limits):
                raise ValueError(f"{category} has two tiers above the same price")
        return value


class UpkeepSettings(Settings):
    """The whole file."""

    inactive: InactiveSettings = InactiveSettings()
    brands: BrandSettings
    buffers: BufferSettings = BufferSettings()

    @property
    def budgets(self) -> dict[str, BudgetSettings]:
        """The budget of each rule, by the topic of its log."""
        return {
            "inactive_products": self.inactive.budget,
            "brands": self.brands.budget,
            "stock_buffers": self.buffers.budget,
        }


@lru_cache(maxsize=1)
def upkeep_settings() -> UpkeepSettings:
    """The settings of `product_upkeep.yaml`, read once in each process."""
    return load_settings(UpkeepSettings, "product_upkeep")
