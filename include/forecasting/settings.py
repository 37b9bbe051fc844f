"""What `forecast.yaml` decides."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from include.settings.codes import Code
from include.settings.loader import Settings, load_settings

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
Source = Literal["counterpoint", "uploads"]
Level = Literal["total", "category", "item"]
MethodName = Literal["weekday_mean", "seasonal_naive", "ets", "theta", "mstl", "arima", "prophet"]


def _month_and_day(value: str) -> str:
    try:
        # A leap year, so that 02-29 is a day.
        date.fromisoformat(f"2024-{value}")
    except ValueError:
        raise ValueError(f'month and day such as "12-25" are expected, found {value!r}') from None
    return value


class ClosedDays(Settings):
    """The days without business."""

    weekdays: tuple[Weekday, ...] = ()
    every_year: tuple[Annotated[str, AfterValidator(_month_and_day)], ...] = ()
    days: tuple[date, ...] = ()
    open: tuple[date, ...] = ()

    def closes(self, day: date) -> bool:
        """Whether the settings say that the shop is closed on that day."""
        if day in self.open:
            return False
        return (
            WEEKDAYS[day.weekday()] in self.weekdays or f"{day:%m-%d}" in self.every_year or day in self.days
        )


class HolidaySettings(Settings):
    """Whose public holidays count."""

    country: str
    subdivision: str | None = None

    @model_validator(mode="after")
    def _known(self) -> HolidaySettings:
        from holidays import list_supported_countries

        known = list_supported_countries()
        if self.country not in known:
            raise ValueError(f"no holidays are known of the country {self.country!r}; US, CA, GB are codes")
        if self.subdivision is not None and self.subdivision not in known[self.country]:
            raise ValueError(
                f"{self.country} has no part {self.subdivision!r}; there are {', '.join(known[self.country])}"
            )
        return self


class LevelSettings(Settings):
    """How the series of one level are forecast."""

    top: int = Field(ge=0, le=5000)
    origins: int = Field(ge=4, le=60)
    methods: tuple[MethodName, ...] = Field(min_length=1)

    @field_validator("methods")
    @classmethod
    def _each_once(cls, value: tuple[MethodName, ...]) -> tuple[MethodName, ...]:
        if len(set(value)) < len(value):
            raise ValueError("a method stands twice")
        return value


class ForecastSettings(Settings):
    """The whole file."""

    horizon_days: int = Field(ge=1, le=60)
    history_days: int = Field(ge=28, le=3660)
    sources: tuple[Source, ...] = Field(min_length=1)
    stores: tuple[Code, ...] = ()
    upload_days: int = Field(ge=1, le=90)
    holidays: HolidaySettings
    closed: ClosedDays
    levels: dict[Level, LevelSettings]
    clearly_better: float = Field(ge=0, le=10)
    coverage: float = Field(gt=0.5, lt=1)
    chunk: int = Field(ge=1, le=500)
    shown_days: int = Field(ge=7, le=366)

    @field_validator("levels")
    @classmethod
    def _all_levels(cls, value: dict[Level, LevelSettings]) -> dict[Level, LevelSettings]:
        if missing := {"total", "category", "item"} - set(value):
            raise ValueError(f"these levels are missing: {', '.join(sorted(missing))}")
        return value


@lru_cache(maxsize=1)
def forecast_settings() -> ForecastSettings:
    """The settings of `forecast.yaml`, read once in each process."""
    return load_settings(ForecastSettings, "forecast")
