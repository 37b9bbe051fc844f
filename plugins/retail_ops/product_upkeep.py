"""Tasks of `product_upkeep` around the rules of `include.catalog` and `include.customers`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from airflow.sdk import ObjectStoragePath

from include.changes import Budget, Plan, Result
from include.settings import store_settings
from retail_ops.store_changes import apply_to_counterpoint
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.storedb.given_brands import GivenBrands

INACTIVE, BRANDS, BUFFERS = "inactive_products", "brands", "stock_buffers"
EMAIL_LISTS = ("retail", "wholesale")


def plan_inactive(task_run: TaskRun) -> Plan:
    """Sold-out items; what is inactive and has stock again is listed for staff on the way."""
    from include.catalog import status
    from include.catalog.upkeep_settings import upkeep_settings
    from retail_ops.hooks.databases import CounterpointHook

    plan, again = status.plan_inactive(CounterpointHook().read, upkeep_settings(), store_settings())
    budget(INACTIVE).check_source(plan)
    if not task_run.dry_run:
        status.write_report(again, task_run.file(INACTIVE, "inactive_with_stock.csv"))
    return plan


def plan_brands(_task_run: TaskRun) -> Plan:
    """Brands for items that have none, or none but our default."""
    from include.catalog import brands
    from include.catalog.upkeep_settings import upkeep_settings
    from retail_ops.hooks.databases import CounterpointHook

    return brands.plan_brands(
        CounterpointHook().read, upkeep_settings(), store_settings(), _given_brands().all()
    )


def apply_brands(task_run: TaskRun, plan: Plan) -> Iterator[list[Result]]:
    """Write the brands, and remember which of them are defaults that a later rule may replace."""
    from include.catalog import brands
    from retail_ops.hooks.databases import CounterpointHook

    brands.remember_given(plan.changes, _given_brands())
    yield from apply_to_counterpoint(task_run, plan)
    brands.forget_decided(CounterpointHook().read, _given_brands())


def _given_brands() -> GivenBrands:
    from include.storedb.given_brands import GivenBrands
    from retail_ops.hooks.databases import StoreDbHook

    return GivenBrands(StoreDbHook().engine)


def plan_buffers(_task_run: TaskRun) -> Plan:
    """Stock buffers that differ from what the settings want."""
    from include.catalog import buffers
    from include.catalog.upkeep_settings import upkeep_settings
    from retail_ops.hooks.databases import CounterpointHook

    return buffers.plan_buffers(CounterpointHook().read, upkeep_settings(), store_settings())


def budget(rule: str) -> Budget:
    """How much a rule may change in one run."""
    from include.catalog.upkeep_settings import upkeep_settings

    return upkeep_settings().budgets[rule].budget()


def plan_list(task_run: TaskRun, segment: str) -> Plan:
    """Write a segment's e-mail list beside the plan, and plan its publication when it differs."""
    from include.customers.email_lists import plan_email_list
    from include.customers.settings import email_list_settings
    from retail_ops.hooks.databases import CounterpointHook

    settings = email_list_settings()
    there, candidate = _list_files(task_run, segment)
    plan = plan_email_list(CounterpointHook().stream, there, candidate, segment, settings)
    if task_run.dry_run:
        # Customers' addresses lie nowhere without a purpose.
        candidate.unlink(missing_ok=True)
    return plan


def publish_list(task_run: TaskRun, plan: Plan, segment: str) -> list[Result]:
    """Put the list in the place of the one before."""
    from include.customers.email_lists import publish_email_list

    there, candidate = _list_files(task_run, segment)
    return [publish_email_list(change, there, candidate) for change in plan.changes]


def _list_files(task_run: TaskRun, segment: str) -> Sequence[ObjectStoragePath]:
    from include.customers.settings import email_list_settings

    settings = email_list_settings()
    name = settings.segments[segment].file
    return task_run.file(settings.folder, name), task_run.run_file(name)
