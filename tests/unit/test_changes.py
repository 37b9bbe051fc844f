"""Plans, budgets, undo."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.changes import Budget, Change, Plan, Reject, Result, inverse, read_plan, summarize, write_plan
from include.errors import BudgetExceeded

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.floats(allow_nan=False, allow_infinity=False),
)
KEYS = st.one_of(st.text(min_size=1), st.tuples(st.text(), st.text()))
CHANGES = st.builds(Change, st.just("IM_ITEM"), KEYS, st.just("PRC_1"), VALUES, VALUES, st.text())


def changes(count: int) -> tuple[Change, ...]:
    return tuple(Change("IM_ITEM", str(n), "STAT", "A", "V", "sold out") for n in range(count))


@given(st.lists(CHANGES, max_size=8))
def test_a_stored_plan_comes_back_with_its_types(
    tmp_path_factory: pytest.TempPathFactory, found: list[Change]
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.jsonl.gz"
    plan = Plan(tuple(found), considered=17, rejects=(Reject("0012", "no price"),))
    write_plan(plan, path)
    again = read_plan(path)
    assert again == plan
    assert [type(c.new) for c in again.changes] == [type(c.new) for c in found]


def test_money_and_dates_survive_storage(tmp_path: Path) -> None:
    one = Change("AR_CUST", "1001", "LST_SAL_DAT", datetime(2026, 3, 1), date(2026, 2, 28), "refund")
    two = Change("IM_ITEM", "0012", "PRC_1", Decimal("10.10"), Decimal("9.90"), "sale")
    write_plan(Plan((one, two), 2), tmp_path / "p")
    assert read_plan(tmp_path / "p").changes == (one, two)


def test_a_plan_within_its_budget_passes() -> None:
    Budget(max_share=0.1, max_changes=200).check(Plan(changes(100), considered=1000))


def test_a_plan_that_would_rewrite_the_shop_is_stopped() -> None:
    with pytest.raises(BudgetExceeded, match="900 of 1000"):
        Budget(max_share=0.2).check(Plan(changes(900), considered=1000))


def test_an_empty_source_is_stopped_even_without_changes() -> None:
    with pytest.raises(BudgetExceeded, match="0 rows"):
        Budget(min_considered=1).check(Plan((), considered=0))


def test_the_absolute_budget_holds_for_any_share() -> None:
    with pytest.raises(BudgetExceeded, match="at most 50"):
        Budget(max_changes=50).check(Plan(changes(51), considered=100_000))


def test_a_small_store_may_change_a_few_things_whatever_their_share() -> None:
    Budget(max_share=0.05, always=20).check(Plan(changes(5), considered=6))


@given(CHANGES)
def test_undoing_twice_is_doing(change: Change) -> None:
    back = inverse(change)
    assert (back.old, back.new) == (change.new, change.old)
    again = inverse(back)
    assert (again.target, again.key, again.field, again.old, again.new) == (
        change.target,
        change.key,
        change.field,
        change.old,
        change.new,
    )


def test_a_summary_counts_each_outcome() -> None:
    one, two, three = changes(3)
    results = [
        Result(one, "applied"),
        Result(two, "conflicted", "a till was faster"),
        Result(three, "failed", "413"),
    ]
    summary = summarize(results, 1.5, {})
    assert (summary.planned, summary.applied, summary.conflicted, summary.failed) == (3, 1, 1, 1)
    assert "conflicted 1" in str(summary)
