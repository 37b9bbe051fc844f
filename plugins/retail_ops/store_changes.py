"""Carrying out changes where they belong: the point of sale's tables and the web shop's products."""

from __future__ import annotations

from collections.abc import Iterator

from include.changes import Plan, Result
from retail_ops.task_run import TaskRun

ITEMS = ("IM_ITEM",)
"""Targets of changes to the item file."""

COUNTERPOINT = (*ITEMS, "AR_CUST")
"""Targets of all changes that are written to Counterpoint's database."""

WEB_SHOP = ("bigcommerce.product",)
"""Targets of changes to the web shop's products."""


def apply_to_counterpoint(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Write in bulk, guarded by the old values; one list of results for each statement."""
    from retail_ops.hooks.databases import CounterpointHook

    yield from CounterpointHook().write(plan.changes)


def apply_to_web_shop(_task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Send one change per product with all fields that any rule wants; one list of results for each batch."""
    from include.web_shop.merging import by_product, merged, results
    from retail_ops.hooks.bigcommerce import BigCommerceHook

    changes = by_product(plan.changes)
    for outcomes in BigCommerceHook().update_products(merged(changes)):
        yield [result for outcome in outcomes for result in results(outcome, changes[outcome.product_id])]
