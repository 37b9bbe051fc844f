"""The outbox on the web shop: what a person reads there of products, coupons and ordered faults."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Any

import pytest
import requests
from sqlalchemy import delete, insert

from include.sandbox.standins import credentials, state
from include.sandbox.standins.server import StandIns

SECONDS = 10
PRODUCTS = "/v3/catalog/products"
COUPONS = "/v2/coupons"
HOSTILE = "<script>alert('x')</script>\"'&"
EVENING = 1_780_000_020.0
SIZES: list[dict[str, Any]] = [
    {"id": 81, "sku": "TREE-3", "option_values": [{"label": "3 gal"}]},
    {"id": 82, "sku": "TREE-7", "price": 70.0, "option_values": [{"label": "7 gal"}]},
]
COUPON = {
    "name": "Welcome",
    "code": "WELCOME-7F3K",
    "type": "per_total_discount",
    "amount": "5.0000",
    "applies_to": {"entity": "categories", "ids": [0]},
}


@pytest.fixture
def shop(running: StandIns) -> StandIns:
    """A shop with two products of which nothing was changed yet."""
    running.clear_faults()
    tables = (state.products, state.variants, state.images, state.coupons)
    with running.context.engine.begin() as connection:
        for table in (*tables, state.coupon_changes, state.product_updates):
            connection.execute(delete(table))
    running.load_products([product(1), product(2, variants=SIZES)])
    return running


def product(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Plant {number}", "sku": f"SKU-{number}", "price": 9.99, **fields}


def call(shop: StandIns, method: str, path: str, body: Any = None) -> Any:
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN}
    url = f"{shop.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}{path}"
    answer = requests.request(method, url, json=body, headers=headers, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def page(shop: StandIns, show: str = "") -> str:
    answer = requests.get(shop.outbox_url, params={"show": show} if show else None, timeout=SECONDS)
    answer.raise_for_status()
    return answer.text


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]*>", " ", html)).split())


def section(html: str, name: str) -> str:
    return words(html.partition(f'<h2 id="{name}">')[2].partition("</section>")[0])


def entries(html: str, name: str) -> list[str]:
    """What is told of each product or coupon of a section."""
    part = html.partition(f'<h2 id="{name}">')[2].partition("</section>")[0]
    return [words(entry) for entry in part.split('<div class="entry">')[1:]]


def note(shop: StandIns, rows: Iterable[tuple[float, int, str]], **fields: Any) -> None:
    """Rows as the shop writes them: seconds after the evening, product, field."""
    with shop.context.engine.begin() as connection:
        connection.execute(
            insert(state.product_updates),
            [
                {
                    "at": EVENING + after,
                    "product_id": number,
                    "sku": f"SKU-{number}",
                    "name": f"Plant {number}",
                }
                | {"field": field, "old": 1, "new": 2, **fields}
                for after, number, field in rows
            ],
        )


class TestProducts:
    def test_fields_of_variants_and_images_are_told_in_words(self, shop: StandIns) -> None:
        call(shop, "PUT", PRODUCTS, [{"id": 1, "total_sold": 9, "is_featured": True}])
        call(
            shop, "PUT", "/v3/catalog/variants", [{"id": 81, "price": 12.5}, {"id": 82, "inventory_level": 3}]
        )
        picture = {"image_url": "https://pictures.example/tree.jpg"}
        number = call(shop, "POST", f"{PRODUCTS}/1/images", picture)["data"]["id"]
        call(shop, "PUT", f"{PRODUCTS}/1/images/{number}", {"sort_order": 4})
        call(shop, "DELETE", f"{PRODUCTS}/1/images/{number}")
        call(shop, "DELETE", f"{PRODUCTS}/2")
        told = section(page(shop), "products")
        for expected in (
            "total sold 0 → 9",
            "is featured no → yes",
            "variant 81, price — → 12.5",
            "variant 82, inventory level 0 → 3",
            f"image {number} added u/tree.jpg",
            f"image {number}, sort order 0 → 4",
            f"image {number} deleted u/tree.jpg",
            "deleted from the shop",
        ):
            assert expected in told
        assert "variants." not in told
        assert "images." not in told
        assert "_" not in told

    @pytest.mark.parametrize(
        ("ids", "expected"),
        [
            ([], "—"),
            ([-1], "chosen by the shop"),
            ([7], "1 product (7)"),
            ([9, 8, 7, 6, 5], "5 products (9, 8, 7, 6, 5)"),
            (list(range(1, 61)), "60 products (1, 2, 3, 4, 5, …)"),
        ],
    )
    def test_related_products_are_a_number_and_the_first_few(
        self, shop: StandIns, ids: list[int], expected: str
    ) -> None:
        note(shop, [(0, 1, "related_products")], old=[3], new=ids)
        assert f"related products 1 product (3) → {expected}" in section(page(shop), "products")

    def test_a_long_value_is_cut(self, shop: StandIns) -> None:
        note(shop, [(0, 1, "description")], old="", new="x" * 50_000)
        note(shop, [(0, 2, "categories")], old=[], new=list(range(20_000)))
        assert len(page(shop)) < 20_000

    def test_what_changes_a_product_in_the_same_minute_is_one_entry(self, shop: StandIns) -> None:
        note(shop, [(0, 1, "price"), (0, 2, "price"), (1, 1, "sku"), (61, 1, "name")])
        found = entries(page(shop), "products")
        assert [entry.partition(" SKU")[0] for entry in found] == ["Plant 1", "Plant 1", "Plant 2"]
        assert "price 1 → 2 sku 1 → 2" in found[1]

    def test_after_a_night_the_page_stays_small_and_says_how_many_there_are(self, shop: StandIns) -> None:
        fields = ("total_sold", "sort_order", "is_featured")
        night = [(number / 100, number, field) for number in range(2500) for field in fields]
        note(shop, night)
        html = page(shop)
        found = entries(html, "products")
        assert [entry.partition(" SKU")[0] for entry in found] == [
            f"Plant {n}" for n in range(2499, 2399, -1)
        ]
        assert all(entry.count("→") == len(fields) for entry in found)
        assert "2,500 products updated" in words(html)
        assert "The newest 100 of 2,500 updates. Show the newest 2,000 updates" in section(html, "products")
        assert len(html) < 100_000
        more = page(shop, "products")
        assert len(entries(more, "products")) == 2000
        assert "The newest 2,000 of 2,500 updates. Show fewer updates" in section(more, "products")

    def test_few_updates_are_shown_without_a_word_on_their_number(self, shop: StandIns) -> None:
        note(shop, [(0, number, "price") for number in range(100)])
        assert "Show" not in section(page(shop), "products")
        note(shop, [(0, 100, "price")])
        assert "The newest 100 of 101 updates. Show all 101 updates" in section(page(shop), "products")


class TestCoupons:
    def test_what_happened_to_a_coupon_newest_first(self, shop: StandIns) -> None:
        assert "No coupon in the web shop has been created, changed or deleted yet" in words(page(shop))
        number = call(shop, "POST", COUPONS, COUPON)["id"]
        change = {"max_uses": 1, "applies_to": COUPON["applies_to"], "amount": "7"}
        call(shop, "PUT", f"{COUPONS}/{number}", change)
        call(shop, "DELETE", f"{COUPONS}/{number}")
        html = page(shop)
        deleted, changed, created = entries(html, "coupons")
        for entry, what in ((deleted, "deleted"), (changed, "changed"), (created, "created")):
            assert entry.startswith(f"WELCOME-7F3K {what} Welcome ")
        assert created.endswith("type per_total_discount amount 5.0000")
        assert changed.endswith("amount 5.0000 → 7.0000 max uses 0 → 1")
        assert deleted.endswith("type per_total_discount amount 7.0000")
        assert "3 coupon changes" in words(html)

    def test_a_night_of_expired_coupons_is_cut_and_counted(self, shop: StandIns) -> None:
        shop.load_coupons({"id": n, **COUPON, "name": f"C{n}", "code": f"C-{n}"} for n in range(1, 41))
        call(shop, "DELETE", COUPONS)
        html = page(shop)
        assert len(entries(html, "coupons")) == 25
        assert "The newest 25 of 40 changes. Show all 40 changes" in section(html, "coupons")
        assert len(entries(page(shop, "coupons"), "coupons")) == 40


def test_nothing_from_outside_becomes_html(shop: StandIns) -> None:
    shop.load_products([product(3, name=HOSTILE, sku=HOSTILE)])
    call(shop, "PUT", PRODUCTS, [{"id": 3, "description": HOSTILE, "search_keywords": HOSTILE}])
    note(shop, [(0, 4, f"variants.81.{HOSTILE}"), (0, 5, HOSTILE)], old=[HOSTILE], new={HOSTILE: HOSTILE})
    shop.load_coupons([{"id": 7, **COUPON, "name": HOSTILE, "code": HOSTILE, "type": HOSTILE}])
    call(shop, "DELETE", f"{COUPONS}/7")
    html = page(shop)
    assert "<script" not in html
    assert html.count("&lt;script&gt;alert") >= 9
    assert f"{HOSTILE} deleted {HOSTILE}" in section(html, "coupons")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"kind": "refuse_product", "product": 1}, "refuses one product, product 1: until cancelled"),
        (
            {"kind": "refuse_product", "product": 1, "count": 3},
            "refuses one product, product 1: 3 of 3 still to come",
        ),
        ({"kind": "keeps_total_sold"}, "keeps its own sales figures: until cancelled"),
        ({"kind": "drop_connection"}, "drops the connection: 1 of 1 still to come"),
        ({"kind": "status", "count": 10_000}, "answers with an error (503): 10,000 of 10,000 still to come"),
    ],
)
def test_faults_say_how_long_they_stay(shop: StandIns, order: dict[str, Any], expected: str) -> None:
    shop.order_fault("bigcommerce", **order)
    assert f"The vendors were told to misbehave: BigCommerce {expected}" in words(page(shop))


def test_a_lasting_fault_stays_so_after_it_was_hit(shop: StandIns) -> None:
    shop.order_fault("bigcommerce", "keeps_total_sold")
    call(shop, "PUT", PRODUCTS, [{"id": 1, "total_sold": 9, "sort_order": 4}])
    html = page(shop)
    assert "until cancelled" in words(html)
    assert "ordered: keeps its own sales figures" in section(html, "requests")
