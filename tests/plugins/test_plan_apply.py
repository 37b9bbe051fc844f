"""Plan, then apply: what the pair of operators does with a rule's plan."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath, TriggerRule
from airflow.sdk.exceptions import AirflowSkipException
from sqlalchemy import URL

from include.changes import Budget, Change, Plan, Reject, Result, read_plan
from include.database.engines import engine_for
from include.errors import BudgetExceeded, VendorUnavailable
from include.storedb.audit import audited_changes
from include.storedb.migrate import upgrade
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.task_run import TaskRun

CHANGES = tuple(Change("IM_ITEM", f"{n:04d}", "STAT", "A", "V", "sold out") for n in range(7))


class Run:
    """A run whose tasks are executed here: what Airflow gives them, and what they left behind."""

    def __init__(self, **params: Any) -> None:
        self.params = {"dry_run": False, "only": [], **params}
        self.cleared = 0
        self.states: dict[str, str] = {}
        self.xcoms: dict[str, Any] = {}

    def execute(self, operator: PlanOperator | ApplyOperator, try_number: int = 1) -> Any:
        ti = SimpleNamespace(
            dag_id="product_upkeep",
            run_id="manual__1",
            task_id=operator.task_id,
            map_index=-1,
            try_number=try_number,
            max_tries=3,
            xcom_push=self.xcoms.__setitem__,
            get_task_states=lambda **_: {"manual__1": self.states},
        )
        moment = datetime(2026, 7, 1, 3, tzinfo=UTC)
        dag_run = SimpleNamespace(logical_date=moment, run_after=None, clear_number=self.cleared)
        context: Any = {"ti": ti, "dag_run": dag_run, "params": self.params}
        return operator.execute(context)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> URL:
    url = URL.create("sqlite", database=str(tmp_path / "store.db"))
    upgrade(url)
    monkeypatch.setenv("AIRFLOW_CONN_STORE_DB", json.dumps({"conn_type": "sqlite", "host": url.database}))
    monkeypatch.setenv("RETAIL_OPS_STORE_FILES", (tmp_path / "files").as_uri())
    return url


def planner(plan: Plan, **options: Any) -> PlanOperator:
    return PlanOperator(task_id="plan", plan=lambda _run: plan, **options)


def outcomes(store: URL) -> list[str]:
    return [outcome for _, outcome in audited_changes(engine_for(store), "product_upkeep", "manual__1")]


def test_a_plan_is_handed_on_with_its_types_and_applied_with_an_audit_row_each(store: URL) -> None:
    run = Run()
    seen: list[Change] = []

    def apply(_run: TaskRun, plan: Plan) -> list[Result]:
        seen.extend(plan.changes)
        return [Result(change, "applied") for change in plan.changes]

    chunks = run.execute(planner(Plan(CHANGES, 100)))
    run.execute(ApplyOperator(task_id="apply", chunk=chunks, apply=apply))
    assert tuple(seen) == CHANGES
    assert outcomes(store) == ["applied"] * 7
    assert run.xcoms["summary"]["applied"] == 7


def test_the_parts_of_a_plan_are_the_whole_plan() -> None:
    run = Run()
    chunks = run.execute(planner(Plan(CHANGES, 7), parts=lambda _plan: [(0, 3), (3, 7)]))
    seen: list[Change] = []

    def apply(_run: TaskRun, plan: Plan) -> list[Result]:
        seen.extend(plan.changes)
        return [Result(change, "applied") for change in plan.changes]

    for chunk in chunks:
        run.execute(ApplyOperator(task_id="apply", chunk=chunk, apply=apply))
    assert tuple(seen) == CHANGES


def test_a_plan_above_its_budget_fails_and_can_be_looked_at(tmp_path: Path) -> None:
    with pytest.raises(BudgetExceeded):
        Run().execute(planner(Plan(CHANGES, 8), budget=Budget(max_changes=5)))
    (stored,) = (tmp_path / "files" / "plans").rglob("*.jsonl.gz")
    assert read_plan(stored).changes == CHANGES


def test_a_dry_run_says_what_it_would_do_and_does_not(store: URL) -> None:
    run = Run(dry_run=True)
    chunks = run.execute(planner(Plan(CHANGES, 7), parts=lambda _plan: [(0, 3), (3, 7)]))
    assert len(chunks) == 1
    with pytest.raises(AirflowSkipException, match="7 changes are planned and none was made"):
        run.execute(
            ApplyOperator(task_id="apply", chunk=chunks[0], apply=lambda *_: pytest.fail("was applied"))
        )
    assert outcomes(store) == []
    assert "none was made" in run.xcoms["skipped_because"]


def test_nothing_to_change_is_a_skip_with_a_reason() -> None:
    run = Run()
    chunks = run.execute(planner(Plan((), 7), parts=lambda _plan: []))
    with pytest.raises(AirflowSkipException, match="nothing to change"):
        run.execute(ApplyOperator(task_id="apply", chunk=chunks, apply=lambda *_: pytest.fail("was applied")))


def test_a_part_that_was_not_asked_for_is_not_even_planned() -> None:
    operator = PlanOperator(task_id="plan", plan=lambda _run: pytest.fail("was planned"), part="brands")
    with pytest.raises(AirflowSkipException, match="for buffers only"):
        Run(only=["buffers"]).execute(operator)


def test_what_failed_for_a_passing_reason_is_tried_again_and_the_rest_stays_done(store: URL) -> None:
    run, busy = Run(), {"0002"}

    def apply(_run: TaskRun, plan: Plan) -> list[Result]:
        return [
            Result(c, "failed", "the server is busy", retry=True) if c.key in busy else Result(c, "applied")
            for c in plan.changes
        ]

    chunks = run.execute(planner(Plan(CHANGES, 7)))
    operator = ApplyOperator(task_id="apply", chunk=chunks, apply=apply)
    with pytest.raises(VendorUnavailable, match=r"1 of 7 .* the server is busy"):
        run.execute(operator)
    assert outcomes(store).count("applied") == 6
    busy.clear()
    run.execute(operator, try_number=2)
    assert outcomes(store) == ["applied"] * 7


def test_after_the_last_try_the_rest_is_reported_instead(tmp_path: Path) -> None:
    run = Run()

    def apply(_run: TaskRun, plan: Plan) -> list[Result]:
        return [Result(c, "failed", "the server is busy", retry=True) for c in plan.changes]

    chunks = run.execute(planner(Plan(CHANGES, 7)))
    run.execute(ApplyOperator(task_id="apply", chunk=chunks, apply=apply), try_number=4)
    assert run.xcoms["summary"]["failed"] == 7
    rejects = ObjectStoragePath(run.xcoms["summary"]["details"]["rejects"]).read_text()
    assert rejects.count("the server is busy") == 7


def test_a_crash_in_the_middle_leaves_its_changes_pending_for_the_retry(store: URL) -> None:
    run = Run()
    chunks = run.execute(planner(Plan(CHANGES, 7)))

    def crash(*_: Any) -> list[Result]:
        raise MemoryError

    with pytest.raises(MemoryError):
        run.execute(ApplyOperator(task_id="apply", chunk=chunks, apply=crash))
    assert outcomes(store) == ["pending"] * 7


def test_no_phone_number_or_address_reaches_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change("AR_CUST", "1001", "PHONE_1", "518-555-0142", None, "landline of ada@example.com")
    Run().execute(planner(Plan((change,), 1, (Reject("1002", "no text to +15185550143"),))))
    log = capsys.readouterr().out
    assert "1001 PHONE_1" in log
    assert not any(secret in log for secret in ("555-0142", "5550143", "ada@"))


def test_a_rule_s_date_is_the_run_s_in_the_store_s_time_zone() -> None:
    dates = []

    def plan(run: TaskRun) -> Plan:
        dates.append(run.when)
        return Plan()

    Run().execute(PlanOperator(task_id="plan", plan=plan))
    assert dates[0].isoformat() == "2026-06-30T23:00:00-04:00"


def test_a_hostile_name_is_no_formula_in_the_list_of_rejects() -> None:
    plan = Plan(considered=1, rejects=(Reject('=HYPERLINK("http://x")', "-1 pixels wide"),))
    run = Run()
    run.execute(planner(plan))
    lines = ObjectStoragePath(run.xcoms["summary"]["details"]["rejects"]).read_text().splitlines()
    assert lines[1] == '"\'=HYPERLINK(""http://x"")",\'-1 pixels wide'


def batches_of_three(made: list[str]) -> Any:
    """An apply that makes three changes at a time and notes what it was asked to make."""

    def apply(_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
        for start in range(0, len(plan.changes), 3):
            batch = plan.changes[start : start + 3]
            made.extend(str(change.key) for change in batch)
            yield [Result(change, "applied") for change in batch]

    return apply


def test_a_retry_goes_on_after_the_last_audited_batch(store: URL) -> None:
    run, made, seen = Run(), list[str](), list[int]()

    def broken(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
        batches = batches_of_three(made)(task_run, plan)
        yield next(batches)
        next(batches)
        raise MemoryError

    chunks = run.execute(planner(Plan(CHANGES, 7)))
    common: Any = {"chunk": chunks, "resume": True, "after": lambda _run, found: seen.append(len(found))}
    with pytest.raises(MemoryError):
        run.execute(ApplyOperator(task_id="apply", apply=broken, **common))
    assert outcomes(store) == ["applied"] * 3 + ["pending"] * 4
    assert run.xcoms["summary"]["applied"] == 3
    run.execute(ApplyOperator(task_id="apply", apply=batches_of_three(made), **common), try_number=2)
    assert outcomes(store) == ["applied"] * 7
    # The batch that was cut off is made once more, those before it are not.
    assert made == [f"{n:04d}" for n in (0, 1, 2, 3, 4, 5, 3, 4, 5, 6)]
    assert run.xcoms["summary"]["applied"] == 7
    assert seen == [3, 7]
    # A person who clears the task wants it done again: what was made may have been taken back.
    run.cleared, made[:] = 1, []
    run.execute(ApplyOperator(task_id="apply", apply=batches_of_three(made), **common), try_number=3)
    assert len(made) == 7


def test_a_task_takes_its_targets_out_of_several_plans_and_misses_none_that_failed(store: URL) -> None:
    run, made = Run(), list[str]()
    other = tuple(Change("bigcommerce.product", str(n), "sort_order", 0, -n, "rank") for n in (1, 2))
    mixed = PlanOperator(task_id="one", plan=lambda _run: Plan((*CHANGES, *other), 9))
    second = PlanOperator(task_id="two", plan=lambda _run: Plan(other[:1], 1))
    chunk = [run.execute(mixed), None, run.execute(second)]
    apply = batches_of_three(made)
    run.execute(ApplyOperator(task_id="shop", chunk=chunk, apply=apply, targets=("bigcommerce.product",)))
    assert made == ["1", "2", "1"]
    with pytest.raises(AirflowSkipException, match="nothing to change"):
        run.execute(ApplyOperator(task_id="none", chunk=[None], apply=apply, targets=("AR_CUST",)))


def test_a_person_may_accept_a_large_plan_but_not_an_empty_source() -> None:
    large = planner(Plan(CHANGES, 8), budget=lambda: Budget(max_changes=5))
    with pytest.raises(BudgetExceeded, match="at most 5"):
        Run().execute(large)
    assert Run(over_budget=True).execute(large)[0]["stop"] == 7
    empty = planner(Plan(CHANGES, 8, basis=0), budget=Budget(min_considered=1))
    with pytest.raises(BudgetExceeded, match="made from 0 rows"):
        Run(over_budget=True).execute(empty)


def test_a_cleared_run_plans_anew_and_takes_no_old_plan_of_a_task_that_failed_this_time(store: URL) -> None:
    run, made = Run(), list[str]()
    apply = batches_of_three(made)
    chunks = run.execute(planner(Plan(CHANGES, 7)))
    run.execute(ApplyOperator(task_id="apply", chunk=chunks, apply=apply, resume=True))
    again = run.execute(planner(Plan(CHANGES, 7)))
    run.execute(ApplyOperator(task_id="apply", chunk=again, apply=apply, resume=True))
    assert len(made) == 14
    assert outcomes(store) == ["applied"] * 14

    gathering: Any = {"chunk": [chunks], "apply": apply, "trigger_rule": TriggerRule.ALL_DONE}
    run.states = {"plan": "upstream_failed"}
    with pytest.raises(AirflowSkipException, match="nothing to change"):
        run.execute(ApplyOperator(task_id="gather", **gathering))
    run.states = {"plan": "success"}
    run.execute(ApplyOperator(task_id="gather", **gathering))
    assert len(made) == 21
