"""The coupon of a stock request in the web shop's stand-in: one, with one code, whatever happens."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, select

from include.changes import Plan
from include.database.engines import engine_for
from include.errors import InvalidRequest, OutcomeUnknown
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from include.stock_notices.coupons import Coupon, Coupons, coupon_log, end_of_day
from include.stock_notices.settings import stock_notice_settings
from include.storedb.ledger import Entry, Ledger
from include.storedb.migrate import upgrade
from include.storedb.runs import RunContext, moment
from include.storedb.stock_requests import StockRequest, StockRequests
from include.storedb.tables import LEDGER
from retail_ops.hooks.bigcommerce import BigCommerceHook
from retail_ops.stock_notifications import answer_requests
from tests.unit.test_stock_notices import NOON, ZONE

RUN = RunContext("stock_notifications", "run", "notices.apply")


@pytest.fixture
def hook(running: StandIns, monkeypatch: pytest.MonkeyPatch) -> BigCommerceHook:
    fields = connections(running)["bigcommerce"]
    fields["extra"] = {**fields["extra"], "timeout_seconds": 1}
    monkeypatch.setenv("AIRFLOW_CONN_BIGCOMMERCE", json.dumps(fields))
    running.context.faults.clear()
    return BigCommerceHook()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    url = URL.create("sqlite", database=str(tmp_path / "store.db"))
    upgrade(url)
    return engine_for(url)


def asked(engine: Engine, item: str = "100023") -> StockRequest:
    requests = StockRequests(engine)
    requests.add(StockRequest(item, f"{uuid4().hex}@example.com", moment()))
    return requests.open()[-1]


def coupon(
    hook: BigCommerceHook, engine: Engine, folder: Path, request: StockRequest, days: int = 3
) -> Coupon | None:
    settings, log = stock_notice_settings().coupon, coupon_log(folder / "log.csv")
    until, ledger = end_of_day(NOON, days, ZONE), Ledger(engine, RUN)
    return Coupons(hook, StockRequests(engine), ledger, log, settings, until, NOON).of(request)


def test_a_try_without_an_answer_leaves_its_code_to_the_next(
    hook: BigCommerceHook, engine: Engine, running: StandIns, tmp_path: Path
) -> None:
    request = asked(engine)
    running.order_fault("bigcommerce", "drop_connection", method="POST", match="/coupons")
    with pytest.raises(OutcomeUnknown):
        coupon(hook, engine, tmp_path, request)
    kept = StockRequests(engine).by_id([request.id or 0])[request.id or 0].coupon_code
    running.order_fault("bigcommerce", "timeout_after_accepting", method="POST", match="/coupons")
    found = coupon(hook, engine, tmp_path, request)
    again = coupon(hook, engine, tmp_path, request)
    assert found == again == Coupon(str(kept), end_of_day(NOON, 3, ZONE))
    made = [one for one in hook.coupons() if one["code"] == kept]
    assert len(made) == 1
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2
    with engine.connect() as connection:
        (entry,) = connection.execute(select(LEDGER.c.status, LEDGER.c.vendor_id))
    assert tuple(entry) == ("sent", str(made[0]["id"]))


def test_a_process_that_died_after_its_claim_is_followed_up(
    hook: BigCommerceHook, engine: Engine, tmp_path: Path
) -> None:
    request = asked(engine)
    code = StockRequests(engine).keep_code(request.id or 0, uuid4().hex[:10].upper())
    Ledger(engine, RUN).claim(Entry("coupon", "stock_notification", request.email, f"request {request.id}"))
    found = coupon(hook, engine, tmp_path, request)
    assert found is not None
    assert found.code == code


def test_a_coupon_that_ends_too_early_is_renewed_with_its_code(
    hook: BigCommerceHook, engine: Engine, tmp_path: Path
) -> None:
    request = asked(engine)
    first = coupon(hook, engine, tmp_path, request, days=1)
    second = coupon(hook, engine, tmp_path, request)
    assert first is not None
    assert second is not None
    assert first.code == second.code
    (made,) = (one for one in hook.coupons() if one["code"] == first.code)
    assert made["expires"] == "Mon, 23 Nov 2026 23:59:59 -0500"


def test_a_name_that_is_another_coupons_gets_a_number(
    hook: BigCommerceHook, engine: Engine, tmp_path: Path
) -> None:
    request = asked(engine)
    code = StockRequests(engine).keep_code(request.id or 0, uuid4().hex[:10].upper())
    name = f"Back in stock: 100023 ({code})"
    everywhere = {"entity": "categories", "ids": [0]}
    other = {"name": name, "type": "free_shipping", "amount": "0", "applies_to": everywhere}
    hook.create_coupon({**other, "code": uuid4().hex})
    found = coupon(hook, engine, tmp_path, request)
    assert found is not None
    assert found.code == code
    made = hook.coupon_by_code(found.code)
    assert made is not None
    assert made["name"] == f"{name} 2"


def test_excluded_items_have_no_coupon(hook: BigCommerceHook, engine: Engine, tmp_path: Path) -> None:
    before = len(list(hook.coupons()))
    assert coupon(hook, engine, tmp_path, asked(engine, "BOSTON")) is None
    assert len(list(hook.coupons())) == before


def test_a_run_that_is_cleared_when_its_coupons_would_be_over_mails_nobody() -> None:
    old: Any = SimpleNamespace(when=datetime(2020, 1, 7, 11, 30, tzinfo=ZONE), was_cleared=True, params={})
    with pytest.raises(InvalidRequest, match="run is of 2020-01-07, and its coupons would be over"):
        next(answer_requests(old, Plan()))
