"""The web shop's products and coupons through the hook, on the stand-in's good and bad days."""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select
from tenacity import RetryCallState, Retrying

from include.errors import BadCredentials, InvalidRequest, RateLimited, VendorRefusal, VendorUnavailable
from include.sandbox.standins import credentials, state
from include.sandbox.standins.bigcommerce.quota import Quota as StoreQuota
from include.sandbox.standins.server import StandIns
from retail_ops.hooks.bigcommerce import BigCommerceHook
from retail_ops.hooks.bigcommerce_lists import rows_v2, rows_v3
from retail_ops.hooks.bigcommerce_products import ProductOutcome, update_in_batches
from retail_ops.hooks.bigcommerce_session import BigCommerceSession
from retail_ops.hooks.vendor_session import Patience

QUICK = Patience(connect=5, attempts=3, first_pause=0, longest_pause=0)
PRODUCTS = "/v3/catalog/products"
TOO_MUCH = 2**31


@pytest.fixture
def shop(running: StandIns, monkeypatch: pytest.MonkeyPatch) -> StandIns:
    """An empty shop with a quota that only the tests about it use up."""
    running.quota.requests = 100_000
    running.clear_faults()
    running.clear_requests()
    with running.context.engine.begin() as connection:
        for table in (state.products, state.variants, state.coupons, state.product_updates):
            connection.execute(delete(table))
    connect(running, monkeypatch)
    return running


@pytest.fixture
def hook(shop: StandIns) -> BigCommerceHook:
    return BigCommerceHook(patience=QUICK)


def connect(vendors: StandIns, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    values = credentials.connections(vendors)["bigcommerce"]
    extra = {**values["extra"], **changes.pop("extra", {})}
    monkeypatch.setenv("AIRFLOW_CONN_BIGCOMMERCE", json.dumps({**values, **changes, "extra": extra}))


def fill(shop: StandIns, ids: Iterable[int]) -> None:
    shop.load_products([{"id": number, "name": f"Rose {number}", "sku": f"R{number}"} for number in ids])


def put_count(shop: StandIns) -> int:
    return len(shop.requests("bigcommerce", "PUT"))


def orders(hook: BigCommerceHook) -> dict[int, int]:
    return {row["id"]: row["sort_order"] for row in hook.products(["sort_order"])}


def wanted(ids: Iterable[int], **fields: Any) -> list[dict[str, Any]]:
    return [{"id": number, **(fields or {"sort_order": -number})} for number in ids]


def all_of(hook: BigCommerceHook, products: Iterable[dict[str, Any]]) -> list[ProductOutcome]:
    return [outcome for batch in hook.update_products(products) for outcome in batch]


def statuses(outcomes: Iterable[ProductOutcome]) -> dict[int, str]:
    return {outcome.product_id: outcome.status for outcome in outcomes}


def answer(status: int, body: Any, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


class TestReading:
    @pytest.mark.parametrize(("products", "pages"), [(0, 1), (1, 1), (250, 1), (251, 2), (600, 3)])
    def test_every_product_comes_once_with_the_asked_fields(
        self, shop: StandIns, hook: BigCommerceHook, products: int, pages: int
    ) -> None:
        fill(shop, range(1, products + 1))
        rows = list(hook.products(["name", "sort_order"]))
        assert rows == [{"id": n, "name": f"Rose {n}", "sort_order": 0} for n in range(1, products + 1)]
        assert len(shop.requests("bigcommerce", "GET", PRODUCTS)) == pages

    def test_products_made_and_deleted_meanwhile_move_no_other(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 601))
        reading = hook.products(["sku"])
        seen = [next(reading)["id"] for _ in range(250)]
        with shop.context.engine.begin() as connection:
            connection.execute(delete(state.products).where(state.products.c.id.in_([*range(1, 40), 400])))
        fill(shop, [9_000])
        seen += [row["id"] for row in reading]
        assert seen == [*(number for number in range(1, 601) if number != 400), 9_000]

    @pytest.mark.parametrize("fields", [["name", "price"], ["name", "sort_order", "related_products"]])
    def test_long_texts_are_not_fetched_for_other_fields(
        self, shop: StandIns, hook: BigCommerceHook, fields: list[str]
    ) -> None:
        shop.load_products([{"id": 1, "name": "Rose", "description": "A rose is a rose. " * 500}])
        (row,) = hook.products(fields)
        assert set(row) == {"id", *fields}
        assert shop.requests("bigcommerce", "GET")[0].response_bytes < 5_000

    def test_nothing_but_the_ids_where_no_field_is_asked_for(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, [7])
        assert list(hook.products([])) == [{"id": 7}]

    def test_variants_come_with_their_skus(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1, 2])
        rows = list(hook.products(["name"], variants=True))
        assert [set(row) for row in rows] == [{"id", "name", "variants"}] * 2
        assert [[variant["sku"] for variant in row["variants"]] for row in rows] == [["R1"], ["R2"]]

    def test_chosen_products(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, range(1, 601))
        assert [row["id"] for row in hook.products(["sku"], ids=[30, 7, 999_999, 7])] == [7, 30]
        assert [row["id"] for row in hook.products([], ids=range(1, 702))] == list(range(1, 601))
        assert len(shop.requests("bigcommerce", "GET")) == 1 + 3

    def test_no_chosen_products_are_no_request(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1])
        assert list(hook.products(["sku"], ids=[])) == []
        assert shop.requests("bigcommerce") == []

    @pytest.mark.parametrize(
        "body",
        [b"<html>Maintenance</html>", {}, {"data": None}, {"data": [{"name": "Rose"}]}, {"data": {"id": 1}}],
    )
    def test_what_is_no_list_of_products_is_not_an_empty_shop(self, body: Any) -> None:
        with pytest.raises(VendorUnavailable, match=PRODUCTS):
            list(rows_v3(lambda path, params: answer(200, body), PRODUCTS, {}))

    def test_a_list_that_starts_anew_on_every_page_has_no_end(self) -> None:
        rows = [{"id": number} for number in range(1, 251)]
        body = {"data": rows, "meta": {"pagination": {"total_pages": 4}}}
        with pytest.raises(VendorUnavailable, match="rows before the id 250"):
            list(rows_v3(lambda path, params: answer(200, body), PRODUCTS, {}))
        with pytest.raises(VendorUnavailable, match="rows before the id 250"):
            list(rows_v2(lambda path, params: answer(200, rows), "/v2/coupons", {}))


