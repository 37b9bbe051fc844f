"""Who does something: the run and task that rows of the store database name."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class RunContext:
    """One task of one run. `map_index` is -1 for a task that is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int = -1

    def columns(self) -> dict[str, Any]:
        """The columns that every table of the store database has for it."""
        return asdict(self)


def moment() -> datetime:
    """Now, in UTC without a zone, as all tables of the store database keep it."""
    return datetime.now(UTC).replace(tzinfo=None)


def digest(*parts: str) -> str:
    """A short unique key (64 hex characters) for parts too long for an index of MySQL."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
