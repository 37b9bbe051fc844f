"""What `forecast.yaml` decides."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator, model_validator

from include.settings.codes import Code
from include.settings.days import ClosedDays
from include.settings.loader import Settings, load_settings

Source = Literal["counterpoint", "uploads"]
Level = Literal["total", "category", "item"]
MethodName = Literal["weekday_mean", "seasonal_naive", "ets", "theta", "mstl", "arima", "prophet"]


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
