"""The audit trail: every change is written down before it is made, and again with what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, select, update

from include.changes import Change, Result, decode, encode
from include.database.dialects import insert_missing
from include.database.retries import with_retries
from include.database.values import in_parts, storable
from include.storedb.runs import RunContext, digest, moment
from include.storedb.tables import AUDIT, MESSAGE, REASON

PENDING = "pending"


class Audit:
    """Audit rows of one task. A change is `pending` from before it is made until its result is known.

    A row stays pending when the process died in between; the retry, which finds the change made, closes it.
    After a run that was cut off by its time limit no retry comes: what became of its pending changes has to
    be looked up. `stamp` names the plan: the same change in a later plan of the same run is another one.
    """

    def __init__(self, engine: Engine, run: RunContext, stamp: str = "") -> None:
        self.engine = engine
        self.run = run
        self.stamp = stamp

    def begin(self, changes: Sequence[Change]) -> None:
        """Write down what is about to be changed; a retry finds its rows and adds none."""
        rows = [self._row(change) for change in changes]
        for part in in_parts(rows):
            with_retries(lambda part=part: self._insert(part))  # type: ignore[misc]

    def finish(self, results: Sequence[Result]) -> None:
        """Write down what became of each change; what was applied stays so when a retry finds it done."""
        hashes: dict[tuple[str, str], list[str]] = {}
        for result in results:
            outcome = (result.status, _words(result.message, MESSAGE))
            hashes.setdefault(outcome, []).append(self._hash(result.change))

        def work() -> None:
            with self.engine.begin() as connection:
                for (status, message), found in hashes.items():
                    for part in in_parts(found):
                        closed = AUDIT.c.change_hash.in_(part)
                        connection.execute(
                            update(AUDIT)
                            .where(closed, AUDIT.c.outcome != "applied")
                            .values(outcome=status, message=message, at=moment())
                        )

        if hashes:
            with_retries(work)

    def applied(self, changes: Sequence[Change]) -> set[Change]:
        """Those of the changes that this run has made and audited already."""
        hashes = {self._hash(change): change for change in changes}
        keys = list(hashes)
        made: set[Change] = set()
        with self.engine.connect() as connection:
            for part in in_parts(keys):
                among = AUDIT.c.change_hash.in_(part)
                found = select(AUDIT.c.change_hash).where(among, AUDIT.c.outcome == "applied")
                made |= {hashes[key] for key in connection.scalars(found)}
        return made

    def _insert(self, rows: Sequence[dict[str, Any]]) -> None:
        with self.engine.begin() as connection:
            insert_missing(connection, AUDIT, rows, "change_hash")

    def _hash(self, change: Change) -> str:
        # Not of the task: a retried task closes the rows of its earlier try, wherever it runs.
        return digest(
            self.run.dag_id,
            self.run.run_id,
            change.target,
            _key(change),
            change.field,
            json.dumps(encode(change.old)),
            json.dumps(encode(change.new)),
            self.stamp,
        )

    def _row(self, change: Change) -> dict[str, Any]:
        return {
            "change_hash": self._hash(change),
            "at": moment(),
            "target": change.target,
            "row_key": _key(change),
            "field": change.field,
            "old_value": json.dumps(encode(change.old)),
            "new_value": json.dumps(encode(change.new)),
            "reason": _words(change.reason, REASON),
            "outcome": PENDING,
            "message": "",
            **self.run.columns(),
        }


def _key(change: Change) -> str:
    # A plain key that looks like JSON is written as JSON too, so that `_change` can tell the two apart.
    plain = isinstance(change.key, str) and not change.key.startswith(("[", '"'))
    return str(change.key) if plain else json.dumps(change.key)


def _words(text: str, length: int) -> str:
    return storable(text)[:length]


def audited_dags(engine: Engine, run_id: str) -> list[str]:
    """The DAGs that have audited changes of a run with this id, by name."""
    with engine.connect() as connection:
        found = select(AUDIT.c.dag_id).where(AUDIT.c.run_id == run_id).distinct()
        return sorted(connection.scalars(found))


def audited_changes(engine: Engine, dag_id: str, run_id: str) -> list[tuple[Change, str]]:
    """The changes of a run with their outcomes, oldest first, as they were audited."""
    rows = select(AUDIT).where(AUDIT.c.dag_id == dag_id, AUDIT.c.run_id == run_id).order_by(AUDIT.c.id)
    with engine.connect() as connection:
        return [(_change(row), row.outcome) for row in connection.execute(rows)]


def _change(row: Any) -> Change:
    found = json.loads(row.row_key) if row.row_key.startswith(("[", '"')) else row.row_key
    key = tuple(found) if isinstance(found, list) else found
    old, new = decode(json.loads(row.old_value)), decode(json.loads(row.new_value))
    return Change(row.target, key, row.field, old, new, row.reason)
