"""The two tasks of a rule that changes Counterpoint: its plan, and the writing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from airflow.sdk import TaskGroup, TriggerRule

from include.changes import Budget, Plan, Result
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.store_changes import apply_to_counterpoint
from retail_ops.task_run import TaskRun

Apply = Callable[[TaskRun, Plan], list[Result] | Iterator[list[Result]]]


def rule_tasks(
    name: str,
    plan: Callable[[TaskRun], Plan],
    budget: Callable[[], Budget],
    apply: Apply = apply_to_counterpoint,
    **more: Any,
) -> tuple[PlanOperator, ApplyOperator]:
    """A task group with the tasks `plan` and `apply`; the rule `name` is a part that a run may choose.

    Whatever became of tasks before it, the rule plans: it has no say over others, nor they over it. `more`
    goes to the `ApplyOperator`.
    """
    with TaskGroup(group_id=name):
        planned = PlanOperator(
            task_id="plan",
            plan=plan,
            budget=budget,
            part=name,
            pool="counterpoint",
            trigger_rule=TriggerRule.ALL_DONE,
        )
        applied = ApplyOperator(
            task_id="apply", chunk=planned.output, apply=apply, **{"pool": "counterpoint", **more}
        )
    return planned, applied
