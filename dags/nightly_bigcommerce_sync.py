"""
# Nightly web-shop sync

**What:** tells the web shop what the tills know: how often each product was sold, what to show beside it, in
which order, what to feature; and clears away expired coupons.

**When:** 02:00 every night, store time.

**Reads:** Counterpoint (items, stock, tickets, receivings), all products and coupons of BigCommerce.

**Writes:** Counterpoint (`IM_ITEM`: always online, sort order, featured; with the last-maintained date, by
which the connector notices) and BigCommerce (products in batches of ten, only what differs; coupons).

**Parts:** one table of rules, each with its own plan, its own budget and no say over the others:

- `total_sold`: units sold net of returns; a bound product counts all its sizes.
- `related_items`: the staff's list for the category, then what was popular there at this time last year.
- `always_online`: the best sellers since the start of last year stay online when they run out.
- `sort_order`: rank by revenue in the same 45 days last year; new arrivals near the top, sold out at the end.
- `featured`: the best of this time last year that are in stock; what drops out is no longer featured.
- `coupons`: coupons that expired before today are written to `coupons/deleted_coupons.csv` and deleted.

`read_shop` reads the shop once for all of them, `update_shop` sends one change per product with what all
rules want. What a store decides stands in `web_shop.yaml`.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *BigCommerce refuses ...* (401, 403): the access token was revoked or lacks a permission. Renew it in the
  connection `bigcommerce`, test it there, clear the red tasks.
- *budget*: a rule wants to change more than a usual night does. Look at its plan (the log names it). If it is
  right, *Trigger* with *Accept a large plan* and *Only these parts*; if not, mend the source first.
- *the plan was made from 0 rows*: Counterpoint or the shop answered with nothing; test the connections.
- *changes could not be made*: the rejects file names each product with the shop's words; the rest was made.
- `read_shop` red: order, featured and always-online were still written to Counterpoint; clear the task later.
- To take a night back: trigger `undo_run` with this run's id.

**Backfill:** refused: stock and products are the present ones, whatever date a run stands for.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from airflow.sdk import CronTriggerTimetable, TaskGroup, TriggerRule, dag

from include.changes import Budget
from retail_ops import web_shop
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.item_logs import log_items
from retail_ops.operators.plan_apply import ApplyOperator, PlanOperator
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.rule_tasks import rule_tasks
from retail_ops.store_changes import ITEMS, WEB_SHOP, apply_to_web_shop

# Rules that write to Counterpoint, too, with a log of their own for staff.
LOGGED = ("always_online", "sort_order", "featured")


def rule(name: str) -> tuple[PlanOperator, ApplyOperator | None]:
    """One rule's plan, and the writing of the part of it that Counterpoint holds."""
    plan, budget = partial(web_shop.plan_rule, rule=name), partial(web_shop.budget, name)
    if name in LOGGED:
        return rule_tasks(name, plan, budget, targets=ITEMS, after=partial(log_items, topic=name))
    with TaskGroup(group_id=name):
        return PlanOperator(task_id="plan", plan=plan, budget=budget, part=name, pool="counterpoint"), None


def coupons() -> ApplyOperator:
    """Plan and delete what has expired."""
    with TaskGroup(group_id=web_shop.COUPONS):
        plan = PlanOperator(
            task_id="plan",
            plan=web_shop.plan_coupons,
            budget=partial(web_shop.budget, web_shop.COUPONS),
            part=web_shop.COUPONS,
            pool="bigcommerce",
        )
        return ApplyOperator(
            task_id="delete",
            chunk=plan.output,
            apply=web_shop.delete_coupons,
            resume=True,
            pool="bigcommerce",
        )


@dag(
    dag_id="nightly_bigcommerce_sync",
    schedule=CronTriggerTimetable("0 2 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=4),
    params=family_params([*web_shop.RULES, web_shop.COUPONS], budget=True),
    on_failure_callback=alert("nightly_bigcommerce_sync"),
    tags=tags(area="web_shop", systems=["counterpoint", "bigcommerce"], writes=True, reaches="customers"),
    doc_md=__doc__,
)
def nightly_bigcommerce_sync() -> None:
    """One reading of the shop, the rules side by side, one sending, then the report."""
    read = PlanOperator(
        task_id="read_shop",
        plan=web_shop.read_shop,
        budget=Budget(min_considered=1),
        part=web_shop.RULES,
        pool="bigcommerce",
    )
    rules = [rule(name) for name in web_shop.RULES]
    plans = [plan for plan, _ in rules]
    read >> plans
    send = ApplyOperator(
        task_id="update_shop",
        chunk=[plan.output for plan in plans],
        apply=apply_to_web_shop,
        targets=WEB_SHOP,
        resume=True,
        trigger_rule=TriggerRule.ALL_DONE,
        pool="bigcommerce",
    )
    applied = [apply for _, apply in rules if apply]
    [*applied, send, coupons()] >> RunReportOperator(task_id="report")


nightly_bigcommerce_sync()
