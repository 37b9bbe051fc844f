"""Workers of the nightly sync killed with -9: the retry ends as if nothing had been and does little twice."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from include.changes import Change, Plan, write_plan
from include.counterpoint.tables import IM_ITEM, metadata
from include.database.engines import engine_for
from tests.databases import KINDS, fresh_database
from tests.integration.kill_store import (
    BEFORE,
    COUPONS,
    IDS,
    MOST_STEPS,
    Store,
    items,
    of_items,
    open_store,
    put_items,
)
from tests.integration.killed_worker import KILLED

FIRST, SECOND = datetime(2026, 7, 2, 3), datetime(2026, 7, 3, 3)
REFUSED = IDS[4]
SECONDS = 60


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("killed")) as store:
        yield store


@pytest.fixture
def store(opened: Store) -> Iterator[Store]:
    yield opened
    opened.vendors.clear_faults()


@pytest.mark.parametrize(("refused", "usual", "most_more"), [(None, 3, 1), (REFUSED, 5, 3)])
def test_update_shop_killed_anywhere_sends_one_batch_again(
    store: Store, refused: int | None, usual: int, most_more: int
) -> None:
    """A batch is one request, and three where the shop refuses one of its products."""
    if refused:
        store.vendors.order_fault("bigcommerce", "refuse_product", product=refused)
    undisturbed = store.undisturbed("update_shop")
    once = Counter(n for n in IDS if n != refused)
    assert (store.requests("PUT"), store.writes()) == (usual, once)
    again = []
    for run_id in store.killed("update_shop"):
        noted = sum(store.found(run_id).audit.values())
        assert not store.requests("PUT") or noted == sum(undisturbed.audit.values()), run_id
        assert store.retry("update_shop", run_id) == undisturbed, run_id
        assert store.requests("PUT") <= usual + most_more, run_id
        more = store.writes() - once
        assert max(more.values(), default=0) <= 1, run_id
        again.append(more.total())
    # It was also killed with a whole batch on its way, and between two.
    assert {0, 3, 10} <= set(again)


@pytest.mark.parametrize(
    ("task", "method", "usual"), [("update_shop", "PUT", 3), ("coupons.delete", "DELETE", 4)]
)
@pytest.mark.parametrize("number", [1, 2, 3])
def test_killed_while_the_shop_works_on_the_request(
    store: Store, task: str, method: str, usual: int, number: int
) -> None:
    undisturbed = store.undisturbed(task)
    store.reset()
    if number > 1:
        store.vendors.order_fault("bigcommerce", "slow", method=method, seconds=0.01, count=number - 1)
    store.vendors.order_fault("bigcommerce", "timeout_after_accepting", method=method)
    run_id = uuid4().hex
    pid = store.worker.begin(**store.order(task, run_id, 1))
    until = time.monotonic() + SECONDS
    while not any(row.fault == "timeout_after_accepting" for row in store.vendors.requests(method=method)):
        assert time.monotonic() < until, "the request did not come"
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    assert store.worker.end() == KILLED
    assert store.vendors.faults() == []
    assert store.requests(method) == number
    assert store.retry(task, run_id) == undisturbed
    # A coupon that is gone is not deleted again; whether a product was changed only the shop could tell.
    assert store.requests(method) == usual + (method == "PUT")


def test_coupons_killed_anywhere_are_logged_and_deleted_once(store: Store) -> None:
    undisturbed = store.undisturbed("coupons.delete")
    assert undisturbed.coupons == []
    assert undisturbed.files["deleted_coupons.csv"].count(b"C-") == len(COUPONS)
    for run_id in store.killed("coupons.delete"):
        between = store.found(run_id)
        logged = between.files.get("deleted_coupons.csv", b"")
        assert all(f"C-{n}".encode() in logged for n in COUPONS if n not in between.coupons), run_id
        assert store.retry("coupons.delete", run_id) == undisturbed, run_id
        assert store.requests("DELETE") == len(COUPONS), run_id


def test_the_item_file_killed_anywhere_is_written_and_logged_once(store: Store) -> None:
    undisturbed = store.undisturbed("featured.apply")
    assert set(undisturbed.items.values()) == {"YN"}
    [log] = undisturbed.files.values()
    assert log.count(b"\n") == 1 + len(IDS)
    written = 0
    for run_id in store.killed("featured.apply"):
        between = items(store.counterpoint)
        made = {number: row for number, row in between.items() if row[0] == "YN"}
        assert store.retry("featured.apply", run_id) == undisturbed, run_id
        after = items(store.counterpoint)
        assert {number: after[number] for number in made} == made, run_id
        written += bool(made)
    assert written


@pytest.mark.parametrize("kind", KINDS)
def test_the_bulk_writer_killed_between_statements_writes_each_row_once(
    store: Store, tmp_path: Path, kind: str
) -> None:
    """Of the rows that were written before the kill even the last-maintained date stays."""
    changes = [
        *of_items("ECOMM_NEW", IDS[1:8], "N", "Y"),
        *of_items("IS_ON_SALE", IDS[5:12], "N", "Y"),
        *of_items("ECOMM_NEW", IDS[:1], "held another value", "Y"),
        Change("IM_ITEM", "is gone", "ECOMM_NEW", "N", "Y", "a rule"),
    ]
    plan, outcomes = tmp_path / "plan", tmp_path / "outcomes"
    write_plan(Plan(tuple(changes), len(changes)), plan)
    order: dict[str, Any] = {"job": "write", "plan": str(plan), "outcomes": str(outcomes), "rows": 3}
    with fresh_database(kind, tmp_path) as url:
        engine = engine_for(url)
        metadata.create_all(engine, tables=[IM_ITEM])
        order["url"] = url.render_as_string(hide_password=False)
        put_items(engine)
        assert store.worker.run(**order, maintained=FIRST.isoformat()) == 0
        undisturbed, told = items(engine), outcomes.read_text()
        assert Counter(at for _, at in undisturbed.values()) == {FIRST: 11, BEFORE: 12}
        progress = []
        for number in range(1, MOST_STEPS):
            put_items(engine)
            if store.worker.run(**order, maintained=FIRST.isoformat(), kill_before=number) != KILLED:
                break
            between = items(engine)
            made = {item for item, (_, at) in between.items() if at == FIRST}
            assert all(between[item] == undisturbed[item] for item in made)
            assert store.worker.run(**order, maintained=SECOND.isoformat()) == 0
            expected = {
                item: (flags, SECOND if at == FIRST and item not in made else at)
                for item, (flags, at) in undisturbed.items()
            }
            assert items(engine) == expected, f"killed before step {number}"
            assert outcomes.read_text() == told
            progress.append(len(made))
        assert progress == sorted(progress)
        # It was killed between any two of the five statements that write.
        assert set(progress) == {0, 2, 4, 7, 10}
