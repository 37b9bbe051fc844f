"""What BigCommerce's stand-in answers and takes fits the vendor's API specifications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator
from openapi_core.validation.response.exceptions import DataValidationError

from include.sandbox.standins import credentials
from include.sandbox.standins.server import StandIns
from tests.plugins.vendor_specs import SECONDS, SPECS, Contract, bigcommerce_contract, needs_specs

PRODUCTS = "/catalog/products"
WRONG_TOKEN = {"X-Auth-Token": "wrong"}

pytestmark = needs_specs


@pytest.fixture(scope="module")
def vendors(running: StandIns) -> StandIns:
    running.load_brands({"id": n, "name": f"Brand {n}"} for n in range(1, 4))
    running.load_categories({"category_id": n, "name": f"Category {n}"} for n in range(1, 4))
    running.load_products(
        {"id": n, "name": f"Plant {n}", "sku": f"SKU-{n}", "price": 9.5, "inventory_level": n}
        for n in range(1, 12)
    )
    running.load_products([{**_TREE, "images": [{"image_url": "https://pictures.example/tree.jpg"}]}])
    running.load_coupons(
        {"id": n, "name": f"C{n}", "code": f"CODE{n}", "type": "free_shipping", "amount": "0.0000"}
        for n in range(1, 4)
    )
    running.load_coupons([{"id": 9, "name": "P", "code": "PROMOTION", "type": "promotion"}])
    return running


_TREE = {
    "id": 12,
    "name": "Tree",
    "sku": "TREE",
    "price": 40.0,
    "inventory_level": 12,
    "variants": [
        {"id": 81, "sku": "TREE-3", "option_values": [{"label": "3 gal", "option_display_name": "Size"}]},
        {
            "id": 82,
            "sku": "TREE-7",
            "price": 70.0,
            "option_values": [{"label": "7 gal", "option_display_name": "Size"}],
        },
    ],
}


@pytest.fixture(scope="module")
def catalog(vendors: StandIns) -> Contract:
    return bigcommerce_contract(vendors, "products_catalog.v3.json", "v3", _mend_products)


@pytest.fixture(scope="module")
def variants(vendors: StandIns) -> Contract:
    return bigcommerce_contract(vendors, "product-variants_catalog.v3.json", "v3", _mend_variants)


@pytest.fixture(scope="module")
def marketing(vendors: StandIns) -> Contract:
    return bigcommerce_contract(vendors, "marketing.v2.json", "v2")


@pytest.fixture(autouse=True)
def no_faults(vendors: StandIns) -> Iterator[None]:
    yield
    vendors.clear_faults()


def _mend_products(document: Any) -> None:
    _let_null_be_null(document, set())
    for part in _objects(document):
        # An image fits one of two forms, but both take every object: then it can never fit only one.
        if "oneOf" in part and part.get("title") == "Product Image":
            part["anyOf"] = part.pop("oneOf")


def _mend_variants(document: Any) -> None:
    # What may be null in a product's list of variants is so in the list of all variants too.
    properties = [
        part["properties"] for part in _objects(document) if isinstance(part.get("properties"), dict)
    ]
    names = {name for found in properties for name, one in found.items() if one.get("nullable")}
    _let_null_be_null(document, names)


def _let_null_be_null(document: Any, names: set[str]) -> None:
    """Several descriptions say what null means, and then the schema does not take it."""
    for part in _objects(document):
        properties = part.get("properties")
        for name, found in properties.items() if isinstance(properties, dict) else ():
            if name in names or "null" in str(found.get("description", "")).lower():
                found["nullable"] = True


def _objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _objects(inner)


@pytest.mark.parametrize("path", ["/time", "/store"])
def test_store_information(vendors: StandIns, path: str) -> None:
    contract = bigcommerce_contract(vendors, "store_information.v2.json", "v2")
    assert contract.call("GET", path).status_code == 200


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("store_information.v2.json", "/time"),
        ("marketing.v2.json", "/coupons"),
        ("products_catalog.v3.json", PRODUCTS),
        ("products_catalog.v3.json", f"{PRODUCTS}/12/images"),
        ("product-variants_catalog.v3.json", "/catalog/variants"),
        ("brands_catalog.v3.json", "/catalog/brands"),
        ("category-trees_catalog.v3.json", "/catalog/trees/categories"),
        ("categories_catalog.v3.json", "/catalog/categories"),
    ],
)
def test_too_many_requests(vendors: StandIns, file: str, path: str) -> None:
    contract = bigcommerce_contract(vendors, file, file.split(".")[1])
    vendors.quota.enforced, allowed = True, vendors.quota.requests
    vendors.quota.requests = 0
    try:
        answer = contract.call("GET", path)
    finally:
        vendors.quota.enforced, vendors.quota.requests = False, allowed
    assert (answer.status_code, answer.headers["X-Rate-Limit-Requests-Left"]) == (429, "0")


class TestProducts:
    @pytest.mark.parametrize(
        "query",
        [
            "?limit=5&page=2",
            "?id:in=1,2&id:not_in=2",
            "?id:min=2&id:max=9&id:greater=3&id:less=8",
            "?sku:in=SKU-1,SKU-2",
            "?name=Tree&include=variants,images&include_fields=name,total_sold",
            "?exclude_fields=description,warranty&include=variants",
            "?sort=total_sold&direction=desc&is_visible=true&is_featured=0&total_sold=0",
            "?date_modified:min=2020-01-01&date_modified:max=2099-01-01T00:00:00%2B00:00",
            "?id=999",
        ],
    )
    def test_lists(self, catalog: Contract, query: str) -> None:
        assert catalog.call("GET", PRODUCTS + query).status_code == 200

    @pytest.mark.parametrize(
        ("path", "status"), [("/12", 200), ("/12?include=variants,images", 200), ("/999", 404)]
    )
    def test_one(self, catalog: Contract, path: str, status: int) -> None:
        assert catalog.call("GET", PRODUCTS + path).status_code == status

    def test_the_summary(self, catalog: Contract) -> None:
        summary = catalog.call("GET", "/catalog/summary").json()["data"]
        assert summary["variant_count"] == 13

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ([{"id": 1, "price": 4.25, "inventory_level": 3}, {"id": 2, "is_featured": True}], 200),
            ([{"id": 1, "total_sold": 7, "related_products": [2, 3], "brand_id": 1, "categories": [2]}], 200),
            ([{"id": n} for n in range(1, 12)], 413),
            ([{"id": 999, "price": 1.0}], 404),
            ([{"id": 1, "sku": "SKU-2"}], 409),
            ([{"id": 1, "sku": "TREE-3"}], 409),
            ([{"id": 1, "brand_id": 99}], 409),
            ([{"id": 1, "price": "4.25"}], 422),
            ([{"id": 1, "name": ""}], 422),
            ([{"price": 4.25}], 422),
        ],
    )
    def test_the_batch_update(self, catalog: Contract, change: Any, status: int) -> None:
        answer = catalog.call("PUT", PRODUCTS, json=change, refused=status in (413, 422))
        assert answer.status_code == status

    @pytest.mark.parametrize(
        ("path", "change", "status"),
        [
            ("/1", {"total_sold": 8, "sort_order": -5}, 200),
            ("/1?include=variants,images&include_fields=name", {"is_visible": False}, 200),
            ("/999", {"price": 1.0}, 404),
            ("/1", {"name": "Plant 2"}, 409),
            ("/1", {"categories": [99]}, 409),
            ("/1", {"price": -1.0}, 422),
        ],
    )
    def test_the_update_of_one(self, catalog: Contract, path: str, change: Any, status: int) -> None:
        answer = catalog.call("PUT", PRODUCTS + path, json=change, refused=status == 422)
        assert answer.status_code == status

    @pytest.mark.parametrize("product", [None, 3])
    def test_a_partial_success(self, vendors: StandIns, catalog: Contract, product: int | None) -> None:
        change = {"price": 4.25, "inventory_level": 1}
        vendors.order_fault("bigcommerce", "partial_207", product=product, count=2)
        batch = [{"id": 3, **change}, {"id": 4, "price": 1.0}]
        assert catalog.call("PUT", PRODUCTS, json=batch).status_code == 207
        assert catalog.call("PUT", f"{PRODUCTS}/3", json=change).status_code == 207

    def test_an_ordered_refusal(self, vendors: StandIns, catalog: Contract) -> None:
        vendors.order_fault("bigcommerce", "refuse_product", product=3)
        assert catalog.call("PUT", PRODUCTS, json=[{"id": 3, "price": 1.0}]).status_code == 422
        assert catalog.call("PUT", f"{PRODUCTS}/3", json={"price": 1.0}).status_code == 422

    def test_deletion(self, vendors: StandIns, catalog: Contract) -> None:
        vendors.load_products({"id": n, "name": f"Gone {n}"} for n in (71, 72, 73))
        assert catalog.call("DELETE", f"{PRODUCTS}?id:in=71,72").status_code == 204
        assert catalog.call("DELETE", f"{PRODUCTS}/73").status_code == 204
        assert catalog.call("GET", f"{PRODUCTS}?id:min=71").json()["data"] == []

    def test_what_the_specification_refuses_is_refused(self, vendors: StandIns) -> None:
        """Where the specification's schema finds fault with a product, the stand-in does too."""
        wrong: dict[str, list[Any]] = {
            "name": ["", "x" * 251, 5],
            "sku": ["x" * 256],
            "price": [-1, "1"],
            "weight": [-1],
            "inventory_level": [-1, 1.5, "3"],
            "inventory_tracking": ["sku"],
            "availability": ["sold out"],
            "condition": ["new"],
            "categories": ["12", ["x"], list(range(1001))],
            "is_visible": ["true", 1],
            "upc": ["x" * 15, None],
            "gtin": [None],
            "page_title": ["x" * 256],
            "search_keywords": ["x" * 65_536],
            "type": ["virtual"],
            "sort_order": [2**31],
            "total_sold": ["7", 1.5, None],
            "related_products": [["1"], 1],
            "custom_url": [{"url": ""}],
        }
        _refused(vendors, "PUT", "/v3/catalog/products", "product_batch_put", wrong, {"id": 1}, in_list=True)


