"""The pair of operators behind every automation that changes something: plan, then apply."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from airflow.sdk import BaseOperator, ObjectStoragePath
from airflow.sdk.definitions.context import Context

from include.changes import Budget, Change, Plan, Reject, Result, Summary, read_plan, summarize, write_plan
from include.errors import VendorUnavailable
from include.privacy import masked
from retail_ops.task_run import TaskRun

SHOWN = 20


class PlanOperator(BaseOperator):
    """Make a plan, store it and check its budget; nothing is changed.

    - `plan`: the rule, called with the `TaskRun`; it returns a `Plan`. - `budget`: how much may change; a
    plan above it fails the task, with the plan stored for a look. - `part`: the name by which the run's
    parameter `only` chooses this pair. - `parts`: cuts the plan into (start, stop) pairs, one for each
    instance of an `ApplyOperator` that is mapped over the chunks; without it the plan stays in one piece.

    It returns the chunks, for an `ApplyOperator` to take or to be mapped over; the XCom `summary` has the
    counts and the plan's place. A plan without changes still makes one empty chunk, so that its apply task
    can say why it had nothing to do.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#d9e8d0"

    def __init__(
        self,
        *,
        plan: Callable[[TaskRun], Plan],
        budget: Budget | None = None,
        part: str = "",
        parts: Callable[[Plan], Sequence[tuple[int, int]]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.budget = budget or Budget()
        self.part = part
        self.parts = parts

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan; raises `BudgetExceeded`, and skips when the run was asked for other parts only."""
        task_run = TaskRun(context)
        only = task_run.params.get("only") or []
        if only and self.part not in only:
            task_run.skip(f"this run is for {', '.join(only)} only")
        started = time.monotonic()
        plan = self.plan(task_run)
        path = task_run.plan_file()
        write_plan(plan, path)
        rejects_file = task_run.write_rejects(plan.rejects)
        self._show(plan.changes, plan.rejects, rejects_file)
        self.budget.check(plan)
        details: dict[str, Any] = {"considered": plan.considered, "plan": str(path)}
        if rejects_file:
            details["rejects"] = rejects_file
        seconds = round(time.monotonic() - started, 3)
        summary = Summary(
            planned=len(plan.changes), rejected=len(plan.rejects), seconds=seconds, details=details
        )
        self.log.info("Plan: %s, of %d looked at", summary, plan.considered)
        task_run.leave(summary)
        return self._chunks(plan, str(path), whole=task_run.dry_run)

    def _chunks(self, plan: Plan, path: str, *, whole: bool) -> list[dict[str, Any]]:
        count = len(plan.changes)
        cuts = self.parts(plan) if self.parts and count and not whole else [(0, count)]
        return [{"plan": path, "start": start, "stop": stop} for start, stop in cuts]

    def _show(self, changes: Sequence[Change], rejects: Sequence[Reject], rejects_file: str | None) -> None:
        for c in changes[:SHOWN]:
            self.log.info(masked(f"{c.target} {c.key} {c.field}: {c.old!r} -> {c.new!r} ({c.reason})"))
        if len(changes) > SHOWN:
            self.log.info("... and %d more changes", len(changes) - SHOWN)
        for reject in rejects[:SHOWN]:
            self.log.warning(masked(f"Set aside: {reject.key}: {reject.reason}"))
        if rejects_file:
            self.log.warning("%d set aside; all of them with reasons: %s", len(rejects), rejects_file)


class ApplyOperator(BaseOperator):
    """Carry out a stored plan, or one chunk of it, with an audit row for every change.

    - `chunk`: what `PlanOperator` returned, or one element of it (`plan`, `start`, `stop`).
    - `apply`: called with the `TaskRun` and the part of the plan; it returns one `Result` for each change. It
      treats a change that is found made already as applied, so that a retry completes what was begun.

    Changes that failed for a passing reason (`Result.retry`) make the task fail while it has tries left.
    """

    template_fields: Sequence[str] = ("chunk",)
    ui_color = "#f3dfc1"

    def __init__(self, *, chunk: Any, apply: Callable[[TaskRun, Plan], list[Result]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chunk = chunk
        self.apply = apply

    def execute(self, context: Context) -> None:
        """Apply; skips, saying so, on a dry run and when nothing is planned."""
        task_run = TaskRun(context)
        chunk = self.chunk[0] if isinstance(self.chunk, list) else self.chunk
        if chunk["stop"] == chunk["start"]:
            task_run.skip("nothing to change")
        if task_run.dry_run:
            task_run.skip(
                f"dry run: {chunk['stop']} changes are planned and none was made; "
                f"they are listed in {chunk['plan']}"
            )
        plan = read_plan(ObjectStoragePath(chunk["plan"])).part(chunk["start"], chunk["stop"])
        started = time.monotonic()
        task_run.audit.begin(plan.changes)
        results = self.apply(task_run, plan)
        task_run.audit.finish(results)
        self._outcome(task_run, results, time.monotonic() - started)

    def _outcome(self, task_run: TaskRun, results: list[Result], seconds: float) -> None:
        noted = [r for r in results if r.set_aside or r.status != "applied"]
        words = ["set aside" if r.set_aside else r.status for r in noted]
        for result, word in zip(noted[:SHOWN], words, strict=False):
            self.log.warning(masked(f"{word}: {result.change.key}: {result.message}"))
        pairs = zip(noted, words, strict=True)
        rejects = [Reject(str(r.change.key), f"{word}: {r.message}") for r, word in pairs]
        details = {"rejects": path} if (path := task_run.write_rejects(rejects)) else {}
        summary = summarize(results, seconds, details)
        self.log.info("Done: %s", summary)
        task_run.leave(summary)
        again = [r for r in results if r.retry]
        if again and task_run.tries_left:
            raise VendorUnavailable(
                f"{len(again)} of {len(results)} changes could not be made yet, "
                f"the first because: {again[0].message}"
            )