class TestUpdating:
    def test_no_products_are_no_request(self, shop: StandIns, hook: BigCommerceHook) -> None:
        assert list(hook.update_products([])) == []
        assert shop.requests("bigcommerce") == []

    @pytest.mark.parametrize(
        ("products", "words"),
        [
            (
                [{"id": 1, "sort_order": 3}, {"id": 1, "is_featured": True}],
                "the product 1 is to be changed twi",
            ),
            ([{"sort_order": 3}], "has the id None"),
            ([{"id": 0, "sort_order": 3}], "has the id 0"),
            ([{"id": "1", "sort_order": 3}], "has the id '1'"),
            ([{"id": 1, "price": float("nan")}], "the product 1 cannot be sent"),
            ([{"id": 1, "price": object()}], "the product 1 cannot be sent"),
        ],
    )
    def test_what_cannot_be_sent_is_told_before_anything_is(
        self, shop: StandIns, hook: BigCommerceHook, products: list[dict[str, Any]], words: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=words):
            hook.update_products([*wanted(range(2, 30)), *products])
        assert shop.requests("bigcommerce") == []

    def test_ten_in_a_request_when_their_outcome_is_asked_for(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 26))
        batches = hook.update_products(iter(wanted(range(25, 0, -1))))
        for count, ids in enumerate([range(25, 15, -1), range(15, 5, -1), range(5, 0, -1)]):
            assert put_count(shop) == count
            assert next(batches) == [ProductOutcome(number, "applied") for number in ids]
        assert next(batches, None) is None
        assert orders(hook) == {number: -number for number in range(1, 26)}

    @pytest.mark.parametrize(
        ("bad", "words", "puts"),
        [
            ({"sort_order": TOO_MUCH}, "answered 422: The product batch is not valid: 0.sort_order", 3),
            ({"name": "rose 99"}, "answered 409: .*name and sku must be unique", 9),
        ],
    )
    def test_one_refused_product_loses_no_other(
        self, shop: StandIns, hook: BigCommerceHook, bad: dict[str, Any], words: str, puts: int
    ) -> None:
        fill(shop, [*range(1, 11), 99])
        (outcomes,) = hook.update_products([*wanted(range(1, 5)), {"id": 5, **bad}, *wanted(range(6, 11))])
        assert [outcome.product_id for outcome in outcomes] == list(range(1, 11))
        assert statuses(outcomes) == {n: "failed" if n == 5 else "applied" for n in range(1, 11)}
        assert not outcomes[4].retry
        with pytest.raises(VendorRefusal, match=words):
            raise VendorRefusal(outcomes[4].message)
        assert orders(hook) == {n: 0 if n in (5, 99) else -n for n in (*range(1, 11), 99)}
        assert put_count(shop) <= puts

    def test_a_product_that_is_gone_loses_no_other(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1, 2, 4, 5])
        outcomes = all_of(hook, wanted(range(1, 6)))
        assert statuses(outcomes) == {1: "applied", 2: "applied", 3: "gone", 4: "applied", 5: "applied"}
        assert orders(hook) == {1: -1, 2: -2, 4: -4, 5: -5}

    def test_a_batch_of_nothing_but_bad_products(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, range(1, 6))
        outcomes = all_of(hook, [*wanted(range(1, 6), sort_order=TOO_MUCH), *wanted(range(6, 11))])
        assert statuses(outcomes) == {n: "failed" if n < 6 else "gone" for n in range(1, 11)}

    def test_a_refused_product_is_judged_by_its_own_answer(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 11))
        shop.order_fault("bigcommerce", "refuse_product", product=3, count=99)
        outcomes = all_of(hook, wanted(range(1, 11)))
        assert statuses(outcomes) == {n: "failed" if n == 3 else "applied" for n in range(1, 11)}
        assert orders(hook) == {n: 0 if n == 3 else -n for n in range(1, 11)}

    @pytest.mark.parametrize(
        ("sent", "kept", "same"),
        [
            (10.99994, 10.9999, True),
            (10.99, 10.98, False),
            (5.0, 5, True),
            (5, 5.0, True),
            (5, 6, False),
            (5.0, None, False),
            (True, True, True),
            (True, False, False),
            ((30, 10, 20), [10, 20, 30], True),
            ([30, 10], [10], False),
            ([], [-1], False),
            ([{"quantity_min": 5}], [{"id": 1, "quantity_min": 5}], True),
            ([{"quantity_min": 5}], [], False),
            ({"url": "/rose/"}, {"url": "/rose/", "is_customized": True}, True),
            ({"url": "/rose/"}, {"url": "/rose-1/", "is_customized": True}, False),
            ("Rose", "Rose", True),
            ("Rose", "rose", False),
            (None, None, True),
        ],
    )
    def test_values_are_compared_as_the_shop_keeps_them(self, sent: Any, kept: Any, same: bool) -> None:
        body = {"data": [{"id": 1, "field": kept, "name": "Rose"}]}
        ((outcome,),) = update_in_batches(lambda products: answer(200, body), [{"id": 1, "field": sent}])
        assert outcome.status == ("applied" if same else "failed")
        assert outcome.not_taken == (() if same else ("field",))

    def test_prices_may_be_decimals(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1])
        assert all_of(hook, [{"id": 1, "price": Decimal("9.55")}]) == [ProductOutcome(1, "applied")]
        assert list(hook.products(["price"])) == [{"id": 1, "price": 9.55}]

    def test_a_field_that_the_shop_keeps_is_told(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1, 2])
        shop.order_fault("bigcommerce", "keeps_total_sold", count=99)
        first, second = all_of(
            hook, [{"id": 1, "total_sold": 5, "sort_order": 2}, {"id": 2, "total_sold": 5}]
        )
        assert (first.status, first.not_taken) == ("applied", ("total_sold",))
        assert (second.status, second.not_taken, second.retry) == ("failed", ("total_sold",), False)
        assert second.message == "BigCommerce answered 200 and did not take total_sold"
        assert put_count(shop) == 1

    @pytest.mark.parametrize(("times", "status"), [(1, "applied"), (99, "failed")])
    def test_what_was_done_in_part_is_sent_again(
        self, shop: StandIns, hook: BigCommerceHook, times: int, status: str
    ) -> None:
        fill(shop, [1, 2, 3])
        shop.order_fault("bigcommerce", "partial_207", product=2, count=times)
        outcomes = all_of(hook, wanted([1, 2, 3], inventory_level=4))
        assert statuses(outcomes) == {1: "applied", 2: status, 3: "applied"}
        assert put_count(shop) == 2
        levels = {row["id"]: row["inventory_level"] for row in hook.products(["inventory_level"])}
        assert levels == {1: 4, 2: 4 if status == "applied" else 0, 3: 4}
        if status == "failed":
            assert (
                "answered 207 without this product: 0.id: the product 2 was not saved" in outcomes[1].message
            )

    def test_fields_next_to_the_one_that_was_not_saved_are_applied(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, [1])
        shop.order_fault("bigcommerce", "partial_207", count=99)
        (outcome,) = all_of(hook, [{"id": 1, "inventory_level": 4, "sort_order": 3}])
        assert (outcome.status, outcome.not_taken) == ("applied", ("inventory_level",))
        assert "answered 207 and did not take inventory_level: 0.inventory_level: " in outcome.message

    def test_a_207_that_shows_a_field_and_says_it_was_not_saved(self) -> None:
        sent: list[list[int]] = []

        def put(products: list[dict[str, Any]]) -> requests.Response:
            sent.append([product["id"] for product in products])
            errors = {
                f"{n}.inventory_level": "try later"
                for n, product in enumerate(products)
                if product["id"] == 2
            }
            return answer(207, {"data": products, "errors": {"errors": errors}})

        ((first, second, third),) = update_in_batches(put, wanted([1, 2, 3], inventory_level=4))
        assert sent == [[1, 2, 3], [2]]
        assert (first.status, second.status, third.status) == ("applied", "failed", "applied")

    def test_a_success_without_a_product_is_no_success(self) -> None:
        batch = wanted([1, 2])
        ((first, second),) = update_in_batches(lambda products: answer(200, {"data": batch[:1]}), batch)
        assert (first.status, second.status) == ("applied", "failed")
        assert second.message == "BigCommerce answered 200 without this product"

    def test_a_refusal_of_the_request_as_such_is_no_fault_of_the_products(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        shop.order_fault("bigcommerce", "status", status=405)
        with pytest.raises(VendorRefusal, match="answered 405"):
            list(hook.update_products(wanted(range(1, 11))))
        assert put_count(shop) == 1


class TestBadDays:
    @pytest.mark.parametrize("fault", ["timeout_after_accepting", "drop_connection"])
    def test_a_lost_answer_is_asked_for_again(
        self, shop: StandIns, monkeypatch: pytest.MonkeyPatch, fault: Any
    ) -> None:
        connect(shop, monkeypatch, extra={"timeout_seconds": 0.5})
        fill(shop, [1, 2])
        shop.order_fault("bigcommerce", fault, method="PUT")
        hook = BigCommerceHook(patience=QUICK)
        assert statuses(all_of(hook, wanted([1, 2]))) == {1: "applied", 2: "applied"}
        assert put_count(shop) == 2
        with shop.context.engine.connect() as connection:
            saved = list(
                connection.execute(select(state.product_updates.c.product_id, state.product_updates.c.new))
            )
        assert saved == [(1, -1), (2, -2)]

    def test_a_batch_in_a_storm_is_left_for_later(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, range(1, 26))
        shop.order_fault("bigcommerce", "status", status=503, count=QUICK.attempts, method="PUT")
        outcomes = all_of(hook, wanted(range(1, 26)))
        assert statuses(outcomes) == {n: "failed" if n < 11 else "applied" for n in range(1, 26)}
        assert all(o.retry and "answered 503" in o.message for o in outcomes[:10])
        assert orders(hook) == {n: 0 if n < 11 else -n for n in range(1, 26)}

    def test_three_batches_in_a_storm_are_enough(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, range(1, 61))
        shop.order_fault("bigcommerce", "slow", seconds=0.001)
        shop.order_fault("bigcommerce", "status", status=503, count=99, method="PUT")
        batches = hook.update_products(wanted(range(1, 61)))
        assert set(statuses(next(batches)).values()) == {"applied"}
        for _ in range(2):
            assert all(outcome.retry for outcome in next(batches))
        with pytest.raises(VendorUnavailable, match="answered 503"):
            next(batches)
        assert put_count(shop) == 1 + 3 * QUICK.attempts

    def test_a_long_wait_is_handed_on_and_nothing_sent_before_its_end(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 41))
        shop.order_fault("bigcommerce", "status", status=429, retry_after=3600)
        batches = hook.update_products(wanted(range(1, 41)))
        assert all(outcome.retry for _ in range(2) for outcome in next(batches))
        with pytest.raises(RateLimited) as caught:
            next(batches)
        assert caught.value.retry_after == pytest.approx(3600, abs=60)
        with pytest.raises(RateLimited, match=r"GET .* was not sent: the store asks to wait 3[56]\d\d s"):
            list(hook.products(["sku"]))
        assert len(shop.requests("bigcommerce")) == 1

    def test_a_revoked_token_ends_it_at_once(self, shop: StandIns, monkeypatch: pytest.MonkeyPatch) -> None:
        connect(shop, monkeypatch, password="old-t0ken")
        with pytest.raises(BadCredentials, match="wrong or was revoked"):
            list(BigCommerceHook(patience=QUICK).update_products(wanted(range(1, 31))))
        assert put_count(shop) == 1

    def test_what_was_saved_before_the_token_was_revoked_is_told(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 21))
        # The batch is refused, its good products are saved, and the bad one meets a revoked token.
        shop.order_fault("bigcommerce", "slow", seconds=0.001, count=2)
        shop.order_fault("bigcommerce", "status", status=401)
        batches = hook.update_products([{"id": 1, "sort_order": TOO_MUCH}, *wanted(range(2, 21))])
        assert statuses(next(batches)) == dict.fromkeys(range(2, 11), "applied")
        with pytest.raises(BadCredentials):
            next(batches)
        assert put_count(shop) == 3

    def test_a_storm_while_a_batch_is_taken_apart_loses_only_the_rest(
        self, shop: StandIns, hook: BigCommerceHook
    ) -> None:
        fill(shop, range(1, 11))
        shop.order_fault("bigcommerce", "slow", seconds=0.001, count=2)
        shop.order_fault("bigcommerce", "status", status=503, count=QUICK.attempts)
        outcomes = all_of(hook, [{"id": 1, "sort_order": TOO_MUCH}, *wanted(range(2, 11))])
        assert statuses(outcomes) == {n: "failed" if n == 1 else "applied" for n in range(1, 11)}
        assert outcomes[0].retry


