"""Schema of `text_feedback.yaml`."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from pydantic import Field

from include.settings import load_settings
from include.settings.budgets import BudgetSettings
from include.settings.loader import Settings


class FeedbackSettings(Settings):
    """The whole file."""

    look_after_minutes: int = Field(default=60, ge=10, le=24 * 60)
    look_back_days: int = Field(default=3, ge=1, le=30)
    keep_trying_days: int = Field(default=3, ge=1, le=30)
    budget: BudgetSettings = BudgetSettings(max_changes=500)

    @property
    def look_after(self) -> timedelta:
        """How old a text is when Twilio's list is asked for it."""
        return timedelta(minutes=self.look_after_minutes)

    @property
    def look_back(self) -> timedelta:
        """How old a text may be for that."""
        return timedelta(days=self.look_back_days)

    @property
    def keep_trying(self) -> timedelta:
        """How long a customer's record is tried."""
        return timedelta(days=self.keep_trying_days)


@lru_cache(maxsize=1)
def feedback_settings() -> FeedbackSettings:
    """The settings of `text_feedback.yaml`, read once in each process."""
    return load_settings(FeedbackSettings, "text_feedback")
