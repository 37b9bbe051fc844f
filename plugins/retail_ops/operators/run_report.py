"""The last task of every family: it adds up what the run did and decides whether the run went well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink, TriggerRule
from airflow.sdk.definitions.context import Context
from airflow.sdk.exceptions import AirflowFailException

from retail_ops.page_link import PAGE_LINK
from retail_ops.task_run import SKIPPED_BECAUSE, SUMMARY, TaskRun

COUNTS = ("planned", "applied", "skipped", "conflicted", "failed", "rejected")


class RunReportOperator(BaseOperator):
    """Add up the summaries of all tasks before it.

    It runs whatever became of them and fails when one failed, or when more than `tolerated` changes could not
    be made, so that a run with a broken part is never green.

    `tolerated` is how many failed changes a run may have and still count as gone well.
    """

    ui_color = "#cfdcec"

    def __init__(self, *, tolerated: int = 0, **kwargs: Any) -> None:
        super().__init__(trigger_rule=TriggerRule.ALL_DONE, **kwargs)
        self.tolerated = tolerated

    @property
    def operator_extra_links(self) -> tuple[BaseOperatorLink, ...]:  # type: ignore[override]
        """The page's button, in a family of which a task leaves a page."""
        others = [self.dag.get_task(name) for name in self.dag.task_ids if name != self.task_id]
        return (PAGE_LINK,) if any(PAGE_LINK in one.operator_extra_links for one in others) else ()

    def execute(self, context: Context) -> None:
        """Leave the run's summary behind; raises `AirflowFailException` naming the parts that failed."""
        ti = context["ti"]
        before = sorted(set(self.dag.task_ids) - {self.task_id})
        parts = {task_id: _added_up(ti.xcom_pull(task_ids=task_id, key=SUMMARY)) for task_id in before}
        total: dict[str, Any] = {name: sum(part[name] for part in parts.values()) for name in COUNTS}
        planners = [name for name in before if getattr(self.dag.get_task(name), "is_planner", False)]
        total["planned"] = sum(parts[name]["planned"] for name in planners)
        total["rejects"] = sorted(path for part in parts.values() for path in part["rejects"])
        total["parts"] = {name: {n: part[n] for n in COUNTS if part[n]} for name, part in parts.items()}
        total["reasons"] = sorted(
            {reason for name in before for reason in _texts(ti.xcom_pull(task_ids=name, key=SKIPPED_BECAUSE))}
        )
        if pages := [page for part in parts.values() for page in part["pages"]]:
            total["details"] = {"page": pages[-1]}
        self.log.info("The run: %s", ", ".join(f"{name} {total[name]}" for name in COUNTS))
        for path in total["rejects"]:
            self.log.warning("Set aside, with reasons: %s", path)
        TaskRun(context).push(SUMMARY, total)
        self._judge(ti, total)

    def _judge(self, ti: Any, total: dict[str, Any]) -> None:
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        failed = sorted(name for name, state in states.items() if state == "failed")
        if failed:
            raise AirflowFailException(
                f"these tasks failed: {', '.join(failed)}. Their logs say why; clear them to run again."
            )
        if total["failed"] > self.tolerated:
            raise AirflowFailException(
                f"{total['failed']} changes could not be made ({self.tolerated} are tolerated); "
                f"reasons: {', '.join(total['rejects'])}"
            )


def _texts(found: Any) -> list[str]:
    several = [found] if isinstance(found, str) else found or []
    return [text for text in several if isinstance(text, str)]


def _added_up(summaries: Any) -> dict[str, Any]:
    found = summaries if isinstance(summaries, Sequence) else [summaries]
    dicts = [s for s in found if isinstance(s, dict)]
    added: dict[str, Any] = {name: sum(s.get(name) or 0 for s in dicts) for name in COUNTS}
    for name, key in (("rejects", "rejects"), ("pages", "page")):
        added[name] = [s["details"][key] for s in dicts if s.get("details", {}).get(key)]
    return added
