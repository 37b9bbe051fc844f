"""Undo: what a run changed comes back, what others changed since stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.changes import Change, Value
from include.undo import Place, place_of, plan_undo

ITEM = "IM_ITEM"


def item(number: str, old: Value, new: Value, field: str = "STAT") -> Change:
    return Change(ITEM, number, field, old, new, "sold out")


def undone(audited: list[tuple[Change, str]], now: Mapping[Place, Value]) -> dict[Place, Value]:
    plan = plan_undo(audited, {ITEM}, lambda changes: _known(changes, now))
    return {place_of(change): change.new for change in plan.changes}


def _known(changes: Sequence[Change], now: Mapping[Place, Value]) -> Mapping[Place, Value]:
    return {place: now[place] for change in changes if (place := place_of(change)) in now}


def test_only_what_still_holds_the_run_s_value_comes_back() -> None:
    changes = {number: item(number, "A", "V") for number in ("1", "2", "3", "4", "5", "6")}
    outcomes = ("applied", "applied", "pending", "failed", "conflicted", "applied")
    audited = list(zip(changes.values(), outcomes, strict=True))
    now: dict[Place, Value] = {
        (ITEM, n, "STAT"): value for n, value in zip("12345", ("V", "A", "V", "A", "V"), strict=True)
    }
    plan = plan_undo(audited, {ITEM}, lambda found: _known(found, now))
    assert {change.key for change in plan.changes} == {"1", "3"}
    assert all((change.old, change.new) == ("V", "A") for change in plan.changes)
    # Back already (2, 4) is no news; a row that is gone is.
    assert [(reject.key, reject.reason) for reject in plan.rejects] == [
        ("IM_ITEM 6 STAT", "is not there any more")
    ]


def test_a_value_that_somebody_changed_since_stays() -> None:
    plan = plan_undo([(item("1", "A", "V"), "applied")], {ITEM}, lambda _: {(ITEM, "1", "STAT"): "X"})
    assert plan.changes == ()
    assert [reject.reason for reject in plan.rejects] == ["was changed since, and stays"]


def test_a_place_changed_twice_goes_back_to_the_beginning() -> None:
    audited = [(item("1", "A", "V"), "applied"), (item("1", "V", "X"), "applied")]
    assert undone(audited, {(ITEM, "1", "STAT"): "X"}) == {(ITEM, "1", "STAT"): "A"}
    others_between = [(item("1", "A", "V"), "failed"), (item("1", "C", "D"), "applied")]
    assert undone(others_between, {(ITEM, "1", "STAT"): "D"}) == {(ITEM, "1", "STAT"): "C"}
    twice = [(item("1", "A", "V"), "pending"), (item("1", "A", "V"), "applied")]
    assert undone(twice, {(ITEM, "1", "STAT"): "V"}) == {(ITEM, "1", "STAT"): "A"}
    there_and_back = [(item("1", "A", "V"), "applied"), (item("1", "V", "A"), "applied")]
    assert undone(there_and_back, {(ITEM, "1", "STAT"): "A"}) == {}


def test_what_no_run_can_take_back_is_named() -> None:
    coupon = Change("bigcommerce.coupon", "7", "code", "NEW10", None, "expired")
    plan = plan_undo([(coupon, "applied")], {ITEM}, lambda _: {})
    assert [reject.reason for reject in plan.rejects] == ["cannot be taken back by a run"]


def test_related_products_in_another_order_are_the_same() -> None:
    change = Change("shop", "9", "related_products", (), (1, 2), "popular")
    plan = plan_undo([(change, "applied")], {"shop"}, lambda _: {place_of(change): (2, 1)})
    assert [c.new for c in plan.changes] == [()]
