"""
# Competitor prices

**What:** reads competitors' price lists, keeps them day by day, and compares them with our items.

**When:** 02:30 every night, store time.

**Reads:** the sites of `competitors.yaml` (with Chromium), Counterpoint (items), the price history.

**Writes:** the store's files (`competitor_prices/`, `reports/competitor_prices/`), the price history, a mail
to whom `reports.yaml` names. Nothing in Counterpoint or in the web shop is changed.

**Files:**

- `<site>/<day>.csv`: the list as the site had it, and what its prices mean. A second run of a day replaces
  it.
- `matches.csv`: pairs of their products and our items that look alike. **Write yes or no into `decision`**;
  what you write stays, and new pairs are added below. A line of your own needs decision, site, their name and
  size, and our item.
- `comparison/<day>.csv` and `.xlsx`: what is confirmed or very sure beside our price, and what moved since
  the list before.
- `failures/<site>/`: the page and a picture of it when a site could not be read, without logins.

**If it fails:** open the red task's log; the line below ERROR names the site, the step and the selector.

- *the site refuses the login*: mend login and password of the site's connection, then clear the task.
- *is not to be seen within ... s*, *has no column headed*: look at the picture in `failures/`. When the site
  has changed, mend its entry in `competitors.yaml`; the other sites were read all the same.
- *Chromium did not start*, *the browser ended*: clear the task; in a container see `browser.sandbox`.
- *shows today's prices*: do not clear runs of past days, *Trigger* a new one.
- *matches.csv has the heading*: it was saved with another separator or without some of its columns.
- All skipped: there is no Chromium on the worker. Install it, or name it with `RETAIL_OPS_CHROMIUM`.

**Backfill:** refused: a site shows the present list only.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, TriggerRule, dag, get_current_context, task

from retail_ops import competitor_comparison as comparison
from retail_ops import competitor_prices as prices
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.mailing import mail_params, report_tasks
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.task_run import TaskRun

ONLY = Param(
    [],
    type="array",
    title="Only these sites",
    items={"type": "string"},
    description="Short names from competitors.yaml; nothing means all that are enabled.",
)


@task(task_id=prices.SITES)
def sites() -> list[str]:
    """The sites of this run; skips without a browser."""
    return prices.sites_to_read(TaskRun(get_current_context()))


@task(task_id=prices.READ, pool="browser", execution_timeout=timedelta(minutes=30), multiple_outputs=False)
def read(site: str) -> dict[str, str]:
    """Read one site, whatever becomes of the others."""
    return prices.read_site(TaskRun(get_current_context()), site)


@task(task_id="compare", pool="counterpoint", trigger_rule=TriggerRule.ALL_DONE)
def compare() -> None:
    """Compare what could be read."""
    comparison.compare_prices(TaskRun(get_current_context()))


@dag(
    dag_id="competitor_prices",
    schedule=CronTriggerTimetable("30 2 * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=4),
    params={"only": ONLY, **mail_params(), **family_params()},
    on_failure_callback=alert("competitor_prices"),
    tags=tags(area="purchasing", systems=["competitors", "counterpoint"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def competitor_prices() -> None:
    """Each site on its own, then the comparison, its mail, and the report."""
    lists = read.expand(site=sites())
    compared = compare()
    written, mailed = report_tasks("competitor_prices", comparison.compose_report, pool="counterpoint")
    lists >> compared >> written
    [compared, mailed] >> RunReportOperator(task_id="report")


competitor_prices()
