"""
# Connectivity watch

**What:** looks whether the internet is there, and tests every connection that the automations use.

**When:** every hour, store time.

**Reads:** the hosts and connections that `connectivity.yaml` names.

**Writes:** the store database (`connectivity`), `connectivity/outages.csv` and the page
`reports/connectivity_watch/latest.html` in the store's files.

**Parts:**

- `internet`: the internet counts as lost when none of the hosts could be reached in several tries in a row,
  which are counted on from run to run. Beginning and end go into the log. Where `connectivity.yaml` names a
  command, it is run once in each outage.
- `mail`: when the internet is back, those who get alerts are told how long it was away, once. During an
  outage no mail would leave.
- `connections`: each is tested with its own login and time limit. One that fails is in the summary and on the
  page at once; when it fails in several runs in a row, the run fails. While the internet is away that does
  not count.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- `report` is red and the summary has *failed*: a connection does not work. The page and the rejects file say
  which, and why. Mend it in *Admin, Connections*; *Test* there asks the same question. Where a vendor is
  down, there is nothing to do but wait.
- *the command ...*: the operator's command did not work. It is not run again in the same outage.
- `mail` has *failed* in the summary: the mail server did not take the mail, and the next run sends it; where
  nobody knows whether it was taken, it is not sent again.

**Backfill:** refused: only the present can be looked at.

**Owner:** store operations
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, TriggerRule, dag, get_current_context, task

from retail_ops import connectivity, connectivity_tests
from retail_ops.dag_defaults import PRESENT_ONLY, STORE_TIME, alert, family_params, tags, task_defaults
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.page_link import with_page
from retail_ops.task_run import TaskRun


@task
def internet() -> None:
    """Whether the internet is there."""
    connectivity.watch_internet(TaskRun(get_current_context()))


@task(trigger_rule=TriggerRule.ALL_DONE)
def mail() -> None:
    """Tell of outages that are over."""
    connectivity.mail_outages(TaskRun(get_current_context()))


@task(trigger_rule=TriggerRule.ALL_DONE)
def connections() -> None:
    """Whether every connection works."""
    connectivity_tests.test_connections(TaskRun(get_current_context()))


@dag(
    dag_id="connectivity_watch",
    schedule=CronTriggerTimetable("5 * * * *", timezone=STORE_TIME),
    catchup=False,
    allowed_run_types=PRESENT_ONLY,
    max_active_runs=1,
    # The next run is soon there.
    default_args=task_defaults(retries=1, execution_timeout=timedelta(minutes=25)),
    dagrun_timeout=timedelta(minutes=55),
    params=family_params(),
    on_failure_callback=alert("connectivity_watch"),
    tags=tags(area="house", systems=["internet", "store_db"], writes=True, reaches="staff"),
    doc_md=__doc__,
)
def connectivity_watch() -> None:
    """The internet first, whose verdict the others need; then mail and connections, then the report."""
    looked = internet()
    [looked >> mail(), looked >> with_page(connections())] >> RunReportOperator(task_id="report")


connectivity_watch()
