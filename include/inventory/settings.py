"""Schema of `inventory.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field

from include.settings import load_settings
from include.settings.loader import Settings


class SegmentSettings(Settings):
    """One group of customers and what its feed shows."""

    folder: str = Field(pattern=r"^[^/.].*[^/]$", description="folder on the file server")
    file: str = Field(pattern=r"^[^/.]+$", description="file name without its ending")
    price: Literal["PRC_1", "REG_PRC"]
    show_category: bool = False
    categories: tuple[str, ...] = ()


class FeedSettings(Settings):
    """What counts as active and how the feeds are written."""

    include_sold_out: bool = True
    subtract_buffer: bool = False
    heading: bool = False
    formats: tuple[Literal["csv", "json"], ...] = ("csv", "json")
    smallest_share: float = Field(0.5, ge=0, le=1)
    segments: dict[str, SegmentSettings]


class InventorySettings(Settings):
    """The whole file."""

    feeds: FeedSettings


@lru_cache(maxsize=1)
def inventory_settings() -> InventorySettings:
    """The settings of `inventory.yaml`, read once in each process."""
    return load_settings(InventorySettings, "inventory")
