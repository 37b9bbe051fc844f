"""What the store decides about its product photos."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator, model_validator

from include.settings.loader import Settings, load_settings


class PhotoSettings(Settings):
    """How photos in the staff's folder are made fit for the web shop.

    The default is what the shop shows: at most 1280 x 1280 pixels and 1.8 MB. For large prints use
    2560 x 2560, quality 100 and a `limit_bytes` of some 6 MB.
    """

    limit_bytes: int = Field(default=1_800_000, ge=1_000)
    """A .jpg up to this size is left as it is, byte for byte; no result is larger."""

    max_width: int = Field(default=1280, ge=16)
    """Pixels, as a visitor sees the photo (after its rotation)."""

    max_height: int = Field(default=1280, ge=16)

    quality: int = Field(default=90, ge=1, le=100)
    """JPEG quality."""

    quality_floor: int = Field(default=60, ge=1, le=100)
    """A result above `limit_bytes` is saved again with lower quality down to this, then with fewer pixels."""

    progressive: bool = False
    """Progressive photos are 4 % smaller and appear at once, and take a tenth longer to make."""

    chroma: Literal["4:2:0", "4:4:4"] = "4:2:0"
    """"4:4:4" keeps sharp colour edges for a file that is larger by two fifths."""

    background: str = Field(default="#ffffff", pattern=r"^#[0-9a-fA-F]{6}$")
    """What shows through transparent pixels."""

    pixel_limit: int = Field(default=120_000_000, ge=1_000, le=178_000_000)
    """Width x height above which a file is refused: a few kilobytes can hold more than the memory does."""

    settle_seconds: float = Field(default=60, ge=0)
    """A bad file that was written less than this ago may still be on its way: it is left for the next run."""

    backup_folder: str = "backup"
    rejected_folder: str = "rejected"
    junk_names: tuple[str, ...] = ("Thumbs.db", "desktop.ini", ".DS_Store")

    @field_validator("backup_folder", "rejected_folder")
    @classmethod
    def _plain_name(cls, value: str) -> str:
        if not value or value in (".", "..") or "/" in value or "\\" in value:
            raise ValueError("the name of a folder inside the photo folder is expected, without slashes")
        return value

    @model_validator(mode="after")
    def _floor_below_quality(self) -> PhotoSettings:
        if self.quality_floor > self.quality:
            raise ValueError(f"quality_floor {self.quality_floor} is above quality {self.quality}")
        if self.backup_folder.casefold() == self.rejected_folder.casefold():
            raise ValueError("backup_folder and rejected_folder must differ")
        return self


class PhotosFile(Settings):
    """Schema of `photos.yaml`: how photos are prepared, and whether and where they are uploaded."""

    prepare: PhotoSettings = PhotoSettings()
    upload: bool = False
    upload_folder: str = Field(default="product_images/import", pattern=r"^[^/.].*[^/]$")


@lru_cache(maxsize=1)
def photo_settings() -> PhotosFile:
    """The settings of `photos.yaml`, read once in each process."""
    return load_settings(PhotosFile, "photos")