class TestVariants:
    @pytest.mark.parametrize(
        ("path", "status", "found"),
        [
            ("/catalog/variants?limit=5&page=2", 200, 5),
            ("/catalog/variants?sku=tree-7", 200, 1),
            ("/catalog/variants?sku=SKU-1", 200, 1),
            ("/catalog/variants?product_id:in=1,12", 200, 3),
            ("/catalog/variants?id=81&include_fields=sku", 200, 1),
            (f"{PRODUCTS}/12/variants", 200, 2),
            (f"{PRODUCTS}/999/variants", 404, None),
        ],
    )
    def test_lists(self, variants: Contract, path: str, status: int, found: int | None) -> None:
        answer = variants.call("GET", path)
        assert answer.status_code == status
        assert found is None or len(answer.json()["data"]) == found

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ([{"id": 81, "price": 12.5, "inventory_level": 4}, {"id": 82, "sale_price": None}], 200),
            ([{"id": 1_000_001, "price": 9.5, "purchasing_disabled": True}], 200),
            ([{"id": n} for n in range(1, 52)], 413),
            ([{"id": 999}], 422),
            ([{"id": 81, "upc": "x" * 15}], 422),
        ],
    )
    def test_the_batch_update(self, variants: Contract, change: Any, status: int) -> None:
        answer = variants.call("PUT", "/catalog/variants", json=change, refused=status in (413, 422))
        assert answer.status_code == status

    def test_what_the_specification_refuses_is_refused(self, vendors: StandIns) -> None:
        wrong: dict[str, list[Any]] = {
            "price": [-1, "1"],
            "weight": ["1"],
            "is_free_shipping": [1],
            "purchasing_disabled_message": ["x" * 256],
            "upc": ["x" * 15],
            "inventory_level": ["1", 1.5],
            "bin_picking_number": [5],
            "sku": ["NEW"],
        }
        _refused(vendors, "PUT", "/v3/catalog/variants", "variant_batch_put", wrong, {"id": 81}, in_list=True)


