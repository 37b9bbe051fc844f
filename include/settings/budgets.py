"""Schema of the change budgets that settings files give their rules."""

from __future__ import annotations

from pydantic import Field

from include.changes import Budget
from include.settings.loader import Settings


class BudgetSettings(Settings):
    """How much one run of a rule may change; see `include.changes.Budget`."""

    max_share: float = Field(default=1.0, ge=0, le=1)
    max_changes: int | None = Field(default=None, ge=0)
    min_considered: int = Field(default=0, ge=0)

    def budget(self) -> Budget:
        """The same as a plan is checked against."""
        return Budget(self.max_share, self.max_changes, self.min_considered)
