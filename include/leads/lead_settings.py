"""Schema of `leads.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from include.settings.budgets import BudgetSettings
from include.settings.loader import Settings, load_settings

EmailField = Literal["EMAIL_ADRS_1", "EMAIL_ADRS_2"]
PhoneField = Literal["PHONE_1", "MBL_PHONE_1", "PHONE_2", "MBL_PHONE_2"]
Word = Annotated[str, Field(pattern=r"\S")]


class MatchSettings(Settings):
    """The fields of `AR_CUST` by which a lead is known as a customer's."""

    emails: tuple[EmailField, ...] = Field(default=("EMAIL_ADRS_1", "EMAIL_ADRS_2"), min_length=1)
    phones: tuple[PhoneField, ...] = Field(default=("PHONE_1", "MBL_PHONE_1"), min_length=1)


class LeadSettings(Settings):
    """The whole file."""

    match: MatchSettings = MatchSettings()
    workgroup: Word = "1"
    store: Word = "1"
    missing_first_name: Word = Field(default="WEB", max_length=15)
    missing_last_name: Word = Field(default="CUSTOMER", max_length=25)
    fewest_customers: int = Field(default=20, ge=0)
    budget: BudgetSettings = BudgetSettings()


@lru_cache(maxsize=1)
def lead_settings() -> LeadSettings:
    """The settings of `leads.yaml`, read once in each process."""
    return load_settings(LeadSettings, "leads")