class TestImages:
    def test_a_life(self, catalog: Contract) -> None:
        path = f"{PRODUCTS}/5/images"
        assert catalog.call("GET", path).status_code == 204
        made = catalog.call("POST", path, json={"image_url": "https://pictures.example/5.jpg"})
        assert made.status_code == 200
        one = f"{path}/{made.json()['data']['id']}"
        assert catalog.call("PUT", one, json={"description": "In bloom"}).status_code == 200
        assert catalog.call("GET", path).json()["data"][0]["description"] == "In bloom"
        assert catalog.call("PUT", one, json={"sort_order": "first"}, refused=True).status_code == 422
        assert catalog.call("DELETE", one).status_code == 204
        assert catalog.call("PUT", one, json={"description": "Gone"}).status_code == 404
        for refused, status in (({"image_url": "no address"}, 422), ({"description": "x"}, 422)):
            assert catalog.call("POST", path, json=refused).status_code == status
        assert catalog.call("GET", f"{PRODUCTS}/999/images").status_code == 404


class TestBrandsAndCategories:
    def test_brands(self, vendors: StandIns) -> None:
        contract = bigcommerce_contract(vendors, "brands_catalog.v3.json", "v3")
        path = "/catalog/brands"
        assert contract.call("GET", f"{path}?sort=name&direction=desc&limit=2").status_code == 200
        made = contract.call("POST", path, json={"name": "Felco & Söhne", "meta_keywords": ["shears"]})
        assert made.status_code == 200
        assert contract.call("GET", f"{path}?name=felco %26 söhne").json()["data"] == [made.json()["data"]]
        assert contract.call("POST", path, json={"name": "BRAND 1"}).status_code == 409
        assert contract.call("POST", path, json={"name": ""}, refused=True).status_code == 422
        assert contract.call("GET", path, headers=WRONG_TOKEN).status_code == 401
        wrong: dict[str, list[Any]] = {
            "name": ["", "x" * 256, None],
            "page_title": ["x" * 256],
            "meta_keywords": ["shears"],
            "custom_url": [{"url": "/a b/"}],
        }
        _refused(vendors, "POST", f"/v3{path}", "brand_post", wrong, {"name": "Fiskars"})

    def test_categories(self, vendors: StandIns) -> None:
        contract = bigcommerce_contract(vendors, "category-trees_catalog.v3.json", "v3")
        path = "/catalog/trees/categories"
        found = contract.call("GET", f"{path}?category_id:in=2,3&tree_id:in=1&name=CATEGORY 2").json()["data"]
        assert [row["category_id"] for row in found] == [2]
        assert contract.call("GET", f"{path}?tree_id:in=x", refused=True).status_code == 422
        assert contract.call("GET", path, headers=WRONG_TOKEN).status_code == 401

    def test_old_categories(self, vendors: StandIns) -> None:
        contract = bigcommerce_contract(vendors, "categories_catalog.v3.json", "v3")
        assert len(contract.call("GET", "/catalog/categories?id:min=2&parent_id=0").json()["data"]) == 2


