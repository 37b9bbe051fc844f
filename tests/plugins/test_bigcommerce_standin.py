"""BigCommerce's stand-in as a shop: what it shows, takes, refuses and forgets to do on order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from sqlalchemy import delete, select

from include.errors import InvalidRequest
from include.sandbox.standins import credentials, state
from include.sandbox.standins.server import StandIns

SECONDS = 10
PRODUCTS = "/v3/catalog/products"
VARIANTS = "/v3/catalog/variants"
COUPONS = "/v2/coupons"
SIZES: list[dict[str, Any]] = [
    {"id": 81, "sku": "TREE-3", "option_values": [{"label": "3 gal"}]},
    {"id": 82, "sku": "TREE-7", "price": 70.0, "option_values": [{"label": "7 gal"}]},
]
COUPON = {
    "name": "Welcome",
    "code": "WELCOME-7F3K",
    "type": "per_total_discount",
    "amount": "5",
    "applies_to": {"entity": "categories", "ids": [0]},
}


@pytest.fixture
def shop(running: StandIns) -> StandIns:
    """An empty shop."""
    running.clear_faults()
    running.clear_requests()
    tables = (state.products, state.variants, state.images, state.brands, state.categories)
    with running.context.engine.begin() as connection:
        for table in (*tables, state.coupons, state.coupon_changes, state.product_updates):
            connection.execute(delete(table))
    return running


def call(shop: StandIns, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN, **more.pop("headers", {})}
    url = f"{shop.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}{path}"
    return requests.request(method, url, json=body, headers=headers, timeout=SECONDS, **more)


def data(shop: StandIns, path: str) -> Any:
    answer = call(shop, "GET", path)
    answer.raise_for_status()
    return answer.json()["data"]


def ids(shop: StandIns, query: str) -> list[int]:
    return [row["id"] for row in data(shop, f"{PRODUCTS}?include_fields=sku&{query}")]


def product(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": number, "name": f"Plant {number}", "sku": f"SKU-{number}", "price": 9.99, **fields}


def updates(shop: StandIns) -> list[tuple[int, str, Any, Any]]:
    with shop.context.engine.connect() as connection:
        rows = connection.execute(select(state.product_updates).order_by(state.product_updates.c.id))
        return [(row.product_id, row.field, row.old, row.new) for row in rows]


class TestReadingProducts:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("sort=total_sold&direction=desc", [2, 4, 3, 1]),
            ("sort=name", [3, 1, 2, 4]),
            ("sort=sku&direction=desc", [4, 3, 2, 1]),
            ("sort=date_modified", [4, 1, 2, 3]),
            ("is_visible=0", [3]),
            ("is_visible=true&is_featured=1", [2]),
            ("name=PLANT 2", [2]),
            ("total_sold=0", [1]),
            ("id:not_in=1,3", [2, 4]),
            ("id:min=2&id:max=3", [2, 3]),
            ("id:greater=1&id:less=3", [2]),
            ("date_modified:min=2024-01-02T00:00:00Z", [2, 3]),
            ("date_modified:max=2024-01-01T07:00:00%2B07:00", [1, 4]),
        ],
    )
    def test_filters_and_orders(self, shop: StandIns, query: str, found: list[int]) -> None:
        shop.load_products(
            [
                product(1, date_modified="2024-01-01T00:00:00+00:00"),
                product(2, date_modified="2024-01-02T00:00:00Z", total_sold=7, is_featured=True),
                product(3, date_modified="2024-01-03", total_sold=5, is_visible=False, name="Ash"),
                product(4, date_modified="2023-12-31T18:00:00-05:00", total_sold=5),
            ]
        )
        assert ids(shop, query) == found

    def test_a_date_without_a_time_gets_the_time_of_the_request(self, shop: StandIns) -> None:
        shop.load_products([product(1)])
        assert ids(shop, f"date_modified:min={datetime.now(UTC):%Y-%m-%d}") == []

    @pytest.mark.parametrize(
        ("query", "named"),
        [
            ("include=options", "options"),
            ("include=reviews", "reviews"),
            ("include_fields=sort_order", "include_fields does not take sort_order"),
            ("exclude_fields=colour", "colour"),
            ("sort=price", "price"),
            ("sort=id&direction=down", "down"),
            ("is_featured=yes", "is_featured"),
            ("date_modified:min=yesterday", "date_modified:min"),
            ("total_sold=-1", "total_sold"),
        ],
    )
    def test_what_is_not_simulated_is_refused(self, shop: StandIns, query: str, named: str) -> None:
        answer = call(shop, "GET", f"{PRODUCTS}?{query}")
        assert answer.status_code == 422
        assert named in str(answer.json()["errors"])

    def test_parts_come_beside_the_fields_that_are_asked_for(self, shop: StandIns) -> None:
        picture = {"image_url": "https://pictures.example/tree.jpg?v=2"}
        shop.load_products([product(1), product(2, variants=SIZES, images=[picture])])
        [one, two] = data(shop, f"{PRODUCTS}?include=variants,images&include_fields=name")
        assert set(one) == {"id", "name", "variants", "images"}
        assert [variant["sku"] for variant in one["variants"]] == ["SKU-1"]
        assert one["images"] == []
        assert [variant["sku"] for variant in two["variants"]] == ["TREE-3", "TREE-7"]
        [image] = two["images"]
        assert (image["is_thumbnail"], image["image_file"]) == (True, "u/tree.jpg")
        single = call(shop, "GET", f"{PRODUCTS}/2?include=variants&exclude_fields=name").json()["data"]
        assert "name" not in single
        assert len(single["variants"]) == 2
        assert call(shop, "GET", f"{PRODUCTS}/3").status_code == 404

    def test_a_page_link_keeps_what_was_asked_for(self, shop: StandIns) -> None:
        shop.load_products(product(number) for number in range(1, 4))
        pages = call(shop, "GET", f"{PRODUCTS}?limit=2&sort=id&include=variants").json()["meta"]["pagination"]
        assert pages["links"]["next"] == "?sort=id&include=variants&page=2&limit=2"


class TestChangingProducts:
    def test_every_changed_field_is_written_down_and_shown(self, shop: StandIns) -> None:
        shop.load_products([product(1, total_sold=3)])
        change = {"total_sold": 9, "sort_order": -9, "is_featured": True, "related_products": [7, 5]}
        assert call(shop, "PUT", PRODUCTS, [{"id": 1, **change, "price": 9.99}]).status_code == 200
        found = {name: new for _, name, _, new in updates(shop)}
        assert found == change
        page = requests.get(shop.outbox_url, timeout=SECONDS).text
        assert all(name.replace("_", " ") in page for name in change)

    def test_one_product_is_changed_by_its_address(self, shop: StandIns) -> None:
        shop.load_products([product(1), product(2)])
        answer = call(shop, "PUT", f"{PRODUCTS}/2", {"id": 1, "total_sold": 5, "is_visible": False})
        assert (answer.status_code, answer.json()["data"]["id"]) == (200, 2)
        assert ids(shop, "total_sold=5&is_visible=0") == [2]
        for path, change, status in (
            (f"{PRODUCTS}/3", {"price": 1.0}, 404),
            (f"{PRODUCTS}/2", {"sku": "sku-1"}, 409),
            (f"{PRODUCTS}/2", {"price": "1"}, 422),
            (f"{PRODUCTS}/2", {"view_count": 1}, 422),
            (f"{PRODUCTS}/2", [], 422),
        ):
            assert call(shop, "PUT", path, change).status_code == status

    def test_a_sku_is_one_products_only(self, shop: StandIns) -> None:
        shop.load_products([product(1), product(2, variants=SIZES)])
        refused = call(shop, "PUT", PRODUCTS, [{"id": 1, "sku": "tree-7"}])
        assert (refused.status_code, refused.json()["code"]) == (409, 409)
        assert call(shop, "PUT", PRODUCTS, [{"id": 2, "sku": "TREE-7"}]).status_code == 200
        assert [row[:2] for row in updates(shop)] == [(2, "sku")]

    def test_brands_and_categories_must_be_there_when_they_are_newly_named(self, shop: StandIns) -> None:
        shop.load_brands([{"id": 4, "name": "Felco"}])
        shop.load_categories([{"category_id": 6, "name": "Trees"}])
        shop.load_products([product(1, brand_id=99, categories=[98])])
        for change, status in (
            ({"brand_id": 99, "categories": [98, 6]}, 200),
            ({"brand_id": 4}, 200),
            ({"brand_id": 0, "categories": []}, 200),
            ({"brand_id": 99}, 409),
            ({"categories": [6, 98]}, 409),
        ):
            assert call(shop, "PUT", PRODUCTS, [{"id": 1, **change}]).status_code == status

    def test_changes_that_come_at_once_are_all_kept(self, shop: StandIns) -> None:
        shop.load_products([product(1)])
        fields = {"weight": 1.5, "width": 2.5, "depth": 3.5, "height": 4.5, "sort_order": 5, "total_sold": 6}
        with ThreadPoolExecutor(6) as pool:
            answers = pool.map(
                lambda item: call(shop, "PUT", f"{PRODUCTS}/1", dict([item])).status_code, fields.items()
            )
            assert set(answers) == {200}
        kept = data(shop, f"{PRODUCTS}/1")
        assert {name: kept[name] for name in fields} == fields

    def test_a_person_may_change_products_in_the_shop_itself(self, shop: StandIns) -> None:
        shop.load_products([product(2), product(1)])
        shop.order_fault("bigcommerce", "keeps_total_sold")
        shop.set_products({1: {"total_sold": 5}, 2: {"sort_order": 3}})
        assert [(row["id"], row["total_sold"], row["sort_order"]) for row in shop.products()] == [
            (1, 5, 0),
            (2, 0, 3),
        ]

    def test_deleted_products_are_gone_with_their_parts(self, shop: StandIns) -> None:
        picture = {"image_url": "https://pictures.example/1.jpg"}
        shop.load_products(
            [*(product(number, images=[picture]) for number in range(1, 5)), product(5, variants=SIZES)]
        )
        assert call(shop, "DELETE", PRODUCTS).status_code == 422
        assert call(shop, "DELETE", f"{PRODUCTS}?price=9.99").status_code == 422
        assert ids(shop, "") == [1, 2, 3, 4, 5]
        assert call(shop, "DELETE", f"{PRODUCTS}?id:in=1,5,99").status_code == 204
        assert call(shop, "DELETE", f"{PRODUCTS}/2").status_code == 204
        assert call(shop, "DELETE", f"{PRODUCTS}/2").status_code == 204
        assert ids(shop, "") == [3, 4]
        assert [row["product_id"] for row in data(shop, VARIANTS)] == [3, 4]
        assert [row[:2] for row in updates(shop)] == [(1, "deleted"), (5, "deleted"), (2, "deleted")]
        # Names and SKUs of what is gone can be used again.
        shop.load_products([product(1), product(6, name="Plant 5", sku="SKU-5", variants=SIZES)])


class TestLoadingProducts:
    @pytest.mark.parametrize(
        ("rows", "named"),
        [
            ([product(1, date_modified="yesterday")], "date_modified"),
            ([product(1), product(2, variants=[{**SIZES[0], "sku": "sku-1"}])], "same SKU"),
            ([product(1, variants=SIZES), product(2, variants=SIZES)], "same name or SKU"),
            ([product(1, variants=[{"id": 81, "sku": "OTHER"}])], "option_values"),
            ([product(1, images=[{"image_url": "1.jpg"}])], "image_url"),
        ],
    )
    def test_what_cannot_be_in_a_shop(self, shop: StandIns, rows: Any, named: str) -> None:
        with pytest.raises(InvalidRequest, match=named):
            shop.load_products(rows)
        assert data(shop, PRODUCTS) == []

    def test_loading_again_replaces_a_product_with_its_parts(self, shop: StandIns) -> None:
        picture = {"image_url": "https://pictures.example/1.jpg"}
        for _ in range(2):
            shop.load_products([product(1, variants=SIZES, images=[picture])])
        [found] = data(shop, f"{PRODUCTS}?include=variants,images")
        assert (len(found["variants"]), len(found["images"])) == (2, 1)


class TestVariants:
    def test_a_base_variant_is_its_product(self, shop: StandIns) -> None:
        base = {"id": 80, "price": 12.0, "inventory_level": 4}
        shop.load_products([product(1, variants=[base])])
        change = [{"id": 80, "price": 15.5, "inventory_level": 3, "purchasing_disabled": True}]
        [answered] = call(shop, "PUT", VARIANTS, change).json()["data"]
        kept = data(shop, f"{PRODUCTS}/1")
        assert (kept["price"], kept["inventory_level"], kept["base_variant_id"]) == (15.5, 3, 80)
        assert (answered["calculated_price"], answered["sku"], answered["sku_id"]) == (15.5, "SKU-1", None)
        call(shop, "PUT", f"{PRODUCTS}/1", {"sku": "NEW", "sale_price": 9.0})
        [variant] = data(shop, f"{PRODUCTS}/1/variants")
        assert (variant["sku"], variant["calculated_price"], variant["purchasing_disabled"]) == (
            "NEW",
            9.0,
            True,
        )
        assert [row[1] for row in updates(shop)] == [
            "variants.80.purchasing_disabled",
            "price",
            "inventory_level",
            "sku",
            "sale_price",
        ]

    def test_a_variant_without_a_price_costs_what_its_product_costs(self, shop: StandIns) -> None:
        shop.load_products([product(2, variants=SIZES)])
        prices = {row["id"]: (row["price"], row["calculated_price"]) for row in data(shop, VARIANTS)}
        assert prices == {81: (None, 9.99), 82: (70.0, 70.0)}
        call(shop, "PUT", f"{PRODUCTS}/2", {"price": 8.0})
        call(shop, "PUT", VARIANTS, [{"id": 82, "price": None}])
        assert [row["calculated_price"] for row in data(shop, VARIANTS)] == [8.0, 8.0]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("sku=tree-7", [82]),
            ("sku=sku-1", [1_000_001]),
            # The product's own SKU is not one of its variants'.
            ("sku=SKU-2", []),
            ("id=81", [81]),
            ("product_id:in=2,99", [81, 82]),
            ("limit=2&page=2", [1_000_001]),
        ],
    )
    def test_filters(self, shop: StandIns, query: str, found: list[int]) -> None:
        shop.load_products([product(1), product(2, variants=SIZES)])
        assert [row["id"] for row in data(shop, f"{VARIANTS}?{query}")] == found

    @pytest.mark.parametrize(
        ("change", "status", "named"),
        [
            ([{"id": 82, "price": 1.0}, {"id": 99, "price": 1.0}], 422, "1.id"),
            ([{"id": 82, "price": 1.0}, {"id": 82, "price": 2.0}], 422, "1.id"),
            ([{"id": 82, "price": 1.0}, {"id": 81, "weight": -1.0}], 422, "1.weight"),
            ([{"id": 82, "price": 1.0}, {"id": 1_000_001, "price": None}], 422, "1.price"),
            ([{"id": 82, "price": 1.0, "sku": "NEW"}], 422, "0.sku"),
            ([{"id": 82, "price": 1.0}] * 51, 413, "50"),
        ],
    )
    def test_a_wrong_batch_is_refused_as_a_whole(
        self, shop: StandIns, change: Any, status: int, named: str
    ) -> None:
        shop.load_products([product(1), product(2, variants=SIZES)])
        answer = call(shop, "PUT", VARIANTS, change)
        assert (answer.status_code, named in answer.text) == (status, True)
        assert ("batch_errors" in answer.json()) == (status == 422)
        assert [row["price"] for row in data(shop, f"{VARIANTS}?product_id:in=2")] == [None, 70.0]


class TestImages:
    def test_a_product_is_listed_with_one_image(self, shop: StandIns) -> None:
        shop.load_products([product(1)])
        path = f"{PRODUCTS}/1/images"
        assert call(shop, "GET", path).status_code == 204
        made = [
            call(shop, "POST", path, {"image_url": f"https://pictures.example/{n}.jpg", "sort_order": n})
            for n in (1, 2)
        ]
        first, second = (answer.json()["data"]["id"] for answer in made)
        assert [row["is_thumbnail"] for row in data(shop, path)] == [True, False]
        call(shop, "PUT", f"{path}/{second}", {"is_thumbnail": True, "sort_order": 0})
        shown = [(row["is_thumbnail"], row["sort_order"]) for row in data(shop, path)]
        assert shown == [(False, 1), (True, 0)]
        assert call(shop, "DELETE", f"{path}/{second}").status_code == 204
        third = call(shop, "POST", path, {"image_url": "https://pictures.example/3.jpg"}).json()["data"]
        assert third["id"] > second
        assert [row["id"] for row in data(shop, path)] == [first, third["id"]]
        assert [row[1] for row in updates(shop)] == [
            f"images.{first}",
            f"images.{second}",
            f"images.{second}.is_thumbnail",
            f"images.{second}.sort_order",
            f"images.{second}",
            f"images.{third['id']}",
        ]

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("/1/images", {"image_file": "x.jpg"}, 422),
            ("/1/images", {"image_url": "https://pictures.example/" + "x" * 255}, 422),
            ("/9/images", {"image_url": "https://pictures.example/1.jpg"}, 404),
        ],
    )
    def test_refusals(self, shop: StandIns, path: str, body: Any, status: int) -> None:
        shop.load_products([product(1)])
        assert call(shop, "POST", PRODUCTS + path, body).status_code == status

    def test_a_sent_file_is_not_simulated(self, shop: StandIns) -> None:
        shop.load_products([product(1)])
        answer = call(shop, "POST", f"{PRODUCTS}/1/images", files={"image_file": b"x"})
        assert answer.status_code == 415


class TestBrandsAndCategories:
    def test_a_brand_is_made_once(self, shop: StandIns) -> None:
        shop.load_brands([{"id": 4, "name": "Felco"}])
        made = call(shop, "POST", "/v3/catalog/brands", {"name": "Fiskars"}).json()["data"]
        assert (made["name"], made["custom_url"]["url"]) == ("Fiskars", "/brands/fiskars/")
        again = call(shop, "POST", "/v3/catalog/brands", {"name": "FELCO"})
        assert (again.status_code, "name" in again.json()["errors"]) == (409, True)
        assert [row["id"] for row in data(shop, "/v3/catalog/brands?name:like=SK")] == [made["id"]]
        with pytest.raises(InvalidRequest, match="same name"):
            shop.load_brands([{"id": 5, "name": "felco"}])

    def test_categories_of_several_trees(self, shop: StandIns) -> None:
        shop.load_categories(
            [
                {"category_id": 1, "name": "Trees"},
                {"category_id": 2, "name": "Oaks", "parent_id": 1},
                {"category_id": 3, "name": "Trees", "tree_id": 2},
            ]
        )
        path = "/v3/catalog/trees/categories"
        for query, found in (("", [1, 2, 3]), ("name=trees&tree_id:in=2", [3]), ("parent_id:in=1", [2])):
            assert [row["category_id"] for row in data(shop, f"{path}?{query}")] == found
        old = data(shop, "/v3/catalog/categories?name:like=oak")
        assert [(row["id"], "tree_id" in row, "url" in row) for row in old] == [(2, False, False)]
        with pytest.raises(InvalidRequest, match="same name"):
            shop.load_categories([{"category_id": 4, "name": "OAKS", "parent_id": 1}])


class TestCoupons:
    def test_a_coupon_is_made_changed_and_deleted(self, shop: StandIns) -> None:
        made = call(shop, "POST", COUPONS, COUPON)
        assert (made.status_code, made.json()["amount"], made.json()["num_uses"]) == (201, "5.0000", 0)
        number = made.json()["id"]
        partly = call(shop, "PUT", f"{COUPONS}/{number}", {"max_uses": 1}).json()
        assert (partly["max_uses"], partly["code"], partly["applies_to"]["ids"]) == (1, COUPON["code"], [])
        assert call(shop, "DELETE", f"{COUPONS}/{number}").status_code == 204
        gone = call(shop, "DELETE", f"{COUPONS}/{number}")
        assert (gone.status_code, gone.json()[0]["status"]) == (404, 404)
        assert call(shop, "PUT", f"{COUPONS}/{number}", {"max_uses": 1}).status_code == 404
        assert call(shop, "POST", COUPONS, COUPON).json()["id"] > number
        with shop.context.engine.connect() as connection:
            changes = connection.execute(select(state.coupon_changes).order_by(state.coupon_changes.c.id))
            told = [(row.code, row.old is None, row.new is None) for row in changes]
        assert told == [
            (COUPON["code"], True, False),
            (COUPON["code"], False, False),
            (COUPON["code"], False, True),
            (COUPON["code"], True, False),
        ]

    @pytest.mark.parametrize(
        ("change", "status", "named"),
        [
            ({"code": "taken"}, 409, "unique"),
            ({"name": "TAKEN"}, 409, "unique"),
            ({"code": "50% OFF"}, 400, "'code'"),
            ({"amount": 5}, 400, "'amount'"),
            ({"amount": "five"}, 400, "'amount'"),
            ({"amount": "-5"}, 400, "'amount'"),
            ({"type": "promotion"}, 400, "'type'"),
            ({"applies_to": {"entity": "products"}}, 400, "'applies_to.ids'"),
            ({"expires": "2031-12-31"}, 400, "RFC 2822"),
            ({"id": 7}, 400, "cannot be written to"),
            ({"expiry": ""}, 400, "'expiry'"),
        ],
    )
    def test_refusals_are_arrays(self, shop: StandIns, change: Any, status: int, named: str) -> None:
        shop.load_coupons([{"id": 3, **COUPON, "name": "Taken", "code": "TAKEN"}])
        answer = call(shop, "POST", COUPONS, {**COUPON, **change})
        assert answer.status_code == status
        [problem] = answer.json()
        assert problem["status"] == status
        assert named in problem["message"]
        assert call(shop, "GET", f"{COUPONS}/count").json() == {"count": 1}

    def test_what_a_coupon_applies_to_must_be_said_at_first(self, shop: StandIns) -> None:
        body = {name: value for name, value in COUPON.items() if name != "applies_to"}
        assert call(shop, "POST", COUPONS, body).status_code == 400

    def test_a_deletion_without_ids_empties_the_shop(self, shop: StandIns) -> None:
        shop.load_coupons(
            {"id": n, **COUPON, "name": f"C{n}", "code": f"C-{n}", "amount": "5.0000"} for n in range(1, 5)
        )
        assert call(shop, "DELETE", f"{COUPONS}?id:in=1,2,99").status_code == 204
        assert [row["id"] for row in call(shop, "GET", COUPONS).json()] == [3, 4]
        assert call(shop, "DELETE", COUPONS).status_code == 204
        assert call(shop, "GET", COUPONS).status_code == 204

    def test_a_promotions_coupon_has_no_values(self, shop: StandIns) -> None:
        row = {"id": 5, "name": "P", "code": "PROMO", "type": "promotion", "amount": "5.0000"}
        shop.load_coupons([row])
        [found] = call(shop, "GET", f"{COUPONS}?type=promotion").json()
        assert (found["amount"], found["applies_to"]["ids"]) == ("0.0000", [])
        assert call(shop, "GET", f"{COUPONS}?exclude_type=promotion").status_code == 204


class TestFaults:
    def test_a_product_that_is_left_out_of_a_partial_success(self, shop: StandIns) -> None:
        shop.load_products(product(number) for number in (1, 2, 3))
        shop.order_fault("bigcommerce", "partial_207", product=2)
        assert call(shop, "PUT", PRODUCTS, [{"id": 1, "sort_order": 4}]).status_code == 200
        batch = [{"id": number, "sort_order": 5, "inventory_level": 6} for number in (1, 2, 3)]
        partial = call(shop, "PUT", PRODUCTS, batch)
        assert partial.status_code == 207
        assert [row["id"] for row in partial.json()["data"]] == [1, 3]
        [field] = partial.json()["errors"]["errors"]
        assert field == "1.id"
        kept = {row["id"]: (row["sort_order"], row["inventory_level"]) for row in data(shop, PRODUCTS)}
        assert kept == {1: (5, 6), 2: (0, 0), 3: (5, 6)}
        assert call(shop, "PUT", PRODUCTS, batch).status_code == 200

    def test_a_product_that_is_left_out_must_exist(self, shop: StandIns) -> None:
        shop.order_fault("bigcommerce", "partial_207", product=2)
        assert call(shop, "PUT", PRODUCTS, [{"id": 2, "sort_order": 5}]).status_code == 404

    def test_a_refused_product_is_refused_in_every_request(self, shop: StandIns) -> None:
        shop.load_products(product(number) for number in (1, 2, 3))
        shop.order_fault("bigcommerce", "refuse_product", product=2)
        batch = [{"id": 3, "sort_order": 5}, {"id": 2, "total_sold": 1, "sort_order": 5}]
        for _ in range(2):
            refused = call(shop, "PUT", PRODUCTS, batch)
            assert (refused.status_code, list(refused.json()["errors"])) == (422, ["1.total_sold"])
        single = call(shop, "PUT", f"{PRODUCTS}/2", {"sort_order": 5})
        assert (single.status_code, list(single.json()["errors"])) == (422, ["sort_order"])
        assert updates(shop) == []
        assert {row.fault for row in shop.requests("bigcommerce", "PUT")} == {"refuse_product"}
        assert call(shop, "PUT", PRODUCTS, batch[:1]).status_code == 200
        shop.clear_faults()
        assert call(shop, "PUT", PRODUCTS, batch).status_code == 200

    @pytest.mark.parametrize(("chosen", "kept"), [(None, [3, 3]), (2, [9, 3])])
    def test_a_shop_that_keeps_its_sales(self, shop: StandIns, chosen: int | None, kept: list[int]) -> None:
        shop.load_products([product(1, total_sold=3), product(2, total_sold=3)])
        shop.order_fault("bigcommerce", "keeps_total_sold", product=chosen)
        change = {"total_sold": 9, "sort_order": 5}
        answer = call(shop, "PUT", PRODUCTS, [{"id": 1, **change}, {"id": 2, **change}])
        assert answer.status_code == 200
        assert [row["total_sold"] for row in answer.json()["data"]] == kept
        assert [row["sort_order"] for row in data(shop, PRODUCTS)] == [5, 5]

    @pytest.mark.parametrize(
        ("order", "named"),
        [
            ({"vendor": "bigcommerce", "kind": "refuse_product"}, "needs a product"),
            ({"vendor": "bigcommerce", "kind": "slow", "product": 1}, "takes no product"),
            ({"vendor": "twilio", "kind": "keeps_total_sold"}, "bigcommerce"),
        ],
    )
    def test_orders_that_make_no_sense_are_refused(self, shop: StandIns, order: Any, named: str) -> None:
        with pytest.raises(InvalidRequest, match=named):
            shop.order_fault(**order)
