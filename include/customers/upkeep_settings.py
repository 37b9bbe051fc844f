"""Schema of `customers.yaml`: contacts, refunded purchases, and who has reward points."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from include.settings.budgets import BudgetSettings
from include.settings.codes import Code
from include.settings.loader import Settings, load_settings


class Placeholder(Settings):
    """The two halves of a name that is none."""

    first: Code = "CHANGE"
    last: Code = "NAME"


class ContactSettings(Settings):
    """Which people get their name as first contact."""

    placeholder: Placeholder = Placeholder()
    skip_when: Literal["both", "either"] = "both"
    complete_names_only: bool = False
    budget: BudgetSettings = BudgetSettings()


class RefundSettings(Settings):
    """Which refunds take a customer's dates back; no `stores` means all."""

    days: Annotated[int, Field(ge=0, le=400, strict=True)] = 3
    stores: tuple[Code, ...] = ()
    budget: BudgetSettings = BudgetSettings()


class WholesaleSettings(Settings):
    """Who is kept out of the loyalty programme."""

    categories: tuple[Code, ...] = Field(default=("WHOLESALE",), min_length=1)
    budget: BudgetSettings = BudgetSettings()


class NegativePointsSettings(Settings):
    """Balances below 0."""

    budget: BudgetSettings = BudgetSettings()


class CustomerSettings(Settings):
    """The whole file."""

    contacts: ContactSettings = ContactSettings()
    refunds: RefundSettings = RefundSettings()
    wholesale: WholesaleSettings = WholesaleSettings()
    negative_points: NegativePointsSettings = NegativePointsSettings()

    @property
    def budgets(self) -> dict[str, BudgetSettings]:
        """The budget of each rule, by its name in the file."""
        return {name: getattr(self, name).budget for name in type(self).model_fields}


@lru_cache(maxsize=1)
def customer_settings() -> CustomerSettings:
    """The settings of `customers.yaml`, read once in each process."""
    return load_settings(CustomerSettings, "customers")
