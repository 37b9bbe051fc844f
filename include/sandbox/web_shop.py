"""Filling the web shop's stand-in with what the sandbox store sells online."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Select, Table, select

from include.errors import InvalidRequest
from include.sandbox.seed.randomness import stream
from include.sandbox.seed.signature import read_signature
from include.sandbox.standins.bigcommerce.coupon_store import load_coupons
from include.sandbox.standins.bigcommerce.product_loading import load_products
from include.sandbox.standins.state import coupons, open_state, products
from include.sandbox.web_shop_coupons import coupon_rows
from include.sandbox.web_shop_products import product_rows
from include.settings import store_settings


def fill_web_shop(counterpoint: Engine, state_dir: Path) -> int:
    """Put products and coupons into the stand-ins' state; returns the number of products put there.

    Products come from the sandbox store in `counterpoint` and are the same for the same store. Where there
    are products, or coupons, already, those stay as they are. The stand-ins may run meanwhile. Raises
    `InvalidRequest` for a database that is no sandbox store.
    """

    def read(query: Select[Any]) -> list[Any]:
        with counterpoint.connect() as connection:
            return list(connection.execute(query))

    with counterpoint.connect() as connection:
        found = read_signature(connection)
    if found is None:
        raise InvalidRequest("the web shop of the sandbox is made from a sandbox store, which this is not")
    signature = found[1]
    vendors = open_state(state_dir)
    try:
        count = 0
        if _is_empty(vendors, products):
            rng = stream(signature.random_seed, "web shop products")
            count = load_products(vendors, product_rows(read, signature.until, rng))
        if _is_empty(vendors, coupons):
            rng = stream(signature.random_seed, "web shop coupons")
            load_coupons(vendors, coupon_rows(signature.until, store_settings().zone, rng))
        return count
    finally:
        vendors.dispose()


def _is_empty(vendors: Engine, table: Table) -> bool:
    with vendors.connect() as connection:
        return connection.scalar(select(table.c.id).limit(1)) is None
