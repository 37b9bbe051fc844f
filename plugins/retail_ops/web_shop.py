"""The web shop's part of `nightly_bigcommerce_sync`: tasks around the rules of `include.web_shop`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING

from airflow.sdk import ObjectStoragePath

from include.changes import Budget, Plan, Result
from include.settings import store_settings
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.web_shop.shop import Shop

RULES = ("total_sold", "related_items", "always_online", "sort_order", "featured")
COUPONS = "coupons"


def _snapshot(task_run: TaskRun) -> ObjectStoragePath:
    return task_run.run_file("web_shop.jsonl.gz")


def read_shop(task_run: TaskRun) -> Plan:
    """Read all products once for all rules, and work out which of them sells which item."""
    from include.counterpoint.items import as_items, items
    from include.storedb.web_products import WebProducts
    from include.web_shop import mapping, snapshot
    from retail_ops.hooks.bigcommerce import BigCommerceHook
    from retail_ops.hooks.databases import CounterpointHook, StoreDbHook

    path, read = _snapshot(task_run), CounterpointHook().read
    path.unlink(missing_ok=True)
    found = snapshot.as_products(BigCommerceHook().products(snapshot.FIELDS, variants=True))
    memory = WebProducts(StoreDbHook().engine)
    mapped = mapping.map_products(
        found.products,
        as_items(read(items(store_settings().stock_locations))),
        mapping.connector_rows(read),
        memory.all(),
    )
    snapshot.write_shop(mapped.shop, path)
    # Without products the shop was not really read: what was remembered stays.
    if found.products and not task_run.dry_run:
        memory.remember(mapped.rows)
    return Plan(considered=len(found.products), rejects=found.rejects + mapped.rejects)


def _shop(task_run: TaskRun) -> Shop | None:
    from include.web_shop.snapshot import read_shop as read

    path = _snapshot(task_run)
    return read(path) if path.exists() else None


def plan_rule(task_run: TaskRun, rule: str) -> Plan:
    """What one rule wants of Counterpoint, and of the web shop where that could be read."""
    from include.web_shop.settings import web_shop_settings
    from retail_ops.hooks.databases import CounterpointHook

    plan: Plan = import_module(f"include.web_shop.{rule}").plan(
        CounterpointHook().read,
        task_run.when.date(),
        _shop(task_run),
        web_shop_settings(),
        store_settings(),
    )
    return plan


def budget(rule: str) -> Budget:
    """How much a rule may change in one night."""
    from include.web_shop.settings import web_shop_settings

    return web_shop_settings().budgets[rule].budget()


def plan_coupons(task_run: TaskRun) -> Plan:
    """Which coupons have expired."""
    from include.web_shop import coupons
    from include.web_shop.settings import web_shop_settings
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    found = BigCommerceHook().coupons()
    return coupons.plan(found, task_run.when.date(), store_settings().zone, web_shop_settings().coupons)


def delete_coupons(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Write each coupon down, then delete it by its id."""
    from include.web_shop import coupons
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    hook = BigCommerceHook()
    log = coupons.CouponLog(task_run.file("coupons", "deleted_coupons.csv"), task_run.when.date())
    yield from coupons.delete(plan.changes, hook.coupon, hook.delete_coupon, log.write, datetime.now(UTC))
