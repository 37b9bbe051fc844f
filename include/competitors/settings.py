"""Schema of `competitors.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from include.settings.loader import Settings, load_settings

Word = Annotated[str, Field(pattern=r"\S")]
SiteName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Path = Annotated[str, Field(pattern=r"^/([^/\s]\S*)?$")]
# A column by the words of its heading, or by its number, counted from 1.
Heading = Word | Annotated[int, Field(ge=1)]


class Step(Settings):
    """One thing to do in the browser: exactly one of `open`, `fill`, `click`, `wait_for`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    open: Path | None = None
    fill: Word | None = None
    value: Literal["login", "password"] | None = Field(default=None, alias="with")
    click: Word | None = None
    wait_for: Word | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Step:
        given = [name for name in ("open", "fill", "click", "wait_for") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("a step is exactly one of open, fill, click, wait_for")
        if (self.fill is None) != (self.value is None):
            raise ValueError("fill needs 'with: login' or 'with: password', and nothing else has it")
        return self

    def __str__(self) -> str:
        words = {"open": self.open, "fill": self.fill, "click": self.click, "wait_for": self.wait_for}
        name, target = next((name, target) for name, target in words.items() if target is not None)
        return f"{name} {target!r}"


class Columns(Settings):
    """Where in the table the fields are."""

    name: Heading
    price: Heading
    size: Heading | None = None
    available: Heading | None = None

    @property
    def wanted(self) -> dict[str, str | int]:
        """The columns that are named, by field."""
        return {name: value for name, value in self.model_dump().items() if value is not None}


class Paging(Settings):
    """How to come to the next page, and how many there are at most."""

    next: Word
    most_pages: int = Field(default=20, ge=1, le=500)


class SiteSettings(Settings):
    """One competitor."""

    name: Word
    enabled: bool = True
    connection: Word
    compare_with: Literal["retail", "wholesale"] = "retail"
    steps: tuple[Step, ...] = Field(min_length=1)
    refused: Word | None = None
    table: Word
    columns: Columns
    paging: Paging | None = None
    wait_seconds: float = Field(default=20, gt=0, le=300)
    fewest_rows: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _begins_somewhere(self) -> SiteSettings:
        if self.steps[0].open is None:
            raise ValueError("the first step must be 'open'")
        return self


class BrowserSettings(Settings):
    """How Chromium is started."""

    sandbox: bool = True
    page_seconds: float = Field(default=60, gt=0, le=600)


class MatchSettings(Settings):
    """From which likeness on (0 to 100) goods are taken for the same, or shown to a person."""

    sure: float = Field(default=97, ge=50, le=100)
    candidate: float = Field(default=82, ge=50, le=100)
    candidates_for_each: int = Field(default=3, ge=1, le=10)

    @model_validator(mode="after")
    def _in_order(self) -> MatchSettings:
        if self.candidate > self.sure:
            raise ValueError(f"candidate ({self.candidate}) must not be above sure ({self.sure})")
        return self


class CompetitorSettings(Settings):
    """The whole file."""

    sites: dict[SiteName, SiteSettings] = Field(default_factory=dict)
    matching: MatchSettings = MatchSettings()
    browser: BrowserSettings = BrowserSettings()

    @property
    def enabled(self) -> dict[str, SiteSettings]:
        """The sites that are to be read, by their short names."""
        return {name: site for name, site in self.sites.items() if site.enabled}


@lru_cache(maxsize=1)
def competitor_settings() -> CompetitorSettings:
    """The settings of `competitors.yaml`, read once in each process."""
    return load_settings(CompetitorSettings, "competitors")
