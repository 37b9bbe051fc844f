"""Web shops for tests: small ones made by hand, and one that fits the seeded store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from sqlalchemy import create_engine, delete, select

from include.changes import Plan
from include.counterpoint.items import folded
from include.counterpoint.sales import ItemSales
from include.counterpoint.tables import CPI_BC_PROD, CPI_BC_PRODUCTS, PS_TKT_HIST_LIN
from include.periods import this_time_last_year
from include.sandbox.seed import seed
from include.settings import StoreSettings, load_settings
from include.web_shop.settings import WebShopSettings
from include.web_shop.shop import PRODUCT, Shop, WebProduct, WebVariant
from tests.item_file import SeededStore

DAY = date(2026, 11, 20)
PERIOD = this_time_last_year(DAY, 45)
SHIPPED = load_settings(WebShopSettings, "web_shop")
STORE = StoreSettings(name="Garden", stock_locations=("1", "2"))


def sold(sales: Mapping[str, str | int | tuple[str | int, str | int]]) -> dict[str, ItemSales]:
    """Net sales by item; one number is both quantity and amount."""
    pairs = {item: both if isinstance(both, tuple) else (both, both) for item, both in sales.items()}
    return {
        item: ItemSales(item, Decimal(quantity), Decimal(amount))
        for item, (quantity, amount) in pairs.items()
    }


def a_product(number: int, sku: str = "", **over: Any) -> WebProduct:
    """An ordinary product with one variant; `over` says what is special about it."""
    ordinary = WebProduct(
        id=number,
        name=f"Product {number}",
        sku=sku,
        total_sold=0,
        sort_order=0,
        is_featured=False,
        is_visible=True,
        availability="available",
        related_products=(-1,),
        variants=(WebVariant(1000 + number, sku),),
    )
    return replace(ordinary, **over)


def a_shop(ids: Mapping[str, int], *special: WebProduct) -> Shop:
    """A shop that sells these items and binding ids as these products."""
    found = {number: a_product(number, key) for key, number in ids.items()}
    return Shop(found | {product.id: product for product in special}, dict(ids))


def wanted(plan: Plan, target: str = "IM_ITEM") -> dict[Any, Any]:
    """What a plan wants of one system, by key."""
    found = {change.key: change.new for change in plan.changes if change.target == target}
    assert len(found) == sum(change.target == target for change in plan.changes), "one change for each key"
    return found


def wanted_of_shop(plan: Plan) -> dict[int, Any]:
    """What a plan wants of the web shop, by product id."""
    return {int(key): value for key, value in wanted(plan, PRODUCT).items()}


class WebStore(SeededStore):
    """The simulated store on `DAY` and a shop with the products that its connector knows."""

    def __init__(self, folder: Path) -> None:
        url = f"sqlite:///{folder / 'counterpoint.db'}"
        seed(url, until=DAY, scale=0.05)
        self.engine = create_engine(url)
        rows = self.read(select(CPI_BC_PRODUCTS).order_by(CPI_BC_PRODUCTS.c.CREATE_DATE))
        ids = {folded(row.ITEM_NO): row.PRODUCT_ID for row in rows}
        variants: dict[int, list[WebVariant]] = {}
        for row in self.read(select(CPI_BC_PROD)):
            variants.setdefault(row.PRODUCT_ID, []).append(WebVariant(row.VARIANT_ID, row.SKU))
        products = [a_product(id_, key, variants=tuple(variants[id_])) for key, id_ in ids.items()]
        self.shop = Shop({product.id: product for product in products}, ids)

    def plan(self, rule: ModuleType, day: date = DAY, *, shop: bool = True, **over: Any) -> Plan:
        """The plan of one rule with the shipped settings, but for what `over` changes in the rule's own."""
        name = rule.__name__.rpartition(".")[2]
        own = getattr(SHIPPED, name).model_copy(update=over)
        settings = SHIPPED.model_copy(update={name: own})
        found: Plan = rule.plan(self.read, day, self.shop if shop else None, settings, STORE)
        return found

    def apply(self, plan: Plan) -> None:
        """Carry out a plan in Counterpoint and in the shop; each change must find its old value."""
        self.make(change for change in plan.changes if change.target != PRODUCT)
        products = dict(self.shop.products)
        for change in plan.changes:
            if change.target == PRODUCT:
                product, new = products[int(str(change.key))], {change.field: change.new}
                assert getattr(product, change.field) == change.old, change
                products[product.id] = replace(product, **cast(dict[str, Any], new))
        self.shop = Shop(products, self.shop.ids)

    def forget_sales(self) -> None:
        """Empty the table of ticket lines."""
        with self.engine.begin() as connection:
            connection.execute(delete(PS_TKT_HIST_LIN))
