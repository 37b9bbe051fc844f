"""Schema of `housekeeping.yaml`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from include.settings.budgets import BudgetSettings
from include.settings.loader import Settings, load_settings
from include.storedb.retention import MINIMISED, REMOVED

Group = Literal["files", "airflow_logs", "database"]


class OldFiles(Settings):
    """Which files go after how many days."""

    folder: str
    names: tuple[str, ...] = Field(min_length=1)
    excepted: tuple[str, ...] = Field(default=(), alias="except")
    days: int = Field(ge=1, le=36500)

    @field_validator("folder")
    @classmethod
    def _below_the_root(cls, value: str) -> str:
        path = PurePosixPath(value)
        if not value or path.is_absolute() or ".." in path.parts or "\\" in value or "://" in value:
            raise ValueError("a folder below the store's files is expected, such as reports/preview")
        return str(path)

    @field_validator("names", "excepted")
    @classmethod
    def _names_only(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [name for name in names if not name or "/" in name]:
            raise ValueError(f"{wrong[0]!r}: the names of files are expected, without their folders")
        return names


class OldRows(Settings):
    """After how many days rows are removed or minimised."""

    days: int = Field(ge=30, le=36500)


class AirflowDatabase(Settings):
    """How long Airflow keeps its runs, and how long cleaning may take."""

    days: int = Field(ge=30, le=36500)
    minutes: int = Field(default=30, ge=1, le=300)


class Database(Settings):
    """The store database's rows; each name is a rule of `include.storedb.retention`."""

    remove: dict[str, OldRows | None] = Field(default_factory=dict)
    minimise: dict[str, OldRows | None] = Field(default_factory=dict)

    @field_validator("remove", "minimise")
    @classmethod
    def _known(cls, value: dict[str, OldRows | None], info: ValidationInfo) -> dict[str, OldRows | None]:
        known = REMOVED if info.field_name == "remove" else MINIMISED
        if unknown := [name for name in value if name not in known]:
            raise ValueError(f"no such rows: {', '.join(unknown)}; there are {', '.join(known)}")
        return value

    @property
    def days(self) -> dict[str, int]:
        """The rules that are on, with their days."""
        return {name: one.days for name, one in {**self.remove, **self.minimise}.items() if one}


class HousekeepingSettings(Settings):
    """The whole file."""

    files: dict[str, OldFiles | None]
    airflow_logs: OldFiles | None
    database: Database
    airflow_database: AirflowDatabase | None
    budgets: dict[Group, BudgetSettings] = Field(default_factory=dict)

    @property
    def file_rules(self) -> dict[str, OldFiles]:
        """The rules for the store's files that are on."""
        return {name: rule for name, rule in self.files.items() if rule}


def housekeeping_settings() -> HousekeepingSettings:
    """The settings of `housekeeping.yaml`."""
    return load_settings(HousekeepingSettings, "housekeeping")
