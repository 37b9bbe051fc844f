"""The sandbox web shop: what the DAGs find in it, and what is wrong in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Select, create_engine, delete, select

from include.counterpoint.items import as_items, items, products
from include.counterpoint.sales import as_sales, sales_by_item
from include.errors import InvalidRequest
from include.sandbox.seed import seed
from include.sandbox.standins.bigcommerce.product_view import variants_of
from include.sandbox.standins.state import coupons, open_state
from include.sandbox.standins.state import products as products_table
from include.sandbox.web_shop import fill_web_shop
from include.settings import store_settings
from include.web_shop.mapping import MappedShop, connector_rows, map_products
from include.web_shop.snapshot import as_products

UNTIL = date(2026, 5, 7)
NEW_YORK = ZoneInfo("America/New_York")


class WebShop:
    """A small sandbox store and the web shop that was made from it."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'counterpoint.db'}"
        seed(url, until=UNTIL, scale=0.03)
        self.counterpoint = create_engine(url)
        self.folder = folder / "vendors"
        self.filled = fill_web_shop(self.counterpoint, self.folder)

    def read(self, query: Select[Any]) -> Sequence[Any]:
        with self.counterpoint.connect() as connection:
            return list(connection.execute(query))

    def products(self) -> list[dict[str, Any]]:
        """As the list of the API gives them."""
        vendors = open_state(self.folder)
        with vendors.connect() as connection:
            found = list(connection.scalars(select(products_table.c.document)))
            variants = variants_of(connection, found)
        vendors.dispose()
        return [{**product, "variants": variants[product["id"]]} for product in found]

    def coupons(self) -> list[dict[str, Any]]:
        vendors = open_state(self.folder)
        with vendors.connect() as connection:
            found = list(connection.scalars(select(coupons.c.document).order_by(coupons.c.id)))
        vendors.dispose()
        return found

    def map(self) -> MappedShop:
        found = as_products(self.products())
        assert found.rejects == ()
        stock = as_items(self.read(items(store_settings().stock_locations)))
        return map_products(found.products, stock, connector_rows(self.read), {})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> WebShop:
    return WebShop(tmp_path_factory.mktemp("shop"))


def test_the_same_store_gives_the_same_shop(shop: WebShop, tmp_path: Path) -> None:
    again = WebShop(tmp_path)
    assert again.filled == shop.filled > 30
    assert again.products() == shop.products()
    assert again.coupons() == shop.coupons()
    again.counterpoint.dispose()


def test_a_shop_that_has_products_is_left_as_it_is(tmp_path: Path) -> None:
    shop = WebShop(tmp_path)
    vendors = open_state(shop.folder)
    with vendors.begin() as connection:
        connection.execute(
            delete(products_table).where(products_table.c.id > min(p["id"] for p in shop.products()))
        )
    vendors.dispose()
    assert fill_web_shop(shop.counterpoint, shop.folder) == 0
    assert len(shop.products()) == 1
    shop.counterpoint.dispose()


def test_a_database_that_is_no_sandbox_fills_no_shop(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="sandbox store"):
        fill_web_shop(create_engine("sqlite://"), tmp_path / "vendors")


def test_nearly_everything_is_found_by_its_sku_and_each_kind_of_trouble_is_there(shop: WebShop) -> None:
    mapped = shop.map()
    found_by = Counter(row.found_by for row in mapped.rows)
    assert found_by["sku"] > 20 * found_by["connector"] > 0
    reasons = " / ".join(reject.reason for reject in mapped.rejects)
    for trouble in (
        "was deleted in the web shop; no product is used",
        "was deleted in the web shop; product",
        "2 products of the web shop have this SKU",
        "not in the web shop yet",
    ):
        assert trouble in reasons
    assert any(not product["is_visible"] for product in shop.products())
    assert any(len(product["variants"]) > 1 for product in shop.products())


def test_most_products_show_what_the_tickets_say(shop: WebShop) -> None:
    mapped = shop.map()
    stock = products(as_items(shop.read(items(store_settings().stock_locations))))
    sold = as_sales(shop.read(sales_by_item()))
    right = 0
    for key, product in mapped.shop.ids.items():
        units = [sold[item.key].quantity for item in stock[key] if item.key in sold]
        right += mapped.shop.products[product].total_sold == max(0, round(sum(units, Decimal(0))))
    assert 0.8 < right / len(mapped.shop.ids) < 1


def test_related_products_exist(shop: WebShop) -> None:
    ids = {product["id"] for product in shop.products()}
    related = [product["related_products"] for product in shop.products()]
    assert 0 < related.count([-1]) < len(related) / 2
    assert {other for others in related for other in others} <= ids | {-1}
    assert all(product["id"] not in product["related_products"] for product in shop.products())


def test_the_coupons_are_of_every_age(shop: WebShop) -> None:
    found = shop.coupons()
    assert len(found) > 50
    assert [coupon["type"] for coupon in found].count("promotion") == 1
    days = [
        (parsedate_to_datetime(coupon["expires"]).astimezone(NEW_YORK).date() - UNTIL).days
        for coupon in found
        if coupon["expires"] and "-0000" not in coupon["expires"]
    ]
    assert min(days) < -30
    assert {-1, 0} <= set(days)
    assert max(days) > 30
    expired = sum(day < 0 for day in days)
    assert len(found) / 5 < expired < len(found) / 2
    assert any(not coupon["expires"] for coupon in found)
    assert any("-0000" in coupon["expires"] for coupon in found)
