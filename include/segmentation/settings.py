"""What `segmentation.yaml` decides."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator, model_validator

from include.settings.codes import Code
from include.settings.customer_segments import SEGMENT_NAMES, SegmentName
from include.settings.loader import Settings, load_settings

Source = Literal["counterpoint", "uploads"]
Feature = Literal["recency", "frequency", "monetary"]


class Shared(Settings):
    """From which shares of days and of sales on a number is one that many people share."""

    days: float = Field(gt=0, le=1)
    amount: float = Field(gt=0, le=1)


class SetAside(Settings):
    """Who is no customer."""

    customers: tuple[Code, ...] = ()
    shared: Shared | None
    single: tuple[Code, ...] = ()


class Features(Settings):
    """What is compared, and on which scale."""

    log: tuple[Feature, ...] = ()
    scaling: Literal["robust", "standard"]


class Clusters(Settings):
    """How the number of clusters is chosen."""

    at_least: int = Field(ge=2, le=20)
    at_most: int = Field(ge=2, le=20)
    starts: int = Field(ge=1, le=1000)
    resamples: int = Field(ge=2, le=200)
    stable: float = Field(ge=0, le=1)
    near_best: float = Field(ge=0, le=1)
    smallest: int = Field(ge=1)
    sample: int = Field(ge=100, le=20_000)
    seed: int = Field(ge=0, lt=2**31)
    fewest: int = Field(ge=2)

    @model_validator(mode="after")
    def _a_range(self) -> Clusters:
        if self.at_least > self.at_most:
            raise ValueError("at_least is more than at_most")
        return self


class Names(Settings):
    """The bounds of the rules that name segments, as multiples of the median customer, and in days."""

    lately: float = Field(gt=0)
    lately_days: int = Field(ge=0, le=3660)
    high: float = Field(gt=0)
    low: float = Field(gt=0)

    @model_validator(mode="after")
    def _in_order(self) -> Names:
        if self.low >= self.high:
            raise ValueError("low must be less than high")
        return self


class Action(Settings):
    """What to do about a segment, and what is assumed of it; `discount` is a share, `cost` in dollars."""

    do: str = Field(pattern=r"\S", max_length=255)
    response: float = Field(ge=0, le=1)
    discount: float = Field(ge=0, le=1)
    cost: float = Field(ge=0)


class SegmentationSettings(Settings):
    """The whole file."""

    sources: tuple[Source, ...] = Field(min_length=1)
    stores: tuple[Code, ...] = ()
    window_days: int = Field(ge=28, le=3660)
    upload_days: int = Field(ge=1, le=366)
    set_aside: SetAside
    features: Features
    clusters: Clusters
    names: Names
    margin: float = Field(ge=0, le=1)
    actions: dict[SegmentName, Action]

    @field_validator("actions")
    @classmethod
    def _for_all(cls, value: dict[SegmentName, Action]) -> dict[SegmentName, Action]:
        if missing := [name for name in SEGMENT_NAMES if name not in value]:
            raise ValueError(f"these segments are missing: {', '.join(missing)}")
        return value


@lru_cache(maxsize=1)
def segmentation_settings() -> SegmentationSettings:
    """The settings of `segmentation.yaml`, read once in each process."""
    return load_settings(SegmentationSettings, "segmentation")
