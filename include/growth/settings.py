"""What `growth_budget.yaml` decides."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from include.counterpoint.tables_customers import WALK_IN
from include.settings.codes import Code
from include.settings.loader import Settings, load_settings

Source = Literal["counterpoint", "uploads"]
SOURCES: tuple[Source, ...] = ("counterpoint", "uploads")
SilentMonths = Annotated[int, Field(ge=1, le=24)]


def _month(value: Any) -> Any:
    if value is None:
        return None
    try:
        return date.fromisoformat(f"{value}-01")
    except ValueError:
        raise ValueError(f'a month such as "2020-10" is expected, found {value!r}') from None


class GrowthSettings(Settings):
    """The whole file."""

    silent_months: SilentMonths
    compared: tuple[SilentMonths, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)
    stores: tuple[Code, ...] = ()
    not_customers: tuple[Code, ...] = ()
    first_month: Annotated[date | None, BeforeValidator(_month)] = None
    shown_months: int = Field(ge=2, le=240)

    @property
    def every_silent_months(self) -> tuple[int, ...]:
        """The numbers of silent months to reckon with, each once, in order."""
        return tuple(sorted({self.silent_months, *self.compared}))

    @property
    def set_aside(self) -> frozenset[str]:
        """What stands for more than one customer, as codes are compared."""
        return frozenset({"", WALK_IN, *self.not_customers})


@lru_cache(maxsize=1)
def growth_settings() -> GrowthSettings:
    """The settings of `growth_budget.yaml`, read once in each process."""
    return load_settings(GrowthSettings, "growth_budget")