class TestCoupons:
    @pytest.mark.parametrize(("coupons", "pages"), [(0, 1), (60, 2), (300, 3)])
    def test_every_coupon_comes_once_and_no_promotion(
        self, shop: StandIns, hook: BigCommerceHook, coupons: int, pages: int
    ) -> None:
        self.fill(shop, range(1, coupons + 1))
        self.fill(shop, [500], type="promotion")
        assert [row["id"] for row in hook.coupons()] == list(range(1, coupons + 1))
        assert len(shop.requests("bigcommerce", "GET")) == pages

    def test_a_filter_that_the_shop_passes_over_brings_no_promotion(
        self, shop: StandIns, hook: BigCommerceHook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.fill(shop, [1])
        self.fill(shop, [2], type="promotion")
        unfiltered = hook.request
        monkeypatch.setattr(
            hook,
            "request",
            lambda method, path, params: unfiltered(method, path, params={**params, "exclude_type": "none"}),
        )
        assert [row["id"] for row in hook.coupons()] == [1]

    def test_one_coupon(self, shop: StandIns, hook: BigCommerceHook) -> None:
        self.fill(shop, [1, 2])
        found = hook.coupon(2)
        assert found is not None and found["code"] == "C2"
        assert hook.coupon(3) is None

    def test_deleting(self, shop: StandIns, hook: BigCommerceHook) -> None:
        self.fill(shop, [1, 2, 3])
        assert hook.delete_coupon(2) is True
        assert hook.delete_coupon(2) is False
        assert [row["id"] for row in hook.coupons()] == [1, 3]

    @pytest.mark.parametrize("coupon_id", [None, "", 0, -1, True, "1", [1]])
    def test_what_is_no_id_deletes_nothing(
        self, shop: StandIns, hook: BigCommerceHook, coupon_id: Any
    ) -> None:
        with pytest.raises(InvalidRequest, match="no coupon's id"):
            hook.delete_coupon(coupon_id)
        with pytest.raises(InvalidRequest, match="would delete everything"):
            hook.request("DELETE", "/v2/coupons")
        assert shop.requests("bigcommerce") == []

    @staticmethod
    def fill(shop: StandIns, ids: Iterable[int], **fields: Any) -> None:
        usual = {"type": "per_total_discount", "amount": "5.0000"}
        shop.load_coupons([{"id": n, "name": f"Coupon {n}", "code": f"C{n}", **usual, **fields} for n in ids])


class TestQuota:
    def test_a_short_wait_is_waited(self, shop: StandIns, hook: BigCommerceHook) -> None:
        fill(shop, [1])
        shop.order_fault("bigcommerce", "status", status=429, retry_after=0.1)
        assert statuses(all_of(hook, wanted([1]))) == {1: "applied"}
        assert [request.status for request in shop.requests("bigcommerce")] == [200, 429]

    def test_a_busy_platform_names_no_time(self, shop: StandIns, hook: BigCommerceHook) -> None:
        shop.order_fault("bigcommerce", "status", status=429, count=QUICK.attempts - 1)
        assert list(hook.products(["sku"])) == []
        shop.order_fault("bigcommerce", "status", status=429, count=99)
        with pytest.raises(RateLimited) as caught:
            list(hook.products(["sku"]))
        assert caught.value.retry_after is None

    def test_a_storm_is_handed_on_with_its_wait(self, shop: StandIns) -> None:
        shop.order_fault("bigcommerce", "status", status=429, retry_after=0.1, count=99)
        hook = BigCommerceHook(patience=Patience(attempts=2, first_pause=0, longest_pause=0))
        with pytest.raises(RateLimited) as caught:
            list(hook.products(["sku"]))
        assert caught.value.retry_after == 1
        assert len(shop.requests("bigcommerce")) == 2

    @pytest.mark.parametrize(
        ("status", "headers", "wait"),
        [
            (200, {"Left": "6"}, 0),
            (200, {"Left": "5"}, 20),
            (200, {"Left": "0"}, 20),
            (200, {"Left": "2", "Quota": "4"}, 20),
            (200, {"Left": "3", "Quota": "4"}, 0),
            (200, {"Left": "0", "Quota": "0"}, 0),
            (200, {"Left": "some"}, 0),
            (429, {"Left": "0"}, 20),
            (429, {"Left": "0", "Retry-After": "25"}, 25),
            (429, {"Left": "0", "Retry-After": "15"}, 20),
        ],
    )
    def test_when_the_next_request_may_leave(self, status: int, headers: dict[str, str], wait: float) -> None:
        now = [100.0]
        session = BigCommerceSession("http://shop.example", reserve=5, clock=lambda: now[0])
        assert session.wait() == 0
        told = {
            "X-Rate-Limit-Requests-Quota": headers.get("Quota", "150"),
            "X-Rate-Limit-Requests-Left": headers["Left"],
            "X-Rate-Limit-Time-Reset-Ms": "20000",
        }
        if "Retry-After" in headers:
            told["X-Retry-After"] = headers["Retry-After"]
        session.note(answer(status, {}, **told))
        assert session.wait() == wait
        now[0] += 8
        assert session.wait() == max(0, wait - 8)
        now[0] += 30
        assert session.wait() == 0

    @pytest.mark.parametrize("asked", [None, 0, 1, 29.5, 34.9, 35])
    def test_a_pause_lasts_as_long_as_asked_and_never_too_long(self, asked: float | None) -> None:
        session = BigCommerceSession("http://shop.example", patience=Patience())
        state_of_call = RetryCallState(Retrying(), None, (), {})
        state_of_call.attempt_number = 4
        error = RateLimited("busy", asked)
        state_of_call.set_exception((RateLimited, error, None))
        for _ in range(50):
            assert (asked or 0) <= session._pause(state_of_call) <= 35

    @pytest.mark.parametrize("reserve", [0, 5])
    def test_two_tasks_share_the_quota(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reserve: int
    ) -> None:
        def work(hook: BigCommerceHook) -> int:
            return sum(hook.request("GET", "/v2/time").ok for _ in range(50))

        with StandIns(tmp_path, quota=StoreQuota(25, 0.4, enforced=True)) as vendors:
            connect(vendors, monkeypatch, extra={"reserve": reserve})
            hooks = [BigCommerceHook(patience=QUICK) for _ in range(2)]
            with ThreadPoolExecutor(2) as both:
                assert list(both.map(work, hooks)) == [50, 50]
            refused = [request for request in vendors.requests("bigcommerce") if request.status == 429]
            assert not (refused and reserve), "the reserve was not left to the others"

    @pytest.mark.parametrize("reserve", ["few", "-1", "2.5"])
    def test_a_reserve_that_is_no_number(
        self, shop: StandIns, monkeypatch: pytest.MonkeyPatch, reserve: str
    ) -> None:
        connect(shop, monkeypatch, extra={"reserve": reserve})
        good, words = BigCommerceHook(patience=QUICK).test_connection()
        assert not good and f"'bigcommerce' has '{reserve}' instead of a whole number" in words

    def test_the_connection_test_does_not_wait(self, shop: StandIns, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.quota.requests = 1
        good, words = BigCommerceHook(patience=QUICK).test_connection()
        assert good and "0 of 1 requests are left" in words
        assert len(shop.requests("bigcommerce")) == 1
