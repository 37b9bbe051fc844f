"""One DAG for each text campaign of `sms_campaigns.yaml`."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag

from include.campaigns.settings import CampaignSettings, campaign_settings
from include.messaging.settings import TrialSettings, messaging_settings
from retail_ops.dag_defaults import (
    PRESENT_ONLY,
    STORE_TIME,
    alert,
    call_for_approval,
    family_params,
    tags,
    task_defaults,
)
from retail_ops.operators.run_report import RunReportOperator
from retail_ops.operators.texts import ApproveTextsOperator, PlanTextsOperator, SendTextsOperator

DOC = """
# {title}

**What:** texts {audience}. What it says: `make preview-sms campaign={name}`.

**When:** {when}, store time; a run that starts much later skips and says so.

**Reads:** Counterpoint (customers), store database (suppressed phones, earlier texts).

**Writes:** Twilio (texts), store database (`text_message`, `ledger`, `suppression`).

**Order:** `plan` finds the audience and stores one text for each phone, without the suppressed ones and those
that had enough texts. `approve` waits for a person if there are unusually many. `send` hands each text to
Twilio once, never at night.

**If it fails:** open the red task's log; the line below ERROR says what and where.

- *was stopped*: Twilio refuses every text for a reason that concerns the sender or the account. Mend that and
  clear `send` on the same day; who has the text already gets no second one.
- *nobody knows whether they went out*: clear `send`; it looks on Twilio's list before it sends anything.
- *waits for your approval*: *Required Actions* in the UI shows the question. Rejected by mistake: trigger
  the DAG again on the same day.
- *the segments are from ...* or *no customer segments yet*: run `customer_segmentation` and clear `plan` on
  the same day.
- Who got which text, and why others got none: table `text_message`, or the file that `plan` names in its log.

**Backfill:** refused: customers would get last week's texts today.

**Owner:** store operations
"""

ANCHORS = {"first_sale": "the first purchase", "last_sale": "the last purchase"}


def build(name: str, campaign: CampaignSettings, test: TrialSettings) -> None:
    """The DAG of one campaign; one that is turned off runs by hand only."""
    schedule = CronTriggerTimetable(campaign.send.cron, timezone=STORE_TIME) if campaign.enabled else None

    @dag(
        dag_id=name,
        dag_display_name=name,
        schedule=schedule,
        catchup=False,
        allowed_run_types=PRESENT_ONLY,
        max_active_runs=1,
        default_args=task_defaults(),
        dagrun_timeout=timedelta(hours=15),
        params={**family_params(), **_test_params(test)},
        on_failure_callback=alert(name),
        tags=tags(area="texts", systems=["counterpoint", "twilio"], writes=True, reaches="customers"),
        doc_md=DOC.format(
            name=name, title=campaign.title, audience=_audience(campaign), when=_when(campaign)
        ),
    )
    def texts() -> None:
        """Plan, ask if need be, send, report."""
        plan = PlanTextsOperator(task_id="plan", campaign=name, pool="counterpoint")
        approve = ApproveTextsOperator(
            task_id="approve",
            campaign=name,
            title=campaign.title,
            planned=plan.output,
            notifiers=[call_for_approval("approve")],
            response_timeout=timedelta(hours=2),
        )
        send = SendTextsOperator(
            task_id="send", campaign=name, pool="twilio", execution_timeout=timedelta(hours=14)
        )
        approve >> send >> RunReportOperator(task_id="report")

    texts()


def _test_params(test: TrialSettings) -> dict[str, Param]:
    return {
        "test_mode": Param(
            test.mode,
            type="boolean",
            title="Test",
            description="Only the test recipients get it, with a made-up name; without any, nobody does.",
        ),
        "test_recipients": Param(
            list(test.recipients) if test.mode else [],
            type="array",
            items={"type": "string"},
            title="Test recipients",
            description="Telephone numbers, one a line. With any of them the run is a test.",
        ),
    }


def _audience(campaign: CampaignSettings) -> str:
    wanted = campaign.audience
    who = "all customers" if wanted.category == "any" else f"{wanted.category.lower()} customers"
    if wanted.segments:
        who += f" in the segments {', '.join(wanted.segments)}"
    if wanted.anchor == "segment":
        return who
    if wanted.anchor == "birth_month":
        return f"{who} with a birthday in the month"
    again = " who had bought before" if wanted.returning else ""
    return f"{who}{again}, {wanted.days_after} days after {ANCHORS[wanted.anchor]}"


def _when(campaign: CampaignSettings) -> str:
    if not campaign.enabled:
        return "turned off"
    day = f"day {campaign.send.day_of_month} of each month" if campaign.send.day_of_month else "daily"
    return f"{campaign.send.at:%H:%M} {day}"


for campaign_name, settings in campaign_settings().campaigns.items():
    build(campaign_name, settings, messaging_settings().test)
