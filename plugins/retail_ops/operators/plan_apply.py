"""The pair of operators behind every automation that changes something: plan, then apply."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from airflow.sdk import BaseOperator, ObjectStoragePath, TriggerRule
from airflow.sdk.definitions.context import Context

from include.changes import Budget, Change, Plan, Reject, Result, Summary, read_plan, summarize, write_plan
from include.errors import BudgetExceeded, VendorUnavailable
from include.privacy import masked
from retail_ops.task_run import TaskRun

SHOWN = 20


class PlanOperator(BaseOperator):
    """Make a plan, store it and check its budget; nothing is changed.

    - `plan`: the rule, called with the `TaskRun`; it returns a `Plan`. - `budget`: how much may change, or a
    function that says so when the task runs; a plan above it fails the task, with the plan stored for a look,
    unless the run's parameter `over_budget` says that a person has had that look. - `part`: the name (or
    names) by which the run's parameter `only` chooses this pair. - `parts`: cuts the plan into (start, stop)
    pairs, one for each instance of an `ApplyOperator` that is mapped over the chunks; without it the plan
    stays in one piece.

    It returns the chunks, for an `ApplyOperator` to take or to be mapped over; the XCom `summary` has the
    counts and the plan's place. A plan without changes still makes one empty chunk, so that its apply task
    can say why it had nothing to do.
    """

    is_planner = True
    """What it leaves as `planned` counts as the run's plan."""

    template_fields: Sequence[str] = ()
    ui_color = "#d9e8d0"

    def __init__(
        self,
        *,
        plan: Callable[[TaskRun], Plan],
        budget: Budget | Callable[[], Budget] | None = None,
        part: str | Sequence[str] = "",
        parts: Callable[[Plan], Sequence[tuple[int, int]]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.plan = plan
        self.budget = budget or Budget()
        self.part = (part,) if isinstance(part, str) else tuple(part)
        self.parts = parts

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Plan; raises `BudgetExceeded`, and skips when the run was asked for other parts only."""
        task_run = TaskRun(context)
        only = task_run.params.get("only") or []
        if only and not set(self.part) & set(only):
            task_run.skip(f"this run is for {', '.join(only)} only")
        started = time.monotonic()
        plan = self.plan(task_run)
        path = task_run.plan_file()
        write_plan(plan, path)
        rejects_file = task_run.write_rejects(plan.rejects)
        self._show(plan.changes, plan.rejects, rejects_file)
        self._check(plan, accepted=bool(task_run.params.get("over_budget")))
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

    def _check(self, plan: Plan, *, accepted: bool) -> None:
        budget = self.budget() if callable(self.budget) else self.budget
        budget.check_source(plan)
        try:
            budget.check(plan)
        except BudgetExceeded as error:
            if not accepted:
                raise
            self.log.warning("Carried out because this run was started with over_budget: %s", error)

    def _chunks(self, plan: Plan, path: str, *, whole: bool) -> list[dict[str, Any]]:
        count = len(plan.changes)
        cuts = self.parts(plan) if self.parts and count and not whole else [(0, count)]
        # The stamp tells this plan from another of the same run, made after a person has cleared it.
        made = {"plan": path, "task": self.task_id, "stamp": uuid4().hex}
        return [{**made, "start": start, "stop": stop} for start, stop in cuts]

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
    """Carry out stored plans, or one chunk of a plan, with an audit row for every change.

    - `chunk`: what `PlanOperator` returned, one element of it (`plan`, `start`, `stop`), or what several
    planners returned; a planner that failed or was skipped contributes nothing.
    - `apply`: called with the `TaskRun` and the part of the plan; it returns one `Result` for each change, or
    yields them batch by batch, so that each batch is audited before the next one begins. It treats a change
    that is found made already as applied, so that a retry completes what was begun.
    - `targets`: carry out changes to these targets only; another task takes the rest of the plan.
    - `resume`: a retry leaves out what an earlier try has made and audited, where looking whether a change
    was made costs a request each. Once a person has cleared the run, everything is made again: it may have
    been taken back meanwhile.
    - `after`: called with all results at the end, also when `apply` broke off; it may be called again.

    Changes that failed for a passing reason (`Result.retry`) make the task fail while it has tries left.
    """

    template_fields: Sequence[str] = ("chunk",)
    ui_color = "#f3dfc1"

    def __init__(
        self,
        *,
        chunk: Any,
        apply: Callable[[TaskRun, Plan], list[Result] | Iterator[list[Result]]],
        targets: Collection[str] = (),
        resume: bool = False,
        after: Callable[[TaskRun, list[Result]], None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.chunk = chunk
        self.apply = apply
        self.targets = frozenset(targets)
        self.resume = resume
        self.after = after

    def execute(self, context: Context) -> None:
        """Apply; skips, saying so, on a dry run and when nothing is planned."""
        chunks = self._current(_flat(self.chunk), context)
        task_run = TaskRun(context, "-".join(sorted({chunk["stamp"] for chunk in chunks})))
        plan = self._planned(chunks)
        if not plan.changes:
            task_run.skip("nothing to change")
        if task_run.dry_run:
            places = ", ".join(sorted({chunk["plan"] for chunk in chunks}))
            planned = f"{len(plan.changes)} changes are planned and none was made"
            task_run.skip(f"dry run: {planned}; they are listed in {places}")
        started = time.monotonic()
        results: list[Result] = []
        try:
            self._carry_out(task_run, plan, results)
        finally:
            if self.after:
                self.after(task_run, results)
            summary = self._leave(task_run, results, time.monotonic() - started)
        self.log.info("Done: %s", summary)
        again = [r for r in results if r.retry]
        if again and task_run.tries_left:
            raise VendorUnavailable(
                f"{len(again)} of {len(results)} changes could not be made yet, "
                f"the first because: {again[0].message}"
            )

    def _current(self, chunks: list[dict[str, Any]], context: Context) -> list[dict[str, Any]]:
        """Without what planners left behind that did not succeed this time: in a cleared run that is old."""
        if self.trigger_rule == TriggerRule.ALL_SUCCESS:
            return chunks
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        return [chunk for chunk in chunks if states.get(chunk["task"]) == "success"]

    def _planned(self, chunks: Sequence[dict[str, Any]]) -> Plan:
        plans = [
            read_plan(ObjectStoragePath(chunk["plan"])).part(chunk["start"], chunk["stop"])
            for chunk in chunks
            if chunk["stop"] > chunk["start"]
        ]
        changes = tuple(
            change
            for plan in plans
            for change in plan.changes
            if not self.targets or change.target in self.targets
        )
        rejects = tuple(reject for plan in plans for reject in plan.rejects)
        return Plan(changes, sum(plan.considered for plan in plans), rejects)

    def _carry_out(self, task_run: TaskRun, plan: Plan, results: list[Result]) -> None:
        """Fill `results` as they come, so that what was done is known also when `apply` breaks off."""
        task_run.audit.begin(plan.changes)
        if self.resume and not task_run.was_cleared:
            made = task_run.audit.applied(plan.changes)
            results += [Result(c, "applied") for c in plan.changes if c in made]
            plan = replace(plan, changes=tuple(c for c in plan.changes if c not in made))
            if made:
                self.log.info("%d changes were made by an earlier try of this run", len(made))
        outcome = self.apply(task_run, plan) if plan.changes else []
        for batch in [outcome] if isinstance(outcome, list) else outcome:
            task_run.audit.finish(batch)
            results += batch

    def _leave(self, task_run: TaskRun, results: list[Result], seconds: float) -> Summary:
        noted = [r for r in results if r.set_aside or r.status != "applied"]
        words = ["set aside" if r.set_aside else r.status for r in noted]
        for result, word in zip(noted[:SHOWN], words, strict=False):
            self.log.warning(masked(f"{word}: {result.change.key}: {result.message}"))
        pairs = zip(noted, words, strict=True)
        rejects = [Reject(str(r.change.key), f"{word}: {r.message}") for r, word in pairs]
        details = {"rejects": path} if (path := task_run.write_rejects(rejects)) else {}
        summary = summarize(results, seconds, details)
        task_run.leave(summary)
        return summary


def _flat(chunk: Any) -> list[dict[str, Any]]:
    if isinstance(chunk, dict):
        return [chunk]
    return [one for part in chunk or [] for one in _flat(part)]
