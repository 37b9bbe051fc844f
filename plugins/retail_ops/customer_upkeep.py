"""Tasks of the customer automations around the rules of `include.customers`."""

from __future__ import annotations

from include.changes import Budget, Plan
from retail_ops.task_run import TaskRun


def plan_contacts(_task_run: TaskRun) -> Plan:
    """First contacts for people who have none."""
    from include.customers.contacts import plan_contacts as plan
    from include.customers.upkeep_settings import customer_settings
    from retail_ops.hooks.databases import CounterpointHook

    return plan(CounterpointHook().read, customer_settings())


def plan_refunds(task_run: TaskRun) -> Plan:
    """First and last sales of customers whose purchases were refunded lately."""
    from include.customers.refunds import plan_refunds as plan
    from include.customers.upkeep_settings import customer_settings
    from retail_ops.hooks.databases import CounterpointHook

    return plan(CounterpointHook().read, customer_settings(), task_run.when.date())


def plan_wholesale(_task_run: TaskRun) -> Plan:
    """Wholesale customers who are in the loyalty programme."""
    from include.customers.loyalty import plan_wholesale as plan
    from include.customers.upkeep_settings import customer_settings
    from retail_ops.hooks.databases import CounterpointHook

    return plan(CounterpointHook().read, customer_settings())


def plan_negative_points(_task_run: TaskRun) -> Plan:
    """Balances below 0."""
    from include.customers.loyalty import plan_negative_points as plan
    from retail_ops.hooks.databases import CounterpointHook

    return plan(CounterpointHook().read)


def budget(rule: str) -> Budget:
    """How much a rule may change in one run."""
    from include.customers.upkeep_settings import customer_settings

    return customer_settings().budgets[rule].budget()
