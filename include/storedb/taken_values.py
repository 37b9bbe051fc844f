"""What runs of ours took from a row for certain reasons, and nobody has given back since."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine, and_, or_, select

from include.database.retries import with_retries
from include.storedb.audit import PENDING
from include.storedb.tables import AUDIT


class TakenValues:
    """The rows (`key in ...`) whose field a run changed last for one of the reasons.

    Where nobody heard a change's outcome, taking counts and giving back does not: asking makes sense only for
    rows that lack the value now.
    """

    def __init__(self, engine: Engine, target: str, field: str, reasons: Collection[str]) -> None:
        self._engine = engine
        self._reasons = frozenset(reasons)
        took = and_(AUDIT.c.outcome == PENDING, AUDIT.c.reason.in_(sorted(reasons)))
        made = or_(AUDIT.c.outcome == "applied", took)
        of_field = (AUDIT.c.target == target, AUDIT.c.field == field, made)
        self._changes = select(AUDIT.c.reason).where(*of_field).order_by(AUDIT.c.id.desc()).limit(1)

    def __contains__(self, key: object) -> bool:
        wanted = self._changes.where(AUDIT.c.row_key == str(key))

        def work() -> str | None:
            with self._engine.connect() as connection:
                return connection.scalar(wanted)

        return with_retries(work) in self._reasons
