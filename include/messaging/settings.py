"""Schema of `messaging.yaml`."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator, model_validator

from include.messaging.segments import measure
from include.settings import load_settings
from include.settings.days import TimeOfDay
from include.settings.loader import Settings

_EARLIEST, _LATEST = time(8), time(21)
_OPT_OUT_WORDS = ("STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT")


def _minutes(clock: time) -> int:
    return 60 * clock.hour + clock.minute


def _cheap(text: str) -> str:
    if dear := measure(text).dear:
        raise ValueError(f"these characters make every text more than twice as dear: {' '.join(dear)}")
    return text


Words = Annotated[str, Field(pattern=r"\S"), AfterValidator(_cheap)]
Price = Annotated[Decimal, Field(ge=0, le=10)]


class HoursSettings(Settings):
    """Local times between which texts arrive; see `include.messaging.quiet_hours`."""

    start: TimeOfDay = _EARLIEST
    end: TimeOfDay = _LATEST
    last_minutes: int = Field(default=15, ge=5)
    store_zone_only: bool = False

    @model_validator(mode="after")
    def _lawful(self) -> HoursSettings:
        if self.start < _EARLIEST or self.end > _LATEST:
            raise ValueError("texts may arrive between 08:00 and 21:00 only (47 CFR 64.1200)")
        if _minutes(self.end) - _minutes(self.start) <= self.last_minutes:
            raise ValueError(f"end has to be more than last_minutes ({self.last_minutes}) after start")
        return self


class CapSettings(Settings):
    """At most `texts` to one number in any `hours`."""

    texts: int = Field(default=2, ge=1, le=10)
    hours: int = Field(default=24, ge=1, le=168)


class StrikeSettings(Settings):
    """On how many days a number has to fail before its customer's record changes."""

    unreachable: int = Field(default=3, ge=2)
    invalid: int = Field(default=2, ge=1)


class AudienceBudget(Settings):
    """An audience is unusual above `times` its usual size; up to `always` phones nobody is asked."""

    times: float = Field(default=4.0, gt=1, le=100)
    always: int = Field(default=50, ge=0)


class TrialSettings(Settings):
    """Whether campaigns text nobody but `recipients` (telephone numbers), and those by their own wish."""

    mode: bool = False
    recipients: tuple[Annotated[str, Field(pattern=r"\d{3}")], ...] = ()


class PriceSettings(Settings):
    """What Twilio and the networks charge, in dollars."""

    segment: Price
    media_message: Price

    def cost(self, text: str, *, media: bool = False) -> Decimal:
        """Dollars for one text; with a picture it is charged as one message, however long."""
        return self.media_message if media else measure(text).segments * self.segment


class MessagingSettings(Settings):
    """The whole file."""

    company: Words
    opt_out_hint: Words
    hours: HoursSettings = HoursSettings()
    cap: CapSettings = CapSettings()
    strikes: StrikeSettings = StrikeSettings()
    prices: PriceSettings
    segments_per_second: float = Field(default=1.0, gt=0, le=225)
    threads: int = Field(default=8, ge=1, le=12)
    hold_out_share: float = Field(default=0.0, ge=0, le=0.5)
    approval_above: int = Field(default=500, ge=0)
    audience_budget: AudienceBudget = AudienceBudget()
    test: TrialSettings = TrialSettings()
    fresh_minutes: int = Field(default=120, ge=1, le=720)

    @field_validator("opt_out_hint")
    @classmethod
    def _works(cls, hint: str) -> str:
        words = {word.strip(".,:;!?\"'()") for word in hint.upper().split()}
        if words.isdisjoint(_OPT_OUT_WORDS):
            raise ValueError(f"it has to name a word that Twilio obeys: {', '.join(_OPT_OUT_WORDS)}")
        return hint


@lru_cache(maxsize=1)
def messaging_settings() -> MessagingSettings:
    """The settings of `messaging.yaml`, read once in each process."""
    return load_settings(MessagingSettings, "messaging")
