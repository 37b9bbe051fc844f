"""Tasks of `housekeeping`: old files of the store and of Airflow, old rows, Airflow's own database."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.sdk import conf

from include.changes import Budget, Change, Plan, Result
from include.errors import BudgetExceeded
from include.settings import store_settings
from retail_ops.task_run import TaskRun, store_files

if TYPE_CHECKING:
    from include.housekeeping.settings import HousekeepingSettings, OldFiles
    from include.housekeeping.trees import Tree
    from include.storedb.retention import Retention

log = logging.getLogger(__name__)

STORE_FILE, AIRFLOW_LOG = "store_file", "airflow_log"
ROWS = "rows"


def plan_files(task_run: TaskRun) -> Plan:
    """Files of the store that are not kept any longer."""
    from include.housekeeping.old_files import plan_old_files
    from include.housekeeping.trees import tree_at

    rules = _settings().file_rules
    tree = tree_at(store_files())
    return plan_old_files(tree, STORE_FILE, rules, task_run.when.date(), store_settings().zone)


def remove_files(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Remove them."""
    from include.housekeeping import old_files
    from include.housekeeping.trees import tree_at

    yield from old_files.remove_files(tree_at(store_files()), plan.changes, _settings().file_rules)


def plan_airflow_logs(task_run: TaskRun) -> Plan:
    """Airflow's logs of this machine that are not kept any longer.

    Skips where it keeps none, and where the setting is null.
    """
    from include.housekeeping.old_files import plan_old_files

    tree, rules = _log_tree(), _log_rules()
    if not rules:
        task_run.skip("housekeeping.yaml keeps Airflow's logs for ever")
    if tree is None:
        task_run.skip("Airflow keeps no logs on this machine")
    return plan_old_files(tree, AIRFLOW_LOG, rules, task_run.when.date(), store_settings().zone)


def remove_airflow_logs(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Remove them."""
    from include.housekeeping import old_files

    if tree := _log_tree():
        yield from old_files.remove_files(tree, plan.changes, _log_rules())


def plan_rows(task_run: TaskRun) -> Plan:
    """Rows that go, or lose what is personal in them: one change for each rule that has some.

    Raises `BudgetExceeded` when a rule takes too large a share of its table, unless a person has looked.
    """
    changes, sizes = [], {}
    accepted, budget = bool(task_run.params.get("over_budget")), group_budget("database")
    retention = _retention()
    for rule, days in _settings().database.days.items():
        cutoff = task_run.when.astimezone(UTC).replace(tzinfo=None) - timedelta(days=days)
        count, every = retention.count(rule, cutoff)
        sizes[_table(rule)] = every
        log.info("%s (%s): %d of %d rows", rule, _what(rule), count, every)
        if not accepted and count > budget.always and count > budget.max_share * every:
            raise BudgetExceeded(
                f"{rule}: {count} of {every} rows of {_table(rule)} would be {_what(rule)}, the budget "
                f"allows {budget.max_share:.0%}. Nothing was changed; run again with a higher budget if it "
                "is right."
            )
        if count:
            reason = f"{_what(rule)}: older than {days} days"
            changes.append(Change(_table(rule), (rule, cutoff.isoformat()), ROWS, count, 0, reason))
    return Plan(tuple(changes), sum(sizes.values()))


def carry_out_rows(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Remove and minimise; one list of results for each rule."""
    retention = _retention()
    for change in plan.changes:
        rule, cutoff = tuple(change.key)
        count = retention.carry_out(rule, datetime.fromisoformat(cutoff))
        log.info("%s: %d rows were %s", rule, count, _what(rule))
        yield [Result(change, "applied")]


def group_budget(group: str) -> Budget:
    """How much one run may remove of a group."""
    found = [one for name, one in _settings().budgets.items() if name == group]
    return found[0].budget() if found else Budget()


def _log_tree() -> Tree | None:
    from include.housekeeping.trees import LocalTree

    folder = Path(conf.get("logging", "base_log_folder"))
    return LocalTree(folder) if folder.is_dir() else None


def _log_rules() -> dict[str, OldFiles]:
    rule = _settings().airflow_logs
    return {"airflow_logs": rule} if rule else {}


def _table(rule: str) -> str:
    from include.storedb.retention import RULES

    return RULES[rule].table.name


def _what(rule: str) -> str:
    from include.storedb.retention import RULES

    return "minimised" if RULES[rule].emptied else "removed"


def _retention() -> Retention:
    from include.storedb.retention import Retention
    from retail_ops.hooks.databases import StoreDbHook

    return Retention(StoreDbHook().engine)


def _settings() -> HousekeepingSettings:
    from include.housekeeping.settings import housekeeping_settings

    return housekeeping_settings()
