"""
# Sales forecast

**What:** what the next seven days will probably bring: the whole shop, its best categories and items, and
what staff upload as daily sales. Every method is tried on past weeks first; earlier forecasts are compared
with what came true.

**When:** 04:00 every morning, store time.

**Reads:** Counterpoint (tickets), `uploads/daily_sales/*.csv` in the store's files.

**Writes:** `reports/sales_forecast/<day>.html`, `latest.html` and `<day>/*.png` in the store's files; the
tables `daily_sales`, `sales_upload`, `forecast`, `forecast_choice` and `forecast_accuracy` of the store
database. Nothing in Counterpoint is changed.

**Parts:**

- `uploads` adds up new files by day. A file has the columns Date and Total, and Customer where the shop
  knows him; a row for each sale. The latest upload of a day counts: to correct a day, upload it again, whole.
  Rows that cannot be used are in the rejects, with their lines.
- `gather` adds up tickets by day, returns taken off, and leaves out what was forecast today from the same.
- `forecast` works on several chunks of series side by side. What it takes, the average of all methods unless
  one was clearly better, is in `forecast_choice`, with the errors of all of them.
- `show` judges the forecasts of earlier mornings and writes the page; its place is in the summary.

Days, holidays, closed days, methods and numbers of series stand in `forecast.yaml`.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *changes could not be made*, with a file's name in the rejects: an uploaded file cannot be used at all. Save
  it as CSV with the columns Date and Total, and upload it again. The forecasts were made without it.
- *no sales to go by*: Counterpoint has no tickets of the past, and no newer uploads are there.
- Memory or time ran out in `forecast`: lower `chunk`, or `top` and `origins`, in `forecast.yaml`.

**Backfill:** by day. The forecast of a past day is made from the days before it only, and is judged by the
next run. Files that were uploaded since, and corrected tickets, do count.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, get_current_context, task

from retail_ops import forecasting, sales_uploads
from retail_ops.dag_defaults import STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.page_link import with_page
from retail_ops.task_run import TaskRun


@task
def uploads() -> None:
    """Take over the days of new files."""
    sales_uploads.read_uploads(TaskRun(get_current_context()))


@task(pool="counterpoint", trigger_rule=TriggerRule.NONE_FAILED)
def gather() -> list[list[int]]:
    """Read the series, and say which chunks of them to forecast."""
    return forecasting.gather_series(TaskRun(get_current_context()))


@task(pool="forecast", execution_timeout=timedelta(hours=2))
def forecast(chunk: list[int]) -> None:
    """Forecast the series of one chunk."""
    forecasting.forecast_chunk(TaskRun(get_current_context()), chunk)


@task(trigger_rule=TriggerRule.NONE_FAILED)
def show() -> None:
    """Judge earlier forecasts and write the page."""
    forecasting.judge_and_show(TaskRun(get_current_context()))


@dag(
    dag_id="sales_forecast",
    schedule=CronTriggerTimetable("0 4 * * *", timezone=STORE_TIME),
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults(),
    dagrun_timeout=timedelta(hours=6),
    params=family_params(),
    on_failure_callback=alert("sales_forecast"),
    tags=tags(area="analytics", systems=["counterpoint"], writes=True, reaches="nobody"),
    doc_md=__doc__,
)
def sales_forecast() -> None:
    """Files, then series, then forecasts, then the page."""
    gathered = gather()
    uploads() >> gathered
    forecast.expand(chunk=gathered) >> with_page(show()) >> RunReportOperator(task_id="report")


sales_forecast()
