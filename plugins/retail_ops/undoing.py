"""Undoing a run: which run is meant, and what its places hold now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include import undo
from include.changes import Change, Plan, Value
from include.errors import InvalidRequest
from retail_ops.store_changes import COUNTERPOINT, WEB_SHOP
from retail_ops.task_run import TaskRun


def plan_undo(task_run: TaskRun) -> Plan:
    """The inverse of the run that the parameters name; skips, saying so, when they name none.

    Raises `InvalidRequest` when no run with changes has that id, or runs of several DAGs have it.
    """
    from include.storedb.audit import audited_changes, audited_dags
    from retail_ops.hooks.databases import StoreDbHook

    run_id, dag_id = task_run.params["run_id"].strip(), task_run.params["dag_id"].strip()
    if not run_id:
        task_run.skip("no run was named: trigger with the id of the run that shall be taken back")
    engine = StoreDbHook().engine
    dags = [name for name in audited_dags(engine, run_id) if dag_id in ("", name)]
    if not dags:
        raise InvalidRequest(f"run_id: there are no audited changes of a run {run_id!r} {dag_id}".strip())
    if len(dags) > 1:
        raise InvalidRequest(f"dag_id: several DAGs have a run {run_id!r}: {', '.join(dags)}; name one")
    return undo.plan_undo(audited_changes(engine, dags[0], run_id), {*COUNTERPOINT, *WEB_SHOP}, _current)


def _current(changes: Sequence[Change]) -> Mapping[undo.Place, Value]:
    rows = [change for change in changes if change.target in COUNTERPOINT]
    products = [change for change in changes if change.target in WEB_SHOP]
    return {**_held_by_counterpoint(rows), **_held_by_web_shop(products)}


def _held_by_counterpoint(changes: Sequence[Change]) -> Mapping[undo.Place, Value]:
    from include.counterpoint.current import current_values
    from retail_ops.hooks.databases import CounterpointHook

    return current_values(CounterpointHook().engine, changes) if changes else {}


def _held_by_web_shop(changes: Sequence[Change]) -> Mapping[undo.Place, Value]:
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    if not changes:
        return {}
    fields = sorted({change.field for change in changes})
    found = BigCommerceHook().products(fields, ids=sorted({int(str(change.key)) for change in changes}))
    products = {str(product["id"]): product for product in found}
    return {
        undo.place_of(change): _value(products[str(change.key)].get(change.field))
        for change in changes
        if str(change.key) in products
    }


def _value(value: object) -> Value:
    return tuple(value) if isinstance(value, list) else value  # type: ignore[return-value]