class TestCoupons:
    def test_lists(self, marketing: Contract) -> None:
        assert len(marketing.call("GET", "/coupons").json()) == 4
        assert len(marketing.call("GET", "/coupons?exclude_type=promotion").json()) == 3
        assert marketing.call("GET", "/coupons?min_id=2&limit=1&page=2").status_code == 200
        assert marketing.call("GET", "/coupons?code=NONE").status_code == 204
        assert marketing.call("GET", "/coupons/count").json() == {"count": 4}

    def test_a_life(self, marketing: Contract) -> None:
        body = {
            "name": "Welcome 7F3K",
            "code": "WELCOME-7F3K",
            "type": "per_total_discount",
            "amount": "5",
            "applies_to": {"entity": "categories", "ids": [0]},
            "expires": "Wed, 31 Dec 2031 23:59:59 -0500",
            "restricted_to": {"countries": "US"},
        }
        made = marketing.call("POST", "/coupons", json=body)
        assert made.status_code == 201
        one = f"/coupons/{made.json()['id']}"
        changed = {name: value for name, value in body.items() if name != "applies_to"}
        assert marketing.call("PUT", one, json=changed, refused=True).json()["applies_to"]["ids"] == []
        assert marketing.call("PUT", one, json=body).json()["applies_to"]["ids"] == [0]
        assert marketing.call("DELETE", one).status_code == 204
        again = marketing.call("POST", "/coupons", json=body).json()["id"]
        assert marketing.call("DELETE", f"/coupons?id:in={again},999").status_code == 204
        assert marketing.call("GET", "/coupons/count").json() == {"count": 4}

    def test_what_the_specification_refuses_is_refused(self, vendors: StandIns) -> None:
        good = {
            "name": "N",
            "code": "C",
            "type": "free_shipping",
            "amount": "0",
            "applies_to": {"entity": "categories", "ids": [0]},
        }
        wrong: dict[str, list[Any]] = {
            "name": ["x" * 101, None],
            "code": ["BAD$$", "x" * 51, ""],
            "type": ["gift"],
            "amount": [5, None],
            "applies_to": [None, {"ids": [1]}, {"entity": "brands", "ids": [1]}],
            "min_purchase": [5],
            "expires": [None, 5],
            "max_uses": ["1"],
            "shipping_methods": ["ground"],
            "num_uses": [1],
            "minimum": ["5"],
        }
        _refused(vendors, "POST", "/v2/coupons", "coupon_post", wrong, good, status=400)


