"""Schema of `email_lists.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from pydantic import Field, field_validator

from include.settings.loader import Settings, load_settings

Shown = Literal[
    "number", "first_name", "last_name", "email", "phone", "birth_month", "spouse_birth_month", "points"
]


class ListColumn(Settings):
    """One column of a list: its heading, and what of a customer it shows."""

    heading: str = Field(pattern=r"\S")
    shows: Shown


class ListSettings(Settings):
    """The list of one customer category."""

    category: str = Field(pattern=r"\S")
    file: str = Field(pattern=r"^[^/\\.][^/\\]*\.csv$", description="file name")
    columns: tuple[ListColumn, ...] = Field(min_length=1)


class EmailListSettings(Settings):
    """The whole file."""

    folder: str = Field(pattern=r"^[^/.].*[^/]$", description="folder of the store's files")
    smallest_share: float = Field(0.5, ge=0, le=1)
    only_mailout_yes: bool = False
    segments: dict[str, ListSettings]

    @field_validator("segments")
    @classmethod
    def _a_file_for_each(cls, value: dict[str, ListSettings]) -> dict[str, ListSettings]:
        files = [segment.file.casefold() for segment in value.values()]
        if twice := sorted({file for file in files if files.count(file) > 1}):
            raise ValueError(f"two lists have the same file: {', '.join(twice)}")
        return value


@lru_cache(maxsize=1)
def email_list_settings() -> EmailListSettings:
    """The settings of `email_lists.yaml`, read once in each process."""
    return load_settings(EmailListSettings, "email_lists")
