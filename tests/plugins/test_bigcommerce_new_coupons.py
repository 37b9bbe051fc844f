"""Making a coupon: once, whatever the web shop answers."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from include.errors import InvalidRequest, OutcomeUnknown, VendorRefusal
from include.sandbox.standins.credentials import connections
from include.sandbox.standins.server import StandIns
from retail_ops.hooks.bigcommerce import BigCommerceHook


@pytest.fixture
def hook(running: StandIns, monkeypatch: pytest.MonkeyPatch) -> BigCommerceHook:
    fields = connections(running)["bigcommerce"]
    fields["extra"] = {**fields["extra"], "timeout_seconds": 1}
    monkeypatch.setenv("AIRFLOW_CONN_BIGCOMMERCE", json.dumps(fields))
    running.context.faults.clear()
    return BigCommerceHook()


def fields(**more: Any) -> dict[str, Any]:
    code = uuid4().hex[:10].upper()
    return {
        "name": f"Test {code}", "type": "per_total_discount", "amount": "10.00", "min_purchase": "100.00",
        "code": code, "expires": "Mon, 23 Nov 2026 23:59:59 -0500", "max_uses": 1, "max_uses_per_customer": 1,
        "applies_to": {"entity": "categories", "ids": [0]}, **more,
    }  # fmt: skip


def made(hook: BigCommerceHook, code: str) -> int:
    return sum(coupon["code"] == code for coupon in hook.coupons())


def test_a_coupon_is_made_and_found_by_its_code(hook: BigCommerceHook) -> None:
    wanted = fields()
    assert hook.coupon_by_code(wanted["code"]) is None
    coupon = hook.create_coupon(wanted)
    assert (coupon["code"], coupon["max_uses"], coupon["num_uses"]) == (wanted["code"], 1, 0)
    assert hook.coupon_by_code(wanted["code"].lower()) == coupon
    assert hook.create_coupon(wanted) == coupon
    assert made(hook, wanted["code"]) == 1


def test_a_coupon_whose_answer_was_lost_is_found(hook: BigCommerceHook, running: StandIns) -> None:
    wanted = fields()
    running.order_fault("bigcommerce", "timeout_after_accepting", method="POST", match="/coupons")
    assert hook.create_coupon(wanted)["code"] == wanted["code"]
    assert made(hook, wanted["code"]) == 1


def test_a_coupon_that_may_be_on_its_way_is_unknown(hook: BigCommerceHook, running: StandIns) -> None:
    wanted = fields()
    running.order_fault("bigcommerce", "drop_connection", method="POST", match="/coupons")
    with pytest.raises(OutcomeUnknown):
        hook.create_coupon(wanted)
    assert made(hook, wanted["code"]) == 0


def test_a_name_that_is_another_coupons_is_refused(hook: BigCommerceHook) -> None:
    first = fields()
    hook.create_coupon(first)
    with pytest.raises(VendorRefusal) as refused:
        hook.create_coupon(fields(name=first["name"]))
    assert refused.value.status == 409


@pytest.mark.parametrize("wrong", [{"amount": "-1"}, {"applies_to": None}])
def test_a_wrong_field_is_refused(hook: BigCommerceHook, wrong: dict[str, Any]) -> None:
    with pytest.raises(VendorRefusal) as refused:
        hook.create_coupon(fields(**wrong))
    assert refused.value.status == 400


def test_a_coupon_without_a_code_is_not_sent(hook: BigCommerceHook) -> None:
    with pytest.raises(InvalidRequest):
        hook.create_coupon(fields(code=" "))