def test_the_check_itself_finds_a_wrong_answer(vendors: StandIns, catalog: Contract) -> None:
    """Guards against a check that passes everything."""
    vendors.load_products([{"id": 50, "name": "Wrong"}])
    with vendors.context.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE products SET document = json_set(document, '$.price', 'dear') WHERE id = 50"
        )
    try:
        with pytest.raises(DataValidationError):
            catalog.call("GET", "/catalog/products?id=50")
    finally:
        catalog.call("DELETE", f"{PRODUCTS}/50")


def _refused(
    vendors: StandIns,
    method: str,
    path: str,
    schema: str,
    wrong: dict[str, list[Any]],
    good: dict[str, Any],
    *,
    in_list: bool = False,
    status: int = 422,
) -> None:
    """Every value that the closed schema of the body finds fault with is refused by the stand-in."""
    check = Draft202012Validator(
        json.loads((SPECS / f"bigcommerce/strict/{schema}.schema.json").read_text(encoding="utf-8"))
    )
    url = f"{vendors.http_url}/stores/{credentials.BIGCOMMERCE_STORE_HASH}{path}"
    headers = {"X-Auth-Token": credentials.BIGCOMMERCE_TOKEN}
    for name, values in wrong.items():
        for value in values:
            item = {**good, name: value}
            body = [item] if in_list else item
            assert not check.is_valid(body), f"{name}: the schema takes {value!r}"
            answer = requests.request(method, url, json=body, headers=headers, timeout=SECONDS)
            assert answer.status_code == status, f"{name}: {value!r}"
