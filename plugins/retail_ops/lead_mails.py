"""The morning mail to the sales staff about requests for a landscape design."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator
from airflow.sdk.definitions.context import Context

from include.changes import Reject, Summary
from include.settings import store_settings
from retail_ops.mailing import AGAIN, send_mails
from retail_ops.page_link import PAGE_LINK
from retail_ops.pages import keep_page
from retail_ops.task_run import TaskRun

if TYPE_CHECKING:
    from include.lead_mails.waiting import Batch
    from include.reporting.letter import Letter
    from include.storedb.leads import Lead, Leads

FILE = "design_request_leads.csv"
REPORT = "design_lead_followup"


class MailLeadsOperator(BaseOperator):
    """Mail each recipient of `reports.yaml` the requests that he or she was not mailed before.

    The mail is kept as a page, too, by `retail_ops.pages.keep_page`. Without a new request it skips.
    """

    template_fields: Sequence[str] = ()
    operator_extra_links = (PAGE_LINK,)
    ui_color = "#f1dce6"

    def execute(self, context: Context) -> None:
        """Raises what `retail_ops.mailing.send_mails` raises."""
        from include.lead_mails.settings import lead_mail_settings
        from include.lead_mails.waiting import batches, leads_since
        from include.reporting.page import as_page
        from include.reporting.settings import report_settings

        task_run, leads = TaskRun(context), _leads()
        if not task_run.dry_run:
            for reject in _taken_in(task_run, leads):
                self.log.warning("Set aside, %s of %s: %s", reject.key, FILE, reject.reason)
        recipients = report_settings().recipients(REPORT)
        if not recipients:
            task_run.skip(f"reports.yaml names nobody who gets {REPORT}")
        oldest = timedelta(days=lead_mail_settings().oldest_days)
        since = task_run.when.astimezone(UTC).replace(tzinfo=None) - oldest
        found = leads_since(leads, since)
        again = bool(task_run.params.get(AGAIN))
        waiting = batches(leads.engine, found, recipients, again=again)
        if not waiting:
            task_run.skip("no new design requests")
        page = as_page(_letter(max(waiting, key=lambda batch: len(batch.leads)).leads))
        details = {"page": keep_page(task_run, task_run.when.date(), page).place}
        if task_run.dry_run:
            task_run.leave(Summary(details=details))
            task_run.skip(f"dry run: {len(waiting)} mails were not sent; the page is {details['page']}")
        _send(task_run, leads, waiting, details)


def _send(task_run: TaskRun, leads: Leads, waiting: Sequence[Batch], details: dict[str, str]) -> None:
    from include.lead_mails.waiting import put_down, settle
    from include.reporting.delivery import Mail
    from include.storedb.ledger import Ledger

    ledger = Ledger(leads.engine, task_run.run)
    for batch in waiting:
        put_down(ledger, batch)
    by_mail = {batch.mail: batch for batch in waiting}
    mails = [Mail(batch.mail, _letter(batch.leads)) for batch in waiting]
    for delivery in send_mails(task_run, mails, details):
        if delivery.outcome in ("sent", "sent_before"):
            settle(ledger, by_mail[delivery.entry])


def _letter(leads: Sequence[Lead]) -> Letter:
    from include.lead_mails.letter import lead_letter
    from include.lead_mails.settings import lead_mail_settings
    from include.messaging.phones import Phone, read_phone

    def display(text: str) -> str | None:
        phone = read_phone(text)
        return phone.display if isinstance(phone, Phone) else None

    return lead_letter(leads, lead_mail_settings(), store_settings().zone, display)


def _taken_in(task_run: TaskRun, leads: Leads) -> tuple[Reject, ...]:
    from include.leads.lead_files import import_leads

    path = task_run.file(FILE)
    return import_leads(path, store_settings().zone, leads)[1] if path.exists() else ()


def _leads() -> Leads:
    from include.storedb.leads import Leads
    from retail_ops.hooks.databases import StoreDbHook

    return Leads(StoreDbHook().engine)
