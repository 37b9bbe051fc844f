"""The tasks of a text campaign: plan the texts, ask a person where it has to be, send them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.triggers.temporal import DateTimeTrigger
from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from retail_ops.task_run import SKIPPED_BECAUSE, TaskRun

_SHORTEST_WAIT = timedelta(minutes=5)


class PlanTextsOperator(BaseOperator):
    """Decide who gets the text of a campaign, and store the texts; nothing is sent.

    It skips, saying so, when the run comes too late (`fresh_minutes`), when the campaign is turned off, and
    when there is nobody to text. A dry run stores nothing.
    """

    is_planner = True
    template_fields: Sequence[str] = ()
    ui_color = "#d9e8d0"

    def __init__(self, *, campaign: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.campaign = campaign

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan; returns `campaign_plan.Planned` as a dictionary."""
        from retail_ops.campaign_plan import plan_texts_of
        from retail_ops.campaign_run import CampaignRun

        return plan_texts_of(CampaignRun(TaskRun(context), self.campaign)).as_dict()


class ApproveTextsOperator(ApprovalOperator):
    """Ask a person in the Airflow UI where the plan says so; without an answer in time nothing is sent.

    `planned` is what `PlanTextsOperator` returned. What nobody approved is set aside.
    """

    template_fields: Sequence[str] = ("planned",)

    def __init__(self, *, campaign: str, title: str, planned: Any, **kwargs: Any) -> None:
        super().__init__(subject=f"Send the texts of {campaign}?", body=title, defaults=self.REJECT, **kwargs)
        self.campaign = campaign
        self.title = title
        self.planned = planned

    def execute(self, context: Context) -> Any:
        """Pass, or wait for the answer."""
        from retail_ops.campaign_plan import Planned, question
        from retail_ops.campaign_run import CampaignRun

        run, planned = CampaignRun(TaskRun(context), self.campaign), Planned(**self.planned)
        if run.only_shows or run.is_test or not planned.ask:
            self.log.info("Nobody has to approve this")
            return None
        self.body = question(run, planned)
        self.response_timeout = max(run.time_left, _SHORTEST_WAIT)
        self.log.warning("Somebody has to approve this in the UI (Required Actions): %s", planned.ask)
        self._call_somebody(context)
        return super().execute(context)

    def _call_somebody(self, context: Context) -> None:
        """Mail that somebody is needed; without the mail the question still stands in the UI."""
        callers, self.notifiers = self.notifiers, []
        for caller in callers:
            try:
                caller(context)
            except Exception as error:
                self.log.error("The mail that asks for approval could not be sent: %s", error)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on, or set the texts aside and skip the sending."""
        from retail_ops.campaign_run import NOT_APPROVED, CampaignRun

        if event.get("chosen_options") != [self.APPROVE]:
            run = CampaignRun(TaskRun(context), self.campaign)
            count = run.texts.set_aside(run.occasion.campaign, run.occasion.anchor, NOT_APPROVED)
            run.task_run.push(SKIPPED_BECAUSE, f"{count} texts were not sent: {NOT_APPROVED}")
        return super().execute_complete(context, event)


class SendTextsOperator(BaseOperator):
    """Send what is planned for the run's occasion, each text once; see `include.messaging.sending`.

    Where it is night for some of the phones, the task waits without a worker until it is morning there, if
    that is still on the day on which the texts were due. What is left then is set aside: tomorrow's words
    would be wrong. A retried or cleared task goes on where the one before stopped.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#f3dfc1"

    def __init__(self, *, campaign: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.campaign = campaign

    def execute(self, context: Context) -> None:
        """Send; raises `VendorUnavailable` when nobody knows of some texts whether they went out."""
        from retail_ops.campaign_run import CampaignRun
        from retail_ops.campaign_sending import send_texts_of

        morning = send_texts_of(CampaignRun(TaskRun(context), self.campaign))
        if morning:
            self.defer(trigger=DateTimeTrigger(moment=morning), method_name="resume")

    def resume(self, context: Context, event: Any = None) -> None:  # noqa: ARG002 - Airflow passes it
        """Go on in the morning."""
        self.execute(context)
